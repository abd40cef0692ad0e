"""What the body was doing, as a lane under the arousal."""

from dashboards.grafana.kinds import states
from dashboards.grafana.look import GATES
from dashboards.grafana.model import Target
from dashboards.grafana.panels.live import movement
from dashboards.grafana.query import STEP, Query, last

JUDGED, NOT_JUDGED = "#8a9096", "#666d72"
"""Greys, since teal and violet over this lane say how far from the usual it is. The words on the bars tell states apart; the shade says which are
judged. Each holds 3:1 on white and on black."""

PANEL = states(
    5,
    "Movement",
    "What the body was doing. *Moving*, *settling after moving* and *just stood up or sat down* are not judged: the heart answers the legs then, and "
    "for some minutes after; they are darker. An empty stretch has no data.\n\n*Each mark is the state at its end; over more than a day look at hours a state "
    "instead (clinician's board).*",
    (Target("A", Query("arousal", (last("gate"),), every=STEP, fill="null"), alias="Movement"),),
    {gate: (words, NOT_JUDGED if gate in movement.NOT_JUDGED else JUDGED) for gate, (words, _) in GATES.items()},
)
