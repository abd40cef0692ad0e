"""Hearts of known make for the kernels' tests: intervals in whole ticks, settled beats, and NeuroKit2 asked the same window."""

import warnings

import numpy as np

from processing.windows import Settled
from somalink.domain.time import SECOND_NS
from somalink.domain.types import BoolArray, Flag, FloatArray, IntArray

START_NS = 1_700_000_100 * SECOND_NS


def day(hours: float, seed: int = 1, *, mean_ms: float = 850) -> IntArray:
    """A heart with slow drift, a wave at .1 Hz, a breath near .25 Hz and its own unrest, in ticks."""
    rng = np.random.default_rng(seed)
    n = int(hours * 3600 * 1000 / (mean_ms - 150))
    about = mean_ms * (1 + 0.1 * np.sin(np.arange(n) / 5000)) + np.cumsum(rng.normal(0, 1.0, n)) * 0.2
    t_s = np.cumsum(about) / 1000
    unrest = rng.normal(0, 12, n)
    rr_ms = about + 28 * np.sin(2 * np.pi * 0.1 * t_s) + 26 * np.sin(2 * np.pi * 0.25 * t_s + np.cumsum(rng.normal(0, 0.1, n))) + unrest
    ticks = np.rint(np.clip(rr_ms, 350, 1900) * 1.024).astype(np.int64)
    return ticks[np.cumsum(ticks) < hours * 3600 * 1024]


def tone(hz: float, *, depth_ms: float, mean_ms: float = 850, seconds: float = 700) -> IntArray:
    """A heart that swings by one sine of time, to the tick."""
    ticks, elapsed = [], 0
    while elapsed < seconds * 1024:
        ticks.append(round((mean_ms + depth_ms * np.sin(2 * np.pi * hz * elapsed / 1024)) * 1.024))
        elapsed += ticks[-1]
    return np.array(ticks)


def settled(ticks: IntArray, *, flagged: BoolArray | None = None, segment: IntArray | None = None, t_ns: IntArray | None = None) -> Settled:
    """Beats end to end from `START_NS`; flagged ones are ectopic; one segment unless said otherwise."""
    times = START_NS + np.cumsum(ticks) * 1_953_125 // 2 if t_ns is None else t_ns
    flag = np.zeros(len(ticks), np.int64) if flagged is None else np.where(flagged, Flag.ECTOPIC, Flag.OK)
    own = np.zeros(len(ticks), np.int64) if segment is None else segment
    return Settled(times, ticks, flag, own, np.where(flag == Flag.OK, ticks, 0), np.zeros(len(ticks), np.int64))


def held(beats: Settled, stop_ns: int, window_s: int) -> Settled:
    """The beats that close in [stop - window, stop)."""
    first, last = np.searchsorted(beats.t_ns, [stop_ns - window_s * SECOND_NS, stop_ns])
    return beats.take(slice(int(first), int(last)))


def by_neurokit(beats: Settled, *, rate_hz: int = 100) -> tuple[dict[str, float], int]:
    """NeuroKit2's time and frequency domain of unbroken beats, without its faults that a parameter cures; and the samples of its tachogram."""
    import neurokit2

    rr_ms = beats.rr_ticks * (1000 / 1024)
    given = {"RRI": rr_ms, "RRI_Time": np.cumsum(beats.rr_ticks) / 1024}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = neurokit2.hrv_time(given).iloc[0].to_dict() | neurokit2.hrv_frequency(given, normalize=False, interpolation_rate=rate_hz).iloc[0].to_dict()
    seconds: FloatArray = given["RRI_Time"]
    return found, len(np.arange(seconds[0], seconds[-1] + 1 / rate_hz, 1 / rate_hz))
