"""Movement per 5 s, its slow averages, and what becomes of them over a hole."""

import numpy as np
import pytest

from processing.motion import Averages, acceleration_bins, counted_steps, fixed, gravity_seconds, log_motion, step_bins, tilted
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN

RULES = Constants().motion
STOPS = np.arange(1, 5) * GRID_NS


def test_movement_is_the_mean_absolute_deviation_of_the_size_of_acceleration():
    t = np.arange(100) * SECOND_NS // 20
    wave = np.where(np.arange(100) % 2, 1030.0, 970.0)
    xyz = np.rint(np.stack([np.zeros(100), wave * 0.6, wave * 0.8], axis=1) * 100).astype(np.int64)
    bins = acceleration_bins(STOPS, t, xyz)
    assert bins.motion.tolist() == [300, UNKNOWN, UNKNOWN, UNKNOWN]
    assert bins.gravity[0] == pytest.approx([0, 60_000, 80_000])


def test_a_sample_on_the_stop_belongs_to_the_next_five_seconds():
    t = np.repeat([GRID_NS - 1, GRID_NS], 10)
    xyz = np.repeat([[0, 0, 100_000]], 20, axis=0)
    assert acceleration_bins(STOPS, t, xyz).motion.tolist() == [0, 0, UNKNOWN, UNKNOWN]


def test_fewer_than_ten_samples_or_three_seconds_of_steps_say_nothing():
    xyz = np.repeat([[0, 0, 100_000]], 9, axis=0)
    assert acceleration_bins(STOPS, np.arange(9), xyz).motion[0] == UNKNOWN
    seconds = np.array([0, 1, 5, 6, 7, 10, 11, 12, 13, 14]) * SECOND_NS
    steps = np.array([9, 9, 0, 0, 0, 2, 2, 2, 2, 2])
    assert step_bins(STOPS, seconds, steps, RULES).tolist() == [UNKNOWN, 0, 3000, UNKNOWN]


def test_a_is_a_logarithm_with_20_mg_as_its_unit():
    a = log_motion(np.array([0, 200, UNKNOWN]), RULES)
    assert a[:2] == pytest.approx([0, np.log(2)]) and np.isnan(a[2])


def test_the_averages_follow_their_time_constants_and_begin_with_the_first_value():
    averages = Averages(RULES)
    averages.run(np.zeros(1))
    rows, reset = averages.run(np.ones(120))
    by_hand = [1 - np.exp(-np.array([30, 180, 600]) / tau) for tau in RULES.tau_s]
    for lag, tau in enumerate(RULES.tau_s):
        assert rows[tau // 5 - 1, lag] == pytest.approx(1 - np.exp(-1))
    assert len(by_hand) == 3 and not reset.any()
    assert Averages(RULES).run(np.array([0.7]))[0].tolist() == [[0.7, 0.7, 0.7]]


def test_a_hole_is_held_for_a_minute_then_unknown_and_what_comes_after_starts_anew():
    nan = np.nan
    rows, reset = Averages(RULES).run(np.array([1.0] + [nan] * 12 + [1.0] + [nan] * 13 + [2.0, 2.0]))
    assert (rows[:27] == 1.0).sum() == 3 * 26 and np.isnan(rows[26]).all()
    assert rows[27].tolist() == [2.0, 2.0, 2.0] and np.flatnonzero(reset).tolist() == [27]


def test_a_restart_in_the_middle_changes_nothing():
    a = np.where(np.arange(90) % 31 < 15, np.random.default_rng(1).random(90), np.nan)
    whole = Averages(RULES)
    rows, reset = whole.run(a)
    first, second = Averages(RULES), Averages(RULES)
    part = first.run(a[:40])
    second.restore(first.state())
    rest = second.run(a[40:])
    assert np.array_equal(np.concatenate([part[0], rest[0]]), rows, equal_nan=True) and np.array_equal(np.concatenate([part[1], rest[1]]), reset)
    assert fixed(rows)[0].dtype == np.int64


def test_a_trunk_has_turned_beyond_thirty_degrees():
    def at(degrees: float) -> list[float]:
        return [0.0, 100_000 * np.sin(np.radians(degrees)), 100_000 * np.cos(np.radians(degrees))]

    now = np.array([at(29), at(31), [np.nan] * 3])
    assert tilted(now, np.array([at(0)] * 3), RULES).tolist() == [False, True, False]


@pytest.mark.parametrize("hz", [25, 50, 100, 200])
def test_movement_is_the_same_at_every_rate_of_the_sensor(hz: int):
    """A walk as a band-limited signal, the same in continuous time: 210 mg at 1.75 Hz is 134 mg of mean deviation."""
    t = np.arange(20 * hz) / hz
    noise = np.random.default_rng(hz).normal(0, 4, (len(t), 3))
    xyz = np.stack([0 * t, -985 + 210 * np.sin(2 * np.pi * 1.75 * t), 0 * t + 90], axis=1) + noise
    motion = acceleration_bins(STOPS, np.rint(t * SECOND_NS).astype(np.int64), np.rint(xyz * 100).astype(np.int64)).motion
    assert motion == pytest.approx([1335] * 4, rel=0.02)


def test_the_mean_of_a_second_is_its_own_and_unknown_with_fewer_than_ten_samples():
    t = np.concatenate([np.arange(25) * SECOND_NS // 25, SECOND_NS + np.arange(9), 6 * SECOND_NS + np.arange(10)])
    xyz = np.repeat([[100, 0, 0], [0, 100, 0], [0, 0, 100]], [25, 9, 10], axis=0)
    rows = gravity_seconds(STOPS[:2], t, xyz)
    assert rows.shape == (2, 5, 3)
    assert rows[0, 0].tolist() == [100, 0, 0] and rows[1, 1].tolist() == [0, 0, 100]
    assert np.isnan(rows).all(axis=2).sum() == 8
    assert np.isnan(gravity_seconds(STOPS, t[:0], xyz[:0])).all()


def test_a_counter_gives_its_steps_to_the_tenth_and_a_missing_second_walks_as_the_others():
    seconds = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11]) * SECOND_NS
    steps = np.array([2, 1, 2, 2, 2, 1, 2, 2, 1, 2, 2])
    assert counted_steps(STOPS, seconds, steps).tolist() == [90, 75, UNKNOWN, UNKNOWN]
