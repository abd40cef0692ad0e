"""Surrogates on the shelf: read back to the bit, let go by day, and the file as private as it is short-lived."""

import os
from pathlib import Path

import numpy as np
import pytest

from processing.chance import Draws, QuietDay
from somalink.domain.errors import StoreError
from somalink.pipeline.shelf import Days, Shelf

HANDLES = Path("/proc/self/fd")


def drawn(day: int, n: int = 900, draws: int = 5) -> Draws:
    dice = np.random.default_rng(day)
    quiet = QuietDay(day, dice.normal(size=n), dice.integers(0, 3, n), dice.integers(0, 6, n), dice.random(n) < 0.5)
    return Draws(quiet, dice.normal(size=(draws, n)).astype(np.float32), dice.normal(size=(draws, n)).astype(np.float32))


def same(a: Draws, b: Draws) -> bool:
    pairs = [(a.level, b.level), (a.phasic, b.phasic), *((getattr(a.quiet, name), getattr(b.quiet, name)) for name in ("e", "gate", "block", "still"))]
    return a.quiet.day == b.quiet.day and all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in pairs)


def test_a_day_is_read_back_to_the_bit_whatever_came_after_it(tmp_path: Path):
    shelf = Shelf(tmp_path)
    for day in (3, 4, 5):
        shelf.put(day, drawn(day))
    assert all(same(shelf.get(day), drawn(day)) for day in (4, 3, 5))


def test_a_day_with_nothing_quiet_is_known_as_such_and_not_asked_for_again(tmp_path: Path):
    shelf = Shelf(tmp_path)
    shelf.put(3, None)
    assert 3 in shelf
    assert not shelf.quiet(3)


def test_a_day_that_is_let_go_takes_its_room_with_it_and_the_others_stay(tmp_path: Path):
    shelf = Shelf(tmp_path)
    for day in range(3, 60):
        shelf.put(day, drawn(day))
        shelf.keep(range(day - 3, day + 1))
    assert os.fstat(shelf._file.fileno()).st_size < 5 * (drawn(3).level.nbytes * 2 + 900 * 25 + 2000)
    assert [day for day in range(100) if day in shelf] == [56, 57, 58, 59]
    assert same(shelf.get(57), drawn(57))


def handles() -> int:
    return len(list(HANDLES.iterdir()))


@pytest.mark.skipif(not HANDLES.exists(), reason="no folder of this process' handles")
def test_nothing_of_it_is_seen_in_the_folder_and_no_handle_outlives_it(tmp_path: Path):
    before = handles()
    shelf = Shelf(tmp_path)
    shelf.put(3, drawn(3))
    shelf.keep([])
    assert list(tmp_path.iterdir()) == []
    del shelf
    assert handles() == before


def test_days_are_read_one_at_a_time(tmp_path: Path):
    read: list[int] = []

    def one(day: int) -> Draws:
        read.append(day)
        return drawn(day)

    days = Days([7, 8, 9], one)
    assert len(days) == 3
    assert not read
    assert days[1].quiet.day == 8
    assert [each.quiet.day for each in days[1:]] == [8, 9]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path):
    shelf = Shelf(tmp_path)
    with Path("/dev/full").open("r+b", buffering=0) as full:
        shelf._file = full
        with pytest.raises(StoreError, match="free some space"):
            shelf.put(3, drawn(3))
    assert 3 not in shelf
