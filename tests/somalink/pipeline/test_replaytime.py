"""The time of day on a page beside a recording that is lived again."""

import time

import pytest

from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.pipeline.replaytime import ReplayClock

T0 = 1_772_442_000 * SECOND_NS


@pytest.fixture
def wall(monkeypatch):
    """Moves the wall's clock on."""
    at = [1_000 * SECOND_NS]
    monkeypatch.setattr(time, "monotonic_ns", lambda: at[0])

    def later(seconds: float) -> None:
        at[0] += round(seconds * SECOND_NS)

    return later


def test_it_stands_at_the_beginning_until_something_is_lived(wall):
    clock = ReplayClock(60, T0)
    wall(100)
    assert clock.now_ns() == T0


def test_between_two_heartbeats_it_moves_as_fast_as_the_recording_is_lived(wall):
    clock = ReplayClock(60, T0)
    clock.reached(T0 + MINUTE_NS)
    wall(0.5)
    assert clock.now_ns() == T0 + MINUTE_NS + 30 * SECOND_NS
    clock.reached(T0 + 2 * MINUTE_NS)
    assert clock.now_ns() == T0 + 2 * MINUTE_NS


def test_it_never_goes_back(wall):
    clock = ReplayClock(60, T0)
    clock.reached(T0 + MINUTE_NS)
    wall(2)
    seen = clock.now_ns()
    clock.reached(T0 + 90 * SECOND_NS)
    assert clock.now_ns() >= seen


def test_a_gap_in_the_recording_is_jumped(wall):
    clock = ReplayClock(1, T0)
    clock.reached(T0)
    wall(1)
    clock.reached(T0 + 60 * MINUTE_NS)
    assert clock.now_ns() == T0 + 60 * MINUTE_NS
