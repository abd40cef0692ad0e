"""What can be wrong with a computer's Bluetooth, in words for its owner, with the next step on each system.

Knows how bleak, D-Bus and the systems beneath them complain; repairs nothing. What is not Bluetooth's fault is left alone: a full disk or a
mistake of ours must not look like a radio that is switched off.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDeviceNotFoundError, BleakError

from somalink.domain.errors import BluetoothUnavailable

_REFUSED: tuple[type[Exception], ...] = ()
_MISNAMED: tuple[type[Exception], ...] = ()
with contextlib.suppress(ImportError):  # a library of Linux alone
    from dbus_fast.errors import AuthError, InvalidAddressError

    _REFUSED, _MISNAMED = (AuthError,), (InvalidAddressError,)

RADIO_ERRORS: tuple[type[Exception], ...] = (Exception,)
"""What a call of bleak may end in: besides its own errors, those of D-Bus, CoreBluetooth and WinRT, and whatever it stumbles over when a bus
or a device goes while it works. A mistake of ours may be of the same kind, so whoever catches these asks `trouble_of` where it came from."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do, on Linux, macOS and Windows."""

    linux: str
    darwin: str
    win32: str

    def on(self, platform: str) -> str:
        """For a `sys.platform`; other systems that bleak may run on one day are likest Linux."""
        return {"darwin": self.darwin, "win32": self.win32}.get(platform, self.linux)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `off`: no strap at all can be heard until somebody changes something."""

    id: str
    words: str
    steps: Steps
    off: bool

    @property
    def next_step(self) -> str:
        """What to do on this computer."""
        return self.steps.on(sys.platform)

    def error(self) -> BluetoothUnavailable:
        """For a command that cannot go on: ends it with exit code 3."""
        return BluetoothUnavailable(self.words, next_step=self.next_step)


def _everywhere(step: str) -> Steps:
    return Steps(step, step, step)


NO_ADAPTER = Trouble(
    "no_adapter",
    "no Bluetooth adapter is found",
    Steps(
        "plug one in, or switch the built-in one on in the firmware settings; if there is one: `systemctl status bluetooth`, then `bluetoothctl list`",
        "plug one in; every Mac has one, so a virtual machine has to be lent it",
        "plug one in, or enable it in the Device Manager under Bluetooth",
    ),
    off=True,
)
NO_CENTRAL = Trouble(
    "no_central",
    "the Bluetooth adapter is too old: it knows no Bluetooth Low Energy",
    _everywhere("plug in an adapter that says Bluetooth 4.0 or newer"),
    off=True,
)
POWERED_OFF = Trouble(
    "powered_off",
    "Bluetooth is switched off",
    Steps(
        "`bluetoothctl power on`; if it says blocked, `rfkill unblock bluetooth` first",
        "switch it on in the Control Centre",
        "switch it on in Settings, Bluetooth & devices; flight mode switches it off too",
    ),
    off=True,
)
BLOCKED = Trouble(
    "blocked",
    "Bluetooth is blocked on this computer",
    Steps(
        "`rfkill unblock bluetooth`, then `bluetoothctl power on`; if `rfkill list` says hard blocked: a switch or a key of the computer does it",
        "switch it on in the Control Centre",
        "switch flight mode off, then Bluetooth on in Settings, Bluetooth & devices",
    ),
    off=True,
)
DENIED = Trouble(
    "denied",
    "this program may not use Bluetooth",
    Steps(
        "run it as the person who is logged in at this computer, or add yourself to the group `bluetooth` and log in anew",
        "allow your terminal app in System Settings, Privacy & Security, Bluetooth; then quit the app and open it anew",
        "allow it in Settings, Privacy & security: let desktop apps use Bluetooth",
    ),
    off=True,
)
NO_DBUS = Trouble(
    "no_dbus",
    "the system bus, through which Linux speaks to Bluetooth, is not reachable",
    Steps(
        "in a container: run somalink on the host instead; else `sudo systemctl start dbus bluetooth`",
        "record with a somalink that was installed on macOS itself",
        "record with a somalink that was installed on Windows itself, not in its Linux subsystem",
    ),
    off=True,
)
NO_BLUETOOTHD = Trouble(
    "no_bluetoothd",
    "the Bluetooth service is not running",
    Steps(
        "`sudo systemctl enable --now bluetooth` (where it is missing, install the package `bluez`)",
        "switch Bluetooth off and on in the Control Centre",
        "start the Bluetooth Support Service (services.msc)",
    ),
    off=True,
)
TOO_OLD = Trouble(
    "too_old",
    "the Bluetooth software of this system is too old",
    Steps(
        "update the system: BlueZ 5.55 or newer is needed (`bluetoothctl --version`), as in Debian 11, Ubuntu 22.04 and later",
        "update the system: macOS 12.3 or newer is needed",
        "update the system: Windows 11 is needed",
    ),
    off=True,
)
NO_ANSWER = Trouble(
    "no_answer",
    "Bluetooth does not answer",
    Steps(
        "it often comes back by itself; if not, `sudo systemctl restart bluetooth`",
        "it often comes back by itself; if not, switch Bluetooth off and on",
        "it often comes back by itself, which may take a minute; if not, switch Bluetooth off and on",
    ),
    off=False,
)
BUSY = Trouble(
    "busy",
    "Bluetooth is still busy with something else",
    Steps(
        "wait a few seconds; if it stays so, end other programs that scan, then `sudo systemctl restart bluetooth`",
        "wait a few seconds; if it stays so, end other programs that use Bluetooth",
        "wait up to a minute, Windows lets go slowly; if it stays so, switch Bluetooth off and on",
    ),
    off=False,
)
HELD = Trouble(
    "held",
    "the strap is held by another program, a phone or a watch",
    _everywhere("end the app that holds it; a Polar H10 takes a second connection only once that is switched on in Polar's own app"),
    off=False,
)
UNHEARD = Trouble(
    "unheard",
    "the strap does not answer",
    _everywhere("wear it, moistened, near this computer, and end phone apps that may hold it; then `somalink scan`"),
    off=False,
)
UNKNOWN = Trouble(
    "unknown",
    "Bluetooth failed in a way that is not known here",
    Steps(
        "`somalink doctor`; then `sudo systemctl restart bluetooth`, and `journalctl -u bluetooth -n 20` says more",
        "`somalink doctor`; then switch Bluetooth off and on",
        "`somalink doctor`; then switch Bluetooth off and on",
    ),
    off=False,
)

TROUBLES: Mapping[str, Trouble] = {
    each.id: each for each in (NO_ADAPTER, NO_CENTRAL, POWERED_OFF, BLOCKED, DENIED, NO_DBUS, NO_BLUETOOTHD, TOO_OLD, NO_ANSWER, BUSY, HELD, UNHEARD, UNKNOWN)
}

_Reason = BleakBluetoothNotAvailableReason
BY_REASON: Mapping[BleakBluetoothNotAvailableReason, Trouble] = {
    _Reason.NO_BLUETOOTH: NO_ADAPTER,
    _Reason.NO_BLE_CENTRAL_ROLE: NO_CENTRAL,
    _Reason.POWERED_OFF: POWERED_OFF,
    _Reason.DENIED_BY_USER: DENIED,
    _Reason.DENIED_BY_SYSTEM: DENIED,
    _Reason.DENIED_BY_UNKNOWN: DENIED,
    _Reason.UNKNOWN: UNKNOWN,
}

BY_WORDS: tuple[tuple[re.Pattern[str], Trouble], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), trouble)
    for pattern, trouble in (
        # BlueZ and the bus have names for what is wrong; what follows the name narrows it.
        (r"Error\.NotReady|Error\.Blocked|rfkill|not powered", POWERED_OFF),
        (r"Notify acquired|Access Denied", HELD),  # another program of this computer listens: BlueZ's words, then those of Windows
        (r"Error\.(AccessDenied|AuthFailed|InteractiveAuthorizationRequired|NotAuthorized|NotPermitted)", DENIED),
        (r"Error\.(ServiceUnknown|NameHasNoOwner|NoReply|NoServer|Spawn\.)", NO_BLUETOOTHD),
        (r"Error\.Disconnected", NO_DBUS),
        (r"Error\.Unknown(Object|Method|Interface).*Adapter1", NO_ADAPTER),  # it was there when the scan was planned
        (r"Error\.InProgress|already in progress|connection slots", BUSY),
        (r"Error\.(Timeout|TimedOut)|^cancelled$", NO_ANSWER),  # the latter is ours, for what Windows cancels by itself
        (
            r"Error\.Unknown(Object|Method|Interface)|device.* not found|disconnected|not connected|connection-abort|ConnectionAttemptFailed|unreachable",
            UNHEARD,
        ),
    )
)
"""What an error says -> what it means; the first that fits. Taken from BlueZ, D-Bus, bleak and WinRT as they are in 2026."""

BY_TYPE: tuple[tuple[type[Exception], Trouble], ...] = (
    (TimeoutError, NO_ANSWER),
    (PermissionError, DENIED),
    *((kind, DENIED) for kind in _REFUSED),  # the bus does not know this user: a container whose users are numbered otherwise
    *((kind, NO_DBUS) for kind in _MISNAMED),  # DBUS_SYSTEM_BUS_ADDRESS is set, and is no address
    (FileNotFoundError, NO_DBUS),
    (ConnectionError, NO_DBUS),
    (EOFError, NO_DBUS),
)
"""What comes up from below bleak untranslated; the first that fits. A bus whose socket is not there is a plain FileNotFoundError."""

DEVICE_NOT_READY = -2147020577
"""0x800710DF, how Windows says in an OSError that the radio was switched off."""

_RADIO_LIBRARIES = frozenset({"bleak", "bleak_retry_connector", "dbus_fast", "winrt", "CoreBluetooth", "Foundation", "objc", "bumble"})


def trouble_of(error: BaseException) -> Trouble | None:
    """What is wrong with Bluetooth when a call for it ended like this; None when the error is not Bluetooth's."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        return BY_REASON.get(error.reason, UNKNOWN)
    if isinstance(error, BleakDeviceNotFoundError):
        return UNHEARD
    if isinstance(error, BleakError):
        return _by_words(str(error))
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if not isinstance(error, RADIO_ERRORS) or not _raised_by_the_radio(error.__traceback__):
        return None
    if getattr(error, "winerror", None) == DEVICE_NOT_READY:
        return POWERED_OFF
    return next((trouble for kind, trouble in BY_TYPE if isinstance(error, kind)), UNKNOWN)


@contextlib.contextmanager
def done_without() -> Iterator[None]:
    """What the radio fails in here is not worth failing for; a mistake of ours is raised."""
    try:
        yield
    except RADIO_ERRORS as error:
        if trouble_of(error) is None:
            raise


def _by_words(said: str) -> Trouble:
    return next((trouble for pattern, trouble in BY_WORDS if pattern.search(said)), UNKNOWN)


def _raised_by_the_radio(trace: TracebackType | None) -> bool:
    """Whether the innermost code that is not Python's own belongs to a library of the radio."""
    inner = ""
    while trace is not None:
        root = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        inner = inner if root in sys.stdlib_module_names else root
        trace = trace.tb_next
    return inner in _RADIO_LIBRARIES
