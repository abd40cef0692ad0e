"""A long time of one strap through engine and store in one process, as an archive is read: memory stays where the first weeks have put it.

    pytest -m slow tests/endurance/test_year_of_engine.py -s                          a month
    SOMALINK_ENDURANCE=full pytest -m slow tests/endurance/test_year_of_engine.py -s  a year; minutes

Prints memory by month (by three days of the month) and processor seconds; asserts memory alone, since machines are shared.
"""

import gc
import os
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hours import memory_mib

from ingest.simulate import SimulatedSource
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_NS
from somalink.pipeline.intake import from_simulation
from somalink.pipeline.run import Mode, run_archive
from somalink.storage import LocalStore

FULL = os.environ.get("SOMALINK_ENDURANCE") == "full"
DAYS, EVERY = (365, 30) if FULL else (30, 3)
LEARNT = 18
"""A usual is learnt from fourteen days, and the surrogates of as many lie on a shelf: until then memory may grow."""
ROOM_MIB = 16.0
"""What the rest of the time may move it by, up or down. Of grid rows alone a year is 700."""


@pytest.mark.slow
def test_a_year_of_archive_takes_no_more_memory_than_its_first_month(tmp_path: Path, figures) -> None:
    source = SimulatedSource("ada", datetime(2026, 3, 2, 7, tzinfo=ZoneInfo("Europe/Berlin")), DAYS, 3)
    memory: dict[int, float] = {}

    def look(start_ns: int, now_ns: int, stop_ns: int) -> None:
        day = (now_ns - start_ns) // DAY_NS
        if day % EVERY == 0 and day not in memory:
            gc.collect()
            memory[day] = memory_mib()

    with LocalStore.open(tmp_path / "year.db") as store:
        store.person_secret("ada", given="the same draws on every run")
        begun = time.process_time()
        run_archive(store, from_simulation(source), Mode(), Constants(), look)
        cpu, totals = time.process_time() - begun, store.totals()
    size = (tmp_path / "year.db").stat().st_size / 2**20
    said = ", ".join(f"{day}: {mib:.0f}" for day, mib in memory.items())
    figures(f"{DAYS} simulated days, {totals['beats_stored']} beats: {cpu / DAYS:.2f} s of processor a day, store {size:.1f} MiB\nMiB in use after days {said}")
    settled = [mib for day, mib in memory.items() if day >= LEARNT]
    assert totals["beats_stored"] > 30_000 * DAYS
    assert len(settled) >= 4
    assert max(settled) - min(settled) < ROOM_MIB
