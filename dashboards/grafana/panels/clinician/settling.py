"""What is found of recovery."""

from dashboards.grafana.found import CANNOT, NARROW, QUESTION, findings
from dashboards.grafana.query import equals

PANEL = findings(
    11,
    "Settling, as found",
    "The median time to come half-way back, and whether later moments settle faster or slower. Both count moments that were not seen to their end for "
    "what they are.",
    ("t_half_s", "t_half_trend"),
    (QUESTION, *NARROW, CANNOT),
    where=(equals("scope", "all"),),
)
