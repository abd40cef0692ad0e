"""Contacts a day, as the person noted them."""

from dashboards.grafana.kinds import BARS, OUTLINED, fixed, lines
from dashboards.grafana.look import BELOW, USUAL
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import DAY, Query, equals, total


def noted(ref: str, kind: str, name: str) -> Target:
    return Target(ref, Query("rating", (total("value").named(name),), (equals("kind", kind),), every=DAY, fill="null", local=True), alias="$col")


PANEL = lines(
    19,
    "People",
    "Contacts of a day, and times reached out, as the person noted them: two counts, drawn one over the other and not added. "
    "A day without a bar has no note; it is not a day alone.",
    (noted("A", "contacts", "Contacts"), noted("B", "reached_out", "Reached out (outline)")),
    custom=BARS,
    defaults={"decimals": 0, "min": 0},
    overrides=(
        named("Contacts", {"color": fixed(BELOW)}),
        named("Reached out (outline)", {"color": fixed(USUAL), **{f"custom.{name}": value for name, value in OUTLINED.items()}}),
    ),
)
