"""A person's days as figures: hours as they were worn, days of 23 and 25 hours, the heart at rest, chance beside what was seen."""

import numpy as np
import pytest

from processing.findings.daily import day_start, days_of, overlay
from processing.findings.track import BLOCK, BLOCK_NS, Track, unworn
from processing.usual import UTC_ONLY, Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, local_day
from somalink.domain.types import UNKNOWN, Baseline, Gate

FIRST = 20_500
HOUR = HOUR_NS // GRID_NS
USUAL = Baseline(3, "personal", 0, (0,) * 8, ((0,) * 8,) * 8, 1, 1, 30.0, 7, None, None, chance_all=0.5)


def worn(*hours: tuple[float, float], hr: int = 65_000, gate: Gate = Gate.STILL, device: str = "strap") -> Track:
    """Worn within these hours from the first day's midnight (UTC), all of it usable unless the gate is closed."""
    days = int(max(stop for _, stop in hours) // 24) + 1
    parts = [(FIRST + k, unworn(BLOCK)) for k in range(days)]
    track = Track.of(device, parts)
    for start, stop in hours:
        here = slice(round(start * HOUR), round(stop * HOUR))
        track.rows.gate[here], track.rows.hr[here], track.rows.usual[here] = gate, hr, 3
        track.rows.still[here] = gate == Gate.STILL
        track.rows.z[here] = UNKNOWN if gate in (Gate.MOVING, Gate.RECOVERY, Gate.POSTURE) else 0
    return track


def days(track: Track, count: int = 2, offsets: Offsets = UTC_ONLY):
    return days_of(track, FIRST, FIRST + count - 1, offsets, {3: USUAL}, Constants())


def test_hours_are_those_of_local_days_that_begin_at_four() -> None:
    found = days(worn((3, 6), (27, 29)))
    assert found.worn_h.tolist() == pytest.approx([3.0, 1.0], abs=0.01)  # 04-06 and 27-28; before 04:00 it was yesterday


def test_moving_time_is_worn_and_not_usable() -> None:
    found = days(worn((10, 12), (14, 15), gate=Gate.MOVING))
    assert found.worn_h[0] == 3.0
    assert found.usable_h[0] == 0.0
    assert found.gates == (("moving", 3.0),)


def test_a_day_on_which_the_clock_goes_back_has_25_hours() -> None:
    back = Offsets((0, FIRST * DAY_NS + 25 * HOUR_NS), (7200, 3600))
    assert days(worn((0, 60)), 2, back).worn_h.tolist() == [25.0, 24.0]


def test_the_level_at_rest_is_around_what_those_hours_usually_are() -> None:
    calm, high = worn((8, 12), (32, 36)), worn((8, 12), (32, 36))
    high.rows.hr[30 * HOUR :] += 4000
    assert days(calm).still_hr.tolist() == [0.0, 0.0]
    low, up = days(high).still_hr
    assert up - low == pytest.approx(4.0)


def test_mornings_and_evenings_do_not_make_a_level() -> None:
    """The heart is 10 higher in the evening; worn in the morning one day and in the evening the next, nothing has changed."""
    track = worn((8, 10), (18, 20), (32, 34), (42, 44), (56, 58))
    for start in (18, 42):
        track.rows.hr[start * HOUR : (start + 2) * HOUR] += 10_000
    assert days(track, 3).still_hr.tolist() == [0.0, 0.0, 0.0]


def test_half_an_hour_of_stillness_makes_a_level_and_less_does_not() -> None:
    found = days(worn((8, 8.6), (32, 32.3)))
    assert np.isfinite(found.still_hr[0])
    assert np.isnan(found.still_hr[1])


def test_chance_is_told_over_the_usable_hours_whose_usual_is_known() -> None:
    track = worn((8, 12), (32, 34))
    track.rows.usual[30 * HOUR :] = -1
    found = days(track)
    assert found.chance[0] == pytest.approx(2.0)
    assert np.isnan(found.chance[1])
    assert found.chance_h.tolist() == [4.0, 0.0]


def test_a_person_with_nothing_has_days_with_nothing() -> None:
    found = days(Track.of("", []))
    assert found.worn_h.tolist() == [0.0, 0.0]
    assert np.isnan(found.still_hr).all()
    assert found.gates == ()


def test_two_devices_are_one_timeline_and_the_leading_one_is_shown_though_another_could_be_used() -> None:
    """The one that sees movement says moving; one that sees none would call it usable."""
    first, second = worn((8, 10), gate=Gate.MOVING, device="a"), worn((9, 12), device="b", hr=70_000)
    first.rows.led[:] = first.rows.worn
    second.rows.led[:] = second.rows.worn & ~first.rows.led
    both = overlay([second, first])
    found = days(both, 1)
    assert (found.worn_h[0], found.usable_h[0]) == (4.0, 2.0)
    assert len(first.rows) == BLOCK
    assert overlay([]).rows.worn.sum() == 0
    assert both.first_ns == FIRST * BLOCK_NS


@pytest.mark.parametrize("jump_h", [-17, -8, -1, 1, 2, 8, 17])
@pytest.mark.parametrize("at_h", [0, 2.5, 3.5, 4, 4.5, 12])
def test_days_follow_each_other_for_who_flies(jump_h: int, at_h: float) -> None:
    over = FIRST * DAY_NS + round(at_h * HOUR_NS)
    offsets = Offsets((0, over), (0, jump_h * 3600))
    starts = [day_start(day, offsets) for day in range(FIRST - 3, FIRST + 4)]
    assert starts == sorted(starts)
    for day, start in zip(range(FIRST - 3, FIRST + 4), starts, strict=True):
        assert local_day(start, offsets.one(start)) >= day
        assert local_day(start - 1, offsets.one(start - 1)) < day
