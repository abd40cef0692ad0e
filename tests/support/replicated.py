"""What every board asks, read from its JSON, and asked of two: of the server a store was shipped to, and of rows reckoned apart from its export.

Knows no panel by name, and of the boards nothing but their files and how Grafana fills in variables.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from asked import asked, differences, told, without_empty_ends
from influxql import Select, Series, Table, answer, measurement_of, names_in, read, where_holds
from reckoned_points import NOT_EXPORTED, WORDED, Kept, borrowed, reckoned

from dashboards.grafana import asking
from somalink.domain.constants import Constants
from somalink.domain.measurements import MEASUREMENTS
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.pipeline.replica.shipping import Manner, Shipper
from somalink.storage.export import export
from somalink.storage.influx.server import Place, Server
from somalink.storage.local import LocalStore

JSON = Path(__file__).parents[2] / "dashboards" / "grafana" / "json"


@dataclass(frozen=True)
class Question:
    """One query of a board's panel, variable or annotation, as the file has it."""

    board: str
    panel: str
    ref: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.board} / {self.panel}"


@dataclass(frozen=True)
class Span:
    """What a reader looks at: from, to (ns), and how fine the panel has pixels."""

    start_ns: int
    stop_ns: int
    interval_s: int


@cache
def boards() -> dict[str, dict[str, Any]]:
    """By uid, read once a run."""
    return {board["uid"]: board for board in (json.loads(path.read_text()) for path in sorted(JSON.glob("*.json")))}


def questions() -> Iterator[Question]:
    """Every target of every panel, and every annotation."""
    for uid, board in boards().items():
        for each in asking.queries(board):
            yield Question(uid, each.title, each.ref, each.query)
        for name, query in asking.marks(board).items():
            yield Question(uid, f"annotation {name}", "Anno", query)


def variables() -> dict[tuple[str, str], str]:
    """Queries of variables, by board and name."""
    return {(uid, name): query for uid, board in boards().items() for name, query in asking.variables(board).items()}


def filled(question: Question, person: str | Sequence[str], span: Span, **chosen: str) -> str:
    """As a database gets it. Its `now()` is the end of the span, since the data are of another year."""
    given = {**asking.fixed_values(boards()[question.board]), **chosen}
    text = asking.substitute(question.text, person, span.start_ns, span.stop_ns, span.interval_s, **given)
    return text.replace("now()", f"{span.stop_ns // 10**6}ms")


def reads(question: Question, person: str, span: Span, measurement: str, names: set[str], rows: Table) -> bool:
    """Whether a query says anything of these fields of these rows: it names one, and its conditions let one of the rows pass."""
    select: Select | str = read(filled(question, person, span))
    assert isinstance(select, Select)
    if measurement_of(select) != measurement or not names_in(select) & names:
        return False
    while isinstance(select.source, Select):
        select = select.source
    return bool(where_holds(select, rows).any())


# ---------------------------------------------------------------- a store and its replica


@dataclass(frozen=True)
class Replica:
    """A store, as exported, and the bucket it was shipped to. `start_ns`, `stop_ns`: its first and last moment."""

    kept: Kept
    place: Place
    person: str
    start_ns: int
    stop_ns: int
    tz: str

    @property
    def spans(self) -> tuple[Span, ...]:
        """All of it; a part that begins between two hours and ends in a minute; the newest six hours, closely; and a day on which nothing was."""
        long = self.stop_ns - self.start_ns
        return (
            Span(self.start_ns, self.stop_ns, max(60, long // 10**9 // 400)),
            Span(self.start_ns + 77 * MINUTE_NS + 123_000_000, self.stop_ns - 3 * HOUR_NS - 7_000_000, 900),
            Span(self.stop_ns - 6 * HOUR_NS, self.stop_ns, 30),
            Span(self.start_ns - 400 * 24 * HOUR_NS, self.start_ns - 399 * 24 * HOUR_NS, 60),
        )

    def there(self, query: str) -> list[Series]:
        return asked(self.place.url, self.place.token, self.place.bucket, query)

    def here(self, query: str) -> list[Series]:
        return answer(query, self.tables)

    def unlike(self, query: str) -> list[str]:
        """Where server and reckoning differ."""
        here, there = self.here(query), self.there(query)
        if "FROM (SELECT" in query:
            here, there = without_empty_ends(here), without_empty_ends(there)
        return differences(here, there)

    @cached_property
    def reckoned(self) -> dict[str, Table]:
        return reckoned(self.kept)

    @cached_property
    def tables(self) -> dict[str, Table]:
        """What should be there; words as the server's own rows say them, and what no store holds as the server has it."""
        own = {name: borrowed(table, held(self.place, name), WORDED[name]) if name in WORDED else table for name, table in self.reckoned.items()}
        return {**own, **{name: held(self.place, name) for name in NOT_EXPORTED}}


def ship(store: LocalStore, place: Place, now_ns: int, tz: str) -> None:
    """Everything that is to be there, by the shipper itself, as a program does that has just been started."""
    with contextlib.closing(Server(place)) as server:
        Shipper(store, server, place, Manner(Constants(), tz), lambda: now_ns).drain(patient=False)


def replicate(store: LocalStore, place: Place, folder: Path, *, start_ns: int, stop_ns: int, tz: str) -> Replica:
    """Ships a store of one person, two hours before its end and a minute before, and exports it."""
    for now_ns in (stop_ns - 2 * HOUR_NS, stop_ns - MINUTE_NS):
        ship(store, place, now_ns, tz)
    export(store, [], "csv", folder)
    (person,) = store.people()
    return Replica(Kept(folder, store.path), place, person, start_ns, stop_ns, tz)


def said_by(series: Sequence[Series]) -> int:
    """How many values an answer has."""
    return sum(value is not None for each in series for row in each.rows for value in row[1:])


def held(place: Place, measurement: str) -> Table:
    """Every row of a measurement that a server holds. Which columns are tags says the table of measurements."""
    tags = MEASUREMENTS[measurement].tags
    rows = []
    for series in told(place.url, place.token, place.bucket, f'SELECT * FROM "{measurement}"'):
        at = {name: k for k, name in enumerate(series["columns"])}
        names = [name for name in at if name not in ("time", *tags)]
        rows += [
            (values[at["time"]], _given(values, at, tags), {name: values[at[name]] for name in names if values[at[name]] is not None})
            for values in series["values"]
        ]
    return Table.of(rows)


def _given(values: Sequence[Any], at: Mapping[str, int], tags: Sequence[str]) -> dict[str, str]:
    return {name: values[at[name]] for name in tags if name in at and values[at[name]]}
