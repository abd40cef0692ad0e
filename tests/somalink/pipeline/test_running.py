"""Straps worn, lost and found again: what reaches the store, and what is said about the rest."""

import asyncio
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from again import again
from fake_strap import heart
from fast_loop import run_fast
from reckoning import Reckoning, reckon
from worn import On, Told, every, record, store_in

from ingest.virtual.faults import Fault
from ingest.virtual.feed import from_ticks
from ingest.virtual.profile import About
from somalink.domain.errors import DeviceNotFound
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import Event, Gap, Stream
from somalink.pipeline.links import link_of
from somalink.pipeline.record import UNDECIDED, Sends
from somalink.storage.local import LocalStore

KINDS = ("drop", "silence", "refuse", "away", "late", "garbage")


def minutes(count: float, *, bpm: float = 66, seed: int = 0):
    return from_ticks(heart(count, bpm=bpm, seed=seed).tolist())


def rr_gaps(store: LocalStore, person: str = "ada") -> list[Gap]:
    return [gap for unit in store.units(person) for gap in store.recording_gaps(unit) if gap.stream is Stream.RR]


def reckoned(store: LocalStore, told: Told, person: str = "ada", strap: int = 1) -> Reckoning:
    rows = told.log.of("beat", strap)
    return reckon(store, person, [row["t"] for row in rows], [row["ticks"] for row in rows])


# ---------------------------------------------------------------- one strap


def test_a_strap_that_is_dropped_muted_refused_and_carried_away_loses_only_what_lies_in_a_gap(tmp_path: Path):
    on = On("ada", minutes(12), faults=every(100, KINDS))
    with store_in(tmp_path) as store:
        told = run_fast(record(store, [on]))
        sent, lost = told.wearings[0].beats_sent, told.wearings[0].beats - told.wearings[0].beats_sent
        totals = store.totals()
        assert lost > 20
        assert totals["beats_received"] == totals["beats_stored"] + sum(totals["beats_refused"].values())
        assert totals["beats_received"] <= sent
        held = reckoned(store, told)
        assert held.missing > 20
        assert held.unaccounted == []
        assert held.idle == []
        assert held.worst_s < 0.2
        reasons = Counter(gap.reason for gap in rr_gaps(store))
        assert reasons["disconnect"] >= 3, reasons
        assert reasons["silence"] >= 1, reasons


def test_a_strap_that_is_never_lost_leaves_no_gap_and_every_beat_is_there(tmp_path: Path):
    with store_in(tmp_path) as store:
        told = run_fast(record(store, [On("ada", minutes(10))]))
        assert rr_gaps(store) == []
        first = told.log.of("connected")[0]["t"]
        worn = [row for row in told.log.of("beat") if row["t"] > first + 3 * SECOND_NS]
        assert store.totals()["beats_stored"] >= len(worn)


def test_the_wearer_is_told_what_the_link_does_in_order(tmp_path: Path):
    on = On("ada", minutes(5), faults=[Fault("drop", at_s=60, for_s=3), Fault("silence", at_s=120, for_s=8), Fault("away", at_s=180, for_s=70)])
    with store_in(tmp_path) as store:
        told = run_fast(record(store, [on]))
        states = [link.state for link in told.links]
        assert states[:3] == ["looking", "connecting", "streaming"]
        assert states[-1] == "stopped"
        for state in ("lost", "silent", "away"):
            assert state in states
        now = link_of(store, "ada", told.links[0].device)
        assert now is not None
        assert (now.link.state, now.battery_pct, now.about["sensor_location"], now.about["manufacturer"]) == ("stopped", 87, "chest", "Polar Electro Oy")


def test_two_straps_on_two_people_are_two_records_and_one_being_lost_does_not_hold_up_the_other(tmp_path: Path):
    ben = About(name="Polar H10 0BADCAFE", serial="0BADCAFE")
    straps = [On("ada", minutes(6)), On("ben", minutes(6, bpm=90, seed=4), about=ben, faults=[Fault("away", at_s=60, for_s=200)])]
    with store_in(tmp_path) as store:
        run_fast(record(store, straps))
        assert rr_gaps(store, "ada") == []
        assert [gap.reason for gap in rr_gaps(store, "ben")] == ["disconnect"]
        assert store.people() == ["ada", "ben"]


def test_a_watch_without_intervals_is_tier_d_and_its_heart_rate_is_kept(tmp_path: Path):
    with store_in(tmp_path) as store:
        run_fast(record(store, [On("ada", minutes(5), intervals=False)]))
        (unit,) = store.units("ada")
        assert unit.tier == "D"
        grid = store.recording_grid(unit)
        assert np.count_nonzero(grid.hr > 0) > 30


def test_a_strap_and_a_watch_of_one_person_are_both_recorded(tmp_path: Path):
    watch = About(name="Forerunner 0042", serial="42")
    with store_in(tmp_path) as store:
        run_fast(record(store, [On("ada", minutes(5)), On("ada", minutes(5), about=watch, intervals=False)]))
        assert sorted(unit.tier for unit in store.units("ada")) == ["B", "D"]


def test_a_strap_that_is_never_heard_leaves_no_recording_and_is_said_to_be_away(tmp_path: Path):
    with store_in(tmp_path) as store:
        told = run_fast(record(store, [On("ada", minutes(2), looked_for="Polar H10 0BADCAFE")]))
        assert [link.state for link in told.links] == ["looking", "away", "stopped"]
        assert store.recordings() == []


def test_once_gives_up_a_strap_that_is_not_there(tmp_path: Path):
    with store_in(tmp_path) as store, pytest.raises(DeviceNotFound, match="not heard within 20 s"):
        run_fast(record(store, [On("ada", minutes(3), looked_for="Polar H10 0BADCAFE")], once_s=20))


def test_once_ends_with_its_connection(tmp_path: Path):
    with store_in(tmp_path) as store:
        told = run_fast(record(store, [On("ada", minutes(5), faults=[Fault("drop", at_s=60, for_s=3)])], once_s=20))
        assert len(told.log.of("subscribed")) == 1
        (found,) = store.recordings("ada")
        assert found.row.state == "done"


# ---------------------------------------------------------------- other hands, and crashes


def test_a_tag_from_another_terminal_is_linked_within_a_second_while_the_strap_streams(tmp_path: Path):
    async def tag(told: Told) -> None:
        await asyncio.sleep(300)
        now = told.stamps.now().t_utc_ns
        with LocalStore.open(tmp_path / "store.db") as other, other.transaction() as write:
            write.put_event(Event("5f0e3a9c-7d53-4b58-9f6e-1b1e8c1f3b7a", "ada", "conflict", now, now, now))
        await asyncio.sleep(1.2)
        seen.extend(store.links("ada"))

    seen: list[object] = []
    with store_in(tmp_path) as store:
        run_fast(record(store, [On("ada", minutes(7))], meanwhile=tag))
    assert len(seen) == 1, "the row that says: none"


@pytest.mark.parametrize("seconds", [7.3, 61.0, 340.5])
def test_a_program_that_was_killed_goes_on_with_the_same_recording_and_final_records_are_those_of_a_replay(tmp_path: Path, seconds: float):
    on = On("ada", minutes(8), faults=[Fault("drop", at_s=200, for_s=3)])
    with store_in(tmp_path) as store:
        run_fast(killed_after(store, on, seconds))
        (left,) = store.recordings("ada")
        assert left.row.state == "running"
        beats = len(store.recording_beats(left.unit))
        run_fast(record(store, [On("ada", minutes(4))], after_s=seconds + 30))
        (found,) = store.recordings("ada")
        assert found.unit.recording == left.unit.recording
        assert found.row.state == "done"
        assert len(store.recording_beats(found.unit)) > beats
        assert "restart" in {gap.reason for gap in rr_gaps(store)}
        with LocalStore.open(tmp_path / "again.db") as other:
            assert again(store, found.unit, other) == []


def test_what_was_cut_off_long_ago_is_brought_to_its_end_and_a_new_recording_begins(tmp_path: Path):
    with store_in(tmp_path) as store:
        run_fast(killed_after(store, On("ada", minutes(5)), 100))
        run_fast(record(store, [On("ada", minutes(3))], after_s=2 * HOUR_NS / SECOND_NS))
        states = [found.row.state for found in store.recordings("ada")]
        assert states == ["done", "done"]
        first = min(store.recordings("ada"), key=lambda found: found.row.start_ns)
        with LocalStore.open(tmp_path / "again.db") as other:
            assert again(store, first.unit, other) == []


async def killed_after(store: LocalStore, on: On, seconds: float) -> None:
    """Runs and is torn down without a word: no flush, no goodbye."""
    recording = asyncio.ensure_future(record(store, [on]))
    await asyncio.sleep(seconds)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    recording.cancel()
    await asyncio.gather(recording, return_exceptions=True)


def shown(*payloads: str) -> str | None:
    sends = Sends()
    for payload in payloads:
        sends.note(bytes.fromhex(payload))
    return sends.tier


def test_it_takes_intervals_or_patience_to_know_what_a_device_is():
    plain, beat, nothing, no_skin = "0048", "10480004", "0000", "0448"
    assert shown() is None
    assert shown(*[plain] * (UNDECIDED - 1)) is None
    assert shown(*[plain] * UNDECIDED) == "D"
    assert shown(plain, beat) == "B"
    assert shown("", "") is None
    assert shown(*[nothing, no_skin] * UNDECIDED) is None, "a strap that lies on the table is no watch"
