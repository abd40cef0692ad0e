"""bleak on the virtual radio: scanner, client and adapter, so that an application written against bleak runs unchanged.

    async with installed(Path("room.sock")):     # or a Room in this process
        ...                                       # plain bleak, and bleak-retry-connector on top of it

Errors are bleak's own, and behaviour follows BlueZ's where an application can tell: an address alone is scanned for, a lost link calls back
also while connecting, a device that is connected already is shared, an adapter that has gone raises on the next scan. When the other program
is gone (or `switch_off` is called) links call back and scans raise BleakBluetoothNotAvailableError until it is there again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import bleak
import bleak_retry_connector.bluez
import bleak_retry_connector.dbus
from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_str
from bumble import att, core, hci
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.gatt_client import CharacteristicProxy, DescriptorProxy, ServiceProxy
from bumble.transport.unix import open_unix_client_transport

from ingest.virtual.room import Room

T = TypeVar("T")
BACKEND = "bumble"
LARGEST_MTU = 517
POWER_ON_S = 5.0
"""A program that stands still holds its socket open and says nothing."""
CANCEL_S = 1.0
"""A chip answers in milliseconds; one that has gone never does."""
SERVICE_LISTS = (
    AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)
Reason = BleakBluetoothNotAvailableReason


# ---------------------------------------------------------------- the radio


class Adapter:
    """One life of the radio: a powered bumble device, until `gone`."""

    def __init__(self, device: Device, let_go: Callable[[], Awaitable[None]]) -> None:
        self.device = device
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connecting = asyncio.Lock()
        self.let_go = let_go

    async def during(self, operation: Coroutine[Any, Any, T], *endings: asyncio.Future[None]) -> T:
        """The outcome of an operation, or a BleakError as soon as the adapter or one of the `endings` has gone; never a hang.

        In a task of its own: bumble cancels what waits on a link that is lost, and that is not the caller's cancellation.
        """
        task = asyncio.ensure_future(operation)
        task.add_done_callback(_noticed)
        waited: set[asyncio.Future[Any]] = {task, self.gone, *endings}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        try:
            return await task
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error) or type(error).__name__) from error
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise BleakError("disconnected") from None


def _noticed(task: "asyncio.Future[Any]") -> None:
    """How an operation failed that nobody waits for any more is nobody's news."""
    if not task.cancelled():
        task.exception()


class Radio:
    """What all scanners and clients of this process share. It opens when first used, and again after it was lost."""

    def __init__(self, where: Path | Room) -> None:
        self._where = where
        self._off = False
        self._adapter: Adapter | None = None
        self._opening = asyncio.Lock()
        self._scanners: set[BumbleScanner] = set()
        self._scanning = asyncio.Lock()
        self.links: dict[str, SharedLink] = {}

    async def adapter(self) -> Adapter:
        """The adapter, powered; BleakBluetoothNotAvailableError when there is none."""
        async with self._opening:
            if self._off:
                raise BleakBluetoothNotAvailableError("the virtual adapter is switched off", Reason.POWERED_OFF)
            if self._adapter is None:
                self._adapter = await self._powered(await (self._in_room(self._where) if isinstance(self._where, Room) else self._over_socket(self._where)))
            return self._adapter

    async def _powered(self, adapter: Adapter) -> Adapter:
        adapter.device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        async with contextlib.AsyncExitStack() as unless_powered:
            unless_powered.push_async_callback(adapter.let_go)
            try:
                async with asyncio.timeout(POWER_ON_S):
                    await adapter.during(adapter.device.power_on())
            except (BleakError, TimeoutError) as error:
                raise BleakBluetoothNotAvailableError("the virtual radio does not answer", Reason.UNKNOWN) from error
            unless_powered.pop_all()
        return adapter

    async def _in_room(self, room: Room) -> Adapter:
        chip = room.chip("radio")

        async def leave() -> None:
            chip.leave()

        return Adapter(_device(chip, chip), leave)

    async def _over_socket(self, path: Path) -> Adapter:
        try:
            transport = await open_unix_client_transport(str(path))
        except OSError as error:
            raise BleakBluetoothNotAvailableError(f"no virtual radio answers at {path} ({error.strerror})", Reason.NO_BLUETOOTH) from error
        adapter = Adapter(_device(transport.source, transport.sink), transport.close)
        transport.source.terminated.add_done_callback(lambda _ended: self._lose(adapter))
        return adapter

    def _lose(self, adapter: Adapter) -> None:
        """The adapter has gone, and every link with it."""
        if not adapter.gone.done():
            adapter.gone.set_result(None)
        if self._adapter is adapter:
            self._adapter = None
        for link in list(self.links.values()):
            link.end()

    async def switch_off(self) -> None:
        """As when somebody turns Bluetooth off: links are lost, scans raise."""
        self._off = True
        await self.close()

    def switch_on(self) -> None:
        """The next use finds an adapter again."""
        self._off = False

    async def close(self) -> None:
        """Let go of the adapter, if there is one."""
        adapter = self._adapter
        if adapter is not None:
            self._lose(adapter)
            await adapter.let_go()

    # ------------------------------------------------------------ scanning

    async def start_scan(self, scanner: "BumbleScanner") -> None:
        """Every advertisement heard goes to this scanner too; nothing is heard any more once the adapter has gone."""
        adapter = await self.adapter()
        async with self._scanning:
            if not adapter.device.is_scanning:
                # Passive: an active scan would wait for an answer that a silent strap never gives.
                await adapter.during(adapter.device.start_scanning(active=False))
            self._scanners.add(scanner)

    async def stop_scan(self, scanner: "BumbleScanner") -> None:
        async with self._scanning:
            self._scanners.discard(scanner)
            adapter = self._adapter
            if adapter is not None and not self._scanners and adapter.device.is_scanning:
                with contextlib.suppress(BleakError):
                    await adapter.during(adapter.device.stop_scanning())

    def _on_advertisement(self, heard: Advertisement) -> None:
        for scanner in list(self._scanners):
            scanner.heard(heard)

    # ------------------------------------------------------------ connecting

    async def connect(self, address: hci.Address, timeout: float) -> "SharedLink":
        """A link to a device, shared with whoever has one already; TimeoutError when nobody answers in time."""
        adapter = await self.adapter()
        async with asyncio.timeout(timeout), adapter.connecting:
            known = self.links.get(str(address))
            if known is not None:
                return known
            try:
                return await adapter.during(self._linked(adapter, address))
            except asyncio.CancelledError:
                # The link may have come up in the very moment its asker left.
                unwanted = self.links.get(str(address))
                if unwanted is not None:
                    await unwanted.hang_up()
                raise

    async def _linked(self, adapter: Adapter, address: hci.Address) -> "SharedLink":
        link = SharedLink(adapter, await _connect(adapter.device, address))
        if not link.gone.done():
            self.links[str(address)] = link
            link.when_ended(lambda: self.links.pop(str(address), None))
        return link


def _device(source: Any, sink: Any) -> Device:
    """A central with a static random address of its own, so that several programs in one room stay apart."""
    return Device.from_config_with_hci(DeviceConfiguration(name="somalink", address=hci.Address.generate_static_address()), source, sink)


async def _connect(device: Device, address: hci.Address) -> Connection:
    """Connect, and leave nothing pending behind when cancelled: the next attempt would be refused."""
    attempt = asyncio.ensure_future(device.connect_le(address, timeout=None))
    attempt.add_done_callback(_noticed)
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        with contextlib.suppress(core.BaseBumbleError, TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(CANCEL_S):
                await device.cancel_connection()  # type: ignore[no-untyped-call]
                made = await attempt
                await made.disconnect()
        raise
    finally:
        attempt.cancel()


class SharedLink:
    """A connection and its GATT client, for every client of this process that has the device."""

    def __init__(self, adapter: Adapter, connection: Connection) -> None:
        self.adapter = adapter
        self.connection = connection
        self.peer = Peer(connection)
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.offers: Sequence[ServiceProxy] | None = None
        self.name: str | None = None
        self._discovering = asyncio.Lock()
        self._listeners: list[Callable[[], object]] = []
        connection.on(Connection.EVENT_DISCONNECTION, lambda _reason: self.end())
        if adapter.device.connections.get(connection.handle) is not connection:
            # Refused at once: it ended before anybody could ask to be told.
            self.end()

    def when_ended(self, listener: Callable[[], object]) -> None:
        """Call back once when the link has ended; at once where it has."""
        if self.gone.done():
            listener()
        else:
            self._listeners.append(listener)

    def end(self) -> None:
        """The link is lost, whoever lost it; told once."""
        if self.gone.done():
            return
        self.gone.set_result(None)
        for listener in self._listeners:
            listener()

    async def during(self, operation: Coroutine[Any, Any, T]) -> T:
        """The outcome of an operation on this link, or BleakError when it goes meanwhile."""
        if self.gone.done():
            operation.close()
            raise BleakError("Not connected")
        return await self.adapter.during(operation, self.gone)

    async def discover(self) -> Sequence[ServiceProxy]:
        """Everything the device offers, down to descriptors; asked once a link."""
        async with self._discovering:
            if self.offers is None:
                await self.during(self.peer.request_mtu(LARGEST_MTU))
                self.offers = await self.during(self._discovered())
            return self.offers

    async def _discovered(self) -> Sequence[ServiceProxy]:
        found = await self.peer.discover_services()
        for service in found:
            for characteristic in await service.discover_characteristics():
                await characteristic.discover_descriptors()
        return found

    def longest_write(self) -> int:
        return int(self.connection.att_mtu) - 3

    async def hang_up(self) -> None:
        with contextlib.suppress(BleakError):
            await self.during(self.connection.disconnect())
        self.end()


def _uuid(found: core.UUID) -> str:
    return normalize_uuid_str(str(found.to_hex_str("-")))


# ---------------------------------------------------------------- bleak's three faces


class BumbleScanner(BaseBleakScanner):
    """Hears advertisements while it runs."""

    def __init__(
        self, detection_callback: AdvertisementDataCallback | None = None, service_uuids: list[str] | None = None, *_mode: str, radio: Radio, **_others: Any
    ) -> None:
        super().__init__(detection_callback, [normalize_uuid_str(each) for each in service_uuids] if service_uuids else None)
        self._radio = radio

    async def start(self) -> None:
        self.seen_devices = {}
        await self._radio.start_scan(self)

    async def stop(self) -> None:
        await self._radio.stop_scan(self)

    def heard(self, advertisement: Advertisement) -> None:
        """One advertisement, told to whoever asked for a service it names."""
        data: Any = advertisement.data
        offered = [_uuid(each) for kind in SERVICE_LISTS for group in data.get_all(kind) for each in group]
        if not self.is_allowed_uuid(offered):
            return
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME) or data.get(AdvertisingData.Type.SHORTENED_LOCAL_NAME)
        makers = {int(company): bytes(value) for company, value in data.get_all(AdvertisingData.Type.MANUFACTURER_SPECIFIC_DATA)}
        power = data.get(AdvertisingData.Type.TX_POWER_LEVEL)
        address = advertisement.address.to_string(False)
        told = AdvertisementData(name, makers, {}, offered, power, advertisement.rssi, (advertisement,))
        self.call_detection_callbacks(self.create_or_update_device(address, address, name, advertisement.address, told), told)


class BumbleClient(BaseBleakClient):
    """One application's hold on one device."""

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        radio: Radio,
        services: Iterable[str] | None = None,
        disconnected_callback: Callable[[], None] | None = None,
        timeout: float = 30.0,
        **_others: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        known = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._radio = radio
        self._peer: hci.Address | None = known.details if known else None
        self._name = known.name if known else None
        self._wanted = None if services is None else frozenset(services)
        self._link: SharedLink | None = None
        self._heard: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return int(self._link.connection.att_mtu) if self._link else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        return self._link is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Find if need be, connect, discover. Straps need no pairing, so `pair` is passed over."""
        if self.is_connected:
            raise BleakError("Client is already connected")
        timeout = float(kwargs.get("timeout", self._timeout))
        address = self._peer or await self._find(timeout)
        link = await self._radio.connect(address, timeout)
        link.name, self._link = self._name, link
        link.when_ended(self._on_ended)
        try:
            async with asyncio.timeout(timeout):
                self.services = _services(link, await link.discover(), self._wanted)
        except BleakError as error:
            raise BleakError("failed to discover services, device disconnected") from error
        finally:
            if self.services is None:
                await link.hang_up()

    async def _find(self, timeout: float) -> hci.Address:
        found = await bleak.BleakScanner.find_device_by_address(self.address, timeout)
        if found is None:
            raise BleakDeviceNotFoundError(self.address, f"Device with address {self.address} was not found.")
        self._peer, self._name = found.details, found.name
        return found.details  # type: ignore[no-any-return]

    def _on_ended(self) -> None:
        self._link = self.services = None
        self._heard.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    def _held(self) -> SharedLink:
        if self._link is None:
            raise BleakError("Not connected")
        return self._link

    async def disconnect(self) -> None:
        if self._link is not None:
            await self._link.hang_up()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        raise NotImplementedError("a virtual strap needs no pairing")

    async def unpair(self) -> None:
        raise NotImplementedError("a virtual strap needs no pairing")

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any) -> bytearray:
        proxy: CharacteristicProxy[bytes] = characteristic.obj
        return bytearray(await self._held().during(proxy.read_value()))

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_kwargs: Any) -> bytearray:
        proxy: DescriptorProxy = descriptor.obj
        return bytearray(await self._held().during(proxy.read_value()))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        proxy: CharacteristicProxy[bytes] = characteristic.obj
        await self._held().during(proxy.write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        proxy: DescriptorProxy = descriptor.obj
        await self._held().during(proxy.write_value(bytes(data), with_response=True))

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: Callable[[bytearray], None], **_kwargs: Any) -> None:
        if characteristic.handle in self._heard:
            raise BleakError("Characteristic notifications already started")

        def heard(value: bytes) -> None:
            callback(bytearray(value))

        self._heard[characteristic.handle] = heard
        proxy: CharacteristicProxy[bytes] = characteristic.obj
        try:
            await self._held().during(proxy.subscribe(heard))
        except BleakError:
            self._heard.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        heard = self._heard.pop(characteristic.handle, None)
        if heard is not None:
            proxy: CharacteristicProxy[bytes] = characteristic.obj
            await self._held().during(proxy.unsubscribe(heard))


def _services(link: SharedLink, offers: Sequence[ServiceProxy], wanted: frozenset[str] | None) -> BleakGATTServiceCollection:
    """What a device offers in bleak's words: all of it, or the services that were asked for."""
    found = BleakGATTServiceCollection()
    for proxy in offers:
        service = BleakGATTService(proxy, proxy.handle, _uuid(proxy.uuid))
        if wanted is not None and service.uuid not in wanted:
            continue
        found.add_service(service)
        for each in proxy.characteristics:
            # bleak counts from the declaration, which stands one before the value, as in BlueZ.
            properties = list(gatt_char_props_to_strs(int(each.properties)))
            characteristic = BleakGATTCharacteristic(each, each.handle - 1, _uuid(each.uuid), properties, link.longest_write, service)
            found.add_characteristic(characteristic)
            for below in each.descriptors:
                found.add_descriptor(BleakGATTDescriptor(below, below.handle, _uuid(below.type), characteristic))
    return found


class BumbleAdapter(BaseBleakAdapter):
    """What this process is connected to already."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio

    async def get_connected_devices(self, service_uuids: frozenset[str]) -> list[BLEDevice]:
        await self._radio.adapter()
        return [
            BLEDevice(link.connection.peer_address.to_string(False), link.name, link.connection.peer_address)
            for link in self._radio.links.values()
            if any(_uuid(service.uuid) in service_uuids for service in link.offers or ())
        ]


# ---------------------------------------------------------------- entering it


@contextlib.asynccontextmanager
async def installed(where: Path | Room | Radio) -> AsyncIterator[Radio]:
    """Within it bleak speaks to the virtual radio: at the socket of a strap program, or in a room of this process.

    BlueZ is not asked for anything: bleak-retry-connector looks there for devices on other adapters, and finds none.
    """
    radio = where if isinstance(where, Radio) else Radio(where)

    async def get(**_others: Any) -> BumbleAdapter:
        await radio.adapter()
        return BumbleAdapter(radio)

    async def no_manager() -> None:
        return None

    face = type("BumbleAdapterHere", (BumbleAdapter,), {"get": staticmethod(get)})
    with contextlib.ExitStack() as replaced:
        for module, name, stand_in in (
            (bleak, "get_platform_scanner_backend_type", lambda: (partial(BumbleScanner, radio=radio), BACKEND)),
            (bleak, "get_platform_client_backend_type", lambda: (partial(BumbleClient, radio=radio), BACKEND)),
            (bleak, "get_platform_adapter_backend_type", lambda: (face, BACKEND)),
            (bleak_retry_connector.bluez, "get_global_bluez_manager_with_timeout", no_manager),
            (bleak_retry_connector.bluez, "get_global_bluez_manager_sync", no_manager_sync),
            (bleak_retry_connector.dbus, "get_global_bluez_manager_with_timeout", no_manager),
        ):
            replaced.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, stand_in)
        try:
            yield radio
        finally:
            await radio.close()


def no_manager_sync() -> None:
    """No BlueZ is running as far as anybody here can tell."""
