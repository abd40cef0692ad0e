"""How fast does it settle? Kaplan-Meier over the moments, and whether later ones settle faster than earlier ones (science, section 3.3).

Knows times from a peak until half of the rise had gone, and which were only seen to last so long (an hour, a gap, the next event): those are
censored, not left out, since leaving out what would not end makes everything look fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.findings.trends import BATCH_CELLS, FEW, MONTH_D, SHORT_SPAN, Trend, judged, no_spread, too_few
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import BoolArray, FloatArray, IntArray

HALF = 0.5
DRAWS = 1_999
"""Resamples of the moments behind the interval of the median: its ends are then known to about a rank."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Half-way recovery, in s from the peak. Figures are None where the curve does not come down to a half, or there are too few moments."""

    n: int
    censored: int
    median_s: float | None
    low_s: float | None
    high_s: float | None
    steps: tuple[tuple[float, float], ...]
    """(s, share still more than half up), from (0, 1); a step where somebody was seen to settle."""
    cuts: tuple[tuple[float, float], ...]
    """(s, share) where a moment was not seen to the end."""


def recovery(t_half_s: FloatArray, censored: BoolArray, dice: np.random.Generator, rules: Statistics = STATISTICS) -> Recovery:
    """Kaplan & Meier (1958) over (n,) moments; NaN: no rise that could settle, left out. Median and interval from `recovery_n` moments.

    The interval is a bootstrap over moments (Efron 1981), percentiles of the median where a median that is never reached counts as longer than all.
    """
    known = np.isfinite(t_half_s)
    times, cut = t_half_s[known], censored[known]
    n = len(times)
    if not n:
        return Recovery(0, 0, None, None, None, (), ())
    curve = _curve(times, cut)
    steps, cuts = _steps(curve), tuple((float(t), float(curve.evaluate(t))) for t in np.sort(times[cut]))
    if n < rules.recovery_n:
        return Recovery(n, int(cut.sum()), None, None, None, steps, cuts)
    low, high = _between(times, cut, dice, rules.level)
    return Recovery(n, int(cut.sum()), _told(_median(curve)), _told(low), _told(high), steps, cuts)


def _curve(times: FloatArray, cut: BoolArray) -> Any:
    """Share still up, scipy's Kaplan-Meier."""
    from scipy import stats

    return stats.ecdf(stats.CensoredData(uncensored=times[~cut], right=times[cut])).sf


def _steps(curve: Any) -> tuple[tuple[float, float], ...]:
    share = np.concatenate([[1.0], curve.probabilities])
    falls = np.flatnonzero(np.diff(share) < 0)
    return ((0.0, 1.0), *((float(curve.quantiles[k]), float(share[k + 1])) for k in falls))


def _median(curve: Any) -> float:
    """First time at which no more than half are still up; infinite where that never comes."""
    reached = np.flatnonzero(curve.probabilities <= HALF + 1e-12)
    return float(curve.quantiles[reached[0]]) if len(reached) else math.inf


def _between(times: FloatArray, cut: BoolArray, dice: np.random.Generator, level: float) -> tuple[float, float]:
    which = dice.integers(0, len(times), (DRAWS, len(times)))
    medians = np.sort([_median(_curve(times[draw], cut[draw])) for draw in which])
    tail = (1 - level) / 2
    return float(medians[math.floor(tail * (DRAWS - 1))]), float(medians[math.ceil((1 - tail) * (DRAWS - 1))])


def _told(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None


def recovery_trend(days: FloatArray, t_half_s: FloatArray, censored: BoolArray, dice: np.random.Generator, rules: Statistics = STATISTICS) -> Trend:
    """Do later moments settle faster than earlier ones? s per 30 days, below 0: faster. (n,) each, days with fractions; NaN left out.

    Every earlier moment is held against every later one. A pair counts when it is certain which of the two took longer: what was seen to last an
    hour took longer than ten minutes, and says nothing against seventy. `effect` is the slope at which as many pairs rise as fall, which is
    Theil-Sen where nothing is censored (Akritas, Murphy & LaValley 1995); p is how often the moments, in any other order, agree as much with time;
    the interval are the slopes that this test does not refuse. Speaks from `slope_n` moments over `slope_days`, half of them seen to the end.
    """
    known = np.isfinite(days) & np.isfinite(t_half_s)
    n = int(known.sum())
    if n < rules.slope_n:
        return too_few(n, FEW, rules.slope_n - n)
    day, times, cut = days[known], t_half_s[known], censored[known]
    if np.ptp(day) < rules.slope_days:
        return too_few(n, SHORT_SPAN, rules.slope_days - float(np.ptp(day)))
    seen = int((~cut).sum())
    if 2 * seen < rules.slope_n:
        return too_few(n, FEW, rules.slope_n / 2 - seen)
    pairs = _Pairs.of(day, times, cut)
    slope = pairs.at(0)
    if slope is None:
        return no_spread(n)
    p = _order_p(day, times, cut, dice, rules)[0]
    reach = np.quantile(np.abs(_order_p(day, times - slope * day, cut, dice, rules)[1]), rules.level)
    low, high = pairs.at(reach), pairs.at(-reach)
    return judged(n, slope * MONTH_D, _monthly(low), _monthly(high), p, rules)


def _monthly(slope: float | None) -> float | None:
    return None if slope is None else slope * MONTH_D


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The agreement of time and duration as a function of the slope taken away: it falls at each pair's own slope."""

    slope: FloatArray
    after: FloatArray
    """Agreement beyond each of `slope`, which rise."""
    before: float
    """Agreement below the first."""

    @classmethod
    def of(cls, day: FloatArray, times: FloatArray, cut: BoolArray) -> _Pairs:
        early, late = np.nonzero(day[:, None] < day[None, :])
        slope = (times[late] - times[early]) / (day[late] - day[early])
        rises, falls = (~cut[early]).astype(np.float64), (~cut[late]).astype(np.float64)
        order = np.argsort(slope, kind="stable")
        before = float(rises.sum())
        return cls(slope[order], before - np.cumsum((rises + falls)[order]), before)

    def at(self, agreement: float) -> float | None:
        """The slope where agreement falls through this; midway where it lies there over a stretch. None where it never does."""
        first = np.flatnonzero(self.after <= agreement)
        if self.before <= agreement or not len(first):
            return None
        begin = int(first[0])
        rest = np.flatnonzero(self.after < agreement)
        end = int(rest[0]) if len(rest) else begin
        return float(self.slope[begin] + self.slope[end]) / 2


def _order_p(day: FloatArray, times: FloatArray, cut: BoolArray, dice: np.random.Generator, rules: Statistics) -> tuple[float, FloatArray]:
    """Two-sided p of the agreement between day and duration, and its values when the moments come in any other order."""
    from scipy import stats

    early, late = np.triu_indices(len(day), 1)
    later = np.sign(day[late] - day[early])
    longer = _longer(times, cut)

    def agreement(order: IntArray, axis: int) -> FloatArray:
        which = order.astype(np.int64)
        agreed: FloatArray = (longer[which[..., early], which[..., late]] * later).sum(axis=axis)
        return agreed

    found = stats.permutation_test(
        (np.arange(len(day)),),
        agreement,
        permutation_type="pairings",
        n_resamples=rules.perms,
        vectorized=True,
        batch=max(1, BATCH_CELLS // len(later)),
        axis=-1,
        rng=dice,
    )
    return float(found.pvalue), found.null_distribution


def _longer(times: FloatArray, cut: BoolArray) -> FloatArray:
    """(n, n): 1 where the column certainly took longer than the row, -1 where it certainly did not, 0 where nobody knows."""
    apart = times[None, :] - times[:, None]
    return ((apart > 0) & ~cut[:, None]).astype(np.float64) - ((apart < 0) & ~cut[None, :])
