"""A week of a strap through recorder, disk, clocking and engine, a minute at a time: nothing grows from day to day.

The radio in front of it is left out, so that a week takes minutes; a day of that is in test_days.
"""

import asyncio
import gc
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fast_loop import BOOT_NS, START_NS, LoopStamps, run_fast
from hours import memory_mib
from worn import store_in

from ingest.ble import notes
from ingest.ble.stamps import Stamp
from ingest.straps.heart_rate import CHARACTERISTIC, HeartRateMeasurement, encode_measurement
from ingest.virtual.feed import Heart, from_path
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.pipeline.hub import Hub
from somalink.pipeline.record import Where
from somalink.pipeline.recorder import Recorder
from somalink.pipeline.wearing import wear
from somalink.storage.local import LocalStore

pytestmark = [pytest.mark.slow, pytest.mark.truth]

DAYS = 7 if os.environ.get("SOMALINK_ENDURANCE") == "full" else 1
LOST_EVERY_S, LOST_S = 4 * 3600, 90
GROWTH_MIB_PER_DAY = 4.0
"""What would be a hundred and twenty in a month: a small computer has that, and more than this says that something is held."""


@dataclass(frozen=True, slots=True)
class Week:
    memory_mib: list[float]
    handles: list[int]
    cpu: float


def live_through(store: LocalStore, heart: Heart, days: int) -> Week:
    """Once a second what closed in it, handed over by the minute; every four hours the link is lost for a minute and a half."""

    async def scene() -> Week:
        recorder = Recorder(wear("ada", "Polar H10 51C0FFEE", None), Where(store, Hub(), Constants(), LoopStamps(asyncio.get_running_loop()), "UTC"))
        following, memory, handles, connection = asyncio.ensure_future(recorder.follow()), [], [], 1
        ticks = np.tile(heart.ticks, 1 + days * 86_400 * 1024 // int(heart.ticks.sum()))
        first = np.searchsorted(np.cumsum(ticks) / 1024, np.arange(days * 86_400 + 1))
        recorder.row(connection, notes.CHARACTERISTIC, notes.note(notes.UP), at(0))
        for second in range(1, days * 86_400):
            away = second % LOST_EVERY_S
            if away == 0:
                recorder.row(connection, notes.CHARACTERISTIC, notes.note(notes.DOWN, notes.DISCONNECT), at(second))
            elif away == LOST_S and second > LOST_EVERY_S:
                connection += 1
                recorder.row(connection, notes.CHARACTERISTIC, notes.note(notes.UP), at(second))
            elif away > LOST_S or second < LOST_EVERY_S:
                beats = tuple(ticks[first[second] : first[second + 1]].tolist())[:9]
                recorder.row(connection, CHARACTERISTIC, encode_measurement(HeartRateMeasurement(70, beats)), at(second))
            if second % 60 == 0:
                await asyncio.sleep(60)
            if second % 3600 == 0:
                gc.collect()
                memory.append(memory_mib())
                handles.append(len(list(Path("/proc/self/fd").iterdir())))
        recorder.row(connection, notes.CHARACTERISTIC, notes.note(notes.DOWN, notes.STOP), at(days * 86_400))
        recorder.stop()
        await following
        return Week(memory, handles, (time.process_time() - begun) / (days * 86_400))

    begun = time.process_time()
    return run_fast(scene())


def at(second: int) -> Stamp:
    return Stamp(BOOT_NS + second * SECOND_NS, START_NS + second * SECOND_NS)


def test_in_a_week_of_recording_nothing_grows(recording, tmp_path: Path, figures) -> None:
    with store_in(tmp_path) as store:
        week = live_through(store, from_path(recording("mmash_polar_h7", "1")), DAYS)
        totals = store.totals()
        (found,) = store.recordings("ada")
    daily = ", ".join(f"{mib:.0f}" for mib in week.memory_mib[:: max(1, len(week.memory_mib) // 28)])
    size = (tmp_path / "store.db").stat().st_size / 2**20
    figures(
        f"{DAYS} days, {totals['beats_stored']} beats, {totals['gaps']} gaps; memory, MiB: {daily}; handles {min(week.handles)} to {max(week.handles)}; "
        f"store {size:.1f} MiB; {week.cpu * 100:.2f} % of one core"
    )
    assert found.row.state == "done"
    assert totals["beats_received"] == totals["beats_stored"] + sum(totals["beats_refused"].values())
    assert max(week.handles) - min(week.handles) <= 1
    if DAYS > 1:
        settled = np.array(week.memory_mib[48:])
        assert np.polyfit(np.arange(len(settled)), settled, 1)[0] * 24 < GROWTH_MIB_PER_DAY
