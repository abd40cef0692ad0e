"""A person as one timeline, however many devices were worn: at every moment what the leading device knew, and which one that was.

Reads FINAL rows of the current analysis, writes nothing, remembers nothing. Each device's own rows stay as they are: baselines are fitted to
those, never to this line, so that nothing of one kind of device is pooled with another's.
"""

from __future__ import annotations

from collections.abc import Sequence

from processing.lead import WINDOW_S, joined
from somalink.domain.time import SECOND_NS
from somalink.domain.timeline import Stretch, Timeline
from somalink.storage.local import LocalStore

BEFORE_NS = WINDOW_S * SECOND_NS
"""What is read before the first point, since the minute before it says who leads there."""


def tiers_of(store: LocalStore, person: str) -> dict[str, str]:
    """The newest tier of each device the person ever wore."""
    return {unit.device: unit.tier for unit in store.units(person)}


def timeline(store: LocalStore, person: str, start_ns: int, stop_ns: int) -> Timeline:
    """Grid points with start <= stop_ns < stop that any device has a row of, each from the device that leads there."""
    tiers = tiers_of(store, person)
    grids = {device: store.grid(person, device, start_ns - BEFORE_NS, stop_ns) for device in sorted(tiers)}
    return joined(grids, tiers, start_ns)


def days_of(store: LocalStore, person: str) -> list[tuple[int, int]]:
    """[start, stop) of every UTC day in which any device has beats or rows: a year is read a day at a time."""
    return sorted({day for unit in store.units(person) for day in store.days(unit)})


def stretches(store: LocalStore, person: str, days: Sequence[tuple[int, int]] | None = None) -> list[Stretch]:
    """Who spoke when, over these days or all there are; what goes on over midnight is one stretch."""
    found: list[Stretch] = []
    for start_ns, stop_ns in days_of(store, person) if days is None else days:
        for each in timeline(store, person, start_ns, stop_ns).stretches():
            if found and (found[-1].device, found[-1].stop_ns) == (each.device, each.start_ns):
                found[-1] = Stretch(each.device, found[-1].start_ns, each.stop_ns)
            else:
                found.append(each)
    return found
