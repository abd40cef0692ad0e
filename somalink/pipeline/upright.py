"""Which way is up for a chest sensor: its wearer stands upright and still for ten seconds, and where gravity points then is kept as a setting a device.

Knows raw rows, settings and three numbers; what posture becomes of them is the engine's. Whether somebody stood straight nobody can see from here:
only that they were still, and that the sensor felt the earth's pull and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingest.ble import notes
from ingest.clocking import Clocker
from ingest.straps import DECODERS
from processing.exact import int_sum
from processing.motion import acceleration_bins, gravity_seconds
from processing.posture import upright_cosine
from somalink.domain.constants import Motion
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Chunk, IntArray, Setting, Stream
from somalink.pipeline.live import as_notified
from somalink.pipeline.record import LIVE, closing, opened_streams
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow

KEY = "upright/"
"""Prefix of the settings, one a device: `x y z`, gravity in 0.01 mg."""
STAND_S = 10
"""Two grid points: long enough that a sway averages out, short enough to be done at once."""
STAND_NS = STAND_S * SECOND_NS
LATE_NS = 6 * SECOND_NS
"""A chest sensor tells of samples up to a second and a half after they were taken, and a busy radio somewhat later; older ones are not of now."""
SETTLES_NS = MINUTE_NS
"""Rows that are read before the ten seconds, so that the device's clock is known."""
G, AROUND = 100_000, 10_000
"""Gravity in 0.01 mg, and how far from it a sensor at rest may be: its own offset is a few hundredths of g (LIS2DH12 and its like: 40 mg an axis)."""
SWAY_DEG = 8.0
"""How far gravity of a second may point from that of all ten: who stands sways by a degree or two, and who gets up or bends turns by thirty."""
WRIST = "C"
"""Tier of devices on an arm: it hangs, and says nothing of the trunk."""
TELLING = frozenset({notes.CHARACTERISTIC, *(name for name, decoder in DECODERS.items() if not decoder.streams)})
"""Rows that say how the samples of a link are to be read."""

NOT_RECORDING, NO_MOVEMENT, TOO_SHORT, MOVED, NO_GRAVITY = "not_recording", "no_movement", "too_short", "moved", "no_gravity"
"""Why nothing is kept: nothing is recorded now; no chest sensor tells of movement; it has not told of ten seconds; the wearer moved; the pull was not 1 g."""


@dataclass(frozen=True, slots=True)
class Stood:
    """What the last ten seconds were. `reason`: why they cannot be kept, empty when they were. `motion_mg`: the livelier half of them."""

    device: str
    reason: str = ""
    xyz: tuple[int, int, int] | None = None
    motion_mg: float | None = None


def upright_of(store: LocalStore, person: str, device: str) -> tuple[int, int, int] | None:
    """What was told last; None when nothing was, or it was taken back."""
    told = told_last(store, person, device)
    parts = told.value.split() if told else []
    return (int(parts[0]), int(parts[1]), int(parts[2])) if len(parts) == 3 else None


def told_last(store: LocalStore, person: str, device: str) -> Setting | None:
    """The setting itself, with when it was told."""
    told = [setting for setting in store.settings(person) if setting.key == KEY + device]
    return max(told, key=lambda each: each.revision, default=None)


def recorded_now(store: LocalStore, person: str, now_ns: int) -> list[Unit]:
    """The recordings that go on, those of chest sensors that tell of movement first."""
    running = [found.unit for found in store.recordings(person) if found.row.state == "running" and found.row.meta == LIVE]
    heard = [unit for unit in running if (last := store.last_raw(unit)) is not None and abs(now_ns - last.t_utc_ns) < MINUTE_NS]
    return sorted(heard, key=lambda unit: not tells_of_trunk(store, unit))


def tells_of_trunk(store: LocalStore, unit: Unit) -> bool:
    """Whether a recording has the movement of a chest."""
    return unit.tier != WRIST and Stream.ACC in (opened_streams(store, unit) or ())


def calibrate(store: LocalStore, person: str, now_ns: int, rules: Motion) -> Stood:
    """Takes the last ten seconds for standing upright, and keeps where gravity pointed; or says why not, and keeps what was."""
    stood = look(store, person, now_ns, rules)
    if stood.xyz is not None:
        known = told_last(store, person, stood.device)
        with store.transaction() as write:
            write.put_setting(Setting(person, KEY + stood.device, " ".join(map(str, stood.xyz)), now_ns, known.revision + 1 if known else 1))
    return stood


def look(store: LocalStore, person: str, now_ns: int, rules: Motion) -> Stood:
    """The same, and nothing is kept."""
    units = recorded_now(store, person, now_ns)
    if not units:
        return Stood("", NOT_RECORDING)
    unit = units[0]
    if not tells_of_trunk(store, unit):
        return Stood(unit.device, NO_MOVEMENT)
    t_ns, xyz = samples(store, unit, now_ns)
    return judged(unit.device, t_ns, xyz, now_ns, rules)


def judged(device: str, t_ns: IntArray, xyz: IntArray, now_ns: int, rules: Motion) -> Stood:
    """(n,) times and (n, 3) samples in 0.01 mg: whether their last ten seconds are those of somebody who stands still."""
    if not len(t_ns) or now_ns - int(t_ns[-1]) > LATE_NS:
        return Stood(device, TOO_SHORT)
    stop = int(t_ns[-1]) + 1
    stops, inside = np.array([stop - GRID_NS, stop]), t_ns >= stop - STAND_NS
    t_ns, xyz = t_ns[inside], xyz[inside]
    bins, seconds = acceleration_bins(stops, t_ns, xyz), gravity_seconds(stops, t_ns, xyz).reshape(-1, 3)
    if np.any(bins.motion == UNKNOWN) or np.any(np.isnan(seconds)):
        return Stood(device, TOO_SHORT)
    x, y, z = (round(int_sum(np.ascontiguousarray(xyz[:, axis])) / len(xyz)) for axis in range(3))
    motion_mg = int(bins.motion.max()) / 10
    if motion_mg >= rules.still_mg or np.any(upright_cosine(seconds, np.full(len(seconds), stop), [(0, (x, y, z))]) < math.cos(math.radians(SWAY_DEG))):
        return Stood(device, MOVED, None, motion_mg)
    if abs(math.hypot(x, y, z) - G) > AROUND:
        return Stood(device, NO_GRAVITY, None, motion_mg)
    return Stood(device, "", (x, y, z), motion_mg)


# ---------------------------------------------------------------- samples of now, from raw rows


def samples(store: LocalStore, unit: Unit, now_ns: int) -> tuple[IntArray, IntArray]:
    """Times (n,) and acceleration (n, 3) in 0.01 mg of about the last minute, as a recording dates them; empty where there are none."""
    newest = store.raw(unit, now_ns - SETTLES_NS - STAND_NS, now_ns + MINUTE_NS)
    nothing = np.zeros(0, np.int64), np.zeros((0, 3), np.int64)
    if not newest:
        return nothing
    last = newest[-1]
    clocker = Clocker(unit, frozenset({Stream.ACC}))
    rows = [as_notified(unit, row) for row in (*_before(_begun(store, unit, last), newest[0]), *newest) if _same_link(row, last)]
    items = [item for row in (*rows, closing(rows[-1], notes.STOP)) for item in clocker.push(row)]
    chunks = [item for item in items if isinstance(item, Chunk) and item.stream is Stream.ACC and len(item.t_ns)]
    return (np.concatenate([chunk.t_ns for chunk in chunks]), np.concatenate([chunk.values for chunk in chunks])) if chunks else nothing


def _begun(store: LocalStore, unit: Unit, last: RawRow) -> list[RawRow]:
    """What was said of the link of now, back to where it began."""
    found: list[RawRow] = []
    for hour in reversed(store.raw_hours(unit, last.t_utc_ns + HOUR_NS)):
        rows = [row for row in store.raw(unit, hour * HOUR_NS, (hour + 1) * HOUR_NS) if row.characteristic in TELLING and _same_link(row, last)]
        found = [*rows, *found]
        if any(row.payload == notes.note(notes.UP) for row in rows):
            break
    return found


def _before(rows: list[RawRow], first: RawRow) -> Iterator[RawRow]:
    return (row for row in rows if row.t_utc_ns < first.t_utc_ns)


def _same_link(row: RawRow, last: RawRow) -> bool:
    return (row.boot_id, row.connection) == (last.boot_id, last.connection)
