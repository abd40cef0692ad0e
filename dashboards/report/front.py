"""Page one: what was covered, how kinds compare with matched moments, the latest moments, and what cannot be said yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dashboards.report import gist, pictures
from dashboards.report.model import Coverage, Day, Group, Moment, Report
from dashboards.report.paper import Block, Bullets, Cell, Column, Page, Picture, Run, Section, Table, Text, plain
from dashboards.report.room import PAGE_MM, Room, fitted
from dashboards.report.saying import figure, told, verdict
from dashboards.report.words import NONE, Words
from somalink.domain.catalogue import STANDINGS
from somalink.domain.constants import STATISTICS

LADDER = (Room(1.9, 10), Room(1.6, 10), Room(1.3, 10), Room(1.0, 10), Room(1.0, 8), Room(1.0, 6), Room(1.0, 4), Room(1.0, 3))
"""How tall a row of kinds is, and how many of the latest moments there are."""
RHYTHM_SAID = 0.05
"""Share of worn time from which a limited rhythm is worth a sentence: a bout of early beats is not."""
COUNTED = STANDINGS[0]
STANDS_AGAINST = STANDINGS[1:]


def page(report: Report, say: Words, page_mm: float = PAGE_MM) -> Page:
    return fitted(lambda room: page_of(report, say, room), LADDER, page_mm)


def page_of(report: Report, say: Words, room: Room) -> Page:
    sections = (covered(report, say), reactions(report, say, room.tall), latest(report, say, room.rows), open_questions(report, say))
    about = (*whose(report, say), plain(say("about.purpose")))
    return Page(gist.title(report, say), about, gist.gist(report, say), sections, None, say("foot.front"), say("page.of", n=1, all=2))


def whose(report: Report, say: Words) -> tuple[tuple[Run, ...], ...]:
    """Whose pages, of when; made-up people are never taken for real ones."""
    who: tuple[Run, ...] = (
        (say("about.person", name=report.person), "b"),
        (say("about.span", span=say.span(report.from_day, report.to_day)), ""),
    )
    return (((say("about.simulated"), "b"),), who) if report.simulated else (who,)


# ---------------------------------------------------------------- what was covered


def covered(report: Report, say: Words) -> Section:
    cover = report.coverage
    hours = (
        say("covered.hours", hours=say.number(cover.worn_h, 0), usable=share_of(cover.usable_h, cover, say), graded=share_of(cover.graded_h, cover, say))
        if cover.worn_h
        else say("covered.none")
    )
    tags = say("covered.tags", tagged=cover.tagged, usable=cover.usable, counted=cover.counted) if cover.tagged else say("latest.none")
    side = (f"{hours} {tags}", say("covered.key")) if cover.worn_h else (f"{hours} {tags}",)
    return Section(say("covered.title"), side, (*cover_pictures(report, say), Text(plain(" ".join(cover_lines(report, say))))))


def share_of(hours: float, cover: Coverage, say: Words) -> str:
    return say.share(hours / cover.worn_h)


def cover_pictures(report: Report, say: Words) -> list[Block]:
    days, cover = report.days, report.coverage
    if not cover.worn_h:
        return []
    worn = [day.worn_h for day in days if day.worn_h > 0]
    alt = say(
        "covered.days_alt", n=len(days), least=hours_text(min(worn), say), most=hours_text(max(worn), say), none=say("unit.days", n=len(days) - len(worn))
    )
    drawn = pictures.coverage(alt, [d.worn_h for d in days], [d.usable_h for d in days], ticks(days, say), "{n} h")
    shares = [(gate, share, f"{say.word('gate', gate)} {say.share(share)}") for gate, share in cover.gates if share > 0]
    return [drawn, pictures.gates(say("covered.gates_alt", parts=", ".join(label for _, _, label in shares)), shares)]


def hours_text(hours: float, say: Words) -> str:
    return say("unit.hours", n=say.number(hours))


def ticks(days: Sequence[Day], say: Words) -> list[tuple[int, str]]:
    """Days to write under an axis: every week, then every few, then the firsts of months."""
    if len(days) > 100:
        firsts = [i for i, day in enumerate(days) if date.fromisoformat(day.date).day == 1]
        every = -(-len(firsts) // 8) or 1
        firsts, last = [i for i in firsts[::every] if i <= len(days) * 0.9], len(days) - 1
        return [(i, say.day(days[i].date)) for i in (*firsts, last)]
    every = 7 * max(1, -(-len(days) // 56)) if len(days) > 7 else max(1, -(-len(days) // 4))
    last = len(days) - 1
    return [*((i, say.day(days[i].date)) for i in range(0, last, every) if i <= len(days) * 0.86), (last, say.day(days[last].date))]


def cover_lines(report: Report, say: Words) -> list[str]:
    """Beats, device, and an account of every moment that was tagged."""
    cover = report.coverage
    all_kept = cover.beats_received == cover.beats_stored
    beats = say(
        "covered.beats_all" if all_kept else "covered.beats",
        received=cover.beats_received,
        gap=say.number(cover.gap_h),
        unclear=say.share(cover.beats_flagged / cover.beats_stored) if cover.beats_stored else NONE,
        **({} if all_kept else {"stored": cover.beats_stored}),
    )
    devices = say("covered.by", devices=", ".join(f"{device} ({say.word('tier', tier)})" for device, tier in cover.devices))
    against = [part(getattr(cover, name), say(f"standing.{name}"), say) for name in STANDS_AGAINST if getattr(cover, name)]
    care = [say(f"care.{name}", n=getattr(cover, name)) for name in ("late", "blind_unknown", "talking_or_moving") if cover.counted and getattr(cover, name)]
    learning = f"covered.usual.{report.maturity}"
    lines = [
        beats if cover.beats_received else "",
        devices if cover.devices else "",
        say("covered.rhythm", share=share_of(cover.limited_h, cover, say)) if cover.limited_h > RHYTHM_SAID * cover.worn_h else "",
        say("covered.left", parts=", ".join(against)) if against else "",
        say("covered.care", parts=", ".join(care)) if care else "",
        say(learning) if cover.worn_h and say.has(learning) else "",
    ]
    return [line for line in lines if line]


def part(count: int, what: str, say: Words) -> str:
    return say("count.of", count=count, what=what)


# ---------------------------------------------------------------- reactions


def reactions(report: Report, say: Words, tall: float = 1.0) -> Section:
    if not report.kinds:
        return Section(say("kinds.title"), (), (Text(plain(say("kinds.none"))),))
    key = pictures.key(*(say(f"kinds.key.{sign}") for sign in ("matched", "moment", "told", "open", "beyond")))
    axis = pictures.strip_axis({z: say(f"axis.{z}") for z in (-2, 0, 2, 4)})
    columns = (
        Column(say("column.kind"), float(say("column.kind.mm")), wraps=True),
        Column(say("column.tagged"), 10, right=True),
        Column(say("column.counted"), 10.5, right=True),
        Column(say("column.felt"), 10, right=True),
        Column(say("column.plot"), 30.2, picture=axis),
        Column(say("column.difference"), 0),
    )
    table = Table(say("kinds.table"), columns, tuple(reaction(group, say, tall) for group in report.kinds))
    who = say("kinds.who", list=say.spelt(STATISTICS.list_below), sentence=say.spelt(STATISTICS.sentence_from))
    rules = Text(((f"{who} {say('kinds.rule')}", "m"),))
    return Section(say("kinds.title"), (say("kinds.what"),), (table, rules), key=key)


def reaction(group: Group, say: Words, tall: float) -> tuple[Cell, ...]:
    said, claim = verdict(group.finding, say)
    number = figure(group.finding, say)
    runs: list[Run] = [(f"{number} ", "")] if number else []
    return (
        Cell(plain(say.kind(group.word)), glyph=pictures.glyph(group.word)),
        Cell(plain(say.count(group.tagged))),
        Cell(plain(say.count(group.counted))),
        Cell(plain(felt(group.felt, say))),
        Cell(picture=strip(group, say, tall)),
        Cell((*runs, (said, "b" if claim else "m"))),
    )


def felt(value: float | None, say: Words) -> str:
    return NONE if value is None else say.number(value, 0 if value == int(value) else 1)


def strip(group: Group, say: Words, tall: float = 1.0) -> Picture:
    """Fewer than five moments are listed, never drawn."""
    if group.finding.n_blind < STATISTICS.list_below or not group.points:
        return pictures.moments(say("plot.alt.none"), (), None, None, claimed=False, tall=tall)
    alt = say("plot.alt", n=len(group.points), low=say.signed(min(group.points)), high=say.signed(max(group.points)))
    if group.matched:
        alt += say("plot.alt.matched", low=say.signed(group.matched[0]), high=say.signed(group.matched[1]))
    finding = group.finding
    figures = (finding.effect or 0.0, finding.low or 0.0, finding.high or 0.0) if told(finding) else None
    return pictures.moments(alt, group.points, group.matched, figures, claimed=verdict(finding, say)[1], tall=tall)


# ---------------------------------------------------------------- moments


def latest(report: Report, say: Words, count: int) -> Section:
    if not report.moments:
        return Section(say("latest.title"), (), (Text(plain(say("latest.none"))),))
    columns = (
        Column(say("column.when"), 23.5),
        Column(say("column.kind"), 35),
        Column(say("column.with"), 0, wraps=True),
        Column(say("column.felt"), 11, right=True),
        Column(say("column.change"), 18.5, right=True),
        Column(say("column.half"), 17, right=True),
        Column(say("column.did"), 24),
        Column(say("column.near.rise"), 20),
    )
    rows = tuple(latest_row(moment, say) for moment in report.moments[:count])
    return Section(say("latest.title"), (say("latest.what"),), (Table(say("latest.table"), columns, rows),), wide=True)


def latest_row(moment: Moment, say: Words) -> tuple[Cell, ...]:
    return (
        Cell(plain(say.moment(moment.when))),
        Cell(plain(say.kind(moment.kind))),
        Cell(plain(company(moment, say))),
        Cell(plain(NONE if moment.felt is None else say.count(moment.felt))),
        Cell(change(moment, say)),
        Cell(plain(half_way(moment, say))),
        Cell(plain(say.word("action", moment.action) if moment.action else NONE)),
        Cell((near(moment, say),)),
    )


def company(moment: Moment, say: Words) -> str:
    return ", ".join(say.word("with_whom", who) for who in moment.with_whom) or NONE


def change(moment: Moment, say: Words) -> tuple[Run, ...]:
    """Its change in SD, with a ring where it is not counted; without one, what stood against it."""
    if moment.dz10 is None:
        return ((say(f"standing_short.{moment.standing}") if moment.standing != COUNTED else NONE, "m"),)
    number = say.signed(moment.dz10)
    return ((number, ""),) if moment.standing == COUNTED else ((f"° {number}", "m"),)


def half_way(moment: Moment, say: Words) -> str:
    if moment.half_min is None:
        return NONE
    minutes = round(moment.half_min)
    return say("half.over", n=minutes) if moment.half_censored else say("unit.minutes", n=minutes)


def near(moment: Moment, say: Words) -> Run:
    """A rise that the moment may belong to; named from six in ten up."""
    if moment.link == "linked" and moment.link_p is not None:
        return say("link.linked", tenths=min(9, round(10 * moment.link_p))), ""
    return (say(f"link.{moment.link}") if moment.link in ("possible", "none") else NONE), "m"


def open_questions(report: Report, say: Words) -> Section:
    return Section(say("notyet.title"), (say("notyet.what"),), (Bullets(gist.not_yet(report, say)),))
