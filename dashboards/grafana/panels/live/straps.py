"""What each device said last of itself: link, skin, battery."""

from dashboards.grafana.kinds import Shown, gauge, table
from dashboards.grafana.look import NOTE, PERCENT, TIERS, USUAL
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, last
from dashboards.live.texts import text

STATES = (
    "looking",
    "connecting",
    "streaming",
    "no_contact",
    "unreadable",
    "silent",
    "lost",
    "away",
    "radio_off",
    "radio_trouble",
    "stopped",
)
LINKS = {state: text(f"link.{state}").capitalize() for state in STATES}
"""In the page's words."""
LOW_PCT = 15
"""From here the page says that a new coin cell is due soon."""
BATTERY = {**gauge(0, 100, USUAL), "thresholds": {"mode": "absolute", "steps": [{"color": NOTE, "value": None}, {"color": USUAL, "value": LOW_PCT}]}}

PANEL = table(
    11,
    "Straps",
    f"What each device said last of its link, of skin contact and of its battery, whatever time is shown. From {LOW_PCT} % a new coin cell is due soon.\n\n"
    "*The last word may be old: a device that is away says nothing. Devices that were read from files, or simulated, say little of this.*",
    (
        Target(
            "A",
            Query(
                "device_status",
                (last("state").named("state"), last("contact").named("contact"), last("battery_pct").named("battery")),
                when=ANY_TIME,
                by=("device_id", "device_tier"),
            ),
            table=True,
        ),
    ),
    (
        Shown("device_id", "Device"),
        Shown("device_tier", "What it is", words=TIERS),
        Shown("state", "Link", words=LINKS),
        Shown("contact", "Skin", words={"1": "felt", "0": "not felt"}, width=90),
        Shown("battery", "Battery", PERCENT, decimals=0, width=150, more={**BATTERY, "color": {"mode": "thresholds"}}),
    ),
    empty="No data of a strap",
)
