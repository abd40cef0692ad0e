"""Exercises nobody offered."""

from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import Query, count, equals, total

PANEL = stat(
    24,
    "Begun alone",
    "Exercises the person began without an offer. They chose the time themselves, so nothing is compared with them.",
    (Target("A", Query("breathing", (count("duration_s").named("Times"), total("duration_s").named("In all")), (equals("outcome", "own"),)), table=True),),
    decimals=0,
    size=22,
    options={"orientation": "horizontal"},
    overrides=(named("In all", {"unit": "s"}),),
)
