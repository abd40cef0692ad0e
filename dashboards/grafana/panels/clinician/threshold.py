"""Where a moment begins to stand out."""

from dashboards.grafana.kinds import STEPS, fixed, lines
from dashboards.grafana.look import ABOVE, SD
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is

PANEL = lines(
    13,
    "What it takes to stand out",
    "The level from which a moment stands out, set anew with each usual so that chance alone shows about as many. A step here changes how many "
    "moments are found; it says nothing of the person.",
    (Target("A", Query("baseline", (as_is("spike_z"),), by=("device_tier",)), alias="Tier $tag_device_tier"),),
    unit=SD,
    custom=STEPS,
    defaults={"decimals": 1, "min": 0, "color": fixed(ABOVE)},
)
