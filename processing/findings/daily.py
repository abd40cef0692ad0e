"""A person's days as figures: worn, usable, at rest, how often something stood out beside chance.

Knows tracks and baselines; knows no tags. Days run from 04:00 to 04:00 local time, and have 23 or 25 hours when the clocks change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from processing.findings.track import UNWORN, Rows, Track, unworn
from processing.linking import chance_at
from processing.usual import Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, FloatArray, Gate, IntArray, word

STILL_LEAST = 30
"""Minutes: half an hour of still time before a day has a level at rest."""
HR_UNIT = 1e-3
POINT_H = GRID_NS / HOUR_NS


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """(n,) each, one a local day from number `first` on; hours, bpm, counts. NaN: not known."""

    first: int
    worn_h: FloatArray
    usable_h: FloatArray
    graded_h: FloatArray
    still_hr: FloatArray
    chance: FloatArray
    chance_h: FloatArray
    """Usable hours whose chance is known."""
    gates: tuple[tuple[str, float], ...]
    """Hours by gate word, over all days."""


def overlay(tracks: Sequence[Track]) -> Track:
    """One timeline of several devices: at each point the first that can be used there, else the first that was worn. Best device first."""
    if not tracks:
        return Track("", 0, unworn(0))
    first_ns = min(track.first_ns for track in tracks)
    stop = max(track.first_ns + len(track.rows) * GRID_NS for track in tracks)
    if len(tracks) == 1:
        return tracks[0]
    out = unworn((stop - first_ns) // GRID_NS)
    places = [out.cut(at := (track.first_ns - first_ns) // GRID_NS, at + len(track.rows)) for track in tracks]
    for here, track in zip(places, tracks, strict=True):
        _fill(here, track.rows, track.rows.usable & ~here.usable)
    for here, track in zip(places, tracks, strict=True):
        _fill(here, track.rows, track.rows.worn & ~here.worn)
    return Track(tracks[0].device, first_ns, out)


def _fill(into: Rows, rows: Rows, where: BoolArray) -> None:
    for f in fields(Rows):
        getattr(into, f.name)[where] = getattr(rows, f.name)[where]


def days_of(track: Track, first: int, last: int, offsets: Offsets, baselines: Mapping[int, Baseline], constants: Constants) -> Days:
    """Local days `first` to `last`, both included. A track without rows there: zeros and NaN."""
    count = last - first + 1
    from_ns, to_ns = first * DAY_NS - DAY_NS, (last + 3) * DAY_NS
    rows = track.between(from_ns - GRID_NS, to_ns)
    stop_ns = max(track.first_ns, from_ns // GRID_NS * GRID_NS) + np.arange(len(rows), dtype=np.int64) * GRID_NS
    local_ns = stop_ns + offsets.at(stop_ns) * np.int64(SECOND_NS) if len(rows) else stop_ns
    day = (local_ns - GRID_NS - DAY_BREAK_NS) // DAY_NS - first
    inside = (day >= 0) & (day < count) & rows.worn
    kept = Rows(*(getattr(rows, f.name)[inside] for f in fields(Rows)))
    day, local_ns, stop_ns = day[inside], local_ns[inside], stop_ns[inside]
    chance, chance_h = _chance(kept, day, stop_ns, count, offsets, baselines, constants)
    return Days(
        first,
        worn_h=_hours(day, count),
        usable_h=_hours(day[kept.usable], count),
        graded_h=_hours(day[kept.usable & kept.graded], count),
        still_hr=_at_rest(kept, day, local_ns, count),
        chance=chance,
        chance_h=chance_h,
        gates=_gates(kept.gate),
    )


def _hours(day: IntArray, count: int) -> FloatArray:
    return np.asarray(np.bincount(day, minlength=count) * POINT_H, np.float64)


def _gates(gate: NDArray[np.uint8]) -> tuple[tuple[str, float], ...]:
    counted = np.bincount(gate[gate != UNWORN], minlength=len(Gate))
    found = [(word(which), float(counted[which]) * POINT_H) for which in Gate]
    return tuple(sorted((each for each in found if each[1] > 0), key=lambda each: -each[1]))


def _at_rest(rows: Rows, day: IntArray, local_ns: IntArray, count: int) -> FloatArray:
    """Median still heart rate of each day, less the span's median at those hours, in bpm: evenings and mornings weigh as they were worn.

    Of one point a minute: what is a mean of half a minute says the same five seconds later.
    """
    still = rows.still & (rows.hr != UNKNOWN) & (local_ns % MINUTE_NS == 0)
    hr, of, hour = rows.hr[still] * HR_UNIT, day[still], local_ns[still] % DAY_NS // HOUR_NS
    usual = np.array([np.median(hr[hour == h]) if np.any(hour == h) else np.nan for h in range(24)])
    around = hr - usual[hour] if len(hr) else hr
    out = np.full(count, np.nan)
    for k in np.flatnonzero(np.bincount(of, minlength=count) >= STILL_LEAST).tolist():
        out[k] = np.median(around[of == k])
    return out


def _chance(
    rows: Rows, day: IntArray, stop_ns: IntArray, count: int, offsets: Offsets, baselines: Mapping[int, Baseline], constants: Constants
) -> tuple[FloatArray, FloatArray]:
    """Rises that chance would show each day, and over how many usable hours that is known; NaN where it is of none."""
    each = rows.usable & (stop_ns % MINUTE_NS == 0)
    at, of, gate, usual = stop_ns[each], day[each], rows.gate[each].astype(np.int64), rows.usual[each]
    rate = np.full(len(at), np.nan)
    for number in np.unique(usual).tolist():
        mine = usual == number
        rate[mine] = chance_at(baselines.get(number), at[mine], gate[mine], offsets.at(at[mine]), constants)
    known = np.isfinite(rate)
    hours = np.bincount(of[known], minlength=count) / 60
    expected = np.bincount(of[known], weights=rate[known] / 60, minlength=count)
    return np.where(hours > 0, expected, np.nan), hours
