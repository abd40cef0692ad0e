"""A person's weeks as narrow columns, read from the store a day at a time and remembered there: a year in a second instead of a quarter minute.

What is remembered is computed from FINAL rows and thrown away when they change (`LocalStore.grid_state`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

from processing.findings.track import BLOCK, BLOCK_NS, Rows, Track, rows_of, unworn
from somalink.domain.constants import PROMPTING, Constants
from somalink.pipeline.timeline import timeline
from somalink.storage.local import LocalStore

NAME = "track"
VERSION = "5"
LEVEL = 1
"""zlib's fastest: written once, and a tenth larger than its best."""
KEPT_AT_ONCE = 32
Told = Callable[[float], None]
"""Hears how far it is, as a share of 1."""


def tracks(store: LocalStore, person: str, from_ns: int, to_ns: int, constants: Constants, told: Told | None = None, *, keep: bool = True) -> list[Track]:
    """One a device, of the UTC days that [from, to] touches; a device without a row there is left out. `keep` False: for who may not write."""
    found: dict[str, list[tuple[int, Rows]]] = {}
    worn = _days(store, person, from_ns, to_ns)
    asked = [(device, day) for device, days in worn.items() for day in days]
    both = {day for device, day in asked if sum(day in days for days in worn.values()) > 1}
    fresh: list[tuple[str, str, bytes]] = []
    for k, (device, day) in enumerate(asked):
        name, state = f"{NAME}/{device}/{day}", _state(store, person, day)
        kept = store.keepsake(person, name, state)
        rows = unpack(kept) if kept is not None else _read(store, person, device, day, constants, alone=day not in both)
        if kept is None and keep:
            fresh.append((name, state, pack(rows)))
        if len(fresh) >= KEPT_AT_ONCE:
            store.keep(person, fresh)
            fresh = []
        found.setdefault(device, []).append((day, rows))
        if told is not None:
            told((k + 1) / len(asked))
    if fresh:
        store.keep(person, fresh)
    return [Track.of(device, days) for device, days in sorted(found.items())]


def states(store: LocalStore, person: str, from_ns: int, to_ns: int) -> dict[int, str]:
    """What the rows of each UTC day with rows rest on: another text whenever they would be others."""
    held = {day for days in _held(store, person).values() for day in days if from_ns <= day * BLOCK_NS <= to_ns}
    return {day: _state(store, person, day) for day in sorted(held)}


def _days(store: LocalStore, person: str, from_ns: int, to_ns: int) -> dict[str, list[int]]:
    """UTC days with rows, by device."""
    first, last = from_ns // BLOCK_NS, to_ns // BLOCK_NS
    return {device: sorted(day for day in days if first <= day <= last) for device, days in sorted(_held(store, person).items())}


def _held(store: LocalStore, person: str) -> dict[str, set[int]]:
    held: dict[str, set[int]] = {}
    for unit in store.units(person):
        held.setdefault(unit.device, set()).update(start_ns // BLOCK_NS for start_ns, _ in store.days(unit))
    return held


def _state(store: LocalStore, person: str, day: int) -> str:
    change, count, analysis = store.grid_state(person, day * BLOCK_NS, (day + 1) * BLOCK_NS)
    return f"{VERSION}/{analysis}/{change}/{count}"


def _read(store: LocalStore, person: str, device: str, day: int, constants: Constants, *, alone: bool) -> Rows:
    """A day of a device; `alone`: nothing else has rows on it, so that who leads need not be asked."""
    span = (day * BLOCK_NS, (day + 1) * BLOCK_NS)
    grid = store.grid(person, device, *span)
    led = None if alone else timeline(store, person, *span).led_by(device, grid.stop_ns)
    return rows_of(grid, span[0], BLOCK, constants, least_c=PROMPTING.grade_b, led=led)


# ---------------------------------------------------------------- a day as bytes


def pack(rows: Rows) -> bytes:
    """Each column as differences, low bytes first: what hardly changes is runs of zeros, which zlib removes."""
    return zlib.compress(b"".join(_planes(getattr(rows, f.name)) for f in fields(Rows)), LEVEL)


def unpack(payload: bytes) -> Rows:
    """The inverse of `pack`, for the same version of it."""
    data, at, columns = zlib.decompress(payload), 0, []
    for kind in _kinds():
        size = BLOCK * kind.itemsize
        columns.append(_unplanes(data[at : at + size], kind))
        at += size
    return Rows(*columns)


def _kinds() -> Sequence[np.dtype]:
    blank = unworn(1)
    return [getattr(blank, f.name).dtype for f in fields(Rows)]


def _planes(column: np.ndarray) -> bytes:
    plain = column.view(np.uint8) if column.dtype == np.bool_ else column
    steps = np.diff(plain, prepend=plain[:1] * 0).astype(plain.dtype)
    return steps.view(np.uint8).reshape(len(steps), -1).T.tobytes()


def _unplanes(data: bytes, kind: np.dtype) -> np.ndarray:
    planes = np.frombuffer(data, np.uint8).reshape(kind.itemsize, -1)
    plain = np.dtype(np.uint8) if kind == np.bool_ else kind
    steps = np.ascontiguousarray(planes.T).view(plain).reshape(-1)
    values = np.add.accumulate(steps, dtype=plain)
    return values.view(kind) if kind == np.bool_ else values
