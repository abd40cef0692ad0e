"""Heart rate at rest, and the usual it is held against."""

from dashboards.grafana.hours import a_day
from dashboards.grafana.kinds import POINTS, STEPS, fixed, lines
from dashboards.grafana.look import BPM, HEART, UNSURE
from dashboards.grafana.model import Target, matching, named
from dashboards.grafana.query import Query, as_is, mean

PANEL = lines(
    12,
    "Heart rate at rest",
    "Dots: a day’s mean over usable still hours, whatever those hours were. Line: the usual as it was fitted, hour of day apart, a line a kind of device. "
    "Illness, medication, sleep and fitness move it; days of more evenings than mornings do too. Whether it drifts is in the table beside.",
    (
        Target("A", a_day("hour_summary", mean("still_hr_bpm").named("A day’s mean")), alias="$col"),
        Target("B", Query("baseline", (as_is("still_hr_bpm"),), by=("device_tier",)), alias="Usual, tier $tag_device_tier"),
    ),
    unit=BPM,
    defaults={"decimals": 0},
    overrides=(
        named("A day’s mean", {"color": fixed(HEART), **{f"custom.{name}": value for name, value in POINTS.items()}}),
        matching("/^Usual/", {"color": fixed(UNSURE), **{f"custom.{name}": value for name, value in STEPS.items()}}),
    ),
)
