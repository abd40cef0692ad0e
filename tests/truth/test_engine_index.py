"""What the index is worth on people it never saw: against heart rate alone, time alone and movement alone. Printed, not tuned.

Every figure is within a person, then averaged over people; nobody is left out. Heart rate alone is the mean over a minute, so the index is read as the
mean of the same minute's grid points; what it says at the minute's end, where a wearer would look, stands beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from real import lived, table
from scoring import Contrast, Minutes, interval, minutes, over_people, said

from somalink.domain.time import GRID_NS

pytestmark = pytest.mark.truth
RESTS = ("baseline", "rest1", "rest2", "rest3_post")
SEATED = (
    Contrast("all three tasks", ("stroop", "interview", "hyperventilation"), RESTS),
    Contrast("Stroop and interview", ("stroop", "interview"), RESTS),
    Contrast("Stroop", ("stroop",), RESTS),
    Contrast("interview", ("interview",), RESTS),
    Contrast("hyperventilation", ("hyperventilation",), RESTS),
)
MATHS = Contrast("maths, sitting", ("maths",), ("sitting",))
EXERTION = tuple(Contrast(f"{name}, maths", (name,), ("maths",)) for name in ("walking", "hand_bike", "jogging"))
SCORED_LEAST = 0.8
WORSE_AT_MOST = -0.02
"""What the lower end of index less heart rate alone may be."""


@pytest.fixture(scope="module")
def wrists(data: Path, recording: Callable) -> list[Minutes]:
    """The 17 people of stress_predict: a wrist device with beats, a heart rate field and acceleration."""
    names = sorted(path.stem for path in (data / "stress_predict" / "subjects").glob("*.npz"))
    return [minutes(lived(folder), folder, name) for name in names for folder in [recording("stress_predict", name)]]


@pytest.fixture(scope="module")
def straps(data: Path, recording: Callable) -> Callable[[int], list[Minutes]]:
    """The 12 people of gudb, beats alone; minutes one after the other, or one every so many ns."""
    names = sorted({line.split(",")[0] for line in (data / "gudb_beats" / "summary.csv").read_text().splitlines()[1:]}, key=int)
    read = [(name, folder, lived(folder)) for name in names for folder in [recording("gudb_beats", name)]]
    return lambda every_ns: [minutes(one, folder, name, every_ns=every_ns) for name, folder, one in read]


def compared(contrast: Contrast, people: Sequence[Minutes], *, moves: bool) -> tuple[list[object], dict[str, np.ndarray]]:
    """A row of the table, and what lies between index and heart rate alone, (people,), by how the index is read."""
    score = partial(over_people, contrast, people)
    own = score("own")
    between = {how: score(how) - own for how in ("over", "index")}
    alone = [said(score("time")), said(score("moved"))] if moves else [said(score("time"))]
    better = f"{np.count_nonzero(between['over'] > 0)} of {np.count_nonzero(np.isfinite(own))}"
    row = [contrast.name, contrast.pairs, said(score("over")), said(own), *alone, *(said(between[how], signed=True) for how in between), better]
    return row, between


def test_on_a_wrist_the_index_is_no_worse_than_the_devices_own_heart_rate_on_the_same_minutes(wrists, figures):
    rows, floors = [], {}
    for contrast in SEATED:
        for pairs in ("any", "alike", "near"):
            row, between = compared(replace(contrast, pairs=pairs), wrists, moves=True)
            rows.append(row)
            if pairs == "any":
                floors[contrast.name] = between
    figures(table("task pairs index HR_field time_alone movement_alone index_less_field the_same,_at_its_end better_in", rows))

    known = [float(one.both.mean()) for one in wrists]
    every, felt = SEATED[0], SEATED[1]
    apart = [
        (
            one.person,
            len(one.stop_ns),
            share,
            float((one.quality >= 0.6).mean()),
            *(c.auroc(one, s, one.both) for c in (every, felt) for s in (one.over, one.own)),
        )
        for one, share in zip(wrists, known, strict=True)
    ]
    figures(table("person minutes scored trusted all_tasks:_index field Stroop_and_interview:_index field", apart))

    assert len(wrists) == 17 and min(known) >= SCORED_LEAST
    for name in ("all three tasks", "Stroop and interview", "Stroop", "interview"):
        for how, between in floors[name].items():
            assert interval(between)[0] >= WORSE_AT_MOST, f"{name}, {how}"


def test_on_a_strap_the_index_tells_maths_from_sitting_as_heart_rate_does_and_effort_from_maths_no_better(straps, figures):
    rows, floors = [], {}
    for name, every_ns in (("two minutes a task", 12 * GRID_NS), ("a minute every 5 s", GRID_NS)):
        people = straps(every_ns)
        for contrast in (MATHS, *EXERTION):
            row, between = compared(contrast, people, moves=False)
            floors[name, contrast.name] = between
            rows.append([row[0], name, *row[2:]])
    figures(table("phases minutes index HR_alone time_alone index_less_HR the_same,_at_its_end better_in", rows))

    assert len(people) == 12
    assert interval(floors["two minutes a task", MATHS.name]["over"])[0] >= WORSE_AT_MOST
