"""Half a minute of ECG on one page: the trace, the beats found in it, the strap's own beats under it, and how well the electrodes read.

Knows a model of plain values, and words for how clean a trace is. It reads no rhythm and says nothing of a heart: it is for whoever wonders
whether the strap sits well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dashboards.picture import look
from dashboards.picture.canvas import SMALL, Page, Row, render
from dashboards.picture.model import LocalTime
from dashboards.picture.parts import HEIGHT, MARGIN, WIDTH, Dot, Fill, Line, Sample, head, legend
from somalink.domain.time import SECOND_NS, to_datetime
from somalink.domain.types import IntArray

STRIP_S = 10
"""Seconds a strip: at this scale one sees how a beat looks."""
JUDGED_S = 5
"""Seconds that have one word together."""
HOLE_NS = SECOND_NS // 20
"""Samples further apart are not joined."""
PLOT_X, PLOT_W = 0.95, 9.75
TOP, BOTTOM = 6.2, 0.62
LANE = 0.2
"""Under a strip, for the strap's own beats."""
GAP = 0.26
"""Between strips, for seconds."""
BEAT_NS = 80 * SECOND_NS // 1000
"""How far the beat itself reaches to either side of its peak."""
SWINGS = (2.5, 5.0)
"""A stretch whose trace swings over so many beats' heights was moved, however clearly beats stand in it: then it is fair at best, or rough."""
LEAST_UV10 = 10_000
"""A strip is at least a mV high, so that a quiet trace does not look like a storm."""
TRACE, PEAK, OWN, ROUGH = Line(look.INK_2, 0.9), Dot(look.HEART, filled=True), Dot(look.USUAL), Fill(look.WASH)


@dataclass(frozen=True, slots=True, eq=False)
class EcgModel:
    """What is drawn. `t_ns`, `uv10` (n,): samples in 0.1 uV. `peaks_ns`, `quality` (m,): beats found in them, and how far each stands out, in
    thousandths. `own_ns` (k,): the strap's own beats, laid `lag_ns` earlier, where they were recognised in the trace; `recognised`: how many,
    `spread_ns`: how far they scatter."""

    person: str
    device: str
    start_ns: int
    stop_ns: int
    t_ns: IntArray
    uv10: IntArray
    peaks_ns: IntArray
    quality: IntArray
    own_ns: IntArray
    lag_ns: int | None = None
    spread_ns: int = 0
    recognised: int = 0
    local: LocalTime = field(default_factory=LocalTime)
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """A word for five seconds of a trace, from a quality on."""

    least: int
    word: str


GRADES = (Grade(800, "clean"), Grade(300, "fair"), Grade(0, "rough"))
EMPTY, NOTHING = Grade(0, "no beats"), Grade(0, "nothing recorded")
WEAK = ("rough", "no beats", "nothing recorded")
TITLES = {
    "clean": "The trace is clean.",
    "fair": "The trace can be read, with some noise in it.",
    "rough": "The trace is rough: moisten the electrodes, and sit still for a moment.",
    "no beats": "No heartbeat shows: does the strap touch the skin? Moisten the electrodes.",
    "nothing recorded": "Nothing was recorded here.",
}
MOSTLY = "Most of the trace is clean."
NO_VERDICT = "It shows how well the electrodes read. It does not judge a heart or its rhythm."


def draw_ecg(model: EcgModel, out: Path) -> None:
    """The picture as .png or .html, for its owner's eyes alone."""
    render(out, lambda: ecg_page(model), title=f"{_heading(model)}: {title(model)}", table=ecg_table(model))


# ---------------------------------------------------------------- words


def stretches(model: EcgModel) -> list[tuple[int, int]]:
    """[start, stop) of each five seconds."""
    step = JUDGED_S * SECOND_NS
    return [(start, min(start + step, model.stop_ns)) for start in range(model.start_ns, model.stop_ns, step)]


def grade(model: EcgModel, start_ns: int, stop_ns: int) -> Grade:
    """How clean a stretch is, by the middle of its beats and by how far the trace swings; whether there are beats, and whether there is a trace."""
    trace = _between(model.t_ns, model.uv10, start_ns, stop_ns)
    beats = _between(model.peaks_ns, model.quality, start_ns, stop_ns)
    if not len(trace):
        return NOTHING
    if not len(beats):
        return EMPTY
    low, high = _heights(model)
    least = sum(float(trace.max() - trace.min()) > swing * (high - low) for swing in SWINGS)
    return next(each for each in GRADES[least:] if np.median(beats) >= each.least)


def _between(at_ns: IntArray, values: IntArray, start_ns: int, stop_ns: int) -> IntArray:
    return values[slice(*np.searchsorted(at_ns, (start_ns, stop_ns)).tolist())]


def title(model: EcgModel) -> str:
    """One sentence: what most of it is like, the worse where two are as frequent."""
    words = [grade(model, *stretch).word for stretch in stretches(model)]
    order = list(TITLES)
    most = max(set(words), key=lambda word: (words.count(word), order.index(word)), default=NOTHING.word)
    return MOSTLY if most == GRADES[0].word and len(set(words)) > 1 else TITLES[most]


def _heading(model: EcgModel) -> str:
    return f"{model.person}, {model.device}, {_day(model)}, {_clock(model, model.start_ns)} to {_clock(model, model.stop_ns)}"


def _counted(model: EcgModel) -> str:
    n = len(model.peaks_ns)
    if n < 2:
        return "No two beats were found."
    rate = 60 * (n - 1) * SECOND_NS / int(model.peaks_ns[-1] - model.peaks_ns[0])
    return f"{n} beats, about {rate:.0f} a minute"


def alignment(model: EcgModel) -> str:
    """How the strap's own beats lie against the trace."""
    if model.lag_ns is None:
        return "The strap's own beats were not recognised in it." if len(model.peaks_ns) else ""
    way = "after" if model.lag_ns >= 0 else "before"
    seconds, spread_ms = abs(model.lag_ns) / SECOND_NS, model.spread_ns / 1_000_000
    return f"The strap dates its own beats {seconds:.2f} s {way} the trace shows them, to within {spread_ms:.0f} ms ({model.recognised} recognised)."


def _local(model: EcgModel, t_ns: int) -> int:
    return t_ns + model.local.offset_s(t_ns) * SECOND_NS


def _clock(model: EcgModel, t_ns: int) -> str:
    return to_datetime(_local(model, t_ns)).strftime("%H:%M:%S")


def _day(model: EcgModel) -> str:
    moment = to_datetime(_local(model, model.start_ns))
    return f"{moment.day} {moment:%B %Y}"


def ecg_table(model: EcgModel) -> list[Row]:
    """The picture in words, five seconds a row."""
    rows: list[Row] = [("from", "to", "trace", "beats found", "the strap's own")]
    for start, stop in stretches(model):
        found, own = (str(int(np.diff(np.searchsorted(at, (start, stop)))[0])) for at in (model.peaks_ns, model.own_ns))
        rows.append((_clock(model, start), _clock(model, stop), grade(model, start, stop).word, found, own))
    return rows


# ---------------------------------------------------------------- drawing


def ecg_page(model: EcgModel) -> Page:
    """Strips of ten seconds under each other, all on one scale."""
    page = Page(WIDTH, HEIGHT)
    head(
        page,
        heading=_heading(model),
        title=title(model),
        base=_counted(model),
        compared="How well the strap sits.",
        more=NO_VERDICT,
        simulated=model.simulated,
        also=alignment(model),
    )
    starts = range(model.start_ns, model.stop_ns, STRIP_S * SECOND_NS)
    tall = (TOP - BOTTOM) / max(len(starts), 1)
    reach = _reach(model)
    for k, start in enumerate(starts):
        _strip(Strip(page, model, start, TOP - (k + 1) * tall + GAP, tall - GAP, reach))
    entries: list[tuple[str, Sample]] = [("ECG", TRACE), ("a beat found in it", PEAK)]
    entries += [("a beat that the strap told of, laid earlier by as much", OWN)] if len(model.own_ns) else []
    entries += [("rough, or no beats", ROUGH)] if any(grade(model, *stretch).word in WEAK for stretch in stretches(model)) else []
    legend(page, entries, x=PLOT_X, y=0.26, right=WIDTH - MARGIN)
    return page


def _heights(model: EcgModel) -> tuple[float, float]:
    """Bottom and top of most beats; of the whole trace where there are none."""
    if not len(model.uv10):
        return 0.0, 0.0
    around = [_between(model.t_ns, model.uv10, at - BEAT_NS, at + BEAT_NS) for at in model.peaks_ns.tolist()]
    around = [beat for beat in around if len(beat)] or [model.uv10]
    return float(np.percentile([beat.min() for beat in around], 25)), float(np.percentile([beat.max() for beat in around], 75))


def _reach(model: EcgModel) -> tuple[float, float]:
    """Least and greatest value shown: beats well inside, whatever is far beyond them cut off."""
    low, high = _heights(model)
    middle, half = (low + high) / 2, max((high - low) / 2, LEAST_UV10 / 2)
    return middle - 1.3 * half, middle + 1.5 * half


@dataclass(frozen=True, slots=True)
class Strip:
    """Ten seconds and their place: the trace above, the strap's own beats in a lane below it."""

    page: Page
    model: EcgModel
    start_ns: int
    y: float
    tall: float
    reach: tuple[float, float]

    @property
    def stop_ns(self) -> int:
        return self.start_ns + STRIP_S * SECOND_NS

    def x(self, t_ns: int) -> float:
        return PLOT_X + PLOT_W * (t_ns - self.start_ns) / (STRIP_S * SECOND_NS)

    def height(self, value: float) -> float:
        """Where a value lies on the page."""
        low, high = self.reach
        return self.y + LANE + (self.tall - LANE) * (min(max(value, low), high) - low) / (high - low)


def _strip(strip: Strip) -> None:
    page, model, (low, high) = strip.page, strip.model, strip.reach
    lane = (high - low) * LANE / (strip.tall - LANE)
    axes = page.axes(PLOT_X, strip.y, PLOT_W, strip.tall, xlim=(0.0, STRIP_S), ylim=(low - lane, high))
    for second in range(STRIP_S + 1):
        axes.axvline(second, color=look.RULE, lw=0.6, zorder=1)
    for first, last in [part for part in stretches(model) if strip.start_ns <= part[0] < strip.stop_ns]:
        found, edges = grade(model, first, last), ((first - strip.start_ns) / SECOND_NS, (last - strip.start_ns) / SECOND_NS)
        if found.word in WEAK:
            axes.axvspan(*edges, color=ROUGH.colour, lw=0, zorder=0)
        page.text((strip.x(first) + strip.x(last)) / 2, strip.y - 0.15, found.word, size=SMALL, colour=look.INK_3, ha="center")
    for edge, side in ((strip.start_ns, "left"), (strip.stop_ns, "right")):
        page.text(strip.x(edge), strip.y - 0.15, _clock(model, edge), size=SMALL, colour=look.INK_3, ha=side)
    _millivolt(strip)
    t_ns, uv10 = _joined(model, strip.start_ns)
    axes.plot((t_ns - strip.start_ns) / SECOND_NS, uv10, color=TRACE.colour, lw=TRACE.width, solid_joinstyle="round", zorder=3)
    for at_ns, value in _tops(model, strip.start_ns):
        page.dot(strip.x(at_ns), strip.height(value), colour=PEAK.colour, filled=True, r=0.035)
    for at_ns in _within(model.own_ns, strip.start_ns).tolist():
        page.dot(strip.x(at_ns), strip.y + LANE / 2, colour=OWN.colour, filled=False, r=0.04)


def _millivolt(strip: Strip) -> None:
    """The size of a mV, at the left of a strip."""
    x, middle = PLOT_X - 0.12, (strip.reach[0] + strip.reach[1]) / 2
    low, high = strip.height(middle - 5_000), strip.height(middle + 5_000)
    strip.page.line([x, x], [low, high], colour=look.INK_3, width=1.2)
    strip.page.text(x - 0.07, (low + high) / 2, "1 mV", size=SMALL, colour=look.INK_3, ha="right", va="center")


def _within(at_ns: IntArray, start_ns: int) -> IntArray:
    first, last = np.searchsorted(at_ns, (start_ns, start_ns + STRIP_S * SECOND_NS)).tolist()
    return at_ns[first:last]


def _joined(model: EcgModel, start_ns: int) -> tuple[IntArray, np.ndarray]:
    """Samples of a strip, with a break wherever some are missing."""
    first, last = np.searchsorted(model.t_ns, (start_ns, start_ns + STRIP_S * SECOND_NS)).tolist()
    t_ns, uv10 = model.t_ns[first:last], model.uv10[first:last].astype(float)
    holes = np.flatnonzero(np.diff(t_ns) > HOLE_NS) + 1
    return np.insert(t_ns, holes, t_ns[holes]) if len(holes) else t_ns, np.insert(uv10, holes, np.nan)


def _tops(model: EcgModel, start_ns: int) -> Sequence[tuple[int, float]]:
    """Beats of a strip, each at the value of its nearest sample."""
    peaks = _within(model.peaks_ns, start_ns)
    at = np.clip(np.searchsorted(model.t_ns, peaks), 1, max(len(model.t_ns) - 1, 1))
    near = np.where(np.abs(model.t_ns[at] - peaks) < np.abs(model.t_ns[at - 1] - peaks), at, at - 1)
    return list(zip(peaks.tolist(), model.uv10[near].astype(float).tolist(), strict=True))
