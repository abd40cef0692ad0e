"""Arousal against the own usual, with its band; what was not judged is drawn apart."""

from dashboards.grafana.kinds import fixed, lines
from dashboards.grafana.levels import inked, on_axis
from dashboards.grafana.look import UNSURE, USUAL
from dashboards.grafana.model import Json, Target, named
from dashboards.grafana.query import STEP, Query, mean

COLUMNS = tuple(
    mean(field).named(name) for field, name in (("arousal_lo", "lo"), ("arousal_hi", "hi"), ("arousal_index_ok", "ok"), ("arousal_index_weak", "weak"))
)
BAND_PCT = 28
"""Of a month's baseline the band is thin, and thinner shades of it were not seen on white."""
UNLINED: Json = {
    "color": fixed(USUAL),
    "custom.lineWidth": 0,
    "custom.showPoints": "never",
    "custom.hideFrom": {"legend": True, "tooltip": True, "viz": False},
}

PANEL = lines(
    4,
    "Arousal",
    "Heart rate beyond what movement and hour of day explain, against this person's own last 14 days; the middle is their typical still level. "
    "Pale: the 90 % band. Dashed grey: weak signal, moving or settling, drawn and not judged. Regions: moments that stood out; marks: tagged "
    "moments. Where there is no line, there are no data. Of two devices worn at once it is their mean.\n\n"
    "*Not a feeling, not a reason, and not comparable between people. At more than some hours each point is a mean and short rises are flattened: "
    "the regions keep them. Some moments stand out by chance alone.*",
    (Target("A", Query("arousal", COLUMNS, every=STEP, fill="null"), alias="$col"),),
    defaults={"min": 0, "max": 100, "mappings": on_axis(), "thresholds": inked(), "color": {"mode": "thresholds"}},
    custom={"gradientMode": "scheme", "lineWidth": 2, "showPoints": "auto", "pointSize": 3},
    overrides=(
        named("lo", UNLINED),
        named("hi", {**UNLINED, "custom.fillBelowTo": "lo", "custom.fillOpacity": BAND_PCT, "custom.gradientMode": "none"}),
        named("ok", {"displayName": "Against the usual"}),
        named(
            "weak",
            {
                "displayName": "Drawn, not judged",
                "color": fixed(UNSURE),
                "custom.gradientMode": "none",
                "custom.lineWidth": 1,
                "custom.lineStyle": {"fill": "dash", "dash": [4, 4]},
            },
        ),
    ),
)
