"""What a device sends decides what its recording is; everything in it can be made again from its raw rows, whatever they are."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from again import again
from fake_strap import heart
from fast_loop import run_fast
from worn import On, Told, record, store_in

from ingest.ble.supervisor import Ask
from ingest.virtual.faults import Fault
from ingest.virtual.feed import from_ticks
from ingest.virtual.kinds import KINDS
from ingest.virtual.profile import about_of
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, Flag, Posture, Setting, Stream
from somalink.pipeline.record import Sends, opened_streams
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow

EVERYTHING = Ask()


def on(kind: str, minutes: int = 4, faults: tuple[Fault, ...] = ()) -> On:
    """A quiet heart under a device of that kind."""
    return On("ada", from_ticks(heart(minutes, bpm=66).tolist()), about_of(KINDS[kind], 1), faults, intervals=KINDS[kind].intervals)


def recorded(
    tmp_path: Path, worn: On, *, ask: Ask = EVERYTHING, meanwhile: Callable[[LocalStore, Told], Awaitable[None]] | None = None, **more: object
) -> LocalStore:
    store = store_in(tmp_path)
    scene = None if meanwhile is None else (lambda told: meanwhile(store, told))
    run_fast(record(store, [worn], ask=ask, meanwhile=scene, **more))  # type: ignore[arg-type]
    return store


def units(store: LocalStore) -> list[Unit]:
    return [found.unit for found in sorted(store.recordings("ada"), key=lambda each: each.row.start_ns)]


def reasons(store: LocalStore, unit: Unit, stream: Stream) -> set[str]:
    return {gap.reason for gap in store.recording_gaps(unit) if gap.stream is stream}


def test_a_chest_strap_with_movement_is_tier_a_and_still_at_rest_and_its_rows_make_it_again(tmp_path: Path) -> None:
    with recorded(tmp_path, on("h10", 3)) as store, LocalStore.open(tmp_path / "again.db") as other:
        (unit,) = units(store)
        assert (unit.tier, opened_streams(store, unit)) == ("A", {Stream.RR, Stream.HR, Stream.ACC})
        grid = store.recording_grid(unit)
        assert np.count_nonzero(grid.motion != UNKNOWN) > 25
        assert set(grid.motion_conf.tolist()) == {100}
        assert again(store, unit, other) == []


@pytest.mark.slow
def test_the_clock_of_a_devices_own_streams_is_in_the_record(tmp_path: Path) -> None:
    with recorded(tmp_path, on("h10", 3), ask=Ask(ecg=True)) as store:
        (unit,) = units(store)
        clocks = store.stream_clocks(unit)
        assert {clock.stream for clock in clocks} == {Stream.ACC, Stream.ECG}
        assert all(clock.error_ns < 50_000_000 for clock in clocks)
        rates = {stream: [clock.rate_mhz for clock in clocks if clock.stream is stream][-1] / 1000 for stream in (Stream.ACC, Stream.ECG)}
        assert rates == {Stream.ACC: pytest.approx(25, rel=1e-3), Stream.ECG: pytest.approx(130, rel=1e-3)}


def test_a_strap_that_refuses_its_movement_is_a_plain_strap(tmp_path: Path) -> None:
    with recorded(tmp_path, on("h10", 2, (Fault("no_stream", 0.0, 600.0),))) as store:
        (unit,) = units(store)
        assert unit.tier == "B"


@pytest.mark.slow
def test_a_strap_that_tells_of_movement_on_its_second_link_alone_begins_a_recording_of_its_own(tmp_path: Path) -> None:
    faults = (Fault("no_stream", 0.0, 55.0), Fault("drop", 60.0, 2.0))
    with recorded(tmp_path, on("h10", 4, faults)) as store:
        first, second = units(store)
        assert (first.tier, second.tier) == ("B", "A")
        assert np.count_nonzero(store.recording_grid(second).motion != UNKNOWN) > 15


@pytest.mark.slow
def test_movement_that_is_missing_on_a_second_link_is_a_gap_and_the_recording_goes_on(tmp_path: Path) -> None:
    faults = (Fault("no_stream", 55.0, 60.0), Fault("drop", 60.0, 2.0), Fault("drop", 130.0, 2.0))
    with recorded(tmp_path, on("h10", 5, faults)) as store, LocalStore.open(tmp_path / "again.db") as other:
        (unit,) = units(store)
        assert unit.tier == "A" and "disconnect" in reasons(store, unit, Stream.ACC)
        t_ns = store.recording_beats(unit).t_ns
        movement = store.recording_grid(unit).take(store.recording_grid(unit).motion != UNKNOWN).stop_ns
        assert movement[-1] > t_ns[-1] - 60 * SECOND_NS and np.diff(movement).max() > 60 * SECOND_NS
        assert np.diff(t_ns).max() < 20 * SECOND_NS, "beats came all the while"
        assert again(store, unit, other) == []


def test_an_arm_band_is_tier_c_its_intervals_are_beats_and_nothing_of_them_is_lost(tmp_path: Path) -> None:
    with recorded(tmp_path, on("verity", 3)) as store, LocalStore.open(tmp_path / "again.db") as other:
        (unit,) = units(store)
        assert (unit.tier, opened_streams(store, unit)) == ("C", {Stream.RR, Stream.HR, Stream.ACC})
        beats = store.recording_beats(unit)
        assert len(beats) > 100 and np.count_nonzero(beats.flag == Flag.OK) > 0.9 * len(beats)
        assert again(store, unit, other) == []


def test_a_movesense_is_tier_a(tmp_path: Path) -> None:
    with recorded(tmp_path, on("movesense", 2)) as store, LocalStore.open(tmp_path / "again.db") as other:
        (unit,) = units(store)
        assert unit.tier == "A" and np.count_nonzero(store.recording_grid(unit).motion != UNKNOWN) > 12
        assert again(store, unit, other) == []


def test_standing_upright_once_tells_posture_from_then_on_and_in_later_recordings(tmp_path: Path) -> None:
    async def calibrated(store: LocalStore, _told: Told) -> None:
        await asyncio.sleep(60)
        with store.transaction() as write:
            write.put_setting(Setting("ada", "upright/polar-h10-51c0ffee", upright_said(store), 1))

    def upright_said(store: LocalStore) -> str:
        """What gravity is for this sensor: an H10 that stands still."""
        from ingest.virtual.waves import standing

        x, y, z = next(standing().samples(25, 0)).values.mean(axis=0).round().astype(int).tolist()
        return f"{x} {y} {z}"

    worn = On("ada", from_ticks(heart(4, bpm=66).tolist()))
    with recorded(tmp_path, worn, meanwhile=calibrated) as store, LocalStore.open(tmp_path / "again.db") as other:
        (unit,) = units(store)
        posture = store.recording_grid(unit).posture
        assert Posture.UPRIGHT in posture.tolist() and posture[0] == Posture.UNKNOWN
        assert again(store, unit, other) == []


@pytest.mark.slow
def test_doubtful_beats_bring_half_a_minute_of_ecg_into_the_raw_rows_and_into_nothing_else(tmp_path: Path) -> None:
    ticks = heart(6, bpm=66)
    ticks[60:400:7] //= 2
    worn = On("ada", from_ticks(ticks.tolist()))
    with recorded(tmp_path, worn, ecg_check_s=30.0) as store, LocalStore.open(tmp_path / "again.db") as other:
        (unit,) = units(store)
        frames = [row for row in store.raw(unit) if row.characteristic == "fb005c82" and row.payload[0] == 0]
        assert 45 <= len(frames) <= 60, "thirty seconds of 73 samples at 130 a second"
        assert opened_streams(store, unit) == {Stream.RR, Stream.HR, Stream.ACC}
        assert again(store, unit, other) == []


def test_a_strap_that_is_asked_for_no_movement_is_asked_for_its_ecg_all_the_same(tmp_path: Path) -> None:
    ticks = heart(4, bpm=66)
    ticks[60:260:7] //= 2
    with recorded(tmp_path, On("ada", from_ticks(ticks.tolist())), ask=Ask(movement=False), ecg_check_s=10.0) as store:
        (unit,) = units(store)
        frames = [row for row in store.raw(unit) if row.characteristic == "fb005c82"]
        assert unit.tier == "B" and 15 <= len(frames) <= 20


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ((b"streams acc", "10480004"), "A"),
        ((b"streams", "10480004"), "B"),
        ((b"up", "10480004"), "B"),
        ((b"streams rr acc", "0048"), "C"),
        ((b"streams rr", None), None),
        ((b"streams acc", "0048"), None),
    ],
)
def test_what_a_link_begins_and_what_its_first_heartbeat_has_say_what_a_recording_is(said: tuple[bytes, str | None], tier: str | None) -> None:
    sends = Sends()
    sends.take(RawRow(0, "boot", 1, "somalink.link", 0, said[0]))
    if said[1] is not None:
        sends.take(RawRow(1, "boot", 1, "2a37", 1, bytes.fromhex(said[1])))
    assert sends.tier == tier
