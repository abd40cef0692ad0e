"""Which device speaks for the person when two are worn."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processing.lead import lead, leading
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


qualities = st.lists(st.one_of(st.just(UNKNOWN), st.integers(0, 10_000)), min_size=1, max_size=14)


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(qualities, st.sampled_from("ABCD")), min_size=1), st.randoms(use_true_random=False))
def test_the_order_in_which_devices_are_imported_never_matters(worn: dict[str, tuple[list[int], str]], shuffle: Random) -> None:
    names = list(worn)
    shuffle.shuffle(names)
    starts = START + np.arange(-2, 3, dtype=np.int64) * GRID_NS

    def leaders(order: list[str]) -> list[str]:
        return lead(starts, {name: grid(worn[name][0]) for name in order}, {name: worn[name][1] for name in order})

    assert leaders(names) == leaders(list(worn))
