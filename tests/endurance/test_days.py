"""A real day and a week under a strap that is lost and found all the time: every beat accounted for, nothing that grows."""

import os
from pathlib import Path

import numpy as np
import pytest
from hours import Hours, wear_for

from ingest.virtual.feed import Heart, from_path, from_ticks

pytestmark = [pytest.mark.slow, pytest.mark.truth]

FULL = os.environ.get("SOMALINK_ENDURANCE") == "full"
DAY_H, WEEK_H = (24, 168) if FULL else (2, 3)
GROWTH_MIB_PER_DAY = 4.0
"""What would be a hundred and twenty in a month: a small computer has that, and more than this says that something is held."""

TAKEN_WITH_IT = 3
"""Beats that a link may take with it when it is lost: those of the notification that was on its way."""


@pytest.fixture(scope="module")
def heart(recording) -> Heart:
    """Two real days of intervals, one behind the other, their recorder's own holes closed: a heart that never pauses."""
    return from_ticks(np.concatenate([from_path(recording("mmash_polar_h7", person)).ticks for person in "12"]))


def until(heart: Heart, hours: float) -> Heart:
    return from_ticks(heart.ticks[: int(np.searchsorted(np.cumsum(heart.ticks), hours * 3600 * 1024)) + 60])


def test_of_a_real_day_with_faults_every_beat_is_in_the_store_or_in_a_gap(heart: Heart, tmp_path: Path, figures) -> None:
    day = wear_for(tmp_path, until(heart, DAY_H), DAY_H, per_hour=10)
    figures(account(day) + "\n" + growth(day))
    assert day.totals["beats_received"] == day.totals["beats_stored"] == len(day.held.at)
    assert 0 <= day.sent - len(day.held.at) <= TAKEN_WITH_IT * len(day.faults), "sent = received + what a link took with it"
    assert day.held.unaccounted == []
    assert day.held.idle == []
    assert day.held.gaps_s <= day.allowed_s


def test_in_a_week_of_wearing_nothing_grows(heart: Heart, tmp_path: Path, figures) -> None:
    week = wear_for(tmp_path, heart, WEEK_H, per_hour=4, seed=7, again=True)
    figures(account(week) + "\n" + growth(week))
    assert week.held.unaccounted == []
    assert max(week.handles) - min(week.handles) <= 1
    if FULL:
        half = len(week.memory_mib) // 2
        assert np.polyfit(np.arange(half), week.memory_mib[half : 2 * half], 1)[0] * 24 < GROWTH_MIB_PER_DAY


def account(day: Hours) -> str:
    held, error = day.held, np.abs(day.held.error_s)
    return (
        f"{day.hours:g} h, {len(day.faults)} faults: {len(held.at) + held.missing} beats = {len(held.at)} stored + {held.missing} lost; "
        f"lost in no gap {len(held.unaccounted)}; gaps with no loss {len(held.idle)}; sent {day.sent}\n"
        f"lost {held.lost_s:.1f} s, gaps {held.gaps_s:.1f} s (allowed {day.allowed_s:.1f}); "
        f"off a straight line by more than 0.1 s: {np.count_nonzero(error > 0.1)}, worst {held.worst_s:.3f} s"
    )


def growth(day: Hours) -> str:
    tenth = max(1, len(day.memory_mib) // 10)
    memory = ", ".join(f"{mib:.0f}" for mib in day.memory_mib[::tenth])
    return (
        f"memory, MiB, every {tenth} h: {memory}; file handles {min(day.handles)} to {max(day.handles)}; store {day.store_mib:.1f} MiB; "
        f"radio, record and engine take {day.cpu * 100:.2f} % of one core"
    )
