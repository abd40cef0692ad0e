"""What every page has: a sentence first, the mark of simulated data, a legend of what occurs. Knows paper and words; knows no model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards.picture import look
from dashboards.picture.canvas import BODY, HEAD, LEAD, SMALL, TITLE, Page

MARGIN = 0.3
WIDTH, HEIGHT = 11.0, 7.75
"""A4 across, less its margins: a page prints at its own size."""


def head(
    page: Page, *, heading: str, title: str, base: str, compared: str, more: str, simulated: bool, also: str = "", base_w: float = WIDTH - 2 * MARGIN
) -> None:
    """When and who, small; the sentence, large; of how much, within `base_w`; then, strong, what it is compared with, and the rest."""
    top = page.height - 0.32
    page.text(MARGIN, top, heading, size=LEAD, colour=look.INK_2)
    if simulated:
        _simulated(page, top)
    page.text(MARGIN, top - 0.4, title, size=min(TITLE, TITLE * (page.width - 2 * MARGIN) / page.measure(title, TITLE)))
    page.text(MARGIN, top - 0.65, base, size=min(HEAD, HEAD * base_w / page.measure(base or " ", HEAD)), colour=look.INK)
    strong = page.measure(f"{compared}  ", LEAD, bold=True)
    # The two stand on one line and must stay left of the list beside the plot: both shrink alike where they would not.
    fit = min(1.0, base_w / (strong + page.measure(more or " ", BODY)))
    page.text(MARGIN, top - 0.87, compared, size=LEAD * fit, bold=True, colour=look.INK_2)
    page.text(MARGIN + strong * fit, top - 0.87, more, size=BODY * fit, colour=look.INK_3)
    if also:
        page.text(MARGIN, top - 1.06, also, size=BODY, colour=look.INK_2)


def _simulated(page: Page, y: float) -> None:
    """What comes from a made-up wearer says so where nobody can miss it."""
    word = "SIMULATED, not a person"
    width = page.measure(word, BODY, bold=True) + 0.2
    page.box(page.width - MARGIN - width, y - 0.08, width, 0.27, edge=look.NOTE, line=1.2)
    page.text(page.width - MARGIN - width / 2, y, word, size=BODY, bold=True, colour=look.NOTE, ha="center")


# ---------------------------------------------------------------- legend


@dataclass(frozen=True, slots=True)
class Fill:
    """A shade; `alpha` as it is drawn, `stroke` a line across it, in points."""

    colour: str
    alpha: float = 1.0
    stroke: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: colour, points wide, dashed or not; `ends` makes it a whisker."""

    colour: str
    width: float
    dash: tuple[float, float] | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """A small circle, open or filled."""

    colour: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """The small arrow of what is further out than the page."""

    colour: str


Sample = Fill | Line | Dot | Arrow | look.Bar | look.Texture


ROW = 0.18


def legend(page: Page, entries: Iterable[tuple[str, Sample]], *, x: float, y: float, right: float) -> float:
    """Samples with their words, in as many rows as they need; gives the baseline of the last row."""
    left = x
    for words, sample in entries:
        wide = 0.34 + page.measure(words, SMALL) + 0.13
        if x + wide > right + 0.13:
            x, y = left, y - ROW
        _sample(page, x, y - 0.02, sample)
        page.text(x + 0.34, y, words, size=SMALL, colour=look.INK_2)
        x += wide
    return y


def _sample(page: Page, x: float, y: float, sample: Sample) -> None:
    if isinstance(sample, Line):
        page.line([x, x + 0.28], [y + 0.06] * 2, colour=sample.colour, width=sample.width, dash=sample.dash)
        for end in (x, x + 0.28) if sample.ends else ():
            page.line([end, end], [y + 0.03, y + 0.09], colour=sample.colour, width=1.0)
    elif isinstance(sample, Dot):
        page.dot(x + 0.14, y + 0.06, colour=sample.colour, filled=sample.filled)
    elif isinstance(sample, Arrow):
        page.axes(x, y, 0.28, 0.12, xlim=(0, 1), ylim=(0, 1)).plot([0.5], [0.75], marker=6, color=sample.colour, markersize=4.0, clip_on=False)
    elif isinstance(sample, Fill):
        page.box(x, y, 0.28, 0.12, fill=sample.colour, alpha=sample.alpha)
        page.box(x, y, 0.28, 0.12, edge=look.EDGE, line=0.6)
        if sample.stroke:
            page.line([x, x + 0.28], [y + 0.06] * 2, colour=sample.stroke, width=0.8)
    elif isinstance(sample, look.Bar):
        page.box(x, y, 0.28, 0.12 * sample.share, fill=sample.colour)
        page.box(x, y, 0.28, 0.12, edge=look.RULE, line=0.6)
    else:
        axes = page.axes(x, y, 0.28, 0.12, xlim=(0, 1), ylim=(0, 1))
        page.texture(axes, [(0.0, 1.0)], 0.0, 1.0, sample)
        page.box(x, y, 0.28, 0.12, edge=look.RULE, line=0.6)
