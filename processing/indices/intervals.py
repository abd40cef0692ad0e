"""NN intervals of many windows at once: mean, spreads, successive differences, Poincare axes, geometric index. Integers until the last root.

Knows settled beats and where windows begin and end among them; knows nothing of what makes a window usable (`features`), nor of time in ns.
An NN interval is one whose flag is `ok`; a pair is two neighbouring `ok` beats of one segment. Nothing else is ever differenced: a flagged
beat or a gap takes its pairs with it. Every value is a difference of running integer sums, so it is the same for any chunking, and a
window costs the same in a day as in a month. Sums of squares hold in 64 bits for windows of up to 700,000 beats, which is a week.
"""

from dataclasses import dataclass

import numpy as np

from processing.cleaning import TICKS_PER_S
from processing.exact import prefix, prefix_rows
from processing.windows import Settled
from somalink.domain.types import BoolArray, Flag, FloatArray, IntArray

MS_PER_TICK = 1000 / TICKS_PER_S
"""Exact in binary, so intervals in ms are too."""
HALF_TICK_MS = MS_PER_TICK / 2
"""What a heart that did not vary by one tick is taken to vary by: there is no logarithm of nothing, and this is the resolution."""
BIN_MS = 50
"""Bins of the geometric index (Baevsky & Chernikova 2017)."""
BIN_TICKS_X1000 = BIN_MS * TICKS_PER_S
"""An interval is in bin `ticks * 1000 // this`, and a difference over 50 ms where 1000 times it is more than this."""
ROOT_2 = float(np.sqrt(2))
_NEVER = np.iinfo(np.int32)


def follows(beats: Settled) -> BoolArray:
    """(n,): is this beat and the one before it `ok` and of one segment, so that they may be differenced?"""
    ok = beats.flag == Flag.OK
    pair = np.zeros(len(beats), bool)
    pair[1:] = ok[1:] & ok[:-1] & (beats.segment[1:] == beats.segment[:-1])
    return pair


class Differences:
    """Running sums over successive differences. A window [first, last) of beats holds the pairs whose both beats it holds."""

    def __init__(self, beats: Settled) -> None:
        self.pair = follows(beats)
        self.ticks = np.zeros(len(beats), np.int64)
        self.ticks[1:] = np.where(self.pair[1:], np.diff(beats.rr_ticks), 0)
        self._pairs, self._squares = prefix(self.pair), prefix(self.ticks * self.ticks)

    def within(self, first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
        """(k,) pairs of each window and (k,) their squared differences, summed, in ticks^2."""
        return between(self._pairs, inside(first, last), last), between(self._squares, inside(first, last), last)


def between(sums: IntArray, first: IntArray, last: IntArray) -> IntArray:
    """(k,) what running sums grew by over each window."""
    grown: IntArray = sums[last] - sums[first]
    return grown


def inside(first: IntArray, last: IntArray) -> IntArray:
    """(k,) the first beat of each window whose predecessor is in it too."""
    return np.minimum(first + 1, last)


def rmssd_ms(pairs: IntArray, squares: IntArray) -> FloatArray:
    """Root mean square of successive differences, ms; 0 without pairs. Task Force 1996, table 1."""
    return np.sqrt(squares / np.maximum(pairs, 1)) * MS_PER_TICK


def ln_ms(rmssd: FloatArray) -> FloatArray:
    """Its natural logarithm; half a tick at the least."""
    return np.log(np.maximum(rmssd, HALF_TICK_MS))


@dataclass(frozen=True, slots=True)
class TimeDomain:
    """(k,) each: accepted beats and pairs of a window, and what they say. Numbers where `nn` or `pairs` is below 2 mean nothing."""

    nn: IntArray
    pairs: IntArray
    mean_nn: FloatArray
    sdnn: FloatArray
    rmssd: FloatArray
    pnn50: FloatArray
    sd1: FloatArray
    sd2: FloatArray
    geometric: FloatArray
    """AMo / (2 Mo dX), 1/s2: share of beats in the fullest 50-ms bin in %, its centre in s, range in s. Infinite where dX is 0."""
    spread_ticks: IntArray
    """Longest less shortest NN interval."""


@dataclass(frozen=True, slots=True)
class Sums:
    """(k,) each: what windows hold, in ticks. `spread`, `fullest` and `mode`: longest less shortest interval,
    beats in the fullest 50-ms bin, and which bin that is."""

    nn: IntArray
    total: IntArray
    squares: IntArray
    pairs: IntArray
    step: IntArray
    step_squares: IntArray
    both: IntArray
    both_squares: IntArray
    over_50: IntArray
    spread: IntArray
    fullest: IntArray
    mode: IntArray


def told(sums: Sums) -> TimeDomain:
    """Definitions are NeuroKit2's (and the Task Force's, 1996): spreads by n - 1; SD1 = SDSD / sqrt 2, SD2 = SD(x + y) / sqrt 2; pNN50 in % of
    pairs + 1, which is the number of intervals where nothing is masked, strictly over 50 ms. The geometric index is Baevsky's."""
    nn, pairs = sums.nn, sums.pairs
    with np.errstate(divide="ignore", invalid="ignore"):
        geometric = 100 * sums.fullest / nn / (2 * (sums.mode + 0.5) * (BIN_MS / 1000) * (sums.spread / TICKS_PER_S))
    return TimeDomain(
        nn,
        pairs,
        sums.total / np.maximum(nn, 1) * MS_PER_TICK,
        _sd_ms(nn, sums.total, sums.squares),
        rmssd_ms(pairs, sums.step_squares),
        100 * sums.over_50 / (pairs + 1),
        _sd_ms(pairs, sums.step, sums.step_squares) / ROOT_2,
        _sd_ms(pairs, sums.both, sums.both_squares) / ROOT_2,
        geometric,
        sums.spread,
    )


class Intervals:
    """Running sums over the NN intervals of one stretch of beats; asked by windows [first, last) of its indices."""

    def __init__(self, beats: Settled) -> None:
        ok = beats.flag == Flag.OK
        self._rr, self._ok = beats.rr_ticks, ok
        rr = np.where(ok, beats.rr_ticks, 0)
        self._differences = Differences(beats)
        step = self._differences.ticks
        both = np.zeros(len(rr), np.int64)
        both[1:] = np.where(self._differences.pair[1:], rr[1:] + rr[:-1], 0)
        self._nn, self._sum, self._squares = prefix(ok), prefix(rr), prefix(rr * rr)
        self._step, self._both, self._both_squares = prefix(step), prefix(both), prefix(both * both)
        self._over_50 = prefix(np.abs(step) * 1000 > BIN_TICKS_X1000)

    def time_domain(self, first: IntArray, last: IntArray) -> TimeDomain:
        """What the NN intervals of each window [first, last) of beats say."""
        second = inside(first, last)
        pairs, squares = self._differences.within(first, last)
        return told(
            Sums(
                between(self._nn, first, last),
                between(self._sum, first, last),
                between(self._squares, first, last),
                pairs,
                between(self._step, second, last),
                squares,
                between(self._both, second, last),
                between(self._both_squares, second, last),
                between(self._over_50, second, last),
                *self._shape(first, last),
            )
        )

    def _shape(self, first: IntArray, last: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Range in ticks, beats in the fullest bin (the lowest of equals) and that bin's number; zeros where no beat is accepted."""
        if not self._ok.any():
            return (np.zeros(len(first), np.int64),) * 3
        longest = int(np.max(last - first))
        high = extreme(np.where(self._ok, self._rr, _NEVER.min).astype(np.int32), np.maximum, first, last, longest)
        low = extreme(np.where(self._ok, self._rr, _NEVER.max).astype(np.int32), np.minimum, first, last, longest)
        known = between(self._nn, first, last) > 0
        counts, lowest = self._histogram(first, last)
        mode = counts.argmax(axis=1)
        return np.where(known, high - low, 0), counts[np.arange(len(first)), mode].astype(np.int64), mode + lowest

    def _histogram(self, first: IntArray, last: IntArray) -> tuple[IntArray, int]:
        """(k, bins) NN intervals of each window by 50-ms bin, and the number of the first bin: only bins that some interval is in are carried."""
        bins = self._rr * 1000 // BIN_TICKS_X1000
        used = bins[self._ok]
        lowest = int(used.min())
        table = np.zeros((len(bins), int(used.max()) - lowest + 1), np.int32)
        table[np.flatnonzero(self._ok), used - lowest] = 1
        running = prefix_rows(table)
        return running[last] - running[first], lowest


def _sd_ms(n: IntArray, total: IntArray, squares: IntArray) -> FloatArray:
    """Standard deviation by n - 1, in ms, from integer sums in ticks; 0 where n < 2."""
    return np.asarray(np.sqrt((n * squares - total * total) / np.maximum(n * (n - 1), 1)) * MS_PER_TICK)


def extreme(values: IntArray, pick: np.ufunc, first: IntArray, last: IntArray, longest: int) -> IntArray:
    """(k,) the greatest or least (`pick`) of values[first:last]: two overlapping powers of two cover any range. 0 for an empty one."""
    table, length = values, 1
    found = np.zeros(len(first), np.int64)
    size = last - first
    while length <= longest:
        own = (size >= length) & (size < 2 * length)
        found[own] = pick(table[first[own]], table[last[own] - length])
        table = pick(table[:-length], table[length:])
        length *= 2
    return found
