"""How old the newest figure is."""

from dataclasses import replace

from dashboards.grafana.kinds import stat
from dashboards.grafana.look import AGE
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, as_is

NEWEST = Query("arousal", (as_is("hr_bpm"),), when=ANY_TIME, newest_first=True, limit=1)
"""The newest row, found from the end: over a year of them `last` would read each."""

PANEL = replace(
    stat(
        3,
        "Last data",
        "When this person's newest heart rate was measured, whatever time is shown.\n\n"
        "*Old data mean: not worn, out of reach, or shipping is behind (Pipeline health says which). Nothing recorded is lost by it.*",
        (Target("A", NEWEST, table=True),),
        shows="Time",
        unit=AGE,
        size=22,
        defaults={"noValue": "No heart rate here"},
    ),
    any_time=True,
)
