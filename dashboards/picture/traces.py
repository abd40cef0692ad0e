"""How a level is drawn, on any scale: usual as a band, the line in the colour of its words, grey where it is not judged, nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.picture import look
from dashboards.picture.model import Minutes
from somalink.domain.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = 6
JudgedAt = Callable[[FloatArray], BoolArray]
"""Times as the axes have them, to whether each was judged."""


def runs(mask: BoolArray) -> list[tuple[int, int]]:
    """Stretches of True as [first, past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def usual_band(axes: Axes, t: FloatArray, compared: BoolArray, *, half: float = 0.5) -> None:
    """From -1 to 1, only where there is something to compare; `half` a step to either side of each point."""
    for a, b in runs(compared):
        axes.fill_between([t[a] - half, t[b - 1] + half], -1, 1, color=look.USUAL_BAND, lw=0, zorder=1)


def wash(axes: Axes, t: FloatArray, unjudged: BoolArray, *, half: float = 0.5) -> None:
    """One light grey behind all that was measured and not judged, whatever the reason; what is white has no signal."""
    for a, b in runs(unjudged):
        axes.fill_between([t[a] - half, t[b - 1] + half], *axes.get_ylim(), color=look.WASH, lw=0, zorder=0.9)


def cut_marks(axes: Axes, t: FloatArray, minutes: Minutes, z_range: tuple[float, float], *, size: float = 4.0) -> None:
    """A small arrow at the edge where the judged line is further out than the page."""
    for mark, edge, out in ((6, z_range[1], minutes.z > z_range[1]), (7, z_range[0], minutes.z < z_range[0])):
        for a, b in runs(minutes.judged & out):
            axes.plot([(t[a] + t[b - 1]) / 2], [edge], marker=mark, color=look.level(edge).colour, markersize=size, clip_on=False, zorder=5)


def beyond(minutes: Minutes, z_range: tuple[float, float]) -> bool:
    """Is any judged point further out than the page?"""
    return bool((minutes.judged & ((minutes.z > z_range[1]) | (minutes.z < z_range[0]))).any())


def level_line(axes: Axes, t: FloatArray, minutes: Minutes, z_range: tuple[float, float], *, width: float = 1.5, judged_at: JudgedAt | None = None) -> None:
    """Judged: in the colour of its level. Measured and not judged, whatever the reason: grey and thin. Unknown: nothing.

    `judged_at`: what of the time within a longer point was judged, where that is known; the rest of it is grey and thin too.
    What is judged and beyond the scale is cut at its edge; what is not judged is not drawn there, so that a run makes no plateau.
    """
    judged = minutes.judged
    cut = np.clip(minutes.z, *z_range)
    z = np.where(judged | (cut == minutes.z), cut, np.nan)
    both = np.isfinite(z[1:]) & np.isfinite(z[:-1])
    pieces = np.stack([np.column_stack([t[:-1], z[:-1]]), np.column_stack([t[1:], z[1:]])], axis=1)
    coloured = both & judged[1:] & judged[:-1]
    fine = _finer(pieces[coloured])
    sure = judged_at((fine[:, 0, 0] + fine[:, 1, 0]) / 2) if judged_at else np.ones(len(fine), bool)
    strokes(axes, fine[sure], [look.level(float(each)).colour for each in (fine[sure, 0, 1] + fine[sure, 1, 1]) / 2], width)
    strokes(axes, fine[~sure], [look.HATCH] * int((~sure).sum()), width * 0.45)
    grey = both & ~coloured
    strokes(axes, pieces[grey], [look.HATCH] * int(grey.sum()), width * 0.45)
    alone = np.isfinite(z) & ~np.append(both, False) & ~np.append(False, both)
    colours = [look.level(float(each)).colour if sure else look.UNSURE for each, sure in zip(z[alone], judged[alone], strict=True)]
    axes.scatter(t[alone], z[alone], s=1.6, c=colours, zorder=3, linewidths=0)


def _finer(pieces: FloatArray) -> FloatArray:
    """(n, 2, 2) to (PARTS n, 2, 2): a steep rise changes colour where it passes from one word to the next."""
    share = np.linspace(0, 1, PARTS + 1)[None, :, None]
    points = pieces[:, None, 0] * (1 - share) + pieces[:, None, 1] * share
    return np.stack([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 2, 2)


def strokes(axes: Axes, pieces: Any, colours: Sequence[str], width: float) -> None:
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(list(pieces), colors=colours, linewidths=width, capstyle="round", zorder=4), autolim=False)
