"""Features of stored beats: read a day at a time they are what they are in one piece, and what the engine settled."""

import numpy as np
import pytest
from analysed import CONSTANTS, life, replayed

from processing.indices.features import features, windows
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Beats, Flag
from somalink.pipeline.features import recording_features, settled
from somalink.storage.local import LocalStore

RULES = CONSTANTS.beat


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("life")
    with LocalStore.open(replayed(folder / "s.db", life(folder / "ada", days=1, minutes=40))) as opened:
        yield opened


def test_read_a_day_at_a_time_they_are_what_they_are_in_one_piece(store, monkeypatch):
    (unit,) = store.units("ada")
    beats = store.recording_beats(unit)
    whole = settled(beats, RULES)
    stops = windows(int(beats.t_ns[0]) - int(beats.rr_ticks[0]) * SECOND_NS // 1024, int(beats.t_ns[-1]), 300, 5)
    at_once = features(whole, stops, 300, rules=RULES)
    monkeypatch.setattr("somalink.pipeline.features.DAY_NS", 600 * SECOND_NS)
    parts = list(recording_features(store, unit, 300, 5, RULES))
    assert len(parts) > 3
    assert np.array_equal(np.concatenate([part.stops for part in parts]), at_once.stops)
    assert np.array_equal(np.concatenate([part.values for part in parts]), at_once.values, equal_nan=True)
    assert np.array_equal(np.concatenate([part.reason for part in parts]), at_once.reason)


def test_stored_beats_are_settled_again_as_the_engine_did(store):
    (unit,) = store.units("ada")
    beats = store.recording_beats(unit)
    assert np.array_equal(settled(beats, RULES).flag, beats.flag)


def test_a_recording_without_beats_has_no_windows(tmp_path):
    with LocalStore.open(tmp_path / "s.db") as empty:
        assert list(recording_features(empty, Unit("ada", "strap", "r"), 300, 5, RULES)) == []


def test_beats_that_came_too_late_are_no_part_of_a_window():
    t_ns = np.arange(1, 200) * 850_000_000
    late = Beats(t_ns, np.full(199, 870), np.where(np.arange(199) == 100, int(Flag.STALE), 0), np.full(199, t_ns[0]))
    assert len(settled(late, RULES)) == 198
