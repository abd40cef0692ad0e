"""What the index is worth on people it never saw: against the device's own heart rate, and against time alone. Printed, not tuned.

Every figure is within a person, then averaged over people. Nobody is left out; hyperventilation moves the heart by breathing and
stands apart; windows are the whole minutes of each phase, scored at their last grid point.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from real import lived, minutes_of, table

from somalink.domain.time import MINUTE_NS
from somalink.domain.types import UNKNOWN, Stream

pytestmark = pytest.mark.truth
RESTS = ("baseline", "rest1", "rest2", "rest3_post")
TASKS = {"stroop and interview": ("stroop", "interview"), "stroop": ("stroop",), "interview": ("interview",), "hyperventilation": ("hyperventilation",)}
SCORED_LEAST = 0.8
WORSE_AT_MOST = -0.02
ALIKE = 0.25
DRAWS = 10_000


@dataclass(frozen=True)
class Windows:
    """(n,) labelled minutes of one person: phase, level z (NaN: not known), mean of the device's field, minutes since the start."""

    person: str
    phase: np.ndarray
    z: np.ndarray
    field: np.ndarray
    time: np.ndarray
    movement: np.ndarray
    quality: np.ndarray

    def of(self, score: str, tasks: Sequence[str], *, matched: bool = False) -> float:
        """AUROC of tasks against rests on the minutes that both z and field score; NaN without both kinds.

        `matched`: only pairs of minutes that moved alike, mean ln(1 + M/20 mg) within .25.
        """
        both = np.isfinite(self.z) & np.isfinite(self.field)
        task, rest = (np.flatnonzero(both & np.isin(self.phase, names)) for names in (tasks, RESTS))
        high, low = getattr(self, score)[task][:, None], getattr(self, score)[rest][None, :]
        wins = (high > low) + 0.5 * (high == low)
        pairs = np.abs(self.movement[task][:, None] - self.movement[rest][None, :]) < ALIKE if matched else np.ones(wins.shape, bool)
        return float(wins[pairs].mean()) if pairs.any() else float("nan")


def windows(folder, person: str) -> Windows:  # type: ignore[no-untyped-def]
    read = lived(folder)
    field = read.source.recording.samples[Stream.HR]
    rows = []
    for phase, start, stop in read.tasks(folder):
        for until, at in minutes_of(read.grid, start, stop):
            seconds = field.values[slice(*np.searchsorted(field.t_ns, (until - MINUTE_NS, until)).tolist())]
            z = read.grid.z[at[-1]] if len(at) else UNKNOWN
            motion, quality = read.grid.motion[at], read.grid.hr_q[at[-1]] / 10_000 if len(at) else 0.0
            moved = np.log1p(motion[motion != UNKNOWN] / 200)
            rows.append((phase, np.nan if z == UNKNOWN else z / 10_000, seconds.mean() / 1000 if len(seconds) else np.nan, until, moved.mean(), quality))
    phases, z, rate, when, moved_by, q = (np.array(column) for column in zip(*rows, strict=True))
    return Windows(person, phases, z, rate, (when - when[0]) / MINUTE_NS, moved_by, q)


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over people."""
    draws = np.random.default_rng(2026).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def said(values: np.ndarray) -> str:
    low, high = interval(values)
    return f"{values.mean():.3f} [{low:.2f}, {high:.2f}]"


def test_the_index_is_no_worse_than_the_devices_own_heart_rate_on_the_same_minutes(data, recording: Callable, figures):
    people = sorted(path.stem for path in (data / "stress_predict" / "subjects").glob("*.npz"))
    everyone = [windows(recording("stress_predict", person), person) for person in people]
    scored = {one.person: float((np.isfinite(one.z) & np.isfinite(one.field)).mean()) for one in everyone}

    rows = []
    for name, tasks in TASKS.items():
        index, field, time = (np.array([one.of(score, tasks) for one in everyone]) for score in ("z", "field", "time"))
        assert np.isfinite(index).all(), f"{name}: somebody could not be scored"
        rows.append(
            (f"{name},", len(everyone), said(index), said(field), said(time), said(index - field), f"{np.count_nonzero(index > field)}/{len(everyone)}")
        )
    lines = [f"{name:22s} n {n}  index {a}  field {b}  time {c}  difference {d}  better {e}" for name, n, a, b, c, d, e in rows]
    for name, tasks in TASKS.items():
        alike = {score: np.array([one.of(score, tasks, matched=True) for one in everyone]) for score in ("z", "field")}
        moved = np.array([one.of("movement", tasks) for one in everyone])
        both = np.isfinite(alike["z"])
        lines.append(
            f"{name + ',':22s} movement alone {moved.mean():.3f}; minutes that moved alike, n {np.count_nonzero(both)}: index {said(alike['z'][both])}  "
            f"field {said(alike['field'][both])}  difference {said((alike['z'] - alike['field'])[both])}"
        )
    apart = [
        (
            one.person,
            len(one.z),
            scored[one.person],
            float((one.quality >= 0.6).mean()),
            one.of("z", TASKS["stroop and interview"]),
            one.of("field", TASKS["stroop and interview"]),
        )
        for one in everyone
    ]
    figures("\n".join(lines) + "\n\n" + table("person minutes scored trusted index field", apart))

    assert len(everyone) == 17 and min(scored.values()) >= SCORED_LEAST
    tasks = TASKS["stroop and interview"]
    assert interval(np.array([one.of("z", tasks) - one.of("field", tasks) for one in everyone]))[0] >= WORSE_AT_MOST
