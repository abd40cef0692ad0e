"""A store read again under newer rules, into itself: one switch, nothing that people said lost, and it goes on."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from analysed import CONSTANTS, EARLIER, differing, life, replayed
from fake_influx import FakeInflux
from replica import held_by_fake, shipper, wanted

from somalink.domain.errors import UsageError
from somalink.domain.types import Event, Rating, Setting
from somalink.pipeline import analysing, superseding
from somalink.pipeline.intake import from_path
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, run_archive
from somalink.pipeline.superseding import supersede
from somalink.storage.local import EVER, LocalStore

MODE = Mode()


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    return life(tmp_path_factory.mktemp("ada"), days=3, minutes=50)


@pytest.fixture(scope="module")
def earlier(days, tmp_path_factory):
    """Two days, read by a program with another algorithm; she lets herself be asked."""
    path = replayed(tmp_path_factory.mktemp("old") / "earlier.db", days[:2], version=EARLIER)
    with LocalStore.open(path) as store, store.transaction() as write:
        write.put_setting(Setting("ada", "prompt_mode", "full", 1))
        write.put_rating(Rating("r1", "ada", 1_772_355_000 * 10**9, "distress", 4, 1_772_355_001 * 10**9))
    return path


@pytest.fixture
def old(earlier, tmp_path):
    with LocalStore.open(earlier) as store:
        store.copy_to(tmp_path / "old.db")
    return tmp_path / "old.db"


def read_otherwise(store):
    """Whether the store's records are of the older program."""
    return store.current_analysis("ada") != MODE.analysis(CONSTANTS)


def test_a_store_of_an_older_version_says_how_it_goes_on_and_then_does(old, days):
    with LocalStore.open(old) as store, pytest.raises(UsageError, match="another version") as refused:
        run_archive(store, from_path(days[2]), MODE, CONSTANTS)
    assert f"somalink analyse --keep {old}" in refused.value.next_step
    (kept,) = supersede([old], MODE, CONSTANTS)
    assert kept.changed and kept.analysis == MODE.analysis(CONSTANTS)
    with LocalStore.open(old) as store:
        run_archive(store, from_path(days[2]), MODE, CONSTANTS)
        settle_person(store, "ada", CONSTANTS)
        assert len(store.recordings("ada")) == 3


def test_read_again_it_is_as_if_it_had_always_been_read_so(old, days, tmp_path):
    supersede([old], MODE, CONSTANTS)
    with LocalStore.open(old) as store, LocalStore.open(replayed(tmp_path / "fresh.db", days[:2])) as fresh:
        assert not differing(store, fresh, "ada")
        assert store.snapshots(store.units("ada")[0], MODE.analysis(CONSTANTS)) == []


def test_what_she_said_and_was_asked_stays_and_nothing_of_the_past_is_asked(old):
    with LocalStore.open(old) as store:
        before = (store.every_event("ada"), store.ratings("ada"), store.settings("ada"), store.prompts("ada"), store.person_secret("ada"))
    supersede([old], MODE, CONSTANTS)
    with LocalStore.open(old) as store:
        settle_person(store, "ada", CONSTANTS)
        assert (store.every_event("ada"), store.ratings("ada"), store.settings("ada")) == before[:3] and store.person_secret("ada") == before[4]
        assert [row for row in store.prompts("ada") if row.trigger == "arousal"] == [row for row in before[3] if row.trigger == "arousal"]
        assert store.decided_ns("ada") == max(int(store.recording_grid(unit).stop_ns[-1]) for unit in store.units("ada"))


def test_nothing_is_left_of_the_old_reading_nor_beside_the_store(old):
    supersede([old], MODE, CONSTANTS)
    with LocalStore.open(old) as store:
        (unit, _) = store.units("ada")
        with LocalStore.open(old) as other:
            assert other.current_analysis("ada") == MODE.analysis(CONSTANTS)
        assert not len(store.recording_grid(unit, analysis=_named(EARLIER))) and not store.tier_baselines("ada", analysis=_named(EARLIER))
    assert not list(old.parent.glob("*.again*"))


def _named(version):
    with patch("somalink.domain.constants.ALGORITHM_VERSION", version):
        return MODE.analysis(CONSTANTS)


@pytest.mark.parametrize("broken", ["fill", "_lay_beside", "_switch"])
def test_interrupted_the_old_reading_stands_and_a_second_call_goes_on(old, monkeypatch, broken):
    with LocalStore.open(old) as store:
        before = (store.totals("ada"), store.device_episodes("ada"), store.links("ada"))
    whole = getattr(superseding, broken)
    calls = []

    def cut(*given, **named):
        if broken == "fill":
            monkeypatch.setattr(analysing, "settle_person", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
            return whole(*given, **named)
        calls.append(whole(*given, **named)) if broken == "_lay_beside" else None
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(superseding, broken, cut)
        with pytest.raises(KeyboardInterrupt):
            supersede([old], MODE, CONSTANTS)
    monkeypatch.undo()
    with LocalStore.open(old) as store:
        assert read_otherwise(store) and (store.totals("ada"), store.device_episodes("ada"), store.links("ada")) == before
    reads = []
    monkeypatch.setattr(analysing, "read", lambda store, found, wish, progress=None: reads.append(store.recording(found.intake.unit).state))
    supersede([old], MODE, CONSTANTS)
    assert reads == ["done", "done"]
    with LocalStore.open(old) as store:
        assert not read_otherwise(store) and store.totals("ada")["windows_final"] == before[0]["windows_final"]


def test_while_she_is_recorded_nothing_is_read_again(old):
    with LocalStore.open(old) as store, store.engine_lock("ada", "Polar H10"):
        (kept,) = supersede([old], MODE, CONSTANTS)
        assert "already records ada" in kept.what and not kept.changed and read_otherwise(store)


def test_a_moment_told_meanwhile_is_linked_in_the_new_reading(old, monkeypatch):
    whole = superseding._lay_beside
    late = Event("late", "ada", "support", 1_772_354_400 * 10**9, made_at_ns=0, received_ns=1_772_400_000 * 10**9)

    def told(made, store, person, analysis):
        whole(made, store, person, analysis)
        with LocalStore.open(old) as other, other.transaction() as write:
            write.put_event(late)

    monkeypatch.setattr(superseding, "_lay_beside", told)
    supersede([old], MODE, CONSTANTS)
    with LocalStore.open(old) as store:
        assert "late" in {link.event_id for link in store.links("ada")}


@pytest.mark.slow
def test_a_replica_forgets_the_old_reading_and_holds_the_new_one(old):
    fake = FakeInflux()
    with LocalStore.open(old) as store:
        shipper(store, fake).drain(patient=False)
        supersede([old], MODE, CONSTANTS)
        shipper(store, fake).drain(patient=False)
        expected = wanted(store)
        held = {key: value for key, value in held_by_fake(fake).items() if key[0] != "pipeline"}
        assert held == expected
        assert len(store.device_episodes("ada", *EVER)) == sum(key[0] == "episode" for key in held)


def test_again_it_changes_nothing(old):
    supersede([old], MODE, CONSTANTS)
    with LocalStore.open(old) as store:
        change = store.change
    assert [kept.changed for kept in supersede([old], MODE, CONSTANTS)] == [False]
    with LocalStore.open(old) as store:
        assert store.change == change


def test_what_an_interruption_after_the_switch_left_is_tidied_by_the_next_call(old, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(superseding, "_take_away", lambda again: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            supersede([old], MODE, CONSTANTS)
    assert list(old.parent.glob("*.again"))
    supersede([old], MODE, CONSTANTS)
    assert not list(old.parent.glob("*.again*"))


def test_other_constants_are_another_reading(old):
    supersede([old], MODE, CONSTANTS)
    other = replace(CONSTANTS, spike=replace(CONSTANTS.spike, merge_s=60))
    (kept,) = supersede([old], MODE, other)
    assert kept.changed and kept.analysis == MODE.analysis(other)


def test_without_a_store_there_is_nothing_to_keep(days):
    with pytest.raises(UsageError, match="needs a store"):
        supersede(days, MODE, CONSTANTS)
