"""Everybody, a row each."""

from dashboards.grafana.kinds import Shown, fixed, gauge, table
from dashboards.grafana.look import AGE, HOURS, PERCENT, SHARE, TIERS, USUAL
from dashboards.grafana.model import Target
from dashboards.grafana.query import DAY, LATELY, Query, above, as_is, count, equals, last, total
from dashboards.grafana.variables import THEIR_BOARD, cell_link

BY = ("person_id",)
BEATING = above("hr_quality", 0)
"""Rows go on for a while when a strap is off, without a heart rate."""
NEWEST = Query("arousal", (as_is("hr_quality").named("seen"),), (BEATING,), person="people", when=LATELY, by=BY, newest_first=True, limit=1)
"""One a person, found from the end: `last` beside a condition reads every row."""
BATTERY = Query("device_status", (last("battery_pct").named("battery"),), person="people", when=LATELY, by=BY)
NEWEST_HOUR = Query(
    "coverage", (last("worn_s").named("newest"), as_is("device_id"), as_is("device_tier"), as_is("simulated")), person="people", when=LATELY, by=BY
)
WORN = Query("coverage", ((total("worn_s") / 3600).named("worn"), (total("usable_s") / total("worn_s")).named("usable")), person="people", by=BY)
OPEN = Query("episode", (count("peak_z").named("open"),), (equals("kind", "spike"), equals("named", False), equals("lead", True)), person="people", by=BY)
DAYS = Query("coverage", ((total("worn_s") / 3600).named("hours"),), person="people", every=DAY, by=BY, fill="0", local=True)

TARGETS = (
    *(Target(ref, query, table=True) for ref, query in zip("ABCDE", (NEWEST, WORN, BATTERY, OPEN, NEWEST_HOUR), strict=True)),
    Target("F", DAYS),
)

TREND = {"id": "timeSeriesTable", "filter": {"id": "byRefId", "options": "F"}, "options": {"F": {"stat": "mean"}}}
"""Of F alone: a table whose times happen to rise (of one person, always) is a series to it too, and loses its columns."""
SPARKLINE = {"type": "sparkline", "drawStyle": "bars", "fillOpacity": 60, "gradientMode": "none", "hideValue": True, "lineWidth": 0}
TREND_CELL = {"color": fixed(USUAL), "custom.cellOptions": SPARKLINE}
JOINED = {"id": "joinByField", "options": {"byField": "person_id", "mode": "outer"}}

PANEL = table(
    3,
    "People",
    "A row a person, by id. **Usable**: share of worn time in which a moment that stands out could have been seen. **Rises, no word**: such moments of the "
    "time shown that nobody has said anything "
    "about. None is owed: most rises are nothing, and chance alone shows some. **Made up**: a simulated wearer, no person. Worn hours of two devices at once "
    "are counted for both.",
    TARGETS,
    (
        Shown("person_id", "Person", width=170, more=cell_link("This person’s board", THEIR_BOARD)),
        Shown("Time arousal", "Last data", AGE, width=150),
        Shown("usable", "Usable", SHARE, 0, 130, more=gauge(0, 1, USUAL)),
        Shown("worn", "Worn", HOURS, 1, 90),
        Shown("Trend #F", "Worn, day by day", width=170, more=TREND_CELL),
        Shown("device_id", "Device", width=150),
        Shown("device_tier", "Kind of device", width=190, words=TIERS),
        Shown("battery", "Battery", PERCENT, 0, 80),
        Shown("open", "Rises, no word", decimals=0, width=95),
        Shown("simulated", "Made up", width=90, words={"true": "Made up", "false": ""}, empty=""),
    ),
    sort=("Person", False),
    before=(TREND, JOINED),
    leaves=("seen", "newest", "Time coverage", "Time device_status", "Time episode"),
)
