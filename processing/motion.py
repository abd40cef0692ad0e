"""Movement -> mg per 5 s and its slow averages. Knows acceleration and steps; knows nothing of hearts.

The heart answers effort with a delay, so three exponential averages of ln(1 + M/20 mg) stand for the last half minute, three and
ten minutes (van de Ven et al. 2025 found each lag to improve the fit).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from processing.exact import group_sum, quantise
from somalink.domain.constants import Motion
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, FloatArray, IntArray

MIN_SAMPLES = 10
"""Fewer in 5 s (under 2 Hz) cannot tell a step from stillness."""
MIN_STEP_SECONDS = 3
"""Of the five seconds of a bin; a missing second of a step counter is unknown, not 0."""


@dataclass(frozen=True, slots=True)
class Bins:
    """(k,) a grid stop: movement in 0.1 mg or UNKNOWN; mean acceleration (k, 3) in 0.01 mg, NaN where unknown (tilt)."""

    motion: IntArray
    gravity: FloatArray


@dataclass(frozen=True, slots=True)
class _Groups:
    """Samples by the bins they fall into, those bins left out that none falls into: which (k,) bins, how many samples in each, and where each begins
    among `inside`, which are those that fall into any."""

    which: IntArray
    n: IntArray
    starts: IntArray
    inside: slice


def _groups(t_ns: IntArray, edges: IntArray) -> _Groups:
    """`t_ns`: (n,) in time order. `edges`: (k + 1,) rising; bin k is [edges[k], edges[k + 1])."""
    at = t_ns.searchsorted(edges)
    n = np.diff(at)
    which = np.flatnonzero(n)
    return _Groups(which, n[which], at[which] - at[0], slice(int(at[0]), int(at[-1])))


def _edges(stops: IntArray) -> IntArray:
    """(k,) consecutive grid points -> (k + 1,) edges of the bins that end there."""
    return np.concatenate([stops[:1] - GRID_NS, stops]) if len(stops) else np.zeros(1, np.int64)


def magnitude(xyz: IntArray) -> IntArray:
    """(n, 3) in 0.01 mg -> (n,) size of each, rounded to 0.01 mg."""
    squared = xyz * xyz
    return np.asarray(np.rint(np.sqrt(squared[:, 0] + squared[:, 1] + squared[:, 2])), np.int64)


def acceleration_bins(stops: IntArray, t_ns: IntArray, xyz: IntArray, size: IntArray | None = None) -> Bins:
    """Mean absolute deviation of |acc| in each [stop - 5 s, stop). Too few samples: UNKNOWN.

    `stops`: consecutive grid points. `xyz`: (n, 3) in 0.01 mg, at `t_ns` (n,) in time order; `size`: their `magnitude` where that is known already.
    """
    motion = np.full(len(stops), UNKNOWN, np.int64)
    gravity = np.full((len(stops), 3), np.nan)
    groups = _groups(t_ns, _edges(stops))
    n, xyz = groups.n, xyz[groups.inside]
    if not len(n):
        return Bins(motion, gravity)
    norm = magnitude(xyz) if size is None else size[groups.inside]
    away = np.abs(norm * np.repeat(n, n) - np.repeat(group_sum(norm, groups.starts), n))
    mad = group_sum(away, groups.starts) / (n * n)
    enough = n >= MIN_SAMPLES
    motion[groups.which] = np.where(enough, np.rint(mad / 10), UNKNOWN)
    gravity[groups.which] = np.where(enough[:, None], group_sum(xyz, groups.starts) / n[:, None], np.nan)
    return Bins(motion, gravity)


def gravity_seconds(stops: IntArray, t_ns: IntArray, xyz: IntArray) -> FloatArray:
    """Mean acceleration of each second of each [stop - 5 s, stop), (k, 5, 3) in 0.01 mg; NaN where a second has fewer than ten samples.

    `stops`: consecutive grid points. `t_ns`: (n,) in time order, `xyz`: (n, 3) in 0.01 mg; samples outside are passed over.
    """
    seconds = GRID_NS // SECOND_NS
    out = np.full((len(stops) * seconds, 3), np.nan)
    groups = _groups(t_ns, np.arange(int(stops[0]) - GRID_NS, int(stops[-1]) + 1, SECOND_NS))
    if len(groups.n):
        enough = groups.n >= MIN_SAMPLES
        out[groups.which[enough]] = (group_sum(xyz[groups.inside], groups.starts) / groups.n[:, None])[enough]
    return out.reshape(-1, seconds, 3)


def step_bins(stops: IntArray, t_ns: IntArray, steps: IntArray, rules: Motion) -> IntArray:
    """Movement in 0.1 mg from steps a second: 150 mg x steps/s over the known seconds of each 5-s bin; too few known: UNKNOWN."""
    return _per_second(stops, t_ns, steps, rules.step_mg * 10)


def counted_steps(stops: IntArray, t_ns: IntArray, steps: IntArray) -> IntArray:
    """Steps of each 5-s bin x 10 as a counter told them, a missing second as the known ones; too few known: UNKNOWN."""
    return _per_second(stops, t_ns, steps, 10 * GRID_NS // SECOND_NS)


def _per_second(stops: IntArray, t_ns: IntArray, steps: IntArray, times: float) -> IntArray:
    """(k,) `times` the mean of the known seconds of each [stop - 5 s, stop)."""
    out = np.full(len(stops), UNKNOWN, np.int64)
    groups = _groups(t_ns, _edges(stops))
    if len(groups.n):
        mean = times * group_sum(steps[groups.inside], groups.starts) / groups.n
        out[groups.which] = np.where(groups.n >= MIN_STEP_SECONDS, np.rint(mean), UNKNOWN)
    return out


def tilted(gravity: FloatArray, before: FloatArray, rules: Motion) -> BoolArray:
    """Whether the trunk has turned by more than 30 degrees between two means, (k, 3) each; False where either is unknown."""
    dot = gravity[:, 0] * before[:, 0] + gravity[:, 1] * before[:, 1] + gravity[:, 2] * before[:, 2]
    size = np.sqrt(gravity[:, 0] ** 2 + gravity[:, 1] ** 2 + gravity[:, 2] ** 2) * np.sqrt(before[:, 0] ** 2 + before[:, 1] ** 2 + before[:, 2] ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(dot / size < math.cos(math.radians(rules.tilt_deg)))


def log_motion(motion: IntArray, rules: Motion) -> FloatArray:
    """a = ln(1 + M / 20 mg); NaN where M is unknown. `motion` in 0.1 mg."""
    known = np.where(motion == UNKNOWN, 0, motion)
    return np.where(motion == UNKNOWN, np.nan, np.log1p(known / 10 / rules.ref_mg))


NONE_KNOWN = (math.nan, math.nan, math.nan)


class Averages:
    """A30, A180, A600: exponential averages of a on the grid, carried from point to point.

    A missing value is held for 60 s; then the state is unknown, and the next value starts it anew (`reset`).
    """

    def __init__(self, rules: Motion) -> None:
        self._alpha = tuple(1 - math.exp(-GRID_NS / SECOND_NS / tau) for tau in rules.tau_s)
        self._hold = rules.hold_s * SECOND_NS // GRID_NS
        self._state: list[float] | None = None
        self._missing = 0

    def run(self, a: FloatArray) -> tuple[FloatArray, BoolArray]:
        """(k,) a -> (k, 3) averages, NaN where unknown, and (k,) True where they started anew after a long hole."""
        out: list[Sequence[float]] = []
        reset = np.zeros(len(a), bool)
        fast, middle, slow = self._alpha
        state = self._state
        # The one loop over points that cannot be an array: each average rests on the one before it.
        for k, value in enumerate(a.tolist()):
            if value == value:
                if state is None:
                    state = [value, value, value]
                    reset[k] = self._missing > self._hold
                else:
                    x, y, z = state
                    state = [x + fast * (value - x), y + middle * (value - y), z + slow * (value - z)]
                self._missing = 0
            else:
                self._missing += 1
                if self._missing > self._hold:
                    state = None
            out.append(state or NONE_KNOWN)
        self._state = state
        return np.array(out, float).reshape(len(a), 3), reset

    def state(self) -> dict[str, object]:
        return {"state": self._state, "missing": self._missing}

    def restore(self, state: dict[str, object]) -> None:
        self._state, self._missing = state["state"], state["missing"]  # type: ignore[assignment]


def fixed(averages: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """The three averages as 1e-4 columns."""
    a30, a180, a600 = (quantise(np.ascontiguousarray(averages[:, k]), 10_000) for k in range(3))
    return a30, a180, a600
