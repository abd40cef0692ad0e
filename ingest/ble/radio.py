"""The computer's radio, shared by all straps: one scan for whoever looks, one connection attempt at a time, and what is wrong with it.

Met through bleak and, where a link is made, bleak-retry-connector. Knows adapters and advertisements; knows nothing of heartbeats.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.ble import powered
from ingest.ble.leaving import first_of, within
from ingest.ble.names import HEART_RATE_SERVICE
from ingest.ble.patience import Backoff, Patience
from ingest.ble.trouble import RADIO_ERRORS, Trouble, trouble_of

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

VANISHED_S = 5.0
"""A strap advertises several times a second: one that was not heard for this long and is heard now has come back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which strap is meant: by address where it is known, by name where addresses change (macOS, straps with random ones)."""

    name: str
    address: str | None = None

    def is_it(self, device: BLEDevice, name: str | None) -> bool:
        if self.address is not None and device.address.upper() == self.address.upper():
            return True
        return bool(self.name) and self.name in (name, device.name)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Somebody who looks for a strap."""

    wanted: Wanted
    come_back: bool


class Radio:
    """Use as an async context manager, inside the loop that all of it lives on."""

    def __init__(self, patience: Patience, dice: np.random.Generator) -> None:
        self._patience, self._dice = patience, dice
        self._finders: dict[asyncio.Future[BLEDevice], _Finder] = {}
        self._heard_at: dict[Wanted, float] = {}
        self._watchers: list[Callable[[Trouble | None], None]] = []
        self._news = asyncio.Event()
        self._sought = asyncio.Event()
        self._stop_scan = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._connecting = asyncio.Lock()
        self._scanning = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._backoff = Backoff(patience.first, dice)
        self._broken: BaseException | None = None
        self.trouble: Trouble | None = None
        """What keeps the radio from being used, as last met."""
        self.powered: bool | None = None
        """What the system last said of the adapter's power; None where it says nothing."""

    async def __aenter__(self) -> Radio:
        scanning = asyncio.create_task(self._listen(), name="scan")
        scanning.add_done_callback(self._scan_ended)
        self._tasks.append(scanning)
        if _speaks_dbus():
            self._tasks.append(asyncio.create_task(powered.listen(self._power), name="adapter power"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what straps ask of it

    async def find(self, wanted: Wanted, *, come_back: bool = False) -> BLEDevice:
        """The strap as soon as it is heard, or is found to be held by this computer already. Waits for ever.

        `come_back`: only if it had not been heard for a while before. A mistake of ours in the scan is raised: waiting would not mend it.
        """
        if self._broken is not None:
            raise self._broken
        found: asyncio.Future[BLEDevice] = asyncio.get_running_loop().create_future()
        self._finders[found] = _Finder(wanted, come_back)
        self._sought.set()
        try:
            return await found
        finally:
            self._finders.pop(found, None)
            if not self._finders:
                self._sought.clear()
                self._stop_scan.set()

    def watch(self, told: Callable[[Trouble | None], None]) -> None:
        """`told` is called with every new trouble, and with None when the radio works again."""
        self._watchers.append(told)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """For a connection attempt: nobody else connects, and the scan rests, since many adapters cannot do both."""
        async with self._connecting:
            began = asyncio.get_running_loop().time()
            self._quiet.clear()
            self._stop_scan.set()
            try:
                async with self._scanning:
                    yield
            finally:
                self._quiet.set()
                self._was_deaf_since(began)

    def _was_deaf_since(self, began: float) -> None:
        """A strap that nobody listened for has not vanished."""
        now = asyncio.get_running_loop().time()
        self._heard_at = {wanted: min(at + now - began, now) for wanted, at in self._heard_at.items()}

    async def changed(self, seconds: float) -> bool:
        """Waits, at most so long, for news of the adapter from now on: it came, went, was switched on or off. True if there were."""
        return await first_of(self._news, seconds=seconds)

    # ---- the scan

    async def _listen(self) -> None:
        """For ever: while somebody looks for a strap and nobody connects, listen; when that fails, wait longer each time."""
        while True:
            await self._sought.wait()
            await self._quiet.wait()
            try:
                async with self._scanning:
                    await self._scan()
                self._backoff.reset()
            except RADIO_ERRORS as error:
                trouble = trouble_of(error)
                if trouble is None:
                    raise
                self._tell(trouble)
                if await self.changed(self._backoff.next(self._patience.cap_off if trouble.off else self._patience.cap)):
                    self._backoff.reset()

    async def _scan(self) -> None:
        """One scan: until nobody looks any more, somebody wants to connect, the adapter changed, or nothing was heard for long."""
        from bleak import BleakScanner

        self._stop_scan.clear()
        heard, news = asyncio.Event(), self._news

        def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
            heard.set()
            self._offer(device, data.local_name)

        scanner = BleakScanner(on_advertisement)
        await within(self._patience.command, scanner.start())
        try:
            self._tell(None)
            await self._offer_held()
            while self._sought.is_set() and self._quiet.is_set():
                heard.clear()
                if await first_of(self._stop_scan, news, seconds=self._patience.rescan) or not heard.is_set():
                    return
                await self._offer_held()
        finally:
            # The scan of a bluetoothd that has died cannot be ended; the next one begins all the same.
            with contextlib.suppress(*RADIO_ERRORS):
                await within(self._patience.disconnect, scanner.stop())

    async def _offer_held(self) -> None:
        """Straps that this computer is connected to do not advertise: a program that was killed leaves its link to the system."""
        from bleak import BleakAdapter

        with contextlib.suppress(NotImplementedError, *RADIO_ERRORS):
            adapter = await within(self._patience.command, BleakAdapter.get())
            for device in await within(self._patience.command, adapter.get_connected_devices([HEART_RATE_SERVICE])):
                self._offer(device, device.name)

    def _offer(self, device: BLEDevice, name: str | None) -> None:
        now = asyncio.get_running_loop().time()
        for found, finder in list(self._finders.items()):
            if not finder.wanted.is_it(device, name):
                continue
            quiet_s = now - self._heard_at.get(finder.wanted, now if finder.come_back else 0.0)
            self._heard_at[finder.wanted] = now
            if not found.done() and (quiet_s >= VANISHED_S or not finder.come_back):
                found.set_result(device)

    def _scan_ended(self, scanning: asyncio.Task[None]) -> None:
        self._broken = None if scanning.cancelled() else scanning.exception()
        for found in self._finders:
            if self._broken is not None and not found.done():
                found.set_exception(self._broken)

    # ---- what the system says

    def _power(self, on: bool) -> None:
        self.powered = on
        self._news.set()
        self._news = asyncio.Event()

    def _tell(self, trouble: Trouble | None) -> None:
        if trouble == self.trouble:
            return
        self.trouble = trouble
        for told in self._watchers:
            told(trouble)


def _speaks_dbus() -> bool:
    """Whether bleak talks to BlueZ here, rather than to another system or to a virtual radio."""
    import bleak

    return "bluez" in str(bleak.get_platform_scanner_backend_type()[1]).lower()  # type: ignore[attr-defined]
