"""A strap over Bluetooth, found, held, lost and found again: the same scenes with a radio of this process and with a real BlueZ."""

import asyncio
from pathlib import Path

import pytest
from heard import held, streams_again
from reckoning import reckon
from worlds import BLUEZ, World, play, until

from ingest.ble.finding import scan
from ingest.ble.states import State
from ingest.straps.heart_rate import decode_measurement
from somalink.domain.constants import Constants
from somalink.domain.types import Stream
from somalink.pipeline.hub import Hub
from somalink.pipeline.running import Air, Where, run
from somalink.pipeline.wearing import wear
from somalink.storage.local import LocalStore

ROOM_ONLY = pytest.mark.skipif(BLUEZ, reason="Linux 6.1 panics in l2cap_chan_put when links are cut while they are made")


def test_a_strap_that_is_worn_is_found_by_its_service() -> None:
    async def scene(world: World) -> None:
        (seen,) = [seen for seen in await scan(3) if seen.name == world.wanted.name]
        assert seen.heart_rate
        assert not seen.held
        assert seen.rssi is not None

    play(scene)


def test_a_strap_that_this_computer_holds_is_found_though_it_advertises_no_more() -> None:
    async def scene(world: World) -> None:
        async with held(world):
            (seen,) = [seen for seen in await scan(2) if seen.name == world.wanted.name]
            assert seen.held

    play(scene)


def test_its_heartbeats_arrive_once_a_second_and_it_says_what_it_is() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            count = len(heard.payloads)
            await asyncio.sleep(6)
            assert 5 <= len(heard.payloads) - count <= 7
            await until(lambda: bool(heard.said), 10, "what the strap says of itself")
            assert (heard.said["battery_pct"], heard.said["sensor_location"], heard.said["manufacturer"]) == (87, "chest", "Polar Electro Oy")
            sent = [bytes.fromhex(row["payload"]) for row in world.log("notification")]
            got = [payload for _, payload in heard.payloads]
            assert got == sent[sent.index(got[0]) :][: len(got)]
            assert any(decode_measurement(payload).rr_ticks for payload in got)

    play(scene)


@pytest.mark.parametrize(("words", "state"), [("drop 2", "lost"), ("silence 9", "silent"), pytest.param("refuse 4", "lost", marks=ROOM_ONLY)])
def test_a_strap_that_is_lost_or_silent_is_held_again(words: str, state: str) -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            await world.suffer(words)
            await until(lambda: heard.now is not State.STREAMING, 12, "that the loss is noticed")
            await streams_again(heard)
            assert state in heard.seen()
            assert heard.notes[:3] == ["up", "streams acc", "down silence" if state == "silent" else "down disconnect"]
            assert heard.notes[-2:] == ["up", "streams acc"]

    play(scene)


def test_bluetooth_switched_off_is_said_and_switched_on_again_it_streams_within_ten_seconds() -> None:
    async def scene(world: World) -> None:
        async with held(world) as heard:
            await world.power(False)
            await until(lambda: State.RADIO_OFF in [state.state for state in heard.states], 15, f"that it is said: {heard.seen()}")
            await asyncio.sleep(3)
            await world.power(True)
            assert await streams_again(heard) <= 10

    play(scene)


@pytest.mark.skipif(not BLUEZ, reason="a Bluetooth daemon can be killed only where there is one: make bluez")
def test_a_bluetooth_daemon_that_was_killed_says_nothing_and_the_strap_is_held_again_once_it_is_back() -> None:
    async def scene(world) -> None:
        async with held(world) as heard:
            await world.kill_daemon()
            await asyncio.sleep(2)
            await world.start_daemon()
            await streams_again(heard)
            assert any(state in heard.seen() for state in ("silent", "lost", "radio_off"))

    play(scene)


def test_a_recording_with_a_lost_link_holds_every_beat_or_says_that_it_is_missing(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        stop = asyncio.Event()

        async def wear_it() -> None:
            try:
                await until(lambda: len(world.log("notification")) > 12, 60, "a strap that is heard")
                await world.suffer("drop 3")
                await asyncio.sleep(25)
            finally:
                stop.set()

        wearing = asyncio.ensure_future(wear_it())
        async with world.radio() as radio:
            where = Where(store, Hub(), Constants(), world.stamps, "UTC")
            await run([wear("ada", world.wanted.name, None)], where, Air(radio, world.patience, world.dice), stop)
        await wearing
        rows.extend(world.log("beat"))

    rows: list[dict[str, int]] = []
    with LocalStore.open(tmp_path / "store.db") as store:
        play(scene)
        told = reckon(store, "ada", [row["t"] for row in rows], [row["ticks"] for row in rows])
        assert (told.unaccounted, told.idle) == ([], [])
        assert told.missing > 0
        (unit,) = store.units("ada")
        assert [gap.reason for gap in store.recording_gaps(unit) if gap.stream is Stream.RR] == ["disconnect"]
        assert told.worst_s < 0.5
