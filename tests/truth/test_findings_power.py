"""Rises of known height laid on the level of real days, and how often a finding says so: by size, by number of moments; and whether its interval
holds what was laid.

Forty days made of the five real ones; a rise of so many bpm is divided by the SD of whoever lived that day. Moments are usable ones drawn by
lot, an hour apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from findings_real import CONSTANTS, PEOPLE, Life, Lived, cases_of, interval_of, lived_day, matcher, tag, turned
from real import table

from processing.findings.cases import strata
from processing.findings.compare import Stratum, compare, q_values, verdict
from processing.metrics import metrics_of
from somalink.domain.catalogue import HIGHER
from somalink.domain.constants import STATISTICS
from somalink.domain.time import HOUR_NS
from somalink.domain.types import Event, IntArray

RULES = replace(STATISTICS, perms=999)
HEIGHTS_BPM = (0, 4, 8, 12)
COUNTS = (5, 8, 12, 30)
RUNS, LIVES = 400, 10
DAYS = 40


@dataclass
class Cell:
    """What was said of one height and one number of moments."""

    p: list[float] = field(default_factory=list)
    sentences: int = 0
    held: list[bool] = field(default_factory=list)
    laid: list[float] = field(default_factory=list)
    effect: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def days(recording: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[Lived]:
    return [lived_day(recording("mmash_polar_h7", person), tmp_path_factory.mktemp("day") / "store.db") for person in PEOPLE]


def gain(life: Life, event: Event) -> float:
    """What a rise of 1 SD for ten minutes from the tag on adds to its dz10, by the operator itself."""
    lifted = life.lifted([(event.t_ns, 1.0)]).track
    after, before = (metrics_of(event, track.readable, [], CONSTANTS).dz10 for track in (lifted, life.track))
    assert after is not None and before is not None
    return after - before


def near(life: Life, t_ns: int) -> Life:
    """The hours around a moment, so that lifting them costs little."""
    first = life.track.first_ns + max(life.track.index(t_ns - 3 * HOUR_NS), 0) * 5_000_000_000
    return replace(life, track=replace(life.track, first_ns=first, rows=life.track.between(first - 5_000_000_000, t_ns + 3 * HOUR_NS)))


def apart(minutes: IntArray, count: int, dice: np.random.Generator) -> list[int]:
    chosen: list[int] = []
    while len(chosen) < count:
        t_ns = int(dice.choice(minutes))
        if all(abs(t_ns - other) >= HOUR_NS for other in chosen):
            chosen.append(t_ns)
    return chosen


def moments(life: Life, run: int) -> list[tuple[Stratum, float, float]]:
    """Thirty moments that count: beside what, what 1 SD adds, and one SD in bpm."""
    dice = np.random.default_rng([31, run])
    events = [tag(str(k), "conflict", t) for k, t in enumerate(apart(life.minutes, COUNTS[-1] + 5, dice))]
    cases = [case for case in cases_of(life, events, matcher(life, events, run)) if case.counted][: COUNTS[-1]]
    return [
        (stratum, gain(near(life, case.event.t_ns), case.event), life.spreads_bpm[case.day]) for case, stratum in zip(cases, strata(cases, "dz10"), strict=True)
    ]


@pytest.mark.truth
def test_rises_are_found_by_their_size_and_number_and_the_interval_holds_them(days: list[Lived], figures):
    cells = {(bpm, n): Cell() for bpm in HEIGHTS_BPM for n in COUNTS}
    for which in range(LIVES):
        life = turned(days, DAYS, np.random.default_rng([30, which]))
        for run in range(which, RUNS, LIVES):
            drawn = moments(life, run)
            for (bpm, n), cell in cells.items():
                if len(drawn) >= n:
                    judge(drawn[:n], bpm, cell, np.random.default_rng([32, run]))
    rows = []
    for (bpm, n), cell in cells.items():
        held = interval_of(sum(cell.held), len(cell.held)) if cell.held else ""
        share = sum(p < STATISTICS.alpha for p in cell.p) / len(cell.p)
        shares = [f"{np.mean(cell.laid):.2f}", f"{np.median(cell.effect):.2f}", f"{share:.2f}", f"{cell.sentences / len(cell.p):.2f}", held]
        rows.append([f"+{bpm} bpm", n, len(cell.p), *shares])
    held = [one for cell in cells.values() for one in cell.held]
    rows.append(["all", "", "", "", "", "", "", interval_of(sum(held), len(held))])
    figures(table(["rise", "moments", "runs", "laid, dz10", "effect (median)", "p < .05", "sentence", "interval holds it"], rows))
    assert cells[12, 12].sentences >= 0.9 * RUNS and cells[12, 30].sentences >= 0.97 * RUNS
    assert cells[0, 30].sentences <= 0.03 * RUNS and all(not cells[bpm, 5].sentences for bpm in HEIGHTS_BPM)
    assert 0.87 <= sum(held) / len(held) <= 0.93 and all(sum(cell.held) >= 0.83 * len(cell.held) for cell in cells.values())


def judge(drawn: list[tuple[Stratum, float, float]], bpm: float, cell: Cell, dice: np.random.Generator) -> None:
    added = [bpm / spread * by for _, by, spread in drawn]
    lifted = [replace(stratum, value=stratum.value + more) for (stratum, _, _), more in zip(drawn, added, strict=True)]
    found = compare(lifted, dice, RULES)
    assert found.p is not None and found.effect is not None
    cell.p.append(found.p)
    cell.laid.append(float(np.mean(added)))
    cell.effect.append(found.effect)
    cell.sentences += verdict(found.n, found.effect, q_values([found.p])[0], STATISTICS) == HIGHER
    if found.low is not None and found.high is not None:
        cell.held.append(found.low <= cell.laid[-1] <= found.high)
