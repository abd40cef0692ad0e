"""The promise everything rests on: the same beats, whole or in pieces, give the same FINAL records to the last bit.

python examples/cut_it_as_you_like.py
"""

import numpy as np

from processing.engine import Engine
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Chunk, Grid, Heartbeat, IntArray, Opened, Record, Stream

START_NS = 1_772_438_400 * SECOND_NS
UNIT = Unit("ada", "made-up-strap", "example")


def made_up_heart(beats: int) -> IntArray:
    """Intervals in ticks of 1/1024 s that breathe; a made-up heart shows how the program works, not how hearts do."""
    return np.rint(870 + 40 * np.sin(np.arange(beats) / 4)).astype(np.int64)


def analysed(ticks: IntArray, piece: int) -> list[Record]:
    """Pushes the beats `piece` at a time. Time moves when the source promises that nothing older will come: a Heartbeat."""
    constants = Constants()
    engine = Engine(UNIT, constants, constants.analysis("personal"), asks=False)
    t_ns = START_NS + np.cumsum(ticks) * 1_953_125 // 2
    records = engine.push(Opened(UNIT, START_NS, frozenset({Stream.RR})))
    for first in range(0, len(ticks), piece):
        part = slice(first, first + piece)
        records += engine.push(Chunk(Stream.RR, t_ns[part], ticks[part]))
        records += engine.push(Heartbeat(int(t_ns[part][-1])))
    return records + engine.flush()


def main() -> None:
    ticks = made_up_heart(800)
    whole, beat_by_beat = (Grid.concat([r for r in analysed(ticks, piece) if isinstance(r, Grid)]) for piece in (len(ticks), 1))
    equal = all(np.array_equal(a, b) for a, b in zip(whole.arrays().values(), beat_by_beat.arrays().values(), strict=True))
    print(f"{len(whole)} grid points, {len(whole.arrays())} columns, cut into 1 and into {len(ticks)}: {'equal' if equal else 'NOT EQUAL'}")


if __name__ == "__main__":
    main()
