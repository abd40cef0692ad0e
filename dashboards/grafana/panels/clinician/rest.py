"""Heart rate at rest.

The fitted usual is not drawn beside it: it is of a body that has long kept still, at no hour in particular, and so below most days' means.
"""

from dataclasses import replace

from dashboards.grafana.hours import a_day
from dashboards.grafana.kinds import POINTS, lines, shades
from dashboards.grafana.look import BPM, HEART
from dashboards.grafana.model import Target
from dashboards.grafana.query import mean

PANEL = lines(
    12,
    "Heart rate at rest",
    "A dot a day and device: its mean over usable still hours, whatever those hours were. "
    "Illness, medication, sleep and fitness move it; days of more evenings than mornings do too. Whether it drifts is in *Slow change*.",
    (Target("A", replace(a_day("hour_summary", mean("still_hr_bpm").named("A day’s mean")), by=("device_id",)), alias="$col, $tag_device_id"),),
    unit=BPM,
    custom=POINTS,
    defaults={"decimals": 0, "color": shades(HEART)},
)
