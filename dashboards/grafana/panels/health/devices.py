"""Every device, with what came, what was refused, and what was missed."""

from dashboards.grafana.kinds import Shown, table
from dashboards.grafana.look import HOURS, SHARE, TIERS
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, total
from dashboards.grafana.variables import LIVE, cell_link

HOUR_S = 3600
COLUMNS = (
    (total("worn_s") / HOUR_S).named("worn"),
    (total("usable_s") / HOUR_S).named("usable"),
    total("received_beats").named("received"),
    (total("refused_beats") / total("received_beats")).named("refused"),
    (total("flagged_beats") / total("stored_beats")).named("flagged"),
    total("gaps").named("gaps"),
    (total("gap_s") / HOUR_S).named("gap_h"),
    total("reconnects").named("reconnects"),
)

PANEL = table(
    7,
    "Devices",
    "What each device brought in the time shown. *Refused*: of the beats that came, those that are none. *In doubt*: of the beats kept, those with a "
    "flag. *Usable*: time in which a moment that stands out could have been seen; moving, settling and weak signal are not in it.\n\n"
    "*Few usable hours are no fault: somebody who walks all day has few. A share of beats in doubt over about 5 % is often a dry or loose strap; "
    "an irregular rhythm shows there too, and what it is this does not say.*",
    (Target("A", Query("coverage", COLUMNS, person="people", by=("person_id", "device_id", "device_tier")), table=True),),
    (
        Shown("person_id", "Person", more=cell_link("Live", f"/d/{LIVE}/x?var-person=${{__value.text:percentencode}}")),
        Shown("device_id", "Device"),
        Shown("device_tier", "What it is", words=TIERS),
        Shown("worn", "Worn", HOURS, decimals=1, width=90),
        Shown("usable", "Usable", HOURS, decimals=1, width=90),
        Shown("received", "Beats", "short", width=90),
        Shown("refused", "Refused", SHARE, decimals=1, width=90),
        Shown("flagged", "In doubt", SHARE, decimals=1, width=90),
        Shown("gaps", "Gaps", decimals=0, width=80),
        Shown("gap_h", "In gaps", HOURS, decimals=1, width=90),
        Shown("reconnects", "Reconnects", decimals=0, width=110),
    ),
    sort=("Person", False),
)
