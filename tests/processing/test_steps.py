"""Steps: walks that are counted to within a few, at any rate and over any cut, and hands that do other things."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from real import table

from processing.motion import magnitude
from processing.steps import ENOUGH, SLOTS, Steps, slots
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, IntArray

STOPS = np.arange(1, 61) * GRID_NS
"""Five minutes."""


def walk(
    hz: float, cadence: float, *, seconds: int = 300, mg: float | None = None, noise: float = 4, limp: float = 0, seed: int = 1
) -> tuple[IntArray, IntArray]:
    """Times and sizes of the acceleration of a body that bobs `cadence` times a second by `mg`, every other time a little later by `limp` of a step."""
    t = np.arange(int(seconds * hz)) / hz
    turns = cadence * t
    turns = turns + limp * np.sin(np.pi * turns) / np.pi
    bob = (210 * (cadence / 1.75) ** 2 if mg is None else mg) * np.sin(2 * np.pi * turns)
    xyz = np.stack([0 * t - 60, bob - 985, 0 * t + 90], axis=1) + np.random.default_rng(seed).normal(0, noise, (len(t), 3))
    return np.rint(t * SECOND_NS).astype(np.int64), magnitude(np.rint(xyz * 100).astype(np.int64))


def total(steps: IntArray) -> float:
    return float(steps[steps != UNKNOWN].sum()) / 10


@pytest.mark.parametrize("hz", [25, 26, 50, 52, 100, 200])
@pytest.mark.parametrize("cadence", [1.2, 1.75, 2.6, 3.5])
def test_a_walk_or_a_run_of_five_minutes_is_counted_to_one_in_a_hundred_at_every_rate(hz: int, cadence: float):
    assert total(Steps().run(STOPS, *walk(hz, cadence))) == pytest.approx(300 * cadence, rel=0.01)


def test_who_limps_has_as_many_steps():
    assert total(Steps().run(STOPS, *walk(25, 1.6, limp=0.1))) == pytest.approx(480, rel=0.01)


def test_a_walk_begins_to_count_with_its_eighth_step_and_seven_are_a_gesture():
    def after(steps: int) -> float:
        t, size = walk(50, 2.0, mg=200, noise=0)
        return total(Steps().run(STOPS, t, np.where(t < steps * SECOND_NS // 2, size, size[0])))

    assert after(7) == 0 and after(8) == 8 and after(9) == 9


@pytest.mark.parametrize(("cadence", "mg"), [(1.1, 12), (1.35, 40), (0.25, 200), (5.0, 200)])
def test_a_heartbeat_pedals_breath_and_a_tremor_are_no_steps(cadence: float, mg: float):
    assert total(Steps().run(STOPS, *walk(50, cadence, mg=mg))) == 0


def test_gestures_without_an_even_beat_are_no_steps():
    rng = np.random.default_rng(4)
    t, size = walk(50, 1, mg=0)
    for at in np.cumsum(rng.uniform(0.3, 3.0, 180)):
        size = size + np.rint(20_000 * np.exp(-(((t / SECOND_NS - at) / 0.08) ** 2))).astype(np.int64)
    assert total(Steps().run(STOPS, t, size)) < 15


def test_a_sensor_too_slow_and_a_hole_leave_the_point_unknown_and_the_walk_begins_anew():
    assert (Steps().run(STOPS, *walk(10, 1.75)) == UNKNOWN).all()
    assert (Steps().run(STOPS, np.zeros(0, np.int64), np.zeros(0, np.int64)) == UNKNOWN).all()
    t, size = walk(25, 1.6)
    kept = (t < 61 * SECOND_NS) | (t >= 83 * SECOND_NS)
    found = Steps().run(STOPS, t[kept], size[kept])
    assert np.flatnonzero(found == UNKNOWN).tolist() == [12, 13, 14, 15, 16]
    assert found[17] < 80 <= found[18]


def test_slots_are_of_the_clock_whatever_the_rate():
    for hz in (25, 40, 200):
        t = np.arange(5 * hz) * SECOND_NS // hz
        mean, enough = slots(STOPS[:1], t, t // SECOND_NS * 100)
        assert mean.shape == (1, SLOTS) and enough.all() and mean[0].tolist() == np.repeat(np.arange(5) * 100, SLOTS // 5).tolist()
    assert not slots(STOPS[:1], np.arange(ENOUGH - 1) * GRID_NS // SLOTS, np.ones(ENOUGH - 1, np.int64))[1][0]


@pytest.mark.parametrize("seed", range(6))
def test_any_cut_and_any_restart_count_the_same_steps(seed: int):
    rng = np.random.default_rng(seed)
    t, size = walk(25, 1.7, mg=70, noise=30, seed=seed)
    kept = (t < 100 * SECOND_NS) | (t > 107 * SECOND_NS)
    t, size = t[kept], size[kept]
    machine, parts = Steps(), []
    for stops in np.split(STOPS, np.unique(rng.integers(1, len(STOPS), 15))):
        inside = slice(*np.searchsorted(t, (int(stops[0]) - GRID_NS, int(stops[-1]))).tolist())
        parts.append(machine.run(stops, t[inside], size[inside]))
        again = Steps()
        again.restore(machine.state())
        machine = again
    whole = Steps().run(STOPS, t, size)
    assert np.array_equal(np.concatenate(parts), whole) and 100 < total(whole) < 510


@pytest.mark.truth
def test_who_sits_in_a_laboratory_takes_hardly_a_step(data: Path, figures: Callable[[str], None]):
    """Seventeen people with a wristband who sat through three tasks and their rests: the whole of the recording between the labels."""
    told, minutes = Counter[str](), Counter[str]()
    with (data / "stress_predict" / "phases.csv").open() as file:
        phases = list(csv.DictReader(file))
    for person in sorted({row["subject"] for row in phases}):
        path = data / "stress_predict" / "subjects" / f"{person}.npz"
        if not path.exists():
            continue
        xyz = np.rint(np.load(path)["acc_raw"].astype(np.int64) * 100_000 / 64).astype(np.int64)
        t = np.arange(len(xyz)) * SECOND_NS // 32
        stops = np.arange(1, int(t[-1]) // GRID_NS + 1) * GRID_NS
        steps = Steps().run(stops, t, magnitude(xyz))
        for row in (row for row in phases if row["subject"] == person):
            inside = (stops > float(row["t_start_s"]) * SECOND_NS) & (stops <= float(row["t_end_s"]) * SECOND_NS)
            told[row["phase"]] += total(steps[inside])
            minutes[row["phase"]] += int(inside.sum()) / 12
    figures(table("phase minutes steps/min", [(phase, minutes[phase], told[phase] / minutes[phase]) for phase in told]))
    assert sum(minutes.values()) > 900
    assert all(told[phase] / minutes[phase] < 0.5 for phase in told)
