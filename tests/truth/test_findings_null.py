"""Tags that mean nothing: how often a finding says something of them, beside what a search for a spike near the tag says.

Three lives: five real days side by side, forty days made of them, ninety simulated days. Tags are drawn at usable minutes; matched moments,
test, family and sentence are the report's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from clients import client_store
from findings_real import (
    CONSTANTS,
    KINDS,
    PEOPLE,
    Life,
    Lived,
    bounds_of,
    cases_of,
    interval_of,
    lived_day,
    matcher,
    random_tags,
    side_by_side,
    spikes_of,
    turned,
)
from real import table

from processing.findings.answers import Asking, reactions
from processing.findings.cases import Case
from processing.findings.compare import Stratum, compare
from processing.findings.matching import Ground
from processing.usual import Offsets
from somalink.domain.catalogue import HIGHER, LOWER
from somalink.domain.constants import STATISTICS
from somalink.domain.types import Finding
from somalink.pipeline.holdings import local_offsets
from somalink.pipeline.tracks import tracks

RULES = replace(STATISTICS, perms=999)
"""A tenth of the draws: what p means is the same, and a thousand tests take minutes."""
DAYS, LIVES = 40, 10
"""Matched moments of one life share their luck, whatever is tagged in it: so several lives."""


@dataclass
class Told:
    """What a life's random tags came to."""

    findings: list[Finding] = field(default_factory=list)
    """Those that were tested."""
    families: int = 0
    spoke: int = 0
    tags: int = 0
    beside_spike: int = 0
    searched: int = 0
    searched_higher: int = 0
    """Groups, and those that a search of the tags alone calls higher."""
    both_sides: list[float] = field(default_factory=list)
    """p of the same search at tags and at their matched moments."""

    def rejected(self) -> int:
        return sum((found.p or 1.0) < STATISTICS.alpha for found in self.findings)


@pytest.fixture(scope="module")
def days(recording: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[Lived]:
    return [lived_day(recording("mmash_polar_h7", person), tmp_path_factory.mktemp("day") / "store.db") for person in PEOPLE]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Ninety simulated days; what was tagged on them is not told, so that their reactions are part of an ordinary life."""
    with client_store("steady", tmp_path_factory.mktemp("client") / "store.db") as (store, told):
        (track,) = tracks(store, told.person, told.start_ns, told.stop_ns, CONSTANTS)
        offsets: Offsets = local_offsets(store, told.person)
        return Life(track, spikes_of(store, told.person), offsets, {})


def drawn(life: Life, runs: int, kinds: Sequence[str], least: int, most: int, seed: int, lookback_d: int | None = None, told: Told | None = None) -> Told:
    """`runs` families of random tags, added to what was told before."""
    told = told or Told()
    for run in range(runs):
        dice = np.random.default_rng([seed, run])
        events = random_tags(life, dice, kinds, least, most)
        cases = cases_of(life, events, matcher(life, events, run, lookback_d=lookback_d))
        ask = Asking("drawn", f"{run}", "analysis", lambda name, run=run: np.random.default_rng([seed, run, int(name[:8], 16)]), RULES)
        found = list(reactions(cases, ask).values())
        tested = [one for one in found if one.p is not None]
        told.findings += tested
        told.families += bool(tested)
        told.spoke += any(one.verdict in (HIGHER, LOWER) for one in found)
        for kind in kinds:
            searched(life, [case for case in cases if case.event.kind == kind and case.counted], told, np.random.default_rng([seed, run, 7]))
    return told


def searched(life: Life, cases: Sequence[Case], told: Told, dice: np.random.Generator) -> None:
    """The naive way: a spike near the tag; the highest level within a quarter of an hour of it against the calm before it; and the same with the
    matched moments searched alike."""
    from scipy import stats

    if len(cases) < STATISTICS.sentence_from:
        return

    def height(t_ns: int) -> float:
        return float(life.ground.highest[life.ground.place(t_ns)])

    tops = np.array([height(case.event.t_ns) for case in cases])
    told.tags += len(cases)
    told.beside_spike += sum(life.spike_near(case.event.t_ns) for case in cases)
    told.searched += 1
    told.searched_higher += bool(stats.wilcoxon(tops).pvalue < STATISTICS.alpha and np.median(tops) > 0)
    strata = [
        Stratum(top, tuple(height(control.t_ns) for control in case.controls), tuple(control.day for control in case.controls), case.day)
        for top, case in zip(tops.tolist(), cases, strict=True)
    ]
    told.both_sides.append(compare(strata, dice, RULES).p or 1.0)


def said(name: str, told: Told) -> list[list[str]]:
    tests, both = len(told.findings), told.both_sides
    alone = interval_of(told.searched_higher, told.searched)
    return [
        [name, "matched moments, p < .05", f"{tests} tests", interval_of(told.rejected(), tests)],
        ["", "of them higher", "", f"{sum((f.p or 1) < STATISTICS.alpha and (f.effect or 0) > 0 for f in told.findings) / tests:.1%}"],
        ["", "family says higher or lower", f"{told.families} families", interval_of(told.spoke, told.families)],
        ["", "a spike within 15 min of the tag", f"{told.tags} tags", f"{told.beside_spike / told.tags:.1%}"],
        ["", "highest within 15 min, tags alone: higher", f"{told.searched} tests", alone],
        ["", "highest within 15 min, matched moments too", f"{len(both)} tests", interval_of(sum(p < STATISTICS.alpha for p in both), len(both))],
    ]


HEADER = ["life", "what is asked", "asked", "says so"]


@pytest.mark.truth
def test_random_tags_on_five_real_days_are_told_apart_no_more_often_than_chance(days: list[Lived], figures):
    life = side_by_side(days)
    one = drawn(life, 1000, KINDS[:1], 12, 12, 1, lookback_d=8)
    crowded = drawn(life, 400, KINDS[:2], 14, 14, 2, lookback_d=8)
    figures(table(HEADER, [*said("five real days, 12 tags of one kind", one), *said("the same, 14 tags of each of two kinds", crowded)]))
    assert len(one.findings) >= 800
    assert 0.03 <= one.rejected() / len(one.findings) <= 0.06
    assert crowded.rejected() <= 0.06 * len(crowded.findings)
    assert one.searched_higher >= 0.95 * one.searched


@pytest.mark.truth
def test_random_tags_on_forty_days_made_of_real_ones(days: list[Lived], figures):
    told = Told()
    for which in range(LIVES):
        told = drawn(turned(days, DAYS, np.random.default_rng([30, which])), 250 // LIVES, KINDS, 8, 12, 100 + which, told=told)
    figures(table(HEADER, said("forty days made of the five", told)))
    assert len(told.findings) >= 900
    low, high = bounds_of(told.rejected(), len(told.findings))
    assert low <= STATISTICS.alpha <= high and told.rejected() <= 0.06 * len(told.findings)
    assert told.spoke <= 0.15 * told.families
    assert told.searched_higher >= 0.95 * told.searched


@pytest.mark.truth
def test_random_tags_on_ninety_simulated_days(client: Life, figures):
    told = drawn(client, 250, KINDS, 8, 12, 4)
    figures(table(HEADER, said("ninety simulated days", told)))
    assert len(told.findings) >= 900
    low, high = bounds_of(told.rejected(), len(told.findings))
    assert low <= STATISTICS.alpha <= high and told.rejected() <= 0.06 * len(told.findings)
    assert told.spoke <= 0.12 * told.families
    assert told.searched_higher >= 0.95 * told.searched


@pytest.mark.truth
@pytest.mark.parametrize("days_of", ["five", "forty"])
def test_what_is_known_in_advance_is_what_the_matcher_and_the_operator_say(days: list[Lived], days_of: str):
    life = side_by_side(days) if days_of == "five" else turned(days, DAYS, np.random.default_rng(5))
    dice = np.random.default_rng(1)
    plain = Ground(life.track)
    for t_ns in dice.choice(life.minutes, 100).tolist():
        place = life.ground.place(t_ns)
        state = plain.state(t_ns)
        assert (life.ground.still[place], bool(life.ground.readable[place])) == (state.still, state.readable)
    for run in range(2):
        events = random_tags(life, dice, KINDS[:2], 5, 6)
        quick, slow = (cases_of(life, events, matcher(life, events, run, quick=quick)) for quick in (True, False))
        for a, b in zip(quick, slow, strict=True):
            assert (a.metrics.dz10, a.metrics.pre_z, a.standing) == (b.metrics.dz10, b.metrics.pre_z, b.standing)
            assert [(c.t_ns, c.day, c.dz10, c.still, c.motion_mg) for c in a.controls] == [(c.t_ns, c.day, c.dz10, c.still, c.motion_mg) for c in b.controls]
