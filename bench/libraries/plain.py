"""Numpy and scipy, a window at a time, and nothing but the eleven: what a careful person would write by hand.

The like-for-like base: the libraries also return what nobody asked for, this does not. By NeuroKit2's definitions; 4 Hz instead of its 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.signal import welch

from bench.day import FloatArray, Recording
from bench.work import FEATURES, Job, Outcome, Work

RATE_HZ = 4
_BIN_MS = 50


def windows(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """The eleven of each window."""
    intervals = [rr / 1.024 for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        rows = [_one(rr_ms) for rr_ms in intervals]
        return Outcome(len(rows), rows)

    return work


def _one(rr_ms: FloatArray) -> list[float]:
    step, both = np.diff(rr_ms), rr_ms[1:] + rr_ms[:-1]
    rmssd = np.sqrt(np.mean(step * step))
    lf, hf = _power(rr_ms)
    values = {
        "HRV_MeanNN": rr_ms.mean(),
        "HRV_SDNN": rr_ms.std(ddof=1),
        "HRV_RMSSD": rmssd,
        "HRV_LnRMSSD": np.log(rmssd),
        "HRV_pNN50": 100 * np.count_nonzero(np.abs(step) > 50) / len(rr_ms),
        "HRV_SD1": step.std(ddof=1) / np.sqrt(2),
        "HRV_SD2": both.std(ddof=1) / np.sqrt(2),
        "HRV_SI": _geometric(rr_ms),
        "HRV_LF": lf,
        "HRV_HF": hf,
        "HRV_LFHF": lf / hf,
    }
    return [float(values[name]) for name in FEATURES]


def _geometric(rr_ms: FloatArray) -> float:
    """Baevsky's AMo / (2 Mo dX): fullest 50-ms bin in %, its centre and the range in s."""
    counts = np.bincount((rr_ms // _BIN_MS).astype(int))
    mode = int(counts.argmax())
    return float(100 * counts[mode] / len(rr_ms) / (2 * (mode + 0.5) * _BIN_MS / 1000 * np.ptp(rr_ms) / 1000))


def _power(rr_ms: FloatArray) -> tuple[float, float]:
    t_s = np.cumsum(rr_ms) / 1000
    at_s = np.arange(t_s[0], t_s[-1], 1 / RATE_HZ)
    tachogram = make_interp_spline(t_s, rr_ms, k=2)(at_s)
    half = len(at_s) // 2
    hz, density = welch(tachogram - tachogram.mean(), fs=RATE_HZ, nperseg=half, nfft=2 * half, detrend=False)
    lf, hf = (np.trapezoid(density[own], hz[own]) for own in ((hz >= 0.04) & (hz < 0.15), (hz >= 0.15) & (hz < 0.40)))
    return float(lf), float(hf)


JOBS: dict[str, Job] = {"windows": windows}
