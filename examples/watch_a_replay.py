"""What a page would see: a recording through the live pipeline, with values before and after they are settled.

python examples/watch_a_replay.py RECORDING STORE [TIMES REAL TIME]
"""

import asyncio
import sys
from pathlib import Path

from somalink.domain.constants import Constants
from somalink.domain.time import to_datetime
from somalink.domain.types import UNKNOWN, Episode, Grid
from somalink.pipeline.hub import Final, Hub, Provisional, Status, Subscription
from somalink.pipeline.intake import from_path
from somalink.pipeline.live import SystemClock, replay_live
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore


def newest(grid: Grid) -> str:
    """The last grid point, in words."""
    z = "not known" if grid.z[-1] == UNKNOWN else f"{grid.z[-1] / 10_000:+.1f}"
    return f"{to_datetime(int(grid.stop_ns[-1])):%H:%M:%S} UTC, against usual: {z}"


async def watch(watcher: Subscription) -> None:
    async for message in watcher:
        match message:
            case Provisional(grid=grid):
                print(f"shown    {newest(grid)}")
            case Final(record=Grid() as grid) if len(grid):
                print(f"stored   {newest(grid)}")
            case Final(record=Episode() as episode):
                print(f"moment   {episode.kind}, {episode.state}")
            case Status(overflow=lost):
                print(f"too slow: {lost} messages were dropped; the store has them all")


async def main(recording: Path, store_file: Path, pace: float) -> None:
    hub = Hub()
    watching = asyncio.create_task(watch(hub.subscribe()))
    with LocalStore.open(store_file) as store:
        await replay_live(store, from_path(recording), Mode(), Constants(), pace, clock=SystemClock(), hub=hub)
    hub.close()
    await watching


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 60.0))
