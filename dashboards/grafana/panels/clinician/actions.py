"""What the person did at the moments."""

from dashboards.grafana.kinds import Shown, table
from dashboards.grafana.look import DONE
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is

BY_ACTION = {
    "id": "groupBy",
    "options": {
        "fields": {
            "action": {"aggregations": [], "operation": "groupby"},
            "label": {"aggregations": ["count"], "operation": "aggregate"},
            "distress": {"aggregations": ["mean"], "operation": "aggregate"},
            "belonging": {"aggregations": ["mean"], "operation": "aggregate"},
        }
    },
}

PANEL = table(
    21,
    "What was done, listed",
    "A list; **no comparison was made**. How often the person went closer, stayed, paused, left or avoided, in the time shown, "
    "with their own mean ratings (0–10) at those moments. "
    "People leave other moments than "
    "they stay in, so these means compare nothing.",
    (Target("A", Query("social_event", tuple(as_is(name) for name in ("action", "label", "distress", "belonging"))), table=True),),
    (
        Shown("action", "Did", width=120, words=DONE, empty="Not said"),
        Shown("label (count)", "Moments", decimals=0, width=105),
        Shown("distress (mean)", "Felt distress", decimals=1, width=115),
        Shown("belonging (mean)", "Felt belonging", decimals=1),
    ),
    sort=("Moments", True),
    before=(BY_ACTION,),
)
