"""A recorder keeps what it is given, whatever happens to the store, to the clock, or to what is made of it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from again import again
from fake_strap import heart
from fast_loop import LoopStamps, run_fast
from worn import On, record, store_in

from ingest.ble import notes
from ingest.ble.stamps import Stamp
from ingest.clocking import Clocker
from ingest.straps.heart_rate import CHARACTERISTIC, HeartRateMeasurement, encode_measurement
from ingest.straps.pmd import Measurement
from ingest.straps.pmd_control import SENT, Setting, start
from ingest.virtual.feed import from_ticks
from ingest.virtual.profile import About
from somalink.domain.constants import Constants
from somalink.domain.errors import DeviceNotFound, EngineLocked, StoreError
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import Stream
from somalink.pipeline.hub import Hub, Setback
from somalink.pipeline.live import Tape
from somalink.pipeline.record import Where, cut_off, opened_streams
from somalink.pipeline.recorder import Recorder
from somalink.pipeline.run import Run
from somalink.pipeline.running import finish_cut_off
from somalink.pipeline.wearing import remembered, wear
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow

ADA = wear("ada", "Polar H10 51C0FFEE", None)
BEAT = encode_measurement(HeartRateMeasurement(72, (853,)))
PLAIN = encode_measurement(HeartRateMeasurement(72))
NO_SKIN = encode_measurement(HeartRateMeasurement(0, (), contact=False))
Setbacks = list[Setback]


class Stepped(LoopStamps):
    """Clocks whose UTC may be set."""

    by_ns = 0

    def now(self) -> Stamp:
        told = super().now()
        return Stamp(told.t_mono_ns, told.t_utc_ns + self.by_ns)


ASKED = start(Measurement.ACC, {Setting.SAMPLE_RATE: (25,), Setting.RESOLUTION: (16,), Setting.RANGE: (4,)})
MOVEMENT = ((SENT, ASKED), (notes.CHARACTERISTIC, notes.note(notes.STREAMS, "acc")))
Said = Sequence[tuple[str, bytes]]


def play(store: LocalStore, payloads: list[bytes], at: dict[int, Callable[[Stepped], object]] | None = None, begun: Said = ()) -> Setbacks:
    """One notification a second to a recorder; `at` says what else happens at which second, `begun` what was said as the link began. Gives the
    setbacks that were told."""

    async def scene() -> Setbacks:
        stamps, hub = Stepped(asyncio.get_running_loop()), Hub()
        recorder, told = Recorder(ADA, Where(store, hub, Constants(), stamps, "UTC")), hub.subscribe(10_000)
        following = asyncio.ensure_future(recorder.follow())
        for kind, said in ((notes.CHARACTERISTIC, notes.note(notes.UP)), *begun):
            recorder.row(1, kind, said, stamps.now())
        for second, payload in enumerate(payloads):
            (at or {}).get(second, lambda stamps: None)(stamps)
            recorder.row(1, CHARACTERISTIC, payload, stamps.now())
            await asyncio.sleep(1)
        recorder.row(1, notes.CHARACTERISTIC, notes.note(notes.DOWN, notes.STOP), stamps.now())
        recorder.stop()
        await following
        hub.close()
        return [message async for message in told if isinstance(message, Setback)]

    return run_fast(scene())


def received(store: LocalStore) -> list[bytes]:
    return [row.payload for found in store.recordings("ada") for row in store.raw(found.unit) if row.characteristic == CHARACTERISTIC]


@contextlib.contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, kind: type, name: str, error: Exception) -> Iterator[Callable[[bool], None]]:
    """While it is switched on, that method fails."""
    works, on = getattr(kind, name), [False]

    def fails(self, *given, **named):
        if on[0]:
            raise error
        return works(self, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(kind, name, fails)
        yield lambda wanted: on.__setitem__(0, wanted)


def test_a_store_that_refuses_for_a_while_is_waited_for_and_nothing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    payloads = [BEAT] * 300
    with store_in(tmp_path) as store, failing(monkeypatch, LocalStore, "transaction", StoreError("the disk is full", next_step="make room")) as full:
        told = play(store, payloads, {100: lambda _: full(True), 160: lambda _: full(False)})
        assert received(store) == payloads
        assert {(each.what, each.next_step) for each in told} == {("the disk is full", "make room")}
        (found,) = store.recordings("ada")
        assert found.row.state == "done"
        with LocalStore.open(tmp_path / "again.db") as other:
            assert again(store, found.unit, other) == []


def test_a_store_that_never_takes_anything_again_is_said_when_the_program_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with store_in(tmp_path) as store, failing(monkeypatch, LocalStore, "transaction", StoreError("the disk is full")) as full, pytest.raises(ExceptionGroup):
        play(store, [BEAT] * 60, {30: lambda _: full(True)})


def test_a_mistake_in_what_is_made_of_the_beats_is_told_and_begun_anew_from_what_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with store_in(tmp_path) as store, failing(monkeypatch, Run, "take", RuntimeError("72 bpm at noon")) as broken:
        told = play(store, [BEAT] * 400, {120: lambda _: broken(True), 200: lambda _: broken(False)})
        assert told and all("RuntimeError" in each.what and "noon" not in each.what for each in told), "where, and never what was recorded"
        assert len(received(store)) == 400
        (found,) = store.recordings("ada")
        assert found.row.state == "done"
        with LocalStore.open(tmp_path / "again.db") as other:
            assert again(store, found.unit, other) == []


def test_what_could_not_be_made_of_the_beats_is_made_by_a_later_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with store_in(tmp_path) as store:
        with failing(monkeypatch, Run, "take", RuntimeError("a mistake of ours")) as broken:
            play(store, [BEAT] * 200, {0: lambda _: broken(True)})
        (left,) = cut_off(store)
        assert len(received(store)) == 200
        run_fast(finish(store))
        (found,) = store.recordings("ada")
        assert (found.row.state, found.unit.recording) == ("done", left.unit.recording)
        assert len(store.recording_beats(found.unit)) == 200


async def finish(store: LocalStore) -> None:
    await finish_cut_off(Where(store, Hub(), Constants(), LoopStamps(asyncio.get_running_loop()), "UTC"), cut_off(store))


def test_an_earlier_recording_that_cannot_be_ended_stays_open_and_hinders_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with store_in(tmp_path) as store:
        with failing(monkeypatch, Run, "take", RuntimeError("a mistake of ours")) as broken:
            broken(True)
            play(store, [BEAT] * 100)
            broken(True)
            run_fast(finish(store))
        assert [left.row.state for left in cut_off(store)] == ["running"]


def test_a_strap_put_on_dry_is_still_a_strap_once_it_feels_the_skin(tmp_path: Path):
    with store_in(tmp_path) as store:
        play(store, [NO_SKIN] * 100 + [BEAT] * 100)
        (found,) = store.recordings("ada")
        assert found.unit.tier == "B"
        assert len(store.recording_beats(found.unit)) == 100


def test_what_was_taken_for_a_watch_and_sends_intervals_after_all_begins_a_recording_of_its_own(tmp_path: Path):
    with store_in(tmp_path) as store:
        play(store, [PLAIN] * 100 + [BEAT] * 100)
        first, second = store.recordings("ada")
        assert (first.unit.tier, second.unit.tier) == ("D", "B")
        assert (first.row.state, second.row.state) == ("done", "done")
        assert len(store.recording_beats(second.unit)) >= 95
        assert len(received(store)) == 200


def test_where_utc_is_set_back_another_recording_begins_and_every_beat_is_kept(tmp_path: Path):
    with store_in(tmp_path) as store:
        play(store, [BEAT] * 200, {100: lambda stamps: setattr(stamps, "by_ns", -HOUR_NS)})
        earlier, later = store.recordings("ada")
        assert earlier.row.state == later.row.state == "done"
        assert later.row.start_ns - earlier.row.start_ns == pytest.approx(HOUR_NS - 100 * SECOND_NS, abs=2 * SECOND_NS)
        assert sum(len(store.recording_beats(found.unit)) for found in (earlier, later)) == 200
        assert store.totals()["beats_received"] == 200


@pytest.mark.parametrize(
    ("payloads", "at", "tiers"),
    [
        ([BEAT] * 60, {30: lambda stamps: setattr(stamps, "by_ns", -HOUR_NS)}, {"A"}),
        ([PLAIN] * 70 + [BEAT] * 20, {}, {"A", "D"}),
    ],
)
def test_a_recording_that_begins_in_the_middle_of_a_link_has_the_movement_that_the_link_brings(tmp_path: Path, payloads, at, tiers):
    with store_in(tmp_path) as store:
        play(store, payloads, at, MOVEMENT)
        earlier, later = sorted(store.recordings("ada"), key=lambda found: store.raw(found.unit)[-1].t_mono_ns)
        assert {earlier.unit.tier, later.unit.tier} == tiers and later.unit.tier == "A"
        assert [row.payload for row in store.raw(later.unit)[:3]] == [b"up", ASKED, b"streams acc"]
        assert Stream.ACC in (opened_streams(store, later.unit) or ())


def test_bytes_are_on_disk_while_something_long_is_made_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is derived waits for ever here; what is heard is kept all the same."""

    async def scene() -> None:
        stamps = LoopStamps(asyncio.get_running_loop())
        recorder = Recorder(ADA, Where(store, Hub(), Constants(), stamps, "UTC"))
        monkeypatch.setattr("somalink.pipeline.record.Record.derive", lambda self, ended=False: asyncio.sleep(1e9))
        following = asyncio.ensure_future(recorder.follow())
        for _ in range(20):
            recorder.row(1, CHARACTERISTIC, BEAT, stamps.now())
            await asyncio.sleep(1)
        assert len(received(store)) == 20
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    with store_in(tmp_path) as store:
        run_fast(scene())


def test_rows_that_arrive_while_others_are_read_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One thread keeps, another reads what is new, as fast as they can."""
    rows = [RawRow(k, "boot", 1, CHARACTERISTIC, 1_772_438_400 * SECOND_NS + k, BEAT) for k in range(1, 600)]

    def keep() -> None:
        for row in rows:
            with store.transaction() as write:
                write.put_raw(unit, [row])

    with store_in(tmp_path) as store:
        unit, read = Unit("ada", ADA.device, "run-1", "B"), []
        monkeypatch.setattr(Tape, "fold", lambda _tape, found: read.extend(row.t_mono_ns for row in found) or [])
        tape = Tape(store, Clocker(unit, frozenset()))
        keeping = threading.Thread(target=keep)
        keeping.start()
        while keeping.is_alive():
            tape.catch_up()
        tape.catch_up()
    assert read == [row.t_mono_ns for row in rows]


def test_a_strap_that_never_says_anything_is_remembered_by_two_notes_at_most(tmp_path: Path):
    async def scene() -> int:
        stamps = LoopStamps(asyncio.get_running_loop())
        recorder = Recorder(ADA, Where(store, Hub(), Constants(), stamps, "UTC"))
        following = asyncio.ensure_future(recorder.follow())
        for connection in range(1, 50):
            for said in (notes.note(notes.UP), notes.note(notes.DOWN, notes.SILENCE), notes.note(notes.STILL, notes.SILENCE)):
                recorder.row(connection, notes.CHARACTERISTIC, said, stamps.now())
                await asyncio.sleep(5)
        held = len(recorder._records[0]._held)
        recorder.stop()
        await following
        return held

    with store_in(tmp_path) as store:
        assert run_fast(scene()) <= 2
        assert store.recordings("ada") == []


def test_once_with_two_straps_the_one_that_is_heard_is_recorded_to_its_end_though_the_other_never_is(tmp_path: Path):
    ben = About(name="Polar H10 0BADCAFE", serial="0BADCAFE")
    beats = from_ticks(heart(4, bpm=66).tolist())
    straps = [On("ada", beats), On("ben", beats, about=ben, looked_for="Polar H10 00000000")]
    with store_in(tmp_path) as store:
        with pytest.raises(DeviceNotFound):
            run_fast(record(store, straps, once_s=20))
        (found,) = store.recordings("ada")
        assert found.row.state == "done"
        assert len(store.recording_beats(found.unit)) > 200


def test_a_strap_that_another_program_records_on_somebody_else_is_refused(tmp_path: Path):
    beats = from_ticks(heart(2, bpm=66).tolist())
    with store_in(tmp_path) as store, LocalStore.open(tmp_path / "store.db") as other:
        run_fast(record(store, [On("ada", beats)]))
        with other.engine_lock("ada", ADA.device), other.strap_lock(ADA.device), pytest.raises(EngineLocked, match="ada"):
            run_fast(record(store, [On("ben", beats)]))


def test_a_strap_chosen_by_its_name_is_remembered_with_the_address_it_was_met_at(tmp_path: Path):
    beats = from_ticks(heart(2, bpm=66).tolist())
    with store_in(tmp_path) as store:
        run_fast(record(store, [On("ada", beats)]))
        (known,) = remembered(store, "ada")
        assert (known.wanted.address or "").count(":") == 5
        assert known.device == ADA.device


def test_a_supervisor_that_fails_by_a_mistake_is_begun_anew_and_the_other_strap_does_not_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from ingest.ble.supervisor import Supervisor

    works, fails = Supervisor._round, iter([True, True])

    async def rounds(self):
        if self._wanted.name == "Polar H10 0BADCAFE" and next(fails, False):
            raise RuntimeError("a mistake of ours")
        await works(self)

    monkeypatch.setattr(Supervisor, "_round", rounds)
    ben = About(name="Polar H10 0BADCAFE", serial="0BADCAFE")
    beats = from_ticks(heart(3, bpm=66).tolist())
    with store_in(tmp_path) as store:
        run_fast(record(store, [On("ada", beats), On("ben", beats, about=ben)]))
        assert all(len(store.recording_beats(found.unit)) > 150 for found in store.recordings())
        assert len(store.recordings()) == 2
