"""One day on one page: what it came to, the level against the usual, the gates, heart rate, coverage; beside it moments and tags.

A plan of the page, top to bottom; every part below is one function that draws where the plan puts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboards.picture import look, sentences
from dashboards.picture.canvas import BODY, HEAD, SMALL, Page
from dashboards.picture.model import NO_ROWS, DayModel, Moment, Tag
from dashboards.picture.parts import HEIGHT, MARGIN, WIDTH, Fill, Line, Sample, head, legend
from dashboards.picture.traces import level_line, runs, usual_band
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import BoolArray, FloatArray, Gate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOT_X, PLOT_W = 1.35, 6.3
SIDE_X, SIDE_W = 8.05, 2.7
SIDE_END = 0.95
Z_RANGE = (-2.5, 4.1)
LINK, MAYBE = Line(look.INK, 1.6), Line(look.INK_3, 0.8, (1.5, 2.0))
USABLE, LEFT_OUT = Fill(look.USUAL), Fill(look.UNSURE, 0.35)
Z_MOST = 6.6
"""A day that goes beyond the fifth word gets a taller axis, up to here; what is higher still is cut, with a mark."""
PLOT_Y, PLOT_H = 3.02, 1.86
TAG_ROW = 0.4
TAG_ROWS = 2
"""A row of tags that a day does not need makes its plot that much taller."""
NUMBERS_H = 0.26
"""Room over the plot for the numbers of the highest moments, and for what ties them to tags."""
GATE_Y, GATE_H = 2.72, 0.18
HEART_Y, HEART_H = 1.64, 0.86
COVER_Y, COVER_H = 1.2, 0.24
HOURS_Y = 1.0


@dataclass(frozen=True, slots=True)
class PlacedTag:
    """A tag with its place: the row it stands in, and whether there is room for its word."""

    tag: Tag
    x: float
    row: int
    worded: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page, the model and how time and level become inches."""

    page: Page
    model: DayModel
    z_range: tuple[float, float]
    tags: tuple[PlacedTag, ...]

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

    @property
    def t(self) -> FloatArray:
        """Middle of every minute of the day, in minutes since the shown start."""
        return np.asarray((self.model.minutes.start_ns - self.model.shown[0]) / MINUTE_NS + 0.5)


def day_page(model: DayModel) -> Page:
    page = Page(WIDTH, HEIGHT)
    sheet = Sheet(page, model, _z_range(model), _place_tags(page, model))
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
    minutes, t = sheet.model.minutes, sheet.t
    compared = np.isfinite(minutes.z)
    _words(sheet)
    usual_band(axes, t, compared)
    for gate in look.NOT_JUDGED:
        spans = [(t[a] - 0.5, t[b - 1] + 0.5) for a, b in runs(minutes.gate == gate)]
        sheet.page.texture(axes, spans, *sheet.z_range, look.TEXTURES[gate])
    sure = look.SURE_SE * minutes.se
    top = np.minimum(minutes.z + sure, sheet.z_range[1])
    shaded = compared & ~np.isin(minutes.gate, look.NOT_JUDGED)
    axes.fill_between(t, np.maximum(minutes.z - sure, sheet.z_range[0]), top, where=shaded.tolist(), color=look.BAND, alpha=look.BAND_ALPHA, lw=0, zorder=2)
    level_line(axes, t, np.clip(minutes.z, *sheet.z_range), minutes.judged, minutes.weak)
    _cut(axes, t, minutes.z, minutes.judged, sheet.z_range[1])
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
    """In two rows where words would touch; without its word where both rows are taken."""
    reach = [0.0] * TAG_ROWS
    placed = []
    for tag in model.tags:
        x = across(model, tag.event.t_ns)
        half = max(page.measure(sentences.tag_name(tag), SMALL) / 2, 0.13)
        free = next((row for row, taken in enumerate(reach) if x - half > taken), None)
        row = int(np.argmin(reach)) if free is None else free
        reach[row] = max(reach[row], x + 0.14) if free is None else x + half + 0.04
        placed.append(PlacedTag(tag, x, row, worded=free is not None))
    return tuple(placed)


def _tags(sheet: Sheet) -> None:
    """Glyph and word above the plot; a hair-line down to the level at that time."""
    page = sheet.page
    if sheet.tags:
        page.text(PLOT_X - 0.12, sheet.tags_y + 0.2, "you tagged", size=BODY, colour=look.INK_2, ha="right", va="center")
    for placed in sheet.tags:
        x, y = placed.x, sheet.tags_y + TAG_ROW * placed.row
        page.glyph(placed.tag.event.kind, x, y + 0.3)
        if placed.worded:
            page.text(x, y + 0.07, sentences.tag_name(placed.tag), size=SMALL, colour=look.INK_2, ha="center")
        page.line([x, x], [PLOT_Y, sheet.tags_y], dash=(0.8, 2.2), colour=look.INK_2, width=0.8, z=3)
        _whisker(sheet, placed.tag)
        _matches(sheet, placed.tag, x)


def _whisker(sheet: Sheet, tag: Tag) -> None:
    """From the earliest to the latest it may have been."""
    start, stop = sheet.model.shown
    spread = tag.event.certainty_s * SECOND_NS
    a, b = max(tag.event.t_ns - spread, start), min((tag.event.t_end_ns or tag.event.t_ns) + spread, stop)
    sheet.page.line([sheet.x(a), sheet.x(b)], [sheet.tags_y] * 2, colour=look.INK, width=1.4, z=5)
    for end in (a, b):
        sheet.page.line([sheet.x(end)] * 2, [sheet.tags_y - 0.03, sheet.tags_y + 0.03], colour=look.INK, width=1.0, z=5)


def _matches(sheet: Sheet, tag: Tag, x: float) -> None:
    """From tag to moment: solid when a match is likely, faint and dashed when it is only possible."""
    for match in tag.matches:
        marker = _marker(sheet, sheet.model.moments[match.number - 1])
        likely = match.verdict == "linked"
        sheet.page.line(
            [x, marker[0]],
            [sheet.tags_y, marker[1]],
            colour=look.INK if likely else look.INK_3,
            width=LINK.width if likely else MAYBE.width,
            dash=None if likely else MAYBE.dash,
            z=5,
        )


def _marker(sheet: Sheet, moment: Moment) -> tuple[float, float]:
    """Where a moment's number stands: just above its highest point, or below its lowest."""
    z = moment.z if np.isfinite(moment.z) else 1.0
    slow = moment.episode.kind == "slowing"
    return sheet.x(moment.episode.peak_ns), max(sheet.y(z) - 0.14, PLOT_Y + 0.12) if slow else sheet.y(z) + 0.12


def _moments(sheet: Sheet) -> None:
    """A number at the peak; a bar at the foot of the plot from start to end."""
    for moment in sheet.model.moments:
        episode = moment.episode
        colour = look.BELOW if episode.kind == "slowing" else look.WELL
        stop = episode.stop_ns if episode.stop_ns is not None else sheet.model.shown[1]
        ends = [sheet.x(max(episode.start_ns, sheet.model.shown[0])), sheet.x(min(stop, sheet.model.shown[1]))]
        sheet.page.line(ends, [PLOT_Y - 0.01] * 2, colour=colour, width=3.0 if episode.kind == "spike" else 1.4, z=5)
        sheet.page.numbered(*_marker(sheet, moment), moment.number, colour=colour)


# ---------------------------------------------------------------- lanes


def _gates(sheet: Sheet) -> None:
    page, minutes = sheet.page, sheet.model.minutes
    axes = sheet.place(GATE_Y, GATE_H, (0.0, 1.0))
    page.text(PLOT_X - 0.12, GATE_Y + GATE_H / 2, "movement", size=BODY, colour=look.INK_2, ha="right", va="center")
    gate = np.where(minutes.known, minutes.gate, NO_ROWS)
    for a, b in runs(gate == Gate.STILL):
        axes.fill_between([sheet.t[a] - 0.5, sheet.t[b - 1] + 0.5], 0, 1, color=look.USUAL_BAND, lw=0, zorder=1)
    for each, texture in look.TEXTURES.items():
        sheet.page.texture(axes, [(sheet.t[a] - 0.5, sheet.t[b - 1] + 0.5) for a, b in runs(gate == each)], 0.0, 1.0, texture)
    for a, b in runs(gate == Gate.UNKNOWN):
        axes.plot([sheet.t[a] - 0.5, sheet.t[b - 1] + 0.5], [0.5, 0.5], color=look.HATCH, lw=0.8, zorder=1)


def _heart(sheet: Sheet) -> None:
    """Heart rate, moving or not; one point a minute, never joined over a hole."""
    hr = sheet.model.minutes.hr
    if not np.isfinite(hr).any():
        return
    low, high = np.floor(np.nanmin(hr) / 20) * 20, np.ceil(np.nanmax(hr) / 20) * 20
    axes = sheet.place(HEART_Y, HEART_H, (low, high))
    axes.plot(sheet.t, hr, color=look.HEART, lw=0.9, zorder=3)
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
    start, stop = sheet.model.shown
    every = next(step for step in (1, 2, 3, 4) if (stop - start) / HOUR_NS / step * 0.46 <= PLOT_W or step == 4)
    ticks = [t for t in range(start, stop + 1, HOUR_NS) if round(sheet.model.local.hour(t)) % every == 0]
    for t in ticks:
        sheet.page.text(sheet.x(t), HOURS_Y, sheet.model.local.clock(t), size=BODY, colour=look.INK_2, ha="center")
        sheet.page.line([sheet.x(t)] * 2, [HOURS_Y + 0.12, COVER_Y], colour=look.RULE, width=0.6, z=-1)


# ---------------------------------------------------------------- legend


def _legend(sheet: Sheet) -> None:
    """Only what occurs on this day; below it what was left out and why."""
    page, model = sheet.page, sheet.model
    y = legend(page, _entries(model), x=MARGIN, y=0.74, right=WIDTH - MARGIN)
    lines = " ".join(part for part in (sentences.not_judged(model), sentences.no_signal(model)) if part)
    page.paragraph(MARGIN, y - 0.21, lines, WIDTH - 2 * MARGIN, size=SMALL, colour=look.INK)


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
    page, model = sheet.page, sheet.model
    page.text(SIDE_X, 6.38, "Moments that stood out", size=HEAD, bold=True)
    page.line([SIDE_X, SIDE_X + SIDE_W], [6.28] * 2, colour=look.RULE)
    y = 6.08
    least = SIDE_END + 0.3 + (0.5 + 0.32 * min(len(model.tags), 5) if model.tags else 0.0)
    shown = 0
    lean = len(model.moments) > 5
    for moment in model.moments:
        if y < least + (0.2 if lean else 0.5):
            break
        y = _moment(sheet, moment, y, lean=lean)
        shown += 1
    if shown < len(model.moments):
        y = page.paragraph(SIDE_X, y, f"and {len(model.moments) - shown} more", SIDE_W, size=SMALL, colour=look.INK_3)
    note = sentences.chance_note(model) or "Nothing stood out."
    y = page.paragraph(SIDE_X, y - 0.02, note, SIDE_W, size=SMALL, colour=look.INK_2)
    if model.tags:
        _tag_list(sheet, y - 0.22)


def _moment(sheet: Sheet, moment: Moment, y: float, *, lean: bool) -> float:
    page, episode = sheet.page, moment.episode
    colour = look.BELOW if episode.kind == "slowing" else look.WELL
    page.numbered(SIDE_X + 0.09, y + 0.045, moment.number, colour=colour)
    when = sheet.model.local.clock(episode.start_ns)
    page.text(SIDE_X + 0.26, y, when, size=BODY, bold=True)
    page.text(SIDE_X + 0.26 + page.measure(when, BODY, bold=True) + 0.07, y, f"· {sentences.length(moment)}", size=BODY, colour=look.INK_2)
    if lean:
        return page.paragraph(SIDE_X + 0.26, y - 0.165, sentences.height(moment), SIDE_W - 0.26, size=SMALL) - 0.05
    y = page.paragraph(SIDE_X + 0.26, y - 0.17, f"{sentences.height(moment)}. {sentences.sentence(sentences.how_sure(moment))}.", SIDE_W - 0.26, size=SMALL)
    return y - 0.08


def _tag_list(sheet: Sheet, y: float) -> None:
    page, model = sheet.page, sheet.model
    page.text(SIDE_X, y, "What you tagged", size=HEAD, bold=True)
    page.line([SIDE_X, SIDE_X + SIDE_W], [y - 0.1] * 2, colour=look.RULE)
    y -= 0.3
    for k, tag in enumerate(model.tags):
        if y < SIDE_END:
            page.text(SIDE_X, y, f"and {len(model.tags) - k} more", size=SMALL, colour=look.INK_3)
            return
        page.glyph(tag.event.kind, SIDE_X + 0.1, y + 0.04, size=0.21)
        when = f"{model.local.clock(tag.event.t_ns)} {sentences.certainty(tag)}"
        page.text(SIDE_X + 0.26, y, sentences.tag_name(tag), size=BODY, bold=True)
        page.text(SIDE_X + 0.26 + page.measure(sentences.tag_name(tag), BODY, bold=True) + 0.08, y, when, size=SMALL, colour=look.INK_2)
        likely = any(match.verdict == "linked" for match in tag.matches)
        y = page.paragraph(SIDE_X + 0.26, y - 0.165, sentences.tag_matches(tag), SIDE_W - 0.26, size=SMALL, colour=look.INK if likely else look.INK_3) - 0.06


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
    rows += [(sentences.tag_name(tag), f"{model.local.clock(tag.event.t_ns)} {sentences.certainty(tag)}", sentences.tag_matches(tag), "") for tag in model.tags]
    rows += [("Left out", "", text, "") for text in (sentences.not_judged(model), sentences.no_signal(model)) if text]
    if model.simulated:
        rows.append(("Simulated", "", "A made-up wearer, not a person.", ""))
    return rows
