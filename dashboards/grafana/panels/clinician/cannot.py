"""What cannot be said yet."""

from dashboards.grafana.found import CANNOT, COUNTED, SPAN, WHAT, findings
from dashboards.grafana.look import ASKED

SAYS_NOTHING = {
    "id": "filterByValue",
    "options": {"filters": [{"config": {"id": "regex", "options": {"value": "."}}, "fieldName": "cannot"}], "match": "all", "type": "include"},
}
"""Rows that have words there. In the query it would bring back an old answer where the newest has none."""

PANEL = findings(
    8,
    "What cannot be said",
    "Questions without an answer yet, each with what it would take. A question that is missing here is answered in its own table, or nobody asked it.",
    tuple(metric for metric in ASKED if metric != "dz10_contrast"),
    (WHAT, COUNTED, CANNOT, SPAN),
    before=(SAYS_NOTHING,),
)
