"""Whoever is taken out of a store is in none of its tables and none of its bytes; everybody else is as before."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from somalink.domain.errors import EngineLocked, StoreError
from somalink.storage import LocalStore, db, erase, locks, schema
from somalink.storage.erase import NOBODYS, Records, beside, conditions

ANN, BO = "ann-of-the-hill", "bo-of-the-sea"
NOTE = "nobody may read this but {}"
VALUES = {
    "TEXT": lambda who, n: NOTE.format(who) + str(n),
    "INTEGER": lambda who, n: n,
    "REAL": lambda who, n: n + 0.5,
    "BLOB": lambda who, n: who.encode() * 9,
}


def fill(path: Path, people: dict[str, int], *, tables: set[str] | None = None) -> None:
    """Rows in every table, of each of these people, by the tables' own words: one that is added tomorrow is filled as well."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for table, columns in every_table(connection).items():
            if table in NOBODYS or (tables is not None and table not in tables):
                continue
            for who, unit in people.items():
                for n in range(3 if table != "units" else 1):
                    special = {"person": who, "unit": unit}
                    row = [special.get(name, VALUES[form](who, 100 * unit + n)) for name, form in columns.items()]
                    connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def every_table(connection: sqlite3.Connection) -> dict[str, dict[str, str]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    return {name: {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}


def contents(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in every_table(connection)}


def everywhere(path: Path) -> bytes:
    """All bytes of the store: the file, its log and the log's index."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


@pytest.fixture
def both(path: Path) -> Path:
    """A store with rows of two people in every table."""
    LocalStore.open(path).close()
    fill(path, {ANN: 1, BO: 2})
    return path


def taken_out(path: Path, person: str) -> erase.Erased:
    with Records.of(path, person) as records:
        return records.erase()


def test_of_every_table_somebody_has_said_whose_rows_are_in_it(path: Path) -> None:
    """A new table fails here until it has a person, a unit, or a place in NOBODYS."""
    LocalStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        tables = set(every_table(connection))
    database = db.Database(path, read_only=True)
    assert set(conditions(database)) | NOBODYS == tables
    assert not set(conditions(database)) & NOBODYS
    database.close()


def test_the_one_is_gone_from_every_table_and_the_other_is_as_before(both: Path) -> None:
    before = contents(both)
    done = taken_out(both, ANN)
    assert set(done.before) == {table for table, rows in before.items() if table not in NOBODYS and rows}
    assert done.after == {} and done.left == ""
    assert contents(both) == {table: [row for row in rows if not of(ANN, 1, row)] for table, rows in before.items()}


def of(person: str, unit: int, row: tuple[Any, ...]) -> bool:
    """`fill` writes a person's own words or numbers into each of their rows."""
    return any(person in str(value) or (isinstance(value, int | float) and value // 100 == unit and value >= 100) for value in row)


def test_not_one_byte_of_them_is_left_in_the_file_or_beside_it(both: Path) -> None:
    assert ANN.encode() in everywhere(both) and NOTE.format(ANN).encode() in everywhere(both)
    with LocalStore.open(both) as other:  # so that the log outlives the erasing
        other.people()
        assert taken_out(both, ANN).left == ""
        assert ANN.encode() not in everywhere(both) and NOTE.format(ANN).encode() not in everywhere(both)
        assert BO.encode() in everywhere(both)


def test_what_a_person_said_and_wore_is_gone_as_the_store_itself_writes_it(store: LocalStore, make: Any, path: Path) -> None:
    with store.transaction() as write:
        write.put_beats(make.unit, make.beats(7200))
        write.put_event(make.event(note="a word that only she knew"))
        write.put_event(make.event("t2", person="bo", note="his own"))
    store.compact(make.t0 + 2 * 3600 * 10**9)
    taken_out(path, "ann")
    assert store.people() == ["bo"]
    assert b"a word that only she knew" not in everywhere(path) and b"his own" in everywhere(path)


def test_erased_twice_is_erased_once_and_somebody_unknown_is_nobody(both: Path) -> None:
    taken_out(both, ANN)
    assert taken_out(both, ANN).before == {}
    before = contents(both)
    assert taken_out(both, "never-here").before == {}
    assert contents(both) == before


def test_who_is_being_recorded_is_left_alone(both: Path) -> None:
    device = contents(both)["units"][0][2]
    before = contents(both)
    with locks.engine_lock(both, ANN, device), pytest.raises(EngineLocked):
        taken_out(both, ANN)
    assert contents(both) == before
    with locks.engine_lock(both, BO, contents(both)["units"][1][2]):
        assert taken_out(both, ANN).after == {}


def test_a_reader_of_an_older_state_is_named_as_what_keeps_the_bytes(both: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_MS", 20)
    with closing(sqlite3.connect(both)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        done = taken_out(both, ANN)
        assert done.after == {} and "another process" in done.left
    assert taken_out(both, ANN).left == ""
    assert ANN.encode() not in everywhere(both)


def test_a_table_that_nobody_knows_stops_it_before_anything_is_erased(both: Path) -> None:
    with closing(sqlite3.connect(both)) as connection, connection:
        connection.execute("CREATE TABLE dreams (who TEXT, what TEXT) STRICT")
    before = contents(both)
    with pytest.raises(StoreError, match="dreams"):
        taken_out(both, ANN)
    assert contents(both) == before


def test_a_store_of_an_older_version_is_not_brought_up_to_date_for_it(path: Path) -> None:
    """That would keep a backup with the person in it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(schema.VERSION_1)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    fill(path, {ANN: 1, BO: 2})
    assert taken_out(path, ANN).before["events"] == 3
    assert [file.name for file in path.parent.iterdir() if "backup" in file.name] == []
    assert ANN.encode() not in everywhere(path)


def test_files_beside_the_store_that_still_have_them_are_named_and_no_others(both: Path) -> None:
    for name in ("store.db.v1-backup", "last week.bak", "somebody.bak", "diary.txt"):
        (both.parent / name).write_bytes(b"x" * (erase.PIECE - 3) + (b"nobody" if name == "somebody.bak" else ANN.encode()))
    taken_out(both, ANN)
    assert [file.name for file in beside(both, ANN)] == ["last week.bak", "store.db.v1-backup"]


def test_somebody_elses_database_is_left_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.db"
    with closing(sqlite3.connect(theirs)) as connection, connection:
        connection.execute("CREATE TABLE events (person TEXT)")
    with pytest.raises(StoreError, match="no store of somalink"):
        taken_out(theirs, ANN)
    with pytest.raises(StoreError, match="no store here"):
        taken_out(tmp_path / "none.db", ANN)
