"""Batteries over time."""

from dashboards.grafana.kinds import POINTS, lines, steps
from dashboards.grafana.look import BELOW, NOTE, PERCENT
from dashboards.grafana.model import Target
from dashboards.grafana.panels.live.straps import LOW_PCT
from dashboards.grafana.query import STEP, Query, last

PANEL = lines(
    12,
    "Batteries",
    f"What each device said of its battery. Under the dashed line ({LOW_PCT} %) a new coin cell is due soon.\n\n"
    "*Coin cells stay high for long and then fall fast; cold lowers what they say. A device that says nothing of its battery is not here.*",
    (
        Target(
            "A",
            Query("device_status", (last("battery_pct").named("battery"),), person="people", every=STEP, by=("person_id", "device_id"), fill="none"),
            alias="$tag_person_id, $tag_device_id",
        ),
    ),
    unit=PERCENT,
    defaults={
        "min": 0,
        "max": 100,
        "decimals": 0,
        "color": {"mode": "shades", "fixedColor": BELOW},
        "thresholds": steps((None, "transparent"), (LOW_PCT, NOTE)),
    },
    custom={**POINTS, "thresholdsStyle": {"mode": "dashed"}},
)
