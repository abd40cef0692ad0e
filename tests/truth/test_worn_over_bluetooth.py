"""Real recordings worn by a virtual H10 and recorded by the real program, over GATT: what its ECG says beside its own heartbeats, and how well its
streams lie beside each other. That the beats agree with a strap tells of the way they took, and of the finder of peaks; of no strap."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from ecg_traces import match, ride_frames
from fast_loop import run_fast
from real import table
from recording_folders import folder
from worn import On, record, store_in

from ingest.ble.supervisor import Ask
from ingest.clocking import Clocker
from ingest.straps.pmd import decode
from ingest.virtual.feed import from_path
from ingest.virtual.waves import waves_of
from processing.ecg import TRUSTED, EcgPeaks, lag
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Chunk, Gap, Stream
from somalink.pipeline.live import as_notified
from somalink.storage.local import LocalStore

pytestmark = pytest.mark.truth
FRAME = 73
REFERENCE_BEGINS_S, LAST_S = 261, 1790
"""By the set's README; and where the half-hour of frames ends."""


def worn(path: Path, tmp_path: Path, *, intervals: bool) -> tuple[LocalStore, Unit]:
    """The recording at `path` on an H10, asked for everything it has, recorded to its end."""
    heart = from_path(path)
    on = On("ada", heart, intervals=intervals, waves=waves_of(path, heart))
    store = store_in(tmp_path)
    run_fast(record(store, [on], ask=Ask(ecg=True), watched=False))
    (found,) = store.recordings("ada")
    return store, found.unit


def samples(store: LocalStore, unit: Unit, *streams: Stream) -> dict[Stream, tuple[np.ndarray, np.ndarray]]:
    """Every sample of these streams as the raw rows say, (n,) times and values, after seeing that none is missing between two of ECG."""
    clocker = Clocker(unit, frozenset(streams))
    items = [item for row in store.raw(unit) for item in clocker.push(as_notified(unit, row))]
    assert not [item for item in items if isinstance(item, Gap) and item.reason in ("hole", "clock_jump")]
    return {
        stream: tuple(
            np.concatenate([getattr(item, name) for item in items if isinstance(item, Chunk) and item.stream is stream]) for name in ("t_ns", "values")
        )
        for stream in streams
    }


def bland_altman(off: np.ndarray) -> tuple[float, float, float, float]:
    """Bias, limits of agreement, and the greatest difference."""
    return off.mean(), off.mean() - 1.96 * off.std(), off.mean() + 1.96 * off.std(), np.abs(off).max()


def test_the_beats_of_a_ride_agree_with_the_second_strap_when_its_ecg_comes_over_bluetooth(data, tmp_path, figures):
    path, rates = ride(data, tmp_path)
    store, unit = worn(path, tmp_path, intervals=False)
    with store:
        heard = samples(store, unit, Stream.ECG, Stream.HR, Stream.ACC)
        clocks = store.stream_clocks(unit)
    peaks = EcgPeaks().run(*heard[Stream.ECG])
    field_ns, milli = heard[Stream.HR]
    stops = np.arange(int(field_ns[0]) + 20 * SECOND_NS, int(field_ns[-1]), SECOND_NS)
    reference = np.array([milli[(field_ns > stop - 10 * SECOND_NS) & (field_ns <= stop)].mean() / 1000 for stop in stops])
    off = ten_second_rates(peaks.t_ns, stops) - reference
    off = off[np.isfinite(off)]
    ecg_clocks = [clock for clock in clocks if clock.stream is Stream.ECG]
    figures(
        table("against seconds mae_bpm bias_bpm loa_low loa_high max_bpm", [("second_strap", len(off), np.abs(off).mean(), *bland_altman(off))])
        + f"\n{len(peaks)} peaks of {len(heard[Stream.ECG][0])} samples, {int((peaks.quality < TRUSTED).sum())} not to be trusted; second strap {len(rates)} s"
        + f"\nits clock beside ours: {ecg_clocks[-1].rate_mhz / 1000:.3f} samples a second, "
        + f"misdated by at most {max(clock.error_ns for clock in ecg_clocks) / 1e6:.2f} ms"
    )
    assert np.abs(off).mean() <= 0.8 and len(off) > 1400
    assert max(clock.error_ns for clock in clocks) < 50_000_000


def test_the_ecg_of_a_heart_with_many_early_beats_lies_beside_the_straps_own_intervals(recording, tmp_path, figures):
    path = recording("h10_pvc_ecg_rr", "1")
    store, unit = worn(path, tmp_path, intervals=True)
    with store:
        heard = samples(store, unit, Stream.ECG)
        beats = store.recording_beats(unit)
    peaks = EcgPeaks().run(*heard[Stream.ECG]).t_ns
    found = lag(beats.t_ns, beats.rr_ticks, peaks)
    assert found is not None
    near = match(beats.t_ns[2:] - found.lag_ns, peaks)
    own_ms = beats.rr_ticks * 1000 / 1024
    at = np.searchsorted(peaks, beats.t_ns - found.lag_ns - 60_000_000)
    good = (at > 0) & (at < len(peaks))
    good[good] = np.abs(peaks[at[good]] - beats.t_ns[good] + found.lag_ns) < 60_000_000
    off = (peaks[at[good]] - peaks[at[good] - 1]) / 1e6 - own_ms[good]
    close = off[np.abs(off) < 20]
    figures(
        table("intervals n bias_ms loa_low loa_high max_ms", [("all", len(off), *bland_altman(off)), ("within_20_ms", len(close), *bland_altman(close))])
        + f"\nthe strap's {len(beats)}, peaks {len(peaks)}; of the strap's without a peak {near.extra}, peaks without one of the strap's {near.missed}"
        + f"\nheartbeats are dated {found.lag_ns / 1e6:.0f} ms later than the ECG has them, "
        + f"spread {found.spread_ns / 1e6:.1f} ms over {found.n}: the error of the alignment"
    )
    assert len(close) > 0.96 * len(off) and len(off) > 700
    assert close.std() < 2.0 and abs(close.mean()) < 0.5


def ride(data: Path, tmp_path: Path) -> tuple[Path, list[tuple[float, float]]]:
    """Half an hour on a bicycle as a folder: the strap's ECG at its own times, and the second strap's rate."""
    frames = [decode(payload)[0] for payload in ride_frames(data)]
    stamps = np.array([frame.sensor_ns for frame in frames])
    uv10 = np.concatenate([frame.values for frame in frames])[FRAME - 1 :]
    t_s = np.interp(np.arange(len(uv10)), np.arange(len(frames)) * FRAME, (stamps - stamps[0]) / SECOND_NS)
    with gzip.open(data / "h10_pmd_raw" / "reference_hr_second_h10.csv.gz", "rt") as file:
        rows = [(float(row["t_s"]) + REFERENCE_BEGINS_S, float(row["hr_bpm"])) for row in csv.DictReader(file) if row["hr_bpm"]]
    rates = [row for row in rows if row[0] < LAST_S]
    path = folder(tmp_path / "ride", meta={"tier": "D"}, hr="t_s,hr_bpm\n" + "".join(f"{t},{bpm}\n" for t, bpm in rates))
    with gzip.open(path / "ecg.csv.gz", "wt", compresslevel=1) as file:
        file.write("t_s,ecg_uv\n" + "".join(f"{t:.7f},{value / 10:g}\n" for t, value in zip(t_s, uv10, strict=True)))
    return path, rates


def ten_second_rates(peaks_ns: np.ndarray, stops_ns: np.ndarray) -> np.ndarray:
    """Mean heart rate of the intervals wholly inside the ten seconds before each stop."""
    out = np.full(len(stops_ns), np.nan)
    for k, stop in enumerate(stops_ns):
        first, last = np.searchsorted(peaks_ns, (stop - 10 * SECOND_NS, stop), side="right")
        if last - first > 2:
            out[k] = 60e9 * (last - first - 1) / (peaks_ns[last - 1] - peaks_ns[first])
    return out
