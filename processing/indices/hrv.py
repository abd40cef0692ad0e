"""RMSSD over 60 s from pairs of beats that nobody touched. Knows settled beats; shown beside the index, never part of it.

Correction would invent exactly the differences RMSSD is made of, so only neighbouring `ok` beats of one segment count.
"""

from dataclasses import dataclass

import numpy as np

from processing.cleaning import TICKS_PER_S
from processing.exact import prefix, quantise
from processing.windows import BeatSums
from somalink.domain.catalogue import HRV_REASONS
from somalink.domain.constants import Beat
from somalink.domain.types import Flag, IntArray

WINDOW_S = 60
OK, TOO_FEW, ARTEFACTS, NO_DATA, IRREGULAR = (HRV_REASONS.code(w) for w in ("", "too_few_pairs", "artefacts", "no_data", "irregular"))


@dataclass(frozen=True, slots=True)
class Variability:
    """(k,) a grid stop: ln(RMSSD in ms) 1e-4 or UNKNOWN, reason code, quality 1e-4."""

    ln_rmssd: IntArray
    reason: IntArray
    q: IntArray


def rmssd(stops: IntArray, sums: BeatSums, *, rules: Beat) -> Variability:
    """RMSSD of [stop - 60 s, stop). Fewer than 30 pairs, more than 5 % artefacts or more than 5 %
    irregular beats (ectopy that no correction undoes): UNKNOWN with a reason. Task Force 1996, table 1."""
    beats = sums.beats
    ok = beats.flag == Flag.OK
    pair = np.zeros(len(beats), bool)
    pair[1:] = ok[1:] & ok[:-1] & (beats.segment[1:] == beats.segment[:-1])
    squared = np.zeros(len(beats), np.int64)
    squared[1:] = np.diff(beats.rr_ticks) ** 2
    pairs, squares = prefix(pair), prefix(np.where(pair, squared, 0))

    window = sums.window(stops, WINDOW_S)
    inside = np.minimum(window.first + 1, window.last)
    n = pairs[window.last] - pairs[inside]
    total = squares[window.last] - squares[inside]
    flagged = window.flagged > rules.max_artefact_hrv * window.beats
    irregular = window.irregular > rules.max_artefact_hrv * window.beats
    reason = np.select([window.beats == 0, n < rules.min_pairs, flagged, irregular], [NO_DATA, TOO_FEW, ARTEFACTS, IRREGULAR], OK)
    ms = np.sqrt(total / np.maximum(n, 1)) * (1000 / TICKS_PER_S)
    known = reason == OK
    # A heart that did not vary by one tick in a minute has no logarithm: say half a tick, the resolution.
    value = np.log(np.maximum(ms, 500 / TICKS_PER_S))
    quality = np.minimum(n / np.maximum(window.beats - 1, 1), 1.0) * np.maximum(0.0, 1 - window.flagged / np.maximum(window.beats, 1) / rules.max_artefact_any)
    return Variability(quantise(np.where(known, value, np.nan), 10_000), reason.astype(np.int64), np.where(known, quantise(quality, 10_000), 0))
