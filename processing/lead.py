"""Which of several devices speaks for the person at a moment (contracts, section 1): better data, then the better tier, then the id.

Knows quality columns, tiers and names. Does not know in which order devices were imported, so that order cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from processing.exact import prefix
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, Episode, Grid, IntArray

WINDOW_S = 60
TIERS = "ABCD"
"""Best first."""


def lead(starts_ns: IntArray, grids: Mapping[str, Grid], tiers: Mapping[str, str]) -> list[str]:
    """The leading device at each start: most quality over the 60 s before, then tier, then id.

    `grids`: each device's FINAL rows in time order. Every window has the same number of grid points, so sums rank as means do, exactly;
    points that are unknown or not there count 0. A device without a tier comes last. At least one device is needed if there are starts.
    """
    ranked = sorted(grids, key=lambda device: (_tier(tiers.get(device, "")), device))
    quality = [_quality_before(starts_ns, grids[device]) for device in ranked]
    return [max(ranked, key=lambda device: quality[ranked.index(device)][k]) for k in range(len(starts_ns))]


def leading(episodes: Mapping[str, Iterable[Episode]], grids: Mapping[str, Grid], tiers: Mapping[str, str]) -> frozenset[str]:
    """Ids of the episodes that their own device led when they started. `episodes`: by device; a device with episodes has a grid."""
    own = sorted((episode.start_ns, episode.id, device) for device, some in episodes.items() for episode in some)
    first = lead(np.array([start for start, _, _ in own], dtype=np.int64), grids, tiers)
    return frozenset(id_ for (_, id_, device), leader in zip(own, first, strict=True) if device == leader)


def _tier(letter: str) -> int:
    return TIERS.index(letter) if letter in TIERS and letter else len(TIERS)


def _quality_before(starts_ns: IntArray, grid: Grid) -> IntArray:
    """Summed quality, 1e-4, of the grid points with stop in (start - 60 s, start]; (n,)."""
    total = prefix(np.where(grid.hr_q == UNKNOWN, 0, grid.hr_q).astype(np.int64))
    behind = np.searchsorted(grid.stop_ns, starts_ns, side="right")
    first = np.searchsorted(grid.stop_ns, starts_ns - WINDOW_S * SECOND_NS, side="right")
    return total[behind] - total[first]
