"""Whether what is seen here is what there is."""

from dataclasses import replace

from dashboards.grafana.delays import in_words, noticed
from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target
from dashboards.grafana.panels.health.shipping import WORST

PANEL = replace(
    stat(
        12,
        "Shipping, now",
        "How old the oldest thing is that is not in this database yet, whatever time is shown; of several recording computers, of the one furthest "
        "behind.\n\n"
        "*While it is behind, the newest part of every panel is missing here, and nothing is lost: the store on the recording computer has it. "
        "Nothing told: that computer is off or without network, or nothing ships.*",
        (Target("A", WORST, table=True),),
        shows="lag",
        size=22,
        defaults={"mappings": in_words(), "thresholds": noticed(), "color": {"mode": "thresholds"}, "noValue": "Nothing told for 15 min"},
    ),
    any_time=True,
)
