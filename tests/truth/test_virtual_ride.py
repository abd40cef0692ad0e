"""A real ride worn by a virtual H10: what goes over GATT is what was recorded. This tells of the way, and of nothing else."""

import asyncio
import gzip
import time
from collections.abc import Callable
from pathlib import Path

import bleak
import numpy as np
import pytest
from ecg_traces import ride_frames, ride_reference
from fast_loop import run_fast
from real import table
from recording_folders import folder

from ingest.recording import read_meta
from ingest.straps.heart_rate import decode_measurement
from ingest.straps.pmd import Measurement, decode
from ingest.straps.pmd_control import Setting, start
from ingest.virtual.asking import UNSET_NS
from ingest.virtual.backend import installed
from ingest.virtual.feed import Heart, from_path
from ingest.virtual.profile import About
from ingest.virtual.room import room_in_process
from ingest.virtual.waves import standing, waves_of
from ingest.virtual.wearing import Wearing
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

pytestmark = pytest.mark.truth
START_ECG = start(Measurement.ECG, {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)})
START_ACC = start(Measurement.ACC, {Setting.SAMPLE_RATE: (50,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,)})
FRAME = 73
REFERENCE_BEGINS_S, LAST_S = 261, 1790
"""By the set's README; and where the half-hour of frames ends."""
Heard = dict[str, list[tuple[float, bytes]]]


def heard_of(path: Path, *, speed: float) -> tuple[Heart, Heard]:
    """Everything that an H10 which wears this recording sends over its three services, with the loop's time of each arrival."""
    heart = from_path(path)

    async def play() -> Heard:
        loop = asyncio.get_running_loop()
        got: Heard = {"hr": [], "data": [], "answers": []}

        def into(name: str) -> Callable[[object, bytearray], None]:
            return lambda _, payload: got[name].append((loop.time(), bytes(payload)))

        async with room_in_process([About()]) as room, installed(room):
            own = room.straps[0].about.kind.own
            device = await bleak.BleakScanner.find_device_by_name(About().name, timeout=5)
            async with bleak.BleakClient(device) as client:
                for characteristic, name in (("2a37", "hr"), (own.data, "data"), (own.control, "answers")):
                    await client.start_notify(characteristic, into(name))
                worn = asyncio.ensure_future(Wearing(room.straps[0], heart, waves=waves_of(path, heart), speed=speed).run())
                await asyncio.sleep(0)
                for request in (START_ECG, START_ACC):
                    await client.write_gatt_char(own.control, request, response=True)
                await worn
                await asyncio.sleep(0.1)
        return got

    return heart, run_fast(play())


def test_a_real_ride_arrives_sample_by_sample_at_its_own_times_beside_the_second_straps_rate(data, tmp_path, figures):
    ride = [decode(payload)[0] for payload in ride_frames(data)]
    stamps = np.array([frame.sensor_ns for frame in ride])
    uv10 = np.concatenate([frame.values for frame in ride])[FRAME - 1 :]
    t_s = np.interp(np.arange(len(uv10)), np.arange(len(ride)) * FRAME, (stamps - stamps[0]) / SECOND_NS)
    rates = ride_rates(data)
    path = folder(tmp_path / "ride", meta={"tier": "D"}, hr="t_s,hr_bpm\n" + "".join(f"{t},{bpm}\n" for t, bpm in rates))
    with gzip.open(path / "ecg.csv.gz", "wt", compresslevel=1) as file:
        file.write("t_s,ecg_uv\n" + "".join(f"{t:.7f},{value / 10:g}\n" for t, value in zip(t_s, uv10, strict=True)))

    begun = time.process_time()
    heart, got = heard_of(path, speed=100)
    took_s = time.process_time() - begun
    told = [frame for _, payload in got["data"] for frame in decode(payload)]
    ecg, acc = ([frame for frame in told if frame.stream is stream] for stream in (Stream.ECG, Stream.ACC))
    strap_s = t_s - (heart.start_ns - read_meta(path / "meta.json").start_ns) / SECOND_NS
    first = int(np.argmin(np.abs(strap_s - ((ecg[0].sensor_ns - UNSET_NS) / SECOND_NS)))) - FRAME + 1
    felt = np.concatenate([frame.values for frame in ecg])
    assert np.array_equal(felt, uv10[first : first + len(felt)])
    assert len(felt) > len(uv10[strap_s > 0]) - 20 * 130, "all but what was asked for after it had begun, and the last frame"
    shown_s = np.array([frame.sensor_ns - UNSET_NS for frame in ecg]) / SECOND_NS
    off_ns = np.abs(shown_s - strap_s[first + FRAME - 1 :: FRAME][: len(ecg)]).max() * SECOND_NS
    assert off_ns < 1000
    began_ns = acc[0].sensor_ns - UNSET_NS - (len(acc[0].values) - 1) * SECOND_NS // 50
    moved = np.concatenate([frame.values for frame in acc])
    fed = next(standing().samples(50, began_ns - 1000)).values
    assert np.array_equal(moved[: len(fed)], fed)
    shown = [decode_measurement(payload).bpm for _, payload in got["hr"]]
    assert set(shown) - {0} <= {round(bpm) for _, bpm in rates} and shown.count(0) < 0.05 * len(shown)
    rows = [("ecg", len(ecg), len(felt)), ("acc", len(acc), len(moved)), ("heart rate", len(shown), len(shown))]
    figures(table("stream notifications samples", rows))
    figures(f"{heart.length_ns / 60e9:.1f} min of a ride over GATT in {took_s:.1f} s of one core; stamps off by at most {off_ns:.0f} ns")


def ride_rates(data: Path) -> list[tuple[float, float]]:
    """(second of the ECG, bpm) of the second strap, as far as the ECG goes here; its log begins at second 261."""
    at_s, bpm = ride_reference(data)
    return [(t, rate) for t, rate in zip((at_s + REFERENCE_BEGINS_S).tolist(), bpm.tolist(), strict=True) if t < LAST_S]
