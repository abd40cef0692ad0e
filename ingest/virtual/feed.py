"""What a strap says of a heart: a recording or a list of intervals -> one second's notification after another.

Knows beats, ticks and seconds of strap time; knows nothing of radios, clocks on walls or faults. Every beat is told in exactly one second,
in order, with its own ticks, and carries when it really closed, so that whoever receives it can be compared with the truth.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.dating import span_ns, tick_ns
from ingest.recording import Recording, read_folder
from ingest.rrtext import read_text
from ingest.straps.heart_rate import HeartRateMeasurement
from somalink.domain.errors import BadInput
from somalink.domain.time import SECOND_NS, ceil_to
from somalink.domain.types import IntArray, Stream

MOST_BEATS = 9
"""Intervals that fit beside flags and rate into the 20 bytes of an untuned link; a burst of artefacts waits for the next second."""
SMOOTHED_OVER = 8
"""Beats behind the rate a strap shows: vendors smooth it, so that it lags the intervals and hides what is odd in one of them."""
PLAUSIBLE_TICKS = (300, 2100)
"""Intervals the vendor's filter counts, about 30 to 200 bpm."""
HOLDS_NS = 10 * SECOND_NS
"""A strap that feels no beat goes on showing the last rate this long, then 0: no rate."""
MINUTE_TICKS = 60 * 1024
WAVES = frozenset((Stream.ACC, Stream.ECG))


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat of the heart; `closes_ns` of strap time is the truth, whether or not anybody was told."""

    number: int
    closes_ns: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Second:
    """What the strap knows at `at_ns`: the beats that closed since the second before, and its smoothed rate (0: none)."""

    at_ns: int
    beats: tuple[Beat, ...]
    bpm: int

    def measurement(self, *, intervals: bool = True) -> HeartRateMeasurement:
        """As it is sent. A watch gives no `intervals` and cannot tell contact."""
        return HeartRateMeasurement(self.bpm, tuple(beat.ticks for beat in self.beats) if intervals else (), contact=True if intervals else None)


@dataclass(frozen=True, slots=True, eq=False)
class Heart:
    """Beats on strap time, which starts one interval before the first of them. `closes_ns`, `ticks`: (n,).

    A recording of rates alone has no beats; then `rate_ns` and `rate_milli` (m,) say what a watch showed, and when. `start_ns`: when strap
    time began by the recording's own clock, 0 where it has none.
    """

    closes_ns: IntArray
    ticks: IntArray
    rate_ns: IntArray
    rate_milli: IntArray
    start_ns: int = 0

    @property
    def length_ns(self) -> int:
        """Until the last beat or rate, in whole seconds."""
        last = max(int(part[-1]) if len(part) else 0 for part in (self.closes_ns, self.rate_ns))
        return ceil_to(last, SECOND_NS)

    def seconds(self, *, again: bool = False) -> Iterator[Second]:
        """The heart, second by second; `again` and again for ever."""
        number, began_ns, waiting, rate = 0, 0, deque[Beat](), Smoothing()
        while True:
            for at_ns in range(SECOND_NS, self.length_ns + 1, SECOND_NS):
                first, stop = np.searchsorted(self.closes_ns, (at_ns - SECOND_NS, at_ns), side="right").tolist()
                for row in range(first, stop):
                    waiting.append(Beat(number, began_ns + int(self.closes_ns[row]), int(self.ticks[row])))
                    number += 1
                yield self._told(began_ns + at_ns, waiting, rate)
            began_ns += self.length_ns
            if not again or not self.length_ns:
                break
        while waiting:
            began_ns += SECOND_NS
            yield self._told(began_ns, waiting, rate)

    def _told(self, at_ns: int, waiting: deque[Beat], rate: "Smoothing") -> Second:
        beats = tuple(waiting.popleft() for _ in range(min(MOST_BEATS, len(waiting))))
        return Second(at_ns, beats, rate.after(at_ns, beats) if len(self.ticks) else self._shown(at_ns % self.length_ns or self.length_ns))

    def _shown(self, at_ns: int) -> int:
        """The rate a watch showed last, while it is fresh."""
        row = int(np.searchsorted(self.rate_ns, at_ns, side="right")) - 1
        fresh = row >= 0 and at_ns - int(self.rate_ns[row]) <= HOLDS_NS
        return round(int(self.rate_milli[row]) / 1000) if fresh else 0


class Smoothing:
    """The vendor's filter: the mean rate over the last few plausible intervals."""

    def __init__(self) -> None:
        self._last: deque[int] = deque(maxlen=SMOOTHED_OVER)
        self._felt_ns = -HOLDS_NS - 1

    def after(self, at_ns: int, beats: Sequence[Beat]) -> int:
        """The rate shown at `at_ns`, when `beats` have just been felt."""
        low, high = PLAUSIBLE_TICKS
        self._last.extend(beat.ticks for beat in beats if low <= beat.ticks <= high)
        if beats:
            self._felt_ns = at_ns
        if not self._last or at_ns - self._felt_ns > HOLDS_NS:
            return 0
        return round(MINUTE_TICKS * len(self._last) / sum(self._last))


def from_ticks(ticks: Sequence[int]) -> Heart:
    """Beats that follow each other without a hole.

    >>> [beat.ticks for second in from_ticks([1000, 1100, 1048]).seconds() for beat in second.beats]
    [1000, 1100, 1048]
    """
    column = np.array(ticks, np.int64)
    return Heart(tick_ns(np.cumsum(column)), column, _nothing(), _nothing())


def from_recording(recording: Recording) -> Heart:
    """The beats of a recording at their own times, so that a hole in it is a time without beats; without beats, its rates."""
    beats, rates = recording.samples.get(Stream.RR), recording.samples.get(Stream.HR)
    if beats is not None and len(beats.t_ns):
        start_ns = int(beats.t_ns[0]) - span_ns(int(beats.values[0]))
        return Heart(beats.t_ns - start_ns, beats.values, _nothing(), _nothing(), start_ns)
    if rates is None or not len(rates.t_ns):
        raise BadInput("this recording holds neither beats nor heart rates", next_step="give a recording with rr.csv or hr.csv")
    start_ns = int(rates.t_ns[0]) - SECOND_NS
    return Heart(_nothing(), _nothing(), rates.t_ns - start_ns, rates.values, start_ns)


def from_path(path: Path) -> Heart:
    """The heart in a recording folder or a text file of intervals; waves, which are long, are left where they are."""
    return from_recording(read_folder(path, without=WAVES) if path.is_dir() else read_text(path)[0])


def _nothing() -> IntArray:
    return np.zeros(0, np.int64)
