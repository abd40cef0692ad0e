"""An ECG in a store is shown as it was sent: the newest, or the one around a time, with the strap's own beats against it."""

import numpy as np
import pytest
from ecg_sent import START_NS, TOLD_LATE_NS, UNIT, keep, sent
from ecg_traces import made, match

from somalink.domain.errors import StoreError
from somalink.domain.time import SECOND_NS
from somalink.pipeline.ecg_check import ecg_model
from somalink.storage.local import LocalStore


@pytest.fixture
def store(tmp_path):
    with LocalStore.open(tmp_path / "s.db") as opened:
        yield opened


def test_the_newest_half_minute_is_shown_with_every_beat_in_it(store):
    keep(store, sent(150))
    model = ecg_model(store, "ada")
    assert (model.person, model.device) == ("ada", UNIT.device)
    assert model.stop_ns - model.start_ns == 30 * SECOND_NS and START_NS + 148 * SECOND_NS < model.stop_ns < START_NS + 152 * SECOND_NS
    assert len(model.t_ns) > 28 * 130 and (np.diff(model.t_ns) > 0).all()
    truth = made(150, seed=5).peaks_ns + START_NS
    found = match(model.peaks_ns, truth + 30_000_000)
    assert (found.missed, found.extra) == (0, 0) and np.abs(found.errors_ms).max() < 60
    assert (model.quality > 800).all()


def test_the_straps_own_beats_lie_under_the_beats_of_the_trace(store):
    keep(store, sent(150))
    model = ecg_model(store, "ada")
    assert model.lag_ns is not None and model.recognised > 100 and len(model.own_ns) > 25
    # A notification is up to a second younger than its beat, which the chain of intervals takes back but for what is common to all.
    assert 0 <= model.lag_ns <= TOLD_LATE_NS + SECOND_NS
    near = match(model.own_ns, model.peaks_ns)
    assert near.extra == 0 and np.abs(near.errors_ms).max() < 40


def test_an_ecg_of_half_a_minute_in_a_day_without_is_found(store):
    keep(store, sent(400, ecg=(200, 230)))
    model = ecg_model(store, "ada")
    assert START_NS + 198 * SECOND_NS < model.start_ns < START_NS + 203 * SECOND_NS
    assert len(model.peaks_ns) > 25 and model.recognised >= 15


def test_the_ecg_around_a_time_is_the_one_around_that_time(store):
    keep(store, sent(300))
    at_ns = START_NS + 100 * SECOND_NS
    model = ecg_model(store, "ada", at_ns)
    assert model.start_ns < at_ns < model.stop_ns
    with pytest.raises(StoreError, match="no ECG of ada was recorded then") as none:
        ecg_model(store, "ada", START_NS + 4000 * SECOND_NS)
    assert "--at" in none.value.next_step


def test_a_store_without_any_says_how_to_get_one(store):
    keep(store, sent(60, ecg=(0, 0)))
    with pytest.raises(StoreError, match="no ECG of ada is here") as none:
        ecg_model(store, "ada")
    assert "--ecg-check" in none.value.next_step


def test_frames_that_cannot_be_read_are_passed_over(store):
    rows = sent(120)
    broken = [
        row if k % 9 else type(row)(row.t_mono_ns, row.boot_id, row.connection, row.characteristic, row.t_utc_ns, b"\x00\x01") for k, row in enumerate(rows)
    ]
    keep(store, broken)
    model = ecg_model(store, "ada")
    assert 15 < len(model.peaks_ns) < 45 and (np.diff(model.t_ns) > 0).all()
