"""A wearer is told which part of this computer's Bluetooth is missing, on a machine that has none as on one that is only switched off."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason
from dbus_fast import Message, MessageFlag, MessageType, Variant
from fake_air import FakeAir

from ingest.ble import checking
from ingest.ble.checking import Adapter, Finding, Seen, adapters_of, blocked, bluez_version, judged, look, plugged
from ingest.ble.trouble import TROUBLES

WELL = Seen(plugged=True, blocked=False, running=True, version=(5, 66), adapters=(Adapter("hci0", powered=True),))
OFF = (Adapter("hci0", powered=False),)


def looked(root: Path = Path("/")) -> Finding:
    return asyncio.run(look(root=root))


# ---------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, None),
        ({"version": None}, None),
        ({"adapters": (*OFF, Adapter("hci1", powered=True))}, None),
        ({"blocked": True}, None),
        ({"running": False, "plugged": False, "adapters": ()}, "no_adapter"),
        ({"running": False, "adapters": ()}, "no_bluetoothd"),
        ({"version": (5, 50)}, "too_old"),
        ({"version": (4, 101)}, "too_old"),
        ({"adapters": ()}, "no_adapter"),
        ({"adapters": (Adapter("hci0", powered=True, central=False),)}, "no_central"),
        ({"adapters": OFF}, "powered_off"),
        ({"adapters": OFF, "blocked": True}, "blocked"),
    ],
    ids=["all is there", "no version told", "one of two is on", "another adapter is blocked", "nothing plugged in", "daemon not running", "BlueZ 5.50",
         "BlueZ 4.101", "plugged in, unknown to BlueZ", "too old for low energy", "off", "blocked"],
)  # fmt: skip
def test_the_first_thing_that_is_missing_is_named(changes, name):
    found = judged(replace(WELL, **changes))
    assert found.trouble is (None if name is None else TROUBLES[name])
    assert found.words


def test_what_is_there_is_named_too():
    assert judged(WELL).words == "hci0 is on, BlueZ 5.66"
    assert judged(replace(WELL, version=None)).words == "hci0 is on"
    assert "BlueZ 5.50" in judged(replace(WELL, version=(5, 50))).words


def test_adapters_are_told_from_everything_else_that_bluez_has():
    objects = {
        "/org/bluez": {"org.bluez.AgentManager1": {}},
        "/org/bluez/hci0": {"org.bluez.Adapter1": {"Powered": Variant("b", True), "Roles": Variant("as", ["central", "peripheral"])}},
        "/org/bluez/hci0/dev_1": {"org.bluez.Device1": {"Connected": Variant("b", True)}},
        "/org/bluez/hci1": {"org.bluez.Adapter1": {"Powered": Variant("b", False), "Roles": Variant("as", ["peripheral"])}},
        "/org/bluez/hci2": {"org.bluez.Adapter1": {}},
    }
    assert adapters_of(objects) == (Adapter("hci0", True, True), Adapter("hci1", False, False), Adapter("hci2", False, True))


# ---------------------------------------------------------------- what the kernel says


def test_an_adapter_that_is_plugged_in_is_seen(tmp_path):
    assert not plugged(tmp_path)
    (tmp_path / "sys/class/bluetooth/hci0").mkdir(parents=True)
    assert plugged(tmp_path)


@pytest.mark.parametrize(
    ("kind", "soft", "hard", "is_blocked"),
    [("bluetooth", "0", "0", False), ("bluetooth", "1", "0", True), ("bluetooth", "0", "1", True), ("wlan", "1", "1", False)],
)
def test_a_switch_that_keeps_bluetooth_from_sending_is_seen(tmp_path, kind, soft, hard, is_blocked):
    switch = tmp_path / "sys/class/rfkill/rfkill0"
    switch.mkdir(parents=True)
    for name, value in (("type", kind), ("soft", soft), ("hard", hard)):
        (switch / name).write_text(value + "\n")
    assert blocked(tmp_path) is is_blocked


@pytest.mark.parametrize(("says", "version"), [("bluetoothctl: 5.66", (5, 66)), ("5.9", (5, 9)), ("usage: none of it", None), (None, None)])
def test_the_version_of_bluez_is_what_its_tool_says_or_not_known(monkeypatch, tmp_path, says, version):
    monkeypatch.setenv("PATH", str(tmp_path))
    if says is not None:
        tool = tmp_path / "bluetoothctl"
        tool.write_text(f"#!/bin/sh\necho '{says}'\n")
        tool.chmod(0o700)
    assert bluez_version() == version


# ---------------------------------------------------------------- the bus


class Bus:
    """A system bus and a BlueZ that answer from a table."""

    owned = True
    adapters: tuple[str, ...] = ("/org/bluez/hci0",)
    refuses: str | None = None

    def __init__(self, **_: object) -> None:
        pass

    async def connect(self) -> "Bus":
        return self

    def disconnect(self) -> None:
        pass

    async def call(self, asked: Message) -> Message:
        assert asked.flags & MessageFlag.NO_AUTOSTART, "to look is not to start a service"
        if asked.member == "NameHasOwner":
            return Message(message_type=MessageType.METHOD_RETURN, reply_serial=1, signature="b", body=[self.owned])
        if self.refuses:
            return Message(message_type=MessageType.ERROR, reply_serial=1, error_name=self.refuses, signature="s", body=["no"])
        objects = {path: {"org.bluez.Adapter1": {"Powered": Variant("b", True)}} for path in self.adapters}
        return Message(message_type=MessageType.METHOD_RETURN, reply_serial=1, signature="a{oa{sa{sv}}}", body=[objects])


@pytest.fixture
def bus(monkeypatch, tmp_path) -> type[Bus]:
    class Here(Bus):
        pass

    monkeypatch.setattr("dbus_fast.aio.MessageBus", Here)
    monkeypatch.setenv("PATH", str(tmp_path))
    FakeAir().installed(monkeypatch)
    return Here


def test_a_computer_with_all_of_it_is_well(bus):
    assert looked() == Finding("hci0 is on")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"owned": False}, "no_adapter"),
        ({"adapters": ()}, "no_adapter"),
        ({"refuses": "org.freedesktop.DBus.Error.AccessDenied"}, "denied"),
        ({"refuses": "org.freedesktop.DBus.Error.ServiceUnknown"}, "no_bluetoothd"),
    ],
    ids=["no service, no adapter", "no adapter", "not allowed", "the service has just gone"],
)
def test_what_bluez_says_is_understood(bus, tmp_path, changes, name):
    for key, value in changes.items():
        setattr(bus, key, value)
    assert looked(tmp_path).trouble is TROUBLES[name]


def test_a_radio_that_is_there_and_does_not_listen_is_trouble(bus, monkeypatch):
    FakeAir(start_fails=TimeoutError("no answer")).installed(monkeypatch)
    assert looked().trouble is TROUBLES["no_answer"]


@pytest.mark.parametrize("mark", [None, ".dockerenv", "run/.containerenv"])
def test_a_machine_without_a_system_bus_is_told_so_and_a_container_that_it_is_one(monkeypatch, tmp_path, mark):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    if mark:
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        (tmp_path / mark).touch()
    found = looked(tmp_path)
    assert found.trouble is TROUBLES["no_dbus"]
    assert ("container" in found.words) is (mark is not None)


@contextmanager
def listening(folder: Path, answer: bytes | None) -> Iterator[str]:
    """Somebody at the bus's address who says this to whoever comes, or nothing."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "bus"))
        door.listen()

        def speak() -> None:
            visitor, _ = door.accept()
            with visitor:
                visitor.recv(1024)
                if answer is not None:
                    visitor.sendall(answer)
                while visitor.recv(1024):
                    pass

        speaking = threading.Thread(target=speak)
        speaking.start()
        yield f"unix:path={folder / 'bus'}"
        speaking.join()


@pytest.mark.parametrize(("answer", "name"), [(None, "no_answer"), (b"REJECTED EXTERNAL\r\n", "denied")], ids=["says nothing", "does not know this user"])
def test_a_bus_that_is_no_help_keeps_nobody_waiting(monkeypatch, tmp_path, answer, name):
    monkeypatch.setattr(checking, "ASK_S", 0.2)
    with listening(tmp_path, answer) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        assert looked(tmp_path).trouble is TROUBLES[name]


def test_an_address_of_the_bus_that_is_none_is_no_bus(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "over there")
    assert looked(tmp_path).trouble is TROUBLES["no_dbus"]


# ---------------------------------------------------------------- other systems


@pytest.fixture
def elsewhere(monkeypatch) -> None:
    """bleak speaks to another system than BlueZ."""
    monkeypatch.setattr("bleak.get_platform_scanner_backend_type", lambda: (None, "core_bluetooth"))


@pytest.mark.usefixtures("elsewhere")
def test_a_mac_that_may_listen_is_well(monkeypatch):
    air = FakeAir().installed(monkeypatch)
    assert looked().trouble is None
    assert air.scans == ["start", "stop"]


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("reason", "name"),
    [
        (BleakBluetoothNotAvailableReason.POWERED_OFF, "powered_off"),
        (BleakBluetoothNotAvailableReason.DENIED_BY_USER, "denied"),
        (BleakBluetoothNotAvailableReason.NO_BLUETOOTH, "no_adapter"),
    ],
)
def test_a_mac_that_may_not_listen_says_why(monkeypatch, reason, name):
    FakeAir(start_fails=BleakBluetoothNotAvailableError("no", reason)).installed(monkeypatch)
    assert looked() == Finding(TROUBLES[name].words, TROUBLES[name])


@pytest.mark.usefixtures("elsewhere")
def test_a_mistake_of_ours_is_not_called_bluetooth(monkeypatch):
    FakeAir(start_fails=KeyError("ours")).installed(monkeypatch)
    with pytest.raises(KeyError):
        looked()
