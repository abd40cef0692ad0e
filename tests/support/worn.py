"""Straps in a room of this process, recorded by the real pipeline on a loop whose time jumps: an hour of wearing takes seconds.

Everything from the HCI of a virtual radio to the store is the program's own; only the clocks are the loop's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fast_loop import LoopStamps

from ingest.ble.patience import Patience
from ingest.ble.radio import Radio
from ingest.ble.supervisor import Ask
from ingest.virtual.backend import installed
from ingest.virtual.beatlog import BeatLog
from ingest.virtual.faults import Fault
from ingest.virtual.feed import Heart
from ingest.virtual.profile import About
from ingest.virtual.room import Room
from ingest.virtual.waves import Wave
from ingest.virtual.wearing import Wearing
from somalink.domain.constants import Constants
from somalink.domain.types import Stream
from somalink.pipeline.hub import Hub, Link
from somalink.pipeline.running import Air, Where, run
from somalink.pipeline.wearing import Worn, wear
from somalink.storage.local import LocalStore


@dataclass(frozen=True, slots=True, eq=False)
class On:
    """A heart on a person, under a strap."""

    person: str
    heart: Heart
    about: About = field(default_factory=About)
    faults: Sequence[Fault] = ()
    intervals: bool = True
    again: bool = False
    looked_for: str = ""
    """Another name than the strap has: it is never found."""
    waves: Mapping[Stream, Wave] | None = None
    """What its other sensors feel; made up where nothing is given."""

    @property
    def worn(self) -> Worn:
        return wear(self.person, self.looked_for or self.about.name, None)


class Log(BeatLog):
    """A beat log that stays in memory."""

    def __init__(self) -> None:
        super().__init__(None)
        self.rows: list[dict[str, Any]] = []

    def write(self, what: str, t_ns: int, strap: int, **said: Any) -> None:
        self.rows.append({"t": t_ns, "what": what, "strap": strap, **said})

    def of(self, what: str, strap: int = 1) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["what"] == what and row["strap"] == strap]


@dataclass(slots=True)
class Told:
    """What came of it. `links`: every state, in order."""

    log: Any
    wearings: list[Wearing]
    links: list[Link]
    stamps: LoopStamps
    stop: asyncio.Event


BEATS_ALONE = Ask(movement=False)
"""What most scenes are about; what a strap says beside its beats costs as much time again."""
Meanwhile = Callable[[Told], Awaitable[None]]


async def record(
    store: LocalStore,
    on: Sequence[On],
    *,
    tail_s: float = 3.0,
    after_s: float = 0.0,
    meanwhile: Meanwhile | None = None,
    once_s: float | None = None,
    watched: bool = True,
    log: BeatLog | None = None,
    ask: Ask = BEATS_ALONE,
    ecg_check_s: float | None = None,
) -> Told:
    """Wears and records until every heart has ended and `tail_s` more, or until `meanwhile` sets `stop`. `after_s`: a later program."""
    stamps = LoopStamps(asyncio.get_running_loop(), after_s)
    hub, log, stop = Hub(), log or Log(), asyncio.Event()
    async with AsyncExitStack() as open_:
        room = Room()
        open_.push_async_callback(room.close)
        wearings = [await _put_on(room, number, each, log, stamps) for number, each in enumerate(on, 1)]
        told = Told(log, wearings, [], stamps, stop)
        await open_.enter_async_context(installed(room))
        patience, dice = Patience(), np.random.default_rng(1)
        radio = await open_.enter_async_context(Radio(patience, dice))
        where = Where(store, hub, Constants(), stamps, "UTC")
        tasks = [asyncio.ensure_future(_wear(told, tail_s))]
        if watched:
            tasks.append(asyncio.ensure_future(_watch(hub, told)))
        if meanwhile is not None:
            tasks.append(asyncio.ensure_future(meanwhile(told)))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        try:
            await run([each.worn for each in on], where, Air(radio, patience, dice, ask, ecg_check_s), stop, once_s=once_s)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for each in ended:
            if isinstance(each, Exception):
                raise each
    return told


async def _put_on(room: Room, number: int, on: On, log: BeatLog, stamps: LoopStamps) -> Wearing:
    strap = await room.wear(on.about)
    return Wearing(
        strap, on.heart, number=number, faults=on.faults, intervals=on.intervals, again=on.again, waves=on.waves, log=log, clock=lambda: stamps.now().t_mono_ns
    )


async def _wear(told: Told, tail_s: float) -> None:
    try:
        await asyncio.gather(*(wearing.run() for wearing in told.wearings))
        await asyncio.sleep(tail_s)
    finally:
        told.stop.set()


async def _watch(hub: Hub, told: Told) -> None:
    async for message in hub.subscribe(100_000):
        if isinstance(message, Link):
            told.links.append(message)


def every(seconds: float, kinds: Iterable[str], *, first_s: float = 60.0, for_s: float = 5.0) -> list[Fault]:
    """One fault after another, so far apart."""
    return [Fault(kind, at_s=first_s + k * seconds, for_s=for_s) for k, kind in enumerate(kinds)]


def store_in(folder: Path) -> LocalStore:
    return LocalStore.open(folder / "store.db")
