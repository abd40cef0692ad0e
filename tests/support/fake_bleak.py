"""Straps and an adapter behind bleak's own names, for whoever finds, connects, listens and has to bear that any of it goes wrong.

Nothing of Bluetooth is here, so that every failure can be had at a given second; meant for the loop whose clock jumps. What a real stack
does is held elsewhere, by the virtual strap and by BlueZ.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import bleak
import bleak_retry_connector
import numpy as np
import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback
from bleak.exc import BleakError
from fast_loop import run_fast

from ingest.ble import powered
from ingest.ble.names import BATTERY_LEVEL, HEART_RATE_SERVICE, SENSOR_LOCATION
from ingest.ble.patience import Patience
from ingest.ble.radio import Radio

BEAT = bytes.fromhex("16 48 0004")
"""72 bpm, skin is felt, one interval of a second."""
OFF_THE_SKIN = bytes.fromhex("04 00")
ADVERTISES_S = 0.5
LONGEST_SCENE_S = 1_000_000.0


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt to connect comes to, after so long."""

    fails: Exception | None = None
    takes_s: float = 0.0


@dataclass(eq=False)
class Strap:
    """One strap, and what of it goes wrong. `attempts`: what the next connection attempts come to; then all succeed."""

    name: str = "Polar H10 51C0FFEE"
    address: str = "C0:00:00:00:00:01"
    present: bool = True
    held_by_us: bool = False
    payload: bytes = BEAT
    mute: bool = False
    attempts: deque[Attempt] = field(default_factory=deque)
    always: Attempt = field(default_factory=Attempt)
    subscribing: Attempt = field(default_factory=Attempt)
    reading: Attempt = field(default_factory=Attempt)
    disconnect_takes_s: float = 0.0
    values: dict[str, bytes] = field(default_factory=lambda: {BATTERY_LEVEL: bytes([87]), SENSOR_LOCATION: b"\x01"})
    tried: list[float] = field(default_factory=list)
    clients: list["Client"] = field(default_factory=list)

    @property
    def device(self) -> BLEDevice:
        return BLEDevice(self.address, self.name, None)

    @property
    def link(self) -> "Client":
        """The newest one."""
        return self.clients[-1]

    @property
    def is_linked(self) -> bool:
        return any(client.is_connected for client in self.clients)

    def drop(self) -> None:
        """The strap, or the air, ends its link."""
        if self.clients:
            self.link.lose()


class Client:
    """A connection, with the part of bleak's client that is used."""

    def __init__(self, strap: Strap, lost: Callable[[Any], None]) -> None:
        self._strap, self._lost = strap, lost
        self.is_connected = True
        self.heard: Callable[[Any, bytearray], None] | None = None
        self.listens: set[str] = set()
        self._beating: asyncio.Task[None] | None = None
        strap.clients.append(self)

    @property
    def services(self) -> "Client":
        if not self.is_connected:
            raise BleakError("Service Discovery has not been performed yet")
        return self

    def __iter__(self) -> Iterator[str]:
        """Services: none that anybody would know the device by."""
        return iter(())

    def get_characteristic(self, uuid: str) -> str | None:
        return uuid if uuid in self._strap.values else None

    async def start_notify(self, uuid: str, heard: Callable[[Any, bytearray], None]) -> None:
        await _comes_to(self._strap.subscribing)
        if uuid in self.listens:
            raise ValueError("Characteristic notifications already started")
        self.listens.add(uuid)
        self.heard = heard
        self._beating = asyncio.create_task(self._beat())

    async def read_gatt_char(self, uuid: str) -> bytearray:
        await _comes_to(self._strap.reading)
        return bytearray(self._strap.values[uuid])

    async def disconnect(self) -> None:
        await asyncio.sleep(self._strap.disconnect_takes_s)
        self.lose()

    def say(self, payload: bytes) -> None:
        """One notification, now."""
        assert self.heard is not None
        self.heard(None, bytearray(payload))

    def lose(self) -> None:
        """The link ends, and bleak's callback tells so."""
        if self.is_connected:
            self.is_connected = False
            if self._beating is not None:
                self._beating.cancel()
            self._lost(self)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(1)
            if not self._strap.mute:
                self.say(self._strap.payload)


async def _comes_to(attempt: Attempt) -> None:
    await asyncio.sleep(attempt.takes_s)
    if attempt.fails is not None:
        raise attempt.fails


@dataclass(eq=False)
class Ether:
    """The air in this room and this computer's adapter. `scans`: when each scan was begun; `deaf`: scans begun now never hear anything."""

    straps: Sequence[Strap]
    scan_fails: Exception | None = None
    held_fails: Exception | None = None
    deaf: bool = False
    stop_takes_s: float = 0.0
    scans: list[float] = field(default_factory=list)
    scanning: int = 0
    connecting: int = 0
    most_scanning: int = 0
    most_connecting: int = 0
    both: bool = False
    """A scan went on while somebody connected."""
    told_power: Callable[[bool], None] = field(default=lambda _on: None)

    def power(self, on: bool) -> None:
        """The system says that the adapter was switched on, or off."""
        self.told_power(on)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """From here on bleak is this."""
        ether = self

        class Scanner:
            def __init__(self, told: AdvertisementDataCallback) -> None:
                self._told = told
                self._hearing: asyncio.Task[None] | None = None

            async def start(self) -> None:
                ether.scans.append(now())
                if ether.scan_fails is not None:
                    raise ether.scan_fails
                ether.note(scanning=1)
                self._hearing = asyncio.create_task(ether.advertise(self._told, deaf=ether.deaf))

            async def stop(self) -> None:
                ether.note(scanning=-1)
                if self._hearing is not None:
                    self._hearing.cancel()
                await asyncio.sleep(ether.stop_takes_s)

        class Adapter:
            @classmethod
            async def get(cls) -> "Adapter":
                if ether.held_fails is not None:
                    raise ether.held_fails
                return cls()

            async def get_connected_devices(self, services: Sequence[str]) -> list[BLEDevice]:
                assert list(services) == [HEART_RATE_SERVICE]
                return [strap.device for strap in ether.straps if strap.held_by_us or strap.is_linked]

        async def listen(told: Callable[[bool], None]) -> None:
            ether.told_power = told
            await asyncio.Event().wait()

        patch.setattr(bleak, "BleakScanner", Scanner)
        patch.setattr(bleak, "BleakAdapter", Adapter)
        patch.setattr(bleak, "get_platform_scanner_backend_type", lambda: (None, "made up, but as if bluez"))
        patch.setattr(powered, "listen", listen)
        patch.setattr(bleak_retry_connector, "establish_connection", self._establish)

    async def advertise(self, told: AdvertisementDataCallback, *, deaf: bool) -> None:
        while True:
            for strap in self.straps:
                if strap.present and not strap.is_linked and not deaf:
                    told(strap.device, AdvertisementData(strap.name, {}, {}, [HEART_RATE_SERVICE], None, -60, ()))
            await asyncio.sleep(ADVERTISES_S)

    async def _establish(self, _kind: type, device: BLEDevice, _name: str, *, disconnected_callback: Callable[[Any], None], **_more: Any) -> Client:
        (strap,) = (strap for strap in self.straps if strap.address == device.address)
        strap.tried.append(now())
        self.note(connecting=1)
        try:
            await _comes_to(strap.attempts.popleft() if strap.attempts else strap.always)
        finally:
            self.note(connecting=-1)
        return Client(strap, disconnected_callback)

    def note(self, *, scanning: int = 0, connecting: int = 0) -> None:
        self.scanning += scanning
        self.connecting += connecting
        self.most_scanning = max(self.most_scanning, self.scanning)
        self.most_connecting = max(self.most_connecting, self.connecting)
        self.both = self.both or (self.scanning > 0 and self.connecting > 0)


Scene = Callable[[Ether, Radio], Awaitable[None]]


def on_air(scene: Scene, *straps: Strap, patience: Patience | None = None, **ether: Any) -> Ether:
    """Plays a scene with these straps in the room and the program's own radio open; nobody waits for anything."""

    async def play() -> Ether:
        with pytest.MonkeyPatch.context() as patch:
            made = Ether(straps, **ether)
            made.install(patch)
            async with asyncio.timeout(LONGEST_SCENE_S), Radio(patience or Patience(), np.random.default_rng(1)) as radio:
                await asyncio.sleep(0)
                await scene(made, radio)
        return made

    return run_fast(play())


async def at_once(true: Callable[[], bool], seconds: float = 60.0) -> float:
    """Waits in steps of the loop's clock until something holds; how long it took."""
    begun = now()
    while not true():
        assert now() - begun < seconds, f"not within {seconds:g} s"
        await asyncio.sleep(0.1)
    return now() - begun


@contextlib.asynccontextmanager
async def going_on(*calls: Awaitable[Any]) -> Any:
    """Calls that go on beside a scene and are cancelled at its end."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
