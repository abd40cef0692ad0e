"""Made-up reports: a full month of all twelve kinds, a person with nothing, and twelve days in which everything is too few.

Numbers are invented and only have to look like those that the findings give; nothing here computes a statistic.
`python tests/support/reports.py` writes the golden texts anew; review the difference.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from dashboards.report.model import Concord, Coverage, Day, Group, Match, Moment, Offers, Report, Series, Settling, Step
from somalink.domain.catalogue import ACTIONS, HIGHER, KINDS, LISTED_ONLY, LOWER, NOT_TOLD_APART, TOO_FEW, WITH_WHOM
from somalink.domain.types import Finding

FIRST, LAST = date(2026, 10, 16), date(2026, 11, 12)
NOTE = 'He said <b>"calm down"</b> & left #this *is* $not$ markup \\ @here [or] <script>alert(1)</script>'
ACCOUNT = {
    "conflict": (15, 13, 6.0, HIGHER, 1.3),
    "criticism": (11, 9, 6.0, HIGHER, 0.8),
    "ignored": (7, 6, 4.0, TOO_FEW, 0.5),
    "rejection": (4, 3, 7.0, LISTED_ONLY, 1.2),
    "exclusion": (2, 2, 6.5, LISTED_ONLY, 1.0),
    "boundary": (7, 4, 4.0, LISTED_ONLY, 0.9),
    "connection": (12, 8, 1.5, NOT_TOLD_APART, 0.3),
    "support": (11, 9, 1.0, LOWER, -0.7),
    "reaching_out": (10, 8, 5.0, NOT_TOLD_APART, 0.5),
    "group": (6, 5, 3.0, TOO_FEW, 0.2),
    "exposure_step": (6, 6, 6.0, TOO_FEW, 1.1),
    "other": (1, 0, None, LISTED_ONLY, 0.0),
}
"""Kind: tagged, counted, felt, verdict, effect."""


def finding(
    scope: str, metric: str, verdict: str, n: int, effect: float | None = None, *, half: float = 0.4, reason: str = "", q: float | None = None
) -> Finding:
    """`half`: half the width of its interval."""
    known = effect is not None
    return Finding(
        id=f"f-{scope}-{metric}",
        person="07",
        span=f"{FIRST}/{LAST}",
        scope=scope,
        metric=metric,
        n_tagged=n + 2,
        n_usable=n + 1,
        n_blind=n,
        n_controls=10 * n,
        effect=effect,
        low=effect - half if known else None,
        high=effect + half if known else None,
        p=q,
        q=q,
        verdict=verdict,
        reason=reason,
        analysis="9c2f7a1be004",
    )


def days(count: int, *, worn: bool, dice: np.random.Generator, marks: bool = True) -> tuple[Day, ...]:
    return tuple(day(i, worn=worn and i not in (9, 17, 18), dice=dice, marks=marks) for i in range(count))


def day(i: int, *, worn: bool, dice: np.random.Generator, marks: bool) -> Day:
    hours = float(np.clip(dice.normal(11, 2), 4, 15)) if worn else 0.0
    unwell = marks and i in (19, 20)
    said = tuple(word for word, told in (("unwell", unwell), ("medication_change", marks and i == 12), ("caffeine", marks and i % 5 == 0)) if told)
    return Day(
        date=str(FIRST + timedelta(days=i)),
        worn_h=hours,
        usable_h=hours * 0.86,
        graded_h=hours * 0.8,
        still_hr=float(dice.normal(3 if unwell else 0, 1.1)) if worn else None,
        rises=int(dice.poisson(3)) if worn else 0,
        chance=hours * 0.18 if worn else None,
        belonging=float(np.clip(round(dice.normal(5, 1.5)), 0, 10)) if worn and i % 6 else None,
        engagement=float(np.clip(round(dice.normal(4, 1.5)), 0, 10)) if worn and i % 4 else None,
        contacts=int(dice.integers(0, 6)) if worn else None,
        reached_out=worn and i % 4 == 1,
        marks=said,
    )


def group(word: str, account: tuple[int, int, float | None, str, float], dice: np.random.Generator) -> Group:
    tagged, n, felt, verdict, effect = account
    points = tuple(float(z) for z in dice.normal(effect, 0.8, n))
    reason = {NOT_TOLD_APART: f"interval_includes_none:{30 - n}", TOO_FEW: f"few:{8 - n}", LISTED_ONLY: f"few:{5 - n}"}.get(verdict, "")
    told = verdict in (HIGHER, LOWER, NOT_TOLD_APART)
    q = {HIGHER: 0.0004, LOWER: 0.03, NOT_TOLD_APART: 0.31}.get(verdict)
    known = finding(f"kind:{word}", "dz10", verdict, n, effect if told else None, half=0.6 if verdict == NOT_TOLD_APART else 0.35, reason=reason, q=q)
    return Group("kind", word, tagged, n, felt, points, (-1.0, 1.0) if n else None, known)


def moment(i: int, kind: str, dice: np.random.Generator, *, notes: bool, standing: str = "counted") -> Moment:
    at = datetime(LAST.year, LAST.month, LAST.day, 19, 15, tzinfo=UTC) - timedelta(hours=6.1 * i)
    silent = standing in ("no_signal", "outside")
    matches = () if standing != "counted" else tuple(match(at - timedelta(days=d), dice) for d in (1, 2, 4, 5, 7, 8, 11, 12, 15, 16))
    return Moment(
        event_id=f"e{i}",
        t_ns=int(at.timestamp()) * 1_000_000_000,
        when=at.strftime("%Y-%m-%dT%H:%M"),
        kind=kind,
        with_whom=(WITH_WHOM[i % 8], "online") if i == 3 else (WITH_WHOM[i % 8],),
        action=ACTIONS[i % 5],
        context=("talking", "caffeine") if i % 3 == 0 else (),
        felt=None if i == 5 else i % 11,
        certainty_s=10_800 if i == 8 else 300,
        standing=standing,
        dz10=None if silent else float(dice.normal(0.6, 1)),
        peak_z=None if silent else float(dice.normal(2, 1)),
        half_min=None if silent or i % 4 == 1 else float(dice.uniform(8, 40)),
        half_censored=i % 6 == 0,
        link="" if silent else ("linked", "possible", "none")[i % 3],
        link_p=None if silent else 0.84,
        note=NOTE if notes and i == 0 else "",
        matches=matches,
    )


def match(at: datetime, dice: np.random.Generator) -> Match:
    return Match(int(at.timestamp()) * 1_000_000_000, at.strftime("%Y-%m-%dT%H:%M"), float(dice.normal(0, 0.6)), 0.9, 4.0)


def month(lang: str = "en", *, notes: bool = False) -> Report:
    """Four weeks in which there is something of everything: two kinds higher, one lower, two undecided, seven too few."""
    dice = np.random.default_rng(7)
    span = days(28, worn=True, dice=dice)
    tagged = [kind for kind, (n, *_) in ACCOUNT.items() for _ in range(n)]
    order = dice.permutation(len(tagged))
    stands = {2: "no_signal", 4: "not_blind", 6: "overlapping", 7: "asked", 9: "outside", 11: "unmatched"}
    moments = tuple(moment(i, tagged[k], dice, notes=notes, standing=stands.get(i, "counted")) for i, k in enumerate(order))
    steps = tuple(step(i, notes=notes) for i in range(4))
    return Report(
        person="07",
        span=f"{FIRST}/{LAST}",
        from_day=str(FIRST),
        to_day=str(LAST),
        lang=lang,
        notes=notes,
        simulated=False,
        maturity="own",
        analysis="9c2f7a1be004",
        algorithm="1.0",
        baseline_day="2026-11-12",
        days=span,
        coverage=coverage(span, len(tagged)),
        kinds=tuple(group(kind, ACCOUNT[kind], dice) for kind in KINDS),
        others=others(dice),
        moments=moments,
        level=series("still_hr_trend", NOT_TOLD_APART, 25, 0.2, span, [d.still_hr for d in span], band=(-1.8, 1.8)),
        rises=sum(d.rises for d in span),
        chance=58.3,
        usable_h_with_chance=sum(d.usable_h for d in span),
        rises_with_chance=sum(d.rises for d in span),
        belonging=series("belonging_trend", HIGHER, 21, 1.4, span, [d.belonging for d in span]),
        engagement=series("engagement_trend", NOT_TOLD_APART, 19, 0.1, span, [d.engagement for d in span]),
        thresholds=series("threshold_trend", TOO_FEW, 9, None, span, []),
        trends=tuple(trend(kind, n) for kind, (_, n, *_) in ACCOUNT.items()),
        contrasts=(finding("kind:conflict|kind:criticism", "dz10_contrast", TOO_FEW, 9, reason="few:1"),),
        settling=settling(),
        concord=Concord(
            finding("all", "concordance", HIGHER, 43, 0.37, half=0.22), tuple((int(v), float(dice.normal(v / 6, 0.8))) for v in dice.integers(1, 10, 43))
        ),
        offers=offers(dice),
        steps=steps,
        step_findings=(finding("all", "step_distress", TOO_FEW, 4, reason="few:4"),),
        secondaries=tuple(
            finding(f"kind:{kind}", metric, NOT_TOLD_APART, 9, value, q=0.012345)
            for kind in ("conflict", "criticism")
            for metric, value in (("peak_z", 2.4), ("latency_s", 190.0), ("area", 11.5), ("t_half_s", 840.0), ("slope", -0.12), ("slowing_z", -0.4))
        ),
    )


def trend(kind: str, n: int) -> Finding:
    enough = n >= 12
    return finding(
        f"kind:{kind}", "dz10_trend", NOT_TOLD_APART if enough else TOO_FEW, n, -0.4 if enough else None, half=1.1, reason="" if enough else f"few:{12 - n}"
    )


def series(
    metric: str, verdict: str, n: int, effect: float | None, span: tuple[Day, ...], values: list[float | None], *, band: tuple[float, float] | None = None
) -> Series:
    """The line is the middle of what was there, which is enough to see one."""
    known = [value for value in values if value is not None]
    line = tuple(sum(known) / len(known) if known and i > 1 else None for i in range(len(span)))
    return Series(finding("all", metric, verdict, n, effect, half=0.7, reason="" if effect is not None else "short_span:9"), n, line, band, "", change_up=False)


def settling() -> Settling:
    steps = (
        (0.0, 1.0),
        (9.0, 0.92),
        (12.0, 0.84),
        (15.0, 0.76),
        (18.0, 0.68),
        (22.0, 0.6),
        (27.0, 0.49),
        (30.0, 0.3),
        (36.0, 0.18),
        (44.0, 0.08),
        (58.0, 0.03),
    )
    cuts = ((12.0, 0.84), (18.0, 0.68), (18.5, 0.68), (30.0, 0.3))
    return Settling(
        finding("all", "t_half_s", NOT_TOLD_APART, 26, 1620.0, half=160),
        26,
        6,
        27.0,
        23.0,
        28.0,
        steps,
        cuts,
        finding("all", "t_half_trend", NOT_TOLD_APART, 26, -40.0, half=300),
    )


def offers(dice: np.random.Generator) -> Offers:
    arms = [tuple(float(z) for z in dice.normal(mu, 0.75, n)) for mu, n in ((0.72, 14), (0.95, 9))]
    return Offers(
        finding("all", "offer", NOT_TOLD_APART, 23, -0.2, half=0.6, reason="interval_includes_none:40"),
        arms[0],
        arms[1],
        (0.7, 0.35, 1.05),
        (0.9, 0.45, 1.35),
        23,
        9,
        (4, 3, 5, 4, 4, 2, 6, 4, 4, 5),
        (4, 4, 5, 3, 4, 6, 4, 4),
        1.2,
    )


def step(i: int, *, notes: bool) -> Step:
    texts = ("ask a question in the meeting", "call first, instead of waiting", "say no to a small request", "stay after a disagreement")
    when = str(FIRST + timedelta(days=7 * i))
    return Step(when, texts[i] if notes else "", (7, 6, 8, 7)[i], (6, 5, 6, 8)[i], (7, 8, 6, None)[i], (1, 4, 0, None)[i], "done", (1.0, 1.7, 0.3, None)[i])


def others(dice: np.random.Generator) -> tuple[Group, ...]:
    made = [("with_whom", "work", 18, 14, HIGHER, 0.9), ("with_whom", "partner", 12, 9, NOT_TOLD_APART, 0.4), ("action", "stayed", 20, 16, NOT_TOLD_APART, 0.3)]
    made.append(("context", "talking", 6, 5, TOO_FEW, 0.8))
    return tuple(
        replace(
            group(word, (tagged, n, 5.0, verdict, effect), dice),
            scope=scope,
            finding=replace(group(word, (tagged, n, 5.0, verdict, effect), dice).finding, scope=f"{scope}:{word}"),
        )
        for scope, word, tagged, n, verdict, effect in made
    )


def coverage(span: tuple[Day, ...], tagged: int) -> Coverage:
    worn = sum(d.worn_h for d in span)
    return Coverage(
        worn_h=worn,
        usable_h=worn * 0.86,
        graded_h=worn * 0.8,
        limited_h=0.0,
        days_worn=sum(d.worn_h > 0 for d in span),
        days=len(span),
        gates=(("still", 0.58), ("light", 0.17), ("moving", 0.13), ("recovery", 0.07), ("unknown", 0.03), ("posture", 0.02)) if worn else (),
        beats_received=1_062_418 if worn else 0,
        beats_stored=1_062_418 if worn else 0,
        beats_flagged=20_186 if worn else 0,
        gap_h=4.2 if worn else 0.0,
        devices=(("Polar H10 51C0FFEE", "A"),) if worn else (),
        tagged=tagged,
        usable=round(tagged * 0.88),
        counted=round(tagged * 0.8),
        not_blind=6 if tagged > 20 else 0,
        asked=3 if tagged > 20 else 0,
        no_signal=5 if tagged > 20 else 0,
        overlapping=2 if tagged > 20 else 0,
        outside=2 if tagged > 20 else 0,
        unmatched=1 if tagged > 20 else 0,
        late=3 if tagged > 20 else 0,
        blind_unknown=2 if tagged > 20 else 0,
        talking_or_moving=26 if tagged > 20 else 1 if tagged else 0,
        confounders=(("talking", 20), ("caffeine", 9)) if tagged else (),
    )


def nothing(lang: str = "en") -> Report:
    """Four weeks without a heartbeat or a word."""
    bare = month(lang)
    span = tuple(
        replace(
            d,
            worn_h=0.0,
            usable_h=0.0,
            graded_h=0.0,
            still_hr=None,
            rises=0,
            chance=None,
            belonging=None,
            engagement=None,
            contacts=None,
            reached_out=False,
            marks=(),
        )
        for d in bare.days
    )

    def none(metric: str) -> Finding:
        return finding("all", metric, LISTED_ONLY, 0, reason="few:8")

    return replace(
        bare,
        maturity="begun",
        baseline_day="",
        days=span,
        coverage=coverage(span, 0),
        kinds=(),
        others=(),
        moments=(),
        level=Series(none("still_hr_trend"), 0, (None,) * 28, None, "", change_up=False),
        rises=0,
        chance=None,
        usable_h_with_chance=0.0,
        rises_with_chance=0,
        belonging=Series(none("belonging_trend"), 0, (None,) * 28, None, "", change_up=False),
        engagement=Series(none("engagement_trend"), 0, (None,) * 28, None, "", change_up=False),
        thresholds=Series(none("threshold_trend"), 0, (None,) * 28, None, "", change_up=False),
        trends=(),
        contrasts=(),
        settling=Settling(none("t_half_s"), 0, 0, None, None, None, (), (), none("t_half_trend")),
        concord=Concord(none("concordance"), ()),
        offers=Offers(none("offer"), (), (), None, None, 0, 0, (), (), None),
        steps=(),
        step_findings=(),
        secondaries=(),
    )


def short(lang: str = "en") -> Report:
    """Twelve days, a few moments, everything too few; the usual is still being learnt."""
    dice = np.random.default_rng(3)
    bare = nothing(lang)
    span = days(12, worn=True, dice=dice, marks=False)
    account = {"conflict": (6, 6, 6.0, TOO_FEW, 0.7), "ignored": (3, 3, 4.0, LISTED_ONLY, 0.5), "group": (1, 1, 2.0, LISTED_ONLY, 0.0)}
    moments = tuple(moment(i, kind, dice, notes=False) for i, kind in enumerate([kind for kind, (n, *_) in account.items() for _ in range(n)]))
    steps = ((0.0, 1.0), (14.0, 0.8), (20.0, 0.6), (33.0, 0.4), (41.0, 0.2))
    return replace(
        bare,
        span=f"{FIRST}/{FIRST + timedelta(days=11)}",
        to_day=str(FIRST + timedelta(days=11)),
        simulated=True,
        maturity="learning",
        days=span,
        coverage=coverage(span, 10),
        kinds=tuple(group(kind, each, dice) for kind, each in account.items()),
        moments=tuple(replace(each, when=each.when.replace("2026-11-1", "2026-10-1").replace("2026-11-0", "2026-10-1")) for each in moments),
        level=series("still_hr_trend", TOO_FEW, 11, None, span, [d.still_hr for d in span], band=(-1.8, 1.8)),
        rises=sum(d.rises for d in span),
        trends=(finding("kind:conflict", "dz10_trend", TOO_FEW, 6, reason="few:6"), finding("kind:ignored", "dz10_trend", TOO_FEW, 3, reason="few:9")),
        belonging=series("belonging_trend", TOO_FEW, 9, None, span, [d.belonging for d in span]),
        settling=Settling(
            finding("all", "t_half_s", TOO_FEW, 5, reason="few:3"),
            5,
            0,
            None,
            None,
            None,
            steps,
            (),
            finding("all", "t_half_trend", TOO_FEW, 5, reason="few:3"),
        ),
        concord=Concord(finding("all", "concordance", TOO_FEW, 10, reason="few:2"), tuple((int(v), float(dice.normal(0.5, 0.8))) for v in range(10))),
        offers=Offers(finding("all", "offer", TOO_FEW, 3, reason="few:17"), (0.4, 1.2), (0.9,), None, None, 3, 1, (), (), 3.9),
    )


MADE = {"month": month, "nothing": nothing, "short": short}


def crowded(lang: str = "de") -> Report:
    """The most that two pages have to hold: every question open, long names, all marks, five steps with long words, a made-up wearer."""
    full = month(lang, notes=True)
    open_ = tuple(
        replace(
            g,
            finding=replace(g.finding, verdict=NOT_TOLD_APART, effect=0.31, low=-1.25, high=1.87, reason=reason, n_blind=14),
            counted=14,
            points=(*g.points, *g.points, 4.5, -2.4),
        )
        for g, reason in zip(full.kinds, ("interval_includes_none:16", "interval_includes_none:22", "", "", *[None] * 8), strict=True)
        if reason is not None
    )
    long = "stay after a disagreement, ask what was meant, and say what I need without leaving the room"
    return replace(
        full,
        person="Maximiliane Mustermann-Beispiel",
        simulated=True,
        maturity="learning",
        kinds=(*open_, *full.kinds[4:]),
        moments=tuple(
            replace(m, kind="reaching_out", with_whom=("partner",), action="approached", half_censored=True) if i < 10 else m
            for i, m in enumerate(full.moments)
        ),
        level=replace(full.level, change_at="2026-11-02", change_up=True),
        chance=58.3,
        usable_h_with_chance=120.0,
        rises_with_chance=full.rises // 2,
        concord=Concord(finding("all", "concordance", NOT_TOLD_APART, 43, 0.1, half=0.3), full.concord.points),
        belonging=replace(full.belonging, finding=finding("all", "belonging_trend", TOO_FEW, 9)),
        engagement=replace(full.engagement, finding=finding("all", "engagement_trend", TOO_FEW, 9)),
        contrasts=(),
        steps=tuple(replace(step(i % 4, notes=True), text=long) for i in range(7)),
    )


MADE |= {"crowded": crowded}

GOLDEN = Path(__file__).resolve().parents[1] / "dashboards" / "report" / "golden"
TOLD = {f"{name}.{lang}": MADE[name](lang) for name in ("month", "nothing", "short") for lang in ("en", "de")}


class Reading(HTMLParser):
    """What a page says, a block a line, a picture by its words: as somebody hears it who does not see it."""

    BLOCKS = frozenset({"article", "h1", "h2", "p", "li", "tr", "title", "caption", "section", "div"})
    CELLS = frozenset({"td", "th"})

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in self.BLOCKS:
            self.lines.append("")
        if tag in self.CELLS:
            self.lines[-1] += " | "
        if tag in ("h1", "h2"):
            self.lines[-1] += "# " if tag == "h1" else "## "
        if tag == "br":
            self.lines[-1] += " / "
        if tag in ("svg", "style"):
            self._hidden += 1
            self.lines[-1] += f"[{given['aria-label']}]" if given.get("aria-label") else ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("svg", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.lines[-1] += data


def text_of(html: str) -> str:
    """
    >>> text_of("<h1>A</h1><p>b <b>c</b><svg aria-label='d'><text>9</text></svg></p>")
    '# A\\nb c[d]\\n'
    """
    reading = Reading()
    reading.feed(html)
    lines = (" ".join(line.split()) for line in reading.lines)
    return "".join(f"{line}\n" for line in lines if line.strip("| "))


def write_golden() -> None:
    from dashboards.report.door import as_html

    GOLDEN.mkdir(exist_ok=True)
    for name, report in TOLD.items():
        (GOLDEN / f"{name}.txt").write_text(text_of(as_html(report)), encoding="utf-8")


if __name__ == "__main__":
    write_golden()
