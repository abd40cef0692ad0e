"""Steps that are planned, put off or dropped."""

from dashboards.grafana.kinds import Shown, table, when
from dashboards.grafana.look import KINDS
from dashboards.grafana.model import Target
from dashboards.grafana.query import FROM_VIEW, Query, as_is, differs

PANEL = table(
    26,
    "Steps not taken",
    "Plans that are not done: still ahead, skipped or put off, from the beginning of the time shown on. A plan that was not taken up is information "
    "about the plan, not about the person. Distress expected, and how sure the person was that it would go badly, are 0–10.",
    (
        Target(
            "A",
            Query(
                "plan",
                tuple(as_is(name) for name in ("kind", "state", "planned_distress", "expectancy")),
                (differs("state", "done"),),
                when=FROM_VIEW,
                newest_first=True,
                limit=200,
            ),
            table=True,
        ),
    ),
    (
        when("Planned for"),
        Shown("kind", "Kind", width=135, words=KINDS),
        Shown("state", "State", width=110),
        Shown("planned_distress", "Expected", decimals=0, width=95),
        Shown("expectancy", "How sure", decimals=0, width=105),
    ),
    sort=("Planned for", True),
)
