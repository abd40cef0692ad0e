"""Does the body rise more when a moment feels harder? Within kinds of moments, within one person (science, section 3.5).

Knows kinds, ratings and changes in arousal. A disagreement of the two is information, not an error, and nothing here calls it one.
Kinds are the groups: that conflicts are both harder and higher than requests says nothing of whether a harder conflict rises more.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from processing.findings.models import within_groups
from processing.findings.trends import FEW, Trend, judged, no_spread, too_few
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import FloatArray


def rmcorr(groups: Sequence[str], x: FloatArray, y: FloatArray, level: float) -> tuple[float, float, float, float, int] | None:
    """Repeated-measures correlation of x and y, (n,) each: r, its interval at `level`, p and degrees of freedom (pairs - groups - 1).

    None where a group's values do not vary or fewer than two degrees remain, which is too few for an interval.
    Bakdash & Marusich 2017 (Front Psychol 8:456). The interval is Fisher's, as of a correlation of dof + 2 pairs.
    """
    from scipy import stats

    found = within_groups(groups, x, y)
    if found is None or found.dof < 2:
        return None
    reach = float(stats.norm.ppf(0.5 + level / 2)) / math.sqrt(found.dof - 1)
    centre = math.atanh(min(max(found.r, -1 + 1e-12), 1 - 1e-12))
    return found.r, math.tanh(centre - reach), math.tanh(centre + reach), found.p, found.dof


def concordance(kinds: Sequence[str], felt: FloatArray, dz10: FloatArray, rules: Statistics = STATISTICS) -> Trend:
    """Felt distress against change in arousal, (n,) each, NaN left out; `effect` is r.

    A kind with one such moment has nothing to compare it with and is not counted. Speaks from `concord_n` counted moments.
    """
    known = np.isfinite(felt) & np.isfinite(dz10)
    often = Counter(kind for kind, here in zip(kinds, known, strict=True) if here)
    counted = known & np.array([often[kind] > 1 for kind in kinds], dtype=bool)
    n = int(counted.sum())
    if n < rules.concord_n:
        return too_few(n, FEW, rules.concord_n - n)
    found = rmcorr([kind for kind, here in zip(kinds, counted, strict=True) if here], felt[counted], dz10[counted], rules.level)
    if found is None:
        return no_spread(n)
    r, low, high, p, _ = found
    return judged(n, r, low, high, p, rules)
