"""The replica's server: the one place that meets `influxdb_client`. Knows how InfluxDB 2 is spoken to and what each of its refusals means.

It sends once and says what came of it. It knows nothing of the store, keeps no batch and tries nothing again: whoever ships decides that.
No message holds a value, a person's id or a token, also not where the server's own words do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from somalink.domain.errors import SomalinkError
from somalink.domain.time import SECOND_NS, to_datetime

EARLIEST_NS, LATEST_NS = -9_223_372_036_854_775_806, 9_223_372_036_854_775_806
"""What InfluxDB can keep: two less than int64 has, at either end. A time beyond is a 400, in a write and in a delete."""
SETUP = "`somalink influx setup` makes what is missing and says what is wrong"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a replica is: a server's address, its organisation and bucket, and who we are there. `raw_bucket`: where beats go, if not to `bucket`."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    raw_bucket: str = ""

    @property
    def buckets(self) -> tuple[str, ...]:
        return (self.bucket, self.raw_bucket) if self.raw_bucket and self.raw_bucket != self.bucket else (self.bucket,)


class Trouble(StrEnum):
    """What a failure asks of whoever ships: wait, ask somebody to mend something, or look for the row that is wrong."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    REFUSED = "refused"
    TOO_LARGE = "too_large"


class ServerError(SomalinkError):
    """The server did not do what it was asked.

    `dropped`: how many rows it says it refused while it kept the rest (422); None where it kept none (400) or did not say. It counts
    one kind of reason only: of a batch with a wrong type and a row that is too old it names the type and `dropped=1`, and drops both.
    `expired`: refused for its age, and nothing else.
    """

    def __init__(self, what: str, *, next_step: str, trouble: Trouble, dropped: int | None = None, expired: bool = False) -> None:
        super().__init__(what, next_step=next_step)
        self.trouble = trouble
        self.dropped = dropped
        self.expired = expired


class Server:
    """One connection to one server, for one thread. `timeout_s` holds for each request as a whole."""

    def __init__(self, place: Place, *, timeout_s: float = 30.0) -> None:
        from influxdb_client.client.influxdb_client import InfluxDBClient
        from influxdb_client.client.write_api import SYNCHRONOUS

        self.place = place
        self._client = InfluxDBClient(place.url, place.token, org=place.org, timeout=int(timeout_s * 1000), retries=False)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._eraser = self._client.delete_api()

    def write(self, bucket: str, lines: Sequence[str]) -> None:
        """Rows of line protocol with times in nanoseconds; returns when the server has acknowledged them all. Sent twice they are there once.

        REFUSED with `dropped`: all others are kept. REFUSED without: none is.
        """
        with _translating(self.place.url):
            self._writer.write(bucket, record="\n".join(lines).encode(), write_precision=cast(Any, "ns"))

    def delete(self, bucket: str, measurement: str, tags: Mapping[str, str], start_ns: int, stop_ns: int) -> None:
        """Points of a measurement (empty: of every one) that carry all of these tags, in [start, stop). Nothing there to delete is no error."""
        first_ns, last_ns = max(start_ns, EARLIEST_NS), min(stop_ns - 1, LATEST_NS)
        if first_ns > last_ns:
            return
        with _translating(self.place.url):
            # The server's own range holds both its ends.
            self._eraser.delete(_rfc3339(first_ns), _rfc3339(last_ns), predicate(measurement, tags), bucket)

    def ready(self) -> None:
        """Nothing, where the server answers and calls itself well."""
        if _object(self.ask("GET", "/health")).get("status") != "pass":
            raise ServerError(f"InfluxDB at {self.place.url} is not ready", next_step="wait until it has started", trouble=Trouble.BUSY)

    def version(self) -> str:
        """As the server names it: `2.7.12`; empty where it keeps that to itself."""
        with _translating(self.place.url):
            return str(self._client.version()).removeprefix("v")

    def ask(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> object:
        """One request to the server's API and the JSON that came back (None: nothing did)."""
        with _translating(self.place.url):
            call: Callable[..., object] = self._client.api_client.call_api
            headers = {"Accept": "application/json", "Content-Type": "application/json"}
            asked = list((query or {}).items())
            return call(path, method, {}, asked, headers, body=body, response_type="object", auth_settings=[], _return_http_data_only=True)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]


# ---------------------------------------------------------------- what is said to it


def predicate(measurement: str, tags: Mapping[str, str]) -> str:
    r"""The condition of a delete. Quotes and backslashes are escaped; every other sign means itself, as was tried on 2.7 for all that break line protocol.

    >>> print(predicate("rating", {"person_id": 'the "quiet" one'}))
    _measurement="rating" AND person_id="the \"quiet\" one"
    """
    wanted = {"_measurement": measurement, **tags} if measurement else tags
    return " AND ".join(f'{name}="{_literal(value)}"' for name, value in wanted.items())


def as_stored(value: str) -> str:
    """A tag as the server has it: line protocol has no line break, and a backslash at its end got a space (`points`)."""
    kept = value.replace("\n", " ")
    return f"{kept} " if kept.endswith("\\") else kept


def _literal(value: str) -> str:
    return as_stored(value).replace("\\", "\\\\").replace('"', '\\"')


def _rfc3339(t_ns: int) -> str:
    """To the nanosecond, which a datetime cannot hold.

    >>> _rfc3339(1_772_355_600_000_000_001)
    '2026-03-01T09:00:00.000000001Z'
    """
    return f"{to_datetime(t_ns):%Y-%m-%dT%H:%M:%S}.{t_ns % SECOND_NS:09d}Z"


# ---------------------------------------------------------------- what it says


@contextmanager
def _translating(url: str) -> Iterator[None]:
    """Every failure of client and server as a ServerError. Cut off from its cause: the client's own words repeat rows and headers."""
    from influxdb_client.rest import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _answered(url, error.status or 0, str(error.body or "")) from None
    except (HTTPError, OSError) as error:
        raise _unreachable(url, _why(error)) from None
    except ValueError:
        raise _no_influx(url) from None


def _answered(url: str, status: int, body: str) -> ServerError:
    """The server's refusal, by its status and, where that leaves a choice, its words (2.7.12: docs/influxdb.md has the table)."""
    if status == 0:
        return _unreachable(url, "its certificate is not trusted here")
    code, words = _said(body)
    if status in (400, 422):
        return _refused(words)
    if status == 404 and code == "not found":
        return ServerError(f"InfluxDB at {url} has no such {_missing(words)}", next_step=f"check the name; {SETUP}", trouble=Trouble.MISSING)
    if status in (401, 403):
        # "write:orgs is unauthorized" is a 401 as well, of a token that is known.
        return _unknown_token(url) if words in ("", "unauthorized access") and status == 401 else _not_allowed(url)
    if status == 413:
        return ServerError(
            f"InfluxDB at {url}, or what stands before it, takes no request of that size", next_step="send less at once", trouble=Trouble.TOO_LARGE
        )
    if status == 429 or status >= 500:
        return ServerError(f"InfluxDB at {url} cannot take it now ({status})", next_step="nothing: what waits is sent later", trouble=Trouble.BUSY)
    return _no_influx(url)


def _unknown_token(url: str) -> ServerError:
    step = "check SOMALINK_INFLUX_TOKEN or the file named by SOMALINK_INFLUX_TOKEN_FILE; `somalink influx setup` makes a new token"
    return ServerError(f"InfluxDB at {url} does not know this token (401)", next_step=step, trouble=Trouble.FORBIDDEN)


def _not_allowed(url: str) -> ServerError:
    step = "use the token that was made for this: one writes, another reads, and only the operator's sets up"
    return ServerError(f"InfluxDB at {url} knows this token but does not allow it that", next_step=step, trouble=Trouble.FORBIDDEN)


def _unreachable(url: str, why: str) -> ServerError:
    step = "start it, or check the address (SOMALINK_INFLUX_URL); what waits stays in the store and is sent later"
    return ServerError(f"InfluxDB at {url} cannot be reached: {why}", next_step=step, trouble=Trouble.UNREACHABLE)


def _no_influx(url: str) -> ServerError:
    step = "check the address (SOMALINK_INFLUX_URL) and the token's file; InfluxDB 2.7 is what is needed"
    return ServerError(f"what answers at {url} is not the interface of InfluxDB 2", next_step=step, trouble=Trouble.MISSING)


_REASONS: Sequence[tuple[str, str]] = (
    (r'field type conflict: input field "(\w+)" on measurement "(\w+)" is type (\w+), already exists as type (\w+)', "{1}.{0} is a {3} there, not a {2}"),
    (r'invalid field name: input field "(\w+)" on measurement "(\w+)"', "{1} cannot have a field called {0}"),
    (r"outside retention policy of duration (\w+)", "older than the {0} that the bucket keeps"),
    (r"(bucket|organization|user) with name .* already exists", "a {0} of that name is there already"),
    (r"onboarding has already been completed", "somebody has set this server up meanwhile"),
    (r"(passwords must be [\w ]+)", "{0}"),
    (r"time outside range", "its time is one that InfluxDB cannot keep"),
    (r"unable to parse .*: ([a-z ]+)", "a row cannot be read: {0}"),
)
"""What may be wrong with rows, as 2.7 words it, and what we make of it: names of fields and types may be told, what stands in a row may not."""


def _refused(words: str) -> ServerError:
    dropped = re.search(r"\bdropped=(\d+)", words)
    why = next((said.format(*found.groups()) for pattern, said in _REASONS if (found := re.search(pattern, words, re.DOTALL))), "no reason that is known here")
    expired = "outside retention policy" in words
    step = "nothing: its bucket keeps no longer" if expired else "it is kept in the store; say this at the project's issues, since no row should be refused"
    return ServerError(f"refused: {why}", next_step=step, trouble=Trouble.REFUSED, dropped=int(dropped[1]) if dropped else None, expired=expired)


def _missing(words: str) -> str:
    found = re.match(r"(bucket|organization)\b", words)
    return {"bucket": "bucket", "organization": "organisation"}[found[1]] if found else "thing"


def _said(body: str) -> tuple[str, str]:
    """Code and message of an answer that is InfluxDB's, else two empty texts."""
    try:
        told = _object(json.loads(body))
    except ValueError:
        return "", ""
    return str(told.get("code", "")), str(told.get("message", ""))


def _object(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


_CAUSES = (
    ("timed out", "no answer in time"),
    ("refused", "nothing listens there"),
    ("resolve", "no such host"),
    ("Name or service not known", "no such host"),
    ("certificate", "its certificate is not trusted here"),
)


def _why(error: Exception) -> str:
    """In a few words of ours, since the client's own may quote what was sent."""
    text = f"{type(error).__name__} {error}"
    return next((words for sign, words in _CAUSES if sign.lower() in text.lower()), f"the connection broke ({type(error).__name__})")
