"""Steps from acceleration: a walk is a beat that goes on. Knows the size of acceleration; knows nothing of hearts, posture or devices.

|acc| is averaged over 50 ms slots of UTC, so that 25 and 200 samples a second give the same signal; a centred mean of 200 ms less one of a
second leaves what repeats half to four times a second; a crest of 50 mg that no neighbour within 200 ms exceeds may be a step, and eight in an
even beat are. Everything is a sum of integers, so any cut gives the same steps.

The plan (crests, then periodicity, then continuity) is that of Gu et al. 2017 (IEEE Sensors J 17) and of its successors for the wrist; the
numbers are ours (docs/decisions/0031).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from processing.exact import group_sum, prefix
from somalink.domain.constants import ACTIVITY
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, IntArray

SLOT_NS = SECOND_NS // 20
SLOTS = GRID_NS // SLOT_NS
"""Of 50 ms in a grid point."""
ENOUGH = SLOTS * 8 // 10
"""Slots with a sample; a sensor of fewer than 20 Hz, or a hole of more than a second, leaves the point unknown."""
HALF = 10
"""Slots to either side of the second that is taken away."""
NEIGHBOURS = 4
"""To either side of a crest: two crests are at least 250 ms apart, which is four steps a second."""
AHEAD = HALF + NEIGHBOURS
"""A crest is known for one this much later, and belongs to the grid point in which it becomes known."""
BEHIND = 2 * AHEAD
CREST = round(ACTIVITY.step_crest_mg * 100) * 20
"""In the unit of `_wave`, which is a twentieth of 0.01 mg."""
LONGEST = ACTIVITY.step_longest_s * SECOND_NS // SLOT_NS


def slots(stops: IntArray, t_ns: IntArray, size: IntArray) -> tuple[IntArray, BoolArray]:
    """Mean size in each 50 ms of each [stop - 5 s, stop), (k, 100), and (k,) whether enough slots hold a sample; the others repeat the one before.

    `stops`: consecutive grid points. `t_ns`, `size`: (n,) in time order; samples outside are passed over.
    """
    first = int(stops[0]) - GRID_NS
    inside = slice(*np.searchsorted(t_ns, (first, int(stops[-1]))).tolist())
    at, size = (t_ns[inside] - first) // SLOT_NS, size[inside]
    mean, known = np.zeros(len(stops) * SLOTS, np.int64), np.zeros(len(stops) * SLOTS, bool)
    if len(at):
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        filled = at[starts]
        mean[filled] = group_sum(size, starts) // np.diff(np.append(starts, len(at)))
        known[filled] = True
    rows = known.reshape(-1, SLOTS)
    held = np.maximum.accumulate(np.where(rows, np.arange(SLOTS), 0), axis=1)
    held = np.maximum(held, rows.argmax(axis=1)[:, None])
    return np.take_along_axis(mean.reshape(-1, SLOTS), held, axis=1), np.count_nonzero(rows, axis=1) >= ENOUGH


def _wave(tape: IntArray) -> IntArray:
    """(n,) slots -> (n - 2 x HALF,): 20 times (mean of four less mean of twenty), both about the beginning of a slot; the first is slot HALF."""
    total = prefix(tape)
    at = np.arange(HALF, len(tape) - HALF)
    return 5 * (total[at + 2] - total[at - 2]) - (total[at + HALF] - total[at - HALF])


def _crests(tape: IntArray) -> IntArray:
    """Slots of a tape that stand above `CREST` and above their neighbours; of equal ones the first. None in the first BEHIND - AHEAD and the last AHEAD."""
    wave = _wave(tape)
    middle = wave[NEIGHBOURS:-NEIGHBOURS]
    top = middle >= CREST
    for k in range(1, NEIGHBOURS + 1):
        top &= (middle > wave[NEIGHBOURS - k : len(wave) - NEIGHBOURS - k]) & (middle >= wave[NEIGHBOURS + k : len(wave) - NEIGHBOURS + k])
    return np.flatnonzero(top) + HALF + NEIGHBOURS


@dataclass(slots=True)
class Steps:
    """Steps of consecutive grid points; everything it remembers is in `state()`."""

    tape: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    """The last BEHIND slots; empty after a hole."""
    since: int = 0
    """Slots since the last crest."""
    beat: int = 0
    """Slots between the last two crests of this run, 0 for none."""
    even: int = 0
    """Crests in an even beat so far."""

    def run(self, stops: IntArray, t_ns: IntArray, size: IntArray) -> IntArray:
        """(k,) steps in each [stop - 5 s, stop) x 10, as `Grid.steps`; UNKNOWN where samples are too few.

        `t_ns`, `size`: (n,) in time order, size in 0.01 mg. The first steps of a walk are counted with its eighth.
        """
        out = np.full(len(stops), UNKNOWN, np.int64)
        if not len(t_ns):
            self._forget()
            return out
        mean, enough = slots(stops, t_ns, size)
        edges = np.flatnonzero(np.diff(enough, prepend=~enough[0], append=~enough[-1]))
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if enough[start]:
                out[start:stop] = 10 * self._walk(mean[start:stop].ravel())
            else:
                self._forget()
        return out

    def _forget(self) -> None:
        self.tape, self.since, self.beat, self.even = self.tape[:0], 0, 0, 0

    def _walk(self, fresh: IntArray) -> IntArray:
        """Steps that became known in each grid point of an unbroken stretch."""
        behind = self.tape if len(self.tape) else np.full(BEHIND, fresh[0])
        tape = np.concatenate([behind, fresh])
        counted = np.zeros(len(fresh) // SLOTS, np.int64)
        last = BEHIND - AHEAD - 1
        for crest in _crests(tape).tolist():
            counted[(crest - (BEHIND - AHEAD)) // SLOTS] += self._counts(self.since + crest - last)
            last, self.since = crest, 0
        self.since += len(tape) - AHEAD - 1 - last
        self.tape = tape[-BEHIND:]
        return counted

    def _counts(self, apart: int) -> int:
        """How many steps another crest makes known: none before an even beat of eight, then all of them, then each."""
        if not self.even or apart > LONGEST:
            self.beat, self.even = 0, 1
            return 0
        steady = not self.beat or 100 * abs(apart - self.beat) <= ACTIVITY.step_uneven_pct * self.beat
        self.beat, self.even = apart, self.even + 1 if steady else 2
        return self.even if self.even == ACTIVITY.steps_least else int(self.even > ACTIVITY.steps_least)

    def state(self) -> dict[str, object]:
        return {"tape": self.tape, "since": self.since, "beat": self.beat, "even": self.even}

    def restore(self, state: Mapping[str, object]) -> None:
        self.tape = np.array(state["tape"], np.int64)
        self.since, self.beat, self.even = state["since"], state["beat"], state["even"]  # type: ignore[assignment]
