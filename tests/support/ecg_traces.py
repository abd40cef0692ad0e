"""An ECG whose every peak is known, the real ones of the data folder, and how peaks are compared. It shares no formula with `processing`."""

import csv
import gzip
import lzma
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WAVES = ((-0.20, 0.025, 0.12), (-0.035, 0.010, -0.12), (0.0, 0.011, 1.2), (0.032, 0.012, -0.25), (0.24, 0.045, 0.30))
"""P, Q, R, S and T: seconds from R, spread in seconds, mV. A chest strap's R is about this high."""
NEAR_NS = 100_000_000
"""A peak further from every true one than this is none of them."""


@dataclass(frozen=True)
class Trace:
    """Samples of an ECG, and where its peaks truly are; all times in ns."""

    t_ns: np.ndarray
    uv10: np.ndarray
    peaks_ns: np.ndarray


def made(seconds: float, *, rate_hz: float = 130.0, bpm: float = 75.0, seed: int = 3, noise_uv: float = 0.0, start_ns: int = 0, waves=WAVES) -> Trace:
    """A breathing heart: intervals of 60/bpm s that swing by 5 % at 15 a minute and waver by 2.5 %. Noise is white."""
    rng = np.random.default_rng(seed)
    n = int(seconds * bpm / 60 * 1.2) + 5
    mean = 60 / bpm
    at = 0.7 + np.cumsum(mean * (1 + 0.05 * np.sin(np.arange(n) * mean * 2 * np.pi / 4) + 0.025 * rng.standard_normal(n)))
    at = at[at < seconds - 0.7]
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    mv = np.zeros(len(t))
    for beat in at:
        first, last = np.searchsorted(t, (beat - 0.5, beat + 0.6))
        for centre, spread, height in waves:
            mv[first:last] += height * np.exp(-(((t[first:last] - beat - centre) / spread) ** 2) / 2)
    uv = 1000 * mv + noise_uv * rng.standard_normal(len(t))
    fine = np.arange(-0.02, 0.02, 1e-6)
    shape = sum(height * np.exp(-(((fine - centre) / spread) ** 2) / 2) for centre, spread, height in waves)
    top = fine[np.argmax(np.abs(shape))]
    return Trace(_ns(t) + start_ns, np.rint(uv).astype(np.int64) * 10, _ns(at + top) + start_ns)


def _ns(seconds: np.ndarray) -> np.ndarray:
    return np.rint(seconds * 1e9).astype(np.int64)


@dataclass(frozen=True)
class Match:
    """Peaks that were found beside the true ones between the first and the last found: how many are missing, how many are of none, errors in ms."""

    found: int
    missed: int
    extra: int
    errors_ms: np.ndarray

    @property
    def rms_ms(self) -> float:
        return float(np.sqrt(np.mean(self.errors_ms**2)))


def match(found_ns: np.ndarray, true_ns: np.ndarray) -> Match:
    """Each found peak with the nearest true one."""
    near = np.clip(np.searchsorted(true_ns, found_ns), 1, len(true_ns) - 1)
    near = np.where(np.abs(true_ns[near] - found_ns) < np.abs(true_ns[near - 1] - found_ns), near, near - 1)
    off = found_ns - true_ns[near]
    good = np.abs(off) <= NEAR_NS
    inside = np.flatnonzero((true_ns >= found_ns[0] - NEAR_NS) & (true_ns <= found_ns[-1] + NEAR_NS))
    hit = set(near[good].tolist())
    return Match(len(found_ns), len(set(inside.tolist()) - hit), len(found_ns) - len(hit), off[good] / 1e6)


# ---------------------------------------------------------------- real ones


def ride_frames(data: Path) -> list[bytes]:
    """Half an hour on a bicycle, every notification as the strap sent it; the last one is cut off and left out."""
    packed = lzma.decompress((data / "h10_pmd_raw" / "h10_ecg_ride_first_30min.bin.xz").read_bytes())
    frames, at = [], 24
    while at + 4 <= len(packed):
        length = int.from_bytes(packed[at : at + 4], "little")
        frames.append(packed[at + 4 : at + 4 + length])
        at += 4 + length
    return [frame for frame in frames if len(frame) == len(frames[0])]


def ride_reference(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and heart rate of the second strap of that ride."""
    with gzip.open(data / "h10_pmd_raw" / "reference_hr_second_h10.csv.gz", "rt") as file:
        rows = [(float(row["t_s"]), float(row["hr_bpm"])) for row in csv.DictReader(file) if row["hr_bpm"]]
    at, bpm = np.array(rows).T
    return at, bpm


def pvc(data: Path) -> tuple[Trace, np.ndarray]:
    """Ten minutes with very frequent ectopic beats: the trace, and the strap's own intervals in ms."""
    with gzip.open(data / "h10_pvc_ecg_rr" / "ecg_130hz.csv.gz", "rt") as file:
        rows = np.array([(float(row["t_s"]), float(row["ecg_mV"])) for row in csv.DictReader(file)])
    with (data / "h10_pvc_ecg_rr" / "hr_rr.csv").open() as file:
        own = [float(row["rr_ms"]) for row in csv.DictReader(file) if row["rr_ms"] not in ("", "NA")]
    return Trace(_ns(rows[:, 0]), np.rint(rows[:, 1] * 10_000).astype(np.int64), np.zeros(0, np.int64)), np.array(own)


def record_100(data: Path) -> Trace:
    """Half an hour of record 100 of MIT-BIH at 360 Hz; its 2,273 beats are known by number alone here."""
    adu = np.load(data / "mitbih_beats" / "ecg_100.npz")["ecg_adu"].astype(np.int64)
    return Trace(np.rint(np.arange(len(adu)) * (1e9 / 360)).astype(np.int64), (adu - 1024) * 50, np.zeros(0, np.int64))
