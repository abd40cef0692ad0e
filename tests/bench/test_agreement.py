"""Values that are not the same quantity are found out, and what differs by definition is let through with its reason."""

import numpy as np
import pytest

from bench import agreement
from bench.asking import PYTHON
from bench.work import FEATURES
from processing.indices import features

RMSSD, PNN50, SD1 = (FEATURES.index(name) for name in ("HRV_RMSSD", "HRV_pNN50", "HRV_SD1"))


@pytest.fixture
def ours() -> np.ndarray:
    return np.random.default_rng(5).uniform(10, 50, (40, len(FEATURES)))


def test_the_eleven_are_those_of_the_program_in_its_order():
    assert FEATURES == features.FEATURES


def test_every_library_has_its_differences_written_down():
    assert set(agreement.EXPECTED) == set(PYTHON) - {"somalink"}
    assert all(may.why for may in (each for named in agreement.EXPECTED.values() for each in named.values()))


def test_rounding_is_no_difference(ours):
    theirs = ours * (1 + 1e-15)
    distance = agreement.apart(ours, theirs)
    assert not agreement.faults("neurokit", distance, 300)
    assert set(agreement.compared(distance)) == {"equal"}


@pytest.mark.parametrize(("feature", "by", "found"), [(RMSSD, 1.001, True), (PNN50, 1.01, False), (PNN50, 1.2, True)])
def test_another_quantity_is_found_out(ours, feature, by, found):
    theirs = ours.copy()
    theirs[:, feature] *= by
    said = agreement.faults("hrv_analysis", agreement.apart(ours, theirs), 300)
    assert bool(said) is found
    assert all(FEATURES[feature] in each for each in said)


def test_one_window_that_differs_is_enough_where_all_have_to_be_equal(ours):
    theirs = ours.copy()
    theirs[7, RMSSD] += 0.5
    assert agreement.faults("flirt", agreement.apart(ours, theirs), 60)


def test_a_feature_that_a_library_has_not_is_no_fault_and_one_that_it_lost_is(ours):
    theirs = ours.copy()
    theirs[:, SD1] = np.nan
    assert not agreement.faults("systole", agreement.apart(ours, theirs), 300)
    assert agreement.compared(agreement.apart(ours, theirs))[SD1] == "-"
    assert agreement.silent("hrv_analysis", theirs, ["HRV_SD1", "HRV_LF"]) == ["hrv_analysis: no HRV_SD1 in any window"]


def test_nothing_varied_for_either_is_equal():
    zero = np.zeros((3, len(FEATURES)))
    assert set(agreement.compared(agreement.apart(zero, zero))) == {"equal"}


def test_segments_are_counted_as_neurokit2_counts_them():
    """300 samples at 100 Hz make three segments, one or two more make three or two."""
    spans = [np.array([1024, 1024 * k // 100]) for k in (299, 300, 301, 302)]
    assert agreement.three_segments(spans).tolist() == [1.0, 1.0, 0.0, 1.0]
