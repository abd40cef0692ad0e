"""Every tagged moment, one a row."""

from dashboards.grafana.kinds import Shown, table, when
from dashboards.grafana.look import DONE, KINDS, MINUTES, NOTHING, SD
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is
from dashboards.grafana.variables import MOMENT, cell_link

COLUMNS = (
    "kind",
    "with_whom",
    "distress",
    "dz10",
    "t_half_censored",
    "action",
    "link_verdict",
    "link_p",
    "link_chance",
    "win_from_ms",
    "win_to_ms",
)
VERDICTS = {"linked": "Likely", "possible": "Possible", "none": "None", "too_vague": "Time too vague", "not_judged": "Not judged"}
OVER = {"true": "not seen", "false": ""}
NONE_KNOWN = {"0": NOTHING}
"""Where the time was too vague to look, the chance of a match is stored as none; it is not known."""

HALF = (as_is("t_half_s") / 60).named("half_min")

PANEL = table(
    9,
    "Moments",
    "What the person tagged, the newest 200 at most; a time opens that moment on the Live board. **Change** is of this one moment: hearts rise all day, so "
    "one row alone says little; see *Reactions by kind*. "
    "**Half-way**: until half of the change had gone, at least that long where its end was not seen; of a small change it means nothing. "
    "**Rise found**: whether a rise was found without the tag; **Match**: how likely the tag belongs to it; "
    "**By chance**: how often a tag at any other time would match as well.",
    (Target("A", Query("social_event", (HALF, *(as_is(name) for name in COLUMNS)), newest_first=True, limit=200), table=True),),
    (
        when(more=cell_link("Show this moment", MOMENT)),
        Shown("kind", "Kind", width=150, words=KINDS),
        Shown("with_whom", "With", width=190),
        Shown("distress", "Felt, 0–10", decimals=0, width=85),
        Shown("dz10", "Change", SD, 1, 90),
        Shown("half_min", "Half-way", MINUTES, 0, 95),
        Shown("t_half_censored", "To its end", width=95, words=OVER, empty=""),
        Shown("action", "Did", width=120, words=DONE),
        Shown("link_verdict", "Rise found", width=135, words=VERDICTS),
        Shown("link_p", "Match", "percentunit", 0, 85),
        Shown("link_chance", "By chance", "percentunit", 0, words=NONE_KNOWN),
    ),
    hidden=("win_from_ms", "win_to_ms"),
    sort=("When", True),
    paged=True,
)
