"""What a report comes to, in plain sentences: the summary, and what cannot be said yet with what it would take. Only findings speak here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from dashboards.report.model import Group, Report
from dashboards.report.saying import claimed, more, named, told, undecided, word_of
from dashboards.report.words import Words
from somalink.domain.catalogue import HIGHER, LOWER
from somalink.domain.constants import STATISTICS
from somalink.domain.types import Finding

WEEKS_UP_TO = 8
MONTH_D = 30.44


def title(report: Report, say: Words) -> str:
    """`Four weeks, body and social moments`; a span that is no round number of weeks or months is told in days."""
    return say("title", span=span_words((date.fromisoformat(report.to_day) - date.fromisoformat(report.from_day)).days + 1, say))


def span_words(days: int, say: Words) -> str:
    """
    >>> [span_words(n, Words("en")) for n in (1, 7, 12, 28, 31, 92, 365)]
    ['A day', 'A week', '12 days', 'Four weeks', 'A month', 'Three months', 'A year']
    """
    weeks, rest = divmod(days, 7)
    months = round(days / MONTH_D)
    if days == 1:
        return say("span.day")
    if not rest and weeks <= WEEKS_UP_TO:
        return say("span.week") if weeks == 1 else say(f"span.weeks.{weeks}")
    if 1 <= months <= 12 and abs(days - months * MONTH_D) <= 2:
        return say(f"span.months.{months}")
    return say("unit.days", n=days)


# ---------------------------------------------------------------- the summary


def gist(report: Report, say: Words) -> str:
    """What was worn, what stood out, what cannot be told, and breathing; each a sentence."""
    days, coverage = len(report.days), report.coverage
    if not coverage.days_worn and not coverage.tagged:
        return say("gist.nothing", n=days)
    if not coverage.days_worn:
        return say("gist.not_worn", n=days)
    worn = say("gist.worn", n=days, worn=coverage.days_worn, hours=say.number(coverage.worn_h / coverage.days_worn))
    return " ".join(part for part in (worn, *about_kinds(report, say), *about_change(report, say), about_breath(report, say)) if part)


def with_verdict(findings: Sequence[Finding], verdict: str) -> list[Finding]:
    return [each for each in findings if claimed(each) and each.verdict == verdict]


def about_kinds(report: Report, say: Words) -> list[str]:
    findings = [group.finding for group in report.kinds]
    if not findings:
        return [say("gist.no_tags")]
    open_, few = sum(map(undecided, findings)), sum(not told(each) for each in findings)
    said = [say(f"gist.{verdict}", kinds=named(found, say)) for verdict in (HIGHER, LOWER) if (found := with_verdict(findings, verdict))]
    if few == len(findings):
        return [say("gist.few_all", n=few)]
    if open_ + few == len(findings):
        said.append(say("gist.undecided", n=open_))
    if said and open_ and open_ + few < len(findings):
        said.append(say("gist.open_and_few", all=len(findings), open=open_, few=few) if few else say("gist.open", open=open_))
    elif few:
        said.append(say("gist.few", few=few, all=len(findings)))
    return said


def about_change(report: Report, say: Words) -> list[str]:
    """Growth and settling, where they may be claimed; otherwise what cannot be said has them."""
    said = [say(f"gist.trend.{verdict}", kinds=named(found, say)) for verdict in (HIGHER, LOWER) if (found := with_verdict(report.trends, verdict))]
    trend = report.settling.trend
    return [*said, say(f"gist.settle.{trend.verdict}")] if claimed(trend) else said


def about_breath(report: Report, say: Words) -> str:
    if not report.offers.decisions:
        return ""
    finding = report.offers.finding
    return say(f"gist.breath.{finding.verdict}") if told(finding) else say("gist.breath.too_few")


# ---------------------------------------------------------------- what cannot be said yet


def not_yet(report: Report, say: Words) -> tuple[str, ...]:
    """Every question these pages leave open. The last is always `why`."""
    if not report.coverage.days_worn and not report.coverage.tagged:
        return (say("notyet.why"),)
    parts: tuple[Callable[[Report, Words], list[str]], ...] = (few_kinds, open_kinds, growth, between_kinds, settling, concordance, breath, over_days)
    return (*(sentence for part in parts for sentence in part(report, say)), say("notyet.why"))


def few_kinds(report: Report, say: Words) -> list[str]:
    few = [group for group in report.kinds if not told(group.finding)]
    names = [say("notyet.kind_count", kind=say.within("kind", group.word), count=group.counted) for group in few]
    least = say.spelt(STATISTICS.sentence_from)
    return [say("notyet.kind" if len(names) == 1 else "notyet.kinds", kinds=", ".join(names), least=least)] if names else []


def open_kinds(report: Report, say: Words) -> list[str]:
    """Kinds with moments enough and no claim: those for which more would do it, and those that are not sure or not large enough."""
    found = [group for group in report.kinds if undecided(group.finding)]
    more_would = [group for group in found if more(group.finding) is not None]
    unsure = [group for group in found if more(group.finding) is None]
    said = []
    if len(more_would) == 1:
        said.append(say("notyet.differs", kind=say.within("kind", more_would[0].word), more=more(more_would[0].finding)))
    elif more_would:
        said.append(say("notyet.differ", kinds=say.listed([counted(group, say) for group in more_would])))
    if unsure:
        said.append(say("notyet.unsure", kind=names_of(unsure, say)) if len(unsure) == 1 else say("notyet.unsures", kinds=names_of(unsure, say)))
    return said


def counted(group: Group, say: Words) -> str:
    return say("notyet.kind_count", kind=say.within("kind", group.word), count=more(group.finding))


def names_of(groups: Sequence[Group], say: Words) -> str:
    return say.listed([say.within("kind", group.word) for group in groups])


def growth(report: Report, say: Words) -> list[str]:
    trends, least = report.trends, say.spelt(STATISTICS.slope_n)
    if open_ := [each for each in trends if undecided(each)]:
        return [say("notyet.trend_undecided", kinds=named(open_, say))]
    if any(map(told, trends)):
        return []
    if not trends:
        return [say("notyet.trend_none", least=least)]
    best = max(trends, key=lambda each: each.n_blind)
    return [say("notyet.trend", least=least, kind=say.within(*word_of(best)), count=best.n_blind)]


def between_kinds(report: Report, say: Words) -> list[str]:
    if any(map(claimed, report.contrasts)) or len(report.kinds) < 2:
        return []
    return [say("notyet.contrast_undecided") if any(map(told, report.contrasts)) else say("notyet.contrast", least=say.spelt(STATISTICS.contrast_n))]


def settling(report: Report, say: Words) -> list[str]:
    settle = report.settling
    if settle.n < STATISTICS.recovery_n:
        return [say("notyet.settle", least=say.spelt(STATISTICS.recovery_n), count=settle.n)]
    return [] if claimed(settle.trend) else [say("notyet.settle_trend", count=settle.n)]


def concordance(report: Report, say: Words) -> list[str]:
    finding = report.concord.finding
    if not told(finding):
        return [say("notyet.concord", least=say.spelt(STATISTICS.concord_n), count=len(report.concord.points))]
    return [] if claimed(finding) else [say("notyet.concord_undecided")]


def breath(report: Report, say: Words) -> list[str]:
    offers = report.offers
    if claimed(offers.finding):
        return []
    if not offers.decisions:
        return [say("notyet.breath.none")]
    if offers.least_effect is None:
        return [say("notyet.breath", n=offers.decisions)]
    return [say("notyet.breath.least", n=offers.decisions, least=say.number(offers.least_effect))]


def over_days(report: Report, say: Words) -> list[str]:
    series = {"level": report.level, "belonging": report.belonging, "engagement": report.engagement}
    short = [say(f"notyet.part.{name}") for name, each in series.items() if not told(each.finding)]
    return [say("notyet.days", parts=say.listed(short))] if short else []
