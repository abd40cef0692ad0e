"""What cannot be said yet."""

from dashboards.grafana.found import CANNOT, COUNTED, SPAN, WHAT, WITHOUT_FIGURE, findings
from dashboards.grafana.panels.clinician.drift import SLOW

ELSEWHERE_TOLD = "Nothing is listed here: without tagged moments nothing can be said, and what can is in the tables above"

PANEL = findings(
    8,
    "What cannot be said",
    "Questions over time, and of one kind beside another, that have no figure yet, each with what it would take. Those with a figure stand in *Slow change*; "
    "groups of moments, settling, a breath and steps say it in their own tables. A question that is in none of them nobody asked.",
    (*SLOW, "dz10_contrast"),
    (WHAT, COUNTED, CANNOT, SPAN),
    before=(WITHOUT_FIGURE,),
    empty=ELSEWHERE_TOLD,
    paged=True,
)
