"""One 5-minute window of beats -> NeuroKit2's HRV columns, or the reason why not. The one importer of NeuroKit2, inside functions.

Knows NeuroKit2's names and its known traps; knows nothing of worker pools, stores or pages. `panel` is a top-level function of plain
values, so that a pool can carry it to another process, where the import (seconds) happens once.

What NeuroKit2 is never left to decide (measured on 0.2.13):

* It bridges: differences are taken over a hole unless the clock of the beats shows it, spectra are splined across it, and entropies
  and the 1-, 2- and 5-minute spreads never look at the clock. Here a break is shown by its own second on a made clock, spectra and
  entropies see one unbroken span, and the minute spreads are left out where time is missing.
* It answers from three beats and gives LF from one minute. Here every group of columns has a least input, and a reason below it.
* Its spectrum divides by its own peak, has two segments or three by the sample count modulo four, and with two drops the newest quarter.
  Here every power, and what is made of powers, comes from `indices.spectrum`: the segments of the archive's and the live LF and HF, in
  ms^2, at fixed quarter-seconds. SD1 and SD2 come from `indices.intervals`, in whole ticks: NeuroKit2's only public way to them takes 0.8 s.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from processing.cleaning import Raw, classify
from processing.exact import int_sum, prefix
from processing.indices import spectrum
from processing.indices.intervals import MS_PER_TICK, Intervals, follows
from processing.rhythm import IRREGULAR, stretches
from processing.windows import Settled, ticks_to_ns
from somalink.domain.constants import Constants
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Beats, BoolArray, Flag, FloatArray, IntArray

WINDOW_NS = 5 * MINUTE_NS
"""The length the Task Force (1996) fixed for short recordings; windows lie on the UTC 5-minute grid."""

_TIME = (
    "HRV_MeanNN HRV_SDNN HRV_SDANN1 HRV_SDNNI1 HRV_SDANN2 HRV_SDNNI2 HRV_SDANN5 HRV_SDNNI5 HRV_RMSSD HRV_SDSD HRV_CVNN HRV_CVSD HRV_MedianNN "
    "HRV_MadNN HRV_MCVNN HRV_IQRNN HRV_SDRMSSD HRV_Prc20NN HRV_Prc80NN HRV_pNN50 HRV_pNN20 HRV_MinNN HRV_MaxNN HRV_HTI HRV_TINN"
)
_FREQUENCY = "HRV_ULF HRV_VLF HRV_LF HRV_HF HRV_VHF HRV_TP HRV_LFHF HRV_LFn HRV_HFn HRV_LnHF"
COLUMNS: tuple[str, ...] = (*_TIME.split(), *_FREQUENCY.split(), "HRV_SD1", "HRV_SD2", "HRV_SampEn")
"""NeuroKit2's own names in its own order; a test compares them with the installed version."""

_MORE = (
    "HRV_SD1SD2 HRV_S HRV_CSI HRV_CVI HRV_CSI_Modified HRV_PIP HRV_IALS HRV_PSS HRV_PAS HRV_GI HRV_SI HRV_AI HRV_PI HRV_C1d HRV_C1a HRV_SD1d HRV_SD1a "
    "HRV_C2d HRV_C2a HRV_SD2d HRV_SD2a HRV_Cd HRV_Ca HRV_SDNNd HRV_SDNNa HRV_DFA_alpha1 HRV_MFDFA_alpha1_Width HRV_MFDFA_alpha1_Peak HRV_MFDFA_alpha1_Mean "
    "HRV_MFDFA_alpha1_Max HRV_MFDFA_alpha1_Delta HRV_MFDFA_alpha1_Asymmetry HRV_MFDFA_alpha1_Fluctuation HRV_MFDFA_alpha1_Increment HRV_DFA_alpha2 "
    "HRV_MFDFA_alpha2_Width HRV_MFDFA_alpha2_Peak HRV_MFDFA_alpha2_Mean HRV_MFDFA_alpha2_Max HRV_MFDFA_alpha2_Delta HRV_MFDFA_alpha2_Asymmetry "
    "HRV_MFDFA_alpha2_Fluctuation HRV_MFDFA_alpha2_Increment HRV_ApEn HRV_ShanEn HRV_FuzzyEn HRV_MSEn HRV_CMSEn HRV_RCMSEn HRV_CD HRV_HFD HRV_KFD HRV_LZC "
    "HRV_Symbolic_EqualProb4_0V HRV_Symbolic_EqualProb4_1V HRV_Symbolic_EqualProb4_2LV HRV_Symbolic_EqualProb4_2UV"
)
NONLINEAR_COLUMNS: tuple[str, ...] = tuple(_MORE.split())
"""What `nonlinear=True` adds, for 0.8 s a window: the rest of `hrv_nonlinear`."""

REASONS = ("", "too_few_beats", "artefacts", "irregular", "coverage", "no_variation", "short_for_frequency", "gaps")
"""Why a row is not whole. The second to fifth leave it empty; `no_variation` (a paced heart) and `short_for_frequency` leave LF and what
rests on it empty; `gaps` only the spreads and entropies that need the whole five minutes."""

_MIN_BEATS = 60
"""Accepted beats: a minute at rest. Below it the spread of five minutes is one of a moment."""
_MIN_PAIRS = Constants().beat.min_pairs
_MAX_ARTEFACT = Constants().beat.max_artefact_hrv
"""The same share as for the live RMSSD: "usable for HRV" is one rule in the whole program."""
_MIN_COVERAGE = 0.5
"""Half of the window. A recorder that pauses 7 s in every 33 still gives three quarters."""
_SAMPEN_BEATS = 100
"""10^m beats for m = 2 (Richman & Moorman 2000); fewer matches than that are luck."""
_END_NS = 2 * SECOND_NS
"""The longest interval that is not out of range: so much of a whole window may lie after its last closing beat."""
_BANDS = {"HRV_VLF": (0.0033, 0.04), "HRV_LF": spectrum.LF_HZ, "HRV_HF": spectrum.HF_HZ, "HRV_VHF": (0.4, 0.5)}
"""NeuroKit2's bands. ULF would need hours, and VLF begins at 4 / T here as there, so that it is of its upper part."""
_NEEDS_ALL_MINUTES = tuple(name for name in _TIME.split() if "SDANN" in name or "SDNNI" in name)
_WITHOUT_LF = ("HRV_HF", "HRV_VHF", "HRV_LnHF")
"""What a span of one to two minutes may still tell. Under two minutes NeuroKit2 drops the bins below 4/T without a word: at 60 s its LF begins at .069 Hz."""

Values = dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class HrvWindow:
    """The beats whose closing time lies in [start, stop). All (n,), in time order, flags settled."""

    start_ns: int
    stop_ns: int
    t_ns: IntArray
    rr_ticks: IntArray
    flag: IntArray
    segment: IntArray

    @property
    def beats(self) -> Settled:
        """As the kernels ask for them."""
        return Settled(self.t_ns, self.rr_ticks, self.flag, self.segment, self.rr_ticks, np.zeros_like(self.flag))


@dataclass(frozen=True, slots=True)
class HrvRow:
    """One row to store. `values` stand in the order of `COLUMNS`, then (if asked for) `NONLINEAR_COLUMNS`; None = not known."""

    start_ns: int
    stop_ns: int
    n_beats: int
    artefact: float
    """Share of the window's beats that are flagged; 0 for a window without beats."""
    reason: str
    values: tuple[float | None, ...]

    @property
    def columns(self) -> dict[str, float | None]:
        """The values under NeuroKit2's names, in its order."""
        return dict(zip(COLUMNS + NONLINEAR_COLUMNS, self.values, strict=False))


def windows(beats: Beats) -> Iterator[HrvWindow]:
    """The 5-minute windows that hold at least one beat, in time order. A window still filling is given too: ask only for closed ones."""
    if not len(beats):
        return
    number = beats.t_ns // WINDOW_NS
    cuts = np.flatnonzero(np.diff(number)) + 1
    for first, last in zip([0, *cuts], [*cuts, len(beats)], strict=True):
        start_ns = int(number[first]) * WINDOW_NS
        own = slice(first, last)
        yield HrvWindow(start_ns, start_ns + WINDOW_NS, beats.t_ns[own], beats.rr_ticks[own], beats.flag[own], beats.segment[own])


def missing(wanted: Iterable[HrvWindow], have: Collection[int]) -> Iterator[HrvWindow]:
    """The windows not yet in the store, which knows their `start_ns`: an interrupted panel goes on where it stopped."""
    return (window for window in wanted if window.start_ns not in have)


def panel(window: HrvWindow, *, nonlinear: bool = False) -> HrvRow:
    """NeuroKit2's columns for one window; None where its least input is not met, with the reason that took most away."""
    ok = window.flag == Flag.OK
    columns = COLUMNS + NONLINEAR_COLUMNS if nonlinear else COLUMNS
    refused = _refusal(window, ok)
    values, reason = ({}, refused) if refused else _measure(window, ok, nonlinear=nonlinear)
    return HrvRow(window.start_ns, window.stop_ns, len(ok), _artefact(ok), reason, tuple(_known(values.get(name)) for name in columns))


def _measure(window: HrvWindow, ok: BoolArray, *, nonlinear: bool) -> tuple[Values, str]:
    spans = _spans(window)
    steady = _longest_run(follows(window.beats), ok)
    whole = len(spans) == 1 and not _fell_short(window, ok)
    values = _time_domain(window, ok, whole=whole) | _poincare(window) | _sample_entropy(window, steady)
    powers = _frequency(window, max(spans, key=lambda span: _length_ns(window, span)))
    if nonlinear:
        values = _nonlinear(window, steady) | values
    return values | powers, _shortfall(values | powers, whole=whole)


def _shortfall(values: Values, *, whole: bool) -> str:
    if values["HRV_SDNN"] == 0:
        return "no_variation"
    if "HRV_LF" not in values:
        return "short_for_frequency"
    return "" if whole and "HRV_SampEn" in values else "gaps"


# ---------------------------------------------------------------- may it be measured at all


def _refusal(window: HrvWindow, ok: BoolArray) -> str:
    if _count(ok) < _MIN_BEATS or _count(follows(window.beats)) < _MIN_PAIRS:
        return "too_few_beats"
    if _artefact(ok) > _MAX_ARTEFACT:
        return "artefacts"
    if _irregular(window):
        return "irregular"
    if _covered_ns(window, ok) < _MIN_COVERAGE * (window.stop_ns - window.start_ns):
        return "coverage"
    return ""


def _irregular(window: HrvWindow) -> bool:
    """The one rule of `processing.rhythm`, over this window: which beats are irregular is not stored, so it is asked again."""
    none = np.zeros_like(window.flag)
    found = classify(Raw(window.t_ns, window.rr_ticks, window.segment, none, none), Constants().beat)
    beats = replace(window.beats, irregular=found.irregular.astype(np.int64))
    return bool(stretches(beats, Constants().rhythm)[0] == IRREGULAR)


def _artefact(ok: BoolArray) -> float:
    return (len(ok) - _count(ok)) / len(ok) if len(ok) else 0.0


def _covered_ns(window: HrvWindow, ok: BoolArray) -> int:
    """Time inside accepted intervals, the first one clipped at the window's start."""
    rr_ns = _rr_ns(window)[ok]
    return int_sum(np.minimum(rr_ns, window.t_ns[ok] - window.start_ns))


def _fell_short(window: HrvWindow, ok: BoolArray) -> bool:
    """Is more missing than the beat that closes after the window's end?"""
    return (window.stop_ns - window.start_ns) - _covered_ns(window, ok) > _END_NS


# ---------------------------------------------------------------- what follows what


def _longest_run(follows: BoolArray, ok: BoolArray) -> slice:
    """The longest stretch of accepted beats that follow each other without any break."""
    starts = np.flatnonzero(ok & ~follows)
    ends = np.flatnonzero(ok & ~np.append(follows[1:], False)) + 1
    longest = int(np.argmax(ends - starts))
    return slice(int(starts[longest]), int(ends[longest]))


def _spans(window: HrvWindow) -> list[IntArray]:
    """Indices of accepted beats by unbroken span, over which a spectrum may be splined."""
    kept, number = spectrum.spans(window.beats, Constants().beat)
    return np.split(kept, np.flatnonzero(np.diff(number)) + 1)


def _length_ns(window: HrvWindow, span: IntArray) -> int:
    return int(window.t_ns[span[-1]] - window.t_ns[span[0]] + _rr_ns(window)[span[0]])


# ---------------------------------------------------------------- the columns


def _time_domain(window: HrvWindow, ok: BoolArray, *, whole: bool) -> Values:
    import neurokit2

    with np.errstate(divide="ignore", invalid="ignore"):
        values = _row(neurokit2.hrv_time({"RRI": _rr_ms(window)[ok], "RRI_Time": _clock_s(window, ok)}))
    return values if whole else {name: value for name, value in values.items() if name not in _NEEDS_ALL_MINUTES}


def _frequency(window: HrvWindow, span: IntArray) -> Values:
    """Power in ms^2 over the longest unbroken span: all bands from two minutes on, HF and VHF from one, nothing below."""
    if _is_constant(window.rr_ticks[span]):
        return {}
    begins_ns = max(window.start_ns, int(window.t_ns[span[0]] - _rr_ns(window)[span[0]]))
    ends_ns = int(window.t_ns[span[-1]])
    stop_ns = window.stop_ns if window.stop_ns - ends_ns <= _END_NS else ends_ns // spectrum.SAMPLE_NS * spectrum.SAMPLE_NS
    length_s = (stop_ns - begins_ns) // SECOND_NS
    found = spectrum.powers(window.beats.take(span), np.array([stop_ns]), length_s, Constants().beat, bands=tuple(_BANDS.values()))
    values = dict(zip(_BANDS, found.of[:, 0].tolist(), strict=True))
    total = math.fsum(power for power in values.values() if math.isfinite(power))
    with np.errstate(divide="ignore", invalid="ignore"):
        lf, hf = np.float64(values["HRV_LF"]), np.float64(values["HRV_HF"])
        values |= {"HRV_TP": total, "HRV_LFHF": float(lf / hf), "HRV_LFn": float(lf / total), "HRV_HFn": float(hf / total), "HRV_LnHF": float(np.log(hf))}
    if length_s < spectrum.HF_S:
        return {}
    return values if length_s >= spectrum.LF_S else {name: values[name] for name in _WITHOUT_LF}


def _poincare(window: HrvWindow) -> Values:
    found = Intervals(window.beats).time_domain(np.array([0]), np.array([len(window.t_ns)]))
    return {"HRV_SD1": float(found.sd1[0]), "HRV_SD2": float(found.sd2[0])}


def _sample_entropy(window: HrvWindow, steady: slice) -> Values:
    """Sample entropy with NeuroKit2's defaults (m = 2, r = .2 SD): its templates are neighbours, so only a stretch without any break will do."""
    rr_ms = _rr_ms(window)[steady]
    if len(rr_ms) < _SAMPEN_BEATS or _is_constant(rr_ms):
        return {}
    import neurokit2

    value, _ = neurokit2.entropy_sample(rr_ms)
    return {"HRV_SampEn": float(value)}


def _nonlinear(window: HrvWindow, steady: slice) -> Values:
    rr_ms = _rr_ms(window)[steady]
    if len(rr_ms) < _SAMPEN_BEATS or _is_constant(rr_ms):
        return {}
    import neurokit2

    beats = {"RRI": rr_ms, "RRI_Time": (window.t_ns[steady] - window.start_ns) / SECOND_NS}
    with np.errstate(divide="ignore", invalid="ignore"):
        return _row(neurokit2.hrv_nonlinear(beats))


# ---------------------------------------------------------------- small change


def _clock_s(window: HrvWindow, ok: BoolArray) -> FloatArray:
    """Times of accepted beats on a made clock: intervals end to end, and one second more at every break.

    NeuroKit2 takes two beats as neighbours when the clock moved by the interval, give or take 10 ms; a hole that happens to be that
    small would be bridged on the real clock.
    """
    ticks = prefix(window.rr_ticks[ok] + np.where(follows(window.beats)[ok], 0, 1024))
    return np.asarray(ticks[1:] / 1024)


def _rr_ms(window: HrvWindow) -> FloatArray:
    return np.asarray(window.rr_ticks * MS_PER_TICK)


def _rr_ns(window: HrvWindow) -> IntArray:
    return ticks_to_ns(window.rr_ticks)


def _is_constant(intervals: IntArray | FloatArray) -> bool:
    """A spectrum or entropy of a paced heart would be one of rounding dust."""
    return bool(np.ptp(intervals) == 0)


def _count(mask: BoolArray) -> int:
    return int(np.count_nonzero(mask))


def _row(frame: object) -> Values:
    return {str(name): float(column.iloc[0]) for name, column in frame.items()}  # type: ignore[attr-defined]


def _known(value: float | None) -> float | None:
    """NeuroKit2 says "not known" as NaN or infinity; the store says it as nothing."""
    return value if value is not None and math.isfinite(value) else None
