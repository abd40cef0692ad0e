"""Up to a year on one page: a day is a hair's breadth. Hours, level, moments and tags in four lanes under each other.

Nothing is smoothed over days that were not worn, and no trend is claimed: that is for findings, with their intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboards.picture import look, sentences
from dashboards.picture.canvas import BODY, SMALL, Page
from dashboards.picture.model import DayModel
from dashboards.picture.parts import HEIGHT, MARGIN, WIDTH, Fill, Line, Sample, legend
from dashboards.picture.traces import strokes
from dashboards.picture.week import span_head
from somalink.domain.types import FloatArray

PLOT_X, PLOT_W = 1.35, 8.45
HOURS_Y, HOURS_H = 5.15, 0.95
LEVEL_Y, LEVEL_H = 3.2, 1.6
RATE_Y, RATE_H = 1.9, 0.95
TAGS_Y, TAGS_H = 1.0, 0.55
LEAST_DAYS = 28
LEAST_LEVEL_S = 7200
"""Under two usable hours a day's median level says more about the hours than about the day."""
LEAST_A_WEEK = 3


def year_page(models: Sequence[DayModel]) -> Page:
    """`models`: consecutive days; those before the first worn one are left out, down to four weeks."""
    models = _worn_part(models)
    page = Page(WIDTH, HEIGHT)
    simulated = any(model.simulated for model in models)
    span_head(page, models, worn_part=_since_first(models), simulated=simulated)
    _hours(page, models)
    _level(page, models)
    _rate(page, models)
    _tags(page, models)
    _months(page, models)
    legend(page, _ENTRIES, x=MARGIN, y=0.42, right=WIDTH - MARGIN)
    page.paragraph(MARGIN, 0.17, sentences.kinds(models), WIDTH - 2 * MARGIN, size=SMALL)
    return page


_ENTRIES: list[tuple[str, Sample]] = [
    ("usable", Fill(look.INK_2)),
    ("measured, not judged", Fill(look.UNSURE, 0.35)),
    ("a day's middle level", Line(look.USUAL, 3.0)),
    ("its middle eight tenths", Line(look.UNSURE, 1.0)),
    ("middle of a week", Line(look.INK, 1.6)),
    ("by chance alone", Line(look.NOTE, 1.4)),
]


def _since_first(models: Sequence[DayModel]) -> Sequence[DayModel]:
    return models[next((k for k, model in enumerate(models) if model.worn or model.tags), 0) :]


def _worn_part(models: Sequence[DayModel]) -> Sequence[DayModel]:
    return models[-max(len(_since_first(models)), LEAST_DAYS) :]


def _bars(page: Page, y: float, height: float, top: float, stacks: Sequence[tuple[FloatArray, Fill]]) -> None:
    axes = page.axes(PLOT_X, y, PLOT_W, height, xlim=(0, len(stacks[0][0])), ylim=(0, top))
    base = np.zeros(len(stacks[0][0]))
    for values, fill in stacks:
        axes.bar(np.arange(len(values)) + 0.5, np.nan_to_num(values), width=0.8, bottom=base, color=fill.colour, alpha=fill.alpha, lw=0)
        base = base + np.nan_to_num(values)


def _label(page: Page, y: float, words: str, more: str = "") -> None:
    page.text(MARGIN, y, words, size=BODY, bold=True)
    page.paragraph(MARGIN, y - 0.17, more, PLOT_X - MARGIN - 0.25, size=SMALL, colour=look.INK_3)


def _rule(page: Page, y: float, words: str) -> None:
    page.line([PLOT_X, PLOT_X + PLOT_W], [y, y], colour=look.RULE, width=0.6, z=-1)
    page.text(PLOT_X + PLOT_W + 0.05, y, words, size=SMALL, colour=look.INK_3, va="center")


def _hours(page: Page, models: Sequence[DayModel]) -> None:
    usable = np.array([model.usable_s / 3600 for model in models])
    rest = np.array([(model.measured_s - model.usable_s) / 3600 for model in models])
    top = 24.0 if (usable + rest).max() > 16 else 16.0
    _label(page, HOURS_Y + HOURS_H - 0.1, "Hours", "empty: not worn")
    _bars(page, HOURS_Y, HOURS_H, top, [(usable, Fill(look.INK_2)), (rest, Fill(look.UNSURE, 0.35))])
    for tick in (0.0, top / 2, top):
        _rule(page, HOURS_Y + HOURS_H * tick / top, f"{tick:.0f} h")


def _level(page: Page, models: Sequence[DayModel]) -> None:
    """Median of the judged minutes of a day in its level's colour, over the middle eight tenths; a week's median where three days have one."""
    _label(page, LEVEL_Y + LEVEL_H - 0.1, "Level", "heart rate beyond what movement explains; judged time only")
    axes = page.axes(PLOT_X, LEVEL_Y, PLOT_W, LEVEL_H, xlim=(0, len(models)), ylim=look.Z_RANGE)
    axes.fill_between([0, len(models)], -1, 1, color=look.USUAL_BAND, lw=0, zorder=0.5)
    tenths = _tenths(models)
    middle = tenths[:, 1]
    spread = np.clip(tenths, *look.Z_RANGE)
    for k in np.flatnonzero(np.isfinite(middle)).tolist():
        axes.plot([k + 0.5, k + 0.5], spread[k, [0, 2]], color=look.UNSURE, lw=1.0, zorder=2, solid_capstyle="butt")
    known = np.flatnonzero(np.isfinite(middle))
    pieces = [[(k + 0.1, middle[k]), (k + 0.9, middle[k])] for k in known.tolist()]
    strokes(axes, pieces, [look.level(float(middle[k])).colour for k in known], 3.0)
    for start in range(len(models) % 7, len(models), 7):
        week = middle[start : start + 7]
        if np.count_nonzero(np.isfinite(week)) >= LEAST_A_WEEK:
            axes.plot([start, start + 7], [np.nanmedian(week)] * 2, color=look.INK, lw=1.6, zorder=5)
    for each in look.LEVELS[1:]:
        y = LEVEL_Y + LEVEL_H * (each.from_z - look.Z_RANGE[0]) / (look.Z_RANGE[1] - look.Z_RANGE[0])
        page.line([PLOT_X, PLOT_X + PLOT_W], [y, y], colour=look.RULE, width=0.6, z=-1)
    for z, words in ((-1.75, "below"), (0.0, sentences.span_usual(models)), (1.5, "a little above"), (2.5, "above"), (3.55, "well above")):
        y = LEVEL_Y + LEVEL_H * (z - look.Z_RANGE[0]) / (look.Z_RANGE[1] - look.Z_RANGE[0])
        page.text(PLOT_X + PLOT_W + 0.05, y, words, size=SMALL, bold=z == 0, colour=look.INK_2, va="center")


def _tenths(models: Sequence[DayModel]) -> FloatArray:
    """(days, 3): first tenth, median and last tenth of each day's judged minutes; NaN where there is too little."""
    rows = np.full((len(models), 3), np.nan)
    for k, model in enumerate(models):
        z = model.minutes.z[model.minutes.judged]
        if model.usable_s >= LEAST_LEVEL_S and len(z):
            rows[k] = np.percentile(z, (10, 50, 90))
    return rows


def _rate(page: Page, models: Sequence[DayModel]) -> None:
    """Per ten usable hours, beside what chance alone would bring in the same hours."""
    rates = np.array([sentences.rate_per_10h(model) for model in models])
    chance = np.array([model.by_chance * 36_000 / model.usable_s if model.by_chance is not None and model.usable_s >= 7200 else np.nan for model in models])
    top = float(max(np.nanmax(rates), 2.0)) * 1.05 if np.isfinite(rates).any() else 2.0
    _label(page, RATE_Y + RATE_H - 0.1, "Quick rises", "in ten usable hours")
    _bars(page, RATE_Y, RATE_H, top, [(rates, Fill(look.ABOVE))])
    axes = page.axes(PLOT_X, RATE_Y, PLOT_W, RATE_H, xlim=(0, len(models)), ylim=(0, top))
    known = np.flatnonzero(np.isfinite(chance)).tolist()
    strokes(axes, [[(k, chance[k]), (k + 1, chance[k])] for k in known], [look.NOTE] * len(known), 1.4)
    _rule(page, RATE_Y, "0")
    _rule(page, RATE_Y + RATE_H * np.floor(top) / top, f"{np.floor(top):.0f}")


def _tags(page: Page, models: Sequence[DayModel]) -> None:
    counts = np.array([float(len(model.tags)) for model in models])
    top = max(float(counts.max()), 4.0)
    _label(page, TAGS_Y + TAGS_H - 0.1, "Tags", "a day")
    _bars(page, TAGS_Y, TAGS_H, top, [(counts, Fill(look.INK_2))])
    _rule(page, TAGS_Y, "0")
    _rule(page, TAGS_Y + TAGS_H, f"{top:.0f}")


def _months(page: Page, models: Sequence[DayModel]) -> None:
    """Hair-lines where a month begins, its name where there is room; every Monday's date for less than half a year."""
    near = len(models) <= 100
    last = -1.0
    for k, model in enumerate(models):
        x = PLOT_X + PLOT_W * k / len(models)
        if model.day.day == 1 or (near and model.day.weekday() == 0):
            page.line([x, x], [TAGS_Y, HOURS_Y + HOURS_H], colour=look.RULE, width=0.6, z=-1)
            words = f"{model.day.day} {model.day:%b}" if near else f"{model.day:%b}" + (f" {model.day:%Y}" if model.day.month == 1 else "")
            if x > last and x < PLOT_X + PLOT_W - 0.2:
                page.text(x, TAGS_Y - 0.2, words, size=BODY, colour=look.INK_2)
                last = x + page.measure(words, BODY) + 0.08
