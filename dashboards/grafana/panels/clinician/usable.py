"""The hours beside the rises."""

from dashboards.grafana.hours import a_day, hours, judged_hours
from dashboards.grafana.kinds import BARS, fixed, lines
from dashboards.grafana.look import HOURS, USUAL
from dashboards.grafana.model import Target

PANEL = lines(
    16,
    "Usable hours",
    "Hours a day in which a moment that stands out could have been seen and chance is known: what *Rises a day* rests on. A bar is a whole day from midnight.",
    (Target("A", a_day(judged_hours(), hours("usable").named("Usable")), alias="$col"),),
    unit=HOURS,
    custom=BARS,
    defaults={"min": 0, "color": fixed(USUAL)},
)
