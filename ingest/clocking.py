"""Raw rows, in order of arrival -> items: when each sample was, where samples were lost, how far a stream is complete.

A pure fold: the same rows give the same items, live or read back from a store. Knows arrival stamps and decoders; reads no clock,
so a silence is told when the next row of any stream shows it. This is the plain form, enough for a source in another thread: one
straight line from the monotonic clock to UTC for a connection, a chain of beats that is slewed towards arrivals where the strap's clock runs
fast or slow, and a hole judged by how far that chain lags arrivals. It does not read sensor time stamps, and a loss shorter than one
interval and 1.5 s hides in the slack until more is lost.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ingest.dating import span_ns, tick_ns
from ingest.localtime import utc_offsets
from ingest.straps import DECODERS
from ingest.streams import Decoder, Frame
from somalink.domain.errors import BadFrame
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, ClockAnchor, Contact, Flag, Gap, Heartbeat, IntArray, Item, Opened, Stream

HOLE_NS = 10 * SECOND_NS
"""A hole in arrivals may stay unexplained this long: a radio that stalls delivers late, in a bunch (engine.md section 6, `gap.hole_s`)."""
SILENCE_NS = 5 * SECOND_NS
"""A stream that says nothing for longer has a Gap there (`gap.silence_s`)."""
LATE_NS = 1_500_000_000
"""A chain may lag its usual distance by this and one interval: beats slip from one notification to the next, notifications jitter."""
AHEAD_NS = 5 * SECOND_NS
"""A chain anchored to a late notification runs ahead of later ones by as much, and keeps its distances; further ahead it has lost its anchor."""
LEAK = 5000
"""The usual distance may grow by one part in this many: a strap's clock and ours differ by at most 200 ppm."""
LEARN_NS = 10 * MINUTE_NS
"""How long after an anchor the usual distance is learned: over this no clock runs away by more than a beat's jitter."""
STRAIGHT_NS = SECOND_NS // 10
"""A chain this near to its usual distance is left alone, so that beats keep theirs (contracts, section 2: 0.1 s of a straight line)."""
SLEW = 1000
"""Beyond, it is moved by at most one part in this many of the time that has passed."""
LAGGING_NS = 40 * SECOND_NS
"""A stream further behind the lead holds everybody up: it is gapped, and joins again when it speaks (contracts, section 2)."""
CLOCK_STEP_NS = SECOND_NS
"""A step of UTC against the monotonic clock that is told of."""
TOLD_AHEAD_NS = 400 * DAY_NS
"""How far ahead the changes of local time are told when a recording opens."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One notification as it arrived; on disk before anybody reads it (contracts, section 10)."""

    person: str
    device: str
    connection: int
    characteristic: str
    t_mono_ns: int
    boot_id: str
    t_utc_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Beats of one notification, held until the hole before them is explained or given up."""

    ticks: IntArray
    arrival_ns: int
    quiet_ns: int
    """Since the notification with beats before this one."""


@dataclass(slots=True)
class BeatChain:
    """Beats laid end to end from an anchor, and how far behind arrivals the last of them usually is.

    `told_ns`: time of the last beat told, or where the last Gap stopped; nothing older is ever told.
    """

    told_ns: int
    lateness_ns: int
    anchor_ns: int | None = None
    ticks: int = 0
    floor_ns: int = 0
    home_ns: int = 0
    """What `floor_ns` was when it had been learned; a strap's clock that runs fast or slow takes it away from there."""
    learned_ns: int = 0
    arrival_ns: int = 0
    why: str = ""
    waiting: list[Waiting] = field(default_factory=list)

    def add(self, ticks: IntArray, arrival_ns: int) -> Iterator[Chunk | Gap]:
        """Beats of one notification, (n,) with n > 0."""
        since, self.arrival_ns = self.arrival_ns, arrival_ns
        self.waiting.append(Waiting(ticks, arrival_ns, arrival_ns - since))
        if self.anchor_ns is None:
            yield from self._begin(arrival_ns, self.why)
            return
        lag = arrival_ns - self._next()
        floor = self.floor_ns + max(0, arrival_ns - since) // LEAK
        excess = lag - floor
        self.floor_ns = min(floor, lag)
        if lag < -AHEAD_NS:
            yield from self._begin(arrival_ns, "drift")
        elif excess <= LATE_NS + span_ns(int(ticks.max())):
            self._slew(arrival_ns - since)
            yield self._follow()
        elif max(excess, arrival_ns - self.waiting[0].arrival_ns) >= HOLE_NS:
            yield from self._give_up()

    def cut(self, reason: str) -> Iterator[Chunk | Gap]:
        """The chain ends: beats that still waited are dated by their own arrivals, and the next ones begin after a Gap."""
        if self.waiting:
            yield from self._give_up()
        self.anchor_ns, self.why = None, reason

    def skip(self, until_ns: int, reason: str) -> Iterator[Chunk | Gap]:
        """Give up everything before `until_ns`."""
        yield from self.cut(reason)
        if until_ns > self.told_ns:
            yield Gap(Stream.RR, self.told_ns, until_ns, reason, until_ns - self.told_ns)
            self.told_ns = until_ns

    def _next(self) -> int:
        """When the last of the waiting beats closed, were there no hole."""
        assert self.anchor_ns is not None
        return self.anchor_ns + span_ns(self.ticks + sum(int(part.ticks.sum()) for part in self.waiting))

    def _give_up(self) -> Iterator[Chunk | Gap]:
        """The hole stays: the waiting beats move forward by what the promptest of their notifications lags beyond the usual."""
        assert self.anchor_ns is not None
        closes = self.anchor_ns + tick_ns(self.ticks + np.cumsum([int(part.ticks.sum()) for part in self.waiting]))
        lag = min(part.arrival_ns - at for part, at in zip(self.waiting, closes.tolist(), strict=True))
        usual, home, learned = self.floor_ns, self.home_ns, self.learned_ns
        reason = "silence" if self.waiting[0].quiet_ns > SILENCE_NS else "hole"
        yield from self._begin(self._next() + lag - usual, reason)
        self.floor_ns, self.home_ns, self.learned_ns = usual, home, learned

    def _slew(self, passed_ns: int) -> None:
        """Hold the chain near its usual distance from arrivals, never so fast that a beat would go back behind the one told."""
        assert self.anchor_ns is not None
        if self.arrival_ns < self.learned_ns:
            self.home_ns = self.floor_ns
            return
        away = self.floor_ns - self.home_ns
        if abs(away) > STRAIGHT_NS:
            most = passed_ns // SLEW
            by = max(min(away, most), -most, 1 - span_ns(int(self.waiting[0].ticks[0])))
            self.anchor_ns += by
            self.floor_ns -= by

    def _begin(self, last_ns: int, reason: str) -> Iterator[Chunk | Gap]:
        """Anchor the waiting beats anew so that the last of them closes at `last_ns`, but none before what was told."""
        ticks = np.concatenate([part.ticks for part in self.waiting])
        first_ns = max(last_ns - span_ns(int(ticks[1:].sum())), self.told_ns + 1)
        if reason:
            lost = max(0, first_ns - self.told_ns - span_ns(int(ticks[0])))
            yield Gap(Stream.RR, self.told_ns, first_ns, reason, lost)
        self.anchor_ns, self.ticks = first_ns, -int(ticks[0])
        self.floor_ns = self.home_ns = self.arrival_ns - self._next()
        self.learned_ns = self.arrival_ns + LEARN_NS
        yield self._follow()

    def _follow(self) -> Chunk:
        """Tell the waiting beats as the chain dates them; a beat is stale by its own arrival, whoever promised what."""
        assert self.anchor_ns is not None
        ticks = np.concatenate([part.ticks for part in self.waiting])
        arrival = np.repeat([part.arrival_ns for part in self.waiting], [len(part.ticks) for part in self.waiting])
        t_ns = self.anchor_ns + tick_ns(self.ticks + np.cumsum(ticks))
        flags = np.where(t_ns < arrival - self.lateness_ns, int(Flag.STALE), int(Flag.OK)).astype(np.int64)
        self.ticks += int(ticks.sum())
        self.told_ns = int(t_ns[-1])
        self.waiting.clear()
        return Chunk(Stream.RR, t_ns, ticks, flags)


@dataclass(slots=True)
class Account:
    """RR fields of one UTC hour of arrival: all of them, and the refused ones by reason."""

    received: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Clocker:
    """Turns the raw rows of one (person, device) into items; `push` each row in order of arrival.

    `counts`: the account of every RR field by hour. `unreadable`: notifications whose bytes follow no known format.
    """

    def __init__(self, unit: Unit, streams: frozenset[Stream], *, tz: str = "UTC", decoders: Mapping[str, Decoder] | None = None) -> None:
        self.unit = unit
        self.counts: dict[int, Account] = {}
        self.unreadable = 0
        self._streams = streams
        self._tz = tz
        self._decoders = DECODERS if decoders is None else decoders
        self._line: tuple[str, int, int] | None = None
        self._beats: BeatChain | None = None
        self._start_ns = 0
        self._told: dict[Stream, int] = {}
        self._promised: dict[Stream, int] = {}
        self._contact: bool | None = None

    def push(self, row: RawRow) -> list[Item]:
        """The items that this row makes known, in the order to take them."""
        return list(self._items(row))

    def _items(self, row: RawRow) -> Iterator[Item]:
        yield from self._clock(row)
        assert self._line is not None
        arrival_ns = row.t_mono_ns + self._line[2]
        decoder = self._decoders.get(row.characteristic)
        frames = None if decoder is None else self._decode(decoder, row)
        if decoder is None or frames is None:
            return
        for frame in frames:
            yield from self._touch(frame, arrival_ns)
            yield from self._rr(frame, arrival_ns) if frame.stream is Stream.RR else self._others(frame, arrival_ns)
        yield from self._promise(decoder, arrival_ns)
        yield from self._lagging()

    def _decode(self, decoder: Decoder, row: RawRow) -> tuple[Frame, ...] | None:
        try:
            return tuple(frame for frame in decoder.decode(row.payload) if frame.stream in self._streams)
        except BadFrame:
            self.unreadable += 1
            return None

    # ------------------------------------------------------------ clocks

    def _clock(self, row: RawRow) -> Iterator[Item]:
        """Stay on the line from monotonic time to UTC; a new boot or connection or a step of UTC begins another, after a Gap."""
        offset_ns = row.t_utc_ns - row.t_mono_ns
        if self._line is None:
            yield from self._open(row.t_utc_ns)
        else:
            same = self._line[:2] == (row.boot_id, row.connection)
            if same and abs(offset_ns - self._line[2]) <= CLOCK_STEP_NS:
                return
            if self._beats is not None:
                yield from self._beats.cut("clock_step" if same else "disconnect")
        self._line = (row.boot_id, row.connection, offset_ns)
        yield ClockAnchor(row.boot_id, row.t_mono_ns, offset_ns)

    def _open(self, now_ns: int) -> Iterator[Item]:
        late = {stream: decoder.lateness_ns for decoder in self._decoders.values() for stream in decoder.streams}
        start_ns = now_ns - max((late.get(stream, 0) for stream in self._streams), default=0)
        self._told = {stream: start_ns for stream in Stream if stream in self._streams and stream is not Stream.POSTURE}
        self._promised = dict(self._told)
        self._start_ns = start_ns
        if Stream.RR in self._streams:
            self._beats = BeatChain(start_ns, late.get(Stream.RR, 0))
        yield from utc_offsets(self._tz, start_ns, start_ns + TOLD_AHEAD_NS)
        yield Opened(self.unit, start_ns, self._streams)

    # ------------------------------------------------------------ samples

    def _touch(self, frame: Frame, arrival_ns: int) -> Iterator[Item]:
        if frame.contact is not None and frame.contact != self._contact:
            self._contact = frame.contact
            yield Contact(arrival_ns, frame.contact)

    def _rr(self, frame: Frame, arrival_ns: int) -> Iterator[Item]:
        assert self._beats is not None
        account = self.counts.setdefault(arrival_ns // HOUR_NS * HOUR_NS, Account())
        good = frame.values[frame.values > 0]
        account.received += len(frame.values)
        if len(good) < len(frame.values):
            account.refused["not_positive"] += len(frame.values) - len(good)
        if len(good):
            yield from self._beats.add(good, arrival_ns)
            self._told[Stream.RR] = self._beats.told_ns

    def _others(self, frame: Frame, arrival_ns: int) -> Iterator[Item]:
        """Samples that carry no time: the last one is of the arrival, those before it are spread evenly since the last notification."""
        count = len(frame.values)
        told_ns = self._told.get(frame.stream, arrival_ns - 1)
        last_ns = max(arrival_ns, told_ns + count)
        if not count:
            return
        if last_ns - told_ns > SILENCE_NS:
            if told_ns > self._start_ns:
                yield Gap(frame.stream, told_ns, last_ns - count, "silence", last_ns - count - told_ns)
            told_ns = last_ns - count
        self._told[frame.stream] = last_ns
        yield Chunk(frame.stream, told_ns + (last_ns - told_ns) * np.arange(1, count + 1, dtype=np.int64) // count, frame.values)

    # ------------------------------------------------------------ promises

    def _promise(self, decoder: Decoder, arrival_ns: int) -> Iterator[Item]:
        """Nothing older than arrival less the stream's lateness will come; with a hole unexplained, nothing older than what was told."""
        for stream in Stream:
            if stream not in decoder.streams or stream not in self._promised:
                continue
            promise = arrival_ns - decoder.lateness_ns
            if stream is Stream.RR and self._beats is not None and self._beats.waiting:
                promise = min(promise, self._beats.told_ns)
            if promise > self._promised[stream]:
                self._promised[stream] = promise
                yield Heartbeat(promise, stream)

    def _lagging(self) -> Iterator[Item]:
        """Streams too far behind the lead are gapped up to it, so that the others' windows can become final."""
        reached = {stream: max(self._told[stream], self._promised[stream]) for stream in self._told}
        lead_ns = max(reached.values(), default=0)
        for stream, at in reached.items():
            if lead_ns - at <= LAGGING_NS:
                continue
            if stream is Stream.RR and self._beats is not None:
                yield from self._beats.skip(lead_ns, "lagging")
            else:
                yield Gap(stream, self._told[stream], lead_ns, "lagging", lead_ns - self._told[stream])
            self._told[stream] = self._promised[stream] = lead_ns
            yield Heartbeat(lead_ns, stream)
