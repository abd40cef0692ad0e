"""Tables of findings: the report's own answers, newest span first, in the report's words. Nothing is worked out here, and nothing else may be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboards.grafana.kinds import WRAPPED, Shown, gauge, table
from dashboards.grafana.look import ASKED, NOTHING, SCOPES, USUAL
from dashboards.grafana.model import Json, Panel, Target
from dashboards.grafana.query import ENDS_IN_VIEW, Condition, Query, as_is, equals, last, one_of

BAR_TO = 3.0
"""A bar in a cell is full at this change in SD; beyond it the number speaks."""
SAID = ("n_tagged", "what", "effect", "figure", "words", "cannot", "span")
NO_FINDING = "No findings in this time"

LEFT: Json = {"custom.align": "left"}
"""Where a column has no text at all, Grafana takes it for one of numbers and puts its title elsewhere."""
GROUP = Shown("scope", "Moments", width=150, words=SCOPES)
DESCRIBED = "described only"
"""Of what is told with its interval and never tested: there is nothing that it could say and does not."""
WHAT = Shown("what", "About", width=400)
QUESTION = Shown("kind", "Question", width=175, words=ASKED)
COUNTED = Shown("n", "Counted", decimals=0, width=95)
TAGGED = Shown("n_tagged", "Tagged", decimals=0, width=75)
FIGURE = Shown("figure", "Figure, 90 % interval", width=225, more=LEFT)
CLAIMED = Shown("effect", "Claimed", decimals=1, width=110, more=gauge(0, BAR_TO, USUAL))
WORDS = Shown("words", "In words", width=215)
CANNOT = Shown("cannot", "What it would take to say more", words={"": NOTHING, DESCRIBED: NOTHING}, more=WRAPPED)
SPAN = Shown("span", "Of the days", width=185)
NARROW = (replace(COUNTED, width=75), replace(FIGURE, title="Figure", width=150, more={**LEFT, **WRAPPED}), replace(WORDS, width=115, more=WRAPPED))
"""For a table of half a board's width."""


def _by_figure(which: str) -> Json:
    """Said in the query, it would bring back an old answer where the newest is of the other sort."""
    told = {"config": {"id": which, "options": {}}, "fieldName": "figure"}
    return {"id": "filterByValue", "options": {"filters": [told], "match": "all", "type": "include"}}


WITH_FIGURE, WITHOUT_FIGURE = _by_figure("isNotNull"), _by_figure("isNull")


def newest(metrics: Sequence[str], *where: Condition) -> Query:
    """The newest answer to each question about each group of moments, of spans of the chosen length that end in the time shown."""
    asked = equals("kind", metrics[0]) if len(metrics) == 1 else one_of("kind", metrics)
    columns = (last("n_blind").named("n"), *(as_is(name) for name in SAID))
    return Query("finding", columns, (asked, equals("days", "$days"), *where), when=ENDS_IN_VIEW, by=("kind", "scope"))


def findings(
    panel_id: int,
    title: str,
    about: str,
    metrics: Sequence[str],
    columns: Sequence[Shown],
    *,
    where: tuple[Condition, ...] = (),
    before: tuple[Json, ...] = (),
    empty: str = NO_FINDING,
    paged: bool = False,
) -> Panel:
    target = Target("A", newest(metrics, *where), table=True)
    return table(
        panel_id,
        title,
        about,
        (target,),
        columns,
        sort=(COUNTED.title, True) if COUNTED in columns else None,
        before=before,
        empty=empty,
        paged=paged,
    )
