"""NeuroKit2 as its manual has it: peaks in, frames out. Powers with `normalize=False`: otherwise they are shares of a peak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import neurokit2
import numpy as np

from bench.day import TICKS_PER_S, IntArray, Recording
from bench.work import FEATURES, Job, Outcome, Work

_ASKED = [name for name in FEATURES if name not in ("HRV_LnRMSSD", "HRV_SD1", "HRV_SD2", "HRV_SI")]
"""What hrv_time and hrv_frequency give. SD1 and SD2 come with hrv_nonlinear alone (0.2 s a window); its HRV_SI is another quantity."""


def _peaks(rr_ticks: IntArray) -> IntArray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(rr_ticks)])


def _time(peaks: IntArray) -> Any:
    return neurokit2.hrv_time(peaks, sampling_rate=TICKS_PER_S)


def _frequency(peaks: IntArray) -> Any:
    return neurokit2.hrv_frequency(peaks, sampling_rate=TICKS_PER_S, normalize=False)


def windows(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """hrv_time and hrv_frequency, a window at a time."""
    peaks = [_peaks(rr) for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        rows = [{**_time(each).iloc[0], **_frequency(each).iloc[0]} for each in peaks]
        return Outcome(len(rows), [_in_order(row) for row in rows])

    return work


def _in_order(row: Mapping[str, float]) -> list[float]:
    given = {name: float(row[name]) for name in _ASKED} | {"HRV_LnRMSSD": float(np.log(row["HRV_RMSSD"]))}
    return [given.get(name, float("nan")) for name in FEATURES]


def poincare(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """SD1 and SD2 the only public way, for their values."""
    peaks = [_peaks(rr) for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        rows = [neurokit2.hrv_nonlinear(each, sampling_rate=TICKS_PER_S).iloc[0] for each in peaks]
        return Outcome(len(rows), [[float(row[name]) if name in ("HRV_SD1", "HRV_SD2") else float("nan") for name in FEATURES] for row in rows])

    return work


def time_domain(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """hrv_time alone: the least that gives an RMSSD."""
    peaks = [_peaks(rr) for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        for each in peaks:
            _time(each)
        return Outcome(len(peaks))

    return work


def power(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """hrv_frequency alone, for its values."""
    peaks = [_peaks(rr) for rr in recording.windows(figures["window_s"], figures["stops"])]

    def work() -> Outcome:
        rows = [_frequency(each).iloc[0] for each in peaks]
        return Outcome(len(rows), [[float(row[name]) if name in row else float("nan") for name in FEATURES] for row in rows])

    return work


def correct(recording: Recording, _figures: Mapping[str, Any]) -> Work:
    """signal_fixpeaks by the Kubios method (Lipponen & Tarvainen), until nothing changes."""
    peaks = _peaks(recording.rr_ticks)

    def work() -> Outcome:
        neurokit2.signal_fixpeaks(peaks, sampling_rate=TICKS_PER_S, method="Kubios", iterative=True)
        return Outcome(len(recording.rr_ticks))

    return work


def live(recording: Recording, figures: Mapping[str, Any]) -> Work:
    """What a monitor built on it does at every beat: put the window right, then its time and frequency domain."""
    window_s, begin, t_ns = figures["window_s"], figures["begin"], recording.t_ns
    beats = range(begin, begin + figures["count"])
    peaks = [_peaks(recording.within(int(t_ns[beat]) + 1, window_s, t_ns)) for beat in beats]

    def work() -> Outcome:
        for each in peaks:
            neurokit2.signal_fixpeaks(each, sampling_rate=TICKS_PER_S, method="Kubios", iterative=True)
            _time(each)
            _frequency(each)
        return Outcome(len(peaks))

    return work


JOBS: dict[str, Job] = {
    "windows": windows,
    "poincare": poincare,
    "time_domain": time_domain,
    "power": power,
    "correct": correct,
    "live": live,
}
