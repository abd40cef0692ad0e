"""What the body was doing, as a lane under the arousal."""

from dashboards.grafana.kinds import states
from dashboards.grafana.look import GATES
from dashboards.grafana.model import Target
from dashboards.grafana.query import STEP, Query, last

PANEL = states(
    5,
    "Movement",
    "What the body was doing. *Moving*, *settling after moving* and *just stood up or sat down* are not judged: the heart answers the legs then, and "
    "for some minutes after. An empty stretch has no data.\n\n*Each mark is the state at its end; over more than a day look at the hours a state "
    "instead (clinician's board).*",
    (Target("A", Query("arousal", (last("gate"),), every=STEP, fill="null"), alias="Movement"),),
    GATES,
)
