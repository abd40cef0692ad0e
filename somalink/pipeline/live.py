"""The pipeline as a loop one can read: raw first, then push, then keep and publish. A live strap, a paced replay and a test's fake
strap differ only in what they feed it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from ingest.clocking import Clocker
from ingest.clocking import RawRow as Notification
from somalink.domain.constants import Constants
from somalink.domain.ports import Clock
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Episode, Heartbeat, Item, Record
from somalink.pipeline.hub import Changed, Final, Hub, Provisional
from somalink.pipeline.intake import Intake
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, Progress, Run, archived, is_done, refuse_other_analysis, slices
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow


class SystemClock:
    """The machine's own clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, t_ns: int) -> None:
        await asyncio.sleep(max(t_ns - time.time_ns(), 0) / SECOND_NS)


async def paced(items: Iterable[Item], *, clock: Clock, pace: float) -> AsyncIterator[list[Item]]:
    """Slices of a recording, each given out when its heartbeat is due at `pace` times real time."""
    begun_ns = first_ns = None
    for part in slices(items):
        last = part[-1]
        if isinstance(last, Heartbeat):
            if begun_ns is None or first_ns is None:
                begun_ns, first_ns = clock.now_ns(), last.t_ns
            await clock.sleep_until(begun_ns + int((last.t_ns - first_ns) / pace))
        yield part


async def notified(rows: AsyncIterator[Notification], *, store: LocalStore, clocker: Clocker) -> AsyncIterator[list[Item]]:
    """Items of a live source: each notification's bytes are on disk before they are decoded; then they are items like any other."""
    waiting: list[Item] = []
    async for row in rows:
        await asyncio.to_thread(_keep_raw, store, clocker, row)
        waiting += clocker.push(row)
        if waiting and isinstance(waiting[-1], Heartbeat):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _keep_raw(store: LocalStore, clocker: Clocker, row: Notification) -> None:
    kept = RawRow(row.t_mono_ns, row.boot_id, row.connection, row.characteristic, row.t_utc_ns, row.payload)
    with store.transaction() as write:
        write.put_raw(clocker.unit, [kept])


@dataclass(slots=True)
class Live:
    """One engine on a stream of slices, with its watchers."""

    store: LocalStore
    run: Run
    hub: Hub
    constants: Constants

    async def follow(self, parts: AsyncIterator[list[Item]], progress: Progress | None = None, span: tuple[int, int] = (0, 0)) -> None:
        """Takes slices until the source ends. Work that touches the disk runs beside the loop, so that a radio is never kept waiting."""
        async for part in parts:
            records = await asyncio.to_thread(self.run.take, part)
            self._publish(records)
            if self.hub.watched:
                self._show_ahead()
            await self._person_stage(any(isinstance(record, Episode) for record in records))
            if progress is not None and isinstance(part[-1], Heartbeat):
                progress(span[0], part[-1].t_ns, span[1] or part[-1].t_ns)
        self._publish(await asyncio.to_thread(self.run.finish))
        await asyncio.to_thread(settle_person, self.store, self.run.unit.person, self.constants)
        self.hub.close()

    def _publish(self, records: Iterable[Record]) -> None:
        for record in records:
            self.hub.publish(Final(self.run.unit.person, self.run.unit.device, record))

    def _show_ahead(self) -> None:
        ahead = self.run.engine.provisional()
        if len(ahead):
            self.hub.publish(Provisional(self.run.unit.person, self.run.unit.device, ahead))

    async def _person_stage(self, episodes: bool) -> None:
        """Links again when an episode came, grew or ended, or somebody else wrote."""
        others = self.run.overtaken or self.store.change > self.run.written
        if not (others or episodes):
            return
        await asyncio.to_thread(settle_person, self.store, self.run.unit.person, self.constants)
        change = self.store.change
        self.run.written, self.run.overtaken = change, False
        if others:
            self.hub.publish(Changed(change))


def run_paced(
    store: LocalStore, intake: Intake, mode: Mode, constants: Constants, pace: float, progress: Progress | None = None, hub: Hub | None = None
) -> None:
    """A recording at `pace` times real time through the live pipeline."""
    asyncio.run(replay_live(store, intake, mode, constants, pace, clock=SystemClock(), hub=hub or Hub(), progress=progress))


async def replay_live(
    store: LocalStore, intake: Intake, mode: Mode, constants: Constants, pace: float, *, clock: Clock, hub: Hub, progress: Progress | None = None
) -> None:
    """The same, inside a running loop and on any clock."""
    unit = intake.unit
    with store.engine_lock(unit.person, unit.device):
        refuse_other_analysis(store, unit.person, mode.analysis(constants))
        if is_done(store, intake, mode, constants):
            return
        run = Run(store, intake, mode, constants)
        run.begin()
        items = archived(intake).items(after_ns=run.after_ns, slice_s=max(1, round(pace)))
        span = (intake.row.start_ns, intake.row.stop_ns or 0)
        await Live(store, run, hub, constants).follow(paced(items, clock=clock, pace=pace), progress, span)


async def record_live(
    store: LocalStore, rows: AsyncIterator[Notification], intake: Intake, clocker: Clocker, mode: Mode, constants: Constants, hub: Hub
) -> None:
    """A live source from its raw notifications on. Bluetooth is one more producer of `rows`."""
    unit = clocker.unit
    with store.engine_lock(unit.person, unit.device):
        refuse_other_analysis(store, unit.person, mode.analysis(constants))
        run = Run(store, intake, mode, constants)
        run.begin()
        await Live(store, run, hub, constants).follow(notified(rows, store=store, clocker=clocker))
