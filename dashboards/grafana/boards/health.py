"""The board of the apparatus: first whether shipping keeps up, in a sentence, then each device, then what was lost on the way."""

from dashboards.grafana.model import Board, Row
from dashboards.grafana.panels.health import battery, computers, devices, doubt, expired, gaps, lag, parked, reconnects, refused, room, sent, shipping
from dashboards.grafana.variables import CLINIC, HEALTH, PEOPLE, to_board

BOARD = Board(
    HEALTH,
    "Pipeline health",
    "Whether everything that was recorded is here, and what was lost on the way to the store. About devices and programs, not about bodies.",
    (
        Row(3, ((shipping.PANEL, 12), (parked.PANEL, 6), (expired.PANEL, 6))),
        Row(5, ((computers.PANEL, 24),)),
        Row(8, ((lag.PANEL, 12), (sent.PANEL, 12))),
        Row(5, ((devices.PANEL, 24),)),
        Row(8, ((gaps.PANEL, 12), (reconnects.PANEL, 12))),
        Row(8, ((doubt.PANEL, 12), (refused.PANEL, 12))),
        Row(8, ((battery.PANEL, 12), (room.PANEL, 12))),
    ),
    back="now-7d",
    refresh="1m",
    variables=(PEOPLE,),
    links=(to_board("Clinic", CLINIC, person=False),),
)
