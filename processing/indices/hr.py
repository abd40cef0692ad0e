"""Heart rate from beats, from the device's own field, or from both; and how far to trust it (engine, section 1).

Knows settled beats and field seconds; knows nothing of baselines. The source of the rate is its `reason`: a rate from fresh beats
leads a vendor's field by half a minute, and that, not the formula, is what pays on real people (docs/decisions).
"""

from dataclasses import dataclass

import numpy as np

from processing.cleaning import TICKS_PER_S
from processing.exact import prefix, quantise
from processing.windows import BeatSums
from somalink.domain.catalogue import HR_REASONS
from somalink.domain.constants import Beat, HeartRate
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, FloatArray, IntArray

RR, FUSED, FIELD, THIN, NO_DATA = (HR_REASONS.code(w) for w in ("rr", "fused", "hr_field", "rr_thin", "no_data"))


@dataclass(frozen=True, slots=True)
class FieldSeconds:
    """The device's own heart rate, (n,): when, milli-bpm, and whether the second is fresh (not held by the device, contact on)."""

    t_ns: IntArray
    mbpm: IntArray
    fresh: BoolArray


@dataclass(frozen=True, slots=True)
class Heart:
    """(k,) a grid stop: milli-bpm, reason code, quality 1e-4, rate over 60 s for the recovery rule, artefact share 1e-4,
    variance of the rate in bpm^2, and beats in the last 30 s."""

    hr: IntArray
    reason: IntArray
    q: IntArray
    hr60: IntArray
    artefact: IntArray
    variance: FloatArray
    beats30: IntArray


def heart_rate(stops: IntArray, sums: BeatSums, field: FieldSeconds, contact: BoolArray, *, rules: HeartRate, beat: Beat) -> Heart:
    """Heart rate at each stop. No beats and no field: UNKNOWN with `no_data`; beats too thin and no field: `rr_thin`. Never raises."""
    long, short = sums.window(stops, rules.fused_win_s), sums.window(stops, rules.win_s)
    c, c30 = long.covered_ns / (rules.fused_win_s * SECOND_NS), short.covered_ns / (rules.win_s * SECOND_NS)
    f_mean, f_known, fresh_s = _field(stops, field, rules.fused_win_s)

    rate30, rate60 = _rate(short.accepted, short.used_ticks), _rate(long.accepted, long.used_ticks)
    enough = long.accepted >= rules.min_beats
    by_rr = c30 >= rules.c30_min
    by_both = ~by_rr & enough & f_known
    by_field = ~by_rr & ~enough & f_known
    by_thin_rr = ~by_rr & ~f_known & enough & (c >= rules.c60_min)
    u = c / (c + rules.k)
    rate = np.select([by_rr, by_both, by_field, by_thin_rr], [rate30, u * rate60 + (1 - u) * f_mean, f_mean, rate60], np.nan)
    reason = np.select([by_rr, by_both | by_thin_rr, by_field, long.beats > 0], [RR, FUSED, FIELD, THIN], NO_DATA)

    flagged = np.where(long.beats > 0, long.flagged / np.maximum(long.beats, 1), 0.0)
    by_beats = c * np.maximum(0.0, 1 - flagged / beat.max_artefact_any)
    by_seconds = rules.field_q * fresh_s / rules.fused_win_s
    q = np.minimum(np.maximum(by_beats, by_seconds), 1.0) * contact
    hr = quantise(rate, 1000)
    return Heart(
        hr,
        reason.astype(np.int64),
        np.where(hr == UNKNOWN, 0, quantise(q, 10_000)),
        quantise(np.where(enough & (c >= rules.c60_min), rate60, rate), 1000),
        quantise(flagged, 10_000),
        _variance(c, c30, by_rr, by_both | by_thin_rr, f_known, rules),
        short.beats,
    )


def _rate(accepted: IntArray, used_ticks: IntArray) -> FloatArray:
    """60 / mean RR, in bpm; NaN without beats."""
    return np.where(accepted > 0, 60.0 * TICKS_PER_S * accepted / np.maximum(used_ticks, 1), np.nan)


def _field(stops: IntArray, field: FieldSeconds, length_s: int) -> tuple[FloatArray, BoolArray, IntArray]:
    """Mean of the device's field over the window, whether there is any, and how many of its seconds are fresh."""
    first = np.searchsorted(field.t_ns, stops - length_s * SECOND_NS, side="left")
    last = np.searchsorted(field.t_ns, stops, side="left")
    total = prefix(field.mbpm)
    n = last - first
    mean = np.where(n > 0, (total[last] - total[first]) / np.maximum(n, 1) / 1000, np.nan)
    return mean, n > 0, _fresh_seconds(stops, field.t_ns[field.fresh], length_s)


def _fresh_seconds(stops: IntArray, t_ns: IntArray, length_s: int) -> IntArray:
    """Seconds of the window in which a fresh sample came, and single empty ones between such or at its edges.

    "Once a second" is every 0.98 to 1.05 s, so that a device slips over the edge of a second now and then, and nothing is missing. Only samples inside
    the window count: it does not matter what is remembered from before it (docs/decisions/0033).
    """
    first = np.searchsorted(t_ns, stops - length_s * SECOND_NS, side="left")
    last = np.searchsorted(t_ns, stops, side="left")
    second = np.append(t_ns // SECOND_NS, 0)  # one more, so that an empty window has something to point at
    slipped = np.append(prefix(np.diff(second[:-1]) == 2), 0)
    newest, stop_s = np.maximum(last - 1, 0), stops // SECOND_NS
    at_edges = (second[first] - (stop_s - length_s) == 1).astype(np.int64) + (stop_s - second[newest] == 2)
    return np.asarray(np.where(last > first, np.minimum(last - first + slipped[newest] - slipped[first] + at_edges, length_s), 0), np.int64)


def _variance(c: FloatArray, c30: FloatArray, by_rr: BoolArray, by_both: BoolArray, with_field: BoolArray, rules: HeartRate) -> FloatArray:
    """Sampling variance of the rate, bpm^2: 0.2 bpm for 30 s fully covered (science, section 1.2), the field's own scatter else."""
    full = 0.04
    u = np.where(with_field, c / (c + rules.k), 1.0)
    spread = rules.field_sd_bpm**2
    covered = np.maximum(c, 1e-9)
    return np.where(by_rr, full / np.maximum(c30, 1e-9), np.where(by_both, u * u * full / covered + (1 - u) * (1 - u) * spread, spread))
