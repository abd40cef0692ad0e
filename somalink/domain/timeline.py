"""A person's rows as one line, whoever measured them, and who measured which part of it. Knows no rule of who leads (`processing.lead` does)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from somalink.domain.time import GRID_NS
from somalink.domain.types import BoolArray, Grid, IntArray


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time (start, stop] in which one device spoke for the person, without a hole."""

    device: str
    start_ns: int
    stop_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """FINAL rows, one a grid point, in order of time. `of`: (n,) whose each row is, as an index into `devices`."""

    rows: Grid
    devices: tuple[str, ...]
    of: IntArray

    @classmethod
    def empty(cls) -> Self:
        return cls(Grid.empty(), (), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: Any) -> Timeline:
        """The rows a slice, mask or index array picks."""
        return Timeline(self.rows.take(index), self.devices, self.of[index])

    def speaker(self, t_ns: int) -> str:
        """Whose the row with this stop is; empty where there is none."""
        k = int(np.searchsorted(self.rows.stop_ns, t_ns))
        return self.devices[int(self.of[k])] if k < len(self) and int(self.rows.stop_ns[k]) == t_ns else ""

    def led_by(self, device: str, stops_ns: IntArray) -> BoolArray:
        """(n,) whether each of these points is this device's; `stops_ns` in order of time."""
        own = self.rows.stop_ns[self.of == self.devices.index(device)] if device in self.devices else self.rows.stop_ns[:0]
        return np.isin(stops_ns, own, assume_unique=True)

    def stretches(self) -> list[Stretch]:
        """In order of time: a new one where another device takes over and after every point that nobody has a row of."""
        if not len(self):
            return []
        stops = self.rows.stop_ns
        first = np.flatnonzero(np.append(True, (np.diff(self.of) != 0) | (np.diff(stops) != GRID_NS)))
        last = np.append(first[1:], len(self)) - 1
        return [
            Stretch(self.devices[of], start - GRID_NS, stop)
            for of, start, stop in zip(self.of[first].tolist(), stops[first].tolist(), stops[last].tolist(), strict=True)
        ]
