"""Several days on one page: one day a row, the same hours and the same scale in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboards.picture import look, sentences
from dashboards.picture.canvas import BODY, SMALL, Page
from dashboards.picture.model import DayModel, Minutes
from dashboards.picture.parts import HEIGHT, MARGIN, WIDTH, Arrow, Dot, Fill, Line, Sample, head, legend
from dashboards.picture.traces import beyond, cut_marks, level_line, runs, usual_band, wash
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import FloatArray, Gate

PLOT_X, PLOT_W = 1.25, 7.15
COLUMNS = (("usable", 9.0), ("quick rises", 9.85), ("by chance", 10.6))
TOP, BOTTOM = 6.26, 0.98
STEP_MIN = 3
TAG_ROOM = 0.26
"""At the top of a row, for glyphs."""
LANE = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """A day's place on the page. `since`, `until`: the hours all rows show, in ns after a day's start."""

    page: Page
    model: DayModel
    y: float
    height: float
    since: int
    until: int

    @property
    def start_ns(self) -> int:
        return int(self.model.minutes.start_ns[0])

    def x(self, t_ns: int) -> float:
        return PLOT_X + PLOT_W * (t_ns - self.start_ns - self.since) / (self.until - self.since)

    @property
    def plot(self) -> tuple[float, float]:
        """Bottom and height of the level's own part."""
        return self.y + 0.12, self.height - 0.12 - TAG_ROOM


def week_page(models: Sequence[DayModel]) -> Page:
    page = Page(WIDTH, HEIGHT)
    simulated = any(model.simulated for model in models)
    span_head(page, models, simulated=simulated)
    since, until = _hours(models)
    height = (TOP - BOTTOM) / len(models)
    for name, x in COLUMNS:
        page.text(x, TOP + 0.1, name, size=SMALL, colour=look.INK_3, ha="right")
    rows = [Row(page, model, TOP - height * (k + 1), height, since, until) for k, model in enumerate(models)]
    for row in rows:
        _day(row)
    _clock(rows[-1])
    legend(page, _entries(models), x=MARGIN, y=0.56, right=WIDTH - MARGIN)
    page.text(MARGIN, 0.18, f"The line: {sentences.CURVE.format(usual=sentences.span_usual(models)).lower()}.", size=SMALL, colour=look.INK_2)
    return page


def span_head(page: Page, models: Sequence[DayModel], *, worn_part: Sequence[DayModel] | None = None, simulated: bool) -> None:
    """For week and year alike."""
    head(
        page,
        heading=f"{sentences.span_heading(models)}   ·   {sentences.DAY_BREAK}",
        title=sentences.span_title(models),
        base=sentences.span_base(models),
        compared=sentences.span_compared(models),
        more=sentences.span_limits(models),
        also=sentences.span_worn(worn_part or models),
        simulated=simulated,
    )


def _hours(models: Sequence[DayModel]) -> tuple[int, int]:
    """The hours that hold every worn day; the days of the whole span when none was worn."""
    worn = [model for model in models if model.worn or model.tags] or list(models)
    starts = [model.shown[0] - int(model.minutes.start_ns[0]) for model in worn]
    stops = [model.shown[1] - int(model.minutes.start_ns[0]) for model in worn]
    return min(starts), max(stops)


def _day(row: Row) -> None:
    page, model = row.page, row.model
    page.line([MARGIN, WIDTH - MARGIN], [row.y + row.height] * 2, colour=look.RULE, width=0.7, z=-1)
    middle = row.plot[0] + row.plot[1] / 2
    page.text(MARGIN, middle + 0.03, f"{model.day:%a}", size=BODY, bold=True)
    page.text(MARGIN, middle - 0.14, f"{model.day.day} {model.day:%b}", size=SMALL, colour=look.INK_3)
    if model.worn:
        _level(row)
        _moments(row)
    else:
        page.text(PLOT_X, middle - 0.04, "not worn", size=BODY, colour=look.INK_3)
    _tags(row)
    chance = "–" if model.by_chance is None else f"{model.by_chance:.1f}"
    numbers = (f"{model.usable_s / 3600:.1f} h", str(len(model.spikes)), chance) if model.worn else ("–", "–", "–")
    for (_, x), text in zip(COLUMNS, numbers, strict=True):
        page.text(x, middle - 0.04, text, size=BODY, ha="right")


def _level(row: Row) -> None:
    span_min = (row.until - row.since) / MINUTE_NS
    bottom, height = row.plot
    axes = row.page.axes(PLOT_X, bottom, PLOT_W, height, xlim=(0, span_min), ylim=look.Z_RANGE)
    lane = row.page.axes(PLOT_X, bottom - 0.07, PLOT_W, LANE, xlim=(0, span_min), ylim=(0, 1))
    minutes = row.model.minutes.every(STEP_MIN)
    t = _middle(row, minutes)
    usual_band(axes, t, minutes.judged & np.isfinite(minutes.z), half=STEP_MIN / 2)
    wash(axes, t, minutes.known & ~minutes.judged, half=STEP_MIN / 2)
    drawn = _drawn(row.model)
    level_line(axes, _middle(row, drawn), drawn, look.Z_RANGE, width=1.1)
    cut_marks(axes, _middle(row, drawn), drawn, look.Z_RANGE, size=2.5)
    for gates, colour in (((Gate.MOVING,), look.EDGE), ((Gate.RECOVERY, Gate.POSTURE), look.RULE)):
        for a, b in runs(minutes.known & np.isin(minutes.gate, gates)):
            lane.fill_between([t[a] - STEP_MIN / 2, t[b - 1] + STEP_MIN / 2], 0, 1, color=colour, lw=0)


def _drawn(model: DayModel) -> Minutes:
    """The points of the line: coarse, but for the moments."""
    return model.minutes.every(STEP_MIN).finer_within(model.minutes, [moment.around_ns for moment in model.moments])


def _middle(row: Row, minutes: Minutes) -> FloatArray:
    """Middle of every point, in minutes since the row's left edge."""
    return minutes.middle_min(row.start_ns + row.since, STEP_MIN)


def _moments(row: Row) -> None:
    """A ring over each; filled when a tag is its likely match."""
    linked = {match.label for tag in row.model.tags for match in tag.matches if match.verdict == "linked"}
    bottom, height = row.plot
    for moment in row.model.spikes:
        z = float(np.clip(moment.z if np.isfinite(moment.z) else 1.0, *look.Z_RANGE))
        y = bottom + height * (z - look.Z_RANGE[0]) / (look.Z_RANGE[1] - look.Z_RANGE[0])
        row.page.dot(row.x(moment.top_ns), min(y + 0.05, bottom + height), colour=look.WELL, filled=moment.label in linked)


def _tags(row: Row) -> None:
    y, reach = row.y + row.height - TAG_ROOM / 2 + 0.01, 0.0
    for tag in row.model.tags:
        x = max(row.x(tag.event.t_ns), reach)
        row.page.glyph(tag.event.kind, x, y, size=0.19)
        reach = x + 0.21


def _clock(row: Row) -> None:
    """Local hours, under the last day; two days of a clock change share them, off by that hour."""
    local = row.model.local
    span_h = (row.until - row.since) // HOUR_NS
    every = next(step for step in (1, 2, 3, 4) if span_h / step * 0.5 <= PLOT_W or step == 4)
    for t in range(row.start_ns + row.since, row.start_ns + row.until + 1, HOUR_NS):
        if round(local.hour(t)) % every == 0:
            row.page.text(row.x(t), BOTTOM - 0.2, "midnight" if local.clock(t) == "00:00" else local.clock(t), size=BODY, colour=look.INK_2, ha="center")
            midnight = local.clock(t) == "00:00"
            row.page.line([row.x(t)] * 2, [BOTTOM - 0.07, TOP], colour=look.INK_3 if midnight else look.RULE, width=0.8 if midnight else 0.5, z=-1)


def _entries(models: Sequence[DayModel]) -> list[tuple[str, Sample]]:
    linked = any(match.verdict == "linked" for model in models for tag in model.tags for match in tag.matches)
    possible: list[tuple[str, Sample, bool]] = [
        (sentences.span_usual(models), Fill(look.USUAL_BAND), True),
        ("a little above, above", Line(look.ABOVE, 1.5), True),
        ("well above", Line(look.WELL, 1.5), True),
        ("below", Line(look.BELOW, 1.5), True),
        ("beyond the scale", Arrow(look.WELL), any(beyond(_drawn(model), look.Z_RANGE) for model in models)),
        ("a quick rise", Dot(look.WELL), bool(sentences.spikes_of(models))),
        ("and a tag is a likely match", Dot(look.WELL, filled=True), linked),
        ("moving", Fill(look.EDGE), True),
        ("settling after it", Fill(look.RULE), True),
        ("not judged", Fill(look.WASH, stroke=look.HATCH), any(model.measured_s > model.usable_s for model in models)),
    ]
    return [(words, sample) for words, sample, occurs in possible if occurs]


def span_table(models: Sequence[DayModel]) -> list[tuple[str, ...]]:
    """A row a day; for week and year alike."""
    rows: list[tuple[str, ...]] = [("day", "what", "usable", "quick rises", "by chance", "tags")]
    for model in models:
        if model.worn or model.tags:
            tags = ", ".join(f"{model.local.clock(tag.event.t_ns)} {sentences.tag_name(tag)}" for tag in model.tags)
            chance = "not known" if model.by_chance is None else f"{model.by_chance:.1f}"
            rows.append((model.day.isoformat(), sentences.title(model), sentences.hours(model.usable_s), str(len(model.spikes)), chance, tags))
    return rows
