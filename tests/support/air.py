"""A strap and the air before it, as numbers: a heart, a clock that is a little wrong, a radio that delays, bunches and loses.

What the clocking is measured on (docs/clocking.md): every beat's true time is known here, and every notification that never came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingest.clocking import Clocker, RawRow
from ingest.straps.heart_rate import HeartRateMeasurement, encode_measurement
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Chunk, Flag, Gap, Stream

START_NS, BOOT_NS = 1_772_352_000 * SECOND_NS, 5_000 * SECOND_NS
UNIT = Unit("ada", "simulated-strap", "run-1")


@dataclass(frozen=True, slots=True)
class Air:
    """`jitter_s`: most a notification comes late by itself; `stalls`: share of seconds in which the radio stops for 1 to 4 s and then delivers
    everything at once; `ppm`: how much faster the strap's clock runs than ours, beats and notifications alike; `losses`: losses an hour, of
    one to five notifications each."""

    bpm: float
    hours: float = 1.0
    jitter_s: float = 0.1
    stalls: float = 0.0
    ppm: float = 0.0
    losses: float = 0.0
    intervals: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """Beats, (n,): ticks, when each truly closed, in which notification it was. Notifications, (m,): when sent, when arrived, whether lost."""

    ticks: np.ndarray
    beat_ns: np.ndarray
    notification: np.ndarray
    sent_ns: np.ndarray
    arrived_ns: np.ndarray
    lost: np.ndarray


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the clocking did. Seconds, by our clock; `misdated_s` against the best straight line through all beats dated, `first_s` the largest
    error of the first minute, not mapped."""

    beats: int
    losses: int
    lost_s: float
    false_gaps: int
    found: int
    within_10_s: int
    misplaced: int
    gaps_s: float
    misdated_s: float
    misdated: int
    first_s: float
    stale: int

    @property
    def allowed_s(self) -> float:
        """Most that the gaps may sum up to (contracts, section 4)."""
        return self.lost_s + 2 * self.losses


def send(air: Air) -> Sent:
    """Everything that happens on this air."""
    rng = np.random.default_rng((air.seed, round(air.bpm)))
    ticks = heartbeats(air.bpm, air.hours, rng)
    pace = 1 - air.ppm * 1e-6
    beat_ns = START_NS + np.rint(np.cumsum(ticks) * (SECOND_NS / 1024 * pace)).astype(np.int64)
    count = int((beat_ns[-1] - START_NS) / (SECOND_NS * pace))
    sent_ns = START_NS + np.rint((np.arange(1, count + 1) + rng.random()) * SECOND_NS * pace).astype(np.int64)
    beats = int(np.searchsorted(beat_ns, sent_ns[-1], side="right"))
    lost = _lost(air, count, rng)
    return Sent(ticks[:beats], beat_ns[:beats], np.searchsorted(sent_ns, beat_ns[:beats]), sent_ns, _arrivals(air, sent_ns, rng), lost)


def heartbeats(bpm: float, hours: float, rng: np.random.Generator) -> np.ndarray:
    """Ticks, (n,): a rate that wanders over minutes, breath, and the noise of a heart."""
    count = int(bpm * 60 * hours) + 1
    slow = np.zeros(count)
    drawn = rng.normal(0, 1, count // 200 + 2)
    slow += np.interp(np.arange(count), np.arange(len(drawn)) * 200, drawn) * 0.05
    breath = 0.03 * np.sin(2 * np.pi * 0.25 * np.arange(count) * 60 / bpm)
    return np.rint(60 / bpm * 1024 * (1 + slow + breath) + rng.normal(0, 10, count)).clip(310, 2040).astype(np.int64)


def _lost(air: Air, count: int, rng: np.random.Generator) -> np.ndarray:
    """Which notifications never arrive: losses at least 40 s apart, none in the first minute or the last, so that each can be told alone."""
    lost = np.zeros(count, bool)
    at = 60.0
    while air.losses and (at := at + 40 + rng.exponential(3600 / air.losses)) < count - 60:
        lost[int(at) : int(at) + rng.integers(1, 6)] = True
    return lost


def _arrivals(air: Air, sent_ns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A floor of 15 ms, a connection interval, jitter, and stalls; never one before the other."""
    late_s = 0.015 + rng.uniform(0, 0.03, len(sent_ns)) + rng.uniform(0, air.jitter_s, len(sent_ns))
    stalled = np.where(rng.random(len(sent_ns)) < air.stalls, rng.uniform(1, 4, len(sent_ns)), 0.0)
    until_ns = np.maximum.accumulate(sent_ns + np.rint(stalled * SECOND_NS).astype(np.int64))
    arrived = np.maximum(sent_ns + np.rint(late_s * SECOND_NS).astype(np.int64), np.where(until_ns > sent_ns, until_ns, 0))
    return np.maximum.accumulate(arrived) + np.arange(len(sent_ns))


def rows(air: Air, sent: Sent) -> Iterator[RawRow]:
    """What arrives, as it is kept."""
    first = np.searchsorted(sent.notification, np.arange(len(sent.sent_ns) + 1))
    for k in np.flatnonzero(~sent.lost):
        ticks = tuple(sent.ticks[first[k] : first[k + 1]].tolist())
        at = int(sent.arrived_ns[k])
        yield RawRow(
            UNIT.person,
            UNIT.device,
            1,
            "2a37",
            at - START_NS + BOOT_NS,
            "boot-1",
            at,
            encode_measurement(HeartRateMeasurement(bpm=round(air.bpm), rr_ticks=ticks if air.intervals else ())),
        )


def judge(air: Air) -> Verdict:
    """The air's rows through the clocking, held against what was sent."""
    sent = send(air)
    clocker = Clocker(UNIT, frozenset((Stream.RR, Stream.HR)))
    told, dated, stale = [], [], 0
    for row in rows(air, sent):
        for item in clocker.push(row):
            if isinstance(item, Gap) and item.stream is Stream.RR:
                told.append((item, row.t_utc_ns))
            elif isinstance(item, Chunk) and item.stream is Stream.RR:
                dated.append(item.t_ns)
                stale += int(np.count_nonzero(item.flags == Flag.STALE))
    came = ~sent.lost[sent.notification]
    t_ns = np.concatenate(dated)
    true_ns = sent.beat_ns[came][: len(t_ns)]
    return _verdict(sent, told, t_ns, true_ns, stale)


def _verdict(sent: Sent, told: list[tuple[Gap, int]], t_ns: np.ndarray, true_ns: np.ndarray, stale: int) -> Verdict:
    edge = np.diff(np.concatenate(([0], sent.lost.astype(np.int8), [0])))
    begins, ends = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)
    truths = [
        (int(sent.beat_ns[inside[0]]), int(sent.beat_ns[inside[-1]]), int(sent.sent_ns[a]))
        for a, b in zip(begins, ends, strict=True)
        if len(inside := np.flatnonzero((sent.notification >= a) & (sent.notification < b)))
    ]
    lost_s = float(sent.ticks[sent.lost[sent.notification]].sum()) / 1024
    found = within = misplaced = 0
    claimed: set[int] = set()
    for start, stop, at in truths:
        near = [k for k, (gap, _) in enumerate(told) if gap.start_ns < stop + SECOND_NS and gap.stop_ns > start - SECOND_NS]
        claimed.update(near)
        found += bool(near)
        within += any(told[k][1] - at <= 10 * SECOND_NS for k in near)
        misplaced += bool(near) and not any(told[k][0].start_ns <= start + SECOND_NS and told[k][0].stop_ns >= stop - SECOND_NS for k in near)
    error = (t_ns - true_ns) / SECOND_NS
    at = (true_ns - true_ns[0]) / SECOND_NS
    away = np.abs(error - np.polyval(np.polyfit(at, error, 1), at))
    return Verdict(
        beats=len(t_ns),
        losses=len(truths),
        lost_s=lost_s,
        false_gaps=len(told) - len(claimed),
        found=found,
        within_10_s=within,
        misplaced=misplaced,
        gaps_s=sum(gap.lost_ns for gap, _ in told) / SECOND_NS,
        misdated_s=float(away.max()),
        misdated=int(np.count_nonzero(away > 0.1)),
        first_s=float(np.abs(error[at < 60]).max()),
        stale=stale,
    )
