"""Hours of a heart under a strap that is lost and found, through the whole program, and the account of them."""

import asyncio
import gc
import json
import os
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from fast_loop import run_fast
from reckoning import Reckoning, reckon
from worn import On, Told, record

from ingest.virtual.beatlog import BeatLog
from ingest.virtual.faults import Fault, random_faults
from ingest.virtual.feed import Heart
from somalink.storage.local import LocalStore

KINDS = ("drop", "silence", "refuse", "away", "late")


@dataclass(frozen=True, slots=True)
class Hours:
    """What came of `hours` of wearing. `memory_mib` and `handles`: sampled every simulated hour. `cpu`: share of one core, had it been real time."""

    hours: float
    faults: tuple[Fault, ...]
    sent: int
    held: Reckoning
    totals: dict[str, object]
    memory_mib: list[float] = field(repr=False)
    handles: list[int] = field(repr=False)
    store_mib: float
    cpu: float

    @property
    def allowed_s(self) -> float:
        """Most the gaps may sum up to: what was lost and two seconds for each fault."""
        return self.held.lost_s + 2 * len(self.faults)


def wear_for(folder: Path, heart: Heart, hours: float, *, per_hour: float, seed: int = 1, again: bool = False) -> Hours:
    """Wears `heart` for so long, `per_hour` faults of every kind thrown in."""
    faults = random_faults(seed, hours, per_hour, KINDS)
    memory, handles = [], []

    async def sample(told: Told) -> None:
        for hour in range(1, int(hours) + 1):
            await asyncio.sleep(3600)
            gc.collect()
            memory.append(memory_mib())
            handles.append(len(list(Path("/proc/self/fd").iterdir())))
            if hour >= hours:
                told.stop.set()

    with LocalStore.open(folder / "store.db") as store:
        begun = time.process_time()
        with BeatLog(folder / "beats.jsonl") as log:
            told = run_fast(record(store, [On("ada", heart, faults=faults, again=again)], meanwhile=sample, watched=False, log=log))
        cpu = (time.process_time() - begun) / (hours * 3600)
        held = reckon(store, "ada", *_beats(folder / "beats.jsonl"))
        size = sum(path.stat().st_size for path in folder.glob("store.db*")) / 2**20
        return Hours(hours, faults, told.wearings[0].beats_sent, held, dict(store.totals()), memory, handles, size, cpu)


def _beats(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """When the strap's beats closed, and their ticks, from its log."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if '"what":"beat"' in line]
    return np.array([row["t"] for row in rows]), np.array([row["ticks"] for row in rows])


def memory_mib() -> float:
    """What this process holds now; where the system does not say, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
