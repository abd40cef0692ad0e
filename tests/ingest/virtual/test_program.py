"""The strap as a program of its own, over its sockets, as other programs meet it."""

import asyncio
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import bleak
import pytest
from bleak.exc import BleakBluetoothNotAvailableError
from recording_folders import folder
from strap_program import ROOT, StrapProgram

from ingest.virtual.backend import installed
from ingest.virtual.beatlog import boot_ns
from ingest.virtual.room import Room, private_socket
from somalink.domain.errors import SomalinkError, UsageError

RECORDING = "t_s,rr_ms\n" + "".join(f"{at * 0.8:.1f},800\n" for at in range(1, 4000))
WITHIN_S = 30


@pytest.fixture
def program(tmp_path: Path) -> StrapProgram:
    return StrapProgram(tmp_path, folder(tmp_path / "day", rr=RECORDING), "--speed", "50")


async def until(condition) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.e2e
def test_across_processes_all_arrives_and_a_killed_strap_program_is_an_adapter_pulled_out(program):
    arrived: list[tuple[int, str]] = []
    gone = asyncio.Event()

    async def listen(client: bleak.BleakClient) -> None:
        await client.start_notify("2a37", lambda _characteristic, data: arrived.append((boot_ns(), bytes(data).hex())))

    async def play() -> None:
        told = program.start()
        async with installed(program.socket):
            device = await bleak.BleakScanner.find_device_by_name(told["advertising"][0]["name"], timeout=WITHIN_S)
            client = bleak.BleakClient(device, lambda _client: gone.set())
            await client.connect()
            await listen(client)
            await until(lambda: len(arrived) >= 50)
            program.kill()
            await gone.wait()
            with pytest.raises(BleakBluetoothNotAvailableError):
                await bleak.BleakScanner.discover(0.1)
            program.start()
            await client.connect()
            before = len(arrived)
            await listen(client)
            await until(lambda: len(arrived) >= before + 50)
            assert program.ask("status")["straps"][0]["subscribed"]
        assert program.stop() == 0 and not program.errors.read_text()

    asyncio.run(play())
    sent = program.rows("notification")
    payloads = [payload for _, payload in arrived]
    # What the program wrote down in its last moment it may not have handed on; nothing else is missing, nothing is out of order.
    assert len(sent) - len(arrived) <= 2
    left = iter(row["payload"] for row in sent)
    assert all(payload in left for payload in payloads)
    assert [row["reason"] for row in program.rows("disconnected")] == [8]


@pytest.mark.e2e
def test_a_listener_that_dies_frees_the_strap(program):
    async def listen() -> None:
        async with installed(program.socket) as radio:
            device = await bleak.BleakScanner.find_device_by_filter(lambda _device, _data: True, timeout=WITHIN_S)
            await bleak.BleakClient(device).connect()
            await radio.close()

    with program:
        asyncio.run(listen())
        asyncio.run(listen())
        asyncio.run(until(lambda: len(program.rows("disconnected")) == 2))
        assert [row["what"] for row in program.rows() if row["what"].endswith("connected")] == ["connected", "disconnected"] * 2


@pytest.mark.e2e
def test_a_running_strap_is_steered_by_lines(program):
    with program:
        assert program.ask("battery 9")["ok"] and program.ask("silence 5") | {"t": 0} == {"ok": True, "fault": "silence", "for_s": 5.0, "t": 0}
        assert not program.ask("explode")["ok"] and "strap 2" in program.ask("2 drop")["error"]
        assert program.ask("status")["straps"][0]["battery"] == 9
        asyncio.run(until(lambda: ("silence", "end") in {(row["kind"], row["state"]) for row in program.rows("fault")}))
        assert program.ask("away 3600")["ok"] and program.ask("stop")["ok"]
        assert program.wait() == 0 and not program.errors.read_text()


@pytest.mark.e2e
def test_it_ends_with_its_recording_and_leaves_no_sockets(tmp_path):
    program = StrapProgram(tmp_path, folder(tmp_path / "day", rr=RECORDING[:200]), "--speed", "1000")
    program.start()
    assert program.wait() == 0 and not program.errors.read_text()
    beats = program.rows("beat")
    assert {row["ticks"] for row in beats} == {819} and all(row["sent"] is None for row in beats)
    assert all(late["t"] > early["t"] for early, late in pairwise(beats))
    assert not program.socket.exists() and not program.control.exists()


# ---------------------------------------------------------------- its sockets


def test_a_socket_is_its_owners_alone(tmp_path):
    with private_socket(tmp_path / "run" / "s"):
        assert (tmp_path / "run" / "s").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_a_socket_left_by_a_killed_program_is_taken_over_and_one_in_use_is_not(tmp_path):
    with private_socket(tmp_path / "s"):
        pass
    with private_socket(tmp_path / "s") as used:
        used.listen()
        with pytest.raises(UsageError, match="another virtual strap"):
            private_socket(tmp_path / "s")


def test_a_file_is_never_replaced_by_a_socket_and_a_path_too_long_is_said_so(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(UsageError, match="no socket"):
        private_socket(tmp_path / "notes")
    with pytest.raises(SomalinkError, match="no socket can be made"):
        private_socket(tmp_path / ("s" * 120))


def test_without_the_kernels_module_the_next_step_is_named(tmp_path):
    async def give() -> None:
        await Room().give_to_kernel(str(tmp_path / "vhci"))

    with pytest.raises(SomalinkError) as found:
        asyncio.run(give())
    assert "modprobe" in found.value.next_step


def test_the_command_line_and_the_plain_parts_load_no_bluetooth():
    names = "somalink.cli.app, ingest.virtual.feed, ingest.virtual.faults, ingest.virtual.beatlog"
    code = f"import sys, {names}; sys.exit(any(name.split('.')[0] in ('bumble', 'bleak', 'dbus_fast') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
