"""Hours and days worn."""

from dashboards.grafana.hours import hours, worn_hours
from dashboards.grafana.kinds import stat
from dashboards.grafana.look import HOURS
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import DAY, Query, above, count, total

DAYS = Query("coverage", (total("worn_s").named("worn"),), (above("worn_s", 0),), every=DAY, local=True)

PANEL = stat(
    4,
    "Worn",
    "Hours worn and usable in the time shown, and on how many local days anything was worn.",
    (
        Target("A", Query(worn_hours(), (hours("worn").named("Worn"), hours("usable").named("Usable"))), table=True),
        Target("B", Query(DAYS, (count("worn").named("Days"),)), table=True),
    ),
    decimals=0,
    unit=HOURS,
    overrides=(named("Days", {"unit": "none"}),),
    options={"orientation": "horizontal"},
)
