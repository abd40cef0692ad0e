"""Planned steps back into contact: what was expected against what was met (science, section 2.10).

Knows ratings before and after. Whether the heart rate came down is not asked here: that does not tell whether a step has helped.
"""

from __future__ import annotations

import numpy as np

from processing.findings.compare import hodges_lehmann
from processing.findings.trends import FEW, Trend, judged, too_few
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import FloatArray


def step_findings(expected: FloatArray, met: FloatArray, expectancy: FloatArray, outcome: FloatArray, rules: Statistics = STATISTICS) -> tuple[Trend, Trend]:
    """(distress, outcome): felt distress less planned, and how much of what was feared came less how sure the person was; points of 0-10.

    (n,) each, one a step, NaN where not said; a pair that is not whole is left out. `lower`: milder than expected. Speaks from `list_below` pairs.
    """
    return _paired(expected, met, rules), _paired(expectancy, outcome, rules)


def _paired(before: FloatArray, after: FloatArray, rules: Statistics) -> Trend:
    """Hodges-Lehmann of the differences, p of Wilcoxon's signed ranks (exact up to 50 pairs without ties, else normal)."""
    from scipy import stats

    known = np.isfinite(before) & np.isfinite(after)
    difference = after[known] - before[known]
    n = len(difference)
    if n < rules.list_below:
        return too_few(n, FEW, rules.list_below - n)
    effect, low, high = hodges_lehmann(difference, rules.level)
    p = float(stats.wilcoxon(difference, zero_method="zsplit").pvalue) if difference.any() else 1.0
    return judged(n, effect, low, high, p, rules)
