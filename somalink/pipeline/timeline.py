"""A person as one timeline, however many devices were worn: at every moment what the leading device knew, and which one that was.

Reads FINAL rows of the current analysis, writes nothing, remembers nothing. Each device's own rows stay as they are: baselines are fitted to
those, never to this line, so that nothing of one kind of device is pooled with another's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from processing.lead import WINDOW_S, joined, lead
from somalink.domain.time import SECOND_NS
from somalink.domain.timeline import Stretch, Timeline
from somalink.domain.types import Grid
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


@dataclass(slots=True)
class Speaking:
    """Who of a person's devices speaks just now, while their points come one by one and not at one time: by the newest moment that all of those who
    have been heard within a minute know of. `tiers`: asked when a device is first heard, of which nothing was known before."""

    tiers: Callable[[], Mapping[str, str]]
    _known: Mapping[str, str] = field(default_factory=dict)
    _recent: dict[str, Grid] = field(default_factory=dict)

    def speaks(self, device: str, grid: Grid) -> bool:
        """Whether these rows of `device`, its newest, are to be shown as the person's."""
        if device not in self._recent:
            self._known = self.tiers()
        self._take(device, grid)
        newest = {each: int(rows.stop_ns[-1]) for each, rows in self._recent.items()}
        heard = {each: rows for each, rows in self._recent.items() if newest[each] > max(newest.values()) - BEFORE_NS}
        at_ns = min(newest[each] for each in heard)
        return device in heard and lead(np.array([at_ns]), heard, self._known)[0] == device

    def _take(self, device: str, grid: Grid) -> None:
        """A point told again, as one that was provisional is, is told better."""
        before = self._recent.get(device, Grid.empty())
        rows = Grid.concat([before.take(before.stop_ns < grid.stop_ns[0]), grid])
        self._recent[device] = rows.take(rows.stop_ns > rows.stop_ns[-1] - 2 * BEFORE_NS)
