"""Whether this database has what the stores have, in a sentence."""

from dataclasses import replace

from dashboards.grafana.delays import in_words, noticed
from dashboards.grafana.kinds import stat
from dashboards.grafana.model import Target
from dashboards.grafana.query import ANY_TIME, Query, last, most

TOLD_LATELY = "time > now() - 15m"
"""Shipping is told of every half minute. What was told before a quarter of an hour of silence is not how it is; nor is what the time shown ends with."""
BY_STORE = Query("pipeline", (last("lag_s").named("each"),), person="", when=TOLD_LATELY, by=("store",))
WORST = Query(BY_STORE, (most("each").named("lag"),), person="", when=ANY_TIME)
"""Of several recording computers the one that is furthest behind."""

PANEL = replace(
    stat(
        1,
        "Shipping, now",
        "The age of the oldest thing that is in a store and not here yet, as told within the last quarter of an hour, whatever time is shown; of several "
        "recording computers the one furthest behind.\n\n"
        "*Behind does not mean lost: the store on that computer has everything, and shipping goes on by itself, for ever. Nothing told: the computer is "
        "off or without network, or nothing ships; Computers says since when.*",
        (Target("A", WORST, table=True),),
        shows="lag",
        defaults={"mappings": in_words(), "thresholds": noticed(), "color": {"mode": "thresholds"}, "noValue": "Nothing told for 15 min"},
    ),
    any_time=True,
)
