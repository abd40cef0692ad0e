"""What a virtual strap is given to wear, and the clock of a computer that lives as fast as it does."""

import stat
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.ble.stamps import Stamp, SystemStamps
from ingest.recording import read_folder
from ingest.virtual.faults import read_faults
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream
from somalink.pipeline.demo import PERSON
from somalink.pipeline.pictures import facts_of
from somalink.pipeline.record import LIVE
from somalink.pipeline.rehearsal import ENDS_S, MOMENT_S, STRAP, WORN_S, Rehearsal, StrapStamps, conclude, prepare, worn_live
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow

BEGUN_NS, LIVED_NS = 5_000 * SECOND_NS, 1_772_438_400 * SECOND_NS
TODAY = date(2026, 3, 9)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    return prepare(tmp_path_factory.mktemp("demo") / "out", seed=1, days=2, today=TODAY, tz="Europe/Berlin")


# ---------------------------------------------------------------- what is worn


def test_the_days_before_are_in_the_store_and_marked_as_made_up(made):
    with LocalStore.open(made.store, read_only=True) as store:
        assert [found.row.simulated for found in store.recordings(PERSON)] == [True, True]
        assert {found.unit.device for found in store.recordings(PERSON)} == {STRAP.device}
        newest = max(int(store.recording_beats(found.unit).t_ns[-1]) for found in store.recordings(PERSON))
    assert newest < made.start_ns, "nothing of what is to be worn is known yet"
    assert made.day == date(2026, 3, 8)


def test_the_heart_that_is_worn_has_no_hole_of_its_own_and_beats_a_little_longer_than_anybody_listens(made):
    worn = read_folder(made.recording).samples[Stream.RR]
    assert np.all(np.abs(np.diff(worn.t_ns) - worn.values[1:] * 1_953_125 / 2) < 0.1 * SECOND_NS)
    assert ENDS_S < (int(worn.t_ns[-1]) - made.start_ns) / SECOND_NS <= ENDS_S + 60


def test_it_is_worn_for_a_tagged_moment_after_the_last_trouble(made):
    back = max(fault.at_s + fault.for_s for fault in read_faults(made.faults) if fault.at_s < WORN_S)
    assert any(0 <= event.t_ns - made.start_ns - MOMENT_S * SECOND_NS < SECOND_NS for event in made.events)
    assert back < MOMENT_S < WORN_S < ENDS_S


def test_at_the_end_it_is_off_so_that_no_beat_is_on_its_way_when_the_listener_leaves(made):
    last = read_faults(made.faults)[-1]
    assert (last.kind, last.at_s) == ("strap_off", WORN_S)
    assert last.at_s + last.for_s > ENDS_S


def test_every_file_is_for_its_owner_alone(made):
    out = made.store.parent
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o600}


def test_a_demo_that_is_there_is_not_made_again(made):
    with pytest.raises(BadInput, match="a demo is here already"):
        prepare(made.store.parent, seed=1, days=2, today=TODAY, tz="Europe/Berlin")


def test_what_was_received_is_marked_as_made_up_and_what_was_said_of_it_is_added(tmp_path):
    with LocalStore.open(tmp_path / "s.db") as store:
        unit = Unit(PERSON, STRAP.device, "live-1")
        with store.transaction() as write:
            write.put_recording(unit, RecordingRow(start_ns=LIVED_NS, meta=LIVE))
        assert not facts_of(store, PERSON).simulated
        conclude(store, Rehearsal(tmp_path / "s.db", tmp_path, tmp_path, TODAY, LIVED_NS, ()))
        assert facts_of(store, PERSON).simulated
        assert worn_live(store) == [unit]


# ---------------------------------------------------------------- how time passes


@pytest.fixture
def at(monkeypatch):
    """`at(seconds)`: so much has passed on this computer since the strap was put on -> the stamp then, at sixty times the speed."""
    real: list[float] = []
    monkeypatch.setattr(SystemStamps, "now", lambda _self: Stamp(BEGUN_NS + round(real[-1] * SECOND_NS), 0))
    stamps = StrapStamps(60, BEGUN_NS, LIVED_NS)

    def now(seconds: float) -> Stamp:
        real.append(seconds)
        return stamps.now()

    return now


def test_a_minute_of_this_computer_is_an_hour_of_the_strap(at):
    assert at(0) == Stamp(BEGUN_NS, LIVED_NS)
    assert at(60) == Stamp(BEGUN_NS + 3600 * SECOND_NS, LIVED_NS + 3600 * SECOND_NS)


@pytest.mark.parametrize("late_ms", [0, 1, 5, 16])
def test_a_hesitation_of_this_computer_is_as_long_for_the_strap(at, late_ms):
    assert (at(10 + late_ms / 1000).t_utc_ns - LIVED_NS) / SECOND_NS == pytest.approx(600 + late_ms / 1000, abs=1e-6)


def test_time_never_stands_still_nor_goes_back(at):
    stamps = [at(seconds).t_mono_ns for seconds in (1, 1, 1.016, 1.0166, 1.0167, 1.0168, 1.0168)]
    assert all(later > earlier for earlier, later in pairwise(stamps))


def test_before_the_strap_was_put_on_nothing_has_passed(at):
    assert at(-1).t_utc_ns == LIVED_NS


def test_it_is_one_boot_of_the_real_computer():
    assert StrapStamps(60, BEGUN_NS, LIVED_NS).boot_id == SystemStamps().boot_id or not Path("/proc/sys/kernel/random/boot_id").exists()
