"""Surrogates of the last two weeks in a file without a name: half a hundred megabytes that are needed for a second each dawn.

A cache, not a record: what cannot be kept is drawn again, the same, since every day has its own seed. The file lies in the folder of
the store, not in that for temporary files (which may be memory), is readable by its owner alone and gone with the process.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import IO, overload

import numpy as np

from processing.chance import Draws, QuietDay
from somalink.domain.errors import StoreError


class Shelf:
    """Draws by local day; None for a day that was looked at and has nothing quiet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begin()

    def _begin(self) -> None:
        self._at: dict[int, int | None] = {}
        self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (open as long as the shelf is)
        self._close = weakref.finalize(self, self._file.close)

    def __contains__(self, day: int) -> bool:
        return day in self._at

    def quiet(self, day: int) -> bool:
        """Whether there is something to read of the day."""
        return self._at.get(day) is not None

    def put(self, day: int, draws: Draws | None) -> None:
        """Keeps a day. StoreError where the disk will not take it: the day is as unknown as before."""
        try:
            self._at[day] = None if draws is None else _write(self._file, draws)
        except OSError as error:
            what = f"{self._folder}: a file beside the store cannot be written ({error.strerror})"
            raise StoreError(what, next_step="free some space on that disk") from error

    def get(self, day: int) -> Draws:
        """What was put; only of a day that is quiet."""
        at = self._at[day]
        assert at is not None
        return _read(self._file, at, day)

    def keep(self, days: Collection[int]) -> None:
        """Lets go of all others, and of the room they took."""
        if self._at.keys() <= set(days):
            return
        before, places, close = self._file, self._at, self._close
        self._begin()
        for day, at in places.items():
            if day in days:
                self.put(day, None if at is None else _read(before, at, day))
        close()


def _write(file: IO[bytes], draws: Draws) -> int:
    """Where it begins."""
    at, quiet = file.seek(0, os.SEEK_END), draws.quiet
    for array in (quiet.e, quiet.gate, quiet.block, quiet.still, draws.level, draws.phasic):
        np.save(file, array, allow_pickle=False)
    file.flush()
    return at


def _read(file: IO[bytes], at: int, day: int) -> Draws:
    file.seek(at)
    e, gate, block, still, level, phasic = (np.load(file, allow_pickle=False) for _ in range(6))
    return Draws(QuietDay(day, e, gate, block, still), level, phasic)


class Days(Sequence[Draws]):
    """Days that are read one at a time as they are asked for, so that one is in memory, not fourteen."""

    def __init__(self, days: Sequence[int], read: Callable[[int], Draws]) -> None:
        self._days, self._read = days, read

    def __len__(self) -> int:
        return len(self._days)

    @overload
    def __getitem__(self, index: int) -> Draws: ...
    @overload
    def __getitem__(self, index: slice) -> Days: ...
    def __getitem__(self, index: int | slice) -> Draws | Days:
        return Days(self._days[index], self._read) if isinstance(index, slice) else self._read(self._days[index])
