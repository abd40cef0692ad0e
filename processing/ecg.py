"""ECG -> R peaks -> beats, sample by sample and exactly: where each heartbeat peaks, to the nanosecond, and how far it stands out.

Knows samples and their times; knows nothing of straps, clocks or engines. All arithmetic is on integers, so peaks are the same for any
chunking and any restart. It finds beats and says how clean the trace is; it does not read rhythms.

The way of Pan and Tompkins (1985, IEEE Trans Biomed Eng 32:230): a band-pass, a threshold that follows the size of the last beats, a
refractory time, a search back where a beat is overdue. What differs: the band-pass is a difference of two Gaussians, symmetric and so
without delay, and a peak is placed by a parabola through its three highest samples. At 130 Hz a sample lasts 7.7 ms, and rounding to it
costs 2.2 ms rms, enough to raise a calm person's RMSSD by a seventh.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

import bottleneck
import numpy as np

from somalink.domain.time import SECOND_NS, TICK_NS_X2
from somalink.domain.types import Chunk, Columns, Flag, FloatArray, Gap, IntArray, Stream

NARROW_S = 0.008
"""Spread of the Gaussian that smooths: a QRS (80-100 ms) passes, muscle noise and mains (50 Hz to a twentieth) do not."""
WIDE_S = 0.025
"""Spread of the Gaussian that is taken away, the slow part: breathing, movement of the electrode, most of P and T."""
QRS_S = 0.01
"""Spread of an R wave; the floor is stated as the height of one."""
REACH = 3
"""A Gaussian ends at this many spreads, where it is down to a ninetieth."""
TAP_SCALE = 1 << 14
"""Taps are integers of this scale, so that the filter is exact."""
REFRACTORY_S = 0.2
"""No second beat this close to a larger one: 300 a minute is beyond a heart (Pan and Tompkins use the same)."""
T_WAVE_S = 0.36
"""A peak this close behind a beat and under half its size is its T wave (Pan and Tompkins)."""
FLOOR_UV10 = 500
"""Less than 50 uV after the band-pass is no heartbeat that electrodes on a chest can show, and a flat line has none."""
LEVEL_BEATS = 8
"""The sizes of this many beats, and of as many peaks that were none, set the threshold (Pan and Tompkins)."""
THRESHOLD = (3, 8)
"""How far up from the size of noise to the size of beats a peak must reach."""
TOO_LARGE = 3
"""A peak so many times the size of the last beats is an electrode that slipped."""
OVERDUE = (5, 3)
"""A beat is overdue after this many of the last intervals; then half the threshold will do (Pan and Tompkins: 1.66)."""
LEARN_S = 2.0
"""What must have been seen before sizes are known, and how long no beat is found before they are learnt anew: a heart at 35 beats twice."""
HOLE_NS = 50_000_000
"""A step in time longer than this is a hole: what stands on its two sides is never joined."""
RATE_SAMPLES = 33
"""Samples from whose times the rate of a segment is taken."""
RATES_HZ = (50.0, 1100.0)
"""Beyond these the times say that it is no ECG."""
AROUND_S = 0.1
"""How much on either side of a peak is the beat itself, when the trace between beats is judged."""
CLEAN = (4, 12)
"""A beat this many times the middle of the trace between beats is good for nothing, and for everything: quality 0 and 1."""
TRUSTED = 300
"""Least quality, in thousandths, of both peaks of an interval that is trusted."""
TURNED = (7, 5)
"""Beats point down where their bottom is this many times their top. An upright R has side lobes, and often an S almost as large as itself."""
MIN_BETWEEN = 4
"""Fewer samples between two beats say nothing of the trace; then what was known last stands."""
NO_BEATS = "no_beats"
"""Why intervals end where the trace goes on, or has a hole, and no beat is to be found."""
LAG_ROW = 5
"""Intervals in a row by which a beat is recognised in two records."""
LAG_REACH = 16
"""Beats to either side among which it is looked for: 6 s of a fast heart, which is how late a strap's intervals may come."""
LAG_OFF_NS = 5_000_000
"""How far two records of one interval differ on the average of a row: a tick, and the noise of two ways to find a peak."""
LAG_BEATS = 10
"""Fewer recognised beats say nothing."""
NEVER_NS = 1 << 62
LEARN_NS = int(LEARN_S * SECOND_NS)
T_WAVE_NS = int(T_WAVE_S * SECOND_NS)
Peak = tuple[int, int, int]
"""Position, size and sign (1 top, -1 bottom) of a peak of the band-passed trace."""
Found = tuple[int, int, int]
"""Time of a peak, its quality, whether it opens a run."""
LOOK_AHEAD_NS = int((LEARN_S + REFRACTORY_S + REACH * WIDE_S + 0.05) * SECOND_NS)
"""Peaks are told at the latest this long after they were: the search for an overdue beat, and the filters."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks(Columns):
    """R peaks, (n,) each, in time order. `quality` in thousandths: how far the peak stands out of the trace before it. `opens`: the
    first of an unbroken run, so that no interval ends at it."""

    t_ns: IntArray
    quality: IntArray
    opens: IntArray


@dataclass(frozen=True, slots=True)
class Shape:
    """What follows from the rate of a segment: taps of the band-pass from its middle outwards, and times as numbers of samples."""

    taps: tuple[int, ...]
    floor: int
    refractory: int
    around: int
    second: int
    keep: int

    @property
    def half(self) -> int:
        return len(self.taps) - 1


def shape_of(rate_hz: float) -> Shape:
    """The band-pass at this rate: integer taps that sum to nothing, so that no constant passes."""
    k = np.arange(int(np.ceil(REACH * WIDE_S * rate_hz)) + 1)
    narrow, wide = (np.exp(-((k / rate_hz / spread) ** 2) / 2) for spread in (NARROW_S, WIDE_S))
    taps = np.rint(_unit(narrow) - _unit(wide)).astype(np.int64).tolist()
    taps[0] -= taps[0] + 2 * _total(taps[1:])
    gain = QRS_S / math.hypot(QRS_S, NARROW_S) - QRS_S / math.hypot(QRS_S, WIDE_S)
    second = round(rate_hz)
    return Shape(tuple(taps), round(FLOOR_UV10 * TAP_SCALE * gain), round(REFRACTORY_S * rate_hz), round(AROUND_S * rate_hz), second, 5 * second)


def _unit(half: Any) -> Any:
    total = half[0]
    for value in half[1:].tolist():
        total += 2 * value
    return half / total * TAP_SCALE


def _total(values: list[int]) -> int:
    total = 0
    for value in values:
        total += value
    return total


def band_pass(uv10: IntArray, taps: tuple[int, ...]) -> IntArray:
    """(n,) samples -> (n - 2 half,) filtered in 0.1 uV x 2^14, the first for sample `half`; symmetric, so nothing is delayed. Exact."""
    half = len(taps) - 1
    if len(uv10) <= 2 * half:
        return np.zeros(0, np.int64)
    stop = len(uv10) - half
    out = taps[0] * uv10[half:stop]
    for k in range(1, half + 1):
        out += taps[k] * (uv10[half - k : stop - k] + uv10[half + k : stop + k])
    return out


@dataclass(slots=True)
class _Mind:
    """What the detector believes in the middle of a segment; positions are numbers of samples since the segment began."""

    since_ns: int
    """When the last beat was, or the last time that there was none in all the trace."""
    sizes: list[int] = field(default_factory=list)
    """Of the last beats; none while it is learning."""
    noise: list[int] = field(default_factory=list)
    intervals: list[int] = field(default_factory=list)
    """Of the last beats, in ns."""
    sign: int = 0
    """Which way the beats of this run point: 1 up, -1 down, 0 while unknown."""
    against: int = 0
    """How many beats in a row would rather point the other way."""
    last: int | None = None
    last_ns: int | None = None
    """Position and time of the last beat of the run."""
    quality: int = 0
    searched: bool = False
    pending: list[Peak] = field(default_factory=list)
    """Peaks since the last beat that were none, or not yet."""


class EcgPeaks:
    """R peaks of one ECG stream: `run` takes samples in time order, `cut` ends a run, `state` and `restore` carry it over a restart.

    Rates of 100-512 Hz, taken from the times; either sign. A hole of more than 50 ms begins a new run by itself. The first 0.2 s of a
    run and its last 0.3 s give no peaks: nobody has seen both sides of them. What is told of an instant is told `LOOK_AHEAD_NS` later at most.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._raw_t = self._raw = self._t = self._y = np.zeros(0, np.int64)
        self._shape: Shape | None = None
        self._rate_hz = 0.0
        self._origin = self._seen = 0
        self._mind: _Mind | None = None
        self._opening = True

    def run(self, t_ns: IntArray, uv10: IntArray) -> Peaks:
        """Samples (n,) in 0.1 uV at `t_ns` -> the peaks they make known, which may be of earlier calls. Empty in, empty out."""
        if not len(t_ns):
            return Peaks.empty()
        before = self._raw_t[-1] if len(self._raw_t) else t_ns[0]
        holes = np.flatnonzero(np.diff(t_ns, prepend=before) > HOLE_NS).tolist()
        found: list[Found] = []
        for start, stop in pairwise([0, *holes, len(t_ns)]):
            if start in holes:
                self._clear()
            found += self._feed(t_ns[start:stop], uv10[start:stop])
        return Peaks(*np.array(found, np.int64).reshape(-1, 3).T)

    def cut(self) -> None:
        """The run ends here; what comes next is another one."""
        self._clear()

    @property
    def last_ns(self) -> int | None:
        """Time of the last sample of the run; None before there is one."""
        return int(self._raw_t[-1]) if len(self._raw_t) else None

    # ---- from samples to peaks of the band-passed trace

    def _feed(self, t_ns: IntArray, uv10: IntArray) -> list[Found]:
        self._raw_t, self._raw = np.concatenate([self._raw_t, t_ns]), np.concatenate([self._raw, uv10])
        if self._shape is None and not self._measure():
            return []
        shape = self._shape
        assert shape is not None
        fresh = band_pass(self._raw, shape.taps)
        if not len(fresh):
            return []
        edge = len(self._raw) - shape.half
        self._t, self._y = np.concatenate([self._t, self._raw_t[shape.half : edge]]), np.concatenate([self._y, fresh])
        self._raw_t, self._raw = self._raw_t[-2 * shape.half :], self._raw[-2 * shape.half :]
        if self._mind is None:
            self._mind = _Mind(int(self._t[0]))
        found = self._decide(self._candidates(), self._mind)
        self._trim()
        return found

    def _measure(self) -> bool:
        """The rate, once enough samples of the segment are there."""
        if len(self._raw_t) < RATE_SAMPLES:
            return False
        span_ns = int(self._raw_t[RATE_SAMPLES - 1] - self._raw_t[0])
        rate = (RATE_SAMPLES - 1) * SECOND_NS / max(span_ns, 1)
        if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
            self._clear()
            return False
        self._rate_hz, self._shape = rate, shape_of(rate)
        return True

    def _candidates(self) -> list[Peak]:
        """Tops and bottoms that nothing of their sign exceeds within the refractory time on both sides, in time order."""
        assert self._shape is not None
        reach = self._shape.refractory
        first, last = self._seen - self._origin, len(self._y) - reach
        if last <= first:
            return []
        self._seen += last - first
        begin = max(first - reach, 0)
        part = self._y[begin:].astype(float)
        tops = [(first + at + self._origin, size, 1) for at, size in largest(part, first - begin, last - begin, reach, self._shape.floor)]
        bottoms = [(first + at + self._origin, size, -1) for at, size in largest(-part, first - begin, last - begin, reach, self._shape.floor)]
        return sorted(tops + bottoms)

    def _trim(self) -> None:
        assert self._shape is not None
        spare = len(self._y) - self._shape.keep
        if spare > 0:
            self._t, self._y, self._origin = self._t[spare:], self._y[spare:], self._origin + spare

    # ---- from peaks of the trace to beats

    def _decide(self, candidates: list[Peak], mind: _Mind) -> list[Found]:
        """Candidates in time order, and between them whatever has fallen due, so that it does not matter how samples were cut."""
        found: list[Found] = []
        for peak in candidates:
            self._until(self._time(peak[0]), mind, found)
            self._judge(peak, mind, found)
        if self._seen > self._origin:
            self._until(self._time(self._seen - 1), mind, found)
        return found

    def _time(self, position: int) -> int:
        return int(self._t[position - self._origin])

    def _until(self, now_ns: int, mind: _Mind, found: list[Found]) -> None:
        while now_ns > mind.since_ns + (patience := _patience(mind)):
            if mind.sizes and not mind.searched:
                self._search_back(mind, found)
            else:
                self._learn(mind.since_ns + patience, mind, found)

    def _judge(self, peak: Peak, mind: _Mind, found: list[Found]) -> None:
        position, size, sign = peak
        usual = bool(mind.sizes) and sign == mind.sign
        if usual and _is_beat(size, self._behind(position, mind), mind):
            self._accept(position, size, mind, found)
            return
        mind.pending.append(peak)
        if usual:
            _remember(mind.noise, size)

    def _behind(self, position: int, mind: _Mind) -> int:
        """How far behind the last beat this is, in ns."""
        return self._time(position) - mind.last_ns if mind.last_ns is not None else NEVER_NS

    def _search_back(self, mind: _Mind, found: list[Found]) -> None:
        """A beat is overdue: the largest peak since the last one will do, from half the threshold on."""
        mind.searched = True
        most = TOO_LARGE * _middle(mind.sizes)
        late = [(size, -at) for at, size, sign in mind.pending if sign == mind.sign and size <= most and self._behind(at, mind) > _t_wave(mind)]
        if late and 2 * max(late)[0] >= _threshold(mind):
            size, position = max(late)
            self._accept(-position, size, mind, found)

    def _learn(self, now_ns: int, mind: _Mind, found: list[Found]) -> None:
        """Sizes anew, from the largest peak since the last beat; without any, the run is over: the trace is flat."""
        mind.sizes, mind.noise, mind.searched = [], [], False
        up, down = (max((size for _, size, sign in mind.pending if sign == way), default=0) for way in (1, -1))
        if not up and not down:
            mind.since_ns, mind.last, mind.last_ns, self._opening = now_ns, None, None, True
            return
        if not mind.sign or not (up if mind.sign > 0 else down):
            mind.sign = -1 if _turned(up, down) else 1
        mind.sizes.append(up if mind.sign > 0 else down)
        self._again(mind, found)

    def _again(self, mind: _Mind, found: list[Found]) -> None:
        pending, mind.pending = mind.pending, []
        for peak in pending:
            self._judge(peak, mind, found)

    def _accept(self, position: int, size: int, mind: _Mind, found: list[Found]) -> None:
        at, now_ns = position - self._origin, self._time(position)
        if mind.last_ns is not None:
            _remember(mind.intervals, now_ns - mind.last_ns)
        _remember(mind.sizes, size)
        found.append((self._place(at), self._quality(position, size, mind), int(self._opening)))
        self._opening = False
        later = [peak for peak in mind.pending if peak[0] > position]
        mind.last, mind.last_ns, mind.since_ns, mind.searched, mind.pending = position, now_ns, now_ns, False, later
        self._vote(at, size, mind)
        self._again(mind, found)

    def _vote(self, at: int, size: int, mind: _Mind) -> None:
        """Eight beats in a row whose other side is the larger by far: the electrodes sit the other way round now."""
        assert self._shape is not None
        around = self._y[max(at - self._shape.around, 0) : at + self._shape.around + 1]
        other = -int(around.min()) if mind.sign > 0 else int(around.max())
        mind.against = mind.against + 1 if _turned(size, other) else 0
        if mind.against == LEVEL_BEATS:
            mind.sign, mind.against, mind.sizes = -mind.sign, 0, []

    # ---- where, and how well

    def _place(self, at: int) -> int:
        """Time of the top of the parabola through a peak and its neighbours, in ns."""
        if not 0 < at < len(self._y) - 1:
            return int(self._t[at])
        before, here, after = self._y[at - 1 : at + 2].tolist()
        return int(self._t[at]) + parabola(before, here, after, int(self._t[at + 1] - self._t[at - 1]))

    def _quality(self, position: int, size: int, mind: _Mind) -> int:
        """How many times the middle of the trace since the last beat this one is, as thousandths between good for nothing and clean."""
        assert self._shape is not None
        shape, stop = self._shape, position - self._shape.around
        start = max(self._origin, stop - shape.second, *([] if mind.last is None else [mind.last + shape.around]))
        between = np.abs(self._y[start - self._origin : stop - self._origin])
        if len(between) < MIN_BETWEEN:
            return mind.quality
        between.partition(len(between) // 2)
        middle = max(int(between[len(between) // 2]), 1)
        low, high = CLEAN
        mind.quality = min(max(1000 * (size - low * middle) // ((high - low) * middle), 0), 1000)
        return mind.quality

    # ---- memory

    def state(self) -> dict[str, Any]:
        mind = None if self._mind is None else {each.name: getattr(self._mind, each.name) for each in fields(_Mind)}
        rate = None if self._shape is None else self._rate_hz
        return {"raw": [self._raw_t, self._raw], "trace": [self._t, self._y], "at": [self._origin, self._seen, self._opening], "rate": rate, "mind": mind}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._raw_t, self._raw = state["raw"]
        self._t, self._y = state["trace"]
        self._origin, self._seen, self._opening = state["at"]
        self._shape = None if state["rate"] is None else shape_of(state["rate"])
        self._rate_hz = state["rate"] or 0.0
        self._mind = None if state["mind"] is None else _Mind(**{**state["mind"], "pending": [(at, size, sign) for at, size, sign in state["mind"]["pending"]]})


class EcgBeats:
    """The beats of an ECG as intervals: chunks of `Stream.RR`, and a `Gap` in it wherever a run of peaks ends and another begins.

    The first peak of a run closes no interval; the second is its first beat. An interval one of whose peaks is not to be trusted says so.
    """

    def __init__(self) -> None:
        self._peaks = EcgPeaks()
        self._last_ns: int | None = None
        self._trusted = False

    def run(self, t_ns: IntArray, uv10: IntArray) -> list[Chunk | Gap]:
        """Samples (n,) in 0.1 uV -> what they make known of the beats, in time order."""
        peaks = self._peaks.run(t_ns, uv10)
        opens = np.flatnonzero(peaks.opens).tolist()
        made: list[Chunk | Gap] = []
        for start, stop in pairwise(sorted({0, *opens, len(peaks)})):
            run = peaks.take(slice(start, stop))
            if start in opens:
                if self._last_ns is not None:
                    made.append(Gap(Stream.RR, self._last_ns, int(run.t_ns[0]), NO_BEATS, int(run.t_ns[0]) - self._last_ns))
                self._last_ns = None
            made += self._intervals(run)
        return made

    def cut(self) -> None:
        """The run ends here: what comes next is joined to nothing before."""
        self._peaks.cut()
        self._last_ns = None

    @property
    def told_ns(self) -> int | None:
        """Up to when every beat has been told; None while nothing came since the last cut."""
        last = self._peaks.last_ns
        return None if last is None else last - LOOK_AHEAD_NS

    def broken(self, t_ns: int) -> bool:
        """Whether a sample at `t_ns` or later would begin a new run."""
        last = self._peaks.last_ns
        return last is None or t_ns > last + HOLE_NS

    def _intervals(self, run: Peaks) -> list[Chunk | Gap]:
        trusted = run.quality >= TRUSTED
        t_ns = run.t_ns
        if self._last_ns is not None:
            t_ns, trusted = np.append(self._last_ns, t_ns), np.append(self._trusted, trusted)
        self._last_ns, self._trusted = int(t_ns[-1]), bool(trusted[-1])
        if len(t_ns) < 2:
            return []
        rr_ns = np.diff(t_ns)
        ticks = to_ticks(rr_ns)
        flags = np.where(trusted[1:] & trusted[:-1], Flag.OK, Flag.UNTRUSTED)
        return [Chunk(Stream.RR, t_ns[1:], ticks, flags, rr_ns - ticks * TICK_NS_X2 // 2)]

    def state(self) -> dict[str, Any]:
        """What it knows, as plain values and arrays."""
        return {"peaks": self._peaks.state(), "last": [self._last_ns, self._trusted]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        self._peaks.restore(state["peaks"])
        self._last_ns, self._trusted = state["last"]


def to_ticks(rr_ns: IntArray) -> IntArray:
    """Intervals in ns to the nearest tick of 1/1024 s, a half upwards."""
    ticks: IntArray = (4 * rr_ns + TICK_NS_X2) // (2 * TICK_NS_X2)
    return ticks


@dataclass(frozen=True, slots=True)
class Lag:
    """By how much a strap dates its beats later than its ECG shows them: the median, the spread (1.4826 MAD), over how many beats."""

    lag_ns: int
    spread_ns: int
    n: int


def lag(beats_t_ns: IntArray, beats_rr_ticks: IntArray, peaks_t_ns: IntArray) -> Lag | None:
    """How a strap's own beats lie against the peaks of its ECG: how well heart rate and ECG are aligned.

    Beats (n,) with their intervals in ticks, peaks (m,), times in ns, both in time order. A beat is recognised by its own interval and the four
    before it, among the peaks of some seconds around; one that could be two of them is left out. None where fewer than `LAG_BEATS` are recognised.
    """
    ends, intervals = peaks_t_ns[1:], np.diff(peaks_t_ns)
    if len(beats_t_ns) < LAG_ROW or len(intervals) < LAG_ROW:
        return None
    rr_ns = beats_rr_ticks * TICK_NS_X2 // 2
    near = np.searchsorted(ends, beats_t_ns)
    best, second, which = np.full(len(near), NEVER_NS), np.full(len(near), NEVER_NS), np.zeros(len(near), np.int64)
    for shift in range(-LAG_REACH, LAG_REACH + 1):
        off = _unlike(rr_ns, intervals, near + shift)
        second = np.minimum(second, np.maximum(off, best))
        which = np.where(off < best, near + shift, which)
        best = np.minimum(best, off)
    sure = (best <= LAG_ROW * LAG_OFF_NS) & (second > 2 * best)
    away = beats_t_ns[sure] - ends[which[sure]]
    if len(away) < LAG_BEATS:
        return None
    middle = int(np.median(away))
    return Lag(middle, int(1.4826 * np.median(np.abs(away - middle))), len(away))


def _unlike(rr_ns: IntArray, intervals: IntArray, at: IntArray) -> IntArray:
    """By how many ns a row of intervals up to each beat differs from the row up to interval `at`; (n,), NEVER_NS where there is no such row."""
    beat = np.arange(len(rr_ns))
    inside = (beat >= LAG_ROW - 1) & (at >= LAG_ROW - 1) & (at < len(intervals))
    total = np.zeros(len(rr_ns), np.int64)
    for back in range(LAG_ROW):
        total += np.abs(rr_ns[np.maximum(beat - back, 0)] - intervals[np.clip(at - back, 0, len(intervals) - 1)])
    return np.where(inside, total, NEVER_NS)


def parabola(before: int, here: int, after: int, span_ns: int) -> int:
    """By how much the top of the parabola through three samples is later than the middle one, in ns; `span_ns` lies between the outer two.

    >>> parabola(2, 4, 4, 2000)
    500
    """
    bend = 2 * (before - 2 * here + after)
    if not bend:
        return 0
    top, bottom = (before - after) * span_ns, 2 * bend
    return (2 * top + bottom) // (2 * bottom) if bottom > 0 else (-2 * top - bottom) // (-2 * bottom)


def largest(y: FloatArray, first: int, last: int, reach: int, floor: int) -> list[tuple[int, int]]:
    """Values of y[first:last] from `floor` on that nothing within `reach` samples exceeds: how far behind `first` each is, and the value.

    `y` (n,) whole numbers as floats, which `bottleneck` wants; they stay exact up to 2^53. Of equal ones the first counts.
    """
    at = np.arange(first, last)
    at = at[(y[first:last] >= floor) & (y[first:last] >= y[first + 1 : last + 1])]
    most = bottleneck.move_max(y, reach, min_count=1)
    left = np.where(at > 0, most[np.maximum(at - 1, 0)], np.inf)
    at = at[(y[at] > left) & (y[at] >= most[at + reach])]
    return list(zip((at - first).tolist(), y[at].astype(np.int64).tolist(), strict=True))


def _turned(size: int, other: int) -> bool:
    """Whether the other side of a beat is so large that it is the beat."""
    return other * TURNED[1] > size * TURNED[0]


def _patience(mind: _Mind) -> int:
    """How long after the last beat something has to be done about there being none."""
    if not mind.sizes or mind.searched or not mind.intervals:
        return LEARN_NS
    return min(_middle(mind.intervals) * OVERDUE[0] // OVERDUE[1], LEARN_NS)


def _t_wave(mind: _Mind) -> int:
    """Until when after a beat a small peak is taken for its T wave: at a fast rate it comes sooner."""
    return min(T_WAVE_NS, _middle(mind.intervals) * 2 // 3) if mind.intervals else T_WAVE_NS


def _threshold(mind: _Mind) -> int:
    noise = _middle(mind.noise) if mind.noise else 0
    return noise + max(_middle(mind.sizes) - noise, 0) * THRESHOLD[0] // THRESHOLD[1]


def _is_beat(size: int, behind_ns: int, mind: _Mind) -> bool:
    level = _middle(mind.sizes)
    if size < _threshold(mind) or size > TOO_LARGE * level:
        return False
    return behind_ns > _t_wave(mind) or 2 * size >= level


def _middle(values: list[int]) -> int:
    """The median, the lower of two."""
    return sorted(values)[(len(values) - 1) // 2]


def _remember(values: list[int], value: int) -> None:
    values.append(value)
    del values[:-LEVEL_BEATS]
