"""A virtual strap is one that a program cannot tell from a Polar H10, as far as it looks."""

import asyncio
from collections.abc import Awaitable, Callable

import bleak
import pytest
from fast_loop import run_fast
from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.finding import is_heart_rate
from ingest.virtual.backend import installed
from ingest.virtual.kinds import H10, KINDS, WATCH
from ingest.virtual.profile import OUT_OF_REACH, TERMINATED, About, LinkEvent, VirtualStrap, about_of
from ingest.virtual.room import room_in_process
from somalink.pipeline.wearing import device_of, is_address

ADA = About(name="Polar H10 ADA0")
MEASUREMENT, BATTERY = "2a37", "2a19"


def worn(scene: Callable[[VirtualStrap, list[LinkEvent]], Awaitable[None]], about: About = ADA) -> None:
    async def play() -> None:
        async with asyncio.timeout(3600), room_in_process([about]) as room, installed(room):
            (strap,) = room.straps
            told: list[LinkEvent] = []
            strap.told = told.append
            await scene(strap, told)

    run_fast(play())


async def client(strap: VirtualStrap) -> bleak.BleakClient:
    device = await bleak.BleakScanner.find_device_by_name(strap.about.name, timeout=5)
    assert device is not None
    made = bleak.BleakClient(device)
    await made.connect()
    return made


async def is_heard(strap: VirtualStrap) -> bool:
    return await bleak.BleakScanner.find_device_by_name(strap.about.name, timeout=1) is not None


# ---------------------------------------------------------------- what it says of itself


@given(st.sampled_from(list(KINDS.values())), st.integers(1, 3000), st.integers(1, 3000))
def test_every_device_of_a_program_is_another_one_and_stays_what_it_is(kind, one, other):
    a, b = about_of(kind, one), about_of(kind, other)
    assert ((a.name, a.where) == (b.name, b.where)) == (one == other)
    assert a == about_of(kind, one)


@given(st.text(min_size=1, max_size=20))
def test_an_address_is_made_from_the_name_and_is_a_static_random_one(name):
    where = About(name=name).where
    assert is_address(where)
    assert int(where[:2], 16) >> 6 == 0b11
    assert where == About(name=name, battery=3).where


def test_an_address_that_is_given_is_kept():
    assert About(address="C0:FF:EE:00:00:01").where == "C0:FF:EE:00:00:01"


@pytest.mark.parametrize("number", [1, 2, 17])
def test_a_strap_is_called_as_its_maker_would_and_names_one_unit(number):
    about = about_of(H10, number)
    assert about.name == f"Polar H10 {about.serial}"
    assert is_heart_rate([], about.name)
    assert device_of(about.name, about.where) == about.name.lower().replace(" ", "-")


def test_a_watch_sits_on_the_wrist_and_is_not_by_the_straps_maker():
    assert (WATCH.location, H10.location) == (2, 1)
    assert WATCH.manufacturer != H10.manufacturer
    assert about_of(WATCH, 3, "Forerunner", 40).name == "Forerunner"


# ---------------------------------------------------------------- its link


def test_it_says_when_it_is_connected_asked_for_heart_rate_asked_no_more_and_left():
    async def scene(strap: VirtualStrap, told: list[LinkEvent]) -> None:
        held = await client(strap)
        assert strap.is_connected and not strap.is_subscribed
        await held.start_notify(MEASUREMENT, lambda *_: None)
        assert strap.is_subscribed
        await held.stop_notify(MEASUREMENT)
        assert not strap.is_subscribed
        await held.disconnect()
        await asyncio.sleep(0.1)
        assert [(event.what, event.number) for event in told] == [("connected", 1), ("subscribed", 1), ("unsubscribed", 1), ("disconnected", 1)]
        await client(strap)
        assert (told[-1].what, told[-1].number, strap.link) == ("connected", 2, 2)

    worn(scene)


@pytest.mark.parametrize("reason", [TERMINATED, OUT_OF_REACH])
def test_a_link_that_it_drops_ends_for_the_reason_it_gives(reason):
    async def scene(strap: VirtualStrap, told: list[LinkEvent]) -> None:
        held = await client(strap)
        await strap.drop_link(reason)
        await asyncio.sleep(0.1)
        assert not held.is_connected and not strap.is_connected
        assert told[-1] == LinkEvent("disconnected", 1, reason)

    worn(scene)


def test_dropping_a_link_that_is_not_there_is_nothing():
    async def scene(strap: VirtualStrap, told: list[LinkEvent]) -> None:
        await strap.drop_link()
        assert told == []

    worn(scene)


def test_what_nobody_asked_for_is_not_sent_and_said_so():
    async def scene(strap: VirtualStrap, _told: list[LinkEvent]) -> None:
        got: list[bytes] = []
        assert await strap.notify(b"\x00\x48") is False
        held = await client(strap)
        assert await strap.notify(b"\x00\x48") is False
        await held.start_notify(MEASUREMENT, lambda _, data: got.append(bytes(data)))
        assert await strap.notify(b"\x00\x48") is True
        assert await strap.notify(b"") is True
        await asyncio.sleep(0.1)
        assert got == [b"\x00\x48", b""]

    worn(scene)


def test_it_advertises_when_it_is_there_and_free_and_only_then():
    async def scene(strap: VirtualStrap, _told: list[LinkEvent]) -> None:
        assert await is_heard(strap)
        await strap.set_present(False)
        assert not await is_heard(strap)
        await strap.set_present(True)
        held = await client(strap)
        assert not await is_heard(strap)
        await strap.set_present(True)
        assert not await is_heard(strap)
        await held.disconnect()
        assert await is_heard(strap)

    worn(scene)


def test_one_that_goes_away_while_it_is_held_does_not_advertise_when_it_is_let_go():
    async def scene(strap: VirtualStrap, _told: list[LinkEvent]) -> None:
        await client(strap)
        await strap.set_present(False)
        await strap.drop_link(OUT_OF_REACH)
        assert not await is_heard(strap)

    worn(scene)


def test_a_battery_that_falls_is_what_is_read_from_then_on():
    async def scene(strap: VirtualStrap, _told: list[LinkEvent]) -> None:
        held = await client(strap)
        assert bytes(await held.read_gatt_char(BATTERY)) == bytes([64])
        await strap.set_battery(9)
        assert bytes(await held.read_gatt_char(BATTERY)) == bytes([9])
        assert strap.battery == 9

    worn(scene, About(name="Polar H10 ADA0", battery=64))


def test_one_that_was_stopped_begins_nothing_any_more():
    async def scene(strap: VirtualStrap, _told: list[LinkEvent]) -> None:
        held = await client(strap)
        await strap.stop()
        await held.disconnect()
        assert not await is_heard(strap)

    worn(scene)
