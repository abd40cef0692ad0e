"""What is found of offers."""

from dashboards.grafana.found import CANNOT, NARROW, findings

PANEL = findings(
    23,
    "A breath, as found",
    "Level 5 to 15 minutes after what was offered, less what was withheld, taken or not, from twenty decisions on. Decisions without a readable "
    "signal are left out.",
    ("offer",),
    (*NARROW, CANNOT),
)
