"""How well the usual is known that everything is held against."""

from dashboards.grafana.kinds import ranges, stat
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is, last

UP_TO = "time <= ${__to}ms + 1d"
KNOWN = ranges(
    (None, 0.5, "Just begun"),
    (0.5, 8, "Still being learnt, under 8 h"),
    (8, 20, "Nearly known, 8 to 20 h"),
    (20, None, "Known, 20 h or more"),
)
"""Quiet hours -> the page's words for how well a usual is known."""

PANEL = stat(
    32,
    "The usual",
    "How many quiet hours the newest usual rests on, up to the end of the time shown. With few, a level against the usual is a level against those few hours: "
    "it may all change as more come in. It says how much was seen, nothing of the person.",
    (Target("A", Query("baseline", (last("still_h").named("Quiet hours"), as_is("still_days").named("Days")), when=UP_TO), table=True),),
    shows="Quiet hours",
    size=18,
    defaults={"mappings": KNOWN, "noValue": "Not known yet"},
)
