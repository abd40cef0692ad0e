"""Whether there is a body behind the figures at all: the same small panel on every board of one person."""

from dataclasses import replace

from dashboards.grafana.kinds import ranges, stat
from dashboards.grafana.model import Panel, Target
from dashboards.grafana.query import ANY_TIME, Query, count, equals

MADE_UP = "Made up: no person"


def whose(panel_id: int) -> Panel:
    """Says so where anything of this wearer was simulated."""
    panel = stat(
        panel_id,
        "Whose figures",
        "Simulated wearers are there to try things out. Where any hour of this one was made up, it stands here, and nothing on this board says anything about "
        "anybody.",
        (Target("A", Query("coverage", (count("worn_s").named("Simulated hours"),), (equals("simulated", True),), when=ANY_TIME), table=True),),
        shows="Simulated hours",
        size=18,
        defaults={"mappings": ranges((1, None, MADE_UP)), "noValue": "Not marked as made up"},
    )
    return replace(panel, any_time=True)
