"""Samples by their device's own clock: rates that are not their names, clocks that were never set, drift, lost frames, late radios."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sensor_time import FIRST_NS, Dated, Reading, SensorClock
from somalink.domain.time import SECOND_NS

START_NS = 1_772_352_000 * SECOND_NS
UNSET_NS = 599_616_000 * SECOND_NS
"""1 January 2019 in seconds since 2000: where an H10 begins whose clock nobody set."""


def frames(minutes=3.0, *, rate=130.0, real=None, n=73, ppm=0.0, delay=lambda k: 20_000_000, lost=(), set_at=None, set_by=0):
    """(device time of the last sample, arrival, true times) of each frame that comes; the device takes `real` samples a second and names `rate`."""
    out = []
    for k in range(int(minutes * 60 * (real or rate) / n)):
        true = START_NS + np.rint((np.arange(n) + k * n + 1) * (SECOND_NS / (real or rate))).astype(np.int64)
        sensor = UNSET_NS + round((int(true[-1]) - START_NS) * (1 + ppm * 1e-6)) + (set_by if set_at is not None and k >= set_at else 0)
        if k not in lost:
            out.append((sensor, int(true[-1]) + delay(k), true))
    return out


def told(given, *, rate=130.0):
    clock = SensorClock(round(SECOND_NS / rate), START_NS)
    said = [each for sensor, arrival, true in given for each in clock.add(sensor, np.arange(len(true)), arrival)]
    return clock, [*said, *clock.release()]


def dated(said):
    return [each for each in said if isinstance(each, Dated)]


def readings(said):
    return [each for each in said if isinstance(each, Reading)]


def errors(given, said):
    """Told less true, in ns."""
    times = np.concatenate([each.t_ns for each in dated(said)])
    return times - np.concatenate([true for *_, true in given])[-len(times) :]


def test_samples_are_dated_by_the_promptest_frame_and_evenly():
    given = frames(delay=lambda k: 20_000_000 + (k % 5) * 90_000_000)
    _, said = told(given)
    assert np.abs(errors(given, said) - 20_000_000).max() < 2_000_000
    assert all(each.gap_ns is None for each in dated(said))


@pytest.mark.parametrize("real", [128.7, 131.3, 130.045])
def test_a_rate_a_hundredth_off_its_name_is_followed_and_no_sample_is_missed(real):
    given = frames(real=real)
    _, said = told(given)
    assert all(each.gap_ns is None for each in dated(said))
    assert np.abs(errors(given, said) - 20_000_000).max() < 2_000_000
    assert readings(said)[-1].rate_mhz == pytest.approx(real * 1000, rel=2e-4)


def test_a_device_that_names_another_rate_than_it_sends_is_believed_by_its_stamps():
    given = frames(rate=25.0, real=50.0, n=36)
    _, said = told(given, rate=25.0)
    assert all(each.gap_ns is None for each in dated(said))
    assert np.abs(errors(given, said) - 20_000_000).max() < 2_000_000


@pytest.mark.parametrize("ppm", [-100.0, 40.0, 100.0])
def test_a_crystal_that_runs_fast_or_slow_is_followed_and_its_drift_told(ppm):
    given = frames(30, ppm=ppm, delay=lambda k: 20_000_000 + (k * 7919 % 11) * 8_000_000)
    _, said = told(given)
    assert np.abs(errors(given, said) - 20_000_000).max() < 10_000_000
    last = readings(said)[-1]
    assert last.drift_ppb == pytest.approx(-1000 * ppm, abs=15_000)
    assert last.error_ns < 5_000_000


def test_a_lost_frame_is_a_gap_of_its_own_length_and_the_rest_stays_where_it_was():
    given = frames(lost=(60, 61))
    _, said = told(given)
    holes = [each for each in dated(said) if each.gap_ns is not None]
    assert [each.why for each in holes] == ["hole"]
    assert holes[0].t_ns[0] - holes[0].gap_ns == pytest.approx((2 * 73 + 1) * SECOND_NS / 130, abs=1e6)
    assert np.abs(errors(given, said) - 20_000_000).max() < 2_000_000


def test_a_radio_that_stalls_for_seconds_loses_nothing_and_misdates_nothing():
    given = frames(delay=lambda k: 20_000_000 + max(0, 12 - (k - 80)) * 500_000_000 if k >= 80 else 20_000_000)
    _, said = told(given)
    assert all(each.gap_ns is None for each in dated(said))
    assert np.abs(errors(given, said) - 20_000_000).max() < 5_000_000


def held_up(since, until, then=20_000_000):
    """Frames of a busy computer: all that were sent in [since, until) seconds arrive at its end."""
    return [
        (sensor, max(arrival, START_NS + until * SECOND_NS) if since * SECOND_NS <= arrival - START_NS < until * SECOND_NS else arrival, true)
        for sensor, arrival, true in frames(rate=25.0, n=36, delay=lambda k: then)
    ]


@pytest.mark.parametrize("stall_s", [9, 12, 30])
def test_a_computer_that_is_busy_for_longer_than_a_radio_may_be_misdates_nothing_then_or_later(stall_s):
    given = held_up(60, 60 + stall_s)
    _, said = told(given, rate=25.0)
    assert all(each.gap_ns is None for each in dated(said))
    assert np.abs(errors(given, said) - 20_000_000).max() < 20_000_000


@pytest.mark.parametrize("set_by_s", [0, -3, 40])
def test_no_sample_is_ever_later_than_it_came_for_long(set_by_s):
    late = [(sensor, arrival + 5 * SECOND_NS * (k < 5), true) for k, (sensor, arrival, true) in enumerate(held_up(0, 0))]
    late = [(sensor + (set_by_s * SECOND_NS if k > 60 else 0), arrival + 15 * SECOND_NS * (k == 60), true) for k, (sensor, arrival, true) in enumerate(late)]
    clock, _ = told(sorted(late, key=lambda each: each[1]), rate=25.0)
    assert clock.told_ns - late[-1][1] < SECOND_NS


@pytest.mark.parametrize("n", [12, 36])
def test_frames_that_are_lost_and_then_held_up_leave_no_sample_in_the_future(n):
    late = [
        (sensor, max(arrival, START_NS + 93 * SECOND_NS) if k * n > 60 * 25 else arrival, true)
        for k, (sensor, arrival, true) in enumerate(frames(rate=25.0, n=n))
    ]
    kept = [each for k, each in enumerate(late) if not 60 * 25 < k * n < 80 * 25]
    clock, said = told(kept, rate=25.0)
    assert [each.why for each in dated(said) if each.gap_ns is not None] == ["clock_jump"]
    assert clock.told_ns <= kept[-1][1]


def test_stamps_that_stand_still_or_crawl_break_nothing():
    crawling = [(UNSET_NS + k, arrival, true) for k, (_, arrival, true) in enumerate(frames(1, n=36))]
    _, said = told(crawling)
    assert sum(len(each.t_ns) for each in dated(said)) == 36 * len(crawling)


@pytest.mark.parametrize("by_s", [-7200, -0.9, 5, 86400])
def test_a_device_clock_that_is_set_in_midstream_moves_no_sample(by_s):
    given = frames(set_at=100, set_by=round(by_s * SECOND_NS))
    _, said = told(given)
    assert np.abs(errors(given, said) - 20_000_000).max() < SECOND_NS
    steps = np.diff(np.concatenate([each.t_ns for each in dated(said)]))
    assert steps.min() > 0


def test_a_frame_that_comes_twice_is_told_once_and_an_empty_one_not_at_all():
    given = frames(0.5)
    clock, _ = told(given)
    sensor, arrival, true = given[-1]
    assert list(clock.add(sensor, np.arange(len(true)), arrival)) == []
    assert list(clock.add(sensor + SECOND_NS, np.zeros(0, np.int64), arrival)) == []


def test_the_first_frames_wait_four_seconds_and_are_told_at_once_when_nothing_more_comes():
    given = [each for each in frames(1) if each[1] < START_NS + FIRST_NS]
    clock = SensorClock(round(SECOND_NS / 130), START_NS)
    assert [each for sensor, arrival, true in given for each in clock.add(sensor, np.arange(len(true)), arrival)] == []
    assert sum(len(each.t_ns) for each in dated(clock.release())) == sum(len(true) for *_, true in given)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 30 * SECOND_NS), st.integers(0, 9)), max_size=40),
    st.integers(0, 39),
)
def test_whatever_a_device_says_of_the_time_samples_only_go_forward_and_memory_may_be_lost_and_found(said, cut):
    def run(forget):
        clock, arrival, out = SensorClock(40_000_000, START_NS), START_NS, []
        for k, (sensor, passed, n) in enumerate(said):
            if forget and k == cut:
                clock = SensorClock.of(clock.state())
            arrival += passed
            out += clock.add(sensor, np.arange(n), arrival)
        return [*out, *clock.release()]

    whole, cut_in_two = run(False), run(True)
    times = np.concatenate([np.zeros(0, np.int64), *(each.t_ns for each in dated(whole))])
    assert np.all(np.diff(times) > 0)
    assert np.array_equal(times, np.concatenate([np.zeros(0, np.int64), *(each.t_ns for each in dated(cut_in_two))]))
    assert readings(whole) == readings(cut_in_two)
