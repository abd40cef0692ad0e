"""Whether this database has what the store has, in a sentence."""

from dashboards.grafana.delays import in_words, noticed
from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, last

PANEL = stat(
    1,
    "Shipping",
    "The age of the oldest thing that is in the store and not here yet, when the shipping program told of it last in the time shown.\n\n"
    "*Behind does not mean lost: the store on the recording computer has everything, and shipping goes on by itself, for ever. No data: that "
    "computer is off or without network, or nothing ships.*",
    (Target("A", Query("pipeline", (last("lag_s").named("lag"),), person=""), table=True),),
    shows="lag",
    defaults={"mappings": in_words(), "thresholds": noticed(), "color": {"mode": "thresholds"}},
)
