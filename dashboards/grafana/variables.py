"""Variables and links that boards share: whose data, whose days, and the way from one board to the next."""

from __future__ import annotations

from dashboards.grafana.model import Json, Variable

LIVE, CLINICIAN, CLINIC, HEALTH = "somalink-live", "somalink-clinician", "somalink-clinic", "somalink-health"
"""Fixed uids: links and bookmarks name them."""
UTC = "UTC"


def people_of(measurement: str) -> str:
    """Everybody there is a row of; without `FROM` the list comes back once a measurement, without `WHERE` somebody who was erased stays in it."""
    return f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = "person_id" WHERE "person_id" =~ /./'


PERSON = Variable("person", "Person", "query", people_of("coverage"), "Whose data. A choice, not a wall: who may open this board may choose anybody in it.")
PEOPLE = Variable("people", "People", "query", people_of("coverage"), "Who is listed.", many=True)
ZONE = Variable("tz", "Local days by", "constant", UTC, "Where a day begins, for figures a day. Set when the boards are written.", hidden=True)

THIS_PERSON = "var-person=${person:percentencode}"
MOMENT = f"/d/{LIVE}/x?from=${{__data.fields.win_from_ms}}&to=${{__data.fields.win_to_ms}}&{THIS_PERSON}"
"""The Live board at the moment of a table's row; the row needs both columns, hidden."""
THEIR_BOARD = f"/d/{CLINICIAN}/x?var-person=${{__value.text:percentencode}}"
"""The clinician's board of the person whose id is in the cell."""


def to_board(title: str, uid: str, *, person: bool = True, time: bool = False) -> Json:
    """A link at the top of a board. `time`: it takes the chosen time along."""
    return {
        "asDropdown": False,
        "icon": "dashboard",
        "includeVars": False,
        "keepTime": time,
        "tags": [],
        "targetBlank": False,
        "title": title,
        "tooltip": "",
        "type": "link",
        "url": f"/d/{uid}/x?{THIS_PERSON}" if person else f"/d/{uid}/x",
    }


def cell_link(title: str, url: str) -> Json:
    """A link of a table's cell, as a property of its field."""
    return {"links": [{"title": title, "url": url}]}
