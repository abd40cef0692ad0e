"""Where the beats went."""

from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, above, total

SUMS = (
    total("received_beats").named("Received"),
    total("stored_beats").named("Stored"),
    total("refused_beats").named("Refused"),
)
PANEL = stat(
    5,
    "Beats",
    "Received = stored + refused. Nothing is dropped silently, and nothing is filled in.",
    (Target("A", Query("coverage", SUMS, (above("received_beats", 0),)), table=True),),
    unit="locale",
    decimals=0,
    size=22,
)
