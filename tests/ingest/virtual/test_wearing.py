"""A heart under a strap: what is sent, what is lost, and that the beat log tells both. On a loop whose time jumps."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import bleak
import numpy as np
import pytest
from fast_loop import run_fast
from worn import Log

from ingest.straps import movesense, pmd
from ingest.straps.heart_rate import decode_measurement
from ingest.straps.pmd import Measurement
from ingest.straps.pmd_control import Setting, decode_reply, get_settings, start, stop
from ingest.virtual.asking import UNSET_NS, Own
from ingest.virtual.backend import installed
from ingest.virtual.beatlog import BeatLog
from ingest.virtual.faults import MALFORMED, Fault
from ingest.virtual.feed import from_ticks
from ingest.virtual.kinds import KINDS, Kind
from ingest.virtual.profile import About, about_of
from ingest.virtual.room import room_in_process
from ingest.virtual.wearing import Wearing
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, Stream

ADA = About(name="Polar H10 ADA")
TICKS = [900 + at % 40 for at in range(400)]

Rows = list[dict[str, Any]]
Arrived = list[tuple[float, bytes]]


def worn(
    tmp_path: Path, faults: list[Fault], *, speed: float = 1.0, intervals: bool = True, listen: bool = True, ticks: Sequence[int] = TICKS
) -> tuple[Rows, Arrived]:
    """Wear a strap from the first beat to the last, with a listener that comes back whenever it can: the log, and what arrived."""

    async def play() -> Arrived:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(100_000), room_in_process([ADA]) as room, installed(room):
            with BeatLog(tmp_path / "beats.jsonl") as log:
                heart = from_ticks(ticks)
                wearing = Wearing(room.straps[0], heart, faults=faults, speed=speed, intervals=intervals, log=log, clock=lambda: round(loop.time() * SECOND_NS))
                arrived: Arrived = []
                listener = asyncio.ensure_future(faithful(arrived) if listen else asyncio.sleep(0))
                await wearing.run()
                await asyncio.sleep(0.1)
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)
        return arrived

    arrived = run_fast(play())
    return [json.loads(line) for line in (tmp_path / "beats.jsonl").read_text().splitlines()], arrived


async def faithful(arrived: Arrived) -> None:
    """Finds the strap, listens, and begins again when the link is lost."""
    loop = asyncio.get_running_loop()
    while True:
        gone = asyncio.Event()
        device = await bleak.BleakScanner.find_device_by_name(ADA.name, timeout=1)
        if device is None:
            continue
        try:
            async with bleak.BleakClient(device, lambda _client, gone=gone: gone.set(), timeout=5) as client:
                await client.start_notify("2a37", lambda _characteristic, data: arrived.append((loop.time(), bytes(data))))
                await gone.wait()
        except (bleak.BleakError, TimeoutError):
            await asyncio.sleep(0.5)


def of(rows: Rows, what: str, **more: object) -> Rows:
    return [row for row in rows if row["what"] == what and all(row.get(key) == value for key, value in more.items())]


def span(rows: Rows, kind: str) -> tuple[int, int]:
    """When a fault began and ended."""
    (begin,), (end,) = of(rows, "fault", kind=kind, state="begin"), of(rows, "fault", kind=kind, state="end")
    return begin["t"], end["t"]


def test_without_faults_all_that_was_sent_arrives_and_the_log_tells_every_beat_when_it_closed(tmp_path):
    rows, arrived = worn(tmp_path, [])
    assert [data.hex() for _, data in arrived] == [row["payload"] for row in of(rows, "notification")]
    beats = of(rows, "beat")
    assert [row["ticks"] for row in beats] == TICKS and [row["n"] for row in beats] == list(range(400))
    (start,) = of(rows, "start")
    assert [row["t"] - start["t"] for row in beats] == from_ticks(TICKS).closes_ns.tolist()
    of_number = {row["n"]: row for row in of(rows, "notification")}
    for row in beats[5:]:
        told = of_number[row["sent"]]
        assert row["ticks"] in decode_measurement(bytes.fromhex(told["payload"])).rr_ticks
        assert 0 <= told["t"] - row["t"] < 1.01 * SECOND_NS


def test_a_heart_nobody_listens_to_beats_on_and_all_of_it_is_lost(tmp_path):
    rows, arrived = worn(tmp_path, [], listen=False)
    assert not arrived and not of(rows, "notification")
    assert Counter(row["sent"] for row in of(rows, "beat")) == {None: 400}


def test_a_dropped_link_loses_the_beats_meanwhile_and_no_other(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("drop", 60, 3)])
    begin, end = span(rows, "drop")
    assert end - begin == pytest.approx(3 * SECOND_NS, abs=SECOND_NS / 100)
    lost = [row for row in of(rows, "beat", sent=None) if row["t"] > begin]
    assert lost and all(begin - SECOND_NS < row["t"] < end + SECOND_NS for row in lost)
    assert [row["link"] for row in of(rows, "connected")] == [1, 2]
    assert [data.hex() for _, data in arrived] == [row["payload"] for row in of(rows, "notification")]


def test_a_silence_keeps_the_link_and_says_nothing(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("silence", 60, 20)])
    begin, end = span(rows, "silence")
    assert len(of(rows, "connected")) == 1
    assert not [row for row in of(rows, "notification") if begin < row["t"] < end]
    assert max(late - early for (early, _), (late, _) in pairwise(arrived)) == pytest.approx(21, abs=0.1)


def test_a_strap_that_refuses_is_back_after_its_time(tmp_path):
    rows, _ = worn(tmp_path, [Fault("refuse", 60, 8)])
    _begin, end = span(rows, "refuse")
    assert end < of(rows, "connected")[1]["t"] < end + 3 * SECOND_NS


def test_a_strap_that_is_away_is_lost_by_timeout_and_found_again(tmp_path):
    rows, _ = worn(tmp_path, [Fault("away", 60, 15)])
    assert of(rows, "disconnected")[0]["reason"] == 0x08
    assert of(rows, "connected")[1]["t"] > span(rows, "away")[1]


def test_a_strap_taken_off_says_so_for_45_s_and_then_falls_asleep(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("strap_off", 60, 120)])
    begin, end = span(rows, "strap_off")
    said = [decode_measurement(data) for _, data in arrived]
    bare = [each for each in said if each.contact is False]
    assert 44 <= len(bare) <= 46 and all(each.bpm == 0 and not each.rr_ticks for each in bare)
    assert of(rows, "disconnected")[0]["t"] == pytest.approx(begin + 45 * SECOND_NS, abs=SECOND_NS)
    assert of(rows, "connected")[1]["t"] > end
    assert said[-1].contact is True


def test_notifications_held_back_come_in_a_bunch_and_none_is_lost(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("late", 60, 6)])
    begin, end = span(rows, "late")
    assert not [row for row in of(rows, "notification") if begin < row["t"] < end - 1]
    assert len([row for row in of(rows, "notification") if end <= row["t"] < end + SECOND_NS / 2]) >= 6
    assert not [row for row in of(rows, "beat", sent=None) if row["t"] > begin]
    ticks = [tick for _, data in arrived for tick in decode_measurement(data).rr_ticks]
    assert ticks == TICKS[-len(ticks) :]


def test_what_is_held_back_when_the_recording_ends_is_lost_and_said_so(tmp_path):
    rows, _ = worn(tmp_path, [Fault("late", 300, 3600)])
    (end,), beats = of(rows, "end"), of(rows, "beat")
    assert end["beats"] == len(beats) == 400
    # At its end the strap is itself again, and what it held goes out.
    assert end["sent"] == 400 - len(of(rows, "beat", sent=None)) and of(rows, "fault", state="end")


def test_malformed_bytes_are_sent_besides_and_cost_no_beat(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("garbage", 60), Fault("garbage", 80, payload=b"\x10"), Fault("garbage", 100, 3)])
    odd = [data for _, data in arrived if data in (MALFORMED, b"\x10")]
    assert odd == [MALFORMED, b"\x10"] + [MALFORMED] * 4
    with pytest.raises(BadFrame):
        decode_measurement(MALFORMED)
    assert not [row for row in of(rows, "beat", sent=None) if row["n"] > 5]


def test_faults_may_overlap_and_the_strap_is_itself_again_after_the_last(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("away", 60, 10), Fault("drop", 65, 20), Fault("silence", 66, 30), Fault("battery", 70, percent=9)])
    assert of(rows, "connected")[1]["t"] > span(rows, "drop")[1]
    assert [row["sent"] for row in of(rows, "beat")][-1] is not None and arrived


def test_at_speed_everything_is_faster_and_the_ticks_are_the_same(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("silence", 60, 20)], speed=10)
    begin, end = span(rows, "silence")
    assert end - begin == pytest.approx(2 * SECOND_NS, abs=SECOND_NS / 100)
    (start,), beats = of(rows, "start"), of(rows, "beat")
    assert beats[-1]["t"] - start["t"] == pytest.approx(sum(TICKS) / 1024 / 10 * SECOND_NS, rel=1e-6)
    assert decode_measurement(arrived[-1][1]).rr_ticks[-1] == TICKS[-1]


def test_a_watch_sends_rates_alone(tmp_path):
    rows, arrived = worn(tmp_path, [], intervals=False)
    said = [decode_measurement(data) for _, data in arrived]
    assert all(not each.rr_ticks and each.contact is None and each.bpm for each in said)
    assert Counter(row["sent"] for row in of(rows, "beat")) == {None: 400}


def test_every_beat_is_accounted_for_once_whatever_happens(tmp_path):
    kinds = ["drop", "silence", "refuse", "away", "late", "garbage"]
    rows, arrived = worn(tmp_path, [Fault(kind, 20 + 50 * at, 7) for at, kind in enumerate(kinds)])
    beats = of(rows, "beat")
    assert sorted(row["n"] for row in beats) == list(range(400))
    (end,) = of(rows, "end")
    received = [tick for _, data in arrived if data != MALFORMED for tick in decode_measurement(data).rr_ticks]
    assert end["beats"] == 400 and end["sent"] == len([row for row in beats if row["sent"]]) == len(received)


# ---------------------------------------------------------------- streams


@dataclass
class Listening:
    """Whoever asks a device for its streams: what was answered, and every frame with the loop's time of its arrival."""

    client: bleak.BleakClient
    own: Own
    rows: Rows
    answers: list[bytes] = field(default_factory=list)
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    rates: list[bytes] = field(default_factory=list)

    async def begin(self) -> None:
        loop = asyncio.get_running_loop()

        def came(_characteristic: object, data: bytearray) -> None:
            (self.answers if not self.own.indicates and data[0] == 1 else self.frames).append((loop.time(), bytes(data)))  # type: ignore[arg-type]

        await self.client.start_notify("2a37", lambda _, data: self.rates.append(bytes(data)))
        await self.client.start_notify(self.own.data, came)
        if self.own.indicates:
            await self.client.start_notify(self.own.control, lambda _, data: self.answers.append(bytes(data)))

    async def ask(self, payload: bytes) -> bytes | None:
        """The answer, if there is one within a second."""
        count = len(self.answers)
        await self.client.write_gatt_char(self.own.control, payload, response=True)
        await asyncio.sleep(1)
        return self.answers[-1] if len(self.answers) > count else None


def streaming(kind: Kind, scene: Callable[[Listening, Wearing], Awaitable[None]], *, faults: Sequence[Fault] = (), speed: float = 1.0, **about: float) -> None:
    """A device of this kind worn by a steady heart, and somebody who listens to its heart rate and asks for its streams."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        said = replace(about_of(kind, 1), **about)
        async with asyncio.timeout(100_000), room_in_process([said]) as room, installed(room):
            log = Log()
            wearing = Wearing(room.straps[0], from_ticks(TICKS), faults=faults, speed=speed, log=log, clock=lambda: round(loop.time() * SECOND_NS))
            worn = asyncio.ensure_future(wearing.run())
            device = await bleak.BleakScanner.find_device_by_name(said.name, timeout=5)
            async with bleak.BleakClient(device) as client:
                assert kind.own is not None
                listening = Listening(client, kind.own, log.rows)
                await listening.begin()
                await scene(listening, wearing)
            worn.cancel()
            await asyncio.gather(worn, return_exceptions=True)
            assert worn.cancelled() or worn.exception() is None
            beats = of(log.rows, "beat")
            assert sorted(row["n"] for row in beats) == list(range(len(beats))), "every beat is accounted for once"

    run_fast(play())


START_ACC = start(Measurement.ACC, {Setting.SAMPLE_RATE: (25,), Setting.RESOLUTION: (16,), Setting.RANGE: (4,)})
START_ECG = start(Measurement.ECG, {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)})
START_PPI = start(Measurement.PPI, {})


def test_an_h10_tells_its_settings_and_streams_what_is_felt_at_its_rate_by_its_own_clock():
    async def scene(heard: Listening, wearing: Wearing) -> None:
        assert bytes(await heard.client.read_gatt_char(heard.own.control)).startswith(b"\x0f\x05")
        offered = decode_reply(await heard.ask(get_settings(Measurement.ACC))).settings
        assert offered[Setting.SAMPLE_RATE] == (25, 50, 100, 200)
        assert decode_reply(await heard.ask(START_ECG)).ok
        assert decode_reply(await heard.ask(START_ACC)).ok
        await asyncio.sleep(60)
        assert not decode_reply(await heard.ask(START_ACC)).ok
        assert decode_reply(await heard.ask(stop(Measurement.ACC))).ok
        await asyncio.sleep(2)
        told = [(at, *pmd.decode(payload)) for at, payload in heard.frames]
        for stream, rate_hz in ((Stream.ECG, 130), (Stream.ACC, 25)):
            mine = [(at, frame) for at, frame in told if frame.stream is stream]
            values = np.concatenate([frame.values for _, frame in mine])
            stamps = [frame.sensor_ns for _, frame in mine]
            first_ns = stamps[0] - UNSET_NS - round((len(mine[0][1].values) - 1) * SECOND_NS / rate_hz)
            fed = next(wearing._waves[stream].samples(rate_hz, first_ns)).values
            assert np.array_equal(values[: len(fed)], fed)
            assert np.diff(stamps) == pytest.approx([len(frame.values) * SECOND_NS / rate_hz for _, frame in mine[1:]], abs=2)
            # The frame is sent when its last sample was taken.
            assert {round(at - (stamp - UNSET_NS) / SECOND_NS, 3) for (at, _), stamp in zip(mine, stamps, strict=True)} == {1000.0}
            logged = of(heard.rows, "frame", stream=stream.value)
            assert [row["sensor_ns"] for row in logged] == stamps and [row["at"] for row in logged] == [row["t"] for row in logged]
        assert {frame.stream for at, frame in told if at > told[-1][0] - 1.5} == {Stream.ECG}
        assert len(heard.rates) >= 60

    streaming(KINDS["h10"], scene)


def test_streams_end_with_the_link_and_can_be_started_on_the_next_one():
    async def scene(heard: Listening, wearing: Wearing) -> None:
        await heard.ask(START_ACC)
        await asyncio.sleep(5)
        await heard.client.disconnect()
        await asyncio.sleep(5)
        sent = wearing.frames
        await asyncio.sleep(5)
        assert sent == wearing.frames > 0
        await heard.client.connect()
        await heard.begin()
        assert decode_reply(await heard.ask(START_ACC)).ok
        await asyncio.sleep(3)
        assert wearing.frames > sent and of(heard.rows, "frame")[-1]["link"] == 2

    streaming(KINDS["h10"], scene)


def test_a_clock_that_is_fast_and_a_rate_that_is_off_are_seen_in_the_stamps_alone():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(START_ECG)
        await asyncio.sleep(100)
        frames = [(at, *pmd.decode(payload)) for at, payload in heard.frames]
        (first_s, first), (last_s, last) = frames[0], frames[-1]
        passed_ns = last.sensor_ns - first.sensor_ns
        assert passed_ns / SECOND_NS / (last_s - first_s) == pytest.approx(1.0001, abs=1e-6)
        assert (len(frames) - 1) * 73 / (last_s - first_s) == pytest.approx(130 * 1.01, rel=1e-6)

    streaming(KINDS["h10"], scene, skew_ppm=100.0, rate_error=0.01)


def test_at_speed_streams_keep_their_rate_on_the_straps_own_clock():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(START_ACC)
        await asyncio.sleep(10)
        stamps = [pmd.decode(payload)[0].sensor_ns for _, payload in heard.frames]
        assert len(stamps) * 36 / 25 == pytest.approx(11 * 20, abs=3)
        assert np.diff(stamps) == pytest.approx(36 * SECOND_NS / 25, abs=2)

    streaming(KINDS["h10"], scene, speed=20)


def test_an_optical_polar_tells_intervals_in_batches_after_a_while_and_each_beat_of_them_once():
    async def scene(heard: Listening, wearing: Wearing) -> None:
        begun = asyncio.get_running_loop().time()
        assert decode_reply(await heard.ask(START_PPI)).ok
        before = len(heard.rates)
        await asyncio.sleep(99)
        assert [round(at - begun) for at, _ in heard.frames] == [*range(25, 101, 5)][: len(heard.frames)]
        assert len(heard.rates) - before == pytest.approx(20 + 80 / 5, abs=2), "its rate is renewed with each batch"
        ticks = [tick for _, payload in heard.frames for tick in pmd.decode(payload)[0].values.tolist()]
        sent = [row["ticks"] for row in of(heard.rows, "beat") if row["sent"]]
        assert len(ticks) > 70 and max(abs(a - b) for a, b in zip(ticks, sent, strict=True)) <= 1
        assert all(not decode_measurement(data).rr_ticks for data in heard.rates)
        assert decode_reply(await heard.ask(stop(Measurement.PPI))).ok

    streaming(KINDS["verity"], scene)


def test_a_stream_that_is_stopped_before_its_start_was_answered_does_not_run():
    async def scene(heard: Listening, wearing: Wearing) -> None:
        await asyncio.gather(*(heard.client.write_gatt_char(heard.own.control, each, response=True) for each in (START_ACC, stop(Measurement.ACC))))
        await asyncio.sleep(10)
        assert [decode_reply(answer).ok for answer in heard.answers] == [True, True]
        assert wearing.frames == 0

    streaming(KINDS["h10"], scene)


def test_an_optical_polars_accelerometer_comes_compressed():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        wanted = {Setting.SAMPLE_RATE: (52,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,), Setting.CHANNELS: (3,)}
        assert decode_reply(await heard.ask(start(Measurement.ACC, wanted))).ok
        await asyncio.sleep(10)
        frames = [pmd.decode(payload)[0] for _, payload in heard.frames]
        felt_g = np.linalg.norm(np.concatenate([frame.values for frame in frames]) / 1e5, axis=1)
        assert len(felt_g) > 500 and np.abs(felt_g - 1).max() < 0.02

    streaming(KINDS["verity"], scene)


def test_a_movesense_streams_what_is_felt_beside_heartbeats_with_intervals():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(movesense.subscribe(Stream.ACC, 26))
        await heard.ask(movesense.subscribe(Stream.ECG, 125))
        await asyncio.sleep(20)
        frames = [frame for _, payload in heard.frames for frame in movesense.decode(payload)]
        counts = {stream: sum(len(frame.values) for frame in frames if frame.stream is stream) for stream in (Stream.ACC, Stream.ECG)}
        assert counts[Stream.ACC] == pytest.approx(26 * 22, abs=26) and counts[Stream.ECG] == pytest.approx(125 * 21, abs=30)
        assert any(decode_measurement(data).rr_ticks for data in heard.rates)

    streaming(KINDS["movesense"], scene)


def test_what_was_written_before_it_is_worn_is_not_answered_and_a_watch_has_nothing_to_ask():
    assert KINDS["watch"].own is None and KINDS["h9"].own is None

    async def play() -> None:
        async with room_in_process([about_of(KINDS["h10"], 1), about_of(KINDS["watch"], 2)]) as room, installed(room):
            h10, watch = (Wearing(strap, from_ticks(TICKS)) for strap in room.straps)
            assert (sorted(h10.made), watch.made) == (["acc", "ecg"], [])
            device = await bleak.BleakScanner.find_device_by_name(h10.strap.about.name, timeout=5)
            async with bleak.BleakClient(device) as client:
                heard = Listening(client, KINDS["h10"].own, [])
                await heard.begin()
                assert await heard.ask(START_ACC) is None

    run_fast(play())


# ---------------------------------------------------------------- what goes wrong with them


def test_a_refused_stream_is_said_so_and_heartbeats_go_on():
    async def scene(heard: Listening, wearing: Wearing) -> None:
        assert decode_reply(await heard.ask(START_ACC)).word == "invalid_state"
        await asyncio.sleep(30)
        assert wearing.frames == 0 and len(heard.rates) > 25
        assert decode_reply(await heard.ask(START_ACC)).ok

    streaming(KINDS["h10"], scene, faults=[Fault("no_stream", 0, 20)])


def test_streams_that_stop_come_again_by_themselves_and_their_clock_went_on():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(START_ACC)
        await asyncio.sleep(120)
        gaps = [(at, late - at) for (at, _), (late, _) in pairwise(heard.frames)]
        begun_s, longest = max(gaps, key=lambda gap: gap[1])
        assert 20 < longest < 23 and 1058 < begun_s < 1061
        stamps = [pmd.decode(payload)[0].sensor_ns for _, payload in heard.frames]
        assert np.diff(stamps).max() == pytest.approx(longest * SECOND_NS, abs=2)
        assert len(heard.rates) >= 119

    streaming(KINDS["h10"], scene, faults=[Fault("stream_stops", 60, 20)])


def test_a_control_point_that_does_not_answer_does_nothing_either():
    async def scene(heard: Listening, wearing: Wearing) -> None:
        assert await heard.ask(START_ACC) is None
        await asyncio.sleep(20)
        assert wearing.frames == 0
        assert decode_reply(await heard.ask(START_ACC)).ok

    streaming(KINDS["h10"], scene, faults=[Fault("no_reply", 0, 15)])


@pytest.mark.parametrize("by_s", [-3600.0, 86_400.5])
def test_a_clock_that_is_set_jumps_and_the_samples_go_on(by_s):
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(START_ACC)
        await asyncio.sleep(60)
        stamps = np.array([pmd.decode(payload)[0].sensor_ns for _, payload in heard.frames])
        steps = np.diff(stamps) / SECOND_NS - 1.44
        assert sorted(np.round(steps, 6))[:: len(steps) - 1] == sorted((0.0, by_s))
        assert np.count_nonzero(np.abs(steps) > 1e-6) == 1

    streaming(KINDS["h10"], scene, faults=[Fault("clock_jump", 30, by_s=by_s)])


def test_a_frozen_rate_stays_what_it_was_and_its_intervals_are_marked_as_disturbed():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(START_PPI)
        await asyncio.sleep(200)
        marks = {at: set(pmd.decode(payload)[0].flags.tolist()) for at, payload in heard.frames}
        assert all(mark == {Flag.UNTRUSTED} for at, mark in marks.items() if 1066 < at < 1120)
        assert all(mark == {Flag.OK} for at, mark in marks.items() if not 1060 < at < 1126)
        assert len(marks) > 20

    streaming(KINDS["verity"], scene, faults=[Fault("frozen", 60, 60)])


def test_a_watch_whose_rate_freezes_repeats_it(tmp_path):
    rows, arrived = worn(tmp_path, [Fault("frozen", 60, 40)], intervals=False, ticks=[900 + 3 * at % 400 for at in range(400)])
    begin, end = span(rows, "frozen")
    told = [(at * SECOND_NS, decode_measurement(data).bpm) for at, data in arrived]
    assert len({bpm for at, bpm in told if begin < at < end}) == 1
    assert len({bpm for at, bpm in told if at < begin}) > 3 and len({bpm for at, bpm in told if at > end + SECOND_NS}) > 3


def test_streams_stay_silent_when_all_is_silent_and_what_is_late_comes_in_a_bunch_with_the_stamps_of_its_time():
    async def scene(heard: Listening, _wearing: Wearing) -> None:
        await heard.ask(START_ACC)
        await asyncio.sleep(80)
        assert not [at for at, _ in heard.frames if 1020.1 < at < 1030]
        bunch = [pmd.decode(payload)[0].sensor_ns for at, payload in heard.frames if 1050 <= at < 1050.5]
        assert len(bunch) >= 6 and np.diff(bunch) == pytest.approx(1.44 * SECOND_NS, abs=2)

    streaming(KINDS["h10"], scene, faults=[Fault("silence", 20, 10), Fault("late", 40, 10)])


def test_the_beat_log_is_its_owners_alone(tmp_path):
    with BeatLog(tmp_path / "log"):
        assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
