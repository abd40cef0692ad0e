"""Beats and a pacer -> how far the heart rate swings with the breath, and how closely. Knows intervals; knows nothing of straps, hubs or pages.

HR(t) = m + k t + A cos(2 pi f t - phi) + second harmonic, fitted over the last minute. Told are 2A in bpm, R2 (the share of the movement
about its trend that keeps the pacer's time, adjusted for the four coefficients that it costs), and how steady the phase is from breath to
breath. Never where in the breath the heart is: straps tell of a beat up to 2.6 s late, which is a quarter of a breath (science, section
4.2). A wave that keeps the pacer's time is not thereby made by the breath: blood pressure has one of its own near six a minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.cleaning import TICKS_PER_S, Raw, classify
from processing.exact import int_sum, median, prefix
from processing.indices import spectrum
from processing.indices.features import features
from processing.windows import Settled
from somalink.domain.constants import BREATH, Beat, Breath
from somalink.domain.errors import UsageError
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import BoolArray, Flag, FloatArray, IntArray

REASONS = ("begun", "no_beats", "no_intervals", "optical", "gap", "artefacts", "few_beats")
"""Why there is no swing to show: the pacer has only begun; nothing is heard; a device that sends no intervals; one whose intervals come in
batches; beats were lost; too many doubtful ones; too few of them."""
TOGETHER = ("closely", "partly", "not_yet")
MICRO = 1_000_000
COLUMN = 10_000
MILLI = 1000
LOOSE_NS = 350_000_000
"""Beats further apart than the interval that closes the later one, by this much, have others between them (contracts, section 4)."""
SILENT_NS = 6 * SECOND_NS
"""A strap may tell of a beat this late (contracts, section 2); a longer silence is one."""
TERMS = 4
"""What the wave costs: two coefficients a harmonic."""


@dataclass(frozen=True, slots=True)
class Pacer:
    """A breath a person follows, from `started_ns` on. In for `in_s`, out for `ex_s`."""

    rate: float
    in_s: float
    ex_s: float
    started_ns: int

    @property
    def cycle_ns(self) -> int:
        return round((self.in_s + self.ex_s) * SECOND_NS)


def pacer(rate: float, in_s: float | None = None, ex_s: float | None = None, *, started_ns: int, limits: Breath = BREATH) -> Pacer:
    """A pacer as somebody asked for it; UsageError when nobody should breathe so.

    `in_s` and `ex_s` unsaid: four parts in, six out.

    >>> pacer(6, started_ns=0)
    Pacer(rate=6.0, in_s=4.0, ex_s=6.0, started_ns=0)
    """
    allowed = any(low <= rate <= high for low, high in (limits.rates, limits.entry_rates))
    if not allowed:
        low, high = limits.rates
        first, last = limits.entry_rates
        raise UsageError(f"{rate:g} breaths a minute is no pace of this pacer", next_step=f"choose from {low:g} to {high:g}, or {first:g} to {last:g} to begin")
    cycle_s = 60 / rate
    if in_s is None and ex_s is None:
        in_s = round(cycle_s * limits.in_s / (limits.in_s + limits.ex_s), 3)
    inhale = in_s if in_s is not None else cycle_s - (ex_s or 0.0)
    exhale = ex_s if ex_s is not None else round(cycle_s - inhale, 3)
    if not (math.isfinite(inhale) and math.isfinite(exhale)) or min(inhale, exhale) < 1 or abs(inhale + exhale - cycle_s) > 0.05:
        what = f"in for {inhale:g} s and out for {exhale:g} s are not {rate:g} breaths a minute"
        raise UsageError(what, next_step=f"together they last {cycle_s:.3g} s, each at least one")
    return Pacer(float(rate), float(inhale), float(exhale), started_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Lately:
    """The newest beats of one device, in order of time. (n,) each: closing time, RR in ticks, what its arrival says (`Flag`)."""

    t_ns: IntArray
    rr_ticks: IntArray
    edge: IntArray

    def since(self, t_ns: int) -> Lately:
        """Those that closed after `t_ns`."""
        keep = self.t_ns > t_ns
        return Lately(self.t_ns[keep], self.rr_ticks[keep], self.edge[keep])


@dataclass(frozen=True, slots=True)
class Cycle:
    """What the last minute showed. `reason` says why the numbers are None; `steady` is 1 when every breath has the same phase, near 0 at random."""

    amplitude_bpm: float | None = None
    r2: float | None = None
    steady: float | None = None
    reason: str = ""

    @property
    def together(self) -> str:
        """`closely`, `partly` or `not_yet`; empty where nothing can be said."""
        if self.r2 is None:
            return ""
        return TOGETHER[0] if self.r2 >= BREATH.closely else TOGETHER[1] if self.r2 >= BREATH.partly else TOGETHER[2]


def cycle(lately: Lately, pace: Pacer, stop_ns: int, *, known_from_ns: int = 0, rules: Beat, limits: Breath = BREATH) -> Cycle:
    """The fit over [stop - 60 s, stop], or why there is none.

    `lately` may begin earlier: two minutes make its flags surer. Fitted is what came after the pacer's start, which is in the beats' own
    time. `known_from_ns`: since when somebody listened; silence before that is no gap.
    """
    begun_ns = max(stop_ns - limits.fit_win_s * SECOND_NS, pace.started_ns, known_from_ns)
    least_ns = max(limits.fit_min_s * SECOND_NS, limits.fit_min_cycles * pace.cycle_ns)
    if stop_ns - begun_ns < least_ns:
        return Cycle(reason="begun")
    known = Lately(*(column[lately.t_ns <= stop_ns] for column in (lately.t_ns, lately.rr_ticks, lately.edge)))
    inside = known.t_ns > begun_ns
    if not inside.any() or stop_ns - int(known.t_ns[-1]) > SILENT_NS:
        return Cycle(reason="no_beats")
    lost = lost_before(known)
    late_begin = int(known.t_ns[inside][0]) - rr_ns(known.rr_ticks[inside])[0] - begun_ns > 2 * LOOSE_NS
    if (lost & inside)[1:].any() or late_begin:
        return Cycle(reason="gap")
    doubtful = doubtful_in(known, lost, rules) & inside
    count = int_sum(inside)
    if int_sum(doubtful) > limits.max_artefact * count:
        return Cycle(reason="artefacts")
    good = inside & ~doubtful
    if int_sum(good) < limits.fit_min_beats:
        return Cycle(reason="few_beats")
    return _fitted(known.t_ns[good], known.rr_ticks[good], pace, (begun_ns, stop_ns))


def rr_ns(ticks: IntArray) -> IntArray:
    """(n,) intervals in whole ns."""
    return ticks * SECOND_NS // TICKS_PER_S


def lost_before(lately: Lately) -> BoolArray:
    """Whether beats are missing before each beat; the first one has nothing before it."""
    lost = np.zeros(len(lately.t_ns), bool)
    lost[1:] = np.diff(lately.t_ns) - rr_ns(lately.rr_ticks)[1:] > LOOSE_NS
    return lost


def doubtful_in(lately: Lately, lost: BoolArray, rules: Beat) -> BoolArray:
    """Beats that the classifier flags or finds off the rhythm."""
    number = np.maximum.accumulate(np.where(lost, np.arange(len(lost)), 0))
    raw = Raw(lately.t_ns, lately.rr_ticks, lately.t_ns[number], lately.edge, np.zeros(len(lost), np.int64))
    found = classify(raw, rules)
    return np.asarray((found.flag != Flag.OK) | found.irregular)


# ---------------------------------------------------------------- the fit


def _fitted(t_ns: IntArray, ticks: IntArray, pace: Pacer, span: tuple[int, int]) -> Cycle:
    """Least squares by integer normal equations. A beat's rate is that of the middle of its interval."""
    middle = t_ns - rr_ns(ticks) // 2
    bpm = np.rint(60 * TICKS_PER_S * MILLI / ticks) / MILLI
    since = (middle - pace.started_ns) % pace.cycle_ns
    angle = 2 * math.pi * (since / pace.cycle_ns)
    trend = [np.ones(len(bpm)), (middle - (span[0] + span[1]) // 2) / (30 * SECOND_NS)]
    wave = [np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]
    level, whole = solved(trend, bpm), solved([*trend, *wave], bpm)
    about, left = bpm - sum_of(trend, level), bpm - sum_of([*trend, *wave], whole)
    total, rest = _squares(about), _squares(left)
    n = len(bpm)
    freedom = (n - len(trend)) / max(n - len(trend) - TERMS, 1)
    r2 = max(0.0, 1 - rest / total * freedom) if total else 0.0
    amplitude = 2 * math.hypot(whole[2], whole[3])
    return Cycle(round(amplitude, 3), round(r2, 3), _steady(about, angle, middle, pace))


def solved(columns: Sequence[FloatArray], target: FloatArray) -> list[float]:
    """Coefficients of the columns; their sums run over integers, so that the order of the beats is nothing to them."""
    fixed = [np.rint(column * COLUMN).astype(np.int64) for column in columns]
    goal = np.rint(target * MILLI).astype(np.int64)
    matrix = np.array([[int_sum(a * b) / COLUMN**2 for b in fixed] for a in fixed])
    vector = np.array([int_sum(a * goal) / (COLUMN * MILLI) for a in fixed])
    for k in range(len(fixed)):
        matrix[k, k] += 1e-6
    return [round(x * MICRO) / MICRO for x in np.linalg.solve(matrix, vector).tolist()]


def sum_of(columns: Sequence[FloatArray], coefficients: Sequence[float]) -> FloatArray:
    total = columns[0] * coefficients[0]
    for column, coefficient in zip(columns[1:], coefficients[1:], strict=True):
        total = total + column * coefficient
    return total


def _squares(values: FloatArray) -> int:
    """Sum of squares in 1e-6 bpm^2."""
    fixed = np.rint(values * MILLI).astype(np.int64)
    return int_sum(fixed * fixed)


def _steady(about: FloatArray, angle: FloatArray, middle: IntArray, pace: Pacer) -> float | None:
    """Length of the mean direction of the breaths' phases; None with fewer than three whole ones."""
    number = (middle - pace.started_ns) // pace.cycle_ns
    counted = {int(k): int_sum(number == k) for k in np.unique(number)}
    phases = []
    for k, beats in counted.items():
        if beats < 4:
            continue
        own = number == k
        fixed = np.rint(about[own] * MILLI).astype(np.int64)
        east, north = (int_sum(fixed * np.rint(wave(angle[own]) * COLUMN).astype(np.int64)) for wave in (np.cos, np.sin))
        phases.append(math.atan2(north, east))
    if len(phases) < BREATH.fit_min_cycles:
        return None
    where = np.array(phases)
    east, north = (int_sum(np.rint(wave(where) * MICRO).astype(np.int64)) for wave in (np.cos, np.sin))
    return round(math.hypot(east, north) / (MICRO * len(phases)), 3)


# ---------------------------------------------------------------- a session, as it was


def lf_power(lately: Lately, pace: Pacer, stop_ns: int, *, rules: Beat) -> float | None:
    """LF of a session (0.04-0.15 Hz, ms^2) from the pacer's start to the last beat before `stop_ns`; None under two minutes or where it has a reason.

    A breath of four to nine a minute lies in that band, so what it shows there is the breath, and no measure of calm (science, section 1.2).
    """
    known = Lately(*(column[lately.t_ns <= stop_ns] for column in (lately.t_ns, lately.rr_ticks, lately.edge)))
    if not len(known.t_ns):
        return None
    end_ns = int(known.t_ns[-1]) // spectrum.SAMPLE_NS * spectrum.SAMPLE_NS
    length_s = (end_ns - pace.started_ns) // SECOND_NS
    if length_s < spectrum.LF_S:
        return None
    lost = lost_before(known)
    flag = np.where(doubtful_in(known, lost, rules), int(Flag.ECTOPIC), int(Flag.OK))
    beats = Settled(known.t_ns, known.rr_ticks, flag, prefix(lost)[1:], known.rr_ticks, np.zeros(len(flag), np.int64))
    found = features(beats, np.array([end_ns]), length_s, rules=rules).column("HRV_LF")[0]
    return round(float(found), 1) if math.isfinite(found) else None


@dataclass(frozen=True, slots=True)
class Summary:
    """A session in figures: whole breaths, the median swing where it could be seen, for what share of the time, and how closely together."""

    breaths: int
    amplitude_bpm: float | None
    good: float
    together: str


def summary(seen: Sequence[Cycle], pace: Pacer, stop_ns: int) -> Summary:
    """Of what was seen every 5 s. What could not be seen yet counts as nothing, neither good nor bad."""
    breaths = max(0, stop_ns - pace.started_ns) // pace.cycle_ns
    judged = [each for each in seen if each.reason != "begun"]
    good = [each for each in judged if each.r2 is not None]
    if not good:
        return Summary(breaths, None, 0.0, "")
    middle = Cycle(round(median(np.array([each.amplitude_bpm for each in good])), 1), median(np.array([each.r2 for each in good])))
    return Summary(breaths, middle.amplitude_bpm, round(len(good) / len(judged), 2), middle.together)


def lung(pace: Pacer, t_ns: int) -> tuple[str, int, float]:
    """Where the pacer is: `in` or `out`, ns since that half began, and how full a chest would be, 0 to 1.

    >>> lung(pacer(6, started_ns=0), 2 * SECOND_NS)
    ('in', 2000000000, 0.5)
    """
    since = (t_ns - pace.started_ns) % pace.cycle_ns
    inhale_ns = round(pace.in_s * SECOND_NS)
    if since < inhale_ns:
        return "in", since, round((1 - math.cos(math.pi * since / inhale_ns)) / 2, 4)
    return "out", since - inhale_ns, round((1 + math.cos(math.pi * (since - inhale_ns) / (pace.cycle_ns - inhale_ns))) / 2, 4)


def left_words(left_ns: int) -> tuple[str, int]:
    """Which words say how much is left, and the minutes in them: never a running count."""
    if left_ns > MINUTE_NS:
        return "left", -(-left_ns // MINUTE_NS)
    return ("last_minute", 0) if left_ns > 15 * SECOND_NS else ("last_breaths", 0)
