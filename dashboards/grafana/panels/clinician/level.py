"""The level of a day's hours."""

from dashboards.grafana.hours import a_day
from dashboards.grafana.kinds import LEGEND, fixed
from dashboards.grafana.look import EMPTY, SD, UNSURE, USUAL
from dashboards.grafana.model import Panel, Target
from dashboards.grafana.query import least, most, percentile

PANEL = Panel(
    30,
    "candlestick",
    "Level by day",
    "A day’s hourly means: the box holds the middle half of its hours, the stroke all of them. 0 is this person’s usual; most days are near it, and "
    "above is not bad. "
    "Days of few hours have short boxes for that reason alone.",
    (
        Target(
            "A",
            a_day(
                "hour_summary",
                percentile("z_mean", 25).named("open"),
                percentile("z_mean", 75).named("close"),
                most("z_mean").named("high"),
                least("z_mean").named("low"),
            ),
            alias="$col",
        ),
    ),
    {
        "candleStyle": "candles",
        "colorStrategy": "open-close",
        "colors": {"down": USUAL, "flat": UNSURE, "up": USUAL},
        "includeAllFields": False,
        "legend": {**LEGEND, "showLegend": False},
        "mode": "candles",
        "tooltip": {"mode": "multi", "sort": "none"},
    },
    {"noValue": EMPTY, "unit": SD, "decimals": 1, "color": fixed(USUAL), "custom": {"spanNulls": False}},
)
