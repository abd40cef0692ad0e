"""Half a minute of ECG out of a store: the trace as it was received, the beats in it, and how the strap's own beats lie against them.

Reads raw rows and nothing else, so it shows what was sent, whatever became of it. The newest ECG there is, or the one around a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dashboards.picture.ecg import EcgModel
from dashboards.picture.model import LocalTime
from ingest.ble import notes
from ingest.clocking import Clocker
from ingest.straps import DECODERS
from ingest.streams import Frame
from processing.ecg import EcgPeaks, Peaks, lag
from somalink.domain.errors import BadFrame, StoreError
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, IntArray, Stream
from somalink.pipeline.live import as_notified
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow, Recording

SHOWN_NS = 30 * SECOND_NS
AROUND_NS = 3 * MINUTE_NS
"""What is read before, for the clock of the device to be known well and for the strap's own beats to be recognised."""
AFTER_NS = 10 * SECOND_NS
"""What is read behind: intervals come up to six seconds after their beats."""
LOOKED = 48
"""Hours with rows that are looked through for the newest ECG, newest first."""
STREAMS = frozenset({Stream.RR, Stream.ECG})
NONE = "ask the strap for one while it is worn: somalink run --ecg-check 30s"


def ecg_model(store: LocalStore, person: str, at_ns: int | None = None) -> EcgModel:
    """The newest half minute of the person's ECG, or the one around `at_ns`. StoreError when there is none."""
    known = sorted(store.recordings(person), key=lambda found: found.row.start_ns, reverse=True)
    if at_ns is not None:
        models = (_model(store, found, at_ns + SHOWN_NS // 2) for found in known)
        model = next((each for each in models if each is not None), None)
        if model is None:
            raise StoreError(f"{store.path}: no ECG of {person} was recorded then", next_step="leave out --at for the newest one, or " + NONE)
        return model
    newest = max(((last_ns, k) for k, found in enumerate(known) if (last_ns := _newest(store, found)) is not None), default=None)
    model = None if newest is None else _model(store, known[newest[1]], newest[0])
    if model is None:
        raise StoreError(f"{store.path}: no ECG of {person} is here", next_step=NONE)
    return model


def _newest(store: LocalStore, found: Recording) -> int | None:
    """When the last ECG of a recording arrived, among its newest hours."""
    last = store.last_raw(found.unit)
    if last is None:
        return None
    for hour in sorted(store.raw_hours(found.unit, last.t_utc_ns + 2 * HOUR_NS), reverse=True)[:LOOKED]:
        for row in reversed(store.raw(found.unit, hour * HOUR_NS, (hour + 1) * HOUR_NS)):
            if _is_ecg(row):
                return row.t_utc_ns
    return None


def _is_ecg(row: RawRow) -> bool:
    decoder = DECODERS.get(row.characteristic)
    if decoder is None or Stream.ECG not in decoder.late_ns:
        return False
    try:
        return any(isinstance(said, Frame) and said.stream is Stream.ECG for said in decoder.decode(row.payload))
    except BadFrame:
        return False


def _model(store: LocalStore, found: Recording, stop_ns: int) -> EcgModel | None:
    """The half minute that ends at `stop_ns`, or with the ECG where that ends a little before; None without any of it."""
    rows = store.raw(found.unit, stop_ns - SHOWN_NS - AROUND_NS, stop_ns + AFTER_NS)
    ecg, beats = (_joined(chunks) for chunks in _streams(found, rows))
    if not len(ecg.t_ns) or ecg.t_ns[-1] < stop_ns - SHOWN_NS or ecg.t_ns[0] >= stop_ns:
        return None
    stop_ns = min(stop_ns, int(ecg.t_ns[-1]))
    start_ns = -(-(stop_ns - SHOWN_NS) // SECOND_NS) * SECOND_NS
    shown = (start_ns, start_ns + SHOWN_NS)
    peaks = _peaks(ecg)
    late = lag(beats.t_ns, beats.values, peaks.t_ns)
    own_ns = beats.t_ns - late.lag_ns if late is not None else np.zeros(0, np.int64)
    trace, beat = _slice(ecg.t_ns, shown), _slice(peaks.t_ns, shown)
    return EcgModel(
        person=found.unit.person,
        device=found.unit.device,
        start_ns=shown[0],
        stop_ns=shown[1],
        t_ns=ecg.t_ns[trace],
        uv10=ecg.values[trace],
        peaks_ns=peaks.t_ns[beat],
        quality=peaks.quality[beat],
        own_ns=own_ns[_slice(own_ns, shown)],
        lag_ns=None if late is None else late.lag_ns,
        spread_ns=0 if late is None else late.spread_ns,
        recognised=0 if late is None else late.n,
        local=LocalTime(tuple(store.utc_offsets(found.unit.person))),
        simulated=found.row.simulated,
    )


def _streams(found: Recording, rows: Sequence[RawRow]) -> tuple[list[Chunk], list[Chunk]]:
    """Chunks of ECG and of the strap's own beats, dated as a recording dates them."""
    clocker = Clocker(found.unit, STREAMS, tz=found.row.tz)
    said = [item for row in _ended(rows) for item in clocker.push(as_notified(found.unit, row)) if isinstance(item, Chunk)]
    return [item for item in said if item.stream is Stream.ECG], [item for item in said if item.stream is Stream.RR]


def _ended(rows: Sequence[RawRow]) -> Iterator[RawRow]:
    """The rows, and a note that it ends there, so that nothing waits to be dated."""
    yield from rows
    if rows:
        last = rows[-1]
        payload = notes.note(notes.DOWN, notes.STOP)
        yield RawRow(last.t_mono_ns, last.boot_id, last.connection, notes.CHARACTERISTIC, last.t_utc_ns, payload)


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    if not chunks:
        return Chunk(Stream.ECG, np.zeros(0, np.int64), np.zeros(0, np.int64))
    return Chunk(chunks[0].stream, np.concatenate([each.t_ns for each in chunks]), np.concatenate([each.values for each in chunks]))


def _peaks(ecg: Chunk) -> Peaks:
    return EcgPeaks().run(ecg.t_ns, ecg.values)


def _slice(at_ns: IntArray, shown: tuple[int, int]) -> slice:
    return slice(*np.searchsorted(at_ns, shown).tolist())
