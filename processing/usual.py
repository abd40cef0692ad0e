"""FINAL rows -> the person's usual: a versioned `Baseline`. Knows grid rows and excluded spans; knows nothing of where they are kept.

HR_exp = b0 + b1 A30 + b2 A180 + b3 A600 (+ two hour harmonics once 20 still hours carry them). Huber ridge about prior means, still
time weighted to at least half (quiet sitting is over-predicted otherwise: van de Ven et al. 2025). The normal equations are summed
over integers, so the fit does not depend on the order or the cut of its rows; coefficients are kept as micro-units.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import bottleneck
import numpy as np

from processing.exact import MICRO, int_sum, mad_spread, median, unquantise
from processing.gates import is_still
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, Columns, FloatArray, Grid, IntArray

TERMS = 8
"""b0, three lags of movement, two harmonics of the hour."""
FIT_EVERY_NS = 30 * SECOND_NS
"""HR is a 30-s mean: rows in between would only repeat it."""
HUBER = 1.345
"""95 % efficiency at the normal; a rise that is to be found later must not pull the usual up now."""
ROUNDS = 12
WEIGHT = 1000
MIN_FIT_ROWS = 4
"""Two minutes of heart rate; with less there is no usual to speak of."""
MIN_DAY_H = 0.5
"""A local day counts towards maturity from half an hour of still time."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """UTC offsets in force: (n,) `from_ns` rising, (n,) seconds. Before the first one, the first holds."""

    from_ns: tuple[int, ...]
    offset_s: tuple[int, ...]

    def at(self, t_ns: IntArray) -> IntArray:
        """Offset in seconds at each time, (k,)."""
        which = np.maximum(np.searchsorted(np.array(self.from_ns), t_ns, side="right") - 1, 0)
        return np.array(self.offset_s)[which]

    def one(self, t_ns: int) -> int:
        """Offset in seconds at one time."""
        return self.offset_s[max(bisect_right(self.from_ns, t_ns) - 1, 0)]

    def then(self, from_ns: int, offset_s: int) -> Offsets:
        """With another offset from `from_ns` on; what was said of later times, and the stand-in UTC, give way."""
        kept = [] if self == UTC_ONLY else [(t, o) for t, o in zip(self.from_ns, self.offset_s, strict=True) if t < from_ns]
        times, values = zip(*kept, (from_ns, offset_s), strict=True)
        return Offsets(times, values)


UTC_ONLY = Offsets((0,), (0,))


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Columns):
    """What of FINAL rows a usual is learnt from, at half their width: a fortnight of it is 9 MB, and of `Grid` 42.

    Times are int64 ns, all else int32 in the units of `Grid`: no value of theirs needs more (UNKNOWN is the least int32).
    """

    stop_ns: IntArray
    hr: IntArray
    hr_q: IntArray
    a30: IntArray
    a180: IntArray
    a600: IntArray
    gate: IntArray
    motion_conf: IntArray

    @classmethod
    def of(cls, grid: Grid) -> Rows:
        """Copies: a view would hold the whole of `grid`."""
        narrow = {f.name: getattr(grid, f.name).astype(np.int32) for f in fields(cls) if f.name != "stop_ns"}
        return cls(stop_ns=grid.stop_ns.copy(), **narrow)


def terms(a30: IntArray, a180: IntArray, a600: IntArray, stop_ns: IntArray, offsets: Offsets) -> list[FloatArray]:
    """The eight columns of the model, each (k,). Unknown movement averages count as 0."""
    day = ((stop_ns + offsets.at(stop_ns) * SECOND_NS) % DAY_NS) / DAY_NS
    lags = [np.where(a == UNKNOWN, 0, a) / 10_000 for a in (a30, a180, a600)]
    angles = [2 * math.pi * k * day for k in (1, 2)]
    return [np.ones(len(stop_ns)), *lags, *(wave for angle in angles for wave in (np.cos(angle), np.sin(angle)))]


def predict(columns: Sequence[FloatArray], coef_u: Sequence[int]) -> FloatArray:
    """Sum of coefficient x column in a fixed order; bpm, (k,)."""
    total = columns[0] * (coef_u[0] / MICRO)
    for column, coef in zip(columns[1:], coef_u[1:], strict=True):
        total = total + column * (coef / MICRO)
    return total


def quadratic(columns: Sequence[FloatArray], cov_u: Sequence[Sequence[int]]) -> FloatArray:
    """x' Sigma x for each row, bpm^2, (k,)."""
    total = np.zeros(len(columns[0]))
    for i, row in enumerate(cov_u):
        for j, value in enumerate(row):
            if value:
                total = total + columns[i] * columns[j] * (value / MICRO)
    return total


def priors(placement: str, constants: Constants) -> tuple[float, float, float]:
    """Prior means of the movement terms by where the sensor sits: `wrist`, `trunk_or_steps` or `none`."""
    table = {"wrist": constants.usual.wrist, "trunk_or_steps": constants.usual.trunk_or_steps, "none": (0.0, 0.0, 0.0)}
    return table[placement]


def outside(stop_ns: IntArray, spans: Sequence[tuple[int, int]]) -> BoolArray:
    """True where a row lies in none of the spans [start, stop]."""
    keep = np.ones(len(stop_ns), bool)
    for start, stop in spans:
        keep[np.searchsorted(stop_ns, start, side="left") : np.searchsorted(stop_ns, stop, side="right")] = False
    return keep


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients and covariance in micro-units, and the spread of the residual at still."""

    coef_u: tuple[int, ...]
    cov_u: tuple[tuple[int, ...], ...]


def _ridge(columns: list[FloatArray], bpm: FloatArray, still: BoolArray, prior: Sequence[float], active: list[int], constants: Constants) -> Fit:
    """Iterated Huber ridge over exact integer normal equations; weights in minutes of data."""
    fixed = [np.rint(column * 10_000).astype(np.int64) for column in columns]
    target = np.rint(bpm * 1000).astype(np.int64)
    base = np.full(len(bpm), FIT_EVERY_NS / MINUTE_NS)
    share = int_sum(still) / len(still)
    if 0 < share < constants.usual.still_weight:
        lift = constants.usual.still_weight / (1 - constants.usual.still_weight) * (1 - share) / share
        base = np.where(still, base * lift, base)
    penalty = [0.0] + [constants.usual.pseudo_min] * (TERMS - 1)
    centre = [0.0, *prior, *([0.0] * (TERMS - 4))]
    coef = [median(bpm), *centre[1:]]
    scale, matrix = 1.0, np.eye(len(active))
    for _ in range(ROUNDS):
        residual = bpm - predict(columns, [round(c * MICRO) for c in coef])
        scale = max(mad_spread(residual[still] if share else residual), 0.5)
        huber = np.minimum(1.0, HUBER * scale / np.maximum(np.abs(residual), 1e-9))
        weight = np.rint(base * huber * WEIGHT).astype(np.int64)
        matrix = np.array([[_product(fixed[i] * fixed[j], weight) / 1e8 for j in active] for i in active])
        vector = np.array([_product(fixed[i] * target, weight) / 1e7 for i in active])
        for k, i in enumerate(active):
            matrix[k, k] += penalty[i]
            vector[k] += penalty[i] * centre[i]
        solved = np.linalg.solve(matrix, vector).tolist()
        updated = [solved[active.index(i)] if i in active else 0.0 for i in range(TERMS)]
        done = max(abs(a - b) for a, b in zip(updated, coef, strict=True)) < 1e-4
        coef = updated
        if done:
            break
    inverse = np.linalg.inv(matrix) * scale * scale
    cov = [[0] * TERMS for _ in range(TERMS)]
    for a, i in enumerate(active):
        for b, j in enumerate(active):
            cov[i][j] = round(float(inverse[a, b]) * MICRO)
    return Fit(tuple(round(c * MICRO) for c in coef), tuple(tuple(row) for row in cov))


def _product(values: IntArray, weight: IntArray) -> float:
    """Weighted sum over integers, back in minutes. Fixed point leaves room: 1e9 x 1e3 x 4e4 rows stays below 2^63."""
    return int_sum(values * weight) / WEIGHT


@dataclass(frozen=True, slots=True)
class Residuals:
    """What is left of HR after the usual, on the grid of the input: (k,) bpm, level and phasic, and where each may be used."""

    e: FloatArray
    e_phasic: FloatArray
    usable: BoolArray
    still: BoolArray


def phasic_centre(e_still: FloatArray, constants: Constants) -> FloatArray:
    """Median of e over still in the trailing 30 min, this point included; NaN with less than 5 min of it.

    `e_still`: (..., n), NaN where not still, one value a grid point without holes in time.
    """
    n = e_still.shape[-1]
    if not n:
        return e_still
    window = constants.spike.phasic_win_min * MINUTE_NS // GRID_NS
    least = constants.spike.phasic_still_min * MINUTE_NS // GRID_NS
    missing = np.full((*e_still.shape[:-1], max(window - n, 0)), np.nan, e_still.dtype)
    padded = np.concatenate([missing, e_still], axis=-1)
    return np.asarray(bottleneck.move_median(padded, window, min_count=least, axis=-1))[..., -n:]


def carry_last(values: FloatArray, before: float) -> FloatArray:
    """Each NaN takes the last known value before it along the last axis, `before` at the start."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[-1]), -1), axis=-1)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=-1), before)


def residuals(rows: Grid | Rows, coef_u: Sequence[int], offsets: Offsets, constants: Constants) -> Residuals:
    """e and e_ph of FINAL rows under one set of coefficients; the phasic centre starts anew after every hole in the rows."""
    hr = unquantise(rows.hr, 1000)
    e = hr - predict(terms(rows.a30, rows.a180, rows.a600, rows.stop_ns, offsets), coef_u)
    e = np.rint(e * 1000) / 1000
    still = is_still(rows.gate, rows.motion_conf) & np.isfinite(e)
    centre = np.zeros(len(rows))
    edges = [0, *(np.flatnonzero(np.diff(rows.stop_ns) != GRID_NS) + 1).tolist(), len(rows)]
    for start, stop in pairwise(edges):
        part = slice(start, stop)
        centre[part] = carry_last(phasic_centre(np.where(still[part], e[part], np.nan), constants), 0.0)
    usable = np.isfinite(e) & (rows.hr_q >= constants.usual.min_quality * 10_000)
    return Residuals(e, e - centre, usable, still)


def fit(
    rows: Grid | Rows,
    *,
    number: int,
    mode: str,
    from_ns: int,
    placement: str,
    offsets: Offsets,
    excluded_spans: Sequence[tuple[int, int]] = (),
    excluded: Sequence[str] = (),
    constants: Constants,
    hours_known: bool = True,
    centre: Baseline | None = None,
) -> Baseline | None:
    """The usual from FINAL rows of up to 14 days, in time order; None when there are not two minutes of usable still time.

    `excluded_spans`: tags +-30 min and sessions, as known then. `centre`: an earlier baseline whose movement coefficients are the
    prior mean (a new device inherits them). Chance rates and thresholds are added by `chance.calibrate`.
    """
    keep = (rows.hr != UNKNOWN) & (rows.hr_q >= constants.usual.min_quality * 10_000) & outside(rows.stop_ns, excluded_spans)
    still = is_still(rows.gate, rows.motion_conf)
    still_h = int_sum(still & keep) * GRID_NS / HOUR_NS
    sample = keep & (rows.stop_ns % FIT_EVERY_NS == 0)
    if int_sum(sample & still) < MIN_FIT_ROWS:
        return None
    chosen = rows.take(sample)
    prior = [c / MICRO for c in centre.coef_u[1:4]] if centre else priors(placement, constants)
    active = [0] if placement == "none" else [0, 1, 2, 3]
    if hours_known and still_h >= constants.usual.hours_from_h:
        active += [4, 5, 6, 7]
    columns = terms(chosen.a30, chosen.a180, chosen.a600, chosen.stop_ns, offsets)
    solved = _ridge(columns, unquantise(chosen.hr, 1000), still[sample], prior, active, constants)

    left = residuals(rows, solved.coef_u, offsets, constants)
    quiet = left.usable & left.still & keep
    worn = rows.a600[(rows.a600 != UNKNOWN) & (rows.hr != UNKNOWN)]
    heart = rows.hr[keep]
    return Baseline(
        number=number,
        mode=mode,
        from_ns=from_ns,
        coef_u=solved.coef_u,
        cov_u=solved.cov_u,
        s_level_u=round(max(mad_spread(left.e[quiet]), constants.usual.scale_floor_bpm) * MICRO),
        s_phasic_u=round(max(mad_spread(left.e_phasic[quiet]), constants.usual.scale_floor_bpm) * MICRO),
        still_h=round(still_h, 4),
        still_days=_still_days(rows.stop_ns[quiet], offsets),
        p60_a600=int(np.percentile(worn, constants.motion.still_pct)) if len(worn) else None,
        rest_hr=int(np.percentile(heart, constants.cardiac.rest_pct)) if len(heart) else None,
        z_on={"level": constants.spike.level_on, "phasic": constants.spike.phasic_on},
        prompt_on={"level": constants.spike.level_on + constants.spike.prompt_add, "phasic": constants.spike.phasic_on + constants.spike.prompt_add},
        excluded=tuple(excluded),
        span_ns=(int(rows.stop_ns[0]), int(rows.stop_ns[-1])),
    )


def _still_days(stop_ns: IntArray, offsets: Offsets) -> int:
    """Local days with at least half an hour of still time."""
    if not len(stop_ns):
        return 0
    _, counts = np.unique(days_of(stop_ns, offsets), return_counts=True)
    return int_sum(counts * GRID_NS >= MIN_DAY_H * HOUR_NS)


def day_of(t_ns: int, offsets: Offsets) -> int:
    """Number of the local day at `t_ns`."""
    return local_day(t_ns, offsets.one(t_ns))


def days_of(t_ns: IntArray, offsets: Offsets) -> IntArray:
    """Numbers of the local days at each time, (k,)."""
    return np.asarray((t_ns + offsets.at(t_ns) * SECOND_NS - DAY_BREAK_NS) // DAY_NS)
