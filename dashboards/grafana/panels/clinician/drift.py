"""What is found of slow change, of the body and of the person's own ratings."""

from dashboards.grafana.found import CANNOT, COUNTED, FIGURE, SPAN, WHAT, WITH_FIGURE, WORDS, findings

SLOW = ("still_hr_trend", "threshold_trend", "belonging_trend", "engagement_trend", "concordance", "dz10_trend")

PANEL = findings(
    14,
    "Slow change, as found",
    "Trends over the span’s days, ill days left out. Days resemble their neighbours, so each is held against series as alike as the person’s own "
    "before anything is said. Those without a figure are in *What cannot be said*.",
    SLOW,
    (WHAT, COUNTED, FIGURE, WORDS, CANNOT, SPAN),
    before=(WITH_FIGURE,),
    paged=True,
)
