"""What may be said of a finding: whether a figure, and in which words. The claim rules are the findings' own; here they are only obeyed, once more.

A figure is told when its verdict tells it and its number of moments allows it. So a mistake elsewhere cannot put a trend of eleven on paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.report.words import NONE, Words
from somalink.domain.catalogue import HIGHER, LISTED_ONLY, LOWER, NOT_TOLD_APART, TOO_FEW
from somalink.domain.constants import STATISTICS
from somalink.domain.types import Finding

LEAST: Mapping[str, int] = {
    "dz10": STATISTICS.sentence_from,
    "dz10_trend": STATISTICS.slope_n,
    "dz10_contrast": STATISTICS.contrast_n,
    "t_half_s": STATISTICS.recovery_n,
    "t_half_trend": STATISTICS.recovery_n,
    "concordance": STATISTICS.concord_n,
    "belonging_trend": STATISTICS.belong_n,
    "engagement_trend": STATISTICS.belong_n,
    "offer": STATISTICS.offers_n,
}
"""How many moments, answers or decisions a metric needs before a figure may stand; none named: its verdict alone."""
DIGITS: Mapping[str, int] = {"concordance": 2, "latency_s": 0, "t_half_s": 0, "t_half_trend": 0, "slope": 2}
FIGURES = (NOT_TOLD_APART, HIGHER, LOWER)
SMALL, WITHIN_CHANCE = "small", "within_chance"


def told(finding: Finding) -> bool:
    """Whether its effect and interval may stand on paper."""
    enough = finding.n_blind >= LEAST.get(finding.metric, 0)
    return finding.verdict in FIGURES and enough and None not in (finding.effect, finding.low, finding.high)


def claimed(finding: Finding) -> bool:
    return told(finding) and finding.verdict in (HIGHER, LOWER)


def undecided(finding: Finding) -> bool:
    """Told with its interval, and not told apart from none."""
    return told(finding) and finding.verdict == NOT_TOLD_APART and not small(finding)


def small(finding: Finding) -> bool:
    """Surely there, and too little to be called higher or lower."""
    return told(finding) and finding.verdict == NOT_TOLD_APART and finding.reason == SMALL


def within_chance(finding: Finding) -> bool:
    """The interval leaves none out, and still chance does as much too often: never told as an interval that includes none."""
    low, high = finding.low, finding.high
    return finding.reason == WITHIN_CHANCE or (low is not None and high is not None and not low <= 0 <= high)


def figure(finding: Finding, say: Words) -> str:
    """`+1.3 (+1.0 to +1.6)`, or nothing. A bound that is not none is not written as 0.0, nor what lies beside the half SD as that: a digit more tells
    on which side it lies."""
    digits = DIGITS.get(finding.metric, 1)
    beside_half = finding.metric.startswith("dz10") and round(abs(finding.effect or 0.0), digits) == STATISTICS.least_effect
    if beside_half or any(bound and round(bound, digits) == 0 for bound in (finding.low, finding.high)):
        digits += 1
    return f"{say.signed(finding.effect, digits)} ({say.interval(finding.low, finding.high, digits)})" if told(finding) else ""


def more(finding: Finding) -> int | None:
    """How many moments more its reason asks for."""
    _, _, number = finding.reason.partition(":")
    return int(number) if number.strip().isdigit() else None


def reason(finding: Finding, say: Words) -> str:
    """Why nothing, or no more, is said: from the word of its reason, else from its verdict."""
    word = finding.reason.partition(":")[0]
    needed = more(finding)
    counted = f"reason.{word}.n" if needed is not None and say.has(f"reason.{word}.n") else f"reason.{word}"
    if word and say.has(counted):
        return say(counted, n=needed if needed is not None else 0)
    return say(f"verdict.{finding.verdict}") if say.has(f"verdict.{finding.verdict}") else NONE


def verdict(finding: Finding, say: Words) -> tuple[str, bool]:
    """What is said of a group of moments in a table, and whether it is a claim."""
    if claimed(finding):
        return say(f"verdict.{finding.verdict}"), True
    if told(finding):
        return say("verdict.small" if small(finding) else "verdict.not_told_apart"), False
    word = LISTED_ONLY if finding.n_blind < STATISTICS.list_below else TOO_FEW
    if finding.n_blind >= STATISTICS.sentence_from:
        return say("verdict.not_said"), False
    return say(f"verdict.{word}.of", count=finding.n_blind, least=say.spelt(STATISTICS.sentence_from)), False


def word_of(finding: Finding) -> tuple[str, str]:
    """(scope, word) of the moments it is about."""
    scope, _, word = finding.scope.partition(":")
    return scope, word


def named(findings: Sequence[Finding], say: Words) -> str:
    """The kinds of some findings, as a list within a sentence."""
    return say.listed([say.within(*word_of(each)) for each in findings])
