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
from ingest.ble.leaving import first_of, leave, within
from ingest.ble.names import HEART_RATE_SERVICE, is_bluetooth_address, may_change, names_one_unit
from ingest.ble.patience import Backoff, Patience
from ingest.ble.trouble import RADIO_ERRORS, Trouble, done_without, trouble_of

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

VANISHED_S = 5.0
"""A strap advertises several times a second: one that was not heard for this long and is heard now has come back."""
PASSING = 3
"""Trouble that leaves Bluetooth on is told when it is met this often in a row: an adapter that was just used is busy for a second or two."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which strap is meant: by its address, and by its name where that says as much or no address is known."""

    name: str
    address: str | None = None

    def is_it(self, device: BLEDevice, name: str | None) -> bool:
        if self.address is not None and device.address.upper() == self.address.upper():
            return True
        return bool(self.name) and self.name in (name, device.name) and self._goes_by_name(device.address)

    def _goes_by_name(self, address: str) -> bool:
        """Whether a device of this name is the one though its address is not: two units of one make are told apart by nothing else."""
        known = self.address
        return known is None or names_one_unit(self.name) or may_change(known) or is_bluetooth_address(known) != is_bluetooth_address(address)


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
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False
        self._late: asyncio.Future[None] | None = None
        """A scan that is still beginning though nobody waits for it any more."""
        self._backoff = Backoff(patience.first, dice)
        self._failures = 0
        """Of the scan, in a row."""
        self.trouble: Trouble | None = None
        """What keeps the radio from being used, as last met; what passes by itself only once it did not."""
        self.powered: bool | None = None
        """What the system last said of the adapter's power; None where it says nothing."""

    async def __aenter__(self) -> Radio:
        self._open = True
        self._begin_listening()
        if powered.speaks_to_bluez():
            self._tasks.add(asyncio.create_task(powered.listen(self._power), name="adapter power"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin_listening(self, ended: asyncio.Task[None] | None = None) -> None:
        """Begins the scan, and begins it anew should it ever be cancelled by somebody else than us: straps are waited for with it."""
        if ended is not None:
            self._tasks.discard(ended)
        if self._open:
            scanning = asyncio.create_task(self._listen(), name="scan")
            scanning.add_done_callback(self._begin_listening)
            self._tasks.add(scanning)

    # ---- what straps ask of it

    async def find(self, wanted: Wanted, *, come_back: bool = False) -> BLEDevice:
        """The strap as soon as it is heard, or is found to be held by this computer already. Waits for ever.

        `come_back`: only if it had not been heard for a while before. A mistake of ours in the scan is raised: waiting would not mend it.
        """
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
        """`told` is called with every new trouble, and with None when the radio works again, until `unwatch`."""
        self._watchers.append(told)

    def unwatch(self, told: Callable[[Trouble | None], None]) -> None:
        self._watchers.remove(told)

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
        """For ever: while somebody looks for a strap and nobody connects, listen; when that fails, wait longer each time.

        So too after a mistake of ours, which whoever looks is told: who does not is not concerned, and finds a scan when it does.
        """
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
                    self._confess(error)
                else:
                    self._meet(trouble)
                if await self.changed(self._backoff.next(self._patience.cap_off if trouble is not None and trouble.off else self._patience.cap)):
                    self._backoff.reset()

    def _confess(self, mistake: Exception) -> None:
        """A mistake of ours is raised where a strap is looked for, and told to the loop where none is."""
        looking = [found for found in self._finders if not found.done()]
        for found in looking:
            found.set_exception(mistake)
        if not looking:
            asyncio.get_running_loop().call_exception_handler({"message": "the scan for straps failed by a mistake of ours", "exception": mistake})

    def _meet(self, trouble: Trouble) -> None:
        self._failures += 1
        if trouble.off or self._failures >= PASSING:
            self._tell(trouble)

    async def _scan(self) -> None:
        """One scan: until nobody looks any more, somebody wants to connect, the adapter changed, nothing was heard for long, or it is old."""
        from bleak import BleakScanner

        self._stop_scan.clear()
        heard, news = asyncio.Event(), self._news

        def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
            heard.set()
            self._offer(device, data.local_name)

        scanner = BleakScanner(on_advertisement)
        await self._begin(scanner)
        try:
            self._works()
            await self._offer_held()
            old_at = asyncio.get_running_loop().time() + self._patience.renew
            while self._sought.is_set() and self._quiet.is_set() and asyncio.get_running_loop().time() < old_at:
                heard.clear()
                if await first_of(self._stop_scan, news, seconds=self._patience.rescan) or not heard.is_set():
                    return
                await self._offer_held()
        finally:
            await self._end(scanner)

    async def _begin(self, scanner: BleakScanner) -> None:
        """Begins a scan. One that takes long is left to begin and ended then, and no other is begun meanwhile.

        Cut off, it would go on in BlueZ without us, who answers to every later one that it is busy with it. What would free it then is not to
        be had: only the connection to the bus on which it was begun can end it, which bleak keeps to itself and shares with all links, and
        switching the adapter off and on would take headphones and keyboards with it. So a radio that stays busy is waited for, and said to be.
        """
        if self._late is not None:
            await within(self._patience.command, asyncio.shield(self._late))
        starting = asyncio.ensure_future(scanner.start())
        with contextlib.ExitStack() as unless_begun:
            unless_begun.callback(self._begins_late, scanner, starting)
            await within(self._patience.command, asyncio.shield(starting))
            unless_begun.pop_all()

    def _begins_late(self, scanner: BleakScanner, starting: asyncio.Future[None]) -> None:
        if not starting.done() or not (starting.cancelled() or starting.exception()):
            self._late = asyncio.ensure_future(self._end_late(scanner, starting))
            leave(self._late)

    async def _end_late(self, scanner: BleakScanner, starting: asyncio.Future[None]) -> None:
        try:
            with done_without():
                await within(self._patience.late, starting)
                await within(self._patience.late, scanner.stop())
        finally:
            self._late = None

    async def _end(self, scanner: BleakScanner) -> None:
        """Ends a scan. That of a bluetoothd that has died cannot be ended; the next one begins all the same."""
        with done_without():
            stopping = asyncio.ensure_future(within(self._patience.late, scanner.stop()))
            leave(stopping)
            await within(self._patience.disconnect, asyncio.shield(stopping))

    async def _offer_held(self) -> None:
        """Straps that this computer is connected to do not advertise: a program that was killed leaves its link to the system."""
        from bleak import BleakAdapter

        with contextlib.suppress(NotImplementedError), done_without():
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

    # ---- what the system says

    def _power(self, on: bool | None) -> None:
        self.powered = on
        if on is not None:
            self._news.set()
            self._news = asyncio.Event()

    def _works(self) -> None:
        """A scan has begun: whatever the system said of the adapter before, it is on."""
        self._failures = 0
        self.powered = self.powered or None
        self._tell(None)

    def _tell(self, trouble: Trouble | None) -> None:
        if trouble == self.trouble:
            return
        self.trouble = trouble
        for told in self._watchers:
            told(trouble)
