"""hrv-analysis: a list of intervals in, dictionaries out. Power by Welch over a linear 4-Hz tachogram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hrvanalysis
import numpy as np

from bench.day import Recording
from bench.work import FEATURES, Job, Outcome, Work


def windows(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """Time domain, frequency domain (Welch) and Poincare plot, a window at a time."""
    intervals = [list(rr / 1.024) for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        rows = [_one(rr_ms) for rr_ms in intervals]
        return Outcome(len(rows), rows)

    return work


def _one(rr_ms: list[float]) -> list[float]:
    time = hrvanalysis.get_time_domain_features(rr_ms)
    power = hrvanalysis.get_frequency_domain_features(rr_ms)
    shape = hrvanalysis.get_poincare_plot_features(rr_ms)
    given = {
        "HRV_MeanNN": time["mean_nni"],
        "HRV_SDNN": time["sdnn"],
        "HRV_RMSSD": time["rmssd"],
        "HRV_LnRMSSD": np.log(time["rmssd"]),
        "HRV_pNN50": time["pnni_50"],
        "HRV_SD1": shape["sd1"],
        "HRV_SD2": shape["sd2"],
        "HRV_LF": power["lf"],
        "HRV_HF": power["hf"],
        "HRV_LFHF": power["lf_hf_ratio"],
    }
    return [float(given.get(name, float("nan"))) for name in FEATURES]


JOBS: dict[str, Job] = {"windows": windows}
