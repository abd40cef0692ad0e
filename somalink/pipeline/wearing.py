"""Who wears which strap: what `--strap` means, what is remembered of it in the store, and what a strap is called in the record.

Knows names; knows nothing of radios.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.ble.names import names_one_unit
from ingest.ble.radio import Wanted
from somalink.domain.errors import UsageError
from somalink.domain.types import Setting
from somalink.storage.local import LocalStore

KEY = "strap/"
"""Prefix of the settings in which the store remembers a person's straps, one a device."""
FORGOTTEN = ""


@dataclass(frozen=True, slots=True)
class Worn:
    """A strap on a person. `device` is what the record calls it."""

    person: str
    device: str
    wanted: Wanted

    @property
    def name(self) -> str:
        return self.wanted.name


def device_of(name: str, address: str | None) -> str:
    """What the record calls a strap: its name where that names one unit (Polar H10 A1B2C3D4), else name and end of address.

    >>> device_of("Polar H10 A1B2C3D4", "C0:FF:EE:00:00:10"), device_of("TICKR", "C0:FF:EE:00:00:10")
    ('polar-h10-a1b2c3d4', 'tickr-0010')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "strap"
    if names_one_unit(slug) or not address:
        return slug
    return f"{slug}-{re.sub(r'[^0-9a-z]', '', address.lower())[-4:]}"


def is_address(text: str) -> bool:
    """A Bluetooth address, or the UUID that macOS has instead of one."""
    return bool(re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", text))


def asked_for(text: str, person: str) -> tuple[str, str]:
    """`NAME`, `ADDRESS` or `PERSON=NAME` as (person, name or address)."""
    who, equals, what = text.partition("=")
    if not equals:
        return person, text.strip()
    if not who.strip() or not what.strip():
        raise UsageError(f"--strap {text!r} names nobody or nothing", next_step='write it as "NAME", or PERSON="NAME" for several people')
    return who.strip(), what.strip()


def wear(person: str, name: str, address: str | None) -> Worn:
    """A strap that was found or named."""
    return Worn(person, device_of(name, address), Wanted(name, address))


def remembered(store: LocalStore, person: str) -> list[Worn]:
    """The straps this person has worn here before, the last one first."""
    newest: dict[str, Setting] = {}
    for setting in store.settings(person):
        if setting.key.startswith(KEY):
            newest[setting.key] = max(newest.get(setting.key, setting), setting, key=lambda each: each.revision)
    straps = [setting for setting in newest.values() if setting.value != FORGOTTEN]
    return [_worn(setting) for setting in sorted(straps, key=lambda each: -each.received_ns)]


def remember(store: LocalStore, worn: Worn, now_ns: int) -> None:
    """Puts down that this person wears this strap, and when it was last chosen. Nobody else does from then on."""
    value = json.dumps({"name": worn.wanted.name, "address": worn.wanted.address})
    others = [was for person in store.people() if person != worn.person for was in remembered(store, person) if _is_one_strap(was, worn)]
    with store.transaction() as write:
        write.put_setting(_next(store, worn, value, now_ns))
        for was in others:
            write.put_setting(_next(store, was, FORGOTTEN, now_ns))


def _is_one_strap(one: Worn, other: Worn) -> bool:
    return one.device == other.device or (one.wanted.address is not None and one.wanted.address == other.wanted.address)


def _next(store: LocalStore, worn: Worn, value: str, now_ns: int) -> Setting:
    """The next revision of what is remembered of this strap on this person."""
    known = [setting.revision for setting in store.settings(worn.person) if setting.key == KEY + worn.device]
    return Setting(worn.person, KEY + worn.device, value, now_ns, max(known, default=0) + 1)


def _worn(setting: Setting) -> Worn:
    said = json.loads(setting.value)
    return Worn(setting.person, setting.key.removeprefix(KEY), Wanted(said["name"], said["address"]))


def distinct(worn: Sequence[Worn]) -> Sequence[Worn]:
    """UsageError when one strap is to be on two people."""
    seen: dict[str, Worn] = {}
    for each in worn:
        if each.device in seen:
            raise UsageError(f"{each.name} is named twice", next_step="a strap is on one person at a time")
        seen[each.device] = each
    return worn
