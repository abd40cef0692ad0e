"""Where a moment begins to stand out."""

from dashboards.grafana.kinds import STEPS, fixed, lines
from dashboards.grafana.look import ABOVE, SD, TIERS
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is, equals

PANEL = lines(
    13,
    "What it takes to stand out",
    "The level from which a moment stands out, set anew with each usual so that chance alone shows about as many. A step here changes how many "
    "moments are found; it says nothing of the person.",
    tuple(Target(tier, Query("baseline", (as_is("spike_z"),), (equals("device_tier", tier),)), alias=word) for tier, word in TIERS.items()),
    unit=SD,
    custom=STEPS,
    defaults={"decimals": 1, "min": 0, "color": fixed(ABOVE)},
)
