"""Regressions of the findings: the one place that meets statsmodels, and late (its import takes three seconds).

Takes columns, gives plain numbers. Knows nothing of moments, offers or people. Warnings of statsmodels about convergence never leave:
a model that did not converge is `None` here, and whoever asked falls back and says so.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from somalink.domain.types import FloatArray


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient with its interval. `dof`: of the t distribution behind interval and p."""

    value: float
    se: float
    low: float
    high: float
    p: float
    dof: float


@dataclass(frozen=True, slots=True)
class Within:
    """A correlation within groups. `dof` = pairs - groups - 1."""

    r: float
    p: float
    dof: int


@dataclass(frozen=True, slots=True)
class Levels:
    """Groups that share one level, each with its own around it: (groups,) columns in the order of the sorted group names."""

    overall: float
    overall_se: float
    shrunk: FloatArray
    """Level of each group, partially pooled."""
    shrunk_se: FloatArray


def residuals(y: FloatArray, covariates: FloatArray) -> tuple[FloatArray, int]:
    """What is left of `y`, (n,), once the covariates, (n, k), and a constant have had their linear say; and how many columns that took.

    A column that says nothing new (constant, twice the same) costs nothing.
    """
    x = np.column_stack([np.ones(len(y)), covariates])
    fitted, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    return y - x @ fitted, int(rank)


def flat(left: FloatArray, whole: FloatArray) -> bool:
    """Whether what is left of `whole` is nothing but rounding."""
    return float(np.abs(left).max()) <= 1e-9 * max(1.0, float(np.abs(whole).max()))


def ordinary(y: FloatArray, x: FloatArray, weights: FloatArray, *, column: int, level: float) -> Coefficient:
    """Weighted least squares with HC3 errors, of independent rows: (n,), (n, k), (n,). t with n - k; n > k, x of full rank.

    HC3 (MacKinnon & White 1985) keeps its size in samples of twenty, where the plain sandwich is too sure.
    """
    import statsmodels.api as sm

    done = sm.WLS(y, x, weights=weights).fit(cov_type="HC3", use_t=True)
    return _coefficient(float(done.params[column]), float(done.bse[column]), float(done.df_resid), level)


def clustered(y: FloatArray, x: FloatArray, weights: FloatArray, groups: Sequence[str], *, column: int, level: float) -> Coefficient:
    """Weighted least squares of rows in clusters, with the bias-reduced sandwich of Mancl & DeRouen (2001); t with clusters - 1.

    GEE with a normal family and working independence is least squares; what differs is the error. Two clusters or more. Rows are given the root of
    their weight instead of `weights=`, which statsmodels 0.15 cannot join with this sandwich.
    """
    import statsmodels.api as sm

    root = np.sqrt(weights)
    done = sm.GEE(y * root, x * root[:, None], groups=_codes(groups), family=sm.families.Gaussian()).fit(cov_type="bias_reduced")
    return _coefficient(float(done.params[column]), float(done.bse[column]), float(len(set(groups)) - 1), level)


def within_groups(groups: Sequence[str], x: FloatArray, y: FloatArray) -> Within | None:
    """Correlation of x and y, (n,) each, with an intercept for every group (Bakdash & Marusich 2017, Front Psychol 8:456).

    None where nothing can be told: no degree of freedom left, or x or y the same throughout every group.
    """
    import statsmodels.api as sm

    codes = _codes(groups)
    intercepts = (codes[:, None] == np.unique(codes)).astype(np.float64)
    dof = len(y) - intercepts.shape[1] - 1
    left = residuals(y, intercepts)[0]
    if dof < 1 or flat(residuals(x, intercepts)[0], x) or flat(left, y):
        return None
    done = sm.OLS(y, np.column_stack([intercepts, x])).fit()
    share = 1 - float(done.ssr) / float(left @ left)
    return Within(math.copysign(math.sqrt(max(0.0, share)), float(done.params[-1])), float(done.pvalues[-1]), dof)


def mixed(y: FloatArray, x: FloatArray, groups: Sequence[str], slopes: FloatArray | None) -> Levels | None:
    """Linear mixed model by REML: a level for every group, and slopes on the columns of `slopes`, (n, s), where given. None: did not converge.

    The first column of x, (n, k), is the constant; every other column has mean 0, so that the constant is the level at the average row.

    Powell's method first, which needs no gradient: near no spread at all the gradient ones of statsmodels 0.15 stop anywhere, or at a singular matrix.
    An answer with a warning, or on the edge where a spread is 0, is none.
    """
    import statsmodels.api as sm

    random = np.ones((len(y), 1)) if slopes is None else np.column_stack([np.ones(len(y)), slopes])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            done = sm.MixedLM(y, x, groups=np.asarray(groups), exog_re=random).fit(reml=True, method=["powell", "lbfgs"])
            overall, se = float(done.params[0]), float(done.bse[0])
            between = np.asarray(done.cov_re)
            own, spread = _ordered(done.random_effects), _ordered(done.random_effects_cov)
        except (Warning, np.linalg.LinAlgError, ValueError):
            return None
    if not (done.converged and math.isfinite(se) and np.linalg.eigvalsh(between).min() > 1e-6 * done.scale):
        return None
    level = np.array([each[0] for each in own])
    variance = np.array([each[0, 0] for each in spread])
    return Levels(overall, se, overall + level, np.sqrt(variance + se * se))


def exchangeable(y: FloatArray, x: FloatArray, groups: Sequence[str]) -> Levels:
    """The same from a marginal model (GEE, exchangeable), which always has an answer: levels are pooled by the spread it finds between groups.

    Where it finds none, every group has the overall level.
    """
    import statsmodels.api as sm

    codes = _codes(groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = sm.GEE(y, x, groups=codes, family=sm.families.Gaussian(), cov_struct=sm.cov_struct.Exchangeable()).fit(cov_type="bias_reduced")
    overall, se, total = float(done.params[0]), float(done.bse[0]), float(done.scale)
    alike = min(max(float(np.squeeze(done.cov_struct.dep_params)), 0.0), 0.99)
    left = y - x @ np.asarray(done.params)
    n = np.bincount(codes)
    keep = alike * total / (alike * total + (1 - alike) * total / n)
    own = keep * np.bincount(codes, weights=left) / n
    return Levels(overall, se, overall + own, np.sqrt(alike * total * (1 - keep) + se * se))


def _coefficient(value: float, se: float, dof: float, level: float) -> Coefficient:
    from scipy import stats

    reach = float(stats.t.ppf(0.5 + level / 2, dof)) * se
    p = float(2 * stats.t.sf(abs(value) / se, dof)) if se > 0 else float(value == 0)
    return Coefficient(value, se, value - reach, value + reach, p, dof)


def _codes(groups: Sequence[str]) -> Any:
    """0, 1, 2, ... in the order of the sorted names; (n,)."""
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def _ordered(of_group: dict[str, Any]) -> list[FloatArray]:
    return [np.asarray(of_group[name], dtype=np.float64) for name in sorted(of_group)]
