"""One window that follows the newest beat: the eleven features at what a beat and a stop cost, not at what a window costs.

Knows what `features` knows, and carries it: running sums of the beats inside, and the tachogram of as much time. The formulas, the reasons,
the spline and Welch's segments are those of `intervals`, `features` and `spectrum`, called for one window, so the numbers are the same:
bit for bit for what is made of integer sums; LF and HF within 1e-6 once 8 beats have closed after a stop (the spline has no later ones yet).
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from processing.indices import intervals, spectrum
from processing.indices.features import Features, reasons, values
from processing.indices.intervals import BIN_MS, BIN_TICKS_X1000, Sums
from processing.indices.spectrum import CONTEXT_BEATS, SAMPLE_NS
from processing.windows import Window
from somalink.domain.constants import Beat
from somalink.domain.time import SECOND_NS, TICK_NS_X2
from somalink.domain.types import Flag, IntArray


@dataclass(frozen=True, slots=True)
class Arrived:
    """A settled beat, in plain integers: `windows.Settled`, one row."""

    t_ns: int
    rr_ticks: int
    flag: int
    segment: int
    used_ticks: int
    irregular: int


class Rolling:
    """Features of [stop - window, stop) for stops that only go on. Holds the beats of one window and three windows of samples, however long it runs."""

    def __init__(self, window_s: int, *, rules: Beat) -> None:
        self._window_ns, self._window_s, self._rules = window_s * SECOND_NS, window_s, rules
        self._waiting: deque[Arrived] = deque()
        self._inside = _Inside(rules)
        self._grid = _Grid(window_s, rules)

    def push(self, beat: Arrived) -> None:
        """The next beat, in time order, its flag settled."""
        self._waiting.append(beat)
        self._grid.push(beat)

    def features(self, stop_ns: int) -> Features:
        """One row. `stop_ns`: a whole quarter second, no earlier than the last one asked for. Beats that close later are for later windows."""
        while self._waiting and self._waiting[0].t_ns < stop_ns:
            self._inside.add(self._waiting.popleft())
        self._inside.forget(stop_ns - self._window_ns)
        held = self._inside.window(stop_ns - self._window_ns, self._window_ns)
        found, power = intervals.told(self._inside.sums()), self._grid.powers(stop_ns)
        reason = reasons(held, found, power, self._window_s, self._rules)
        return Features(np.array([stop_ns]), values(found, power, reason), reason, held.beats, held.flagged, held.covered_ns)


class _Inside:
    """The beats of the window and their sums: what enters is added, what leaves is taken away, all in whole ticks."""

    def __init__(self, rules: Beat) -> None:
        self._beats: deque[tuple[Arrived, int | None]] = deque()
        self._nn = self._total = self._squares = 0
        self._pairs = self._step = self._step_squares = self._both = self._both_squares = self._over_50 = 0
        self._flagged = self._irregular = self._accepted = self._used = self._covered = 0
        self._bins = [0] * (rules.rr_ms[1] // BIN_MS + 1)
        self._longest: deque[Arrived] = deque()
        self._shortest: deque[Arrived] = deque()

    def add(self, beat: Arrived) -> None:
        previous = self._beats[-1][0] if self._beats else None
        paired = previous is not None and beat.flag == Flag.OK == previous.flag and beat.segment == previous.segment
        before = previous.rr_ticks if previous is not None and paired else None
        self._beats.append((beat, before))
        self._count(beat, 1)
        if before is not None:
            self._pair(before, beat.rr_ticks, 1)
        if beat.flag == Flag.OK:
            while self._longest and self._longest[-1].rr_ticks <= beat.rr_ticks:
                self._longest.pop()
            while self._shortest and self._shortest[-1].rr_ticks >= beat.rr_ticks:
                self._shortest.pop()
            self._longest.append(beat)
            self._shortest.append(beat)

    def forget(self, start_ns: int) -> None:
        while self._beats and self._beats[0][0].t_ns < start_ns:
            gone, _ = self._beats.popleft()
            self._count(gone, -1)
            if self._beats and (before := self._beats[0][1]) is not None:
                self._pair(before, self._beats[0][0].rr_ticks, -1)
                self._beats[0] = (self._beats[0][0], None)
            for extreme in (self._longest, self._shortest):
                if extreme and extreme[0] is gone:
                    extreme.popleft()

    def sums(self) -> Sums:
        spread = fullest = mode = 0
        if self._longest:
            spread, fullest = self._longest[0].rr_ticks - self._shortest[0].rr_ticks, max(self._bins)
            mode = self._bins.index(fullest)
        of_beats = (self._nn, self._total, self._squares)
        of_pairs = (self._pairs, self._step, self._step_squares, self._both, self._both_squares, self._over_50)
        return Sums(*np.array([[each] for each in (*of_beats, *of_pairs, spread, fullest, mode)]))

    def window(self, start_ns: int, length_ns: int) -> Window:
        covered = self._covered
        if self._beats and (first := self._beats[0][0]).used_ticks > 0:
            covered -= max(start_ns - (first.t_ns - _ns(first.rr_ticks)), 0)
        counts = (0, len(self._beats), len(self._beats), self._flagged, self._irregular, self._accepted, self._used, min(covered, length_ns))
        return Window(*np.array([[each] for each in counts]))

    def _count(self, beat: Arrived, sign: int) -> None:
        self._flagged += sign * (beat.flag != Flag.OK)
        self._irregular += sign * beat.irregular
        if beat.used_ticks > 0:
            self._accepted += sign
            self._used += sign * beat.used_ticks
            self._covered += sign * _ns(beat.rr_ticks)
        if beat.flag == Flag.OK:
            rr = beat.rr_ticks
            self._nn += sign
            self._total += sign * rr
            self._squares += sign * rr * rr
            self._bins[rr * 1000 // BIN_TICKS_X1000] += sign

    def _pair(self, before: int, rr: int, sign: int) -> None:
        step, both = rr - before, rr + before
        self._pairs += sign
        self._step += sign * step
        self._step_squares += sign * step * step
        self._both += sign * both
        self._both_squares += sign * both * both
        self._over_50 += sign * (abs(step) * 1000 > BIN_TICKS_X1000)


def _ns(ticks: int) -> int:
    return ticks * TICK_NS_X2 // 2


class _Grid:
    """The tachogram of the last windows: samples that 24 beats have followed stand, the newest are read off again each time."""

    def __init__(self, window_s: int, rules: Beat) -> None:
        self._window_s, self._rules, self._plan = window_s, rules, spectrum.plan_of(window_s, (spectrum.LF_HZ, spectrum.HF_HZ))
        self._hold_ns = rules.rr_ms[1] * SECOND_NS // 1000
        self._values, self._span = np.zeros(12 * window_s, np.int64), np.zeros(12 * window_s, np.int64)
        self._first: int | None = None
        self._stands = 0
        """Sample number before which nothing changes any more."""
        self._number = 0
        self._t_ns: list[int] = []
        self._ticks: list[int] = []
        self._tail_segment = self._apart = 0

    def push(self, beat: Arrived) -> None:
        self._apart += 1
        if beat.flag != Flag.OK:
            return
        length_ns = _ns(beat.rr_ticks)
        if self._first is None:
            self._first = (beat.t_ns - length_ns) // SAMPLE_NS - 4 * self._window_s
        passed, longest = (beat.t_ns - self._t_ns[-1], max(length_ns, _ns(self._ticks[-1]))) if self._t_ns else (0, 0)
        if not self._t_ns or spectrum.breaks(beat.segment != self._tail_segment, self._apart, passed, longest, self._rules):
            begins = -(-(beat.t_ns - length_ns) // SAMPLE_NS)
            self._read_off(begins)
            self._number, self._stands = self._number + 1, begins
            self._t_ns.clear()
            self._ticks.clear()
        self._t_ns.append(beat.t_ns)
        self._ticks.append(beat.rr_ticks)
        self._tail_segment, self._apart = beat.segment, 0

    def powers(self, stop_ns: int) -> spectrum.Powers:
        """LF and HF of the window that ends here."""
        found, used = np.full((2, 1), np.nan), np.zeros(1, np.int64)
        stop, size = stop_ns // SAMPLE_NS, 4 * self._window_s
        if self._first is None or self._window_s < spectrum.HF_S or stop - size < self._first:
            return spectrum.Powers(found, used)
        self._make_room(stop)
        self._read_off(stop)
        own = slice(stop - size - self._first, stop - self._first)
        span, hop = self._span[own], self._plan.hop
        whole = [bool(span[k] > 0 and span[k] == span[k + self._plan.size - 1]) for k in (0, hop, 2 * hop)]
        if whole[1] and (whole[0] or whole[2]):
            grid = spectrum.Tachogram(stop - size, self._values[own], span)
            found = spectrum.welch(grid, np.array([[0, hop, 2 * hop]]), np.array([whole]), self._plan)
            used[0] = self._window_s if all(whole) else self._window_s * 3 // 4
        return spectrum.Powers(found, used)

    def _read_off(self, last: int) -> None:
        """Samples up to `last` of the span that goes on, from where they do not stand yet."""
        if not self._t_ns or self._first is None:
            return
        high = min(last, -(-(self._t_ns[-1] + self._hold_ns) // SAMPLE_NS))
        self._make_room(high)
        low = max(self._stands, self._first)
        if len(self._t_ns) < 3 or high <= low:
            return
        own = slice(low - self._first, high - self._first)
        self._values[own] = spectrum.read_off(np.array(self._t_ns), np.array(self._ticks), low, high)
        self._span[own] = self._number
        self._span[high - self._first :] = 0
        self._settle(high)

    def _settle(self, high: int) -> None:
        """What 24 beats have followed stands; of the beats before it 24 are kept to lean on."""
        if len(self._t_ns) <= CONTEXT_BEATS:
            return
        self._stands = max(self._stands, min(high, self._t_ns[-1 - CONTEXT_BEATS] // SAMPLE_NS))
        spare = int(np.searchsorted(self._t_ns, self._stands * SAMPLE_NS)) - CONTEXT_BEATS
        if spare > 0:
            del self._t_ns[:spare], self._ticks[:spare]

    def _make_room(self, high: int) -> None:
        """Forgets what is older than a window."""
        assert self._first is not None
        if high - self._first <= len(self._values):
            return
        first = high - 8 * self._window_s
        for column in (self._values, self._span):
            kept: IntArray = column[max(0, first - self._first) :].copy()
            column[:] = 0
            column[max(0, self._first - first) :][: len(kept)] = kept
        self._first = first
