"""The strap itself: heart rate, battery and device information on a controller, and what a test may do to it.

Knows GATT and advertising; knows nothing of hearts, faults on a schedule, sockets or files. The services are those of a Polar H10 as far as
somalink reads them, with its MTU.
"""

import asyncio
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from bumble import core, gatt, hci
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Service
from bumble.profiles.device_information_service import DeviceInformationService

from ingest.virtual.chip import CONNECTION_TIMEOUT, Chip

HEART_RATE_SERVICE = 0x180D
ADVERTISING_MS = 100.0
TERMINATED = int(hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR)
OUT_OF_REACH = CONNECTION_TIMEOUT
CHEST, WRIST = 1, 2
"""Sensor locations, 0x2A38."""


@dataclass(frozen=True, slots=True)
class About:
    """What a strap says of itself. The address is made from the name where none is given, so that a strap stays the same one."""

    name: str = "Polar H10 51C0FFEE"
    address: str = ""
    battery: int = 87
    manufacturer: str = "Polar Electro Oy"
    model: str = "H10"
    serial: str = "51C0FFEE"
    hardware: str = "00760690.03"
    firmware: str = "5.0.0"
    software: str = "3.1.1"
    location: int = CHEST
    mtu: int = 232

    @property
    def where(self) -> str:
        """The static random address: the two highest bits set, as the standard asks."""
        made = bytearray(hashlib.blake2b(self.name.encode(), digest_size=6).digest())
        made[0] |= 0b1100_0000
        return self.address or ":".join(f"{byte:02X}" for byte in made)


def strap_about(number: int, name: str = "", battery: int = 87) -> About:
    """The n-th strap, from 1: a serial number of its own, and a name from that where none is given."""
    serial = f"51C0{0x10000 - 0x12 * number:04X}"
    return About(name=name or f"Polar H10 {serial}", serial=serial, battery=battery)


def watch_about(number: int, name: str = "", battery: int = 87) -> About:
    """The same of a watch that shares its heart rate: on the wrist, and not by the strap's maker."""
    own = f"W{number:07d}"
    return About(name or f"Watch {number}", "", battery, "somalink", "virtual watch", own, "1", "1", "1", WRIST, mtu=158)


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """What happened to the link: `connected`, `subscribed`, `unsubscribed` or `disconnected`. `number` counts connections from 1."""

    what: str
    number: int
    reason: int = 0


def _nobody(_event: LinkEvent) -> None:
    """Who listens to a strap nobody listens to."""


class VirtualStrap:
    """One strap on one chip, connected to one central at most. It advertises whenever it is `present` and free."""

    def __init__(self, chip: Chip, about: About) -> None:
        self.about = about
        self.chip = chip
        self.told: Callable[[LinkEvent], None] = _nobody
        self.battery = self.about.battery
        self.present = True
        self.link = 0
        self._connection: Connection | None = None
        self._subscribed = False
        self._stopped = False
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        config = DeviceConfiguration(
            name=self.about.name,
            address=hci.Address(self.about.where),
            advertising_interval_min=ADVERTISING_MS,
            advertising_interval_max=ADVERTISING_MS,
            advertising_data=_advertised(self.about.name),
        )
        self._device = Device.from_config_with_hci(config, chip, chip)
        self._device.gatt_server.max_mtu = self.about.mtu
        self._measurement = Characteristic[bytes](gatt.GATT_HEART_RATE_MEASUREMENT_CHARACTERISTIC, Characteristic.NOTIFY, Characteristic.Permissions(0))
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._on_subscription)
        self._level = Characteristic[bytes](
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC, Characteristic.READ | Characteristic.NOTIFY, Characteristic.READABLE, bytes([self.battery])
        )
        self._device.add_services(self._services())
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    def _services(self) -> list[Service]:
        about = self.about
        location = Characteristic[bytes](gatt.GATT_BODY_SENSOR_LOCATION_CHARACTERISTIC, Characteristic.READ, Characteristic.READABLE, bytes([about.location]))
        return [
            Service(gatt.GATT_HEART_RATE_SERVICE, [self._measurement, location]),
            Service(gatt.GATT_BATTERY_SERVICE, [self._level]),
            DeviceInformationService(
                manufacturer_name=about.manufacturer,
                model_number=about.model,
                serial_number=about.serial,
                hardware_revision=about.hardware,
                firmware_revision=about.firmware,
                software_revision=about.software,
            ),
        ]

    # ------------------------------------------------------------ its link

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def is_subscribed(self) -> bool:
        """Somebody asked for heart rate and is still there."""
        return self._connection is not None and self._subscribed

    async def start(self) -> None:
        """Power on, and advertise."""
        await self._device.power_on()
        await self._show()

    async def stop(self) -> None:
        """For good: nothing is begun any more, and what was begun is given up."""
        self._stopped = True
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def notify(self, payload: bytes) -> bool:
        """Hand a heart rate notification to the radio, any bytes at all; False when nobody asked for it."""
        if self._connection is None or not self._subscribed:
            return False
        await self._device.notify_subscriber(self._connection, self._measurement, payload)
        return True

    async def drop_link(self, reason: int = TERMINATED) -> None:
        """End the link from the strap's side; without one, nothing. What was handed to the radio before is still delivered."""
        if self._connection is not None:
            self._subscribed = False
            try:
                await self._connection.disconnect(reason)
            except core.BaseBumbleError:
                # The other side was quicker.
                return

    async def set_present(self, present: bool) -> None:
        """Whether the strap advertises when it is free; one that is away or asleep does not."""
        self.present = present
        await self._show()

    async def set_battery(self, percent: int) -> None:
        """The level to be read from now on; who subscribed to it is told."""
        self.battery = percent
        self._level.value = bytes([percent])
        await self._device.notify_subscribers(self._level, bytes([percent]))

    def refuse(self, refusing: bool) -> None:
        """Advertise, and take up no connection: the other side sees it fail to be established."""
        self.chip.refusing = refusing

    async def _show(self) -> None:
        async with self._changing:
            wanted = self.present and self._connection is None
            if wanted and not self._device.is_advertising:
                await self._device.start_advertising()
            elif not wanted and self._device.is_advertising:
                await self._device.stop_advertising()

    def _soon_show(self) -> None:
        if self._stopped:
            return
        task = asyncio.get_running_loop().create_task(self._show())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_connection(self, connection: Connection) -> None:
        self.link += 1
        self._connection, self._subscribed = connection, False
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self.told(LinkEvent("connected", self.link))

    def _on_disconnection(self, reason: int) -> None:
        self._connection, self._subscribed = None, False
        self.told(LinkEvent("disconnected", self.link, int(reason)))
        self._soon_show()

    def _on_subscription(self, _connection: Connection, notify: bool, _indicate: bool) -> None:
        if notify != self._subscribed:
            self._subscribed = notify
            self.told(LinkEvent("subscribed" if notify else "unsubscribed", self.link))


def _advertised(name: str) -> bytes:
    """Flags, service and name. All in the advertisement: bumble's controller answers a scan request with the same bytes again."""
    return bytes(
        AdvertisingData(
            [
                (AdvertisingData.Type.FLAGS, b"\x06"),
                (AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, struct.pack("<H", HEART_RATE_SERVICE)),
                (AdvertisingData.Type.COMPLETE_LOCAL_NAME, name.encode()),
            ]
        )
    )
