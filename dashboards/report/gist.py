"""What a report comes to, in plain sentences: the summary, and what cannot be said yet with what it would take. Only findings speak here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from statistics import median

from dashboards.report.model import Coverage, Group, Offers, Report
from dashboards.report.saying import claimed, more, named, reason, small, told, undecided, within_chance, word_of
from dashboards.report.words import Words
from somalink.domain.catalogue import HIGHER, LOWER
from somalink.domain.constants import STATISTICS
from somalink.domain.types import Finding

WEEKS_UP_TO = 8
MONTH_D = 30.44
NO_SPREAD = "no_spread"
"""All alike: nothing to say of it, and no more days would help."""


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
    if not report.coverage.counted:
        return [none_counted(report.coverage, say)]
    counts = {"small": sum(map(small, findings)), "open": sum(map(undecided, findings)), "few": sum(not told(each) for each in findings)}
    if counts["few"] == len(findings):
        return [say("gist.few_all", n=counts["few"])]
    said = [say(f"gist.{verdict}", kinds=named(found, say)) for verdict in (HIGHER, LOWER) if (found := with_verdict(findings, verdict))]
    parts = [say(f"gist.part.{name}", n=n) for name, n in counts.items() if n]
    return [*said, say("gist.parts", n=len(findings), parts=say.listed(parts))] if parts else said


def none_counted(coverage: Coverage, say: Words) -> str:
    """Why nothing is compared though moments were tagged; it is never that they were too few."""
    if not coverage.usable:
        return say("gist.none_usable", n=coverage.tagged)
    if coverage.not_blind >= coverage.usable:
        return say("gist.none_blind", n=coverage.usable)
    if coverage.not_blind + coverage.asked >= coverage.usable:
        return say("gist.none_unasked", n=coverage.usable)
    return say("gist.none_counted", n=coverage.tagged)


def about_change(report: Report, say: Words) -> list[str]:
    """Growth and settling, where they may be claimed; otherwise what cannot be said has them."""
    said = [say(f"gist.trend.{verdict}", kinds=named(found, say)) for verdict in (HIGHER, LOWER) if (found := with_verdict(report.trends, verdict))]
    trend = report.settling.trend
    return [*said, say(f"gist.settle.{trend.verdict}", by=say.number(abs(trend.effect or 0.0), 0))] if claimed(trend) else said


def about_breath(report: Report, say: Words) -> str:
    """The body and what was felt in one sentence: one may move without the other."""
    if not report.offers.decisions:
        return ""
    finding = report.offers.finding
    if not claimed(finding):
        return say(f"gist.breath.{finding.verdict}") if told(finding) else say("gist.breath.too_few")
    middles, felt = felt_after(report.offers, say), ""
    if middles is not None:
        felt = say("gist.breath.alike" if middles[0] == middles[1] else "gist.breath.felt", a=middles[0], b=middles[1])
    return say(f"gist.breath.{finding.verdict}", felt=felt)


def felt_after(offers: Offers, say: Words) -> tuple[str, str] | None:
    """Median distress ten minutes after a decision: offered, withheld. None where an arm has no rating."""
    if not offers.rated_offered or not offers.rated_withheld:
        return None
    offered, withheld = (say.number(m := median(values), 0 if m == int(m) else 1) for values in (offers.rated_offered, offers.rated_withheld))
    return offered, withheld


# ---------------------------------------------------------------- what cannot be said yet


def not_yet(report: Report, say: Words) -> tuple[str, ...]:
    """Every question these pages leave open. The last is always `why`."""
    if not report.coverage.days_worn and not report.coverage.tagged:
        return (say("notyet.why"),)
    parts: tuple[Callable[[Report, Words], list[str]], ...] = (few_kinds, open_kinds, growth, between_kinds, settling, concordance, breath, over_days)
    return (*(sentence for part in parts for sentence in part(report, say)), say("notyet.why"))


def few_kinds(report: Report, say: Words) -> list[str]:
    few = [group for group in report.kinds if not told(group.finding)]
    least = say.spelt(STATISTICS.sentence_from)
    if few and not report.coverage.counted:
        return [say("notyet.none_counted", least=least)]
    names = [say("notyet.kind_count", kind=say.within("kind", group.word), count=group.counted) for group in few]
    return [say("notyet.kind" if len(names) == 1 else "notyet.kinds", kinds=", ".join(names), least=least)] if names else []


def open_kinds(report: Report, say: Words) -> list[str]:
    """Kinds with moments enough and no claim: more would do it; chance does as much; moments enough for half an SD; under half an SD."""
    found = [group for group in report.kinds if undecided(group.finding)]
    more_would = [group for group in found if more(group.finding) is not None]
    rest = [group for group in found if more(group.finding) is None]
    said = []
    if len(more_would) == 1:
        key = "notyet.differs_chance" if within_chance(more_would[0].finding) else "notyet.differs"
        said.append(say(key, kind=say.within("kind", more_would[0].word), more=more(more_would[0].finding)))
    elif more_would:
        said.append(say("notyet.differ", kinds=say.listed([counted(group, say) for group in more_would])))
    for key, some in (
        ("notyet.enough", [group for group in rest if not within_chance(group.finding)]),
        ("notyet.chance", [group for group in rest if within_chance(group.finding)]),
        ("notyet.small", [group for group in report.kinds if small(group.finding)]),
    ):
        if some:
            said.append(say(key, n=len(some), kinds=names_of(some, say)))
    return said


def counted(group: Group, say: Words) -> str:
    return say("notyet.kind_count", kind=say.within("kind", group.word), count=more(group.finding))


def names_of(groups: Sequence[Group], say: Words) -> str:
    return say.listed([say.within("kind", group.word) for group in groups])


def growth(report: Report, say: Words) -> list[str]:
    """Of how many kinds it cannot be said that reactions grow or fade, with what it would take; page two names each."""
    least = say.spelt(STATISTICS.slope_n)
    few = [each for each in report.trends if not told(each)]
    open_ = sum(map(told, report.trends)) - sum(map(claimed, report.trends))
    if not any(each.n_blind for each in report.trends):
        return [say("notyet.trend_none", least=least)]
    if len(few) == len(report.trends):
        best = max(few, key=lambda each: each.n_blind)
        return [say("notyet.trend", least=least, kind=say.within(*word_of(best)), count=best.n_blind)]
    parts = [say("notyet.trend_open", n=open_)] if open_ else []
    parts += [say("notyet.trend_few", n=len(few), least=least)] if few else []
    return [say("notyet.trend_rest", parts="; ".join(parts))] if parts else []


def between_kinds(report: Report, say: Words) -> list[str]:
    if any(map(claimed, report.contrasts)) or len(report.kinds) < 2:
        return []
    return [say("notyet.contrast_undecided") if any(map(told, report.contrasts)) else say("notyet.contrast", least=say.spelt(STATISTICS.contrast_n))]


def settling(report: Report, say: Words) -> list[str]:
    settle = report.settling
    if settle.n < STATISTICS.recovery_n:
        return [say("notyet.settle", least=say.spelt(STATISTICS.recovery_n), count=settle.n)]
    if claimed(settle.trend):
        return []
    if told(settle.trend):
        return [say("notyet.settle_chance" if within_chance(settle.trend) else "notyet.settle_trend", count=settle.n)]
    return [say("notyet.settle_few", why=reason(settle.trend, say))]


def concordance(report: Report, say: Words) -> list[str]:
    finding = report.concord.finding
    if not told(finding):
        return [say("notyet.concord", least=say.spelt(STATISTICS.concord_n), count=len(report.concord.points))]
    if claimed(finding):
        return []
    return [say("notyet.concord_chance" if within_chance(finding) else "notyet.concord_undecided")]


def breath(report: Report, say: Words) -> list[str]:
    offers = report.offers
    if claimed(offers.finding):
        return []
    if not offers.decisions:
        return [say("notyet.breath.none")]
    if not told(offers.finding):
        return [say("notyet.breath.few", n=readable(offers), least=say.count(STATISTICS.offers_n))]
    if offers.least_effect is None:
        return [say("notyet.breath", n=readable(offers))]
    return [say("notyet.breath.least", n=readable(offers), least=say.number(offers.least_effect))]


def readable(offers: Offers) -> int:
    """Decisions after which the signal could be read: what an effect rests on."""
    return len(offers.offered) + len(offers.withheld)


def over_days(report: Report, say: Words) -> list[str]:
    """Which of the series over days says nothing yet, each with what it would take."""
    series = {"level": report.level, "belonging": report.belonging, "engagement": report.engagement}
    short = [
        say("notyet.part", part=say(f"notyet.part.{name}"), why=reason(each.finding, say))
        for name, each in series.items()
        if not told(each.finding) and each.finding.reason != NO_SPREAD
    ]
    return [say("notyet.days", parts=say.listed(short))] if short else []
