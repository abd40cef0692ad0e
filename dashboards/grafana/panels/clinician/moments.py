"""Every tagged moment, one a row."""

from dashboards.grafana.kinds import Shown, table, when
from dashboards.grafana.look import DONE, KINDS, SD
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is
from dashboards.grafana.variables import MOMENT, cell_link

COLUMNS = (
    "kind",
    "with_whom",
    "distress",
    "dz10",
    "t_half_censored",
    "t_half_s",
    "action",
    "link_verdict",
    "link_p",
    "link_chance",
    "win_from_ms",
    "win_to_ms",
)
VERDICTS = {"linked": "Likely", "possible": "Possible", "none": "None", "too_vague": "Time too vague", "not_judged": "Not judged"}
OVER = {"true": "over", "false": ""}

PANEL = table(
    9,
    "Moments",
    "What the person tagged, newest first; a time opens that moment on the Live board. **Change** is of this one moment: hearts rise all day, so "
    "one row alone says little; see *Reactions by kind*. "
    "**Half-way**: until half of the rise had gone; *over* where it was not seen to its end. **Rise found**: how likely the tag belongs to a rise "
    "that was found without it, "
    "beside how often a tag at any other time would match as well.",
    (Target("A", Query("social_event", tuple(as_is(name) for name in COLUMNS), newest_first=True, limit=200), table=True),),
    (
        when(more=cell_link("Show this moment", MOMENT)),
        Shown("kind", "Kind", width=150, words=KINDS),
        Shown("with_whom", "With", width=190),
        Shown("distress", "Felt, 0–10", decimals=0, width=85),
        Shown("dz10", "Change", SD, 1, 90),
        Shown("t_half_censored", " ", width=50, words=OVER, empty=""),
        Shown("t_half_s", "Half-way", "s", 0, 95),
        Shown("action", "Did", width=120, words=DONE),
        Shown("link_verdict", "Rise found", width=135, words=VERDICTS),
        Shown("link_p", "How likely", "percentunit", 0, 110),
        Shown("link_chance", "Any time", "percentunit", 0),
    ),
    hidden=("win_from_ms", "win_to_ms"),
    sort=("When", True),
)
