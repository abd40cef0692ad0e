"""The board of now: first a sentence, then the line with what the body was doing under it, then how far to believe it."""

from dashboards.grafana.look import ABOVE, TEXT
from dashboards.grafana.model import Annotation, Board, Row
from dashboards.grafana.panels.live import age, arousal, gate, heart, lag, movement, now, quality, rmssd, stood, straps, tagged
from dashboards.grafana.query import Query, as_is
from dashboards.grafana.variables import CLINIC, CLINICIAN, HEALTH, LIVE, PERSON, to_board

ON = (arousal.PANEL.id, gate.PANEL.id, heart.PANEL.id)

BOARD = Board(
    LIVE,
    "Live",
    "One person's last hours: arousal of the body against the person's own usual, with what was not judged, and what was tagged.",
    (
        Row(3, ((now.PANEL, 10), (movement.PANEL, 8), (age.PANEL, 6))),
        Row(12, ((arousal.PANEL, 24),)),
        Row(4, ((gate.PANEL, 24),)),
        Row(7, ((heart.PANEL, 12), (rmssd.PANEL, 12))),
        Row(8, ((stood.PANEL, 24),)),
        Row(8, ((tagged.PANEL, 24),)),
        Row(6, ((quality.PANEL, 16), (lag.PANEL, 8))),
        Row(5, ((straps.PANEL, 24),)),
    ),
    back="now-6h",
    refresh="5s",
    variables=(PERSON,),
    annotations=(
        Annotation(
            "Moments that stood out",
            Query("episode", tuple(as_is(name) for name in ("label", "gate", "stop_ms")), (stood.LEADING,)),
            ABOVE,
            text="gate",
            title="label",
            until="stop_ms",
            on=ON,
        ),
        Annotation("Tagged moments", Query("social_event", (as_is("label"), as_is("action"))), TEXT, text="action", title="label", on=ON),
    ),
    links=(to_board("Clinician", CLINICIAN), to_board("Clinic", CLINIC, person=False), to_board("Pipeline health", HEALTH, person=False)),
)
