"""What is found of planned steps."""

from dataclasses import replace

from dashboards.grafana.found import CANNOT, NARROW, QUESTION, findings

PANEL = findings(
    27,
    "Steps, as found",
    "Distress met less expected, and what came less how sure the person was that it would, both 0–10; from five steps on.",
    ("step_distress", "step_outcome"),
    (replace(QUESTION, width=215), *NARROW, CANNOT),
)
