"""Matched moments: other days, that hour, the same state, nothing nearby; chosen by what can be read and measured as the tag was."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.findings.matching import Busy, Ground, Matcher, overlapping
from processing.findings.track import BLOCK, BLOCK_NS, Track, unworn
from processing.usual import Offsets
from somalink.domain.constants import STATISTICS, Constants
from somalink.domain.identity import digest
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, local_day
from somalink.domain.types import UNKNOWN, Control, Event, Gate

FIRST = 20_500
T0 = FIRST * BLOCK_NS
ROME = Offsets((0, T0 + 10 * DAY_NS), (3600, 7200))
"""The clocks go forward on the tenth day."""


def dice(event_id: str, day: int) -> np.random.Generator:
    return np.random.default_rng(int(digest(event_id, day), 16))


def life(days: int = 30, *, seed: int = 1) -> Track:
    """Every day worn from 06:00 to 20:00 UTC, still, the level a slow noise."""
    draw, parts = np.random.default_rng(seed), []
    for k in range(days):
        rows = unworn(BLOCK)
        here = slice(6 * HOUR_NS // GRID_NS, 20 * HOUR_NS // GRID_NS)
        n = here.stop - here.start
        rows.z[here] = np.rint(np.repeat(draw.normal(0, 1, n // 60), 60) * 1e4)
        rows.gate[here], rows.still[here], rows.motion[here], rows.hr[here] = Gate.STILL, True, 30, 65_000
        rows.usual[here] = 3
        parts.append((FIRST + k, rows))
    return Track.of("strap", parts)


def tag(day: float, *, name: str = "tag", kind: str = "conflict", certainty_s: int = 60) -> Event:
    t_ns = T0 + round(day * DAY_NS)
    return Event(name, "p", kind, t_ns, t_ns, t_ns, certainty_s=certainty_s)


def matcher(track: Track, events: Sequence[Event] = (), busy: Sequence[tuple[int, int]] = (), offsets: Offsets = ROME) -> Matcher:
    spans = [*((event.t_ns, event.t_end_ns or event.t_ns) for event in events), *busy]
    ordered = sorted(events, key=lambda event: event.t_ns)
    return Matcher([Ground(track)], Busy(spans, STATISTICS.apart_min * MINUTE_NS), ordered, 10 * MINUTE_NS, offsets, dice, Constants(), STATISTICS)


def clock(t_ns: int, offsets: Offsets = ROME) -> float:
    return (t_ns + offsets.one(t_ns) * 10**9) % DAY_NS / MINUTE_NS


TAG = tag(15.5)
LIFE = life()
CONTROLS = matcher(LIFE, [TAG]).controls(TAG)


def test_there_are_ten_each_of_another_day_within_four_weeks() -> None:
    days = [control.day for control in CONTROLS]
    assert len(CONTROLS) == len(set(days)) == 10
    own = local_day(TAG.t_ns, ROME.one(TAG.t_ns))
    assert all(0 < abs(day - own) <= 28 for day in days)
    assert [control.n for control in CONTROLS] == list(range(10))


def test_each_is_at_about_that_hour_by_the_clock_on_the_wall() -> None:
    early = tag(5.5)
    for event in (TAG, early):
        found = matcher(LIFE, [event]).controls(event)
        assert all(abs(clock(control.t_ns) - clock(event.t_ns)) <= 45 for control in found)
        assert {control.t_ns > T0 + 10 * DAY_NS for control in found} == {True, False}


def test_the_same_lot_is_drawn_again_and_another_event_draws_another() -> None:
    assert matcher(LIFE, [TAG]).controls(TAG) == CONTROLS
    other = replace(TAG, id="other")
    assert [c.t_ns for c in matcher(LIFE, [other]).controls(other)] != [c.t_ns for c in CONTROLS]


def test_one_more_day_changes_only_who_is_drawn_of_it() -> None:
    before, after = ({c.day: c.t_ns for c in matcher(life(days), [TAG]).controls(TAG)} for days in (20, 21))
    kept = before.keys() & after.keys()
    assert len(kept) >= len(before) - 1
    assert all(before[day] == after[day] for day in kept)


def test_nothing_was_said_done_or_asked_within_an_hour() -> None:
    busy = [(T0 + k * DAY_NS + 12 * HOUR_NS, T0 + k * DAY_NS + 13 * HOUR_NS) for k in range(0, 30, 2)]
    found = matcher(LIFE, [TAG], busy).controls(TAG)
    assert found
    assert all(not start - HOUR_NS <= control.t_ns <= stop + HOUR_NS for control in found for start, stop in busy)


def test_a_still_moment_is_not_matched_with_a_restless_one() -> None:
    restless = life()
    for k in range(15):
        here = slice(k * BLOCK, (k + 1) * BLOCK)
        restless.rows.gate[here], restless.rows.still[here], restless.rows.motion[here] = Gate.LIGHT, False, 300
    found = matcher(restless, [TAG]).controls(TAG)
    assert found
    assert all(control.still == 1.0 and control.motion_mg == 3.0 for control in found)
    assert all(control.t_ns >= T0 + 15 * DAY_NS - HOUR_NS for control in found)


def test_what_cannot_be_read_is_no_match_and_the_level_is_never_looked_at() -> None:
    holes = life()
    holes.rows.z[: 15 * BLOCK] = UNKNOWN
    assert all(control.t_ns >= T0 + 15 * DAY_NS for control in matcher(holes, [TAG]).controls(TAG))
    lifted = life()
    lifted.rows.z[lifted.rows.z != UNKNOWN] += 30_000
    assert [c.t_ns for c in matcher(lifted, [TAG]).controls(TAG)] == [c.t_ns for c in CONTROLS]


def test_where_days_are_few_a_day_gives_more_and_they_do_not_overlap() -> None:
    few, event = life(3), tag(1.5)
    found = matcher(few, [event]).controls(event)
    assert len(found) > 2
    for day in {control.day for control in found}:
        at = sorted(control.t_ns for control in found if control.day == day)
        assert all(later - earlier >= 10 * MINUTE_NS for earlier, later in pairwise(at))


def test_without_another_day_there_is_nothing_to_match() -> None:
    event = tag(0.5)
    assert matcher(life(1), [event]).controls(event) == []
    assert matcher(Track.of("strap", []), [event]).controls(event) == []


def test_a_matched_moment_is_measured_by_the_tags_own_operator() -> None:
    for control in CONTROLS[:3]:
        there = replace(TAG, t_ns=control.t_ns)
        again = matcher(LIFE, [TAG]).measured(there)
        assert (again.dz10, again.peak_z, again.area) == (control.dz10, control.peak_z, control.area)


def test_of_two_devices_the_one_that_knows_more_speaks_for_both() -> None:
    poor = Track("poor", LIFE.first_ns, LIFE.rows.cut(0, len(LIFE.rows)))
    thin = replace(poor, rows=replace(poor.rows, z=np.where(np.arange(len(poor.rows)) % 2, poor.rows.z, UNKNOWN).astype(np.int32)))
    both = replace(matcher(LIFE, [TAG]), grounds=[Ground(thin), Ground(LIFE)])
    assert {control.device for control in both.controls(TAG)} == {"strap"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 60)), max_size=20), st.integers(1, 30))
def test_free_means_no_span_within_the_distance(spans: list[tuple[int, int]], apart: int) -> None:
    told = Busy([(start, start + length) for start, length in spans], apart)
    moments = np.arange(0, 1100, 7)
    wanted = [all(not start - apart <= t <= start + length + apart for start, length in spans) for t in moments]
    assert told.free(moments).tolist() == wanted


class TestOverlapping:
    def test_two_of_a_kind_are_one_and_the_first_stands(self) -> None:
        assert overlapping([tag(1.0, name="a"), tag(1.0 + 5 / 1440, name="b")]) == {"b"}

    def test_of_two_kinds_neither_can_be_told_from_the_other(self) -> None:
        assert overlapping([tag(1.0, name="a"), tag(1.0 + 5 / 1440, name="b", kind="support")]) == {"a", "b"}

    def test_ten_minutes_apart_they_are_two(self) -> None:
        assert overlapping([tag(1.0, name="a"), replace(tag(1.0, name="b", kind="support"), t_ns=tag(1.0).t_ns + 10 * MINUTE_NS)]) == set()


@pytest.mark.parametrize("certainty_s", [300, 2700, 10_800])
def test_a_vague_tag_has_matched_moments_as_vague(certainty_s: int) -> None:
    event = tag(15.5, certainty_s=certainty_s)
    found: list[Control] = matcher(LIFE, [event]).controls(event)
    assert found
    assert all((control.peak_z is None) == (certainty_s > 900) for control in found)
