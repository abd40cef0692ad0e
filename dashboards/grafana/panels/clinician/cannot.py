"""What cannot be said yet."""

from dashboards.grafana.found import CANNOT, COUNTED, DESCRIBED, SPAN, WHAT, findings
from dashboards.grafana.look import ASKED
from dashboards.grafana.query import matches

WITH_WORDS = {"config": {"id": "regex", "options": {"value": f"^(?!{DESCRIBED}$)."}}, "fieldName": "cannot"}
SAYS_NOTHING = {"id": "filterByValue", "options": {"filters": [WITH_WORDS], "match": "all", "type": "include"}}
"""Rows that have words there. Said in the query, it would bring back an old answer where the newest has none."""
ELSEWHERE = ("dz10_trend", "dz10_contrast")
"""Told in *Slow change, as found*, and in the report's appendix."""

PANEL = findings(
    8,
    "What cannot be said",
    "Questions without an answer yet, each with what it would take. A question that is missing here is answered in its own table, or nobody asked it.",
    tuple(metric for metric in ASKED if metric not in ELSEWHERE),
    (WHAT, COUNTED, CANNOT, SPAN),
    where=(matches("scope", "^(all|kind:.*)$"),),
    before=(SAYS_NOTHING,),
)
