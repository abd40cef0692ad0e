"""Beats that are doubtful for minutes are looked at: seldom, and only where there are beats to doubt."""

import asyncio

import numpy as np
from fast_loop import run_fast
from hypothesis import given
from hypothesis import strategies as st

from somalink.domain.time import GRID_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Grid
from somalink.pipeline.doubt import Doubt, look_when_in_doubt
from somalink.pipeline.hub import Final, Hub, Looked

START_NS = 1_772_352_000_000_000_000
GOOD, BAD, FLAGGED, NOTHING = (72_000, 9_500, 0), (72_000, 4_000, 0), (72_000, 9_000, 2_000), (UNKNOWN, 0, 0)


def rows(*stretches):
    """Grid rows of so many minutes each of (heart rate, quality, artefact)."""
    points = [point for minutes, point in stretches for _ in range(round(minutes * 12))]
    columns = {name: np.zeros(len(points), np.int64) for name in Grid.__slots__}
    columns["stop_ns"] = START_NS + GRID_NS * np.arange(1, len(points) + 1)
    columns["hr"], columns["hr_q"], columns["artefact"] = (np.array(column, np.int64) for column in zip(*points, strict=True))
    return Grid(**columns)


def looks(grid):
    """Minutes at which it is time to look."""
    doubt = Doubt()
    return [round((stop - START_NS) / MINUTE_NS, 2) for k, stop in enumerate(grid.stop_ns.tolist()) if doubt.add(grid.take(slice(k, k + 1)))]


def test_two_doubtful_minutes_are_looked_at_once_and_again_an_hour_later():
    assert looks(rows((5, GOOD), (70, BAD))) == [7.0, 67.0]


def test_flagged_beats_are_doubtful_though_the_rate_may_be_good():
    assert looks(rows((5, GOOD), (3, FLAGGED))) == [7.0]


def test_a_strap_that_is_off_is_no_doubt_and_neither_is_a_minute_now_and_then():
    assert looks(rows((5, GOOD), (30, NOTHING), (1.5, BAD), (1, GOOD), (1.5, FLAGGED), (10, NOTHING))) == []


@given(st.integers(1, 200))
def test_it_does_not_matter_in_what_portions_rows_come(size):
    grid = rows((1, GOOD), (15, BAD), (2, GOOD), (3, FLAGGED))
    doubt = Doubt()
    due = sum(doubt.add(grid.take(slice(k, k + size))) for k in range(0, len(grid), size))
    assert due == len(looks(grid)) == 1


def test_the_strap_of_the_doubtful_beats_is_asked_and_what_came_of_it_is_told():
    async def scene():
        hub, asked = Hub(), []

        async def look(seconds):
            asked.append(seconds)
            return "invalid_mtu"

        told = hub.subscribe()
        looking = asyncio.ensure_future(look_when_in_doubt(hub, "ada", "h10", look, 30.0))
        await asyncio.sleep(0)
        hub.publish(Final("ada", "watch", rows((5, BAD))))
        hub.publish(Final("ada", "h10", rows((5, BAD))))
        await asyncio.sleep(1)
        hub.close()
        await looking
        assert asked == [30.0]
        assert [each async for each in told if isinstance(each, Looked)] == [Looked("ada", "h10", 30.0, "invalid_mtu")]

    run_fast(scene())
