"""Planned steps that were taken: expected beside met."""

from dashboards.grafana.kinds import Shown, table, when
from dashboards.grafana.look import SD
from dashboards.grafana.model import Target
from dashboards.grafana.query import Query, as_is, equals
from dashboards.grafana.variables import MOMENT, cell_link

COLUMNS = ("planned_distress", "distress", "expectancy", "outcome", "belonging", "dz10", "win_from_ms", "win_to_ms")

PANEL = table(
    25,
    "Planned steps",
    "Steps back into contact, as the person rated them: distress expected and met, how sure they were that it would go badly, and how much "
    "of it came, all 0–10. "
    "No breath is offered around a step. The words of a step stay with the person.",
    (Target("A", Query("social_event", tuple(as_is(name) for name in COLUMNS), (equals("kind", "exposure_step"),), newest_first=True, limit=200), table=True),),
    (
        when(more=cell_link("Show this moment", MOMENT)),
        Shown("planned_distress", "Expected", decimals=0, width=95),
        Shown("distress", "Met", decimals=0, width=70),
        Shown("expectancy", "How sure", decimals=0, width=100),
        Shown("outcome", "What came", decimals=0, width=105),
        Shown("belonging", "Belonging", decimals=0, width=105),
        Shown("dz10", "Change", SD, 1),
    ),
    hidden=("win_from_ms", "win_to_ms"),
    sort=("When", True),
)
