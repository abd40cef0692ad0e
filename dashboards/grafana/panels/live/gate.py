"""What the body was doing, as a lane under the arousal."""

from dashboards.grafana.kinds import states
from dashboards.grafana.look import GATES
from dashboards.grafana.model import Target
from dashboards.grafana.query import STEP, Query, above, last

GREYS = {
    "still": "#7d96a9",
    "light": "#697f9b",
    "unknown": "#516a7b",
    "moving": "#72684f",
    "recovery": "#867d62",
    "posture": "#9c9277",
}
"""Bluish greys for what is judged, brownish ones for what is not, since teal and violet over this lane say how far from the usual it is. Each holds 3:1
on white and on black; of those that do, these six lie furthest apart for everybody (7 in OKLab x 100, also without red, green or blue)."""

PANEL = states(
    5,
    "Movement",
    "What the body was doing. *Moving*, *settling after moving* and *just stood up or sat down* are not judged: the heart answers the legs then, and "
    "for some minutes after; they are brownish. An empty stretch has no heart rate. A lane a device.\n\n"
    "*Each mark is the state at its end; over days see hours a "
    "state instead (clinician's board).*",
    (Target("A", Query("arousal", (last("gate"),), (above("hr_bpm", 0),), every=STEP, by=("device_id",), fill="null"), alias="$tag_device_id"),),
    {gate: (GATES[gate][0], grey) for gate, grey in GREYS.items()},
)
