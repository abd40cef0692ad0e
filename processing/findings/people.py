"""Ten people or more together: how reactions are in general, and each person's own, pulled towards that by as much as their few moments need.

Knows rows of moments and ids. People come in the order of their ids and are never ranked: of a hundred people somebody always comes first, mostly
by having few moments (science, section 3.5). Who may be pooled is a matter of consent, and settled before anything comes here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from processing.findings.models import Levels, exchangeable, mixed
from processing.findings.trends import FEW, judged, too_few
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.types import FloatArray

RANDOM_KINDS, RANDOM_LEVELS, MARGINAL = "mixed_kinds", "mixed_levels", "gee"
"""Which model answered: a level and kinds of their own for every person; a level of their own; neither converged, a marginal model."""
KIND_LEAST = 5
"""A kind with fewer moments shares the level of the most frequent one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One moment of one person. What is not known is at its default, and a column that never varies does not enter."""

    person: str
    kind: str
    dz10: float
    pre: float
    hour: float = 12.0
    """Local, 0-24."""
    still: float = 1.0
    talking: bool = False
    caffeine: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """`own`: the plain mean of their moments. `effect`: partially pooled, with its interval, at an average moment."""

    person: str
    n: int
    own: float
    effect: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Pooled:
    """`effect`: change in arousal of an average person at an average moment, SD. None, and nobody listed, where nothing may be said."""

    n_people: int
    n: int
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: str
    reason: str
    method: str
    """One of `mixed_kinds`, `mixed_levels`, `gee`; empty where nothing was fitted."""
    people: tuple[Person, ...]
    """In the order of their ids."""


def pooled(rows: Sequence[Row], rules: Statistics = STATISTICS) -> Pooled:
    """dz10 by level before, kind, hour, stillness, talking and caffeine, with a level for every person; rows without dz10 or pre are left out.

    A mixed model (REML) with kinds of their own for everybody is tried first, then with levels only, then GEE; `method` says which answered.
    Speaks from `people` people; `few:2`: people. In the end everything rests on how many people there are: t with people - 1.
    """
    known = [row for row in rows if math.isfinite(row.dz10) and math.isfinite(row.pre)]
    groups = [row.person for row in known]
    often = Counter(groups)
    if len(often) < rules.people:
        refusal = too_few(len(known), FEW, rules.people - len(often))
        return Pooled(len(often), len(known), None, None, None, None, refusal.verdict, refusal.reason, "", ())
    y = np.array([row.dz10 for row in known])
    method, levels = _levels(y, known, groups)
    return _told(method, levels, y, groups, rules)


def _levels(y: FloatArray, known: Sequence[Row], groups: Sequence[str]) -> tuple[str, Levels]:
    kinds = _kinds(known)
    x = np.column_stack([np.ones(len(y)), *kinds, *_covariates(known)])
    if kinds and (levels := mixed(y, x, groups, np.column_stack(kinds))):
        return RANDOM_KINDS, levels
    if levels := mixed(y, x, groups, None):
        return RANDOM_LEVELS, levels
    return MARGINAL, exchangeable(y, x, groups)


def _kinds(known: Sequence[Row]) -> list[FloatArray]:
    """One column for each kind but the most frequent, around 0."""
    often = Counter(row.kind for row in known)
    first = min(often, key=lambda kind: (-often[kind], kind))
    columns = [np.array([row.kind == kind for row in known], dtype=np.float64) for kind in sorted(often) if kind != first and often[kind] >= KIND_LEAST]
    return [column - column.mean() for column in columns]


def _covariates(known: Sequence[Row]) -> Iterator[FloatArray]:
    hour = np.array([row.hour for row in known]) * (2 * math.pi / 24)
    plain = ([row.pre for row in known], [row.still for row in known], [row.talking for row in known], [row.caffeine for row in known])
    for column in (*(np.array(each, dtype=np.float64) for each in plain), np.cos(hour), np.sin(hour)):
        if np.ptp(column) > 1e-9:
            yield column - column.mean()


def _told(method: str, levels: Levels, y: FloatArray, groups: Sequence[str], rules: Statistics) -> Pooled:
    from scipy import stats

    names, which, n = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    dof = len(names) - 1
    reach = float(stats.t.ppf(0.5 + rules.level / 2, dof))
    own = np.bincount(which, weights=y) / n
    people = tuple(
        Person(str(name), int(n[k]), float(own[k]), float(level), float(level - reach * se), float(level + reach * se))
        for k, (name, level, se) in enumerate(zip(names, levels.shrunk, levels.shrunk_se, strict=True))
    )
    effect, se = levels.overall, levels.overall_se
    p = float(2 * stats.t.sf(abs(effect) / se, dof))
    told = judged(len(y), effect, effect - reach * se, effect + reach * se, p, rules)
    return Pooled(len(names), len(y), told.effect, told.low, told.high, told.p, told.verdict, told.reason, method, people)
