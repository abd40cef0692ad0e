"""Rows that the server refuses, each set aside with its reason."""

from dashboards.grafana.kinds import stat, steps, values
from dashboards.grafana.look import NOTE, TEXT
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, last, total

BY_STORE = Query("pipeline", (last("parked_rows").named("each"),), person="", by=("store",))
ALL = Query(BY_STORE, (total("each").named("parked"),), person="", when=ANY_TIME)
"""Of all recording computers, as each told last."""

PANEL = stat(
    2,
    "Set aside",
    "Rows that this database refused, for a reason that trying again would not mend, of all recording computers. The rest goes on without them.\n\n"
    "*They are in the store all the same; `somalink status` there names each with its reason.*",
    (Target("A", ALL, table=True),),
    shows="parked",
    unit="suffix: rows are set aside",
    size=22,
    defaults={
        "mappings": values({"0": "No row is set aside", "1": "1 row is set aside"}),
        "thresholds": steps((None, TEXT), (1, NOTE)),
        "color": {"mode": "thresholds"},
    },
)
