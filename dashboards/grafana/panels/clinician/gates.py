"""Hours a movement state a day."""

from dashboards.grafana.hours import SECONDS_AN_HOUR, a_day
from dashboards.grafana.kinds import BARS, STACKED, fixed, lines
from dashboards.grafana.look import GATES, HOURS
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import total
from somalink.domain.measurements import GATE_SECONDS

LANES = {name: GATES[name.removesuffix("_s")] for name in GATE_SECONDS}

PANEL = lines(
    29,
    "Movement by day",
    "Hours a day by movement. Only keeping still and moving a little are judged; where movement is not known, heart rate alone decides. Of two "
    "devices worn at once both are counted. A bar is a whole day from midnight, not a time of day; the first and the last may be cut short.",
    (
        Target(
            "A",
            a_day("hour_summary", *((total(name) / SECONDS_AN_HOUR).named(word) for name, (word, _) in LANES.items())),
            alias="$col",
        ),
    ),
    unit=HOURS,
    custom={**BARS, **STACKED},
    defaults={"min": 0},
    overrides=tuple(named(word, {"color": fixed(colour)}) for word, colour in LANES.values()),
)
