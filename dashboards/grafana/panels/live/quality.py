"""How far the figures above are to be believed."""

from dashboards.grafana.kinds import fixed, lines, steps
from dashboards.grafana.look import ABOVE, HEART, SHARE, UNSURE, USUAL
from dashboards.grafana.model import Target, matching
from dashboards.grafana.panels.live.rmssd import GOOD
from dashboards.grafana.query import STEP, Query, mean

SERIES = (("hr_quality", "Heart rate is right", HEART), ("hrv_quality", "RMSSD is right", ABOVE), ("artefact_share", "Beats in doubt", UNSURE))

PANEL = lines(
    8,
    "Signal",
    "Whether heart rate and RMSSD are right (100 % is best; nothing rests on less than 60 %, the dashed line), and the share of beats that carry a "
    "flag.\n\n*A dry or loose strap and strong movement lower it. It says nothing about the heart.*",
    (
        Target(
            "A",
            Query("arousal", tuple(mean(field).named(name) for field, name, _ in SERIES), every=STEP, by=("device_id",), fill="null"),
            alias="$col, $tag_device_id",
        ),
    ),
    unit=SHARE,
    defaults={"min": 0, "max": 1, "decimals": 0, "thresholds": steps((None, "transparent"), (GOOD, USUAL))},
    custom={"thresholdsStyle": {"mode": "dashed"}},
    overrides=tuple(matching(f"/^{name}, /", {"color": fixed(colour)}) for _, name, colour in SERIES),
)
