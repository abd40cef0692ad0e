"""What the machine of episodes is told of real days, kept, so that other thresholds and rules can be tried without reading a day anew.

Every spike of an undisturbed day counts as false here, though life was lived on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from pulses import spread_out, still_places, with_pulses
from real import PUBLISHED

from ingest.replay import ReplaySource
from processing.engine import Engine
from processing.episodes import Context, Points, SpikeMachine
from processing.usual import Offsets
from somalink.domain.constants import Constants, Spike
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, Candidate, Episode, FloatArray, Gate, Grid, IntArray, Opened

READABLE = 0.75
"""Share of a pulse's grid points with Q >= .6 before anything was laid into it: what an onset itself asks of its minute."""


class _Ear(SpikeMachine):
    """A machine that finds nothing and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(Spike())
        self.told: list[Points] = []

    def run(self, points: Points, context: Context) -> list[Episode | Candidate]:
        self.told.append(points)
        return []


class _Listening(Engine):
    """The engine with an ear where its machines are."""

    def _open(self, item: Opened) -> None:
        super()._open(item)
        self.ear = _Ear()
        self._machines = (self.ear,)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One reading of a recording: rows of the grid and what the machine was told of the same points."""

    grid: Grid
    points: Points
    offsets: Offsets


def told(source: ReplaySource, usual: Baseline, constants: Constants = PUBLISHED) -> Told:
    """A recording streamed with a usual that stands."""
    engine = _Listening(source.unit, constants, "analysis", baseline=usual, asks=False)
    records = [record for item in source.items() for record in engine.push(item)] + engine.flush()
    return Told(Grid.concat([r for r in records if isinstance(r, Grid)]), Points.concat(engine.ear.told), engine.offsets)


def by_level(points: Points) -> Points:
    """The same points, the level driving throughout."""
    return replace(points, phasic_drives=np.zeros(len(points), np.int64))


def ungated(points: Points, *gates: Gate) -> Points:
    """The same points with these gates open; all of them when none is named."""
    opened = np.isin(points.gate, gates) if gates else np.ones(len(points), bool)
    return replace(points, open=np.where(opened, 1, points.open))


def found(points: Points, z_on: float, rules: Spike = PUBLISHED.spike) -> list[Episode]:
    """FINAL spikes at one threshold, whatever drives."""
    machine, context = SpikeMachine(rules), Context("one", "one", "one", {"level": z_on, "phasic": z_on}, lambda t_ns, gate: None)
    out = machine.run(points, context) + machine.flush(context)
    return [record for record in out if isinstance(record, Episode) and record.state == "final"]


def usable(points: Points) -> BoolArray:
    """(k,) where an onset could be had: z known, Q >= .6, the gate open."""
    return np.asarray((points.level != UNKNOWN) & (points.quality >= 6000) & (points.open != 0))


def hours(where: BoolArray) -> float:
    """Hours of the grid points that are marked."""
    return float(np.count_nonzero(where)) * GRID_NS / HOUR_NS


def gates_at(points: Points, spikes: Sequence[Episode]) -> IntArray:
    """Gate at the start of each spike."""
    return np.asarray(points.gate[np.searchsorted(points.t_ns, [spike.start_ns for spike in spikes])], np.int64)


# ---------------------------------------------------------------- rises that are laid in


@dataclass(frozen=True, slots=True)
class Rise:
    bpm: float
    minutes: int

    @property
    def length_ns(self) -> int:
        return self.minutes * MINUTE_NS

    def __str__(self) -> str:
        return f"+{self.bpm:.0f} bpm x {self.minutes} min"


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One reading of a day with rises laid into it: when they begin (those that could be read) and what the machine was told."""

    starts_ns: tuple[int, ...]
    told: Told


def laid(
    source: ReplaySource, usual: Baseline, before: Told, rise: Rise, *, passes: int, a_pass: int, seed: int, constants: Constants = PUBLISHED
) -> list[Pass]:
    """`passes` readings of a day with up to `a_pass` rises each in its still time, at least 20 min from the end of one to the next.

    The usual stands, as one of a fortnight would; what the day itself carries along (the phasic centre, the quarter-hours of movement) is read
    anew with the rises in it. Rises where the day could not be read before are laid too, and not counted.
    """
    dice = np.random.default_rng([seed, rise.minutes, round(rise.bpm)])
    places = still_places(before.grid, before_ns=MINUTE_NS, length_ns=rise.length_ns)
    made = []
    for _ in range(passes):
        starts = spread_out(places, a_pass, dice, apart_ns=20 * MINUTE_NS + rise.length_ns)
        other = told(ReplaySource(with_pulses(source.recording, starts, bpm=rise.bpm, length_ns=rise.length_ns)), usual, constants)
        made.append(Pass(tuple(start for start in starts if readable(before.grid, start, rise.length_ns)), other))
    return made


def readable(grid: Grid, start_ns: int, length_ns: int) -> bool:
    """Whether most of a stretch has a heart rate that an onset may rest on."""
    part = slice(*np.searchsorted(grid.stop_ns, (start_ns, start_ns + length_ns)).tolist())
    return bool(np.mean(grid.hr_q[part] >= 6000) >= READABLE)


def spike_of(start_ns: int, length_ns: int, spikes: Sequence[Episode]) -> Episode | None:
    """The spike that began with a rise: up to a minute before it, or in it."""
    return next((spike for spike in spikes if start_ns - MINUTE_NS <= spike.start_ns < start_ns + length_ns), None)


# ---------------------------------------------------------------- figures


def least(false: IntArray, hours_each: FloatArray, target: float) -> int:
    """Place of the least threshold at which these people together have at most `target` false spikes an hour; the last when none has.

    `false`: (people, thresholds), thresholds rising.
    """
    at = np.flatnonzero(false.sum(axis=0) <= target * hours_each.sum())
    return int(at[0]) if len(at) else false.shape[1] - 1


def left_out(false: IntArray, hours_each: FloatArray, target: float) -> list[int]:
    """For each person, the place of the threshold that the others choose."""
    who = np.arange(len(false))
    return [least(false[who != k], hours_each[who != k], target) for k in who]


def over_people(values: ArrayLike, weights: ArrayLike | None = None, draws: int = 10_000) -> tuple[float, float, float]:
    """Mean over people, weighted or not, with the 95 % interval of a bootstrap over people."""
    values = np.asarray(values, float)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    who = np.random.default_rng(9).integers(len(values), size=(draws, len(values)))
    drawn = (values * weights)[who].sum(axis=1) / weights[who].sum(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float((values * weights).sum() / weights.sum()), float(low), float(high)


def with_interval(values: ArrayLike, weights: ArrayLike | None = None) -> str:
    return "{:.2f} [{:.2f}, {:.2f}]".format(*over_people(values, weights))


def poisson(count: int, hours_: float) -> str:
    """A rate an hour with its exact 95 % interval."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return f"{count / hours_:.2f} [{low / hours_:.2f}, {chi2.ppf(0.975, 2 * count + 2) / 2 / hours_:.2f}]"


def per_hour(counts: Mapping[str, int], hours_each: Mapping[str, float]) -> str:
    """A rate of several people with the interval of a bootstrap over them."""
    kept = [name for name in hours_each if hours_each[name] > 0]
    return with_interval([counts[name] / hours_each[name] for name in kept], [hours_each[name] for name in kept])
