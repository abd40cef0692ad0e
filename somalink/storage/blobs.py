"""Turns an hour of integer columns into bytes and back, exactly: differences, the narrowest integer that holds them, zlib.

Knows arrays and layouts; knows nothing of SQLite, people or time zones. A layout never changes once written to a disk: a new
column is a new layout, and the old one stays readable.

A blob is `version, layout, rows`, then for each column `width, first value`, then one zlib stream of all columns.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from somalink.domain.errors import StoreError
from somalink.domain.types import IntArray

VERSION = 1
LEVEL = 6
"""zlib's own default: 9 takes three times as long for 1 % fewer bytes on real days."""
TICK_NS2 = 1_953_125
"""Nanoseconds of two RR ticks: one tick is 1/1024 s."""

Table = dict[str, IntArray]

_HEAD = struct.Struct("<BBI")
_COLUMN = struct.Struct("<Bq")
_WIDTHS: tuple[np.dtype[np.signedinteger], ...] = (np.dtype("<i1"), np.dtype("<i2"), np.dtype("<i4"), np.dtype("<i8"))


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a blob holds, in which order, and the exact change of variables that makes them small."""

    number: int
    columns: tuple[str, ...]
    shrink: Callable[[Table], Table]
    restore: Callable[[Table], Table]
    level: frozenset[str] = frozenset()
    """Columns whose differences are larger than themselves (codes, residues): kept as they are."""


def _as_is(table: Table) -> Table:
    return table


def _shrink_beats(table: Table) -> Table:
    """A beat falls one RR after the beat before it, and shares its segment: only what departs from that takes space."""
    t, segment = table["t_ns"], table["segment"]
    new = np.ones(len(t), np.int64)
    new[1:] = segment[1:] != segment[:-1]
    late = t.copy()
    late[1:] = t[1:] - t[:-1] - _rr_ns(table["rr_ticks"])[1:]
    return {**table, "t_ns": late, "segment": np.where(new == 1, segment - t, 0), "new_segment": new}


def _restore_beats(table: Table) -> Table:
    step = table["t_ns"].copy()
    step[1:] += _rr_ns(table["rr_ticks"])[1:]
    t = np.cumsum(step)
    started = np.maximum.accumulate(np.where(table["new_segment"] == 1, np.arange(len(t)), 0))
    kept = {name: column for name, column in table.items() if name != "new_segment"}
    return {**kept, "t_ns": t, "segment": (t + table["segment"])[started]}


def _rr_ns(ticks: IntArray) -> IntArray:
    return ticks * TICK_NS2 // 2


BEATS_1 = Layout(
    1,
    ("t_ns", "n", "rr_ticks", "flag", "segment", "new_segment", "change"),
    _shrink_beats,
    _restore_beats,
    level=frozenset({"t_ns", "n", "flag", "segment", "new_segment"}),
)
GRID_1 = Layout(
    2,
    (
        "stop_ns", "hr", "hr_reason", "hr_q", "ln_rmssd", "hrv_reason", "hrv_q", "motion", "a30", "a180", "a600", "gate",
        "z", "z_phasic", "se", "z_reason", "phasic_reason", "maturity", "motion_conf", "artefact", "baseline", "change",
    ),
    _as_is,
    _as_is,
)  # fmt: skip
RAW_1 = Layout(
    3,
    ("t_mono_ns", "clock_ns", "connection", "boot", "characteristic", "length", "change"),
    _as_is,
    _as_is,
    level=frozenset({"connection", "boot", "characteristic", "length"}),
)
LAYOUTS: Mapping[int, Layout] = {layout.number: layout for layout in (BEATS_1, GRID_1, RAW_1)}


def encode(layout: Layout, table: Table) -> bytes:
    """The bytes of one hour. `table`: equal-length int64 columns, all of the layout's (but what `shrink` adds itself)."""
    small = layout.shrink(table)
    head, body = [_HEAD.pack(VERSION, layout.number, len(table["change"]))], []
    for name in layout.columns:
        first, steps = _steps(small[name], name in layout.level)
        width = _width(steps)
        head.append(_COLUMN.pack(width, first))
        body.append(_planes(steps.astype(_WIDTHS[width])))
    return b"".join(head) + zlib.compress(b"".join(body), LEVEL)


def decode(blob: bytes) -> Table:
    """The columns of one hour as they were encoded; a blob that is not one is a StoreError."""
    try:
        version, number, rows = _HEAD.unpack_from(blob)
        layout = LAYOUTS[number]
        body = zlib.decompress(memoryview(blob)[_HEAD.size + _COLUMN.size * len(layout.columns) :])
    except (struct.error, zlib.error, KeyError) as error:
        raise StoreError(f"an hour of the store cannot be read ({error})", next_step="restore a backup, or replay the recording into a new store") from error
    if version != VERSION:
        raise StoreError(f"an hour of the store has form {version}, this program knows {VERSION}", next_step="update somalink")
    table: Table = {}
    at = 0
    for k, name in enumerate(layout.columns):
        width, first = _COLUMN.unpack_from(blob, _HEAD.size + k * _COLUMN.size)
        size = rows * _WIDTHS[width].itemsize
        table[name] = _unstep(first, _unplanes(body[at : at + size], _WIDTHS[width], rows), name in layout.level)
        at += size
    return layout.restore(table)


def _steps(column: IntArray, level: bool) -> tuple[int, IntArray]:
    """First value, and the column without it: differences, or (level) the values after the first."""
    if not len(column):
        return 0, column
    steps = column.copy()
    if not level:
        steps[1:] = column[1:] - column[:-1]
    steps[0] = 0
    return int(column[0]), steps


def _unstep(first: int, steps: IntArray, level: bool) -> IntArray:
    if not len(steps):
        return steps
    steps[0] = first
    return steps if level else np.cumsum(steps)


def _width(steps: IntArray) -> int:
    """Index of the narrowest integer type that holds every step."""
    low, high = (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)
    return next(k for k, kind in enumerate(_WIDTHS) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)


def _planes(steps: NDArray[np.signedinteger]) -> bytes:
    """All low bytes first, then the next: high bytes of small numbers are runs of equal bytes, which zlib removes."""
    return steps.view(np.uint8).reshape(len(steps), steps.itemsize).T.tobytes()


def _unplanes(data: bytes, kind: np.dtype[np.signedinteger], rows: int) -> IntArray:
    planes = np.frombuffer(data, np.uint8).reshape(kind.itemsize, rows)
    return np.ascontiguousarray(planes.T).view(kind).reshape(rows).astype(np.int64)
