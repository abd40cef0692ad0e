"""An older store is brought up to date behind a backup; a newer one is left alone."""

import sqlite3
import stat

import pytest

from somalink.domain.errors import StoreError
from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import UNKNOWN, EventMetrics, Posture
from somalink.storage import LocalStore, migrations, schema
from somalink.storage.db import Database

VERSION_0 = (
    f"PRAGMA application_id = {schema.APPLICATION_ID}; CREATE TABLE diary (t_ns INTEGER PRIMARY KEY, said TEXT) STRICT; INSERT INTO diary VALUES (7, 'kept')"
)
"""A store from before the first release: made only here."""


def old_store(path) -> None:
    path.touch(0o600)
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_0)
    connection.close()


def test_an_old_store_is_backed_up_and_brought_up_to_date_with_what_it_held(path, make) -> None:
    old_store(path)
    with LocalStore.open(path) as store:
        with store.transaction() as write:
            write.put_beats(make.unit, make.beats(60))
        assert store._database.rows("SELECT * FROM diary") == [(7, "kept")]
    backup = migrations.backup_path(path, 0)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    copy = sqlite3.connect(backup)
    assert [name for (name,) in copy.execute("SELECT name FROM sqlite_master")] == ["diary"]
    copy.close()


def test_a_step_that_fails_leaves_the_old_store_whole(path) -> None:
    old_store(path)
    database = Database(path, read_only=False)
    with pytest.raises(StoreError):
        migrations.migrate(database, ("CREATE TABLE fine (x INTEGER) STRICT;\nCREATE TABLE broken (",))
    assert database.rows("SELECT name FROM sqlite_master") == [("diary",)]
    assert database.value("PRAGMA user_version") == 0
    database.close()


def test_a_new_store_needs_no_backup_and_a_second_opening_no_migration(path) -> None:
    for _ in range(2):
        LocalStore.open(path).close()
    assert list(path.parent.glob("*backup*")) == []


def test_a_newer_store_asks_for_a_newer_program(path, store) -> None:
    store._database.run("PRAGMA user_version = 99")
    for read_only in (True, False):
        with pytest.raises(StoreError, match="update somalink"):
            LocalStore.open(path, read_only=read_only)


def test_a_reader_of_an_old_store_is_told_to_open_it_for_writing_once(path) -> None:
    old_store(path)
    with pytest.raises(StoreError, match=f"needs {len(schema.STEPS)}"):
        LocalStore.open(path, read_only=True)


def test_a_store_from_before_posture_keeps_its_rows_and_its_hours_and_knows_of_none(path, make) -> None:
    path.touch(0o600)
    connection = sqlite3.connect(path)
    connection.executescript(f"{''.join(schema.STEPS[:3])} PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 3;")
    connection.execute("INSERT INTO units VALUES (1, 'ann', 'strap', 'rec1', 'B')")
    connection.execute("INSERT INTO current_analysis VALUES ('ann', 'A', 1)")
    connection.execute("INSERT INTO beats VALUES (1, ?, 0, 833, 0, ?, 1)", (make.t0, make.t0))
    connection.execute(f"INSERT INTO grid VALUES (1, 'A', ?, {', '.join('7' * 20)}, 1)", (make.t0 + GRID_NS,))
    connection.commit()
    connection.close()
    with LocalStore.open(path) as store:
        for _ in range(2):
            beats, grid = store.recording_beats(make.unit), store.recording_grid(make.unit)
            assert (beats.rr_ticks.tolist(), beats.rr_fine_ns.tolist()) == ([833], [0])
            assert (grid.hr.tolist(), grid.posture.tolist(), grid.steps.tolist()) == ([7], [Posture.UNKNOWN], [UNKNOWN])
            store.compact(make.t0 + HOUR_NS)


def test_a_store_of_the_first_version_keeps_what_it_held_and_gains_findings(path) -> None:
    path.touch(0o600)
    connection = sqlite3.connect(path)
    connection.executescript(f"{schema.STEPS[0]} PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 1;")
    connection.execute("INSERT INTO current_analysis VALUES ('ann', 'A', 1)")
    connection.execute("INSERT INTO event_metrics VALUES ('ann', 'A', 'e', 1.5, 2.0, 30.0, NULL, NULL, 1)")
    connection.commit()
    connection.close()
    with LocalStore.open(path) as store:
        assert store.event_metrics("ann") == [EventMetrics("e", 1.5, 2.0, 30.0)]
        assert store.findings("ann") == store.controls("ann") == []
