"""What the board is and is not."""

from dashboards.grafana.kinds import text

PANEL = text(
    1,
    "What this is",
    "Who has data, and of which device. **Nothing of anybody’s body is on this board**, and its order says nothing about anybody: "
    "arousal is each person’s own scale. An id opens that person’s board. Figures are of the time chosen, seven days at first; *last data* looks "
    "back 90 days.",
    "The limits of this board. Who may open it may open everybody’s boards: a list is not a wall.",
)
