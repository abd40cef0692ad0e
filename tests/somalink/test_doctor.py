from pathlib import Path

import pytest

from somalink.doctor import Check, Surroundings, examine
from somalink.domain.time import SECOND_NS
from somalink.storage.db import Database, make_private
from somalink.storage.schema import APPLICATION_ID, STEPS

MAY_2026_NS = 1_777_900_000 * SECOND_NS


class Ticking:
    """A clock that moves `step_ns` a reading."""

    def __init__(self, start_ns: int, step_ns: int = 1000) -> None:
        self.now_ns, self.step_ns = start_ns, step_ns

    def __call__(self) -> int:
        self.now_ns += self.step_ns
        return self.now_ns


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def looked_at(store: Path, **changes: object) -> dict[str, Check]:
    settings: dict[str, object] = {"utc_ns": Ticking(MAY_2026_NS), "mono_ns": Ticking(0), "free_bytes": lambda _: 1 << 40, "python": (3, 11, 0)}
    env = {"SOMALINK_STORE": str(store), "SOMALINK_TZ": "Europe/Rome"}
    return {check.name: check for check in examine(Surroundings(**({"env": env} | settings | changes)))}  # type: ignore[arg-type]


def made(store: Path, *, version: int = len(STEPS), program: int = APPLICATION_ID) -> Path:
    make_private(store)
    database = Database(store, read_only=False)
    database.run("CREATE TABLE t (a)")
    database.run(f"PRAGMA application_id = {program}")
    database.run(f"PRAGMA user_version = {version}")
    database.close()
    return store


def test_a_fresh_machine_is_well_and_nothing_is_written(store):
    found = looked_at(store)
    assert all(check.ok for check in found.values()), found
    assert "none yet" in found["store"].words
    assert found["time zone"].words.startswith("Europe/Rome")
    assert "somalink run" in found["Bluetooth"].words
    assert not list(store.parent.iterdir())


def test_a_store_of_this_version_is_well(store):
    found = looked_at(made(store))
    assert found["store"].ok, found["store"]
    assert found["store is private"].ok


@pytest.mark.parametrize(
    ("version", "program", "words"), [(len(STEPS) + 1, APPLICATION_ID, "update somalink"), (1, 7, "name another file")], ids=["newer", "another program's"]
)
def test_a_store_this_program_cannot_use_is_named_with_the_way_out(store, version, program, words):
    check = looked_at(made(store, version=version, program=program))["store"]
    assert not check.ok
    assert words in check.next_step


def test_a_file_that_is_no_store_is_left_as_it_is(store):
    store.write_bytes(b"my diary, in plain text, longer than a header of SQLite would be: " * 20)
    before = store.read_bytes()
    assert not looked_at(store)["store"].ok
    assert store.read_bytes() == before


def test_a_store_that_others_may_read_gets_the_command_that_closes_it(store):
    made(store).chmod(0o644)
    check = looked_at(store)["store is private"]
    assert not check.ok
    assert check.next_step == f"chmod 600 {store}"


def test_settings_that_cannot_be_read_are_the_first_thing_to_mend(store):
    found = looked_at(store, env={"SOMALINK_PROMPTS": "loud"})
    assert not found["settings"].ok
    assert "off, on, eager" in found["settings"].next_step
    assert "store" not in found


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"python": (3, 10, 9)}, "Python"),
        ({"free_bytes": lambda _: 1 << 20}, "disk"),
        ({"utc_ns": Ticking(0)}, "clock"),
        ({"mono_ns": Ticking(10**12, -5)}, "clock"),
        ({"utc_ns": Ticking(MAY_2026_NS, 2 * SECOND_NS)}, "clock"),
    ],
    ids=["old Python", "full disk", "clock of 1970", "monotonic goes back", "UTC is stepped"],
)
def test_what_is_wrong_with_a_machine_has_a_next_step(store, changes, name):
    check = looked_at(store, **changes)[name]
    assert not check.ok
    assert check.next_step


def test_the_machine_itself_can_be_looked_at():
    assert {check.name for check in examine()} >= {"Python", "clock", "settings"}
