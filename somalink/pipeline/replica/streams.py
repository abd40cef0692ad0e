"""What comes by the thousand, as lines: beats, grid points, 5-minute panels, and what devices say of themselves.

Straight from columns to text, a column at a time: a day has 17,280 grid points of twenty-one fields. Knows no server and no cursor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboards.picture.look import SURE_SE
from somalink.domain.identity import Unit
from somalink.domain.measurements import DEVICE, MEASUREMENTS, PERSON, TIER
from somalink.domain.types import Beats, BoolArray, Flag, FloatArray, Gate, Grid, IntArray, Posture, word
from somalink.storage.coverage import usable
from somalink.storage.derived import arousal_index, confidence, known, rmssd_ms, worded
from somalink.storage.influx.points import Point, series
from somalink.storage.rows import DeviceStatus, HrvRow
from somalink.storage.writer import rank_among_equals

TICKS_TO_MS = 1000 / 1024
STATUS = ("battery_pct", "contact", "state", "reason")
"""What a device says of itself that has a field; model and firmware stay in the store."""


def worn(unit: Unit) -> dict[str, str]:
    """Tags of what a device measured."""
    return {PERSON: unit.person, DEVICE: unit.device, TIER: unit.tier}


def beat_lines(unit: Unit, beats: Beats) -> list[str]:
    """One line a beat. Of beats of one instant each is 1 ns later than the one before: (n,) sorted by time."""
    t_ns = beats.t_ns + rank_among_equals(beats.t_ns)
    flags = worded([word(flag) for flag in Flag], beats.flag)
    return _lines("beat", unit, t_ns, {"rr_ms": beats.rr_ticks.astype(np.float64) * TICKS_TO_MS + beats.rr_fine_ns / 1e6, "flag": flags})


def arousal_lines(unit: Unit, grid: Grid) -> list[str]:
    """One line a grid point."""
    return _lines("arousal", unit, grid.stop_ns, arousal_fields(grid))


def arousal_fields(grid: Grid) -> dict[str, FloatArray | IntArray | list[str]]:
    """The columns of `arousal`, each (n,), NaN where not known."""
    z, se, index, fit = known(grid, "z"), known(grid, "se"), arousal_index(grid), usable(grid)
    return {
        "hr_bpm": known(grid, "hr"),
        "rmssd_ms": rmssd_ms(grid),
        "motion_mg": known(grid, "motion"),
        "arousal_z": z,
        "arousal_phasic_z": known(grid, "z_phasic"),
        "arousal_se": se,
        "arousal_index": index,
        "arousal_lo": np.clip(20 + 20 * (z - SURE_SE * se), 0, 100),
        "arousal_hi": np.clip(20 + 20 * (z + SURE_SE * se), 0, 100),
        "arousal_index_ok": _where(fit, index),
        "arousal_index_weak": _where(~fit, index),
        "gate": worded([word(gate) for gate in Gate], grid.gate),
        "gate_code": grid.gate,
        "posture": worded(["", *(word(posture) for posture in Posture if posture)], grid.posture),
        "steps": known(grid, "steps"),
        "hr_quality": known(grid, "hr_q"),
        "hrv_quality": known(grid, "hrv_q"),
        "confidence": confidence(grid),
        "artefact_share": known(grid, "artefact"),
        "usable": fit.astype(np.float64),
    }


def hrv_lines(unit: Unit, panels: Iterable[HrvRow]) -> list[str]:
    """One line a 5-minute window; one without values says why."""
    points = (
        Point("hrv_window", worn(unit), {"n_beats": p.n_beats, "artefact_share": p.artefact, "reason": p.reason or None, **p.columns}, p.stop_ns)
        for p in panels
    )
    return _told(points)


def status_lines(unit: Unit, statuses: Iterable[DeviceStatus]) -> list[str]:
    """One line for each time a device said something that has a field."""
    return _told(Point("device_status", worn(unit), {name: status.fields.get(name) for name in STATUS}, status.t_ns) for status in statuses)


def _told(points: Iterator[Point]) -> list[str]:
    return [line for point in points if (line := point.line())]


def _where(mask: BoolArray, values: FloatArray) -> FloatArray:
    return np.where(mask, values, np.nan)


# ---------------------------------------------------------------- columns to text


def _lines(measurement: str, unit: Unit, t_ns: IntArray, columns: Mapping[str, FloatArray | IntArray | Sequence[str]]) -> list[str]:
    """Lines of a measurement whose fields are columns; a point of which nothing is known gives none."""
    head = f"{series(measurement, worn(unit))} "
    fields = MEASUREMENTS[measurement].fields
    texts = [_texts(name, fields[name].form.value, column) for name, column in columns.items()]
    said = map("".join, zip(*texts, strict=True))
    return [f"{head}{each[1:]} {t}" for each, t in zip(said, t_ns.tolist(), strict=True) if each]


def _texts(name: str, form: str, column: Any) -> list[str]:
    """`,name=value` of each, nothing where it is not known. Figures repeat, so each is written once."""
    if form == "text":
        written = {text: f',{name}="{text}"' if text else "" for text in set(column)}
        return [written[text] for text in column]
    values, place = np.unique(column, return_inverse=True)
    once: NDArray[Any] = np.array([_figure(name, form, value) for value in values.tolist()], dtype=object)
    found: list[str] = once[place].tolist()
    return found


def _figure(name: str, form: str, value: float) -> str:
    if value != value:
        return ""
    return f",{name}={int(value)}i" if form == "int" else f",{name}={float(value)!r}"
