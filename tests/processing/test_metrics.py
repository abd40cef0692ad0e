"""What the level did around a tag, on drawn curves whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.metrics import KERNEL, event_metrics
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Event, EventMetrics, Gate, Grid, IntArray

CONSTANTS = Constants()
TAG = 1_772_366_400 * 10**9
MINUTES = np.arange(-180 * 12, 180 * 12 + 1) / 12
"""Grid stops of the drawn curves, in minutes from the tag."""


def tag(at_min: float = 0.0, *, certainty_s: int = 0, name: str = "tag", until_min: float | None = None, deleted: bool = False) -> Event:
    t_ns = TAG + round(at_min * MINUTE_NS)
    end = None if until_min is None else TAG + round(until_min * MINUTE_NS)
    return Event(name, "p", "conflict", t_ns, t_ns, t_ns, t_end_ns=end, certainty_s=certainty_s, deleted=deleted)


def grid(z: np.ndarray, *, gate: IntArray | int = Gate.STILL, quality: IntArray | int = 9000) -> Grid:
    """Grid rows with this level (NaN: not known) at MINUTES."""
    columns = {name: np.full(len(MINUTES), UNKNOWN, np.int64) for name in Grid.empty().arrays()}
    columns["stop_ns"] = TAG + np.arange(-180 * 12, 180 * 12 + 1, dtype=np.int64) * GRID_NS
    columns["z"] = np.where(np.isnan(z), UNKNOWN, np.rint(np.nan_to_num(z) * 1e4)).astype(np.int64)
    columns["gate"] = np.full(len(MINUTES), gate, np.int64) if isinstance(gate, int) else gate
    columns["hr_q"] = np.full(len(MINUTES), quality, np.int64) if isinstance(quality, int) else quality
    return Grid(**columns)


def plateau(height: float = 3.0, *, from_min: float = 0.0, to_min: float = 4.0, base: float = 0.5) -> np.ndarray:
    return np.where((from_min < MINUTES) & (to_min >= MINUTES), height, base)


def without(z: np.ndarray, from_min: float, to_min: float) -> np.ndarray:
    return np.where((from_min < MINUTES) & (to_min >= MINUTES), np.nan, z)


def settling(tau_min: float, *, top: float = 4.0) -> np.ndarray:
    """A jump at the tag that settles exponentially."""
    return np.where(MINUTES > 0, top * np.exp(-np.maximum(MINUTES, 0) / tau_min), 0.0)


def metrics(z: np.ndarray, *others: Event, event: Event | None = None, gate: IntArray | int = Gate.STILL, quality: IntArray | int = 9000) -> EventMetrics:
    return event_metrics(event or tag(), grid(z, gate=gate, quality=quality), others, CONSTANTS)


def test_a_drawn_plateau_is_measured_to_the_digit() -> None:
    drawn = EventMetrics("tag", dz10=1.0, peak_z=3.0, latency_s=5.0, t_half_s=4 * 60 - 5 + 30, t_half_censored=False, pre_z=0.5, slowing_z=0.5)
    assert replace(metrics(plateau()), slope=None, area=None) == drawn
    assert metrics(plateau()).area == 10.0  # 2.5 over the usual for 4 min


def test_the_slope_is_that_of_the_ten_minutes_after_the_peak() -> None:
    ramp = np.where(MINUTES > 0, np.clip(4.0 - 0.2 * MINUTES, 0, 4), 0.0)
    assert metrics(ramp).slope == pytest.approx(-0.2, abs=1e-3)
    assert metrics(without(ramp, 3, 60)).slope is None


def test_a_body_that_goes_quiet_has_a_low_minute_and_an_area_below_nothing() -> None:
    found = metrics(plateau(-2.0, to_min=3.0, base=0.0))
    assert found.slowing_z == -2.0
    assert found.area == -6.0


def test_what_follows_the_next_event_belongs_to_that_one() -> None:
    late = np.where((MINUTES > 8) & (MINUTES <= 30), 4.0, 0.0)
    assert metrics(late).area == 4 * 22
    assert metrics(late, tag(4, name="other")).area is None
    assert metrics(late, tag(20, name="other")).area == 4 * 12 / 20 * 30


def test_the_height_is_the_95th_percentile_so_that_one_wild_half_minute_is_no_peak() -> None:
    wild = plateau()
    wild[(MINUTES > 6) & (MINUTES <= 6.5)] = 9.0
    assert metrics(wild).peak_z == 3.0


def test_half_recovery_is_longer_where_the_body_settles_slower() -> None:
    halves = [metrics(settling(tau)).t_half_s for tau in (3, 6, 12, 24)]
    assert all(half is not None for half in halves)
    assert halves == sorted(set(halves))


def test_half_recovery_is_censored_by_an_hour_the_next_event_or_a_gap() -> None:
    stays = plateau(to_min=180)
    assert metrics(stays).t_half_s == 3600
    assert metrics(stays).t_half_censored
    next_event = metrics(stays, tag(12, name="next"))
    assert (next_event.t_half_s, next_event.t_half_censored) == (12 * 60 - 5, True)
    gap = metrics(without(stays, 20, 22))
    assert (gap.t_half_s, gap.t_half_censored) == (20 * 60 - 5, True)
    ended = metrics(without(stays, 30, 200))
    assert (ended.t_half_s, ended.t_half_censored) == (30 * 60 - 5, True)


def test_a_hole_of_ninety_seconds_is_looked_through() -> None:
    assert metrics(without(plateau(to_min=40), 20, 21.5)).t_half_s == 40 * 60 - 5 + 30


def test_without_a_rise_there_is_nothing_to_recover_from() -> None:
    flat = metrics(np.full(len(MINUTES), 0.5))
    assert (flat.dz10, flat.peak_z, flat.t_half_s, flat.t_half_censored) == (0.0, 0.5, None, None)


def test_another_event_before_does_not_pass_for_the_usual() -> None:
    z = plateau() + np.where((MINUTES > -12) & (MINUTES <= -5), 2.0, 0.0)
    assert metrics(z).dz10 == -1.0
    assert metrics(z, tag(-12, name="before", until_min=-8)).dz10 is None
    assert metrics(np.where(MINUTES <= -8.5, plateau(), z), tag(-8.5, name="before")).dz10 == 1.0
    assert metrics(z, tag(-12, name="before", deleted=True)) == metrics(z)


@pytest.mark.parametrize(("from_min", "to_min"), [(-15, -9), (-200, -9)])
def test_without_a_usual_before_it_a_rise_is_not_known_but_its_height_is(from_min: float, to_min: float) -> None:
    found = metrics(without(plateau(), from_min, to_min))
    assert (found.dz10, found.peak_z, found.t_half_s, found.t_half_censored) == (None, 3.0, None, None)


def test_where_the_response_is_mostly_missing_nothing_is_known() -> None:
    assert metrics(without(plateau(), 0, 6)) == EventMetrics("tag")
    assert metrics(np.full(len(MINUTES), np.nan)) == EventMetrics("tag")
    assert event_metrics(tag(), Grid.empty(), [], CONSTANTS) == EventMetrics("tag")
    assert event_metrics(tag(10_000), grid(plateau()), [], CONSTANTS) == EventMetrics("tag")


@pytest.mark.parametrize("shut", [Gate.MOVING, Gate.RECOVERY, Gate.POSTURE])
def test_points_behind_a_shut_gate_or_of_poor_quality_do_not_count(shut: Gate) -> None:
    loud = (MINUTES > 4) & (MINUTES <= 8)
    z = np.where(loud, 9.0, plateau(to_min=10))
    expected = metrics(np.where(loud, np.nan, z))
    assert metrics(z, gate=np.where(loud, shut, Gate.LIGHT)) == expected
    assert metrics(z, quality=np.where(loud, 5999, 6000)) == expected
    assert metrics(z, gate=Gate.UNKNOWN).peak_z == 9.0


def test_a_vague_tag_finds_a_peak_around_it_and_a_blurred_rise() -> None:
    early = plateau(from_min=-4, to_min=2)
    assert metrics(early, event=tag(certainty_s=0)).peak_z == 3.0
    found = metrics(early, event=tag(certainty_s=300))
    assert found.latency_s == -4 * 60 + 5
    sharp, blurred = metrics(plateau()).dz10, metrics(plateau(), event=tag(certainty_s=900)).dz10
    assert sharp is not None
    assert blurred is not None
    assert 0 < blurred < sharp


def test_the_usual_of_a_vague_tag_is_taken_from_before_its_search_began() -> None:
    early = metrics(plateau(from_min=-14, to_min=16), event=tag(certainty_s=900))
    assert (early.t_half_s, early.t_half_censored) == (30 * 60 - 5 + 30, False)


def test_the_peak_of_the_next_event_is_not_this_ones() -> None:
    two = np.where((MINUTES > 6) & (MINUTES <= 9), 5.0, plateau())
    assert metrics(two).peak_z == 5.0
    assert metrics(two, tag(6, name="next")).peak_z == 3.0


def test_half_way_back_is_to_the_usual_without_other_events() -> None:
    z = np.where((MINUTES > -11) & (MINUTES <= -5), 2.6, plateau(to_min=5))
    z = np.where((MINUTES > 5) & (MINUTES <= 8), 2.7, z)
    assert metrics(z).t_half_s == 5 * 60 - 5 + 40
    assert metrics(z, tag(-10, name="before")).t_half_s == 8 * 60 - 5 + 30


def test_a_tag_too_vague_for_a_peak_has_the_window_average_alone() -> None:
    found = metrics(plateau(), event=tag(certainty_s=2700))
    assert found.dz10 is not None
    assert found.peak_z is None
    assert found.t_half_s is None


def test_the_kernel_is_the_normal_one() -> None:
    assert [weight for _, weight in KERNEL] == [round(1000 * np.exp(-0.5 * (step / 4) ** 2)) for step, _ in KERNEL]


noise = st.integers(0, 2**32 - 1).map(lambda seed: np.round(np.random.default_rng(seed).normal(0, 1, len(MINUTES)), 4))
certainties = st.sampled_from([0, 60, 300, 900])


@settings(max_examples=25)
@given(noise, certainties, st.integers(1, 30_000))
def test_a_higher_response_is_a_higher_rise_by_as_much(z: np.ndarray, certainty_s: int, more: int) -> None:
    event = tag(certainty_s=certainty_s)
    lifted = metrics(np.where(-15 - certainty_s / 60 < MINUTES, z + more / 1e4, z), event=event)
    plain = metrics(z, event=event)
    assert lifted.peak_z == pytest.approx(plain.peak_z + more / 1e4, abs=1e-9)
    after_only = metrics(np.where(MINUTES > 0, z + more / 1e4, z)).dz10
    assert after_only == pytest.approx(metrics(z).dz10 + more / 1e4, abs=1.01e-4)


@settings(max_examples=25)
@given(noise, certainties, st.integers(-30_000, 30_000))
def test_a_shift_of_the_whole_level_moves_the_peak_and_no_rise_or_time(z: np.ndarray, certainty_s: int, by: int) -> None:
    event = tag(certainty_s=certainty_s)
    moved, plain = metrics(z + by / 1e4, event=event), metrics(z, event=event)
    assert (moved.latency_s, moved.t_half_s, moved.t_half_censored) == (plain.latency_s, plain.t_half_s, plain.t_half_censored)
    assert moved.dz10 == pytest.approx(plain.dz10, abs=3e-4)


@settings(max_examples=25)
@given(noise, certainties, st.integers(0, 4000))
def test_what_lies_outside_the_windows_changes_nothing(z: np.ndarray, certainty_s: int, extra: int) -> None:
    event, reach = tag(certainty_s=certainty_s), 2 * certainty_s / 60
    assert metrics(np.where(-15 - reach >= MINUTES, z + extra, z), event=event) == metrics(z, event=event)
