"""Belonging and engagement as the person rated them."""

from dashboards.grafana.kinds import COUNTS, LEGEND, POINTS, fixed, lines
from dashboards.grafana.look import ABOVE, USUAL
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import DAY, WEEK, Query, equals, mean

DOTS = {f"custom.{name}": value for name, value in POINTS.items()}
BELONGING, PART = "Belonging", "Being part of things"
OF_A_WEEK = "mean of 7 days"


def rated(ref: str, kind: str, every: str, name: str, fill: str) -> Target:
    return Target(ref, Query("rating", (mean("value").named(name),), (equals("kind", kind),), every=every, fill=fill, local=True), alias="$col")


PANEL = lines(
    18,
    "Belonging, own ratings",
    "The person’s own numbers, 0–10: a dot a rated day, a line through the means of seven days, each with how many. Not a measure of the body. A week "
    "of one rating weighs as much as one of seven, so a line of few dots says little; whether it changes is in *Slow change*.",
    (
        rated("A", "belonging", DAY, BELONGING, "none"),
        rated("B", "engagement", DAY, PART, "none"),
        rated("C", "belonging", WEEK, f"{BELONGING}, {OF_A_WEEK}", "null"),
        rated("D", "engagement", WEEK, f"{PART}, {OF_A_WEEK}", "null"),
    ),
    custom={"showPoints": "never", "lineWidth": 2},
    defaults={"min": 0, "max": 10},
    options={"legend": {**LEGEND, "calcs": COUNTS}},
    overrides=(
        named(BELONGING, {"color": fixed(USUAL), **DOTS}),
        named(PART, {"color": fixed(ABOVE), **DOTS}),
        named(f"{BELONGING}, {OF_A_WEEK}", {"color": fixed(USUAL)}),
        named(f"{PART}, {OF_A_WEEK}", {"color": fixed(ABOVE), "custom.lineStyle": {"dash": [6, 4], "fill": "dash"}}),
    ),
)
