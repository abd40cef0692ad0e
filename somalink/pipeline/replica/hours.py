"""Hours of a device as points: what came and what could be used, and what the level did. Counts and means of FINAL rows, asked for hour by hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.ble import notes
from processing.gates import is_still
from somalink.domain.measurements import GATE_SECONDS
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_hour
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, FloatArray, Gate, Grid, word
from somalink.pipeline.holdings import minute_chances
from somalink.pipeline.replica.stood import told
from somalink.pipeline.replica.subject import Subject
from somalink.storage import derived
from somalink.storage.coverage import USABLE_Q, DeviceHour, device_hours, usable
from somalink.storage.influx.points import FieldValue, Point
from somalink.storage.rows import Recording

POINT_S = GRID_NS / SECOND_NS
LINK_LOST = (notes.DISCONNECT, notes.SILENCE, notes.ADAPTER_OFF, notes.RESTART)
"""Reasons of a gap in which a link was lost and made again; `stop` is somebody's own."""


@dataclass(frozen=True, slots=True)
class _Device:
    """What is known of a device beside its rows."""

    name: str
    recordings: Sequence[Recording]
    """By the recording's name, as rows of overlapping ones are chosen."""
    baselines: Mapping[int, Baseline]
    spikes: Counter[int]
    """Those of the device that leads, by the hour they begin in."""

    def of(self, hour_ns: int) -> Sequence[Recording]:
        """Recordings that reach into an hour; where none says so, all."""
        return [each for each in self.recordings if _touches(each, hour_ns)] or self.recordings


def hours_of(subject: Subject, device: str, hours: Iterable[int]) -> Iterator[Point]:
    """`coverage` and `hour_summary` of these hours (UTC starts, ns) of a device; an hour with nothing gives no point."""
    wanted = set(hours)
    about = _device(subject, device, wanted)
    for hour in device_hours(subject.store, subject.person, device, wanted):
        if hour.empty:
            continue
        tags = {"person_id": subject.person, "device_id": device, "device_tier": about.of(hour.hour_start_ns)[0].unit.tier}
        yield _point("coverage", tags, _coverage(hour, about), hour, device)
        if (hour.rows.hr != UNKNOWN).any():
            local = local_hour(hour.hour_start_ns, subject.offsets.one(hour.hour_start_ns))
            yield _point("hour_summary", {**tags, "hour": f"{int(local):02d}"}, _summary(hour, about, subject), hour, device)


def _device(subject: Subject, device: str, wanted: set[int]) -> _Device:
    recordings = [each for each in subject.store.recordings(subject.person) if each.unit.device == device]
    begun = told(subject, min(wanted), max(wanted) + HOUR_NS) if wanted else []
    spikes = Counter(
        each.episode.start_ns // HOUR_NS * HOUR_NS for each in begun if each.unit.device == device and each.episode.kind == "spike" and each.lead is not False
    )
    baselines = {each.number: each for each in subject.store.baselines(subject.person)}
    return _Device(device, sorted(recordings, key=lambda each: each.unit.recording), baselines, spikes)


def _touches(recording: Recording, hour_ns: int) -> bool:
    row = recording.row
    return row.start_ns < hour_ns + HOUR_NS and (row.state != "done" or row.stop_ns is None or row.stop_ns > hour_ns)


def _point(measurement: str, tags: Mapping[str, str], fields: Mapping[str, FieldValue], hour: DeviceHour, device: str) -> Point:
    return Point(measurement, tags, fields, hour.hour_start_ns, f"{device}/{hour.hour_start_ns}")


# ---------------------------------------------------------------- what came


def _coverage(hour: DeviceHour, about: _Device) -> dict[str, FieldValue]:
    return {
        "received_beats": float(hour.received),
        "refused_beats": float(hour.refused),
        "stored_beats": float(hour.stored),
        "flagged_beats": float(hour.flagged),
        "gaps": float(len(hour.began)),
        "gap_s": hour.lost_ns / SECOND_NS,
        "reconnects": float(sum(gap.reason in LINK_LOST for gap in hour.began)),
        "worn_s": _seconds(hour.rows.hr != UNKNOWN),
        "usable_s": _seconds(usable(hour.rows)),
        "simulated": any(each.row.simulated for each in about.of(hour.hour_start_ns)),
    }


def _seconds(which: BoolArray) -> float:
    return int(np.count_nonzero(which)) * POINT_S


# ---------------------------------------------------------------- what the level did


def _summary(hour: DeviceHour, about: _Device, subject: Subject) -> dict[str, FieldValue]:
    """Rows without a heart rate are of no gate: the strap was off."""
    rows = hour.rows.take(hour.rows.hr != UNKNOWN)
    fit = usable(rows)
    still = fit & is_still(rows.gate, rows.motion_conf)
    steady = still & (derived.known(rows, "hrv_q") >= USABLE_Q)
    return {
        "z_mean": _mean(derived.known(rows, "z")[fit]),
        "hr_mean_bpm": _mean(derived.known(rows, "hr")),
        "still_hr_bpm": _mean(derived.known(rows, "hr")[still]),
        "rmssd_mean_ms": _mean(derived.rmssd_ms(rows)[steady]),
        "usable_s": _seconds(fit),
        **{f"{word(gate)}_s": _seconds(rows.gate == gate) for gate in Gate if f"{word(gate)}_s" in GATE_SECONDS},
        "spikes": float(about.spikes[hour.hour_start_ns]),
        "chance_spikes": _by_chance(rows.take(fit & (rows.stop_ns % MINUTE_NS == 0)), about, subject),
    }


def _mean(values: FloatArray) -> float | None:
    """Of what is known; None where nothing is."""
    known = values[np.isfinite(values)]
    return float(np.mean(known)) if len(known) else None


def _by_chance(minutes: Grid, about: _Device, subject: Subject) -> float | None:
    """Over the usable minutes whose chance is known; None where none is."""
    rates = minute_chances(minutes, dict(about.baselines), subject.offsets, subject.constants)
    known = rates[np.isfinite(rates)]
    return float(np.sum(known)) * MINUTE_NS / HOUR_NS if len(known) else None
