"""Page two: over time on one axis, settling and its felt side, breath offered or withheld, planned steps, and the limits of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TypeVar

from dashboards.report import pictures
from dashboards.report.front import ticks, whose
from dashboards.report.model import Offers, Report, Series, Step
from dashboards.report.paper import Beside, Bullets, Cell, Column, Page, Picture, Section, Table, Text, plain
from dashboards.report.saying import claimed, figure, told
from dashboards.report.words import NONE, Words
from somalink.domain.catalogue import HIGHER, LOWER
from somalink.domain.constants import STATISTICS

V = TypeVar("V")
STEPS = 4
"""Planned steps on the page; the rest is in the appendix."""
STEP_LETTERS = 55
SAME = 0.05
UNWELL, CHANGED = "unwell", "medication_change"


def page(report: Report, say: Words) -> Page:
    sections = (level(report, say), rises(report, say), ratings(report, say), people(report, say), settling(report, say), breath(report, say))
    notes = say("about.notes" if report.notes else "about.no_notes")
    return Page(
        say("title.after"),
        (*whose(report, say), plain(notes)),
        "",
        (*sections, steps(report, say)),
        limits(report, say),
        foot(report, say),
        say("page.of", n=2, all=2),
    )


def foot(report: Report, say: Words) -> str:
    baseline = say("foot.baseline", day=say.long_day(report.baseline_day)) if report.baseline_day else ""
    return say("foot.after", algorithm=say("foot.algorithm", version=report.algorithm), baseline=baseline)


# ---------------------------------------------------------------- over time


def behind(report: Report, height: float) -> list[str]:
    return pictures.marked(len(report.days), height, said(report, UNWELL), said(report, CHANGED))


def said(report: Report, word: str) -> list[int]:
    return [i for i, day in enumerate(report.days) if word in day.marks]


def there(values: Sequence[V | None]) -> list[V]:
    return [value for value in values if value is not None]


def moved(series: Series, name: str, say: Words) -> list[str]:
    """What its trend says, where it may say something."""
    finding = series.finding
    key = f"{name}.{finding.verdict}"
    if not told(finding) or not say.has(key):
        return []
    by = say.number(abs(finding.effect or 0.0))
    interval = say.interval(finding.low, finding.high)
    return [say(key, interval=interval, **({"by": by} if finding.verdict in (HIGHER, LOWER) else {}))]


def level(report: Report, say: Words) -> Section:
    dots = [day.still_hr for day in report.days]
    known = there(dots)
    if not known:
        return Section(say("level.title"), (), (Text(plain(say("level.none"))),))
    series = report.level
    shift = next((i for i, day in enumerate(report.days) if day.date == series.change_at), None)
    lines = [say("level.what"), *(moved(series, "level", say) or [say("level.too_few")])]
    if shift is not None:
        lines.append(say("level.shift_up" if series.change_up else "level.shift_down", day=say.day(series.change_at)))
    drawn = pictures.level(
        say("level.alt", n=len(known), low=say.signed(min(known)), high=say.signed(max(known))),
        dots,
        () if same(series.line, dots) else series.line,
        series.band,
        behind=behind(report, 52),
        left_out=said(report, UNWELL),
        usual=say("level.usual"),
        shift=shift,
    )
    return Section(say("level.title"), (" ".join(lines),), (drawn,))


def same(line: Sequence[float | None], dots: Sequence[float | None]) -> bool:
    """Whether a line only joins the dots, and so says nothing."""
    return len(line) == len(dots) and all(a == b or (a is not None and b is not None and abs(a - b) < SAME) for a, b in zip(line, dots, strict=True))


def rises(report: Report, say: Words) -> Section:
    cover = report.coverage
    if not cover.worn_h:
        return Section(say("rises.title"), (), (Text(plain(say("rises.none"))),))
    counts = [day.rises if day.worn_h else None for day in report.days]
    chance = say.number(report.chance, 0)
    rate = say.number(report.rises / cover.usable_h, 2) if cover.usable_h else NONE
    alt = say("rises.alt", n=len(there(counts)), total=report.rises, most=max(there(counts), default=0), chance=chance)
    drawn = pictures.rises(alt, counts, [day.chance for day in report.days], behind=behind(report, 42))
    return Section(say("rises.title"), (f"{say('rises.what', n=report.rises, rate=rate)} {by_chance(report, say)}",), (drawn,))


def by_chance(report: Report, say: Words) -> str:
    """Chance is told for the hours for which it is known, and never set beside more."""
    if report.chance is None:
        return say("rises.no_chance")
    chance = say.number(report.chance, 0)
    if report.usable_h_with_chance < report.coverage.usable_h - 1:
        return say("rises.chance_part", chance=chance, hours=say.number(report.usable_h_with_chance, 0))
    return say("rises.chance", chance=chance)


def ratings(report: Report, say: Words) -> Section:
    belonging, engagement = ([day.belonging for day in report.days], [day.engagement for day in report.days])
    first, second = there(belonging), there(engagement)
    if not first and not second:
        return Section(say("belonging.title"), (), (Text(plain(say("belonging.none"))),))
    what = say("belonging.both", n=len(first), days=len(belonging), m=len(second)) if second else say("belonging.one", n=len(first), days=len(belonging))
    lines = [what, *told_moves(report.belonging, "belonging", say), *told_moves(report.engagement, "engagement", say)]
    alts = [
        say(f"{name}.alt", n=len(values), low=say.number(min(values)), high=say.number(max(values)))
        for name, values in (("belonging", first), ("engagement", second))
        if values
    ]
    drawn = pictures.ratings(" ".join(alts), belonging, report.belonging.line, engagement, report.engagement.line, behind=behind(report, 44))
    return Section(say("belonging.title"), (" ".join(lines),), (drawn,))


def told_moves(series: Series, name: str, say: Words) -> list[str]:
    return moved(series, name, say) if claimed(series.finding) else []


def people(report: Report, say: Words) -> Section:
    contacts = [day.contacts for day in report.days]
    known = there(contacts)
    reached = [day.reached_out for day in report.days]
    if not known:
        return Section(say("people.title"), (), (Text(plain(" ".join([say("people.none"), *mark_words(report, say)]))),))
    alt = say("people.alt", total=sum(known), most=max(known), n=sum(reached))
    drawn = pictures.people(alt, contacts, reached, ticks(report.days, say), behind=behind(report, 42))
    return Section(say("people.title"), (" ".join([say("people.what", n=sum(reached)), *mark_words(report, say)]),), (drawn,))


def mark_words(report: Report, say: Words) -> list[str]:
    """What stands behind all four rows, told under the last."""
    return [say(f"marks.{word}") for word in (UNWELL, CHANGED) if said(report, word)]


# ---------------------------------------------------------------- settling


def settling(report: Report, say: Words) -> Section:
    left: tuple[Text | Picture, ...] = (Text(settle_words(report, say)), *settle_picture(report, say))
    right: tuple[Text | Picture, ...] = (Text(concord_words(report, say)), *concord_picture(report, say))
    return Section(say("settle.title"), (say("settle.what"),), (Beside(left, right),))


def settle_words(report: Report, say: Words) -> tuple[tuple[str, str], ...]:
    settle = report.settling
    if settle.n < STATISTICS.recovery_n:
        return ((say("settle.few"), "b"), (say("settle.few_rest", n=settle.n, least=say.spelt(STATISTICS.recovery_n)), ""))
    trend = {HIGHER: "settle.slower", LOWER: "settle.faster"}.get(settle.trend.verdict, "")
    more = say(trend, figure=figure(settle.trend, say)) if trend and claimed(settle.trend) else ""
    if settle.median_min is None:
        return ((say("settle.not_reached"), "b"), (say("settle.open", n=settle.n, censored=settle.censored) + more, ""))
    head = (say("settle.median", median=say.number(settle.median_min, 0)), "b")
    if settle.low_min is None or settle.high_min is None:
        return (head, (say("settle.open", n=settle.n, censored=settle.censored) + more, ""))
    low, high = say.number(settle.low_min, 0), say.number(settle.high_min, 0)
    return (head, (say("settle.rest", low=low, high=high, n=settle.n, censored=settle.censored) + more, ""))


def settle_picture(report: Report, say: Words) -> tuple[Picture, ...]:
    """With too few for a sentence nothing is drawn: a curve of three looks like a curve."""
    settle = report.settling
    if settle.n < STATISTICS.list_below or not settle.steps:
        return ()
    minutes, share = settle.steps[-1]
    alt = say("settle.alt", n=settle.n, last=say.share(share), minutes=say.number(minutes, 0))
    told_median = settle.median_min if settle.n >= STATISTICS.recovery_n else None
    return (pictures.settling(alt, settle.steps, settle.cuts, told_median, all_=say("settle.all"), half=say("settle.half"), axis=say("settle.axis")),)


def concord_words(report: Report, say: Words) -> tuple[tuple[str, str], ...]:
    finding, points = report.concord.finding, report.concord.points
    if not told(finding):
        return ((say("concord.few"), "b"), (say("concord.few_rest", n=len(points), least=say.spelt(STATISTICS.concord_n)), ""))
    return (
        (say("concord.r", r=say.signed(finding.effect, 2)), "b"),
        (say("concord.rest", interval=say.interval(finding.low, finding.high, 2), n=len(points)), ""),
    )


def concord_picture(report: Report, say: Words) -> tuple[Picture, ...]:
    points = report.concord.points
    if len(points) < STATISTICS.list_below:
        return ()
    rated, changed = [rating for rating, _ in points], [z for _, z in points]
    alt = say("concord.alt", n=len(points), low=min(rated), high=max(rated), **{"from": say.signed(min(changed)), "to": say.signed(max(changed))})
    return (pictures.felt(alt, points, axis=say("concord.axis")),)


# ---------------------------------------------------------------- a breath, offered or withheld


def breath(report: Report, say: Words) -> Section:
    offers = report.offers
    if not offers.decisions:
        return Section(say("breath.title"), (), (Text(plain(say("breath.none"))),))
    arms = (
        (say("breath.offered", n=len(offers.offered)), offers.offered, offers.offered_mean),
        (say("breath.withheld", n=len(offers.withheld)), offers.withheld, offers.withheld_mean),
    )
    alt = say("breath.alt", n=len(offers.offered), m=len(offers.withheld), offered=arm(offers.offered_mean, say), withheld=arm(offers.withheld_mean, say))
    drawn = pictures.offers(alt, arms, usual=say("breath.usual"), two=say("breath.two"))
    return Section(say("breath.title"), (say("breath.what"),), (Beside((drawn,), breath_words(offers, say), left_mm=89),))


def arm(mean: tuple[float, float, float] | None, say: Words) -> str:
    return say("breath.arm", mean=say.signed(mean[0]), interval=say.interval(mean[1], mean[2])) if mean else say("breath.arm_none")


def breath_words(offers: Offers, say: Words) -> tuple[Text, ...]:
    finding = offers.finding
    number = figure(finding, say)
    says = say(f"breath.says.{finding.verdict}") if number else say("breath.says.too_few", n=offers.decisions, least=say.count(STATISTICS.offers_n))
    head = Text(((say("breath.figure", figure=number) if number else say("breath.figure_none"), "b"),))
    return (head, Text(((say("breath.is"), "m"),)), Text(((says, ""), (" " + took_up(offers, say), "m"))))


def took_up(offers: Offers, say: Words) -> str:
    """How many were taken, and how distress was rated afterwards, by arm; described, not compared."""
    taken = say("breath.taken", taken=offers.taken, n=offers.decisions)
    rated = len(offers.rated_offered) + len(offers.rated_withheld)
    if not offers.rated_offered or not offers.rated_withheld:
        return taken
    middle = [say.number(m := median(values), 0 if m == int(m) else 1) for values in (offers.rated_offered, offers.rated_withheld)]
    return f"{taken} {say('breath.rated', rated=rated, n=offers.decisions, a=middle[0], b=middle[1])}"


# ---------------------------------------------------------------- steps and limits


def steps(report: Report, say: Words) -> Section:
    if not report.steps:
        return Section(say("steps.title"), (), (Text(plain(say("steps.none"))),))
    shown = report.steps[-STEPS:]
    left = len(report.steps) - len(shown)
    side = [say("steps.what"), *step_words(report, say), *([say("steps.more", n=left)] if left else [])]
    return Section(say("steps.title"), (" ".join(side),), (step_table([shortened(each) for each in shown], say),), wide=True)


def shortened(step: Step) -> Step:
    """Long words are cut on the page; the appendix has them whole."""
    return step if len(step.text) <= STEP_LETTERS else replace(step, text=f"{step.text[:STEP_LETTERS].rsplit(' ', 1)[0]} …")


def step_table(shown: Sequence[Step], say: Words) -> Table:
    columns = (
        Column(say("column.when"), 17),
        Column(say("column.step"), 0, wraps=True),
        Column(say("column.expected"), 22, right=True),
        Column(say("column.met"), 11, right=True),
        Column(say("column.feared"), 18, right=True),
        Column(say("column.outcome"), 17, right=True),
        Column(say("column.change"), 19, right=True),
    )
    return Table(say("steps.table"), columns, tuple(step_row(step, say) for step in shown))


def step_row(step: Step, say: Words) -> tuple[Cell, ...]:
    rated = [Cell(plain(NONE if value is None else say.count(value))) for value in (step.expected, step.met, step.expectancy, step.outcome)]
    text = Cell(plain(step.text)) if step.text else Cell(((say("steps.not_shared"), "m"),))
    return (
        Cell(plain(say.day(step.when))),
        text,
        *rated,
        Cell(plain(say.signed(step.dz10))),
    )


def step_words(report: Report, say: Words) -> list[str]:
    keys = {("step_distress", LOWER): "steps.fewer", ("step_distress", HIGHER): "steps.harder", ("step_outcome", LOWER): "steps.outcome"}
    return [say(key, figure=figure(each, say)) for each in report.step_findings if claimed(each) and (key := keys.get((each.metric, each.verdict)))]


def limits(report: Report, say: Words) -> Section:
    talking, unwell = report.coverage.talking_or_moving, len(said(report, UNWELL))
    items = (
        say("limits.axis"),
        say("limits.chosen"),
        say("limits.flat"),
        say("limits.talking", n=talking) if talking else say("limits.talking_none"),
        say("limits.unwell", n=unwell) if unwell else say("limits.unwell_none"),
        say("limits.own"),
    )
    return Section(say("limits.title"), (), (Bullets(items),))
