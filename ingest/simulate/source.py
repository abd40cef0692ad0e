"""A simulated life as a source of items, straight from memory: one recording however many days, each day made when it is due.

The sister of `ingest.replay`: the same order of items, the same slices. Knows nothing of speed, stores or engines.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ingest.localtime import utc_offsets
from ingest.replay import SETTLE_NS
from ingest.simulate.days import SimulatedDay, Truth, choose_setup, simulate
from ingest.simulate.strap import Signal
from ingest.simulate.wearer import DEVICE, USUAL, Ways, begin
from somalink.domain.errors import UsageError
from somalink.domain.identity import Unit, digest
from somalink.domain.time import HOUR_NS, SECOND_NS, ceil_to
from somalink.domain.types import Answer, Chunk, Event, Gap, Heartbeat, Item, Opened, Plan, Prompt, Rating, Session, Stream

Day = dict[Stream, Signal]


class HourRows(NamedTuple):
    """RR rows of one UTC hour; a simulated strap sends none that must be refused."""

    received: int
    refused: Mapping[str, int]


class SimulatedSource:
    """A `domain.ports.Source` that lives its days one by one; what the wearer says lies beside the items.

    `counts` grows as days are told: it is complete when `items` is.
    """

    simulated = True

    def __init__(
        self,
        person: str,
        start: datetime | int,
        days: int,
        seed: int,
        *,
        tier: str = "B",
        tz: str = "Europe/Berlin",
        motion: str | None = None,
        rate_hz: int = 25,
        nights: bool = False,
        ways: Ways = USUAL,
    ) -> None:
        setup = choose_setup(tier, motion, rate_hz)
        lived = simulate(person, start, days, seed, tier=tier, tz=tz, motion=motion, rate_hz=rate_hz, nights=nights, ways=ways)
        self.days = tuple(lived)
        if not self.days:
            raise UsageError(f"in {days} days from this start the strap is never put on", next_step="simulate at least one day, and start before the evening")
        recording = digest(person, DEVICE, begin(start), "simulated", seed, days, setup, tz, nights, *([] if ways == USUAL else [ways]))
        self.unit = Unit(person, DEVICE, recording, tier)
        self.streams = setup.streams
        self.start_ns, self.end_ns = self.days[0].start_ns, self.days[-1].stop_ns
        self.offsets = utc_offsets(tz, self.start_ns, self.end_ns)
        diaries = [day.diary for day in self.days]
        self.events: list[Event] = [row for diary in diaries for row in diary.events]
        self.ratings: list[Rating] = [row for diary in diaries for row in diary.ratings]
        self.prompts: list[Prompt] = [row for diary in diaries for row in diary.prompts]
        self.answers: list[Answer] = [row for diary in diaries for row in diary.answers]
        self.sessions: list[Session] = [row for diary in diaries for row in diary.sessions]
        self.plans: list[Plan] = [row for diary in diaries for row in diary.plans]
        self.truth: list[Truth] = [row for day in self.days for row in day.truth]
        self._told: dict[int, dict[int, int]] = {}

    @property
    def counts(self) -> dict[int, HourRows]:
        """{start of the UTC hour: (rows received, {})} of the days told so far."""
        hours: dict[int, int] = {}
        for day in self._told.values():
            for hour, rows in day.items():
                hours[hour] = hours.get(hour, 0) + rows
        return {hour: HourRows(rows, {}) for hour, rows in sorted(hours.items())}

    def items(self, *, after_ns: int | None = None, slice_s: int = 3600) -> Iterator[Item]:
        """Offsets, `Opened`, then slice by slice the chunks and gaps of all streams and a `Heartbeat`; slices as in `ingest.replay`.

        A slice also ends where a day does. Joined end to end, chunks are the same for every `slice_s`.
        """
        if after_ns is None or after_ns < self.start_ns:
            yield from self.offsets
            yield Opened(self.unit, self.start_ns, self.streams)
        done = self.start_ns - 1 if after_ns is None else max(self.start_ns - 1, after_ns)
        for day, signals, stop in self._due(done):
            self._told[day.plan.number] = _rows_by_hour(signals)
            for cut in _cuts(done, stop, slice_s * SECOND_NS):
                yield from _slice(signals, done, cut)
                if cut < self.end_ns:
                    yield Heartbeat(cut)
                done = cut
        if after_ns is None or after_ns < self.end_ns + SETTLE_NS:
            yield Heartbeat(self.end_ns + SETTLE_NS)

    def _due(self, done: int) -> Iterator[tuple[SimulatedDay, Day, int]]:
        """Each day that is not done: its signals with the night after it as gaps, and the instant before the next one begins.

        The night is a gap from the last sample to the first of the next day, so that day is made one ahead.
        """
        ahead: Day | None = None
        for day, after in pairwise((*self.days, None)):
            assert day is not None
            stop = after.start_ns - 1 if after else self.end_ns
            if stop <= done:
                continue
            signals = ahead or day.signals()
            ahead = after.signals() if after else None
            yield day, _with_night(signals, ahead, self.end_ns), stop


def _rows_by_hour(signals: Day) -> dict[int, int]:
    if Stream.RR not in signals:
        return {}
    hours, rows = np.unique(signals[Stream.RR].t_ns // HOUR_NS * HOUR_NS, return_counts=True)
    return dict(zip(hours.tolist(), rows.tolist(), strict=True))


def _with_night(today: Day, tomorrow: Day | None, end_ns: int) -> Day:
    """Today's signals with what follows them: the hours without a strap, or the end of the recording."""
    return {stream: _closed(stream, signal, tomorrow[stream] if tomorrow else None, end_ns) for stream, signal in today.items()}


def _closed(stream: Stream, signal: Signal, after: Signal | None, end_ns: int) -> Signal:
    if stream is Stream.POSTURE:
        return signal
    last = int(signal.t_ns[-1])
    spoken = last if stream in (Stream.RR, Stream.HR, Stream.ACC) else last + SECOND_NS
    if after is None:
        ending = (Gap(stream, spoken, end_ns, "end"),) if spoken < end_ns else ()
        return Signal(signal.t_ns, signal.values, signal.gaps + ending)
    first = int(after.t_ns[0])
    own = int(after.values[0]) * 1_953_125 // 2 if stream is Stream.RR else 0
    return Signal(signal.t_ns, signal.values, (*signal.gaps, Gap(stream, spoken, first, "strap_off", first - spoken - own)))


def _cuts(done: int, stop: int, step: int) -> Iterator[int]:
    """Ends of the slices of (done, stop]: every multiple of `step`, and `stop` itself."""
    while done < stop:
        done = min(ceil_to(done + 1, step), stop)
        yield done


def _slice(signals: Day, begin: int, stop: int) -> list[Chunk | Gap]:
    """Items with `begin` < t <= `stop` in event time; at one time a chunk comes before the gap that begins where it ends."""
    told: list[tuple[int, int, int, Chunk | Gap]] = []
    for order, (stream, signal) in enumerate(signals.items()):
        gaps = [gap for gap in signal.gaps if begin < gap.start_ns <= stop]
        first, last = np.searchsorted(signal.t_ns, (begin, stop), side="right").tolist()
        opens = np.searchsorted(signal.t_ns, [gap.stop_ns for gap in gaps], side="left").tolist()
        cuts = [first, *(min(max(at, first), last) for at in opens), last]
        for left, right in pairwise(cuts):
            if left < right:
                told.append((int(signal.t_ns[left]), 0, order, Chunk(stream, signal.t_ns[left:right], signal.values[left:right])))
        told.extend((gap.start_ns, 1, order, gap) for gap in gaps)
    return [item for *_, item in sorted(told, key=lambda entry: entry[:3])]
