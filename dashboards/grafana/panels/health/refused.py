"""The share of what came that was no beat, by device."""

from dashboards.grafana.kinds import POINTS, lines
from dashboards.grafana.look import BELOW, SHARE
from dashboards.grafana.model import Target
from dashboards.grafana.query import STEP, Query, at_least, total

PANEL = lines(
    11,
    "Refused",
    "Of the beats that came, the share that were none: no number, not positive, too long, or back in time. By device.\n\n"
    "*Received is stored and refused together, counted where they came in, so a loss within the program would show. More than a few in a thousand "
    "is a file or a device to look at.*",
    (
        Target(
            "A",
            Query(
                "coverage",
                ((total("refused_beats") / total("received_beats")).named("refused"),),
                (at_least("received_beats", 1),),  # of none there is no share
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
    custom={**POINTS, "axisSoftMax": 0.01},
    interval="1h",
)
