"""Tagged moments against their matched moments: how much higher, how sure, and may it be said (science, section 3.5)?

Knows numbers, the day each is of, and the rules of `constants.Statistics`. Does not know what a number measures, how matched moments were
found (`matching` does), or which comparisons are shown together. Without clock, file or dice of its own: it is handed a generator.

What is drawn again is which of the windows was the event, never how high a window is. What is of one day is one witness: windows of a
control day are averaged, moments of one day are drawn together and averaged for the interval. Differences are kept to a
thousand-millionth, so that sums are of integers, and equal is equal.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from somalink.domain.catalogue import HIGHER, LISTED_ONLY, LOWER, NOT_TOLD_APART, TOO_FEW
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import FloatArray, IntArray

NANO = 1_000_000_000
"""Differences are whole thousand-millionths: 1e-9 SD is far below what is stored (1e-4), and a sum of a thousand hours still fits in a float."""
EXACT_UP_TO = 50
"""The exact distribution of ranks up to here, the normal one beyond; scipy's own border. At 50 they differ by less than 0.001 in coverage."""
SIGNED_RANK_EFFICIENCY = 0.955
"""3 / pi: what the signed-rank test gets out of normal differences, beside the t test (Hodges & Lehmann 1956)."""
LARGE = 2.0
"""Effect in standard deviations that five moments show; from 8 on the power function gives NaN."""
BATCH_CELLS = 2_500_000
"""Draws x strata at a time. Four arrays of eight bytes each are alive at once: 80 MB."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One moment and its matched moments, in the metric's unit."""

    value: float
    controls: tuple[float, ...]
    """At least one."""
    days: tuple[int, ...]
    """Local day number of each control; controls of one day are one witness."""
    block: int
    """Local day of the moment itself: moments of one day are drawn together."""

    def __post_init__(self) -> None:
        if not self.controls or len(self.controls) != len(self.days):
            raise ValueError(f"a moment needs a matched moment, and each its day: {len(self.controls)} controls, {len(self.days)} days")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a group of moments says. Figures are None where there are too few moments for one."""

    n: int
    n_controls: int
    effect: float | None = None
    """Hodges-Lehmann of the differences, in the metric's unit, those of one day averaged; `low` and `high` at `Statistics.level`."""
    low: float | None = None
    high: float | None = None
    p: float | None = None
    spread: float | None = None
    """Standard deviation of the differences, for `more_needed`; None with fewer than two."""


def compare(strata: Sequence[Stratum], dice: np.random.Generator, rules: Statistics = STATISTICS) -> Comparison:
    """A group of moments against their matched moments. No moments: all None. Same strata and seed, same answer.

    No interval below `rules.sentence_from` moments (science, section 3.5), nor where they are of fewer than five days.
    """
    n_controls = sum(len(stratum.controls) for stratum in strata)
    if not strata:
        return Comparison(0, 0)
    effect, low, high = hodges_lehmann(_by_day(strata), rules.level)
    if len(strata) < rules.sentence_from:
        low = high = None
    return Comparison(len(strata), n_controls, effect, low, high, _chance_of(strata, dice, rules), _spread(strata))


def contrast(first: Sequence[Stratum], second: Sequence[Stratum], rules: Statistics = STATISTICS) -> Comparison:
    """One group's differences against another's: how much higher `first` is. `n` is the smaller group's; either empty: all None.

    The shift is the median of all pairwise differences (Hodges & Lehmann 1963), its interval the shifts that the Mann-Whitney test does not
    refuse, and p that test's own: fifty pairs of kinds are asked in a breath, which ten thousand shuffles each would not be.
    """
    from scipy import stats

    n_controls = sum(len(stratum.controls) for stratum in (*first, *second))
    n = min(len(first), len(second))
    if not n:
        return Comparison(n, n_controls)
    ours, theirs = _by_day(first), _by_day(second)
    pairwise = np.sort((ours[:, None] - theirs[None, :]).ravel())
    low, high = _between(pairwise, _least_rank_sum(len(ours), len(theirs), rules.level)) if n >= rules.contrast_n else (None, None)
    p = float(stats.mannwhitneyu(ours, theirs).pvalue)
    return Comparison(n, n_controls, float(np.median(pairwise)), low, high, p, _pooled(_spread(first), _spread(second)))


def difference(stratum: Stratum) -> float:
    """The moment less the mean over its control days of each day's mean."""
    return float(_scores(stratum)[0]) / NANO


@functools.lru_cache(maxsize=8192)
def shift(stratum: Stratum) -> float:
    """The moment less the Hodges-Lehmann centre of its control days' means: what effects and their intervals are of.

    Changes of a level are skewed upwards, so a plain mean of the matched moments lies above their middle, and intervals around one moment less such
    a mean hold the truth in 82-88 % of cases where they promise 90 (docs/truth.md). What is drawn again (`_scores`) keeps the mean: there both sides
    are skewed alike.
    """
    _, day, count = np.unique(stratum.days, return_inverse=True, return_counts=True)
    return stratum.value - _centre(np.bincount(day, weights=np.array(stratum.controls)) / count)


def hodges_lehmann(differences: FloatArray, level: float) -> tuple[float, float | None, float | None]:
    """Median of the Walsh averages of (n,) differences, and the shifts that the exact signed-rank test does not refuse at `level`.

    NaN when empty. No bounds when even the most extreme order of n signs is not rare enough: n < 5 at 90 %.
    Hodges & Lehmann 1963; Hollander, Wolfe & Chicken 2014, section 3.3.

    >>> hodges_lehmann(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.9)
    (3.0, 1.0, 5.0)
    """
    if not len(differences):
        return math.nan, None, None
    walsh = _walsh(differences)
    return float(np.median(walsh)), *_between(walsh, _least_signed_rank(len(differences), level))


def _walsh(values: FloatArray) -> FloatArray:
    """(n (n + 1) / 2,) the means of all pairs, each with itself too, in order."""
    upper = np.triu_indices(len(values))
    return np.sort((values[upper[0]] + values[upper[1]]) / 2)


def _centre(values: FloatArray) -> float:
    return float(np.median(_walsh(values)))


def q_values(p: Sequence[float]) -> list[float]:
    """Benjamini & Hochberg 1995: the false discovery rate at which each of the family would be told. Empty: empty."""
    from scipy import stats

    return [float(q) for q in stats.false_discovery_control(p)] if p else []


def verdict(n: int, effect: float | None, q: float | None, rules: Statistics = STATISTICS) -> str:
    """What may be said (science, section 3.5): below 5 a list, below 8 "too few"; then higher or lower, if sure and large enough."""
    if n < rules.list_below:
        return LISTED_ONLY
    if n < rules.sentence_from:
        return TOO_FEW
    if effect is None or q is None or not q < rules.fdr_q or not abs(effect) >= rules.least_effect:
        return NOT_TOLD_APART
    return HIGHER if effect > 0 else LOWER


def more_needed(n: int, effect: float | None, spread: float | None, rules: Statistics = STATISTICS) -> int | None:
    """How many further moments would show an effect such as this one, or the least worth a sentence, in 4 of 5 such spans.

    Paired t test, two-sided at `rules.alpha`, made up to the signed-rank test. None when n is enough, or nothing is known of the spread.
    """
    if effect is None or not spread:
        return None
    needed = _moments_for(max(abs(effect), rules.least_effect) / spread, rules)
    return needed - n if needed > n else None


def _moments_for(effect_size: float, rules: Statistics) -> int:
    """Moments for `rules.power`, at least as many as any sentence needs: below two the solver knows no answer."""
    from statsmodels.stats.power import TTestPower  # type: ignore[import-untyped, unused-ignore]

    test = TTestPower()
    effect_size = min(effect_size, LARGE)
    if test.power(effect_size, rules.sentence_from * SIGNED_RANK_EFFICIENCY, rules.alpha) >= rules.power:
        return rules.sentence_from
    solved = test.solve_power(effect_size=effect_size, alpha=rules.alpha, power=rules.power, alternative="two-sided")
    return math.ceil(float(solved) / SIGNED_RANK_EFFICIENCY)


# ---------------------------------------------------------------- the draw


@functools.lru_cache(maxsize=8192)  # a moment is in a dozen groups and contrasts
def _scores(stratum: Stratum) -> IntArray:
    """Read only; (m + 1,) what the difference would be if each window were the event, in 1e-9: the moment first, then its controls by day."""
    _, day, count = np.unique(stratum.days, return_inverse=True, return_counts=True)
    controls = np.array(stratum.controls)
    day_mean = np.bincount(day, weights=controls) / count
    total = stratum.value + day_mean.sum()
    order = np.argsort(day, kind="stable")
    windows = np.concatenate([[stratum.value], controls[order]])
    own_day = np.concatenate([[stratum.value], day_mean[day[order]]])
    scores: IntArray = np.rint((windows - (total - own_day) / len(count)) * NANO).astype(np.int64)
    return scores


def _by_day(strata: Sequence[Stratum]) -> FloatArray:
    """(days,) one shift for each day that has a moment, the mean of its moments': days are independent, moments of one are not."""
    day, count = np.unique([stratum.block for stratum in strata], return_inverse=True, return_counts=True)[1:]
    differences: FloatArray = np.bincount(day, weights=[shift(stratum) for stratum in strata]) / count
    return differences


def _chance_of(strata: Sequence[Stratum], dice: np.random.Generator, rules: Statistics) -> float:
    """Two-sided p of the mean difference when any of a stratum's days could have been the event's (Phipson & Smyth 2010: never 0).

    Swapping days is exact as long as moments of one day have the same control days. Where they have not, what they share on the event's
    day is not there to be swapped, and a mean would be found too often (8 % at 5 %, two a day, correlated by half); the mean over its own
    standard error over days is not (Janssen 1997: studentised permutation). It costs a little power, so only there.
    """
    from scipy import stats

    windows = _Windows.of(sorted(strata, key=lambda stratum: stratum.block))
    statistic = windows.mean if _swappable(strata) else windows.studentised
    batch = max(1, BATCH_CELLS // len(strata))
    found = stats.monte_carlo_test(np.zeros(len(strata)), windows.drawing(dice), statistic, vectorized=True, n_resamples=rules.perms, batch=batch)
    return float(found.pvalue)


def _swappable(strata: Sequence[Stratum]) -> bool:
    """Whether all moments of each day have the same control days."""
    return len({(stratum.block, frozenset(stratum.days)) for stratum in strata}) == len({stratum.block for stratum in strata})


@dataclass(frozen=True, slots=True)
class _Windows:
    """Strata in order of their block as tables, one row each, padded at the right; a day's windows side by side, the event's day is rank 0."""

    scores: IntArray
    first: IntArray
    """Where each day begins in `scores`."""
    count: IntArray
    """How many windows each day has."""
    days: IntArray
    """(n,) how many days."""
    block: IntArray
    """(n,) from 0: strata of one block share their draw."""

    @classmethod
    def of(cls, strata: Sequence[Stratum]) -> _Windows:
        counts = [np.concatenate([[1], np.unique(stratum.days, return_counts=True)[1]]) for stratum in strata]
        count = _padded(counts)
        block = np.unique([stratum.block for stratum in strata], return_inverse=True)[1]
        return cls(_padded([_scores(stratum) for stratum in strata]), np.cumsum(count, axis=1) - count, count, np.array([len(x) for x in counts]), block)

    def drawing(self, dice: np.random.Generator) -> Callable[..., IntArray]:
        """Draws (k, n) windows: a day for each block, uniform over the days of each stratum, then one of that day's windows."""
        several = bool((self.count > 1).any())
        rows = np.arange(len(self.days))

        def draw(size: tuple[int, int]) -> IntArray:
            shared = dice.random((size[0], int(self.block.max()) + 1))
            rank = (shared[:, self.block] * self.days).astype(np.int64)
            window: IntArray = self.first[rows, rank]
            if several:
                window += (dice.random(size) * self.count[rows, rank]).astype(np.int64)
            return window

        return draw

    def mean(self, window: FloatArray | IntArray, axis: int) -> FloatArray:
        """Mean difference of (..., n) chosen windows; the sum is of integers."""
        return np.asarray(self._picked(window).sum(axis=axis) / (NANO * len(self.days)))

    def studentised(self, window: FloatArray | IntArray, axis: int) -> FloatArray:
        """The same over its standard error, each block's sum one witness; 0 where every difference is 0."""
        sums = np.add.reduceat(self._picked(window), np.unique(self.block, return_index=True)[1], axis=axis) / NANO
        error = np.sqrt((sums * sums).sum(axis=axis))
        return np.asarray(sums.sum(axis=axis) / np.where(error > 0, error, 1.0))

    def _picked(self, window: FloatArray | IntArray) -> IntArray:
        picked: IntArray = self.scores[np.arange(len(self.days)), window.astype(np.int64)]
        return picked


def _padded(rows: Sequence[IntArray]) -> IntArray:
    out = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
    for at, row in enumerate(rows):
        out[at, : len(row)] = row
    return out


# ---------------------------------------------------------------- intervals


def _between(ordered: FloatArray, rank: int | None) -> tuple[float | None, float | None]:
    """The values that are `rank`-th from either end, from 0."""
    return (None, None) if rank is None else (float(ordered[rank]), float(ordered[-1 - rank]))


@functools.cache
def _least_signed_rank(n: int, level: float) -> int | None:
    """How many Walsh averages of n lie outside at either end at most; None when even the outermost may not be left out of it."""
    from scipy import stats

    ranks = np.arange(n, 0, -1)
    method = "exact" if n <= EXACT_UP_TO else "asymptotic"

    def at_most(total: int) -> float:
        """P(sum of the positive ranks <= total), of a sample that has just that sum: the largest ranks that fit, each once."""
        signs = []
        left = total
        for rank in ranks:
            signs.append(1 if rank <= left else -1)
            left -= int(rank) if rank <= left else 0
        return float(stats.wilcoxon(ranks * signs, alternative="less", method=method).pvalue)

    return _last_rare(at_most, n * (n + 1) // 2, (1 - level) / 2)


@functools.cache
def _least_rank_sum(n: int, m: int, level: float) -> int | None:
    """How many pairwise differences of n and m lie outside at either end at most, likewise."""
    from scipy import stats

    method = "exact" if max(n, m) <= EXACT_UP_TO else "asymptotic"
    theirs = np.arange(1.0, m + 1)

    def at_most(total: int) -> float:
        """P(pairs in which ours is the higher <= total), of samples that have just that many."""
        whole, rest = divmod(total, m)
        ours = np.full(n, 0.5)
        ours[:whole] = m + 0.5
        ours[whole : whole + 1] = rest + 0.5
        ours += np.arange(n) * 1e-6
        return float(stats.mannwhitneyu(ours, theirs, alternative="less", method=method).pvalue)

    return _last_rare(at_most, n * m, (1 - level) / 2)


def _last_rare(at_most: Callable[[int], float], end: int, tail: float) -> int | None:
    """The largest total whose `at_most` is within `tail`, by bisection; None when not even 0 is."""
    if at_most(0) > tail:
        return None
    low, high = 0, end
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(middle) <= tail else (low, middle)
    return low


# ---------------------------------------------------------------- small arithmetic


def _spread(strata: Sequence[Stratum]) -> float | None:
    return float(np.std([difference(stratum) for stratum in strata], ddof=1)) if len(strata) > 1 else None


def _pooled(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else math.sqrt((first * first + second * second) / 2)
