"""A store's recordings read again: from bytes, from beats, and with the movement that the grid remembers."""

import asyncio

import numpy as np
import pytest
from again import compared
from analysed import CONSTANTS, differing, life, replayed
from fake_strap import FakeStrap, heart
from recording_folders import folder

from ingest.ble import notes
from ingest.clocking import Clocker, RawRow
from ingest.simulate import write_recordings
from ingest.straps import heart_rate, pmd
from ingest.straps.pmd import AccFrame
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Gate, Stream
from somalink.pipeline.analysing import Given, Job, Wish, fill
from somalink.pipeline.hub import Hub
from somalink.pipeline.intake import from_clocker
from somalink.pipeline.live import open_live, taped
from somalink.pipeline.record import LIVE
from somalink.pipeline.rereading import Bytes, Past, again, turned
from somalink.pipeline.retention import is_wave
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore

UNIT = Unit("ada", "fake-strap", "live-1")


@pytest.fixture(scope="module")
def worn_once(tmp_path_factory):
    """A store with twenty minutes of a strap that lost some of them, about a full hour."""
    start_ns = 1_772_352_000 * 10**9 + 50 * MINUTE_NS
    strap = FakeStrap(heart(20), drop=0.01, jitter_s=0.3, bunch=0.02, holes=[(300, 340), (800, 805)], reconnects=[900], start_ns=start_ns)
    clocker = Clocker(UNIT, frozenset({Stream.RR}), tz="Europe/Rome")
    intake = from_clocker(clocker, start_ns=strap.start_ns, tz="Europe/Rome", meta=LIVE)

    rows = list(strap.rows())

    async def half_minutes():
        for k in range(0, len(rows), 30):
            yield rows[k : k + 30]

    path = tmp_path_factory.mktemp("worn") / "worn.db"
    with LocalStore.open(path) as store:
        live = open_live(store, intake, clocker, Mode(), CONSTANTS, Hub())
        asyncio.run(live.follow(taped(live.tape, half_minutes())))
    return path


@pytest.fixture
def worn(worn_once, tmp_path):
    with LocalStore.open(worn_once) as store:
        store.copy_to(tmp_path / "worn.db")
    return tmp_path / "worn.db"


def read_again(path, place, person="ada"):
    made = LocalStore.open(place)
    fill(made, Job(person, person, (Given(path, is_store=True),), Wish(CONSTANTS, Mode()), place.parent))
    return made


def test_what_a_strap_sent_reads_again_bit_for_bit(worn, tmp_path):
    with LocalStore.open(worn) as store, read_again(worn, tmp_path / "again.db") as made:
        assert not [name for name, same in compared(store, made, UNIT).items() if not same]
        assert store.recording(UNIT) == made.recording(UNIT)


def test_bytes_that_are_forgotten_leave_the_beats_to_read_from(worn, tmp_path):
    with LocalStore.open(worn) as store:
        first = store.raw_hours(UNIT, 1 << 62)[0]
        store.compact((first + 9) * HOUR_NS)
        store.forget_raw(UNIT, first, lambda row: True)
        (found,) = store.recordings("ada")
        assert again(store, found).bytes is None
        with read_again(worn, tmp_path / "again.db") as made:
            for name, column in store.recording_beats(UNIT).arrays().items():
                assert np.array_equal(column, made.recording_beats(UNIT).arrays()[name]), name
            old, new = store.recording_grid(UNIT), made.recording_grid(UNIT)
            both = np.intersect1d(old.stop_ns, new.stop_ns)
            assert len(both) == len(old)
            assert np.array_equal(old.hr[np.isin(old.stop_ns, both)], new.hr[np.isin(new.stop_ns, both)])


def test_an_interrupted_reading_of_bytes_goes_on_where_it_was(worn, tmp_path):
    with LocalStore.open(worn) as store:
        row = store.recording(UNIT)
        whole, cut = (Bytes(store, UNIT, frozenset({Stream.RR}), row.tz) for _ in range(2))
        parts = list(whole.parts())
        told = cut.parts()
        first = [next(told)]
        on = Bytes(store, UNIT, frozenset({Stream.RR}), row.tz)
        on.restore(cut.state())
        assert len(parts) > 1 and len(first) + len(list(on.parts())) == len(parts)
        assert on.state() == whole.state()


def test_movement_is_read_from_the_grid_where_its_samples_are_gone(tmp_path):
    kept = replayed(tmp_path / "kept.db", life(tmp_path / "ada", minutes=45))
    with LocalStore.open(kept) as store, read_again(kept, tmp_path / "again.db") as made:
        for unit in store.units("ada"):
            old, new = store.recording_grid(unit), made.recording_grid(unit)
            assert {int(gate) for gate in old.gate} >= {Gate.STILL, Gate.MOVING, Gate.POSTURE} and (old.motion != UNKNOWN).any()
            assert not [name for name, column in old.arrays().items() if not np.array_equal(column, new.arrays()[name])]


def test_a_watch_that_told_a_heart_rate_alone_needs_its_folder(tmp_path):
    watch = folder(tmp_path / "watch", meta={"tier": "D"}, hr="t_s,hr_bpm\n" + "".join(f"{k},{70 + k % 3}\n" for k in range(900)))
    kept = replayed(tmp_path / "kept.db", [watch])
    with LocalStore.open(kept) as store:
        (found,) = store.recordings("ada")
        with pytest.raises(BadInput, match="heart rate") as refused:
            again(store, found)
        assert "FOLDER" in refused.value.next_step
    with LocalStore.open(tmp_path / "again.db") as made:
        job = Job("ada", "ada", (Given(kept, is_store=True), Given(watch)), Wish(CONSTANTS, Mode()), tmp_path)
        assert fill(made, job).hours == pytest.approx(0.25, abs=0.01)


def watch(minutes: int, rr_from_s: int):
    """Notifications of a watch that says a heart rate every other second, and intervals only from a time on."""
    start_ns, mono_ns = 1_772_352_000 * 10**9 + 50 * MINUTE_NS, 5_000 * 10**9

    def row(second, characteristic, payload):
        return RawRow("ada", "w", 1, characteristic, mono_ns + second * 10**9, "boot", start_ns + second * 10**9, payload)

    yield row(0, notes.CHARACTERISTIC, notes.note(notes.UP))
    for second in range(1, minutes * 60):
        if second >= rr_from_s:
            yield row(second, heart_rate.CHARACTERISTIC, bytes((16, 60)) + (1024 + second % 7).to_bytes(2, "little"))
        elif second % 2:
            yield row(second, heart_rate.CHARACTERISTIC, bytes((0, 60 + second % 5)))


@pytest.mark.parametrize(("minutes", "rr_from_s", "streams"), [(20, 10**9, {Stream.HR}), (85, 80 * 60, {Stream.HR, Stream.RR})])
def test_a_heart_rate_whose_bytes_are_gone_is_not_taken_for_one_that_never_was(tmp_path, minutes, rr_from_s, streams):
    unit, rows = Unit("ada", "w", "live-3", "D"), list(watch(minutes, rr_from_s))
    clocker = Clocker(unit, frozenset(streams))

    async def half_hours():
        for k in range(0, len(rows), 900):
            yield rows[k : k + 900]

    with LocalStore.open(tmp_path / "worn.db") as store:
        live = open_live(store, from_clocker(clocker, start_ns=rows[0].t_utc_ns, meta=LIVE), clocker, Mode(), CONSTANTS, Hub())
        asyncio.run(live.follow(taped(live.tape, half_hours())))
        (found,) = store.recordings("ada")
        assert again(store, found).bytes is not None
        store.compact(rows[-1].t_utc_ns + 9 * HOUR_NS)
        assert store.forget_raw(unit, store.raw_hours(unit, 1 << 62)[0], lambda row: True)
        with pytest.raises(BadInput, match="heart rate is not kept"):
            again(store, found)


def test_the_days_of_a_recording_are_looked_up_once(tmp_path, monkeypatch):
    kept = replayed(tmp_path / "kept.db", life(tmp_path / "ada", days=1, minutes=15))
    with LocalStore.open(kept) as store:
        (unit,) = store.units("ada")
        past = Past.of(store, unit, frozenset({Stream.STEPS}))
        monkeypatch.setattr(store, "days", lambda _: pytest.fail("looked up again"))
        (first, *_, last) = store.recording_grid(unit).stop_ns.tolist()
        assert sum(len(item.stop_ns) for a in range(first - 1, last, HOUR_NS) for item in past.moved(a, a + HOUR_NS)) == len(store.recording_grid(unit))


@pytest.mark.slow
def test_days_of_a_simulated_wearer_read_again_bit_for_bit(tmp_path):
    folders = write_recordings(tmp_path / "days", "ada", 1_772_352_000 * 10**9, 2, 4)
    kept = replayed(tmp_path / "kept.db", folders)
    with LocalStore.open(kept) as store, read_again(kept, tmp_path / "again.db") as made:
        assert not differing(store, made, "ada")


def test_no_turn_is_seen_where_the_gate_said_nothing_of_one(tmp_path):
    kept = replayed(tmp_path / "kept.db", life(tmp_path / "ada", days=1, minutes=15))
    with LocalStore.open(kept) as store:
        (unit,) = store.units("ada")
        grid = store.recording_grid(unit)
        assert not turned(grid.take(grid.gate != Gate.POSTURE)).any()


def chest(minutes: int):
    """Notifications of a strap with an accelerometer: a heartbeat and a second of movement a second, walking in the middle."""
    rng = np.random.default_rng(5)
    start_ns, mono_ns = 1_772_352_000 * 10**9, 5_000 * 10**9

    def row(at_ns, k, characteristic, payload):
        return RawRow("ada", "h10", 1, characteristic, mono_ns + at_ns + k, "boot", start_ns + at_ns + k, payload)

    yield row(0, 0, notes.CHARACTERISTIC, notes.note(notes.UP))
    yield row(0, 1, notes.CHARACTERISTIC, notes.note(notes.STREAMS, "acc"))
    for second in range(1, minutes * 60):
        at_ns = second * 10**9
        size = 200 if minutes * 20 < second < minutes * 40 else 3
        xyz = np.rint(rng.normal((0, 0, 1000), size, (25, 3))).astype(int)
        yield row(at_ns, 0, heart_rate.CHARACTERISTIC, bytes((16, 60)) + int(1024 + rng.normal(0, 15)).to_bytes(2, "little"))
        yield row(at_ns, 1, pmd.CHARACTERISTIC, pmd.encode_acc(AccFrame(mono_ns + at_ns, xyz)))


def test_where_waves_are_forgotten_a_chests_movement_is_what_was_known_of_it(tmp_path):
    unit, streams = Unit("ada", "h10", "live-2", "A"), frozenset({Stream.RR, Stream.HR, Stream.ACC})
    rows = list(chest(12))
    clocker = Clocker(unit, streams)

    async def half_minutes():
        for k in range(0, len(rows), 60):
            yield rows[k : k + 60]

    with LocalStore.open(tmp_path / "worn.db") as store:
        live = open_live(store, from_clocker(clocker, start_ns=rows[0].t_utc_ns, meta=LIVE), clocker, Mode(), CONSTANTS, Hub())
        asyncio.run(live.follow(taped(live.tape, half_minutes())))
        old = store.recording_grid(unit)
        assert {int(gate) for gate in old.gate} >= {Gate.STILL, Gate.MOVING} and (old.motion != UNKNOWN).mean() > 0.8
        store.compact(rows[-1].t_utc_ns + 9 * HOUR_NS)
        assert sum(store.forget_raw(unit, hour, is_wave) for hour in store.raw_hours(unit, 1 << 62)) > 600
        (found,) = store.recordings("ada")
        assert again(store, found).bytes is not None
    with read_again(tmp_path / "worn.db", tmp_path / "again.db") as made:
        new = made.recording_grid(unit)
        known = np.isin(old.stop_ns, new.stop_ns)
        assert known.mean() > 0.95
        both = old.take(known), new.take(np.isin(new.stop_ns, old.stop_ns))
        for name in ("hr", "motion", "a30", "gate", "z"):
            assert np.array_equal(*(getattr(grid, name) for grid in both)), name
