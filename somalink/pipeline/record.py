"""One live recording: what was heard goes to disk at once; everything else is made from what is on disk, now or after a crash alike.

Knows bytes only so far as to tell what a device sends; knows nothing of radios.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ingest.ble import notes
from ingest.ble.stamps import Stamps
from ingest.clocking import Clocker
from ingest.clocking import RawRow as Notification
from ingest.straps import DECODERS
from ingest.straps.heart_rate import CHARACTERISTIC, decode_measurement
from somalink.domain.constants import Constants
from somalink.domain.errors import BadFrame
from somalink.domain.identity import Unit
from somalink.domain.types import Stream
from somalink.pipeline.hub import Hub
from somalink.pipeline.intake import from_clocker
from somalink.pipeline.live import Live, as_notified, open_live, to_keep
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow, RecordingRow

LIVE: Mapping[str, Any] = {"source": "strap"}
"""Marks a recording that was received, not imported: its raw rows are the truth it can be made from again."""
TIERS: Mapping[str, frozenset[Stream]] = {
    "A": frozenset({Stream.RR, Stream.HR}),
    "B": frozenset({Stream.RR, Stream.HR}),
    "C": frozenset({Stream.RR, Stream.HR}),
    "D": frozenset({Stream.HR}),
}
"""What the heart of each tier delivers; the streams that were begun on its link (`notes.STREAMS`) come to that."""
UNDECIDED = 60
"""Notifications with a heart rate and without one interval after which a device is taken for one that sends none. A strap sends some within
three seconds of feeling a heart."""
SAMPLES = frozenset(decoder.characteristic for decoder in DECODERS.values() if decoder.streams)
"""What carries a body's samples: notes, commands and answers alone are no recording."""
SURE = 3
"""So many notifications with intervals prove that what was taken for a watch is a strap after all."""


@dataclass(frozen=True, slots=True)
class Where:
    """What all recorders of one program share."""

    store: LocalStore
    hub: Hub
    constants: Constants
    stamps: Stamps
    tz: str
    mode: Mode = field(default_factory=Mode)


@dataclass(slots=True)
class Sends:
    """What a device has shown of what it sends. One that feels no skin shows nothing."""

    anything: bool = False
    rates: int = 0
    intervals: int = 0
    own: frozenset[Stream] = frozenset()
    """Which of its own streams it began on its newest link."""

    def take(self, row: Notification | RawRow) -> None:
        """One more row: a notification of its heart, or the program's note of what it began."""
        if row.characteristic == CHARACTERISTIC:
            self.note(row.payload)
        elif row.characteristic == notes.CHARACTERISTIC and (begun := begun_streams(row.payload)) is not None:
            self.own = begun

    def note(self, payload: bytes) -> None:
        """One more notification."""
        self.anything = True
        with contextlib.suppress(BadFrame):
            said = decode_measurement(payload)
            self.intervals += bool(said.rr_ticks)
            self.rates += bool(said.bpm) and said.contact is not False

    @property
    def tier(self) -> str | None:
        """C when optical intervals were begun; A, with movement, or B as soon as one notification had intervals; D when enough had none; None
        while undecided.

        >>> sends = Sends()
        >>> sends.note(bytes.fromhex("0048")), sends.tier
        (None, None)
        >>> sends.note(bytes.fromhex("10480004")), sends.tier
        (None, 'B')
        """
        if Stream.RR in self.own:
            return "C" if self.anything else None
        if self.intervals:
            return "A" if Stream.ACC in self.own else "B"
        return "D" if self.rates >= UNDECIDED else None

    def streams(self, tier: str) -> frozenset[Stream]:
        """What a recording of that tier has."""
        return TIERS[tier] | (self.own - {Stream.RR})


def begun_streams(payload: bytes) -> frozenset[Stream] | None:
    """Streams that a note says were begun; None for other notes.

    >>> sorted(begun_streams(b"streams acc ecg"))
    [<Stream.ACC: 'acc'>, <Stream.ECG: 'ecg'>]
    """
    state, *said = payload.decode("ascii", "replace").split()
    return frozenset(Stream(word) for word in said if word in set(Stream)) if state == notes.STREAMS else None


@dataclass(frozen=True, slots=True)
class CutOff:
    """A recording that no program has ended, and the last of its rows that is on disk."""

    unit: Unit
    row: RecordingRow
    last: RawRow

    @property
    def known(self) -> bool:
        """Whether it was clear what the device sends before the program went."""
        return bool(self.row.analysis)


def cut_off(store: LocalStore, person: str | None = None) -> list[CutOff]:
    """What killed programs, and computers that lost their power, left behind."""
    running = [found for found in store.recordings(person) if found.row.state == "running" and found.row.meta == LIVE]
    return [CutOff(found.unit, found.row, last) for found in running if (last := store.last_raw(found.unit)) is not None]


def opened_streams(store: LocalStore, unit: Unit) -> frozenset[Stream] | None:
    """The streams that a recording was begun with; None where none of it was ever made into anything."""
    said = [status.fields["streams"] for status in store.device_status(unit) if {"tier", "streams"} <= status.fields.keys()]
    return frozenset(Stream(word) for word in said[0]) if said else None


class Record:
    """`keep` and `derive` may be called from two tasks. `sends`: what its device has shown so far."""

    def __init__(self, where: Where, unit: Unit, begun_ns: int) -> None:
        self._where, self.unit, self._begun_ns = where, unit, begun_ns
        self.sends = Sends()
        self.tier: str | None = None
        self.streams: frozenset[Stream] | None = None
        """What the recording has, once that is known; a link that brings less leaves a gap, and one that brings more begins another recording."""
        self._on_disk = self._looked_back = False
        self._held: list[Notification] = []
        """Notes of a link that has not brought anything yet: a strap that never says anything leaves no recording."""
        self._live: Live | None = None

    @classmethod
    def of(cls, left: CutOff, where: Where) -> Self:
        """One that was cut off: the next `derive` goes on with everything that is on disk and was not remembered as read."""
        record = cls(where, left.unit, left.row.start_ns)
        record._on_disk = True
        record.tier = left.unit.tier if left.known else None
        record.streams = opened_streams(where.store, left.unit)
        return record

    async def keep(self, rows: Sequence[Notification]) -> None:
        """Puts rows on disk; StoreError and nothing of it, to be tried again."""
        heard = any(row.characteristic in SAMPLES for row in rows)
        held = [*self._held, *rows]
        if self._on_disk or heard:
            await asyncio.to_thread(self._put, held)
            self._on_disk, self._held = True, []
        else:
            self._held = _newest_link(held)
        for row in rows:
            self.sends.take(row)

    async def derive(self, *, ended: bool = False) -> None:
        """Everything that is on disk and was not derived yet. With nothing new it looks what others have said."""
        if self._live is None and self._on_disk:
            self._live = await asyncio.to_thread(self._opened, ended)
        if self._live is not None and self._live.tape is not None:
            await self._live.take(await asyncio.to_thread(self._live.tape.catch_up))

    async def end(self) -> None:
        """Nothing more will come: everything becomes FINAL. A strap that never said anything leaves no recording."""
        await self.derive(ended=True)
        if self._live is not None:
            await self._live.finish()

    def let_go(self) -> None:
        """Deriving has failed half-way: the next `derive` begins from what the store remembers."""
        self._live = None

    @staticmethod
    async def finish(left: CutOff, where: Where) -> None:
        """Ends one that was cut off: what still waited for more is told, since no more will come."""
        record, last = Record.of(left, where), left.last
        await record.keep([closing(as_notified(left.unit, last), notes.RESTART)])
        await record.end()

    def _opened(self, ended: bool) -> Live | None:
        """Engine and tape, once it is clear what the device sends."""
        where = self._where
        if self.tier is None:
            if not (self.sends.anything or self._looked_back):
                self._look_back()
            self.tier = self.sends.tier or ("D" if ended else None)
        if self.tier is None:
            return None
        self.unit = replace(self.unit, tier=self.tier)
        if self.streams is None:
            self.streams = self.sends.streams(self.tier)
        clocker = Clocker(self.unit, self.streams, tz=where.tz)
        intake = from_clocker(clocker, start_ns=self._begun_ns, tz=where.tz, meta=LIVE)
        return open_live(where.store, intake, clocker, where.mode, where.constants, where.hub, lambda: where.stamps.now().t_utc_ns)

    def _look_back(self) -> None:
        """What is on disk of an earlier program's says what the device sends; once, since all that comes from now on is seen as it is kept."""
        self._looked_back = True
        for row in self._where.store.raw(self.unit):
            self.sends.take(row)

    def _put(self, rows: Sequence[Notification]) -> None:
        with self._where.store.transaction() as write:
            write.put_raw(self.unit, [to_keep(row) for row in rows])
            if not self._on_disk:
                write.put_recording(self.unit, RecordingRow(start_ns=self._begun_ns, tz=self._where.tz, meta=LIVE))


def closing(last: Notification, why: str) -> Notification:
    """The note behind the last row of a recording: its link is no more."""
    return replace(last, characteristic=notes.CHARACTERISTIC, payload=notes.note(notes.DOWN, why), t_mono_ns=last.t_mono_ns + 1, t_utc_ns=last.t_utc_ns + 1)


def _newest_link(held: Sequence[Notification]) -> list[Notification]:
    """What is to be remembered of links that brought nothing: the beginning of the last one, and what became of it."""
    up = notes.note(notes.UP)
    begun = max((k for k, row in enumerate(held) if row.payload == up), default=len(held))
    rest = held[begun + 1 :]
    streams = [row for row in rest[:-1] if begun_streams(row.payload) is not None]
    return [held[begun], *streams, *rest[-1:]] if begun < len(held) else []
