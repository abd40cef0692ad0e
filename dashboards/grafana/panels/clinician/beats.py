"""Where the beats went."""

from dashboards.grafana.kinds import stat
from dashboards.grafana.look import HOURS, SHARE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import Query, above, total

SUMS = (
    total("received_beats").named("Received"),
    total("stored_beats").named("Stored"),
    total("refused_beats").named("Refused"),
    (total("flagged_beats") / total("stored_beats")).named("Flagged"),
    (total("gap_s") / 3600).named("Lost to gaps"),
)

PANEL = stat(
    5,
    "Beats",
    "Received = stored + refused. Flagged: stored, and left out of figures, since it was early, late or came out of a hole. Nothing is dropped "
    "silently and nothing is filled in.",
    (Target("A", Query("coverage", SUMS, (above("received_beats", 0),)), table=True),),
    unit="locale",
    decimals=0,
    size=22,
    overrides=(
        named("Flagged", {"unit": SHARE, "decimals": 1}),
        named("Lost to gaps", {"unit": HOURS, "decimals": 1}),
    ),
)
