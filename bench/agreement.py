"""Do the libraries speak of the same quantity? Their values beside ours, window by window, and how far apart they may be.

A library that is timed on something else is no comparison. What differs by definition is written here with its reason; a difference beyond it is
a fault, of ours or of theirs, and ends the run with an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.day import FloatArray, IntArray
from bench.figures import number, table
from bench.work import FEATURES

EXACT = 1e-12
TIME = FEATURES[:8]
POWER = FEATURES[8:]


@dataclass(frozen=True, slots=True)
class Expected:
    """How far the median window may be from ours, relatively, and why it may."""

    median: float
    why: str = ""


_BY_PAIRS = Expected(0.03, "divides by pairs, not by intervals")
_ROUNDED = Expected(1e-6, "rounds on its way")
EXPECTED: Mapping[str, Mapping[str, Expected]] = {
    "neurokit": {
        "HRV_LF": Expected(0.01, "its grid begins anew with each window, ours lies on the clock"),
        "HRV_HF": Expected(0.01, "as LF"),
        "HRV_LFHF": Expected(0.01, "as LF"),
    },
    "plain": {
        "HRV_LF": Expected(0.02, "4 Hz from each window's first beat, ours on the clock"),
        "HRV_HF": Expected(0.02, "as LF"),
        "HRV_LFHF": Expected(0.02, "as LF"),
    },
    "flirt": {
        "HRV_LF": Expected(1.0, "Lomb-Scargle of astropy's density: not ms2, and it grows with the heart rate"),
        "HRV_HF": Expected(1.0, "as LF"),
        "HRV_LFHF": Expected(0.5, "Lomb-Scargle over raw intervals: a smaller share of LF"),
    },
    "hrv_analysis": {
        "HRV_pNN50": _BY_PAIRS,
        "HRV_SD2": Expected(0.05, "derived from SDNN and SDSD"),
        "HRV_LF": Expected(0.3, "segments of 64 s"),
        "HRV_HF": Expected(0.4, "linear tachogram: a quarter of HF is lost between the beats"),
        "HRV_LFHF": Expected(0.5, "both"),
    },
    "systole": {
        **dict.fromkeys(("HRV_MeanNN", "HRV_SDNN", "HRV_RMSSD", "HRV_LnRMSSD"), _ROUNDED),
        "HRV_pNN50": _BY_PAIRS,
        "HRV_LF": Expected(0.4, "segments of 256 s, cubic at 5 Hz"),
        "HRV_HF": Expected(0.4, "as LF"),
        "HRV_LFHF": Expected(0.5, "as LF"),
    },
}
"""What is not named has to be equal to rounding."""


def apart(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """(k, 11) relative distance from ours; NaN where either has no value, 0 where both are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(ours == theirs, 0.0, np.abs(theirs - ours) / np.abs(ours)))


def compared(distance: FloatArray) -> list[str]:
    """A cell a feature: `median / max` over the windows that both have, `-` where there is none, `equal` within rounding."""
    return [_cell(column[np.isfinite(column)]) for column in distance.T]


def _cell(known: FloatArray) -> str:
    if not len(known):
        return "-"
    return "equal" if known.max() <= EXACT else f"{number(float(np.median(known)))} / {number(float(known.max()))}"


def faults(library: str, distance: FloatArray, window_s: int) -> list[str]:
    """What is further from ours than was expected, in words."""
    said = []
    for name, column in zip(FEATURES, distance.T, strict=True):
        known = column[np.isfinite(column)]
        may = EXPECTED[library].get(name, Expected(EXACT))
        measure = float(np.median(known) if may.median > EXACT else known.max()) if len(known) else 0.0
        if measure > may.median:
            said.append(f"{library}, {window_s} s: {name} is {number(measure)} from ours, {number(may.median)} was expected")
    return said


def silent(library: str, values: FloatArray, wanted: Sequence[str]) -> list[str]:
    """Features that a library was known to give and gave in no window."""
    return [f"{library}: no {name} in any window" for name in wanted if not np.isfinite(values[:, FEATURES.index(name)]).any()]


def why(names: Mapping[str, str]) -> str:
    """Every difference by definition and its reason; `names`: what libraries are called on the page."""
    rows = [
        [names[library], name.removeprefix("HRV_"), may.why] for library, features in EXPECTED.items() for name, may in features.items() if may.why != "as LF"
    ]
    return table(["library", "feature", "why it differs"], rows)


def three_segments(windows: Sequence[IntArray]) -> FloatArray:
    """(k,) 1 where NeuroKit2 has three Welch segments. It counts samples at 100 Hz from a window's first beat to its last: with N % 4 = 2 there is room
    for two, and the newest quarter of the window is not looked at."""
    return np.array([float(len(np.arange(t[0], t[-1] + 0.01, 0.01)) % 4 != 2) for t in (np.cumsum(rr / 1024) for rr in windows)])
