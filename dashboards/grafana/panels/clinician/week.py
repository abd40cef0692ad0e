"""The usual week, by weekday and hour."""

from dashboards.grafana.kinds import SHADED, Shown, steps, table
from dashboards.grafana.look import BELOW, CELL_ABOVE, CELL_USUAL
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, at_least, last
from somalink.domain.measurements import HOURS

DAYS = {"1 Mon": "Mon", "2 Tue": "Tue", "3 Wed": "Wed", "4 Thu": "Thu", "5 Fri": "Fri", "6 Sat": "Sat", "7 Sun": "Sun"}
LEVELS = steps((None, BELOW), (-0.95, CELL_USUAL), (0.95, CELL_ABOVE))
"""By the number as it is written: 1.0 is above, whatever was rounded. Well above has no colour of its own, since single hours would cry."""
TWICE = at_least("days", 2)
"""One Friday is no usual Friday."""

HOUR = {**SHADED, "thresholds": LEVELS, "color": {"mode": "thresholds"}}

PANEL = table(
    28,
    "Usual week (violet: above it)",
    "Teal: about the usual. Violet: 1 SD or more above it, which is neither good nor bad. Blue: as far below. "
    "Mean level (SD) by weekday and local hour over the four weeks up to the newest day with data, **whatever time is chosen above**. An empty cell "
    "had less than ten usable minutes; a weekday stands here from two of it on. "
    "A cell rests on four hours at most: a pattern to talk about, not one to lean on.",
    (
        Target(
            "A",
            Query("week_profile", (last("days").named("n"), *(last(hour).named(hour[1:]) for hour in HOURS)), (TWICE,), when=ANY_TIME, by=("weekday",)),
            table=True,
        ),
    ),
    (
        Shown("weekday", "Day", width=50, words=DAYS),
        *(Shown(hour[1:], hour[1:], decimals=1, width=48, more=HOUR) for hour in HOURS),
        Shown("n", "Days", decimals=0, width=50),
    ),
    empty="A usual week needs each weekday at least twice",
)
