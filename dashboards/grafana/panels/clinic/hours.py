"""Worn hours a day, by person."""

from dashboards.grafana.kinds import BARS, STACKED, lines, shades
from dashboards.grafana.look import HOURS, USUAL
from dashboards.grafana.model import Target
from dashboards.grafana.query import DAY, Query, total

PANEL = lines(
    6,
    "Worn hours by day",
    "Hours a day with figures, one person’s above the other’s. It shows when the data came, not how anybody was; of somebody without data there is "
    "nothing. Of two devices worn at once both are counted.",
    (
        Target(
            "A",
            Query("coverage", ((total("worn_s") / 3600).named("worn"),), person="people", every=DAY, by=("person_id",), fill="null", local=True),
            alias="$tag_person_id",
        ),
    ),
    unit=HOURS,
    defaults={"min": 0, "color": shades(USUAL)},
    custom={**BARS, **STACKED},
)
