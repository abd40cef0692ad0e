"""Takes everything of one person out of a replica, and counts what is there of them. Knows `person_id`; knows no store and no settings.

Deleting needs the token that writes, counting the one that reads; neither can do the other's part, so each is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from somalink.domain.measurements import PERSON
from somalink.storage.influx.server import EARLIEST_NS, LATEST_NS, Place, Server, ServerError, Trouble, as_stored

PATIENCE_S = 600.0
"""Counting a year of somebody's beats reads all of them."""


def forget(place: Place, person: str) -> None:
    """Deletes in every bucket whatever carries this `person_id`, in whichever measurement: also in one that an older version wrote."""
    server = Server(place, timeout_s=PATIENCE_S)
    try:
        for bucket in place.buckets:
            server.delete(bucket, "", {PERSON: person}, EARLIEST_NS, LATEST_NS + 1)
    finally:
        server.close()


def values_of(place: Place, read_token: str, person: str) -> Mapping[str, int]:
    """How many values (a field of a point each) there are of them, by bucket. ServerError where they may not be counted."""
    server = Server(replace(place, token=read_token), timeout_s=PATIENCE_S)
    try:
        return {bucket: _count(server, bucket, person) for bucket in place.buckets}
    finally:
        server.close()


def _count(server: Server, bucket: str, person: str) -> int:
    asked = f'SELECT count(*) FROM /.*/ WHERE "{PERSON}" = {_quoted(as_stored(person))}'
    series = _series(server, bucket, asked)
    return sum(int(value) for one in series for row in one["values"] for value in row[1:] if value is not None)


def _series(server: Server, bucket: str, asked: str) -> list[dict[str, Any]]:
    told: Any = server.ask("GET", "/query", query={"db": bucket, "q": asked})
    (result,) = told["results"]
    if "error" in result:
        # What may not be seen is called "not found" here, with a 200.
        step = "give the token that reads: --read-token-file FILE (`somalink influx setup` made one)"
        raise ServerError(f"the bucket {bucket} cannot be read with this token", next_step=step, trouble=Trouble.FORBIDDEN)
    found: list[dict[str, Any]] = result.get("series", [])
    return found


def _quoted(text: str) -> str:
    r"""InfluxQL's literal.

    >>> print(_quoted("o'neil"))
    'o\'neil'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
