"""Many people: data and devices. No arousal, no ratings, no order by anything of the body."""

from dashboards.grafana.model import Board, Row
from dashboards.grafana.panels.clinic import devices, hours, intro, links, people, seen
from dashboards.grafana.variables import CLINIC, HEALTH, PEOPLE, ZONE, to_board

BOARD = Board(
    uid=CLINIC,
    title="Clinic",
    about="Who has data, and of which device. Nothing of anybody’s body.",
    rows=(
        Row(4, ((intro.PANEL, 14), (seen.PANEL, 10))),
        Row(8, ((people.PANEL, 24),)),
        Row(7, ((devices.PANEL, 12), (links.PANEL, 12))),
        Row(7, ((hours.PANEL, 24),)),
    ),
    back="now-7d",
    variables=(PEOPLE, ZONE),
    links=(to_board("Pipeline health", HEALTH, person=False),),
)
