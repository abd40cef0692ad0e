"""How fast the body came half-way back, moment by moment."""

from dashboards.grafana.kinds import COUNTS, LEGEND, POINTS, fixed, lines
from dashboards.grafana.look import MINUTES, UNSURE, USUAL
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import Query, above, as_is, at_least, equals
from somalink.domain.constants import STATISTICS

SEEN, LONGER = "Half-way back after", "Longer than"
ROSE = (at_least("dz10", STATISTICS.least_effect), above("n_controls", 0))
"""The moments that the finding beside rests on: where nothing rose, the half of it is soon gone. That they were told blind is not asked, since of most
imported tags nobody knows, and a row without an answer fits no condition."""


def half(ref: str, name: str, *, censored: bool) -> Target:
    return Target(ref, Query("social_event", ((as_is("t_half_s") / 60).named(name),), (equals("t_half_censored", censored), *ROSE)), alias="$col")


PANEL = lines(
    10,
    "Half-way back",
    "Minutes from the peak until half of a rise had gone, a dot a tagged moment with a rise of half an SD or more, with how many. Larger, grey: it had not "
    "gone while it could be seen, so it took longer than the dot. Moments told after the chart was seen have a dot and are not counted in the table beside, "
    "so there may be more dots than it counts. Do not average by eye; the table does that properly. Faster is not better.",
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
