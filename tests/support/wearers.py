"""Small seeded recordings for the engine's tests, and ways to tell them: whole, beat by beat, in any order a source may choose.

The bodies are crude on purpose: they only have to pass through every state that the engine knows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.recording import Recording
from processing.engine import Engine
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS, ceil_to
from somalink.domain.types import (
    Baseline,
    Beats,
    Candidate,
    Chunk,
    Contact,
    Episode,
    Flag,
    Gap,
    Grid,
    Heartbeat,
    IntArray,
    Item,
    Opened,
    Posture,
    Record,
    Stream,
    Upright,
    UtcOffset,
)

CONSTANTS = Constants()
START = 1_772_418_600 * SECOND_NS
"""2026-03-02 02:30 UTC: half an hour before the local day rises one hour east of Greenwich."""


@dataclass(frozen=True)
class Told:
    """A recording before anybody has decided how to tell it: samples by stream, gaps, and what no stream holds back."""

    unit: Unit
    start_ns: int
    end_ns: int
    samples: Mapping[Stream, tuple[IntArray, IntArray]]
    gaps: tuple[Gap, ...] = ()
    loose: tuple[Contact | Upright | UtcOffset, ...] = ()
    stale: IntArray | None = None
    """Places in `rr` whose beats came too late to count."""

    def opened(self) -> Opened:
        return Opened(self.unit, self.start_ns, frozenset(self.samples))


def beats_from(
    rate_bpm: Callable[[float], float], seconds: float, rng: np.random.Generator, *, start_ns: int = START, sd_ms: float = 20
) -> tuple[IntArray, IntArray]:
    """Closing times and ticks of a heart that follows `rate_bpm(seconds)` with a little breathing and noise."""
    ticks: list[int] = []
    at = 0.0
    while at < seconds:
        rr = 60 / rate_bpm(at) + 0.02 * np.sin(2 * np.pi * at / 4) + rng.normal() * sd_ms / 1000
        ticks.append(max(round(rr * 1024), 1))
        at += ticks[-1] / 1024
    values = np.array(ticks[:-1], np.int64)
    return start_ns + np.cumsum(values) * 1_953_125 // 2, values


def _rate(minute: float) -> float:
    """A still quarter of an hour, a surge that returns once, a sinking, a walk, and a last surge on the new day."""
    surges = ((12, 15, 24), (16, 18, 22), (22, 24.5, -16), (27, 31, 35), (43, 46, 26), (46.6, 47.2, 30), (52, 71, 11))
    return 62 + sum(height for start, stop, height in surges if start <= minute < stop)


def wearer(kind: str, *, seed: int = 7, minutes: int = 73) -> Told:
    """`wrist` (intervals, held heart-rate field, acceleration, contact lost), `watch` (its field alone), `strap` (intervals, steps, posture) or `plain`."""
    rng = np.random.default_rng(seed)
    end = START + minutes * MINUTE_NS
    t, ticks = beats_from(lambda s: _rate(s / 60), minutes * 60, rng)
    for k in range(150, len(t) - 5, 97):
        # Premature beats with their pause, and here and there a missed one: the beats keep their total time.
        early = int(ticks[k] * 0.3)
        ticks[k], ticks[k + 1] = ticks[k] - early, ticks[k + 1] + early
    for k in range(400, len(t) - 5, 601):
        ticks[k : k + 3] += np.array([350, -300, 700])
    t = START + np.cumsum(ticks) * 1_953_125 // 2
    keep = np.ones(len(t), bool)
    gaps = []
    for start_s, length_s in ((300, 7), (333, 7), (815, 12), (1290, 75), (2500, 3), (2601, 130)):
        a, b = START + start_s * SECOND_NS, START + (start_s + length_s) * SECOND_NS
        lost = (t >= a) & (t < b)
        first = int(np.flatnonzero(lost)[0])
        last = int(np.flatnonzero(lost)[-1])
        gaps.append(Gap(Stream.RR, int(t[first - 1]), int(t[last + 1] - 1), "silence"))
        keep &= ~lost
    t, ticks = t[keep], ticks[keep]
    samples: dict[Stream, tuple[IntArray, IntArray]] = {Stream.RR: (t, ticks)}
    seconds = START + np.arange(minutes * 60, dtype=np.int64) * SECOND_NS
    at = np.arange(minutes * 60) / 60
    walking = (at >= 27) & (at < 31)
    loose: list[Contact | UtcOffset] = [UtcOffset(START - HOUR_NS, 3600, "here"), UtcOffset(START + 35 * MINUTE_NS, 7200, "there")]
    if kind in ("wrist", "watch"):
        field = np.array([round(_rate(m - 0.5) * 10) * 100 for m in at], np.int64) + 100 * rng.integers(-9, 10, len(at))
        field[1500:1560], field[2605:2650] = 71_000, 64_000
        kept = np.ones(len(at), bool)
        kept[900:905] = False
        samples[Stream.HR] = (seconds[kept] + 137_000_000, field[kept])
        quarter = START + np.arange(minutes * 240, dtype=np.int64) * (SECOND_NS // 4)
        size = np.where(np.repeat(walking, 4), 250, 6)
        xyz = np.rint((np.array([0, 0, 1000]) + rng.normal(size=(len(quarter), 3)) * size[:, None]) * 100).astype(np.int64)
        held = (quarter < START + 2310 * SECOND_NS) | (quarter > START + 2400 * SECOND_NS)
        samples[Stream.ACC] = (quarter[held], xyz[held])
        gaps += [
            Gap(Stream.ACC, START + 2310 * SECOND_NS, START + 2400 * SECOND_NS, "silence"),
            Gap(Stream.HR, START + 899 * SECOND_NS + 137_000_000, START + 905 * SECOND_NS, "silence"),
        ]
        loose += [Contact(START + 2000 * SECOND_NS + 1, False), Contact(START + 2043 * SECOND_NS, True), Contact(START + 2702 * SECOND_NS, False)]
        loose += [Contact(START + 2707 * SECOND_NS, True)]
    if kind == "strap":
        steps = np.where(walking, rng.integers(1, 3, len(at)), 0).astype(np.int64)
        known = rng.random(len(at)) > 0.1
        known[1200:1290] = False
        samples[Stream.STEPS] = (seconds[known], steps[known])
        word = np.where(walking, Posture.STANDING, np.where(at < 8, Posture.LYING, Posture.SITTING)).astype(np.int64)
        word[::41] = Posture.UNKNOWN
        word[700:715] = Posture.STANDING
        samples[Stream.POSTURE] = (seconds, word)
    if kind == "watch":
        samples = {Stream.HR: samples[Stream.HR]}
        gaps = [gap for gap in gaps if gap.stream is Stream.HR]
    order = sorted(loose, key=lambda item: item.from_ns if isinstance(item, UtcOffset) else item.t_ns)
    tier = {"wrist": "C", "watch": "D", "strap": "B", "plain": "B"}[kind]
    return Told(Unit("p", kind, "r", tier), START, end, samples, tuple(sorted(gaps, key=lambda g: g.start_ns)), tuple(order), np.array([777, 1444]))


def excerpt(recording: Recording, start_ns: int, length_ns: int) -> Told:
    """A stretch of a real recording as if it had been recorded alone."""
    end = start_ns + length_ns
    samples = {}
    for stream, kept in recording.samples.items():
        part = slice(*np.searchsorted(kept.t_ns, (start_ns, end)).tolist())
        samples[stream] = (kept.t_ns[part], kept.values[part])
    gaps = tuple(gap for gap in recording.gaps if start_ns <= gap.start_ns and gap.stop_ns < end)
    return Told(recording.unit, start_ns, end, samples, gaps, tuple(recording.offsets))


# ---------------------------------------------------------------- ways to tell it


@dataclass(frozen=True)
class Packet:
    """Something one stream says at once: from its first time to its last."""

    first_ns: int
    last_ns: int
    item: Item


def packets(told: Told, stream: Stream, cuts: Sequence[int]) -> list[Packet]:
    """One stream as chunks between the samples `cuts`, and its gaps, in order. A gap always ends a chunk."""
    t, values = told.samples[stream]
    gaps = [gap for gap in told.gaps if gap.stream is stream]
    edges = sorted({0, len(t), *(c for c in cuts if 0 < c < len(t)), *(int(np.searchsorted(t, gap.stop_ns)) for gap in gaps)})
    flags = np.full(len(t), Flag.OK, np.int64)
    if stream is Stream.RR and told.stale is not None:
        flags[told.stale] = Flag.STALE
    out = [
        Packet(int(t[a]), int(t[b - 1]), Chunk(stream, t[a:b], values[a:b], flags[a:b] if stream is Stream.RR else None))
        for a, b in pairwise(edges)
    ]  # fmt: skip
    out += [Packet(gap.start_ns, gap.stop_ns, gap) for gap in gaps]
    return sorted(out, key=lambda p: (p.first_ns, p.last_ns, isinstance(p.item, Gap)))


def whole(told: Told) -> Iterator[Item]:
    """Everything at once, time moved on once at the end."""
    yield from (item for item in told.loose if isinstance(item, UtcOffset))
    yield told.opened()
    yield from (item for item in told.loose if not isinstance(item, UtcOffset))
    for stream in told.samples:
        yield from (packet.item for packet in packets(told, stream, []))
    yield Heartbeat(told.end_ns)


def shuffled(told: Told, rng: np.random.Generator, *, mean_s: float, heartbeats: float) -> Iterator[Item]:
    """Chunks of random length, streams in any order that their own order allows, heartbeats as early or late as a source likes.

    What holds no watermark (posture, contact, offsets) is told before any stream goes past it.
    """
    yield from (item for item in told.loose if isinstance(item, UtcOffset) and item.from_ns <= told.start_ns)
    yield told.opened()
    length = (told.end_ns - told.start_ns) / SECOND_NS
    queues: dict[Stream, list[Packet]] = {}
    for stream, (t, _) in told.samples.items():
        cuts = rng.integers(1, max(len(t), 2), size=rng.poisson(length / mean_s)).tolist()
        queues[stream] = packets(told, stream, cuts)
    loose = [(item.from_ns if isinstance(item, UtcOffset) else item.t_ns, item) for item in told.loose]
    loose = [entry for entry in loose if not (isinstance(entry[1], UtcOffset) and entry[0] <= told.start_ns)]
    if Stream.POSTURE in queues:
        t, values = told.samples[Stream.POSTURE]
        loose += [(int(t[k]), Chunk(Stream.POSTURE, t[k : k + 1], values[k : k + 1])) for k in range(len(t))]
        del queues[Stream.POSTURE]
        loose.sort(key=lambda entry: entry[0])
    while any(queues.values()):
        # One stream may run far ahead of the others, but not for ever: the one furthest behind is favoured.
        waiting = sorted((stream for stream in queues if queues[stream]), key=lambda s: queues[s][0].first_ns)
        stream = waiting[0] if rng.random() < 0.7 else waiting[int(rng.integers(len(waiting)))]
        packet = queues[stream].pop(0)
        while loose and loose[0][0] <= packet.last_ns:
            yield loose.pop(0)[1]
        yield packet.item
        if rng.random() < heartbeats:
            promised = queues[stream][0].first_ns if queues[stream] else told.end_ns
            if loose and loose[0][0] < promised:
                promised = max(loose[0][0], packet.last_ns)
            reached = packet.last_ns + int(rng.random() * max(promised - packet.last_ns, 0))
            yield Heartbeat(reached, stream) if rng.random() < 0.8 else Heartbeat(min([reached, *(q[0].first_ns for q in queues.values() if q)]))
    yield from (item for _, item in loose)
    yield Heartbeat(told.end_ns)


def sliced(told: Told, slice_s: int) -> Iterator[Item]:
    """As an archive is read: everything up to each multiple of `slice_s`, then a heartbeat for all streams."""
    yield from (item for item in told.loose if isinstance(item, UtcOffset) and item.from_ns <= told.start_ns)
    yield told.opened()
    loose = [(item.from_ns if isinstance(item, UtcOffset) else item.t_ns, item) for item in told.loose]
    loose = [entry for entry in loose if not (isinstance(entry[1], UtcOffset) and entry[0] <= told.start_ns)]
    step = slice_s * SECOND_NS
    stops = range(ceil_to(told.start_ns + 1, step), told.end_ns + step, step)
    cuts = {stream: np.searchsorted(t, stops, side="right").tolist() for stream, (t, _) in told.samples.items()}
    said = [(packet.first_ns, order, packet.item) for order, stream in enumerate(told.samples) for packet in packets(told, stream, cuts[stream])]
    said += [(t_ns, -1, item) for t_ns, item in loose]
    said.sort(key=lambda entry: entry[:2])
    at = 0
    for stop in stops:
        while at < len(said) and (said[at][0] <= stop or stop >= told.end_ns):
            yield said[at][2]
            at += 1
        yield Heartbeat(min(stop, told.end_ns))


def beat_by_beat(told: Told) -> Iterator[Item]:
    """As a strap tells it: every sample by itself in event time, each with its heartbeat."""
    yield from (item for item in told.loose if isinstance(item, UtcOffset) and item.from_ns <= told.start_ns)
    yield told.opened()
    said: list[tuple[int, int, Item]] = [
        (item.from_ns if isinstance(item, UtcOffset) else item.t_ns, 0, item)
        for item in told.loose
        if not (isinstance(item, UtcOffset) and item.from_ns <= told.start_ns)
    ]
    for order, (stream, (t, _)) in enumerate(told.samples.items(), start=1):
        # A thousand acceleration samples a minute one by one would test patience only.
        size = 8 if stream is Stream.ACC else 1
        said += [(p.first_ns, order, p.item) for p in packets(told, stream, range(0, len(t), size))]
    for t_ns, order, item in sorted(said, key=lambda entry: entry[:2]):
        yield item
        if order == 1:
            yield Heartbeat(t_ns)
    yield Heartbeat(told.end_ns)


# ---------------------------------------------------------------- what comes of it


@dataclass(frozen=True)
class Outcome:
    """Everything FINAL that an engine has said."""

    beats: Beats
    grid: Grid
    episodes: tuple[Episode, ...]
    candidates: tuple[Candidate, ...]

    def difference(self, other: "Outcome") -> str:
        """Where two outcomes part, for people; empty when they are equal bit for bit."""
        for mine, yours in ((self.beats, other.beats), (self.grid, other.grid)):
            name = type(mine).__name__
            if len(mine) != len(yours):
                return f"{len(mine)} against {len(yours)} rows of {name}"
            for column, values in mine.arrays().items():
                apart = np.flatnonzero(values != yours.arrays()[column])
                if len(apart):
                    k = int(apart[0])
                    return f"{name}.{column} at row {k} ({len(apart)} rows): {values[k]} against {yours.arrays()[column][k]}"
        for name in ("episodes", "candidates"):
            mine, yours = getattr(self, name), getattr(other, name)
            if mine != yours:
                return f"{name}: {sorted(set(map(repr, mine)) ^ set(map(repr, yours)))[:4]}"
        return ""


def outcome(records: Sequence[Record]) -> Outcome:
    beats = Beats.concat([r for r in records if isinstance(r, Beats)])
    order = np.argsort(beats.t_ns, kind="stable")
    return Outcome(
        beats.take(order),
        Grid.concat([r for r in records if isinstance(r, Grid)]),
        tuple(r for r in records if isinstance(r, Episode) and r.state == "final"),
        tuple(r for r in records if isinstance(r, Candidate)),
    )


Refitter = Callable[[Grid, int], Baseline | None]


def drive(
    told: Told,
    items: Iterator[Item],
    *,
    baseline: Baseline | None = None,
    refit: Refitter | None = None,
    restart_at: Sequence[int] = (),
) -> Outcome:
    """The outcome of an engine over `items`. `refit(rows so far, day)` answers a new local day. Before the items numbered in
    `restart_at` the engine is thrown away and another goes on from its snapshot."""

    def fresh() -> Engine:
        return Engine(told.unit, CONSTANTS, "analysis", baseline=baseline, asks=refit is not None)

    engine, out = fresh(), []

    def answered(records: list[Record]) -> list[Record]:
        out.extend(records)
        while engine.waiting is not None and refit is not None:
            rows = Grid.concat([r for r in out if isinstance(r, Grid)])
            out.extend(engine.refitted(refit(rows, engine.waiting.day)))
        return out

    restarts = set(restart_at)
    for number, item in enumerate(items):
        if number in restarts:
            blob = engine.snapshot()
            engine = fresh()
            engine.restore(blob)
        answered(engine.push(item))
    answered(engine.flush())
    answered(engine.flush())
    return outcome(out)


USUAL = Baseline(
    number=1, mode="personal", from_ns=0, coef_u=(62_000_000, 2_000_000, 1_000_000, 0, 0, 0, 0, 0), cov_u=((40_000,) + (0,) * 7,) + ((0,) * 8,) * 7,
    s_level_u=4_000_000, s_phasic_u=3_000_000, still_h=30.0, still_days=6, p60_a600=6_000, rest_hr=55_000, z_on={"level": 2.0, "phasic": 3.5},
    prompt_on={"level": 2.5, "phasic": 4.0}, chance={"still/0": 0.2, "still/1": 0.3}, chance_all=0.25,
)  # fmt: skip
"""A usual that somebody has already: thirty still hours, a quiet heart at 62."""
