"""A chip that is a program does what real ones do where a host would otherwise hang."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from bumble import hci
from bumble.core import BaseBumbleError
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.link import LocalLink
from fast_loop import run_fast

from ingest.virtual.chip import CONNECTION_TIMEOUT, NOT_ESTABLISHED, Chip

STRAP, COMPUTER = hci.Address("C0:00:00:00:00:01"), hci.Address("C0:00:00:00:00:02")


class Air:
    """A chip that advertises and one that connects, on one link."""

    def __init__(self) -> None:
        self.link = LocalLink()
        self.strap_chip, self.computer_chip = Chip("strap", self.link), Chip("computer", self.link)
        self.strap, self.computer = host(self.strap_chip, STRAP), host(self.computer_chip, COMPUTER)
        self.ended: list[tuple[str, int]] = []

    async def opened(self) -> "Air":
        await self.strap.power_on()
        await self.computer.power_on()
        await self.strap.start_advertising(auto_restart=False)
        return self

    async def connected(self) -> Connection:
        theirs: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self.strap.once(Device.EVENT_CONNECTION, theirs.set_result)
        ours = await self.computer.connect_le(STRAP, timeout=5)
        for who, connection in (("computer", ours), ("strap", await theirs)):
            connection.on(Connection.EVENT_DISCONNECTION, lambda reason, who=who: self.ended.append((who, int(reason))))
        return ours


def host(chip: Chip, address: hci.Address) -> Device:
    return Device.from_config_with_hci(DeviceConfiguration(name="test", address=address), chip, chip)


def on_air(scene: Callable[[Air], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(3600):
            air = await Air().opened()
            await scene(air)
            for chip in (air.strap_chip, air.computer_chip):
                chip.leave()
            await asyncio.sleep(0)

    run_fast(play())


def test_a_chip_that_leaves_takes_its_links_with_it_and_the_other_side_is_told_a_timeout():
    async def scene(air: Air) -> None:
        await air.connected()
        air.strap_chip.leave()
        await asyncio.sleep(0.1)
        assert sorted(air.ended) == [("computer", CONNECTION_TIMEOUT), ("strap", CONNECTION_TIMEOUT)]
        assert air.strap_chip not in air.link.controllers
        air.strap_chip.leave()  # a second time is no matter

    on_air(scene)


def test_a_reset_forgets_the_links_of_the_host_before():
    async def scene(air: Air) -> None:
        await air.connected()
        await air.computer.host.reset()
        await asyncio.sleep(0.1)
        assert ("strap", CONNECTION_TIMEOUT) in air.ended
        assert not air.computer_chip.le_connections and not air.strap_chip.le_connections

    on_air(scene)


def test_a_reset_ends_advertising_and_scanning():
    async def scene(air: Air) -> None:
        await air.computer.start_scanning(active=False)
        await air.strap.host.reset()
        await air.computer.host.reset()
        assert not air.strap_chip.le_legacy_advertiser.enabled
        assert not air.computer_chip.le_scan_enable

    on_air(scene)


def test_a_strap_that_refuses_is_a_connection_that_failed_to_be_established_and_no_hang():
    async def scene(air: Air) -> None:
        air.strap_chip.refusing = True
        seen: list[int] = []
        air.computer.on(Device.EVENT_CONNECTION, lambda connection: connection.on(Connection.EVENT_DISCONNECTION, lambda reason: seen.append(int(reason))))
        with pytest.raises((BaseBumbleError, TimeoutError)):
            await (await air.computer.connect_le(STRAP, timeout=5)).request_remote_name()
        await asyncio.sleep(0.1)
        assert seen == [NOT_ESTABLISHED]
        assert not air.strap_chip.le_connections

    on_air(scene)


def test_a_strap_that_refused_takes_the_next_connection_up():
    async def scene(air: Air) -> None:
        air.strap_chip.refusing = True
        await air.computer.connect_le(STRAP, timeout=5)
        await asyncio.sleep(0.1)
        air.strap_chip.refusing = False
        await air.connected()
        assert len(air.strap_chip.le_connections) == 1

    on_air(scene)


def test_a_connection_that_waits_for_nobody_can_be_cancelled_and_the_next_one_works():
    async def scene(air: Air) -> None:
        await air.strap.stop_advertising()
        with pytest.raises((BaseBumbleError, TimeoutError)):
            await air.computer.connect_le(STRAP, timeout=2)
        assert air.computer_chip.pending_le_connection is None
        await air.strap.start_advertising(auto_restart=False)
        await air.connected()

    on_air(scene)


def test_what_is_meant_for_a_link_that_has_ended_is_passed_over():
    async def scene(air: Air) -> None:
        ours = await air.connected()
        theirs = next(iter(air.strap_chip.le_connections.values()))
        air.strap_chip.on_le_disconnected(theirs, CONNECTION_TIMEOUT)
        await ours.disconnect()  # its farewell crosses the end of the link
        await asyncio.sleep(0.1)
        assert not air.computer_chip.le_connections

    on_air(scene)


def test_the_chip_is_one_that_linux_waits_for_no_newer_event_of():
    assert not Chip.le_features & (hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)
