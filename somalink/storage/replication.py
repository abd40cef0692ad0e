"""What a replica has to be told: every kind of row by change number, whether it is a row or sits in an hour blob.

Deletions come first within a change, so that what the same transaction wrote anew stands. Rows of an analysis that is not the
person's current one are not told.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import groupby
from typing import Any

import numpy as np

from somalink.domain.identity import Unit
from somalink.storage import hours, panels, rows
from somalink.storage.blobs import Table
from somalink.storage.db import Database
from somalink.storage.rows import Delta, Kind, Tombstone

CHANGES_AT_ONCE = 256
"""How many change numbers are looked up together: a live hour's blob holds some 700, so it is decoded three times, not 700 times."""
MOST_BYTES = 150_000_000
"""What is more in that many changes is told a change at a time, an hour at a time: an analysis that became the current one is a year in one change.
256 hours of an archive are half of it."""


def since(database: Database, units_now: Callable[[], dict[int, Unit]], after: int, limit: int) -> Generator[Delta]:
    """Whole changes after `after`, until `limit` rows are reached."""
    newest = int(database.value("SELECT value FROM counters WHERE name = 'change'"))
    told = 0
    low = after
    while low < newest:
        upto = min(low + CHANGES_AT_ONCE, newest)
        if many := _bytes(database, low, upto) > MOST_BYTES:
            upto = low + 1
        with closing(_ordered(database, units_now, low, upto, as_found=many)) as found:
            for _, deltas in groupby(found, key=lambda delta: delta.change):
                for delta in deltas:
                    told += len(delta.rows)
                    yield delta
                if told >= limit:
                    return
        low = upto


def _bytes(database: Database, after: int, upto: int) -> int:
    """About how much of closed hours was written in (after, upto], as columns: all of each hour that has a row of it."""
    sql = "SELECT kind, sum(count) FROM hours WHERE last_change > ? AND first_change <= ? GROUP BY kind"
    told = {table.name: len(table.columns) for table in (hours.BEATS, hours.GRID)}
    return sum(8 * told.get(kind, 0) * int(count) for kind, count in database.rows(sql, (after, upto)))


def _ordered(database: Database, units_now: Callable[[], dict[int, Unit]], after: int, upto: int, *, as_found: bool) -> Generator[Delta]:
    """By change; `as_found`: of one change, told while it is read."""
    with database.reading():
        current = dict(database.rows("SELECT person, analysis FROM current_analysis"))
        found = _between(database, units_now(), current, after, upto)
        if as_found:
            yield from found
            return
        ordered = sorted(found, key=lambda delta: delta.change)
    yield from ordered


def _between(database: Database, units: dict[int, Unit], current: dict[str, str], after: int, upto: int) -> Iterator[Delta]:
    yield from _tombstones(database, after, upto)
    for kind in (*rows.ROWS, panels.HRV):
        yield from _of_kind(database, kind, units, current, after, upto)
    yield from _baselines(database, current, after, upto)
    for stretch in hours.BEATS.changed(database, after, upto):
        for change, t in _by_change(stretch.table):
            unit = units[stretch.unit]
            yield Delta(change, "beats", unit, "", hours.beats_of(t), unit.person)
    for stretch in hours.GRID.changed(database, after, upto):
        unit = units[stretch.unit]
        if current.get(unit.person) == stretch.analysis:
            for change, t in _by_change(stretch.table):
                yield Delta(change, "grid", unit, stretch.analysis, hours.grid_of(t), unit.person)


def _of_kind(database: Database, kind: Kind[Any], units: dict[int, Unit], current: dict[str, str], after: int, upto: int) -> Iterator[Delta]:
    place = {name: k for k, name in enumerate(kind.place)}
    order = ", ".join(["change", *kind.place, *(name for name in kind.key if name not in kind.place)])
    known = panels.names(database)
    found = database.rows(kind.select("WHERE change > ? AND change <= ?", order), (after, upto))
    for (change, *where), same in groupby(found, key=lambda row: (row[-1], *row[: len(place)])):
        unit = units[where[place["unit"]]] if "unit" in place else None
        person = unit.person if unit else where[place["person"]] if "person" in place else ""
        analysis = where[place["analysis"]] if "analysis" in place else ""
        if not analysis or current.get(person) == analysis:
            values = (kind.value(row[len(place) : -1]) for row in same)
            if kind is panels.HRV:
                values = (panels.unpack(value, known[where[place["names"]]]) for value in values)
            yield Delta(change, kind.name, unit, analysis, tuple(values), person)


def _baselines(database: Database, current: dict[str, str], after: int, upto: int) -> Iterator[Delta]:
    sql = "SELECT change, person, tier, analysis, json FROM baselines WHERE change > ? AND change <= ? ORDER BY change, person, tier, from_ns"
    for change, person, tier, analysis, text in database.rows(sql, (after, upto)):
        if current.get(person) == analysis:
            yield Delta(change, "baselines", Unit(person, "", "", tier), analysis, (rows.baseline_of(text),), person)


def _tombstones(database: Database, after: int, upto: int) -> Iterator[Delta]:
    sql = "SELECT change, kind, id, person, device, from_ns, to_ns FROM tombstones WHERE change > ? AND change <= ? ORDER BY change, kind, id, person, device"
    found = [Tombstone(*row) for row in database.rows(sql, (after, upto))]
    for change, same in groupby(found, key=lambda tombstone: tombstone.change):
        yield Delta(change, "tombstones", None, "", tuple(same))


def _by_change(table: Table) -> Iterator[tuple[int, Table]]:
    if not len(table["change"]):
        return  # an hour whose first and last numbers lie on either side of the asked ones, with none between
    order = np.argsort(table["change"], kind="stable")
    ordered = {name: column[order] for name, column in table.items()}
    changes, starts = np.unique(ordered["change"], return_index=True)
    for change, start, stop in zip(changes.tolist(), starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        yield change, {name: column[start:stop] for name, column in ordered.items()}
