"""Labelled phases of an hour in a laboratory as moments: Stroop and interview against rest of the same recording, by the same four minutes.

There is no other day, so there are no matched moments as a report would have them, and dz10 mostly cannot be read: the calm before a phase is
the phase before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from archived import CONSTANTS
from findings_real import tag
from real import Lived, lived, table

from processing.findings.compare import Comparison, Stratum, compare, difference, verdict
from processing.metrics import event_metrics, may_be_read
from somalink.domain.time import GRID_NS, MINUTE_NS

pytestmark = pytest.mark.truth
RESTS = ("baseline", "rest1", "rest2", "rest3_post")
TASKS = ("stroop", "interview")
APART = "hyperventilation"
WINDOWS_NS = {"stroop": 4 * MINUTE_NS, "interview": 4 * MINUTE_NS, APART: 2 * MINUTE_NS}
"""As long as the shortest phase of that name allows; rest is cut into windows of the same length, side by side."""
BOUNDS = {"stroop": (15, 0.5), "interview": (14, 0.2), APART: (14, 0.1)}
"""People who must have an answer, and the least lower end of the interval over people."""


@dataclass(frozen=True)
class Heard:
    """One person's recording: its level, and the edges of each phase."""

    person: str
    read: Lived
    phases: dict[str, tuple[int, int]]

    def level(self, from_ns: int, length_ns: int) -> float | None:
        """Mean z of a window; None when less than half of it may be read."""
        grid = self.read.grid
        at = (grid.stop_ns > from_ns) & (grid.stop_ns <= from_ns + length_ns) & may_be_read(grid, CONSTANTS)
        return None if 2 * at.sum() * GRID_NS < length_ns else float(grid.z[at].mean()) / 1e4

    def stratum(self, task: str, block: int) -> Stratum | None:
        """The first minutes of a task beside the windows of all rests; rests of one day are one witness."""
        length = WINDOWS_NS[task]
        value = self.level(self.phases[task][0], length)
        starts = [t for rest in RESTS for t in range(self.phases[rest][0], self.phases[rest][1] - length + 1, length)]
        rests = [z for t in starts if (z := self.level(t, length)) is not None]
        return None if value is None or not rests else Stratum(value, tuple(rests), (0,) * len(rests), block)

    def dz10(self, task: str, *, calm: bool) -> float | None:
        """The report's own metric of the beginning of a task. `calm`: the tasks before are no calm, as another tag would not be."""
        others = [tag(name, "other", start, stop) for name, (start, stop) in self.phases.items() if name not in RESTS and name != task]
        return event_metrics(tag(task, "other", self.phases[task][0]), self.read.grid, others if calm else [], CONSTANTS).dz10


@pytest.fixture(scope="module")
def people(data: Path, recording: Callable[[str, str], Path]) -> list[Heard]:
    names = sorted(path.stem for path in (data / "stress_predict" / "subjects").glob("*.npz"))
    found = []
    for name in names:
        folder = recording("stress_predict", name)
        read = lived(folder)
        found.append(Heard(name, read, {phase: (start, stop) for phase, start, stop in read.tasks(folder)}))
    return found


def over_people(people: Sequence[Heard], task: str) -> tuple[list[Stratum | None], Comparison]:
    each = [person.stratum(task, k) for k, person in enumerate(people)]
    return each, compare([one for one in each if one is not None], np.random.default_rng(1))


def said(stratum: Stratum | None) -> list[str]:
    if stratum is None:
        return ["", "", "", ""]
    above = sum(control >= stratum.value for control in stratum.controls)
    return [f"{stratum.value:.2f}", f"{len(stratum.controls)}", f"{difference(stratum):+.2f}", f"{above}"]


def test_stroop_and_interview_lie_above_rest_of_the_same_recording(people: list[Heard], figures):
    by_task = {task: over_people(people, task) for task in (*TASKS, APART)}
    head = ["person", *(f"{task}: {what}" for task in TASKS for what in ("z", "n rest", "less rest", "rests above"))]
    rows = [[person.person, *(cell for task in TASKS for cell in said(by_task[task][0][k]))] for k, person in enumerate(people)]
    apart = table(head, rows)
    rows = []
    for task, (each, found) in by_task.items():
        known = [one for one in each if one is not None]
        higher = sum(difference(one) > 0 for one in known)
        rows.append([task, found.n, found.n_controls, f"{found.effect:+.2f} [{found.low:.2f}, {found.high:.2f}]", higher, f"{found.p:.4f}"])
    figures(table(["phase", "people", "rest windows", "less rest, over people [90 %]", "above the mean of their rests", "p over people"], rows))
    figures(apart)
    for task, (least, low) in BOUNDS.items():
        found = by_task[task][1]
        assert found.n >= least and found.low is not None and found.low > low, (task, found)


def test_one_recording_of_an_hour_says_nothing_of_one_person(people: list[Heard]):
    """One moment, one day to compare it with: the draw has two outcomes, and the report lists it and leaves it there."""
    for person in people:
        for task in TASKS:
            if (stratum := person.stratum(task, 0)) is not None:
                found = compare([stratum], np.random.default_rng(1))
                assert found.low is None and found.p is not None and found.p > 0.4
                assert verdict(found.n, found.effect, 0.0) == "listed_only"


def test_the_reports_own_metric_mostly_cannot_be_read_in_such_a_protocol(people: list[Heard], figures):
    known = {(task, calm): sum(person.dz10(task, calm=calm) is not None for person in people) for task in TASKS for calm in (False, True)}
    rows = [[task, *(f"{known[task, calm]} of {len(people)}" for calm in (False, True))] for task in TASKS]
    figures(table(["phase", "dz10 known, whatever came before", "dz10 known, tasks are no calm"], rows))
    assert known["interview", True] <= 3 and known["stroop", False] <= len(people) // 2
