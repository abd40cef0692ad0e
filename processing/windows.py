"""Settled beats and the windows over them. Knows sums over [start, stop); knows nothing of what they mean.

Everything is a difference of integer running sums, so a window costs the same whether it is asked alone or among thousands.
"""

from dataclasses import dataclass, field

import numpy as np

from processing.cleaning import Classified, Raw
from processing.exact import prefix
from somalink.domain.time import SECOND_NS, TICK_NS_X2
from somalink.domain.types import NOT_GIVEN, Columns, Flag, IntArray


def ticks_to_ns(ticks: IntArray) -> IntArray:
    """Interval in ns, rounded down to the half-tick grid as contracts section 4 has it."""
    return ticks * TICK_NS_X2 // 2


@dataclass(frozen=True, slots=True, eq=False)
class Settled(Columns):
    """Beats whose flag no longer changes. `used_ticks`: the interval inside an index, the local median where it is corrected,
    0 where the beat is not accepted."""

    t_ns: IntArray
    rr_ticks: IntArray
    flag: IntArray
    segment: IntArray
    used_ticks: IntArray
    irregular: IntArray
    rr_fine_ns: IntArray = field(default=NOT_GIVEN, metadata={"fill": 0})


CORRECTABLE = (Flag.ECTOPIC, Flag.MISSED, Flag.EXTRA)


def settle(raw: Raw, found: Classified, which: slice) -> Settled:
    """Joins beats with their classification: `ok` counts as it is, an isolated artefact by its local median, the rest not at all."""
    flag, ticks = found.flag[which], raw.rr_ticks[which]
    isolated = np.isin(flag, CORRECTABLE) & ~found.in_run[which]
    used = np.where(flag == Flag.OK, ticks, np.where(isolated, found.median_ticks[which], 0))
    return Settled(raw.t_ns[which], ticks, flag, raw.segment[which], used, found.irregular[which].astype(np.int64), raw.rr_fine_ns[which])


@dataclass(frozen=True, slots=True)
class Window:
    """What the windows [stop - W, stop) of one length hold; all (k,), one a stop."""

    first: IntArray
    last: IntArray
    beats: IntArray
    flagged: IntArray
    irregular: IntArray
    accepted: IntArray
    used_ticks: IntArray
    covered_ns: IntArray


class BeatSums:
    """Running sums over settled beats, asked by windows. Holds (n + 1,) integer arrays; empty beats give zeros everywhere."""

    def __init__(self, beats: Settled) -> None:
        self.beats = beats
        self._accepted = prefix(beats.used_ticks > 0)
        self._used = prefix(beats.used_ticks)
        self._flagged = prefix(beats.flag != Flag.OK)
        self._irregular = prefix(beats.irregular)
        self._length_ns = np.where(beats.used_ticks > 0, ticks_to_ns(beats.rr_ticks), 0)
        self._covered = prefix(self._length_ns)

    def window(self, stops: IntArray, length_s: int) -> Window:
        """Counts and covered time of [stop - length, stop). A beat belongs to the window that holds its closing time; its
        interval is clipped at the window's start."""
        starts = stops - length_s * SECOND_NS
        first = np.searchsorted(self.beats.t_ns, starts, side="left")
        last = np.searchsorted(self.beats.t_ns, stops, side="left")
        covered = self._covered[last] - self._covered[first] - self._hanging_over(first, last, starts)
        return Window(
            first,
            last,
            last - first,
            self._flagged[last] - self._flagged[first],
            self._irregular[last] - self._irregular[first],
            self._accepted[last] - self._accepted[first],
            self._used[last] - self._used[first],
            np.minimum(covered, length_s * SECOND_NS),
        )

    def _hanging_over(self, first: IntArray, last: IntArray, starts: IntArray) -> IntArray:
        """How much of the first interval of each window lies before its start."""
        if not len(self.beats):
            return np.zeros(len(starts), np.int64)
        at = np.minimum(first, len(self.beats) - 1)
        begun = self.beats.t_ns[at] - self._length_ns[at]
        return np.where((first < last) & (self._length_ns[at] > 0), np.maximum(starts - begun, 0), 0)
