"""Which straps and watches are in reach, and which of them this computer holds already.

Knows advertisements and the names that makers give; connects to nothing and remembers nothing.
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

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback

COMMAND_S = 5.0
"""A system that takes longer to begin or end a scan, or to list its connections, does not answer."""
RSSI_UNKNOWN = 127
"""What macOS and the specification put where no signal strength was measured."""

KNOWN_NAMES = (
    # Chest straps and arm bands. Most name the service too; some firmware puts it into a scan response that gets lost.
    "Polar ", "HRM", "TICKR", "Wahoo", "Movesense", "Suunto", "COROS", "MYZONE", "Zephyr", "BioHarness", "Aidlab", "Frontier", "Viiiiva", "4iiii", "60beat",
    "RHYTHM", "Scosche", "XOSS", "CooSpo", "808S", "H6 ", "H808", "H9Z", "HW7", "HW8", "HW9", "H64-", "H303", "H603", "H613", "Magene", "Dual HR", "Geonaute",
    "Decathlon", "Kalenji", "Powr Labs", "Livlov", "iGPSPORT", "CYCPLUS", "BlueHR",
    # Watches and bands that share their heart rate only once told to, and leave the service out when short of room.
    "Garmin", "Forerunner", "fenix", "fēnix", "epix", "Venu", "vivo", "Instinct", "Enduro", "Amazfit", "Zepp", "Mi Band", "Mi Smart Band", "Xiaomi Smart Band",
    "Xiaomi Watch", "Redmi Watch", "WHOOP", "Fitbit", "Charge 6", "Pixel Watch", "HUAWEI", "HONOR Band", "HONOR Watch", "Bangle.js", "PineTime", "InfiniTime",
)  # fmt: skip
"""How the names begin under which heart rate sensors are known to go. A hint, not a proof: `Sighting.known_by_name` is said to be one."""
_KNOWN = tuple(name.casefold() for name in KNOWN_NAMES)


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
    """Its name begins as those of heart rate sensors do."""
    held: bool
    """This computer is connected to it already."""

    @property
    def is_strap(self) -> bool:
        """Worth showing to somebody who looks for a strap or a watch."""
        return self.heart_rate or self.known_by_name


def is_known_name(name: str | None) -> bool:
    """Whether a name begins as those of heart rate sensors do."""
    return (name or "").casefold().startswith(_KNOWN)


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
