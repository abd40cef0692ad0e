"""Raw rows, in order of arrival -> items: when each sample was, where samples were lost, how far a stream is complete.

A pure fold: the same rows give the same items, live or read back from a store. Knows arrival stamps, decoders and the notes that a program
writes of its own link; reads no clock, so a silence is told when the next row shows it. One straight line from the monotonic clock to UTC
for a connection; how beats are dated on it is `ingest.chain`'s, and samples that carry their device's own time `ingest.sensor_time`'s.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.ble import notes
from ingest.chain import SILENCE_NS, BeatChain
from ingest.dating import MAX_TICKS
from ingest.localtime import utc_offsets
from ingest.ppi import PpiDating
from ingest.sensor_time import Dated, Reading, SensorClock
from ingest.straps import DECODERS
from ingest.straps.pmd import CHARACTERISTIC as PMD
from ingest.streams import Decoder, Frame, Told
from somalink.domain.errors import BadFrame
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Chunk, ClockAnchor, Contact, Flag, Gap, Heartbeat, IntArray, Item, Opened, Stream, StreamClock, Upright

LAGGING = "lagging"
LAGGING_NS = 40 * SECOND_NS
"""A stream further behind the lead holds everybody up: it is gapped, and joins again when it speaks (contracts, section 2)."""
CLOCK_STEP_NS = SECOND_NS
"""A step of UTC against the monotonic clock that is told of."""
SLEW = 1000
"""UTC that creeps away from the line is followed by at most one part in this many."""
TOLD_AHEAD_NS = 400 * DAY_NS
"""How far ahead the changes of local time are told when a recording opens."""
OPTICAL = "C"
"""Tier of devices that tell of beats in batches of pulse intervals, half a minute late."""
RATES_HZ: Mapping[Stream, float] = {Stream.ECG: 130.0, Stream.ACC: 25.0}
"""Of a device that named none; its own stamps tell better within seconds."""
FACTOR_G = 2 * 8 / 2**16
"""One count of a 16-bit accelerometer of 8 g, where a device that sends counts named no factor."""
HUNDREDTH_MG = 100_000
"""Hundredths of a mg in a g."""
NEVER_NS = 2**62
"""A hundred and forty years after a device's beginning of time: no clock says that, and a sum of two such still fits 64 bits."""
ABSENT_NS = 5 * SECOND_NS
"""How often the gap of a stream that this link does not bring is told further."""


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
        self._slewed_ns = 0
        self._beats: BeatChain | PpiDating | None = None
        self._start_ns = 0
        self._late: dict[Stream, int] = {}
        self._told: dict[Stream, int] = {}
        self._promised: dict[Stream, int] = {}
        self._out: dict[Stream, int] = {}
        """Since when each stream has said nothing, while its link is lost, or is one that does not bring it."""
        self._whys: dict[Stream, str] = {}
        """And why."""
        self._down = False
        self._contact: bool | None = None
        self._sensors: dict[Stream, SensorClock] = {}
        """Of streams that carry their device's time, one a connection."""
        self._named: dict[Stream, tuple[float, float]] = {}
        """(samples a second, g a count) of each stream, as the device named them."""
        self._absent: set[Stream] = set()
        """Streams of this recording that the link of now does not bring."""

    def push(self, row: RawRow) -> list[Item]:
        """The items that this row makes known, in the order to take them."""
        return list(self._items(row))

    def _items(self, row: RawRow) -> Iterator[Item]:
        yield from self._clock(row)
        assert self._line is not None
        arrival_ns = row.t_mono_ns + self._line[2]
        if row.characteristic == notes.CHARACTERISTIC:
            yield from self._noted(row.payload, arrival_ns)
            return
        decoder = self._decoders.get(row.characteristic)
        frames = None if decoder is None else self._decode(decoder, row)
        if decoder is None or frames is None:
            return
        self._down = False
        for frame in frames:
            yield from self._touch(frame, arrival_ns)
            if frame.stream is Stream.RR:
                yield from self._rr(frame, arrival_ns)
            elif frame.sensor_ns is None:
                yield from self._others(frame, arrival_ns)
            else:
                yield from self._stamped(frame, frame.sensor_ns, arrival_ns)
        yield from self._promise(frozenset(frame.stream for frame in frames), arrival_ns)
        yield from self._without(arrival_ns)
        yield from self._lagging()

    def _decode(self, decoder: Decoder, row: RawRow) -> tuple[Frame, ...] | None:
        try:
            said = decoder.decode(row.payload)
        except BadFrame:
            self.unreadable += 1
            return None
        for each in said:
            if isinstance(each, Told):
                rate_hz, factor_g = self._named.get(each.stream, (0.0, FACTOR_G))
                self._named[each.stream] = (each.rate_hz or rate_hz, each.factor_g or factor_g)
        heart = self._heart_of(row.characteristic)
        return tuple(each for each in said if isinstance(each, Frame) and each.stream in self._streams and (each.stream not in HEART or each.stream in heart))

    def _heart_of(self, characteristic: str) -> frozenset[Stream]:
        """What of the heart a characteristic is believed: beats come one way only. An optical device tells them by its own stream, and its rate by the
        standard's; of any other device the standard tells both."""
        optical = self.unit.tier == OPTICAL
        if characteristic == PMD:
            return frozenset({Stream.RR}) if optical else frozenset()
        return frozenset({Stream.HR}) if optical else HEART

    # ------------------------------------------------------------ clocks

    def _clock(self, row: RawRow) -> Iterator[Item]:
        """Stay on the line from monotonic time to UTC; a new boot or connection or a step of UTC begins another, after a Gap."""
        offset_ns = row.t_utc_ns - row.t_mono_ns
        if self._line is None:
            yield from self._open(row.t_utc_ns)
        else:
            boot_id, connection, known_ns = self._line
            same = (boot_id, connection) == (row.boot_id, row.connection)
            if same and abs(offset_ns - known_ns) <= CLOCK_STEP_NS:
                self._slew(offset_ns, row.t_mono_ns)
                return
            if not self._down:
                why = "clock_step" if same else notes.DISCONNECT if boot_id == row.boot_id else notes.RESTART
                yield from self._cut(why)
        self._line, self._slewed_ns = (row.boot_id, row.connection, offset_ns), row.t_mono_ns
        yield ClockAnchor(row.boot_id, row.t_mono_ns, offset_ns)

    def _slew(self, offset_ns: int, t_mono_ns: int) -> None:
        """Small steps of UTC are followed slowly, so that no second of anybody's evening is longer than another."""
        assert self._line is not None
        most = max(0, t_mono_ns - self._slewed_ns) // SLEW
        away = min(max(offset_ns - self._line[2], -most), most)
        self._line, self._slewed_ns = (*self._line[:2], self._line[2] + away), t_mono_ns

    def _open(self, now_ns: int) -> Iterator[Item]:
        self._set_lateness()
        start_ns = now_ns - max((self._late.get(stream, 0) for stream in self._streams), default=0)
        self._told = {stream: start_ns for stream in Stream if stream in self._streams and stream is not Stream.POSTURE}
        self._promised = dict(self._told)
        self._start_ns = start_ns
        if Stream.RR in self._streams:
            dating = PpiDating if self.unit.tier == OPTICAL else BeatChain
            self._beats = dating(start_ns, self._late.get(Stream.RR, 0))
        yield from utc_offsets(self._tz, start_ns, start_ns + TOLD_AHEAD_NS)
        yield Opened(self.unit, start_ns, self._streams)

    def _set_lateness(self) -> None:
        """How late a stream may be is its quickest characteristic's to say; only optical devices tell beats by the slow one (PPI)."""
        pick = max if self.unit.tier == OPTICAL else min
        said = [each.late_ns for each in self._decoders.values()]
        self._late = {stream: pick(late[stream] for late in said if stream in late) for stream in self._streams if any(stream in late for late in said)}

    # ------------------------------------------------------------ the link

    def _noted(self, payload: bytes, now_ns: int) -> Iterator[Item]:
        """What the program wrote of its own link."""
        state, _, why = payload.decode("ascii", "replace").partition(" ")
        if state == notes.DOWN and why == notes.STOP:
            if self._beats is not None:
                yield from self._beats.release()
                self._told[Stream.RR] = self._beats.told_ns
            yield from self._release_samples()
        elif state == notes.DOWN and not self._down:
            yield from self._cut(why)
            yield from self._outage(now_ns)
        elif state in (notes.DOWN, notes.STILL):
            yield from self._outage(now_ns)
        elif state == notes.STREAMS:
            asked_for = OWN | {Stream.RR} if self.unit.tier == OPTICAL else OWN
            self._absent = {stream for stream in self._streams if stream in asked_for and stream.value not in why.split()}
        elif state == notes.UPRIGHT:
            yield from _upright(why, now_ns)

    def _cut(self, why: str) -> Iterator[Item]:
        """Every stream ends here, and goes on after a Gap."""
        if self._beats is not None:
            yield from self._beats.cut(why)
            self._told[Stream.RR] = self._beats.told_ns
        yield from self._release_samples()
        self._sensors, self._absent = {}, set()
        self._out = self._told | self._out
        self._whys = dict.fromkeys(self._out, why) | self._whys
        self._down = True

    def _outage(self, now_ns: int) -> Iterator[Item]:
        """Time goes on without a link: each stream's gap grows, and nothing older than it will come."""
        for stream in self._out:
            until_ns = now_ns - self._late.get(stream, 0)
            if stream is Stream.RR and self._beats is not None:
                yield from self._beats.outage(until_ns)
            elif until_ns > self._told[stream]:
                yield self._grown(stream, until_ns)
            self._told[stream] = max(self._told[stream], until_ns)
            if until_ns > self._promised[stream]:
                self._promised[stream] = until_ns
                yield Heartbeat(until_ns, stream)

    def _grown(self, stream: Stream, until_ns: int) -> Gap:
        """The gap of a stream that is out, up to now."""
        return Gap(stream, self._out[stream], until_ns, self._whys[stream], until_ns - self._out[stream])

    def _back(self, stream: Stream) -> tuple[int, str] | None:
        """The stream speaks again: since when it had not, and why; None if it was not out."""
        since_ns = self._out.pop(stream, None)
        why = self._whys.pop(stream, "")
        return None if since_ns is None else (since_ns, why)

    # ------------------------------------------------------------ samples

    def _touch(self, frame: Frame, arrival_ns: int) -> Iterator[Item]:
        if frame.contact is not None and frame.contact != self._contact:
            self._contact = frame.contact
            yield Contact(arrival_ns, frame.contact)

    def _rr(self, frame: Frame, arrival_ns: int) -> Iterator[Item]:
        assert self._beats is not None
        account = self.counts.setdefault(arrival_ns // HOUR_NS * HOUR_NS, Account())
        account.received += len(frame.values)
        for reason, those in (("not_positive", frame.values <= 0), ("too_long", frame.values > MAX_TICKS)):
            if those.any():
                account.refused[reason] += int(np.count_nonzero(those))
        real = (frame.values > 0) & (frame.values <= MAX_TICKS)
        good = frame.values[real]
        if isinstance(self._beats, PpiDating):
            flags = np.full(len(real), Flag.OK) if frame.flags is None else frame.flags
            yield from self._beats.add(good, flags[real], arrival_ns)
        else:
            yield from self._beats.add(good, arrival_ns)
        self._told[Stream.RR] = self._beats.told_ns
        self._back(Stream.RR)
        self._absent.discard(Stream.RR)

    def _others(self, frame: Frame, arrival_ns: int) -> Iterator[Item]:
        """Samples that carry no time: the last one is of the arrival, those before it are spread evenly since the last notification."""
        count = len(frame.values)
        if not count:
            return
        told_ns = self._told.get(frame.stream, arrival_ns - 1)
        last_ns = max(arrival_ns, told_ns + count)
        out = self._back(frame.stream)
        if out is not None or last_ns - told_ns > SILENCE_NS:
            begun_ns, why = out or (told_ns, "silence")
            if told_ns > self._start_ns or out is not None:
                yield Gap(frame.stream, begun_ns, last_ns - count, why, last_ns - count - begun_ns)
            told_ns = last_ns - count
        self._told[frame.stream] = last_ns
        yield Chunk(frame.stream, told_ns + (last_ns - told_ns) * np.arange(1, count + 1, dtype=np.int64) // count, frame.values)

    def _stamped(self, frame: Frame, sensor_ns: int, arrival_ns: int) -> Iterator[Item]:
        """Samples that carry their device's time; a time that no clock has is not read."""
        if not 0 <= sensor_ns < NEVER_NS:
            self.unreadable += 1
            return
        if frame.stream not in self._sensors:
            rate_hz = self._named.get(frame.stream, (0.0, FACTOR_G))[0] or RATES_HZ[frame.stream]
            told_ns = self._told.get(frame.stream, arrival_ns - 1)
            self._sensors[frame.stream] = SensorClock(round(SECOND_NS / rate_hz), told_ns)
        yield from self._dated(frame.stream, self._sensors[frame.stream].add(sensor_ns, self._scaled(frame), arrival_ns))

    def _scaled(self, frame: Frame) -> IntArray:
        """Counts of the sensor in the unit of the stream."""
        if not frame.lsb:
            return frame.values
        factor_g = self._named.get(frame.stream, (0.0, FACTOR_G))[1]
        scaled: IntArray = np.rint(frame.values * (factor_g * HUNDREDTH_MG)).astype(np.int64)
        return scaled

    def _release_samples(self) -> Iterator[Item]:
        for stream, clock in self._sensors.items():
            yield from self._dated(stream, clock.release())

    def _dated(self, stream: Stream, said: Iterable[Dated | Reading]) -> Iterator[Item]:
        """Samples as chunks, behind the gaps that they end; readings of the device's clock as they are."""
        for each in said:
            if isinstance(each, Reading):
                yield StreamClock(stream, each.t_ns, each.sensor_ns, each.offset_ns, each.drift_ppb, each.rate_mhz, each.error_ns)
            else:
                yield from self._in_time(stream, each)

    def _in_time(self, stream: Stream, each: Dated) -> Iterator[Item]:
        """What is not older than was promised, behind a gap for what is: held up for too long, it is given up."""
        fresh = int(np.searchsorted(each.t_ns, self._promised[stream]))
        gap_ns, why = each.gap_ns, each.why
        if fresh and gap_ns is None:
            gap_ns, why = self._told[stream], LAGGING
        if gap_ns is not None:
            self._out.setdefault(stream, max(gap_ns, self._told[stream]))
            self._whys.setdefault(stream, why)
        if fresh == len(each.t_ns):
            return
        first_ns, out = int(each.t_ns[fresh]), self._back(stream)
        if out is not None and first_ns > out[0]:
            yield Gap(stream, out[0], first_ns, out[1], first_ns - out[0])
        self._absent.discard(stream)
        self._told[stream] = int(each.t_ns[-1])
        yield Chunk(stream, each.t_ns[fresh:], each.values[fresh:])

    # ------------------------------------------------------------ promises

    def _promise(self, streams: frozenset[Stream], arrival_ns: int) -> Iterator[Item]:
        """Nothing older than arrival less the stream's lateness will come; with beats waiting to be dated, nothing older than they may be."""
        for stream in Stream:
            if stream not in streams or stream not in self._promised:
                continue
            promise = arrival_ns - self._late[stream]
            if stream is Stream.RR and self._beats is not None and self._beats.waiting:
                oldest_ns = self._beats.told_ns if self._beats.anchor_ns is not None else self._beats.waiting[0].arrival_ns - self._late[stream]
                promise = min(promise, oldest_ns)
            if stream in self._sensors and self._sensors[stream].waiting:
                promise = min(promise, self._sensors[stream].told_ns)
            if promise > self._promised[stream]:
                self._promised[stream] = promise
                yield Heartbeat(promise, stream)

    def _without(self, arrival_ns: int) -> Iterator[Item]:
        """What this link does not bring holds nobody up: its gap is told as time goes on, however late it might be if it came."""
        until_ns = arrival_ns - min(self._late.values(), default=0)
        for stream in sorted(self._absent):
            if until_ns - self._told[stream] < ABSENT_NS:
                continue
            if stream is Stream.RR and self._beats is not None:
                yield from self._beats.skip(until_ns, notes.NOT_STARTED)
            else:
                self._out.setdefault(stream, self._told[stream])
                self._whys.setdefault(stream, notes.NOT_STARTED)
                yield self._grown(stream, until_ns)
            self._told[stream] = self._promised[stream] = until_ns
            yield Heartbeat(until_ns, stream)

    def _lagging(self) -> Iterator[Item]:
        """Streams too far behind the lead are gapped up to it, so that the others' windows can become final."""
        reached = {stream: max(self._told[stream], self._promised[stream]) for stream in self._told}
        lead_ns = max(reached.values(), default=0)
        for stream, at in reached.items():
            if lead_ns - at <= LAGGING_NS:
                continue
            if stream is Stream.RR and self._beats is not None:
                yield from self._beats.skip(lead_ns, LAGGING)
            else:
                yield Gap(stream, self._told[stream], lead_ns, LAGGING, lead_ns - self._told[stream])
            self._told[stream] = self._promised[stream] = lead_ns
            yield Heartbeat(lead_ns, stream)

    # ------------------------------------------------------------ memory

    def state(self) -> dict[str, Any]:
        """Everything needed to go on with the next row: plain values, to be kept beside the engine's memory."""
        return {
            "counts": [[hour, account.received, dict(account.refused)] for hour, account in self.counts.items()],
            "unreadable": self.unreadable,
            "line": None if self._line is None else [*self._line, self._slewed_ns],
            "beats": None if self._beats is None else self._beats.state(),
            "start": self._start_ns,
            "told": _plain(self._told),
            "promised": _plain(self._promised),
            "out": _plain(self._out),
            "whys": {stream.value: why for stream, why in self._whys.items()},
            "down": self._down,
            "contact": self._contact,
            "sensors": {stream.value: clock.state() for stream, clock in self._sensors.items()},
            "named": {stream.value: list(named) for stream, named in self._named.items()},
            "absent": sorted(stream.value for stream in self._absent),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` gave; the recording is open already and is not opened again."""
        self.counts = {hour: Account(received, Counter(refused)) for hour, received, refused in state["counts"]}
        self.unreadable = state["unreadable"]
        if state["line"] is not None:
            boot_id, connection, offset_ns, self._slewed_ns = state["line"]
            self._line = (boot_id, connection, offset_ns)
        self._set_lateness()
        dating = PpiDating if self.unit.tier == OPTICAL else BeatChain
        self._beats = None if state["beats"] is None else dating.of(state["beats"])
        self._start_ns = state["start"]
        self._told, self._promised, self._out = (_streams(state[name]) for name in ("told", "promised", "out"))
        self._whys = {Stream(name): why for name, why in state["whys"].items()}
        self._down, self._contact = state["down"], state["contact"]
        self._sensors = {Stream(name): SensorClock.of(clock) for name, clock in state["sensors"].items()}
        self._named = {Stream(name): (rate_hz, factor_g) for name, (rate_hz, factor_g) in state["named"].items()}
        self._absent = {Stream(name) for name in state["absent"]}


HEART = frozenset({Stream.RR, Stream.HR})
OWN = frozenset({Stream.ACC, Stream.ECG})
"""Streams that a device brings only when it is asked to, on each link anew."""


def _upright(said: str, t_ns: int) -> Iterator[Upright]:
    """The note of a posture calibration; one that nobody can read says nothing."""
    parts = said.split()
    with contextlib.suppress(ValueError):
        x, y, z = (int(part) for part in parts)
        yield Upright(t_ns, (x, y, z))


def _plain(times: Mapping[Stream, int]) -> dict[str, int]:
    return {stream.value: t_ns for stream, t_ns in times.items()}


def _streams(times: Mapping[str, int]) -> dict[Stream, int]:
    return {Stream(name): t_ns for name, t_ns in times.items()}
