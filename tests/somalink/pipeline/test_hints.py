"""What a wearer is told for a better signal: to moisten the strap when it dries, never while moving, and never an alarm."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.states import LinkState, State
from somalink.domain.catalogue import HR_REASONS
from somalink.domain.time import GRID_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Gate, Grid
from somalink.pipeline.hints import LOOK_NS, drying, hints, standing
from somalink.pipeline.links import LOW_PCT, LinkNow

NOW_NS = 1_772_438_400 * 10**9
WHOLE = LOOK_NS // GRID_NS
DRY, WET = 2000, 100


def grid(artefact: int | list[int], *, gate: Gate = Gate.STILL, points: int = WHOLE, until_ns: int = NOW_NS) -> Grid:
    """The newest points, with so many of their beats flagged (1e-4)."""
    table = {field.name: np.zeros(points, np.int64) for field in fields(Grid)}
    table["stop_ns"] = until_ns - GRID_NS * np.arange(points - 1, -1, -1)
    table["gate"] = np.full(points, int(gate))
    table["artefact"] = np.broadcast_to(np.asarray(artefact, np.int64), points).copy()
    return Grid(**table)


def joined(*parts: Grid) -> Grid:
    return Grid(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Grid)})


def link(state: State = State.STREAMING, *, battery: int | None = 87, since_ns: int = NOW_NS - 60 * MINUTE_NS) -> LinkNow:
    return LinkNow("polar-h10-1a2b3c4d", LinkState(state, since_ns), battery, None, {})


def said(now: LinkNow, seen: Grid) -> list[str]:
    return list(hints(now, seen))


# ---------------------------------------------------------------- drying


@pytest.mark.parametrize("gate", [Gate.STILL, Gate.LIGHT, Gate.UNKNOWN])
def test_beats_that_arrive_blurred_for_five_minutes_at_rest_are_dry_electrodes(gate):
    assert drying(grid(DRY, gate=gate))
    assert said(link(), grid(DRY, gate=gate)) == ["many heartbeats arrive blurred though you sit still: moisten the electrodes"]


def test_a_clean_signal_needs_nothing():
    assert not drying(grid(WET))
    assert said(link(), grid(WET)) == []


@given(st.lists(st.integers(0, 10_000), min_size=WHOLE, max_size=WHOLE))
def test_somebody_who_moves_is_never_told_to_moisten_the_strap(artefact):
    assert said(link(), grid(artefact, gate=Gate.MOVING)) == []


def test_a_few_minutes_of_rest_among_movement_are_too_few_to_judge():
    few = WHOLE // 2
    assert not drying(joined(grid(DRY, gate=Gate.MOVING, points=WHOLE - few, until_ns=NOW_NS - few * GRID_NS), grid(DRY, points=few)))


@pytest.mark.parametrize(("blurred", "dry"), [(0.74, False), (0.76, True)])
def test_most_of_the_points_have_to_be_blurred(blurred, dry):
    many = round(blurred * WHOLE)
    assert drying(grid([DRY] * many + [WET] * (WHOLE - many))) is dry


@pytest.mark.parametrize(("artefact", "dry"), [(999, False), (1000, True)])
def test_a_tenth_of_the_beats_is_many(artefact, dry):
    assert drying(grid(artefact)) is dry


def test_a_cough_or_a_turn_is_nothing():
    assert not drying(grid([WET] * (WHOLE - 6) + [10_000] * 6))


def test_what_was_more_than_five_minutes_ago_does_not_count():
    before = grid(DRY, points=10 * WHOLE, until_ns=NOW_NS - LOOK_NS)
    assert not drying(joined(before, grid(WET)))
    assert drying(joined(grid(WET, points=10 * WHOLE, until_ns=NOW_NS - LOOK_NS), grid(DRY)))


@pytest.mark.parametrize("points", [0, 1, WHOLE // 2])
def test_too_few_points_say_nothing(points):
    assert not drying(grid(DRY, points=points))


def test_points_of_which_nothing_is_known_say_nothing():
    assert not drying(grid(UNKNOWN))


def test_a_strap_put_on_today_is_not_told_that_it_was_dry_yesterday():
    yesterday = grid(DRY, until_ns=NOW_NS - 24 * 60 * MINUTE_NS)
    assert drying(yesterday)
    assert said(link(since_ns=NOW_NS), yesterday) == []


# ---------------------------------------------------------------- a rate that stands still


def rates(hr: int | list[int], *, reason: str = "hr_field", points: int = WHOLE, until_ns: int = NOW_NS) -> Grid:
    """The newest points of a watch: its heart rate in milli-bpm, and what it was made from."""
    seen = grid(0, points=points, until_ns=until_ns)
    return replace(seen, hr=np.broadcast_to(np.asarray(hr, np.int64), points).copy(), hr_reason=np.full(points, HR_REASONS.words.index(reason)))


def test_a_watch_whose_rate_stood_on_one_number_for_five_minutes_is_asked_after():
    assert standing(rates(62_000))
    [hint] = said(link(), rates(62_000))
    assert "one number for five minutes" in hint and "somalink devices" in hint


@given(st.integers(0, WHOLE - 1), st.sampled_from([-1000, 1000, 17]))
def test_a_rate_that_moved_once_is_alive(at, by):
    assert not standing(rates([62_000 + by * (k == at) for k in range(WHOLE)]))


@pytest.mark.parametrize("reason", ["rr", "fused", "rr_thin", "no_data"])
def test_a_rate_that_was_made_from_beats_is_never_called_stuck(reason):
    assert not standing(rates(62_000, reason=reason))


@pytest.mark.parametrize("points", [0, 1, WHOLE - 1])
def test_less_than_five_minutes_of_a_rate_say_nothing(points):
    assert not standing(rates(62_000, points=points))


def test_no_rate_is_not_a_rate_that_stands():
    assert not standing(rates(UNKNOWN))


def test_a_watch_put_on_today_is_not_asked_about_yesterday():
    assert said(link(since_ns=NOW_NS), rates(62_000, until_ns=NOW_NS - 24 * 60 * MINUTE_NS)) == []


# ---------------------------------------------------------------- skin, battery


@pytest.mark.parametrize("artefact", [WET, DRY])
def test_a_strap_that_feels_no_skin_is_to_be_moistened_and_pulled_tighter_once(artefact):
    assert said(link(State.NO_CONTACT), grid(artefact)) == ["moisten the electrodes and pull the strap a little tighter"]


@pytest.mark.parametrize("state", [state for state in State if state not in (State.STREAMING, State.NO_CONTACT)])
def test_a_strap_that_sends_nothing_is_not_called_dry(state):
    assert said(link(state), grid(DRY)) == []


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("battery", "low"), [(0, True), (LOW_PCT, True), (LOW_PCT + 1, False), (100, False), (None, False)])
def test_a_cell_that_is_nearly_empty_is_named_with_its_level_whatever_the_link_does(state, battery, low):
    found = [hint for hint in said(link(state, battery=battery), grid(WET)) if "coin cell" in hint]
    assert found == ([f"its battery is at {battery} %: a new coin cell soon"] if low else [])


def test_what_is_more_urgent_comes_first():
    assert [hint.split()[0] for hint in said(link(battery=5), grid(DRY))] == ["many", "its"]


@given(st.sampled_from(State), st.none() | st.integers(0, 100), st.sampled_from(Gate), st.integers(0, 10_000))
def test_a_hint_is_calm(state, battery, gate, artefact):
    for hint in said(link(state, battery=battery), grid(artefact, gate=gate)):
        assert "!" not in hint and not {"warning", "danger", "stress", "alarm", "bad"} & set(hint.lower().split())
