"""Takes everything of one person out of the local store, so that neither a query nor a look at the file's bytes finds it again.

Which rows are whose is read from the tables themselves: by `person`, or by `unit`, which is somebody's recording. A table that has neither must be
said to be nobody's here, or nothing is erased at all. So it works on a store of any version, without bringing it up to date first: that would
leave a backup with the person in it. Knows SQLite's files; knows no replica.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from somalink.domain.errors import StoreError
from somalink.storage import locks
from somalink.storage.db import Database
from somalink.storage.schema import APPLICATION_ID

NOBODYS = frozenset({"counters", "clocks", "hrv_names", "replica_state"})
"""Tables that hold nothing of a person: change numbers, when the machine was started, names of columns, how far a replica is."""
BY_PERSON, BY_UNIT = "person = ?", "unit IN (SELECT unit FROM units WHERE person = ?)"
LAST = "units"
"""Says which units are whose, so it goes last."""
COPIES = (".bak", ".db", ".sqlite")
PIECE = 1 << 20
"""Of a file that is looked through for a name."""


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows of the person by table, before and after. `left`: why bytes of them may still lie in the file, empty when none do."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    left: str


class Records:
    """A store of any version, open to have one person taken out of it. Nobody can record them meanwhile."""

    def __init__(self, database: Database, person: str) -> None:
        self._database, self._person = database, person

    @classmethod
    @contextmanager
    def of(cls, path: Path, person: str) -> Iterator[Records]:
        """EngineLocked where they are being recorded; StoreError where the file is no store of ours."""
        if not path.is_file():
            raise StoreError(f"{path}: there is no store here", next_step="name another with --store")
        database = Database(path, read_only=False)
        try:
            if database.value("PRAGMA application_id") != APPLICATION_ID:
                raise StoreError(f"{path}: the file is no store of somalink", next_step="name another file with --store; this one was left as it is")
            with ExitStack() as held:
                for device in _devices(database, person):
                    held.enter_context(locks.engine_lock(path, person, device))
                yield cls(database, person)
        finally:
            database.close()

    def count(self) -> Mapping[str, int]:
        """Their rows in every table that has any; an hour of beats is one row."""
        with self._database.reading():
            counted = {table: self._rows_in(table, condition) for table, condition in conditions(self._database).items()}
        return {table: rows for table, rows in counted.items() if rows}

    def replicas(self) -> frozenset[str]:
        """Every replica this store was ever sent to, by the store's own name for it; none in a store from before there were any."""
        known = self._database.row("SELECT 1 FROM sqlite_master WHERE name = 'replica_state'")
        return frozenset(replica for (replica,) in self._database.rows("SELECT replica FROM replica_state")) if known else frozenset()

    def erase(self) -> Erased:
        """All of it or nothing of it. Sent a second time it finds nothing and cleans the file again."""
        before = self.count()
        whose = conditions(self._database)
        self._database.value("PRAGMA secure_delete = ON")  # zeros at once, also where the file cannot be written anew afterwards
        with self._database.writing():
            for table in sorted(whose, key=lambda table: table == LAST):
                self._database.run(f"DELETE FROM {table} WHERE {whose[table]}", (self._person,))
        return Erased(before, self.count(), self._scrub())

    def _scrub(self) -> str:
        """Writes the file anew without what was deleted and empties the log beside it; why not, where somebody else is in the way."""
        try:
            self._database.run("VACUUM")
        except StoreError as error:
            return error.what
        checkpoint = self._database.row("PRAGMA wal_checkpoint(TRUNCATE)")
        return "another process reads the store" if checkpoint is not None and checkpoint[0] else ""

    def _rows_in(self, table: str, condition: str) -> int:
        return int(self._database.value(f"SELECT count(*) FROM {table} WHERE {condition}", (self._person,)))


def conditions(database: Database) -> Mapping[str, str]:
    """By which condition each table's rows are somebody's; StoreError for a table of which nobody has said whose it is."""
    names = [name for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")]
    found = {name: _condition(database, name) for name in names if name not in NOBODYS}
    if unknown := sorted(name for name, condition in found.items() if not condition):
        what = f"{database.path}: nobody knows whose rows are in {', '.join(unknown)}; nothing was erased"
        raise StoreError(what, next_step="update somalink: this store was made by a newer one")
    return found


def _condition(database: Database, table: str) -> str:
    columns = {row[1] for row in database.rows(f"PRAGMA table_info({table})")}
    return BY_PERSON if "person" in columns else BY_UNIT if "unit" in columns else ""


def _devices(database: Database, person: str) -> list[str]:
    return [device for (device,) in database.rows("SELECT DISTINCT device FROM units WHERE person = ?", (person,))]


# ---------------------------------------------------------------- what lies beside


def beside(path: Path, person: str) -> list[Path]:
    """Files beside the store that are of it, by their names, and have this id in them: backups from before an update, copies."""
    ours = {path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))}
    named = [file for file in path.parent.iterdir() if file not in ours and (file.name.startswith(path.stem) or file.suffix in COPIES)]
    return sorted(file for file in named if file.is_file() and _mentions(file, person.encode()))


def _mentions(file: Path, word: bytes) -> bool:
    """Whether these bytes are in it; no for what may not be read, which is somebody else's."""
    try:
        with file.open("rb") as handle:
            return any(word in piece for piece in _overlapping(iter(lambda: handle.read(PIECE), b""), len(word)))
    except OSError:
        return False


def _overlapping(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Each with the end of the one before, so that nothing of this length falls between two."""
    end = b""
    for piece in pieces:
        yield end + piece
        end = (end + piece)[-length:]
