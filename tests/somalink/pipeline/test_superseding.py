"""A store read again under newer rules, into itself: one switch, nothing that people said lost, and it goes on."""

import asyncio
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from analysed import CONSTANTS, EARLIER, differing, life, replayed
from fake_influx import FakeInflux
from fake_strap import FakeStrap, heart
from recording_folders import folder
from replica import held_by_fake, shipper, wanted

from ingest.clocking import Clocker
from processing import hrv_panel
from somalink.domain.errors import StoreError, UsageError
from somalink.domain.identity import Unit
from somalink.domain.types import Event, Rating, Setting, Stream
from somalink.pipeline import analysing, superseding
from somalink.pipeline.hub import Hub
from somalink.pipeline.intake import from_clocker, from_path
from somalink.pipeline.live import open_live, to_keep
from somalink.pipeline.person import settle_person
from somalink.pipeline.record import LIVE
from somalink.pipeline.run import Mode, Run, run_archive
from somalink.pipeline.superseding import supersede
from somalink.storage.local import EVER, LocalStore
from somalink.storage.rows import HrvRow

MODE = Mode()
OTHER = replace(CONSTANTS, spike=replace(CONSTANTS.spike, merge_s=60))
"""Somebody else's wish: another reading of the same beats."""


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
    (kept,) = supersede([old], MODE, OTHER)
    assert kept.changed and kept.analysis == MODE.analysis(OTHER)


def test_without_a_store_there_is_nothing_to_keep(days):
    with pytest.raises(UsageError, match="needs a store"):
        supersede(days, MODE, CONSTANTS)


# ---------------------------------------------------------------- nothing that was there is lost


def points(path):
    """Grid points of each recording as readers see them."""
    with LocalStore.open(path) as store:
        return {unit.recording: len(store.recording_grid(unit)) for unit in store.units("ada")}


def just_before_the_switch(monkeypatch, act):
    """Has something done while a reading lies beside the store, once."""
    whole = superseding._switch

    def switch(*given):
        monkeypatch.setattr(superseding, "_switch", whole)
        act()
        whole(*given)

    monkeypatch.setattr(superseding, "_switch", switch)


@pytest.fixture
def half(days, tmp_path):
    """A day, and half of another whose import was interrupted and never ended, by a program with another algorithm."""
    path = replayed(tmp_path / "half.db", days[:1], version=EARLIER)
    with patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER), LocalStore.open(path) as store:
        intake = from_path(days[1])
        run_archive(store, intake, MODE, CONSTANTS, until_ns=intake.row.start_ns + 5 * 60 * 10**9)
    return path


def test_a_recording_that_cannot_be_read_again_keeps_what_it_shows(half):
    before = points(half)
    (kept,) = supersede([half], MODE, CONSTANTS)
    assert "more than can be read again" in kept.what and "FOLDER" in kept.next_step and not kept.changed
    assert points(half) == before and all(before.values())


def test_its_folder_gives_the_rest_and_then_the_store_can_do_without(half, days, tmp_path):
    before = points(half)
    with patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER), LocalStore.open(half) as store:
        Run(store, from_path(days[2]), MODE, CONSTANTS).begin()
    (kept,) = supersede([half, *days[1:]], MODE, CONSTANTS)
    assert kept.changed and all(points(half)[name] >= n for name, n in before.items())
    assert [row.changed for row in supersede([half], MODE, OTHER)] == [True]
    supersede([half], MODE, CONSTANTS)
    with LocalStore.open(half) as store, LocalStore.open(replayed(tmp_path / "fresh.db", days)) as fresh:
        assert not differing(store, fresh, "ada")


def test_a_folder_that_the_store_does_not_know_is_left_to_replay(old, days):
    (kept,) = supersede([old, days[2]], MODE, CONSTANTS)
    assert kept.changed and "ada-3 is not in the store" in kept.notices[0] and len(points(old)) == 2
    with LocalStore.open(old) as store:
        tags = len(store.events("ada"))
        run_archive(store, from_path(days[2]), MODE, CONSTANTS)
        assert len(store.events("ada")) == tags + 1
    assert [row.changed for row in supersede([old], MODE, OTHER)] == [True] and all(points(old).values())


def test_two_who_read_again_at_once_do_not_undo_each_other(old, monkeypatch):
    before = points(old)
    with LocalStore.open(old) as store:
        now = store.current_analysis("ada")
    with patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER):
        assert MODE.analysis(CONSTANTS) == now

    def another():
        with patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER):
            assert [kept.changed for kept in supersede([old], MODE, CONSTANTS)] == [False]

    just_before_the_switch(monkeypatch, another)
    assert [kept.changed for kept in supersede([old], MODE, CONSTANTS)] == [True]
    assert points(old).keys() == before.keys() and all(points(old).values())


def test_a_reading_that_does_not_lie_there_whole_takes_no_place(old, monkeypatch):
    before = points(old)

    def meddle():
        with LocalStore.open(old) as store, store.transaction() as write:
            write.forget_superseded("ada")

    just_before_the_switch(monkeypatch, meddle)
    (kept,) = supersede([old], MODE, CONSTANTS)
    assert "another program" in kept.what and points(old) == before
    assert [kept.changed for kept in supersede([old], MODE, CONSTANTS)] == [True] and all(points(old).values())


def test_what_an_interrupted_reading_laid_there_is_no_part_of_the_next(old):
    with LocalStore.open(old) as store:
        (unit, _) = store.units("ada")
        grid = store.recording_grid(unit)
        with store.transaction() as write:
            write.put_grid(unit, MODE.analysis(CONSTANTS), replace(grid.take(np.arange(9)), stop_ns=grid.stop_ns[-1] + grid.stop_ns[1:10] - grid.stop_ns[0]))
    assert [kept.changed for kept in supersede([old], MODE, CONSTANTS)] == [True]
    with LocalStore.open(old) as store:
        assert store.recording_grid(unit).stop_ns[-1] <= grid.stop_ns[-1]


def test_a_device_that_is_first_worn_meanwhile_is_in_the_next_reading(old, days, tmp_path, monkeypatch):
    second = folder(tmp_path / "second", meta={"device": "second", "start": "2026-03-05T09:00:00+01:00"}, rr=(days[0] / "rr.csv").read_text())

    def worn():
        with patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER), LocalStore.open(old) as store:
            run_archive(store, from_path(second), MODE, CONSTANTS)

    just_before_the_switch(monkeypatch, worn)
    (kept,) = supersede([old], MODE, CONSTANTS)
    assert "meanwhile" in kept.what and kept.next_step == "run the same command again" and not kept.changed
    assert [row.changed for row in supersede([old], MODE, CONSTANTS)] == [True]
    assert len(points(old)) == 3 and all(points(old).values())


def test_who_asked_before_the_switch_and_writes_after_it_is_refused(old, days):
    with LocalStore.open(old) as store, patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER):
        run = Run(store, from_path(days[2]), MODE, CONSTANTS)
    with LocalStore.open(old) as store:
        supersede([old], MODE, CONSTANTS)
        run._store = store
        with pytest.raises(UsageError):
            run.begin()
        assert len(store.recordings("ada")) == 2


def worn_live(path, unit, rows, *, ended):
    """What came of a strap so far, kept and read; the program that did so is then killed, unless the recording has ended."""
    clocker = Clocker(unit, frozenset({Stream.RR}), tz="UTC")

    async def wear(store):
        live = open_live(store, from_clocker(clocker, start_ns=rows[0].t_utc_ns, tz="UTC", meta=LIVE), clocker, MODE, CONSTANTS, Hub())
        await live.take(live.tape.catch_up())
        for k in range(0, len(rows), 60):
            with store.transaction() as write:
                write.put_raw(unit, [to_keep(row) for row in rows[k : k + 60]])
            await live.take(live.tape.catch_up())
        if ended:
            await live.finish()

    with patch("somalink.domain.constants.ALGORITHM_VERSION", EARLIER), LocalStore.open(path) as store:
        asyncio.run(wear(store))


def test_a_recording_that_went_on_after_an_interruption_is_read_whole(tmp_path, monkeypatch):
    path, unit = tmp_path / "worn.db", Unit("ada", "fake-strap", "live-1")
    rows = list(FakeStrap(heart(14), jitter_s=0.2, start_ns=1_772_352_000 * 10**9).rows())
    worn_live(path, unit, rows[: len(rows) // 2], ended=False)
    with monkeypatch.context() as patched:
        patched.setattr(superseding, "_switch", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            supersede([path], MODE, CONSTANTS)
    worn_live(path, unit, rows[len(rows) // 2 :], ended=True)
    with LocalStore.open(path) as store:
        before = (len(store.recording_beats(unit)), len(store.recording_grid(unit)))
    (kept,) = supersede([path], MODE, CONSTANTS)
    with LocalStore.open(path) as store:
        assert kept.changed and (len(store.recording_beats(unit)), len(store.recording_grid(unit))) == before


def test_of_an_ecg_is_spoken_only_where_there_is_one(old):
    with LocalStore.open(old) as store:
        unit = store.units("ada")[0]
        beats = store.recording_beats(unit)
        with pytest.raises(StoreError, match="were read otherwise") as refused:
            superseding._differing(beats, beats.take(np.arange(10)), store, unit)
        assert "ECG" not in refused.value.what


def test_one_who_cannot_be_read_again_stops_nobody(days, tmp_path):
    watch = folder(tmp_path / "watch", meta={"tier": "D", "person": "abe"}, hr="t_s,hr_bpm\n" + "".join(f"{k},{70 + k % 3}\n" for k in range(900)))
    path = replayed(tmp_path / "both.db", [watch, days[0]], version=EARLIER)
    abe, ada = supersede([path], MODE, CONSTANTS)
    assert (abe.person, abe.changed, ada.person, ada.changed, ada.what) == ("abe", False, "ada", True, "")
    assert "heart rate is not kept" in abe.what and "--store" in abe.next_step
    assert [kept.changed for kept in supersede([path, watch], MODE, CONSTANTS)] == [True, False]


@pytest.mark.slow
def test_panels_are_made_anew_with_the_columns_they_had(days, tmp_path):
    path = replayed(tmp_path / "panels.db", days[:1], version=EARLIER)
    with LocalStore.open(path) as store:
        (unit,) = store.units("ada")
        windows = list(hrv_panel.windows(store.recording_beats(unit)))[1:3]
        rows = [hrv_panel.panel(window, nonlinear=deep) for window, deep in zip(windows, (True, False), strict=True)]
        stale = [HrvRow(row.start_ns, row.stop_ns, row.n_beats, row.artefact, row.reason, row.columns | {"HRV_LF": 1.0}) for row in rows]
        with store.transaction() as write:
            write.put_hrv(unit, stale)
        supersede([path], MODE, CONSTANTS)
        found = store.hrv(unit)
        assert [len(row.columns) for row in found] == [len(row.columns) for row in stale]
        assert [row.columns["HRV_LF"] for row in found] == pytest.approx([row.columns["HRV_LF"] for row in rows], rel=1e-6)
