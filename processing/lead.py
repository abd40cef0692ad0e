"""Which of several devices speaks for the person at a moment (contracts, section 1): better data, then the better tier, then the id.

Knows quality columns, tiers and names. Does not know in which order devices were imported, so that order cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from processing.exact import prefix
from somalink.domain.time import SECOND_NS
from somalink.domain.timeline import Timeline
from somalink.domain.types import UNKNOWN, BoolArray, Episode, Grid, IntArray

WINDOW_S = 60
TIERS = "ABCD"
"""Best first."""


def lead(starts_ns: IntArray, grids: Mapping[str, Grid], tiers: Mapping[str, str]) -> list[str]:
    """The leading device at each start: most quality over the 60 s before, then tier, then id.

    `grids`: each device's FINAL rows in time order. Every window has the same number of grid points, so sums rank as means do, exactly;
    points that are unknown or not there count 0. Who has no row at the moment itself has nothing to say of it and comes after all who have. A
    device without a tier comes last. At least one device is needed if there are starts.
    """
    ranked = ranking(grids, tiers)
    return [ranked[k] for k in _first(starts_ns, [grids[device] for device in ranked]).tolist()] if len(starts_ns) else []


def leading(episodes: Mapping[str, Iterable[Episode]], grids: Mapping[str, Grid], tiers: Mapping[str, str]) -> frozenset[str]:
    """Ids of the episodes that their own device led when they started. `episodes`: by device; a device with episodes has a grid.

    Where the lead is handed over in the midst of one, the other device has it too and may begin it later: an episode that begins within one
    of its kind that counts already, of another device, is the same rise and does not count again.
    """
    own = sorted(((each, device) for device, some in episodes.items() for each in some), key=lambda pair: (pair[0].start_ns, pair[0].id))
    first = lead(np.array([each.start_ns for each, _ in own], dtype=np.int64), grids, tiers)
    counted: set[str] = set()
    until_ns: dict[tuple[str, str], int] = {}
    for (each, device), leader in zip(own, first, strict=True):
        told = any(each.start_ns <= stop_ns for (kind, other), stop_ns in until_ns.items() if kind == each.kind and other != device)
        if device == leader and not told:
            counted.add(each.id)
            until_ns[each.kind, device] = _until(each, grids[device])
    return frozenset(counted)


def _until(episode: Episode, grid: Grid) -> int:
    """When it ended; of one that is open, as far as its device has told."""
    return episode.stop_ns if episode.stop_ns is not None else int(grid.stop_ns[-1]) if len(grid) else episode.start_ns


def joined(grids: Mapping[str, Grid], tiers: Mapping[str, str], from_ns: int) -> Timeline:
    """One line of what several devices know: at every grid point from `from_ns` on that any has a row for, the row of the one that leads there.

    `grids`: as in `lead`, from 60 s before `from_ns` on, so that who led is known from the first point. A device that nowhere leads is not named.
    """
    ranked = [device for device in ranking(grids, tiers) if len(grids[device])]
    told = [grids[device] for device in ranked]
    if len(told) < 2:
        rows = told[0].take(slice(int(np.searchsorted(told[0].stop_ns, from_ns)), None)) if told else Grid.empty()
        return Timeline(rows, tuple(ranked) if len(rows) else (), np.zeros(len(rows), np.int64))
    stops = np.unique(np.concatenate([grid.stop_ns[grid.stop_ns >= from_ns] for grid in told]))
    first = _first(stops, told)
    rows = Grid.concat([grid.take(np.isin(grid.stop_ns, stops[first == k])) for k, grid in enumerate(told)])
    rows = rows.take(np.argsort(rows.stop_ns, kind="stable"))
    used, of = np.unique(first, return_inverse=True)
    return Timeline(rows, tuple(ranked[k] for k in used.tolist()), of.astype(np.int64))


def ranking(devices: Iterable[str], tiers: Mapping[str, str]) -> list[str]:
    """Devices as they come before one another where their data are equally good."""
    return sorted(devices, key=lambda device: (_tier(tiers.get(device, "")), device))


def _tier(letter: str) -> int:
    return TIERS.index(letter) if letter in TIERS and letter else len(TIERS)


def _first(at_ns: IntArray, ranked: Sequence[Grid]) -> IntArray:
    """(n,) which of the ranked leads at each time; of equals the first."""
    quality = np.stack([np.where(_has_row(at_ns, grid), _quality_before(at_ns, grid), -1) for grid in ranked])
    return np.asarray(quality.argmax(axis=0), np.int64)


def _has_row(at_ns: IntArray, grid: Grid) -> BoolArray:
    return np.asarray(np.searchsorted(grid.stop_ns, at_ns, side="right") > np.searchsorted(grid.stop_ns, at_ns), np.bool_)


def _quality_before(starts_ns: IntArray, grid: Grid) -> IntArray:
    """Summed quality, 1e-4, of the grid points with stop in (start - 60 s, start]; (n,)."""
    total = prefix(np.where(grid.hr_q == UNKNOWN, 0, grid.hr_q).astype(np.int64))
    behind = np.searchsorted(grid.stop_ns, starts_ns, side="right")
    first = np.searchsorted(grid.stop_ns, starts_ns - WINDOW_S * SECOND_NS, side="right")
    return total[behind] - total[first]
