"""A person's days as figures: worn, usable, at rest, how often something stood out beside chance.

Knows tracks and baselines; knows no tags. Days run from 04:00 to 04:00 local time, and have 23 or 25 hours when the clocks change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from processing.exact import prefix
from processing.findings.track import UNWORN, Rows, Track, unworn
from processing.linking import chance_at
from processing.usual import Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, FloatArray, Gate, IntArray, word

STILL_LEAST = 30
"""Minutes: half an hour of still time before a day has a level at rest."""
HR_UNIT = 1e-3
POINT_H = GRID_NS / HOUR_NS
A_MINUTE = MINUTE_NS // GRID_NS


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """(n,) each, one a local day from number `first` on; hours, bpm, counts. NaN: not known."""

    first: int
    worn_h: FloatArray
    usable_h: FloatArray
    graded_h: FloatArray
    limited_h: FloatArray
    """Worn hours that are rhythm-limited."""
    still_hr: FloatArray
    chance: FloatArray
    chance_h: FloatArray
    """Usable hours whose chance is known."""
    gates: tuple[tuple[str, float], ...]
    """Hours by gate word, over all days."""


def overlay(tracks: Sequence[Track]) -> Track:
    """One timeline of several devices: at each point the one that leads there (`Rows.led`), whatever another may have made of it."""
    if not tracks:
        return Track("", 0, unworn(0))
    first_ns = min(track.first_ns for track in tracks)
    stop = max(track.first_ns + len(track.rows) * GRID_NS for track in tracks)
    if len(tracks) == 1:
        return tracks[0]
    out = unworn((stop - first_ns) // GRID_NS)
    for track in tracks:
        at = (track.first_ns - first_ns) // GRID_NS
        _fill(out.cut(at, at + len(track.rows)), track.rows, track.rows.led)
    return Track(tracks[0].device, first_ns, out)


def _fill(into: Rows, rows: Rows, where: BoolArray) -> None:
    for f in fields(Rows):
        getattr(into, f.name)[where] = getattr(rows, f.name)[where]


def day_start(day: int, offsets: Offsets) -> int:
    """UTC of 04:00 local time of a local day: the first instant that is of that day or a later one, also for who flew over it."""
    by_clock = [day * DAY_NS + DAY_BREAK_NS - offset_s * SECOND_NS for offset_s in set(offsets.offset_s)]
    return min(t_ns for t_ns in (*by_clock, *offsets.from_ns) if local_day(t_ns, offsets.one(t_ns)) >= day)


def days_of(track: Track, first: int, last: int, offsets: Offsets, baselines: Mapping[int, Baseline], constants: Constants) -> Days:
    """Local days `first` to `last`, both included. A track without rows there: zeros and NaN."""
    starts = [day_start(day, offsets) for day in range(first, last + 2)]
    edges = np.clip([track.index(start_ns) for start_ns in starts], 0, len(track.rows))
    rows = track.rows.cut(int(edges[0]), int(edges[-1]))
    edges = edges - edges[0]
    minutes = _Minutes.of(track, rows, starts, edges, offsets)
    chance, chance_h = _chance(minutes, len(edges) - 1, baselines, constants)
    return Days(
        first,
        worn_h=_hours(rows.worn, edges),
        usable_h=_hours(rows.usable, edges),
        graded_h=_hours(rows.usable & rows.graded, edges),
        limited_h=_hours(rows.worn & rows.limited, edges),
        still_hr=_at_rest(minutes, len(edges) - 1),
        chance=chance,
        chance_h=chance_h,
        gates=_gates(rows.gate),
    )


def _hours(flags: BoolArray, edges: IntArray) -> FloatArray:
    """Hours of the points that are set, by day."""
    return np.asarray(np.diff(prefix(flags)[edges]) * POINT_H, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Minutes:
    """One worn point a minute: what is a mean of half a minute says the same five seconds later. `day`: from 0; `local_ns`: by the clock on the wall."""

    rows: Rows
    day: IntArray
    stop_ns: IntArray
    local_ns: IntArray

    @classmethod
    def of(cls, track: Track, rows: Rows, starts: Sequence[int], edges: IntArray, offsets: Offsets) -> _Minutes:
        first_ns = track.first_ns + max(track.index(starts[0]), 0) * GRID_NS
        begin = -first_ns // GRID_NS % A_MINUTE
        at = np.arange(begin, len(rows), A_MINUTE)
        at = at[rows.worn[at]]
        stop_ns = first_ns + at * GRID_NS
        local_ns = stop_ns + offsets.at(stop_ns) * np.int64(SECOND_NS) if len(at) else stop_ns
        day = np.searchsorted(edges, at, side="right") - 1
        return cls(Rows(*(getattr(rows, f.name)[at] for f in fields(Rows))), day, stop_ns, local_ns)


def _gates(gate: NDArray[np.uint8]) -> tuple[tuple[str, float], ...]:
    counted = np.bincount(gate[gate != UNWORN], minlength=len(Gate))
    found = [(word(which), float(counted[which]) * POINT_H) for which in Gate]
    return tuple(sorted((each for each in found if each[1] > 0), key=lambda each: -each[1]))


def _at_rest(minutes: _Minutes, count: int) -> FloatArray:
    """Median still heart rate of each day, less the span's median at those hours, in bpm: evenings and mornings weigh as they were worn."""
    still = minutes.rows.still & (minutes.rows.hr != UNKNOWN)
    hr, of, hour = minutes.rows.hr[still] * HR_UNIT, minutes.day[still], minutes.local_ns[still] % DAY_NS // HOUR_NS
    usual = np.array([np.median(hr[hour == h]) if np.any(hour == h) else np.nan for h in range(24)])
    around = hr - usual[hour] if len(hr) else hr
    out = np.full(count, np.nan)
    for k in np.flatnonzero(np.bincount(of, minlength=count) >= STILL_LEAST).tolist():
        out[k] = np.median(around[of == k])
    return out


def _chance(minutes: _Minutes, count: int, baselines: Mapping[int, Baseline], constants: Constants) -> tuple[FloatArray, FloatArray]:
    """Rises that chance would show each day, and over how many usable hours that is known; NaN where it is of none."""
    each = minutes.rows.usable
    at, of, gate, usual = minutes.stop_ns[each], minutes.day[each], minutes.rows.gate[each].astype(np.int64), minutes.rows.usual[each]
    ahead_s = (minutes.local_ns[each] - at) // SECOND_NS
    rate = np.full(len(at), np.nan)
    for number in np.unique(usual).tolist():
        mine = usual == number
        rate[mine] = chance_at(baselines.get(number), at[mine], gate[mine], ahead_s[mine], constants)
    known = np.isfinite(rate)
    hours = np.bincount(of[known], minlength=count) / 60
    expected = np.bincount(of[known], weights=rate[known] / 60, minlength=count)
    return np.where(hours > 0, expected, np.nan), hours
