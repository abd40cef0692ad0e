"""RMSSD where it is right, and where it is drawn only."""

from dashboards.grafana.kinds import fixed, lines, shades
from dashboards.grafana.look import BELOW, MS, UNSURE
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import STEP, Condition, Query, at_least, below, mean

GOOD = 0.6
"""Least quality of a figure that may be rested on (contracts, section 5)."""


def _asked(name: str, which: Condition) -> Query:
    return Query("arousal", (mean("rmssd_ms").named(name),), where=(which,), every=STEP, by=("device_id",), fill="null")


PANEL = lines(
    7,
    "RMSSD",
    "How much one heartbeat differs from the next, over 60 s. Dashed grey: its signal was weak. Two devices have a line each.\n\n"
    "*Shown, and not part of arousal: it moves with breathing, posture and age, and its level says nothing between people. One point says little; "
    "look at the same posture over minutes.*",
    (
        Target("A", _asked("RMSSD", at_least("hrv_quality", GOOD)), alias="$col, $tag_device_id"),
        Target("B", _asked("weak", below("hrv_quality", GOOD)), alias="$col"),
    ),
    unit=MS,
    defaults={"color": shades(BELOW), "min": 0, "decimals": 0},
    overrides=(named("weak", {"displayName": "Signal weak", "color": fixed(UNSURE), "custom.lineStyle": {"fill": "dash", "dash": [4, 4]}}),),
)
