"""A device's own clock: begun in 2019, a little fast or slow, and set when somebody sets it."""

import datetime

import pytest

from ingest.virtual.asking import UNSET_NS, SensorClock
from somalink.domain.time import SECOND_NS


def test_a_clock_that_nobody_set_shows_the_first_of_january_2019():
    since = datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC) - datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    assert SensorClock().at(0) == UNSET_NS == int(since.total_seconds()) * SECOND_NS


@pytest.mark.parametrize(("skew_ppm", "gained_ns"), [(0.0, 0), (100.0, 360_000_000), (-20.0, -72_000_000)])
def test_it_gains_or_loses_so_many_millionths(skew_ppm, gained_ns):
    hour_ns = 3600 * SECOND_NS
    assert SensorClock(skew_ppm).at(hour_ns) - UNSET_NS - hour_ns == gained_ns


def test_one_that_is_set_goes_on_from_there():
    clock = SensorClock(100.0)
    before = clock.at(SECOND_NS)
    clock.jump(-0.5)
    assert clock.at(SECOND_NS) == before - SECOND_NS // 2
    clock.jump(86_400.25)
    assert clock.at(SECOND_NS) == before + round(86_399.75 * SECOND_NS)
