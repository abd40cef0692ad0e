"""Plain bleak on the virtual radio, in one process: what an application sees of a strap, and of everything that goes wrong with one."""

import asyncio
from collections.abc import Awaitable, Callable

import bleak
import pytest
from bleak.backends.device import BLEDevice
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDeviceNotFoundError, BleakError
from bleak_retry_connector import BleakClientWithServiceCache, BleakNotFoundError, close_stale_connections_by_address, establish_connection
from fast_loop import run_fast

from ingest.virtual.backend import Radio, installed
from ingest.virtual.kinds import H10
from ingest.virtual.profile import About
from ingest.virtual.room import Room, room_in_process

HEART_RATE, MEASUREMENT, BATTERY = "180d", "2a37", "2a19"
ADA, BEN = About(name="Polar H10 ADA", serial="ADA", battery=64), About(name="Polar H10 BEN", serial="BEN")

Scene = Callable[[Room, Radio], Awaitable[None]]


def on_air(scene: Scene, *straps: About) -> None:
    """Play a scene on a loop whose time jumps, with these straps in the room."""

    async def play() -> None:
        async with asyncio.timeout(3600), room_in_process(straps or (ADA,)) as room, installed(room) as radio:
            await scene(room, radio)

    run_fast(play())


async def found(about: About = ADA) -> BLEDevice:
    device = await bleak.BleakScanner.find_device_by_name(about.name, timeout=5)
    assert device is not None
    return device


async def settled(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def heard(client: bleak.BleakClient) -> list[bytes]:
    """What this client is notified of, from now on."""
    got: list[bytes] = []
    await client.start_notify(MEASUREMENT, lambda _characteristic, data: got.append(bytes(data)))
    return got


def test_a_strap_is_found_by_its_service_and_tells_its_name():
    async def scene(_room: Room, _radio: Radio) -> None:
        seen = await bleak.BleakScanner.discover(1, return_adv=True, service_uuids=[HEART_RATE])
        assert {device.name for device, _ in seen.values()} == {ADA.name, BEN.name}
        assert set(seen) == {ADA.where, BEN.where}
        assert not await bleak.BleakScanner.discover(1, service_uuids=["180f"])

    on_air(scene, ADA, BEN)


def test_battery_location_and_device_information_can_be_read():
    async def scene(_room: Room, _radio: Radio) -> None:
        async with bleak.BleakClient(await found()) as client:
            assert [bytes(await client.read_gatt_char(each)) for each in (BATTERY, "2a38")] == [bytes([64]), b"\x01"]
            told = [(await client.read_gatt_char(each)).decode() for each in ("2a29", "2a24", "2a25", "2a26", "2a27", "2a28")]
            assert told == [H10.manufacturer, H10.model, "ADA", H10.firmware, H10.hardware, H10.software]
            assert client.mtu_size == H10.mtu and client.name == ADA.name

    on_air(scene)


def test_five_hundred_notifications_arrive_in_order_and_equal_malformed_ones_too():
    async def scene(room: Room, _radio: Radio) -> None:
        async with bleak.BleakClient(await found()) as client:
            got = await heard(client)
            sent = [number.to_bytes(2, "big") + bytes(number % 18) for number in range(500)] + [b"", b"\xff" * 20]
            for payload in sent:
                assert await room.straps[0].notify(payload)
            await settled(lambda: len(got) == len(sent))
            assert got == sent

    on_air(scene)


def test_nothing_is_sent_to_who_did_not_ask_or_asks_no_more():
    async def scene(room: Room, _radio: Radio) -> None:
        strap = room.straps[0]
        assert not await strap.notify(b"1")
        async with bleak.BleakClient(await found()) as client:
            assert not await strap.notify(b"2")
            got = await heard(client)
            assert await strap.notify(b"3")
            await settled(lambda: bool(got))
            await client.stop_notify(MEASUREMENT)
            assert not await strap.notify(b"4") and got == [b"3"]

    on_air(scene)


def test_a_battery_that_falls_is_told_to_who_listens_and_read_afterwards():
    async def scene(room: Room, _radio: Radio) -> None:
        async with bleak.BleakClient(await found()) as client:
            levels: list[int] = []
            await client.start_notify(BATTERY, lambda _characteristic, data: levels.append(data[0]))
            await room.straps[0].set_battery(9)
            await settled(lambda: levels == [9])
            assert (await client.read_gatt_char(BATTERY))[0] == 9

    on_air(scene)


def test_a_link_the_strap_drops_calls_back_and_a_second_connection_works():
    async def scene(room: Room, _radio: Radio) -> None:
        gone = asyncio.Event()
        device = await found()
        client = bleak.BleakClient(device, lambda _client: gone.set())
        await client.connect()
        await room.straps[0].drop_link()
        await gone.wait()
        assert not client.is_connected
        with pytest.raises(BleakError):
            await client.read_gatt_char(BATTERY)
        await client.connect()
        got = await heard(client)
        await room.straps[0].notify(b"again")
        await settled(lambda: got == [b"again"])

    on_air(scene)


def test_a_read_that_waits_when_the_link_goes_ends_in_an_error():
    async def scene(room: Room, radio: Radio) -> None:
        async with bleak.BleakClient(await found()) as client:
            room.straps[0].chip.host = None  # the strap hears nothing any more
            reading = asyncio.ensure_future(client.read_gatt_char(BATTERY))
            await asyncio.sleep(0.1)
            await radio.switch_off()
            with pytest.raises(BleakError):
                await reading

    on_air(scene)


def test_a_strap_that_refuses_is_an_error_of_connect_and_works_afterwards():
    async def scene(room: Room, _radio: Radio) -> None:
        device = await found()
        room.straps[0].refuse(True)
        with pytest.raises(BleakError, match="failed to discover services"):
            await bleak.BleakClient(device).connect()
        room.straps[0].refuse(False)
        async with bleak.BleakClient(device) as client:
            assert client.is_connected

    on_air(scene)


def test_a_strap_that_is_away_is_a_timeout_and_leaves_nothing_pending():
    async def scene(room: Room, _radio: Radio) -> None:
        device, strap = await found(), room.straps[0]
        await strap.set_present(False)
        assert not await bleak.BleakScanner.discover(1)
        with pytest.raises(TimeoutError):
            await bleak.BleakClient(device, timeout=5).connect()
        with pytest.raises(BleakDeviceNotFoundError):
            await bleak.BleakClient(ADA.where, timeout=5).connect()
        await strap.set_present(True)
        async with bleak.BleakClient(ADA.where) as client:
            assert client.name == ADA.name

    on_air(scene)


def test_a_connect_cancelled_at_any_moment_frees_the_strap_and_the_radio():
    async def scene(room: Room, _radio: Radio) -> None:
        device = await found()
        for turns in (*range(0, 40, 2), *range(40, 300, 13)):
            client = bleak.BleakClient(device)
            connecting = asyncio.ensure_future(client.connect())
            for _ in range(turns):
                await asyncio.sleep(0)
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await client.disconnect()
            await settled(lambda: not room.straps[0].is_connected)
        async with bleak.BleakClient(device) as client:
            assert client.is_connected

    on_air(scene)


def test_two_straps_are_held_at_once_and_their_beats_are_kept_apart():
    async def scene(room: Room, _radio: Radio) -> None:
        async with bleak.BleakClient(await found(ADA)) as ada, bleak.BleakClient(await found(BEN)) as ben:
            of_ada, of_ben = await heard(ada), await heard(ben)
            for number in range(20):
                await room.straps[0].notify(b"ada %d" % number)
                await room.straps[1].notify(b"ben %d" % number)
            await settled(lambda: len(of_ada) == len(of_ben) == 20)
            assert of_ada == [b"ada %d" % number for number in range(20)]
            await room.straps[0].drop_link()
            await settled(lambda: not ada.is_connected)
            assert ben.is_connected

    on_air(scene, ADA, BEN)


def test_two_programs_after_one_strap_leave_it_to_one_of_them():
    async def scene(room: Room, _radio: Radio) -> None:
        device = await found()
        other = Radio(room)
        mine, theirs = await asyncio.gather(bleak.BleakClient(device).connect(), _connect_by(other, device), return_exceptions=True)
        assert sorted((mine is None, theirs is None)) == [False, True]
        await other.close()

    on_air(scene)


async def _connect_by(radio: Radio, device: BLEDevice) -> None:
    from ingest.virtual.backend import BumbleClient

    await BumbleClient(device, radio=radio).connect(False)


def test_what_this_computer_holds_already_is_listed_and_can_be_shared():
    async def scene(_room: Room, _radio: Radio) -> None:
        device = await found()
        adapter = await bleak.BleakAdapter.get()
        assert await adapter.get_connected_devices([HEART_RATE]) == []
        async with bleak.BleakClient(device):
            held = await adapter.get_connected_devices([HEART_RATE])
            assert [(each.address, each.name) for each in held] == [(ADA.where, ADA.name)]
            assert await adapter.get_connected_devices(["1816"]) == []
            async with bleak.BleakClient(held[0]) as shared:
                assert (await shared.read_gatt_char(BATTERY))[0] == 64

    on_air(scene)


def test_only_the_services_that_were_asked_for_are_there():
    async def scene(_room: Room, _radio: Radio) -> None:
        async with bleak.BleakClient(await found(), services=[HEART_RATE]) as client:
            assert [service.uuid[4:8] for service in client.services] == [HEART_RATE]
            with pytest.raises(BleakError):
                await client.read_gatt_char(BATTERY)

    on_air(scene)


def test_an_adapter_switched_off_ends_links_and_refuses_scans_until_it_is_back():
    async def scene(_room: Room, radio: Radio) -> None:
        gone = asyncio.Event()
        client = bleak.BleakClient(await found(), lambda _client: gone.set())
        await client.connect()
        await radio.switch_off()
        await gone.wait()
        for use in (bleak.BleakScanner.discover(1), client.connect(), bleak.BleakAdapter.get()):
            with pytest.raises(BleakBluetoothNotAvailableError) as off:
                await use
            assert off.value.reason is BleakBluetoothNotAvailableReason.POWERED_OFF
        radio.switch_on()
        await client.connect()
        assert client.is_connected

    on_air(scene)


def test_the_retrying_connector_works_unchanged_and_asks_no_bluez(monkeypatch):
    import dbus_fast.aio

    def no_bus(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("nobody may ask the D-Bus here")

    monkeypatch.setattr(dbus_fast.aio, "MessageBus", no_bus)
    monkeypatch.setattr("bleak.backends.bluezdbus.manager.MessageBus", no_bus)

    async def scene(room: Room, _radio: Radio) -> None:
        device, strap = await found(), room.straps[0]
        await close_stale_connections_by_address(ADA.where)
        strap.refuse(True)
        asyncio.get_running_loop().call_later(1, strap.refuse, False)
        client = await establish_connection(BleakClientWithServiceCache, device, ADA.name, max_attempts=20)
        assert client.is_connected
        await client.disconnect()
        await strap.set_present(False)
        with pytest.raises(BleakNotFoundError):
            await establish_connection(BleakClientWithServiceCache, device, ADA.name)

    on_air(scene)


def test_bleak_is_itself_again_afterwards():
    before = bleak.get_platform_scanner_backend_type

    async def scene(_room: Room, _radio: Radio) -> None:
        assert bleak.get_platform_scanner_backend_type is not before

    on_air(scene)
    assert bleak.get_platform_scanner_backend_type is before


def test_a_strap_keeps_its_address_and_it_is_a_static_random_one():
    assert ADA.where == About(name=ADA.name).where != BEN.where
    assert int(ADA.where[:2], 16) >= 0b1100_0000
