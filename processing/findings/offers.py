"""Does the offer of a breath help? What chance offered against what chance withheld, never after against before (science, section 4.4).

Knows decisions, their chances and what came 5 to 15 minutes after. Does not know whether an offer was taken up: who takes it differs from who
does not, so offers are compared as made (intention to treat). A rise settles by two thirds on its own within minutes; only what was withheld
shows that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.findings.models import Coefficient, clustered, ordinary
from processing.findings.trends import FEW, judged, too_few
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import FloatArray

STILL_FROM, HOUR_FROM = 40, 60
"""Decisions from which stillness and hour enter: ten for each column there then is. The level before, which explains most, always does."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A moment at which chance decided. `outcome`: mean z 5 to 15 minutes after, None where it could not be read."""

    t_ns: int
    offered: bool
    probability: float
    """Of an offer, as it was drawn; 0 and 1 are no chance, and such decisions are left out."""
    outcome: float | None
    before: float
    """z when chance decided."""
    hour: float
    """Local, 0-24."""
    still: float
    """Share of the time before that was still, 0-1; NaN, not known, counts as the median of the others."""
    person: str


@dataclass(frozen=True, slots=True)
class Offered:
    """`effect`: offered less withheld, in SD of arousal; below 0 the offer helps. Figures are None where nothing may be said."""

    decisions: int
    n: int
    """Those with a known outcome; `n_offered` + `n_withheld`."""
    n_offered: int
    n_withheld: int
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    least_effect: float | None
    """The smallest effect that so many such decisions show in `power` of cases."""
    verdict: str
    reason: str


def offered(decisions: Sequence[Decision], rules: Statistics = STATISTICS) -> Offered:
    """Weighted and centred least squares over all decisions of one person or of several (Boruvka et al. 2018, JASA 113:1112; Klasnja et al. 2015).

    Each decision is weighted by the usual chance over its own, and the arm is centred at the usual chance, so that a wrong guess of how the
    outcome hangs on level, gate and hour costs precision, not truth. Speaks from `offers_n` known outcomes, `list_below` in each arm.
    """
    drawn = [each for each in decisions if 0 < each.probability < 1]
    known = [each for each in drawn if each.outcome is not None and math.isfinite(each.outcome) and math.isfinite(each.before)]
    arm = np.array([each.offered for each in known], dtype=np.float64)
    counts = (len(drawn), len(known), int(arm.sum()), len(known) - int(arm.sum()))
    missing = max(rules.offers_n - len(known), rules.list_below - min(counts[2:]))
    if missing > 0:
        refusal = too_few(len(known), FEW, missing)
        return Offered(*counts, None, None, None, None, None, refusal.verdict, refusal.reason)
    found = _effect(known, arm, rules)
    told = judged(len(known), found.value, found.low, found.high, found.p, rules)
    return Offered(*counts, told.effect, told.low, told.high, told.p, _least_effect(found, rules), told.verdict, told.reason)


def _effect(known: Sequence[Decision], arm: FloatArray, rules: Statistics) -> Coefficient:
    chance = np.array([each.probability for each in known])
    usual = float(chance.mean())
    weights = np.where(arm == 1, usual / chance, (1 - usual) / (1 - chance))
    x = np.column_stack([arm - usual, np.ones(len(known)), *_covariates(known)])
    y = np.array([each.outcome for each in known], dtype=np.float64)
    people = [each.person for each in known]
    if len(set(people)) == 1:
        return ordinary(y, x, weights, column=0, level=rules.level)
    return clustered(y, x, weights, people, column=0, level=rules.level)


def _covariates(known: Sequence[Decision]) -> list[FloatArray]:
    """Level before, stillness and hour, each (n,) around 0, as far as the rows carry them; what never varies has nothing to say."""
    hour = np.array([each.hour for each in known]) * (2 * math.pi / 24)
    columns = [np.array([each.before for each in known])]
    if len(known) >= STILL_FROM:
        columns += [_filled(np.array([each.still for each in known]))]
    if len(known) >= HOUR_FROM:
        columns += [np.cos(hour), np.sin(hour)]
    return [column - column.mean() for column in columns if np.ptp(column) > 1e-9]


def _filled(column: FloatArray) -> FloatArray:
    known = np.isfinite(column)
    return np.where(known, column, np.median(column[known]) if known.any() else 0.0)


def _least_effect(found: Coefficient, rules: Statistics) -> float:
    """From the error of the effect: (t of alpha + t of power) times it."""
    from scipy import stats

    return float(stats.t.ppf(1 - rules.alpha / 2, found.dof) + stats.t.ppf(rules.power, found.dof)) * found.se
