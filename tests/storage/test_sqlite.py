"""What we lean on in sqlite3, so that an upstream change is met here and not in a wearer's store."""

import sqlite3

import pytest


@pytest.fixture
def connection(tmp_path):
    opened = sqlite3.connect(tmp_path / "canary.db", isolation_level=None)
    yield opened
    opened.close()


def test_strict_tables_refuse_a_word_where_a_number_belongs(connection) -> None:
    connection.execute("CREATE TABLE t (x INTEGER NOT NULL) STRICT")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO t VALUES ('fast')")


def test_an_equal_row_is_not_touched_by_an_upsert_that_asks_for_a_difference(connection) -> None:
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, a INTEGER, b TEXT) STRICT")
    sql = "INSERT INTO t VALUES (?, ?, ?) ON CONFLICT (k) DO UPDATE SET a = excluded.a, b = excluded.b WHERE (t.a, t.b) IS NOT (excluded.a, excluded.b)"
    for row, changes in (((1, None, "x"), 1), ((1, None, "x"), 1), ((1, 2, "x"), 2), ((1, 2, None), 3), ((1, 2, None), 3)):
        connection.execute(sql, row)
        assert connection.total_changes == changes


def test_wal_and_full_sync_are_what_was_asked_for(connection) -> None:
    assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    connection.execute("PRAGMA synchronous = FULL")
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_tables_made_in_a_transaction_vanish_with_it(connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE t (x INTEGER) STRICT")
    connection.execute("PRAGMA user_version = 3")
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_errors_carry_their_name(connection) -> None:
    with pytest.raises(sqlite3.OperationalError) as failed:
        connection.execute("SELECT * FROM nowhere")
    assert failed.value.sqlite_errorname == "SQLITE_ERROR"
