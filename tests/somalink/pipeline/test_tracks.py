"""A day of columns is remembered while its rows stand, and read anew when they do not."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.findings.track import BLOCK, BLOCK_NS, Rows, unworn
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import UNKNOWN, Gate, Grid
from somalink.pipeline.tracks import pack, states, tracks, unpack
from somalink.storage import LocalStore, RecordingRow

DAY = 20_500
T0 = DAY * BLOCK_NS + 8 * HOUR_NS
UNIT = Unit("ann", "strap", "r1")


def rows(first_ns: int, count: int, z: int = 5000) -> Grid:
    columns = {name: np.zeros(count, np.int64) for name in Grid.empty().arrays()}
    columns |= {"stop_ns": first_ns + np.arange(count, dtype=np.int64) * GRID_NS, "z": np.full(count, z), "gate": np.full(count, Gate.STILL)}
    columns |= {"hr": np.full(count, 65_000), "hr_q": np.full(count, 9000), "motion": np.full(count, UNKNOWN)}
    return Grid(**columns)


@pytest.fixture
def store(tmp_path: Path):
    with LocalStore.open(tmp_path / "s.db") as opened:
        with opened.transaction() as write:
            write.put_recording(UNIT, RecordingRow(T0))
            write.put_grid(UNIT, "A", rows(T0, 100))
        yield opened


def usable(store: LocalStore) -> int:
    return sum(int(track.rows.usable.sum()) for track in tracks(store, "ann", T0, T0 + BLOCK_NS, Constants()))


def test_what_is_remembered_is_what_was_read(store: LocalStore) -> None:
    first, again = (tracks(store, "ann", T0, T0 + BLOCK_NS, Constants()) for _ in range(2))
    for f in fields(Rows):
        np.testing.assert_array_equal(getattr(first[0].rows, f.name), getattr(again[0].rows, f.name))
    assert usable(store) == 100


def test_new_and_changed_rows_are_seen_at_once(store: LocalStore) -> None:
    assert usable(store) == 100
    with store.transaction() as write:
        write.put_grid(UNIT, "A", rows(T0 + HOUR_NS, 50))
    assert usable(store) == 150
    with store.transaction() as write:
        write.put_grid(UNIT, "A", rows(T0, 100, z=UNKNOWN))
    assert usable(store) == 50


def test_another_analysis_is_another_track(store: LocalStore) -> None:
    before = states(store, "ann", 0, T0 + BLOCK_NS)
    with store.transaction() as write:
        write.put_grid(UNIT, "B", rows(T0, 10))
        write.set_current_analysis("ann", "B")
    assert usable(store) == 10
    assert states(store, "ann", 0, T0 + BLOCK_NS) != before


def test_remembering_is_news_to_nobody(store: LocalStore) -> None:
    change = store.change
    usable(store)
    assert store.change == change
    assert all(delta.kind != "keepsakes" for delta in store.since(0))


def test_a_person_who_wore_nothing_has_no_track(store: LocalStore) -> None:
    assert tracks(store, "ben", 0, T0, Constants()) == []


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_day_comes_back_from_its_bytes(seed: int) -> None:
    dice, day = np.random.default_rng(seed), unworn(BLOCK)
    for f in fields(Rows):
        column = getattr(day, f.name)
        column[:] = dice.integers(0, 2, BLOCK) if column.dtype == bool else dice.integers(-(2**31), 2**31, BLOCK).astype(column.dtype)
    back = unpack(pack(day))
    assert all(np.array_equal(getattr(day, f.name), getattr(back, f.name)) for f in fields(Rows))
