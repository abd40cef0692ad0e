"""What a strap is doing now, as its recorder left it in the store: for `somalink status`, in another process.

Reads; writes nothing. A recorder that was killed cannot say that it is gone, so the engine lock is asked too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.ble.states import LinkState, State
from somalink.storage import locks
from somalink.storage.local import LocalStore

LOW_PCT = 15
"""A coin cell this low ends within days; below it the strap first loses reach, which looks like a bad link."""


@dataclass(frozen=True, slots=True)
class LinkNow:
    """The state of one device's link and what it last said of itself; None in a field: it never said."""

    device: str
    link: LinkState
    battery_pct: int | None
    contact: bool | None
    about: Mapping[str, Any]

    @property
    def battery_low(self) -> bool:
        return self.battery_pct is not None and self.battery_pct <= LOW_PCT

    def as_json(self) -> dict[str, Any]:
        link = self.link
        return {
            "state": link.state.value,
            "words": link.words,
            "help": link.help,
            "reason": link.reason,
            "since_ns": link.since_ns,
            "battery_pct": self.battery_pct,
            "contact": self.contact,
            **self.about,
        }


ABOUT = ("manufacturer", "model", "serial", "firmware", "hardware", "software", "sensor_location")


def link_of(store: LocalStore, person: str, device: str) -> LinkNow | None:
    """The newest word on this device; None for one that never was received live."""
    statuses = store.newest_status(person, device)
    said = {name: value for status in statuses for name, value in status.fields.items()}
    told = [status for status in statuses if "state" in status.fields]
    if not told:
        return None
    held = locks.held(store.path, person, device)
    state = LinkState(State(said["state"]) if held else State.STOPPED, told[-1].t_ns, said.get("reason", ""))
    return LinkNow(device, state, said.get("battery_pct"), said.get("contact"), {name: said[name] for name in ABOUT if name in said})
