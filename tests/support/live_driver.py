"""The killed side of a live recording: `somalink run` as it is, telling another process every raw row and beat that it has on disk.

    live_driver.py MONO_NS UTC_NS run --strap ...

Run with `crash.so` preloaded. The two numbers are where the faster clock of a virtual strap began, the same for every life of one recording.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from ingest.ble import stamps
from somalink.cli import main
from somalink.storage.local import LocalStore
from somalink.storage.writer import Writer


class Watched:
    """A writer whose beats and raw rows are remembered until their commit has returned."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.told: list[list[Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def put_raw(self, unit: Any, rows: Any) -> None:
        self._writer.put_raw(unit, rows)
        self.told += [["raw", unit.recording, row.t_mono_ns, row.payload.hex()] for row in rows]

    def put_beats(self, unit: Any, beats: Any) -> None:
        self._writer.put_beats(unit, beats)
        self.told += [["beat", unit.recording, t, ticks] for t, ticks in zip(beats.t_ns.tolist(), beats.rr_ticks.tolist(), strict=True)]


def watch() -> None:
    unwatched = LocalStore.transaction

    @contextlib.contextmanager
    def transaction(self: LocalStore) -> Iterator[Any]:
        with unwatched(self) as write:
            watched = Watched(write)
            yield watched
        if watched.told:
            os.write(sys.stdout.fileno(), json.dumps(watched.told).encode() + b"\n")

    LocalStore.transaction = transaction  # type: ignore[method-assign]


def begin_at(mono_ns: int, utc_ns: int) -> None:
    unmoved = stamps.FasterStamps.__init__

    def moved(self: stamps.FasterStamps, speed: float) -> None:
        unmoved(self, speed)
        self._from = stamps.Stamp(mono_ns, utc_ns)

    stamps.FasterStamps.__init__ = moved  # type: ignore[method-assign]


if __name__ == "__main__":
    begin_at(int(sys.argv.pop(1)), int(sys.argv.pop(1)))
    watch()
    main()
