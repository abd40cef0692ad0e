"""One strap's recorder: takes what its supervisor says and puts it on disk, whatever happens to everything that is made of it.

Two tasks: the first keeps raw rows and does nothing else, so that no computing and no other strap can hold it up; the second makes of what is
on disk all that follows. A disk that is full is waited for, a mistake of ours in the second is told and begun anew from the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ingest.ble import notes
from ingest.ble.leaving import first_of
from ingest.ble.patience import Backoff
from ingest.ble.radio import Wanted
from ingest.ble.stamps import Stamp
from ingest.ble.states import LinkState
from ingest.clocking import RawRow as Notification
from ingest.straps.heart_rate import CHARACTERISTIC
from somalink.domain.errors import SomalinkError, StoreError
from somalink.domain.identity import Unit, digest
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import Stream
from somalink.pipeline.hub import Link, Setback
from somalink.pipeline.record import SURE, CutOff, Record, Where, begun_streams, closing, cut_off
from somalink.pipeline.upright import TELLING, upright_of
from somalink.pipeline.wearing import Worn, remember
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus

HEART = frozenset({CHARACTERISTIC, notes.CHARACTERISTIC})
"""Rows that something is made of at once. Movement and ECG come several times a second and can wait for the next of these, or half a second."""
GO_ON_NS = HOUR_NS
"""A recording that was cut off less than this ago is gone on with; after longer, a new one begins: the body is another by then."""
BACK_NS = 5 * SECOND_NS
"""UTC that was set back further than this begins a new recording: inside of one, no beat goes back in time."""
PULSE_S = 0.5
"""How often a recorder looks what others have said while its strap says nothing: a tag has to reach it within a second."""
AGAIN_S, AGAIN_CAP_S = 1.0, 60.0
"""A store that refuses is asked again after a second, later every minute: disks are cleared by people."""
LAST_TRIES = 3
"""Tries of a program that is asked to end: then it says what it could not keep, and ends."""


class Recorder:
    """`row`, `state` and `about` are said by the supervisor, in the loop, and never wait; `follow` runs until `stop`."""

    def __init__(self, worn: Worn, where: Where) -> None:
        self._worn, self._where, self._met = worn, where, False
        self._arrived: asyncio.Queue[Notification | None] = asyncio.Queue()
        self._news: list[DeviceStatus] = []
        self._kept, self._stopped = asyncio.Event(), asyncio.Event()
        self._last: Notification | None = None
        self._told: dict[tuple[str, bytes], Notification] = {}
        """What was said of the link of now beside its samples, the same once: that it began, what was asked and answered, what was begun."""
        self._upright: tuple[int, int, int] | None = None
        """Which way is up for the sensor, as the record of now knows it; `_said` is up to which change others were listened to."""
        self._said = -1
        now_ns = where.stamps.now().t_utc_ns
        left = to_go_on(where.store, worn, now_ns)
        self._goes_on = left is not None
        self.connection = 0 if left is None else left.last.connection
        self._records = deque([self._new(now_ns) if left is None else Record.of(left, where)])

    @property
    def wanted(self) -> Wanted:
        """Which strap is meant; once it was met, by its address too."""
        return self._worn.wanted

    @property
    def unit(self) -> Unit:
        """Of the recording that rows go to now."""
        return self._records[-1].unit

    def _new(self, begun_ns: int) -> Record:
        worn = self._worn
        return Record(self._where, Unit(worn.person, worn.device, digest(worn.person, worn.device, begun_ns)), begun_ns)

    # ---- what the supervisor says

    def row(self, connection: int, characteristic: str, payload: bytes, stamp: Stamp) -> None:
        worn, boot = self._worn, self._where.stamps.boot_id
        self.connection = connection
        self._arrived.put_nowait(Notification(worn.person, worn.device, connection, characteristic, stamp.t_mono_ns, boot, stamp.t_utc_ns, payload))

    def state(self, state: LinkState) -> None:
        self._news.append(DeviceStatus(state.since_ns, {"state": state.state.value, "reason": state.reason}))
        self._where.hub.publish(Link(self._worn.person, self._worn.device, state.state.value, state.words, state.help, state.reason, state.since_ns))

    def about(self, fields: Mapping[str, Any], stamp: Stamp) -> None:
        self._news.append(DeviceStatus(stamp.t_utc_ns, dict(fields)))
        if (address := fields.get("address")) is not None:
            self._worn, self._met = replace(self._worn, wanted=replace(self._worn.wanted, address=address)), True

    def setback(self, error: BaseException) -> None:
        """Something failed that will be tried again: told to whoever watches, never with a value in it."""
        self._where.hub.publish(Setback(self._worn.person, self._worn.device, *said_of(error)))

    def stop(self) -> None:
        """Nothing more will be said."""
        self._stopped.set()
        self._arrived.put_nowait(None)

    # ---- what becomes of it

    async def follow(self) -> None:
        """Until stopped. The caller holds the engine lock."""
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep(), name=f"keep {self._worn.device}")
            group.create_task(self._derive(keeping), name=f"derive {self._worn.device}")

    async def _keep(self) -> None:
        """Raw rows to disk as they come."""
        if self._goes_on:
            self.row(self.connection, notes.CHARACTERISTIC, notes.note(notes.DOWN, notes.RESTART), self._where.stamps.now())
        async for rows in self._batches():
            for record, part in self._parted(rows):
                await self._surely(partial(record.keep, part))
            await self._surely(self._keep_news)
            if any(row.characteristic in HEART for row in rows):
                self._kept.set()
        self._kept.set()

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

    def _parted(self, rows: Sequence[Notification]) -> Iterator[tuple[Record, list[Notification]]]:
        """Rows by the recording they belong to: another begins where UTC was set back, when a watch turns out to be a strap, and when a strap
        that had not begins to tell of movement. It begins with what its link has said of itself, as if that were said then."""
        part: list[Notification] = []
        for row in rows:
            record, last, self._last = self._records[-1], self._last, row
            if last is not None and (_set_back(last, row) or (record.tier == "D" and record.sends.intervals >= SURE) or _brings_more(record, row)):
                yield record, [*part, closing(last, notes.STOP)]
                part = list(_said_again(self._told.values(), row))
                self._records.append(self._new(row.t_utc_ns))
            part.append(row)
            self._remember(row)
        if part:
            yield self._records[-1], part

    def _remember(self, row: Notification) -> None:
        if row.characteristic in TELLING:
            if row.payload == notes.note(notes.UP) or row.payload.startswith(notes.note(notes.DOWN)):
                self._told.clear()
            self._told.pop((row.characteristic, row.payload), None)
            self._told[row.characteristic, row.payload] = row

    async def _surely(self, keep: Callable[[], Awaitable[None]]) -> None:
        """Tries until it works; StoreError only when the program is to end and it still does not."""
        backoff, tries = Backoff(AGAIN_S, np.random.default_rng()), 0
        while True:
            try:
                return await keep()
            except StoreError as error:
                tries += 1
                self.setback(error)
                if self._stopped.is_set() and tries >= LAST_TRIES:
                    raise
            await first_of(self._stopped, seconds=backoff.next(AGAIN_CAP_S)) if not self._stopped.is_set() else await asyncio.sleep(AGAIN_S)

    async def _keep_news(self) -> None:
        if self._news:
            await asyncio.to_thread(self._put_news, list(self._news))

    def _put_news(self, news: Sequence[DeviceStatus]) -> None:
        with self._where.store.transaction() as write:
            for each in news:
                write.put_device_status(self.unit, each)
        if self._met:
            remember(self._where.store, self._worn, news[-1].t_ns)
            self._met = False
        del self._news[: len(news)]

    async def _derive(self, keeping: asyncio.Task[None]) -> None:
        """Everything else, from what is on disk; recordings that are over are brought to their end."""
        backoff = Backoff(AGAIN_S, np.random.default_rng())
        while True:
            await first_of(self._kept, seconds=PULSE_S)
            self._kept.clear()
            ended = keeping.done()
            try:
                await self._derive_all(ended=ended)
                backoff.reset()
            except Exception as error:  # noqa: BLE001 (whatever it is: the raw rows are kept, and everything is made of them again)
                self.setback(error)
                self._records[0].let_go()
                await first_of(self._stopped, seconds=backoff.next(AGAIN_CAP_S))
            if ended:
                return

    async def _derive_all(self, *, ended: bool) -> None:
        while len(self._records) > 1 or (ended and self._records):
            await self._records[0].end()
            if len(self._records) == 1:
                return
            self._records.popleft()
            self._upright, self._said = None, -1
        await self._records[0].derive()
        await self._note_upright()

    async def _note_upright(self) -> None:
        """What the wearer has told of standing upright, now or for an earlier recording, goes into this one's rows, so that they alone say how it was read."""
        if Stream.ACC not in (self._records[0].streams or ()) or len(self._records) > 1:
            return
        worn, store = self._worn, self._where.store
        said = await asyncio.to_thread(store.said, worn.person)
        if said == self._said:
            return
        self._said, upright = said, await asyncio.to_thread(upright_of, store, worn.person, worn.device)
        if upright is not None and upright != self._upright:
            self._upright = upright
            self.row(self.connection, notes.CHARACTERISTIC, notes.note(notes.UPRIGHT, " ".join(map(str, upright))), self._where.stamps.now())


def _set_back(last: Notification, row: Notification) -> bool:
    """Whether somebody set UTC back between two rows of one boot."""
    return last.boot_id == row.boot_id and (last.t_utc_ns - last.t_mono_ns) - (row.t_utc_ns - row.t_mono_ns) > BACK_NS


def _said_again(told: Collection[Notification], row: Notification) -> Iterator[Notification]:
    """The same a moment before `row`, on its clocks and its link."""
    for k, said in enumerate(told, -len(told)):
        yield replace(said, connection=row.connection, boot_id=row.boot_id, t_mono_ns=row.t_mono_ns + k, t_utc_ns=row.t_utc_ns + k)


def _brings_more(record: Record, row: Notification) -> bool:
    """Whether a new link brings a stream that this recording has not: nothing that was read without it is mixed with what is read with it."""
    begun = begun_streams(row.payload) if row.characteristic == notes.CHARACTERISTIC else None
    return begun is not None and record.streams is not None and not begun <= record.streams


def to_go_on(store: LocalStore, worn: Worn, now_ns: int) -> CutOff | None:
    """The recording of this strap on this person that was cut off a moment ago, if there is one."""
    left = [each for each in cut_off(store, worn.person) if each.unit.device == worn.device and 0 <= now_ns - each.last.t_utc_ns < GO_ON_NS]
    return max(left, key=lambda each: each.row.start_ns, default=None)


def said_of(error: BaseException) -> tuple[str, str]:
    """What failed and what would help."""
    return (error.what, error.next_step) if isinstance(error, SomalinkError) else (_place(error), "")


def _place(error: BaseException) -> str:
    """Which kind of error it was and where it came from: enough to find it, and nothing of what was recorded."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"a fault in this program ({type(error).__name__}{f' in {Path(frames[-1].filename).name}, line {frames[-1].lineno}' if frames else ''})"
