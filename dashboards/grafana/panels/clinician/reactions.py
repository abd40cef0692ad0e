"""Reactions by kind of moment."""

from dashboards.grafana.found import CANNOT, CLAIMED, COUNTED, FIGURE, GROUP, SPAN, TAGGED, WORDS, findings
from dashboards.grafana.query import matches

PANEL = findings(
    6,
    "Reactions by kind",
    "Change in arousal over the ten minutes after a tag, next to up to ten matched moments each: same hour, movement and device, other days. "
    "**Counted** are those tagged before the chart was seen. A bar stands only where something is claimed: eight moments or more, half a standard "
    "deviation or more, rarely by chance. "
    "An empty bar is no zero. Associated with, never more than that; kinds are not comparable between people.",
    ("dz10",),
    (GROUP, COUNTED, TAGGED, FIGURE, CLAIMED, WORDS, CANNOT, SPAN),
    where=(matches("scope", "^kind:"),),
    paged=True,
)
