"""The device itself: heart rate, battery, device information and its maker's own service on a controller, and what a test may do to it.

Knows GATT and advertising; knows nothing of hearts, faults on a schedule, sockets or files, nor what is said over the maker's own service.
The services are those of the kind of device (`ingest.virtual.kinds`) as far as somalink reads them, with its MTU.
"""

import asyncio
import contextlib
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from bumble import core, gatt, hci
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.profiles.device_information_service import DeviceInformationService

from ingest.virtual.asking import Own
from ingest.virtual.chip import CONNECTION_TIMEOUT, Chip
from ingest.virtual.kinds import H10, Kind

HEART_RATE_SERVICE = 0x180D
ADVERTISING_MS = 100.0
TERMINATED = int(hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR)
OUT_OF_REACH = CONNECTION_TIMEOUT


@dataclass(frozen=True, slots=True)
class About:
    """What a device says of itself; by default an H10. The address is made from the name where none is given, so that it stays the same one.

    `skew_ppm`: millionths that its own clock gains. `rate_error`: by how much of itself its sample rates are too high.
    """

    name: str = "Polar H10 51C0FFEE"
    address: str = ""
    battery: int = 87
    serial: str = "51C0FFEE"
    kind: Kind = H10
    skew_ppm: float = 0.0
    rate_error: float = 0.0

    @property
    def where(self) -> str:
        """The static random address: the two highest bits set, as the standard asks."""
        made = bytearray(hashlib.blake2b(self.name.encode(), digest_size=6).digest())
        made[0] |= 0b1100_0000
        return self.address or ":".join(f"{byte:02X}" for byte in made)


def about_of(kind: Kind, number: int, name: str = "", battery: int = 87) -> About:
    """The n-th device, from 1, and of this kind: a serial number of its own, and a name from that where none is given."""
    serial = kind.serial.format(number=number, hexadecimal=0x10000 - 0x12 * number)
    return About(name=name or kind.name.format(serial=serial, number=number), serial=serial, battery=battery, kind=kind)


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """What happened to the link: `connected`, `subscribed`, `unsubscribed` or `disconnected`. `number` counts connections from 1."""

    what: str
    number: int
    reason: int = 0


def _nobody(_event: object) -> None:
    """Who listens to a strap nobody listens to."""


class VirtualStrap:
    """One strap on one chip, connected to one central at most. It advertises whenever it is `present` and free."""

    def __init__(self, chip: Chip, about: About) -> None:
        self.about = about
        self.chip = chip
        self.told: Callable[[LinkEvent], None] = _nobody
        self.asked: Callable[[bytes], None] = _nobody
        """Called with what was written to the maker's own service."""
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
        self._device.gatt_server.max_mtu = self.about.kind.mtu
        self._measurement = Characteristic[bytes](gatt.GATT_HEART_RATE_MEASUREMENT_CHARACTERISTIC, Characteristic.NOTIFY, Characteristic.Permissions(0))
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._on_subscription)
        self._level = Characteristic[bytes](
            gatt.GATT_BATTERY_LEVEL_CHARACTERISTIC, Characteristic.READ | Characteristic.NOTIFY, Characteristic.READABLE, bytes([self.battery])
        )
        own = self.about.kind.own
        self._own = None if own is None else OwnService(own, lambda payload: self.asked(payload))
        self._device.add_services(self._services())
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    def _services(self) -> list[Service]:
        about, kind = self.about, self.about.kind
        location = Characteristic[bytes](gatt.GATT_BODY_SENSOR_LOCATION_CHARACTERISTIC, Characteristic.READ, Characteristic.READABLE, bytes([kind.location]))
        return [
            Service(gatt.GATT_HEART_RATE_SERVICE, [self._measurement, location]),
            Service(gatt.GATT_BATTERY_SERVICE, [self._level]),
            DeviceInformationService(
                manufacturer_name=kind.manufacturer,
                model_number=kind.model,
                serial_number=about.serial,
                hardware_revision=kind.hardware,
                firmware_revision=kind.firmware,
                software_revision=kind.software,
            ),
            *([] if self._own is None else [self._own]),
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

    @property
    def mtu(self) -> int:
        """Bytes of one packet on the link of now, as it was agreed on."""
        return 0 if self._connection is None else int(self._connection.att_mtu)

    @property
    def is_asked_for_data(self) -> bool:
        """Somebody listens to the maker's own service."""
        return self._connection is not None and self._own is not None and self._connection in self._own.asked_by

    async def send(self, payload: bytes) -> bool:
        """Hand data of the maker's own service to the radio; False when nobody asked for it."""
        if self._connection is None or self._own is None or not self.is_asked_for_data:
            return False
        await self._device.notify_subscriber(self._connection, self._own.data, payload)
        return True

    async def reply(self, payload: bytes) -> None:
        """Answer what was asked over the maker's own service; who does not listen for answers gets none."""
        if self._connection is None or self._own is None:
            return
        if not self._own.about.indicates:
            await self.send(payload)
            return
        # The link may go before the indication is confirmed.
        with contextlib.suppress(TimeoutError, core.BaseBumbleError):
            await self._device.indicate_subscriber(self._connection, self._own.control, payload)

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


class OwnService(Service):
    """A maker's own service as attributes. `asked_by`: the connections on which data was asked for."""

    def __init__(self, about: Own, written: Callable[[bytes], None]) -> None:
        self.about = about
        self.asked_by: set[Connection] = set()
        properties = Characteristic.WRITE
        if about.indicates:
            properties |= Characteristic.INDICATE
        if about.features:
            properties |= Characteristic.READ
        value = CharacteristicValue[bytes](read=lambda _bearer: about.features, write=lambda _bearer, payload: written(bytes(payload)))
        self.control = Characteristic[bytes](about.control, properties, Characteristic.READABLE | Characteristic.WRITEABLE, value)
        self.data = Characteristic[bytes](about.data, Characteristic.NOTIFY, Characteristic.Permissions(0))
        self.data.on(Characteristic.EVENT_SUBSCRIPTION, self._on_subscription)
        super().__init__(about.service, [self.control, self.data])

    def _on_subscription(self, connection: Connection, notify: bool, _indicate: bool) -> None:
        if notify and connection not in self.asked_by:
            connection.on(Connection.EVENT_DISCONNECTION, lambda _reason: self.asked_by.discard(connection))
        (self.asked_by.add if notify else self.asked_by.discard)(connection)


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
