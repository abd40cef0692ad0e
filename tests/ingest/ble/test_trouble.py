"""Whatever Bluetooth complains of, its owner is told what to do on the system in use; and nothing else is blamed on Bluetooth."""

import asyncio
import errno
import re
from pathlib import Path

import pytest
from bleak.backends.bluezdbus.manager import BlueZManager
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakDeviceNotFoundError, BleakError
from dbus_fast.errors import AuthError, InternalError, InvalidMessageError

from ingest.ble.trouble import BY_REASON, RADIO_ERRORS, TROUBLES, done_without, trouble_of

FOREIGN = {
    "linux": r"Settings|Control Centre|Device Manager|services\.msc",
    "darwin": r"systemctl|rfkill|bluetoothctl|Device Manager|services\.msc",
    "win32": r"systemctl|rfkill|bluetoothctl|Control Centre|System Settings",
}
"""What the other systems have; nobody should be sent to look for it here."""
BLUEZ, BUS = "org.bluez.Error.", "org.freedesktop.DBus.Error."


def raised_in(module: str, error: Exception) -> Exception:
    """The same error as code of that module would have raised it."""
    with pytest.raises(type(error)) as caught:
        exec("raise error", {"__name__": module, "error": error})
    return caught.value


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=list(TROUBLES))
def test_every_trouble_has_words_and_a_next_step_of_its_own_system(trouble, platform, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    error = trouble.error()
    assert (error.exit_code, error.what) == (3, trouble.words)
    assert error.next_step == trouble.next_step == getattr(trouble.steps, platform)
    assert not re.search(FOREIGN[platform], error.next_step)


def test_every_reason_that_bleak_can_give_is_known():
    assert set(BY_REASON) == set(BleakBluetoothNotAvailableReason)
    for reason, trouble in BY_REASON.items():
        assert trouble_of(BleakBluetoothNotAvailableError("no", reason)) is trouble


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (BleakDBusError(BLUEZ + "NotReady", ["Resource Not Ready"]), "powered_off"),
        (BleakDBusError(BLUEZ + "Blocked", ["Blocked through rfkill"]), "powered_off"),
        (BleakDBusError(BLUEZ + "InProgress", ["Operation already in progress"]), "busy"),
        (BleakDBusError(BLUEZ + "NotAuthorized", []), "denied"),
        (BleakDBusError(BUS + "AccessDenied", ["Rejected send message, 2 matched rules"]), "denied"),
        (BleakDBusError(BLUEZ + "NotPermitted", ["Notify acquired"]), "held"),
        (BleakDBusError(BUS + "NoReply", ["Message recipient disconnected from message bus without replying"]), "no_bluetoothd"),
        (BleakDBusError(BUS + "ServiceUnknown", ["The name org.bluez was not provided by any .service files"]), "no_bluetoothd"),
        (BleakDBusError(BUS + "UnknownObject", ['Method "StartDiscovery" on interface "org.bluez.Adapter1" doesn\'t exist']), "no_adapter"),
        (BleakDBusError(BUS + "UnknownObject", ['Method "Connect" on interface "org.bluez.Device1" doesn\'t exist']), "unheard"),
        (BleakDBusError(BLUEZ + "Failed", ["le-connection-abort-by-local"]), "unheard"),
        (BleakDBusError(BLUEZ + "Failed", ["something new"]), "unknown"),
        (BleakError("failed to discover services, device disconnected"), "unheard"),
        (BleakError("Could not get GATT services: Access Denied"), "held"),
        (BleakError("Could not get GATT services: Unreachable"), "unheard"),
        (BleakDeviceNotFoundError("00:11:22:33:44:55"), "unheard"),
        (TimeoutError("no answer within 5 s"), "no_answer"),
        (BleakError("cancelled"), "no_answer"),
        (raised_in("dbus_fast.aio.message_bus", PermissionError(errno.EACCES, "Permission denied")), "denied"),
        (raised_in("dbus_fast.aio.message_bus", ConnectionRefusedError(errno.ECONNREFUSED, "refused")), "no_dbus"),
        (raised_in("dbus_fast.message_bus", EOFError()), "no_dbus"),
        (raised_in("bleak.backends.winrt.scanner", OSError(errno.EIO, "The device is not ready for use")), "unknown"),
        (raised_in("bleak.backends.bluezdbus.client", AttributeError("'NoneType' object has no attribute 'call'")), "unknown"),
        (raised_in("bleak.backends.corebluetooth.PeripheralDelegate", ValueError("Characteristic notifications already started")), "unknown"),
        (raised_in("dbus_fast.message", InvalidMessageError("missing required field: path")), "unknown"),
        (raised_in("dbus_fast.message_bus", InternalError("invalid message type")), "unknown"),
        (raised_in("dbus_fast.auth", AuthError("authentication failed")), "denied"),
        (raised_in("winrt.runtime", RuntimeError("the object has been closed")), "unknown"),
    ],
    ids=str,
)
def test_what_bluetooth_says_is_understood(error, name):
    assert isinstance(error, RADIO_ERRORS)
    assert trouble_of(error) is TROUBLES[name]


def test_windows_says_switched_off_by_a_number():
    error = raised_in("bleak.backends.winrt.scanner", OSError("The device is not ready for use"))
    error.winerror = -2147020577
    assert trouble_of(error) is TROUBLES["powered_off"]


def test_a_machine_without_a_system_bus_is_known_by_what_bleak_really_raises(monkeypatch, tmp_path: Path):
    """As in a container: a plain FileNotFoundError from below, with no file's name on it."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'no_socket'}")

    async def asked() -> None:
        await BlueZManager().async_init()

    with pytest.raises(FileNotFoundError) as caught:
        asyncio.run(asked())
    assert trouble_of(caught.value) is TROUBLES["no_dbus"]


def test_a_full_disk_and_our_own_mistakes_are_not_blamed_on_bluetooth():
    for error in (OSError(errno.ENOSPC, "No space left on device"), KeyError("beats"), AttributeError("x"), AssertionError(), FileNotFoundError("store.db")):
        assert trouble_of(error) is None
        assert trouble_of(raised_in("somalink.storage.local", error)) is None
    assert trouble_of(ValueError("bytes")) is None
    assert trouble_of(asyncio.CancelledError()) is None


def test_a_mistake_in_our_callback_is_ours_even_when_the_radios_library_called_it():
    def callback() -> None:
        raise KeyError("strap")

    with pytest.raises(KeyError) as caught:
        exec("callback()", {"__name__": "bleak.backends.scanner", "callback": callback})
    assert trouble_of(caught.value) is None


def test_what_can_be_done_without_fails_for_nobody_unless_it_is_a_mistake_of_ours():
    with done_without():
        raise BleakError("refused")
    with done_without():
        raise raised_in("dbus_fast.aio.message_bus", InvalidMessageError("garbage"))
    with pytest.raises(KeyError), done_without():
        raise KeyError("ours")
