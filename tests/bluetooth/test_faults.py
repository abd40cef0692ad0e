"""What befalls a computer's Bluetooth while it records, by the dozen, on a real BlueZ: the adapter is switched off, the daemon is killed."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fault_table import Row, recoveries, table, worst_after
from reckoning import reckon
from worlds import BLUEZ, play, until

from ingest.virtual.beatlog import boot_ns
from somalink.domain.constants import Constants
from somalink.pipeline.hub import Hub, Link
from somalink.pipeline.running import Air, Where, run
from somalink.pipeline.wearing import wear
from somalink.storage.local import LocalStore

pytestmark = pytest.mark.skipif(not BLUEZ, reason="needs a Bluetooth daemon: make bluez")

COUNT = 40 if os.environ.get("SOMALINK_ENDURANCE") == "full" else 3
APART_S = 45
OFF_S = 0.1 if COUNT == 40 else 0.15
"""Contracts, section 4; a run of three minutes on a busy machine has too few notifications for a straight line that good."""


@pytest.mark.parametrize("kind", ["adapter off", "bluetoothd killed"])
def test_a_recording_goes_on_after_whatever_befell_the_computers_bluetooth(kind: str, tmp_path: Path, figures) -> None:
    with LocalStore.open(tmp_path / "store.db") as store:
        row = play(lambda world: suffer(kind, world, store))
    figures(table([row]))
    assert row.held.unaccounted == []
    assert row.held.idle == []
    assert row.p95_s <= (10 if kind == "adapter off" else 30)
    assert row.held.gaps_s <= row.held.lost_s + 2 * COUNT
    assert row.held.worst_s <= OFF_S


async def suffer(kind: str, world, store: LocalStore) -> Row:
    stop, hub, back, links = asyncio.Event(), Hub(), [], []
    dice = np.random.default_rng(5)

    async def befall() -> None:
        try:
            await until(lambda: any(link.state == "streaming" for link in links), 60, "a strap that is heard")
            await asyncio.sleep(15)
            for _ in range(COUNT):
                await (world.power(False) if kind == "adapter off" else world.kill_daemon())
                await asyncio.sleep(float(dice.uniform(1, 6)))
                await (world.power(True) if kind == "adapter off" else world.start_daemon())
                back.append(boot_ns())
                await asyncio.sleep(APART_S + float(dice.uniform(0, 3)))
        finally:
            stop.set()

    async def watch() -> None:
        async for message in hub.subscribe(10_000):
            if isinstance(message, Link):
                links.append(message)  # noqa: PERF401 (others look at it while it grows)

    watching, befalling = asyncio.ensure_future(watch()), asyncio.ensure_future(befall())
    async with world.radio() as radio:
        where = Where(store, hub, Constants(), world.stamps, "UTC")
        await run([wear("ada", world.wanted.name, None)], where, Air(radio, world.patience, world.dice), stop)
    await asyncio.gather(watching, befalling)
    true, ticks = (np.array([row[what] for row in world.log("beat")]) for what in ("t", "ticks"))
    sent = np.array([row["t"] for row in world.log("notification")])
    held = reckon(store, "ada", true, ticks)
    again = np.array([row["t"] for row in world.log("subscribed")[1:]])
    return Row(kind, Counter(link.state for link in links), recoveries(sent, np.array(back)), held, worst_after(held, true, again))
