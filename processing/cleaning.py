"""Beats -> flags: the causal Lipponen-Tarvainen classifier. Knows intervals and segments; knows nothing of windows or streams.

Lipponen & Tarvainen 2019, J Med Eng Technol 43:173, with what a live strap needs (engine, section 1):

* thresholds from the trailing 91 |dRR|, their history running over gaps < 60 s (a real recorder pauses every half minute) while
  differences never do;
* 2 beats of look-ahead inside the segment and within 5 s of the beat, so that every flag is settled once, 5 s after its beat;
* a floor of 20 ms, and of a tenth of the local median: at 1/1024 s a steady heart has a quartile spread of 0, and everything would be an
  artefact; and 5.2 quartile deviations are little more than two standard ones, which three intervals in a hundred pass by chance;
* fewer than 20 beats of history: |RR - median of 11| > 20 %.

All arithmetic is in ticks, so flags are the same for any chunking. Only what stands out is looked at closely: a beat costs a place in
two sorted windows of 91, whether one is asked or a day. `processing.correction` is the same method after the fact.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from processing.exact import prefix
from somalink.domain.constants import Beat
from somalink.domain.time import SECOND_NS
from somalink.domain.types import NOT_GIVEN, BoolArray, Columns, Flag, FloatArray, IntArray

TICKS_PER_S = 1024
MISSING = np.iinfo(np.int32).max
"""A value that is not there, in what `quantiles4` sorts: it comes after all that are."""
LOOK_BACK = 4
"""Beats before the first one asked for whose own place decides: a run of three flags reaches back two, and a flag of one looks back two."""
_BLOCK = 2048
"""Rows sorted at a time: 91 of 4 bytes each, which a core's own cache holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Raw(Columns):
    """Beats as they came. All (n,): closing time, RR in ticks, segment id, edge flag (OK, STALE or UNTRUSTED), `run`: a
    number that rises after every gap of 60 s or more, where the threshold history starts anew, and what is passed on unread."""

    t_ns: IntArray
    rr_ticks: IntArray
    segment: IntArray
    edge: IntArray
    run: IntArray
    rr_fine_ns: IntArray = field(default=NOT_GIVEN, metadata={"fill": 0})


@dataclass(frozen=True, slots=True)
class Classified:
    """(n,) each: the settled flag, the local median interval in ticks (the correction inside an index), whether a flagged beat
    stands in a run of `run_missing` or more (missing data), and the time by which the flag was settled."""

    flag: IntArray
    median_ticks: IntArray
    in_run: BoolArray
    irregular: BoolArray
    """Between two opposite jumps of more than 15 % of the local median: ectopy so frequent that the thresholds have grown used to it still
    shows here (in strict bigeminy the median itself is the beat's own kind), while slow breathing, which moves RR farther but a step
    at a time, does not."""


def quantiles4(
    values: IntArray, reach: tuple[int, int], quarters: tuple[int, ...], *, oldest: IntArray | None = None, since: int = 0
) -> tuple[list[IntArray], IntArray]:
    """Four times the quantiles `quarters`/4 (linear between neighbours; exact in integers) of the values around each place.

    `values`: (n,) ints, MISSING where there is none. The window of place i is [i - reach[0], i + reach[1]], cut at the ends and, where
    `oldest` (n,) is given, at the place `oldest[i]`. Answers for the places from `since` on: one (n - since,) array a quarter, and how many
    values stood behind them; of none, the quantile is without meaning.
    """
    behind, ahead = reach
    n, width = len(values), behind + 1 + ahead
    padded = np.full(n + behind + ahead, MISSING, np.int32)
    np.minimum(values, MISSING, out=padded[behind : behind + n], casting="unsafe")
    known, place = prefix(values < MISSING), np.arange(since, n)
    begin = np.maximum(place - behind, 0)
    if oldest is not None:
        begin = np.maximum(begin, oldest[since:])
    count = known[np.minimum(place + ahead + 1, n)] - known[begin]
    rows = np.ndarray((n, width), np.int32, padded, strides=(padded.itemsize, padded.itemsize))
    out = [np.empty(n - since, np.int64) for _ in quarters]
    for first in range(0, n - since, _BLOCK):
        some = slice(first, min(first + _BLOCK, n - since))
        block = rows[since + some.start : since + some.stop].copy()
        short = (begin - place + behind)[some]
        if oldest is not None and short.any():
            block[np.arange(width) < short[:, None]] = MISSING
        block.sort(axis=-1)
        for quantile, quarter in zip(out, quarters, strict=True):
            quantile[some] = _read4(block, count[some], quarter)
    return out, count


def _read4(ordered: NDArray[np.int32], count: IntArray, quarter: int) -> IntArray:
    """Four times the quantile `quarter`/4 of the first `count` values of each row."""
    if (count == ordered.shape[1]).all():
        low, rest = divmod((ordered.shape[1] - 1) * quarter, 4)
        return ordered[:, low] * np.int64(4 - rest) + ordered[:, min(low + 1, ordered.shape[1] - 1)] * np.int64(rest)
    most, row = np.maximum(count - 1, 0), np.arange(len(ordered))
    lows, rests = np.divmod(most * quarter, 4)
    quantile: IntArray = ordered[row, lows] * (4 - rests) + ordered[row, np.minimum(lows + 1, most)] * rests
    return quantile


@dataclass(frozen=True, slots=True)
class _Series:
    """What the thresholds rest on, (n,) each: whether the beat before is its neighbour, the step from it in ticks, twice the local
    median, four times how far the interval is off it (an interval too short counts double), and whether one and two beats follow."""

    chained: BoolArray
    step: IntArray
    median2: IntArray
    off2: IntArray
    one: BoolArray
    two: BoolArray


def _series(raw: Raw, oldest: IntArray | None, rules: Beat) -> _Series:
    n, rr = len(raw), raw.rr_ticks
    one, two = (_ahead(raw, k, rules.lookahead_s * SECOND_NS) for k in (1, 2))
    two &= one
    chained, step = np.zeros(n, bool), np.zeros(n, np.int64)
    np.equal(raw.segment[1:], raw.segment[:-1], out=chained[1:])
    np.subtract(rr[1:], rr[:-1], out=step[1:])
    (middle,), _ = quantiles4(rr, (rules.med - 1, 0), (2,), oldest=oldest)
    median2 = (middle // 2)[np.arange(n) + one + two]
    off2 = 2 * rr - median2
    return _Series(chained, step, median2, np.where(off2 < 0, 2 * off2, off2), one, two)


def _threshold(values: IntArray, oldest: IntArray | None, since: int, rules: Beat) -> tuple[FloatArray, IntArray]:
    """5.2 x quartile deviation of the trailing |values|, and how many values stood behind it; 0 where none did."""
    (low, high), count = quantiles4(values, (rules.win - 1, 0), (1, 3), oldest=oldest, since=since)
    return np.where(count > 0, rules.alpha * (high - low) / 8, 0.0), count


def _ahead(raw: Raw, steps: int, limit_ns: int) -> BoolArray:
    """Whether the beat `steps` later is there, in the same segment and within `limit_ns`."""
    seen = np.zeros(len(raw), bool)
    if len(raw) > steps:
        seen[:-steps] = (raw.segment[steps:] == raw.segment[:-steps]) & (raw.t_ns[steps:] <= raw.t_ns[:-steps] + limit_ns)
    return seen


def classify(raw: Raw, rules: Beat, *, since: int = 0) -> Classified:
    """Flags of the beats of `raw` from place `since` on; those before are their history, of which the last 104 count.

    Those whose look-ahead is not complete must be asked again with more data behind them. Empty input gives empty output. Never raises:
    absurd intervals are real life and become `RANGE`.
    """
    n = len(raw)
    if n <= since:
        empty = np.zeros(0, np.int64)
        return Classified(empty, empty, empty.astype(bool), empty.astype(bool))
    oldest = None if raw.run[0] == raw.run[-1] else np.searchsorted(raw.run, raw.run, side="left")
    series = _series(raw, oldest, rules)
    first = max(since - LOOK_BACK, 0)
    flag = _flags(raw, series, oldest, first, rules)
    own = slice(since, None)
    return Classified(
        flag[since - first :],
        (series.median2[own] + 1) // 2,
        _in_run(raw.take(slice(first, None)), flag, rules)[since - first :],
        _irregular(series, rules)[own],
    )


def _flags(raw: Raw, series: _Series, oldest: IntArray | None, first: int, rules: Beat) -> IntArray:
    """(n - first,) flags; those of the first `LOOK_BACK` are right only where `first` is 0."""
    rr, floor = raw.rr_ticks[first:], least(series.median2[first:], rules)
    step_th, history = _threshold(np.where(series.chained, np.abs(series.step), MISSING), oldest, first, rules)
    off_th = np.maximum(_threshold(np.abs(series.off2), oldest, first, rules)[0] / 2, floor)
    d = np.where(series.chained[first:], series.step[first:] / np.maximum(step_th, floor), np.nan)
    m = series.off2[first:] / 2 / off_th
    flag = np.full(len(rr), Flag.OK, np.int64)
    stands_out = (np.abs(d) > 1) | (np.abs(m) > 3)
    if stands_out.any():
        _judge(flag, stands_out, d, m, off_th, rr, series, first, rules)
    young = history < rules.min_beats
    if young.any():
        median2 = series.median2[first:]
        far = np.abs(2 * rr - median2) > rules.fallback * median2
        flag[young] = np.where(far[young], Flag.ECTOPIC, Flag.OK)
    low, high = (bound * TICKS_PER_S / 1000 for bound in rules.rr_ms)
    flag[(rr < low) | (rr > high)] = Flag.RANGE
    edge = raw.edge[first:]
    return np.where(edge != Flag.OK, edge, flag)


def least(median2: IntArray, rules: Beat) -> FloatArray:
    """The floor under a threshold, in ticks, for twice the local median."""
    return np.maximum(rules.floor_share * median2 / 2, rules.floor_ms * TICKS_PER_S / 1000)


def _judge(
    flag: IntArray, stands_out: BoolArray, d: FloatArray, m: FloatArray, off_th: FloatArray, rr: IntArray, series: _Series, first: int, rules: Beat
) -> None:
    """The paper's two subspaces and its tests for long, short, missed and extra beats, where something stands out or stood out one beat before."""
    near = stands_out.copy()
    near[1:] |= stands_out[:-1]
    at = np.flatnonzero(near)
    here = at + first
    chained, one, two = series.chained[here], series.one[here], series.two[here]
    after_first = chained & series.chained[here - 1]
    last = len(rr) - 1
    now, off = d[at], np.abs(m[at])
    before = np.where(after_first, d[np.maximum(at - 1, 0)], np.nan)
    d1, d2 = np.where(one, d[np.minimum(at + 1, last)], np.nan), np.where(two, d[np.minimum(at + 2, last)], np.nan)
    s12, s22 = _opposite(now, before, d1, toward=True), _opposite(now, d1, d2, toward=False)

    ectopic = ((now > 1) & (s12 < -rules.c1 * now - rules.c2)) | ((now < -1) & (s12 > -rules.c1 * now + rules.c2))
    suspect = stands_out[at] & ~ectopic
    passed_on = np.zeros(len(at), bool)
    passed_on[1:] = (suspect & (np.abs(d1) < np.abs(d2)))[:-1] & (at[1:] == at[:-1] + 1)
    looked_at = suspect | (passed_on & chained)
    long, short = (now > 1) & (s22 < -1), (now < -1) & (s22 > 1)
    bad = looked_at & (long | (off > 3) | short)
    median2, room = series.median2[here], 2 * off_th[at]
    half_fits = np.abs(rr[at] - median2) < room
    pair_fits = one & (np.abs(2 * (rr[at] + rr[np.minimum(at + 1, last)]) - median2) < room)
    flag[at[ectopic | bad]] = Flag.ECTOPIC
    flag[at[bad & long & half_fits]] = Flag.MISSED
    flag[at[bad & short & pair_fits]] = Flag.EXTRA


def _opposite(sign: FloatArray, one: FloatArray, two: FloatArray, *, toward: bool) -> FloatArray:
    """The subspaces S12 and S22 of the paper: of two neighbours the larger or the smaller, by the sign of the beat's own step."""
    return np.where((sign > 0) == toward, np.fmax(one, two), np.fmin(one, two))


def _irregular(series: _Series, rules: Beat) -> BoolArray:
    """See `Classified.irregular`."""
    limit2 = rules.irregular * series.median2
    step2, back2 = 2 * series.step, 2 * np.where(series.one, np.append(series.step[1:], 0), 0)
    return np.asarray(series.chained & (np.abs(step2) > limit2) & (np.abs(back2) > limit2) & ((step2 > 0) != (back2 > 0)))


def _in_run(raw: Raw, flag: IntArray, rules: Beat) -> BoolArray:
    """Flagged beats in a run of three or more: too much is missing there to be put right by a local median.

    A neighbour ahead counts only where its own flag is settled within the same 5 s, so that the answer is the same in every
    window and for every chunking.
    """
    n, limit = len(raw), rules.lookahead_s * SECOND_NS
    flagged, result = flag != Flag.OK, np.zeros(len(raw), bool)
    if not flagged.any():
        return result
    settled = raw.t_ns + limit
    second = _ahead(raw, 2, limit)
    settled[: n - 2] = np.where(second[: n - 2], raw.t_ns[2:], settled[: n - 2])
    for start in range(-(rules.run_missing - 1), 1):
        whole = flagged.copy()
        for k in range(start, start + rules.run_missing):
            neighbour = np.zeros(n, bool)
            if k < 0:
                neighbour[-k:] = flagged[:k] & (raw.segment[-k:] == raw.segment[:k])
            elif k == 0:
                neighbour = flagged
            elif n > k:
                neighbour[:-k] = flagged[k:] & (raw.segment[k:] == raw.segment[:-k]) & (settled[k:] <= raw.t_ns[:-k] + limit)
            whole &= neighbour
        result |= whole
    return result
