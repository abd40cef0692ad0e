"""Notifications as they came: rows while the hour is young, then one blob an hour, a twentieth of the size.

Knows how bytes are laid by; decodes none of them. Raw rows are what everything else can be made from again, and are not replicated.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from somalink.domain.time import HOUR_NS
from somalink.storage.blobs import LEVEL, RAW_1, decode, encode
from somalink.storage.db import Database
from somalink.storage.rows import RAW, RawRow

Stamped = tuple[RawRow, int]
"""A notification and its change number."""

_LENGTH = struct.Struct("<I")
_HOUR = "WHERE unit = ? AND t_utc_ns >= ? AND t_utc_ns < ?"
_BLOB = "WHERE kind = 'raw' AND unit = ? AND analysis = '' AND hour = ?"


def put(database: Database, unit: int, notifications: Iterable[RawRow], change: int) -> None:
    """Adds rows; an hour that was laid by already is opened again first, so that nothing is kept twice."""
    given = list(notifications)
    for hour in sorted({row.t_utc_ns // HOUR_NS for row in given}):
        _open(database, unit, hour)
    _insert(database, unit, [(row, change) for row in given])


def read(database: Database, unit: int, start_ns: int, stop_ns: int) -> list[RawRow]:
    """Rows with start <= arrival < stop, in order of arrival."""
    with database.reading():
        sql = "SELECT payload FROM hours WHERE kind = 'raw' AND unit = ? AND hour >= ? AND hour <= ?"
        blobs = database.rows(sql, (unit, start_ns // HOUR_NS, (stop_ns - 1) // HOUR_NS))
        young = _rows(database, unit, start_ns, stop_ns)
    laid_by = [stamped for (blob,) in blobs for stamped in unpack(blob) if start_ns <= stamped[0].t_utc_ns < stop_ns]
    return _as_arrived([*laid_by, *young])


def since(database: Database, unit: int, change: int) -> list[RawRow]:
    """Rows written after `change`, in order of arrival: what a program that remembers `change` has not read yet."""
    with database.reading():
        blobs = database.rows("SELECT payload FROM hours WHERE kind = 'raw' AND unit = ? AND last_change > ?", (unit, change))
        found = database.rows(RAW.select("WHERE unit = ? AND change > ?"), (unit, change))
    laid_by = [stamped for (blob,) in blobs for stamped in unpack(blob) if stamped[1] > change]
    return _as_arrived([*laid_by, *((RAW.value(row[1:-1]), row[-1]) for row in found)])


def in_order(database: Database, unit: int) -> Iterator[list[RawRow]]:
    """Everything in order of arrival, about an hour at a time: what was written before the first row of the next hour is told with this one."""
    found = database.rows(
        "SELECT hour, min(first) FROM (SELECT hour, first_change AS first FROM hours WHERE kind = 'raw' AND unit = ?1 "
        f"UNION ALL SELECT t_utc_ns / {HOUR_NS}, min(change) FROM raw WHERE unit = ?1 GROUP BY 1) GROUP BY hour ORDER BY 2, 1",
        (unit,),
    )
    held: list[Stamped] = []
    for (hour, _), (_, upto) in zip(found, [*found[1:], (0, None)], strict=True):
        with database.reading():
            blobs, young = _of_hour(database, unit, hour)
        held += [*(stamped for blob in blobs for stamped in unpack(blob)), *young]
        told = held if upto is None else [stamped for stamped in held if stamped[1] < upto]
        held = [] if upto is None else [stamped for stamped in held if stamped[1] >= upto]
        if told:
            yield _as_arrived(told)


def last(database: Database, unit: int) -> RawRow | None:
    """The row that arrived last."""
    with database.reading():
        young = database.value("SELECT max(change) FROM raw WHERE unit = ?", (unit,))
        laid_by = database.value("SELECT max(last_change) FROM hours WHERE kind = 'raw' AND unit = ?", (unit,))
        newest = max(young or 0, laid_by or 0)
        return since(database, unit, newest - 1)[-1] if newest else None


def _as_arrived(found: Iterable[Stamped]) -> list[RawRow]:
    """By transaction, and inside one by the clock that never steps: UTC may go back while rows arrive, and two boots share no clock."""
    return [row for row, _ in sorted(found, key=lambda stamped: (stamped[1], stamped[0].t_mono_ns))]


def compact(database: Database, before_ns: int) -> None:
    """Lays by the hours that ended by `before_ns`, of every unit."""
    closed = before_ns // HOUR_NS * HOUR_NS
    for unit, hour in database.rows(f"SELECT DISTINCT unit, t_utc_ns / {HOUR_NS} FROM raw WHERE t_utc_ns < ?", (closed,)):
        _open(database, unit, hour)
        span = (unit, hour * HOUR_NS, (hour + 1) * HOUR_NS)
        found = _rows(database, *span)
        database.run(f"DELETE FROM raw {_HOUR}", span)
        database.run(_LAY_BY, _laid_by(unit, hour, found))


def hours(database: Database, unit: int, before_ns: int) -> list[int]:
    """Numbers of the hours that ended by `before_ns` and of which anything is kept, in order."""
    last = before_ns // HOUR_NS
    sql = (
        "SELECT hour FROM hours WHERE kind = 'raw' AND unit = ?1 AND hour < ?2 "
        f"UNION SELECT t_utc_ns / {HOUR_NS} FROM raw WHERE unit = ?1 AND t_utc_ns < ?3 ORDER BY 1"
    )
    return [hour for (hour,) in database.rows(sql, (unit, last, last * HOUR_NS))]


def forget(database: Database, unit: int, hour: int, goes: Callable[[RawRow], bool]) -> int:
    """Drops the rows of one hour that `goes` names, and lays by the rest again; how many went. Nobody waits while they are looked at."""
    while True:
        with database.reading():
            blobs, young = _of_hour(database, unit, hour)
        found = [*(stamped for blob in blobs for stamped in unpack(blob)), *young]
        stay = [stamped for stamped in found if not goes(stamped[0])]
        if len(stay) == len(found):
            return 0
        row = _laid_by(unit, hour, stay) if stay else None
        with database.writing():
            if _of_hour(database, unit, hour) == (blobs, young):
                database.run(f"DELETE FROM raw {_HOUR}", (unit, hour * HOUR_NS, (hour + 1) * HOUR_NS))
                database.run(f"DELETE FROM hours {_BLOB}", (unit, hour))
                if row is not None:
                    database.run(_LAY_BY, row)
                return len(found) - len(stay)


def _of_hour(database: Database, unit: int, hour: int) -> tuple[list[bytes], list[Stamped]]:
    """What is laid by of an hour, and what is still rows."""
    blobs = database.rows(f"SELECT payload FROM hours {_BLOB}", (unit, hour))
    return [blob for (blob,) in blobs], _rows(database, unit, hour * HOUR_NS, (hour + 1) * HOUR_NS)


_LAY_BY = "INSERT INTO hours (kind, unit, analysis, hour, count, first_change, last_change, floor_change, payload) VALUES ('raw', ?, '', ?, ?, ?, ?, 0, ?)"


def _laid_by(unit: int, hour: int, found: Sequence[Stamped]) -> tuple[int, int, int, int, int, bytes]:
    changes = [change for _, change in found]
    return unit, hour, len(found), min(changes), max(changes), pack(found)


def pack(found: Sequence[Stamped]) -> bytes:
    """One hour as bytes: integers as columns, then the words they point to and all payloads end to end."""
    boots, kinds = _words(row.boot_id for row, _ in found), _words(row.characteristic for row, _ in found)
    columns = {
        "t_mono_ns": [row.t_mono_ns for row, _ in found],
        "clock_ns": [row.t_utc_ns - row.t_mono_ns for row, _ in found],
        "connection": [row.connection for row, _ in found],
        "boot": [boots[row.boot_id] for row, _ in found],
        "characteristic": [kinds[row.characteristic] for row, _ in found],
        "length": [len(row.payload) for row, _ in found],
        "change": [change for _, change in found],
    }
    numbers = encode(RAW_1, {name: np.array(column, np.int64) for name, column in columns.items()})
    words = json.dumps([list(boots), list(kinds)]).encode()
    return b"".join((_LENGTH.pack(len(numbers)), _LENGTH.pack(len(words)), numbers, words, zlib.compress(b"".join(row.payload for row, _ in found), LEVEL)))


def unpack(blob: bytes) -> list[Stamped]:
    """The inverse of `pack`."""
    (numbers,), (words,) = _LENGTH.unpack_from(blob), _LENGTH.unpack_from(blob, _LENGTH.size)
    at = 2 * _LENGTH.size
    table = {name: column.tolist() for name, column in decode(blob[at : at + numbers]).items()}
    boots, kinds = json.loads(blob[at + numbers : at + numbers + words])
    payloads = zlib.decompress(blob[at + numbers + words :])
    ends = np.cumsum(table["length"]).tolist()
    rows = zip(table["t_mono_ns"], table["boot"], table["connection"], table["characteristic"], table["clock_ns"], table["length"], ends, strict=True)
    made = (RawRow(t, boots[boot], connection, kinds[kind], t + clock, payloads[end - n : end]) for t, boot, connection, kind, clock, n, end in rows)
    return list(zip(made, table["change"], strict=True))


def _open(database: Database, unit: int, hour: int) -> None:
    for (blob,) in database.rows(f"SELECT payload FROM hours {_BLOB}", (unit, hour)):
        database.run(f"DELETE FROM hours {_BLOB}", (unit, hour))
        _insert(database, unit, unpack(blob))


def _insert(database: Database, unit: int, stamped: Iterable[Stamped]) -> None:
    database.run_many(RAW.upsert(), [(unit, *RAW.values(row), change) for row, change in stamped])


def _rows(database: Database, unit: int, start_ns: int, stop_ns: int) -> list[Stamped]:
    found = database.rows(RAW.select(_HOUR, "t_utc_ns, t_mono_ns"), (unit, start_ns, stop_ns))
    return [(RAW.value(row[1:-1]), row[-1]) for row in found]


def _words(said: Iterable[str]) -> dict[str, int]:
    return {word: k for k, word in enumerate(dict.fromkeys(said))}
