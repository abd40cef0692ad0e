"""Points written by hand into a real server, and what a panel's own queries find of them."""

from typing import Any

from influx import rows

from dashboards.grafana.asking import fixed_values, queries, substitute
from dashboards.grafana.build import as_json
from dashboards.grafana.model import Board, Panel
from somalink.domain.measurements import MEASUREMENTS
from somalink.storage.influx.points import Point
from somalink.storage.influx.server import Place, Server

SECOND_NS = 10**9
MINUTE_NS, HOUR_NS, DAY_NS = 60 * SECOND_NS, 3600 * SECOND_NS, 86_400 * SECOND_NS
T0_NS = 20_000 * DAY_NS
"""A midnight, UTC."""


def point(measurement: str, t_ns: int, **said: Any) -> Point:
    """Tags and fields by name; tags that are not given are `p`, `d`, `B` or `x`."""
    plain = {"person_id": "p", "device_id": "d", "device_tier": "B"}
    tags = {name: str(said.pop(name, plain.get(name, "x"))) for name in MEASUREMENTS[measurement].tags}
    return Point(measurement, tags, said, t_ns)


def put(place: Place, *points: Point) -> None:
    server = Server(place)
    try:
        server.write(place.bucket, [each.line() for each in points])
    finally:
        server.close()


def told(place: Place, board: Board, panel: Panel, start_ns: int, stop_ns: int, *, person: Any = "p", ref: str = "", **chosen: str) -> list[dict[str, Any]]:
    """Rows that a panel's queries find (of one letter, where `ref` says so), with its board's variables as nobody has changed them but by `chosen`."""
    found = as_json(board)
    known = fixed_values(found) | chosen
    asked = [each.query for each in queries(found) if each.panel_id == panel.id and ref in ("", each.ref)]
    return [row for query in asked for row in rows(place, substitute(query, person, start_ns, stop_ns, 3600, **known))]
