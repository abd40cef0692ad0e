"""`somalink run`: straps in, FINAL records out, for as long as somebody wants it.

One recorder a strap: its supervisor hands in bytes and news, the recorder puts them on disk, folds them and pushes them through the
engine. A recording that was cut off is gone on with; one whose time is over is brought to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ingest.ble import notes
from ingest.ble.patience import Patience
from ingest.ble.radio import Radio
from ingest.ble.stamps import Stamp, Stamps
from ingest.ble.states import LinkState
from ingest.ble.supervisor import Supervisor
from ingest.clocking import Clocker
from ingest.clocking import RawRow as Notification
from ingest.straps.heart_rate import CHARACTERISTIC, decode_measurement
from somalink.domain.constants import Constants
from somalink.domain.errors import BadFrame, EngineLocked, SomalinkError
from somalink.domain.identity import Unit, digest
from somalink.domain.time import HOUR_NS
from somalink.domain.types import Stream
from somalink.pipeline.hub import Hub, Link
from somalink.pipeline.intake import from_clocker
from somalink.pipeline.live import Live, open_live, to_keep
from somalink.pipeline.run import Mode
from somalink.pipeline.wearing import Worn
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus, RawRow, RecordingRow

GO_ON_NS = HOUR_NS
"""A recording that was cut off less than this ago is gone on with; after longer, a new one begins: the body is another by then."""
PULSE_S = 0.5
"""How often a recorder looks what others have said while its strap says nothing: a tag has to reach it within a second."""
UNDECIDED = 15
"""Notifications without one interval after which a device is taken for one that sends none. A strap sends some within three seconds."""
TIERS: Mapping[str, frozenset[Stream]] = {"B": frozenset({Stream.RR, Stream.HR}), "D": frozenset({Stream.HR})}
"""What each tier of the Heart Rate Service delivers; a device's intervals decide which it is."""


def tier_of(payloads: Sequence[bytes], *, ended: bool = False) -> str | None:
    """B as soon as one notification has intervals, D when enough have none (`ended`: no more will come), None while undecided.

    >>> tier_of([bytes.fromhex("0048")]), tier_of([bytes.fromhex("0048"), bytes.fromhex("10480004")])
    (None, 'B')
    """
    for payload in payloads:
        with contextlib.suppress(BadFrame):
            if decode_measurement(payload).rr_ticks:
                return "B"
    return "D" if len(payloads) >= UNDECIDED or (ended and payloads) else None


@dataclass(frozen=True, slots=True)
class Where:
    """What all recorders of one program share."""

    store: LocalStore
    hub: Hub
    constants: Constants
    stamps: Stamps
    tz: str
    mode: Mode = field(default_factory=Mode)


LIVE: Mapping[str, Any] = {"source": "strap"}
"""Marks a recording that was received, not imported: its raw rows are the truth it can be made from again."""


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


async def finish_cut_off(where: Where, left: Sequence[CutOff]) -> None:
    """Brings recordings to their end: everything that is on disk becomes FINAL. What another program still records is left to it."""
    for each in left:
        with contextlib.suppress(EngineLocked), where.store.engine_lock(each.unit.person, each.unit.device):
            record = Record.of(each, where)
            await record.catch_up()
            await record.end()


class Record:
    """One live recording: raw rows first, then, once it is clear what the device sends, items, engine and store."""

    def __init__(self, where: Where, unit: Unit, begun_ns: int, *, known: bool = False) -> None:
        self._where, self.unit, self._begun_ns = where, unit, begun_ns
        self._early: list[bytes] = []
        self._held: list[Notification] = []
        """Notes of a link that has not brought anything yet: a strap that never says anything leaves no recording."""
        self._live: Live | None = None
        if known:
            self._open(unit.tier)

    @classmethod
    def of(cls, left: CutOff, where: Where) -> Record:
        """One that was cut off, ready to `catch_up`."""
        return cls(where, left.unit, left.row.start_ns, known=left.known)

    async def catch_up(self) -> None:
        """Everything that is on disk and was not remembered as read."""
        if self._live is None:
            kept = await asyncio.to_thread(self._where.store.raw, self.unit)
            self._early = [row.payload for row in kept if row.characteristic == CHARACTERISTIC]
            self._decide()
        if self._live is not None and self._live.tape is not None:
            await self._live.take(await asyncio.to_thread(self._live.tape.catch_up))

    async def take(self, rows: Sequence[Notification]) -> None:
        """Rows as they come; none, to look what others have said."""
        if self._live is not None and self._live.tape is not None:
            await self._live.take(await asyncio.to_thread(self._live.tape.take, rows) if rows else [])
        elif rows:
            self._held += rows
            self._early += [row.payload for row in rows if row.characteristic == CHARACTERISTIC]
            if self._early:
                await asyncio.to_thread(self._keep)
                self._decide()
            if self._live is not None:
                await self.catch_up()

    async def end(self) -> None:
        """Nothing more will come: everything becomes FINAL. A strap that never said anything leaves no recording."""
        if self._live is None:
            self._decide(ended=True)
            await self.catch_up()
        await self._finish()

    async def _finish(self) -> None:
        if self._live is not None:
            await self._live.finish()

    def _decide(self, *, ended: bool = False) -> None:
        tier = tier_of(self._early, ended=ended)
        if tier is not None:
            self._open(tier)

    def _open(self, tier: str) -> None:
        where = self._where
        self.unit, self._early = replace(self.unit, tier=tier), []
        clocker = Clocker(self.unit, TIERS[tier], tz=where.tz)
        intake = from_clocker(clocker, start_ns=self._begun_ns, tz=where.tz, meta=LIVE)
        self._live = open_live(where.store, intake, clocker, where.mode, where.constants, where.hub)

    def _keep(self) -> None:
        with self._where.store.transaction() as write:
            write.put_raw(self.unit, [to_keep(row) for row in self._held])
            write.put_recording(self.unit, RecordingRow(start_ns=self._begun_ns, tz=self._where.tz, meta=LIVE))
        self._held = []


class Recorder:
    """One strap's recorder: takes what its supervisor says, whenever it says it; `follow` puts it into the record until `stop`."""

    def __init__(self, worn: Worn, where: Where) -> None:
        self._worn, self._where = worn, where
        self._arrived: asyncio.Queue[Notification | None] = asyncio.Queue()
        self._news: list[DeviceStatus] = []
        now_ns = where.stamps.now().t_utc_ns
        left = _to_go_on(where.store, worn, now_ns)
        self._goes_on = left is not None
        if left is not None:
            self._record, self.connection = Record.of(left, where), left.last.connection
        else:
            recording = digest(worn.person, worn.device, now_ns)
            self._record, self.connection = Record(where, Unit(worn.person, worn.device, recording), now_ns), 0

    @property
    def unit(self) -> Unit:
        return self._record.unit

    # ---- what the supervisor says (in the loop, never waiting)

    def row(self, connection: int, characteristic: str, payload: bytes, stamp: Stamp) -> None:
        unit, boot = self.unit, self._where.stamps.boot_id
        self._arrived.put_nowait(Notification(unit.person, unit.device, connection, characteristic, stamp.t_mono_ns, boot, stamp.t_utc_ns, payload))

    def state(self, state: LinkState) -> None:
        self._news.append(DeviceStatus(state.since_ns, {"state": state.state.value, "reason": state.reason}))
        self._where.hub.publish(Link(self.unit.person, self.unit.device, state.state.value, state.words, state.help, state.reason, state.since_ns))

    def about(self, fields: Mapping[str, Any], stamp: Stamp) -> None:
        self._news.append(DeviceStatus(stamp.t_utc_ns, dict(fields)))

    def stop(self) -> None:
        """Nothing more will be said."""
        self._arrived.put_nowait(None)

    # ---- what becomes of it

    async def follow(self) -> None:
        """Until stopped. The caller holds the engine lock."""
        if self._goes_on:
            await self._record.catch_up()
            self.row(self.connection, notes.CHARACTERISTIC, notes.note(notes.DOWN, notes.RESTART), self._where.stamps.now())
        async for rows in self._batches():
            await self._keep_news()
            await self._record.take(rows)
        await self._record.end()
        await self._keep_news()

    async def _batches(self) -> AsyncIterator[list[Notification]]:
        """Everything that has arrived since the last batch; an empty one now and then."""
        while True:
            rows: list[Notification | None] = []
            with contextlib.suppress(TimeoutError):
                rows.append(await asyncio.wait_for(self._arrived.get(), PULSE_S))
            while not self._arrived.empty():
                rows.append(self._arrived.get_nowait())
            yield [row for row in rows if row is not None]
            if None in rows:
                return

    async def _keep_news(self) -> None:
        news, self._news = self._news, []
        if news:
            await asyncio.to_thread(self._put_news, news)

    def _put_news(self, news: Sequence[DeviceStatus]) -> None:
        with self._where.store.transaction() as write:
            for each in news:
                write.put_device_status(self.unit, each)


@dataclass(frozen=True, slots=True)
class Air:
    """The radio side of a run: what hears straps, how patiently, with whose dice."""

    radio: Radio
    patience: Patience
    dice: np.random.Generator


async def run(worn: Sequence[Worn], where: Where, air: Air, stop: asyncio.Event, *, once_s: float | None = None) -> None:
    """Records every strap until `stop` is set; with `once_s`, until each has been connected once and lost, or was not heard for so long.

    EngineLocked when another program records one of them.
    """
    now_ns = where.stamps.now().t_utc_ns
    await finish_cut_off(where, [left for left in cut_off(where.store) if not any(left == _to_go_on(where.store, each, now_ns) for each in worn)])
    with contextlib.ExitStack() as locks:
        for each in worn:
            locks.enter_context(where.store.engine_lock(each.person, each.device))
        try:
            async with asyncio.TaskGroup() as group:
                for each in worn:
                    recorder = Recorder(each, where)
                    group.create_task(recorder.follow(), name=f"record {each.device}")
                    group.create_task(_hold(each, recorder, where, air, stop, once_s), name=f"hold {each.device}")
        except* SomalinkError as several:
            raise several.exceptions[0] from None
    where.hub.close()


async def _hold(worn: Worn, recorder: Recorder, where: Where, air: Air, stop: asyncio.Event, once_s: float | None) -> None:
    """The strap's supervisor, until it is done or somebody stops it; then its recorder is told that nothing more comes."""
    supervisor = Supervisor(worn.wanted, air.radio, recorder, where.stamps, air.patience, air.dice, connection=recorder.connection)
    holding = asyncio.ensure_future(supervisor.run() if once_s is None else supervisor.run_once(once_s))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({holding, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (holding, stopping):
            task.cancel()
        ended = await asyncio.gather(holding, stopping, return_exceptions=True)
        recorder.stop()
    if isinstance(ended[0], Exception):
        raise ended[0]


def _to_go_on(store: LocalStore, worn: Worn, now_ns: int) -> CutOff | None:
    """The recording of this strap on this person that was cut off a moment ago, if there is one."""
    left = [each for each in cut_off(store, worn.person) if each.unit.device == worn.device and now_ns - each.last.t_utc_ns < GO_ON_NS]
    return max(left, key=lambda each: each.row.start_ns, default=None)
