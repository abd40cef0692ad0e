"""What the level z did around a self-tag: how much it rose, how high, how soon, and how fast half of it was gone (science.md section 3.3).

Knows the level z of the grid, whether each point may be read, and when the tags were. Does not know what the tags say, nor the spikes:
the operator is the same at a tag and at any control moment, and asks nothing of the data but that enough of it is known.

A grid point speaks of the time before its stop, so "from a to b" means the points whose stop lies in (a, b]. All z here are whole 1e-4,
sums and comparisons are exact, and one division ends each number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from processing.exact import int_sum, prefix
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, Episode, Event, EventMetrics, Gate, Grid, IntArray

Z_PER_UNIT = 10_000
Q_PER_UNIT = 10_000

RESPONSE_NS = 10 * MINUTE_NS
"""The window of the response, [0, +10] min; a tag without an end is taken to last as long when others' baselines must avoid it."""
PRE_NS = (-15 * MINUTE_NS, -5 * MINUTE_NS)
PEAK_SHARE = (95, 100)
"""The peak is the 95th percentile: the highest of 120 overlapping points is one noisy half minute."""
HALF_POINTS = 12
"""60 s of grid points: half-recovery is of a minute's mean, so that one dip does not count as calm."""
AREA_NS = 30 * MINUTE_NS
SLOPE_NS = 10 * MINUTE_NS
HORIZON_NS = 60 * MINUTE_NS
"""Recovery is followed this long after the peak, then censored: later on other things have happened."""
KNOWN_SHARE = (1, 2)
"""A window speaks when at least half of it may be read: fewer points and the missing half could turn the sign of a rise."""
OPEN_GATES = (Gate.STILL, Gate.LIGHT, Gate.UNKNOWN)
"""Where heart rate is read against the usual; in the others it answers to the body's work."""

KERNEL = ((-8, 135), (-7, 216), (-6, 325), (-5, 458), (-4, 607), (-3, 755), (-2, 882), (-1, 969), (0, 1000),
          (1, 969), (2, 882), (3, 755), (4, 607), (5, 458), (6, 325), (7, 216), (8, 135))  # fmt: skip
"""Where a tag may truly have been: shifts in quarters of its certainty, out to two, with the normal weight in thousandths.
dz10 is the mean over these shifts of the plain rise at each, so a vague tag gives a blurred rise and never a searched-out one."""
KERNEL_STEPS = 4


Readable = Callable[[int, int], IntArray]
"""(first, last) -> level z, 1e-4, on every grid point from `first`, which is one, to `last`; UNKNOWN where it may not be read."""


def event_metrics(event: Event, grid: Grid, others: Sequence[Event], constants: Constants) -> EventMetrics:
    """Metrics of one event on the leading device's rows, in time order; None where too little may be read.

    `others`: the person's events; the event itself and deleted ones among them are passed over. `dz10` in z; `peak_z` is the height itself,
    not over the baseline; `latency_s` from tag to peak, below 0 where the body was first. `t_half_s` is None when there was no rise to
    recover from; with `t_half_censored` it is how long the level was seen to stay up. A tag more than 15 min vague has dz10 alone.
    """
    return metrics_of(event, readable_in(grid, constants), others, constants)


def metrics_of(event: Event, readable: Readable, others: Sequence[Event], constants: Constants) -> EventMetrics:
    """The same, on whatever can tell the level: the one operator for tags and for their matched moments."""
    around = [other for other in others if other.id != event.id and not other.deleted]
    level = _level(event, readable, around)
    dz10, pre_z = _blurred_rise(event, level)
    if event.certainty_s > constants.link.max_certainty_s:
        return EventMetrics(event.id, dz10=dz10, pre_z=pre_z)
    next_ns = min((other.t_ns for other in around if other.t_ns > event.t_ns), default=None)
    pre = _pre_of_peak(event, level)
    plain = EventMetrics(event.id, dz10=dz10, pre_z=pre_z, area=_area(event, level, pre, next_ns), slowing_z=_slowing(event, level, next_ns))
    peak = _peak(event, level, next_ns)
    if peak is None:
        return plain
    peak_z, peak_ns = peak
    half = _half_recovery(peak_z, peak_ns, pre, level, next_ns, constants)
    return replace(
        plain,
        peak_z=peak_z / Z_PER_UNIT,
        latency_s=(peak_ns - event.t_ns) / SECOND_NS,
        t_half_s=None if half is None else half[0] / SECOND_NS,
        t_half_censored=None if half is None else half[1],
        slope=_slope(peak_ns, level, next_ns),
    )


def half_back(episode: Episode, grid: Grid, constants: Constants) -> float | None:
    """Seconds from an episode's highest level until a minute's mean was half-way back to the ten calm minutes before its start.

    None where that was not seen within an hour: too little known before it, no fall, or the signal ended.
    """
    end_ns = (episode.peak_ns if episode.stop_ns is None else episode.stop_ns) + GRID_NS
    first_ns = (episode.start_ns + PRE_NS[0]) // GRID_NS * GRID_NS
    z = readable_in(grid, constants)(first_ns, end_ns + HORIZON_NS + MINUTE_NS)
    level = _Level(first_ns, z, z)
    pre, begins = _between(level, z, episode.start_ns + PRE_NS[0], episode.start_ns + PRE_NS[1]), level.index(episode.start_ns) - 1
    within = z[begins : level.index(end_ns)]
    if pre is None or not len(within):
        return None
    top = int(np.argmax(within))
    half = _half_recovery(int(within[top]), level.stop_ns(begins + top), _middle(pre), level, None, constants)
    return None if half is None or half[1] else half[0] / SECOND_NS


@dataclass(frozen=True, slots=True)
class _Level:
    """Level z on every grid point around one event, UNKNOWN where it may not be read; `calm` also where another event was going on."""

    first_ns: int
    z: IntArray
    calm: IntArray

    def index(self, t_ns: int) -> int:
        """Index of the first point with stop > `t_ns`."""
        return (t_ns - self.first_ns) // GRID_NS + 1

    def stop_ns(self, index: int) -> int:
        return self.first_ns + index * GRID_NS


def _level(event: Event, readable: Readable, others: Sequence[Event]) -> _Level:
    """The points from the earliest baseline the kernel reaches to the latest moment of recovery."""
    first_ns, last_ns = reach(event.t_ns, event.certainty_s)
    z = readable(first_ns, last_ns)
    level = _Level(first_ns, z, z.copy())
    for other in others:
        _blot(level, other.t_ns, max(other.t_end_ns or 0, other.t_ns + RESPONSE_NS))
    return level


def reach(t_ns: int, certainty_s: int) -> tuple[int, int]:
    """First and last grid stop that the metrics of a moment may look at."""
    blur_ns = KERNEL[-1][0] * certainty_s * SECOND_NS // KERNEL_STEPS
    first_ns = (t_ns - blur_ns + PRE_NS[0] - RESPONSE_NS) // GRID_NS * GRID_NS
    return first_ns, t_ns + blur_ns + RESPONSE_NS + HORIZON_NS + MINUTE_NS


def readable_in(grid: Grid, constants: Constants) -> Readable:
    """What may be read of these rows, which are in order of time."""

    def readable(first_ns: int, last_ns: int) -> IntArray:
        z = np.full((last_ns - first_ns) // GRID_NS + 1, UNKNOWN, np.int64)
        rows = grid.take(slice(*np.searchsorted(grid.stop_ns, [first_ns, last_ns + 1])))
        known = may_be_read(rows, constants)
        z[(rows.stop_ns[known] - first_ns) // GRID_NS] = rows.z[known]
        return z

    return readable


def may_be_read(rows: Grid, constants: Constants) -> BoolArray:
    """(n,) whether the level at a row speaks of the person: known well enough, and not answering to the body's work."""
    good = np.isin(rows.gate, OPEN_GATES) & (rows.hr_q >= round(constants.usual.min_quality * Q_PER_UNIT)) & (rows.z != UNKNOWN)
    return np.asarray(good, np.bool_)


def _blot(level: _Level, from_ns: int, to_ns: int) -> None:
    """Take another event's span out of the calm points."""
    level.calm[max(level.index(from_ns), 0) : max(level.index(to_ns), 0)] = UNKNOWN


def _known(column: IntArray, from_index: int, to_index: int) -> IntArray | None:
    """The readable points of a stretch, or None when they are too few to speak for it."""
    part = column[from_index:to_index]
    known = part[part != UNKNOWN]
    return known if len(known) and len(known) * KNOWN_SHARE[1] >= (to_index - from_index) * KNOWN_SHARE[0] else None


def _between(level: _Level, column: IntArray, from_ns: int, to_ns: int) -> IntArray | None:
    return _known(column, level.index(from_ns), level.index(to_ns))


def _blurred_rise(event: Event, level: _Level) -> tuple[float | None, float | None]:
    """dz10 and what it is over: means over where the tag may have been of the plain rise and of the calm before it; None when under half of
    that weight is known."""
    shifts = [(weight, _rise(event.t_ns + step * event.certainty_s * SECOND_NS // KERNEL_STEPS, level)) for step, weight in KERNEL]
    told = [(weight, rise) for weight, rise in shifts if rise is not None]
    weights = int_sum(np.array([weight for weight, _ in told], np.int64))
    if weights * KNOWN_SHARE[1] < int_sum(np.array([weight for _, weight in KERNEL])) * KNOWN_SHARE[0]:
        return None, None
    after, before = (int_sum(np.array([weight * rise[k] for weight, rise in told])) for k in (0, 1))
    return round((after - before) / weights) / Z_PER_UNIT, round(before / weights) / Z_PER_UNIT


def _rise(t_ns: int, level: _Level) -> tuple[int, int] | None:
    """Mean z of [0, +10] min and the median of [-15, -5] min, in 1e-4; None when either is too little known."""
    after = _between(level, level.z, t_ns, t_ns + RESPONSE_NS)
    before = _between(level, level.calm, t_ns + PRE_NS[0], t_ns + PRE_NS[1])
    if after is None or before is None:
        return None
    return round(int_sum(after) / len(after)), _middle(before)


def _until_next(level: _Level, from_ns: int, to_ns: int, next_ns: int | None) -> IntArray:
    """The points of a stretch, UNKNOWN from the next event on."""
    first = level.index(from_ns)
    window = level.z[first : level.index(to_ns)].copy()
    if next_ns is not None:
        window[max(level.index(next_ns) - first, 0) :] = UNKNOWN
    return window


def _area(event: Event, level: _Level, pre: int | None, next_ns: int | None) -> float | None:
    """z x min above `pre` in the half hour after the tag, for the whole of it; None when under half of it, or of its first ten minutes, may be
    read before the next event."""
    window = _until_next(level, event.t_ns, event.t_ns + AREA_NS, next_ns)
    known, response = _known(window, 0, len(window)), _known(window, 0, RESPONSE_NS // GRID_NS)
    if known is None or response is None or pre is None:
        return None
    return round((int_sum(known) / len(known) - pre) * (AREA_NS / MINUTE_NS)) / Z_PER_UNIT


def _slowing(event: Event, level: _Level, next_ns: int | None) -> float | None:
    """The least mean of a minute, at least half of it known, in the ten minutes after the tag; None when under half of them may be read."""
    window = _until_next(level, event.t_ns, event.t_ns + RESPONSE_NS, next_ns)
    if _known(window, 0, len(window)) is None:
        return None
    minutes = [known for first in range(0, len(window) - HALF_POINTS + 1, HALF_POINTS) if (known := _known(window, first, first + HALF_POINTS)) is not None]
    return min((round(int_sum(known) / len(known)) / Z_PER_UNIT for known in minutes), default=None)


def _slope(peak_ns: int, level: _Level, next_ns: int | None) -> float | None:
    """Theil-Sen slope of the ten minutes' means after the peak, z a min; None when under half of them may be read before the next event.

    Of means of minutes, since 7,000 pairs of points that overlap by 25 s say no more than 45 of ten. Not scipy's `theilslopes`, whose interval and
    checks cost as much as all other metrics of a moment together.
    """
    window = _until_next(level, peak_ns, peak_ns + SLOPE_NS, next_ns)
    minutes = [(k, known) for k in range(SLOPE_NS // MINUTE_NS) if (known := _known(window, k * HALF_POINTS, (k + 1) * HALF_POINTS)) is not None]
    if 2 * len(minutes) < SLOPE_NS // MINUTE_NS:
        return None
    at = np.array([k for k, _ in minutes], np.int64)
    mean = np.array([round(int_sum(known) / len(known)) for _, known in minutes], np.int64)
    early, late = np.triu_indices(len(at), 1)
    return round(float(np.median((mean[late] - mean[early]) / (at[late] - at[early])))) / Z_PER_UNIT


def _middle(values: IntArray) -> int:
    """Median of (n,) integers, n > 0, to the nearest one: what `round(median(values))` is, without a tenth of a millisecond of ceremony."""
    ordered = np.sort(values)
    return round((int(ordered[(len(ordered) - 1) // 2]) + int(ordered[len(ordered) // 2])) / 2)


def _peak(event: Event, level: _Level, next_ns: int | None) -> tuple[int, int] | None:
    """Height and moment of the peak in the response window, widened by the tag's certainty and cut at the next event.

    The moment is the first point that reaches the 95th percentile. None when under half of the whole window may be read.
    """
    from_ns, to_ns = event.t_ns - event.certainty_s * SECOND_NS, event.t_ns + RESPONSE_NS + event.certainty_s * SECOND_NS
    first, window = level.index(from_ns), _until_next(level, from_ns, to_ns, next_ns)
    known = _known(window, 0, len(window))
    if known is None:
        return None
    height = int(np.sort(known)[-(-len(known) * PEAK_SHARE[0] // PEAK_SHARE[1]) - 1])
    return height, level.stop_ns(first + int(np.argmax(window >= height)))


def _pre_of_peak(event: Event, level: _Level) -> int | None:
    """Median of the ten calm minutes before the tag, moved back where the window of the peak would reach into them."""
    back_ns = max(event.certainty_s * SECOND_NS + PRE_NS[1], 0)
    before = _between(level, level.calm, event.t_ns + PRE_NS[0] - back_ns, event.t_ns + PRE_NS[1] - back_ns)
    return None if before is None else _middle(before)


def _half_recovery(peak_z: int, peak_ns: int, pre: int | None, level: _Level, next_ns: int | None, constants: Constants) -> tuple[int, bool] | None:
    """Time from peak to the stop of the first minute after it whose mean is at most halfway back, and whether it was censored instead.

    Followed until 60 min, the next event, or the last point before more than 90 s that may not be read.
    """
    if pre is None or peak_z <= pre:
        return None
    limit_ns = peak_ns + HORIZON_NS if next_ns is None else min(peak_ns + HORIZON_NS, next_ns)
    after = level.z[level.index(peak_ns) : level.index(limit_ns)]
    seen = _until_gap(after, constants.spike.unknown_s * SECOND_NS // GRID_NS)
    back = _first_low_minute(after[:seen], peak_z + pre)
    if back is not None:
        return back * GRID_NS, False
    return (seen * GRID_NS if seen < len(after) else limit_ns - peak_ns), True


def _until_gap(column: IntArray, most_unknown: int) -> int:
    """How many points there are up to the last readable one before more than `most_unknown` unreadable ones; the end counts as a gap too."""
    known = np.flatnonzero(column != UNKNOWN)
    edges = np.concatenate([[-1], known, [len(column)]])
    wide = np.flatnonzero(np.diff(edges) - 1 > most_unknown)
    return int(edges[wide[0]]) + 1 if len(wide) else len(column)


def _first_low_minute(column: IntArray, twice_half: int) -> int | None:
    """Points up to the end of the first minute with 2 x mean <= `twice_half`, at least half of it readable; None when there is none."""
    if len(column) < HALF_POINTS:
        return None
    known = column != UNKNOWN
    count, total = prefix(known), prefix(np.where(known, column, 0))
    n, z = count[HALF_POINTS:] - count[:-HALF_POINTS], total[HALF_POINTS:] - total[:-HALF_POINTS]
    low = np.flatnonzero((n * KNOWN_SHARE[1] >= HALF_POINTS * KNOWN_SHARE[0]) & (2 * z <= n * twice_half))
    return int(low[0]) + HALF_POINTS if len(low) else None
