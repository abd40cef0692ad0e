"""Ten seconds of standing still tell a chest sensor which way is up; ten seconds of anything else tell it nothing, and say why."""

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest

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
from somalink.pipeline.upright import calibrate, judged, look, told_last, upright_of
from somalink.storage.local import LocalStore

CONSTANTS = Constants()
RULES = CONSTANTS.motion
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
    t_ns: int = START_NS

    def now(self) -> Stamp:
        return Stamp(self.t_ns - START_NS + HOUR_NS, self.t_ns)


def chest(seconds: float, *, moves_s: tuple[float, float] = (0, 0), lying_s: float = 0) -> np.ndarray:
    """(n, 3) mg: lies for `lying_s`, then stands with the sway of somebody who stands; moves a lot between the two times of `moves_s`."""
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    dice = np.random.default_rng(5)
    held = np.where((at < lying_s)[:, None], (40, 60, 990), UP) + dice.normal(0, 4, (len(at), 3))
    moving = (at >= moves_s[0]) & (at < moves_s[1])
    return np.rint(held + np.where(moving, 300 * np.sin(2 * np.pi * 2 * at), 0)[:, None]).astype(np.int64)


def rows(mg: np.ndarray, *, acc: bool = True) -> list[RawRow]:
    """A link with a heart rate a second and, with `acc`, the strap's movement, each frame 0.2 s after its last sample."""
    said = [(0, notes.CHARACTERISTIC, notes.note(notes.UP)), (1, notes.CHARACTERISTIC, notes.note(notes.STREAMS, "acc" if acc else ""))]
    beat = encode_measurement(HeartRateMeasurement(72, (853,)))
    said += [(second * SECOND_NS, CHARACTERISTIC, beat) for second in range(1, int(len(mg) / RATE_HZ))]
    for last in range(EACH, len(mg), EACH) if acc else ():
        at_ns = round(last / RATE_HZ * SECOND_NS)
        said.append((at_ns + 200_000_000, pmd.CHARACTERISTIC, pmd.encode_acc(AccFrame(SENSOR_NS + at_ns, mg[last - EACH : last]))))
    return [RawRow(PERSON, STRAP, 1, kind, HOUR_NS + at, "boot", START_NS + at, payload) for at, kind, payload in sorted(said)]


def recording(store: LocalStore, given: list[RawRow]) -> int:
    """What a recorder makes of it; gives the time of the last row. It goes on."""

    async def scene() -> int:
        stamps = HandedStamps()
        record = Record(Where(store, Hub(), CONSTANTS, stamps, "UTC"), Unit(PERSON, STRAP, "r1"), START_NS)
        for k in range(0, len(given), 50):
            stamps.t_ns = given[min(k + 50, len(given)) - 1].t_utc_ns
            await record.keep(given[k : k + 50])
            await record.derive()
        return stamps.t_ns

    return asyncio.run(scene())


@pytest.fixture
def store(tmp_path):
    with LocalStore.open(tmp_path / "store.db") as opened:
        yield opened


def test_who_stands_still_has_told_which_way_is_up(store) -> None:
    now_ns = recording(store, rows(chest(90, lying_s=60)))
    stood = calibrate(store, PERSON, now_ns + SECOND_NS, RULES)
    assert (stood.device, stood.reason) == (STRAP, "") and stood.motion_mg < 10
    assert np.allclose(stood.xyz, np.array(UP) * 100, atol=200)
    assert upright_of(store, PERSON, STRAP) == stood.xyz
    again = calibrate(store, PERSON, now_ns + 2 * SECOND_NS, RULES)
    assert (upright_of(store, PERSON, STRAP), told_last(store, PERSON, STRAP).revision) == (again.xyz, 2)


def test_looking_keeps_nothing(store) -> None:
    now_ns = recording(store, rows(chest(90)))
    assert look(store, PERSON, now_ns, RULES).xyz is not None
    assert upright_of(store, PERSON, STRAP) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (rows(chest(90, moves_s=(83, 86))), "moved"),
        (rows(chest(90, lying_s=85)), "moved"),
        (rows(np.rint(chest(90) * 1.3).astype(np.int64)), "no_gravity"),
        (rows(chest(90), acc=False), "no_movement"),
    ],
    ids=["moves", "gets up", "pulled by more than the earth", "without an accelerometer"],
)
def test_what_was_not_standing_still_is_not_kept_and_says_why(store, given, reason) -> None:
    stood = calibrate(store, PERSON, recording(store, given), RULES)
    assert (stood.reason, stood.xyz) == (reason, None)
    assert upright_of(store, PERSON, STRAP) is None


def test_samples_that_stopped_a_while_ago_are_not_of_now(store) -> None:
    assert look(store, PERSON, recording(store, rows(chest(90))) + 20 * SECOND_NS, RULES).reason == "too_short"


def test_nothing_can_be_told_while_nothing_is_recorded(store) -> None:
    assert look(store, PERSON, START_NS, RULES).reason == "not_recording"
    now_ns = recording(store, rows(chest(30)))
    assert look(store, PERSON, now_ns + HOUR_NS, RULES).reason == "not_recording"
    assert look(store, "ben", now_ns, RULES).reason == "not_recording"


@pytest.mark.parametrize("seconds", [0, 4, 9])
def test_less_than_ten_seconds_are_too_short(seconds: int) -> None:
    xyz = chest(seconds) * 100
    t_ns = START_NS + np.rint(np.arange(len(xyz)) / RATE_HZ * SECOND_NS).astype(np.int64)
    assert judged(STRAP, t_ns, xyz, START_NS + seconds * SECOND_NS, RULES).reason == "too_short"


def test_a_hole_in_the_ten_seconds_is_no_standing_still() -> None:
    xyz = chest(20) * 100
    t_ns = START_NS + np.rint(np.arange(len(xyz)) / RATE_HZ * SECOND_NS).astype(np.int64)
    there = (t_ns < START_NS + 11 * SECOND_NS) | (t_ns > START_NS + 16 * SECOND_NS)
    assert judged(STRAP, t_ns[there], xyz[there], START_NS + 20 * SECOND_NS, RULES).reason == "too_short"
