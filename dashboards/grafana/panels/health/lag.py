"""How far behind it was, over time."""

from dashboards.grafana.delays import BEHIND_S, MINUTE_S
from dashboards.grafana.kinds import fixed, lines, steps
from dashboards.grafana.look import BELOW, MINUTES, NOTE, UNSURE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import STEP, Query, most

LEAST_MIN = 20
"""The axis goes at least so far: the dashed line is in sight, and no two of its marks are the same whole minute."""

PANEL = lines(
    5,
    "Lag",
    "The greatest age of what was not here yet, and how many changes were waiting; of several recording computers the one "
    "furthest behind. The dashed line is where it is called behind.\n\n"
    "*Steps after a time without a line are an outage being caught up with. What was waiting is not lost.*",
    (
        Target("A", Query("pipeline", ((most("lag_s") / MINUTE_S).named("Lag"),), person="", every=STEP, fill="null"), alias="$col"),
        Target("B", Query("pipeline", (most("lag_changes").named("Changes waiting"),), person="", every=STEP, fill="null"), alias="$col"),
    ),
    defaults={"min": 0, "decimals": 0},
    overrides=(
        named(
            "Lag",
            {
                "unit": MINUTES,
                "custom.axisSoftMax": LEAST_MIN,
                "color": fixed(UNSURE),
                "thresholds": steps((None, "transparent"), (BEHIND_S / MINUTE_S, NOTE)),
                "custom.thresholdsStyle": {"mode": "dashed"},
            },
        ),
        named("Changes waiting", {"color": fixed(BELOW), "custom.axisPlacement": "right"}),
    ),
    interval="1m",
)
