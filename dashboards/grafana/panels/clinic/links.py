"""What devices last said of themselves."""

from dashboards.grafana.kinds import Shown, table
from dashboards.grafana.look import PERCENT
from dashboards.grafana.model import Target
from dashboards.grafana.panels.live.straps import LINKS
from dashboards.grafana.query import LATELY, Query, last

SAID = (last("state").named("state"), last("contact").named("contact"), last("battery_pct").named("battery"))

PANEL = table(
    5,
    "What devices last said",
    "State of the link, contact with the skin and battery, as each device told it last, within 90 days. Coin cells stay high for long and then fall fast. "
    "A device that tells nothing of itself is not in this list.",
    (Target("A", Query("device_status", SAID, person="people", when=LATELY, by=("person_id", "device_id")), table=True),),
    (
        Shown("person_id", "Person", width=150),
        Shown("device_id", "Device", width=150),
        Shown("state", "Link", words=LINKS),
        Shown("contact", "Skin", width=90, words={"1": "felt", "0": "not felt"}),
        Shown("battery", "Battery", PERCENT, 0, 90),
    ),
    sort=("Person", False),
)
