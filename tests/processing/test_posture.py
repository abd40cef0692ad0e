"""How the body is held, and when it turned: words that hold, words that flicker, and gravity."""

import numpy as np
import pytest

from processing.posture import Bearing, Tilt, Turns, Words, upright_cosine
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN as NOT_KNOWN
from somalink.domain.types import FloatArray, Posture

RULES = Constants().motion
STAND, SIT, LIE, UNKNOWN = Posture.STANDING, Posture.SITTING, Posture.LYING, Posture.UNKNOWN
STOPS = np.arange(1, 41) * GRID_NS


def turns(words: list[tuple[int, Posture]], *, cut: int | None = None) -> list[int]:
    """Grid points in which a new posture was settled; `words`: seconds of each word. `cut`: a restart after that grid point."""
    said = np.concatenate([np.full(seconds, int(word)) for seconds, word in words])
    t = np.arange(len(said)) * SECOND_NS
    machine = Turns(RULES)
    if cut is None:
        return np.flatnonzero(machine.run(t, said, STOPS)).tolist()
    first = machine.run(t[: 5 * cut], said[: 5 * cut], STOPS[:cut])
    again = Turns(RULES)
    again.restore(machine.state())
    return np.flatnonzero(np.concatenate([first, again.run(t[5 * cut :], said[5 * cut :], STOPS[cut:])])).tolist()


def test_a_word_counts_once_it_has_held_for_twenty_seconds_and_the_first_one_is_no_turn():
    assert turns([(40, SIT), (60, STAND)]) == [12]
    assert turns([(40, SIT), (19, STAND), (60, SIT)]) == []


def test_unknown_words_are_passed_over():
    assert turns([(40, SIT), (30, UNKNOWN), (40, SIT)]) == []
    assert turns([(40, SIT), (10, STAND), (5, UNKNOWN), (40, STAND)]) == [12]


def test_going_back_is_a_turn_of_its_own():
    assert turns([(40, LIE), (40, SIT), (40, LIE)]) == [12, 20]


def test_a_restart_anywhere_finds_the_same_turns():
    words = [(33, LIE), (41, SIT), (7, STAND), (44, LIE), (60, STAND)]
    assert all(turns(words, cut=cut) == turns(words) for cut in range(1, 37))


def test_gravity_that_leans_by_more_than_thirty_degrees_in_fifteen_seconds_is_a_turn():
    upright, bent = [0.0, 0.0, 100_000.0], [0.0, 80_000.0, 60_000.0]
    rows = np.array([upright] * 5 + [bent] * 5 + [[np.nan] * 3] * 4 + [upright] * 2)
    seconds = np.repeat(rows[:, None], 5, axis=1)
    assert np.flatnonzero(Tilt(RULES).run(rows, seconds)).tolist() == [5, 6, 7]
    first, second = Tilt(RULES), Tilt(RULES)
    begun = first.run(rows[:6], seconds[:6])
    second.restore(first.state())
    assert np.flatnonzero(np.concatenate([begun, second.run(rows[6:], seconds[6:])])).tolist() == [5, 6, 7]


def test_who_rises_bends_for_a_second_and_that_is_a_turn_although_no_mean_of_five_seconds_leans():
    rows = np.tile([0.0, -100_000.0, 0.0], (12, 1))
    seconds = np.repeat(rows[:, None], 5, axis=1)
    seconds[6, 2] = [0.0, -80_000.0, -60_000.0]
    rows[6] += (seconds[6, 2] - rows[6]) / 5
    assert np.flatnonzero(Tilt(RULES).run(rows, np.repeat(rows[:, None], 5, axis=1))).tolist() == []
    assert np.flatnonzero(Tilt(RULES).run(rows, seconds)).tolist() == [6]


def test_a_hole_in_the_acceleration_is_no_turn():
    rows = np.tile([0.0, -100_000.0, 0.0], (12, 1))
    rows[4:9] = np.nan
    assert not Tilt(RULES).run(rows, np.repeat(rows[:, None], 5, axis=1)).any()


# ---------------------------------------------------------------- upright or lying at the chest


def leaning(*degrees: float) -> FloatArray:
    """Cosines of a trunk that leans by so much, one a grid point; NaN: not known."""
    return np.cos(np.radians(degrees))


def words(degrees: list[float], motion: list[int] | int = 30) -> list[Posture]:
    n = len(degrees)
    return [Posture(code) for code in Bearing(RULES).run(leaning(*degrees), np.broadcast_to(motion, n), STOPS[:n])[0].tolist()]


UP = Posture.UPRIGHT


def test_up_to_45_degrees_is_upright_beyond_60_lying_and_between_stays_what_it_was():
    assert words([0, 44, 46, 59, 61, 90, 59, 46, 44]) == [UP, UP, UP, UP, LIE, LIE, LIE, LIE, UP]
    assert words([180]) == [LIE]
    assert words([50, 50, 30, 50]) == [UNKNOWN, UNKNOWN, UP, UP]


def test_nothing_is_said_while_the_body_moves_and_after_a_hole_nothing_is_remembered():
    assert words([10, 10, 50, 50], [30, 601, 601, 30]) == [UP, UNKNOWN, UNKNOWN, UP]
    assert words([10, np.nan, 50], [30, NOT_KNOWN, 30]) == [UP, UNKNOWN, UNKNOWN]


def test_lying_down_is_a_turn_once_it_has_held_for_twenty_seconds_and_bending_down_is_none():
    def settled(*degrees: float) -> list[int]:
        return np.flatnonzero(Bearing(RULES).run(leaning(*degrees), np.full(len(degrees), 30), STOPS[: len(degrees)])[1]).tolist()

    assert settled(*[5] * 6, *[80] * 6) == [10]
    assert settled(*[5] * 6, *[80] * 3, *[5] * 6) == []
    assert settled(*[80] * 6) == []


def test_without_a_calibration_no_posture_is_guessed_and_a_new_one_holds_from_its_time_on():
    gravity = np.tile([0.0, -98_000.0, 5_000.0], (6, 1))
    assert np.isnan(upright_cosine(gravity, STOPS[:6], [])).all()
    told = [(int(STOPS[1]), (0, -100_000, 0)), (int(STOPS[3]), (0, 0, 100_000))]
    cosine = upright_cosine(gravity, STOPS[:6], told)
    assert np.isnan(cosine[:2]).all() and cosine[2:4] == pytest.approx([0.9987] * 2, abs=1e-4) and cosine[4:] == pytest.approx([0.051] * 2, abs=1e-3)
    with np.errstate(all="raise"):
        assert np.isnan(upright_cosine(np.zeros((1, 3)), STOPS[5:6], told)).all()


def test_a_restart_anywhere_says_the_same_of_the_chest():
    rng = np.random.default_rng(2)
    cosine = leaning(*np.repeat(rng.choice([5, 50, 55, 80], 8), 5))
    cosine[[3, 17, 18]] = np.nan
    motion = np.where(rng.random(40) < 0.2, 900, 30)
    whole = Bearing(RULES).run(cosine, motion, STOPS)
    assert whole[1].any()
    for cut in range(1, 40):
        first, second = Bearing(RULES), Bearing(RULES)
        begun = first.run(cosine[:cut], motion[:cut], STOPS[:cut])
        second.restore(first.state())
        rest = second.run(cosine[cut:], motion[cut:], STOPS[cut:])
        assert all(np.array_equal(np.concatenate([a, b]), c) for a, b, c in zip(begun, rest, whole, strict=True))


def test_a_word_of_the_recording_holds_for_two_minutes():
    t = np.array([7, 20]) * SECOND_NS
    said = Words().run(t, np.array([LIE, UNKNOWN]), STOPS)
    assert said[0] == UNKNOWN and set(said[1:25].tolist()) == {LIE} and set(said[25:].tolist()) == {UNKNOWN}
    first, second = Words(), Words()
    begun = first.run(t, np.array([LIE, UNKNOWN]), STOPS[:9])
    second.restore(list(first.state()))
    assert np.array_equal(np.concatenate([begun, second.run(t[:0], t[:0], STOPS[9:])]), said)
