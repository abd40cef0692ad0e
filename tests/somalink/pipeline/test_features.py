"""Features of stored beats: read a day at a time they are what they are in one piece, and what the engine settled."""

import numpy as np
import pytest
from analysed import CONSTANTS, life, replayed
from fake_strap import heart

from processing.indices.features import FEATURES, features, windows
from processing.windows import ticks_to_ns
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Beats, Flag, IntArray
from somalink.pipeline.features import corrected_features, put_right, recording_features, settled
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


# ---------------------------------------------------------------- beats put right

START_NS = 1_772_352_000 * SECOND_NS
MISSED, EXTRA = "missed", "extra"


def strap(ticks: IntArray, segment_from: int | None = None) -> Beats:
    """Beats as a strap sends them; from `segment_from` on two minutes later, in another segment."""
    t_ns, segment = START_NS + ticks_to_ns(np.cumsum(ticks)), np.full(len(ticks), START_NS)
    if segment_from is not None:
        t_ns[segment_from:] += 120 * SECOND_NS
        segment[segment_from:] = t_ns[segment_from]
    return Beats(t_ns, ticks, np.zeros(len(ticks), np.int64), segment)


def spoilt(ticks: IntArray, *kinds: str, every: int = 90) -> IntArray:
    """A beat missed or one too many at each so many beats, in turn; the time that it all takes is the same."""
    out, k = [], 0
    while k < len(ticks):
        kind = kinds[k // every % len(kinds)] if k % every == every // 2 else ""
        made = {MISSED: [ticks[k : k + 2].sum()], EXTRA: [ticks[k] * 2 // 5, ticks[k] - ticks[k] * 2 // 5]}.get(kind, [ticks[k]])
        out += made
        k += 2 if kind == MISSED else 1
    return np.array(out, np.int64)


@pytest.mark.parametrize("kinds", [(MISSED,), (EXTRA,), (MISSED, EXTRA)])
def test_windows_of_beats_put_right_are_those_of_the_heart_that_was_not_spoilt(kinds):
    ticks = heart(50, seed=3)
    true, bad = strap(ticks), strap(spoilt(ticks, *kinds))
    stops = windows(int(true.t_ns[0]), int(true.t_ns[-1]), 300, 5)
    wanted, found = features(settled(true, RULES), stops, 300, rules=RULES), corrected_features(bad, stops, 300, rules=RULES)
    raw = features(settled(bad, RULES), stops, 300, rules=RULES)
    for name, most in (("HRV_RMSSD", 0.05), ("HRV_SDNN", 0.05), ("HRV_MeanNN", 0.001), ("HRV_HF", 0.1)):
        ratio = found.column(name) / wanted.column(name)
        assert len(ratio) > 400 and np.abs(ratio - 1).max() < most, name
    assert found.flagged.min() > 0 and (found.beats - wanted.beats == 0).all() and (raw.beats != wanted.beats).any()


def test_too_many_beats_put_right_are_artefacts_all_the_same():
    bad = strap(spoilt(heart(20, seed=3), MISSED, every=25))
    stops = windows(int(bad.t_ns[0]), int(bad.t_ns[-1]), 300, 5)
    found = corrected_features(bad, stops, 300, rules=RULES)
    assert set(found.reasons("HRV_RMSSD")) == {"artefacts"} and np.isnan(found.values).all()
    assert (found.flagged > RULES.max_artefact_hrv * found.beats).all()


def test_what_is_put_right_lies_between_the_beats_that_came_and_bridges_nothing():
    ticks = spoilt(heart(20, seed=3), MISSED, EXTRA)
    beats = strap(ticks, len(ticks) // 2)
    beats.flag[200:210] = Flag.UNTRUSTED
    right = put_right(beats, RULES)
    assert (np.diff(right.beats.t_ns) > 0).all()
    assert np.isin(right.beats.t_ns[right.measured], beats.t_ns).all() and 10 < np.count_nonzero(~right.measured) < 80
    assert np.count_nonzero(right.beats.flag == Flag.UNTRUSTED) == 10 and (right.beats.used_ticks[right.beats.flag == Flag.UNTRUSTED] == 0).all()
    begins = np.flatnonzero(np.diff(right.beats.segment) != 0) + 1
    after = np.searchsorted(right.beats.t_ns, beats.t_ns[[210, len(ticks) // 2]])
    assert set(after.tolist()) <= set(begins.tolist())
    assert len(put_right(beats.take(slice(0, 0)), RULES).measured) == 0


def test_corrected_windows_of_a_recording_are_read_a_day_at_a_time_too(store, monkeypatch):
    (unit,) = store.units("ada")
    whole, plain = ([*recording_features(store, unit, 300, 5, RULES, corrected=each)] for each in (True, False))
    monkeypatch.setattr("somalink.pipeline.features.DAY_NS", 600 * SECOND_NS)
    parts = [*recording_features(store, unit, 300, 5, RULES, corrected=True)]
    assert len(parts) > 3 and np.array_equal(np.concatenate([part.values for part in parts]), whole[0].values, equal_nan=True)
    assert np.array_equal(whole[0].stops, plain[0].stops) and whole[0].values.shape[1] == len(FEATURES)
