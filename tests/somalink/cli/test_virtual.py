"""`somalink virtual-strap`: what is worn by which strap, and what is said of a mistake before anything is begun."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from recording_folders import folder

from ingest.virtual import program
from ingest.virtual.program import Plan, Worn
from somalink.cli import virtual
from somalink.domain.types import Stream

RR = "t_s,rr_ms\n" + "".join(f"{at * 0.8:.1f},800\n" for at in range(1, 9001))
"""Two hours of a steady heart."""
SCRIPT = '[[fault]]\nat_s = 60\nkind = "drop"\nfor_s = 3\n'


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return folder(tmp_path / "day", rr=RR)


@pytest.fixture
def begun(typed, monkeypatch):
    """`begun(...)` -> (straps worn, plan, how it ended), with nothing put on the air."""

    def run(*words: object) -> tuple[list[Worn], Plan | None, Any]:
        seen: list[Any] = [[], None]

        async def began(worn: list[Worn], plan: Plan, say: Any) -> None:
            seen[:] = worn, plan
            say({"advertising": [each.about.name for each in worn]})

        monkeypatch.setattr(program, "run", began)
        ended = typed("virtual-strap", *words)
        return seen[0], seen[1], ended

    return run


# ---------------------------------------------------------------- what is worn


def test_a_recording_is_worn_by_a_strap_and_one_line_of_json_says_so(begun, day):
    worn, plan, ended = begun(day, "--socket", "s")
    assert ended.code == 0 and ended.err == ""
    assert json.loads(ended.out) == {"advertising": [worn[0].about.name]} and ended.out.count("\n") == 1
    assert plan.socket == Path("s") and not plan.vhci and not plan.again and plan.speed == 1.0
    assert len(worn[0].heart.ticks) == 9000 and worn[0].about.kind.id == "h10"
    assert (worn[0].about.battery, worn[0].about.kind.location) == (87, 1)


def test_several_recordings_are_several_straps_that_stay_apart(begun, day):
    worn, _, _ = begun(day, day, day, "--socket", "s", "--battery", "9")
    assert len({each.about.name for each in worn}) == len({each.about.where for each in worn}) == 3
    assert {each.about.battery for each in worn} == {9}


def test_names_are_given_in_the_order_of_the_recordings(begun, day):
    worn, _, _ = begun(day, day, "--socket", "s", "--name", "Polar H10 ADA0", "--name", "TICKR")
    assert [each.about.name for each in worn] == ["Polar H10 ADA0", "TICKR"]


def test_a_watch_is_worn_beside_a_strap_and_sends_no_intervals(begun, day):
    worn, _, _ = begun(day, "--watch", day, "--socket", "s")
    assert [each.about.kind.id for each in worn] == ["h10", "watch"]


def test_watches_instead_of_straps(begun, day):
    worn, _, _ = begun(day, day, "--hr-only", "--socket", "s")
    assert [each.about.kind.id for each in worn] == ["watch", "watch"]


@pytest.mark.parametrize("kind", ["h10", "h9", "verity", "watch", "movesense"])
def test_what_it_is_worn_by_can_be_chosen(begun, day, kind):
    worn, _, ended = begun(day, "--device", kind, "--watch", day, "--socket", "s")
    assert ended.code == 0 and [each.about.kind.id for each in worn] == [kind, "watch"]


def test_a_recordings_own_waves_are_what_its_other_sensors_feel(begun, tmp_path):
    path = folder(tmp_path / "day", rr=RR, ecg="t_s,ecg_uv\n1,5\n")
    (worn,), _, _ = begun(path, "--socket", "s")
    assert (worn.waves[Stream.ECG].made, worn.waves[Stream.ACC].made) == (False, True)


def test_a_text_file_of_intervals_can_be_worn_too(begun, tmp_path):
    (tmp_path / "rr.txt").write_text("800\n" * 100)
    worn, _, _ = begun(tmp_path / "rr.txt", "--socket", "s")
    assert len(worn[0].heart.ticks) == 100


def test_everything_else_is_the_plan(begun, day, tmp_path):
    _, plan, _ = begun(day, "--vhci", "--speed", "20", "--loop", "--log", tmp_path / "log", "--control", tmp_path / "c")
    assert (plan.socket, plan.vhci, plan.speed, plan.again) == (None, True, 20.0, True)
    assert (plan.log, plan.control, plan.faults) == (tmp_path / "log", tmp_path / "c", ())


# ---------------------------------------------------------------- what goes wrong with them


def test_a_script_says_what_goes_wrong(begun, day, tmp_path):
    (tmp_path / "faults.toml").write_text(SCRIPT)
    _, plan, _ = begun(day, "--socket", "s", "--faults", tmp_path / "faults.toml")
    assert [(fault.kind, fault.at_s, fault.for_s, fault.strap) for fault in plan.faults] == [("drop", 60.0, 3.0, 1)]


def test_dice_are_the_same_for_the_same_seed_and_others_for_every_strap(begun, day):
    def thrown(*seed: str) -> tuple[Any, ...]:
        return begun(day, day, "--socket", "s", "--random-faults", *seed)[1].faults

    assert thrown("7") == thrown("7") != thrown("8")
    first, second = ([fault.at_s for fault in thrown("7") if fault.strap == number] for number in (1, 2))
    assert first and second and first != second


def test_dice_choose_from_what_they_are_told_as_often_as_they_are_told(begun, day):
    many = begun(day, "--socket", "s", "--random-faults", "1", "--faults-per-hour", "60", "--fault-kinds", " away , late ")[1].faults
    assert {fault.kind for fault in many} == {"away", "late"}
    assert 60 < len(many) < 180, "in two hours"
    assert begun(day, "--socket", "s", "--random-faults", "1", "--faults-per-hour", "0")[1].faults == ()


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("words", "code", "said", "next_step"),
    [
        ((), 2, "nobody could hear this strap", "--socket"),
        (("--socket", "s", "--name", "A", "--name", "B"), 2, "1 recordings and 2 names", "once for each recording"),
        (("--socket", "s", "--random-faults", "1", "--faults", "f"), 2, "exclude each other", "one of them"),
        (("--socket", "s", "--random-faults", "1", "--fault-kinds", "earthquake"), 1, "earthquake", ""),
        (("--socket", "s", "--device", "h11"), 2, "h11", "movesense"),
        (("--socket", "s", "--faults", "nowhere.toml"), 1, "nowhere.toml", ""),
        (("--socket", "s", "--battery", "101"), 2, "--battery", "100"),
    ],
    ids=["no listener", "too many names", "script and dice", "no such fault", "no such device", "no such script", "more than full"],
)
def test_a_mistake_is_said_with_its_next_step_before_anything_is_begun(begun, day, words, code, said, next_step):
    worn, plan, ended = begun(day, *words)
    assert (ended.code, worn, plan) == (code, [], None)
    assert said in ended.err and next_step in ended.err


def test_two_straps_of_one_name_would_be_one_strap(begun, day):
    _, plan, ended = begun(day, day, "--socket", "s", "--name", "A", "--name", "A")
    assert ended.code == 2 and plan is None


def test_a_recording_that_is_not_there_is_said_so(begun, tmp_path):
    _, plan, ended = begun(tmp_path / "nowhere", "--socket", "s")
    assert ended.code == 1 and plan is None and "nowhere" in ended.err


def test_without_bumble_the_wearer_is_told_what_to_install(begun, day, monkeypatch):
    monkeypatch.setattr(virtual, "find_spec", lambda name: None)
    _, plan, ended = begun(day, "--socket", "s")
    assert ended.code == 1 and plan is None
    assert "bumble" in ended.err and "pip install 'somalink[virtual]'" in ended.err


def test_what_is_said_is_said_at_once(monkeypatch):
    class Pipe:
        def __init__(self) -> None:
            self.waiting, self.arrived = "", ""

        def write(self, text: str) -> None:
            self.waiting += text

        def flush(self) -> None:
            self.arrived, self.waiting = self.arrived + self.waiting, ""

    said: Mapping[str, Any] = {"pid": 1}
    pipe = Pipe()
    monkeypatch.setattr("sys.stdout", pipe)
    virtual._say(said)
    monkeypatch.undo()
    assert pipe.arrived == '{"pid": 1}\n'
