"""Spikes, slowings and elevated periods: every line of the table, every reason to turn a rise down, any cut."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.episodes import TABLE, Context, ElevatedMachine, Points, SpikeMachine, State
from somalink.domain.catalogue import REJECTIONS
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS
from somalink.domain.types import UNKNOWN, Candidate, Episode, Gate

RULES = Constants().spike
CALM, HIGH, MILD = 0.0, 3.0, 1.5
CONTEXT = Context("p", "d", "a", {"level": 2.0, "phasic": 3.5}, lambda t, gate: 0.4 if gate == Gate.STILL else 0.7)
Found = list[Episode | Candidate]


def points(*stretches: tuple[float | None, int], phasic: Sequence[float | None] | None = None, drives: int = 0) -> Points:
    """Grid points from (level z or None, how many)."""
    z = [value for value, n in stretches for _ in range(n)]
    n = len(z)

    def fixed(values: Sequence[float | None]) -> np.ndarray:
        return np.array([UNKNOWN if v is None else round(v * 10_000) for v in values], np.int64)

    def full(value: int) -> np.ndarray:
        return np.full(n, value)

    return Points(
        np.arange(1, n + 1) * GRID_NS, fixed(z), fixed(phasic if phasic is not None else [None] * n), full(drives), full(9000), full(8000), full(3000),
        full(5000), full(int(Gate.STILL)), full(1), full(0),
    )  # fmt: skip


def at(given: Points, name: str, where: slice | int, value: int) -> Points:
    column = getattr(given, name).copy()
    column[where] = value
    return replace(given, **{name: column})


def run(given: Points, *, cuts: Sequence[int] = (), machine: SpikeMachine | None = None, context: Context = CONTEXT) -> Found:
    """Everything the machine says, over restarts at `cuts`."""
    machine = machine or SpikeMachine(RULES)
    edges = [0, *sorted(cuts), len(given)]
    out: Found = []
    for a, b in pairwise(edges):
        out += machine.run(given.take(slice(a, b)), context)
        kept, machine = machine, SpikeMachine(RULES)
        machine.restore(kept.state())
    return out + machine.flush(context)


def finals(found: Found) -> list[Episode]:
    return [x for x in found if isinstance(x, Episode) and x.state == "final"]


def reasons(found: Found) -> list[str]:
    return [x.reason for x in found if isinstance(x, Candidate)]


def point(t_ns: int) -> int:
    """Index of a grid point of `points`."""
    return t_ns // GRID_NS - 1


FAULTS = ("artefact", "few_beats", "gap_step", "frozen", "contact")
SPIKE = ((CALM, 80), (HIGH, 30), (CALM, 60))


def test_a_rise_that_stands_becomes_a_spike_with_its_times():
    (spike,) = finals(run(points(*SPIKE)))
    assert (point(spike.start_ns), point(spike.onset_ns), point(spike.stop_ns or 0)) == (80, 95, 109)
    assert (spike.kind, spike.driver, spike.gate, spike.truncated, spike.chance_per_h) == ("spike", "level", "still", False, 0.4)
    assert (spike.peak_z, spike.mean_z, spike.quality, point(spike.peak_ns)) == (3.0, 3.0, 0.9, 80)


def test_an_episode_opens_closes_and_becomes_final_under_one_name():
    found = [x for x in run(points(*SPIKE)) if isinstance(x, Episode)]
    assert [x.state for x in found] == ["open", "closed", "final"]
    assert len({x.id for x in found}) == 1 and found[0].stop_ns is None


def test_confidence_is_how_surely_z_stood_above_its_threshold():
    (spike,) = finals(run(points(*SPIKE)))
    assert spike.confidence == pytest.approx(0.8 * 0.5 * math.erfc((2.0 - 3.0) / 0.3 / math.sqrt(2)), abs=1e-3)


def test_sixteen_of_eighteen_points_confirm_and_fifteen_do_not():
    assert finals(run(points((CALM, 80), (MILD, 18), (HIGH, 16), (MILD, 12), (CALM, 60))))
    found = run(points((CALM, 80), (MILD, 18), (HIGH, 15), (MILD, 12), (CALM, 60)))
    assert not finals(found) and reasons(found) == ["lapsed"]


def test_a_missing_point_counts_as_no():
    found = run(points((CALM, 80), (HIGH, 8), (None, 3), (HIGH, 8), (MILD, 10), (CALM, 60)))
    assert not finals(found)
    assert finals(run(points((CALM, 80), (HIGH, 8), (None, 2), (HIGH, 8), (MILD, 10), (CALM, 60))))


def test_an_onset_needs_quality_on_nine_of_the_twelve_points_before_it():
    given = points(*SPIKE)
    assert point(finals(run(at(given, "quality", slice(84, 87), 5999)))[0].onset_ns) == 95
    assert point(finals(run(at(given, "quality", slice(80, 90), 5999)))[0].onset_ns) == 98
    assert not finals(run(at(given, "quality", slice(80, 110), 5999)))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (points((CALM, 80), (MILD, 5), (CALM, 60)), "lapsed"),
        (points((CALM, 80), (MILD, 5), (None, 40), (CALM, 60)), "unknown"),
        (at(points((CALM, 80), (MILD, 30), (CALM, 60)), "open", slice(90, 100), 0), "gate"),
        (points((1.99, 30), (0.99, 5), (1.99, 60), (0.99, 5), (2.2, 30), (CALM, 60)), "no_rise"),
        (points((CALM, 20), (HIGH, 30), (CALM, 60)), "no_reference"),
        (points((CALM, 20), (None, 60), (HIGH, 30), (CALM, 60)), "no_reference"),
        (points(*SPIKE[:2], (CALM, 25), (HIGH, 30), (CALM, 90)), "refractory"),
        *((at(points(*SPIKE), "fault", slice(80, 110), REJECTIONS.index(name) + 1), name) for name in FAULTS),
    ],
)  # fmt: skip
def test_every_rise_that_is_turned_down_is_kept_with_its_reason(given: Points, reason: str):
    assert reason in reasons(run(given))
    assert len(finals(run(given))) == (1 if reason == "refractory" else 0)


def test_an_episode_that_opened_and_proved_too_short_is_taken_back_by_name():
    """Where fewer points are asked to confirm than an episode must last: with the published rules each lasts."""
    machine, given = SpikeMachine(replace(RULES, confirm=(9, 12))), points((CALM, 80), (HIGH, 9), (CALM, 60))
    out = machine.run(given, CONTEXT) + machine.flush(CONTEXT)
    found = [x for x in out if isinstance(x, Episode)]
    assert [x.state for x in found] == ["open", "closed", "dropped"] and len({x.id for x in found}) == 1
    assert reasons(out) == ["short"]


def test_after_a_rise_was_turned_down_z_must_fall_below_one_before_the_next():
    # The first 40 points stand on a fault; 30 good ones follow without a fall.
    given = at(points((CALM, 80), (HIGH, 70), (CALM, 80), (HIGH, 30), (CALM, 60)), "fault", slice(80, 120), 1)
    (spike,) = finals(run(given))
    assert point(spike.start_ns) == 230


def test_a_spike_ends_after_a_minute_below_one_and_a_shorter_dip_is_part_of_it():
    assert len(finals(run(points(*SPIKE[:2], (CALM, 11), (HIGH, 20), (CALM, 60))))) == 1
    (spike,) = finals(run(points(*SPIKE[:2], (CALM, 11), (HIGH, 20), (CALM, 60))))
    assert point(spike.stop_ns or 0) == 80 + 30 + 11 + 20 - 1


def test_what_follows_within_two_minutes_is_the_same_spike_and_what_follows_in_five_is_none():
    def apart(n: int) -> Found:
        return run(points(*SPIKE[:2], (CALM, n), (HIGH, 30), (CALM, 90)))

    joined = finals(apart(22))
    assert len(joined) == 1 and point(joined[0].stop_ns or 0) == 80 + 30 + 22 + 29 and reasons(apart(22)) == []
    assert len(finals(apart(23))) == 1 and reasons(apart(23)) == ["refractory"]
    assert len(finals(apart(58))) == 1 and reasons(apart(58)) == ["refractory"]
    assert len(finals(apart(59))) == 2


def test_unknown_for_more_than_ninety_seconds_truncates():
    (whole,) = finals(run(points(*SPIKE[:2], (None, 18), (HIGH, 10), (CALM, 90))))
    assert not whole.truncated
    (cut,) = finals(run(points(*SPIKE[:2], (None, 19), (CALM, 90))))
    assert cut.truncated and point(cut.stop_ns or 0) == 109
    (moved,) = finals(run(at(points((CALM, 80), (HIGH, 60), (CALM, 90)), "open", slice(110, 140), 0)))
    assert moved.truncated and point(moved.stop_ns or 0) == 109


def test_the_end_of_a_recording_truncates_what_is_open_and_drops_what_is_only_a_candidate():
    (open_one,) = finals(run(points((CALM, 80), (HIGH, 30))))
    assert open_one.truncated and open_one.state == "final"
    assert reasons(run(points((CALM, 80), (HIGH, 5)))) == ["unknown"]


def test_the_driver_is_fixed_where_the_candidate_begins():
    phasic = [0.0] * 80 + [5.0] * 30 + [0.0] * 60
    found = finals(run(points((CALM, 170), phasic=phasic, drives=1)))
    assert [x.driver for x in found] == ["phasic"]
    given = at(points(*SPIKE, phasic=[0.0] * 170, drives=0), "phasic_drives", slice(85, None), 1)
    assert [x.driver for x in finals(run(given))] == ["level"]
    assert not finals(run(points((CALM, 170), phasic=[0.0] * 80 + [3.4] * 30 + [0.0] * 60, drives=1)))


def test_a_rise_is_measured_against_six_to_two_minutes_before():
    def risen(reference: float, just_before: float) -> bool:
        return bool(finals(run(points((-3.0, 20), (reference, 50), (just_before, 24), (1.8, 30), (CALM, 60)), context=low)))

    low = replace(CONTEXT, z_on={"level": 1.75, "phasic": 3.5})
    assert risen(0.8, -2.0) and risen(0.8, 0.99) and not risen(0.81, -2.0)


def test_a_slowing_is_a_spike_upside_down():
    machine = SpikeMachine(RULES, kind="slowing", sign=-1, level_on=2.0)
    given = points((CALM, 80), (-HIGH, 30), (CALM, 60))
    found = machine.run(given, CONTEXT) + machine.flush(CONTEXT)
    (slowing,) = finals(found)
    (spike,) = finals(run(points(*SPIKE)))
    assert (slowing.kind, slowing.driver, slowing.peak_z, slowing.mean_z, slowing.chance_per_h) == ("slowing", "level", -3.0, -3.0, None)
    assert (slowing.start_ns, slowing.onset_ns, slowing.stop_ns) == (spike.start_ns, spike.onset_ns, spike.stop_ns)


def test_every_line_of_the_table_is_an_action_and_the_table_is_walked_whole():
    walked: set[tuple[State, object]] = set()

    class Watched(SpikeMachine):
        def _signal(self, i: int):  # type: ignore[no-untyped-def]
            signal = super()._signal(i)
            if signal is not None:
                walked.add((self._state, signal))
            return signal

    stories = [
        points(*SPIKE[:2], (CALM, 20), (HIGH, 30), (CALM, 90)),
        points((CALM, 80), (MILD, 5), (None, 40), (CALM, 60)),
        points(*SPIKE[:2], (None, 19), (CALM, 90)),
        at(points((CALM, 80), (MILD, 30), (CALM, 60)), "open", slice(90, 100), 0),
        points((CALM, 20), (HIGH, 30), (CALM, 60)),
    ]
    for story in stories:
        run(story, machine=Watched(RULES))
    assert walked == set(TABLE)
    assert all(hasattr(SpikeMachine, "_" + action) for action in TABLE.values())


# ---------------------------------------------------------------- elevated


def elevated(given: Points, *, cut: int | None = None) -> list[Episode]:
    machine = ElevatedMachine(RULES)
    out: Found = machine.run(given.take(slice(0, cut)), CONTEXT)
    if cut is not None:
        kept, machine = machine, ElevatedMachine(RULES)
        machine.restore(kept.state())
        out += machine.run(given.take(slice(cut, None)), CONTEXT)
    return finals(out + machine.flush(CONTEXT))


def test_fifteen_of_twenty_minutes_at_one_or_above_are_elevated_and_fewer_are_not():
    assert elevated(points((CALM, 100), (1.2, 179), (CALM, 240))) == []
    (found,) = elevated(points((CALM, 100), (1.2, 190), (CALM, 240)))
    assert (point(found.start_ns), point(found.onset_ns), point(found.stop_ns or 0)) == (100, 279, 289)
    assert (found.kind, found.mean_z, found.truncated, found.chance_per_h) == ("elevated", 1.2, False, None)


def test_poor_or_shut_points_do_not_make_a_period_elevated():
    given = points((CALM, 100), (1.2, 200), (CALM, 240))
    assert elevated(at(given, "quality", slice(110, 140), 5000)) == []
    assert elevated(at(given, "open", slice(110, 140), 0)) == []


@pytest.mark.parametrize("cut", [1, 150, 281, 300, 420])
def test_an_elevated_period_survives_a_restart(cut: int):
    given = points((CALM, 100), (1.2, 200), (CALM, 40), (1.4, 150), (CALM, 200), (1.3, 300))
    assert elevated(given, cut=cut) == elevated(given) and len(elevated(given)) == 2


# ---------------------------------------------------------------- any story, any cut


def wandering(seed: int, n: int = 700) -> Points:
    """A z that wanders through everything: surges, holes, shut gates, faults, both drivers."""
    rng = np.random.default_rng(seed)
    walk = np.zeros(n)
    for k in range(1, n):
        walk[k] = 0.96 * walk[k - 1] + rng.normal() * 0.5
    given = points((CALM, n))
    level = np.rint(walk * 10_000).astype(np.int64)
    spans = rng.random(n // 20 + 1)
    hole, shut, fault, other = (np.repeat(spans, 20)[:n] < p for p in (0.06, 0.12, 0.16, 0.5))
    return replace(
        given, level=np.where(hole, UNKNOWN, level), phasic=np.where(hole, UNKNOWN, 2 * level), phasic_drives=other.astype(np.int64),
        open=(~(shut & ~hole)).astype(np.int64), fault=np.where(fault & ~shut, 1, 0), quality=rng.integers(4000, 10_000, n) // 3 * 3 + 1500,
    )  # fmt: skip


@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(1, 699), max_size=6))
@settings(max_examples=25)
def test_a_machine_cut_anywhere_says_the_same(seed: int, cuts: list[int]):
    given_points = wandering(seed)
    assert run(given_points, cuts=cuts) == run(given_points)
