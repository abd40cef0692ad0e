"""Time without beats inside recordings."""

from dashboards.grafana.kinds import BARS, STACKED, lines
from dashboards.grafana.look import BELOW
from dashboards.grafana.model import Target
from dashboards.grafana.query import STEP, Query, total

PANEL = lines(
    8,
    "Minutes in gaps",
    "Time without beats while something was being recorded, by device.\n\n"
    "*A gap ends a stretch: nothing is joined or guessed across it. Taken off without telling is a gap as well.*",
    (
        Target(
            "A",
            Query("coverage", ((total("gap_s") / 60).named("gaps"),), person="people", every=STEP, by=("person_id", "device_id"), fill="none"),
            alias="$tag_person_id, $tag_device_id",
        ),
    ),
    unit="suffix: min",
    defaults={"min": 0, "decimals": 0, "color": {"mode": "shades", "fixedColor": BELOW}},
    custom={**BARS, **STACKED},
    interval="1h",
)
