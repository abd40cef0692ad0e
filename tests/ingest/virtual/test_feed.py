"""The heart under a virtual strap: which beats are told when."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_folders import folder

from ingest.straps.heart_rate import HeartRateMeasurement
from ingest.virtual.feed import MOST_BEATS, Heart, from_path, from_ticks
from somalink.domain.errors import BadInput
from somalink.domain.time import SECOND_NS

INTERVALS = st.lists(st.integers(1, 65_535), min_size=1, max_size=60)


def told(heart: Heart) -> list[tuple[int, int]]:
    return [(beat.closes_ns, beat.ticks) for second in heart.seconds() for beat in second.beats]


@given(INTERVALS)
def test_every_beat_is_told_once_in_order_with_its_own_ticks_and_closing_time(ticks):
    heart = from_ticks(ticks)
    assert told(heart) == list(zip(heart.closes_ns.tolist(), ticks, strict=True))


@given(INTERVALS)
def test_a_notification_comes_every_second_and_none_tells_of_a_beat_that_has_not_closed(ticks):
    seconds = list(from_ticks(ticks).seconds())
    assert [second.at_ns for second in seconds] == [at * SECOND_NS for at in range(1, len(seconds) + 1)]
    assert all(beat.closes_ns <= second.at_ns for second in seconds for beat in second.beats)
    assert all(len(second.beats) <= MOST_BEATS for second in seconds)


def test_a_beat_is_told_in_the_first_second_that_can_know_it():
    seconds = list(from_ticks([1024, 512, 512, 1536]).seconds())
    assert [[beat.ticks for beat in second.beats] for second in seconds] == [[1024], [512, 512], [], [1536]]


def test_a_burst_waits_for_the_seconds_after_it():
    assert [len(second.beats) for second in from_ticks([10] * 20).seconds()] == [9, 9, 2]


def test_a_hole_in_a_recording_is_a_time_without_beats_and_then_without_a_rate(tmp_path):
    heart = from_path(folder(tmp_path / "rec", rr="t_s,rr_ms\n1,1000\n2,1000\n30,1000\n31,1000\n"))
    seconds = list(heart.seconds())
    assert [len(second.beats) for second in seconds] == [1, 1, *[0] * 27, 1, 1]
    assert [second.bpm for second in seconds] == [60] * 12 + [0] * 17 + [60, 60]


def test_the_rate_is_a_smoothed_one_that_artefacts_do_not_move():
    rates = [second.bpm for second in from_ticks([1024] * 10 + [60, 60] + [1024] * 2).seconds()]
    assert set(rates) == {60}
    slower = [second.bpm for second in from_ticks([512] * 20 + [1024] * 10).seconds()]
    assert slower[9] == 120 and slower[-1] == 60
    assert all(late <= early for early, late in pairwise(slower[9:])), "it glides, it does not jump"


def test_the_heart_of_a_looped_recording_goes_on_with_new_numbers_and_later_times():
    seconds = from_ticks([1024, 1000]).seconds(again=True)
    beats = [beat for _ in range(6) for beat in next(seconds).beats]
    assert [beat.number for beat in beats] == list(range(6))
    assert np.all(np.diff([beat.closes_ns for beat in beats]) > 0)


def test_a_watch_tells_a_rate_and_neither_intervals_nor_contact():
    second = next(iter(from_ticks([1024]).seconds()))
    assert second.measurement(intervals=False) == HeartRateMeasurement(60)
    assert second.measurement() == HeartRateMeasurement(60, (1024,), contact=True)


def test_a_recording_of_rates_alone_is_shown_as_a_watch_shows_it(tmp_path):
    heart = from_path(folder(tmp_path / "rec", meta={"tier": "D"}, hr="t_s,hr_bpm\n0,71.6\n1,80\n20,90\n"))
    assert [second.bpm for second in heart.seconds()] == [72] + [80] * 11 + [0] * 8 + [90]


def test_a_recording_of_nothing_is_refused(tmp_path):
    with pytest.raises(BadInput):
        from_path(folder(tmp_path / "rec", hr="t_s,hr_bpm\n"))
