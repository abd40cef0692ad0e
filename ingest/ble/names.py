"""Bluetooth's own names for what a strap offers: services, characteristics, and the places a sensor may sit.

Knows the assigned numbers that are used here, and no others, and what a device's own name and address tell; knows nothing of radios.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TAIL = "-0000-1000-8000-00805f9b34fb"


def normalise(uuid: str) -> str:
    """The long form in small letters, whichever way a number was written: `180D`, `0x180d`, `0000180d`, or long already."""
    short = uuid.lower().removeprefix("0x")
    return short if "-" in short else short.zfill(8) + _TAIL


HEART_RATE_SERVICE = normalise("180d")
HEART_RATE_MEASUREMENT = normalise("2a37")
SENSOR_LOCATION = normalise("2a38")
BATTERY_SERVICE = normalise("180f")
BATTERY_LEVEL = normalise("2a19")
DEVICE_INFORMATION_SERVICE = normalise("180a")
DEVICE_INFORMATION: Mapping[str, str] = {
    "manufacturer": normalise("2a29"),
    "model": normalise("2a24"),
    "serial": normalise("2a25"),
    "firmware": normalise("2a26"),
    "hardware": normalise("2a27"),
    "software": normalise("2a28"),
}
"""What a device may say of itself in plain text: our word for it, and the characteristic that holds it."""

SIG_NAMES: Mapping[str, str] = {
    HEART_RATE_SERVICE: "Heart Rate",
    HEART_RATE_MEASUREMENT: "Heart Rate Measurement",
    SENSOR_LOCATION: "Body Sensor Location",
    BATTERY_SERVICE: "Battery",
    BATTERY_LEVEL: "Battery Level",
    DEVICE_INFORMATION_SERVICE: "Device Information",
    DEVICE_INFORMATION["manufacturer"]: "Manufacturer Name String",
    DEVICE_INFORMATION["model"]: "Model Number String",
    DEVICE_INFORMATION["serial"]: "Serial Number String",
    DEVICE_INFORMATION["firmware"]: "Firmware Revision String",
    DEVICE_INFORMATION["hardware"]: "Hardware Revision String",
    DEVICE_INFORMATION["software"]: "Software Revision String",
}
"""As the Bluetooth SIG calls them."""

LOCATIONS = ("other", "chest", "wrist", "finger", "hand", "ear_lobe", "foot")
"""Body Sensor Location, by its number."""


def location_word(payload: bytes) -> str:
    """Where a sensor says it sits; `other` for a number that has no word."""
    number = payload[0] if payload else 0
    return LOCATIONS[number] if number < len(LOCATIONS) else "other"


def names_one_unit(name: str) -> bool:
    """Whether a device's name ends in the number of that one unit, as in `Polar H10 A1B2C3D4`; `TICKR` is the name of every one that was made."""
    return bool(re.search(r"[0-9a-f]{4,}$", name.strip().lower()))


def may_change(address: str) -> bool:
    """Whether an address may be one that a device changes every quarter of an hour, as some watches do: 01 are the two highest bits of those.

    Some that are given for life begin so too. False for the ids that macOS has instead.
    """
    return is_bluetooth_address(address) and address[0] in "4567"


def is_bluetooth_address(text: str) -> bool:
    """Six bytes with colons between; macOS has ids of its own instead."""
    return bool(re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", text))
