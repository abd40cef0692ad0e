"""A strap notifies on a beat of its own: which of its notifications are missing shows in when the others arrive."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cadence import MISSING_NS, PERIOD_NS, REGULAR, VOID_MOST, VOID_NS, Cadence
from somalink.domain.time import HOUR_NS, SECOND_NS

START_NS = 1_772_352_000 * SECOND_NS
MILLI_NS = SECOND_NS // 1000
delays = st.lists(st.integers(0, 500 * MILLI_NS), min_size=2, max_size=60)


def arrivals(count: int, *, late_ns: dict[int, int] | None = None, lost: set[int] | None = None, ppm: float = 0.0) -> list[int]:
    """One notification a second, by a clock so much faster than ours; some late, some lost."""
    pace = PERIOD_NS * (1 - ppm * 1e-6)
    return [START_NS + round(k * pace) + (late_ns or {}).get(k, 0) for k in range(count) if k not in (lost or set())]


def later(times: list[int]) -> tuple[list[int], Cadence]:
    """By how much each is later than the schedule, and the schedule."""
    cadence = Cadence()
    return [cadence.add(each) for each in times], cadence


def test_a_strap_on_time_is_never_late():
    assert set(later(arrivals(1000))[0]) == {0}


def test_one_notification_that_the_radio_delays_is_late_alone():
    late, _ = later(arrivals(100, late_ns={50: 400 * MILLI_NS}))
    assert max(late[:50] + late[51:]) < MILLI_NS
    assert late[50] == pytest.approx(400 * MILLI_NS, abs=MILLI_NS)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_notification_that_is_lost_leaves_every_later_one_so_many_seconds_late(count):
    late, _ = later(arrivals(100, lost=set(range(50, 50 + count))))
    assert late[:50] == [0] * 50
    assert all(each == pytest.approx(count * PERIOD_NS, abs=20 * MILLI_NS) and each >= MISSING_NS for each in late[50:])


def test_what_was_lost_has_its_place_in_the_schedule_and_the_next_ones_are_on_time_again():
    late, cadence = later(arrivals(60, lost={50, 51}))
    assert late[-1] >= MISSING_NS
    cadence.skip(2)
    assert cadence.add(START_NS + 60 * PERIOD_NS) < MISSING_NS
    assert cadence.sent_ns(START_NS + 60 * PERIOD_NS, cadence.count) == pytest.approx(START_NS + 60 * PERIOD_NS, abs=10 * MILLI_NS)


def test_a_skip_of_too_many_never_makes_the_newest_notification_earlier_than_it_was_sent():
    _, cadence = later(arrivals(20))
    cadence.skip(3)
    assert cadence.sent_ns(cadence.last_ns, cadence.count) == cadence.last_ns


@given(delays)
def test_no_notification_was_sent_after_it_arrived_whatever_the_radio_does(delays):
    cadence, at = Cadence(), START_NS
    for k, delay in enumerate(delays):
        at = max(at, START_NS + k * PERIOD_NS + delay)
        assert cadence.add(at) >= 0
        assert cadence.sent_ns(at, cadence.count) <= at


@given(delays, st.integers(-10 * HOUR_NS, 10 * HOUR_NS))
def test_what_is_late_does_not_depend_on_the_date(delays, by_ns):
    times = sorted(START_NS + k * PERIOD_NS + delay for k, delay in enumerate(delays))
    assert later(times)[0] == later([each + by_ns for each in times])[0]


@pytest.mark.parametrize("ppm", [-100, 100])
def test_a_strap_whose_clock_is_wrong_is_followed_for_hours_and_never_seems_to_miss_one(ppm):
    rng = np.random.default_rng(1)
    jitter = {k: int(each) for k, each in enumerate(rng.integers(0, 100 * MILLI_NS, 4 * 3600))}
    late, _ = later(arrivals(4 * 3600, late_ns=jitter, ppm=ppm))
    assert max(late) < MISSING_NS / 2


def test_a_device_that_keeps_no_beat_is_known_by_suspicions_that_came_to_nothing():
    cadence = Cadence()
    for k in range(VOID_MOST):
        assert cadence.keeps
        cadence.add(START_NS + k * 10 * SECOND_NS)
        cadence.was_void()
    assert not cadence.keeps
    assert cadence.sent_ns(START_NS + 25 * SECOND_NS, cadence.count) == START_NS + 25 * SECOND_NS, "for such a one the arrival is all there is"


def test_suspicions_far_apart_say_nothing_against_a_strap():
    cadence = Cadence()
    for k in range(20):
        cadence.add(START_NS + k * (VOID_NS // 2 + SECOND_NS))
        cadence.was_void()
    assert cadence.keeps


@given(delays, delays)
def test_a_schedule_that_was_put_down_and_taken_up_goes_on_as_if_it_never_had_been(before, after):
    times = sorted(START_NS + k * PERIOD_NS + delay for k, delay in enumerate([*before, *after]))
    _, whole = later(times[: len(before)])
    again = Cadence.of(whole.state())
    assert dataclasses.asdict(again) == dataclasses.asdict(whole)
    assert [again.add(each) for each in times[len(before) :]] == [whole.add(each) for each in times[len(before) :]]


def test_a_strap_that_looked_like_whim_while_its_radio_stalled_is_believed_again():
    cadence, at = Cadence(), START_NS
    for _ in range(VOID_MOST):
        at += SECOND_NS
        cadence.add(at)
        cadence.was_void()
    assert not cadence.keeps
    for _ in range(REGULAR + 2):
        at += SECOND_NS
        cadence.add(at)
    assert cadence.keeps
    assert cadence.add(at + 4 * SECOND_NS) >= 2 * SECOND_NS, "three are missing, and it is seen"


def test_a_device_that_notifies_with_each_heartbeat_is_not_believed():
    cadence, at, void = Cadence(), START_NS, 0
    for k in range(1000):
        at += 1_150_000_000
        late_ns = cadence.add(at)
        if cadence.keeps and late_ns >= MISSING_NS:
            void += 1
            cadence.was_void()
        assert k < 20 or not cadence.keeps
    assert void == VOID_MOST
