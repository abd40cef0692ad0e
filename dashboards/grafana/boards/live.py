"""The board of now: first a sentence, then the line with what the body was doing under it, then how far to believe it.

A phone has all of it in one column, in this order.
"""

from dashboards.grafana.look import ABOVE, BELOW, FAINT, TEXT
from dashboards.grafana.model import Annotation, Board, Row
from dashboards.grafana.panels.live import age, arousal, gate, heart, lag, movement, now, quality, rmssd, stood, straps, tagged, whose
from dashboards.grafana.query import Query, as_is, one_of
from dashboards.grafana.variables import CLINIC, CLINICIAN, HEALTH, LIVE, PERSON, to_board

ON = (arousal.PANEL.id, heart.PANEL.id)
RISES, SLOWINGS = ("spike", "elevated"), ("slowing",)
"""Kinds of moments. There are as many slowings as rises, and both together outweigh the line; the table has all."""


def _stretches(name: str, kinds: tuple[str, ...], colour: str, shown: bool = True) -> Annotation:
    query = Query("episode", tuple(as_is(field) for field in ("label", "gate", "stop_ms")), (stood.LEADING, one_of("kind", kinds)))
    return Annotation(name, query, colour + FAINT, text="gate", title="label", until="stop_ms", on=ON, shown=shown)


BOARD = Board(
    LIVE,
    "Live",
    "One person's last hours: arousal of the body against the person's own usual, with what was not judged, and what was tagged.",
    (
        Row(3, ((now.PANEL, 24),)),
        Row(12, ((arousal.PANEL, 24),)),
        Row(5, ((gate.PANEL, 24),)),
        Row(3, ((movement.PANEL, 8), (age.PANEL, 5), (whose.PANEL, 4), (lag.PANEL, 7))),
        Row(7, ((heart.PANEL, 12), (rmssd.PANEL, 12))),
        Row(8, ((stood.PANEL, 24),)),
        Row(5, ((tagged.PANEL, 24),)),
        Row(6, ((quality.PANEL, 24),)),
        Row(4, ((straps.PANEL, 24),)),
    ),
    back="now-6h",
    refresh="5s",
    variables=(PERSON,),
    annotations=(
        _stretches("Moments that stood out", RISES, ABOVE),
        _stretches("Slower moments", SLOWINGS, BELOW, shown=False),
        Annotation("Tagged moments", Query("social_event", (as_is("label"), as_is("action"))), TEXT, text="action", title="label", on=ON),
    ),
    links=(to_board("Clinician", CLINICIAN), to_board("Clinic", CLINIC, person=False), to_board("Pipeline health", HEALTH, person=False)),
)
