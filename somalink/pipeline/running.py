"""`somalink run`: straps in, FINAL records out, for as long as somebody wants it.

A supervisor and a recorder a strap. What befalls one strap, or what is made of its beats, is no reason to stop hearing another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.ble.leaving import first_of
from ingest.ble.patience import Backoff, Patience
from ingest.ble.radio import Radio
from ingest.ble.supervisor import Ask, Supervisor
from somalink.domain.errors import EngineLocked, SomalinkError
from somalink.pipeline.doubt import look_when_in_doubt
from somalink.pipeline.hub import Setback
from somalink.pipeline.record import CutOff, Record, Where, cut_off
from somalink.pipeline.recorder import Recorder, said_of, to_go_on
from somalink.pipeline.run import refuse_other_analysis
from somalink.pipeline.wearing import Worn

__all__ = ["Air", "Where", "run"]


@dataclass(frozen=True, slots=True)
class Air:
    """The radio side of a run: what hears straps, how patiently, with whose dice; what they are asked for, and for how many of their own seconds
    their ECG is looked at when beats are doubtful (None: not at all)."""

    radio: Radio
    patience: Patience
    dice: np.random.Generator
    ask: Ask = field(default_factory=Ask)
    ecg_check_s: float | None = None


async def run(worn: Sequence[Worn], where: Where, air: Air, stop: asyncio.Event, *, once_s: float | None = None) -> None:
    """Records every strap until `stop` is set; with `once_s`, until each has been connected once and lost, or was not heard for so long.

    EngineLocked when another program records one of them; with `once_s` the first strap's error, when all have ended.
    """
    for each in worn:
        refuse_other_analysis(where.store, each.person, where.mode.analysis(where.constants))
    now_ns = where.stamps.now().t_utc_ns
    await finish_cut_off(where, [left for left in cut_off(where.store) if not any(left == to_go_on(where.store, each, now_ns) for each in worn)])
    with contextlib.ExitStack() as locks:
        for each in worn:
            locks.enter_context(where.store.engine_lock(each.person, each.device))
            locks.enter_context(where.store.strap_lock(each.device))
        try:
            async with asyncio.TaskGroup() as group:
                holding = [group.create_task(_record(each, where, air, stop, once_s), name=f"record {each.device}") for each in worn]
        except* SomalinkError as several:
            raise _first(several) from None
        finally:
            where.hub.close()
    for held in holding:
        if (error := held.result()) is not None:
            raise error


def _first(several: BaseExceptionGroup[SomalinkError]) -> SomalinkError:
    """The first error itself, out of however many groups its tasks put around it."""
    inside = several.exceptions[0]
    return _first(inside) if isinstance(inside, BaseExceptionGroup) else inside


async def finish_cut_off(where: Where, left: Sequence[CutOff]) -> None:
    """Brings recordings to their end: everything that is on disk becomes FINAL. What another program still records is left to it, and what
    cannot be ended to the next one."""
    for each in left:
        try:
            with where.store.engine_lock(each.unit.person, each.unit.device):
                await Record.finish(each, where)
        except EngineLocked:
            continue
        except Exception as error:  # noqa: BLE001 (an old recording is no reason not to begin a new one)
            what, next_step = said_of(error)
            where.hub.publish(Setback(each.unit.person, each.unit.device, f"an earlier recording stays open: {what}", next_step))


async def _record(worn: Worn, where: Where, air: Air, stop: asyncio.Event, once_s: float | None) -> SomalinkError | None:
    """One strap, held and recorded; gives the error with which its holding ended."""
    recorder = Recorder(worn, where)
    async with asyncio.TaskGroup() as group:
        group.create_task(recorder.follow(), name=f"follow {worn.device}")
        try:
            return await _hold(worn, recorder, where, air, stop, once_s)
        finally:
            recorder.stop()


async def _hold(worn: Worn, recorder: Recorder, where: Where, air: Air, stop: asyncio.Event, once_s: float | None) -> SomalinkError | None:
    """The strap's supervisor, until somebody stops it or, with `once_s`, it is done. One that fails by a mistake is told of and begun anew."""
    backoff = Backoff(air.patience.first, air.dice)
    while not stop.is_set():
        supervisor = Supervisor(recorder.wanted, air.radio, recorder, where.stamps, air.patience, air.dice, connection=recorder.connection, ask=air.ask)
        looking = asyncio.create_task(_look(worn, supervisor, where, air), name=f"look {worn.device}")
        try:
            await _until(stop, supervisor.run() if once_s is None else supervisor.run_once(once_s))
            break
        except SomalinkError as error:
            return error
        except Exception as error:  # noqa: BLE001 (whatever it is, the strap is looked for again)
            recorder.setback(error)
            await first_of(stop, seconds=backoff.next(air.patience.cap_off))
        finally:
            looking.cancel()
    return None


async def _look(worn: Worn, supervisor: Supervisor, where: Where, air: Air) -> None:
    """The strap's ECG for a moment whenever its beats are doubtful, where somebody wants that."""

    async def look(seconds: float) -> str:
        return await supervisor.ecg_for(seconds * air.patience.first / Patience().first)

    if air.ecg_check_s is not None:
        await look_when_in_doubt(where.hub, worn.person, worn.device, look, air.ecg_check_s)


async def _until(stop: asyncio.Event, holding: Coroutine[Any, Any, None]) -> None:
    """Runs until it is done or `stop` is set; an end that nobody asked for is an error."""
    held, stopping = asyncio.ensure_future(holding), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({held, stopping}, return_when=asyncio.FIRST_COMPLETED)
        asked = not held.done()
    finally:
        for task in (held, stopping):
            task.cancel()
        await asyncio.gather(held, stopping, return_exceptions=True)
    if held.cancelled():
        if not asked:
            raise RuntimeError("the radio's libraries cancelled a call that nobody had")
    elif (error := held.exception()) is not None and not asked:
        raise error
