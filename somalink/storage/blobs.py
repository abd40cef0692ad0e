"""Turns an hour of integer columns into bytes and back, exactly: what one column says of another, differences, zlib.

Knows arrays and layouts; knows nothing of SQLite, people or time zones. A layout never changes once written to a disk: a new
way is a new layout, and the old one stays readable. All arithmetic is on integers, so that any machine reads what any other wrote.

A blob is `version, layout, rows`, the layout's numbers, for each column `form, near value`, then one zlib stream of all columns,
then a checksum of all that: a disk that has turned a bit must not turn a heart rate.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from somalink.domain.errors import StoreError
from somalink.domain.time import TICK_NS_X2
from somalink.domain.types import UNKNOWN, BoolArray, IntArray, Posture

VERSION = 1
LEVEL = 6
"""zlib's own default: 9 takes three times as long for 1 % fewer bytes on real days."""

Table = dict[str, IntArray]
Numbers = tuple[int, ...]
"""A few integers of the whole hour that the change of variables needs to be undone."""

_HEAD = struct.Struct("<BBI")
_NUMBER = struct.Struct("<q")
_COLUMN = struct.Struct("<Bq")
_CHECK = struct.Struct("<I")
_WIDTHS: tuple[np.dtype[np.unsignedinteger], ...] = (np.dtype("<u1"), np.dtype("<u2"), np.dtype("<u4"), np.dtype("<u8"))
_DIFFERENCES = 8
"""Bit of a column's form: its values are differences. The bits below are the index of its width."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a blob holds, in which order, and the exact change of variables that makes them small."""

    number: int
    columns: tuple[str, ...]
    shrink: Callable[[Table], tuple[Table, Numbers]]
    restore: Callable[[Table, Numbers], Table]
    numbers: int = 0
    since: Mapping[str, int] = field(default_factory=dict)
    """Columns that came after this layout, and what they hold in every row of it."""


def encode(layout: Layout, table: Table) -> bytes:
    """The bytes of one hour. `table`: equal-length int64 columns, at least one row."""
    small, numbers = layout.shrink(table)
    head, body = [_HEAD.pack(VERSION, layout.number, len(table["change"]))], []
    head += [_NUMBER.pack(number) for number in numbers]
    for name in layout.columns:
        near, steps, differs = _steps(small[name])
        folded = _fold(steps)
        width = _width(folded)
        head.append(_COLUMN.pack(width | (_DIFFERENCES if differs else 0), near))
        body.append(_planes(folded.astype(_WIDTHS[width])))
    blob = b"".join(head) + zlib.compress(b"".join(body), LEVEL)
    return blob + _CHECK.pack(zlib.crc32(blob))


def decode(blob: bytes) -> Table:
    """The columns of one hour as they were encoded; a blob that is not one is a StoreError."""
    try:
        version, number, rows = _HEAD.unpack_from(blob)
        whole, (check,) = memoryview(blob)[: -_CHECK.size], _CHECK.unpack_from(blob, len(blob) - _CHECK.size)
        if version == VERSION and zlib.crc32(whole) != check:
            raise zlib.error("incorrect checksum")
        layout = LAYOUTS[number]
        start = _HEAD.size + _NUMBER.size * layout.numbers
        body = zlib.decompress(whole[start + _COLUMN.size * len(layout.columns) :])
    except (struct.error, zlib.error, KeyError) as error:
        raise StoreError(f"an hour of the store cannot be read ({error})", next_step="restore a backup, or replay the recording into a new store") from error
    if version != VERSION:
        raise StoreError(f"an hour of the store has form {version}, this program knows {VERSION}", next_step="update somalink")
    numbers = tuple(_NUMBER.unpack_from(blob, _HEAD.size + k * _NUMBER.size)[0] for k in range(layout.numbers))
    table: Table = {}
    at = 0
    for k, name in enumerate(layout.columns):
        form, near = _COLUMN.unpack_from(blob, start + k * _COLUMN.size)
        kind = _WIDTHS[form & ~_DIFFERENCES]
        size = rows * kind.itemsize
        table[name] = _unstep(near, _unfold(_unplanes(body[at : at + size], kind, rows)), bool(form & _DIFFERENCES))
        at += size
    return {**layout.restore(table, numbers), **{name: np.full(rows, value, np.int64) for name, value in layout.since.items()}}


# ---------------------------------------------------------------- beats: a chain of intervals says when each beat was


_FINE = 2
"""The chain of intervals that were measured finer than a tick: each is whole nanoseconds, so there is no half to carry."""


def _shrink_beats(table: Table) -> tuple[Table, Numbers]:
    """A beat of a chained segment falls where its intervals say: only what departs from that takes space."""
    t, segment, rr_ns = table["t_ns"], table["segment"], _rr_ns(table)
    new = np.ones(len(t), np.int64)
    new[1:] = segment[1:] != segment[:-1]
    first = _latest(new == 1)
    chain = min((0, 1, _FINE), key=lambda way: int(np.count_nonzero(t - t[first] - _chain(table, first, way))))
    late = t - t[first] - _chain(table, first, chain)
    starts = np.flatnonzero(new)[1:]
    late[starts] = t[starts] - t[starts - 1] - rr_ns[starts]
    late[0] = t[0]
    small = {**table, "t_ns": late, "segment": np.where(new == 1, segment - t, 0), "new_segment": new}
    return small, (chain,)


def _restore_beats(table: Table, numbers: Numbers) -> Table:
    late, new, rr_ns = table["t_ns"], table["new_segment"] == 1, _rr_ns(table)
    first = _latest(new)
    since = _chain(table, first, numbers[0]) + np.where(new, 0, late)
    starts = np.flatnonzero(new)
    began = late[starts]
    began[1:] += since[starts[1:] - 1] + rr_ns[starts[1:]]
    t = since + np.cumsum(began)[np.cumsum(new) - 1]
    kept = {name: column for name, column in table.items() if name != "new_segment"}
    return {**kept, "t_ns": t, "segment": (t + table["segment"])[first]}


def _chain(table: Table, first: IntArray, way: int) -> IntArray:
    """Nanoseconds from the first beat of each run, by ticks or (`_FINE`) finer. A run that began in an earlier hour may start on a half
    nanosecond: `way` 1."""
    if way == _FINE:
        total = np.cumsum(_rr_ns(table))
        return total - total[first]
    total = np.cumsum(table["rr_ticks"]) * TICK_NS_X2
    return (total - total[first] + np.where(first == 0, way, 0)) // 2


def _rr_ns(table: Table) -> IntArray:
    """Each interval; a blob from before intervals could be finer than ticks has no `rr_fine_ns`."""
    return table["rr_ticks"] * TICK_NS_X2 // 2 + table.get("rr_fine_ns", 0)


def _latest(marked: BoolArray) -> IntArray:
    """For each row the index of the newest marked one at or before it; row 0 where there is none."""
    return np.maximum.accumulate(np.where(marked, np.arange(len(marked)), 0))


# ---------------------------------------------------------------- grid: what is unknown, and what follows from the rest

_NULLABLE = ("hr", "hr_q", "ln_rmssd", "hrv_q", "motion", "a30", "a180", "a600", "z", "z_phasic", "se", "artefact", "steps")
"""Columns that may be unknown, each a bit of `missing`; a new one comes last."""
_FOLLOWS: Mapping[str, tuple[str, ...]] = {"z_phasic": ("z",), "z": ("hr", "a30", "a180", "a600")}
"""z is heart rate less what movement explains, over a spread; the phasic z is z on another scale. In this order on shrinking, in the
other on restoring. On real days this takes the two from 70 to 28 kB."""
_SHIFT = 16
_FIT_NUMBERS = sum(len(sources) + 1 for sources in _FOLLOWS.values())
_MOST = 1 << 40


def _shrink_grid(table: Table) -> tuple[Table, Numbers]:
    held, missing = dict(table), np.zeros(len(table["change"]), np.int64)
    for bit, name in enumerate(_NULLABLE):
        gone = table[name] == UNKNOWN
        missing |= gone.astype(np.int64) << bit
        held[name] = _hold(table[name], gone)
    small = {**held, "missing": missing}
    numbers: list[int] = []
    for name, sources in _FOLLOWS.items():
        gone = table[name] == UNKNOWN
        weights = _fit(held[name], [held[source] for source in sources], ~gone)
        small[name] = np.where(gone, 0, held[name] - _follow(weights, [held[source] for source in sources]))
        numbers += weights
    return small, tuple(numbers)


def _restore_grid(table: Table, numbers: Numbers) -> Table:
    held, at = dict(table), len(numbers)
    for name, sources in reversed(list(_FOLLOWS.items())):
        weights, at = numbers[at - len(sources) - 1 : at], at - len(sources) - 1
        held[name] = table[name] + _follow(weights, [held[source] for source in sources])
        held[name] = _hold(held[name], (table["missing"] >> _NULLABLE.index(name)) & 1 == 1)
    missing = held.pop("missing")
    for bit, name in enumerate(_NULLABLE):
        if name in held:
            held[name] = np.where((missing >> bit) & 1 == 1, UNKNOWN, held[name])
    return held


def _fit(target: IntArray, sources: Sequence[IntArray], known: BoolArray) -> list[int]:
    """Weights of the sources and a constant, in 2^-16, that come nearest to the target; any weights would do, good ones save space."""
    if np.count_nonzero(known) <= len(sources) + 1:
        return [0] * (len(sources) + 1)
    columns = np.column_stack([*sources, np.ones(len(target))])[known]
    weights = np.linalg.lstsq(columns, target[known].astype(np.float64), rcond=None)[0]
    return [int(weight) for weight in np.clip(np.rint(weights * (1 << _SHIFT)), -_MOST, _MOST)]


def _follow(weights: Sequence[int], sources: Sequence[IntArray]) -> IntArray:
    total = np.full(len(sources[0]), weights[-1], np.int64)
    for weight, source in zip(weights, sources, strict=False):
        total += weight * source
    return total >> _SHIFT


def _hold(column: IntArray, gone: BoolArray) -> IntArray:
    """The newest known value where one is gone; 0 before the first."""
    newest = _latest(~gone)
    return np.where(gone[newest], 0, column[newest])


# ---------------------------------------------------------------- clocks: a device's time is ours less what is between them


def _shrink_clocks(table: Table) -> tuple[Table, Numbers]:
    return {**table, "sensor_ns": table["sensor_ns"] + table["offset_ns"] - table["t_ns"]}, ()


def _restore_clocks(table: Table, numbers: Numbers) -> Table:
    return {**table, "sensor_ns": table["sensor_ns"] - table["offset_ns"] + table["t_ns"]}


def _as_is(table: Table, numbers: Numbers = ()) -> Table:
    return table


def _untouched(table: Table) -> tuple[Table, Numbers]:
    return table, ()


_BEATS = ("t_ns", "n", "rr_ticks", "flag", "segment")
_GRID = (
    "stop_ns", "hr", "hr_reason", "hr_q", "ln_rmssd", "hrv_reason", "hrv_q", "motion", "a30", "a180", "a600", "gate",
    "z", "z_phasic", "se", "z_reason", "phasic_reason", "maturity", "motion_conf", "artefact", "baseline",
)  # fmt: skip
BEATS_1 = Layout(1, (*_BEATS, "new_segment", "change"), _shrink_beats, _restore_beats, numbers=1, since={"rr_fine_ns": 0})
GRID_1 = Layout(2, (*_GRID, "missing", "change"), _shrink_grid, _restore_grid, numbers=_FIT_NUMBERS, since={"posture": Posture.UNKNOWN, "steps": UNKNOWN})
RAW_1 = Layout(3, ("t_mono_ns", "clock_ns", "connection", "boot", "characteristic", "length", "change"), _untouched, _as_is)
BEATS_2 = Layout(4, (*_BEATS, "rr_fine_ns", "new_segment", "change"), _shrink_beats, _restore_beats, numbers=1)
GRID_2 = Layout(5, (*_GRID, "posture", "steps", "missing", "change"), _shrink_grid, _restore_grid, numbers=_FIT_NUMBERS)
CLOCKS_1 = Layout(6, ("t_ns", "stream", "sensor_ns", "offset_ns", "drift_ppb", "rate_mhz", "error_ns", "change"), _shrink_clocks, _restore_clocks)
LAYOUTS: Mapping[int, Layout] = {layout.number: layout for layout in (BEATS_1, GRID_1, RAW_1, BEATS_2, GRID_2, CLOCKS_1)}


# ---------------------------------------------------------------- one column


def _steps(column: IntArray) -> tuple[int, IntArray, bool]:
    """A number near the column, how the column departs from it, and whether as differences: whichever departs less."""
    middle = int(np.partition(column, len(column) // 2)[len(column) // 2])
    if column[0] == middle and (column == middle).all():
        return middle, np.zeros(len(column), np.int64), False
    level, differences = column - middle, np.diff(column, prepend=column[:1])
    return (int(column[0]), differences, True) if _bits(differences) < _bits(level) else (middle, level, False)


def _bits(steps: IntArray) -> float:
    size = np.abs(steps.astype(np.float64))
    size += 1.0
    return float(np.log2(size, out=size).sum())


def _unstep(near: int, steps: IntArray, differs: bool) -> IntArray:
    return (np.cumsum(steps) if differs else steps) + near


def _fold(steps: IntArray) -> NDArray[np.uint64]:
    """0 -1 1 -2 2 -> 0 1 2 3 4: small numbers of either sign have high bytes of zero."""
    return ((steps << 1) ^ (steps >> 63)).view(np.uint64)


def _unfold(folded: NDArray[np.uint64]) -> IntArray:
    return (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)


def _width(folded: NDArray[np.uint64]) -> int:
    """Index of the narrowest integer type that holds every value."""
    most = int(folded.max())
    return next(k for k, kind in enumerate(_WIDTHS) if most <= np.iinfo(kind).max)


def _planes(values: NDArray[np.unsignedinteger]) -> bytes:
    """All low bytes first, then the next: high bytes of small numbers are runs of zeros, which zlib removes."""
    return values.view(np.uint8).reshape(len(values), values.itemsize).T.tobytes()


def _unplanes(data: bytes, kind: np.dtype[np.unsignedinteger], rows: int) -> NDArray[np.uint64]:
    planes = np.frombuffer(data, np.uint8).reshape(kind.itemsize, rows)
    return np.ascontiguousarray(planes.T).view(kind).reshape(rows).astype(np.uint64)
