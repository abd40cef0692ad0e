"""How often by chance? Surrogates that are this person's own, counted by the machine's rules, and thresholds that move slowly."""

from dataclasses import replace

import numpy as np
import pytest
from wearers import USUAL

from processing.chance import Draws, QuietDay, calibrate, count, draw, driver_of, iaaft, quiet_days
from processing.usual import UTC_ONLY, Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import Gate, Grid

CONSTANTS = Constants()
NOON = 1_772_366_400 * SECOND_NS
FULL = replace(USUAL, still_h=40.0, s_level_u=3_000_000, s_phasic_u=3_000_000)


def wandering(n: int, *, seed: int = 1, memory: float = 0.97, sd: float = 3) -> np.ndarray:
    """A residual that forgets by `memory` a grid point."""
    rng = np.random.default_rng(seed)
    out = np.zeros(n)
    for k in range(1, n):
        out[k] = memory * out[k - 1] + rng.normal() * np.sqrt(1 - memory * memory)
    return np.round(out * sd, 3)


def quiet_day(e: np.ndarray, *, day: int = 1, gate: Gate = Gate.STILL, block: int = 3) -> QuietDay:
    n = len(e)
    return QuietDay(day, e, np.full(n, int(gate)), np.full(n, block), np.full(n, True))


def rows(e: np.ndarray, *, gate: np.ndarray | None = None) -> Grid:
    n = len(e)
    columns = {name: np.zeros(n, np.int64) for name in Grid.__slots__}
    columns |= {"stop_ns": NOON + np.arange(1, n + 1) * GRID_NS, "hr": np.rint((62 + e) * 1000).astype(np.int64), "hr_q": np.full(n, 9000)}
    columns |= {"motion_conf": np.full(n, 100), "gate": np.full(n, int(Gate.STILL)) if gate is None else gate}
    return Grid(**columns)


def test_a_surrogate_has_exactly_the_values_and_nearly_the_spectrum():
    e = wandering(4096) + 6 * (wandering(4096, seed=2) > 4)
    made = iaaft(e, 8, np.random.default_rng(5))
    assert all(np.array_equal(np.sort(one), np.sort(e).astype(np.float32)) for one in made)
    goal = np.abs(np.fft.rfft(e))
    for one in made:
        # Within 2 % of the power, frequency by frequency; and band by band within 10 %.
        assert np.sum((np.abs(np.fft.rfft(one)) - goal) ** 2) < 0.02 * np.sum(goal**2)
        for band in np.array_split(np.arange(1, len(goal)), 8):
            assert np.sum(np.abs(np.fft.rfft(one))[band] ** 2) == pytest.approx(np.sum(goal[band] ** 2), rel=0.1)
    assert not np.array_equal(made[0], made[1])


def test_the_same_seed_gives_the_same_draws():
    quiet = quiet_day(wandering(2000))
    one, two, other = (draw(quiet, 3, np.random.default_rng(seed), CONSTANTS) for seed in (9, 9, 10))
    assert np.array_equal(one.level, two.level) and np.array_equal(one.phasic, two.phasic) and not np.array_equal(one.level, other.level)


def test_quiet_days_are_still_and_light_stretches_of_ten_minutes_without_tags():
    # 1,800 quiet points: a length the Fourier transform likes, so that none is left out.
    n = 2200
    gate = np.full(n, int(Gate.STILL))
    gate[300:600], gate[700:1000], gate[1000:1100] = Gate.MOVING, Gate.LIGHT, Gate.MOVING
    given = rows(wandering(n), gate=gate)
    (day,) = quiet_days(given, FULL, UTC_ONLY, CONSTANTS)
    assert len(day) == n - 400 and day.block.tolist() == [3] * len(day)
    assert int((day.gate == Gate.LIGHT).sum()) == 300 and int(day.still.sum()) == len(day) - 300
    # A tag over the first 181 points leaves 119 before the walk: too short a stretch.
    tag = (int(given.stop_ns[0]), int(given.stop_ns[180]))
    assert len(quiet_days(given, FULL, UTC_ONLY, CONSTANTS, [tag])[0]) <= n - 700
    assert quiet_days(rows(np.zeros(0)), FULL, UTC_ONLY, CONSTANTS) == []


def test_one_weak_moment_does_not_end_a_quiet_quarter_of_an_hour():
    given = rows(wandering(200))
    weak = given.hr_q.copy()
    weak[100:111] = 1000
    assert len(quiet_days(replace(given, hr_q=weak), FULL, UTC_ONLY, CONSTANTS)[0]) >= 180
    weak[100:112] = 1000
    assert quiet_days(replace(given, hr_q=weak), FULL, UTC_ONLY, CONSTANTS) == []


def test_blocks_and_days_are_local():
    given = rows(wandering(720))
    (day,) = quiet_days(given, FULL, Offsets((0,), (5 * 3600,)), CONSTANTS)
    assert set(day.block.tolist()) == {4}
    assert len(quiet_days(given, FULL, Offsets((0,), (int(15.5 * 3600),)), CONSTANTS)) == 2


def test_a_rate_is_spikes_per_usable_hour_and_cells_lean_on_the_persons_own():
    series = np.zeros(7200, np.float32)
    series[[*range(1000, 1030), *range(4000, 4030)]] = 12
    quiet = replace(quiet_day(series), gate=np.repeat([int(Gate.STILL), int(Gate.LIGHT)], 3600))
    cells = count([Draws(quiet, np.stack([series, 0 * series]), np.stack([series, 0 * series]))], "level", 2.0, FULL, CONSTANTS)
    # Two spikes in one of two draws of ten hours.
    assert cells.rate() == pytest.approx(0.1) and cells.hours == {"still/3": 5.0, "light/3": 5.0}
    assert cells.shrunk(5.0) == {"light/3": pytest.approx((0.5 + 0.1 * 5) / 10), "still/3": pytest.approx((0.5 + 0.1 * 5) / 10)}
    assert count([], "level", 2.0, FULL, CONSTANTS).rate() == 0.0


def drawn(sd: float, *, hours: int = 14) -> list[Draws]:
    quiet = quiet_day(wandering(hours * 720, sd=sd))
    return [draw(quiet, 10, np.random.default_rng(3), CONSTANTS)]


@pytest.mark.parametrize(("sd", "before", "after"), [(9.0, 3.5, 3.75), (9.0, 4.0, 4.0), (0.5, 3.5, 3.25), (0.5, 1.75, 1.75)])
def test_a_threshold_moves_one_step_a_refit_towards_its_goal_and_stays_within_its_bounds(sd: float, before: float, after: float):
    earlier = replace(FULL, z_on={"level": 2.0, "phasic": before})
    found = calibrate(FULL, drawn(sd), has_movement=True, before=earlier, constants=CONSTANTS)
    assert found.z_on["phasic"] == after and found.prompt_on["phasic"] == after + 0.5
    # The level has a threshold of its own and moves by its own surrogates, one step as well.
    assert found.z_on["level"] == (2.25 if sd > 1 else 1.75)


def test_a_usual_that_is_not_in_use_yet_prints_no_chance():
    found = calibrate(replace(FULL, still_h=5.0), drawn(9.0), has_movement=True, before=None, constants=CONSTANTS)
    assert found.chance_all is None and found.chance == {}


def test_a_threshold_rests_where_one_step_lower_would_be_too_low():
    earlier = FULL
    for _ in range(20):
        later = calibrate(FULL, drawn(3.0), has_movement=True, before=earlier, constants=CONSTANTS)
        if later.z_on == earlier.z_on:
            break
        assert abs(later.z_on["phasic"] - earlier.z_on["phasic"]) == 0.25
        earlier = later
    assert later.z_on == earlier.z_on and later.chance_all is not None
    lower = count(drawn(3.0), "phasic", later.z_on["phasic"] - 0.25, FULL, CONSTANTS).rate()
    assert later.chance_all <= 6 / 14 < lower or later.z_on["phasic"] in (2.5, 5.0)


def test_before_twenty_still_hours_thresholds_stay_and_rates_are_still_printed():
    found = calibrate(replace(FULL, still_h=19.9), drawn(9.0), has_movement=True, before=None, constants=CONSTANTS)
    assert found.z_on == FULL.z_on and found.chance_all is not None and found.chance_all > 0 and set(found.chance) == {"still/3"}


def test_nothing_quiet_has_no_rate():
    found = calibrate(FULL, [], has_movement=True, before=None, constants=CONSTANTS)
    assert found.chance_all is None and found.chance == {} and found.z_on == FULL.z_on


def test_the_level_drives_without_movement_or_before_three_still_hours():
    assert driver_of(FULL, has_movement=True, constants=CONSTANTS) == "phasic"
    assert driver_of(FULL, has_movement=False, constants=CONSTANTS) == "level"
    assert driver_of(replace(FULL, still_h=2.99), has_movement=True, constants=CONSTANTS) == "level"
