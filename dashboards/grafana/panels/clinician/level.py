"""The level of a day's hours."""

from dashboards.grafana.kinds import LEGEND, fixed
from dashboards.grafana.look import EMPTY, SD, UNSURE, USUAL
from dashboards.grafana.model import Panel, Target
from dashboards.grafana.query import DAY, Query, least, most, percentile

HOURLY = (
    percentile("z_mean", 25).named("open"),
    percentile("z_mean", 75).named("close"),
    most("z_mean").named("high"),
    least("z_mean").named("low"),
)
"""A day without hours is left out of the answer: an empty candle is a dash at 0, which reads as a day just as usual."""

PANEL = Panel(
    30,
    "candlestick",
    "Level by day",
    "A day’s hourly means: the box holds the middle half of its hours, the stroke all of them. 0 is this person’s usual; most days are near it, and "
    "above is not bad. "
    "Days of few hours have short boxes for that reason alone; a day without a box has no data. Of two devices "
    "worn at once both have hours. A box is a whole day, also where a day or two are shown.",
    (
        Target(
            "A",
            Query("hour_summary", HOURLY, every=DAY, fill="none", local=True),
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
