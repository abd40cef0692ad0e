"""The moments that stood out, newest first, each a way to its own stretch of time."""

from dashboards.grafana.kinds import Shown, table, when
from dashboards.grafana.look import SECONDS
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is, equals
from dashboards.grafana.variables import CLINICIAN, MOMENT, THIS_PERSON, cell_link

STRETCH = ("win_from_ms", "win_to_ms")
BACK = cell_link("The weeks around it", f"/d/{CLINICIAN}/x?{THIS_PERSON}")
SAID = {"nothing": "Nothing with people", "moving": "I was moving", "unknown": "Do not know"}
LEADING = equals("lead", True)
"""Of two devices worn at once one counts, so that a moment is not listed twice."""
FIELDS = ("label", "duration_s", "peak_z", "said", "named", "chance_per_h", *STRETCH)

PANEL = table(
    9,
    "Moments that stood out",
    "Stretches in which the level rose and stayed, or slowed, in the time shown; newest first. *Furthest*: in this person's own spread. *By chance*: how "
    "many an hour chance alone shows at such an hour. Follow the time to see one, the words to reach the clinician's board.\n\n"
    "*A list, not a finding: some of these are chance, and what one was only the person can say.*",
    (Target("A", Query("episode", tuple(as_is(name) for name in FIELDS), (LEADING,), newest_first=True, limit=50), table=True),),
    (
        when(more=cell_link("Show this moment", MOMENT)),
        Shown("label", "What", more=BACK),
        Shown("duration_s", "Length", SECONDS, width=90),
        Shown("peak_z", "Furthest, SD", decimals=1, width=110),
        Shown("chance_per_h", "By chance, 1/h", decimals=2, width=120),
        Shown("named", "Tagged or said", words={"true": "yes", "false": "not yet"}, width=120),
        Shown("said", "Said", words=SAID, width=130),
    ),
    hidden=STRETCH,
    sort=("When", True),
    paged=True,
)
