"""What a device knew of a person over weeks, as a few narrow columns on the unbroken 5-s grid: what comparisons search in.

A year of one device is 6.3 million points: 60 MB here, a gigabyte as `Grid` rows. Knows grid columns; knows no tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from processing.gates import is_still
from processing.metrics import may_be_read
from processing.rhythm import limited
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS
from somalink.domain.types import UNKNOWN, BoolArray, Grid, IntArray

BLOCK_NS = 24 * 3600 * 10**9
BLOCK = BLOCK_NS // GRID_NS
"""Points of a UTC day: what is read, kept and forgotten at once."""
UNWORN = 255
"""In `gate`: no heart rate."""
_LEAST_Q = 6000
_KINDS = {
    "z": np.int32,
    "gate": np.uint8,
    "still": np.bool_,
    "motion": np.int32,
    "hr": np.int32,
    "graded": np.bool_,
    "limited": np.bool_,
    "usual": np.int32,
    "led": np.bool_,
}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """(n,) each, one a grid point from the first of a stretch on.

    `z`: level, 1e-4, UNKNOWN where it may not be read (`metrics.may_be_read`). `gate`: `Gate`, UNWORN without a heart rate. `still`: the gate
    says so, or nothing else than the heart tells of movement. `motion`: 0.1 mg or UNKNOWN. `hr`: milli-bpm, UNKNOWN where quality is under 0.6.
    `graded`: confidence A or B. `limited`: rhythm-limited (`processing.rhythm`). `usual`: number of the baseline, -1 for none. `led`: this device
    speaks for the person here (`lead`).
    """

    z: NDArray[np.int32]
    gate: NDArray[np.uint8]
    still: NDArray[np.bool_]
    motion: NDArray[np.int32]
    hr: NDArray[np.int32]
    graded: NDArray[np.bool_]
    limited: NDArray[np.bool_]
    usual: NDArray[np.int32]
    led: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.z)

    def cut(self, first: int, behind: int) -> Rows:
        return Rows(*(getattr(self, f.name)[first:behind] for f in fields(self)))

    @property
    def worn(self) -> BoolArray:
        return np.asarray(self.gate != UNWORN)

    @property
    def usable(self) -> BoolArray:
        """Where a rise could have been seen."""
        return np.asarray(self.z != UNKNOWN)


def unworn(points: int) -> Rows:
    """A stretch without a row."""
    empty = {"z": UNKNOWN, "gate": UNWORN, "still": False, "motion": UNKNOWN, "hr": UNKNOWN, "graded": False, "limited": False, "usual": -1, "led": False}
    return Rows(**{name: np.full(points, value, _KINDS[name]) for name, value in empty.items()})


def rows_of(grid: Grid, first_ns: int, points: int, constants: Constants, *, least_c: float, led: BoolArray | None = None) -> Rows:
    """Grid rows, in order of time, laid on the unbroken grid that begins with the stop `first_ns`. `least_c`: confidence of grade B. `led`:
    (n,) whether the device leads at each row; None where nothing else was worn."""
    out = unworn(points)
    at = (grid.stop_ns - first_ns) // GRID_NS
    inside = (at >= 0) & (at < points) & (grid.hr != UNKNOWN)  # the engine has rows for the holes of a recording too
    speaks = inside if led is None else led
    grid, at, speaks = grid.take(inside), at[inside], speaks[inside]
    good = grid.hr_q >= _LEAST_Q
    readable = may_be_read(grid, constants)
    # Q, maturity and motion in 1e-4, 1e-2 and 1e-2: their product is the confidence (contracts, section 5).
    sure = good & (grid.hr_q * grid.maturity * grid.motion_conf >= least_c * 1e8)
    out.z[at] = np.where(readable, grid.z, UNKNOWN)
    out.gate[at] = grid.gate
    out.still[at] = is_still(grid.gate, grid.motion_conf)
    out.motion[at] = grid.motion
    out.hr[at] = np.where(good, grid.hr, UNKNOWN)
    out.graded[at] = sure
    out.limited[at] = limited(grid)
    out.usual[at] = grid.baseline
    out.led[at] = speaks
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One device from the grid stop `first_ns` on, whole UTC days."""

    device: str
    first_ns: int
    rows: Rows

    @classmethod
    def of(cls, device: str, days: Iterable[tuple[int, Rows]]) -> Track:
        """From (UTC day number, its rows): days between them are unworn. No days: an empty track."""
        known = dict(days)
        if not known:
            return cls(device, 0, unworn(0))
        first, last = min(known), max(known)
        blank = unworn(BLOCK)
        parts = [known.get(day, blank) for day in range(first, last + 1)]
        return cls(device, first * BLOCK_NS, Rows(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Rows))))

    def index(self, t_ns: int) -> int:
        """Index of the first point with stop > `t_ns`; may lie outside."""
        return (t_ns - self.first_ns) // GRID_NS + 1

    def between(self, from_ns: int, to_ns: int) -> Rows:
        """Points with stop in (from, to], those outside left out."""
        return self.rows.cut(max(self.index(from_ns), 0), max(self.index(to_ns), 0))

    def cut(self, from_ns: int, to_ns: int) -> Track:
        """The part of it whose points speak of the span, without copying."""
        first = min(max(self.index(from_ns), 0), len(self.rows))
        return Track(self.device, self.first_ns + first * GRID_NS, self.rows.cut(first, max(self.index(to_ns), first)))

    def readable(self, first_ns: int, last_ns: int) -> IntArray:
        """`metrics.Readable`: level on every grid point from `first_ns` to `last_ns`."""
        out = np.full((last_ns - first_ns) // GRID_NS + 1, UNKNOWN, np.int64)
        at = (first_ns - self.first_ns) // GRID_NS
        low, high = max(at, 0), min(at + len(out), len(self.rows))
        if high > low:
            out[low - at : high - at] = self.rows.z[low:high]
        return out
