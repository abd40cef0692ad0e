"""What an accelerometer buys: the same people, the same beats, read with their acceleration and as if the device had none. Printed, not tuned.

The device sits on the wrist and its wearers hardly walk, so this is the least favourable place for one. Each reading learns its own usual from its own
recording. gudb and mmash have no accelerometer (beats alone; steps), and so cannot say.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from real import Lived, lived_of, minutes_of, table, without
from scoring import ALIKE, an_hour, interval, said

from ingest.replay import open_source
from processing.linking import chance_at
from somalink.domain.constants import PROMPTING, Constants
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Gate, Grid, Stream, word
from somalink.storage import derived
from somalink.storage.coverage import usable

pytestmark = pytest.mark.truth
RESTS = ("baseline", "rest1", "rest2", "rest3_post")
TASKS = {
    "all tasks": ("stroop", "interview", "hyperventilation"),
    "Stroop": ("stroop",),
    "interview": ("interview",),
    "hyperventilation": ("hyperventilation",),
}
WORSE_AT_MOST = -0.03
"""What the lower end of the difference may be: the movement term of the usual is weak by design, so that little can be won or lost by it."""
HOURS_OF_GRID = GRID_NS / HOUR_NS


@dataclass(frozen=True)
class Time:
    """Some of a person's time: usable hours, spikes by the gate that the accelerometer sees where they begin, and what chance alone would show."""

    usable_h: float
    starts: dict[str, int]
    chance: float
    chance_h: float

    @property
    def spikes(self) -> int:
        return sum(self.starts.values())


@dataclass(frozen=True)
class Reading:
    """One person read once. (n,) over whole minutes of the phases: phase, level z at the end; and sums over what was lived."""

    phase: np.ndarray
    z: np.ndarray
    rest: Time
    whole: Time
    """Tasks too: a spike of those is none that is false, but where it begins can be seen."""
    worn_h: float
    usable_h: float
    graded_h: float
    confidence: float
    """Mean over usable time."""
    unseen_h: float
    """Usable here, and moving or settling by the accelerometer."""
    own_gates: frozenset[str]
    """Gates, as this reading has them, in which a spike of it begins."""


@dataclass(frozen=True)
class Person:
    name: str
    moved: np.ndarray
    """(n,) mean ln(1 + M/20 mg) of the same minutes, by the accelerometer."""
    seen: Reading
    blind: Reading

    def auroc(self, reading: Reading, tasks: Sequence[str], *, matched: bool = False) -> float:
        """Of tasks against rests on the minutes that both readings score; `matched`: only pairs that moved alike."""
        both = np.isfinite(self.seen.z) & np.isfinite(self.blind.z)
        task, rest = (np.flatnonzero(both & np.isin(reading.phase, names)) for names in (tasks, RESTS))
        high, low = reading.z[task][:, None], reading.z[rest][None, :]
        wins = (high > low) + 0.5 * (high == low)
        pairs = np.abs(self.moved[task][:, None] - self.moved[rest][None, :]) < ALIKE if matched else np.ones(wins.shape, bool)
        return float(wins[pairs].mean()) if pairs.any() else float("nan")


def person_of(given: tuple[str, Path]) -> Person:
    name, folder = given
    source = open_source(folder)
    seen, blind = lived_of(source), lived_of(without(source, Stream.ACC))
    minutes = [(phase, until) for phase, start, stop in seen.tasks(folder) for until, _ in minutes_of(seen.grid, start, stop)]
    motion = [seen.grid.motion[(seen.grid.stop_ns > until - MINUTE_NS) & (seen.grid.stop_ns <= until)] for _, until in minutes]
    moved = np.array([np.log1p(each[each != UNKNOWN] / 200).mean() for each in motion])
    return Person(name, moved, _reading(seen, seen, folder, minutes), _reading(blind, seen, folder, minutes))


def _reading(read: Lived, seen: Lived, folder: Path, minutes: list[tuple[str, int]]) -> Reading:
    grid, fit = read.grid, usable(read.grid)
    rests = [(start, stop) for phase, start, stop in read.tasks(folder) if phase in RESTS]
    resting = np.logical_or.reduce([(grid.stop_ns > start) & (grid.stop_ns <= stop) for start, stop in rests])
    sure = derived.confidence(grid)[fit]
    z = [_z_at(grid, until) for _, until in minutes]
    moved = seen.grid.stop_ns[np.isin(seen.grid.gate, (Gate.MOVING, Gate.RECOVERY))]
    return Reading(
        phase=np.array([phase for phase, _ in minutes]),
        z=np.array(z),
        rest=_time(read, seen, resting),
        whole=_time(read, seen, np.ones(len(grid), bool)),
        worn_h=int(np.count_nonzero(grid.hr != UNKNOWN)) * HOURS_OF_GRID,
        usable_h=len(sure) * HOURS_OF_GRID,
        graded_h=int(np.count_nonzero(sure >= PROMPTING.grade_b)) * HOURS_OF_GRID,
        confidence=float(sure.mean()),
        unseen_h=int(np.count_nonzero(np.isin(grid.stop_ns[fit], moved))) * HOURS_OF_GRID,
        own_gates=frozenset(_gate_at(grid, each.start_ns) for each in read.episodes if each.kind == "spike"),
    )


def _time(read: Lived, seen: Lived, chosen: np.ndarray) -> Time:
    fit, grid = usable(read.grid), read.grid
    rates = _chances(read, grid.take(fit & chosen & (grid.stop_ns % MINUTE_NS == 0)))
    at = set(grid.stop_ns[chosen].tolist())
    begun = [_gate_at(seen.grid, each.start_ns) for each in read.episodes if each.kind == "spike" and each.start_ns in at]
    return Time(
        usable_h=int(np.count_nonzero(fit & chosen)) * HOURS_OF_GRID,
        starts={gate: begun.count(gate) for gate in set(begun)},
        chance=float(rates.sum()) / 60,
        chance_h=len(rates) / 60,
    )


def _chances(read: Lived, minutes: Grid) -> np.ndarray:
    """Spikes an hour that chance would show, one a minute whose chance is known."""
    offsets = np.full(len(minutes), read.source.recording.offsets[0].offset_s)
    rates = chance_at(read.baseline, minutes.stop_ns, minutes.gate, offsets, Constants())
    return rates[np.isfinite(rates)]


def _row(grid: Grid, t_ns: int) -> Grid:
    k = int(np.searchsorted(grid.stop_ns, t_ns))
    return grid.take(slice(k, k + 1))


def _z_at(grid: Grid, t_ns: int) -> float:
    row = _row(grid, t_ns)
    return row.z[0] / 10_000 if len(row) and row.z[0] != UNKNOWN else np.nan


def _gate_at(grid: Grid, t_ns: int) -> str:
    row = _row(grid, t_ns)
    return word(Gate(int(row.gate[0]))) if len(row) else "none"


# ---------------------------------------------------------------- figures


def told_apart(people: Sequence[Person]) -> tuple[str, dict[str, np.ndarray]]:
    """AUROC within person, with and without, and what lies between; with the differences by name."""
    rows, between = [], {}
    for name in TASKS:
        for matched in (False, True):
            seen, blind = (np.array([one.auroc(getattr(one, which), TASKS[name], matched=matched) for one in people]) for which in ("seen", "blind"))
            known = np.isfinite(seen) & np.isfinite(blind)
            between[name, matched] = (seen - blind)[known]
            better = f"{np.count_nonzero(seen[known] > blind[known])} of {np.count_nonzero(known)}"
            rows.append([name, "alike" if matched else "any", said(seen), said(blind), said(seen - blind, signed=True), better])
    return table("task pairs with without with_less_without better_in", rows), {name: values for (name, matched), values in between.items() if not matched}


def lived_by(name: str, times: Sequence[Time]) -> list[object]:
    hours, spikes = sum(each.usable_h for each in times), sum(each.spikes for each in times)
    by_chance = sum(each.chance for each in times) / max(sum(each.chance_h for each in times), 1e-9)
    gates = [sum(each.starts.get(gate, 0) for each in times) for gate in ("still", "light", "moving", "recovery", "posture")]
    return [name, f"{hours:.1f}", spikes, an_hour(spikes, hours), by_chance, *gates]


def trusted_by(name: str, readings: Sequence[Reading]) -> list[object]:
    usable_h = sum(each.usable_h for each in readings)
    return [
        name,
        usable_h / sum(each.worn_h for each in readings),
        sum(each.unseen_h for each in readings),
        sum(each.confidence * each.usable_h for each in readings) / usable_h,
        sum(each.graded_h for each in readings) / usable_h,
    ]


def test_an_accelerometer_tells_no_more_of_arousal_and_lets_no_spike_begin_in_movement(data, recording, figures):
    names = sorted(path.stem for path in (data / "stress_predict" / "subjects").glob("*.npz"))
    folders = [(name, recording("stress_predict", name)) for name in names]
    with ProcessPoolExecutor(2) as pool:
        people = list(pool.map(person_of, folders))

    apart, between = told_apart(people)
    seen, blind = [one.seen for one in people], [one.blind for one in people]
    spikes = [
        lived_by(f"{what}, {name}", [getattr(each, what) for each in readings])
        for what in ("rest", "whole")
        for name, readings in (("with", seen), ("without", blind))
    ]
    trusted = [trusted_by("with", seen), trusted_by("without", blind)]
    figures(apart)
    figures(table("reading usable_h spikes per_h by_chance still light moving recovery posture", spikes))
    figures(table("reading usable_share moving_or_settling,_and_usable,_h confidence graded_A_or_B", trusted))

    assert len(people) == 17
    assert all(one.seen.own_gates <= {"still", "light"} for one in people)
    assert interval(between["all tasks"])[0] >= WORSE_AT_MOST
    assert not any(one.seen.unseen_h for one in people)
    assert trusted[0][-2] > trusted[1][-2], "what sees movement may be acted on sooner"
