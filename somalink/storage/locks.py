"""One engine per person and device in a store: a lock of the operating system, which a killed process cannot keep.

Knows lock files; knows nothing of SQLite. The file's name is a hash, so that a folder listing names nobody.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from somalink.domain.errors import EngineLocked, StoreError
from somalink.domain.identity import digest
from somalink.storage.files import PRIVATE

if sys.platform == "win32":
    import msvcrt

    def _look(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _look(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # two who only look do not see each other

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def engine_lock(store: Path, person: str, device: str) -> Iterator[None]:
    """Held for the body; EngineLocked at once if another process or another engine of this one has it."""
    path = _lock_file(store, person, device)
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE)
    except OSError as error:
        raise StoreError(f"{path}: the lock file cannot be created ({error.strerror})", next_step="check who owns the store's folder") from error
    try:
        try:
            _take(handle)
        except OSError as error:
            raise EngineLocked(
                f"{store}: another engine already records {person} on {device}",
                next_step="wait until it is done, or end that somalink; tags and ratings can be given meanwhile",
            ) from error
        yield
    finally:
        os.close(handle)


def held(store: Path, person: str, device: str) -> bool:
    """Whether an engine records this person on this device now. Only looks: makes no file, and lets go at once."""
    try:
        handle = os.open(_lock_file(store, person, device), os.O_RDWR)
    except OSError:
        return False
    try:
        _look(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _lock_file(store: Path, person: str, device: str) -> Path:
    return store.with_name(f"{store.name}.{digest(person, device)[:12]}.lock")
