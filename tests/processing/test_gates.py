"""One word a grid point: every word, every way into it and out of it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from wearers import USUAL

from processing.gates import GateInput, GateMachine, is_open, is_still
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS
from somalink.domain.types import UNKNOWN, Baseline, Gate, word

CONSTANTS = Constants()
NONE = "none"


def told(
    motion: list[int | str],
    *,
    a600: int = 100,
    hr: list[float] | float = 65.0,
    turned: set[int] | None = None,
    reset: set[int] | None = None,
    chest: bool = False,
) -> GateInput:
    """Grid points from movement in mg (`none`: unknown) and heart rate in bpm."""
    n = len(motion)
    points = np.arange(n)
    rate = np.full(n, hr) if isinstance(hr, float) else np.array(hr)
    mbpm = np.where(np.isnan(rate), UNKNOWN, np.nan_to_num(rate) * 1000).astype(np.int64)
    fixed = np.array([UNKNOWN if m == NONE else int(m) * 10 for m in motion])
    return GateInput(
        points * GRID_NS, fixed, np.full(n, a600), np.isin(points, list(reset or ())), np.isin(points, list(turned or ())), mbpm, mbpm, np.full(n, chest)
    )


def words(given: GateInput, *, usual: Baseline | None = USUAL, has_movement: bool = True, cut: int | None = None) -> list[str]:
    machine = GateMachine(CONSTANTS.motion, CONSTANTS.cardiac, has_movement=has_movement)
    if cut is None:
        return [word(Gate(code)) for code in machine.run(given, usual).tolist()]
    early, late = (GateInput(*(getattr(given, name)[part] for name in GateInput.__slots__)) for part in (slice(None, cut), slice(cut, None)))
    first = machine.run(early, usual)
    again = GateMachine(CONSTANTS.motion, CONSTANTS.cardiac, has_movement=has_movement)
    again.restore(machine.state())
    return [word(Gate(code)) for code in np.concatenate([first, again.run(late, usual)]).tolist()]


def runs(said: list[str]) -> list[tuple[str, int]]:
    """Words and how many points each held."""
    edges = [0, *(k for k in range(1, len(said)) if said[k] != said[k - 1]), len(said)]
    return [(said[a], b - a) for a, b in pairwise(edges)]


@pytest.mark.parametrize(("mg", "expected"), [(0, "still"), (14, "still"), (15, "light"), (59, "light"), (60, "moving"), (300, "moving")])
def test_a_minute_of_movement_has_its_word(mg: int, expected: str):
    assert words(told([mg] * 30))[12:] == [expected] * 18


def test_a_body_that_was_busier_than_usual_for_ten_minutes_is_light_even_when_it_rests():
    assert USUAL.p60_a600 is not None
    assert words(told([0] * 20, a600=USUAL.p60_a600 + 1))[-1] == "light"
    assert words(told([0] * 20, a600=USUAL.p60_a600))[-1] == "still"
    assert words(told([0] * 20, a600=USUAL.p60_a600 + 1), usual=None)[-1] == "still"


def test_who_hardly_ever_moves_can_still_be_still():
    assert words(told([0] * 20, a600=0), usual=replace(USUAL, p60_a600=0))[-1] == "still"


def test_less_than_half_a_minute_of_known_movement_is_unknown():
    assert runs(words(told([0] * 30))) == [("unknown", 5), ("still", 25)]


def test_a_hole_is_unknown_once_too_little_of_the_minute_is_known_and_after_a_reset_for_three_minutes():
    said = words(told([0] * 20 + [NONE] * 20 + [0] * 60, reset={40}))
    assert runs(said) == [("unknown", 5), ("still", 21), ("unknown", 50), ("still", 24)]
    assert said[75] == "unknown" and said[76] == "still"


def test_three_minutes_of_moving_owe_ten_minutes_of_recovery_and_less_owe_none():
    enough = runs(words(told([0] * 20 + [100] * 42 + [0] * 300)))
    assert [name for name, _ in enough] == ["unknown", "still", "light", "moving", "recovery", "still"]
    assert dict(enough)["moving"] >= 36
    assert dict(enough)["recovery"] == 10 * 60 // 5 - 1
    short = runs(words(told([0] * 20 + [100] * 36 + [0] * 300)))
    assert "recovery" not in dict(short)


def test_a_break_of_half_a_minute_does_not_forget_the_walk_and_a_longer_one_does():
    def walk(pause: int) -> list[str]:
        # The minute's mean dips below 60 mg for exactly `pause` points.
        machine_sees = [200] * 30 + [0] * (7 + pause) + [200] * 30 + [0] * 30
        return words(told(machine_sees))

    def broken(said: list[str]) -> int:
        first, last = said.index("moving"), len(said) - 1 - said[::-1].index("moving")
        return sum(name != "moving" for name in said[first:last])

    kept = next(said for pause in range(30) if broken(said := walk(pause)) == 6)
    lost = next(said for pause in range(30) if broken(said := walk(pause)) == 7)
    assert "recovery" in kept and "recovery" not in lost


def test_recovery_lasts_while_the_body_is_busier_than_usual_or_the_heart_still_falls_but_an_hour_at_most():
    assert USUAL.p60_a600 is not None
    walk = [200] * 50
    busy = runs(words(told(walk + [0] * 900, a600=USUAL.p60_a600 + 1)))
    assert ("recovery", 60 * 12 - 1) in busy and busy[-1][0] == "light"
    # 1.2 bpm a minute downwards for 20 minutes, then level.
    falling = [90.0] * 50 + [max(110 - 0.1 * k, 86.0) for k in range(900)]
    sinking = dict(runs(words(told(walk + [0] * 900, hr=falling))))
    assert 200 < sinking["recovery"] < 60 * 12 - 1


def test_recovery_does_not_end_while_the_heart_cannot_be_seen():
    blind = [90.0] * 50 + [float("nan")] * 900
    assert dict(runs(words(told([200] * 50 + [0] * 900, hr=blind))))["recovery"] == 60 * 12 - 1


def test_a_hole_within_recovery_keeps_its_floor():
    said = words(told([200] * 50 + [0] * 10 + [NONE] * 150 + [0] * 200, reset={210}))
    floor = said[said.index("recovery") : said.index("recovery") + 115]
    assert set(floor) == {"recovery"}
    assert said[180] == "unknown" and said[-1] == "still"


def test_a_turn_of_the_body_shuts_the_gate_for_ninety_seconds():
    assert runs(words(told([0] * 60, turned={20})))[1:] == [("still", 15), ("posture", 18), ("still", 22)]


def test_without_movement_a_heart_beyond_a_quarter_of_its_reserve_is_moving_and_then_recovers():
    # rest 55, so 55 + (190 - 55)/4 = 88.75.
    rate = [70.0] * 20 + [88.7] * 10 + [88.8] * 40 + [70.0] * 200
    said = runs(words(told([NONE] * 270, hr=rate), has_movement=False))
    assert said == [("unknown", 30), ("moving", 40), ("recovery", 10 * 12 - 1), ("unknown", 270 - 30 - 40 - 119)]


def test_without_movement_a_jump_of_more_than_25_bpm_in_half_a_minute_is_moving():
    def last(step: float, over: int) -> str:
        ramp = [60.0] * 20 + [60 + step * (k + 1) / over for k in range(over)]
        return words(told([NONE] * len(ramp), hr=ramp), usual=None, has_movement=False)[-1]

    assert last(25.5, 5) == "moving" and last(24.5, 5) == "unknown" and last(25.5, 30) == "unknown"


def test_without_movement_unknown_counts_as_still_and_with_movement_it_does_not():
    gate = np.array([Gate.UNKNOWN, Gate.STILL, Gate.LIGHT])
    assert is_still(gate, np.full(3, 50)).tolist() == [True, True, False]
    assert is_still(gate, np.full(3, 100)).tolist() == [False, True, False]


def test_episodes_are_looked_for_in_still_light_and_unknown():
    assert [word(g) for g in Gate if is_open(np.array([g]))[0]] == ["unknown", "still", "light"]


@pytest.mark.parametrize("has_movement", [True, False])
def test_a_restart_anywhere_changes_no_word(has_movement: bool):
    rng = np.random.default_rng(8)
    motion: list[int | str] = [*rng.integers(0, 80, 60).tolist(), *[150] * 45, *[NONE] * 15, *[0] * 200]
    rate = [65 + 40 * (60 <= k < 105) + float(rng.normal()) for k in range(len(motion))]
    given = told(motion, hr=rate, turned={30, 150}, reset={120})
    whole = words(given, has_movement=has_movement)
    assert all(words(given, has_movement=has_movement, cut=cut) == whole for cut in range(1, len(motion), 13))


def test_a_chest_that_moves_a_little_while_the_heart_labours_is_moving_and_owes_recovery():
    # rest 55, so 55 + (190 - 55)/4 = 88.75.
    def ride(mg: int, bpm: float, *, chest: bool = True) -> dict[str, int]:
        return dict(runs(words(told([0] * 20 + [mg] * 60 + [0] * 200, hr=[65.0] * 20 + [bpm] * 60 + [65.0] * 200, chest=chest))[20:]))

    assert ride(26, 110)["moving"] > 50 and ride(26, 110)["recovery"] == 119
    assert "moving" not in ride(26, 88.7) and "moving" not in ride(26, 110, chest=False)
    # A chest that lies still is not riding, whatever the heart does: that is what the index is for.
    assert "moving" not in ride(10, 110)
