"""The 5-minute panel: NeuroKit2's numbers where they are numbers, a reason where they are not, nothing bridged."""

import csv
import gzip
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from processing.hrv_panel import COLUMNS, NONLINEAR_COLUMNS, REASONS, WINDOW_NS, HrvRow, HrvWindow, missing, panel, windows
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Beats, Flag, IntArray

START = 4_000_000 * WINDOW_NS


def breathing(seconds: int = 300, *, mean_ms: float = 850, depth_ms: float = 40, hz: float = 0.25, seed: int = 1) -> IntArray:
    """A resting heart that breathes, in ticks, closing inside `seconds`."""
    noise = np.random.default_rng(seed).normal(0, 8, 4 * seconds)
    ticks, elapsed = [], 0.0
    for jitter in noise:
        ticks.append(round((mean_ms + depth_ms * np.sin(2 * np.pi * hz * elapsed) + jitter) * 1.024))
        elapsed += ticks[-1] / 1024
        if elapsed >= seconds:
            break
    return np.array(ticks[:-1])


def bigeminal() -> IntArray:
    """Every second beat early, and its pause: nothing is flagged, since it never ends."""
    ticks = breathing()
    return np.where(np.arange(len(ticks)) % 2, ticks * 14 // 10, ticks * 6 // 10)


def window(ticks: IntArray, *, at: int = START) -> HrvWindow:
    t_ns = at + np.cumsum(ticks) * 1_953_125 // 2
    return HrvWindow(START, START + WINDOW_NS, t_ns, ticks, np.zeros_like(ticks), np.full_like(ticks, int(t_ns[0]) if len(t_ns) else 0))


def holed(whole: HrvWindow, start_s: float, stop_s: float) -> HrvWindow:
    """`whole` without the beats closing in [start_s, stop_s) after its start; a new segment begins behind the hole."""
    since = whole.t_ns - whole.start_ns
    kept = (since < start_s * SECOND_NS) | (since >= stop_s * SECOND_NS)
    after = since >= stop_s * SECOND_NS
    segment = np.where(after, whole.t_ns[after][0], whole.segment)
    return HrvWindow(whole.start_ns, whole.stop_ns, whole.t_ns[kept], whole.rr_ticks[kept], whole.flag[kept], segment[kept])


def flagged(whole: HrvWindow, *indices: int) -> HrvWindow:
    flag = whole.flag.copy()
    flag[list(indices)] = Flag.ECTOPIC
    return replace(whole, flag=flag)


def value(row: HrvRow, name: str) -> float | None:
    return row.columns["HRV_" + name]


def test_a_whole_resting_window_has_every_column_but_those_five_minutes_cannot_carry() -> None:
    row = panel(window(breathing()))
    empty = {name for name, known in row.columns.items() if known is None}
    assert tuple(row.columns) == COLUMNS
    assert row.reason == ""
    assert empty == {"HRV_SDANN2", "HRV_SDNNI2", "HRV_SDANN5", "HRV_SDNNI5", "HRV_ULF"}


def test_time_domain_equals_plain_arithmetic_on_the_same_beats() -> None:
    ticks = breathing()
    rr = ticks * 1000 / 1024
    row = panel(window(ticks))
    d = np.diff(rr)
    expected = {
        "MeanNN": np.mean(rr),
        "SDNN": np.std(rr, ddof=1),
        "RMSSD": np.sqrt(np.mean(d**2)),
        "MedianNN": np.median(rr),
        "pNN50": 100 * np.count_nonzero(np.abs(d) > 50) / len(rr),
    }
    for name, number in expected.items():
        assert value(row, name) == pytest.approx(number, rel=1e-12)


def test_columns_are_those_of_the_installed_neurokit2() -> None:
    import neurokit2 as nk

    rr = breathing() * 1000 / 1024
    beats = {"RRI": rr, "RRI_Time": np.cumsum(rr) / 1000}
    assert (*nk.hrv_time(beats), *nk.hrv_frequency(beats, normalize=False), "HRV_SD1", "HRV_SD2", "HRV_SampEn") == COLUMNS


@pytest.mark.slow
def test_the_option_adds_the_rest_of_nonlinear_and_its_sd1_sd2_sampen_are_ours() -> None:
    import neurokit2 as nk

    ticks = breathing()
    theirs = nk.hrv_nonlinear({"RRI": ticks * 1000 / 1024, "RRI_Time": np.cumsum(ticks) / 1024}).iloc[0]
    row = panel(window(ticks), nonlinear=True)
    assert set(theirs.index) == {*NONLINEAR_COLUMNS, "HRV_SD1", "HRV_SD2", "HRV_SampEn"}
    for name in theirs.index:
        ours = value(row, name.removeprefix("HRV_"))
        assert ours is None or ours == pytest.approx(theirs[name], rel=1e-9), name
    assert all(value(row, name) is not None for name in ("SD1", "SD2", "SampEn", "DFA_alpha1"))


@pytest.mark.parametrize(
    ("whole", "reason"),
    [
        (window(np.array([], np.int64)), "too_few_beats"),
        (window(np.array([870])), "too_few_beats"),
        (window(breathing(30)), "too_few_beats"),
        (flagged(window(breathing()), *range(0, 340, 10)), "artefacts"),
        (window(bigeminal()), "irregular"),
        (window(breathing(140)), "coverage"),
        (holed(window(breathing()), 110, 190), "short_for_frequency"),
        (holed(window(breathing()), 20, 60), "gaps"),
    ],
)
def test_what_cannot_be_measured_has_its_reason(whole: HrvWindow, reason: str) -> None:
    row = panel(whole)
    assert row.reason == reason
    assert reason in REASONS
    if reason in {"too_few_beats", "artefacts", "irregular", "coverage"}:
        assert set(row.values) == {None}


def test_under_two_minutes_unbroken_lf_is_refused_and_hf_stands() -> None:
    row = panel(holed(window(breathing()), 110, 190))
    assert {value(row, name) for name in ("VLF", "LF", "LFHF", "LFn", "HFn", "TP")} == {None}
    assert value(row, "HF") is not None
    assert value(row, "RMSSD") is not None


def test_a_hole_does_not_inflate_rmssd_or_sd1_and_leaves_the_minute_spreads_empty() -> None:
    """The heart is 250 ms faster behind the hole: bridged, that one difference alone would raise RMSSD."""
    slow, fast = breathing(140, mean_ms=950), breathing(100, mean_ms=700)
    both = window(np.concatenate([slow, fast]))
    behind = np.arange(len(both.t_ns)) >= len(slow)
    cut = replace(both, t_ns=both.t_ns + np.where(behind, 40 * SECOND_NS, 0), segment=np.where(behind, both.t_ns[len(slow)], both.segment))
    row = panel(cut)
    inside = np.concatenate([np.diff(slow), np.diff(fast)]) * 1000 / 1024
    assert value(row, "RMSSD") == pytest.approx(np.sqrt(np.mean(inside**2)), rel=1e-12)
    assert value(row, "SD1") == pytest.approx(np.std(inside, ddof=1) / np.sqrt(2), rel=1e-9)
    assert value(row, "SDANN1") is None


def test_a_gap_too_small_for_the_clock_to_show_is_not_bridged_either() -> None:
    """A new segment that starts where the old one ended: the clock alone says neighbours, the segment says not."""
    whole = window(breathing())
    first = 150
    cut = replace(whole, segment=np.where(np.arange(len(whole.t_ns)) >= first, whole.t_ns[first], whole.segment))
    d = np.delete(np.diff(whole.rr_ticks), first - 1) * 1000 / 1024
    assert value(panel(cut), "RMSSD") == pytest.approx(np.sqrt(np.mean(d**2)), rel=1e-12)


def test_a_flagged_beat_is_masked_and_its_size_changes_nothing() -> None:
    whole = flagged(window(breathing()), 100)
    wild = whole.rr_ticks.copy()
    wild[100] += 400
    assert panel(whole).values == panel(replace(whole, rr_ticks=wild)).values
    assert panel(whole).artefact == 1 / len(whole.flag)


def test_a_slow_drift_does_not_lower_the_power_of_a_breath() -> None:
    """With NeuroKit2's own scaling by the spectrum's peak it would fall fourfold."""
    ticks = breathing()
    drift = np.round(120 * np.sin(np.linspace(0, np.pi, len(ticks)))).astype(np.int64)
    still, drifting = panel(window(ticks)), panel(holed(window(ticks + drift), 299, 300))
    assert value(drifting, "HF") == pytest.approx(value(still, "HF"), rel=0.15)


def test_a_breath_of_known_depth_has_its_power_in_ms2() -> None:
    """A sine of amplitude a carries a^2 / 2; sampling it once a beat costs a few percent at .25 Hz."""
    assert value(panel(window(breathing(depth_ms=40))), "HF") == pytest.approx(800, rel=0.2)


def test_the_newest_quarter_counts_whatever_the_length_of_the_recording() -> None:
    """Left alone, NeuroKit2 forgets the last quarter of every fourth length; a burst of breath there would come and go."""
    calm, deep = breathing(225, depth_ms=5), breathing(70, depth_ms=60)
    powers = [value(panel(window(np.concatenate([calm, deep[: len(deep) - cut]]))), "HF") or 0.0 for cut in range(8)]
    assert min(powers) > 0.6 * max(powers)


def test_a_paced_heart_has_numbers_without_warnings() -> None:
    row = panel(window(np.full(350, 870)))
    assert row.reason == "no_variation"
    assert [value(row, name) for name in ("RMSSD", "SDNN", "SD1", "SampEn", "LFHF")] == [0, 0, 0, None, None]


def test_panel_and_its_row_travel_to_another_process() -> None:
    row = panel(window(breathing()))
    assert pickle.loads(pickle.dumps(row)) == row
    assert pickle.loads(pickle.dumps(panel)) is panel


def test_windows_are_cut_on_the_clock_and_those_already_stored_are_left_out() -> None:
    ticks = breathing(1000)
    t_ns = START + 100 * SECOND_NS + np.cumsum(ticks) * 1_953_125 // 2
    found = list(windows(Beats(t_ns, ticks, np.zeros_like(ticks), np.full_like(ticks, t_ns[0]))))
    assert [w.start_ns for w in found] == [START + k * WINDOW_NS for k in range(4)]
    assert np.concatenate([w.t_ns for w in found]).tolist() == t_ns.tolist()
    assert [w.start_ns for w in missing(found, {START, START + 2 * WINDOW_NS})] == [START + WINDOW_NS, START + 3 * WINDOW_NS]
    assert list(windows(Beats.empty())) == []


# ---------------------------------------------------------------- against other people's numbers


def reference_windows(folder: Path) -> Iterator[tuple[HrvWindow, dict[str, str]]]:
    """Windows of nsr001 as the toolbox cut them (at 125 Hz, as its own demonstration read the record), with its results."""
    with gzip.open(folder / "nsr001_full_annotations.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    samples, normal = np.array([int(row["sample"]) for row in rows]), np.array([row["symbol"] == "N" for row in rows])
    rr, t = np.diff(samples), np.cumsum(np.diff(samples)) / 125
    flag = np.where(normal[1:] & normal[:-1], Flag.OK, Flag.ECTOPIC)
    with gzip.open(folder / "reference_hrv_5min_windows.csv.gz", "rt") as file:
        wanted = [row for row in csv.DictReader(file) if row["patID"] == "nsr001" and row["SDNN"] != "NaN"]
    for row in wanted:
        own = (float(row["t_start"]) <= t) & (t < float(row["t_end"]))
        ticks = np.rint(rr[own] / 125 * 1024).astype(np.int64)
        t_ns = START + np.rint((t[own] - float(row["t_start"])) * SECOND_NS).astype(np.int64)
        yield HrvWindow(START, START + WINDOW_NS, t_ns, ticks, flag[own].astype(np.int64), np.zeros_like(ticks)), row


@pytest.mark.truth
def test_a_matlab_toolbox_finds_the_same_time_domain(data: Path) -> None:
    """Tolerances: the data set's own p95 of plain N-N arithmetic against this table, plus half a tick of rounding (.5 ms) in an interval."""
    tolerance = {"NNmean": ("MeanNN", 1.0), "SDNN": ("SDNN", 1.5), "RMSSD": ("RMSSD", 4.0), "SD1": ("SD1", 2.8), "SD2": ("SD2", 2.1)}
    pairs = list(reference_windows(data / "ref_hrv_pcst"))[::3]
    rows = [(panel(own), theirs) for own, theirs in pairs]
    measured = [(row, theirs) for row, theirs in rows if row.reason not in {"too_few_beats", "artefacts", "coverage"}]
    assert len(measured) > 0.9 * len(rows) > 50
    for column, (name, limit) in tolerance.items():
        errors = [abs((value(row, name) or np.inf) - float(theirs[column])) for row, theirs in measured]
        assert np.percentile(errors, 95) <= limit, column
        assert np.median(errors) <= 0.1, column


@pytest.mark.truth
def test_a_real_day_of_short_segments_has_its_time_domain_and_no_spectrum(recording, data: Path) -> None:  # type: ignore[no-untyped-def]
    """A recorder that pauses every half minute: RMSSD by plain arithmetic inside its segments, LF never."""
    rows = np.loadtxt(recording("mmash_polar_h7", "1") / "rr.csv", delimiter=",", skiprows=1)[2000:8000]
    ticks = np.rint(rows[:, 1] * 1.024).astype(np.int64)
    new = np.append(True, np.diff(rows[:, 0]) - ticks[1:] / 1024 > 1.6)
    number = np.cumsum(new)
    first = np.flatnonzero(new)[number - 1]
    total = np.cumsum(ticks)
    t_ns = START + rows[first, 0].astype(np.int64) * SECOND_NS + (total - total[first]) * 1_953_125 // 2
    flag = np.where((ticks < 307) | (ticks > 2048), Flag.RANGE, Flag.OK)
    steady = np.append(True, np.abs(np.diff(ticks)) < 0.2 * ticks[1:])
    beats = Beats(t_ns, ticks, np.where(steady, flag, Flag.ECTOPIC), number)
    measured = 0
    for own in windows(beats):
        row = panel(own)
        if row.reason in {"too_few_beats", "artefacts", "coverage"}:
            continue
        pair = (own.flag[1:] == 0) & (own.flag[:-1] == 0) & (own.segment[1:] == own.segment[:-1])
        d = np.diff(own.rr_ticks)[pair] * 1000 / 1024
        assert value(row, "RMSSD") == pytest.approx(np.sqrt(np.mean(d**2)), rel=1e-12)
        assert value(row, "SDNN") == pytest.approx(np.std(own.rr_ticks[own.flag == 0] * 1000 / 1024, ddof=1), rel=1e-12)
        assert (value(row, "LF"), row.reason) == (None, "short_for_frequency")
        measured += 1
    assert measured >= 5
