"""The strap as a program of its own: recordings worn in one room, steered while they run.

Knows sockets, signals and one line of JSON; what a strap does is elsewhere. A test or a person steers it over a second local socket, one
line in, one line of JSON out: a fault (`drop`, `silence 5`, `2 away 4`), `status`, `stop`.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.virtual.beatlog import BeatLog, boot_ns
from ingest.virtual.faults import Fault, parse_words
from ingest.virtual.feed import Heart
from ingest.virtual.profile import About
from ingest.virtual.room import Room, private_socket
from ingest.virtual.waves import Wave
from ingest.virtual.wearing import Wearing
from somalink.domain.errors import BadInput, SomalinkError, UsageError
from somalink.domain.types import Stream

Say = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """A heart and the device it wears, and what its other sensors feel."""

    heart: Heart
    about: About
    waves: Mapping[Stream, Wave] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a program runs: where listeners connect, how fast, what goes wrong, what is written down."""

    socket: Path | None = None
    control: Path | None = None
    log: Path | None = None
    vhci: bool = False
    speed: float = 1.0
    again: bool = False
    faults: Sequence[Fault] = ()


async def run(worn: Sequence[Worn], plan: Plan, say: Say) -> None:
    """Until every recording has ended, somebody says `stop`, or a signal comes. `say` gets one line when all straps advertise."""
    missing = [fault.strap for fault in plan.faults if fault.strap > len(worn)]
    if missing:
        raise UsageError(f"a fault is for strap {missing[0]}, and there are {len(worn)}", next_step="give one recording for each strap")
    stop = asyncio.Event()
    _stop_on_signals(stop)
    async with AsyncExitStack() as open_:
        log = open_.enter_context(BeatLog(plan.log))
        room = Room()
        open_.push_async_callback(room.close)
        wearings = [await _put_on(room, number, each, plan, log) for number, each in enumerate(worn, 1)]
        if plan.vhci:
            await room.give_to_kernel()
        if plan.socket is not None:
            await room.listen(plan.socket)
        if plan.control is not None:
            await _steered(plan.control, Desk(wearings, stop), open_)
        say(_ready(wearings, plan))
        await _until(wearings, stop)


async def _put_on(room: Room, number: int, worn: Worn, plan: Plan, log: BeatLog) -> Wearing:
    strap = await room.wear(worn.about)
    faults = [fault for fault in plan.faults if fault.strap == number]
    return Wearing(strap, worn.heart, number=number, faults=faults, speed=plan.speed, again=plan.again, waves=worn.waves, log=log)


async def _until(wearings: Sequence[Wearing], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        worn = [group.create_task(wearing.run()) for wearing in wearings]
        group.create_task(_stop_when_all_ended(worn, stop))
        await stop.wait()
        for task in worn:
            task.cancel()


async def _stop_when_all_ended(worn: Sequence[asyncio.Task[None]], stop: asyncio.Event) -> None:
    await asyncio.wait(worn)
    stop.set()


def _stop_on_signals(stop: asyncio.Event) -> None:
    # Windows' loop has no signal handlers; there Ctrl-C ends the program by KeyboardInterrupt.
    with suppress(NotImplementedError):
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)


def _ready(wearings: Sequence[Wearing], plan: Plan) -> dict[str, Any]:
    straps = [_shown(each) for each in wearings]
    places = {name: str(path) for name, path in (("socket", plan.socket), ("control", plan.control), ("log", plan.log)) if path is not None}
    return {"advertising": straps, **places, "pid": os.getpid(), "t": boot_ns()}


def _shown(wearing: Wearing) -> dict[str, Any]:
    """`made`: streams that nobody measured."""
    about = wearing.strap.about
    return {"name": about.name, "address": about.where, "battery": wearing.strap.battery, "device": about.kind.id, "made": wearing.made}


# ---------------------------------------------------------------- steering


class Desk:
    """Takes one line, answers with one value."""

    def __init__(self, wearings: Sequence[Wearing], stop: asyncio.Event) -> None:
        self._wearings = wearings
        self._stop = stop
        self._running: set[asyncio.Task[None]] = set()

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to a line; a fault has been begun when it is given, and ends by itself."""
        if line == "status":
            return {"ok": True, "straps": [_status(each) for each in self._wearings], "t": boot_ns()}
        if line == "stop":
            self._stop.set()
            return {"ok": True, "t": boot_ns()}
        try:
            return self._begin(parse_words(line))
        except SomalinkError as error:
            return {"ok": False, "error": error.what, "next": error.next_step}

    def _begin(self, fault: Fault) -> dict[str, Any]:
        if fault.strap > len(self._wearings):
            raise BadInput(f"there is no strap {fault.strap}", next_step=f"name one from 1 to {len(self._wearings)}")
        task = asyncio.ensure_future(self._wearings[fault.strap - 1].suffer(fault))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return {"ok": True, "fault": fault.kind, "for_s": fault.for_s, "t": boot_ns()}


def _status(wearing: Wearing) -> dict[str, Any]:
    strap = wearing.strap
    return {
        "name": strap.about.name,
        "connected": strap.is_connected,
        "subscribed": strap.is_subscribed,
        "link": strap.link,
        "battery": strap.battery,
        "notifications": wearing.sent,
        "frames": wearing.frames,
        "beats": wearing.beats,
        "beats_sent": wearing.beats_sent,
    }


class Caller(asyncio.Protocol):
    """Whoever steers: lines in, an answer to each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._heard = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            answer = self._desk.ask(line.decode("utf-8", errors="replace").strip())
            if self._transport is not None:
                self._transport.write(json.dumps(answer).encode() + b"\n")


async def _steered(path: Path, desk: Desk, open_: AsyncExitStack) -> None:
    """Answer on a local socket until everything ends."""
    server = await asyncio.get_running_loop().create_unix_server(lambda: Caller(desk), sock=private_socket(path))
    open_.callback(path.unlink, missing_ok=True)
    open_.callback(server.close)
