"""How long a heartbeat takes from a strap, another process, to what the wearer sees."""

import asyncio
import os
import time
from pathlib import Path

import numpy as np
import pytest
from fake_strap import heart
from strap_program import StrapProgram

from ingest.ble.patience import Patience
from ingest.ble.radio import Radio
from ingest.ble.stamps import SystemStamps
from ingest.virtual.backend import installed
from ingest.virtual.beatlog import boot_ns
from somalink.domain.constants import Constants
from somalink.pipeline.hub import Hub, Provisional
from somalink.pipeline.running import Air, Where, run
from somalink.pipeline.wearing import wear
from somalink.storage.local import LocalStore

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

SECONDS = 600 if os.environ.get("SOMALINK_ENDURANCE") == "full" else 45


def test_a_heartbeat_is_seen_within_a_tenth_of_a_second(tmp_path: Path, figures) -> None:
    recording = tmp_path / "rr.txt"
    recording.write_text("".join(f"{tick / 1.024:.0f}\n" for tick in heart(60, bpm=72)))
    with StrapProgram(tmp_path, recording) as strap:
        begun, cpu = time.monotonic(), time.process_time()
        seen = asyncio.run(_watched(tmp_path, strap.socket))
        share = (time.process_time() - cpu) / (time.monotonic() - begun)
        sent = np.array([row["t"] for row in strap.rows("notification")])
    before = np.searchsorted(sent, seen) - 1
    first = np.unique(before, return_index=True)[1]
    late_ms = (np.array(seen)[first] - sent[before[first]]) / 1e6
    p50, p95 = np.percentile(late_ms, [50, 95])
    lag = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms"
    figures(f"strap's notification -> provisional index, {len(late_ms)} of them: {lag}; {share * 100:.1f} % of one core")
    assert len(late_ms) > SECONDS / 2
    assert p50 < 100


async def _watched(folder: Path, socket: Path) -> list[int]:
    """Boot times at which provisional values came."""
    hub, stop, seen = Hub(), asyncio.Event(), []
    messages = hub.subscribe(10_000)

    async def watch() -> None:
        seen.extend([boot_ns() async for message in messages if isinstance(message, Provisional)])

    patience, dice = Patience(), np.random.default_rng(1)
    with LocalStore.open(folder / "store.db") as store:
        async with installed(socket), Radio(patience, dice) as radio:
            watching = asyncio.ensure_future(watch())
            asyncio.get_running_loop().call_later(SECONDS, stop.set)
            where = Where(store, hub, Constants(), SystemStamps(), "UTC")
            await run([wear("ada", "Polar H10 51C0FFEE", None)], where, Air(radio, patience, dice), stop)
            await watching
    return seen
