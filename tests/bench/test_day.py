"""The made-up heart: the same for everybody, about a day long, and spoilt where it was asked for and nowhere else."""

import numpy as np
import pytest

from bench.day import DAY_S, SECOND_NS, START_NS, TICKS_PER_S, Recording, days, spoilt


@pytest.fixture(scope="module")
def day() -> Recording:
    return days(1)


def test_a_day_has_about_a_hundred_thousand_beats_in_twenty_four_hours(day):
    assert 95_000 < len(day.rr_ticks) < 105_000
    assert DAY_S - 10 < day.rr_ticks.sum() / TICKS_PER_S <= DAY_S


def test_the_same_seed_is_the_same_heart_and_another_is_not(day):
    np.testing.assert_array_equal(days(1).rr_ticks, day.rr_ticks)
    assert not np.array_equal(days(1, seed=2).rr_ticks[:100], day.rr_ticks[:100])


def test_no_two_days_are_alike(day):
    both = days(2).rr_ticks
    np.testing.assert_array_equal(both[: len(day.rr_ticks)], day.rr_ticks)
    assert not np.array_equal(both[len(day.rr_ticks) :][:100], day.rr_ticks[:100])


def test_the_heart_is_slower_at_night(day):
    hour = (day.t_ns - START_NS) // (3600 * SECOND_NS)
    assert day.rr_ticks[hour == 3].mean() > day.rr_ticks[hour == 15].mean() + 100


def test_it_breathes_and_has_a_ten_second_wave(day):
    """Power about .24 and .095 Hz stands out from what lies between and above."""
    t = np.cumsum(day.rr_ticks) / TICKS_PER_S
    at = np.arange(50_000, 53_600, 0.25)
    wave = np.interp(at, t, day.rr_ticks)
    power = np.abs(np.fft.rfft(wave - wave.mean())) ** 2
    hz = np.fft.rfftfreq(len(at), 0.25)

    def around(low: float, high: float) -> float:
        return float(power[(hz >= low) & (hz < high)].mean())

    assert around(0.07, 0.12) > 3 * around(0.32, 0.40)
    assert around(0.19, 0.29) > 3 * around(0.32, 0.40)


def test_a_clean_heart_holds_nothing_that_a_twenty_percent_rule_would_drop(day):
    step = np.abs(np.diff(day.rr_ticks))
    assert not (step > 0.2 * day.rr_ticks[1:]).any()


def test_half_a_percent_of_beats_is_spoilt_and_time_stays_what_it_was(day):
    bad = spoilt(day)
    happened = round(0.005 * len(day.rr_ticks))
    assert bad.rr_ticks.sum() == day.rr_ticks.sum()
    assert abs(len(bad.rr_ticks) - len(day.rr_ticks)) <= 1, "as many are missed as added"
    places = set(np.cumsum(day.rr_ticks).tolist())
    moved = [t for t in np.cumsum(bad.rr_ticks).tolist() if t not in places]
    assert len(moved) == pytest.approx(happened * 2 / 3, abs=2), "early and extra beats lie where none was"


def test_a_window_holds_the_beats_that_close_in_it():
    beats = Recording(np.full(10, TICKS_PER_S))
    assert len(beats.within(START_NS + 5 * SECOND_NS, 3, beats.t_ns)) == 3
    assert [len(each) for each in beats.windows(3, np.array([START_NS + 2 * SECOND_NS, START_NS + 11 * SECOND_NS]))] == [1, 3]
