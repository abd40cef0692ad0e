"""The same comparison by the other words of a tag."""

from dashboards.grafana.found import CANNOT, CLAIMED, COUNTED, FIGURE, GROUP, SPAN, TAGGED, WORDS, findings
from dashboards.grafana.query import matches

PANEL = findings(
    7,
    "By whom with, what was done",
    "The same comparison by whom with, what was done and what else went on: a second family of questions, with its own allowance for chance. A moment "
    "may stand in several groups.",
    ("dz10",),
    (GROUP, COUNTED, TAGGED, FIGURE, CLAIMED, WORDS, CANNOT, SPAN),
    where=(matches("scope", "^(with_whom|action|context):"),),
    paged=True,
)
