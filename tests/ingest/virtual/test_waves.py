"""What a virtual device's other sensors feel: a recording's own samples at their own times, or made ones that are the same again."""

import gzip
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_folders import folder

from ingest.recording import read_folder
from ingest.virtual import waves
from ingest.virtual.feed import from_path, from_ticks
from ingest.virtual.waves import Burst, Recorded, bursts, drawn, made_waves, standing, waves_of
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

RR = "t_s,rr_ms\n" + "".join(f"{10 + at},1000\n" for at in range(1, 61))
"""A minute of beats; strap time begins at 10 s of the recording."""


def ecg_csv(times, values) -> str:
    return "t_s,ecg_uv\n" + "".join(f"{t:.7f},{v}\n" for t, v in zip(times, values, strict=True))


def recording(tmp_path: Path, **files: str) -> Path:
    return folder(tmp_path / "rec", rr=RR, **files)


def all_of(wave, rate_hz: float, size: int = 73, from_ns: int = 0, loop_ns: int | None = None, count: int = 10_000) -> list[Burst]:
    return list(islice(bursts(wave, rate_hz, from_ns, size, loop_ns=loop_ns), count))


# ---------------------------------------------------------------- recorded ones


def test_a_recorded_wave_is_sent_sample_by_sample_at_its_own_times_though_its_rate_is_a_little_off(tmp_path):
    times, values = np.arange(0, 60 * 130) / 130.9, np.arange(60 * 130)
    path = recording(tmp_path, ecg=ecg_csv(times, values))
    sent = all_of(waves_of(path, from_path(path))[Stream.ECG], 130)
    got = np.concatenate([burst.values for burst in sent])
    first = int(np.argmax(times >= 10))
    assert np.array_equal(got, values[first:] * 10)
    assert [len(burst.values) for burst in sent[:-1]] == [73] * (len(sent) - 1)
    assert sent[0].at_ns == pytest.approx((times[first + 72] - 10) * SECOND_NS, abs=100)


def test_a_recorded_wave_is_what_the_recording_says_it_is(tmp_path):
    path = recording(tmp_path, ecg=ecg_csv(10 + np.arange(500) / 130, np.arange(500)))
    told = read_folder(path).samples[Stream.ECG]
    heart = from_path(path)
    got = np.concatenate([burst.values for burst in all_of(waves_of(path, heart)[Stream.ECG], 130)])
    assert np.array_equal(got, told.values)
    assert heart.start_ns == told.t_ns[0]


def test_a_hole_ends_a_burst_early_so_that_no_sample_is_dated_across_it(tmp_path):
    times = np.concatenate((10 + np.arange(100) / 130, 20 + np.arange(100) / 130))
    path = recording(tmp_path, ecg=ecg_csv(times, np.arange(200)))
    sent = all_of(waves_of(path, from_path(path))[Stream.ECG], 130)
    assert [len(burst.values) for burst in sent] == [73, 27, 73, 27]
    assert sent[1].at_ns == pytest.approx(99 / 130 * SECOND_NS, abs=100) and sent[2].at_ns == pytest.approx((10 + 72 / 130) * SECOND_NS, abs=100)


def test_another_rate_takes_the_sample_that_was_last_at_each_tick_and_none_within_a_hole(tmp_path):
    times = np.concatenate((10 + np.arange(320) / 32, 30 + np.arange(320) / 32))
    acc = "t_s,x_mg,y_mg,z_mg\n" + "".join(f"{t},{at},0,-1000\n" for at, t in enumerate(times))
    path = recording(tmp_path, acc=acc)
    (whole,) = all_of(waves_of(path, from_path(path))[Stream.ACC], 25, size=10**6)[:1]
    assert whole.values.shape == (251, 3), "the last sample is fresh for a period and a half"
    assert whole.values[:5, 0].tolist() == [0, 100, 200, 300, 500]
    assert whole.at_ns == 10 * SECOND_NS
    assert sum(len(burst.values) for burst in all_of(waves_of(path, from_path(path))[Stream.ACC], 25)) == pytest.approx(500, abs=2)


def test_a_stream_that_begins_late_begins_there_and_nothing_before_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(waves, "READ_BYTES", 1000)
    times = 10 + np.arange(5000) / 130
    path = recording(tmp_path, ecg=ecg_csv(times, np.arange(5000)))
    read = []
    real = waves.tables.read_table
    monkeypatch.setattr(waves.tables, "read_table", lambda *words, **more: read.append(words) or real(*words, **more))
    wave = waves_of(path, from_path(path))[Stream.ECG]
    read.clear()
    sent = all_of(wave, 130, from_ns=30 * SECOND_NS)
    assert np.array_equal(np.concatenate([burst.values for burst in sent]), np.arange(3900, 5000) * 10)
    assert sum(len(words[1]) for words in read) < 0.3 * (path / "ecg.csv").stat().st_size


@settings(max_examples=20)
@given(st.integers(60, 3000))
def test_it_makes_no_difference_how_much_is_read_at_once(tmp_path_factory, size):
    path = recording(tmp_path_factory.mktemp("waves"), ecg=ecg_csv(10 + np.arange(400) / 130, np.arange(400)))
    wave = waves_of(path, from_path(path))[Stream.ECG]
    whole = [(burst.at_ns, burst.values.tolist()) for burst in all_of(wave, 130)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(waves, "READ_BYTES", size)
        assert [(burst.at_ns, burst.values.tolist()) for burst in all_of(wave, 130)] == whole


def test_rows_that_are_no_numbers_or_go_back_in_time_are_left_out_and_compressed_files_are_read(tmp_path):
    path = recording(tmp_path)
    with gzip.open(path / "ecg.csv.gz", "wt") as file:
        file.write("t_s,ecg_uv\n10.0,1\n10.01,x\n10.02,3\n10.005,9\n" + "".join(f"{10 + at / 1000:.3f},{at}\n" for at in range(30, 230, 10)))
    wave = waves_of(path, from_path(path))[Stream.ECG]
    assert not wave.made
    assert [burst.values.tolist() for burst in all_of(wave, 100)] == [[10], [30, *[300 + 100 * at for at in range(20)]]]


def test_a_recording_that_begins_again_goes_on_in_time(tmp_path):
    path = recording(tmp_path, ecg=ecg_csv(10 + np.arange(60 * 130) / 130, np.arange(60 * 130)))
    heart = from_path(path)
    wave = waves_of(path, heart)[Stream.ECG]
    sent = all_of(wave, 130, loop_ns=heart.length_ns, size=130, count=150)
    assert heart.length_ns == 60 * SECOND_NS
    assert np.array_equal(sent[60].values, sent[0].values)
    assert np.all(np.diff([burst.at_ns for burst in sent]) == pytest.approx(SECOND_NS, abs=200))
    late = all_of(wave, 130, loop_ns=heart.length_ns, size=130, from_ns=125 * SECOND_NS, count=1)[0]
    assert np.array_equal(late.values, sent[5].values) and late.at_ns == sent[125].at_ns


def test_a_file_of_nothing_is_a_wave_of_nothing(tmp_path):
    for text in ("t_s,ecg_uv\n", "t_s,ecg_uv\n11,x\n"):
        path = recording(tmp_path, ecg=text)
        assert all_of(waves_of(path, from_path(path))[Stream.ECG], 130) == []
        for file in path.iterdir():
            file.unlink()
        path.rmdir()


def test_heartbeats_are_read_without_the_waves_beside_them(tmp_path):
    path = recording(tmp_path, ecg="this is no table\n", acc="nor is this\n")
    assert len(from_path(path).ticks) == 60


# ---------------------------------------------------------------- made ones


def test_somebody_who_stands_still_feels_one_g_and_hardly_a_tremor():
    (burst,) = all_of(standing(), 25, size=1000, count=1)
    felt_mg = np.linalg.norm(burst.values / 100, axis=1)
    assert np.all(np.abs(felt_mg - 1000) < 15)
    assert burst.values.std(axis=0).max() < 400 and burst.values.std(axis=0).min() > 50
    assert burst.at_ns == 999 * SECOND_NS // 25


def test_a_drawn_electrocardiogram_has_one_peak_a_beat_where_the_beat_closes():
    heart = from_ticks([700 + 13 * at % 500 for at in range(200)])
    sent = all_of(drawn(heart), 130, size=130, count=int(heart.length_ns / SECOND_NS) - 2)
    values = np.concatenate([burst.values for burst in sent]) / 10
    t_ns = np.arange(len(values)) / 130 * SECOND_NS
    peaks = np.flatnonzero((values[1:-1] > 600) & (values[1:-1] >= values[:-2]) & (values[1:-1] > values[2:])) + 1
    closes = heart.closes_ns[heart.closes_ns < t_ns[-1]]
    assert len(peaks) == len(closes)
    assert np.abs(t_ns[peaks] - closes).max() <= SECOND_NS / 130 / 2 + 1e6


def test_without_a_beat_there_is_only_a_hiss():
    heart = from_ticks([1024])
    (burst,) = all_of(drawn(heart), 130, size=130, from_ns=30 * SECOND_NS, count=1)
    assert 0 < np.abs(burst.values).max() <= 80


@settings(max_examples=30)
@given(st.sampled_from((25.0, 52.0, 130.0, 129.1)), st.integers(0, 10**12))
def test_made_waves_are_the_same_again_and_on_the_same_ticks_whenever_they_begin(rate_hz, from_ns):
    heart = from_ticks([800] * 1500)
    for wave in made_waves(heart).values():
        first = next(wave.samples(rate_hz, from_ns))
        again = next(wave.samples(rate_hz, max(0, from_ns - 3 * SECOND_NS)))
        shared = np.isin(again.t_ns, first.t_ns)
        assert first.t_ns[0] >= from_ns - 1 and np.abs(np.diff(first.t_ns) - SECOND_NS / rate_hz).max() <= 1
        assert np.array_equal(again.values[shared], first.values[np.isin(first.t_ns, again.t_ns)]) and shared.sum() > 5 * rate_hz


def test_without_files_of_its_own_a_recordings_waves_are_made_and_said_to_be(tmp_path):
    path = recording(tmp_path, ecg=ecg_csv([11, 12], [1, 2]))
    told = waves_of(path, from_path(path))
    assert (told[Stream.ACC].made, told[Stream.ECG].made) == (True, False)
    (tmp_path / "rr.txt").write_text("800\n" * 10)
    assert all(wave.made for wave in waves_of(tmp_path / "rr.txt", from_path(tmp_path / "rr.txt")).values())
    assert isinstance(told[Stream.ECG], Recorded)
