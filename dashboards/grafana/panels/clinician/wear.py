"""Wear time."""

from dashboards.grafana.hours import a_day, hours, worn_hours
from dashboards.grafana.kinds import BARS, fixed, lines
from dashboards.grafana.look import HOURS, UNSURE, USUAL
from dashboards.grafana.model import Target, named

PANEL = lines(
    2,
    "Wear time by day",
    "Hours a day with figures, and how many of them were usable: still or moved a little, with a good signal. A rise could have been seen in usable "
    "hours alone. "
    "A day without a bar is a day without data, not a calm day. Of two devices worn at once an hour counts once. "
    "A bar is a whole day from midnight, not a time of day; the first and the last may be cut short.",
    (Target("A", a_day(worn_hours(), hours("worn").named("Worn"), hours("usable").named("Usable")), alias="$col"),),
    unit=HOURS,
    custom=BARS,
    defaults={"min": 0, "max": 24},
    overrides=(
        named("Worn", {"color": fixed(UNSURE), "custom.fillOpacity": 35}),
        named("Usable", {"color": fixed(USUAL)}),
    ),
)
