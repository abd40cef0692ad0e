"""Scripted activities: what is asked for is what is done, and the chest's sensor shows it."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.simulate.activities import MORNING, UPRIGHT, performed, scripted
from ingest.simulate.wearer import Life
from somalink.domain.time import SECOND_NS
from somalink.domain.types import FloatArray, Stream

LIFE = Life("ada", 3, 1_772_418_600 * SECOND_NS)
SCRIPT = (("desk", 2), ("stand", 1), ("walk", 1), ("cycle", 2), ("nap", 1))


def chest(rate_hz: int = 25) -> tuple[FloatArray, FloatArray]:
    """Seconds from the beginning and acceleration in mg."""
    signal = performed(LIFE, scripted(LIFE, SCRIPT), rate_hz=rate_hz)[Stream.ACC]
    return (signal.t_ns - LIFE.start_ns) / SECOND_NS, signal.values / 100


def degrees(xyz: FloatArray, from_: FloatArray) -> float:
    return float(np.degrees(np.arccos(xyz @ from_ / np.linalg.norm(xyz) / np.linalg.norm(from_))))


def test_a_script_begins_with_its_life_and_is_done_in_order():
    plan = scripted(LIFE, SCRIPT)
    assert plan.ns(plan.on) == LIFE.start_ns and plan.worn_s == 7 * 60
    assert [act.what for act in plan.acts] == [what for what, _ in SCRIPT] and plan.acts[0].start == MORNING
    with pytest.raises(KeyError):
        scripted(LIFE, [("fly", 3)])


def test_nothing_is_lost_and_the_beats_are_the_same_at_every_rate():
    slow, fast = (performed(LIFE, scripted(LIFE, SCRIPT), rate_hz=hz) for hz in (25, 200))
    assert np.array_equal(slow[Stream.RR].t_ns, fast[Stream.RR].t_ns)
    assert len(slow[Stream.ACC].t_ns) * 8 == len(fast[Stream.ACC].t_ns) == 7 * 60 * 200
    assert not slow[Stream.ACC].gaps and not slow[Stream.RR].gaps


@pytest.mark.parametrize("rate_hz", [25, 200])
def test_who_rises_bends_forward_on_the_way_and_who_lies_has_the_chest_to_the_ceiling(rate_hz: int):
    t, xyz = chest(rate_hz)

    def held(start: float, stop: float) -> FloatArray:
        return np.asarray(xyz[(t >= start) & (t < stop)].mean(axis=0))

    stood = held(130, 170)
    assert degrees(stood, np.array(UPRIGHT, float)) < 8
    assert degrees(held(119.7, 120.3), stood) > 35 and degrees(held(116, 118), stood) < 30
    assert 15 < degrees(held(250, 350), stood) < 65
    assert degrees(held(365, 415), stood) > 70


def test_a_bicycle_rocks_the_chest_a_little_and_a_walk_shakes_it():
    t, xyz = chest()
    size = np.linalg.norm(xyz, axis=1)
    spread = {name: float(np.abs(part - part.mean()).mean()) for name, part in (("ride", size[(t > 250) & (t < 350)]), ("walk", size[(t > 190) & (t < 235)]))}
    assert 20 < spread["ride"] < 35 < 100 < spread["walk"]


def test_another_person_sits_another_way():
    other = performed(replace(LIFE, person="ben"), scripted(LIFE, SCRIPT))
    assert not np.array_equal(other[Stream.ACC].values, performed(LIFE, scripted(LIFE, SCRIPT))[Stream.ACC].values)
