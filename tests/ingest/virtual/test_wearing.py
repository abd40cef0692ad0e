"""A heart under a strap: what is sent, what is lost, and that the beat log tells both. On a loop whose time jumps."""

import asyncio
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import bleak
import pytest
from fast_loop import run_fast

from ingest.straps.heart_rate import decode_measurement
from ingest.virtual.backend import installed
from ingest.virtual.beatlog import BeatLog
from ingest.virtual.faults import MALFORMED, Fault
from ingest.virtual.feed import from_ticks
from ingest.virtual.profile import About
from ingest.virtual.room import room_in_process
from ingest.virtual.wearing import Wearing
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS

ADA = About(name="Polar H10 ADA")
TICKS = [900 + at % 40 for at in range(400)]

Rows = list[dict[str, Any]]
Arrived = list[tuple[float, bytes]]


def worn(tmp_path: Path, faults: list[Fault], *, speed: float = 1.0, intervals: bool = True, listen: bool = True) -> tuple[Rows, Arrived]:
    """Wear a strap from the first beat to the last, with a listener that comes back whenever it can: the log, and what arrived."""

    async def play() -> Arrived:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(100_000), room_in_process([ADA]) as room, installed(room):
            with BeatLog(tmp_path / "beats.jsonl") as log:
                heart = from_ticks(TICKS)
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


def test_the_beat_log_is_its_owners_alone(tmp_path):
    with BeatLog(tmp_path / "log"):
        assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
