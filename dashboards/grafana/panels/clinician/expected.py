"""What is found of planned steps."""

from dashboards.grafana.found import CANNOT, NARROW, QUESTION, findings

PANEL = findings(
    27,
    "Steps, as found",
    "Distress met less expected, and what came less how sure the person was that it would; from five steps on.",
    ("step_distress", "step_outcome"),
    (QUESTION, *NARROW, CANNOT),
)
