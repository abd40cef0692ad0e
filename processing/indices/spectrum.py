"""LF and HF of many windows at once: one tachogram at 4 Hz on the clock, Welch's segments shared between windows. Powers in ms^2.

Knows settled beats and stops; knows nothing of what makes a window usable (`features`).

* **The tachogram** is each accepted interval at its closing beat, a quadratic spline through them (NeuroKit2's), read off at whole quarters of
  a second of UTC. The quarter-seconds are the same for every window that ever holds them, so no window has two segments where its neighbour
  has three. The spline runs over one or two flagged beats, as any spectrum must; it never runs over a gap, or over more than that.
* **An hour of it depends on that hour and 24 beats on either side** (the pull of a beat falls by 0.17 a beat): so it is the same bits whether
  a day, a month or the last ten minutes are asked, and differs by less than 1e-6 from the archive's as soon as 8 beats have followed.
* **Welch**: segments of half the window, a quarter apart, Hann, mean of the window removed, padded to twice their length, bands half-open and
  integrated by trapezoid: NeuroKit2's recipe. A segment counts if it is whole, that is, inside one unbroken span. A window counts if all
  three do, or two neighbours, which then speak for three quarters of it; one alone would be a different, far rougher measure.
* **Shared work**: where the hop between segments is a multiple of the step, three windows share every FFT. The mean is removed after it:
  |X - mW|^2 = |X|^2 - 2 m Re(X W*) + m^2 |W|^2, m being that mean and W the transform of Hann's window alone.
* Samples are whole 1e-6 ms and powers whole parts of 1e-9 ms^2 before they are summed, so that sums are exact in any order.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from processing.exact import prefix, row_sums
from processing.indices.intervals import MS_PER_TICK
from processing.windows import Settled, ticks_to_ns
from somalink.domain.constants import Beat
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import BoolArray, Flag, FloatArray, IntArray

RATE_HZ = 4
"""Five times what .4 Hz needs; NeuroKit2's 100 Hz tells nothing more and costs 25 times as much."""
SAMPLE_NS = SECOND_NS // RATE_HZ
LF_HZ, HF_HZ = (0.04, 0.15), (0.15, 0.40)
"""Task Force 1996, table 2; half-open, as NeuroKit2 has them."""
Bands = tuple[tuple[float, float], ...]
LF_S, HF_S = 120, 60
"""Least time behind a power: ten periods of the slowest wave would be 250 s for LF; two minutes is the Task Force's own least, one for HF."""
CONTEXT_BEATS = 24
"""How far a spline looks beyond its hour: 0.17^24 is below what a float64 holds."""
CONTEXT_NS = 120 * SECOND_NS
"""Time that surely holds so many beats; ask with so much on either side of the windows for values that stand."""
_NM = 1_000_000
"""Samples are kept in 1e-6 ms, so that a mean over any of them is exact."""
_OF_SQUARE, _OF_CROSS, _OF_CONSTANT = 1e9, 1e12, 1e15
"""The parts of a power are summed in whole 1e-9 ms^2 once they are multiplied by a mean of up to 2000 ms: none, once, twice."""
_ROWS, _USUAL = 128, 150 * RATE_HZ
"""Segments transformed at once, of 5-minute windows: a megabyte, which a second-level cache holds. Of longer windows fewer."""


@dataclass(frozen=True, slots=True)
class Powers:
    """`of` (bands, k), in ms^2, NaN where no two neighbouring segments are whole; `used_s` (k,) the seconds that were: W, 3 W / 4 or 0."""

    of: FloatArray
    used_s: IntArray


@dataclass(frozen=True, slots=True)
class Tachogram:
    """Samples `first`, `first` + 1, ... (a sample's time is its number x 250 ms, UTC): interval in 1e-6 ms, and the unbroken span it is in, 0 for none."""

    first: int
    values: IntArray
    span: IntArray


@dataclass(frozen=True, slots=True)
class Plan:
    """What windows of one length have in common: samples of a segment and between two, Hann's window and its transform W, the bins that any
    band holds, the bands among those, what turns |X|^2 into half a bin's trapezoid in ms^2, and (bands, 1) the powers of W itself."""

    size: int
    hop: int
    hann: FloatArray
    of_hann: NDArray[np.complex128]
    bins: slice
    bands: tuple[slice, ...]
    scale: float
    constant: FloatArray


def powers(beats: Settled, stops: IntArray, window_s: int, rules: Beat, *, bands: Bands = (LF_HZ, HF_HZ)) -> Powers:
    """Power by band of [stop - window, stop) for each stop; stops ascend, in whole quarter seconds. Empty in, empty out; never raises on beats.

    Bands adjoin and ascend, to 2 Hz at the most; of the first the bins below 4 / W, of which a segment holds not two periods, are left out, as
    NeuroKit2 does. What this says of a stop's last seconds still moves until 8 beats have closed after it.
    """
    found, used = np.full((len(bands), len(stops)), np.nan), np.zeros(len(stops), np.int64)
    if window_s < HF_S or not len(beats) or not len(stops):
        return Powers(found, used)
    plan = plan_of(window_s, bands)
    start = int(stops[0]) // SAMPLE_NS - 4 * plan.hop
    grid = tachogram(beats, start, int(stops[-1]) // SAMPLE_NS, rules, least_ns=max(HF_S, window_s * 3 // 4) * SECOND_NS)
    segments = stops[:, None] // SAMPLE_NS - start - plan.hop * np.array([4, 3, 2])
    whole = (grid.span[segments] > 0) & (grid.span[segments] == grid.span[segments + plan.size - 1])
    usable = np.flatnonzero(whole[:, 1] & (whole[:, 0] | whole[:, 2]))
    if len(usable):
        found[:, usable] = welch(grid, segments[usable], whole[usable], plan)
    used[usable] = np.where(whole[usable].all(axis=1), window_s, window_s * 3 // 4)
    return Powers(found, used)


# ---------------------------------------------------------------- the tachogram


def spans(beats: Settled, rules: Beat) -> tuple[IntArray, IntArray]:
    """Indices of `ok` beats, and the number (from 1) of the unbroken span each is in.

    A span ends with its segment, where `run_missing` or more beats in a row are flagged, and where more time has passed than so many
    beats would take: there is nothing to interpolate from then. And where beats lie closer than an interval may be short: two times that are
    the same, as after a clock that was set, have no curve between them.
    """
    kept = np.flatnonzero(beats.flag == Flag.OK)
    rr_ns = ticks_to_ns(beats.rr_ticks[kept])
    passed = np.diff(beats.t_ns[kept])
    broken = breaks(np.diff(beats.segment[kept]) != 0, np.diff(kept), passed, np.maximum(rr_ns[1:], rr_ns[:-1]), rules)
    return kept, prefix(broken) + 1 if len(kept) else kept


def breaks(new_segment: BoolArray, apart: IntArray, passed_ns: IntArray, longest_ns: IntArray, rules: Beat) -> BoolArray:
    """Whether a span ends between two accepted beats, `apart` beats and `passed_ns` from each other, the longer of whose intervals is `longest_ns`."""
    far = (apart > rules.run_missing) | (2 * passed_ns > (2 * rules.run_missing + 1) * longest_ns)
    return new_segment | far | (passed_ns < rules.rr_ms[0] * SECOND_NS // 1000)


def tachogram(beats: Settled, first: int, last: int, rules: Beat, *, least_ns: int = 0) -> Tachogram:
    """Samples [first, last). Spans shorter than `least_ns`, or of fewer than three beats, are left out.

    A span reaches from the beginning of its first interval, which is held, to the longest time a next beat may take after its last, or to the
    next span if that begins before.
    """
    values, span = np.zeros(last - first, np.int64), np.zeros(last - first, np.int64)
    kept, number = spans(beats, rules)
    t_ns, ticks = beats.t_ns[kept], beats.rr_ticks[kept]
    hold_ns = rules.rr_ms[1] * SECOND_NS // 1000
    edges = np.append(np.flatnonzero(np.diff(number, prepend=0)), len(number))
    begins_ns = np.append(t_ns[edges[:-1]] - ticks_to_ns(ticks[edges[:-1]]), last * SAMPLE_NS)
    for k, (begin, end) in enumerate(pairwise(edges.tolist())):
        from_ns, to_ns = int(begins_ns[k]), min(int(t_ns[end - 1]) + hold_ns, int(begins_ns[k + 1]))
        low, high = max(first, -(-from_ns // SAMPLE_NS)), min(last, -(-to_ns // SAMPLE_NS))
        if end - begin < 3 or to_ns - from_ns < least_ns or high <= low:
            continue
        span[low - first : high - first] = number[begin]
        values[low - first : high - first] = read_off(t_ns[begin:end], ticks[begin:end], low, high)
    return Tachogram(first, values, span)


def read_off(t_ns: IntArray, ticks: IntArray, first: int, last: int) -> IntArray:
    """Samples [first, last) of one span, hour by hour of UTC."""
    an_hour = HOUR_NS // SAMPLE_NS
    parts = []
    for hour in range(first // an_hour, (last - 1) // an_hour + 1):
        begin = max(0, int(np.searchsorted(t_ns, hour * HOUR_NS)) - CONTEXT_BEATS)
        end = int(np.searchsorted(t_ns, (hour + 1) * HOUR_NS)) + CONTEXT_BEATS
        samples = np.arange(max(first, hour * an_hour), min(last, (hour + 1) * an_hour)) - hour * an_hour
        seconds = np.asarray((t_ns[begin:end] - hour * HOUR_NS) / SECOND_NS)
        parts.append(_spline(seconds, np.asarray(ticks[begin:end] * MS_PER_TICK), np.asarray(samples / RATE_HZ)))
    return np.concatenate(parts)


def _spline(x: FloatArray, y: FloatArray, at: FloatArray) -> IntArray:
    """The quadratic spline through (x, y), knots halfway between, held beyond its ends; in 1e-6 ms. At least three points.

    What `scipy.interpolate.make_interp_spline(x, y, k=2)` makes, to the last digits (a test compares): for this degree its equations have three
    diagonals, and to say so costs half of its time for the few beats of one window.
    """
    from scipy.linalg.lapack import dgtsv

    knots = np.concatenate([[x[0]] * 3, (x[1:-2] + x[2:-1]) / 2, [x[-1]] * 3])
    inner = np.arange(2, len(x))
    left, middle, right = _basis(knots, inner, x[1:-1])
    lower, diagonal, upper = np.append(left, 0.0), np.concatenate([[1.0], middle, [1.0]]), np.append(0.0, right)
    weight = dgtsv(lower, diagonal, upper, y)[3]
    inside = np.minimum(np.maximum(at, x[0]), x[-1])
    which = np.searchsorted(knots[3:-3], inside, side="right") + 2
    left, middle, right = _basis(knots, which, inside)
    read = left * weight[which - 2] + middle * weight[which - 1] + right * weight[which]
    return np.asarray(np.rint(read * _NM), np.int64)


def _basis(knots: FloatArray, which: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The three quadratic B-splines that are not 0 at each x, which lies between knots `which` and `which` + 1 (de Boor 1978)."""
    low, high = knots[which], knots[which + 1]
    left = (high - x) ** 2 / ((high - knots[which - 1]) * (high - low))
    right = (x - low) ** 2 / ((knots[which + 2] - low) * (high - low))
    return left, 1 - left - right, right


# ---------------------------------------------------------------- Welch


@lru_cache(maxsize=8)
def plan_of(window_s: int, bands: Bands) -> Plan:
    """Segments of W / 2, a quarter of W apart; bins are 1 / W apart after padding."""
    size = window_s * RATE_HZ // 2
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    edges = [max(4, -(-round(hz * 10_000) * window_s // 10_000)) for hz in (bands[0][0], *(high for _, high in bands))]
    bins, within = slice(edges[0], edges[-1]), tuple(slice(low - edges[0], high - edges[0]) for low, high in pairwise(edges))
    of_hann = np.asarray(np.fft.rfft(hann, 2 * size)[bins])
    energy = 3 / 8 * size  # the sum of Hann's squares
    scale = 2 / (RATE_HZ * energy) / window_s / 2
    plan = Plan(size, size // 2, hann, of_hann, bins, within, scale, np.zeros((len(bands), 1)))
    return replace(plan, constant=_bands(of_hann.real[None] ** 2 + of_hann.imag[None] ** 2, plan, _OF_CONSTANT))


def welch(grid: Tachogram, segments: IntArray, whole: BoolArray, plan: Plan) -> FloatArray:
    """(bands, u) powers of windows whose (u, 3) segments begin at these samples of the grid; what is not `whole` does not count."""
    at = np.zeros(whole.shape, np.int64)
    begins, at[whole] = np.unique(segments[whole], return_inverse=True) if len(segments) > 1 else (segments[whole], np.arange(np.count_nonzero(whole)))
    square, cross = _transformed(grid, begins, plan)

    first = np.where(whole[:, 0], segments[:, 0], segments[:, 1])
    last = np.where(whole[:, 2], segments[:, 2], segments[:, 1]) + plan.size
    total = prefix(grid.values)
    mean = (total[last] - total[first]) / (last - first) / _NM
    m = mean[:, None]
    each = np.where(whole, square[:, at] - 2 * m * cross[:, at] + m * m * plan.constant[:, :, None], 0.0)
    return np.asarray((each[..., 0] + each[..., 1] + each[..., 2]) / np.where(whole[:, 0] & whole[:, 2], 3, 2))


def _transformed(grid: Tachogram, begins: IntArray, plan: Plan) -> tuple[FloatArray, FloatArray]:
    """(bands, s) sums of |X|^2 and of Re(X W*) for each segment, its mean still in it."""
    square, cross = np.empty((len(plan.bands), len(begins))), np.empty((len(plan.bands), len(begins)))
    samples = grid.values / _NM
    rows: FloatArray = np.ndarray((len(samples) - plan.size + 1, plan.size), samples.dtype, samples, strides=2 * samples.strides)
    at_once = max(1, min(_ROWS, _ROWS * _USUAL // plan.size))
    padded = np.zeros((min(at_once, len(begins)), 2 * plan.size))
    for k in range(0, len(begins), at_once):
        own = slice(k, k + at_once)
        x = padded[: len(begins[own])]
        np.multiply(_picked(rows, begins[own]), plan.hann, out=x[:, : plan.size])
        heard = np.fft.rfft(x, axis=1)[:, plan.bins]
        square[:, own] = _bands(heard.real**2 + heard.imag**2, plan, _OF_SQUARE)
        cross[:, own] = _bands(heard.real * plan.of_hann.real + heard.imag * plan.of_hann.imag, plan, _OF_CROSS)
    return square, cross


def _picked(rows: FloatArray, begins: IntArray) -> FloatArray:
    """rows[begins], not copied where they are evenly spaced, as they are on a grid."""
    step = int(begins[1] - begins[0]) if len(begins) > 1 else 1
    even = begins[-1] - begins[0] == step * (len(begins) - 1) and (begins[1:] - begins[:-1] == step).all()
    return np.asarray(rows[begins[0] : begins[-1] + 1 : step] if even else rows[begins])


def _bands(power: FloatArray, plan: Plan, quantum: float) -> FloatArray:
    """(bands, s) of (s, bins) powers by trapezoid: every bin twice, the first and last once, halves being in the scale."""
    whole = np.rint(power * (plan.scale * quantum)).astype(np.int64)
    return np.array([2 * row_sums(whole[:, band]) - whole[:, band.start] - whole[:, band.stop - 1] for band in plan.bands]) / quantum
