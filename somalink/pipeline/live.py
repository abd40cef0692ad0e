"""The pipeline as a loop one can read: raw first, then push, then keep and publish. A live strap, a paced replay and a test's fake
strap differ only in what they feed it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.clocking import Clocker
from ingest.clocking import RawRow as Notification
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.ports import Clock
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, Episode, Flag, Heartbeat, Item, Record, Stream
from somalink.pipeline.hub import Changed, Final, Heard, Hub, Prompted, Provisional, Traced
from somalink.pipeline.intake import Intake
from somalink.pipeline.person import settle_person
from somalink.pipeline.prompting import Watch
from somalink.pipeline.run import Mode, Progress, Run, archived, is_done, refuse_other_analysis, slices
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, t_ns: int) -> None:
        await asyncio.sleep(max(t_ns - time.time_ns(), 0) / SECOND_NS)


async def paced(items: Iterable[Item], *, clock: Clock, pace: float, reached: Callable[[int], None] | None = None) -> AsyncIterator[list[Item]]:
    """Slices of a recording, each given out when its heartbeat is due at `pace` times real time; `reached` hears how far in event time that is."""
    begun_ns = first_ns = None
    for part in slices(items):
        last = part[-1]
        if isinstance(last, Heartbeat):
            if begun_ns is None or first_ns is None:
                begun_ns, first_ns = clock.now_ns(), last.t_ns
            await clock.sleep_until(begun_ns + int((last.t_ns - first_ns) / pace))
            if reached is not None:
                reached(last.t_ns)
        yield part


@dataclass(slots=True)
class Tape:
    """The raw rows of one live recording: on disk before anybody decodes them, then folded into items.

    Remembers, with the engine, how far it has folded; a program that was killed reads the rest from the store and goes on.
    """

    store: LocalStore
    clocker: Clocker
    folded: int = 0
    """Change number of the last rows that became items."""
    last_utc_ns: int = 0

    def take(self, rows: Sequence[Notification]) -> list[Item]:
        """Keeps the rows, then gives their items."""
        with self.store.transaction() as write:
            write.put_raw(self.clocker.unit, [to_keep(row) for row in rows])
        self.folded = write.change
        return self.fold(rows)

    def fold(self, rows: Iterable[Notification]) -> list[Item]:
        """The items of rows that are on disk."""
        items: list[Item] = []
        for row in rows:
            items += self.clocker.push(row)
            self.last_utc_ns = row.t_utc_ns
        return last_promises(items)

    def catch_up(self) -> list[Item]:
        """The items of what was kept and not folded: after a crash, everything since the snapshot."""
        unit = self.clocker.unit
        with self.store.reading():  # rows go on arriving: one that came between two reads would be folded twice
            change, rows = self.store.change, self.store.raw_since(unit, self.folded)
        items = self.fold(as_notified(unit, row) for row in rows)
        self.folded = change
        return items

    def state(self) -> dict[str, Any]:
        return {"clocker": self.clocker.state(), "folded": self.folded, "last_utc_ns": self.last_utc_ns}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clocker.restore(state["clocker"])
        self.folded, self.last_utc_ns = state["folded"], state["last_utc_ns"]


def to_keep(row: Notification) -> RawRow:
    """A notification as the store keeps it, which knows whose it is."""
    return RawRow(row.t_mono_ns, row.boot_id, row.connection, row.characteristic, row.t_utc_ns, row.payload)


def as_notified(unit: Unit, row: RawRow) -> Notification:
    """The inverse: a kept notification as whoever folds it wants it."""
    return Notification(unit.person, unit.device, row.connection, row.characteristic, row.t_mono_ns, row.boot_id, row.t_utc_ns, row.payload)


def last_promises(items: Sequence[Item]) -> list[Item]:
    """The same items with the last heartbeat of each stream alone, behind everything else: the engine then moves once a batch, not once
    a promise. FINAL records are equal for any schedule of heartbeats (contracts, section 2)."""
    promised = {item.stream: item for item in items if isinstance(item, Heartbeat)}
    return [*(item for item in items if not isinstance(item, Heartbeat)), *promised.values()]


HEARD_NS = 2 * MINUTE_NS
"""What is told of beats that come all at once, as after a restart: who breathes along looks at the last minute."""
UNBROKEN_NS = 50_000_000
"""Two beats are neighbours when their times and the interval between them agree this closely."""


def overheard_in(unit: Unit, items: Sequence[Item]) -> Iterator[Heard | Traced]:
    """All that the items have for who breathes along."""
    yield from heard_in(unit, items)
    yield from traced_in(unit, items)


def heard_in(unit: Unit, items: Iterable[Item]) -> Iterator[Heard]:
    """The beats among items, an unbroken run a message; of a device that sends no intervals, that it was heard."""
    for item in items:
        if not isinstance(item, Chunk) or not len(item.t_ns):
            continue
        if item.stream is Stream.RR:
            yield from _runs(unit, item)
        elif item.stream is Stream.HR and unit.tier == "D":
            yield Heard(unit.person, unit.device, unit.tier, int(item.t_ns[-1]), ())


WAVES = (Stream.ACC, Stream.ECG)
"""Streams that show a breath besides the beats."""


def traced_in(unit: Unit, items: Sequence[Item]) -> Iterator[Traced]:
    """What the items have of chest and ECG, a message a stream."""
    for stream in WAVES:
        found = [item for item in items if isinstance(item, Chunk) and item.stream is stream and len(item.t_ns)]
        if found:
            t_ns, values = np.concatenate([item.t_ns for item in found]), np.concatenate([item.values for item in found])
            newest = t_ns >= t_ns[-1] - HEARD_NS
            yield Traced(unit.person, unit.device, unit.tier, stream, t_ns[newest], values[newest])


def _runs(unit: Unit, chunk: Chunk) -> Iterator[Heard]:
    """A chunk of beats, cut where some are missing or where their arrival makes them doubtful."""
    times, ticks = chunk.t_ns.tolist(), chunk.values.tolist()
    sure = [True] * len(times) if chunk.flags is None else [flag == Flag.OK for flag in chunk.flags.tolist()]
    begun = 0
    for k in range(1, len(times) + 1):
        if k < len(times) and sure[k] == sure[k - 1] and abs(times[k] - times[k - 1] - ticks[k] * SECOND_NS // 1024) < UNBROKEN_NS:
            continue
        if times[k - 1] >= times[-1] - HEARD_NS:
            yield Heard(unit.person, unit.device, unit.tier, times[k - 1], tuple(ticks[begun:k]), sure[begun])
        begun = k


async def taped(tape: Tape, batches: AsyncIterator[Sequence[Notification]]) -> AsyncIterator[list[Item]]:
    """Items of a live source, batch by batch. An empty batch gives an empty slice: a moment to look what others have written."""
    async for rows in batches:
        yield await asyncio.to_thread(tape.take, rows) if rows else []


@dataclass(slots=True)
class Live:
    """One engine on a stream of slices, with its watchers."""

    store: LocalStore
    run: Run
    hub: Hub
    constants: Constants
    tape: Tape | None = None
    said: int = 0
    """The change number of what the person had said when the person stage last ran."""
    now_ns: Callable[[], int] | None = None
    """The time it is; without a clock of its own, that of the newest promise: a replay asks when the recording would have."""
    promised_ns: int = 0
    prompts: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.prompts = Watch(self.store, self.run.unit.person, self.constants)

    async def follow(self, parts: AsyncIterator[list[Item]], progress: Progress | None = None, span: tuple[int, int] = (0, 0)) -> None:
        """Takes slices until the source ends. Work that touches the disk runs beside the loop, so that a radio is never kept waiting."""
        async for part in parts:
            await self.take(part)
            if progress is not None and part and isinstance(part[-1], Heartbeat):
                progress(span[0], part[-1].t_ns, span[1] or part[-1].t_ns)
        await self.finish()

    async def take(self, part: list[Item]) -> None:
        """One slice through the engine, into the store and to whoever watches."""
        if part and self.hub.overheard:
            for heard in overheard_in(self.run.unit, part):
                self.hub.publish(heard)
        records = await asyncio.to_thread(self.run.take, part) if part else []
        self._publish(records)
        if part and self.hub.watched:
            self._show_ahead()
        await self._person_stage(any(isinstance(record, Episode) for record in records))
        await self._look_at_prompts(part)

    async def finish(self) -> None:
        """The source has ended: everything becomes FINAL."""
        stop_ns = self.tape.last_utc_ns if self.tape is not None and self.tape.last_utc_ns else None
        self._publish(await asyncio.to_thread(self.run.finish, stop_ns))
        await asyncio.to_thread(settle_person, self.store, self.run.unit.person, self.constants)

    def _publish(self, records: Iterable[Record]) -> None:
        for record in records:
            self.hub.publish(Final(self.run.unit.person, self.run.unit.device, record))

    def _show_ahead(self) -> None:
        ahead = self.run.engine.provisional()
        if len(ahead):
            heard_ns = self.tape.last_utc_ns if self.tape is not None else None
            self.hub.publish(Provisional(self.run.unit.person, self.run.unit.device, ahead, heard_ns))

    async def _person_stage(self, episodes: bool) -> None:
        """Links again when an episode came, grew or ended, or the person said something, here or in another process."""
        person = self.run.unit.person
        said = await asyncio.to_thread(self.store.said, person)
        if not (episodes or said > self.said):
            return
        await asyncio.to_thread(settle_person, self.store, person, self.constants)
        self.hub.publish(Changed(max(said, self.said), person))
        self.said = said

    async def _look_at_prompts(self, part: Sequence[Item]) -> None:
        """Random times, questions that nobody answered, ratings that come due: none of these needs an episode."""
        self.promised_ns = max([self.promised_ns, *(item.t_ns for item in part if isinstance(item, Heartbeat))])
        now_ns = self.promised_ns if self.now_ns is None else self.now_ns()
        if self.prompts.is_due(now_ns) and await asyncio.to_thread(self.prompts.look, now_ns):
            self.hub.publish(Prompted(self.run.unit.person))


async def replay_live(
    store: LocalStore,
    intake: Intake,
    mode: Mode,
    constants: Constants,
    pace: float,
    *,
    clock: Clock,
    hub: Hub,
    progress: Progress | None = None,
    reached: Callable[[int], None] | None = None,
) -> None:
    """A recording at `pace` times real time through the live pipeline, on any clock. Whoever gave the hub closes it."""
    unit = intake.unit
    with store.engine_lock(unit.person, unit.device):
        refuse_other_analysis(store, unit.person, mode.analysis(constants))
        if is_done(store, intake, mode, constants):
            return
        run = Run(store, intake, mode, constants)
        run.begin()
        items = archived(intake).items(after_ns=run.after_ns, slice_s=max(1, round(pace)))
        span = (intake.row.start_ns, intake.row.stop_ns or 0)
        await Live(store, run, hub, constants, said=store.said(unit.person)).follow(paced(items, clock=clock, pace=pace, reached=reached), progress, span)


async def record_live(
    store: LocalStore, rows: AsyncIterator[Notification], intake: Intake, clocker: Clocker, mode: Mode, constants: Constants, hub: Hub
) -> None:
    """A live source from its raw notifications on, until it ends. Called again on a recording that was cut off, it goes on with it."""

    async def one_by_one() -> AsyncIterator[Sequence[Notification]]:
        async for row in rows:
            yield [row]

    unit = clocker.unit
    with store.engine_lock(unit.person, unit.device):
        live = open_live(store, intake, clocker, mode, constants, hub)
        assert live.tape is not None
        await live.take(live.tape.catch_up())
        await live.follow(taped(live.tape, one_by_one()))
        hub.close()


def open_live(store: LocalStore, intake: Intake, clocker: Clocker, mode: Mode, constants: Constants, hub: Hub, now_ns: Callable[[], int] | None = None) -> Live:
    """Engine and tape of one live recording, as they were when they were last remembered. The caller holds the engine lock."""
    unit = clocker.unit
    refuse_other_analysis(store, unit.person, mode.analysis(constants))
    tape = Tape(store, clocker)
    run = Run(store, intake, mode, constants, tape)
    run.begin()
    return Live(store, run, hub, constants, tape, store.said(unit.person), now_ns)
