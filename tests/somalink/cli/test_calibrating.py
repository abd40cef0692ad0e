"""Standing upright at a terminal: what is asked, what is kept, and what is said where it cannot be."""

import re
import time

import pytest
from standing import PERSON, STRAP, chest, recording, rows

from somalink.cli.calibrating import WORDS
from somalink.domain.time import SECOND_NS
from somalink.pipeline import upright
from somalink.storage.local import LocalStore


@pytest.fixture
def waited(monkeypatch) -> list[float]:
    """How long was waited, without waiting."""
    waits: list[float] = []
    monkeypatch.setattr("somalink.cli.calibrating.time.sleep", waits.append)
    return waits


def test_ten_seconds_are_counted_and_what_they_told_is_kept(typed, tmp_path, waited):
    with LocalStore.open(tmp_path / "store.db") as store:
        recording(store, rows(chest(90), start_ns=time.time_ns() - 60 * SECOND_NS))
    ended = typed("calibrate", "--store", str(tmp_path / "store.db"), "--json")
    assert (ended.code, ended.json["device"], waited) == (0, STRAP, [3, 10, 3])
    assert re.search(r"stay still, breathe as you like: 10 s", ended.err)
    with LocalStore.open(tmp_path / "store.db") as store:
        assert list(upright.upright_of(store, PERSON, STRAP)) == ended.json["upright"]


def test_who_moved_is_told_so_and_nothing_is_kept(typed, tmp_path, waited):
    with LocalStore.open(tmp_path / "store.db") as store:
        recording(store, rows(chest(90, moves_s=(70, 90)), start_ns=time.time_ns() - 60 * SECOND_NS))
    ended = typed("calibrate", "--store", str(tmp_path / "store.db"))
    assert ended.code == 1 and "you moved a little" in ended.err and "next: lean nowhere" in ended.err
    with LocalStore.open(tmp_path / "store.db") as store:
        assert upright.upright_of(store, PERSON, STRAP) is None


def test_nobody_is_asked_to_stand_for_nothing(typed, tmp_path, waited):
    with LocalStore.open(tmp_path / "store.db") as store:
        recording(store, rows(chest(90), start_ns=time.time_ns() - 3600 * SECOND_NS))
    ended = typed("calibrate", "--store", str(tmp_path / "store.db"))
    assert ended.code == 1 and "nothing is recorded just now" in ended.err and waited == []


def test_every_reason_has_words():
    assert set(WORDS) == {upright.NOT_RECORDING, upright.NO_MOVEMENT, upright.TOO_SHORT, upright.MOVED, upright.NO_GRAVITY}
