"""The share of worn time that everything below rests on."""

from dashboards.grafana.hours import worn_hours
from dashboards.grafana.kinds import stat
from dashboards.grafana.look import SHARE
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, total

PANEL = stat(
    3,
    "Coverage",
    "Usable share of the worn time shown. Everything below rests on this time alone. It says how much could be seen, nothing about how it went.",
    (Target("A", Query(worn_hours(), ((total("usable") / total("worn")).named("Usable share"),)), table=True),),
    shows="Usable share",
    unit=SHARE,
    decimals=0,
    size=56,
)
