"""somalink itself, through the doors that the program uses: features, correction, engine, archive."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.fft import rfft

from bench.day import START_NS, FloatArray, IntArray, Recording
from bench.work import Job, Outcome, Work
from ingest.simulate import SimulatedSource
from processing.cleaning import Raw, classify
from processing.correction import correct as put_right
from processing.engine import CONTEXT_BEATS, Engine
from processing.indices import spectrum
from processing.indices.features import features, windows
from processing.windows import Settled
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Baseline, Chunk, Heartbeat, Item, Opened, Stream
from somalink.pipeline.intake import Intake, from_simulation
from somalink.pipeline.run import RECORDING, SLICE_S, Mode, run_archive
from somalink.storage.local import LocalStore

_RULES = Constants()
_ROWS, _POINTS = 256, 1_200
"""The block whose transform is this machine's own rate: as many rows as fit its cache, as long as padded half-windows of 300 s."""


_MORNING_NS = START_NS + 3 * HOUR_NS
"""Four in the morning in Berlin, where a local day begins."""


# ---------------------------------------------------------------- windows


def _raw(recording: Recording) -> Raw:
    """One unbroken stretch of beats, as a strap sends them."""
    n, t_ns = len(recording.rr_ticks), recording.t_ns
    return Raw(t_ns, recording.rr_ticks, np.full(n, t_ns[0]), np.zeros(n, np.int64), np.ones(n, np.int64))


def _settled(recording: Recording) -> Settled:
    """All of them accepted: no library that this is compared with looks for artefacts here, and the made-up heart has none."""
    raw = _raw(recording)
    return Settled(raw.t_ns, raw.rr_ticks, raw.edge, raw.segment, raw.rr_ticks, raw.edge)


def whole(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """Every window of the recording, one each 5 s, from settled beats on."""
    beats, t_ns = _settled(recording), recording.t_ns
    window_s, step_s = figures["window_s"], figures["step_s"]

    def work() -> Outcome:
        stops = windows(int(t_ns[0]), int(t_ns[-1]), window_s, step_s)
        return Outcome(len(features(beats, stops, window_s, rules=_RULES.beat).stops))

    return work


def values(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """The eleven at the stops that are asked for."""
    beats, stops = _settled(recording), np.array(figures["stops"], np.int64)

    def work() -> Outcome:
        found = features(beats, stops, figures["window_s"], rules=_RULES.beat)
        return Outcome(len(stops), found.values.tolist())

    return work


def transform(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """How long the stage of the batched transforms takes of the whole task, and how long as many bare transforms would: `told`, in s a segment."""
    block = np.random.default_rng(0).random((_ROWS, _POINTS))
    inside = whole(recording, figures)

    def work() -> Outcome:
        before = _bare_s(block)
        with _watched() as stage:
            done = inside()
        bare_s = (before + _bare_s(block)) / 2
        flop = 2.5 * _POINTS * np.log2(_POINTS)
        return Outcome(done.units, None, {"stage_s": stage.spent_s / stage.rows, "bare_s": bare_s, "gflop_s": flop / bare_s / 1e9, "segments": stage.rows})

    return work


@dataclass
class _Stage:
    """Stands in for a function of the program's and watches what it costs."""

    inner: Any
    spent_s: float = 0.0
    rows: int = 0

    def __call__(self, grid: Any, begins: IntArray, *rest: Any) -> tuple[FloatArray, FloatArray]:
        began = time.process_time()
        found: tuple[FloatArray, FloatArray] = self.inner(grid, begins, *rest)
        self.spent_s += time.process_time() - began
        self.rows += len(begins)
        return found


@contextmanager
def _watched() -> Iterator[_Stage]:
    """The stage is inside the task: its function is stood in for, since timing it alone would leave its data in no cache that the task leaves them in."""
    stage = _Stage(spectrum._transformed)
    vars(spectrum)["_transformed"] = stage
    try:
        yield stage
    finally:
        vars(spectrum)["_transformed"] = stage.inner


def _bare_s(block: FloatArray, times: int = 40) -> float:
    """Seconds a row of a batched real transform: a block that is in the cache, and nothing done with the result."""
    rfft(block, axis=1)
    began = time.process_time()
    for _ in range(times):
        rfft(block, axis=1)
    return (time.process_time() - began) / times / len(block)


def asked_for(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """What it costs to ask for one window at each new beat: its artefact class, and the eleven of the window that it closes, nothing kept from the
    last time. Each go takes up where the last one left off."""
    raw, beats, t_ns = _raw(recording), _settled(recording), recording.t_ns
    begin, count, window_s = figures["begin"], figures["count"], figures["window_s"]
    reach_ns = window_s * SECOND_NS + spectrum.CONTEXT_NS
    left = iter(range(begin, len(t_ns)))

    def work() -> Outcome:
        for at in islice(left, count):
            classify(raw.take(slice(at + 1 - CONTEXT_BEATS, at + 1)), _RULES.beat, since=CONTEXT_BEATS - 3)
            stop = (int(t_ns[at]) // spectrum.SAMPLE_NS + 1) * spectrum.SAMPLE_NS
            known = beats.take(slice(int(np.searchsorted(t_ns, stop - reach_ns)), at + 1))
            features(known, np.array([stop]), window_s, rules=_RULES.beat)
        return Outcome(count)

    return work


def pushed(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """What a new beat costs the running engine, told alone and with a heartbeat behind it: everything it does, a grid point each 5 s included.
    Each go takes up where the last one left off."""
    begin, count, t_ns = figures["begin"], figures["count"], recording.t_ns
    life = _Life.lived("B")
    running = Engine(life.intake.unit, _RULES, "bench", baseline=life.baseline, asks=False)
    running.push(Opened(life.intake.unit, int(t_ns[0]) - 2 * SECOND_NS, frozenset({Stream.RR})))
    left = iter(range(begin, len(t_ns)))

    def told(first: int, last: int) -> None:
        running.push(Chunk(Stream.RR, t_ns[first:last], recording.rr_ticks[first:last]))
        running.push(Heartbeat(int(t_ns[last - 1])))

    told(0, begin)

    def work() -> Outcome:
        for beat in islice(left, count):
            told(beat, beat + 1)
        return Outcome(count)

    return work


# ---------------------------------------------------------------- beats


def correct(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """The offline correction of the whole recording, until nothing changes; so many `times` that short ones take as long as long ones."""

    def work() -> Outcome:
        for _ in range(figures["times"]):
            put_right(recording.rr_ticks, _RULES.beat)
        return Outcome(figures["times"] * len(recording.rr_ticks))

    return work


# ---------------------------------------------------------------- the whole engine


@dataclass(frozen=True, slots=True)
class _Kept:
    """A source whose items were made before: living a day is not what is timed."""

    unit: Any
    told: tuple[Item, ...]

    def items(self, *, after_ns: int | None = None, slice_s: int = SLICE_S) -> Iterator[Item]:
        assert after_ns is None and slice_s == SLICE_S, "a timed run is never taken up again"
        return iter(self.told)


@dataclass(frozen=True, slots=True)
class _Life:
    """One simulated day of 24 h, and the usual that it is read against."""

    intake: Intake
    items: tuple[Item, ...]
    baseline: Baseline
    days: float

    @classmethod
    @cache
    def lived(cls, tier: str) -> _Life:
        made = from_simulation(SimulatedSource("someone", _MORNING_NS, 1, 7, tier=tier, nights=True))
        assert made.source is not None
        items = tuple(made.source.items(slice_s=SLICE_S))
        intake = replace(made, source=_Kept(made.unit, items))
        with tempfile.TemporaryDirectory() as folder, LocalStore.open(Path(folder) / "usual.db") as store:
            run_archive(store, intake, Mode(RECORDING), _RULES)
            baseline = store.tier_baselines(made.unit.person, analysis=Mode(RECORDING).analysis(_RULES))[0].baseline
        assert made.row.stop_ns is not None
        return cls(intake, items, baseline, (made.row.stop_ns - made.row.start_ns) / DAY_NS)


def engine(_recording: Recording, figures: Mapping[str, Any]) -> Work:
    """Items in, records out: beats to episodes, in memory. Units are days worn."""
    life = _Life.lived(figures["tier"])

    def work() -> Outcome:
        running = Engine(life.intake.unit, _RULES, "bench", baseline=life.baseline, asks=False)
        for item in life.items:
            running.push(item)
        running.flush()
        return Outcome(life.days)

    return work


def archive(_recording: Recording, figures: Mapping[str, Any]) -> Work:
    """The same through a store on disk, raw rows, snapshots and hours' blobs included."""
    life = _Life.lived(figures["tier"])

    def work() -> Outcome:
        with tempfile.TemporaryDirectory() as folder, LocalStore.open(Path(folder) / "day.db") as store:
            run_archive(store, life.intake, Mode("file:bench", life.baseline), _RULES)
        return Outcome(life.days)

    return work


JOBS: dict[str, Job] = {
    "whole": whole,
    "values": values,
    "transform": transform,
    "asked_for": asked_for,
    "pushed": pushed,
    "correct": correct,
    "engine": engine,
    "archive": archive,
}
