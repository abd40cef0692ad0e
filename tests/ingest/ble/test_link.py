"""One connection to a strap: what it says of itself, and that letting go of it never takes long."""

import asyncio
from collections.abc import Callable
from typing import Any

import bleak_retry_connector
import pytest
from bleak.exc import BleakError
from fake_bleak import BEAT, Attempt, Ether, Strap, now, on_air

from ingest.ble.link import Link
from ingest.ble.names import BATTERY_LEVEL, DEVICE_INFORMATION, SENSOR_LOCATION
from ingest.ble.patience import Patience
from ingest.ble.radio import Radio
from ingest.ble.trouble import RADIO_ERRORS

WAITS = Patience()


async def linked(strap: Strap) -> Link:
    return await Link.make(strap.device, strap.name, WAITS)


def test_every_heartbeat_of_a_strap_arrives_as_the_bytes_it_sent():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        got: list[bytes] = []
        link = await linked(strap)
        await link.subscribe(got.append)
        await asyncio.sleep(3.5)
        assert got == [BEAT] * 3
        assert all(type(each) is bytes for each in got), "bleak hands out buffers that it may write to again"

    strap = Strap()
    on_air(scene, strap)


def test_who_listens_already_does_not_ask_again_since_macos_refuses_that():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        got: list[bytes] = []
        link = await linked(strap)
        await link.listen("fb005c82", got.append)
        await link.listen("fb005c82", got.append)
        await asyncio.sleep(2.5)
        assert got == [BEAT] * 2

    strap = Strap()
    on_air(scene, strap)


def test_a_strap_says_what_it_is_where_it_sits_and_how_full_its_cell_is():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        assert await (await linked(strap)).about() == {
            "sensor_location": "chest", "manufacturer": "Polar Electro Oy", "model": "H10", "serial": "51C0FFEE", "battery_pct": 87,
        }  # fmt: skip

    said = {"manufacturer": b"Polar Electro Oy\x00", "model": b" H10 ", "serial": b"51C0FFEE"}
    strap = Strap(values={BATTERY_LEVEL: bytes([87]), SENSOR_LOCATION: b"\x01", **{DEVICE_INFORMATION[field]: text for field, text in said.items()}})
    on_air(scene, strap)


@pytest.mark.parametrize(
    ("level", "battery"),
    [(bytes([0]), {"battery_pct": 0}), (bytes([100]), {"battery_pct": 100}), (bytes([255]), {"battery_pct": 100}), (b"", {})],
    ids=["empty", "full", "more than full", "nothing said"],
)
def test_a_battery_is_between_empty_and_full_or_unknown(level, battery):
    async def scene(_ether: Ether, _radio: Radio) -> None:
        assert await (await linked(strap)).battery() == battery

    strap = Strap(values={BATTERY_LEVEL: level})
    on_air(scene, strap)


@pytest.mark.parametrize(
    "reading",
    [Attempt(fails=BleakError("not permitted")), Attempt(takes_s=3600.0), Attempt(fails=BleakError("org.freedesktop.DBus.Error.NoReply"))],
    ids=["refused", "never answered", "the bus has gone"],
)
def test_a_strap_that_does_not_say_what_it_is_still_sends_its_heartbeats(reading):
    async def scene(_ether: Ether, _radio: Radio) -> None:
        got: list[bytes] = []
        link = await linked(strap)
        await link.subscribe(got.append)
        assert await link.about() == {}
        await asyncio.sleep(2.5)
        assert len(got) >= 2 and not link.lost.is_set()

    strap = Strap(reading=reading)
    on_air(scene, strap)


def test_a_name_that_is_no_text_is_read_as_well_as_it_can_be():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        assert await (await linked(strap)).about() == {"model": "H\ufffd10"}

    strap = Strap(values={DEVICE_INFORMATION["model"]: b"H\xff10"})
    on_air(scene, strap)


def test_a_link_that_is_lost_while_it_is_asked_says_nothing_and_raises_nothing():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        link = await linked(strap)
        strap.drop()
        assert link.lost.is_set()
        assert await link.about() == {}
        assert await link.battery() == {}

    strap = Strap()
    on_air(scene, strap)


def test_a_link_that_was_lost_before_it_was_handed_over_is_known_to_be_lost():
    async def scene(ether: Ether, _radio: Radio) -> None:
        establish = ether._establish

        async def lost_at_once(*asked, **more):
            client = await establish(*asked, **more)
            client.is_connected = False
            return client

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bleak_retry_connector.establish_connection", lost_at_once)
            assert (await linked(strap)).lost.is_set()

    strap = Strap()
    on_air(scene, strap)


def test_a_try_that_bluez_says_nothing_of_costs_a_try_and_not_the_link_that_the_next_one_makes():
    """bluetoothd that never announces that it is connected: bleak takes the strap for gone as it looks for its services, and says so."""

    class Client:
        def __init__(self, _device: Any, *, disconnected_callback: Callable[[Any], None], **_more: Any) -> None:
            self._lost = disconnected_callback
            self.is_connected = False
            made.append(self)

        async def connect(self, **_how: Any) -> None:
            tried.append(now())
            if len(tried) == 1:
                self.lose()
                raise BleakError("failed to discover services, device disconnected")
            self.is_connected = True

        def lose(self) -> None:
            self.is_connected = False
            self._lost(self)

    async def scene(_ether: Ether, _radio: Radio) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bleak_retry_connector, "establish_connection", really)
            patch.setattr(bleak_retry_connector, "BleakClientWithServiceCache", Client)
            link = await linked(strap)
        assert len(tried) == 2 and not link.lost.is_set()
        made[0].lose()
        assert link.lost.is_set()

    made: list[Client] = []
    tried: list[float] = []
    strap, really = Strap(), bleak_retry_connector.establish_connection
    on_air(scene, strap)


def test_a_connection_that_never_comes_about_is_given_up_in_time():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        began = now()
        with pytest.raises(TimeoutError):
            await linked(strap)
        assert now() - began == pytest.approx(WAITS.connect)

    strap = Strap(always=Attempt(takes_s=3600.0))
    on_air(scene, strap)


def test_a_connection_that_is_refused_is_one_of_the_errors_of_a_radio():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        with pytest.raises(RADIO_ERRORS):
            await linked(strap)

    strap = Strap(always=Attempt(fails=BleakError("connection refused")))
    on_air(scene, strap)


def test_letting_go_of_a_strap_ends_its_link():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        link = await linked(strap)
        await link.close()
        assert link.lost.is_set() and not strap.is_linked

    strap = Strap()
    on_air(scene, strap)


def test_a_disconnect_that_blocks_is_left_behind_and_still_comes_about():
    async def scene(_ether: Ether, _radio: Radio) -> None:
        link = await linked(strap)
        began = now()
        await link.close()
        assert now() - began == pytest.approx(WAITS.disconnect)

    strap = Strap(disconnect_takes_s=3600.0)
    on_air(scene, strap)


def test_a_disconnect_that_fails_is_no_error_of_anybody(monkeypatch):
    async def scene(_ether: Ether, _radio: Radio) -> None:
        link = await linked(strap)

        async def fails() -> None:
            raise BleakError("already gone")

        monkeypatch.setattr(strap.link, "disconnect", fails)
        await link.close()

    strap = Strap()
    on_air(scene, strap)
