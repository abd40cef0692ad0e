"""What a device sends beside its heart rate, asked for by the real supervisor: the same scenes with a radio of this process and with BlueZ."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from fake_strap import heart
from fast_loop import run_fast
from heard import Heard, held
from worlds import BLUEZ, World, play, until
from worn import On, record

from ingest.ble.supervisor import Ask
from ingest.straps import DECODERS
from ingest.straps.heart_rate import decode_measurement
from ingest.streams import Frame
from ingest.virtual.asking import UNSET_NS
from ingest.virtual.faults import Fault
from ingest.virtual.feed import from_ticks
from ingest.virtual.kinds import KINDS
from ingest.virtual.waves import standing
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, IntArray, Stream
from somalink.storage.local import LocalStore

H10, VERITY, WATCH, MOVESENSE = (KINDS[kind] for kind in ("h10", "verity", "watch", "movesense"))
POLAR, SENSOR = "fb005c82", "34800002"
ROOM_ONLY = pytest.mark.skipif(BLUEZ, reason="real time is dear, and the radio has no part in it")


def frames(heard: Heard, characteristic: str, stream: Stream) -> list[tuple[int, Frame]]:
    """When each frame of a stream arrived, and what it says."""
    read = [(at, said) for at, payload in list(heard.own[characteristic]) for said in DECODERS[characteristic].decode(payload)]
    return [(at, said) for at, said in read if isinstance(said, Frame) and said.stream is stream]


def felt(heard: Heard, characteristic: str = POLAR) -> IntArray:
    """What the accelerometer told, as it came."""
    return np.concatenate([said.values for _, said in frames(heard, characteristic, Stream.ACC)])


def test_an_h10_tells_movement_beside_heartbeats_from_its_first_one_on_and_no_sample_is_lost() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            assert heard.notes == ["up", "streams acc"]
            await until(lambda: len(frames(heard, POLAR, Stream.ACC)) >= 5, 15, "movement")
            told = frames(heard, POLAR, Stream.ACC)
            stamps = [said.sensor_ns for _, said in told]
            assert np.diff(stamps) == pytest.approx(36 * SECOND_NS / 25, abs=2)
            fed = next(standing().samples(25, began_ns(told[0][1]))).values
            assert np.array_equal(felt(heard), fed[: len(felt(heard))])
            assert [row["sensor_ns"] for row in world.log("frame")][: len(stamps)] == stamps
            assert any(decode_measurement(payload).rr_ticks for _, payload in heard.payloads)

    play(scene, H10)


def began_ns(first: Frame) -> int:
    """Strap time of the first sample of an H10's frame: its clock began with strap time."""
    assert first.sensor_ns is not None
    return first.sensor_ns - UNSET_NS - (len(first.values) - 1) * SECOND_NS // 25


@ROOM_ONLY
@pytest.mark.parametrize("words", ["no_stream 120", "no_reply 120"])
def test_one_that_refuses_its_streams_or_does_not_answer_sends_heartbeats_all_the_same(words: str) -> None:
    async def scene(world: World) -> None:
        await world.suffer(words)
        async with held(world) as heard:
            await asyncio.sleep(3)
            assert heard.notes == ["up", "streams"]
            assert not heard.own[POLAR]
            assert heard.said["refused"] == {"acc": "invalid_state" if words.startswith("no_stream") else "no_answer"}
            assert len(heard.payloads) >= 5 and heard.seen()[-1] == "streaming"

    play(scene, H10)


def test_a_stream_that_falls_silent_costs_no_heartbeat_and_its_own_clock_tells_how_long_it_was() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            await until(lambda: len(frames(heard, POLAR, Stream.ACC)) >= 2, 15, "movement")
            before, beats = len(heard.own[POLAR]), len(heard.payloads)
            await world.suffer("stream_stops 8")
            await asyncio.sleep(9)
            await until(lambda: len(heard.own[POLAR]) >= before + 2, 10, "movement again")
            stamps = [said.sensor_ns or 0 for _, said in frames(heard, POLAR, Stream.ACC)]
            assert 7 < np.diff(stamps).max() / SECOND_NS < 12
            assert len(heard.payloads) - beats >= 8
            assert heard.notes == ["up", "streams acc"] and heard.seen()[-1] == "streaming"

    play(scene, H10)


def test_a_look_at_the_ecg_of_a_strap_that_tells_of_movement_brings_its_frames_and_ends() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            await until(lambda: len(frames(heard, POLAR, Stream.ACC)) >= 2, 15, "movement")
            assert heard.supervisor is not None
            assert await heard.supervisor.ecg_for(4) == ""
            count = len(frames(heard, POLAR, Stream.ECG))
            assert 5 <= count <= 8, "four seconds of 73 samples at 130 a second"
            await asyncio.sleep(2)
            assert len(frames(heard, POLAR, Stream.ECG)) == count
            assert heard.seen()[-1] == "streaming" and len(frames(heard, POLAR, Stream.ACC)) > 4

    play(scene, H10)


@ROOM_ONLY
def test_a_stream_that_stays_silent_is_begun_anew() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            await until(lambda: len(frames(heard, POLAR, Stream.ACC)) >= 2, 15, "movement")
            await world.suffer("stream_stops 100")
            await asyncio.sleep(99)
            count = len(heard.own[POLAR])
            await until(lambda: len(heard.own[POLAR]) > count, 10, "movement again")
            assert [payload[0] for _, payload in heard.own["fb005c81>"]].count(2) >= 2
            assert heard.seen()[-1] == "streaming"

    play(scene, H10)


def test_an_arm_bands_intervals_arrive_in_batches_and_its_movement_beside_them() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            assert heard.notes == ["up", "streams rr acc"]
            await until(lambda: len(frames(heard, POLAR, Stream.RR)) >= 2, 45, "intervals")
            ticks = [tick for _, said in frames(heard, POLAR, Stream.RR) for tick in said.values.tolist()]
            sent = [row["ticks"] for row in world.log("beat") if row["sent"]]
            assert len(ticks) >= 8 and max(abs(told - true) for told, true in zip(ticks, sent, strict=False)) <= 1
            assert all(set(said.flags.tolist()) == {Flag.OK} for _, said in frames(heard, POLAR, Stream.RR) if said.flags is not None)
            assert len(felt(heard)) > 1000 and not any(said.lsb for _, said in frames(heard, POLAR, Stream.ACC))
            assert heard.seen()[-1] == "streaming", "though its rate comes every five seconds alone"

    play(scene, VERITY)


def test_a_movesense_tells_movement_over_its_own_service() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            assert heard.notes == ["up", "streams acc"]
            await until(lambda: len(frames(heard, SENSOR, Stream.ACC)) >= 10, 15, "movement")
            assert np.linalg.norm(felt(heard, SENSOR) / 1e5, axis=1) == pytest.approx(1, abs=0.02)
            assert any(decode_measurement(payload).rr_ticks for _, payload in heard.payloads)

    play(scene, MOVESENSE)


def test_a_watch_is_asked_for_nothing_and_tells_its_rate() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            await asyncio.sleep(5)
            assert heard.notes == ["up"] and not heard.own
            said = [decode_measurement(payload) for _, payload in heard.payloads]
            assert all(each.bpm and not each.rr_ticks for each in said[1:])

    play(scene, WATCH)


@ROOM_ONLY
def test_a_stream_that_stops_is_a_gap_of_its_own_in_the_record_and_a_clock_that_is_set_is_none(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "store.db") as store:
        faults = [Fault("clock_jump", 40, by_s=-3600.0), Fault("stream_stops", 80, 20), Fault("clock_jump", 130, by_s=86_400.5)]
        told = run_fast(record(store, [On("ada", from_ticks(heart(3, bpm=66).tolist()), faults=faults)], ask=Ask()))
        (unit,) = store.units("ada")
        (gap,) = store.recording_gaps(unit)
        assert (gap.stream, gap.reason) == (Stream.ACC, "hole")
        assert (gap.stop_ns - gap.start_ns) / SECOND_NS == pytest.approx(20, abs=1.5)
        assert store.totals()["beats_received"] == told.wearings[0].beats_sent > 180
