"""Streamed rows on their way: gathered by device, made into lines, and sent while the next ones are made; and what became of each request.

Knows the order of things (a deletion waits for what was said before it). Judges no refusal and moves no cursor: that is the shipper's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from somalink.domain.identity import Unit
from somalink.domain.measurements import DEVICE, MEASUREMENTS, PERSON, TIER
from somalink.domain.types import Beats, Grid
from somalink.pipeline.replica import streams
from somalink.storage.influx.points import series
from somalink.storage.influx.server import Place
from somalink.storage.local import EVER, LocalStore
from somalink.storage.outbox import Parked
from somalink.storage.rows import Delta, Tombstone

LINES_AT_ONCE = 5_000
"""Of one request. Above that a server gains nothing, and what it refuses takes longer to find."""


class Sink(Protocol):
    """What is asked of a server; each raises ServerError."""

    def write(self, bucket: str, lines: Sequence[str]) -> None: ...

    def delete(self, bucket: str, measurement: str, tags: Mapping[str, str], start_ns: int, stop_ns: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of some lines."""

    lines: int = 0
    """Acknowledged."""
    expired: int = 0
    parked: tuple[Parked, ...] = ()
    mended: tuple[tuple[str, int], ...] = ()
    """Places of those that had been parked, and were taken now."""

    def __add__(self, other: Delivery) -> Delivery:
        return Delivery(self.lines + other.lines, self.expired + other.expired, self.parked + other.parked, self.mended + other.mended)


class Hand(Protocol):
    """Whoever sends for a batch."""

    store: LocalStore
    sink: Sink
    place: Place
    refused: set[tuple[str, int]]

    def deliver(self, person: str, bucket: str, lines: Sequence[str]) -> Delivery: ...

    def unpark(self, places: Iterable[tuple[str, int]]) -> None: ...


class _UnderWay:
    """A request in a thread of its own. Nobody waits for it at the end of the program: what is not acknowledged is sent again the next time."""

    def __init__(self, call: Callable[[], Delivery]) -> None:
        self._call = call
        self._said: list[Delivery | BaseException] = []
        self._thread = threading.Thread(target=self._run, name="send", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._said.append(self._call())
        except BaseException as error:  # noqa: BLE001 (told to whoever asks for the result)
            self._said.append(error)

    def result(self) -> Delivery:
        self._thread.join()
        (said,) = self._said
        if isinstance(said, BaseException):
            raise said
        return said


class Batch:
    """Streamed rows on their way: gathered by unit, made into lines here while the request before is under way in another thread."""

    def __init__(self, shipper: Hand) -> None:
        self._shipper, self._store = shipper, shipper.store
        self._beats: dict[Unit, list[Beats]] = {}
        self._grid: dict[Unit, list[Grid]] = {}
        self._lines: dict[tuple[str, str], list[str]] = {}
        self._rows = 0
        self._deliveries: list[Delivery] = []
        self._under_way: _UnderWay | None = None

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.flush()

    def take(self, delta: Delta, person: str) -> None:
        """One delta, of one person; a deletion waits for what was said before it."""
        unit = delta.unit
        if delta.kind == "tombstones":
            self._delete(tombstone for tombstone in delta.values if isinstance(tombstone, Tombstone) and tombstone.person == person)
        elif isinstance(delta.rows, Beats) and unit is not None:
            self._beats.setdefault(unit, []).append(delta.rows)
            self._rows += len(delta.rows)
        elif isinstance(delta.rows, Grid) and unit is not None:
            self._grid.setdefault(unit, []).append(delta.rows)
            self._rows += len(delta.rows)
        elif delta.kind in _ROW_LINES and unit is not None:
            self._add(person, self._shipper.place.bucket, _ROW_LINES[delta.kind](unit, delta.values))
        if self._rows >= LINES_AT_ONCE:
            self._make_lines()

    def _delete(self, tombstones: Iterable[Tombstone]) -> None:
        streamed = [each for each in tombstones if each.kind in STREAMED]
        if not streamed:
            return
        self.flush()
        for each in streamed:
            measurement = STREAMED[each.kind]
            bucket = self._bucket(measurement)
            tags = {PERSON: each.person, DEVICE: each.device} if each.device else {PERSON: each.person}
            start_ns, stop_ns = (EVER[0] if each.from_ns is None else each.from_ns), (EVER[1] if each.to_ns is None else each.to_ns)
            self._shipper.sink.delete(bucket, measurement, tags, start_ns, stop_ns)
            head = series(measurement, {DEVICE: "", TIER: "", **tags})
            self._shipper.unpark({(name, t_ns) for name, t_ns in self._shipper.refused if name.startswith(head) and start_ns <= t_ns < stop_ns})

    def flush(self) -> None:
        """Everything that was taken is acknowledged, or has its reason."""
        self._make_lines()
        for (person, bucket), lines in self._lines.items():
            self._send(person, bucket, lines)
        self._lines = {}
        self._await()

    def done(self) -> list[Delivery]:
        """What became of it."""
        done, self._deliveries = self._deliveries, []
        return done

    def _make_lines(self) -> None:
        for unit, parts in self._beats.items():
            self._add(unit.person, self._bucket("beat"), streams.beat_lines(unit, self._with_their_like(unit, Beats.concat(parts))))
        for unit, rows in self._grid.items():
            self._add(unit.person, self._shipper.place.bucket, streams.arousal_lines(unit, self._that_shows(unit, Grid.concat(rows))))
        self._beats, self._grid, self._rows = {}, {}, 0

    def _with_their_like(self, unit: Unit, told: Beats) -> Beats:
        """With every other beat of the same instants: which of two is 1 ns later depends on both."""
        near = self._store.beats(unit.person, unit.device, int(told.t_ns.min()), int(told.t_ns.max()) + 1)
        return near.take(np.isin(near.t_ns, told.t_ns))

    def _that_shows(self, unit: Unit, told: Grid) -> Grid:
        """Where recordings of a device overlap, the points that readers see."""
        near = self._store.grid(unit.person, unit.device, int(told.stop_ns.min()), int(told.stop_ns.max()) + 1)
        return near.take(np.isin(near.stop_ns, told.stop_ns))

    def _add(self, person: str, bucket: str, lines: Sequence[str]) -> None:
        waiting = self._lines.setdefault((person, bucket), [])
        waiting.extend(lines)
        while len(waiting) >= LINES_AT_ONCE:
            self._send(person, bucket, waiting[:LINES_AT_ONCE])
            del waiting[:LINES_AT_ONCE]

    def _send(self, person: str, bucket: str, lines: Sequence[str]) -> None:
        self._await()
        self._under_way = _UnderWay(lambda: self._shipper.deliver(person, bucket, lines))

    def _await(self) -> None:
        if self._under_way is not None:
            done, self._under_way = self._under_way, None
            self._deliveries.append(done.result())

    def _bucket(self, measurement: str) -> str:
        place = self._shipper.place
        return place.raw_bucket if place.raw_bucket and MEASUREMENTS[measurement].raw else place.bucket


_ROW_LINES: Mapping[str, Callable[..., list[str]]] = {"hrv": streams.hrv_lines, "device_status": streams.status_lines}
"""Kinds of rows that are sent as they are told."""
STREAMED: Mapping[str, str] = {"grid": "arousal", "beats": "beat", "hrv": "hrv_window", "device_status": "device_status"}
"""Kinds of tombstones that take back what streamed, and the measurement it went to."""
