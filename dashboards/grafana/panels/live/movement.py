"""What the body is doing at the end of the time shown, and whether heart rate can be read against the usual meanwhile."""

from dashboards.grafana.kinds import stat, values
from dashboards.grafana.look import GATES
from dashboards.grafana.model import Target
from dashboards.grafana.panels.live.now import LATELY
from dashboards.grafana.query import Query, last

NOT_JUDGED = ("moving", "recovery", "posture")
WORDS = {gate: f"{words}, not judged" if gate in NOT_JUDGED else words for gate, (words, _) in GATES.items()}

PANEL = stat(
    2,
    "Movement at the end",
    "What the body is doing at the end of the time shown, by the newest of its last five minutes, of whichever device. "
    "While it moves, settles or has just changed "
    "posture, the heart answers the legs, and nothing is judged.\n\n*Seen by the strap alone; a strap that sees no movement says “not known”.*",
    (Target("A", Query("arousal", (last("gate").named("State"),), when=LATELY), table=True),),
    shows="State",
    size=22,
    defaults={"mappings": values(WORDS), "noValue": "No data in its last 5 min"},
)
