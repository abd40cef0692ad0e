"""The share of beats that carry a flag, by device."""

from dashboards.grafana.kinds import POINTS, lines
from dashboards.grafana.look import BELOW, SHARE
from dashboards.grafana.model import Target
from dashboards.grafana.query import STEP, Query, at_least, total

PANEL = lines(
    10,
    "Beats in doubt",
    "Of the beats that were kept, the share with a flag (implausibly short or long, ectopic, missed, extra, stale), by device.\n\n"
    "*Flagged beats are kept as they came, and left out of what is computed. A dry strap and strong movement raise it; so do rhythms that are "
    "irregular by themselves, and which of them it is this does not say.*",
    (
        Target(
            "A",
            Query(
                "coverage",
                ((total("flagged_beats") / total("stored_beats")).named("doubt"),),
                (at_least("stored_beats", 1),),  # of none there is no share
                person="people",
                every=STEP,
                by=("person_id", "device_id"),
                fill="none",
            ),
            alias="$tag_person_id, $tag_device_id",
        ),
    ),
    unit=SHARE,
    defaults={"min": 0, "decimals": 1, "color": {"mode": "shades", "fixedColor": BELOW}},
    custom={**POINTS, "axisSoftMax": 0.05},
    interval="1h",
)
