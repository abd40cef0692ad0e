"""How fast the body came half-way back, moment by moment."""

from dashboards.grafana.kinds import COUNTS, LEGEND, POINTS, fixed, lines
from dashboards.grafana.look import MINUTES, UNSURE, USUAL
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import Query, as_is, equals

SEEN, LONGER = "Half-way back after", "Longer than"


def half(ref: str, name: str, *, censored: bool) -> Target:
    return Target(ref, Query("social_event", ((as_is("t_half_s") / 60).named(name),), (equals("t_half_censored", censored),)), alias="$col")


PANEL = lines(
    10,
    "Half-way back",
    "Minutes from the peak until half of a rise had gone, a dot a tagged moment, with how many. Grey: it had not gone while it could be seen, so it "
    "took longer than the dot. "
    "Do not average the two by eye; the table beside does that properly. Faster is not better.",
    (half("A", SEEN, censored=False), half("B", LONGER, censored=True)),
    unit=MINUTES,
    custom=POINTS,
    defaults={"min": 0},
    options={"legend": {**LEGEND, "calcs": COUNTS}},
    overrides=(
        named(SEEN, {"color": fixed(USUAL)}),
        named(LONGER, {"color": fixed(UNSURE), "custom.pointSize": 9}),
    ),
)
