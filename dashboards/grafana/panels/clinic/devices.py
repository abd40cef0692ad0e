"""Devices, the longest silent first."""

from dashboards.grafana.kinds import Shown, table
from dashboards.grafana.look import AGE, TIERS
from dashboards.grafana.model import Target
from dashboards.grafana.panels.clinic.people import BEATING
from dashboards.grafana.query import LATELY, Query, as_is
from dashboards.grafana.variables import THEIR_BOARD, cell_link

BY = ("person_id", "device_id", "device_tier")
NEWEST = Query("arousal", (as_is("hr_quality").named("quality"),), (BEATING,), person="people", when=LATELY, by=BY, newest_first=True, limit=1)

PANEL = table(
    4,
    "Devices, silent longest first",
    "Every device that gave beats within the last 90 days, by when its last came. Silent means no data here: not worn, out of reach, a flat cell, or "
    "the way here interrupted. It says nothing about the person.",
    (
        Target(
            "A",
            NEWEST,
            table=True,
        ),
    ),
    (
        Shown("person_id", "Person", width=150, more=cell_link("This person’s board", THEIR_BOARD)),
        Shown("device_id", "Device", width=150),
        Shown("device_tier", "Kind of device", width=190, words=TIERS),
        Shown("Time", "Last data", AGE),
    ),
    sort=("Last data", False),
)
