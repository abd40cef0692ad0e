"""What is said of a person over a span, and the usuals it is said against, as points. Words and figures are the report's own; nothing is judged here.

A figure stands only where the report would print it, a bare number only where something is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dashboards.report import saying
from dashboards.report.appendix import TIMES, about, described
from dashboards.report.words import Words
from processing.exact import MICRO
from processing.findings.answers import SECONDARY
from processing.findings.daily import day_start
from somalink.domain.catalogue import EVERYTHING, FINDING_METRICS, LISTED_ONLY, TOO_FEW
from somalink.domain.constants import STATISTICS
from somalink.domain.time import HOUR_NS
from somalink.domain.types import Baseline, Finding
from somalink.pipeline.replica.subject import MS, SetOf, Subject
from somalink.pipeline.reporting import EPOCH
from somalink.storage.influx.points import FieldValue, Point

OF_A_GROUP = ("dz10",)
"""Metrics of a group of moments, whose table tells how many more it takes."""
FADING = ("dz10_trend",)
"""Metrics whose verdict is told as growing or fading."""
INCLUDES_NONE = "interval_includes_none"
"""Reason of an interval on both sides of none; also where it is not, and chance does as much too often. The report tells these apart."""

# ---------------------------------------------------------------- findings


def findings(subject: Subject) -> Iterator[Point]:
    say = Words(subject.lang)
    for finding in subject.store.findings(subject.person):
        yield _finding(subject, finding, say)


def _finding(subject: Subject, finding: Finding, say: Words) -> Point:
    first, last = ((date.fromisoformat(day) - EPOCH).days for day in finding.span.split("/"))
    from_ns, to_ns = day_start(first, subject.offsets), day_start(last + 1, subject.offsets)
    sure = saying.claimed(finding)
    tags = {**subject.named(finding.id, finding.metric), "scope": finding.scope, "days": str(last - first + 1)}
    fields: dict[str, FieldValue] = {
        "what": what(finding, say),
        "n_tagged": float(finding.n_tagged),
        "n_usable": float(finding.n_usable),
        "n_blind": float(finding.n_blind),
        "n_controls": float(finding.n_controls),
        "effect": finding.effect if sure else None,
        "low": finding.low if sure else None,
        "high": finding.high if sure else None,
        "figure": figure(finding, say) or None,
        "verdict": finding.verdict,
        "words": words(finding, say),
        "cannot": "" if sure else cannot(finding, say),
        "span": finding.span,
        "from_ms": from_ns // MS,
        "to_ms": to_ns // MS,
    }
    return Point("finding", tags, fields, to_ns - HOUR_NS, finding.id)


def what(finding: Finding, say: Words) -> str:
    """`Conflict: change over ten minutes, SD`; `with: work: change over ten minutes, SD`."""
    scope, _ = saying.word_of(finding)
    said = about(finding, say)
    return said if scope in (EVERYTHING, "kind") else say("group.name", scope=say(f"group.{scope}"), word=said)


def figure(finding: Finding, say: Words) -> str:
    """With its unit; nothing where none may be told."""
    if not saying.told(finding):
        return ""
    said = described(finding, say) if finding.metric in TIMES else saying.figure(finding, say)  # how long something took has no sign
    return f"{said} {FINDING_METRICS[finding.metric]}"


def words(finding: Finding, say: Words) -> str:
    """The verdict, as the report's tables say it; of settling and of steps in the word of its direction, since lower alone would not tell which is which."""
    if finding.metric in OF_A_GROUP:
        return _of_a_group(finding, say)
    if finding.reason == SECONDARY:
        return saying.reason(finding, say)
    if saying.small(finding):
        return say("verdict.small")
    trend = f"verdict.trend.{finding.verdict}"
    own = trend if finding.metric in FADING else f"board.{finding.metric}.{finding.verdict}"
    return say(own if say.has(own) else f"verdict.{finding.verdict}")


def _of_a_group(finding: Finding, say: Words) -> str:
    """Beside a column of all that were tagged, "5 of eight" would be five of those."""
    if saying.told(finding) or finding.n_blind >= STATISTICS.sentence_from:
        return saying.verdict(finding, say)[0]
    few = LISTED_ONLY if finding.n_blind < STATISTICS.list_below else TOO_FEW
    return say(f"board.{few}", count=finding.n_blind, least=STATISTICS.sentence_from)


def cannot(finding: Finding, say: Words) -> str:
    """Why no more is said and what it would take, in words that hold without the report around them."""
    word = finding.reason.partition(":")[0]
    if word == INCLUDES_NONE and saying.within_chance(finding):
        word = saying.WITHIN_CHANCE
    if not say.has(f"board.{word}"):
        return saying.reason(finding, say)
    said, needed = say(f"board.{word}"), saying.more(finding)
    return said if needed is None else say("board.more", said=said, n=needed)


# ---------------------------------------------------------------- the usual


def baselines(subject: Subject) -> Iterator[Point]:
    for found in subject.store.tier_baselines(subject.person):
        usual = found.baseline
        tags = {"person_id": subject.person, "device_tier": found.tier}
        yield Point("baseline", tags, _usual(usual), usual.from_ns, f"{found.tier}/{usual.from_ns}")


def _usual(usual: Baseline) -> dict[str, FieldValue]:
    """The fit's constant is the heart rate of a body that has not moved for ten minutes, at no hour in particular (`processing.usual`)."""
    return {
        "number": float(usual.number),
        "mode": usual.mode,
        "still_h": usual.still_h,
        "still_days": float(usual.still_days),
        "still_hr_bpm": usual.coef_u[0] / MICRO,
        "rest_hr_bpm": None if usual.rest_hr is None else usual.rest_hr / 1000,
        "level_spread_bpm": usual.s_level_u / MICRO,
        "phasic_spread_bpm": usual.s_phasic_u / MICRO,
        "spike_z": usual.z_on.get("phasic", usual.z_on.get("level")),
        "chance_per_h": usual.chance_all,
    }


SETS = (
    SetOf("baseline", baselines, frozenset({"baselines"})),
    SetOf("finding", findings, frozenset({"findings", "utc_offsets"})),
)
