"""A device of your own as a live source: how to read its bytes, and a stream of what arrived. Nothing else changes.

    python examples/a_live_source.py STORE

The device is made up: once a second it sends a byte for each beat, the interval in steps of 8 ms.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from ingest.clocking import Clocker, RawRow
from ingest.streams import Decoder, Frame
from somalink.domain.constants import Constants
from somalink.domain.errors import BadFrame
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream
from somalink.pipeline.hub import Hub
from somalink.pipeline.intake import from_clocker
from somalink.pipeline.live import record_live
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore

START_NS = 1_772_438_400 * SECOND_NS
UNIT = Unit("ada", "byte-strap 1", "example")


def decode(payload: bytes) -> tuple[Frame, ...]:
    """Bytes to intervals in ticks of 1/1024 s. Pure: no time, no connection, no guess about what is missing."""
    if len(payload) > 8:
        raise BadFrame(f"example.bytes: {len(payload)} beats in a second: {payload.hex()}")
    steps = np.frombuffer(payload, np.uint8).astype(np.int64)
    return (Frame(Stream.RR, np.rint(steps * 8 * 1.024).astype(np.int64)),)


DECODER = Decoder("example.bytes", {Stream.RR: 2 * SECOND_NS}, decode)
"""A device that comes with somalink is passed to `ingest.streams.register` instead."""


async def notifications(seconds: int) -> AsyncIterator[RawRow]:
    """What arrived and when, as a radio would hand it over; ten seconds are lost on the way."""
    due_ms = 0
    for second in range(1, seconds):
        payload = bytearray()
        while due_ms + 808 <= second * 1000:
            due_ms += 808
            payload.append(101)
        if not 60 <= second < 70:
            at_ns = second * SECOND_NS
            yield RawRow(UNIT.person, UNIT.device, 0, DECODER.characteristic, at_ns, "boot-1", START_NS + at_ns, bytes(payload))


async def main(store_file: Path) -> None:
    clocker = Clocker(UNIT, DECODER.streams, decoders={DECODER.characteristic: DECODER})
    with LocalStore.open(store_file) as store:
        await record_live(store, notifications(240), from_clocker(clocker, start_ns=START_NS), clocker, Mode(), Constants(), Hub())
        gaps = store.recording_gaps(UNIT)
        print(f"{len(store.recording_beats(UNIT))} beats, {sum(gap.lost_ns for gap in gaps) / SECOND_NS:.0f} s lost: {', '.join(gap.reason for gap in gaps)}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
