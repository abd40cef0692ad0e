"""What was sent, and how often a try did not work."""

from dashboards.grafana.kinds import BARS, fixed, lines
from dashboards.grafana.look import BELOW, UNSURE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import HOUR, Column, Query, total

ROWS, TRIES = "Rows sent", "Tries that did not work"


def _more(counter: str) -> Column:
    """By how much a counter grew since the hour before; one that began anew gives nothing."""
    return Column(f'non_negative_difference(last("{counter}"))', (counter,), (counter,))


BY_STORE = Query("pipeline", (_more("shipped_rows").named("rows"), _more("retries").named("tries")), person="", every=HOUR, by=("store",), fill="none")
SUMS = Query(BY_STORE, (total("rows").named(ROWS), total("tries").named(TRIES)), person="", every=HOUR, fill="none")


PANEL = lines(
    6,
    "Sent an hour",
    "Rows that were sent since the hour before, and tries that did not work and were made again.\n\n"
    "*Many tries without rows is a server that is away, or a token it does not know; many rows is an outage being caught up with.*",
    (Target("A", SUMS, alias="$col"),),
    defaults={"min": 0, "decimals": 0},
    custom=BARS,
    overrides=(
        named(ROWS, {"color": fixed(BELOW), "unit": "short"}),
        named(TRIES, {"color": fixed(UNSURE), "custom.axisPlacement": "right"}),
    ),
)
