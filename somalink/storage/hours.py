"""Beats, grid and what devices' clocks showed, by the hour: rows while the hour is young, one blob once it is closed; read as one, either way.

An hour of a unit is either all rows or one blob, never both, so a key exists once. Knows keys and hours; knows nothing of
people or of what the columns mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np

from somalink.domain.catalogue import GRID_COLUMNS
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import Beats, Grid, IntArray, Stream, StreamClock
from somalink.storage.blobs import BEATS_2, CLOCKS_1, GRID_2, Layout, Table, decode, encode
from somalink.storage.db import Database

ARCHIVE_NS = 30 * MINUTE_NS
"""A call that brings this much at once is an archive, not a wearer: its hours go straight to blobs. As rows a replayed day would
be written twice, at five times the cost."""

STREAMS = (Stream.RR, Stream.HR, Stream.ACC, Stream.ECG, Stream.STEPS, Stream.POSTURE)
"""The code of a stream in the store is its place here: a new one comes last."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one unit and analysis, with their change numbers."""

    unit: int
    analysis: str
    table: Table


@dataclass(frozen=True, slots=True)
class HourTable:
    """One columnar kind. `time` says which hour a row belongs to; `key` makes a row the same row within its unit and analysis."""

    name: str
    layout: Layout
    key: tuple[str, ...]
    columns: tuple[str, ...]
    by_analysis: bool

    @property
    def time(self) -> str:
        return self.key[0]

    # ------------------------------------------------------------ writing

    def put(self, database: Database, unit: int, analysis: str, table: Table, change: int) -> None:
        """Adds or corrects rows; rows that say what is stored already keep their change number."""
        t = table[self.time]
        if not len(t):
            return
        stamped = {**table, "change": np.full(len(t), change, np.int64)}
        if np.any(t[1:] < t[:-1]):
            stamped = _pick(stamped, self._order(stamped))
        archive = int(t.max()) - int(t.min()) >= ARCHIVE_NS
        for hour, part in _by_hour(stamped, self.time):
            stored = self._blob(database, unit, analysis, hour)
            if stored is not None or archive:
                self._merge(database, unit, analysis, hour, stored, part)
            else:
                self._upsert(database, unit, analysis, part)

    def compact(self, database: Database, before_ns: int) -> None:
        """Moves hours that ended by `before_ns` from rows to blobs; their change numbers stay."""
        closed = before_ns // HOUR_NS * HOUR_NS
        analysis = "analysis" if self.by_analysis else "''"
        sql = f"SELECT DISTINCT unit, {analysis}, {self.time} / {HOUR_NS} FROM {self.name} WHERE {self.time} < ?"
        for unit, of, hour in database.rows(sql, (closed,)):
            self._merge(database, unit, of, hour, self._blob(database, unit, of, hour), None)

    def restamp(self, database: Database, unit: int, analysis: str, change: int) -> None:
        """Makes every row of an analysis count as written by `change`, without touching the blobs."""
        database.run(f"UPDATE {self.name} SET change = ? WHERE unit = ? AND analysis = ?", (change, unit, analysis))
        database.run(
            "UPDATE hours SET floor_change = ?, first_change = ?, last_change = ? WHERE kind = ? AND unit = ? AND analysis = ?",
            (change, change, change, self.name, unit, analysis),
        )

    def _merge(self, database: Database, unit: int, analysis: str, hour: int, stored: Table | None, part: Table | None) -> None:
        """One blob of what the hour has, as blob or rows, and what is new."""
        start, stop = hour * HOUR_NS, (hour + 1) * HOUR_NS
        rows = self._rows(database, unit, analysis, start, stop)
        known = [table for table in (stored, rows if len(rows["change"]) else None) if table is not None]
        merged = self._join(_concat(known) if known else None, part)
        if stored is not None and not len(rows["change"]) and _equal(stored, merged):
            return
        if len(rows["change"]):
            where, values = self._where(unit, analysis, start, stop)
            database.run(f"DELETE FROM {self.name} {where}", values)
        database.run(
            "INSERT INTO hours (kind, unit, analysis, hour, count, first_change, last_change, floor_change, payload) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) "
            "ON CONFLICT (kind, unit, analysis, hour) DO UPDATE SET count = excluded.count, first_change = excluded.first_change, "
            "last_change = excluded.last_change, floor_change = 0, payload = excluded.payload",
            (self.name, unit, analysis, hour, len(merged["change"]), int(merged["change"].min()), int(merged["change"].max()), encode(self.layout, merged)),
        )

    def _join(self, known: Table | None, part: Table | None) -> Table:
        if known is None or part is None:
            only = part if known is None else known
            assert only is not None
            return _pick(only, self._last_of_each(only))
        if part[self.time][0] > known[self.time][-1]:
            return _concat([known, part])
        both = _concat([known, part])
        order = self._order(both)
        both, new = _pick(both, order), order >= len(known["change"])
        again = np.zeros(len(new), bool)
        again[1:] = new[1:] & ~new[:-1] & _same(both, self.columns)[1:]
        both["change"] = np.where(again, np.roll(both["change"], 1), both["change"])
        return _pick(both, self._last_of_each(both))

    def _order(self, table: Table) -> IntArray:
        """Order by key; of equal keys the earlier written comes first."""
        return np.lexsort(tuple(table[name] for name in reversed(self.key)))

    def _last_of_each(self, table: Table) -> IntArray:
        last = np.ones(len(table["change"]), bool)
        last[:-1] = ~_same(table, self.key)[1:]
        return np.flatnonzero(last)

    def _upsert(self, database: Database, unit: int, analysis: str, part: Table) -> None:
        place, key = (["unit", "analysis"], [unit, analysis]) if self.by_analysis else (["unit"], [unit])
        names = [*place, *self.columns, "change"]
        settable = [name for name in self.columns if name not in self.key]
        sql = (
            f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
            f"ON CONFLICT ({', '.join([*place, *self.key])}) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in settable)}, change = excluded.change "
            f"WHERE ({', '.join(f'{self.name}.{n}' for n in settable)}) IS NOT ({', '.join(f'excluded.{n}' for n in settable)})"
        )
        rows = zip(*(part[name].tolist() for name in [*self.columns, "change"]), strict=True)
        database.run_many(sql, ((*key, *row) for row in rows))

    # ------------------------------------------------------------ reading

    def read(self, database: Database, unit: int, analysis: str, start_ns: int, stop_ns: int) -> Table:
        """Rows with start <= time < stop in order of time, with `change`."""
        sql = "SELECT floor_change, payload FROM hours WHERE kind = ? AND unit = ? AND analysis = ? AND hour >= ? AND hour <= ? ORDER BY hour"
        with database.reading():
            blobs = database.rows(sql, (self.name, unit, analysis, start_ns // HOUR_NS, (stop_ns - 1) // HOUR_NS))
            rows = self._rows(database, unit, analysis, start_ns, stop_ns)
        parts = [*(_cut(_floored(decode(payload), floor), self.time, start_ns, stop_ns) for floor, payload in blobs), rows]
        table = _concat(parts)
        t = table[self.time]
        return _pick(table, self._order(table)) if np.any(t[1:] < t[:-1]) else table

    def hours(self, database: Database, unit: int) -> set[int]:
        """Numbers of the hours in which the unit has anything, whatever the analysis."""
        rows = database.rows(f"SELECT DISTINCT {self.time} / {HOUR_NS} FROM {self.name} WHERE unit = ?", (unit,))
        blobs = database.rows("SELECT DISTINCT hour FROM hours WHERE kind = ? AND unit = ?", (self.name, unit))
        return {hour for (hour,) in (*rows, *blobs)}

    def count(self, database: Database, unit: int, analysis: str) -> int:
        where, values = self._where(unit, analysis, -(1 << 63), (1 << 63) - 1)
        rows = database.value(f"SELECT count(*) FROM {self.name} {where}", values)
        blobs = database.value("SELECT coalesce(sum(count), 0) FROM hours WHERE kind = ? AND unit = ? AND analysis = ?", (self.name, unit, analysis))
        return int(rows) + int(blobs)

    def changed(self, database: Database, after: int, upto: int) -> Iterator[Stretch]:
        """Everything whose change number lies in (after, upto], hour by hour; rows of one stretch may have several numbers."""
        analysis = "analysis" if self.by_analysis else "''"
        sql = f"SELECT DISTINCT unit, {analysis} FROM {self.name} WHERE change > ? AND change <= ?"
        for unit, of in database.rows(sql, (after, upto)):
            where, values = self._where(unit, of, -(1 << 63), (1 << 63) - 1)
            found = database.rows(f"SELECT {', '.join(self.columns)}, change FROM {self.name} {where} AND change > ? AND change <= ?", (*values, after, upto))
            yield Stretch(unit, of, self._table(found))
        sql = "SELECT unit, analysis, floor_change, payload FROM hours WHERE kind = ? AND last_change > ? AND first_change <= ? ORDER BY unit, analysis, hour"
        for unit, of, floor, payload in database.rows(sql, (self.name, after, upto)):
            table = _floored(decode(payload), floor)
            yield Stretch(unit, of, _pick(table, np.flatnonzero((table["change"] > after) & (table["change"] <= upto))))

    def _blob(self, database: Database, unit: int, analysis: str, hour: int) -> Table | None:
        sql = "SELECT floor_change, payload FROM hours WHERE kind = ? AND unit = ? AND analysis = ? AND hour = ?"
        found = database.row(sql, (self.name, unit, analysis, hour))
        return _floored(decode(found[1]), found[0]) if found else None

    def _rows(self, database: Database, unit: int, analysis: str, start_ns: int, stop_ns: int) -> Table:
        where, values = self._where(unit, analysis, start_ns, stop_ns)
        return self._table(database.rows(f"SELECT {', '.join(self.columns)}, change FROM {self.name} {where} ORDER BY {', '.join(self.key)}", values))

    def _where(self, unit: int, analysis: str, start_ns: int, stop_ns: int) -> tuple[str, tuple[int | str, ...]]:
        if self.by_analysis:
            return f"WHERE unit = ? AND analysis = ? AND {self.time} >= ? AND {self.time} < ?", (unit, analysis, start_ns, stop_ns)
        return f"WHERE unit = ? AND {self.time} >= ? AND {self.time} < ?", (unit, start_ns, stop_ns)

    def _table(self, rows: list[tuple[int, ...]]) -> Table:
        names = [*self.columns, "change"]
        block = np.array(rows, np.int64).reshape(len(rows), len(names))
        return {name: np.ascontiguousarray(block[:, k]) for k, name in enumerate(names)}


BEATS = HourTable("beats", BEATS_2, ("t_ns", "n"), ("t_ns", "n", "rr_ticks", "flag", "segment", "rr_fine_ns"), by_analysis=False)
STREAM_CLOCKS = HourTable(
    "stream_clocks", CLOCKS_1, ("t_ns", "stream"), ("t_ns", "stream", "sensor_ns", "offset_ns", "drift_ppb", "rate_mhz", "error_ns"), by_analysis=False
)
GRID = HourTable("grid", GRID_2, ("stop_ns",), tuple(column.name for column in GRID_COLUMNS), by_analysis=True)


def compact(database: Database, before_ns: int) -> None:
    """Moves the hours that ended by `before_ns`, of every unit, from rows to blobs."""
    for table in (BEATS, GRID, STREAM_CLOCKS):
        table.compact(database, before_ns)


def beats_of(table: Table) -> Beats:
    """The rows of a table as the domain has them."""
    return Beats(**{f.name: table[f.name] for f in fields(Beats)})


def grid_of(table: Table) -> Grid:
    return Grid(**{f.name: table[f.name] for f in fields(Grid)})


def stream_clocks_of(table: Table) -> list[StreamClock]:
    rows = zip(*(table[name].tolist() for name in STREAM_CLOCKS.columns), strict=True)
    return [StreamClock(STREAMS[stream], t_ns, *rest) for t_ns, stream, *rest in rows]


def table_of_stream_clocks(clocks: Iterable[StreamClock]) -> Table:
    """The inverse of `stream_clocks_of`, in order of the key."""
    rows = sorted((clock.t_ns, STREAMS.index(clock.stream), *(getattr(clock, name) for name in STREAM_CLOCKS.columns[2:])) for clock in clocks)
    block = np.array(rows, np.int64).reshape(len(rows), len(STREAM_CLOCKS.columns))
    return {name: np.ascontiguousarray(block[:, k]) for k, name in enumerate(STREAM_CLOCKS.columns)}


def _by_hour(table: Table, time: str) -> Iterator[tuple[int, Table]]:
    hours = table[time] // HOUR_NS
    cuts = np.flatnonzero(np.diff(hours)) + 1
    for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(hours)], strict=True):
        yield int(hours[start]), {name: column[start:stop] for name, column in table.items()}


def _pick(table: Table, index: IntArray) -> Table:
    return {name: column[index] for name, column in table.items()}


def _cut(table: Table, time: str, start_ns: int, stop_ns: int) -> Table:
    t = table[time]
    if not len(t) or (t[0] >= start_ns and t[-1] < stop_ns):
        return table
    first, last = np.searchsorted(t, [start_ns, stop_ns])
    return {name: column[first:last] for name, column in table.items()}


def _floored(table: Table, floor: int) -> Table:
    return {**table, "change": np.maximum(table["change"], floor)} if floor else table


def _concat(tables: list[Table]) -> Table:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]} if len(tables) > 1 else tables[0]


def _same(table: Table, names: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a row equals the row before it in these columns; the first equals none."""
    same = np.ones(len(table["change"]), bool)
    same[:1] = False
    for name in names:
        same[1:] &= table[name][1:] == table[name][:-1]
    return same


def _equal(one: Table, other: Table) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)
