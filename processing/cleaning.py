"""Beats -> flags: the causal Lipponen-Tarvainen classifier. Knows intervals and segments; knows nothing of windows or streams.

Lipponen & Tarvainen 2019, J Med Eng Technol 43:173, with what a live strap needs (engine, section 1):

* thresholds from the trailing 91 |dRR|, their history running over gaps < 60 s (a real recorder pauses every half minute) while
  differences never do;
* 2 beats of look-ahead inside the segment and within 5 s of the beat, so that every flag is settled once, 5 s after its beat;
* a floor of 20 ms: at 1/1024 s a steady heart has a quartile spread of 0, and everything would be an artefact;
* fewer than 20 beats of history: |RR - median of 11| > 20 %.

All arithmetic is in ticks, so flags are the same for any chunking.
"""

from dataclasses import dataclass, field

import numpy as np

from somalink.domain.constants import Beat
from somalink.domain.time import SECOND_NS
from somalink.domain.types import NOT_GIVEN, BoolArray, Columns, Flag, FloatArray, IntArray

TICKS_PER_S = 1024
_PAD = np.iinfo(np.int32).max


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
    """Off the local median by more than 20 % with a jump as large on either side, or between two opposite jumps as large (in strict
    bigeminy the median of 11 is the beat's own kind): ectopy so frequent that the thresholds have grown used to it still shows here,
    while slow breathing, which moves RR as far but in small steps, does not."""


def _trailing(values: IntArray, run: IntArray, window: int) -> tuple[IntArray, IntArray]:
    """Trailing windows of `values` that never look into an earlier run: (n, window) sorted rows padded with a huge number, and
    how many real values each holds. Values equal to _PAD count as missing."""
    padded = np.concatenate([np.full(window - 1, _PAD, np.int32), np.minimum(values, _PAD).astype(np.int32)])
    rows = np.lib.stride_tricks.sliding_window_view(padded, window)
    first = np.searchsorted(run, run, side="left")
    own = np.minimum(np.arange(len(values)) - first + 1, window)
    if np.any(own < window):
        short = own < window
        rows = rows.copy()
        outside = np.arange(window)[None, :] < (window - own[short])[:, None]
        rows[short] = np.where(outside, _PAD, rows[short])
    ordered = np.sort(rows, axis=-1)
    count = np.where(ordered[:, -1] != _PAD, window, (ordered != _PAD).argmin(axis=-1))
    return ordered, count.astype(np.int64)


def _quantile4(ordered: IntArray, count: IntArray, quarter: int) -> IntArray:
    """Four times the linear-interpolation quantile `quarter`/4 of each row's first `count` values; exact in integers."""
    position = (np.maximum(count, 1) - 1) * quarter
    low, rest = position // 4, position % 4
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    rows = np.arange(len(ordered))
    below, above = ordered[rows, low].astype(np.int64), ordered[rows, high].astype(np.int64)
    quantile: IntArray = below * (4 - rest) + above * rest
    return quantile


def _threshold(values: IntArray, run: IntArray, rules: Beat) -> tuple[FloatArray, IntArray]:
    """5.2 x quartile deviation of the trailing |values|, floored; and how many values stood behind it."""
    ordered, count = _trailing(values, run, rules.win)
    spread8 = _quantile4(ordered, count, 3) - _quantile4(ordered, count, 1)
    floor = rules.floor_ms * TICKS_PER_S / 1000
    return np.where(count > 0, np.maximum(rules.alpha * spread8 / 8, floor), floor), count


def _median_of(rr: IntArray, run: IntArray, last: IntArray, size: int) -> IntArray:
    """Twice the median of the `size` intervals that end at `last` (an index a beat), inside the run."""
    ordered, count = _trailing(rr, run, size)
    return (_quantile4(ordered, count, 2) // 2)[last]


def _ahead(raw: Raw, steps: int, limit_ns: int) -> BoolArray:
    """Whether the beat `steps` later is there, in the same segment and within `limit_ns`."""
    seen = np.zeros(len(raw), bool)
    n = len(raw)
    if n > steps:
        seen[: n - steps] = (raw.segment[steps:] == raw.segment[: n - steps]) & (raw.t_ns[steps:] <= raw.t_ns[: n - steps] + limit_ns)
    return seen


def _shift(values: FloatArray, steps: int, known: BoolArray) -> FloatArray:
    """values[i + steps] where `known`, else NaN."""
    moved = np.full(len(values), np.nan)
    if steps > 0:
        moved[: len(values) - steps] = values[steps:]
    elif steps < 0:
        moved[-steps:] = values[:steps]
    return np.where(known, moved, np.nan)


def _opposite(sign: FloatArray, one: FloatArray, two: FloatArray, *, toward: bool) -> FloatArray:
    """The subspaces S12 and S22 of the paper: of two neighbours the larger or the smaller, by the sign of the beat's own step."""
    high, low = np.fmax(one, two), np.fmin(one, two)
    return np.where((sign > 0) == toward, high, low)


def classify(raw: Raw, rules: Beat) -> Classified:
    """Flags of all beats of `raw`. Those whose look-ahead is not complete must be asked again with more data behind them.

    Empty input gives empty output. Never raises: absurd intervals are real life and become `RANGE`.
    """
    n = len(raw)
    if n == 0:
        empty = np.zeros(0, np.int64)
        return Classified(empty, empty, empty.astype(bool), empty.astype(bool))
    rr = raw.rr_ticks
    one, two = (_ahead(raw, k, rules.lookahead_s * SECOND_NS) for k in (1, 2))
    two &= one
    chained = np.zeros(n, bool)
    chained[1:] = raw.segment[1:] == raw.segment[:-1]

    step = np.zeros(n, np.int64)
    step[1:] = np.diff(rr)
    step_th, history = _threshold(np.where(chained, np.abs(step), _PAD), raw.run, rules)
    last = np.arange(n) + one + two
    median2 = _median_of(rr, raw.run, last, rules.med)
    off2 = 2 * rr - median2
    off2 = np.where(off2 < 0, 2 * off2, off2)
    off_th2, _ = _threshold(np.abs(off2), raw.run, rules)
    off_th = off_th2 / 2
    off_th = np.maximum(off_th, rules.floor_ms * TICKS_PER_S / 1000)

    d = np.where(chained, step / step_th, np.nan)
    m = off2 / 2 / off_th
    before = np.zeros(n, bool)
    before[1:] = chained[:-1]
    before &= chained
    d_before, d1, d2 = _shift(d, -1, before), _shift(d, 1, one), _shift(d, 2, two)
    s12 = _opposite(d, d_before, d1, toward=True)
    s22 = _opposite(d, d1, d2, toward=False)

    first = (np.abs(d) > 1) & (((d > 0) & (s12 < -rules.c1 * d - rules.c2)) | ((d < 0) & (s12 > -rules.c1 * d + rules.c2)))
    suspect = ((np.abs(d) > 1) | (np.abs(m) > 3)) & ~first
    passed_on = np.zeros(n, bool)
    passed_on[1:] = (suspect & (np.abs(d1) < np.abs(d2)))[:-1] & chained[1:]
    looked_at = suspect | passed_on
    long, either, short = (d > 1) & (s22 < -1), np.abs(m) > 3, (d < -1) & (s22 > 1)
    next_rr = np.zeros(n, np.int64)
    next_rr[:-1] = rr[1:]
    half_fits = np.abs(rr - median2) < 2 * off_th
    pair_fits = one & (np.abs(2 * (rr + next_rr) - median2) < 2 * off_th)

    flag = np.full(n, Flag.OK, np.int64)
    flag[first] = Flag.ECTOPIC
    bad = looked_at & (long | either | short)
    flag[bad] = Flag.ECTOPIC
    flag[bad & long & half_fits] = Flag.MISSED
    flag[bad & short & pair_fits] = Flag.EXTRA
    young = history < rules.min_beats
    far = np.abs(2 * rr - median2) > rules.fallback * median2
    flag[young] = np.where(far[young], Flag.ECTOPIC, Flag.OK)
    low, high = (bound * TICKS_PER_S / 1000 for bound in rules.rr_ms)
    flag[(rr < low) | (rr > high)] = Flag.RANGE
    flag = np.where(raw.edge != Flag.OK, raw.edge, flag)
    jump = chained & (np.abs(step) * 2 > rules.fallback * median2)
    jump_after, step_after = np.append(jump[1:], False) & one, np.append(step[1:], 0)
    between = jump & jump_after & ((step > 0) != (step_after > 0))
    irregular = between | (far & (jump | jump_after))
    return Classified(flag, (median2 + 1) // 2, _in_run(raw, flag, rules), irregular)


def _in_run(raw: Raw, flag: IntArray, rules: Beat) -> BoolArray:
    """Flagged beats in a run of three or more: too much is missing there to be put right by a local median.

    A neighbour ahead counts only where its own flag is settled within the same 5 s, so that the answer is the same in every
    window and for every chunking.
    """
    limit = rules.lookahead_s * SECOND_NS
    flagged = flag != Flag.OK
    settled_after = np.where(_ahead(raw, 2, limit), np.concatenate([raw.t_ns[2:], np.zeros(min(2, len(raw)), np.int64)])[: len(raw)], raw.t_ns + limit)
    result = np.zeros(len(raw), bool)
    offsets = range(-(rules.run_missing - 1), 1)
    for start in offsets:
        whole = flagged.copy()
        for k in range(start, start + rules.run_missing):
            neighbour = np.zeros(len(raw), bool)
            if k < 0:
                neighbour[-k:] = flagged[:k] & (raw.segment[-k:] == raw.segment[:k])
            elif k > 0 and len(raw) > k:
                neighbour[:-k] = flagged[k:] & (raw.segment[k:] == raw.segment[:-k]) & (settled_after[k:] <= raw.t_ns[:-k] + limit)
            else:
                neighbour = flagged if k == 0 else neighbour
            whole &= neighbour
        result |= whole
    return result
