"""What a chest strap with a clock of its own sends in some minutes, as raw rows: frames of ECG, and its beats a little later."""

import numpy as np
from ecg_traces import made

from ingest.ble import notes
from ingest.straps.heart_rate import CHARACTERISTIC as RATE
from ingest.straps.heart_rate import HeartRateMeasurement, encode_measurement
from ingest.straps.pmd import CHARACTERISTIC as PMD
from ingest.straps.pmd import EcgFrame, encode_ecg
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow, RecordingRow

START_NS = 1_772_440_800 * SECOND_NS
UNIT = Unit("ada", "Polar H10 1A2B3C4D", "r1", "A")
BOOT_NS = 3600 * SECOND_NS
SENSOR_NS = 600_000_000 * SECOND_NS
FRAME = 73
TOLD_LATE_NS = 1_100_000_000
"""How long after its R peak a beat is told by this strap."""


def sent(seconds: int, *, ecg: tuple[int, int] | None = None, noise_uv: float = 15.0, seed: int = 5) -> list[RawRow]:
    """Rows in order of arrival; `ecg`: the seconds in which ECG is sent, all of them unless said."""
    trace = made(seconds, seed=seed, noise_uv=noise_uv)
    first, last = ecg or (0, seconds)
    said = [(0, notes.CHARACTERISTIC, notes.note(notes.UP)), (1, notes.CHARACTERISTIC, notes.note(notes.STREAMS, "ecg"))]
    late = np.random.default_rng(seed).uniform(0.02, 0.08, len(trace.t_ns)) * SECOND_NS
    for k in range(FRAME, len(trace.t_ns) + 1, FRAME):
        end_ns = int(trace.t_ns[k - 1])
        if first * SECOND_NS < end_ns <= last * SECOND_NS:
            frame = EcgFrame(SENSOR_NS + end_ns, trace.uv10[k - FRAME : k] // 10)
            said.append((end_ns + int(late[k - 1]), PMD, encode_ecg(frame)))
    ticks = np.rint(np.diff(trace.peaks_ns) * 1024 / SECOND_NS).astype(int).tolist()
    told = trace.peaks_ns[1:] + TOLD_LATE_NS
    for second in range(2, seconds + 2):
        beats = [ticks[k] for k in np.flatnonzero((told > (second - 1) * SECOND_NS) & (told <= second * SECOND_NS))]
        said.append((second * SECOND_NS, RATE, encode_measurement(HeartRateMeasurement(75, tuple(beats)))))
    return [RawRow(BOOT_NS + at, "boot", 0, kind, START_NS + at, payload) for at, kind, payload in sorted(said)]


def keep(store: LocalStore, rows: list[RawRow], unit: Unit = UNIT) -> None:
    """A recording that goes on, with these rows."""
    with store.transaction() as write:
        write.put_recording(unit, RecordingRow(start_ns=START_NS, tz="Europe/Rome", meta={"source": "strap"}))
        write.put_raw(unit, rows)
