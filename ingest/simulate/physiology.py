"""From a day's plan to the body: instantaneous heart rate, the beats it makes, steps and acceleration.

The heart follows its load as a sum of first-order compartments solved exactly between changes; it wanders with power falling as
1/f; breath and blood pressure swing it; beats come where the integral of the rate passes a whole number (integral pulse frequency
modulation). Knows no strap: every beat is here, at its true time.
"""

from itertools import pairwise

import numpy as np

from ingest.simulate.planning import Act, DayPlan, Surge
from ingest.simulate.wearer import Body
from somalink.domain.types import FloatArray, IntArray, Posture

FINE_HZ = 4
"""Grid of the rate where breath matters: sixteen points a breath."""
COARSE_S = 10
CEILING = 186.0
SUPPLE = 24.0
"""Rise in bpm that leaves 1/e of the breath's swing: vagal tone goes as the heart works."""
PACED_GAIN = 2.3
SLOWEST_WANDER_S = 5400.0
JITTER_S = 0.0022


def _wander(draw: np.random.Generator, seconds: int, spread: float) -> FloatArray:
    """1/f noise at 1 Hz with standard deviation `spread`; shorter periods than 40 s are left to breath and pressure."""
    points = seconds // COARSE_S + 2
    bands = np.fft.rfftfreq(2 * points, COARSE_S)
    weight = (bands + 1 / SLOWEST_WANDER_S) ** -0.5 * (bands < 1 / 40)
    noise = np.fft.irfft(weight * (draw.normal(size=len(bands)) + 1j * draw.normal(size=len(bands))))[:points]
    noise *= spread / max(float(np.sqrt((noise**2).mean())), 1e-9)
    return np.interp(np.arange(seconds), np.arange(points) * COARSE_S, noise)


def _follow(t: FloatArray, edges: list[float], targets: list[float], *, rise_s: float, fall_s: float) -> FloatArray:
    """What a first-order system does whose target jumps to `targets[k]` at `edges[k]`; it starts at its first target."""
    states, taus = [targets[0]], [fall_s]
    for k in range(1, len(edges)):
        kept = np.exp(-(edges[k] - edges[k - 1]) / taus[-1])
        states.append(targets[k - 1] + (states[-1] - targets[k - 1]) * kept)
        taus.append(rise_s if targets[k] > states[-1] else fall_s)
    at = np.searchsorted(edges, t, side="right") - 1
    goal = np.asarray(targets)[at]
    left = np.exp(-(t - np.asarray(edges)[at]) / np.asarray(taus)[at])
    return np.asarray(goal + (np.asarray(states)[at] - goal) * left)


def _efforts(draw: np.random.Generator, acts: tuple[Act, ...]) -> tuple[list[float], list[float]]:
    """Edges and efforts, with hills and crossings: a long effort is not one number."""
    edges: list[float] = []
    efforts: list[float] = []
    for act in acts:
        starts = np.arange(act.start, act.stop, 50.0) if act.effort >= 0.3 else np.array([act.start])
        edges += starts.tolist()
        efforts += (act.effort * draw.uniform(0.82, 1.18, len(starts))).tolist()
    return edges, efforts


def _stances(acts: tuple[Act, ...], body: Body) -> tuple[list[float], list[float]]:
    add = {Posture.STANDING: body.upright, Posture.LYING: body.lying}
    return [a.start for a in acts], [add.get(a.posture, 0.0) - (5.0 if a.what == "sleep" else 0.0) for a in acts]


def _add_surge(rate: FloatArray, t0: float, surge: Surge) -> None:
    """Adds a surge in place where it is felt: an exponential approach, a hold that sags a little, an exponential settling."""
    first, last = max(0, int(surge.start - t0)), min(len(rate), int(surge.stop + 4 * surge.settle - t0))
    if first >= last:
        return
    since = np.arange(first, last) + t0 - surge.start
    top = surge.rise + surge.hold
    risen = -np.expm1(-np.clip(since, 0, None) / (surge.rise / 2))
    rate[first:last] += surge.bpm * risen * np.exp(-np.clip(since - top, 0, None) / surge.settle)


def _slow_rate(plan: DayPlan, body: Body, draw: np.random.Generator) -> FloatArray:
    """Heart rate at 1 Hz over [on, off], without breath and pressure."""
    seconds = int(plan.off - plan.on) + 1
    t = np.arange(seconds, dtype=np.float64) + plan.on
    edges, efforts = _efforts(draw, plan.acts)
    cost = [body.walk_cost * effort for effort in efforts]
    quick = _follow(t, edges, cost, rise_s=body.heart_on_s, fall_s=body.heart_off_s)
    owed = _follow(t, edges, cost, rise_s=body.debt_s, fall_s=body.debt_s)
    hour = t / 3600 + 4
    rate = body.rest + draw.normal(0, 1.3) + body.day_swing * np.cos((hour - body.day_peak_h) * (2 * np.pi / 24))
    rate += (1 - body.debt_share) * quick + body.debt_share * owed
    rate += _follow(t, *_stances(plan.acts, body), rise_s=9.0, fall_s=16.0)
    rate += _wander(draw, seconds, body.drift)
    for surge in plan.surges:
        _add_surge(rate, plan.on, surge)
    return np.clip(rate, 42.0, CEILING)


def _swings(plan: DayPlan, body: Body, slow: FloatArray, draw: np.random.Generator) -> FloatArray:
    """Breath (respiratory sinus arrhythmia) and the slower wave of blood pressure, on the fine grid."""
    seconds = len(slow)
    breath_hz = np.clip(body.breath_hz + _wander(draw, seconds, 0.02) + 0.0015 * (slow - body.rest), 0.12, 0.6)
    supple = np.clip(np.exp((body.rest - slow) / SUPPLE), 0.05, 1.4)
    depth = body.breath_swing * supple * np.exp(_wander(draw, seconds, 0.25))
    for practice in plan.practices:
        if practice.kind == "breathing":
            held = slice(max(0, int(practice.start - plan.on)), max(0, int(practice.stop - plan.on)))
            breath_hz[held] = practice.hz
            depth[held] *= PACED_GAIN
    wave_hz = np.clip(0.095 + _wander(draw, seconds, 0.006), 0.07, 0.12)
    wave = body.pressure_swing * (0.3 + 0.7 * supple)
    return _oscillate(depth, breath_hz) + _oscillate(wave, wave_hz)


def _oscillate(height: FloatArray, hz: FloatArray) -> FloatArray:
    """A wave of slowly changing `height` and frequency (both at 1 Hz), on the fine grid."""
    turns = np.concatenate(([0.0], np.cumsum(hz[:-1])))
    return _refine(height) * np.sin(2 * np.pi * _refine(turns))


def _refine(column: FloatArray) -> FloatArray:
    """From 1 Hz to `FINE_HZ`, straight between the points."""
    steps = np.arange(FINE_HZ) / FINE_HZ
    return np.asarray((column[:-1, None] + (column[1:] - column[:-1])[:, None] * steps).ravel())


def beat_times(plan: DayPlan, body: Body, draw: np.random.Generator) -> FloatArray:
    """Every beat of [on, off), in seconds of the day."""
    slow = _slow_rate(plan, body, draw)
    rate = np.clip(_refine(slow) + _swings(plan, body, slow, draw), 38.0, CEILING)
    beats = np.concatenate(([0.0], np.cumsum(rate))) / (60 * FINE_HZ)
    times = np.interp(np.arange(1, int(beats[-1])), beats, plan.on + np.arange(len(beats)) / FINE_HZ)
    return np.asarray(times + draw.normal(0, JITTER_S, len(times)))


# ---------------------------------------------------------------- movement

PUTTER_BLOCK_S = 9
PUTTER_CADENCE = 1.5


def steps_each_second(plan: DayPlan, draw: np.random.Generator) -> IntArray:
    """(n,) steps of every second of [on, off): a steady cadence when walking, short bursts when pottering."""
    steps = np.zeros(max(0, int(plan.off - plan.on)), np.int64)
    for act in plan.acts:
        first, last = max(0, int(act.start - plan.on)), min(len(steps), int(act.stop - plan.on))
        if act.cadence == 0 or first >= last:
            continue
        pace = np.full(last - first, act.cadence)
        if act.cadence < 1:
            bursts = draw.random(len(pace) // PUTTER_BLOCK_S + 1) < act.cadence / PUTTER_CADENCE
            pace = PUTTER_CADENCE * np.repeat(bursts, PUTTER_BLOCK_S)[: len(pace)]
        steps[first:last] = np.diff(np.floor(np.concatenate(([0.0], np.cumsum(pace)))))
    return steps


GRAVITY_MG = {
    Posture.STANDING: (-60, -985, 90),
    Posture.SITTING: (-50, -945, -300),
    Posture.LYING: (-120, -160, 975),
    Posture.UNKNOWN: (0, -1000, 0),
}
"""Where down is for a sensor on the breastbone, x to the left, y up, z out of the chest."""
LEANING = {"cycle": 32.0, "cycle easily": 25.0}
"""Degrees by which the trunk leans forward, beyond where its posture has it."""
PEDAL_HZ = {"cycle": 1.35, "cycle easily": 1.1}
PEDAL_MG = 40.0
"""How much a chest rocks with the pedals, at its height: a guess, since no open data have a bicycle with an accelerometer at the chest. It makes
some 26 mg of mean deviation."""
RISE_DEG = 42.0
RISE_S = 2.4
"""Who stands up or sits down bends forward so far and for so long (Nuzik 1986, Phys Ther 66:1708)."""
SENSOR_NOISE_MG = 4.0
STEP_SHAKE_MG = 210.0


def _bend(plan: DayPlan, t: FloatArray) -> FloatArray:
    """Degrees by which the trunk is bent forward at each time: as an act has it, and on the way from a chair and back."""
    degrees = np.zeros(len(t))
    for act in plan.acts:
        if act.what in LEANING:
            degrees[slice(*np.searchsorted(t, (act.start, act.stop)).tolist())] += LEANING[act.what]
    for before, after in pairwise(plan.acts):
        if {before.posture, after.posture} == {Posture.SITTING, Posture.STANDING}:
            on_the_way = slice(*np.searchsorted(t, (after.start - RISE_S / 2, after.start + RISE_S / 2)).tolist())
            degrees[on_the_way] += RISE_DEG * np.cos(np.pi * (t[on_the_way] - after.start) / RISE_S)
    return degrees


def _bent(down: FloatArray, degrees: FloatArray) -> FloatArray:
    """Where down is for a sensor on a trunk that bends forward, about the axis from side to side."""
    turn = np.radians(degrees)
    y, z = down[:, 1], down[:, 2]
    return np.stack([down[:, 0], y * np.cos(turn) - z * np.sin(turn), z * np.cos(turn) + y * np.sin(turn)], axis=1)


def acceleration(plan: DayPlan, steps: IntArray, rate_hz: int, draw: np.random.Generator) -> IntArray:
    """(n, 3) acceleration in 0.01 mg, `rate_hz` samples a second of [on, off), in whole mg as a sensor gives it.

    A body walks, rocks with the pedals, and bends forward to stand up and to sit down; what holds it, a table says for each act.
    """
    seconds = len(steps)
    fine = seconds * rate_hz
    down = np.zeros((seconds, 3))
    for act in plan.acts:
        first, last = max(0, int(act.start - plan.on)), min(seconds, int(act.stop - plan.on))
        down[first : max(first, last)] = np.asarray(GRAVITY_MG[act.posture]) + draw.normal(0, 25, 3)
    t = plan.on + np.arange(fine) / rate_hz
    sample = _bent(np.repeat(down, rate_hz, axis=0), _bend(plan, t))
    for act in plan.acts:
        if act.what in PEDAL_HZ:
            riding = slice(*np.searchsorted(t, (act.start, act.stop)).tolist())
            sample[riding] *= 1 + (PEDAL_MG / 1000 * np.sin(2 * np.pi * PEDAL_HZ[act.what] * t[riding]))[:, None]
    cadence = np.repeat(np.convolve(steps, np.ones(5) / 5, mode="same"), rate_hz) if seconds else np.zeros(0)
    turns = np.cumsum(cadence) / rate_hz
    shake = STEP_SHAKE_MG * (cadence / 1.75) ** 2
    sample[:, 1] += shake * np.sin(2 * np.pi * turns)
    sample[:, 2] += 0.5 * shake * np.sin(4 * np.pi * turns + 0.7)
    sample[:, 0] += 0.4 * shake * np.sin(np.pi * turns)
    sample += draw.normal(0, SENSOR_NOISE_MG, (fine, 3))
    return np.asarray(np.rint(sample), np.int64) * 100
