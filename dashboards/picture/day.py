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
from dashboards.picture.parts import HEIGHT, MARGIN, WIDTH, Fill, Line, Sample, head, legend
from dashboards.picture.traces import level_line, runs, usual_band
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import BoolArray, FloatArray, Gate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT_X, PLOT_W = 1.35, 6.3
SIDE_X, SIDE_W = 8.05, 2.7
SIDE_TOP, SIDE_END = 6.42, 0.92
SECTION_H, NOTE_H, MOMENT_H, LEAN_H, TAG_H = 0.42, 0.55, 0.52, 0.2, 0.38
"""What a part of the side takes: a heading, the note on chance, a moment in full and in a line, a tag."""
Z_RANGE = (-2.5, 4.1)
LINK, MAYBE = Line(look.INK, 1.6), Line(look.INK_3, 0.8, (1.5, 2.0))
USABLE, LEFT_OUT = Fill(look.USUAL), Fill(look.UNSURE, 0.35)
Z_MOST = 6.6
"""A day that goes beyond the fifth word gets a taller axis, up to here; what is higher still is cut, with a mark."""
POINTS = 480
MARKER = 0.19
LANES, LANE = 3, 0.055
PLOT_Y, PLOT_H = 3.02, 2.04
TAG_ROW = 0.4
TAG_ROWS = 2
"""A row of tags that a day does not need makes its plot that much taller."""
NUMBERS_H = 0.3
"""Room over the plot for the numbers of the highest moments, and for what ties them to tags."""
GATE_Y, GATE_H = 2.72, 0.18
HEART_Y, HEART_H = 1.64, 0.86
COVER_Y, COVER_H = 1.2, 0.24
HOURS_Y = 1.0
TEXTURE_ALPHA = 0.5
"""In the plot a texture stands behind the line; in its own lane it is the message."""


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
class Sheet:
    """The page, the model and how time and level become inches."""

    page: Page
    model: DayModel
    z_range: tuple[float, float]
    tags: tuple[PlacedTag, ...]
    markers: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def step_min(self) -> int:
        """Minutes a point of the level: so few that a whole day is a line and not a thicket."""
        return next((step for step in (1, 2) if self.minutes / step <= POINTS), 3)

    @property
    def plot_h(self) -> float:
        rows = max((placed.row + 1 for placed in self.tags), default=0)
        return PLOT_H + TAG_ROW * (TAG_ROWS - rows)

    @property
    def tags_y(self) -> float:
        """The line on which tags stand, as wide as their time is unsure; glyph and word above it."""
        return PLOT_Y + self.plot_h + NUMBERS_H

    def x(self, t_ns: float) -> float:
        return across(self.model, t_ns)

    def y(self, z: float) -> float:
        low, high = self.z_range
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


def day_page(model: DayModel) -> Page:
    page = Page(WIDTH, HEIGHT)
    sheet = Sheet(page, model, _z_range(model), _place_tags(page, model))
    sheet = replace(sheet, markers=_place_markers(sheet))
    _head(sheet)
    _level(sheet)
    _tags(sheet)
    _moments(sheet)
    _gates(sheet)
    _heart(sheet)
    _coverage(sheet)
    _clock(sheet)
    _legend(sheet)
    _side(sheet)
    return page


def across(model: DayModel, t_ns: float) -> float:
    """Where on the page a moment of the shown time is."""
    start, stop = model.shown
    return PLOT_X + PLOT_W * (t_ns - start) / (stop - start)


def _z_range(model: DayModel) -> tuple[float, float]:
    z = model.minutes.z[model.minutes.judged]
    return Z_RANGE[0], float(np.clip(z.max() + 0.4, Z_RANGE[1], Z_MOST)) if len(z) else Z_RANGE[1]


# ---------------------------------------------------------------- head


def _head(sheet: Sheet) -> None:
    model = sheet.model
    lines = (sentences.worn(model), sentences.compared(model))
    head(sheet.page, heading=sentences.heading(model), title=sentences.title(model), lines=lines, width=SIDE_X - MARGIN - 0.2, simulated=model.simulated)


# ---------------------------------------------------------------- the level


def _level(sheet: Sheet) -> None:
    axes = sheet.place(PLOT_Y, sheet.plot_h, sheet.z_range)
    minutes, half = sheet.model.minutes.every(sheet.step_min), sheet.step_min / 2
    t, (low, high) = sheet.t(minutes), sheet.z_range
    compared = np.isfinite(minutes.z)
    _words(sheet)
    usual_band(axes, t, compared, half=half)
    for gate in look.NOT_JUDGED:
        spans = [(t[a] - half, t[b - 1] + half) for a, b in runs(minutes.gate == gate)]
        sheet.page.texture(axes, spans, low, high, look.TEXTURES[gate], alpha=TEXTURE_ALPHA)
    sure = look.SURE_SE * minutes.se
    shaded = (compared & ~np.isin(minutes.gate, look.NOT_JUDGED)).tolist()
    axes.fill_between(
        t, np.maximum(minutes.z - sure, low), np.minimum(minutes.z + sure, high), where=shaded, color=look.BAND, alpha=look.BAND_ALPHA, lw=0, zorder=2
    )
    drawn = minutes.finer_within(sheet.model.minutes, [moment.around_ns for moment in sheet.model.moments])
    level_line(axes, sheet.t(drawn), drawn, sheet.z_range)
    _cut(axes, sheet.t(drawn), drawn.z, drawn.judged, high)
    _holes(sheet)


def _cut(axes: Axes, t: FloatArray, z: FloatArray, judged: BoolArray, top: float) -> None:
    """A small mark where the line is higher than the page."""
    for a, b in runs(judged & (z > top)):
        axes.plot([(t[a] + t[b - 1]) / 2], [top], marker=6, color=look.WELL, markersize=4, clip_on=False, zorder=5)


def _words(sheet: Sheet) -> None:
    """The axis is words; fine lines where one word ends."""
    low, high = sheet.z_range
    edges = [low, *(each.from_z for each in look.LEVELS[1:]), high]
    for each, bottom, top in zip(look.LEVELS, edges[:-1], edges[1:], strict=True):
        usual = each.tick == "your usual"
        sheet.page.text(
            PLOT_X - 0.12, sheet.y((bottom + top) / 2), each.tick, size=BODY, bold=usual, colour=look.INK if usual else look.INK_2, ha="right", va="center"
        )
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
        x, y = sheet.markers[match.number]
        sheet.page.line([placed.x, x], [sheet.tags_y - LANE * placed.lane, y], colour=pen.colour, width=pen.width, dash=pen.dash, z=5)


def _place_markers(sheet: Sheet) -> dict[int, tuple[float, float]]:
    """Where each moment's number stands: just above its highest point (below its lowest), and clear of the numbers before it."""
    placed: dict[int, tuple[float, float]] = {}
    for moment in sheet.model.moments:
        z = moment.z if np.isfinite(moment.z) else 1.0
        slow = moment.episode.kind == "slowing"
        x, y = sheet.x(moment.episode.peak_ns), max(sheet.y(z) - 0.14, PLOT_Y + 0.12) if slow else sheet.y(z) + 0.12
        y = min(y, sheet.tags_y - 0.15)
        while any(abs(x - other[0]) < MARKER and abs(y - other[1]) < MARKER for other in placed.values()):
            x, y = (x, y + 0.02) if y < sheet.tags_y - 0.15 else (x + 0.02, y)
        placed[moment.number] = (x, y)
    return placed


def _moments(sheet: Sheet) -> None:
    """A number at the peak; a bar at the foot of the plot from start to end."""
    for moment in sheet.model.moments:
        episode = moment.episode
        colour = look.BELOW if episode.kind == "slowing" else look.WELL
        stop = episode.stop_ns if episode.stop_ns is not None else sheet.model.shown[1]
        ends = [sheet.x(max(episode.start_ns, sheet.model.shown[0])), sheet.x(min(stop, sheet.model.shown[1]))]
        sheet.page.line(ends, [PLOT_Y - 0.01] * 2, colour=colour, width=3.0 if episode.kind == "spike" else 1.4, z=5)
        sheet.page.numbered(*sheet.markers[moment.number], moment.number, colour=colour)


# ---------------------------------------------------------------- lanes


def _gates(sheet: Sheet) -> None:
    page, minutes, t = sheet.page, sheet.model.minutes, sheet.t(sheet.model.minutes)
    axes = sheet.place(GATE_Y, GATE_H, (0.0, 1.0))
    page.text(PLOT_X - 0.12, GATE_Y + GATE_H / 2, "movement", size=BODY, colour=look.INK_2, ha="right", va="center")
    gate = np.where(minutes.known, minutes.gate, NO_ROWS)
    for a, b in runs(gate == Gate.STILL):
        axes.fill_between([t[a] - 0.5, t[b - 1] + 0.5], 0, 1, color=look.USUAL_BAND, lw=0, zorder=1)
    for each, texture in look.TEXTURES.items():
        sheet.page.texture(axes, [(t[a] - 0.5, t[b - 1] + 0.5) for a, b in runs(gate == each)], 0.0, 1.0, texture)
    for a, b in runs(gate == Gate.UNKNOWN):
        axes.plot([t[a] - 0.5, t[b - 1] + 0.5], [0.5, 0.5], color=look.HATCH, lw=0.8, zorder=1)


def _heart(sheet: Sheet) -> None:
    """Heart rate, moving or not; one point a minute, never joined over a hole."""
    hr = sheet.model.minutes.hr
    if not np.isfinite(hr).any():
        return
    low, high = np.floor(np.nanmin(hr) / 20) * 20, np.ceil(np.nanmax(hr) / 20) * 20
    axes = sheet.place(HEART_Y, HEART_H, (low, high))
    axes.plot(sheet.t(sheet.model.minutes), hr, color=look.HEART, lw=0.9, zorder=3)
    sheet.page.text(PLOT_X - 0.12, HEART_Y + HEART_H / 2 + 0.07, "heart rate", size=BODY, colour=look.HEART, ha="right", va="center")
    sheet.page.text(PLOT_X - 0.12, HEART_Y + HEART_H / 2 - 0.09, "a minute", size=SMALL, colour=look.INK_3, ha="right", va="center")
    for beats in np.linspace(low, high, 3 if (high - low) % 40 == 0 else 2).tolist():
        y = HEART_Y + HEART_H * (beats - low) / (high - low)
        sheet.page.line([PLOT_X, PLOT_X + PLOT_W], [y, y], colour=look.RULE, width=0.6, z=-1)
        sheet.page.text(PLOT_X + PLOT_W + 0.05, y, f"{beats:.0f}", size=SMALL, colour=look.INK_3, va="center")


def _coverage(sheet: Sheet) -> None:
    """An hour a box: filled as far as it was usable, grey as far as it was measured but not judged; empty is empty."""
    page, model = sheet.page, sheet.model
    page.text(PLOT_X - 0.12, COVER_Y + COVER_H / 2, f"usable {model.usable_s / 3600:.1f} h", size=BODY, colour=look.INK_2, ha="right", va="center")
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
        if round(sheet.model.local.hour(t) * 60) % every == 0:
            sheet.page.text(sheet.x(t), HOURS_Y, sheet.model.local.clock(t), size=BODY, colour=look.INK_2, ha="center")
            sheet.page.line([sheet.x(t)] * 2, [HOURS_Y + 0.12, COVER_Y], colour=look.RULE, width=0.6, z=-1)


# ---------------------------------------------------------------- legend


def _legend(sheet: Sheet) -> None:
    """Only what occurs on this day; below it what was left out and why."""
    page, model = sheet.page, sheet.model
    y = legend(page, _entries(model), x=MARGIN, y=0.74, right=WIDTH - MARGIN)
    page.paragraph(MARGIN, y - 0.21, _left_out(page, model), WIDTH - 2 * MARGIN, size=SMALL, colour=look.INK)


def _left_out(page: Page, model: DayModel) -> str:
    """In two lines: as many holes by name as fit."""
    for named in (6, 5, 4, 3, 2, 1, 0):
        text = f"{sentences.not_judged(model)} {sentences.no_signal(model, named=named)}".strip()
        if len(page.wrap(text, WIDTH - 2 * MARGIN, SMALL)) <= 2:
            break
    return text


def _entries(model: DayModel) -> list[tuple[str, Sample]]:
    minutes = model.minutes
    matches = {match.verdict for tag in model.tags for match in tag.matches}
    possible: list[tuple[str, Sample, bool]] = [
        ("how sure (9 in 10)", Fill(look.BAND, look.BAND_ALPHA), bool(np.isfinite(minutes.z).any())),
        *((look.GATE_WORDS[gate], look.TEXTURES[gate], bool((minutes.known & (minutes.gate == gate)).any())) for gate in look.TEXTURES),
        ("movement not known", Line(look.HATCH, 0.8), bool((minutes.known & (minutes.gate == Gate.UNKNOWN)).any())),
        ("signal weak", Line(look.UNSURE, 1.1, (2.5, 1.8)), bool(minutes.weak.any())),
        ("usable", USABLE, bool(model.usable_s)),
        ("measured, not judged", LEFT_OUT, model.measured_s > model.usable_s),
        ("a moment, start to end", Line(look.WELL, 3.0), bool(model.moments)),
        ("a tag, as sure as its time", Line(look.INK, 1.4, ends=True), bool(model.tags)),
        ("likely match", LINK, "linked" in matches),
        ("possible match", MAYBE, "possible" in matches),
    ]
    return [(words, sample) for words, sample, occurs in possible if occurs]


# ---------------------------------------------------------------- beside the day: moments and tags in words


def _side(sheet: Sheet) -> None:
    """Rises first, beside their chance; then what was slower or lasted; then the tags. In full where all fit, else a line each."""
    page, model = sheet.page, sheet.model
    others = [moment for moment in model.moments if moment.episode.kind != "spike"]
    tags = SECTION_H + TAG_H * len(model.tags) if model.tags else 0.0
    rest = (SECTION_H if others else 0.0) + NOTE_H
    lean = SECTION_H + rest + MOMENT_H * len(model.moments) + tags > SIDE_TOP - SIDE_END
    tags = min(tags, SECTION_H + TAG_H * 5)
    y = _listed(sheet, model.spikes, _section(page, "Moments that stood out", SIDE_TOP), lean=lean, end=SIDE_END + tags + rest + LEAN_H * min(len(others), 2))
    y = page.paragraph(SIDE_X, y - 0.03, sentences.chance_note(model) or "Nothing stood out.", SIDE_W, size=SMALL, colour=look.INK_2)
    if others:
        y = _listed(sheet, others, _section(page, "Slower, or longer above", y - 0.12), lean=lean, end=SIDE_END + tags)
    if model.tags:
        _tag_list(sheet, _section(page, "What you tagged", y - 0.14))


def _section(page: Page, words: str, y: float) -> float:
    page.text(SIDE_X, y, words, size=HEAD, bold=True)
    page.line([SIDE_X, SIDE_X + SIDE_W], [y - 0.09] * 2, colour=look.RULE)
    return y - 0.28


def _listed(sheet: Sheet, moments: Sequence[Moment], y: float, *, lean: bool, end: float) -> float:
    for k, moment in enumerate(moments):
        if y - (LEAN_H if lean else MOMENT_H) < end and k < len(moments) - 1:
            return sheet.page.paragraph(SIDE_X, y, f"and {len(moments) - k} more", SIDE_W, size=SMALL, colour=look.INK_3)
        y = _moment(sheet, moment, y, lean=lean)
    return y


def _moment(sheet: Sheet, moment: Moment, y: float, *, lean: bool) -> float:
    page, episode = sheet.page, moment.episode
    page.numbered(SIDE_X + 0.09, y + 0.045, moment.number, colour=look.BELOW if episode.kind == "slowing" else look.WELL)
    when = sheet.model.local.clock(episode.start_ns)
    page.text(SIDE_X + 0.26, y, when, size=BODY, bold=True)
    x = SIDE_X + 0.26 + page.measure(when, BODY, bold=True) + 0.07
    if lean:
        page.text(x, y, sentences.in_short(moment), size=SMALL, colour=look.INK_2)
        return y - LEAN_H
    page.text(x, y, f"· {sentences.length(moment)}", size=BODY, colour=look.INK_2)
    said = f"{sentences.height(moment)}. {sentences.sentence(sentences.how_sure(moment))}."
    return page.paragraph(SIDE_X + 0.26, y - 0.17, said, SIDE_W - 0.26, size=SMALL) - 0.07


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
    rows += [("Day", model.day.isoformat(), sentences.title(model), sentences.worn(model))]
    rows += [("Level", "", f"{share:.0%} of judged minutes {phrase}", "") for phrase, share in sentences.shares(model) if share >= 0.005]
    for moment in model.moments:
        when = f"{model.local.clock(moment.episode.start_ns)}, {sentences.length(moment)}"
        rows.append((f"Moment {moment.number}", when, sentences.height(moment), sentences.how_sure(moment)))
    if model.spikes:
        rows.append(("By chance", "", sentences.chance_note(model), ""))
    rows += [
        (sentences.tag_name(tag), f"{model.local.clock(tag.event.t_ns)} {sentences.certainty(tag)}", sentences.tag_matches(model, tag), "")
        for tag in model.tags
    ]
    rows += [("Left out", "", text, "") for text in (sentences.not_judged(model), sentences.no_signal(model)) if text]
    if model.simulated:
        rows.append(("Simulated", "", "A made-up wearer, not a person.", ""))
    return rows
