"""Findings: one record an answer, or why there is none. Knows cases and days; asks the statistics and writes down what they say.

Families are shown, and each pays for its own size (Benjamini-Hochberg): kinds of moments, which is the question; the other words of a tag together;
trends of kinds; contrasts. What is asked once (settling, level, concordance, offers) speaks under `alpha`; secondaries carry no p.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from typing import Any, Protocol, TypeVar

import numpy as np

from processing.findings.cases import Case, column, felt, groups, strata
from processing.findings.compare import Comparison, compare, contrast, hodges_lehmann, more_needed, q_values, verdict
from processing.findings.compare import difference as difference_of
from processing.findings.concordance import concordance
from processing.findings.offers import Offered
from processing.findings.recovery import Recovery, recovery, recovery_trend
from processing.findings.trends import FEW, WITHIN_CHANCE, Trend, reaction_trend
from somalink.domain.catalogue import EVERYTHING, HIGHER, LOWER, NOT_TOLD_APART
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.identity import digest
from somalink.domain.types import Finding

NOT_CLEAR, SMALL, FEW_DAYS, SECONDARY = "interval_includes_none", "small", "few_days", "secondary"
"""Reasons of `not_told_apart`: chance could have done it; sure, but under half an SD; moments of too few days for an interval; described, never
tested."""
SECONDARIES = ("peak_z", "latency_s", "area", "slope", "slowing_z")
AGAINST_MATCHED = ("peak_z", "area", "slope", "slowing_z")
"""Secondaries that are told as differences from the matched moments; a latency is of its own moment alone."""
SURE_S = 300
"""A latency is told of moments that are sure to five minutes: of vaguer ones it says how vague they are."""
Dice = Callable[[str], np.random.Generator]
"""A generator for a name: asked again, it says the same."""
T = TypeVar("T")


class Memory(Protocol):
    """Answers by what they rest on. Drawing ten thousand times takes long; the same moments get the same answer in any span."""

    def get(self, name: str, of: type[T]) -> T | None: ...

    def put(self, name: str, value: object) -> None: ...


class Forgetful:
    """Remembers nothing."""

    def get(self, name: str, of: type[T]) -> T | None:
        return None

    def put(self, name: str, value: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose span is asked about, and with what rules."""

    person: str
    span: str
    analysis: str
    dice: Dice
    rules: Statistics = STATISTICS
    memory: Memory = field(default_factory=Forgetful)

    def answer(self, of: type[T], ask: Callable[..., T], *about: Any) -> T:
        """What `ask(*about, dice, rules)` says, remembered by what it was asked about; its dice are of that too."""
        name = digest(ask.__name__, asdict(self.rules), *(_plain(each) for each in about))
        known = self.memory.get(name, of)
        if known is None:
            known = ask(*about, self.dice(name), self.rules)
            self.memory.put(name, known)
        return known

    def id(self, scope: str, metric: str) -> str:
        return digest(self.person, self.span, scope, metric, self.analysis, self.rules.version)

    def finding(self, scope: str, metric: str, cases: Sequence[Case], **said: object) -> Finding:
        """A record with the counts of these moments; what is not said is None."""
        counted = [case for case in cases if case.counted]
        plain = Finding(
            id=self.id(scope, metric),
            person=self.person,
            span=self.span,
            scope=scope,
            metric=metric,
            n_tagged=len(cases),
            n_usable=sum(case.usable for case in cases),
            n_blind=len(counted),
            n_controls=sum(len(case.controls) for case in counted),
            effect=None,
            low=None,
            high=None,
            p=None,
            q=None,
            verdict="",
            reason="",
            analysis=self.analysis,
        )
        return replace(plain, **said)  # type: ignore[arg-type]  # the fields of a finding

    def of_trend(self, scope: str, metric: str, cases: Sequence[Case], trend: Trend, **said: object) -> Finding:
        """A trend as a record; its `n` is what it rests on."""
        figures = {name: getattr(trend, name) for name in ("p", "verdict", "reason")} | {
            name: _tidy(getattr(trend, name)) for name in ("effect", "low", "high")
        }
        return self.finding(scope, metric, cases, **{**figures, "n_blind": trend.n, **said})


# ---------------------------------------------------------------- reactions by group


def reactions(cases: Sequence[Case], ask: Asking) -> dict[tuple[str, str], Finding]:
    """`dz10` of every group of moments, by (scope, word)."""
    found = {key: (some, _compared(some, ask)) for key, some in groups(cases).items()}
    q: dict[tuple[str, str], float] = {}
    for primary in (True, False):
        family = [key for key, (_, said) in found.items() if (key[0] == "kind") == primary and said.n >= ask.rules.sentence_from]
        q |= dict(zip(family, q_values([found[key][1].p or 1.0 for key in family]), strict=True))
    return {key: _reaction(f"{key[0]}:{key[1]}", some, said, q.get(key), ask) for key, (some, said) in found.items()}


def _compared(cases: Sequence[Case], ask: Asking) -> Comparison:
    """Nothing is tested below what a sentence needs: a p that may not be shown is not made."""
    some = strata(cases, "dz10")
    if len(some) < ask.rules.sentence_from:
        return Comparison(len(some), sum(len(each.controls) for each in some))
    return ask.answer(Comparison, compare, some)


def _reaction(scope: str, cases: Sequence[Case], said: Comparison, q: float | None, ask: Asking) -> Finding:
    what, why = _claim(said, q, ask.rules)
    more = more_needed(said.n, said.effect, said.spread, ask.rules) if why == NOT_CLEAR else None
    figures = {"effect": _tidy(said.effect), "low": _tidy(said.low), "high": _tidy(said.high)}
    return ask.finding(scope, "dz10", cases, **figures, p=said.p, q=q, verdict=what, reason=why if more is None else f"{why}:{more}")


def _claim(said: Comparison, q: float | None, rules: Statistics) -> tuple[str, str]:
    """Verdict and why no more. A claim stands beside an interval that excludes none: test and interval are two, and both must say so."""
    what = verdict(said.n, said.effect, q, rules)
    if what not in (HIGHER, LOWER, NOT_TOLD_APART):
        return what, f"{FEW}:{rules.sentence_from - said.n}"
    if said.low is None or said.high is None:
        return NOT_TOLD_APART, FEW_DAYS
    if what == NOT_TOLD_APART or said.low <= 0 <= said.high:
        sure = q is not None and q < rules.fdr_q and not said.low <= 0 <= said.high
        return NOT_TOLD_APART, SMALL if sure else NOT_CLEAR
    return what, ""


def contrasts(cases: Sequence[Case], ask: Asking) -> list[Finding]:
    """One kind against another, where both have ten counted moments; scope `kind:conflict-criticism`."""
    kinds = {word: strata(some, "dz10") for (scope, word), some in groups(cases).items() if scope == "kind"}
    able = [word for word, some in kinds.items() if len(some) >= ask.rules.contrast_n]
    pairs = [(f"kind:{first}-{second}", first, second) for first, second in combinations(able, 2)]
    said = [contrast(kinds[first], kinds[second], ask.rules) for _, first, second in pairs]
    q = q_values([each.p or 1.0 for each in said])
    return [
        _reaction_of_pair(scope, [case for case in cases if case.event.kind in (first, second)], each, its, ask)
        for (scope, first, second), each, its in zip(pairs, said, q, strict=True)
    ]


def _reaction_of_pair(scope: str, cases: Sequence[Case], said: Comparison, q: float, ask: Asking) -> Finding:
    found = _reaction(scope, cases, said, q, ask)
    reason = found.reason.partition(":")[0]  # how many more of both would help is another sum, and nobody's question
    return replace(found, id=ask.id(scope, "dz10_contrast"), metric="dz10_contrast", reason=reason)


# ---------------------------------------------------------------- what else was measured, described


def secondaries(cases: Sequence[Case], ask: Asking) -> list[Finding]:
    """Of every kind with enough moments to list: height, latency, area, slope, slowing and half-recovery, with intervals and never a p."""
    found = []
    for (scope, word), some in groups(cases).items():
        if scope != "kind" or sum(case.counted for case in some) < ask.rules.list_below:
            continue
        found += [_described(f"kind:{word}", metric, some, ask) for metric in SECONDARIES]
        found.append(settling(some, ask, scope=f"kind:{word}")[0])
    return found


def _described(scope: str, metric: str, cases: Sequence[Case], ask: Asking) -> Finding:
    if metric in AGAINST_MATCHED:
        values = np.array([difference_of(each) for each in strata(cases, metric)])
    else:
        known = column([case for case in cases if case.counted and case.event.certainty_s <= SURE_S], metric)
        values = known[np.isfinite(known)]
    if len(values) < ask.rules.list_below:
        return ask.finding(
            scope, metric, cases, n_blind=len(values), verdict=verdict(len(values), None, None, ask.rules), reason=f"{FEW}:{ask.rules.list_below - len(values)}"
        )
    effect, low, high = hodges_lehmann(values, ask.rules.level)
    return ask.finding(
        scope, metric, cases, n_blind=len(values), effect=_tidy(effect), low=_tidy(low), high=_tidy(high), verdict=NOT_TOLD_APART, reason=SECONDARY
    )


# ---------------------------------------------------------------- settling


def risen(cases: Sequence[Case], rules: Statistics = STATISTICS) -> list[Case]:
    """Counted moments after which there was something to settle from: half an SD and more, and a peak above the calm before."""
    return [case for case in cases if case.counted and case.metrics.t_half_s is not None and (case.metrics.dz10 or 0.0) >= rules.least_effect]


def settling(cases: Sequence[Case], ask: Asking, scope: str = EVERYTHING) -> tuple[Finding, Recovery]:
    """Half-way recovery of all risen moments (Kaplan-Meier): `effect` is the median in seconds."""
    some = risen(cases, ask.rules)
    t_half, cut = _t_half(some)
    found = ask.answer(Recovery, recovery, t_half, cut)
    spoken = found.median_s is not None and found.n >= ask.rules.recovery_n
    reason = SECONDARY if spoken else f"{FEW}:{max(ask.rules.recovery_n - found.n, 0)}" if found.n < ask.rules.recovery_n else "not_reached"
    figures = {"effect": found.median_s, "low": found.low_s, "high": found.high_s} if spoken else {}
    what = NOT_TOLD_APART if found.n >= ask.rules.recovery_n else verdict(min(found.n, ask.rules.sentence_from - 1), None, None, ask.rules)
    return ask.finding(scope, "t_half_s", cases, n_blind=found.n, verdict=what, reason=reason, **figures), found


def settling_trend(cases: Sequence[Case], since_day: int | None, ask: Asking) -> Finding:
    """Does half-way recovery take longer or shorter than it did? `since_day`: the newest change of medicine, across which nothing is compared."""
    some = [case for case in risen(cases, ask.rules) if since_day is None or case.day >= since_day]
    t_half, cut = _t_half(some)
    trend = ask.answer(Trend, recovery_trend, _when(some), t_half, cut)
    return ask.of_trend(EVERYTHING, "t_half_trend", cases, since(trend, since_day))


def _t_half(cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    return column(cases, "t_half_s"), np.array([bool(case.metrics.t_half_censored) for case in cases], dtype=bool)


# ---------------------------------------------------------------- over time


def reaction_trends(cases: Sequence[Case], since_day: int | None, ask: Asking) -> list[Finding]:
    """`dz10_trend` of every kind that was tagged: do reactions to it grow or fade? Told under the family's q: a dozen kinds are a dozen chances."""
    found = [_reaction_trend(f"kind:{word}", some, since_day, ask) for (scope, word), some in groups(cases).items() if scope == "kind"]
    asked = [trend for trend in found if trend.p is not None]
    q = dict(zip((trend.id for trend in asked), q_values([trend.p or 1.0 for trend in asked]), strict=True))
    return [_paid_for(trend, q[trend.id], ask.rules) if trend.id in q else trend for trend in found]


def _paid_for(trend: Finding, q: float, rules: Statistics) -> Finding:
    """A verdict that the family's size does not take away again."""
    if trend.verdict in (HIGHER, LOWER) and q >= rules.fdr_q:
        return replace(trend, q=q, verdict=NOT_TOLD_APART, reason=WITHIN_CHANCE)
    return replace(trend, q=q)


def _reaction_trend(scope: str, cases: Sequence[Case], since_day: int | None, ask: Asking) -> Finding:
    some = [case for case in cases if case.counted and (since_day is None or case.day >= since_day)]
    matched = np.array([float(np.mean([control.dz10 for control in case.controls if control.dz10 is not None])) for case in some])
    trend = ask.answer(Trend, reaction_trend, _when(some), column(some, "dz10") - matched, column(some, "pre_z"), felt(some))
    return ask.of_trend(scope, "dz10_trend", cases, since(trend, since_day))


def since(trend: Trend, since_day: int | None) -> Trend:
    """A trend that was cut at a change of medicine and has too little left says so."""
    return trend if since_day is None or trend.effect is not None else replace(trend, reason="medication_change")


def _when(cases: Sequence[Case]) -> np.ndarray:
    """Days, fractions meant: which moment came first on a day is known."""
    return np.array([case.event.t_ns / 86_400e9 for case in cases])


def concord(cases: Sequence[Case], ask: Asking) -> Finding:
    """Does the body rise more when a moment of the same kind feels harder?"""
    some = [case for case in cases if case.counted and case.event.distress is not None]
    trend = concordance([case.event.kind for case in some], felt(some), column(some, "dz10"), ask.rules)
    return ask.of_trend(EVERYTHING, "concordance", cases, trend)


def of_offers(said: Offered, ask: Asking) -> Finding:
    """Breathing offered against withheld, by what chance decided."""
    figures: Mapping[str, object] = {name: getattr(said, name) for name in ("effect", "low", "high", "p", "verdict", "reason")}
    return ask.finding(EVERYTHING, "offer", (), **{**figures, "n_tagged": said.decisions, "n_usable": said.n, "n_blind": said.n})


def mean_of(values: Sequence[float], rules: Statistics = STATISTICS) -> tuple[float, float, float] | None:
    """Mean and its t interval of one arm, for the eye; None under two."""
    from scipy import stats

    if len(values) < 2:
        return None
    mean, se = float(np.mean(values)), float(stats.sem(values))
    low, high = stats.t.interval(rules.level, len(values) - 1, mean, se) if se > 0 else (mean, mean)
    return round(mean, 3), round(float(low), 3), round(float(high), 3)


def _plain(value: Any) -> str:
    """A text that is another whenever what is asked about is another."""
    return repr(value.tolist()) if isinstance(value, np.ndarray) else repr(value)


def _tidy(value: float | None) -> float | None:
    """To what is stored of a level, 1e-4."""
    return None if value is None or value != value else round(value, 4)
