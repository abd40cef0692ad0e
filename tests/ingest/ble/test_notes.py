"""What the program writes of its own link can be read back from the raw rows alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble import notes
from ingest.clocking import Clocker, RawRow
from ingest.streams import DECODERS
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Gap, Stream

START_NS = 1_772_352_000 * SECOND_NS
UNIT = Unit("ada", "strap", "run-1", "B")
WORDS = st.sampled_from([notes.UP, notes.DOWN, notes.STILL])
REASONS = ("disconnect", "silence", "adapter_off", "restart")


def told(*rows: tuple[int, str, bytes]) -> list[Gap]:
    """Gaps in the beats of (second, characteristic, payload)."""
    clocker = Clocker(UNIT, frozenset({Stream.RR}), decoders=dict(DECODERS))
    raw = [RawRow("ada", "strap", 1, kind, at * SECOND_NS, "boot", START_NS + at * SECOND_NS, payload) for at, kind, payload in rows]
    return [item for row in raw for item in clocker.push(row) if isinstance(item, Gap)]


@given(WORDS, st.sampled_from([notes.DISCONNECT, notes.SILENCE, notes.ADAPTER_OFF, notes.RESTART, notes.STOP, ""]))
def test_a_note_is_read_back_as_it_was_written(state, reason):
    read, _, why = notes.note(state, reason).decode("ascii").partition(" ")
    assert (read, why) == (state, reason)


def test_a_note_without_a_reason_is_one_word_and_nothing_after_it():
    assert notes.note(notes.UP) == b"up"


def test_notes_are_no_characteristic_of_any_strap():
    assert notes.CHARACTERISTIC not in DECODERS


@pytest.mark.parametrize("reason", REASONS)
def test_the_reason_of_a_lost_link_is_the_reason_of_the_gap_it_leaves(reason):
    gaps = told((0, notes.CHARACTERISTIC, notes.note(notes.UP)), (60, notes.CHARACTERISTIC, notes.note(notes.DOWN, reason)))
    assert {gap.reason for gap in gaps} == {reason}


def test_time_without_a_link_goes_on_note_by_note():
    down, still = notes.note(notes.DOWN, notes.DISCONNECT), notes.note(notes.STILL, notes.DISCONNECT)
    *_, last = told(*((minute * 60, notes.CHARACTERISTIC, down if minute == 1 else still) for minute in range(1, 6)))
    assert last.stop_ns - last.start_ns > 3 * MINUTE_NS


def test_a_program_that_somebody_ended_leaves_no_gap():
    assert told((0, notes.CHARACTERISTIC, notes.note(notes.UP)), (60, notes.CHARACTERISTIC, notes.note(notes.DOWN, notes.STOP))) == []
