"""Tagged moments against matched moments: figures that scipy agrees with, and nothing said that chance would say."""

import numpy as np
import pytest

from processing.findings.compare import Comparison, Stratum, compare, hodges_lehmann


def test_no_moments_say_nothing():
    assert compare([], np.random.default_rng(1)) == Comparison(0, 0)


def test_a_moment_without_matched_moments_is_no_stratum():
    with pytest.raises(ValueError, match="matched moment"):
        Stratum(1.0, (), (), 0)


def test_five_differences_have_the_bounds_of_the_printed_table():
    assert hodges_lehmann(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.9) == (3.0, 1.0, 5.0)
