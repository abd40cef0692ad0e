"""Which straps and watches are in reach, and which of them this computer holds already.

Knows advertisements, and asks the catalogue of devices about names; connects to nothing and remembers nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median_low
from typing import TYPE_CHECKING

from ingest.ble.leaving import within
from ingest.ble.names import HEART_RATE_SERVICE, normalise
from ingest.ble.trouble import RADIO_ERRORS, done_without, trouble_of
from ingest.devices.catalogue import Family, family_of, named

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback

COMMAND_S = 5.0
"""A system that takes longer to begin or end a scan, or to list its connections, does not answer."""
RSSI_UNKNOWN = 127
"""What macOS and the specification put where no signal strength was measured."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One device that was heard, or is held by this computer."""

    address: str
    """As the system calls it: a Bluetooth address, on macOS an id that holds on this Mac alone."""
    name: str
    """As the device calls itself; empty where it does not say."""
    rssi: int | None
    """Median signal strength in dBm; None for one that is held and therefore silent."""
    heart_rate: bool
    """It offers the Heart Rate service."""
    known_by_name: bool
    """It is called as a family of the catalogue is: a hint, and no proof."""
    held: bool
    """This computer is connected to it already."""

    @property
    def family(self) -> Family | None:
        """What it is by its name; None for one that neither offers heart rate nor is called as if it did."""
        return family_of(self.name) if self.is_strap else None

    @property
    def is_strap(self) -> bool:
        """Worth showing to somebody who looks for a strap or a watch."""
        return self.heart_rate or self.known_by_name


def is_known_name(name: str | None) -> bool:
    """Whether heart rate sensors are called so."""
    return named(name) is not None


def is_heart_rate(services: Iterable[str], name: str | None = None) -> bool:
    """Whether it offers the Heart Rate service, or at least is called as if it did."""
    return HEART_RATE_SERVICE in map(normalise, services) or is_known_name(name)


async def scan(seconds: float = 10.0) -> list[Sighting]:
    """Listens for so long. Everything that was heard: what is held first, then the strongest signal first.

    BluetoothUnavailable, with its next step, when this computer cannot listen.
    """
    heard: dict[str, _Heard] = {}

    def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
        heard.setdefault(device.address, _Heard()).note(data.local_name or device.name, data.service_uuids, data.rssi)

    try:
        await listen(seconds, on_advertisement)
    except RADIO_ERRORS as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        raise trouble.error() from error
    for device in await held():
        heard.setdefault(device.address, _Heard()).hold(device.name)
    return sorted((each.sighting(address) for address, each in heard.items()), key=_nearest_first)


async def held() -> list[BLEDevice]:
    """Heart rate sensors that this computer is connected to: they do not advertise, so no scan hears them. None where the system cannot tell."""
    from bleak import BleakAdapter

    with contextlib.suppress(NotImplementedError), done_without():
        adapter = await within(COMMAND_S, BleakAdapter.get())
        return await within(COMMAND_S, adapter.get_connected_devices([HEART_RATE_SERVICE]))
    return []


async def listen(seconds: float, on_advertisement: AdvertisementDataCallback) -> None:
    """One scan; what bleak raises comes through. How it ends is not waited for too long, and spoils nothing that was heard."""
    from bleak import BleakScanner

    scanner = BleakScanner(on_advertisement)
    await within(COMMAND_S, scanner.start())
    try:
        await asyncio.sleep(seconds)
    finally:
        with done_without():
            await within(COMMAND_S, scanner.stop())


@dataclass(slots=True)
class _Heard:
    """What one device has said so far: a name and a service may come in different packets."""

    name: str = ""
    services: set[str] = field(default_factory=set)
    rssi: list[int] = field(default_factory=list)
    held: bool = False

    def note(self, name: str | None, services: Iterable[str], rssi: int) -> None:
        self.name = name or self.name
        self.services.update(map(normalise, services))
        if rssi != RSSI_UNKNOWN:
            self.rssi.append(rssi)

    def hold(self, name: str | None) -> None:
        self.name = name or self.name
        self.services.add(HEART_RATE_SERVICE)
        self.held = True

    def sighting(self, address: str) -> Sighting:
        rssi = median_low(self.rssi) if self.rssi else None
        return Sighting(address, self.name, rssi, HEART_RATE_SERVICE in self.services, is_known_name(self.name), self.held)


def _nearest_first(seen: Sighting) -> tuple[bool, float, str]:
    return (not seen.held, -seen.rssi if seen.rssi is not None else float("inf"), seen.address)
