"""`somalink run` as a wearer types it: which strap is meant, what is said meanwhile, and how it ends.

The program is whole; the air is made up and nobody waits for it.
"""

import asyncio
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from fake_bleak import OFF_THE_SKIN, Attempt, Ether, Strap
from fast_loop import LoopStamps, run_fast

from somalink.cli import console
from somalink.pipeline.wearing import remember, remembered, wear
from somalink.storage.local import LocalStore

OFF = BleakBluetoothNotAvailableError("off", BleakBluetoothNotAvailableReason.POWERED_OFF)
Later = tuple[float, Callable[[], object]]


def adas(**what: Any) -> Strap:
    return Strap("Polar H10 ADA00001", "C0:00:00:00:00:01", **what)


def bens(**what: Any) -> Strap:
    return Strap("TICKR", "C0:00:00:00:00:B2", **what)


def interrupt() -> None:
    """Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def too_late() -> None:
    """By then the program should have ended."""
    raise SystemExit(99)


@pytest.fixture
def runs(typed, monkeypatch):
    """`runs("--once", straps=[...], later=[(15, strap.drop)])` -> how `somalink run --once` ended, with these straps in the room."""

    def run(*words: object, straps: Sequence[Strap] = (), later: Sequence[Later] = (), before: Sequence[str] = (), **air: Any) -> Any:
        def on_a_loop_that_jumps(main: Coroutine[Any, Any, None]) -> None:
            async def played() -> None:
                for seconds, what in later:
                    asyncio.get_running_loop().call_later(seconds, what)
                async with asyncio.timeout(1_000_000):
                    await main

            run_fast(played())

        with monkeypatch.context() as patch:
            Ether(straps, **air).install(patch)
            patch.setattr(asyncio, "run", on_a_loop_that_jumps)
            patch.setattr("ingest.ble.stamps.SystemStamps", lambda: LoopStamps(asyncio.get_running_loop()))
            return typed(*before, "run", *words)

    return run


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The one that `typed` uses."""
    return tmp_path / "somalink.db"


def wore(store: Path, person: str, *straps: Strap) -> None:
    """This person wore these straps here before, the last one last."""
    with LocalStore.open(store) as opened:
        for at, strap in enumerate(straps, 1):
            remember(opened, wear(person, strap.name, strap.address), at)


def known(store: Path, person: str) -> list[str]:
    with LocalStore.open(store) as opened:
        return [worn.name for worn in remembered(opened, person)]


def devices(store: Path) -> list[tuple[str, str]]:
    """Who has a recording of which strap."""
    with LocalStore.open(store) as opened:
        return sorted((found.unit.person, found.unit.device) for found in opened.recordings())


# ---------------------------------------------------------------- which strap


def test_a_strap_that_is_named_is_worn_recorded_and_remembered(runs, store):
    strap = adas()
    ended = runs("--once", "--strap", strap.name, "--person", "ada", "--json", straps=[bens(), strap], later=[(30, strap.drop)])
    assert ended.code == 0
    assert devices(store) == [("ada", "polar-h10-ada00001")]
    assert ended.json["beats_received"] == ended.json["beats_stored"] > 20
    assert known(store, "ada") == [strap.name]


def test_the_strap_that_was_worn_last_is_taken_without_a_word_however_many_are_in_the_room(runs, store):
    ada, ben = adas(), bens()
    wore(store, "ada", ada, ben)
    ended = runs("--once", "--person", "ada", straps=[ada, ben], later=[(15, ben.drop)])
    assert ended.code == 0
    assert "TICKR, as before (another one: --strap NAME)" in ended.err
    assert devices(store) == [("ada", "tickr-00b2")] and not ada.tried


def test_a_strap_that_is_named_again_is_the_same_one_and_is_the_last_one_from_then_on(runs, store):
    ada, ben = adas(), bens()
    wore(store, "ada", ada, ben)
    runs("--once", "--person", "ada", "--strap", ada.name, straps=[ada, ben], later=[(15, ada.drop)])
    assert devices(store) == [("ada", "polar-h10-ada00001")]
    assert known(store, "ada") == [ada.name, ben.name]


@pytest.mark.parametrize("called", ["TICKR", "C0:00:00:00:00:B2", "tickr-00b2"], ids=["name", "address", "what the record calls it"])
def test_a_strap_that_is_known_may_be_named_in_any_way(runs, store, called):
    ben = bens()
    wore(store, "ada", ben)
    runs("--once", "--person", "ada", "--strap", called, straps=[ben], later=[(15, ben.drop)])
    assert devices(store) == [("ada", "tickr-00b2")]


def test_a_strap_that_is_not_known_may_be_named_by_its_address(runs, store):
    ben = bens()
    ended = runs("--once", "--person", "ada", "--strap", ben.address, straps=[adas(), ben], later=[(15, ben.drop)])
    assert ended.code == 0 and ben.tried
    ((person, device),) = devices(store)
    assert person == "ada" and device.endswith("b2")


def test_the_only_strap_that_is_heard_is_taken_and_remembered(runs, store):
    strap = adas()
    ended = runs("--once", "--person", "ada", straps=[strap], later=[(15, strap.drop)])
    assert ended.code == 0
    assert "no strap is known yet: put it on, moistened; listening" in ended.err
    assert f"{strap.name} is heard and will be remembered" in ended.err
    assert known(store, "ada") == [strap.name]


def test_where_nobody_can_be_asked_several_straps_are_a_usage_error_that_names_them(runs, store):
    ended = runs("--person", "ada", straps=[adas(), bens()])
    assert ended.code == 2
    assert "several straps are heard" in ended.err
    assert "--strap 'Polar H10 ADA00001'" in ended.err and "--strap 'TICKR'" in ended.err
    assert known(store, "ada") == []


@pytest.fixture
def keyboard(monkeypatch) -> Iterator[Callable[[str], None]]:
    """`keyboard("2\\n")`: somebody sits at a terminal and has typed that."""
    person, program = os.openpty()
    with os.fdopen(program, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda text: os.write(person, text.encode()) and None
    os.close(person)


def test_a_person_at_a_terminal_picks_one_of_several(runs, store, keyboard):
    keyboard("9\nTICKR\n2\n")
    ada, ben = adas(), bens()
    ended = runs("--once", "--person", "ada", straps=[ada, ben], later=[(15, ada.drop), (15, ben.drop)])
    assert ended.code == 0
    assert "1  Polar H10 ADA00001  C0:00:00:00:00:01" in ended.err and "2  TICKR  C0:00:00:00:00:B2" in ended.err
    assert ended.err.count("a number from 1 to 2") == 2
    assert known(store, "ada") == [ben.name]


def test_who_only_presses_enter_takes_the_nearest(runs, store, keyboard):
    keyboard("\n")
    ada, ben = adas(), bens()
    runs("--once", "--person", "ada", straps=[ada, ben], later=[(15, ada.drop), (15, ben.drop)])
    assert known(store, "ada") == [ada.name]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_asked_which_strap_is_hers_may_end_it_there(runs, store, keyboard, number):
    ended = runs("--person", "ada", straps=[adas(), bens()], later=[(30, lambda: signal.raise_signal(number)), (31, too_late)])
    assert ended.code == 0
    assert "Which one is yours" in ended.err and "ending" in ended.err
    assert devices(store) == [] and known(store, "ada") == []


def test_who_answers_with_ctrl_d_is_told_how_to_name_it(runs, keyboard):
    keyboard("\x04")
    ended = runs("--person", "ada", straps=[adas(), bens()])
    assert ended.code == 2 and "--strap 'TICKR'" in ended.err


def test_ctrl_c_does_not_wait_for_a_scan_to_be_over(runs):
    ended = runs("--person", "ada", straps=[adas()], later=[(2, interrupt), (3, too_late)])
    assert ended.code == 0 and "will be remembered" not in ended.err


def test_straps_on_several_people_are_recorded_side_by_side(runs, store):
    ada, ben = adas(), bens()
    ended = runs("--strap", f"ada={ada.name}", "--strap", f"ben={ben.name}", straps=[ada, ben], later=[(20, interrupt)])
    assert ended.code == 0
    assert devices(store) == [("ada", "polar-h10-ada00001"), ("ben", "tickr")]
    assert (known(store, "ada"), known(store, "ben")) == ([ada.name], [ben.name])


@pytest.mark.parametrize("asked", ["=TICKR", "ada=", " = "])
def test_a_strap_that_names_nobody_or_nothing_is_a_usage_error(runs, asked):
    ended = runs("--strap", asked, straps=[bens()])
    assert ended.code == 2
    assert "names nobody or nothing" in ended.err and "PERSON=" in ended.err


def test_one_strap_cannot_be_on_two_people(runs, store):
    ended = runs("--strap", "ada=TICKR", "--strap", "ben=TICKR", straps=[bens()])
    assert ended.code == 2
    assert "TICKR is named twice" in ended.err
    assert known(store, "ada") == known(store, "ben") == []


def test_a_strap_that_another_program_records_is_left_to_it(runs, store, engine):
    strap = adas()
    wore(store, "ada", strap)
    with engine(store, "ada", "polar-h10-ada00001"):
        ended = runs("--once", "--person", "ada", straps=[strap])
    assert ended.code == 1
    assert "another engine already records ada" in ended.err and not strap.tried


def test_a_strap_that_is_recorded_on_somebody_else_stays_hers(runs, store):
    strap = adas()
    wore(store, "ada", strap)
    with LocalStore.open(store) as other, other.engine_lock("ada", "polar-h10-ada00001"), other.strap_lock("polar-h10-ada00001"):
        ended = runs("--person", "ben", "--strap", strap.name, straps=[strap], later=[(20, interrupt)])
    assert ended.code == 1
    assert "polar-h10-ada00001 is recorded already, on ada" in ended.err and not strap.tried
    assert (known(store, "ada"), known(store, "ben")) == ([strap.name], [])


def test_a_strap_that_was_somebody_elses_is_hers_no_longer(runs, store):
    strap = adas()
    wore(store, "ada", strap)
    runs("--once", "--person", "ben", "--strap", strap.name, straps=[strap], later=[(15, strap.drop)])
    assert (known(store, "ada"), known(store, "ben")) == ([], [strap.name])


# ---------------------------------------------------------------- nothing there


def test_once_with_nothing_to_hear_ends_with_4_and_the_next_step(runs, store):
    ended = runs("--once", "--person", "ada")
    assert ended.code == 4
    assert "no strap was heard" in ended.err and "somalink scan" in ended.err
    assert known(store, "ada") == []


def test_once_with_a_strap_that_is_not_there_ends_with_4_and_its_name(runs):
    ended = runs("--once", "--strap", "Polar H10 ADA00001", straps=[bens()])
    assert ended.code == 4
    assert "Polar H10 ADA00001: not heard within 30 s" in ended.err


def test_once_with_a_strap_that_takes_up_no_connection_ends_with_4(runs):
    assert runs("--once", "--strap", "TICKR", straps=[bens(always=Attempt(fails=BleakError("held")))]).code == 4


@pytest.mark.parametrize("words", [(), ("--strap", "TICKR")], ids=["any strap", "a strap by name"])
def test_once_without_bluetooth_ends_with_3_and_what_to_do(runs, words):
    ended = runs("--once", *words, straps=[bens()], scan_fails=OFF)
    assert ended.code == 3
    assert "Bluetooth is switched off" in ended.err and "next:" in ended.err


def test_without_once_a_strap_is_waited_for_until_it_is_worn(runs, store):
    strap = adas(present=False)
    ended = runs("--person", "ada", straps=[strap], later=[(3600, lambda: setattr(strap, "present", True)), (3615, interrupt)])
    assert ended.code == 0
    assert devices(store) == [("ada", "polar-h10-ada00001")]


def test_without_once_bluetooth_is_waited_for_and_what_is_wrong_is_said(runs):
    ended = runs("--person", "ada", straps=[adas()], scan_fails=OFF, later=[(15, interrupt)])
    assert ended.code == 0
    assert "Bluetooth is switched off; waiting for it" in ended.err


# ---------------------------------------------------------------- how it ends


def test_ctrl_c_brings_what_was_received_to_its_end(runs, store):
    strap = adas()
    ended = runs("--person", "ada", "--strap", strap.name, straps=[strap], later=[(20, interrupt)])
    assert ended.code == 0
    assert "ending: what was received is brought to its end" in ended.err
    assert not strap.is_linked
    with LocalStore.open(store) as opened:
        (recording,) = opened.recordings("ada")
        assert recording.row.state == "done"
        assert len(opened.recording_beats(recording.unit)) > 10


def test_a_service_managers_word_to_end_is_as_good_as_ctrl_c(runs):
    ended = runs("--strap", "TICKR", straps=[bens()], later=[(15, lambda: signal.raise_signal(signal.SIGTERM))])
    assert ended.code == 0 and "ending" in ended.err


def test_a_second_ctrl_c_does_not_wait(runs):
    strap = bens(disconnect_takes_s=3600.0)
    ended = runs("--strap", "TICKR", straps=[strap], later=[(15, interrupt), (15.5, interrupt)])
    assert ended.code == 130
    assert "what was acknowledged is kept" in ended.err


def test_ctrl_c_while_nobody_is_heard_ends_at_once_and_leaves_nothing(runs, store):
    ended = runs("--person", "ada", later=[(20, interrupt)])
    assert ended.code == 0
    assert devices(store) == [] and known(store, "ada") == []


def test_what_was_recorded_is_summed_up_in_words(runs):
    strap = bens()
    ended = runs("--once", "--strap", "TICKR", straps=[strap], later=[(15, strap.drop)])
    assert "received" in ended.out and "stored" in ended.out


class Left(io.StringIO):
    """A stderr whose reader goes away after the first lines, as `| head` does, or a terminal that is closed."""

    def __init__(self, error: OSError, *, terminal: bool) -> None:
        super().__init__()
        self._error, self._terminal, self._written = error, terminal, 0

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        self._written += 1
        if self._written > 2:
            raise self._error
        return len(text)


@pytest.mark.parametrize("terminal", [False, True], ids=["a pipe", "a terminal"])
@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError(errno.EIO, "Input/output error")], ids=["EPIPE", "EIO"])
def test_a_recording_goes_on_when_nobody_reads_what_is_said_of_it(runs, monkeypatch, error, terminal):
    strap = adas()
    monkeypatch.setattr(console.SAID, "quiet", False)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Left(error, terminal=terminal))
        ended = runs("--person", "ada", "--strap", strap.name, "--json", straps=[strap], later=[(40, strap.drop), (80, interrupt)])
    assert ended.code == 0
    assert ended.json["beats_received"] > 60


# ---------------------------------------------------------------- what is said meanwhile


def test_where_nobody_looks_only_links_are_told_and_never_a_value(runs):
    strap = adas()
    ended = runs("--strap", strap.name, "--person", "ada", straps=[strap], later=[(40, strap.drop), (60, interrupt)])
    said = [line.split("ada00001: ")[1] for line in ended.err.splitlines() if "ada00001: " in line]
    assert said[:3] == ["looking for it", "found it, connecting", "connected, heartbeats arrive"]
    assert "the link is lost; looking for it again (disconnect)" in said and said[-1] == "not recording"
    assert "bpm" not in ended.err and "arousal" not in ended.err


def test_a_strap_that_feels_no_skin_is_said_to(runs):
    strap = bens(payload=OFF_THE_SKIN)
    ended = runs("--strap", "TICKR", straps=[strap], later=[(15, interrupt)])
    assert "connected, but it does not feel your skin" in ended.err


def test_quiet_is_quiet(runs, monkeypatch):
    monkeypatch.setattr(console.SAID, "quiet", False)
    strap = bens()
    ended = runs("--once", "--strap", "TICKR", "--json", straps=[strap], later=[(15, strap.drop)], before=["--quiet"])
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["beats_received"] > 8
