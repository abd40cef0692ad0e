"""Heart rate, as it was measured."""

from dashboards.grafana.kinds import lines, shades
from dashboards.grafana.look import BPM, HEART
from dashboards.grafana.model import Target
from dashboards.grafana.query import STEP, Query, mean

PANEL = lines(
    6,
    "Heart rate",
    "Mean heart rate of 30 s, or of as much time as a point stands for. It is not joined over gaps. Of two devices worn at once each has a line of "
    "its own.\n\n"
    "*It follows movement, posture, warmth, coffee and the hour first of all; only what they leave over is arousal. Some people hide heart rate on "
    "their own page, since watching it can make it rise: ask before you look at it together.*",
    (Target("A", Query("arousal", (mean("hr_bpm").named("Heart rate"),), every=STEP, by=("device_id",), fill="null"), alias="$col, $tag_device_id"),),
    unit=BPM,
    defaults={"color": shades(HEART), "decimals": 0},
)
