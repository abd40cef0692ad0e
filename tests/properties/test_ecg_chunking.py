"""Beats that the engine finds in an ECG are the same however the ECG is told, over restarts, holes and silences."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from ecg_sent import BOOT_NS, RATE, sent
from ecg_traces import made
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from wearers import CONSTANTS, START, USUAL, Outcome, Told, drive, outcome, shuffled, whole

from ingest.clocking import Clocker
from processing.ecg import EcgBeats
from processing.engine import Engine
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS, TICK_NS_X2
from somalink.domain.types import Chunk, Flag, Gap, Heartbeat, Opened, Stream
from somalink.pipeline.live import as_notified, last_promises
from somalink.storage.rows import RawRow

RANDOMLY = settings(max_examples=6, phases=(Phase.explicit, Phase.reuse, Phase.generate))
MINUTES = 6
UNIT = Unit("ada", "H10", "r", "A")


@cache
def told() -> Told:
    """Six minutes with a hole that nobody tells of, a gap that is told, noise and a flat stretch; a chest that moves beside it."""
    trace = made(MINUTES * 60, noise_uv=30, bpm=68, start_ns=START)
    since = (trace.t_ns - START) / SECOND_NS
    uv10 = np.where((since > 200) & (since < 212), 0, trace.uv10)
    uv10 = uv10 + np.where((since > 300) & (since < 310), np.random.default_rng(1).integers(-20_000, 20_000, len(uv10)), 0)
    kept = ~(((since > 60) & (since < 60.7)) | ((since > 100) & (since < 130)))
    t_ns, uv10 = trace.t_ns[kept], uv10[kept]
    before = int(t_ns[np.searchsorted(t_ns, START + 110 * SECOND_NS) - 1])
    after = int(t_ns[np.searchsorted(t_ns, START + 110 * SECOND_NS)])
    acc_t = START + np.arange(MINUTES * 60 * 5) * SECOND_NS // 5
    acc = np.rint(np.random.default_rng(2).normal((0, 0, 100_000), 500, (len(acc_t), 3))).astype(np.int64)
    gaps = (Gap(Stream.ECG, before, after, "silence", after - before),)
    return Told(UNIT, START, START + MINUTES * MINUTE_NS, {Stream.ECG: (t_ns, uv10), Stream.ACC: (acc_t, acc)}, gaps)


@cache
def at_once() -> Outcome:
    return drive(told(), whole(told()), baseline=USUAL)


def test_an_ecg_alone_gives_beats_to_the_nanosecond_and_a_heart_rate():
    found = at_once()
    beats, grid = found.beats, found.grid
    assert len(beats) > 0.85 * (MINUTES * 60 - 45) * 68 / 60
    whole_ones = np.flatnonzero(beats.segment[1:] == beats.segment[:-1]) + 1
    rr_ns = beats.rr_ticks * TICK_NS_X2 // 2 + beats.rr_fine_ns
    assert np.array_equal(np.diff(beats.t_ns)[whole_ones - 1], rr_ns[whole_ones]) and (beats.rr_fine_ns != 0).any()
    assert len(set(beats.segment.tolist())) >= 4
    heart = grid.hr[(grid.stop_ns > START + 30 * SECOND_NS) & (grid.stop_ns <= START + 60 * SECOND_NS)] / 1000
    assert np.abs(heart - 68).max() < 6
    noisy = (beats.t_ns > START + 302 * SECOND_NS) & (beats.t_ns < START + 310 * SECOND_NS)
    assert (beats.flag[noisy] != Flag.OK).all()


def test_nothing_reaches_over_what_is_missing():
    beats = at_once().beats
    begins = beats.t_ns - beats.rr_ticks * TICK_NS_X2 // 2
    for start_s, stop_s in ((60, 60.7), (100, 130), (200, 212)):
        over = (begins < START + start_s * SECOND_NS) & (beats.t_ns > START + stop_s * SECOND_NS)
        assert not over.any()


@given(seed=st.integers(0, 2**32 - 1), mean_s=st.sampled_from((3, 20, 60)), heartbeats=st.sampled_from((0.05, 0.5, 1.0)))
@RANDOMLY
def test_any_chunks_any_heartbeats_and_any_restarts_give_the_same(seed: int, mean_s: float, heartbeats: float):
    rng = np.random.default_rng(seed)
    items = list(shuffled(told(), rng, mean_s=mean_s, heartbeats=heartbeats))
    restarts = rng.integers(1, len(items), size=3).tolist()
    assert drive(told(), iter(items), baseline=USUAL, restart_at=restarts).difference(at_once()) == ""


def found_in(rows: list[RawRow], batch: int) -> Outcome:
    """The FINAL rows of a link, read by so many rows at a time, as a program does that sleeps or is started again."""
    unit = replace(UNIT, tier="D")
    clocker, engine, records = Clocker(unit, frozenset({Stream.HR, Stream.ECG})), Engine(unit, CONSTANTS, "analysis", asks=False), []
    for at in range(0, len(rows), batch):
        items = [item for row in rows[at : at + batch] for item in clocker.push(as_notified(unit, row))]
        records += [record for item in last_promises(items) for record in engine.push(item)]
    return outcome([*records, *engine.flush()])


@pytest.mark.parametrize("held_s", [5, 9, 14])
def test_an_ecg_that_a_radio_held_up_gives_the_same_beats_read_row_by_row_or_at_once(held_s):
    rows = [replace(row, payload=bytes.fromhex("0048")) if row.characteristic == RATE else row for row in sent(120)]
    until = BOOT_NS + (60 + held_s) * SECOND_NS
    late = [max(row.t_mono_ns, until) if row.t_mono_ns > BOOT_NS + 60 * SECOND_NS else row.t_mono_ns for row in rows]
    rows = [replace(row, t_mono_ns=at, t_utc_ns=row.t_utc_ns - row.t_mono_ns + at) for row, at in zip(rows, late, strict=True)]
    rows.sort(key=lambda row: row.t_mono_ns)
    one, many = found_in(rows, 1), found_in(rows, len(rows))
    assert len(one.beats) > 120 - held_s and one.difference(many) == ""


def engine_with(streams: frozenset[Stream]) -> Engine:
    engine = Engine(UNIT, CONSTANTS, "analysis", asks=False)
    engine.push(Opened(UNIT, START, streams))
    return engine


def test_a_strap_that_sends_intervals_keeps_them_and_its_ecg_is_only_looked_at():
    engine = engine_with(frozenset({Stream.RR, Stream.ECG}))
    trace = made(20, start_ns=START)
    engine.push(Chunk(Stream.ECG, trace.t_ns, trace.uv10))
    engine.push(Heartbeat(START + 20 * SECOND_NS, Stream.ECG))
    assert not engine.finds_beats and engine.watermark_ns == START
    engine.push(Heartbeat(START + 20 * SECOND_NS, Stream.RR))
    assert len(drive_beats(engine)) == 0


def drive_beats(engine: Engine) -> list[int]:
    return [int(t) for record in engine.flush() if type(record).__name__ == "Beats" for t in record.t_ns]


def test_the_watermark_waits_for_the_beats_that_may_still_be_found():
    engine = engine_with(frozenset({Stream.ECG}))
    trace = made(20, start_ns=START)
    engine.push(Chunk(Stream.ECG, trace.t_ns, trace.uv10))
    engine.push(Heartbeat(int(trace.t_ns[-1]), Stream.ECG))
    finder = EcgBeats()
    finder.run(trace.t_ns, trace.uv10)
    assert engine.finds_beats and engine.watermark_ns is not None
    assert finder.told_ns is not None and finder.told_ns <= engine.watermark_ns < trace.t_ns[-1]
    engine.push(Heartbeat(START + 25 * SECOND_NS))
    assert engine.watermark_ns == START + 25 * SECOND_NS == engine.told_ns
