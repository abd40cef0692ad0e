"""Two worlds in which the same scenes are played: a room of this process on a clock that jumps, and a real BlueZ in real time.

`SOMALINK_WORLD=bluez` chooses the second one; tests/bluez/run sets it inside the guest. A scene is a coroutine that is given its world.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from fake_strap import heart
from fast_loop import LoopStamps, run_fast
from strap_program import StrapProgram
from worn import Log

from ingest.ble.patience import Patience
from ingest.ble.radio import Radio, Wanted
from ingest.ble.stamps import Stamps, SystemStamps
from ingest.virtual import backend
from ingest.virtual.faults import parse_words
from ingest.virtual.feed import from_ticks
from ingest.virtual.kinds import H10, Kind
from ingest.virtual.profile import about_of
from ingest.virtual.room import Room
from ingest.virtual.wearing import Wearing

T = TypeVar("T")
BLUEZ = os.environ.get("SOMALINK_WORLD") == "bluez"
TICKS = heart(240, bpm=72, seed=3).tolist()
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"


class World(ABC):
    """A device of some kind that is worn, a radio that may be switched off, and clocks."""

    stamps: Stamps

    @abstractmethod
    async def suffer(self, words: str) -> None:
        """Something goes wrong with the strap from now on: `drop 2`, `silence 8`, ..."""

    @abstractmethod
    async def power(self, on: bool) -> None:
        """Switches this computer's adapter on or off."""

    @abstractmethod
    def log(self, what: str) -> list[dict[str, Any]]:
        """Rows of the strap's beat log."""

    @property
    @abstractmethod
    def subscribed(self) -> bool:
        """Whether the strap has a listener."""

    @contextlib.asynccontextmanager
    async def radio(self) -> AsyncIterator[Radio]:
        async with Radio(self.patience, self.dice) as radio:
            yield radio

    def __init__(self, kind: Kind) -> None:
        self.about = about_of(kind, 1)
        self.wanted = Wanted(self.about.name)
        self.patience, self.dice = Patience(), np.random.default_rng(1)


class BumbleWorld(World):
    """See above."""

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, kind: Kind) -> AsyncIterator[World]:
        world = cls(kind)
        world.stamps = LoopStamps(asyncio.get_running_loop())
        world._log = Log()
        room = Room()
        try:
            strap = await room.wear(world.about)
            world._wearing = Wearing(strap, from_ticks(TICKS), log=world._log, clock=lambda: world.stamps.now().t_mono_ns)
            worn = asyncio.ensure_future(world._wearing.run())
            async with backend.installed(room) as world._radio:
                yield world
            worn.cancel()
            await asyncio.gather(worn, *world._running, return_exceptions=True)
        finally:
            await room.close()

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self._running: list[asyncio.Task[None]] = []

    async def suffer(self, words: str) -> None:
        self._running.append(asyncio.ensure_future(self._wearing.suffer(parse_words(words))))
        await asyncio.sleep(0)

    async def power(self, on: bool) -> None:
        self._radio.switch_on() if on else await self._radio.switch_off()

    def log(self, what: str) -> list[dict[str, Any]]:
        return self._log.of(what)

    @property
    def subscribed(self) -> bool:
        return self._wearing.strap.is_subscribed


class BluezWorld(World):
    """bleak, D-Bus, bluetoothd, the kernel and a strap behind it."""

    _daemons: ClassVar[list[subprocess.Popen[bytes]]] = []
    """Those that were started here; the last of them outlives its scene."""

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, kind: Kind) -> AsyncIterator[World]:
        world = cls(kind)
        world.stamps = SystemStamps()
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "rr.txt"
            recording.write_text("".join(f"{tick / 1.024:.6f}\n" for tick in TICKS), encoding="utf-8")
            world._strap = StrapProgram(Path(folder), recording, "--vhci", "--device", kind.id)
            await asyncio.to_thread(world._strap.start)
            try:
                await world._powered()
                yield world
            finally:
                await asyncio.to_thread(world._strap.kill)
                await _gone()

    async def suffer(self, words: str) -> None:
        await asyncio.to_thread(self._strap.ask, words)

    async def power(self, on: bool) -> None:
        await _bluetoothctl("power", "on" if on else "off")

    async def kill_daemon(self) -> None:
        """SIGKILL: no goodbye to anybody on the bus."""
        for pid in subprocess.run(["pidof", "bluetoothd"], capture_output=True, text=True, check=True).stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        for process in self._daemons:
            await asyncio.to_thread(process.wait)
        self._daemons.clear()

    async def start_daemon(self) -> None:
        """As a service manager would; powered, as it was."""
        with Path("/out/bluetoothd-again.log").open("ab") as log:
            self._daemons.append(subprocess.Popen([BLUETOOTHD, "-n"], stdout=log, stderr=log))
        await self._powered()

    async def _powered(self) -> None:
        """Waits until bluetoothd knows the adapter and it is on."""
        async with asyncio.timeout(60):
            while "Powered: yes" not in await _bluetoothctl("show"):
                await _bluetoothctl("power", "on")
                await asyncio.sleep(0.1)

    def log(self, what: str) -> list[dict[str, Any]]:
        return self._strap.rows(what)

    @property
    def subscribed(self) -> bool:
        return bool(self._strap.ask("status")["straps"][0]["subscribed"])


async def _gone() -> None:
    """The adapter of a strap program that ended leaves bluetoothd a moment later."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while "Controller" in await _bluetoothctl("show"):
                await asyncio.sleep(0.1)


async def _bluetoothctl(*typed: str) -> str:
    """One command. Without a daemon it would wait for one for ever, and so it is not waited for long."""
    process = await asyncio.create_subprocess_exec("bluetoothctl", *typed, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        async with asyncio.timeout(3):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        said, _ = await process.communicate()
    return said.decode(errors="replace")


def play(scene: Callable[[Any], Awaitable[T]], kind: Kind = H10) -> T:
    """Plays a scene in the world that was chosen, with a device of this kind."""
    world = BluezWorld if BLUEZ else BumbleWorld

    async def played() -> T:
        async with world.opened(kind) as opened:
            return await scene(opened)

    return asyncio.run(played()) if BLUEZ else run_fast(played())


async def until(true: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits until something holds, at most so long; how long it took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not true():
        assert loop.time() - begun < seconds, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.05)
    return loop.time() - begun
