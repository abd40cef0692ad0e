"""Breathing by what chance decided."""

from dashboards.grafana.kinds import Shown, table
from dashboards.grafana.look import SD
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, count, equals, mean

OUTCOMES = {"taken": "Offered, taken", "not taken": "Offered, not taken", "withheld": "Withheld by lot"}
COLUMNS = (
    count("chance").named("n"),
    count("change_z").named("readable"),
    mean("before_z").named("before"),
    mean("after_z").named("after"),
    mean("change_z").named("change"),
)

PANEL = table(
    22,
    "A breath, offered or not",
    "Decisions by lot, and the level around them. **Compare rows, never the columns of one row**: a rise settles by itself, also where nothing was offered. "
    "*Taken* and *not taken* chose themselves; the comparison that holds is offered with withheld, in the table beside. The mean rests on decisions "
    "with a readable signal.",
    (Target("A", Query("breathing", COLUMNS, (equals("kind", "offer"),), by=("outcome",)), table=True),),
    (
        Shown("outcome", "Decision", width=140, words=OUTCOMES),
        Shown("n", "Decisions", decimals=0, width=88),
        Shown("readable", "Readable", decimals=0, width=90),
        Shown("before", "Level then", SD, 1, 85),
        Shown("after", "Level later", SD, 1, 85),
        Shown("change", "Change", SD, 1, 85),
    ),
)
