"""What a wearer might do for a better signal: a hint, never an episode and never an alarm.

Pure: from the state of a link and the newest FINAL grid points to words.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ingest.ble.states import MEANINGS, State
from somalink.domain.catalogue import HR_REASONS
from somalink.domain.time import GRID_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Gate, Grid
from somalink.pipeline.links import LinkNow

LOOK_NS = 5 * MINUTE_NS
"""Electrodes dry over minutes; a cough or a turn blurs a beat or two."""
BLURRED = 1000
"""A tenth of the beats flagged, in 1e-4: from a fifth on the signal is not used at all (contracts, section 5)."""
MOSTLY = 0.75
BY_FIELD = HR_REASONS.words.index("hr_field")


def drying(grid: Grid) -> bool:
    """Whether most of the last five minutes' points are blurred while the body was not moving: dry electrodes, not exercise.

    Fewer points than that, or none, say nothing.
    """
    newest = _newest(grid)
    at_rest = (newest.gate != int(Gate.MOVING)) & (newest.artefact != UNKNOWN)
    enough = MOSTLY * LOOK_NS / GRID_NS
    return bool(np.count_nonzero(at_rest) >= enough and np.count_nonzero(newest.artefact[at_rest] >= BLURRED) >= MOSTLY * np.count_nonzero(at_rest))


def standing(grid: Grid) -> bool:
    """Whether a heart rate that the device itself made has stood on one value for the last five minutes.

    The longest that 17 people's wrists stood on one whole number in 15.8 hours was 142 s, and somebody's day and night 92 s
    (tests/truth/test_standing_rates.py). Windows without a heart rate, or one from beats, say nothing.
    """
    newest = _newest(grid)
    whole = len(newest) >= LOOK_NS // GRID_NS
    return bool(whole and np.all(newest.hr_reason == BY_FIELD) and np.all(newest.hr == newest.hr[0]) and newest.hr[0] != UNKNOWN)


def _newest(grid: Grid) -> Grid:
    return grid.take(grid.stop_ns > (int(grid.stop_ns[-1]) - LOOK_NS if len(grid) else 0))


def _of_this_link(now: LinkNow, grid: Grid) -> bool:
    """Whether the newest point is one of this stretch of streaming: a strap put on today is not the dry one of yesterday."""
    return bool(len(grid)) and int(grid.stop_ns[-1]) > now.link.since_ns


def hints(now: LinkNow, grid: Grid) -> Iterator[str]:
    """What would help, most urgent first."""
    if now.link.state is State.NO_CONTACT:
        yield MEANINGS[State.NO_CONTACT].help
    elif now.link.state is State.STREAMING and _of_this_link(now, grid) and drying(grid):
        yield "many heartbeats arrive blurred though you sit still: moisten the electrodes"
    elif now.link.state is State.STREAMING and _of_this_link(now, grid) and standing(grid):
        yield "its heart rate has stood on one number for five minutes: does it sit snugly, and does it still broadcast? `somalink devices` says how"
    if now.battery_low:
        yield f"its battery is at {now.battery_pct} %: a new coin cell soon"
