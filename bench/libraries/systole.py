"""systole: intervals in, frames of metrics out. Power by Welch over a cubic 5-Hz tachogram. Its artefact search classifies and corrects nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from systole.detection import rr_artefacts
from systole.hrv import frequency_domain, time_domain

from bench.day import Recording
from bench.work import FEATURES, Job, Outcome, Work

_NAMES = {
    "HRV_MeanNN": "MeanRR",
    "HRV_SDNN": "SDNN",
    "HRV_RMSSD": "RMSSD",
    "HRV_pNN50": "pnn50",
    "HRV_LF": "lf_power",
    "HRV_HF": "hf_power",
    "HRV_LFHF": "lf_hf_ratio",
}


def windows(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """Time and frequency domain, a window at a time."""
    intervals = [rr / 1.024 for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        rows = [_metrics(time_domain(rr_ms, input_type="rr_ms")) | _metrics(frequency_domain(rr_ms, input_type="rr_ms")) for rr_ms in intervals]
        return Outcome(len(rows), [_in_order(row) for row in rows])

    return work


def _metrics(frame: Any) -> dict[str, float]:
    return dict(zip(frame.Metric, frame.Values, strict=True))


def _in_order(row: Mapping[str, float]) -> list[float]:
    given = {name: float(row[theirs]) for name, theirs in _NAMES.items()} | {"HRV_LnRMSSD": float(np.log(row["RMSSD"]))}
    return [given.get(name, float("nan")) for name in FEATURES]


def detect(recording: Recording, _figures: Mapping[str, Any]) -> Work:
    """rr_artefacts: the first half of what the others do."""
    rr_ms = recording.rr_ticks / 1.024

    def work() -> Outcome:
        rr_artefacts(rr_ms)
        return Outcome(len(rr_ms))

    return work


JOBS: dict[str, Job] = {"windows": windows, "detect": detect}
