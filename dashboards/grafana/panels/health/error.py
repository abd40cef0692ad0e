"""Why the last try to ship did not work."""

from dashboards.grafana.kinds import stat, values
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, last

PANEL = stat(
    4,
    "Why it waits",
    "What the shipping program last ran into, as it told once it got through again.\n\n"
    "*While it cannot get through it cannot tell it here either: `somalink status` on the recording computer can.*",
    (Target("A", Query("pipeline", (last("last_error").named("why"),), person=""), table=True),),
    shows="why",
    size=16,
    defaults={
        "mappings": [
            *values({"": "Nothing: it works"}),
            {"type": "special", "options": {"match": "empty", "result": {"text": "Nothing: it works", "index": 1}}},
        ]
    },
)
