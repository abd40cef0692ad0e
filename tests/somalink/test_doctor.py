from pathlib import Path

import pytest

from ingest.ble.checking import Finding
from ingest.ble.trouble import TROUBLES
from somalink.doctor import Check, Level, Surroundings, boot_ns, examine, exit_code, synchronised
from somalink.domain.time import SECOND_NS
from somalink.storage.db import Database, make_private
from somalink.storage.schema import APPLICATION_ID, STEPS

WELL = Finding("hci0 is on")
NO_BUS = Finding("the system bus is not reachable", TROUBLES["no_dbus"])
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
    settings |= {"bluetooth": lambda: WELL, "synchronised": lambda: True}
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
    assert exit_code(list(found.values())) == 0
    assert "none yet" in found["store"].words
    assert found["time zone"].words.startswith("Europe/Rome")
    assert found["Bluetooth"] == Check("Bluetooth", Level.OK, "hci0 is on")
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
    found = looked_at(store, env={"SOMALINK_LANGUAGE": "loud"})
    assert not found["settings"].ok
    assert "one of en" in found["settings"].next_step
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


# ---------------------------------------------------------------- Bluetooth


def test_without_bluetooth_a_machine_that_only_replays_is_well_and_told(store):
    found = looked_at(store, bluetooth=lambda: NO_BUS)
    check = found["Bluetooth"]
    assert (check.level, check.next_step) == (Level.NOTE, TROUBLES["no_dbus"].next_step)
    assert NO_BUS.words in check.words
    assert exit_code(list(found.values())) == 0


@pytest.mark.parametrize(("strap", "advice"), [("", False), ("Polar H10 1A2B3C4D", False), ("Forerunner 265", True), ("Polar Sense 1A2B3C4D", False)])
def test_a_watch_that_is_worn_here_is_said_to_need_telling(store, strap, advice):
    check = looked_at(store, strap=strap)["Bluetooth"]
    assert check.ok and ("`somalink devices garmin_watch` says how" in check.words) is advice


def test_without_bluetooth_a_strap_that_is_worn_here_cannot_be_heard(store):
    found = looked_at(store, bluetooth=lambda: NO_BUS, strap="Polar H10 1A2B3C4D")
    check = found["Bluetooth"]
    assert (check.level, check.next_step) == (Level.FAILED, TROUBLES["no_dbus"].next_step)
    assert "Polar H10 1A2B3C4D" in check.words
    assert exit_code(list(found.values())) == 3


def test_where_more_than_bluetooth_is_wrong_it_is_an_ordinary_failure(store):
    assert exit_code(list(looked_at(store, bluetooth=lambda: NO_BUS, strap="Polar H10", python=(3, 10, 0)).values())) == 1
    assert exit_code(list(looked_at(store, python=(3, 10, 0)).values())) == 1


@pytest.mark.parametrize("name", TROUBLES)
def test_whatever_is_wrong_with_bluetooth_has_a_next_step(store, name):
    check = looked_at(store, bluetooth=lambda: Finding(TROUBLES[name].words, TROUBLES[name]))["Bluetooth"]
    assert TROUBLES[name].words in check.words and check.next_step


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize(("kept", "level"), [(True, Level.OK), (None, Level.OK), (False, Level.NOTE)])
def test_a_clock_that_nobody_keeps_is_a_note_and_no_failure(store, kept, level):
    check = looked_at(store, synchronised=lambda: kept)["network time"]
    assert check.level is level
    assert bool(check.next_step) is (level is Level.NOTE)


def test_a_machine_whose_clocks_stand_still_in_sleep_is_told_what_that_means(store):
    assert looked_at(store, boot_ns=lambda: 1)["sleep"].level is Level.OK
    check = looked_at(store, boot_ns=lambda: None)["sleep"]
    assert check.level is Level.NOTE and "clock_step" in check.words and "awake" in check.next_step


def test_a_system_without_such_clocks_is_known_by_what_it_lacks(monkeypatch):
    monkeypatch.delattr("time.CLOCK_BOOTTIME", raising=False)
    assert boot_ns() is None
    monkeypatch.setattr("sys.platform", "darwin")
    assert synchronised() is None


@pytest.mark.parametrize(("state", "kept"), [(0, True), (5, False), (-1, None)])
def test_the_kernel_is_asked_whether_network_time_keeps_the_clock(monkeypatch, state, kept):
    class C:
        def __init__(self, _: object) -> None: ...

        def adjtimex(self, asked: object) -> int:
            assert not any(bytes(asked)), "nothing is to be changed"
            return state

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("ctypes.CDLL", C)
    assert synchronised() is kept


def test_the_machine_itself_can_be_looked_at():
    assert {check.name for check in examine()} >= {"Python", "clock", "network time", "sleep", "settings", "Bluetooth"}
