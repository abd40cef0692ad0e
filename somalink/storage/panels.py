"""5-minute panels as stored: their column names once for the whole store, their figures as 4-byte floats.

As JSON rows a day would take 290 kB, more than its grid; so it takes 40. A figure keeps seven significant digits, more than any
estimate from five minutes of beats carries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from somalink.storage.db import Database
from somalink.storage.rows import HrvRow, Kind


@dataclass(frozen=True, slots=True)
class StoredPanel:
    """An `HrvRow` whose columns lie in `figures`, NaN where not known, in the order of their names."""

    start_ns: int
    stop_ns: int
    n_beats: int
    artefact: float | None
    reason: str
    figures: bytes


HRV = Kind("hrv", StoredPanel, ("unit", "start_ns", "stop_ns"), ("unit", "names"), "start_ns")


def put(database: Database, unit: int, panels: Iterable[HrvRow], change: int) -> None:
    stored = [(unit, _number(database, tuple(row.columns)), *HRV.values(_pack(row)), change) for row in panels]
    database.run_many(HRV.upsert(), stored)


def read(database: Database, unit: int) -> list[HrvRow]:
    """In order of time."""
    known = names(database)
    return [unpack(HRV.value(own), known[number]) for _, number, *own in (row[:-1] for row in database.rows(HRV.select("WHERE unit = ?"), (unit,)))]


def names(database: Database) -> dict[int, tuple[str, ...]]:
    """Column names by their number."""
    return {number: tuple(json.loads(text)) for number, text in database.rows("SELECT id, names FROM hrv_names")}


def unpack(stored: StoredPanel, columns: tuple[str, ...]) -> HrvRow:
    # str() of a 4-byte float is its shortest decimal form: 41.25, not 41.2500012...
    figures = [None if figure != figure else float(str(figure)) for figure in np.frombuffer(stored.figures, "<f4")]
    return HrvRow(stored.start_ns, stored.stop_ns, stored.n_beats, stored.artefact, stored.reason, dict(zip(columns, figures, strict=True)))


def _pack(row: HrvRow) -> StoredPanel:
    figures = np.array([np.nan if figure is None else figure for figure in row.columns.values()], "<f4").tobytes()
    return StoredPanel(row.start_ns, row.stop_ns, row.n_beats, row.artefact, row.reason, figures)


def _number(database: Database, columns: tuple[str, ...]) -> int:
    text = json.dumps(columns)
    database.run("INSERT OR IGNORE INTO hrv_names (names) VALUES (?)", (text,))
    return int(database.value("SELECT id FROM hrv_names WHERE names = ?", (text,)))
