"""Which device speaks for the person when two are worn."""

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processing.lead import joined, lead, leading
from somalink.domain.time import GRID_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Episode, Grid

START = 1_772_366_400 * 10**9


def grid(quality: list[int], *, first_stop_ns: int = START - 11 * GRID_NS) -> Grid:
    """Grid rows with these qualities, 1e-4; twelve of them end at START."""
    n = len(quality)
    columns = {name: np.full(n, UNKNOWN, np.int64) for name in Grid.empty().arrays()}
    columns["stop_ns"] = first_stop_ns + np.arange(n, dtype=np.int64) * GRID_NS
    columns["hr_q"] = np.array(quality, dtype=np.int64)
    return Grid(**columns)


def first(grids: dict[str, Grid], tiers: dict[str, str]) -> str:
    return lead(np.array([START]), grids, tiers)[0]


def spike(start_ns: int, name: str) -> Episode:
    return Episode(name, "spike", "level", start_ns, None, start_ns, start_ns, 3.0, 2.0, 0.9, 0.5, "still", False, None)


def test_the_device_with_the_better_minute_before_leads_whatever_its_tier() -> None:
    assert first({"strap": grid([5000] * 12), "watch": grid([6000] * 12)}, {"strap": "A", "watch": "D"}) == "watch"


def test_equal_minutes_are_settled_by_tier_and_then_by_name() -> None:
    same = grid([8000] * 12)
    assert first({"a": same, "b": same}, {"a": "C", "b": "A"}) == "b"
    assert first({"b": same, "a": same}, {"a": "B", "b": "B"}) == "a"
    assert first({"a": same, "b": same}, {"b": "D"}) == "b"


def test_what_came_before_or_after_that_minute_does_not_count() -> None:
    good_elsewhere = grid([10_000, *[1000] * 12, 10_000], first_stop_ns=START - 12 * GRID_NS)
    assert first({"a": good_elsewhere, "b": grid([1001] * 12)}, {}) == "b"


def test_the_window_that_closes_at_the_start_counts() -> None:
    assert first({"a": grid([0] * 12), "b": grid([0] * 11 + [1])}, {}) == "b"


def test_missing_points_count_as_no_quality() -> None:
    assert first({"a": grid([UNKNOWN] * 6 + [9000] * 6), "b": grid([5000] * 12)}, {}) == "b"
    assert first({"a": grid([9000] * 6), "b": grid([5000] * 12)}, {}) == "b"


def test_an_episode_leads_only_if_its_own_device_does() -> None:
    grids = {"strap": grid([9000] * 12), "watch": grid([5000] * 12 + [9000] * 12)}
    later = START + MINUTE_NS
    episodes = {"watch": [spike(START, "w1"), spike(later, "w2")], "strap": [spike(START, "s1"), spike(later, "s2")]}
    assert leading(episodes, grids, {}) == {"s1", "w2"}


def test_a_rise_that_goes_on_over_a_handover_counts_once() -> None:
    grids = {"strap": grid([0] * 12 + [9000] * 24), "watch": grid([5000] * 36)}
    later = START + 2 * MINUTE_NS
    watch = replace(spike(START, "w"), stop_ns=later)
    for strap, counted in ((later, {"w"}), (later + GRID_NS, {"w", "s"})):
        both = {"strap": [spike(strap, "s")], "watch": [watch]}
        assert leading(both, grids, {}) == leading(dict(reversed(both.items())), grids, {}) == counted
    slower = replace(spike(later, "s"), kind="slowing")
    assert leading({"strap": [slower], "watch": [watch]}, grids, {}) == {"w", "s"}, "another kind of thing"


qualities = st.lists(st.one_of(st.just(UNKNOWN), st.integers(0, 10_000)), min_size=1, max_size=14)


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(qualities, st.sampled_from("ABCD")), min_size=1), st.randoms(use_true_random=False))
def test_the_order_in_which_devices_are_imported_never_matters(worn: dict[str, tuple[list[int], str]], shuffle: Random) -> None:
    names = list(worn)
    shuffle.shuffle(names)
    starts = START + np.arange(-2, 3, dtype=np.int64) * GRID_NS

    def leaders(order: list[str]) -> list[str]:
        return lead(starts, {name: grid(worn[name][0]) for name in order}, {name: worn[name][1] for name in order})

    assert leaders(names) == leaders(list(worn))


# ---------------------------------------------------------------- one line


def test_a_person_with_one_device_is_what_it_says() -> None:
    alone = grid([9000] * 4)
    told = joined({"strap": alone, "watch": Grid.empty()}, {"strap": "A"}, 0)
    assert np.array_equal(told.rows.stop_ns, alone.stop_ns)
    assert [(each.device, each.start_ns, each.stop_ns) for each in told.stretches()] == [("strap", START - 12 * GRID_NS, START - 8 * GRID_NS)]
    assert joined({}, {}, 0).stretches() == []


def test_a_strap_put_on_over_a_watch_speaks_once_its_minute_is_the_better_one() -> None:
    watch, strap = grid([5000] * 48, first_stop_ns=START), grid([10_000] * 24, first_stop_ns=START + 12 * GRID_NS)
    told = joined({"watch": watch, "strap": strap}, {"watch": "D", "strap": "A"}, START)
    assert [(each.device, (each.stop_ns - each.start_ns) // GRID_NS) for each in told.stretches()] == [("watch", 17), ("strap", 19), ("watch", 12)]
    assert len(told) == 48 and (np.diff(told.rows.stop_ns) == GRID_NS).all()


def test_who_fell_silent_is_followed_by_who_still_knows() -> None:
    silent = grid([10_000] * 12 + [UNKNOWN] * 24, first_stop_ns=START)
    watch = grid([6000] * 36, first_stop_ns=START)
    told = joined({"strap": silent, "watch": watch}, {"strap": "A", "watch": "D"}, START)
    assert [(each.device, (each.stop_ns - each.start_ns) // GRID_NS) for each in told.stretches()] == [("strap", 16), ("watch", 20)]


def test_the_first_points_know_the_minute_before_them() -> None:
    strap, watch = grid([10_000] * 6 + [0] * 18, first_stop_ns=START), grid([4000] * 24, first_stop_ns=START)
    whole = joined({"strap": strap, "watch": watch}, {}, START)
    part = joined({"strap": strap, "watch": watch}, {}, START + 8 * GRID_NS)
    assert part.speaker(START + 8 * GRID_NS) == whole.speaker(START + 8 * GRID_NS) == "strap"
    assert part.speaker(START) == ""
    assert np.array_equal(part.rows.hr_q, whole.rows.hr_q[8:])


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(qualities, st.sampled_from("ABCD"), st.integers(-6, 6)), min_size=1), st.randoms(use_true_random=False)
)
def test_the_line_has_every_moment_once_whatever_was_imported_first(worn: dict[str, tuple[list[int], str, int]], shuffle: Random) -> None:
    names = list(worn)
    shuffle.shuffle(names)
    grids = {name: grid(quality, first_stop_ns=START + late * GRID_NS) for name, (quality, _, late) in worn.items()}
    tiers = {name: tier for name, (_, tier, _) in worn.items()}
    told, again = joined(grids, tiers, 0), joined({name: grids[name] for name in names}, {name: tiers[name] for name in names}, 0)
    assert told.rows.stop_ns.tolist() == sorted({stop for each in grids.values() for stop in each.stop_ns.tolist()})
    assert told.stretches() == again.stretches()
    assert [told.speaker(stop) for stop in told.rows.stop_ns.tolist()] == lead(told.rows.stop_ns, grids, tiers)
    for name, stop, quality in zip((told.devices[k] for k in told.of.tolist()), told.rows.stop_ns.tolist(), told.rows.hr_q.tolist(), strict=True):
        assert quality == int(grids[name].hr_q[np.searchsorted(grids[name].stop_ns, stop)])
