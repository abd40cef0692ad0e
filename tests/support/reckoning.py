"""What a strap says it beat, held against what a store has: which beats are missing, which gap speaks for them, how far off the rest are dated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, Gap, Stream
from somalink.storage.local import LocalStore

ALIKE = 4
"""So many intervals in a row are taken for the same ones."""
FAR = 600
"""No loss is longer than so many beats."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`at`: of each stored beat, which of the strap's it is. `unaccounted`: beats of the strap that are missing and no gap speaks for; `idle`:
    gaps in which nothing was lost. `error_s` (n,): stored less true, by a straight line through all, 0 for the `untrusted` ones, which say themselves that
    their time is not known; `lost_s` and `gaps_s` in sum."""

    at: np.ndarray
    missing: int
    unaccounted: list[int]
    idle: list[Gap]
    error_s: np.ndarray
    untrusted: int
    lost_s: float
    gaps_s: float

    @property
    def worst_s(self) -> float:
        return float(np.abs(self.error_s).max(initial=0.0))


def reckon(store: LocalStore, person: str, true_ns: Sequence[int] | np.ndarray, true_ticks: Sequence[int] | np.ndarray) -> Reckoning:
    """Every beat from the first stored to the last; `true_ns` on any clock, beats in order. One recording a person."""
    (unit,) = (unit for unit in store.units(person) if len(store.recording_beats(unit)))
    beats = store.recording_beats(unit)
    gaps = [gap for gap in store.recording_gaps(unit) if gap.stream is Stream.RR]
    ticks, true_ns = np.asarray(true_ticks, np.int64), np.asarray(true_ns, np.int64)
    at = match(beats.rr_ticks.tolist(), ticks.tolist(), beats.t_ns.tolist(), true_ns.tolist())
    untrusted = beats.flag == int(Flag.UNTRUSTED)
    holes = np.flatnonzero(np.diff(at) > 1)
    spoken = [any(gap.start_ns >= beats.t_ns[k] and gap.stop_ns <= beats.t_ns[k + 1] for gap in gaps) for k in holes]
    lost = [(int(at[k]) + 1, int(at[k + 1])) for k in holes]
    before = np.searchsorted(beats.t_ns, [gap.start_ns for gap in gaps], side="right") - 1
    idle = [gap for gap, k in zip(gaps, before.tolist(), strict=True) if 0 <= k < len(at) - 1 and at[k + 1] == at[k] + 1]
    return Reckoning(
        at,
        sum(b - a for a, b in lost),
        [beat for (a, b), said in zip(lost, spoken, strict=True) if not said for beat in range(a, b)],
        idle,
        np.where(untrusted, 0.0, straight(true_ns[at], beats.t_ns)),
        int(np.count_nonzero(untrusted)),
        sum(int(ticks[a:b].sum()) for a, b in lost) / 1024,
        sum(gap.lost_ns for gap in gaps if gap.stop_ns < beats.t_ns[-1]) / SECOND_NS,
    )


def match(stored: Sequence[int], true: Sequence[int], stored_ns: Sequence[int], true_ns: Sequence[int]) -> np.ndarray:
    """Of each stored interval, which of the true ones it is: the next, or after a loss the first place where the coming ones follow each other.

    The last beat before a loss may be as long as the last lost one: then it is the one that lies nearer in time. A stored interval that the strap
    never sent is an error of the program, and raised.
    """
    at, j, offset_ns = np.empty(len(stored), np.int64), 0, 0
    for i in range(len(stored)):
        place = _place(stored[i : i + ALIKE], true, j)
        assert place >= 0, f"stored beat {i} of {stored[i]} ticks was never sent"
        if i and place != j and true[j] == stored[i]:
            place = min(j, place, key=lambda k: abs(stored_ns[i] - true_ns[k] - offset_ns))
        at[i], j, offset_ns = place, place + 1, stored_ns[i] - true_ns[place]
    return at


def _place(coming: Sequence[int], true: Sequence[int], j: int) -> int:
    """Where these intervals follow each other from `j` on; fewer of them where a loss comes between, but all before any; -1 if nowhere."""
    for count in range(len(coming), 0, -1):
        if list(true[j : j + count]) == list(coming[:count]) and (count > 1 or len(coming) == 1):
            return j
        for k in range(j, min(j + FAR, len(true))) if count == len(coming) else ():
            if list(true[k : k + count]) == list(coming[:count]):
                return k
    return next((k for k in range(j, min(j + FAR, len(true))) if true[k] == coming[0]), -1)


def straight(true_ns: np.ndarray, told_ns: np.ndarray) -> np.ndarray:
    """Seconds by which `told_ns` is off the best straight line over `true_ns`, (n,)."""
    if len(true_ns) < 3:
        return np.zeros(len(true_ns))
    at = (true_ns - true_ns[0]) / SECOND_NS
    error = (told_ns - true_ns - (told_ns[0] - true_ns[0])) / SECOND_NS
    return np.asarray(error - np.polyval(np.polyfit(at, error, 1), at))
