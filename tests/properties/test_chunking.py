"""One recording, however it is told, gives one record: whole, beat by beat, in random chunks with random heartbeats, over restarts."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from wearers import CONSTANTS, START, USUAL, Outcome, Told, beat_by_beat, drive, excerpt, shuffled, sliced, wearer, whole

from ingest.replay import open_source
from processing import usual
from processing.engine import Engine
from processing.usual import Offsets
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, Gate, Grid, UtcOffset

RANDOMLY = settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""No shrinking: an example is a seed, and a smaller seed is no simpler."""
KINDS = ("wrist", "strap", "plain")
OFFSETS = Offsets((0,), (3600,))


def refit(rows: Grid, day: int) -> Baseline | None:
    """The first day brings a usual along, the second learns another from what became FINAL by then."""
    if not len(rows):
        return USUAL
    placement = "wrist" if (rows.motion_conf == 100).all() else "none" if (rows.motion_conf == 50).all() else "trunk_or_steps"
    fitted = usual.fit(rows, number=2, mode="personal", from_ns=int(rows.stop_ns[-1]), placement=placement, offsets=OFFSETS, constants=CONSTANTS)
    return None if fitted is None else replace(fitted, still_h=30.0, still_days=6, chance=USUAL.chance, chance_all=0.3)


@cache
def told(kind: str) -> Told:
    return wearer(kind)


@cache
def at_once(kind: str) -> Outcome:
    return drive(told(kind), whole(told(kind)), refit=refit)


@pytest.mark.parametrize("kind", KINDS)
def test_the_wearers_of_these_tests_pass_through_what_they_are_to_test(kind: str):
    found = at_once(kind)
    gates = set(found.grid.gate.tolist())
    assert {Gate.UNKNOWN, Gate.MOVING, Gate.RECOVERY} <= gates
    assert kind == "plain" or {Gate.STILL, Gate.LIGHT} <= gates
    assert kind != "strap" or Gate.POSTURE in gates
    assert {e.kind for e in found.episodes} >= ({"spike", "slowing"} if kind == "strap" else {"spike", "slowing", "elevated"})
    assert found.candidates and set(found.grid.baseline.tolist()) == {1, 2}
    assert set(found.beats.flag.tolist()) >= {0, 2, 5}


@pytest.mark.parametrize("kind", ["wrist", "strap"])
def test_a_strap_beat_by_beat_gives_what_the_archive_gives(kind: str):
    assert drive(told(kind), beat_by_beat(told(kind)), refit=refit).difference(at_once(kind)) == ""


@pytest.mark.parametrize("kind", ["wrist", "watch"])
def test_an_archive_by_the_second_by_the_hour_by_the_day_and_in_one_go_gives_the_same(kind: str):
    one_go = at_once(kind)
    assert len(one_go.grid) > 800 and {1, 2} <= set(one_go.grid.baseline.tolist())
    for slice_s in (1, 3600, 24 * 3600):
        assert drive(told(kind), sliced(told(kind), slice_s), refit=refit).difference(one_go) == "", slice_s


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1), mean_s=st.sampled_from((15, 60, 400)), heartbeats=st.sampled_from((0.05, 0.5, 1.0)))
@RANDOMLY
def test_any_chunks_any_order_of_streams_any_heartbeats_and_any_restarts_give_the_same(kind: str, seed: int, mean_s: float, heartbeats: float):
    rng = np.random.default_rng(seed)
    items = list(shuffled(told(kind), rng, mean_s=mean_s, heartbeats=heartbeats))
    restarts = rng.integers(1, len(items), size=3).tolist()
    assert drive(told(kind), iter(items), refit=refit, restart_at=restarts).difference(at_once(kind)) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_recording_twice_gives_the_same_twice(kind: str):
    assert drive(told(kind), whole(told(kind)), refit=refit).difference(at_once(kind)) == ""


def test_who_flies_west_over_four_in_the_morning_lives_through_one_new_day_not_two():
    # 04:05 by the old clock becomes 03:05, and the day that has begun is not begun again at the new clock's 04:00.
    late = START + 35 * MINUTE_NS
    flown = replace(wearer("plain", minutes=64), loose=(UtcOffset(START - HOUR_NS, 3600, "home"), UtcOffset(late, 0, "away")))
    days: list[int] = []

    def counted(rows: Grid, day: int) -> Baseline | None:
        days.append(day)
        return USUAL

    archive = drive(flown, whole(flown), refit=counted)
    assert len(days) == 2 and days[1] == days[0] + 1
    assert drive(flown, beat_by_beat(flown), refit=counted).difference(archive) == ""


def test_an_engine_restored_before_its_recording_opened_still_knows_the_local_time():
    before = Engine(told("plain").unit, CONSTANTS, "analysis")
    before.push(UtcOffset(START, 7200, "there"))
    after = Engine(told("plain").unit, CONSTANTS, "analysis")
    after.restore(before.snapshot())
    assert after.offsets == before.offsets


EXCERPTS = (("mmash_polar_h7", "2", 5 * HOUR_NS, HOUR_NS), ("stress_predict", "S05", 600 * SECOND_NS, 40 * MINUTE_NS))


@pytest.mark.truth
@pytest.mark.parametrize(("name", "person", "from_ns", "length_ns"), EXCERPTS)
def test_a_real_hour_is_the_same_however_it_is_told(name: str, person: str, from_ns: int, length_ns: int, recording):
    source = open_source(recording(name, person))
    whole_one = source.recording
    hour = excerpt(whole_one, whole_one.start_ns + from_ns, length_ns)
    archive = drive(hour, whole(hour), baseline=USUAL)
    assert len(archive.grid) >= length_ns // GRID_NS and len(archive.beats) > 500
    rng = np.random.default_rng(5)
    for mean_s, heartbeats in ((2.0, 0.5), (30.0, 1.0), (200.0, 0.2)):
        items = list(shuffled(hour, rng, mean_s=mean_s, heartbeats=heartbeats))
        restarts = rng.integers(1, len(items), size=3).tolist()
        assert drive(hour, iter(items), baseline=USUAL, restart_at=restarts).difference(archive) == ""
