"""One day on one page: what it came to, the level against the usual, the gates, heart rate, coverage; beside it moments and tags.

A plan of the page, top to bottom; every part below is one function that draws where the plan puts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboards.picture import look, sentences
from dashboards.picture.canvas import BODY, HEAD, SMALL, Page
from dashboards.picture.model import NO_ROWS, DayModel, Minutes, Moment, Tag
from dashboards.picture.parts import HEIGHT, MARGIN, ROW, WIDTH, Arrow, Fill, Line, Sample, head, legend
from dashboards.picture.traces import beyond, cut_marks, level_line, runs, usual_band, wash
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT_X, PLOT_W = 1.45, 6.1
SIDE_X, SIDE_W = 8.15, 2.6
SIDE_TOP, SIDE_END = 6.66, 0.12
LEFT_END = 7.85
"""The legend and what was left out stand below the plot; the side has its whole height for the lists."""
SECTION_H, NOTE_H, TAG_H = 0.42, 0.16, 0.38
"""What a part of the side takes: a heading, a line of the note, a tag."""
MOST_LINES, MOST_SLOWER, MOST_TAGS = 8, 3, 5
LINK, MAYBE = Line(look.INK, 1.6), Line(look.INK_3, 0.8, (1.5, 2.0))
USABLE, LEFT_OUT, NOTHING = Fill(look.INK_2), Fill(look.UNSURE, 0.35), Fill(look.SURFACE)
WASHED = Fill(look.WASH, stroke=look.HATCH)
POINTS = 480
MARKER = 0.19
LANES, LANE = 3, 0.055
PLOT_Y, PLOT_H = 3.66, 1.52
TAG_ROW = 0.38
TAG_ROWS = 2
"""A row of tags that a day does not need makes its plot that much taller."""
NUMBERS_H = 0.3
"""Least room over the plot for the numbers of the highest moments, and for what ties them to tags."""
LEAST_PLOT_H = 0.9
CURVE_Y = 6.32
FLOOR_Y = PLOT_Y + 0.1
GATE_Y, GATE_H = 3.34, 0.2
WEAK_Y, WEAK_H = 3.23, 0.06
HEART_Y, HEART_H = 2.5, 0.6
COVER_Y, COVER_H = 2.16, 0.2
HOURS_Y = 1.99
LEGEND_Y = 1.75


@dataclass(frozen=True, slots=True)
class PlacedTag:
    """A tag with its place: the row it stands in, whether its glyph fits there, and where its word begins if there is room."""

    tag: Tag
    x: float
    row: int
    shown: bool
    word_x: float | None
    lane: int
    """Whiskers that overlap lie under each other."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Where a moment's number stands, over its own time; and where its highest point is."""

    x: float
    y: float
    peak_y: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page, the model and how time and level become inches."""

    page: Page
    model: DayModel
    tags: tuple[PlacedTag, ...]
    numbers_h: float = NUMBERS_H
    markers: dict[str, Marker] = field(default_factory=dict)

    @property
    def step_min(self) -> int:
        """Minutes a point of the level: so few that a whole day is a line and not a thicket."""
        return next((step for step in (1, 2) if self.minutes / step <= POINTS), 3)

    @property
    def room_h(self) -> float:
        """For the plot and the numbers over it: what the tags leave."""
        rows = max((placed.row + 1 for placed in self.tags), default=0)
        return PLOT_H + NUMBERS_H + TAG_ROW * (TAG_ROWS - rows)

    @property
    def plot_h(self) -> float:
        return self.room_h - self.numbers_h

    @property
    def tags_y(self) -> float:
        """The line on which tags stand, as wide as their time is unsure; glyph and word above it."""
        return PLOT_Y + self.plot_h + self.numbers_h

    def x(self, t_ns: float) -> float:
        return across(self.model, t_ns)

    def y(self, z: float) -> float:
        low, high = look.Z_RANGE
        return PLOT_Y + self.plot_h * (min(max(z, low), high) - low) / (high - low)

    def place(self, y: float, height: float, ylim: tuple[float, float]) -> Axes:
        """An axes over the shown time, x in minutes since its start."""
        return self.page.axes(PLOT_X, y, PLOT_W, height, xlim=(0.0, self.minutes), ylim=ylim)

    @property
    def minutes(self) -> float:
        start, stop = self.model.shown
        return (stop - start) / MINUTE_NS

    def t(self, minutes: Minutes) -> FloatArray:
        """Middle of every point, in minutes since the shown start."""
        return minutes.middle_min(self.model.shown[0], self.step_min)

    @property
    def drawn(self) -> Minutes:
        """The points of the line: coarse, but for the moments."""
        minutes = self.model.minutes
        return minutes.every(self.step_min).finer_within(minutes, [moment.around_ns for moment in self.model.moments])

    def judged_at(self, t: FloatArray) -> BoolArray:
        """Was the minute judged that holds each time, in minutes since the shown start?"""
        minutes = self.model.minutes
        since = (self.model.shown[0] - int(minutes.start_ns[0])) // MINUTE_NS
        return np.asarray(minutes.judged[np.clip(np.floor(t).astype(np.int64) + since, 0, len(minutes.judged) - 1)])


def day_page(model: DayModel) -> Page:
    page = Page(WIDTH, HEIGHT)
    sheet = _with_markers(Sheet(page, model, _place_tags(page, model)))
    _head(sheet)
    _level(sheet)
    _tags(sheet)
    _moments(sheet)
    _gates(sheet)
    _heart(sheet)
    _coverage(sheet)
    _clock(sheet)
    _midnight(sheet)
    _legend(sheet)
    _side(sheet)
    return page


def across(model: DayModel, t_ns: float) -> float:
    """Where on the page a moment of the shown time is."""
    start, stop = model.shown
    return PLOT_X + PLOT_W * (t_ns - start) / (stop - start)


# ---------------------------------------------------------------- head


def _head(sheet: Sheet) -> None:
    model = sheet.model
    head(
        sheet.page,
        heading=f"{sentences.heading(model)}   ·   {sentences.DAY_BREAK}",
        title=sentences.claim(model),
        base=sentences.base(model),
        base_w=SIDE_X - MARGIN - 0.35,
        compared=sentences.compared(model),
        more=sentences.limits(model),
        simulated=model.simulated,
    )


# ---------------------------------------------------------------- the level


def _level(sheet: Sheet) -> None:
    axes = sheet.place(PLOT_Y, sheet.plot_h, look.Z_RANGE)
    minutes = sheet.model.minutes.every(sheet.step_min)
    t, (low, high) = sheet.t(minutes), look.Z_RANGE
    _words(sheet)
    judged = minutes.judged & np.isfinite(minutes.z)
    _judged_or_not(sheet, axes)
    sure = look.SURE_SE * minutes.se
    shaded = judged.tolist()
    axes.fill_between(
        t, np.maximum(minutes.z - sure, low), np.minimum(minutes.z + sure, high), where=shaded, color=look.BAND, alpha=look.BAND_ALPHA, lw=0, zorder=2
    )
    drawn = sheet.drawn
    level_line(axes, sheet.t(drawn), drawn, look.Z_RANGE, judged_at=sheet.judged_at)
    cut_marks(axes, sheet.t(drawn), drawn, look.Z_RANGE)
    _holes(sheet)


def _judged_or_not(sheet: Sheet, axes: Axes) -> None:
    """To the minute, whatever the line is drawn in: what could not be judged is never behind a band that says it was."""
    minutes = sheet.model.minutes
    t, judged = sheet.t(minutes), minutes.judged & np.isfinite(minutes.z)
    usual_band(axes, t, judged)
    wash(axes, t, minutes.known & ~judged)


def _words(sheet: Sheet) -> None:
    """What the curve is, above it; the axis is words; fine lines where one word ends."""
    sheet.page.text(MARGIN, CURVE_Y, sentences.CURVE.format(usual=sentences.usual(sheet.model)), size=BODY, colour=look.INK)
    low, high = look.Z_RANGE
    edges = [low, *(each.from_z for each in look.LEVELS[1:]), high]
    for each, bottom, top in zip(look.LEVELS, edges[:-1], edges[1:], strict=True):
        usual = each.tick == "your usual"
        lines = sentences.usual(sheet.model).replace("recording's ", "recording's\n").split("\n") if usual else [each.tick]
        for k, line in enumerate(lines):
            y = sheet.y((bottom + top) / 2) + 0.16 * ((len(lines) - 1) / 2 - k)
            sheet.page.text(PLOT_X - 0.12, y, line, size=SMALL, bold=usual, colour=look.INK if usual else look.INK_2, ha="right", va="center")
    for edge in edges[1:-1]:
        sheet.page.line([PLOT_X, PLOT_X + PLOT_W], [sheet.y(edge)] * 2, colour=look.RULE, width=0.6, z=-1)


def _holes(sheet: Sheet) -> None:
    """Left empty, and named where there is room, along or upwards."""
    for hole in sheet.model.holes:
        wide = sheet.x(hole.stop_ns) - sheet.x(hole.start_ns)
        middle = (sheet.x(hole.start_ns) + sheet.x(hole.stop_ns)) / 2
        if wide > sheet.page.measure("no signal", SMALL) + 0.06:
            sheet.page.text(middle, sheet.y(0), "no signal", size=SMALL, colour=look.INK_3, ha="center", va="center")
        elif wide > 0.14:
            sheet.page.upright(middle, sheet.y(0), "no signal")


# ---------------------------------------------------------------- tags and moments


def _place_tags(page: Page, model: DayModel) -> tuple[PlacedTag, ...]:
    """In two rows where words would touch; where both rows are taken without its word, and at last without its glyph: the list has it."""
    words, glyphs, whiskers = [PLOT_X - 0.08] * TAG_ROWS, [0.0] * TAG_ROWS, [0.0] * LANES
    placed = []
    for tag in model.tags:
        x, half = across(model, tag.event.t_ns), page.measure(sentences.tag_name(tag), SMALL) / 2
        left = min(max(x - half, PLOT_X - 0.08), PLOT_X + PLOT_W + 0.3 - 2 * half)
        row = next((k for k in range(TAG_ROWS) if left >= words[k] and x - 0.14 >= glyphs[k]), None)
        if row is not None:
            words[row] = left + 2 * half + 0.05
        bare = int(np.argmin(glyphs)) if row is None else row
        shown = x - 0.14 >= glyphs[bare]
        if shown:
            glyphs[bare] = x + 0.14
        begin, end = (across(model, t) for t in _span(model, tag))
        lane = next((k for k, taken in enumerate(whiskers) if begin > taken), LANES - 1)
        whiskers[lane] = max(whiskers[lane], end + 0.02)
        placed.append(PlacedTag(tag, x, bare, shown=shown, word_x=None if row is None else left, lane=lane))
    return tuple(placed)


def _tags(sheet: Sheet) -> None:
    """Glyph and word above the plot; a hair-line down to the level at that time."""
    page = sheet.page
    if sheet.tags:
        page.text(PLOT_X - 0.12, sheet.tags_y + 0.2, "you tagged", size=BODY, colour=look.INK_2, ha="right", va="center")
    for placed in sheet.tags:
        x, y = placed.x, sheet.tags_y + TAG_ROW * placed.row
        if placed.shown:
            page.glyph(placed.tag.event.kind, x, y + 0.3)
        if placed.word_x is not None:
            page.text(placed.word_x, y + 0.07, sentences.tag_name(placed.tag), size=SMALL, colour=look.INK_2)
        page.line([x, x], [PLOT_Y, sheet.tags_y], dash=(0.8, 2.2), colour=look.INK_2, width=0.8, z=3)
        _whisker(sheet, placed)
        _matches(sheet, placed)


def _span(model: DayModel, tag: Tag) -> tuple[int, int]:
    """From the earliest to the latest it may have been, as far as the page goes."""
    spread = tag.event.certainty_s * SECOND_NS
    return max(tag.event.t_ns - spread, model.shown[0]), min((tag.event.t_end_ns or tag.event.t_ns) + spread, model.shown[1])


def _whisker(sheet: Sheet, placed: PlacedTag) -> None:
    y = sheet.tags_y - LANE * placed.lane
    a, b = (sheet.x(t) for t in _span(sheet.model, placed.tag))
    sheet.page.line([a, b], [y] * 2, colour=look.INK, width=1.2, z=5)
    for end in (a, b):
        sheet.page.line([end] * 2, [y - 0.025, y + 0.025], colour=look.INK, width=0.9, z=5)


def _matches(sheet: Sheet, placed: PlacedTag) -> None:
    """From tag to moment: solid when a match is likely, faint and dashed when it is only possible."""
    for match in placed.tag.matches:
        pen = LINK if match.verdict == "linked" else MAYBE
        marker = sheet.markers[match.label]
        sheet.page.line([placed.x, marker.x], [sheet.tags_y - LANE * placed.lane, marker.y], colour=pen.colour, width=pen.width, dash=pen.dash, z=5)


def _with_markers(sheet: Sheet) -> Sheet:
    """With every number placed, and as much room over the plot as the highest of them needs."""
    for _ in range(6):
        markers = _place_markers(sheet)
        top = max((marker.y for marker in markers.values()), default=0.0) + 0.15 - (PLOT_Y + sheet.plot_h)
        sheet = replace(sheet, numbers_h=min(max(NUMBERS_H, top), sheet.room_h - LEAST_PLOT_H))
    return replace(sheet, markers=_place_markers(sheet, highest=sheet.tags_y - 0.12))


def _place_markers(sheet: Sheet, *, highest: float = np.inf) -> dict[str, Marker]:
    """Each number straight over its own time. Neighbours that would touch stand on each other, the later the higher (a slower heart: the lower)."""
    placed: dict[str, Marker] = {}
    for moments, way in ((sheet.model.risen, 1), (sheet.model.slower, -1)):
        last = Marker(-np.inf, 0.0, 0.0)
        for moment in sorted(moments, key=lambda each: each.highest.top_ns):
            top = moment.highest
            x, peak_y = sheet.x(top.top_ns), sheet.y(top.z if np.isfinite(top.z) else 1.0)
            y = peak_y + 0.14 * way
            if x - last.x < MARKER:
                y = max(y, last.y + MARKER) if way > 0 else min(y, last.y - MARKER)
            if y < FLOOR_Y:
                y = last.y + MARKER if x - last.x < MARKER else FLOOR_Y
            last = placed[moment.label] = Marker(x, min(y, highest), peak_y)
    return placed


def _moments(sheet: Sheet) -> None:
    """A number over the peak, on a leader; a bar at the foot of the plot from start to end."""
    for moment in sheet.model.moments:
        colour = look.BELOW if moment.episode.kind == "slowing" else look.WELL
        stop = moment.stop_ns if moment.stop_ns is not None else sheet.model.shown[1]
        ends = [sheet.x(max(moment.start_ns, sheet.model.shown[0])), sheet.x(min(stop, sheet.model.shown[1]))]
        sheet.page.line(ends, [PLOT_Y - 0.01] * 2, colour=colour, width=3.0 if moment.episode.kind == "spike" else 1.4, z=5)
        marker = sheet.markers[moment.label]
        sheet.page.line([marker.x] * 2, [marker.peak_y, marker.y], colour=colour, width=0.6, z=5)
        sheet.page.numbered(marker.x, marker.y, moment.label, colour=colour)


# ---------------------------------------------------------------- lanes


def _gates(sheet: Sheet) -> None:
    """How much the body moved, as height; below it, where the signal was weak."""
    page, minutes, t = sheet.page, sheet.model.minutes, sheet.t(sheet.model.minutes)
    axes = sheet.place(GATE_Y, GATE_H, (0.0, 1.0))
    page.text(PLOT_X - 0.12, GATE_Y + GATE_H / 2, "movement", size=BODY, colour=look.INK_2, ha="right", va="center")
    gate = np.where(minutes.known, minutes.gate, NO_ROWS)
    for each, shape in look.LANE.items():
        spans = [(t[a] - 0.5, t[b - 1] + 0.5) for a, b in runs(gate == each)]
        if isinstance(shape, look.Texture):
            page.texture(axes, spans, 0.0, 1.0, shape)
            continue
        for span in spans:
            axes.fill_between(span, 0, shape.share, color=shape.colour, lw=0, zorder=1)
    page.line([PLOT_X, PLOT_X + PLOT_W], [GATE_Y] * 2, colour=look.RULE, width=0.5, z=-1)
    if not minutes.weak.any():
        return
    page.text(PLOT_X - 0.12, WEAK_Y + WEAK_H / 2, "weak signal", size=SMALL, colour=look.INK_3, ha="right", va="center")
    lane = sheet.place(WEAK_Y, WEAK_H, (0.0, 1.0))
    for a, b in runs(minutes.weak):
        lane.fill_between([t[a] - 0.5, t[b - 1] + 0.5], 0, 1, color=look.HATCH, lw=0)


def _heart(sheet: Sheet) -> None:
    """Heart rate, moving or not; one point a minute, never joined over a hole."""
    hr = sheet.model.minutes.hr
    if not np.isfinite(hr).any():
        return
    low = min(look.HEART_RANGE[0], np.floor(np.nanmin(hr) / 20) * 20)
    high = max(look.HEART_RANGE[1], np.ceil(np.nanmax(hr) / 20) * 20)
    axes = sheet.place(HEART_Y, HEART_H, (low, high))
    axes.plot(sheet.t(sheet.model.minutes), hr, color=look.HEART, lw=0.9, zorder=3)
    sheet.page.text(PLOT_X - 0.12, HEART_Y + HEART_H / 2 + 0.07, "heart rate", size=BODY, colour=look.HEART, ha="right", va="center")
    sheet.page.text(PLOT_X - 0.12, HEART_Y + HEART_H / 2 - 0.09, "beats a minute", size=SMALL, colour=look.INK_3, ha="right", va="center")
    for beats in (low, 100.0, high):
        y = HEART_Y + HEART_H * (beats - low) / (high - low)
        sheet.page.line([PLOT_X, PLOT_X + PLOT_W], [y, y], colour=look.RULE, width=0.6, z=-1)
        sheet.page.text(PLOT_X + PLOT_W + 0.05, y, f"{beats:.0f}", size=SMALL, colour=look.INK_3, va="center")


def _coverage(sheet: Sheet) -> None:
    """An hour a box: dark as far as it was usable, grey as far as it was measured but not judged; white is nothing."""
    page, model = sheet.page, sheet.model
    page.text(PLOT_X - 0.12, COVER_Y + COVER_H / 2, f"{model.usable_s / 3600:.1f} h usable", size=BODY, colour=look.INK_2, ha="right", va="center")
    for hour in model.hours:
        a, b = sheet.x(max(hour.start_ns, model.shown[0])), sheet.x(min(hour.start_ns + HOUR_NS, model.shown[1]))
        if b - a < 0.02:
            continue
        usable, rest = COVER_H * min(hour.usable_s / 3600, 1), COVER_H * min((hour.unjudged_s + hour.weak_s) / 3600, 1)
        page.box(a + 0.012, COVER_Y, b - a - 0.024, usable, fill=USABLE.colour)
        page.box(a + 0.012, COVER_Y + usable, b - a - 0.024, min(rest, COVER_H - usable), fill=LEFT_OUT.colour, alpha=LEFT_OUT.alpha)
        page.box(a + 0.012, COVER_Y, b - a - 0.024, COVER_H, edge=look.EDGE, line=0.5)


def _clock(sheet: Sheet) -> None:
    """Local times, as many as have room."""
    start, stop = sheet.model.shown
    every = next((step for step in (10, 15, 30, 60, 120, 180) if sheet.minutes / step * 0.5 <= PLOT_W), 240)
    for t in range(start, stop + 1, 5 * MINUTE_NS):
        if round(sheet.model.local.hour(t) * 60) % every == 0 and not _is_midnight(sheet.model, t):
            sheet.page.text(sheet.x(t), HOURS_Y, sheet.model.local.clock(t), size=BODY, colour=look.INK_2, ha="center")
            sheet.page.line([sheet.x(t)] * 2, [HOURS_Y + 0.12, COVER_Y], colour=look.RULE, width=0.6, z=-1)


def _is_midnight(model: DayModel, t_ns: int) -> bool:
    return model.local.clock(t_ns) == "00:00"


def _midnight(sheet: Sheet) -> None:
    """Where the date changes: a line through everything, and the word."""
    start, stop = sheet.model.shown
    for t in range(start, stop + 1, 5 * MINUTE_NS):
        if _is_midnight(sheet.model, t):
            sheet.page.text(sheet.x(t), HOURS_Y, "midnight", size=BODY, bold=True, colour=look.INK_2, ha="center")
            sheet.page.line([sheet.x(t)] * 2, [HOURS_Y + 0.12, PLOT_Y + sheet.plot_h], colour=look.INK_3, width=0.7, z=1)


# ---------------------------------------------------------------- legend


def _legend(sheet: Sheet) -> None:
    """Only what occurs on this day: curve, movement, the rest; below it what the worn time came to."""
    page, model = sheet.page, sheet.model
    y = legend(page, _curve_entries(sheet) + _movement_entries(model) + _other_entries(model), x=MARGIN, y=LEGEND_Y, right=LEFT_END) - ROW - 0.02
    for text in (sentences.worn(model), _no_signal(page, model), sentences.unnumbered(model)):
        y = page.paragraph(MARGIN, y, text, LEFT_END - MARGIN, size=SMALL, colour=look.INK)


def _no_signal(page: Page, model: DayModel) -> str:
    """In two lines: as many holes by name as fit."""
    for named in (6, 5, 4, 3, 2, 1, 0):
        text = sentences.no_signal(model, named=named)
        if len(page.wrap(text, LEFT_END - MARGIN, SMALL)) <= 2:
            break
    return text


Entries = list[tuple[str, Sample]]


def _occurring(possible: Sequence[tuple[str, Sample, bool]]) -> Entries:
    return [(words, sample) for words, sample, occurs in possible if occurs]


def _curve_entries(sheet: Sheet) -> Entries:
    model, minutes = sheet.model, sheet.model.minutes
    z = minutes.z[minutes.judged]
    return _occurring(
        [
            ("below", Line(look.BELOW, 1.8), bool((z < -1).any())),
            (sentences.usual(model), Line(look.USUAL, 1.8), bool(len(z))),
            ("a little above, above", Line(look.ABOVE, 1.8), bool((z >= 1).any())),
            ("well above", Line(look.WELL, 1.8), bool((z >= look.LEVELS[-1].from_z).any())),
            ("how sure (9 in 10)", Fill(look.BAND, look.BAND_ALPHA), bool(len(z))),
            ("beyond the scale", Arrow(look.WELL), beyond(sheet.drawn, look.Z_RANGE)),
            ("thin grey: measured, not judged", WASHED, bool((minutes.known & ~minutes.judged).any())),
        ]
    )


def _movement_entries(model: DayModel) -> Entries:
    minutes = model.minutes
    return _occurring([(look.GATE_WORDS[gate], look.LANE[gate], bool((minutes.known & (minutes.gate == gate)).any())) for gate in look.LANE])


def _other_entries(model: DayModel) -> Entries:
    matches = {match.verdict for tag in model.tags for match in tag.matches}
    return _occurring(
        [
            ("usable", USABLE, bool(model.usable_s)),
            ("measured, not judged", LEFT_OUT, model.measured_s > model.usable_s),
            ("no signal or not worn", NOTHING, model.worn),
            ("bar: a moment; blue: slower" if model.slower else "bar: a moment", Line(look.WELL, 3.0), bool(model.moments)),
            ("a tag, as sure as its time", Line(look.INK, 1.4, ends=True), bool(model.tags)),
            ("likely match", LINK, "linked" in matches),
            ("possible match", MAYBE, "possible" in matches),
        ]
    )


# ---------------------------------------------------------------- beside the day: moments and tags in words


def _side(sheet: Sheet) -> None:
    """What stood out, in time order, over its chance; then where the heart was slower; then the tags. What has no room is counted."""
    page, model = sheet.page, sheet.model
    note = sentences.chance_note(model) or "Nothing stood out."
    slower = model.slower[:MOST_SLOWER]
    below = NOTE_H * (len(page.wrap(note, SIDE_W, SMALL)) + 0.5)
    rest = sentences.briefly(model, model.slower[MOST_SLOWER:]) if len(model.slower) > MOST_SLOWER else ""
    more = NOTE_H * len(page.wrap(rest, SIDE_W, SMALL)) if rest else 0.0
    below += SECTION_H + NOTE_H + 0.03 + more + sum(_room(sheet, moment, slower) for moment in slower) if slower else 0.0
    wanted = SECTION_H + sum(_room(sheet, moment, model.risen) for moment in model.risen[:MOST_LINES]) + below
    full = SECTION_H + TAG_H * len(model.tags) if model.tags else 0.3
    lean = wanted + full > SIDE_TOP - SIDE_END
    tags = SECTION_H + sum(_tag_height(sheet, text) for text in _lean_tags(model)) if lean and model.tags else full
    y = _listed(sheet, model.risen, _section(page, "Moments that stood out", SIDE_TOP), end=SIDE_END + below + tags)
    y = page.paragraph(SIDE_X, y - 0.02, note, SIDE_W, size=SMALL, colour=look.INK_2)
    if slower:
        y = _section(page, sentences.SLOWER, y - 0.1)
        y = page.paragraph(SIDE_X, y, sentences.BELOW.format(usual=sentences.usual(model)), SIDE_W, size=SMALL)
        y = _listed(sheet, slower, y - 0.02, end=SIDE_END + tags)
        y = page.paragraph(SIDE_X, y, rest, SIDE_W, size=SMALL)
    if not model.tags:
        page.text(SIDE_X, y - 0.1, sentences.NO_TAGS, size=BODY, colour=look.INK_2)
    elif lean:
        y = _section(page, "What you tagged", y - 0.1)
        for text in _lean_tags(model):
            y = page.paragraph(SIDE_X, y, text, SIDE_W, size=SMALL) - 0.04
    else:
        _tag_list(sheet, _section(page, "What you tagged", y - 0.1))


def _lean_tags(model: DayModel) -> list[str]:
    """Tags with a match each in a line, the first few; the others together, by what is said of them."""
    matched = [tag for tag in model.tags if tag.matches]
    lines = [f"{_when_tagged(model, tag)}: {sentences.tag_matches(model, tag)}" for tag in matched[:MOST_TAGS]]
    lines += [f"and {len(matched) - MOST_TAGS} more with a match"] if len(matched) > MOST_TAGS else []
    said: dict[str, list[str]] = {}
    for tag in model.tags:
        if not tag.matches:
            said.setdefault(sentences.tag_matches(model, tag), []).append(_when_tagged(model, tag))
    return lines + [f"{sentences.sentence(what)}: {', '.join(tags[:MOST_TAGS])}{' …' if len(tags) > MOST_TAGS else ''}" for what, tags in said.items()]


def _when_tagged(model: DayModel, tag: Tag) -> str:
    return f"{sentences.tag_name(tag)} {model.local.clock(tag.event.t_ns)}"


def _tag_height(sheet: Sheet, text: str) -> float:
    return 0.168 * len(sheet.page.wrap(text, SIDE_W, SMALL)) + 0.04


def _section(page: Page, words: str, y: float) -> float:
    page.text(SIDE_X, y, words, size=HEAD, bold=True)
    page.line([SIDE_X, SIDE_X + SIDE_W], [y - 0.09] * 2, colour=look.RULE)
    return y - 0.28


def _listed(sheet: Sheet, moments: Sequence[Moment], y: float, *, end: float) -> float:
    for k, moment in enumerate(moments):
        if (k >= MOST_LINES and len(moments) - k > 1) or y - _room(sheet, moment, moments) - (0.0 if k == len(moments) - 1 else NOTE_H) < end:
            return sheet.page.paragraph(SIDE_X, y, f"and {len(moments) - k} more", SIDE_W, size=SMALL, colour=look.INK_3)
        y = _moment(sheet, moment, moments, y)
    return y


def _lines(sheet: Sheet, moment: Moment, among: Sequence[Moment]) -> list[str]:
    """What is said of a moment; the first line stands behind its time, those after it below."""
    page, said = sheet.page, sentences.told(sheet.model, moment, among)
    first = SIDE_W - 0.26 - page.measure(sentences.when(sheet.model, moment), BODY, bold=True) - 0.07
    words = said.split(" ")
    fits = max((k for k in range(len(words) + 1) if page.measure(" ".join(words[:k]), SMALL) <= first), default=0)
    rest = " ".join(words[fits:])
    return [" ".join(words[:fits]), *(page.wrap(rest, SIDE_W - 0.26, SMALL) if rest else [])]


def _room(sheet: Sheet, moment: Moment, among: Sequence[Moment]) -> float:
    return NOTE_H * len(_lines(sheet, moment, among)) + 0.05


def _moment(sheet: Sheet, moment: Moment, among: Sequence[Moment], y: float) -> float:
    page, time = sheet.page, sentences.when(sheet.model, moment)
    page.numbered(SIDE_X + 0.09, y + 0.045, moment.label, colour=look.BELOW if moment.episode.kind == "slowing" else look.WELL)
    page.text(SIDE_X + 0.26, y, time, size=BODY, bold=True)
    first, *more = _lines(sheet, moment, among)
    page.text(SIDE_X + 0.26 + page.measure(time, BODY, bold=True) + 0.07, y, first, size=SMALL, colour=look.INK_2)
    for k, line in enumerate(more, 1):
        page.text(SIDE_X + 0.26, y - NOTE_H * k, line, size=SMALL, colour=look.INK_2)
    return y - NOTE_H * (1 + len(more)) - 0.05


def _tag_list(sheet: Sheet, y: float) -> None:
    page, model = sheet.page, sheet.model
    for k, tag in enumerate(model.tags):
        if y < SIDE_END + (0.17 if k == len(model.tags) - 1 else 0.34):
            page.text(SIDE_X, y, f"and {len(model.tags) - k} more", size=SMALL, colour=look.INK_3)
            return
        page.glyph(tag.event.kind, SIDE_X + 0.1, y + 0.04, size=0.21)
        page.text(SIDE_X + 0.26, y, sentences.tag_name(tag), size=BODY, bold=True)
        when = f"{model.local.clock(tag.event.t_ns)} {sentences.certainty(tag)}"
        page.text(SIDE_X + 0.26 + page.measure(sentences.tag_name(tag), BODY, bold=True) + 0.08, y, when, size=SMALL, colour=look.INK_2)
        likely = any(match.verdict == "linked" for match in tag.matches)
        y = (
            page.paragraph(SIDE_X + 0.26, y - 0.155, sentences.tag_matches(model, tag), SIDE_W - 0.26, size=SMALL, colour=look.INK if likely else look.INK_3)
            - 0.05
        )


def day_table(model: DayModel) -> list[tuple[str, ...]]:
    """The page in words, for those who do not see it and for copying."""
    rows: list[tuple[str, ...]] = [("", "when", "what", "how sure")]
    rows += [("Day", model.day.isoformat(), sentences.title(model), sentences.compared(model))]
    rows += [("Curve", "", sentences.CURVE.format(usual=sentences.usual(model)), sentences.limits(model))]
    rows += [("Level", "", f"{share:.0%} of judged minutes {phrase}", "") for phrase, share in sentences.shares(model) if share >= 0.005]
    for moment in model.moments:
        name = sentences.SLOWER if moment.episode.kind == "slowing" else "Moment"
        rows.append((f"{name} {moment.label}", sentences.when(model, moment), sentences.what(model, moment), sentences.sureness(moment)))
    rows += [("By chance", "", sentences.chance_note(model), "")] if model.risen else []
    rows += [
        (sentences.tag_name(tag), f"{model.local.clock(tag.event.t_ns)} {sentences.certainty(tag)}", sentences.tag_matches(model, tag), "")
        for tag in model.tags
    ]
    rows += [] if model.tags else [("Tags", "", sentences.NO_TAGS, "")]
    rows += [("Worn", "", text, "") for text in (sentences.worn(model), sentences.no_signal(model), sentences.unnumbered(model)) if text]
    if model.simulated:
        rows.append(("Simulated", "", "A made-up wearer, not a person.", ""))
    return rows
