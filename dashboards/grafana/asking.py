"""What a board asks, read from its JSON, and its variables filled in as Grafana fills them. For whoever runs the queries without a Grafana.

Knows the JSON alone: it would read a board that somebody else made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}/]")
PLACE = re.compile(r"\$\{(?P<braced>\w+)(?::(?P<form>\w+))?\}|\$(?P<bare>\w+)")


class Asked(NamedTuple):
    """One query of a board. `format`: `table` or `time_series`."""

    panel_id: int
    title: str
    ref: str
    query: str
    format: str
    alias: str


def queries(board: Mapping[str, Any]) -> list[Asked]:
    """Every query of every panel, in the board's order."""
    return [
        Asked(panel["id"], panel["title"], target["refId"], target["query"], target["resultFormat"], target["alias"])
        for panel in board["panels"]
        for target in panel.get("targets", ())
    ]


def variables(board: Mapping[str, Any]) -> dict[str, str]:
    """Name -> query of every variable that asks the database."""
    return {each["name"]: each["query"]["query"] for each in board["templating"]["list"] if each["type"] == "query"}


def fixed_values(board: Mapping[str, Any]) -> dict[str, str]:
    """Name -> value of every variable that stands as the file has it: constants, and choices before anybody chose."""
    return {each["name"]: each["current"]["value"] for each in board["templating"]["list"] if each["type"] != "query"}


def marks(board: Mapping[str, Any]) -> dict[str, str]:
    """Name -> query of every annotation: points and regions over time."""
    return {each["name"]: each["target"]["query"] for each in board["annotations"]["list"]}


def substitute(query: str, person: str | Sequence[str], start_ns: int, stop_ns: int, interval_s: int, **more: str | Sequence[str]) -> str:
    """`query` as the database gets it. `person` fills `person` and `people`; `more` whatever else it names (`tz`, `days`).

    >>> substitute('WHERE "person_id" =~ /^${person:regex}$/ AND $timeFilter GROUP BY time($__interval)', "p/1", 0, 10**9, 60)
    'WHERE "person_id" =~ /^p\\\\/1$/ AND time >= 0ms and time <= 1000ms GROUP BY time(60s)'
    """
    start, stop = start_ns // 10**6, stop_ns // 10**6
    known: dict[str, str | Sequence[str]] = {
        "timeFilter": f"time >= {start}ms and time <= {stop}ms",
        "__interval": f"{interval_s}s",
        "__interval_ms": str(1000 * interval_s),
        "__from": str(start),
        "__to": str(stop),
        "person": person,
        "people": person,
        **more,
    }
    return PLACE.sub(lambda place: _filled(place, known), query)


def _filled(place: re.Match[str], known: Mapping[str, str | Sequence[str]]) -> str:
    """KeyError for a variable nobody gave: Grafana would leave its name in the query, and the query would find nothing."""
    value = known[place["braced"] or place["bare"]]
    if place["form"] == "regex":
        return _as_pattern(value)
    return value if isinstance(value, str) else ",".join(value)


def _as_pattern(value: str | Sequence[str]) -> str:
    """One value escaped, several as `(a|b)`."""
    several = [value] if isinstance(value, str) else list(value)
    escaped = [SPECIAL.sub(lambda sign: f"\\{sign[0]}", each) for each in several]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def substituted(board: Mapping[str, Any], person: str, start_ns: int, stop_ns: int, interval_s: int) -> Iterator[tuple[Asked, str]]:
    """Every query of a board with what the database gets."""
    given = fixed_values(board)
    for asked in queries(board):
        yield asked, substitute(asked.query, person, start_ns, stop_ns, interval_s, **given)
