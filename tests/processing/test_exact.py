"""Sums whose last digit does not depend on how the data were cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.exact import group_sum, int_sum, mad_spread, mean_of, median, median2, prefix, quantise, running, unquantise
from somalink.domain.types import UNKNOWN

whole = st.lists(st.integers(-(10**9), 10**9), max_size=60).map(lambda values: np.array(values, np.int64))


@pytest.mark.parametrize("total", [int_sum, prefix, mean_of])
def test_a_float_is_refused_where_only_whole_numbers_add_up_exactly(total):
    with pytest.raises(TypeError, match="integers"):
        total(np.array([0.1, 0.2]))


@given(whole, st.data())
def test_a_window_of_running_sums_is_the_sum_of_the_window(values: np.ndarray, data: st.DataObject):
    i = data.draw(st.integers(0, len(values)))
    j = data.draw(st.integers(i, len(values)))
    assert prefix(values)[j] - prefix(values)[i] == sum(values[i:j].tolist())


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 20))
def test_running_counts_the_last_flags_and_nothing_before_the_first(flags: list[bool], length: int):
    assert running(np.array(flags), length).tolist() == [sum(flags[max(k - length + 1, 0) : k + 1]) for k in range(len(flags))]


@given(st.lists(st.lists(st.integers(-99, 99), min_size=1, max_size=5), min_size=1, max_size=8))
def test_groups_are_summed_one_by_one(groups: list[list[int]]):
    starts = np.cumsum([0] + [len(group) for group in groups[:-1]])
    assert group_sum(np.array([value for group in groups for value in group]), starts).tolist() == [sum(group) for group in groups]


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=30))
def test_twice_the_median_is_whole(values: list[int]):
    assert median2(values) == 2 * np.median(values) and median(np.array(values)) == np.median(values)


def test_fixed_point_rounds_half_to_even_and_keeps_not_known():
    fixed = quantise(np.array([0.125, 0.375, -0.125, np.nan, np.inf, 71.5]), 4)
    assert fixed.tolist() == [0, 2, 0, UNKNOWN, UNKNOWN, 286]
    assert np.isnan(unquantise(fixed, 4)).tolist() == [False, False, False, True, True, False]


def test_nothing_has_no_mean_no_median_and_no_spread():
    nothing = np.zeros(0, np.int64)
    assert int_sum(nothing) == 0 and prefix(nothing).tolist() == [0]
    assert np.isnan([mean_of(nothing), median(nothing), mad_spread(nothing.astype(float))]).all()


def test_one_wild_value_in_ten_leaves_the_spread_of_the_others():
    calm = np.random.default_rng(1).normal(0, 3, 2000)
    wild = np.concatenate([calm, np.full(200, 400.0)])
    assert mad_spread(calm) == pytest.approx(3, rel=0.06) and mad_spread(wild) == pytest.approx(3, rel=0.25)
