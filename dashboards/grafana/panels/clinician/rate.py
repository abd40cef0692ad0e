"""Rises per usable hour, chance beside them, and the hours."""

from dashboards.grafana.hours import hours, judged_hours
from dashboards.grafana.kinds import stat
from dashboards.grafana.look import HOURS
from dashboards.grafana.model import Target, named
from dashboards.grafana.query import Query, total

PER_H = "suffix: a usable h"

PANEL = stat(
    17,
    "Rises against chance",
    "Rises per usable hour whose chance is known, what chance alone would show in them, and these hours. More than chance does not say which of them "
    "were not chance.",
    (
        Target(
            "A",
            Query(
                judged_hours(),
                (
                    (total("spikes") / hours("usable")).named("Stood out"),
                    (total("chance") / hours("usable")).named("By chance"),
                    hours("usable").named("Hours"),
                    total("spikes").named("In all"),
                ),
            ),
            table=True,
        ),
    ),
    unit=PER_H,
    decimals=2,
    size=20,
    options={"orientation": "horizontal"},
    overrides=(named("Hours", {"unit": HOURS, "decimals": 0}), named("In all", {"unit": "none", "decimals": 0})),
)
