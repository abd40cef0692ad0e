"""Eleven HRV features of any windows over settled beats: a value, or the reason why there is none. The door to the kernels.

Knows when a window is usable for a feature; `intervals` and `spectrum` know how it is computed. The live RMSSD rests on the same sums. Definitions
and names are NeuroKit2's, but for one: `HRV_SI` is the geometric index of Baevsky (AMo / (2 Mo dX), 50-ms bins, 1/s2), a name that NeuroKit2
gives to a slope index of the Poincare plot. Say so wherever it is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from processing.indices import intervals, spectrum
from processing.windows import BeatSums, Settled, Window
from somalink.domain.catalogue import Words
from somalink.domain.constants import Beat
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS, ceil_to
from somalink.domain.types import BoolArray, FloatArray, IntArray

FEATURES = ("HRV_MeanNN", "HRV_SDNN", "HRV_RMSSD", "HRV_LnRMSSD", "HRV_pNN50", "HRV_SD1", "HRV_SD2", "HRV_SI", "HRV_LF", "HRV_HF", "HRV_LFHF")
UNITS = dict(zip(FEATURES, ("ms", "ms", "ms", "ln ms", "%", "ms", "ms", "1/s2", "ms2", "ms2", ""), strict=True))
REASONS = Words(("", "no_data", "too_few_beats", "too_few_pairs", "artefacts", "irregular", "short", "gap", "no_variation"))
"""Why a value is not there. `short`: the window itself is too short for this power; `gap`: it is long enough, but too much of it is missing
or broken; `no_variation`: a heart that beats like a clock has no spectrum and no shape. The others as for the live RMSSD."""
OK, NO_DATA, TOO_FEW_BEATS, TOO_FEW_PAIRS, ARTEFACTS, IRREGULAR, SHORT, GAP, NO_VARIATION = range(len(REASONS.words))

BLOCK_NS = 6 * HOUR_NS
"""So much is worked on at once: tables of a month would be gigabytes, of six hours they stay in the cache."""
_OF_PAIRS = ("HRV_RMSSD", "HRV_LnRMSSD", "HRV_pNN50", "HRV_SD1", "HRV_SD2")
_LEAST_S = (spectrum.LF_S, spectrum.HF_S)


@dataclass(frozen=True, slots=True)
class Features:
    """Windows [stop - window, stop). `values` (k, 11) in the order of `FEATURES`, NaN where `reason` (k, 11; codes of `REASONS`) is not empty."""

    stops: IntArray
    values: FloatArray
    reason: IntArray
    beats: IntArray
    flagged: IntArray
    covered_ns: IntArray

    def column(self, name: str) -> FloatArray:
        """(k,) one feature by its name. ValueError for a name that is none."""
        return np.asarray(self.values[:, FEATURES.index(name)])

    def reasons(self, name: str) -> list[str]:
        """The same feature's reasons, in words."""
        return [REASONS[code] for code in self.reason[:, FEATURES.index(name)].tolist()]


def windows(t_ns_first: int, t_ns_last: int, window_s: int, step_s: int) -> IntArray:
    """(k,) stops on the absolute grid (stop % step = 0) of the windows that lie wholly inside [first, last]; none if it is too short."""
    step = step_s * SECOND_NS
    return np.arange(ceil_to(t_ns_first + window_s * SECOND_NS, step), t_ns_last + 1, step, dtype=np.int64)


def features(beats: Settled, stops: IntArray, window_s: int, *, rules: Beat) -> Features:
    """The features of [stop - window, stop) for each stop; stops ascend and are whole quarter seconds. Never raises on beats: absurd ones are real life.

    A beat belongs to the window that holds its closing time, with its whole interval. LF and HF look 24 beats to either side of a window: give
    `spectrum.CONTEXT_NS` more of beats than the windows hold, and the numbers are the same for any chunking.
    """
    parts = [_block(_around(beats, own, window_s), own, window_s, rules) for own in _blocks(stops)]
    return Features(*(np.concatenate([getattr(part, name) for part in parts]) for name in Features.__slots__))


def _blocks(stops: IntArray) -> Iterator[IntArray]:
    """Stops by six hours of UTC; no stops are one block of none."""
    cuts = np.flatnonzero(np.diff(stops // BLOCK_NS)) + 1
    yield from np.split(stops, cuts)


def _around(beats: Settled, stops: IntArray, window_s: int) -> Settled:
    """The beats that these windows can depend on."""
    if not len(stops):
        return beats.take(slice(0, 0))
    edges = np.array([stops[0] - window_s * SECOND_NS - HOUR_NS - spectrum.CONTEXT_NS, stops[-1] + spectrum.CONTEXT_NS])
    first, last = np.searchsorted(beats.t_ns, edges)
    return beats.take(slice(first, last))


def _block(beats: Settled, stops: IntArray, window_s: int, rules: Beat) -> Features:
    held = BeatSums(beats).window(stops, window_s)
    found = intervals.Intervals(beats).time_domain(held.first, held.last)
    power = spectrum.powers(beats, stops, window_s, rules)
    reason = reasons(held, found, power, window_s, rules)
    return Features(stops, values(found, power, reason), reason, held.beats, held.flagged, held.covered_ns)


def values(found: intervals.TimeDomain, power: spectrum.Powers, reason: IntArray) -> FloatArray:
    """(k, 11) in the order of `FEATURES`, NaN where there is a reason."""
    lf, hf = power.of
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = lf / hf
    time = (found.mean_nn, found.sdnn, found.rmssd, intervals.ln_ms(found.rmssd), found.pnn50, found.sd1, found.sd2, found.geometric)
    return np.where(reason == OK, np.array([*time, lf, hf, ratio]).T, np.nan)


def least(window_s: int, rules: Beat) -> int:
    """Beats, and pairs, that a window must hold: as many a minute as the live RMSSD asks of its own minute; a shorter window as many as a minute."""
    return rules.min_pairs * max(window_s * SECOND_NS, MINUTE_NS) // MINUTE_NS


def reasons(held: Window, found: intervals.TimeDomain, power: spectrum.Powers, window_s: int, rules: Beat) -> IntArray:
    """(k, 11) the first reason that holds for each feature."""
    enough, most = least(window_s, rules), rules.max_artefact_hrv * held.beats
    plain = (found.pairs >= enough) & (held.flagged <= most) & (held.irregular <= most) & (power.used_s >= spectrum.LF_S) & (found.spread_ticks > 0)
    if plain.all():
        return np.zeros((len(plain), len(FEATURES)), np.int64)
    rough = ((held.flagged > most, ARTEFACTS), (held.irregular > most, IRREGULAR))
    of_pairs = _first((held.beats == 0, NO_DATA), (found.pairs < enough, TOO_FEW_PAIRS), *rough)
    of_beats = _first((held.beats == 0, NO_DATA), (found.nn < enough, TOO_FEW_BEATS), *rough)
    steady = np.where(found.spread_ticks == 0, NO_VARIATION, OK)
    shape = np.where(of_beats == OK, steady, of_beats)
    lf, hf = (np.where(of_beats == OK, np.where(power.used_s < least_s, SHORT if window_s < least_s else GAP, steady), of_beats) for least_s in _LEAST_S)
    by_name = dict.fromkeys(_OF_PAIRS, of_pairs) | {"HRV_MeanNN": of_beats, "HRV_SDNN": of_beats, "HRV_SI": shape, "HRV_LF": lf, "HRV_HF": hf, "HRV_LFHF": lf}
    return np.stack([by_name[name] for name in FEATURES], axis=1)


def _first(*rules: tuple[BoolArray, int]) -> IntArray:
    """(k,) the code of the first condition that holds, `OK` for none."""
    code: IntArray = np.zeros(len(rules[0][0]), np.int64)
    for holds, reason in reversed(rules):
        code = np.where(holds, reason, code)
    return code
