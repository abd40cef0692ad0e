"""Is it changing? Slopes over days, lasting shifts and running means, each refusing to speak before it can (science, sections 2.4 and 3.5).

Knows days and numbers, and the rules of `constants.Statistics`. Does not know calendars or illness: who asks leaves days out and says why, and
asks nothing across a change of medication. Slopes are Theil-Sen: the median of the slopes between all pairs, which single odd days do not move.

Moments are days apart, so the order of them may be shuffled. Days are not: each resembles the one before, and a wave of a fortnight looks like a
slope. So a slope over days is held against slopes of days as much alike as the person's own, without one (`_judged_by_likeness`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from processing.findings.models import flat, residuals
from somalink.domain.catalogue import HIGHER, LOWER, NOT_TOLD_APART, TOO_FEW
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import BoolArray, FloatArray, IntArray

MONTH_D = 30
"""Slopes are told per so many days."""
FEW, SHORT_SPAN = "few", "short_span"
"""Reasons of `too_few`, with how many moments or days are missing: `few:4`, `short_span:9`."""
NO_SPREAD = "no_spread"
"""Everything is the same, or days cannot be told from what is adjusted for: there is no slope to find."""
INCLUDES_NONE = "interval_includes_none"
WITHIN_CHANCE = "within_chance"
"""The interval excludes none, and yet chance does as much more often than `alpha`."""
BATCH_CELLS = 2_000_000
"""Pairs times draws at a time: 16 MB."""
DRAWS = 999
"""Series without a slope that a slope over days is held against. A p of .05 is then known to .007."""
PAIRS_MOST = 10_000
"""All pairs of up to 140 days or moments, then an even part of them: of a year's days every seventh, which tells the same, and not in ten seconds."""
LATTICE = (0.7548776662466927, 0.5698402909980532)
"""1 / p and 1 / p² of the plastic number p: together they never fall into step."""
LIKENESS_MOST = 0.9
"""Days more alike than this cannot be told from a slope in any number that a person will keep."""
LIKENESS_ASSUMED, LIKENESS_PAIRS = 0.3, 10
"""How much a day resembles the one before, in heart rates at rest of real days (science, 2.4), until so many pairs of neighbours say it themselves."""
BURN_IN_D = 60
"""Days before the first, so that a drawn series has forgotten how it began: 0.9 ** 60 is 0.002."""
REFERENCE_D, REFERENCE_LEAST = 28, 14
"""A shift is one against the first four weeks; under a fortnight of known days nothing is known of what is usual."""
CUSUM_SLACK, CUSUM_LIMIT = 0.5, 10.0
"""In SD of the reference, widened for likeness. The textbook's limit of 5 is for known mean and independent days: with both of them as they are here
it would cry wolf in two of three quarters. See `cusum`."""
LASTING_D = 7
"""A shift is lasting when it is at least so many known days old and its median day still lies beyond the slack."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope (per 30 days), shift or correlation, or why there is none. `n`: what it rests on. Figures are None where nothing may be said.

    `verdict`: `too_few`, `not_told_apart`, `higher` or `lower`. `reason`: a word, `:` and a number where more moments or days would help.
    """

    n: int
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: str
    reason: str

    @property
    def needed(self) -> int:
        """How many more moments (`few`) or days (`short_span`) would let it speak; 0 where more of the same would not."""
        _, _, number = self.reason.partition(":")
        return int(number) if number else 0


@dataclass(frozen=True, slots=True)
class Shift:
    """A lasting shift. `at`: index of the day from which it shows, None where there is none. `up`: False where there is none."""

    at: int | None
    up: bool


NO_SHIFT = Shift(None, False)


def too_few(n: int, reason: str, missing: float) -> Trend:
    """Nothing may be said yet: so many more are `missing`, rounded up."""
    return Trend(n, None, None, None, None, TOO_FEW, f"{reason}:{math.ceil(missing)}")


def no_spread(n: int) -> Trend:
    """Enough of them, and nothing in them to tell."""
    return Trend(n, None, None, None, None, NOT_TOLD_APART, NO_SPREAD)


def judged(n: int, effect: float, low: float | None, high: float | None, p: float, rules: Statistics) -> Trend:
    """`higher` or `lower` only where the interval excludes none and chance does as much in fewer than `alpha` of cases."""
    if low is None or high is None or low <= 0 <= high:
        return Trend(n, effect, low, high, p, NOT_TOLD_APART, INCLUDES_NONE)
    if not p < rules.alpha:
        return Trend(n, effect, low, high, p, NOT_TOLD_APART, WITHIN_CHANCE)
    return Trend(n, effect, low, high, p, HIGHER if effect > 0 else LOWER, "")


# ---------------------------------------------------------------- moments of one kind


def reaction_trend(days: FloatArray, dz10: FloatArray, pre: FloatArray, felt: FloatArray, dice: np.random.Generator, rules: Statistics = STATISTICS) -> Trend:
    """Do reactions to one kind of moment grow or fade? SD per 30 days, at equal level before and equal difficulty.

    (n,) each: time in days (fractions meant), change in arousal, level before, distress 0-10. Moments without the first three are left out; NaN in
    `felt` stands for the median of the others, and "not rated" is adjusted for too. Speaks from `slope_n` moments over `slope_days`.

    Time and reaction are each freed of what level and difficulty explain (Frisch & Waugh 1933), then Theil-Sen with Sen's interval (1968), widened
    by the columns spent. p: how often the rest, in any other order, agrees as much with time (Kendall's S; Freedman & Lane 1983).
    """
    from scipy import stats

    known = np.isfinite(days) & np.isfinite(dz10) & np.isfinite(pre)
    n = int(known.sum())
    refusal = _refusal(n, days[known], rules.slope_n, rules.slope_days)
    if refusal:
        return refusal
    covariates = np.column_stack([pre[known], *_difficulty(felt[known])])
    left, spent = residuals(dz10[known], covariates)
    when, _ = residuals(days[known], covariates)
    if flat(left, dz10[known]) or flat(when, days[known]):
        return no_spread(n)
    slope, _, low, high = (float(value) * MONTH_D for value in stats.theilslopes(left, when, alpha=rules.level))
    wider = math.sqrt((n - 1) / (n - spent))
    return judged(n, slope, slope - (slope - low) * wider, slope + (high - slope) * wider, _order_p(when, left, dice, rules), rules)


def _difficulty(felt: FloatArray) -> list[FloatArray]:
    """Distress with the unrated at the median, and whether it was rated; no column where nobody rated anything."""
    rated = np.isfinite(felt)
    return [np.where(rated, felt, np.median(felt[rated])), rated.astype(np.float64)] if rated.any() else []


def _order_p(when: FloatArray, left: FloatArray, dice: np.random.Generator, rules: Statistics) -> float:
    """Two-sided p that the order of (n,) values has nothing to do with `when`."""
    from scipy import stats

    order = np.argsort(when, kind="stable")
    early, late = pairs(len(when))
    told = when[order][early] < when[order][late]
    early, late = early[told], late[told]
    ranks = stats.rankdata(left[order], method="dense").astype(np.int16)

    def agreement(ranks: FloatArray, axis: int) -> IntArray:
        small = ranks.astype(np.int16)
        agreed: IntArray = np.sign(small[..., late] - small[..., early]).sum(axis=axis, dtype=np.int64)
        return agreed

    batch = max(1, BATCH_CELLS // max(1, len(early)))
    found = stats.permutation_test((ranks,), agreement, permutation_type="pairings", n_resamples=rules.perms, vectorized=True, batch=batch, axis=-1, rng=dice)
    return float(found.pvalue)


def pairs(n: int) -> tuple[IntArray, IntArray]:
    """Every pair of n things in order, the earlier and the later one; evenly thinned to about `PAIRS_MOST` where there are more.

    Evenly over both at once, by the lattice of two irrational steps (Roberts 2018): every thirteenth of the list would fall into step with its rows.
    """
    early, late = np.triu_indices(n, 1)
    kept = (early * LATTICE[0] + late * LATTICE[1]) % 1.0 < PAIRS_MOST / max(1, len(early))
    return early[kept], late[kept]


# ---------------------------------------------------------------- days


def level_trend(days: FloatArray, still_hr: FloatArray, left_out: BoolArray, dice: np.random.Generator, rules: Statistics = STATISTICS) -> Trend:
    """Is the heart rate at rest drifting from what is usual? bpm per 30 days.

    (n,) each: local day numbers, bpm around the usual (NaN: not known), and days that do not count (unwell, new medication). Speaks from a span of
    `drift_days` of which half are known. What was adjusted for the hour stays adjusted; training, heat and season are not.
    """
    day, value = _daily(days[~left_out], still_hr[~left_out])
    return _refusal(len(day), day, rules.drift_days // 2, rules.drift_days - 1) or _judged_by_likeness(len(day), day, value, dice, rules)


def rating_trend(days: FloatArray, values: FloatArray, dice: np.random.Generator, rules: Statistics = STATISTICS) -> Trend:
    """Do ratings (belonging, engagement, a threshold) move? Their own points per 30 days.

    (n,) each: days, fractions allowed, and ratings, NaN left out. Ratings of one day count as their mean. Speaks from `belong_n` ratings over
    `belong_days`; `n` is the number of ratings.
    """
    n = int(np.isfinite(values).sum())
    day, value = _daily(days, values)
    return _refusal(n, day, rules.belong_n, rules.belong_days - 1) or _judged_by_likeness(n, day, value, dice, rules)


def _refusal(n: int, days: FloatArray, least: int, span: int) -> Trend | None:
    """Why nothing may be said yet: too few, or from first to last under `span` days."""
    if n < least:
        return too_few(n, FEW, least - n)
    reach = float(days.max() - days.min())
    return too_few(n, SHORT_SPAN, span - reach) if reach < span else None


def _daily(days: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The known days, whole and rising, and the mean of each."""
    known = np.isfinite(values)
    day, which = np.unique(np.floor(days[known]), return_inverse=True)
    mean: FloatArray = np.bincount(which, weights=values[known]) / np.bincount(which)
    return day, mean


def _judged_by_likeness(n: int, day: FloatArray, value: FloatArray, dice: np.random.Generator, rules: Statistics) -> Trend:
    """A slope over (m,) known days, held against slopes of series of the same days and likeness that have none.

    Moving blocks of days, resampled, were tried first: intervals called 90 % held the truth in 68-77 % at 28 days, since blocks long enough to
    keep the likeness are too few to vary. So days are drawn anew as an autoregression of the likeness found (made up for the bias of short series,
    Marriott & Pope 1954), and every series, drawn or lived, is measured in its own spread and likeness, which is what keeps an interval honest when
    both had to be learned from the same few days (the bootstrap-t of Efron & Tibshirani 1993, section 12.5).
    """
    from scipy import stats

    if flat(value - value.mean(), value):
        return no_spread(n)
    measure = _Measure.of(day)
    slope, unit, likeness = (float(figure) for figure in measure.of_series(value))
    batch = max(1, BATCH_CELLS // len(measure.gap_d))
    drawing = _drawing(day, likeness, dice)
    found = stats.monte_carlo_test(value, drawing, measure.size, vectorized=True, n_resamples=DRAWS, batch=batch, alternative="greater", axis=-1)
    reach = float(np.quantile(found.null_distribution, rules.level)) * unit
    return judged(n, slope * MONTH_D, (slope - reach) * MONTH_D, (slope + reach) * MONTH_D, float(found.pvalue), rules)


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is measured of series over the same (m,) days: pairs of days, and which of them are neighbours."""

    day: FloatArray
    early: IntArray
    late: IntArray
    gap_d: FloatArray
    neighbour: IntArray

    @classmethod
    def of(cls, day: FloatArray) -> _Measure:
        early, late = pairs(len(day))
        return cls(day, early, late, day[late] - day[early], np.flatnonzero(np.diff(day) == 1))

    def of_series(self, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Slope a day, the unit that slopes of such series come in, and likeness, of (..., m) series: (...,) each."""
        slope = np.median((values[..., self.late] - values[..., self.early]) / self.gap_d, axis=-1)
        left = values - slope[..., None] * self.day
        left = left - left.mean(axis=-1, keepdims=True)
        variance = (left * left).mean(axis=-1)
        likeness = self._likeness(left, variance)
        return slope, np.sqrt(variance * (1 + likeness) / (1 - likeness)), likeness

    def size(self, values: FloatArray, axis: int) -> FloatArray:
        """How far from no slope, in units."""
        slope, unit, _ = self.of_series(values)
        return np.abs(slope) / unit

    def _likeness(self, left: FloatArray, variance: FloatArray) -> FloatArray:
        pairs = len(self.neighbour)
        if pairs < LIKENESS_PAIRS:
            return np.full(variance.shape, LIKENESS_ASSUMED)
        found = (left[..., self.neighbour] * left[..., self.neighbour + 1]).mean(axis=-1) / variance
        likeness: FloatArray = np.clip((pairs * found + 2) / (pairs - 4), 0.0, LIKENESS_MOST)
        return likeness


def _drawing(day: FloatArray, likeness: float, dice: np.random.Generator) -> Callable[..., FloatArray]:
    """Draws (k, m) values of the known days from autoregressions of unit noise."""
    from scipy import signal

    index = (day - day[0]).astype(np.int64) + BURN_IN_D

    def draw(size: tuple[int, int]) -> FloatArray:
        noise = dice.standard_normal((size[0], int(index[-1]) + 1))
        drawn: FloatArray = signal.lfilter([1.0], [1.0, -likeness], noise, axis=-1)[:, index]
        return drawn

    return draw


def cusum(values: FloatArray, left_out: BoolArray) -> Shift:
    """From which day on is the level another one, lastingly? Two-sided CUSUM (Page 1954) of (n,) daily values; NaN and `left_out` days do not count.

    Against median and clipped SD of the first 28 known days (or what there is, from 14 on). Without any shift, in 90 days of which each resembles
    the one before with r = .3, it says one in 4 % of series (under 1 % of independent days, 13 % at r = .5: measured by the tests); a shift of one
    SD halfway is found in 65 of 100 series, one of one and a half in 95 of 100. The day is Page's: the last at which nothing had yet added up.
    """
    index = np.flatnonzero(np.isfinite(values) & ~left_out)
    if len(index) < REFERENCE_LEAST:
        return NO_SHIFT
    z = _against_reference(values[index])
    found = [(begin, up) for up in (True, False) if (begin := _first_lasting(z if up else -z)) is not None]
    if not found:
        return NO_SHIFT
    begin, up = min(found)
    return Shift(int(index[begin]), up)


def _against_reference(values: FloatArray) -> FloatArray:
    """Values in SD around the median of the reference; three MAD-SD are the most that a reference day may say. All 0 where nothing varies."""
    first = values[:REFERENCE_D]
    centre = float(np.median(first))
    robust = 1.4826 * float(np.median(np.abs(first - centre)))
    spread = float(np.std(np.clip(first, centre - 3 * robust, centre + 3 * robust), ddof=1))
    likeness = math.sqrt((1 + LIKENESS_ASSUMED) / (1 - LIKENESS_ASSUMED))
    return (values - centre) / (spread * likeness) if spread > 0 else np.zeros(len(values))


def _first_lasting(z: FloatArray) -> int | None:
    """Where the first lasting rise of (n,) begins."""
    total, begin = 0.0, 0
    for now, value in enumerate(z):
        if total == 0:
            begin = now
        total = max(0.0, total + float(value) - CUSUM_SLACK)
        if total > CUSUM_LIMIT:
            if len(z) - begin >= LASTING_D and float(np.median(z[begin:])) > CUSUM_SLACK:
                return begin
            total = 0.0
    return None


# ---------------------------------------------------------------- for the eye, and for questionnaires


def running_mean(values: Sequence[float] | FloatArray, days: int = 7) -> list[float | None]:
    """Exponentially weighted mean of daily values up to each day, span `days` (weight falls by 2 / (days + 1) a day); NaN: not known.

    A missing day adds nothing and ages what was; None once `days` days on end, or the first ones, are missing. Empty: empty.
    """
    keep = 1 - 2 / (days + 1)
    total = weight = 0.0
    silent, out = days, list[float | None]()
    for value in np.asarray(values, dtype=np.float64):
        known = bool(np.isfinite(value))
        total, weight = total * keep + (float(value) if known else 0.0), weight * keep + known
        silent = 0 if known else silent + 1
        out.append(total / weight if silent < days else None)
    return out


def reliable_change(first: float, second: float, sd: float, reliability: float) -> float:
    """Change of a questionnaire in units of its error: beyond 1.96 either way it is more than unreliability makes (Jacobson & Truax 1991).

    `sd` of the population it was standardised on, > 0; `reliability` in [0, 1). ValueError outside.

    >>> round(reliable_change(47.5, 32.5, 7.5, 0.80), 2)
    -3.16
    """
    if not (sd > 0 and 0 <= reliability < 1):
        raise ValueError(f"a reliable change needs a spread above 0 and a reliability from 0 to below 1, not {sd} and {reliability}")
    return (second - first) / (sd * math.sqrt(2 * (1 - reliability)))
