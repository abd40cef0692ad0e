"""The usual week: means of what could be used, by the clock of the wall, of the newest four weeks alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from lived import CONSTANTS, PERSON

from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, from_datetime
from somalink.domain.types import UNKNOWN, Gate, Grid, UtcOffset
from somalink.pipeline.replica.sets import SETS, Subject
from somalink.storage import LocalStore, RecordingRow

UNIT = Unit(PERSON, "strap", "r1", "B")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def rows(begin: datetime, minutes: float, level: float, **columns: int) -> Grid:
    n, first_ns = round(minutes * MINUTE_NS / GRID_NS), from_datetime(begin)
    table = {name: np.zeros(n, np.int64) for name in Grid.empty().arrays()}
    plain = {"z": round(level * 10_000), "hr": 65_000, "hr_q": 9_500, "gate": int(Gate.STILL), **columns}
    table |= {"stop_ns": first_ns + GRID_NS * np.arange(1, n + 1)} | {name: np.full(n, value) for name, value in plain.items()}
    return Grid(**table)


@pytest.fixture
def week(tmp_path):
    """`week(grid, ..., offset_s=0)`: what these rows come to, by weekday; and the store itself."""
    with LocalStore.open(tmp_path / "w.db") as store:

        def do(*grids: Grid, offset_s: int = 0, unit: Unit = UNIT):
            with store.transaction() as write:
                write.put_recording(unit, RecordingRow(int(grids[0].stop_ns[0]) - GRID_NS, analysis="a"))
                write.put_utc_offsets(unit, [UtcOffset(from_datetime(MONDAY) - 400 * 24 * HOUR_NS, offset_s)])
                for grid in grids:
                    write.put_grid(unit, "a", grid)
            subject = Subject.of(store, PERSON, CONSTANTS, "UTC")
            return {point.id: point for each in SETS if each.measurement == "week_profile" for point in each.points(subject)}

        yield do


def test_an_hour_is_the_mean_of_its_usable_time_over_the_weeks(week) -> None:
    mondays = [rows(MONDAY + timedelta(weeks=k, hours=9), 30, z) for k, z in enumerate((1.0, 2.0, 0.0))]
    told = week(*mondays)
    assert set(told) == {"1 Mon"}
    point = told["1 Mon"]
    assert point.fields["h09"] == pytest.approx(1.0) and point.fields["days"] == 3.0
    assert [name for name, value in point.fields.items() if value is not None] == ["h09", "days"]
    assert point.t_ns == from_datetime(MONDAY + timedelta(weeks=2, hours=4))


def test_under_ten_usable_minutes_nothing_is_said(week) -> None:
    told = week(rows(MONDAY + timedelta(hours=9), 9.9, 1.0), rows(MONDAY + timedelta(hours=11), 10, 1.0))
    assert (told["1 Mon"].fields["h09"], told["1 Mon"].fields["h11"]) == (None, 1.0)


@pytest.mark.parametrize("bad", [{"gate": int(Gate.MOVING)}, {"hr_q": 5_999}, {"z": UNKNOWN}])
def test_what_could_not_be_used_is_in_no_mean(week, bad) -> None:
    told = week(rows(MONDAY + timedelta(hours=9), 20, 1.0), rows(MONDAY + timedelta(hours=9, minutes=20), 40, 5.0, **bad))
    assert told["1 Mon"].fields["h09"] == pytest.approx(1.0)


def test_hours_and_weekdays_are_those_of_the_wearers_clock(week) -> None:
    told = week(rows(MONDAY + timedelta(hours=23), 60, 1.5), offset_s=2 * 3600)
    assert {id: [name for name, value in point.fields.items() if value is not None] for id, point in told.items()} == {"2 Tue": ["h01", "days"]}
    assert told["2 Tue"].t_ns == from_datetime(MONDAY + timedelta(hours=2))  # 04:00 there: the night is still Monday's


def test_what_is_older_than_four_weeks_has_passed(week) -> None:
    told = week(rows(MONDAY + timedelta(hours=9), 30, 4.0), rows(MONDAY + timedelta(weeks=4, hours=9), 30, 1.0))
    assert (told["1 Mon"].fields["h09"], told["1 Mon"].fields["days"]) == (pytest.approx(1.0), 1.0)


def test_a_night_without_a_strap_does_not_make_the_newest_day(week) -> None:
    worn = rows(MONDAY + timedelta(hours=9), 30, 1.0)
    empty = replace(rows(MONDAY + timedelta(hours=10), 60 * 30, 0.0), **{name: np.full(12 * 60 * 30, UNKNOWN) for name in ("hr", "z")})
    assert week(worn, empty)["1 Mon"].t_ns == from_datetime(MONDAY + timedelta(hours=4))


def test_of_two_devices_each_instant_counts_once_and_the_better_is_heard(week) -> None:
    week(rows(MONDAY + timedelta(hours=9), 60, 3.0), unit=Unit(PERSON, "watch", "r2", "D"))
    assert week(rows(MONDAY + timedelta(hours=9), 30, 1.0))["1 Mon"].fields["h09"] == pytest.approx(2.0)


def test_every_point_adds_up_exactly(week) -> None:
    grid = rows(MONDAY + timedelta(hours=9), 60, 0.0)
    z = np.random.default_rng(1).integers(-40_000, 40_000, len(grid))
    assert week(replace(grid, z=z))["1 Mon"].fields["h09"] == sum(z.tolist()) / len(z) / 10_000
