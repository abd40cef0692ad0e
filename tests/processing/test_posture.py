"""When the body turned: words that hold, words that flicker, and gravity."""

import numpy as np

from processing.posture import Tilt, Turns
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import Posture

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
