"""The whole engine on somebody who does as a script says, with a strap that has an accelerometer: what gate each activity has, and what becomes a spike.

The signals are made up (`ingest.simulate.activities`): the tables say how the program treats them, not how bodies are.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from real import table
from wearers import START, USUAL, Outcome, Told, beats_from, drive, shuffled, whole

from ingest.simulate.activities import MORNING, UPRIGHT, Script, performed, scripted
from ingest.simulate.planning import DayPlan, Surge
from ingest.simulate.wearer import Life, Ways
from somalink.domain.catalogue import HRV_REASONS
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Chunk, Flag, Gap, Gate, Heartbeat, Item, Opened, Posture, Stream, Upright, word

SCRIPT: Script = (
    ("desk", 20), ("stand", 10), ("desk", 25), ("walk", 10), ("desk", 30), ("cycle", 20), ("desk", 45), ("nap", 15), ("desk", 15),
    ("cycle easily", 20), ("desk", 20),
)  # fmt: skip
BODY = {"rest": 64.0, "drift": 2.6, "day_swing": 0.0, "walk_cost": 25.0, "upright": 9.0, "ectopic_per_h": 0.0}
THE_USUAL = replace(USUAL, coef_u=(64_000_000, 7_000_000, 3_000_000, 2_000_000, 0, 0, 0, 0), rest_hr=58_000)
"""What twenty hours of this body at rest would have taught, and the prior for movement at the trunk."""
SEEDS = range(3, 9)


def minute_of(index: int) -> float:
    return float(sum(minutes for _, minutes in SCRIPT[:index]))


RISE_MIN = minute_of(6) + 33
"""A thought at the desk, when the bicycle is long forgotten: 18 bpm."""


@cache
def lived(seed: int = 3, calibrated: bool = True) -> tuple[DayPlan, Told]:
    life = Life("ada", seed, START, ways=Ways(body=BODY))
    plan = scripted(life, SCRIPT, [Surge("thought", MORNING + 60 * RISE_MIN, 18.0, 30, 180, 200)])
    return plan, told_by_a_strap(life, plan, calibrated=calibrated)


def told_by_a_strap(life: Life, plan: DayPlan, *, rate_hz: int = 25, calibrated: bool = True) -> Told:
    samples = {stream: (signal.t_ns, signal.values) for stream, signal in performed(life, plan, rate_hz=rate_hz).items()}
    loose = (Upright(plan.ns(plan.on), UPRIGHT),) if calibrated else ()
    return Told(Unit("p", "chest", "r", "A"), plan.ns(plan.on), plan.ns(plan.off), samples, (), loose)


@cache
def outcome(seed: int = 3, calibrated: bool = True) -> Outcome:
    told = lived(seed, calibrated)[1]
    return drive(told, whole(told), baseline=THE_USUAL)


def during(found: Outcome, index: int, *, settled_s: int = 0) -> np.ndarray:
    """Grid points of the activity number `index`, from `settled_s` after its beginning on."""
    since = found.grid.stop_ns - START
    begin, end = minute_of(index) * MINUTE_NS, minute_of(index + 1) * MINUTE_NS
    return np.flatnonzero((since > begin + settled_s * SECOND_NS) & (since <= end))


def share(found: Outcome, index: int, *gates: Gate, settled_s: int = 0) -> float:
    return float(np.isin(found.grid.gate[during(found, index, settled_s=settled_s)], gates).mean())


def spikes(found: Outcome) -> list[float]:
    """Minutes at which spikes began."""
    return [(e.start_ns - START) / MINUTE_NS for e in found.episodes if e.kind == "spike"]


STAND, WALK, RIDE, NAP, EASY = 1, 3, 5, 7, 9


def test_each_activity_has_its_gate(figures: Callable[[str], None]):
    found = outcome()
    rows = []
    for index, (name, minutes) in enumerate(SCRIPT):
        at = during(found, index)
        counted = np.where(found.grid.steps[at] == UNKNOWN, 0, found.grid.steps[at]).sum() / 10
        rows.append((name, minutes, float(found.grid.motion[at].mean()) / 10, float(np.median(found.grid.hr[at])) / 1000, counted / minutes,
                     *(share(found, index, gate) for gate in Gate)))  # fmt: skip
    figures(table(f"activity min M_mg bpm steps/min {' '.join(word(gate) for gate in Gate)}", rows))
    for desk in (0, 2):
        assert share(found, desk, Gate.STILL, settled_s=100) >= 0.9
    assert share(found, WALK, Gate.MOVING, settled_s=60) >= 0.95
    assert share(found, RIDE, Gate.MOVING, Gate.RECOVERY, settled_s=90) >= 0.95
    for after in (WALK + 1, RIDE + 1):
        assert set(found.grid.gate[during(found, after, settled_s=60)][:100].tolist()) == {Gate.RECOVERY}


@pytest.mark.parametrize("seed", SEEDS)
def test_standing_up_and_sitting_down_shut_the_gate_for_ninety_seconds_in_which_nothing_becomes_a_spike(seed: int):
    found = outcome(seed)
    for index in (STAND, STAND + 1, NAP, NAP + 1):
        first = during(found, index)[:17]
        assert set(found.grid.gate[first].tolist()) <= {Gate.POSTURE, Gate.MOVING}
        assert not [at for at in spikes(found) if 0 <= at - minute_of(index) < 1.4]


def test_standing_on_is_not_sitting_and_may_become_a_spike_once_the_gate_is_open(figures: Callable[[str], None]):
    """The gate knows that the body turned, not how much faster a heart beats that holds it upright: posture has no term in the usual yet."""
    stood = sum(any(1.4 <= at - minute_of(STAND) < 10 for at in spikes(outcome(seed))) for seed in SEEDS)
    figures(f"of {len(SEEDS)} bodies that stood for ten minutes at +9 bpm, {stood} had a spike after the gate opened")
    assert stood < len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_effort_is_no_spike_and_a_rise_without_movement_is_one(seed: int):
    began = spikes(outcome(seed))
    assert [at for at in began if RISE_MIN - 1 < at < RISE_MIN + 3]
    for index in (WALK, WALK + 1, RIDE):
        assert not [at for at in began if minute_of(index) <= at < minute_of(index + 1)]
    assert not [at for at in began if minute_of(RIDE + 1) <= at < RISE_MIN - 5]


def test_an_easy_ride_looks_like_a_talk_to_a_chest_and_is_not_told_from_one(figures: Callable[[str], None]):
    """Below a quarter of the reserve neither the chest nor the heart says that somebody cycles: what is left is to ask."""
    taken = sum(any(minute_of(EASY) <= at < minute_of(EASY + 1) for at in spikes(outcome(seed))) for seed in SEEDS)
    shut = float(np.mean([share(outcome(seed), EASY, Gate.MOVING, Gate.RECOVERY) for seed in SEEDS]))
    figures(f"easy ride: gate shut for {shut:.2f} of it; a spike in {taken} of {len(SEEDS)}")
    assert shut < 0.5


def test_the_column_of_postures_says_upright_and_lying_and_nothing_on_the_move_or_without_a_calibration():
    found = outcome()
    posture = found.grid.posture
    assert set(posture[during(found, 0, settled_s=5)].tolist()) == {Posture.UPRIGHT}
    assert set(posture[during(found, NAP, settled_s=5)].tolist()) == {Posture.LYING}
    assert set(posture[during(found, WALK, settled_s=10)].tolist()) == {Posture.UNKNOWN}
    blind = outcome(calibrated=False)
    assert set(blind.grid.posture.tolist()) == {Posture.UNKNOWN}
    # Who never stood for a calibration loses the word, and of the gate only what follows a slow way to the pillow.
    assert (blind.grid.gate != found.grid.gate).mean() < 0.02


def test_steps_are_counted_in_the_walk_and_nowhere_else():
    found = outcome()
    counted = {name: float(found.grid.steps[during(found, k)].sum()) / 10 for k, (name, _) in enumerate(SCRIPT)}
    assert counted["walk"] == pytest.approx(600 * 1.75, rel=0.02)
    assert counted["desk"] == counted["cycle"] == counted["nap"] == counted["cycle easily"] == 0


def test_walking_does_not_tilt_the_trunk():
    """Alone, without movement to hide it: the gate would be shut by posture for 90 s after every false turn."""
    walked = during(outcome(), WALK, settled_s=100)
    strolled = replace(USUAL, rest_hr=None)
    plan, told = lived()
    t, xyz = told.samples[Stream.ACC]
    part = (t > plan.ns(plan.on) + (minute_of(WALK) + 0.2) * MINUTE_NS) & (t < plan.ns(plan.on) + (minute_of(WALK + 1) - 0.2) * MINUTE_NS)
    # As from a body that walks so softly that it only counts as light.
    soft = np.rint(xyz[part].mean(axis=0) + (xyz[part] - xyz[part].mean(axis=0)) / 4).astype(np.int64)
    beats_t, ticks = told.samples[Stream.RR]
    only = Told(
        told.unit,
        int(t[part][0]),
        int(t[part][-1]),
        {
            Stream.ACC: (t[part], soft),
            Stream.RR: (beats_t[(beats_t > t[part][0]) & (beats_t < t[part][-1])], ticks[(beats_t > t[part][0]) & (beats_t < t[part][-1])]),
        },
    )
    gates = drive(only, whole(only), baseline=strolled).grid.gate
    assert len(walked) > 90 and set(gates[12:].tolist()) == {Gate.LIGHT}


QUICKLY: Script = (("desk", 6), ("stand", 2), ("walk", 4), ("cycle", 4), ("nap", 3), ("desk", 3))


@pytest.mark.parametrize("rate_hz", [50, 100, 200])
def test_movement_posture_steps_and_gates_are_those_of_25_hz_at_every_rate(rate_hz: int):
    life = Life("ada", 3, START, ways=Ways(body=BODY))
    plan = scripted(life, QUICKLY)
    slow, fast = (drive(told, whole(told), baseline=THE_USUAL) for told in (told_by_a_strap(life, plan, rate_hz=hz) for hz in (25, rate_hz)))
    known = (slow.grid.motion != UNKNOWN) & (fast.grid.motion != UNKNOWN)
    still, moving = known & (slow.grid.motion < 150), known & (slow.grid.motion > 600)
    assert np.abs(slow.grid.motion - fast.grid.motion)[still].max() <= 10
    assert fast.grid.motion[moving].mean() == pytest.approx(slow.grid.motion[moving].mean(), rel=0.01)
    assert (slow.grid.gate == fast.grid.gate).mean() > 0.99 and Gate.POSTURE in slow.grid.gate
    assert (slow.grid.posture == fast.grid.posture).mean() > 0.98
    assert np.maximum(fast.grid.steps, 0).sum() == pytest.approx(np.maximum(slow.grid.steps, 0).sum(), rel=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_any_chunks_and_any_restarts_say_the_same_of_the_chest(seed: int):
    rng = np.random.default_rng(seed)
    told = lived()[1]
    a, b = (int((minute_of(k) + shift) * MINUTE_NS) + START for k, shift in ((2, 22), (3, 4)))
    c, d = (int((minute_of(k) + shift) * MINUTE_NS) + START for k, shift in ((6, 43), (7, 5)))
    hole = (c + 3 * MINUTE_NS, c + 4 * MINUTE_NS)
    for begin, end in ((a, b), (c, d)):
        samples = {}
        for stream, (t, values) in told.samples.items():
            kept = (t >= begin) & (t < end) & ~((t >= hole[0]) & (t < hole[1]) & (stream is Stream.ACC))
            samples[stream] = (t[kept], values[kept])
        gaps = (Gap(Stream.ACC, *hole, "silence"),) if begin == c else ()
        loose = (Upright(begin, UPRIGHT), Upright(begin + MINUTE_NS, (UPRIGHT[2], UPRIGHT[0], UPRIGHT[1])), Upright(begin + 2 * MINUTE_NS, UPRIGHT))
        piece = Told(told.unit, begin, end, samples, gaps, loose)
        archive = drive(piece, whole(piece), baseline=THE_USUAL)
        assert set(archive.grid.posture.tolist()) == {Posture.UNKNOWN, Posture.UPRIGHT, Posture.LYING}
        assert begin == c or archive.grid.steps.max() > 80
        items = list(shuffled(piece, rng, mean_s=(8, 30, 200)[seed], heartbeats=0.5))
        restarts = rng.integers(1, len(items), size=4).tolist()
        assert drive(piece, iter(items), baseline=THE_USUAL, restart_at=restarts).difference(archive) == ""


# ---------------------------------------------------------------- devices that hold their heart rate, and optical intervals


def watch(tier: str, moving_mg: float, *, minutes: int = 10) -> Iterator[Item]:
    """A heart rate once a second that is held for a minute from the fifth on, and the acceleration of a wrist."""
    unit = Unit("p", "watch", "r", tier)
    seconds = START + np.arange(minutes * 60, dtype=np.int64) * SECOND_NS
    rate = 70_000 + 1000 * (np.arange(len(seconds)) // 7 % 3)
    rate[300:360] = 74_000
    t = START + np.arange(minutes * 60 * 25, dtype=np.int64) * (SECOND_NS // 25)
    wave = np.where(np.arange(len(t)) % 2, 1, -1) * moving_mg
    xyz = np.rint(np.stack([0 * wave, 0 * wave, 1000 + wave], axis=1) * 100).astype(np.int64)
    yield Opened(unit, START, frozenset({Stream.HR, Stream.ACC}))
    yield Chunk(Stream.HR, seconds, rate)
    yield Chunk(Stream.ACC, t, xyz)
    yield Heartbeat(START + minutes * MINUTE_NS)


@pytest.mark.parametrize("tier", ["C", "D"])
def test_a_heart_rate_that_repeats_itself_while_the_wrist_moves_loses_its_quality(tier: str):
    def quality(mg: float) -> np.ndarray:
        told = Told(Unit("p", "watch", "r", tier), START, START + 10 * MINUTE_NS, {})
        return drive(told, watch(tier, mg), baseline=THE_USUAL).grid.hr_q

    held, lying_still = quality(40), quality(0)
    # Twenty of the sixty seconds pass before anybody can know it.
    assert held[59] == 6000 and held[71] <= 2100 and held[84] == 6000
    assert (lying_still[12:-1] == 6000).all()


@pytest.mark.parametrize("tier", ["C", "D"])
def test_a_wrist_that_turns_all_day_has_no_posture_and_its_turns_shut_no_gate(tier: str):
    unit = Unit("p", "watch", "r", tier)
    t = START + np.arange(10 * 60 * 25, dtype=np.int64) * (SECOND_NS // 25)
    turning = np.where((t - START) // (20 * SECOND_NS) % 2, 0, 100_000)
    xyz = np.stack([turning, 100_000 - turning, 0 * turning], axis=1)
    seconds = START + np.arange(600, dtype=np.int64) * SECOND_NS
    told = Told(
        unit, START, START + 10 * MINUTE_NS, {Stream.ACC: (t, xyz), Stream.HR: (seconds, 70_000 + 1000 * (np.arange(600) % 3))}, (), (Upright(START, UPRIGHT),)
    )
    grid = drive(told, whole(told), baseline=THE_USUAL).grid
    assert Gate.POSTURE not in grid.gate and set(grid.posture.tolist()) == {Posture.UNKNOWN}
    chest = replace(told, unit=replace(unit, tier="A"))
    assert Gate.POSTURE in drive(chest, whole(chest), baseline=THE_USUAL).grid.gate


@pytest.mark.parametrize(("bad", "given"), [(0, True), (2, True), (7, False), (30, False)])
def test_optical_intervals_have_a_variability_only_where_nine_in_ten_of_a_minute_are_good(bad: int, given: bool):
    """A minute of 60 intervals, of which the device itself doubts `bad`, spread evenly."""
    unit = Unit("p", "arm", "r", "C")
    t, ticks = beats_from(lambda _: 60.0, 600, np.random.default_rng(1))
    t, ticks = t[:580], ticks[:580]
    flags = np.full(580, Flag.OK)
    if bad:
        flags[:: 60 // bad] = Flag.UNTRUSTED
    told = Told(unit, START, int(t[-1]), {})
    items = [Opened(unit, START, frozenset({Stream.RR})), Chunk(Stream.RR, t, ticks, flags), Heartbeat(int(t[-1]))]
    grid = drive(told, iter(items), baseline=THE_USUAL).grid
    known = grid.ln_rmssd[24:100] != UNKNOWN
    assert known.all() if given else not known.any()
    assert given or set(grid.hrv_reason[24:100].tolist()) <= {HRV_REASONS.code(reason) for reason in ("artefacts", "too_few_pairs")}
