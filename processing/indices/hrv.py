"""RMSSD over 60 s from pairs of beats that nobody touched. Knows settled beats; shown beside the index, never part of it.

Correction would invent exactly the differences RMSSD is made of, so only neighbouring `ok` beats of one segment count.
"""

from dataclasses import dataclass

import numpy as np

from processing.exact import quantise
from processing.indices.intervals import Differences, ln_ms, rmssd_ms
from processing.windows import BeatSums
from somalink.domain.catalogue import HRV_REASONS
from somalink.domain.constants import Beat
from somalink.domain.types import IntArray

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
    window = sums.window(stops, WINDOW_S)
    n, squares = Differences(sums.beats).within(window.first, window.last)
    flagged = window.flagged > rules.max_artefact_hrv * window.beats
    irregular = window.irregular > rules.max_artefact_hrv * window.beats
    reason = np.select([window.beats == 0, n < rules.min_pairs, flagged, irregular], [NO_DATA, TOO_FEW, ARTEFACTS, IRREGULAR], OK)
    known, value = reason == OK, ln_ms(rmssd_ms(n, squares))
    quality = np.minimum(n / np.maximum(window.beats - 1, 1), 1.0) * np.maximum(0.0, 1 - window.flagged / np.maximum(window.beats, 1) / rules.max_artefact_any)
    return Variability(quantise(np.where(known, value, np.nan), 10_000), reason.astype(np.int64), np.where(known, quantise(quality, 10_000), 0))
