"""Breathing by what chance decided."""

from dashboards.grafana.kinds import Shown, table
from dashboards.grafana.look import SD
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is, count, equals, mean

OUTCOMES = {"taken": "Offered, taken", "not taken": "Offered, not taken", "withheld": "Withheld by lot"}
BY = ("outcome",)
DECIDED = Query(
    "breathing",
    (
        as_is("chance").named("drawn"),
        as_is("change_z").named("change"),
        (as_is("after_z") - as_is("change_z")).named("before"),
        (as_is("before_z") + as_is("change_z")).named("after"),
    ),
    (equals("kind", "offer"),),
    by=BY,
)
"""A decision a row. Level then and later are there only where both were readable, so that their means differ by the mean of the changes."""
COLUMNS = (
    count("drawn").named("n"),
    count("change").named("readable"),
    mean("before").named("before"),
    mean("after").named("after"),
    mean("change").named("change"),
)

PANEL = table(
    22,
    "A breath, offered or not",
    "Decisions by lot, and the level around them. **Compare rows, never the columns of one row**: a rise settles by itself, also where nothing was offered. "
    "*Taken* and *not taken* chose themselves, so that these rows look alike or apart tells nothing of a breath; the comparison that holds is offered with "
    "withheld, in the table beside. Levels and change are means over the readable decisions of a row, the same ones in all three.",
    (Target("A", Query(DECIDED, COLUMNS, by=BY), table=True),),
    (
        Shown("outcome", "Decision", width=140, words=OUTCOMES),
        Shown("n", "Decisions", decimals=0, width=88),
        Shown("readable", "Readable", decimals=0, width=90),
        Shown("before", "Level then", SD, 1, 85),
        Shown("after", "Level later", SD, 1, 85),
        Shown("change", "Change", SD, 1, 85),
    ),
)
