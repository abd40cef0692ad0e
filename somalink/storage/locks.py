"""One engine per person and device in a store, one recorder per strap: locks of the operating system, which a killed process cannot keep.

Knows lock files; knows nothing of SQLite. The file's name is a hash, so that a folder listing names nobody.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from somalink.domain.errors import EngineLocked, StoreError
from somalink.domain.identity import digest
from somalink.storage.files import PRIVATE

RESULTS_LOCK = ".lock"
LOOK_S, AGAIN_S = 1.0, 0.01
"""Whoever looks at a lock has it for some microseconds; on a busy machine it may be stopped right then."""

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _look(handle: int) -> None:
        _take(handle)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

    TELLS_APART = False
    """Whether one who looks can be told from one who holds: where not, a holder too is waited for as long."""
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _look(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # two who only look do not see each other
        fcntl.flock(handle, fcntl.LOCK_UN)

    TELLS_APART = True


@contextmanager
def engine_lock(store: Path, person: str, device: str) -> Iterator[None]:
    """Held for the body; EngineLocked at once if another process or another engine of this one has it."""
    with _locked(_lock_file(store, person, device)) as taken:
        if not taken:
            raise EngineLocked(
                f"{store}: another engine already records {person} on {device}",
                next_step="wait until it is done, or end that somalink; tags and ratings can be given meanwhile",
            )
        yield


@contextmanager
def strap_lock(store: Path, device: str, people: Iterable[str]) -> Iterator[None]:
    """Held for the body by whoever records this strap, on whomever; EngineLocked names who of `people` that is.

    Its holder has the engine lock as well, by which it is known.
    """
    with _locked(_lock_file(store, device)) as taken:
        if not taken:
            wearer = next((person for person in people if held(store, person, device)), "somebody else")
            raise EngineLocked(
                f"{store}: {device} is recorded already, on {wearer}",
                next_step="a strap is on one person at a time: end that somalink first, or name another strap with --strap",
            )
        yield


@contextmanager
def shipping_lock(store: Path, replica: str) -> Iterator[None]:
    """Held for the body by whoever sends this store to that replica: two of them would each take back what the other has just sent."""
    with _locked(_lock_file(store, "replica", replica, "")) as taken:
        if not taken:
            raise EngineLocked(
                f"{store}: another somalink already sends this store to that server",
                next_step="nothing needs to be done: it goes on sending; end it first to send from here (`somalink run` does it too)",
            )
        yield


@contextmanager
def results_lock(out: Path) -> Iterator[None]:
    """Held for the body by whoever makes results in this folder: of what another one has half-done there nothing would be left."""
    with _locked(out / RESULTS_LOCK) as taken:
        if not taken:
            raise EngineLocked(f"{out}: another analysis is under way there", next_step="wait until it is done, or name another --out")
        yield


def held(store: Path, person: str, device: str) -> bool:
    """Whether an engine records this person on this device now. Only looks: makes no file, and lets go at once."""
    try:
        handle = os.open(_lock_file(store, person, device), os.O_RDWR)
    except OSError:
        return False
    try:
        return _is_held(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether the lock could be taken; if so it is held for the body."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE)
    except OSError as error:
        raise StoreError(f"{path}: the lock file cannot be created ({error.strerror})", next_step="check who owns the store's folder") from error
    try:
        yield _taken(handle)
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    """Takes the lock unless somebody holds it. One who only looks is waited for, so that nobody is refused for being looked at."""
    until = time.monotonic() + LOOK_S
    while True:
        try:
            _take(handle)
        except OSError:
            if (TELLS_APART and _is_held(handle)) or time.monotonic() >= until:
                return False
        else:
            return True
        time.sleep(AGAIN_S)


def _is_held(handle: int) -> bool:
    try:
        _look(handle)
    except OSError:
        return True
    return False


def _lock_file(store: Path, *names: str) -> Path:
    return store.with_name(f"{store.name}.{digest(*names)[:12]}.lock")
