"""Arousal against the own usual, with its band; what was not judged is drawn apart."""

from dashboards.grafana.kinds import fixed, lines
from dashboards.grafana.levels import inked, on_axis
from dashboards.grafana.look import UNSURE, USUAL
from dashboards.grafana.model import Json, Target, matching, named
from dashboards.grafana.query import STEP, Query, at_least, least, mean, most

ENDS = Query(
    "arousal",
    (mean("arousal_lo").named("lo"), mean("arousal_hi").named("hi")),
    (at_least("arousal_index_ok", 0),),
    every=STEP,
    by=("device_id",),
)
"""Line and band of the same rows: a mean that took in the band of weak ones would lie beside its line."""
BAND = Query(ENDS, (least("lo").named("lo"), most("hi").named("hi")), every=STEP, fill="null")
"""Of two devices worn at once all that either holds possible: an area can be filled between one pair of lines."""
JUDGED = Query("arousal", (mean("arousal_index_ok").named("ok"),), every=STEP, by=("device_id",), fill="null")
WEAK = Query("arousal", (mean("arousal_index_weak").named("weak"),), every=STEP, by=("device_id",), fill="null")
LINE = "Against the usual"
BAND_PCT = 50
"""Of a month's baseline the band is half an SD wide; thinner shades of it were not seen on white."""
POINTS = 300
"""Over some hours one a pixel is a thicket, and the band is lost between its stems; of these the line can be followed (six hours: one a minute)."""
UNLINED: Json = {"color": fixed(USUAL), "custom.lineWidth": 0, "custom.showPoints": "never"}
UNSAID: Json = {"legend": True, "tooltip": True, "viz": False}

PANEL = lines(
    4,
    "Arousal",
    "Heart rate beyond what movement and hour of day explain, against this person's own last 14 days; the middle is their typical still level. "
    "Pale: the 90 % band. Dashed grey: weak signal, moving or settling, drawn and not judged. Regions: moments that stood out above; marks: tagged "
    "moments; slower moments can be switched on at the top. Where there is no line, there are no data. Of two devices "
    "worn at once each has a line.\n\n"
    "*Not a feeling, not a reason, and not comparable between people. At more than some hours each point is a mean and short rises are flattened: "
    "the regions keep them. Some moments stand out by chance alone.*",
    (Target("A", BAND, alias="$col"), Target("B", JUDGED, alias=f"{LINE}: $tag_device_id"), Target("C", WEAK, alias="weak")),
    defaults={"min": 0, "max": 100, "mappings": on_axis(), "thresholds": inked(), "color": {"mode": "thresholds"}},
    points=POINTS,
    custom={"gradientMode": "scheme", "lineWidth": 2, "showPoints": "auto", "pointSize": 3},
    overrides=(
        named("lo", {**UNLINED, "custom.hideFrom": UNSAID}),
        named(
            "hi",
            {
                **UNLINED,
                # The legend would give the line the colour of its newest value, or of none: the band, of one colour, stands for both.
                "displayName": f"{LINE}, with its 90 % band",
                "custom.hideFrom": {**UNSAID, "legend": False},
                "custom.fillBelowTo": "lo",
                "custom.fillOpacity": BAND_PCT,
                "custom.gradientMode": "none",
            },
        ),
        matching(f"/^{LINE}: /", {"custom.hideFrom": {"legend": True, "tooltip": False, "viz": False}}),
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
