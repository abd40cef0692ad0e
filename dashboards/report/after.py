"""Page two: over time on one axis, settling and its felt side, breath offered or withheld, planned steps, and the limits of it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from dashboards.report import gist, pictures
from dashboards.report.front import COUNTED, ticks, whose
from dashboards.report.model import Offers, Report, Series, Step
from dashboards.report.paper import Beside, Bullets, Cell, Column, Page, Picture, Section, Table, Text, plain
from dashboards.report.room import PAGE_MM, Room, fitted
from dashboards.report.saying import claimed, figure, reason, told, undecided, within_chance, word_of
from dashboards.report.words import NONE, Words
from somalink.domain.catalogue import HIGHER, LOWER
from somalink.domain.constants import STATISTICS
from somalink.domain.types import Finding

V = TypeVar("V")
LADDER = (Room(1.9, 6), Room(1.7, 6), Room(1.5, 6), Room(1.3, 5), Room(1.15, 4), Room(1.0, 4), Room(0.9, 4), Room(0.85, 3), Room(0.8, 2), Room(0.7, 2))
"""How tall pictures are, and how many planned steps there are; the rest of them is in the appendix."""
STEP_LETTERS = 55
SAME = 0.05
UNWELL, CHANGED = "unwell", "medication_change"
MANY, TWICE = 0.1, 2.0
"""Unwell days are told beside the rises when they hold a tenth of them, and twice what so many days would."""


def page(report: Report, say: Words, page_mm: float = PAGE_MM) -> Page:
    return fitted(lambda room: page_of(report, say, room), LADDER, page_mm)


def page_of(report: Report, say: Words, room: Room) -> Page:
    over_time = (level(report, say, room.tall), rises(report, say, room.tall), ratings(report, say, room.tall), people(report, say), growth(report, say))
    sections = (*over_time, settling(report, say, room.tall), breath(report, say))
    notes = say("about.notes" if report.notes else "about.no_notes")
    return Page(
        say("title.after"),
        (*whose(report, say), plain(notes)),
        "",
        (*sections, steps(report, say, room.rows)),
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


def quiet(sentences: Sequence[str]) -> Text:
    """Under a picture: what its signs are."""
    return Text(((" ".join(sentences), "m"),))


def moved(series: Series, name: str, say: Words) -> list[str]:
    """What its trend says, where it may say something."""
    finding = series.finding
    key = f"{name}.within_chance" if undecided(finding) and within_chance(finding) and say.has(f"{name}.within_chance") else f"{name}.{finding.verdict}"
    if not told(finding) or not say.has(key):
        return []
    by = say.number(abs(finding.effect or 0.0))
    interval = say.interval(finding.low, finding.high)
    return [say(key, interval=interval, **({"by": by} if finding.verdict in (HIGHER, LOWER) else {}))]


def level(report: Report, say: Words, tall: float = 1.0) -> Section:
    dots = [day.still_hr for day in report.days]
    known = there(dots)
    if not known:
        return Section(say("level.title"), (), (Text(plain(say("level.none"))),))
    series = report.level
    shift = next((i for i, day in enumerate(report.days) if day.date == series.change_at), None)
    signs = [say("level.what"), *([say("level.open")] if said(report, UNWELL) else [])]
    lines = [*(moved(series, "level", say) or [say("level.too_few")])]
    if shift is not None:
        lines.append(say("level.shift_up" if series.change_up else "level.shift_down", day=say.day(series.change_at)))
    drawn = pictures.level(
        say("level.alt", n=len(known), low=say.signed(min(known)), high=say.signed(max(known))),
        dots,
        () if same(series.line, dots) else series.line,
        series.band,
        behind=behind(report, 52 * tall),
        tall=tall,
        left_out=said(report, UNWELL),
        usual=say("level.usual"),
        shift=shift,
    )
    return Section(say("level.title"), (" ".join(lines),), (drawn, quiet(signs)))


def same(line: Sequence[float | None], dots: Sequence[float | None]) -> bool:
    """Whether a line only joins the dots, and so says nothing."""
    return len(line) == len(dots) and all(a == b or (a is not None and b is not None and abs(a - b) < SAME) for a, b in zip(line, dots, strict=True))


def rises(report: Report, say: Words, tall: float = 1.0) -> Section:
    cover = report.coverage
    if not cover.worn_h:
        return Section(say("rises.title"), (), (Text(plain(say("rises.none"))),))
    counts = [day.rises if day.worn_h else None for day in report.days]
    chance = say.number(report.chance, 0)
    alt = say("rises.alt", n=len(there(counts)), total=report.rises, most=max(there(counts), default=0), chance=chance)
    drawn = pictures.rises(alt, counts, [day.chance for day in report.days], behind=behind(report, 42 * tall), tall=tall)
    lines = (say("rises.what", n=report.rises, hours=say.number(cover.usable_h, 0)), by_chance(report, say), on_unwell_days(report, say))
    return Section(
        say("rises.title"), (" ".join(line for line in lines if line),), (drawn, *([quiet([say("rises.ticks")])] if report.chance is not None else []))
    )


def by_chance(report: Report, say: Words) -> str:
    """Chance beside the rises of the very hours for which it is known."""
    if report.chance is None:
        return say("rises.no_chance")
    chance, hours = say.number(report.chance, 0), say.number(report.usable_h_with_chance, 0)
    if hours == say.number(report.coverage.usable_h, 0):
        return say("rises.chance", chance=chance)
    return say("rises.part", m=report.rises_with_chance, hours=hours, chance=chance)


def on_unwell_days(report: Report, say: Words) -> str:
    """Said where unwell days hold many more of the rises than their share of the days."""
    unwell = [report.days[i] for i in said(report, UNWELL)]
    held = sum(day.rises for day in unwell)
    share_of_days = len(unwell) / max(1, report.coverage.days_worn)
    if not report.rises or held < MANY * report.rises or held / report.rises < TWICE * share_of_days:
        return ""
    return say("rises.unwell", n=len(unwell), m=held)


def ratings(report: Report, say: Words, tall: float = 1.0) -> Section:
    belonging, engagement = ([day.belonging for day in report.days], [day.engagement for day in report.days])
    first, second = there(belonging), there(engagement)
    if not first and not second:
        return Section(say("belonging.title"), (), (Text(plain(say("belonging.none"))),))
    what = say("belonging.both", n=len(first), days=len(belonging), m=len(second)) if second else say("belonging.one", n=len(first), days=len(belonging))
    lines = [*moved(report.belonging, "belonging", say), *told_moves(report.engagement, "engagement", say)]
    alts = [
        say(f"{name}.alt", n=len(values), low=say.number(min(values)), high=say.number(max(values)))
        for name, values in (("belonging", first), ("engagement", second))
        if values
    ]
    drawn = pictures.ratings(" ".join(alts), belonging, report.belonging.line, engagement, report.engagement.line, behind=behind(report, 44 * tall), tall=tall)
    return Section(say("belonging.title"), (" ".join(lines),) if lines else (), (drawn, quiet([what])))


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
    signs = [say("people.more")] if max(known) > pictures.MOST_RINGS else []
    signs += [say("people.unknown")] if None in contacts else []
    return Section(say("people.title"), (say("people.reached", n=sum(reached)),), (drawn, quiet([say("people.what"), *signs, *mark_words(report, say)])))


def mark_words(report: Report, say: Words) -> list[str]:
    """What stands behind all four rows, told under the last."""
    return [say(f"marks.{word}") for word in (UNWELL, CHANGED) if said(report, word)]


# ---------------------------------------------------------------- growing or fading


def growth(report: Report, say: Words) -> Section:
    """Kinds with a figure, those that may be claimed first; the rest in one line."""
    least = say.spelt(STATISTICS.slope_n)
    if not any(map(told, report.trends)):
        return Section(say("trends.title"), (), (Text(plain(say("trends.none", least=least))),))
    firm = [say("trends.claimed", kind=kind_of(each, say), figure=figure(each, say), says=say(f"verdict.trend.{each.verdict}")) for each in growing(report)]
    open_ = [say("trends.part", kind=within(each, say), figure=figure(each, say)) for each in report.trends if told(each) and not claimed(each)]
    few = [say("notyet.kind_count", kind=within(each, say), count=each.n_blind) for each in report.trends if not told(each)]
    rest = [say("trends.open", kinds="; ".join(open_))] if open_ else []
    lines = [Text(((line, "b"),)) for line in firm] + [Text(plain(line)) for line in rest]
    lines += [Text(((say("trends.few", least=least, kinds=", ".join(few)), "m"),))] if few else []
    return Section(say("trends.title"), (say("trends.what"),), tuple(lines))


def growing(report: Report) -> list[Finding]:
    return [each for each in report.trends if claimed(each)]


def kind_of(finding: Finding, say: Words) -> str:
    return say.word(*word_of(finding))


def within(finding: Finding, say: Words) -> str:
    return say.within(*word_of(finding))


# ---------------------------------------------------------------- settling


def settling(report: Report, say: Words, tall: float = 1.0) -> Section:
    left: tuple[Text | Picture, ...] = (Text(settle_words(report, say)), *settle_picture(report, say, tall))
    right: tuple[Text | Picture, ...] = (Text(concord_words(report, say)), *concord_picture(report, say, tall))
    return Section(say("settle.title"), (say("settle.what"),), (Beside(left, right),))


def settle_words(report: Report, say: Words) -> tuple[tuple[str, str], ...]:
    settle = report.settling
    if settle.n < STATISTICS.recovery_n:
        return ((say("settle.few"), "b"), (say("settle.few_rest", n=settle.n, least=say.spelt(STATISTICS.recovery_n)), ""))
    more = say(f"settle.trend.{settle.trend.verdict}", figure=figure(settle.trend, say)) if told(settle.trend) else ""
    if settle.median_min is None:
        return ((say("settle.not_reached"), "b"), (say("settle.open", n=settle.n, censored=settle.censored) + more, ""))
    head = (say("settle.median", median=say.number(settle.median_min, 0)), "b")
    if settle.low_min is None or settle.high_min is None:
        return (head, (say("settle.open", n=settle.n, censored=settle.censored) + more, ""))
    low, high = say.number(settle.low_min, 0), say.number(settle.high_min, 0)
    return (head, (say("settle.rest", low=low, high=high, n=settle.n, censored=settle.censored) + more, ""))


def settle_picture(report: Report, say: Words, tall: float) -> tuple[Picture, ...]:
    """With too few for a sentence nothing is drawn: a curve of three looks like a curve."""
    settle = report.settling
    if settle.n < STATISTICS.list_below or not settle.steps:
        return ()
    minutes, share = settle.steps[-1]
    alt = say("settle.alt", n=settle.n, last=say.share(share), minutes=say.number(minutes, 0))
    told_median = settle.median_min if settle.n >= STATISTICS.recovery_n else None
    return (
        pictures.settling(alt, settle.steps, settle.cuts, told_median, all_=say("settle.all"), half=say("settle.half"), axis=say("settle.axis"), tall=tall),
    )


def concord_words(report: Report, say: Words) -> tuple[tuple[str, str], ...]:
    finding, points = report.concord.finding, report.concord.points
    if not told(finding):
        return ((say("concord.few"), "b"), (say("concord.few_rest", n=len(points), least=say.spelt(STATISTICS.concord_n)), ""))
    return (
        (say("concord.r", r=say.signed(finding.effect, 2)), "b"),
        (say("concord.rest", interval=say.interval(finding.low, finding.high, 2), n=len(points)), ""),
        *(((say("concord.chance"), ""),) if undecided(finding) and within_chance(finding) else ()),
    )


def concord_picture(report: Report, say: Words, tall: float) -> tuple[Picture, ...]:
    points = report.concord.points
    if len(points) < STATISTICS.list_below:
        return ()
    rated, changed = [rating for rating, _ in points], [z for _, z in points]
    alt = say("concord.alt", n=len(points), low=min(rated), high=max(rated), **{"from": say.signed(min(changed)), "to": say.signed(max(changed))})
    return (pictures.felt(alt, points, axis=say("concord.axis"), tall=tall),)


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
    drawn = pictures.offers(alt, arms, usual=say("breath.usual"), minus=say("breath.minus"), plus=say("breath.plus"))
    return Section(
        say("breath.title"), (say("breath.what"),), (Beside((drawn,), breath_words(offers, say), left_mm=89), quiet([say("breath.is"), say("breath.apart")]))
    )


def arm(mean: tuple[float, float, float] | None, say: Words) -> str:
    return say("breath.arm", mean=say.signed(mean[0]), interval=say.interval(mean[1], mean[2])) if mean else say("breath.arm_none")


def breath_words(offers: Offers, say: Words) -> tuple[Text, ...]:
    """The effect and what was felt in one sentence, then what both rest on."""
    finding = offers.finding
    number = figure(finding, say)
    says = say(f"breath.says.{finding.verdict}") if number else say("breath.says.too_few", n=gist.readable(offers), least=say.count(STATISTICS.offers_n))
    head = Text(((say("breath.figure", figure=number) if number else say("breath.figure_none"), "b"),))
    counts = say("breath.counts", n=offers.decisions, readable=gist.readable(offers))
    took = say("breath.took", taken=offers.taken) if offers.made is None else say("breath.took.of", taken=offers.taken, made=offers.made)
    return head, Text(plain(says + felt_words(offers, say))), quiet([counts, took])


def felt_words(offers: Offers, say: Words) -> str:
    """How distress was rated ten minutes after, by arm; described, not compared."""
    middles = gist.felt_after(offers, say)
    if middles is None:
        return say("breath.felt.none")
    rated = len(offers.rated_offered) + len(offers.rated_withheld)
    return say("breath.felt.alike" if middles[0] == middles[1] else "breath.felt", a=middles[0], b=middles[1], rated=rated)


# ---------------------------------------------------------------- steps and limits


def steps(report: Report, say: Words, count: int) -> Section:
    if not report.steps:
        return Section(say("steps.title"), (), (Text(plain(say("steps.none"))),))
    shown = report.steps[-count:]
    left = len(report.steps) - len(shown)
    apart = [say("steps.apart")] if report.offers.decisions else []
    rings = [say("steps.ring")] if any(map(uncounted, shown)) else []
    side = [say("steps.what"), *step_words(report, say), *rings, *apart, *([say("steps.more", n=left)] if left else [])]
    return Section(say("steps.title"), (" ".join(side),), (step_table([shortened(each) for each in shown], say),), wide=True)


def shortened(step: Step) -> Step:
    """Long words are cut on the page; the appendix has them whole."""
    return step if len(step.text) <= STEP_LETTERS else replace(step, text=f"{step.text[:STEP_LETTERS].rsplit(' ', 1)[0]} …")


def step_table(shown: Sequence[Step], say: Words) -> Table:
    columns = (
        Column(say("column.when"), 17),
        Column(say("column.step"), 0, wraps=True),
        Column(say("column.expected"), 17, right=True, wraps=True),
        Column(say("column.met"), 17, right=True, wraps=True),
        Column(say("column.feared"), 24, right=True, wraps=True),
        Column(say("column.outcome"), 21, right=True, wraps=True),
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
        Cell(((f"° {say.signed(step.dz10)}", "m"),) if uncounted(step) else plain(say.signed(step.dz10))),
    )


def uncounted(step: Step) -> bool:
    """Its tag is measured and does not count."""
    return step.dz10 is not None and step.standing not in ("", COUNTED)


def step_words(report: Report, say: Words) -> list[str]:
    """What was met less what was expected, and what came less what was feared: a typical difference, or why there is none."""
    return [
        say(f"steps.{each.metric}", figure=figure(each, say), says=say(f"steps.says.{each.verdict}"))
        if told(each)
        else say(f"steps.few.{each.metric}", why=reason(each, say))
        for each in report.step_findings
    ]


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
