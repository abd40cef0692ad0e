"""Moments that stood out, against chance."""

from dashboards.grafana.hours import a_day, judged_hours
from dashboards.grafana.kinds import BARS, OUTLINED, fixed, lines
from dashboards.grafana.look import ABOVE, UNSURE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import total

STOOD_OUT, BY_CHANCE = "Stood out", "By chance alone (outline)"

PANEL = lines(
    15,
    "Rises a day",
    "Bars: moments that stood out, in hours whose chance is known. Outlined: about how many chance alone would show in the same hours. "
    "A bar as high as its outline is what chance does. A day of few usable hours shows few; see *Usable hours*.",
    (Target("A", a_day(judged_hours(), total("spikes").named(STOOD_OUT), total("chance").named(BY_CHANCE)), alias="$col"),),
    custom=BARS,
    defaults={"min": 0},
    overrides=(
        named(STOOD_OUT, {"color": fixed(ABOVE), "decimals": 0}),
        named(BY_CHANCE, {"color": fixed(UNSURE), **{f"custom.{name}": value for name, value in OUTLINED.items()}}),
    ),
)
