"""FLIRT: a whole series in, windows out. It lays the windows itself, cleans by a 20 % rule, and reckons power by Lomb and Scargle."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import flirt as library
import numpy as np
import pandas as pd

from bench.day import Recording
from bench.work import FEATURES, Job, Outcome, Work

_NAMES = {
    "HRV_MeanNN": "hrv_mean_nni",
    "HRV_SDNN": "hrv_sdnn",
    "HRV_RMSSD": "hrv_rmssd",
    "HRV_pNN50": "hrv_pnni_50",
    "HRV_LF": "hrv_lf",
    "HRV_HF": "hrv_hf",
    "HRV_LFHF": "hrv_lf_hf_ratio",
}


def windows(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """get_hrv_features, time and frequency domain, on one core. Its windows begin with the recording's first whole second, `step_s` apart; the
    caller takes the same ones."""
    index = pd.DatetimeIndex(recording.t_ns, tz="UTC")
    series = pd.Series(recording.rr_ticks / 1.024, index=index, name="ibi")

    def work() -> Outcome:
        with redirect_stdout(StringIO()):
            found = library.get_hrv_features(
                series, window_length=figures["window_s"], window_step_size=figures["step_s"], domains=["td", "fd"], threshold=0.2, num_cores=1
            )
        return Outcome(len(found), [_in_order(row) for _, row in found.iterrows()], {"first_stop_s": found.index[0].timestamp()})

    return work


def _in_order(row: Any) -> list[float]:
    given = {name: float(row[theirs]) for name, theirs in _NAMES.items()} | {"HRV_LnRMSSD": float(np.log(row["hrv_rmssd"]))}
    return [given.get(name, float("nan")) for name in FEATURES]


JOBS: dict[str, Job] = {"windows": windows}
