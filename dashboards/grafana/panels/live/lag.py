"""Whether what is seen here is what there is."""

from dashboards.grafana.delays import in_words, noticed
from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, last

PANEL = stat(
    12,
    "Shipping",
    "How old the oldest thing is that is not in this database yet.\n\n"
    "*While it is behind, the newest part of every panel is missing here, and nothing is lost: the store on the recording computer has it. "
    "No data: the program that ships has said nothing in the time shown.*",
    (Target("A", Query("pipeline", (last("lag_s").named("lag"),), person=""), table=True),),
    shows="lag",
    size=22,
    defaults={"mappings": in_words(), "thresholds": noticed(), "color": {"mode": "thresholds"}},
)
