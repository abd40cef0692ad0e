"""What NeuroKit2 0.2.13 gets wrong, each shown on the library itself beside ours being right. One that we share is said to be shared.

When a newer version has put one right, its test here fails: then the story in the docs changes, not our numbers. (That its correction of
artefacts shifts indices wrongly is shown where correction is tested.)
"""

import warnings
from collections.abc import Iterator
from importlib.util import find_spec

import neurokit2 as nk
import numpy as np
import pytest
from hearts import START_NS, day, held, settled, tone

from processing.cleaning import Raw, classify
from processing.indices.features import Features, features
from processing.windows import Settled
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, FloatArray, IntArray

RULES = Constants().beat


@pytest.fixture(autouse=True)
def _their_warnings_are_theirs() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def ours(beats: Settled, *stops_s: float, window_s: int = 300) -> Features:
    return features(beats, np.array([START_NS + round(each * SECOND_NS) for each in stops_s]), window_s, rules=RULES)


def peaks_of(ticks: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(ticks)])


def theirs(ticks: IntArray, **options: object) -> dict[str, float]:
    given = {"RRI": ticks * (1000 / 1024), "RRI_Time": np.cumsum(ticks) / 1024}
    return dict(nk.hrv_frequency(given, **({"normalize": False} | options)).iloc[0])


def test_two_segments_or_three_by_the_count_of_samples_make_lf_jump_from_update_to_update() -> None:
    beats = settled(day(0.5))
    stops_s = np.arange(400.0, 700.0, 5)
    library = np.log([theirs(held(beats, START_NS + round(s * SECOND_NS), 300).rr_ticks)["HRV_LF"] for s in stops_s])
    clock = np.log(ours(beats, *stops_s).column("HRV_LF"))
    jumps = [np.percentile(np.abs(np.diff(each)), 95) for each in (library, clock)]
    assert jumps[1] <= jumps[0] / 3


def test_a_minute_has_an_lf_that_begins_at_07_hz_and_nobody_is_told() -> None:
    slow = tone(0.05, depth_ms=30)
    minute = held(settled(slow), START_NS + 400 * SECOND_NS, 60)
    half = held(settled(slow), START_NS + 400 * SECOND_NS, 30)
    assert theirs(minute.rr_ticks)["HRV_LF"] < 0.6 * 450
    assert np.isnan(theirs(half.rr_ticks)["HRV_LF"])
    assert ours(settled(slow), 400, window_s=60).reasons("HRV_LF") == ["short"]
    assert ours(settled(slow), 400).column("HRV_LF")[0] == pytest.approx(450, rel=0.02)


def test_lomb_power_needs_a_library_it_does_not_declare_and_grows_with_the_heart_rate() -> None:
    """450 ms^2 whatever the rate is ours; theirs is in proportion to beats a second, or does not run at all."""
    hearts = [settled(tone(0.1, depth_ms=30, mean_ms=60_000 / bpm)) for bpm in (50, 150)]
    ticks = [held(each, START_NS + 400 * SECOND_NS, 300).rr_ticks for each in hearts]
    if find_spec("astropy") is None:
        with pytest.raises(ImportError, match="astropy"):
            theirs(ticks[0], psd_method="lomb", interpolation_rate=None)
    else:
        low, high = (theirs(each, psd_method="lomb", interpolation_rate=None)["HRV_LF"] for each in ticks)
        assert high / low == pytest.approx(3, rel=0.1)
    assert [ours(each, 400).column("HRV_LF")[0] for each in hearts] == pytest.approx([450, 450], rel=0.015)


def test_by_default_lf_falls_when_only_a_slow_drift_grows() -> None:
    ticks = tone(0.1, depth_ms=30)
    drift = np.rint(60 * np.sin(2 * np.pi * 0.02 * np.cumsum(ticks) / 1024)).astype(np.int64)
    still, drifting = (held(settled(each), START_NS + 400 * SECOND_NS, 300).rr_ticks for each in (ticks, ticks + drift))
    assert theirs(drifting, normalize=True)["HRV_LF"] < 0.4 * theirs(still, normalize=True)["HRV_LF"]
    calm, moved = (ours(settled(each), 400).column("HRV_LF")[0] for each in (ticks, ticks + drift))
    assert moved == pytest.approx(calm, rel=0.02)


def test_a_wave_at_the_border_of_two_bands_is_lost_in_part_by_them_and_by_us() -> None:
    """Shared: bands are half-open and integrated by trapezoid, so the step between LF's last bin and HF's first belongs to neither."""
    border = settled(tone(0.15, depth_ms=30))
    library = theirs(held(border, START_NS + 400 * SECOND_NS, 300).rr_ticks)
    here = ours(border, 400)
    lost = [1 - total / 450 for total in (library["HRV_LF"] + library["HRV_HF"], here.column("HRV_LF")[0] + here.column("HRV_HF")[0])]
    assert lost == pytest.approx([0.31, 0.31], abs=0.03)


@pytest.mark.parametrize(("lost", "times"), [(2, 1.1), (6, 2.5), (70, 20)])
def test_lost_beats_inflate_rmssd_and_a_dropout_does_so_by_tens(lost: int, times: float) -> None:
    ticks = day(0.15)[:350]
    whole, torn = peaks_of(ticks), np.delete(peaks_of(ticks), np.arange(150, 150 + lost))
    found = [float(nk.hrv_time(peaks, sampling_rate=1024).HRV_RMSSD[0]) for peaks in (whole, torn)]
    assert found[1] > times * found[0]

    kept = np.delete(np.arange(350), np.arange(149, 150 + lost))
    beats = settled(ticks[kept], t_ns=settled(ticks).t_ns[kept], segment=(kept > 149).astype(np.int64))
    assert ours(beats, 295).column("HRV_RMSSD")[0] == pytest.approx(found[0], rel=0.1)


def test_a_gap_is_splined_over_for_lf_and_unseen_by_the_minute_means() -> None:
    """The heart is 250 ms faster behind a hole of a minute: the spline across it is a slow wave that nobody's heart made, and a minute without LF."""
    slow, fast = day(0.035, mean_ms=950), day(0.035, mean_ms=700)
    ticks, seconds = np.concatenate([slow, fast]), np.concatenate([np.cumsum(slow), np.cumsum(fast) + np.sum(slow) + 60 * 1024]) / 1024
    beats = settled(ticks, t_ns=START_NS + np.rint(seconds * SECOND_NS).astype(np.int64), segment=np.repeat([0, 1], [len(slow), len(fast)]))
    given = {"RRI": ticks * (1000 / 1024), "RRI_Time": seconds}
    bridged, unbroken = dict(nk.hrv_frequency(given, normalize=False).iloc[0]), theirs(day(0.085))
    assert bridged["HRV_VLF"] > 5 * unbroken["HRV_VLF"]
    assert bridged["HRV_LF"] < 0.95 * min(theirs(part)["HRV_LF"] for part in (slow, fast))
    assert ours(beats, 305).reasons("HRV_LF") == ["gap"]
    shut = {"RRI": given["RRI"], "RRI_Time": np.cumsum(ticks) / 1024}
    assert nk.hrv_time(given).HRV_SDANN1[0] == nk.hrv_time(shut).HRV_SDANN1[0]


def test_a_missed_beat_of_a_paced_heart_is_not_flagged_by_them_and_is_by_us() -> None:
    ticks = np.full(300, 870)
    ticks[150] = 2 * 870
    marked, _ = nk.signal_fixpeaks(peaks_of(ticks), sampling_rate=1024, method="Kubios")
    assert not any(marked[kind] for kind in ("ectopic", "missed", "extra", "longshort"))
    none = np.zeros(300, np.int64)
    flags = classify(Raw(settled(ticks).t_ns, ticks, none, none, none), RULES).flag
    assert np.flatnonzero(flags != Flag.OK).tolist() == [150]


@pytest.mark.parametrize("n", [0, 1])
def test_none_or_one_beat_raises_there_and_has_its_reason_here(n: int) -> None:
    with pytest.raises(IndexError):
        nk.hrv_time(np.arange(n) * 800, sampling_rate=1000)
    found = ours(settled(np.full(n, 800)), 5)
    assert set(found.reasons("HRV_SDNN")) == {"too_few_beats" if n else "no_data"}


def test_two_or_four_beats_are_not_a_number_there_and_have_their_reason_here() -> None:
    assert np.isnan(nk.hrv_time(np.array([5, 900]), sampling_rate=1000).HRV_SDNN[0])
    assert np.isnan(nk.hrv_frequency(np.array([0, 900, 1800, 2750]), sampling_rate=1000).HRV_HF[0])
    assert ours(settled(np.array([900, 910, 880])), 5).reasons("HRV_HF") == ["too_few_beats"]


@pytest.mark.parametrize(("sigma_ms", "least", "most"), [(30.0, 1.005, 1.05), (7.0, 1.08, 1.25)])
def test_beats_on_a_130_hz_grid_have_more_rmssd_than_the_heart(sigma_ms: float, least: float, most: float) -> None:
    """Round trip through peaks of an ECG's samples; ours is of the ticks that were sent."""
    ticks = np.rint((850 + np.random.default_rng(2).normal(0, sigma_ms, 340)) * 1.024).astype(np.int64)
    ms: FloatArray = ticks * (1000 / 1024)
    true = float(np.sqrt(np.mean(np.diff(ms) ** 2)))
    rounded = float(nk.hrv_time(nk.intervals_to_peaks(ms, sampling_rate=130), sampling_rate=130).HRV_RMSSD[0])
    assert least < rounded / true < most
    beats = settled(ticks)
    stop_s = (beats.t_ns[-1] - START_NS) / SECOND_NS // 5 * 5
    inside = held(beats, START_NS + round(stop_s * SECOND_NS), 280).rr_ticks * (1000 / 1024)
    assert ours(beats, stop_s, window_s=280).column("HRV_RMSSD")[0] == pytest.approx(np.sqrt(np.mean(np.diff(inside) ** 2)), rel=1e-12)


def test_an_interval_that_is_not_known_becomes_one_of_median_length() -> None:
    known = [800.0, 810.0, np.nan, 790.0, 805.0, 820.0]
    invented = np.diff(nk.intervals_to_peaks(known, sampling_rate=1000))
    assert len(invented) == 6 and invented[2] == pytest.approx(805, abs=1)
