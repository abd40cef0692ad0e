"""The one door to sqlite3: opens the file with the right mode and pragmas and turns every sqlite3 error into a StoreError.

Knows SQLite; knows nothing of what is stored.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from somalink.domain.errors import StoreError
from somalink.storage.files import PRIVATE

BUSY_MS = 10_000
"""How long a writer waits for another process' transaction: a day of bulk import commits in well under a second."""
PAGE_SIZE = 2048
"""An hour's blob takes 5-10 kB and wastes half a page: 2048 saves 12 MB a year against 4096, and 1024 no more."""
_RESTORE = "restore a backup of it, or name another file and replay the recordings into that"
_REMEDIES = {
    "SQLITE_BUSY": ("another process holds the store", "end the other somalink that writes this store, then try again"),
    "SQLITE_LOCKED": ("another process holds the store", "end the other somalink that writes this store, then try again"),
    "SQLITE_FULL": ("the disk is full; what was recorded before is safe", "free some space, then try again"),
    "SQLITE_IOERR": ("the disk refused to read or write", "check the disk and its free space, then try again"),
    "SQLITE_READONLY": ("the store cannot be written", "check who owns the file and its folder (chmod u+w)"),
    "SQLITE_PERM": ("the store may not be opened", "check who owns the file and its folder"),
    "SQLITE_CANTOPEN": ("the store cannot be opened", "check that the path names a file in a folder you may write to"),
    "SQLITE_NOTADB": ("the file is not a somalink store", "name another file with --store; this one was left as it is"),
    "SQLITE_CORRUPT": ("the store is damaged", _RESTORE),
}


def make_private(path: Path) -> None:
    """Creates the file empty, readable by its owner alone, before anything else can create it otherwise."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))
    except OSError as error:
        raise StoreError(f"{path}: the file cannot be created ({error.strerror})", next_step="name a file in a folder you may write to") from error


def translated(path: Path, error: sqlite3.Error) -> StoreError:
    """What happened in words of the owner of the file, and what to do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    found = next((remedy for key, remedy in _REMEDIES.items() if name.startswith(key)), None)
    what, next_step = found or (f"the store failed ({name or type(error).__name__}: {error})", _RESTORE)
    return StoreError(f"{path}: {what}", next_step=next_step)


class Database:
    """One connection in autocommit; transactions are said aloud. Every method raises StoreError, never sqlite3.Error."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.lock = threading.RLock()
        """Held over each statement, and by whoever needs several to be one: threads share the connection."""
        with self._translating():
            self._connection = self._connect(path, read_only)

    @staticmethod
    def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
        address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
        if read_only and not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists():
            address += "&immutable=1"  # a store on read-only media: no side files can be made, and none are needed
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        try:
            if read_only:
                connection.execute("PRAGMA query_only = ON")
            else:
                connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            with self.lock:
                yield
        except sqlite3.Error as error:
            raise translated(self.path, error) from error
        except UnicodeDecodeError as error:
            raise StoreError(f"{self.path}: the store is damaged (a text is none)", next_step=_RESTORE) from error

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Executes one statement; the number of rows it changed."""
        with self._translating():
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._translating():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._translating():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        with self._translating():
            found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        found = self.row(sql, values)
        return found[0] if found else None

    def write_ahead(self) -> None:
        """Gives the file a write-ahead log, for good, so that readers never wait for the writer. A file that is none of ours must not be asked."""
        self.value("PRAGMA journal_mode = WAL")

    def script(self, statements: str) -> None:
        """Executes statements one by one inside the transaction that is open (`executescript` would commit it)."""
        for statement in statements.split(";\n"):
            if statement.strip():
                self.run(statement)

    @property
    def touched(self) -> int:
        """Rows changed since the connection was opened."""
        return self._connection.total_changes

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All of the block or nothing of it; on disk when the block has ended."""
        with self.lock:
            self.run("BEGIN IMMEDIATE")
            done = False
            try:
                yield
                self.run("COMMIT")
                done = True
            finally:
                if not done:
                    self._rollback()

    def _rollback(self) -> None:
        """Undoes the open transaction; SQLite has done so itself after some errors (a full disk)."""
        if self._connection.in_transaction:
            self.run("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several reads of one state of the store: another process' commit shows before or after the block, not within."""
        with self.lock:
            if self._connection.in_transaction:
                yield
                return
            self.run("BEGIN")
            try:
                yield
            finally:
                self._rollback()

    def backup(self, target: Path) -> None:
        """A whole and consistent copy, private as the store is."""
        make_private(target)
        with self._translating(), closing(sqlite3.connect(target)) as copy:
            self._connection.backup(copy)

    def close(self) -> None:
        with self._translating():
            self._connection.close()
