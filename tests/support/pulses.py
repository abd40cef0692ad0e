"""Rises of known size laid into real beats, so that finding them can be counted: a heart that for a while beats so much faster.

The beats of a segment keep their own phase and wander; the pulse only lets the phase run ahead. Where the recorder slept, it sleeps.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ingest.recording import HourCount, Recording, Samples
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import BoolArray, Gate, Grid, IntArray, Stream

HALF_NS_PER_TICK = 1_953_125


def with_pulses(whole: Recording, starts_ns: Sequence[int], *, bpm: float, length_ns: int) -> Recording:
    """The recording with `bpm` more in [start, start + length) of each pulse. Streams other than rr are untouched."""
    old = whole.samples[Stream.RR]
    holes = [gap for gap in whole.gaps if gap.stream is Stream.RR]
    edges = np.searchsorted(old.t_ns, [hole.stop_ns for hole in holes]).tolist()
    cuts = [0, *(edge for edge in edges if 0 < edge < len(old.t_ns)), len(old.t_ns)]
    parts = [_faster(old.t_ns[a:b], old.values[a:b], starts_ns, bpm / 60 / SECOND_NS, length_ns) for a, b in pairwise(cuts) if a < b]
    t_ns, ticks = (np.concatenate(column) for column in zip(*parts, strict=True))
    last = np.concatenate([[whole.start_ns], t_ns])
    moved = [replace(hole, start_ns=min(hole.start_ns, int(last[np.searchsorted(t_ns, hole.stop_ns)]))) for hole in holes]
    hours, count = np.unique(t_ns // HOUR_NS * HOUR_NS, return_counts=True)
    return replace(
        whole,
        samples={**whole.samples, Stream.RR: Samples(t_ns, ticks)},
        gaps=tuple(sorted([gap for gap in whole.gaps if gap.stream is not Stream.RR] + moved, key=lambda gap: gap.start_ns)),
        counts={int(hour): HourCount(int(n), {}) for hour, n in zip(hours, count, strict=True)},
    )


def _faster(t_ns: IntArray, ticks: IntArray, starts_ns: Sequence[int], per_ns: float, length_ns: int) -> tuple[IntArray, IntArray]:
    """One segment with the pulse's extra beats in it: the phase at each beat is its number plus what the pulses added since."""
    since = t_ns - t_ns[0]
    near = [start - int(t_ns[0]) for start in starts_ns if start < t_ns[-1] and start + length_ns > t_ns[0]]
    if not near or len(t_ns) < 2:
        return t_ns, ticks
    corners = sorted({edge for start in near for edge in (start, start + length_ns) if 0 < edge < since[-1]})
    at = np.union1d(since, np.array(corners, np.int64))
    phase = np.interp(at, since, np.arange(len(since)))
    for start in near:
        phase += per_ns * (np.clip(at, start, start + length_ns) - np.clip(0, start, start + length_ns))
    beats = np.rint(np.interp(np.arange(int(phase[-1] + 1e-9) + 1), phase, at)).astype(np.int64)
    fresh = np.rint(np.diff(beats) * 2 / HALF_NS_PER_TICK).astype(np.int64)
    return t_ns[0] + beats, np.concatenate([ticks[:1], fresh])


def still_places(grid: Grid, *, before_ns: int, length_ns: int) -> IntArray:
    """Moments from which the body is still for `length_ns`, and was for `before_ns`, with every grid point there."""
    return grid.stop_ns[_all_from(grid.gate == Gate.STILL, -before_ns // GRID_NS, length_ns // GRID_NS)]


def _all_from(good: BoolArray, first: int, last: int) -> BoolArray:
    """(n,) whether every point from `first` to `last` steps after this one is good."""
    held = np.ones(len(good), bool)
    for step in range(first, last + 1):
        shifted = np.zeros(len(good), bool)
        source = good[max(step, 0) : len(good) + min(step, 0)]
        shifted[max(-step, 0) : max(-step, 0) + len(source)] = source
        held &= shifted
    return held


def spread_out(places_ns: IntArray, count: int, rng: np.random.Generator, *, apart_ns: int = 20 * MINUTE_NS) -> list[int]:
    """Up to `count` of the places in random order, each `apart_ns` from all the others."""
    chosen: list[int] = []
    for place in rng.permutation(places_ns).tolist():
        if all(abs(place - other) >= apart_ns for other in chosen):
            chosen.append(place)
        if len(chosen) == count:
            break
    return sorted(chosen)
