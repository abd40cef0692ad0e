"""What of the beats no figure rests on."""

from dashboards.grafana.kinds import stat
from dashboards.grafana.look import HOURS, SHARE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import Query, above, total

SUMS = ((total("flagged_beats") / total("stored_beats")).named("Flagged"), (total("gap_s") / 3600).named("In gaps, worn or not"))

PANEL = stat(
    31,
    "Beats left out",
    "Flagged: stored, and left out of figures, since they were early, late or came out of a hole. In gaps: time without beats inside recordings; "
    "no figure reaches across one. Short gaps are within worn time, so worn hours and gaps may come to more than a day.",
    (Target("A", Query("coverage", SUMS, (above("received_beats", 0),)), table=True),),
    decimals=1,
    size=22,
    overrides=(named("Flagged", {"unit": SHARE}), named("In gaps, worn or not", {"unit": HOURS})),
)
