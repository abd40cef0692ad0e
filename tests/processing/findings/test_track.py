"""Weeks of one device as narrow columns: nothing is made up between rows, and nothing is read that may not be."""

import numpy as np
import pytest

from processing.findings.track import BLOCK, BLOCK_NS, UNWORN, Track, rows_of, unworn
from processing.metrics import readable_in
from somalink.domain.catalogue import HRV_REASONS
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Gate, Grid

CONSTANTS = Constants()
DAY = 20_500
T0 = DAY * BLOCK_NS


def grid(first_ns: int, count: int, **columns: object) -> Grid:
    """Rows of a still, well-known half SD; any column otherwise."""
    plain = {name: np.full(count, UNKNOWN, np.int64) for name in Grid.empty().arrays()}
    plain |= {"stop_ns": first_ns + np.arange(count, dtype=np.int64) * GRID_NS}
    usual = {"z": 5000, "gate": Gate.STILL, "hr_q": 9000, "hr": 65_000, "motion": 30, "maturity": 100, "motion_conf": 100, "baseline": 3}
    said = {**usual, **columns}
    return Grid(**{**plain, **{name: np.broadcast_to(np.asarray(value, np.int64), count).copy() for name, value in said.items()}})


def track(*parts: Grid, days: int = 1) -> Track:
    whole = Grid.concat(parts)
    return Track.of("strap", [(DAY + k, rows_of(whole, T0 + k * BLOCK_NS, BLOCK, CONSTANTS, least_c=0.6)) for k in range(days)])


def test_a_point_without_a_row_is_not_worn() -> None:
    found = track(grid(T0 + HOUR_NS, 100)).rows
    assert found.worn.sum() == found.usable.sum() == 100
    assert (found.gate[: HOUR_NS // GRID_NS] == UNWORN).all()


def test_the_engines_empty_rows_of_a_night_are_not_worn_either() -> None:
    assert not track(grid(T0, 100, hr=UNKNOWN, hr_q=0, z=UNKNOWN, gate=Gate.UNKNOWN)).rows.worn.any()


@pytest.mark.parametrize("spoilt", [{"gate": Gate.MOVING}, {"gate": Gate.POSTURE}, {"hr_q": 5999}, {"z": UNKNOWN}], ids=str)
def test_what_may_not_be_read_is_worn_and_not_usable(spoilt: dict[str, int]) -> None:
    rows = track(grid(T0, 10, **spoilt)).rows
    assert rows.worn.sum() == 10
    assert not rows.usable.any()


def test_it_tells_the_level_as_the_grid_itself_does() -> None:
    wild = np.random.default_rng(1)
    rows = grid(T0 + HOUR_NS, 2000, z=wild.integers(-30_000, 30_000, 2000), hr_q=wild.integers(4000, 10_000, 2000), gate=wild.integers(0, 6, 2000))
    span = (T0 + HOUR_NS - 40 * GRID_NS, T0 + 2 * HOUR_NS)
    np.testing.assert_array_equal(track(rows).readable(*span), readable_in(rows, CONSTANTS)(*span))


def test_asked_beyond_its_ends_it_knows_nothing_there() -> None:
    found = track(grid(T0, 12)).readable(T0 - MINUTE_NS, T0 + BLOCK_NS + MINUTE_NS)
    assert (found != UNKNOWN).sum() == 12
    assert not len(Track.of("strap", []).rows)


def test_a_day_between_two_days_is_there_and_empty() -> None:
    whole = Track.of("strap", [(DAY, rows_of(grid(T0, 5), T0, BLOCK, CONSTANTS, least_c=0.6)), (DAY + 2, unworn(BLOCK))])
    assert len(whole.rows) == 3 * BLOCK
    assert whole.rows.worn.sum() == 5


def test_between_takes_the_points_that_speak_of_the_span() -> None:
    found = track(grid(T0, BLOCK)).between(T0 + HOUR_NS, T0 + HOUR_NS + MINUTE_NS)
    assert len(found) == 12


def test_graded_needs_quality_a_known_usual_and_movement() -> None:
    sure = track(grid(T0, 4)).rows.graded.sum()
    assert sure == 4
    for unsure in ({"maturity": 40}, {"motion_conf": 50}):
        assert not track(grid(T0, 4, **unsure)).rows.graded.any()


def test_a_limited_rhythm_is_worn_and_read_and_said() -> None:
    rows = track(grid(T0, 4, hrv_reason=[HRV_REASONS.code(word) for word in ("", "irregular", "no_variation", "artefacts")])).rows
    assert rows.limited[:4].tolist() == [False, True, True, False] and rows.usable.sum() == 4


def test_a_part_tells_the_same_within_itself_and_nothing_beyond() -> None:
    whole = track(grid(T0, BLOCK, z=np.arange(BLOCK)))
    part = whole.cut(T0 + HOUR_NS, T0 + 2 * HOUR_NS)
    assert len(part.rows) == HOUR_NS // GRID_NS
    inside = (T0 + HOUR_NS + GRID_NS, T0 + 2 * HOUR_NS)
    np.testing.assert_array_equal(part.readable(*inside), whole.readable(*inside))
    assert (part.readable(T0, T0 + HOUR_NS) == UNKNOWN).all()
    assert not len(whole.cut(T0 + 3 * BLOCK_NS, T0 + 4 * BLOCK_NS).rows)
