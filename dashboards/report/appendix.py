"""What stands behind the two pages: every comparison, every day, every moment with what it was matched with, the method and the words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dashboards.report.after import LADDER, shortened, step_table
from dashboards.report.front import change, company, felt, half_way, near
from dashboards.report.model import Day, Group, Moment, Report
from dashboards.report.paper import Block, Bullets, Cell, Column, Page, Run, Section, Table, Text, plain
from dashboards.report.saying import DIGITS, claimed, figure, reason, told, verdict
from dashboards.report.words import NONE, Words
from somalink.domain.catalogue import EVERYTHING
from somalink.domain.constants import STATISTICS, Linking
from somalink.domain.types import Finding

GLOSSARY = ("arousal", "usual", "sd", "usable", "matched", "interval", "told", "rise", "felt")
OF_STEPS = ("step_distress", "step_outcome")
TIMES = ("latency_s", "t_half_s")
"""Of the moment itself; the other secondaries are differences and have a sign."""
VAGUE_S = Linking().part_of_day_s


def page(report: Report, say: Words) -> Page:
    sections = (
        method(report, say),
        words(say),
        kinds(report, say),
        groups(report, say),
        trends(report, say),
        secondaries(report, say),
        *settling(report, say),
        *offers(report, say),
        *more_steps(report, say),
        days(report, say),
        moments(report, say),
    )
    person, span = say("about.person", name=report.person), say.span(report.from_day, report.to_day)
    return Page(say("title.appendix"), (), "", sections, None, say("foot.appendix", person=person, span=span, analysis=report.analysis), "")


def section(key: str, say: Words, block: Block | None) -> Section:
    what = (say(f"{key}.what"),) if say.has(f"{key}.what") else ()
    return Section(say(key), what, (block,) if block else (Text(plain(say("appendix.none"))),), wide=True)


def cells(*texts: str | tuple[Run, ...]) -> tuple[Cell, ...]:
    return tuple(Cell(plain(text) if isinstance(text, str) else text) for text in texts)


def table(title: str, columns: Sequence[Column], rows: Iterable[tuple[Cell, ...]]) -> Table | None:
    """None without rows: an empty table says less than a sentence."""
    made = tuple(rows)
    return Table(title, tuple(columns), made) if made else None


# ---------------------------------------------------------------- method and words


def method(report: Report, say: Words) -> Section:
    rules = STATISTICS
    baseline = say("foot.baseline", day=say.long_day(report.baseline_day)) if report.baseline_day else ""
    q = say.number(rules.fdr_q, 2)
    items = (
        say("method.window"),
        say(
            "method.matched",
            minutes=rules.hour_tol_min,
            days=rules.lookback_d,
            mg=say.number(rules.motion_tol_mg, 0),
            gate=say.share(rules.gate_tol),
            apart=rules.apart_min,
            controls=say.spelt(rules.controls),
        ),
        say("method.test", perms=rules.perms, level=say.share(rules.level), q=q),
        say("method.claims", list=say.spelt(rules.list_below), sentence=say.spelt(rules.sentence_from), q=q, effect=say.number(rules.least_effect)),
        say("method.counted"),
        say("method.half"),
        say("method.breath", offers=rules.offers_n),
        say("method.rises"),
        say("method.version", algorithm=report.algorithm, statistics=rules.version, analysis=report.analysis, baseline=baseline),
    )
    return section("appendix.method", say, Bullets(items))


def words(say: Words) -> Section:
    return section("appendix.words", say, Bullets(tuple(say(f"glossary.{each}") for each in GLOSSARY)))


# ---------------------------------------------------------------- comparisons


def kinds(report: Report, say: Words) -> Section:
    return section("appendix.kinds", say, comparisons(say("appendix.kinds"), say("column.kind"), report.kinds, say))


def groups(report: Report, say: Words) -> Section:
    return section("appendix.groups", say, comparisons(say("appendix.groups"), say("column.group"), report.others, say))


def comparisons(title: str, first: str, rows: Sequence[Group], say: Words) -> Table | None:
    columns = (
        Column(first, 45, wraps=True),
        Column(say("column.tagged"), 13, right=True),
        Column(say("column.usable"), 15, right=True),
        Column(say("column.counted"), 14, right=True),
        Column(say("column.matched"), 17, right=True),
        Column(say("column.felt"), 12, right=True),
        Column(say("column.difference"), 0, wraps=True),
        Column(say("column.q"), 10, right=True),
    )
    return table(title, columns, (comparison(group, say) for group in rows))


def comparison(group: Group, say: Words) -> tuple[Cell, ...]:
    finding = group.finding
    name = say.kind(group.word) if group.scope == "kind" else say("group.name", scope=say(f"group.{group.scope}"), word=say.word(group.scope, group.word))
    said, claim = verdict(finding, say)
    number = figure(finding, say)
    why = f"; {reason(finding, say)}" if told(finding) and not claim and finding.reason else ""
    counts = (group.tagged, finding.n_usable, group.counted, finding.n_controls)
    return (
        *cells(name, *(say.count(n) for n in counts), felt(group.felt, say)),
        Cell(((f"{number} " if number else "", ""), (said, "b" if claim else "m"), (why, "m"))),
        Cell(plain(probability(finding.q, say) if told(finding) else NONE)),
    )


def probability(q: float | None, say: Words) -> str:
    return NONE if q is None else f"< {say.number(0.001, 3)}" if q < 0.001 else say.number(q, 3 if q < 0.01 else 2)


def trends(report: Report, say: Words) -> Section:
    series = (report.level, report.belonging, report.engagement, report.thresholds)
    findings = (*report.trends, *report.contrasts, report.settling.trend, *(each.finding for each in series), *report.step_findings)
    columns = (Column(say("column.what"), 86, wraps=True), Column(say("column.n"), 12, right=True), Column(say("column.change30"), 0, wraps=True))
    rows = (cells(about(each, say), say.count(each.n_blind), outcome(each, say)) for each in findings)
    return section("appendix.trends", say, table(say("appendix.trends"), columns, rows))


def about(finding: Finding, say: Words) -> str:
    """Of which moments, and the metric."""
    names, metric = name_of(finding.scope, say), say(f"metric.{finding.metric}")
    names = "" if finding.metric in OF_STEPS else names
    return f"{names}: {metric}" if names else metric


def name_of(scope: str, say: Words) -> str:
    """The words of a scope: of one group, or of the two of a contrast (`kind:conflict|kind:criticism`, also `kind:conflict|criticism`)."""
    parts = [part.split(":") for part in re.split(r"[^\w:]+", scope) if part != EVERYTHING]
    return " / ".join(say.word(parts[0][0], part[-1]) for part in parts)


def outcome(finding: Finding, say: Words) -> tuple[Run, ...]:
    """Its figure and what it says, or why neither is given."""
    number = figure(finding, say)
    if not number:
        return ((reason(finding, say), "m"),)
    key = f"verdict.trend.{finding.verdict}" if finding.metric == "dz10_trend" else f"verdict.{finding.verdict}"
    said = say(key) if say.has(key) else say(f"verdict.{finding.verdict}")
    return ((f"{number} ", ""), (said, "b" if claimed(finding) else "m"))


SECONDARY = ("peak_z", "latency_s", "area", "t_half_s", "slope", "slowing_z")


def secondaries(report: Report, say: Words) -> Section:
    """Described only, a kind a row. A p or q of one is not even looked at."""
    shown = {(each.scope, each.metric): each for each in report.secondaries if each.effect is not None and each.n_blind >= STATISTICS.list_below}
    scopes = dict.fromkeys(scope for scope, _ in shown)
    columns = (
        Column(say("column.kind"), 38, wraps=True),
        Column(say("column.n"), 9, right=True),
        *(Column(say(f"metric_short.{metric}"), 22, right=True, wraps=True) for metric in SECONDARY),
    )
    made = (described_row([shown.get((scope, metric)) for metric in SECONDARY], say) for scope in scopes)
    return section("appendix.secondary", say, table(say("appendix.secondary"), columns, made))


def described_row(findings: Sequence[Finding | None], say: Words) -> tuple[Cell, ...]:
    first = next(each for each in findings if each is not None)
    return cells(name_of(first.scope, say), say.count(first.n_blind), *(described(each, say) for each in findings))


def described(finding: Finding | None, say: Words) -> str:
    if finding is None:
        return NONE
    digits = DIGITS.get(finding.metric, 1)
    number, interval = (say.number, say.interval_plain) if finding.metric in TIMES else (say.signed, say.interval)
    told_ = number(finding.effect, digits)
    return told_ if finding.low is None or finding.high is None else f"{told_} ({interval(finding.low, finding.high, digits)})"


# ---------------------------------------------------------------- what the pictures draw


def settling(report: Report, say: Words) -> list[Section]:
    """The curve of page two as numbers."""
    if report.settling.n < STATISTICS.list_below or not report.settling.steps:
        return []
    steps = [say("appendix.settling.step", minutes=say.number(minutes, 0), share=say.share(share)) for minutes, share in report.settling.steps]
    return [Section(say("appendix.settling"), (), (Text(plain(say("appendix.settling.what", steps=", ".join(steps)))),), wide=True)]


def offers(report: Report, say: Words) -> list[Section]:
    """The dots of a breath offered or withheld."""
    arms = {"offered": report.offers.offered, "withheld": report.offers.withheld}
    if not any(arms.values()):
        return []
    listed = {arm: ", ".join(say.signed(z) for z in values) or NONE for arm, values in arms.items()}
    return [Section(say("appendix.offers"), (), (Text(plain(say("appendix.offers.what", **listed))),), wide=True)]


def more_steps(report: Report, say: Words) -> list[Section]:
    return (
        [section("appendix.steps", say, step_table(report.steps, say))]
        if len(report.steps) > LADDER[-1].rows or any(shortened(step) != step for step in report.steps)
        else []
    )


def days(report: Report, say: Words) -> Section:
    columns = (
        Column(say("column.date"), 17),
        *(Column(say(f"column.{name}"), width, right=True) for name, width in DAY_COLUMNS),
        Column(say("column.marks"), 0, wraps=True),
    )
    rows = (day_row(day, say) for day in report.days if day.worn_h or day.marks or day.contacts is not None or day.belonging is not None)
    return section("appendix.days", say, table(say("appendix.days"), columns, rows))


DAY_COLUMNS = (
    ("worn", 18),
    ("usable_h", 15),
    ("graded_h", 14),
    ("still", 18),
    ("rises", 13),
    ("chance", 14),
    ("belonging", 13),
    ("engagement", 14),
    ("contacts", 15),
)


def day_row(day: Day, say: Words) -> tuple[Cell, ...]:
    marks = [say.word("context", mark) for mark in day.marks] + ([say("day.reached")] if day.reached_out else [])
    worn = day.worn_h > 0
    return cells(
        say.day(day.date),
        *(say.number(hours) if worn else NONE for hours in (day.worn_h, day.usable_h, day.graded_h)),
        say.signed(day.still_hr),
        say.count(day.rises) if worn else NONE,
        say.number(day.chance),
        felt(day.belonging, say),
        felt(day.engagement, say),
        NONE if day.contacts is None else say.count(day.contacts),
        ", ".join(marks),
    )


# ---------------------------------------------------------------- moments


def moments(report: Report, say: Words) -> Section:
    columns = (
        Column(say("column.when"), 25, wraps=True),
        Column(say("column.kind"), 36),
        Column(say("column.standing"), 0, wraps=True),
        Column(say("column.felt"), 11, right=True),
        Column(say("column.change"), 18, right=True),
        Column(say("column.peak"), 16, right=True),
        Column(say("column.half"), 18, right=True),
        Column(say("column.near.rise"), 22),
    )
    rows = (row for moment in report.moments for row in (moment_row(moment, say), behind(moment, say)))
    return section("appendix.moments", say, table(say("appendix.moments"), columns, rows))


def moment_row(moment: Moment, say: Words) -> tuple[Cell, ...]:
    sure = say("moment.vague") if moment.certainty_s >= VAGUE_S else say("moment.sure", n=round(moment.certainty_s / 60))
    when = Cell(((say.moment(moment.when), ""), (f" {sure}", "m")), rows=2)
    return when, *cells(
        say.kind(moment.kind),
        ((say(f"standing.{moment.standing}"), ""),),
        NONE if moment.felt is None else say.count(moment.felt),
        change(moment, say),
        say.signed(moment.peak_z),
        half_way(moment, say),
        (near(moment, say),),
    )


def behind(moment: Moment, say: Words) -> tuple[Cell, ...]:
    """Below a moment, over all of its columns: who, what was done, what else there was, and what it was matched with."""
    did = say("group.name", scope=say("column.did"), word=say.word("action", moment.action)) if moment.action else ""
    with_ = say("group.name", scope=say("column.with"), word=company(moment, say)) if moment.with_whom else ""
    context = say("moment.context", list=", ".join(say.word("context", each) for each in moment.context)) if moment.context else ""
    matched = [say("moment.match", when=say.moment(each.when), change=say.signed(each.dz10)) for each in moment.matches]
    matched += [say("moment.elsewhere", n=moment.matches_elsewhere)] if moment.matches_elsewhere else []
    against = say("moment.matched", list="; ".join(matched)) if matched else say("moment.not_matched")
    note = say("moment.note", note=moment.note) if moment.note else ""
    first = " · ".join(part for part in (with_, did) if part)
    told_ = " ".join(part for part in (f"{first}." if first else "", context, against) if part)
    return (Cell(((told_, "m"), (f" {note}" if note else "", "")), span=7),)
