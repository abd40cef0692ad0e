"""A wearer's year fits in 200 MB: every day 16 h of beats, grid, panels and rejected rises, and the raw bytes of 90 days.

Measured: 149 MB, posture and steps of a chest strap among it; the clocks of two streams would add some 10 MB.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Beats, Candidate, Grid
from somalink.storage import HrvRow, LocalStore, RawRow

DAYS = 10
YEAR_MB = 200
RAW_DAYS = 90
WORN_H = 16
PANEL = tuple(f"HRV_{k}" for k in range(38))
POINTS = 17_280


def smooth(rng: np.random.Generator, spread: float, window: int, rows: int = POINTS) -> np.ndarray:
    """Noise as it looks through a window of that many grid points: each value is new, neighbours are alike."""
    return np.convolve(rng.normal(0, spread * window**0.5, rows + window), np.ones(window) / window, "same")[:rows]


def whole(column: np.ndarray) -> np.ndarray:
    return np.rint(column).astype(np.int64)


def trace(column: np.ndarray, tau_s: int) -> np.ndarray:
    """The exponential mean of what moves a body, as the engine keeps it on the 5-s grid."""
    return lfilter([5 / tau_s], [1, 5 / tau_s - 1], column)


def worn_day(make, day: int) -> tuple[Beats, Grid]:
    """A full day without a pause: intervals with 35 ms of beat-to-beat noise on slow drift, every grid column known and noisy.

    As on real days z is heart rate less what movement explains; everything else is noise of its own.
    """
    rng = np.random.default_rng(day)
    start = make.t0 + day * DAY_NS
    slow = 120 * np.sin(np.arange(120_000) / 17_000 + day) + np.convolve(rng.normal(0, 8, 120_000), np.ones(30), "same")
    ticks = np.clip(np.rint(860 + slow + rng.normal(0, 36, 120_000)), 350, 1900).astype(np.int64)
    t_ns = start + SECOND_NS + (np.cumsum(ticks) - ticks[0]) * 1_953_125 // 2
    kept = t_ns < start + DAY_NS
    flags = np.where(rng.random(120_000) < 0.01, 2, 0)
    motion = whole(rng.exponential(np.repeat(rng.choice([30, 60, 120, 900], POINTS // 60), 60)))
    a = np.log1p(motion / 200)
    fast, middle, long = (trace(a, tau_s) for tau_s in (30, 180, 600))
    hr = 62 + 7 * fast + 3 * middle + 2 * long + smooth(rng, 3.5, 6)
    left = hr - 61.3 - 6.8 * fast - 3.1 * middle - 2 * long - 1.5 * np.sin(np.arange(POINTS) * 2 * np.pi / POINTS)
    usual = np.repeat(np.convolve(left, np.ones(360) / 360, "same")[::6], 6)
    own = {"hr": whole(1e3 * hr), "hr_q": np.minimum(10_000, whole(9_900 + smooth(rng, 120, 12))), "motion": motion}
    own |= {"ln_rmssd": whole(37_000 + smooth(rng, 2_500, 12)), "hrv_q": np.minimum(10_000, whole(9_800 + smooth(rng, 250, 12)))}
    own |= {"a30": whole(1e4 * fast), "a180": whole(1e4 * middle), "a600": whole(1e4 * long), "gate": np.repeat(rng.integers(0, 5, POINTS // 30), 30)}
    own |= {"z": whole(1e4 * left / 4.1), "z_phasic": whole(1e4 * (left - usual) / 3.4), "se": whole(2_500 + smooth(rng, 60, 6))}
    walks = motion > 300
    own |= {"posture": np.repeat(rng.integers(0, 5, POINTS // 60), 60), "steps": np.where(walks, whole(rng.normal(85, 6, POINTS)), 0)}
    own |= {"artefact": np.repeat(rng.integers(0, 4, POINTS // 12), 12) * 130}
    segment = np.full(int(kept.sum()), t_ns[0])
    return Beats(t_ns[kept], ticks[kept], flags[kept], segment), make.grid(POINTS, start_ns=start, **own)


def panels(start_ns: int, hours: int) -> list[HrvRow]:
    rng = np.random.default_rng(0)
    width = 300 * SECOND_NS
    return [
        HrvRow(start_ns + k * width, start_ns + (k + 1) * width, 340, 0.01, "", dict(zip(PANEL, rng.normal(0, 50, 38).tolist(), strict=True)))
        for k in range(12 * hours)
    ]


def rejected(start_ns: int, hours: int) -> list[Candidate]:
    """Twenty an hour, as on a real day."""
    starts = range(start_ns, start_ns + hours * HOUR_NS, HOUR_NS // 20)
    return [Candidate("spike", "phasic", t, t + 40 * SECOND_NS, "lapsed", 1.2345) for t in starts]


def settled(path: Path) -> int:
    """Bytes of a store that nobody has open."""
    assert not path.with_name(path.name + "-wal").exists()
    return path.stat().st_size


def grown(path: Path, fill: Callable[[LocalStore, int], None]) -> float:
    """Bytes a day adds to a store, once it has its tables and the pages of its open hours."""
    sizes = []
    for day in range(DAYS):
        with LocalStore.open(path) as store:
            fill(store, day)
        sizes.append(settled(path))
    return (sizes[-1] - sizes[0]) / (DAYS - 1)


def raw_day(store: LocalStore, make, day: int, hours: int) -> None:
    """A strap's notifications of a day, an hour at a time, as a live run lays them by."""
    rng = np.random.default_rng(day)
    for hour in range(24 * day, 24 * day + hours):
        at = hour * HOUR_NS + SECOND_NS * np.arange(3600) + np.abs(rng.normal(2e7, 8e6, 3600)).astype(np.int64)
        intervals = np.rint(860 + rng.normal(0, 50, 3600)).astype(int).tolist()
        rows = [RawRow(t, "boot", 1, "2a37", make.t0 + t, bytes((16, 70)) + rr.to_bytes(2, "little")) for t, rr in zip(at.tolist(), intervals, strict=True)]
        with store.transaction() as write:
            write.put_raw(make.unit, rows)
        store.compact(make.t0 + (hour + 1) * HOUR_NS)


def year_mb(tmp_path: Path, make, hours: int) -> int:
    def derived(store: LocalStore, day: int) -> None:
        beats, points = worn_day(make, day)
        start = make.t0 + day * DAY_NS
        with store.transaction() as write:
            write.put_beats(make.unit, beats.take(beats.t_ns < start + hours * HOUR_NS))
            write.put_grid(make.unit, "analysis-a1", points.take(slice(0, hours * 720)))
            write.put_hrv(make.unit, panels(start, hours))
            write.put_candidates(make.unit, "analysis-a1", rejected(start, hours))

    def raw(store: LocalStore, day: int) -> None:
        raw_day(store, make, day, hours)

    return round((365 * grown(tmp_path / f"derived{hours}.db", derived) + RAW_DAYS * grown(tmp_path / f"raw{hours}.db", raw)) / 1e6)


@pytest.mark.slow
def test_a_year_of_a_wearer_takes_at_most_two_hundred_megabytes(tmp_path: Path, make) -> None:
    year = year_mb(tmp_path, make, WORN_H)
    assert year <= YEAR_MB, f"{year} MB"
