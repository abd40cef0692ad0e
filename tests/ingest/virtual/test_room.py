"""The air in a room: who is in it hears each other, and when it closes everything in it is gone at once."""

import asyncio
import socket
import stat
from pathlib import Path

import bleak
import pytest
from bleak.exc import BleakBluetoothNotAvailableError
from fast_loop import run_fast

from ingest.virtual.backend import Radio, installed
from ingest.virtual.profile import About
from ingest.virtual.room import Room, private_socket, room_in_process
from somalink.domain.errors import SomalinkError, UsageError

ADA, BEN = About(name="Polar H10 ADA0"), About(name="Polar H10 BEN0")


async def heard(seconds: float = 1) -> set[str | None]:
    return {device.name for device in await bleak.BleakScanner.discover(seconds)}


def test_everybody_in_a_room_is_heard_and_nobody_of_another():
    async def play() -> None:
        async with room_in_process([ADA, BEN]) as here, room_in_process([About(name="Polar H10 EVA0")]), installed(here):
            assert await heard() == {ADA.name, BEN.name}

    run_fast(play())


def test_a_strap_that_is_brought_in_later_is_heard_as_soon_as_it_is_worn():
    async def play() -> None:
        async with room_in_process([]) as room, installed(room):
            assert await heard() == set()
            strap = await room.wear(BEN)
            assert room.straps == [strap]
            assert await heard() == {BEN.name}

    run_fast(play())


def test_every_chip_that_is_handed_out_is_another_one():
    async def play() -> None:
        room = Room()
        chips = [room.chip(), room.chip(), room.chip("radio")]
        assert len({chip.name for chip in chips}) == 3 and chips[2].name == "radio"
        await room.close()

    run_fast(play())


def test_a_room_that_closes_ends_every_link_in_it_as_when_the_power_fails():
    async def play() -> None:
        room, gone = Room(), asyncio.Event()
        strap = await room.wear(ADA)
        async with installed(room):
            device = await bleak.BleakScanner.find_device_by_name(ADA.name, timeout=5)
            client = bleak.BleakClient(device, lambda _client: gone.set())
            await client.connect()
            await room.close()
            await asyncio.wait_for(gone.wait(), 10)
            assert not room.link.controllers and strap.chip not in room.link.controllers

    run_fast(play())


def test_a_room_closes_when_a_scene_in_it_fails():
    async def play() -> None:
        with pytest.raises(ZeroDivisionError):
            async with room_in_process([ADA]) as room:
                raise ZeroDivisionError
        assert not room.link.controllers

    run_fast(play())


def test_programs_over_a_local_socket_are_in_the_room_and_gone_when_they_hang_up(tmp_path: Path):
    async def play() -> None:
        async with room_in_process([ADA]) as room:
            await room.listen(tmp_path / "s")
            radio = Radio(tmp_path / "s")
            async with installed(radio):
                assert await bleak.BleakScanner.find_device_by_name(ADA.name, timeout=30) is not None
                assert len(room.link.controllers) == 2
            for _ in range(200):
                if len(room.link.controllers) == 1:
                    break
                await asyncio.sleep(0.005)
            assert len(room.link.controllers) == 1

    asyncio.run(play())


def test_a_room_that_closes_takes_its_socket_with_it(tmp_path: Path):
    async def play() -> None:
        async with room_in_process([]) as room:
            await room.listen(tmp_path / "s")
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
        assert not (tmp_path / "s").exists()
        async with installed(tmp_path / "s"):
            with pytest.raises(BleakBluetoothNotAvailableError):
                await heard(0.01)

    asyncio.run(play())


# ---------------------------------------------------------------- sockets


def test_a_folder_for_a_socket_is_made_for_its_owner_alone(tmp_path: Path):
    private_socket(tmp_path / "run" / "s").close()
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run" / "s").stat().st_mode) == 0o600


def test_a_socket_nobody_answers_on_is_cleared_away_and_one_in_use_is_left(tmp_path: Path):
    private_socket(tmp_path / "s").close()
    with private_socket(tmp_path / "s") as used:
        used.listen()
        with pytest.raises(UsageError, match="another virtual strap answers there"):
            private_socket(tmp_path / "s")


def test_a_file_is_not_ours_to_replace(tmp_path: Path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(UsageError, match="is a file, no socket"):
        private_socket(tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_path_too_long_for_a_socket_is_said_so(tmp_path: Path):
    with pytest.raises(SomalinkError, match="no socket can be made there") as caught:
        private_socket(tmp_path / ("s" * 120))
    assert "shorter" in caught.value.next_step


def test_a_system_without_local_sockets_is_told(monkeypatch, tmp_path: Path):
    monkeypatch.delattr(socket, "AF_UNIX")
    with pytest.raises(SomalinkError, match="no local sockets"):
        private_socket(tmp_path / "s")
    assert list(tmp_path.iterdir()) == []
