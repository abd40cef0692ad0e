"""The usual week, by weekday and hour."""

from dashboards.grafana.kinds import SHADED, Shown, steps, table
from dashboards.grafana.look import BELOW, CELL_ABOVE, CELL_USUAL, WELL
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, last
from somalink.domain.measurements import HOURS

DAYS = {"1 Mon": "Mon", "2 Tue": "Tue", "3 Wed": "Wed", "4 Thu": "Thu", "5 Fri": "Fri", "6 Sat": "Sat", "7 Sun": "Sun"}
LEVELS = steps((None, BELOW), (-1, CELL_USUAL), (1, CELL_ABOVE), (3, WELL))
HOUR = {**SHADED, "thresholds": LEVELS, "color": {"mode": "thresholds"}}

PANEL = table(
    28,
    "Usual week",
    "Mean level (SD) by weekday and local hour over the four weeks up to the newest day with data, **whatever time is chosen above**. An empty cell "
    "had less than ten usable minutes. "
    "A cell rests on four hours at most: a pattern to talk about, not one to lean on.",
    (
        Target(
            "A", Query("week_profile", (last("days").named("n"), *(last(hour).named(hour[1:]) for hour in HOURS)), when=ANY_TIME, by=("weekday",)), table=True
        ),
    ),
    (
        Shown("weekday", "Day", width=50, words=DAYS),
        *(Shown(hour[1:], hour[1:], decimals=1, width=48, more=HOUR) for hour in HOURS),
        Shown("n", "Days", decimals=0, width=50),
    ),
)
