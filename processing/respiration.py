"""Beats, R peaks or a chest's movement -> how often somebody breathes, and how surely; or why it cannot be said. For the eye, never stored.

Three things move with the breath. The heart rate swings (`rsa`, respiratory sinus arrhythmia); the electrical axis turns and the chest fills,
so that R peaks grow and shrink (`ecg`, Moody et al. 1985, Comput Cardiol 12:113); the strap tilts with the ribs (`chest`). Each is brought to
a 4 Hz grid over the last minute and asked for its waves, peaks of the spectrum with a quality each; `told` weighs them against each other.

*Why a minute.* A rate needs four breaths: fewer cannot be told from a drift. At 4 a minute, the slowest that is answered, they take 60 s; at 8
they take 30 s. So a shorter stretch (at the start, after a gap or a movement) answers for what fits four times into it, and for nothing slower.

*Quality* is the less of two: concentration, the share of all power from 3 a minute up that lies at the wave and at twice it; and regularity,
how alike the signal is to itself one breath later. Scaled so that what noise reaches is 0 and a lone steady wave 1.

*Beats cannot show every breath.* They sample it: `rsa` and `ecg` end a little below every second beat, and a breath that is faster still looks like
a slower one to both (30 a minute like 20, to a heart of 50); only the chest can tell. And the heart rate has a wave of its own near six a
minute, from blood pressure (Mayer waves), which chest and axis have not: of a slow wave that only the heart rate shows more is asked, and a
chest that shows another breath is believed instead. A pressure wave that is large and steady is a breath to the heart rate all the same.

Knows nothing of straps, hubs or pages, and nothing of any pacer: told is what was seen, not what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.breathing import SILENT_NS, Lately, doubtful_in, lost_before, rr_ns, solved, sum_of
from processing.cleaning import TICKS_PER_S
from processing.exact import group_sum, int_sum, median
from processing.motion import acceleration_bins
from somalink.domain.constants import RESPIRATION, Beat, Motion, Respiratory
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, FloatArray, IntArray

REASONS = ("moving", "gap", "artefacts", "begun", "no_beats", "disagree", "no_breath_seen")
"""Why there is no rate: the wearer moves; something was lost; too many doubtful beats; less than half a minute is known; nothing is heard; two
sources show two breaths; none shows one. Of several sources that cannot look the first reason in this order is told."""
RSA, ECG, CHEST = "rsa", "ecg", "chest"
HZ = 4
STEP_NS = SECOND_NS // HZ
POINTS = 2048
BIN = 60 * HZ / POINTS
"""Breaths a minute from one point of the padded spectrum to the next."""
FLOOR = 3.0
"""Below, in waves a minute, is drift: it counts for nothing."""
LOBE = 1.5
"""A Hann taper spreads a lone wave over this many waves a stretch to each side."""
SCATTER = 0.12
"""Breaths of one minute differ: what lies this near, as a share of the rate, is the same breathing."""
BESIDE_NS = 60_000_000
"""Where the S wave is, for any axis and adult heart."""
LEAST = 0.1
"""Of the highest peak: what is lower is a ripple."""
FIXED = 1_000_000
MILLI = 1000
LEAST_POWER = 1e-6
"""Of a signal that does not move: what rounding leaves."""
MG = 100
"""Hundredths of a mg in one."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Something that comes `rate` times a minute, with its quality in 0..1."""

    rate: float
    quality: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What one source shows, clearest first. `reason` says why it could not even look."""

    source: str
    waves: tuple[Wave, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Respiration:
    """Breaths a minute with their quality in 0..1, and who shows them (`chest+rsa`); None for a `reason` of `REASONS`."""

    rate_bpm: float | None
    quality: float
    source: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Heights:
    """R peaks in order of time: (n,) UTC ns, and (n,) how tall each is, in 0.1 uV."""

    t_ns: IntArray
    height: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Chest:
    """A chest's acceleration in order of time: (n,) UTC ns, (n, 3) in 0.01 mg."""

    t_ns: IntArray
    xyz: IntArray


# ---------------------------------------------------------------- sources


def rsa(lately: Lately, stop_ns: int, *, known_from_ns: int = 0, rules: Beat, limits: Respiratory = RESPIRATION) -> Seen:
    """The swing of the heart rate over the minute up to the last beat, which has closed within six seconds before `stop_ns`.

    Doubtful beats are left out; a lost one ends the stretch. `lately` may begin earlier, which makes its flags surer.
    """
    known = Lately(*(column[lately.t_ns <= stop_ns] for column in (lately.t_ns, lately.rr_ticks, lately.edge)))
    if not len(known.t_ns) or stop_ns - int(known.t_ns[-1]) > SILENT_NS:
        return Seen(RSA, reason="no_beats")
    lost = lost_before(known)
    begun_ns, why = _since(known.t_ns[lost] - rr_ns(known.rr_ticks)[lost], known_from_ns)
    middle = known.t_ns - rr_ns(known.rr_ticks) // 2
    inside = middle > max(begun_ns, int(middle[-1]) - limits.win_s * SECOND_NS)
    good = inside & ~doubtful_in(known, lost, rules)
    if int_sum(inside) - int_sum(good) > limits.max_artefact * int_sum(inside):
        return Seen(RSA, reason="artefacts")
    if not _is_long_enough(middle[good], limits):
        return Seen(RSA, reason=why)
    bpm = 60 * TICKS_PER_S / known.rr_ticks[good]
    return Seen(RSA, _heart_waves(_on_grid(middle[good], bpm, limits), _top(median(bpm), limits), limits))


def _heart_waves(values: FloatArray, top: float, limits: Respiratory) -> tuple[Wave, ...]:
    """Waves among all there is, and those that are clear once drift and pressure are left out; but not the second harmonic of a slow breath."""
    whole = waves(values, (FLOOR, top), limits)
    slow = [each.rate for each in whole if each.rate < limits.slow]
    above = [each for each in waves(values, (limits.slow, top), limits) if not any(_same(each.rate, 2 * rate, limits) for rate in slow)]
    return tuple(sorted((*whole, *above), key=lambda each: -each.quality))


def ecg_derived(peaks: Heights, stop_ns: int, *, known_from_ns: int = 0, limits: Respiratory = RESPIRATION) -> Seen:
    """How the R peaks grow and shrink over the minute up to the last of them, in per cent of their median height.

    A peak far from the others (an ectopic beat, a touch of the electrode) is left out; a pause of more than two and a half beats ends the stretch.
    """
    inside = (peaks.t_ns <= stop_ns) & (peaks.t_ns > stop_ns - limits.win_s * SECOND_NS)
    t_ns, height = peaks.t_ns[inside], peaks.height[inside]
    if len(t_ns) < 3 or stop_ns - int(t_ns[-1]) > SILENT_NS:
        return Seen(ECG, reason="no_beats")
    apart = np.diff(t_ns)
    beat_ns = median(apart)
    begun_ns, why = _since(t_ns[1:][apart > 2.5 * beat_ns] - 1, max(known_from_ns, stop_ns - limits.win_s * SECOND_NS))
    whole = t_ns > begun_ns
    t_ns, height = t_ns[whole], height[whole]
    middle = median(height)
    away = np.abs(height - middle)
    good = away <= limits.amplitude_mad * 1.4826 * max(median(away), 1.0)
    if len(good) - int_sum(good) > limits.max_artefact * len(good) or middle == 0:
        return Seen(ECG, reason="artefacts")
    if not _is_long_enough(t_ns[good], limits):
        return Seen(ECG, reason=why)
    return Seen(ECG, waves(_on_grid(t_ns[good], 100 * height[good] / abs(middle), limits), (FLOOR, _top(60 * SECOND_NS / beat_ns, limits)), limits))


def chest(moved: Chest, stop_ns: int, *, known_from_ns: int = 0, motion: Motion, limits: Respiratory = RESPIRATION) -> Seen:
    """How the strap tilts over the minute up to its last sample: the axis that shows one wave most clearly.

    Only while the wearer is still: five seconds that move as much as the still gate forbids end the stretch, and so does a hole.
    """
    inside = (moved.t_ns <= stop_ns) & (moved.t_ns > stop_ns - limits.win_s * SECOND_NS)
    t_ns, xyz = moved.t_ns[inside], moved.xyz[inside]
    if not len(t_ns) or stop_ns - int(t_ns[-1]) > SILENT_NS:
        return Seen(CHEST, reason="no_beats")
    begun_ns, why = _since(t_ns[1:][np.diff(t_ns) > limits.hole_s * SECOND_NS] - 1, max(known_from_ns, stop_ns - limits.win_s * SECOND_NS))
    stops = t_ns[-1] + 1 - GRID_NS * np.arange(limits.win_s * SECOND_NS // GRID_NS)[::-1]
    found = acceleration_bins(stops, t_ns, xyz).motion
    restless = stops[(found != UNKNOWN) & (found >= 10 * motion.still_mg)]
    if len(restless) and restless[-1] > begun_ns:
        begun_ns, why = int(restless[-1]), "moving"
    t_ns, xyz = t_ns[t_ns >= begun_ns], xyz[t_ns >= begun_ns]
    if not _is_long_enough(t_ns, limits):
        return Seen(CHEST, reason=why)
    middle, axes = _quarters(t_ns, xyz)
    shown = [waves(_on_grid(middle, axis, limits), (FLOOR, limits.rates[1]), limits) for axis in axes]
    return Seen(CHEST, max(shown, key=lambda each: each[0].quality if each else 0.0))


def _quarters(t_ns: IntArray, xyz: IntArray) -> tuple[IntArray, list[FloatArray]]:
    """Means of each quarter of a second that has samples, counted back from the last one: its middle, and three axes in mg."""
    stop = t_ns[-1] + 1
    slots = (t_ns - stop) // STEP_NS
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    count = np.diff(np.append(starts, len(slots)))
    means = [group_sum(np.ascontiguousarray(xyz[:, axis]), starts) / (count * MG) for axis in range(3)]
    return stop + slots[starts] * STEP_NS + STEP_NS // 2, means


def heights(t_ns: IntArray, uv10: IntArray, peak_ns: IntArray) -> Heights:
    """How far each R peak rises over the lowest point within 60 ms of it: a baseline that wanders has no part in that.

    `t_ns`, `uv10`: (n,) ECG samples; `peak_ns`: (m,) times in them. Between samples the top is that of a parabola. Peaks whose surroundings are not all
    there, at an edge or a hole, are left out; an ECG that points down is taken by its trough.
    """
    if len(t_ns) < 3:
        return Heights(t_ns[:0], uv10[:0])
    step_ns = median(np.diff(t_ns))
    beside = max(round(BESIDE_NS / step_ns), 1)
    at = np.clip(np.searchsorted(t_ns, peak_ns), 1, len(t_ns) - 1)
    at -= peak_ns - t_ns[at - 1] < t_ns[at] - peak_ns
    at, peak_ns = (column[(at >= beside) & (at < len(t_ns) - beside)] for column in (at, peak_ns))
    around = at[:, None] + np.arange(-beside, beside + 1)
    whole = (t_ns[around[:, -1]] - t_ns[around[:, 0]] < (2 * beside + 1) * step_ns) & (np.abs(t_ns[at] - peak_ns) <= step_ns)
    around, peak_ns = around[whole], peak_ns[whole]
    if not len(peak_ns):
        return Heights(t_ns[:0], uv10[:0])
    nearby = uv10[around]
    middle = np.median(nearby, axis=1)
    down = median(middle - nearby.min(axis=1)) > median(nearby.max(axis=1) - middle)
    return Heights(peak_ns, _topmost(-nearby if down else nearby))


def _topmost(nearby: IntArray) -> IntArray:
    """(m, k) samples around each of m peaks -> (m,) height of the parabola through the highest three over the lowest."""
    rows, top = np.arange(len(nearby)), np.clip(np.argmax(nearby, axis=1), 1, nearby.shape[1] - 2)
    left, here, right = (nearby[rows, top + by].astype(np.float64) for by in (-1, 0, 1))
    curve = np.minimum(left - 2 * here + right, -1.0)
    return np.asarray(np.rint(here - (left - right) ** 2 / (8 * curve)) - nearby.min(axis=1), np.int64)


def _since(breaks: IntArray, known_from_ns: int) -> tuple[int, str]:
    """From when the source is unbroken, and what to say of it if that is not long ago."""
    return (int(breaks[-1]), "gap") if len(breaks) and breaks[-1] > known_from_ns else (known_from_ns, "begun")


def _is_long_enough(t_ns: IntArray, limits: Respiratory) -> bool:
    return len(t_ns) > 1 and int(t_ns[-1] - t_ns[0]) >= limits.min_s * SECOND_NS - SECOND_NS


def _top(beats_per_min: float, limits: Respiratory) -> float:
    return min(limits.rates[1], limits.per_beat * beats_per_min)


def _on_grid(t_ns: IntArray, values: FloatArray, limits: Respiratory) -> FloatArray:
    """A quarter of a second apart, back from the last one, straight between neighbours; at most the window."""
    n = min(int(t_ns[-1] - t_ns[0]) // STEP_NS + 1, limits.win_s * HZ)
    at = t_ns[-1] - STEP_NS * np.arange(n)[::-1]
    return np.asarray(np.interp(at - t_ns[0], t_ns - t_ns[0], values))


# ---------------------------------------------------------------- waves


def waves(values: FloatArray, band: tuple[float, float], limits: Respiratory = RESPIRATION) -> tuple[Wave, ...]:
    """Waves of a signal at 4 Hz, (n,) with n >= 120: those that fit four times into it, in a band of rates a minute, clearest first."""
    n, (low, high) = len(values), band
    flat = _without_trend(values)
    taper = (1 - np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)) / 2
    spectrum = np.abs(np.fft.rfft(flat * taper, POINTS)) ** 2
    highest = spectrum[_point(low) : _point(high) + 1].max(initial=0.0)
    if highest < LEAST_POWER:
        return ()
    power = np.rint(spectrum / highest * FIXED).astype(np.int64)
    tops = 1 + np.flatnonzero((power[1:-1] >= power[:-2]) & (power[1:-1] > power[2:]) & (power[1:-1] >= LEAST * FIXED))
    slowest = max(low, limits.rates[0], limits.cycles * 60 * HZ / n)
    inside = _banded(flat, band)
    found = [_wave(power, k, inside, band, limits) for k in tops.tolist() if _point(slowest) <= k <= _point(high)]
    return tuple(sorted((wave for wave in found if wave.quality > 0), key=lambda wave: -wave.quality))


def _point(rate: float) -> int:
    """The point of the padded spectrum that is nearest to a rate."""
    return round(rate / BIN)


def _without_trend(values: FloatArray) -> FloatArray:
    """Less its parabola: a minute's drift."""
    t = np.linspace(-1, 1, len(values))
    trend = [np.ones(len(values)), t, t * t]
    return values - sum_of(trend, solved(trend, values))


def _banded(flat: FloatArray, band: tuple[float, float]) -> FloatArray:
    """The signal without what is slower or faster than the band."""
    turned = np.fft.rfft(flat)
    rates = 60 * HZ * np.arange(len(turned)) / len(flat)
    return np.fft.irfft(np.where((rates >= band[0]) & (rates <= band[1]), turned, 0), len(flat))


def _wave(power: IntArray, k: int, inside: FloatArray, band: tuple[float, float], limits: Respiratory) -> Wave:
    """The peak at a point of the spectrum: its rate by a parabola, its quality by the less of two."""
    left, here, right = power[k - 1 : k + 2].tolist()
    curve = left - 2 * here + right
    rate = BIN * (k + ((left - right) / (2 * curve) if curve else 0.0))
    clear = min(_concentration(power, rate, len(inside), band), _regularity(inside, rate))
    return Wave(round(rate, 2), round(min(max((clear - limits.noise) / (limits.clear - limits.noise), 0.0), 1.0), 3))


def _concentration(power: IntArray, rate: float, n: int, band: tuple[float, float]) -> float:
    """Share of the band's power that lies at the rate, and at twice it where that is the smaller wave."""
    wide = max(LOBE * 60 * HZ / n, SCATTER * rate)
    edges = [(rate - wide, rate + wide), (max(2 * rate - wide, rate + wide), 2 * rate + wide)]
    own, twice, whole = (int_sum(power[_point(max(low, band[0])) : _point(min(high, band[1])) + 1]) for low, high in (*edges, band))
    return (own + (twice if twice < own else 0)) / whole


def _regularity(inside: FloatArray, rate: float) -> float:
    """Correlation of the signal with itself one breath later; -1 to 1."""
    widest = float(np.abs(inside).max())
    fixed = np.rint(inside / widest * MILLI).astype(np.int64) if widest else np.zeros(len(inside), np.int64)
    lag = round(60 * HZ / rate)
    return max(_alike(fixed, lag + by) for by in (-1, 0, 1))


def _alike(fixed: IntArray, lag: int) -> float:
    early, late = fixed[:-lag], fixed[lag:]
    size = (int_sum(early * early) * int_sum(late * late)) ** 0.5
    return int_sum(early * late) / size if size else 0.0


# ---------------------------------------------------------------- one rate of several sources


@dataclass(frozen=True, slots=True)
class _Proposal:
    """A wave with every source that shows it; the rate is that of the surest."""

    rate: float
    quality: float
    sources: tuple[str, ...]


def told(shown: Sequence[Seen], limits: Respiratory = RESPIRATION) -> Respiration:
    """One rate, or why there is none.

    Every wave is a proposal, and every other source that has a wave there raises it: its quality is 1 - (1 - q1)(1 - q2)... The best one is told from
    `limits.told` on, unless one of other sources is nearly as sure: then they disagree. A slow wave that the heart rate alone shows needs
    more, and yields to whatever chest or axis show.
    """
    looked = [each for each in shown if not each.reason]
    if not looked:
        why = next((reason for reason in REASONS if any(each.reason == reason for each in shown)), "no_beats")
        return Respiration(None, 0.0, "", why)
    proposals = sorted((_proposed(own, wave, looked, limits) for own in looked for wave in own.waves), key=lambda each: -each.quality)
    sure = [each for each in proposals if each.quality >= (limits.slow_quality if _may_be_pressure(each, limits) else limits.told)]
    if any(not _may_be_pressure(each, limits) for each in sure):
        sure = [each for each in sure if not _may_be_pressure(each, limits)]
    if not sure:
        return Respiration(None, proposals[0].quality if proposals else 0.0, "", "no_breath_seen")
    best = sure[0]
    if any(_contradicts(each, best, limits) for each in sure):
        return Respiration(None, best.quality, "", "disagree")
    return Respiration(round(best.rate, 1), round(best.quality, 2), "+".join(best.sources), "")


def _proposed(own: Seen, wave: Wave, looked: Sequence[Seen], limits: Respiratory) -> _Proposal:
    clearest, doubt, sources = wave, 1 - wave.quality, [own.source]
    for other in looked:
        near = [each for each in other.waves if other is not own and _same(each.rate, wave.rate, limits)]
        if near:
            best = max(near, key=lambda each: each.quality)
            clearest, doubt = max(clearest, best, key=lambda each: each.quality), doubt * (1 - best.quality)
            sources.append(other.source)
    return _Proposal(clearest.rate, 1 - doubt, tuple(sorted(sources)))


def _same(one: float, other: float, limits: Respiratory) -> bool:
    return abs(one - other) <= max(limits.same, limits.same_share * one)


def _may_be_pressure(each: _Proposal, limits: Respiratory) -> bool:
    return each.sources == (RSA,) and each.rate < limits.slow


def _contradicts(each: _Proposal, best: _Proposal, limits: Respiratory) -> bool:
    return not set(each.sources) & set(best.sources) and each.quality > best.quality - limits.apart and not _same(each.rate, best.rate, limits)
