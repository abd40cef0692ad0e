"""When the disk or the file is in trouble the owner is told what to do, and what was recorded stays."""

import os
import sqlite3
from pathlib import Path

import pytest

from somalink.domain.errors import StoreError
from somalink.storage import LocalStore, db


def opened(path: Path, **how: bool) -> None:
    LocalStore.open(path, **how).close()


def test_a_file_that_is_no_store_is_left_as_it_is(path) -> None:
    path.write_text("person,device\nann,strap\n" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a somalink store"):
        opened(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_left_as_it_is(path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE places (url TEXT)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        opened(path)


def test_a_damaged_store_says_so(path, make) -> None:
    with LocalStore.open(path) as store, store.transaction() as write:
        write.put_beats(make.unit, make.beats(7200))
    whole = bytearray(path.read_bytes())
    whole[4096:] = os.urandom(len(whole) - 4096)
    path.write_bytes(bytes(whole))
    with pytest.raises(StoreError, match=r"damaged|cannot be read|failed") as failed, LocalStore.open(path) as store:
        store.totals()
    assert "backup" in failed.value.next_step


def test_a_held_store_names_the_other_process(path, store, make, monkeypatch) -> None:
    monkeypatch.setattr(db, "BUSY_MS", 1)
    with LocalStore.open(path) as second, store.transaction() as write:
        write.put_event(make.event())
        with pytest.raises(StoreError, match="another process holds the store"), second.transaction():
            pass


def test_a_full_disk_loses_nothing_that_was_recorded(path, make) -> None:
    with LocalStore.open(path) as store:
        with store.transaction() as write:
            write.put_beats(make.unit, make.beats(600))
        pages = store._database.value("PRAGMA page_count")
        store._database.run(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match="disk is full") as failed, store.transaction() as write:
            write.put_beats(make.unit, make.beats(86_400, start_ns=make.t0 + 700 * 10**9))
        assert "free some space" in failed.value.next_step
        assert store.totals()["beats_stored"] == len(make.beats(600))
        store._database.run("PRAGMA max_page_count = 1000000")
        with store.transaction() as write:
            write.put_beats(make.unit, make.beats(60, start_ns=make.t0 + 700 * 10**9))
    with LocalStore.open(path) as again:
        assert again.totals()["beats_stored"] == len(make.beats(660))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anything")
def test_a_store_that_may_not_be_written_says_so(path) -> None:
    opened(path)
    path.chmod(0o400)
    with pytest.raises(StoreError, match=r"cannot be written|may not be opened"):
        opened(path)


def test_every_trouble_that_is_translated_is_one_sqlite_knows() -> None:
    assert all(hasattr(sqlite3, name) for name in db._REMEDIES)
