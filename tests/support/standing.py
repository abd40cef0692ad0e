"""Somebody with a strap on the chest that tells of movement: lies, stands, moves; and the recording that goes on of it."""

import asyncio
from dataclasses import dataclass

import numpy as np

from ingest.ble import notes
from ingest.ble.stamps import Stamp
from ingest.clocking import RawRow
from ingest.straps import pmd
from ingest.straps.heart_rate import CHARACTERISTIC, HeartRateMeasurement, encode_measurement
from ingest.straps.pmd import AccFrame
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.pipeline.hub import Hub
from somalink.pipeline.record import Record, Where
from somalink.storage.local import LocalStore

CONSTANTS = Constants()
PERSON, STRAP = "ada", "polar-h10-1"
START_NS = 1_772_352_000 * SECOND_NS + 10 * HOUR_NS
RATE_HZ, EACH = 25.3, 36
"""A strap that says 25 Hz and is a little quick, and how many samples one of its frames holds."""
SENSOR_NS = 123 * HOUR_NS
"""What its clock showed at the start."""
UP = (30, -985, 90)
"""Gravity on a strap as it lies on a breastbone, mg."""


@dataclass
class HandedStamps:
    """Clocks that stand where the last row arrived."""

    boot_id: str = "boot"
    t_ns: int = 0

    def now(self) -> Stamp:
        return Stamp(self.t_ns, self.t_ns)


def chest(seconds: float, *, moves_s: tuple[float, float] = (0, 0), lying_s: float = 0) -> np.ndarray:
    """(n, 3) mg: lies for `lying_s`, then stands with the sway of somebody who stands; moves a lot between the two times of `moves_s`."""
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    dice = np.random.default_rng(5)
    held = np.where((at < lying_s)[:, None], (40, 60, 990), UP) + dice.normal(0, 4, (len(at), 3))
    moving = (at >= moves_s[0]) & (at < moves_s[1])
    return np.rint(held + np.where(moving, 300 * np.sin(2 * np.pi * 2 * at), 0)[:, None]).astype(np.int64)


def rows(mg: np.ndarray, *, acc: bool = True, start_ns: int = START_NS) -> list[RawRow]:
    """A link with a heart rate a second and, with `acc`, the strap's movement, each frame 0.2 s after its last sample."""
    said = [(0, notes.CHARACTERISTIC, notes.note(notes.UP)), (1, notes.CHARACTERISTIC, notes.note(notes.STREAMS, "acc" if acc else ""))]
    beat = encode_measurement(HeartRateMeasurement(72, (853,)))
    said += [(second * SECOND_NS, CHARACTERISTIC, beat) for second in range(1, int(len(mg) / RATE_HZ))]
    for last in range(EACH, len(mg), EACH) if acc else ():
        at_ns = round(last / RATE_HZ * SECOND_NS)
        said.append((at_ns + 200_000_000, pmd.CHARACTERISTIC, pmd.encode_acc(AccFrame(SENSOR_NS + at_ns, mg[last - EACH : last]))))
    return [RawRow(PERSON, STRAP, 1, kind, start_ns + at, "boot", start_ns + at, payload) for at, kind, payload in sorted(said)]


def recording(store: LocalStore, given: list[RawRow]) -> int:
    """What a recorder makes of it; gives the time of the last row. It goes on."""

    async def scene() -> int:
        stamps = HandedStamps()
        record = Record(Where(store, Hub(), CONSTANTS, stamps, "UTC"), Unit(PERSON, STRAP, "r1"), given[0].t_utc_ns)
        for k in range(0, len(given), 50):
            stamps.t_ns = given[min(k + 50, len(given)) - 1].t_utc_ns
            await record.keep(given[k : k + 50])
            await record.derive()
        return stamps.t_ns

    return asyncio.run(scene())
