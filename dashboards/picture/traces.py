"""How a level is drawn, on any scale: usual as a band, the line in the colour of its words, grey where it is not judged, nothing where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.picture import look
from somalink.domain.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def runs(mask: BoolArray) -> list[tuple[int, int]]:
    """Stretches of True as [first, past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def usual_band(axes: Axes, t: FloatArray, compared: BoolArray, *, half: float = 0.5) -> None:
    """From -1 to 1, only where there is something to compare; `half` a step to either side of each point."""
    for a, b in runs(compared):
        axes.fill_between([t[a] - half, t[b - 1] + half], -1, 1, color=look.USUAL_BAND, lw=0, zorder=1)


def level_line(axes: Axes, t: FloatArray, z: FloatArray, judged: BoolArray, weak: BoolArray, *, width: float = 1.5) -> None:
    """Judged: in the colour of its level. Signal weak: grey and dashed. Not judged for movement: grey and thin. Unknown: nothing."""
    both = np.isfinite(z[1:]) & np.isfinite(z[:-1])
    pieces = np.stack([np.column_stack([t[:-1], z[:-1]]), np.column_stack([t[1:], z[1:]])], axis=1)
    coloured = both & judged[1:] & judged[:-1]
    strokes(axes, pieces[coloured], [look.level(float(each)).colour for each in (z[1:] + z[:-1])[coloured] / 2], width)
    dashed = both & (weak[1:] | weak[:-1])
    for a, b in runs(dashed):
        axes.plot(t[a : b + 1], z[a : b + 1], color=look.UNSURE, lw=width * 0.67, ls=(0, (2.5, 1.8)), zorder=3)
    grey = both & ~coloured & ~dashed
    strokes(axes, pieces[grey], [look.UNSURE] * int(grey.sum()), width * 0.53)
    alone = np.isfinite(z) & ~np.append(both, False) & ~np.append(False, both)
    colours = [look.level(float(each)).colour if sure else look.UNSURE for each, sure in zip(z[alone], judged[alone], strict=True)]
    axes.scatter(t[alone], z[alone], s=1.6, c=colours, zorder=3, linewidths=0)


def strokes(axes: Axes, pieces: Any, colours: Sequence[str], width: float) -> None:
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(list(pieces), colors=colours, linewidths=width, capstyle="round", zorder=4), autolim=False)
