"""Brings a store to this program's version: a backup first, then numbered steps, each whole or not at all.

Knows `PRAGMA user_version` and a list of steps; knows nothing of what the tables mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from somalink.domain.errors import StoreError
from somalink.storage.db import Database
from somalink.storage.schema import APPLICATION_ID


def backup_path(path: Path, version: int) -> Path:
    """Where the copy from before the migration lies: `store.db.v1-backup`."""
    return path.with_name(f"{path.name}.v{version}-backup")


def migrate(database: Database, steps: Sequence[str]) -> None:
    """Applies the steps the store lacks, in one transaction. An empty file gets all of them, without a backup."""
    _check(database, len(steps))
    database.write_ahead()
    version = _version(database)
    if version == len(steps):
        return
    if not _empty(database):
        database.backup(backup_path(database.path, version))
    _apply(database, version, steps)


def check(database: Database, steps: Sequence[str]) -> None:
    """For readers: a store of another version is an error that says what to do."""
    _check(database, len(steps))
    if (version := _version(database)) < len(steps):
        raise StoreError(
            f"{database.path}: the store has version {version}, this program needs {len(steps)}",
            next_step="open it once for writing (any command that writes does, such as `somalink tag`), which keeps a backup and brings it up to date",
        )


def _apply(database: Database, version: int, steps: Sequence[str]) -> None:
    with database.writing():
        if _version(database) != version:
            return  # another process has migrated while this one waited
        for step in steps[version:]:
            database.script(step)
        database.run(f"PRAGMA application_id = {APPLICATION_ID}")
        database.run(f"PRAGMA user_version = {len(steps)}")


def _check(database: Database, known: int) -> None:
    if not _empty(database) and database.value("PRAGMA application_id") != APPLICATION_ID:
        raise StoreError(f"{database.path}: the file is a database of another program", next_step="name another file with --store; this one was left as it is")
    if (version := _version(database)) > known:
        what = f"{database.path}: the store has version {version}, this program knows {known}"
        raise StoreError(what, next_step="update somalink; the store was left as it is")


def _version(database: Database) -> int:
    return int(database.value("PRAGMA user_version"))


def _empty(database: Database) -> bool:
    return not database.value("SELECT count(*) FROM sqlite_master")
