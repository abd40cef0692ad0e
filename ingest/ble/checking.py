"""Whether this computer can hear a strap now, and if not, which of the things that Bluetooth needs is missing.

On Linux it asks BlueZ through the system bus and the kernel through /sys; everywhere it then listens for a moment, which shows that it may.
Knows radios, not straps. Switches nothing, starts no service, connects to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.ble.finding import listen
from ingest.ble.leaving import within
from ingest.ble.powered import ADAPTER, bus, is_running, objects_of_bluez, speaks_to_bluez
from ingest.ble.trouble import BLOCKED, NO_ADAPTER, NO_BLUETOOTHD, NO_CENTRAL, NO_DBUS, POWERED_OFF, RADIO_ERRORS, TOO_OLD, Trouble, trouble_of

ASK_S = 2.0
"""A bus and a daemon that are well answer in milliseconds; somebody waits for this."""
LISTEN_S = 6.0
"""macOS takes a few seconds to say whether this program may listen."""
OLDEST_BLUEZ = (5, 55)
"""What bleak needs (its release notes, 1.0)."""
CONTAINERS = (".dockerenv", "run/.containerenv", "run/systemd/container")
"""Files by which Docker, Podman and systemd let a program know that it lives in a container."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in words; `trouble` is what keeps straps from being heard, None if nothing does."""

    words: str
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter as BlueZ describes it. `central`: it can listen, which is Bluetooth Low Energy's word for a computer's part."""

    name: str
    powered: bool
    central: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What Linux says of its Bluetooth."""

    plugged: bool
    """The kernel has an adapter."""
    blocked: bool
    """The kernel keeps one from sending (rfkill)."""
    running: bool
    """BlueZ is there and answers."""
    version: tuple[int, int] | None
    """BlueZ's; None where nobody tells."""
    adapters: tuple[Adapter, ...]
    """Those that BlueZ has."""


async def look(*, root: Path = Path("/")) -> Finding:
    """What this computer's Bluetooth is like now. Takes some seconds at most; raises only for a mistake of ours."""
    well = "it is on, and this program may listen"
    try:
        if speaks_to_bluez():
            found = judged(await within(ASK_S, _seen(root)))
            if found.trouble is not None:
                return found
            well = found.words
        await within(LISTEN_S, listen(0.0, lambda _device, _data: None))
    except RADIO_ERRORS as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        return Finding(_words(trouble, root), trouble)
    return Finding(well)


def look_now() -> Finding:
    """The same for a caller without a loop of its own."""
    return asyncio.run(look())


def _words(trouble: Trouble, root: Path) -> str:
    """A container seldom has its host's bus, and never says so by itself."""
    inside = any((root / mark).exists() for mark in CONTAINERS)
    return f"{trouble.words}; this looks like a container" if inside and trouble is NO_DBUS else trouble.words


# ---------------------------------------------------------------- what is missing, if anything

MISSING: tuple[tuple[Callable[[Seen], bool], Trouble], ...] = (
    (lambda seen: not seen.running and not seen.plugged, NO_ADAPTER),  # without one, many systems do not start BlueZ at all
    (lambda seen: not seen.running, NO_BLUETOOTHD),
    (lambda seen: seen.version is not None and seen.version < OLDEST_BLUEZ, TOO_OLD),
    (lambda seen: not seen.adapters, NO_ADAPTER),
    (lambda seen: not any(each.central for each in seen.adapters), NO_CENTRAL),
    (lambda seen: not any(each.powered for each in seen.adapters) and seen.blocked, BLOCKED),
    (lambda seen: not any(each.powered for each in seen.adapters), POWERED_OFF),
)
"""The first that holds is what has to be mended first."""


def judged(seen: Seen) -> Finding:
    """What Linux says of its Bluetooth, as a finding."""
    trouble = next((trouble for holds, trouble in MISSING if holds(seen)), None)
    if trouble is TOO_OLD:
        return Finding(f"{trouble.words}: BlueZ {_dotted(seen.version)}", trouble)
    if trouble is not None:
        return Finding(trouble.words, trouble)
    names = ", ".join(each.name for each in seen.adapters if each.powered)
    return Finding(f"{names} is on" + (f", BlueZ {_dotted(seen.version)}" if seen.version else ""))


def _dotted(version: tuple[int, int] | None) -> str:
    return ".".join(map(str, version or ()))


# ---------------------------------------------------------------- asking Linux


async def _seen(root: Path) -> Seen:
    version = asyncio.create_task(asyncio.to_thread(bluez_version))
    try:
        async with bus() as connected:
            running, objects = await is_running(connected), await objects_of_bluez(connected)
        return Seen(plugged(root), blocked(root), running, await version, adapters_of(objects))
    finally:
        version.cancel()


def adapters_of(objects: dict[str, dict[str, Any]]) -> tuple[Adapter, ...]:
    """The adapters among BlueZ's objects; an older BlueZ does not tell what one can do, and is believed to have what bleak needs."""
    found = ((path, interfaces[ADAPTER]) for path, interfaces in sorted(objects.items()) if ADAPTER in interfaces)
    return tuple(
        Adapter(path.rpartition("/")[2], powered=bool(_value(said, "Powered", False)), central="central" in _value(said, "Roles", ["central"]))
        for path, said in found
    )


def _value(said: dict[str, Any], key: str, otherwise: Any) -> Any:
    return said[key].value if key in said else otherwise


def plugged(root: Path) -> bool:
    """Whether the kernel has a Bluetooth adapter: hci0, hci1, ... in /sys."""
    return any(each.name.startswith("hci") for each in (root / "sys/class/bluetooth").glob("*"))


def blocked(root: Path) -> bool:
    """Whether a switch, a key or `rfkill` keeps a Bluetooth adapter from sending."""
    switches = (root / "sys/class/rfkill").glob("*")
    return any(_line(each / "type") == "bluetooth" and "1" in (_line(each / "soft"), _line(each / "hard")) for each in switches)


def _line(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text().strip()
    return ""


def bluez_version() -> tuple[int, int] | None:
    """As its own tool tells it, which is how bleak finds out too: the bus does not know."""
    try:
        done = subprocess.run(["bluetoothctl", "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_S / 2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else None
