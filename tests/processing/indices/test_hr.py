"""Heart rate: which source speaks, by which formula, and how far it may be trusted."""

import numpy as np
import pytest

from processing.indices.hr import FieldSeconds, Heart, heart_rate
from processing.windows import BeatSums, Settled
from somalink.domain.catalogue import HR_REASONS
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, Flag

STOP = 600 * SECOND_NS
NO_FIELD = FieldSeconds(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


def train(count: int, *, last_s: float = 599.9, ticks: int = 1024, flagged: int = 0) -> Settled:
    """`count` beats one after the other, the last one closing at `last_s`; the first `flagged` are artefacts left out."""
    t = np.array([round((last_s - k * ticks / 1024) * SECOND_NS) for k in reversed(range(count))], np.int64)
    flag = np.where(np.arange(count) < flagged, Flag.RANGE, Flag.OK)
    column = np.full(count, ticks)
    return Settled(t, column, flag, np.zeros(count, np.int64), np.where(flag == Flag.OK, column, 0), np.zeros(count, np.int64))


def field(bpm: float, seconds: int = 60, *, fresh: bool = True) -> FieldSeconds:
    t = STOP - np.arange(seconds, 0, -1) * SECOND_NS
    return FieldSeconds(t, np.full(seconds, round(bpm * 1000)), np.full(seconds, fresh))


def at_ten_minutes(beats: Settled, given: FieldSeconds = NO_FIELD, *, contact: bool = True) -> Heart:
    rules = Constants()
    return heart_rate(np.array([STOP]), BeatSums(beats), given, np.array([contact]), rules=rules.hr, beat=rules.beat)


def reason(heart: Heart) -> str:
    return HR_REASONS[int(heart.reason[0])]


def test_a_covered_half_minute_speaks_for_itself_even_beside_a_field():
    heart = at_ten_minutes(train(40, ticks=900), field(90))
    assert reason(heart) == "rr" and heart.hr[0] == pytest.approx(60 * 1024 / 900 * 1000, abs=1)
    assert heart.variance[0] == pytest.approx(0.04, rel=0.01) and heart.beats30[0] == 35


def test_thin_beats_and_a_field_are_fused_by_what_the_beats_cover():
    heart = at_ten_minutes(train(15, ticks=1024), field(72))
    c = 15 / 60
    by_hand = (c * 60 + 0.1 * 72) / (c + 0.1)
    u = c / (c + 0.1)
    assert reason(heart) == "fused" and heart.hr[0] == pytest.approx(by_hand * 1000, abs=1)
    assert heart.variance[0] == pytest.approx(u * u * 0.04 / c + (1 - u) ** 2 * 9)


def test_fewer_than_four_beats_leave_the_word_to_the_field():
    heart = at_ten_minutes(train(3), field(72))
    assert (reason(heart), heart.hr[0], heart.variance[0]) == ("hr_field", 72_000, 9.0)


def test_without_a_field_thin_beats_speak_from_a_third_of_the_minute_on():
    enough, too_few = at_ten_minutes(train(19)), at_ten_minutes(train(17))
    assert reason(enough) == "fused" and enough.hr[0] == 60_000
    assert reason(too_few) == "rr_thin" and too_few.hr[0] == UNKNOWN and too_few.q[0] == 0


def test_no_beats_and_no_field_is_no_data():
    heart = at_ten_minutes(Settled.empty())
    assert (reason(heart), heart.hr[0], heart.q[0]) == ("no_data", UNKNOWN, 0)


def test_quality_is_the_better_of_beats_and_fresh_field_seconds_and_needs_contact():
    assert at_ten_minutes(train(70, last_s=599.9999)).q[0] == 10_000
    # One left-out beat in sixty: coverage 59/60, artefact share 1/60 of the 1/5 that may be.
    assert at_ten_minutes(train(60, flagged=1)).q[0] == pytest.approx(10_000 * (59 / 60) * (1 - 1 / 60 / 0.2), abs=15)
    assert at_ten_minutes(train(3), field(72)).q[0] == 6_000
    assert at_ten_minutes(train(3), field(72, 30)).q[0] == 3_000
    assert at_ten_minutes(train(3), field(72, fresh=False)).q[0] == pytest.approx(10_000 * 3 / 60, abs=2)
    assert at_ten_minutes(train(70), field(72), contact=False).q[0] == 0


def told(*seconds: float) -> FieldSeconds:
    """Fresh samples of the field so many seconds before the stop, oldest first."""
    t = STOP - np.array([round(second * SECOND_NS) for second in seconds], np.int64)
    return FieldSeconds(t, np.full(len(t), 72_000), np.ones(len(t), bool))


def quality(given: FieldSeconds) -> int:
    return int(at_ten_minutes(train(3), given).q[0])


@pytest.mark.parametrize("every_s", [0.98, 1.0, 1.02, 1.05, 1.5, 2.0])
@pytest.mark.parametrize("phase", [0.01, 0.5, 0.97])
def test_a_device_that_sends_about_once_a_second_misses_nothing(every_s, phase):
    at = np.arange(phase, 90, every_s)[::-1]
    first = np.flatnonzero(np.diff(np.floor(-at), prepend=-1e9))
    assert quality(told(*at[first])) == 6_000


def test_two_seconds_without_a_word_are_missing_and_one_is_not():
    whole = [second - 0.5 for second in range(60, 0, -1)]
    assert quality(told(*whole)) == 6_000
    assert quality(told(*whole[:20], *whole[21:])) == 6_000
    assert quality(told(*whole[:20], *whole[22:])) == 5_800
    assert quality(told(*whole[1:])) == quality(told(*whole[:-1])) == 6_000
    assert quality(told(*whole[2:])) == quality(told(*whole[:-2])) == 5_800


def test_what_came_before_the_window_makes_its_first_seconds_no_better():
    inside = [second - 0.5 for second in range(58, 0, -1)]
    assert quality(told(61.5, 60.5, *inside)) == quality(told(*inside)) == 5_800
    assert quality(told(61.5)) == quality(told()) == 0


def test_a_fifth_of_artefacts_is_worth_nothing():
    assert at_ten_minutes(train(60, flagged=12)).q[0] == 0


@pytest.mark.parametrize("seconds_ago", [60, 61])
def test_a_window_holds_its_start_and_not_its_stop(seconds_ago: int):
    one = FieldSeconds(np.array([STOP - seconds_ago * SECOND_NS, STOP]), np.array([50_000, 200_000]), np.ones(2, bool))
    heart = at_ten_minutes(Settled.empty(), one)
    assert heart.hr[0] == (50_000 if seconds_ago == 60 else UNKNOWN)
