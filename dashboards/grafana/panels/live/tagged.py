"""What the person tagged, newest first, each a way to its own stretch of time."""

from dashboards.grafana.kinds import Shown, table, when
from dashboards.grafana.look import NOTHING, SHARE
from dashboards.grafana.model import Target
from dashboards.grafana.panels.live.stood import BACK, STRETCH
from dashboards.grafana.query import Query, as_is
from dashboards.grafana.variables import MOMENT, cell_link

FIELDS = ("label", "distress", "dz10", "link_verdict", "link_p", *STRETCH)
LINKS = {"linked": "A likely match", "possible": "Possibly", "none": NOTHING, "too_vague": "Time too vague", "not_judged": "Not judged"}

PANEL = table(
    10,
    "Tagged moments",
    "What the person tagged in the time shown; newest first. *Change*: level in the ten minutes after, less the ten calm minutes before, in own spread. "
    "*Match*: how likely the tag belongs to a moment that stood out. Follow the time to see one, the words to reach the clinician's board.\n\n"
    "*One moment shows nothing by itself: what moments have in common, against matched ones, is on the clinician's board.*",
    (Target("A", Query("social_event", tuple(as_is(name) for name in FIELDS), newest_first=True, limit=50), table=True),),
    (
        when(more=cell_link("Show this moment", MOMENT)),
        Shown("label", "What", more=BACK),
        Shown("distress", "Distress, 0-10", decimals=0, width=115),
        Shown("dz10", "Change, SD", decimals=1, width=100),
        Shown("link_verdict", "Match", words=LINKS, width=120),
        Shown("link_p", "How likely", SHARE, decimals=0, width=90),
    ),
    hidden=STRETCH,
    sort=("When", True),
)
