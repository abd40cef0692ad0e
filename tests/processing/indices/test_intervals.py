"""NN intervals: NeuroKit2's numbers to the last digits where nothing is masked, plain arithmetic where something is."""

import numpy as np
import pytest
from hearts import START_NS, by_neurokit, day, held, settled
from hypothesis import given
from hypothesis import strategies as st

from processing.indices.intervals import Intervals, TimeDomain, extreme, ln_ms
from processing.windows import Settled
from somalink.domain.time import SECOND_NS


def of(beats: Settled) -> TimeDomain:
    return Intervals(beats).time_domain(np.array([0]), np.array([len(beats)]))


@pytest.mark.parametrize(("seed", "window_s"), [(1, 300), (2, 300), (3, 60), (4, 120)])
def test_an_unbroken_window_is_neurokits_to_the_last_digits(seed: int, window_s: int) -> None:
    beats = held(settled(day(0.3, seed)), START_NS + 700 * SECOND_NS, window_s)
    found, (theirs, _) = of(beats), by_neurokit(beats)
    assert found.nn[0] == len(beats) and found.pairs[0] == len(beats) - 1
    pairs = {"MeanNN": found.mean_nn, "SDNN": found.sdnn, "RMSSD": found.rmssd, "pNN50": found.pnn50}
    for name, ours in pairs.items():
        assert ours[0] == pytest.approx(theirs["HRV_" + name], rel=1e-12), name
    assert found.sd1[0] == pytest.approx(theirs["HRV_SDSD"] / np.sqrt(2), rel=1e-12)


@pytest.mark.slow
def test_the_poincare_axes_are_neurokits() -> None:
    import neurokit2

    beats = held(settled(day(0.2)), START_NS + 600 * SECOND_NS, 200)
    theirs = neurokit2.hrv_nonlinear({"RRI": beats.rr_ticks / 1.024, "RRI_Time": np.cumsum(beats.rr_ticks) / 1024}).iloc[0]
    assert of(beats).sd1[0] == pytest.approx(theirs["HRV_SD1"], rel=1e-12)
    assert of(beats).sd2[0] == pytest.approx(theirs["HRV_SD2"], rel=1e-12)


def test_a_flagged_beat_and_a_new_segment_take_their_pairs_with_them() -> None:
    ticks = day(0.1)[:200]
    ticks[60] = 400
    flagged = np.arange(200) == 60
    found = of(settled(ticks, flagged=flagged, segment=(np.arange(200) >= 120).astype(np.int64)))
    ms, touched = ticks * 1000 / 1024, {59, 60, 119}
    x, y = (np.array([ms[k + late] for k in range(199) if k not in touched]) for late in (0, 1))
    kept = np.delete(ms, 60)
    assert (found.nn[0], found.pairs[0]) == (199, 196)
    by_hand = {
        "mean_nn": np.mean(kept),
        "sdnn": np.std(kept, ddof=1),
        "rmssd": np.sqrt(np.mean((y - x) ** 2)),
        "pnn50": 100 * np.count_nonzero(np.abs(y - x) > 50) / 197,
        "sd1": np.std((y - x) / np.sqrt(2), ddof=1),
        "sd2": np.std((y + x) / np.sqrt(2), ddof=1),
    }
    for name, number in by_hand.items():
        assert getattr(found, name)[0] == pytest.approx(number, rel=1e-12), name


def test_the_size_of_a_flagged_beat_changes_nothing() -> None:
    ticks, flagged = day(0.1)[:200], np.arange(200) == 60
    wild = np.where(flagged, 1500, ticks)
    one, two = (of(settled(each, flagged=flagged)) for each in (ticks, wild))
    assert all(getattr(one, name)[0] == getattr(two, name)[0] for name in TimeDomain.__slots__)


def test_the_geometric_index_by_hand() -> None:
    """Six of ten beats between 800 and 850 ms: 60 % / (2 x .825 s x .5 s)."""
    ms = np.array([810, 812, 815, 820, 830, 840, 700, 1200, 900, 1000])
    ticks = np.array([round(each * 1.024) for each in ms])
    spread_s = (ticks.max() - ticks.min()) / 1024
    assert of(settled(ticks)).geometric[0] == pytest.approx(60 / (2 * 0.825 * spread_s), rel=1e-12)


def test_of_two_bins_as_full_the_shorter_intervals_are_the_mode() -> None:
    ticks = np.array([round(each * 1.024) for each in (810, 820, 910, 920)])
    assert of(settled(ticks)).geometric[0] == pytest.approx(50 / (2 * 0.825 * (ticks.max() - ticks.min()) / 1024), rel=1e-12)


def test_a_heart_like_a_clock_has_half_a_tick_of_logarithm() -> None:
    found = of(settled(np.full(60, 900)))
    assert (found.rmssd[0], found.sdnn[0], found.sd1[0], found.spread_ticks[0]) == (0, 0, 0, 0)
    assert ln_ms(found.rmssd)[0] == np.log(500 / 1024)


def test_windows_without_beats_or_without_accepted_ones_are_zeros_and_raise_nothing() -> None:
    empty, first = Intervals(Settled.empty()), np.zeros(3, np.int64)
    assert empty.time_domain(first, first).nn.tolist() == [0, 0, 0]
    none = of(settled(np.full(5, 800), flagged=np.full(5, True)))
    assert (none.nn[0], none.spread_ticks[0], none.rmssd[0]) == (0, 0, 0)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60), st.data())
def test_the_extremes_of_any_range_are_those_of_looking_at_each(values: list[int], data: st.DataObject) -> None:
    ranges = data.draw(st.lists(st.tuples(st.integers(0, len(values) - 1), st.integers(1, len(values))), min_size=1, max_size=8))
    first = np.array([min(pair) if pair[0] != pair[1] else pair[0] - 1 for pair in ranges])
    last = np.array([max(pair) for pair in ranges])
    first = np.maximum(np.minimum(first, last - 1), 0)
    array, longest = np.array(values), int((last - first).max())
    assert extreme(array, np.maximum, first, last, longest).tolist() == [max(values[a:b]) for a, b in zip(first, last, strict=True)]
    assert extreme(array, np.minimum, first, last, longest).tolist() == [min(values[a:b]) for a, b in zip(first, last, strict=True)]
