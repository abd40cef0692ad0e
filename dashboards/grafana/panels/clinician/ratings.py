"""What is found of the person's own ratings."""

from dashboards.grafana.found import CANNOT, COUNTED, FIGURE, QUESTION, SPAN, WORDS, findings

PANEL = findings(
    20,
    "Ratings, as found",
    "Whether the person’s own ratings rose or fell over the span, from fourteen rated days on.",
    ("belonging_trend", "engagement_trend"),
    (QUESTION, COUNTED, FIGURE, WORDS, CANNOT, SPAN),
)
