"""How well a score tells the labelled minutes of people apart: AUROC within a person, then over people with a bootstrap interval.

A minute is 60 s that lie wholly inside one labelled phase. Whatever is compared is compared on the same minutes of the same people, and nobody is left out.
It knows recordings that have been read (`real.Lived`) and their labels; it knows nothing of what a good figure is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from real import Lived

from processing.exact import unquantise
from processing.gates import is_open
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import BoolArray, FloatArray, Grid, IntArray, Stream

DRAWS = 10_000
ALIKE = 0.25
"""Mean ln(1 + M/20 mg) of two minutes that moved alike."""
NEAR_MIN = 8
"""Minutes so close that a drift over the hour is hardly a difference between them."""


@dataclass(frozen=True)
class Minutes:
    """(n,) labelled minutes of one person, NaN where a score is not known."""

    person: str
    phase: np.ndarray
    """Name of the phase each lies in."""
    stop_ns: IntArray
    index: FloatArray
    """Level z at the last grid point of the minute."""
    over: FloatArray
    """Level z, mean of the minute's grid points."""
    phasic: FloatArray
    own: FloatArray
    """Heart rate alone over the same 60 s, bpm: the device's own field, or 60 over the mean of its intervals where it has none."""
    moved: FloatArray
    """Mean ln(1 + M/20 mg)."""
    quality: FloatArray
    shut: BoolArray
    """Whether the gate is shut (moving, settling, turned) at the last grid point."""

    @property
    def time(self) -> FloatArray:
        """Minutes since the first one."""
        return np.asarray((self.stop_ns - self.stop_ns[0]) / MINUTE_NS)

    @property
    def both(self) -> BoolArray:
        """Where the index and the heart rate alone are both known."""
        return np.isfinite(self.index) & np.isfinite(self.own)


def minutes(read: Lived, folder: Path, person: str, *, every_ns: int = MINUTE_NS) -> Minutes:
    """The labelled minutes of a recording: one after the other from each phase's start, or one every `every_ns` (they then overlap)."""
    spans = [(phase, stop) for phase, first, last in read.tasks(folder) for stop in range(first + MINUTE_NS, last + 1, every_ns)]
    stops = np.array([stop for _, stop in spans])
    grid = read.grid
    first, after = (np.searchsorted(grid.stop_ns, edge, side="right") for edge in (stops - MINUTE_NS, stops))
    last = np.maximum(after - 1, 0)
    ended = (after > first) & (grid.stop_ns[last] > stops - GRID_NS)

    z, phasic = unquantise(grid.z, 10_000), unquantise(grid.z_phasic, 10_000)
    return Minutes(
        person=person,
        phase=np.array([phase for phase, _ in spans]),
        stop_ns=stops,
        index=np.where(ended, z[last], np.nan),
        over=over_minutes(z, grid, stops),
        phasic=np.where(ended, phasic[last], np.nan),
        own=_own_rate(read, stops),
        moved=over_minutes(np.log1p(unquantise(grid.motion, 10) / 20), grid, stops),
        quality=np.where(ended, grid.hr_q[last] / 10_000, 0.0),
        shut=ended & ~is_open(grid.gate)[last],
    )


def over_minutes(values: FloatArray, grid: Grid, stops: IntArray) -> FloatArray:
    """(n,) mean of a column of the grid over the minute before each stop, as far as it is known."""
    first, after = (np.searchsorted(grid.stop_ns, edge, side="right") for edge in (stops - MINUTE_NS, stops))
    parts = (values[a:b][np.isfinite(values[a:b])] for a, b in zip(first, after, strict=True))
    return np.array([part.mean() if len(part) else np.nan for part in parts])


def _own_rate(read: Lived, stops: IntArray) -> FloatArray:
    """Heart rate alone over the 60 s before each stop, with nothing cleaned and nothing learnt."""
    samples = read.source.recording.samples
    by_field = Stream.HR in samples
    beats = samples[Stream.HR if by_field else Stream.RR]
    first, last = (np.searchsorted(beats.t_ns, edge) for edge in (stops - 60 * SECOND_NS, stops))
    total = np.concatenate([[0], np.cumsum(beats.values)])
    mean = (total[last] - total[first]) / np.where(last > first, last - first, np.nan)
    return mean / 1000 if by_field else 60 * 1024 / mean


# ---------------------------------------------------------------- telling apart


@dataclass(frozen=True)
class Contrast:
    """What is to be told from what: minutes of the phases `high` should score above those of `low`."""

    name: str
    high: Sequence[str]
    low: Sequence[str]
    pairs: str = "any"
    """Which pairs of minutes count: any, `alike` (they moved alike), `near` (they lie close in time)."""

    def auroc(self, one: Minutes, score: FloatArray, known: BoolArray) -> float:
        """AUROC of one person over the minutes that are `known`; NaN without a pair."""
        high, low = (np.flatnonzero(known & np.isin(one.phase, list(names))) for names in (self.high, self.low))
        a, b = score[high][:, None], score[low][None, :]
        wins = (a > b) + 0.5 * (a == b)
        counted = self._counted(one, high, low)
        return float(wins[counted].mean()) if counted.any() else float("nan")

    def _counted(self, one: Minutes, high: IntArray, low: IntArray) -> BoolArray:
        if self.pairs == "alike":
            return np.asarray(np.abs(one.moved[high][:, None] - one.moved[low][None, :]) < ALIKE)
        if self.pairs == "near":
            return np.asarray(np.abs(one.time[high][:, None] - one.time[low][None, :]) <= NEAR_MIN)
        return np.ones((len(high), len(low)), bool)


def over_people(contrast: Contrast, people: Sequence[Minutes], score: str) -> FloatArray:
    """(people,) AUROC of one score, on the minutes where index and heart rate alone are both known."""
    return np.array([contrast.auroc(one, getattr(one, score), one.both) for one in people])


def interval(values: FloatArray) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over people; people who have no value are not drawn."""
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    draws = np.random.default_rng(2026).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def said(values: FloatArray, *, signed: bool = False) -> str:
    """Mean over people and its interval."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    low, high = interval(known)
    return f"{known.mean():+.3f} [{low:+.3f}, {high:+.3f}]" if signed else f"{known.mean():.3f} [{low:.2f}, {high:.2f}]"


def an_hour(count: int, hours: float) -> str:
    """Events an hour and the exact 95 % interval of a Poisson count (Garwood 1936, Biometrika 28:437)."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return f"{count / hours:.2f} [{low / hours:.2f}, {chi2.ppf(0.975, 2 * count + 2) / 2 / hours:.2f}]"
