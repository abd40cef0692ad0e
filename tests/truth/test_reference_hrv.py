"""Real beats through our kernels, NeuroKit2 and a MATLAB toolbox of other people (PhysioNet Cardiovascular Signal Toolbox): how far apart are they?

`ref_hrv_pcst` has the toolbox's own table for five-minute windows, every 30 s, of the first two hours of record nsr001, and the record's
annotations. The toolbox read it at 125 Hz, takes N-N intervals and removes outliers of its own; its powers are of a Lomb periodogram.
"""

import csv
import gzip
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hearts import held
from real import table

from processing.indices.features import UNITS, features, windows
from processing.windows import Settled
from somalink.domain.constants import Constants
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import Flag, FloatArray

RULES = Constants().beat
START_NS = 400_000 * HOUR_NS
RATE_HZ = 125
THEIR_NAMES = {
    "HRV_MeanNN": ("NNmean", 1.0), "HRV_SDNN": ("SDNN", 1.0), "HRV_RMSSD": ("RMSSD", 1.0), "HRV_pNN50": ("pnn50", 100.0), "HRV_SD1": ("SD1", 1.0),
    "HRV_SD2": ("SD2", 1.0), "HRV_LF": ("lf", 1.0), "HRV_HF": ("hf", 1.0), "HRV_LFHF": ("lfhf", 1.0),
}  # fmt: skip
"""Name in the toolbox's table, and what turns its unit into ours."""
LIMITS = {"HRV_MeanNN": 1.0, "HRV_SDNN": 1.5, "HRV_RMSSD": 4.5, "HRV_SD1": 3.3, "HRV_SD2": 2.6}
"""95 % of windows, in ms: the data set's own figures for plain N-N arithmetic against this table, and half a tick of rounding."""
BY_FORMULA = ("HRV_SD1", "HRV_SD2")
POWERS = ("HRV_LF", "HRV_HF", "HRV_LFHF")


@dataclass(frozen=True)
class Compared:
    """(n,) each by feature: ours, NeuroKit2's and the toolbox's, of the windows that all three have."""

    ours: dict[str, FloatArray]
    neurokit: dict[str, FloatArray]
    toolbox: dict[str, FloatArray]

    def off(self, name: str, whose: dict[str, FloatArray]) -> FloatArray:
        """How far off the toolbox: in the feature's unit, powers in percent of it."""
        difference = whose[name] - self.toolbox[name]
        return np.asarray(100 * difference / self.toolbox[name]) if name in POWERS else difference


def record(folder: Path) -> Settled:
    """The whole record as settled beats: an interval counts if both its beats are normal."""
    with gzip.open(folder / "nsr001_full_annotations.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    samples, normal = np.array([int(row["sample"]) for row in rows]), np.array([row["symbol"] == "N" for row in rows])
    t_ns = START_NS + (samples[1:] - samples[0]) * SECOND_NS // RATE_HZ
    ticks = np.rint(np.diff(samples) / RATE_HZ * 1024).astype(np.int64)
    flag = np.where(normal[1:] & normal[:-1], Flag.OK, Flag.ECTOPIC)
    none = np.zeros(len(ticks), np.int64)
    return Settled(t_ns, ticks, flag, none, np.where(flag == Flag.OK, ticks, 0), none)


def by_neurokit(beats: Settled) -> dict[str, float]:
    """NeuroKit2 told of the holes by its clock, powers in ms^2, and the samples of its tachogram; SD1 and SD2 by its own formula."""
    import neurokit2

    ok = beats.flag == Flag.OK
    given = {"RRI": beats.rr_ticks[ok] / 1.024, "RRI_Time": (beats.t_ns[ok] - beats.t_ns[0]) / SECOND_NS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = neurokit2.hrv_time(given).iloc[0].to_dict() | neurokit2.hrv_frequency(given, normalize=False).iloc[0].to_dict()
    x, y = given["RRI"][:-1], given["RRI"][1:]
    found["samples"] = len(np.arange(given["RRI_Time"][0], given["RRI_Time"][-1] + 0.01, 0.01))
    return found | {"HRV_SD1": float(np.std((x - y) / np.sqrt(2), ddof=1)), "HRV_SD2": float(np.std((x + y) / np.sqrt(2), ddof=1))}


@pytest.fixture(scope="module")
def compared(data: Path) -> Compared:
    folder = data / "ref_hrv_pcst"
    beats = record(folder)
    with gzip.open(folder / "reference_hrv_5min_windows.csv.gz", "rt") as file:
        wanted = [row for row in csv.DictReader(file) if row["patID"] == "nsr001" and row["SDNN"] != "NaN"]
    stops = START_NS + np.array([round(float(row["t_end"]) * SECOND_NS) for row in wanted])
    found = features(beats, stops, 300, rules=RULES)
    kept = np.flatnonzero(~found.reason.any(axis=1))
    library = [by_neurokit(held(beats, int(stops[k]), 300)) for k in kept]
    return Compared(
        {name: found.column(name)[kept] for name in THEIR_NAMES},
        {name: np.array([each[name] for each in library]) for name in THEIR_NAMES},
        {name: np.array([float(wanted[k][column]) * unit for k in kept]) for name, (column, unit) in THEIR_NAMES.items()},
    )


def percent_apart(one: FloatArray, two: FloatArray) -> FloatArray:
    """(n,) |one - two| in percent of two; 0 where both are 0."""
    return np.asarray(100 * np.abs(one - two) / np.maximum(np.abs(two), 1e-12))


def middle(values: FloatArray) -> str:
    """Median and the range of 95 %."""
    low, median, high = np.percentile(values, [2.5, 50, 97.5])
    return f"{median:+.3f} [{low:+.2f}, {high:+.2f}]"


def row(compared: Compared, name: str) -> list[object]:
    ours, library = (compared.off(name, whose) for whose in (compared.ours, compared.neurokit))
    theirs = compared.toolbox[name]
    return [name, "%" if name in POWERS else UNITS[name], len(theirs), f"{np.median(theirs):.2f}", middle(ours), middle(library), middle(ours - library)]


@pytest.mark.truth
def test_a_matlab_toolbox_and_neurokit_find_what_we_find(compared: Compared, figures: Callable[[str], None]) -> None:
    rows = [row(compared, name) for name in THEIR_NAMES]
    figures(table("feature unit_of_difference n median_of_the_toolbox ours_less_toolbox NeuroKit2_less_toolbox ours_less_NeuroKit2", rows))
    for name, limit in LIMITS.items():
        assert abs(np.median(compared.off(name, compared.ours))) <= 0.1, name
        assert np.percentile(np.abs(compared.off(name, compared.ours)), 95) <= limit, name


@pytest.mark.truth
def test_on_a_real_day_the_time_domain_is_neurokits_and_powers_are_where_it_uses_the_whole_window(data: Path, figures: Callable[[str], None]) -> None:
    """Every five minutes of a day. Beats that are not normal are masked in both; NeuroKit2 splines over them, as we do, and over more."""
    beats = record(data / "ref_hrv_pcst")
    stops = windows(int(beats.t_ns[0]), int(beats.t_ns[-1]), 300, 300)
    found = features(beats, stops, 300, rules=RULES)
    kept = np.flatnonzero(~found.reason.any(axis=1))
    library = [by_neurokit(held(beats, int(stops[k]), 300)) for k in kept]
    three = np.array([each["samples"] % 4 != 2 for each in library])
    apart = {name: percent_apart(found.column(name)[kept], np.array([each[name] for each in library])) for name in THEIR_NAMES if name not in BY_FORMULA}
    rows = [
        [name, which, int(np.count_nonzero(own)), *(f"{np.percentile(apart[name][own], share):.2g}" for share in (50, 95, 100))]
        for name in apart
        for which, own in ((("three segments", three), ("two segments", ~three)) if name in POWERS else (("all", three | True),))
    ]
    figures(table("feature windows_of_NeuroKit2 n median_%_apart 95_%_of_them_within most", rows))
    assert all(apart[name].max() < 1e-10 for name in apart if name not in POWERS)
    assert all(np.percentile(apart[name][three], 95) < 3 for name in ("HRV_LF", "HRV_HF"))
