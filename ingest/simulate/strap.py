"""What a strap makes of a body: extra, missed and premature beats, dry electrodes, lost packets, and hours on the shelf.

Knows the plan and the true beats; says what arrived and where nothing did. Nothing is bridged: what was lost is a hole.
"""

from dataclasses import dataclass

import numpy as np

from ingest.simulate.physiology import acceleration, beat_times, steps_each_second
from ingest.simulate.planning import HOUR, MINUTE, DayPlan
from ingest.simulate.wearer import Body, Life
from somalink.domain.time import SECOND_NS
from somalink.domain.types import BoolArray, FloatArray, Gap, IntArray, Stream

TICKS = 1024
TICK_NS_TIMES_2 = 1_953_125
"""1/1024 s is 976562.5 ns; twice that is whole."""
SHORT_LOSSES_A_DAY = 5.0
LONG_LOSSES_A_DAY = 1.5
MISSED = 3e-4
EXTRA = 2e-4
DRY_MISSED = 0.07
DRY_EXTRA = 0.05
RUNNING_MISSED = 0.008

Spans = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Signal:
    """What arrived of one stream in a day, and the holes inside it."""

    t_ns: IntArray
    values: IntArray
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Wear:
    """What goes wrong with the strap in a day, in seconds of the day."""

    lost: Spans
    off: Spans
    dry: Spans


def wear(plan: DayPlan, draw: np.random.Generator) -> Wear:
    """Packets are lost in the air, the strap comes off now and then, and electrodes are dry at first and in long sitting."""
    length = max(plan.off - plan.on, 1.0)

    def spans(count: int, least: float, most: float) -> Spans:
        starts = plan.on + draw.uniform(0.02, 0.95, count) * length
        return sorted((float(at), float(at + draw.uniform(least, most))) for at in starts)

    share = length / (15 * HOUR)
    lost = spans(int(draw.poisson(SHORT_LOSSES_A_DAY * share)), 3, 25) + spans(int(draw.poisson(LONG_LOSSES_A_DAY * share)), 60, 6 * MINUTE)
    off = spans(int(draw.random() < 0.4 * share), 15 * MINUTE, 55 * MINUTE)
    dry = [(plan.on, plan.on + draw.uniform(40, 200)), *spans(int(draw.random() < 0.45 * share), 8 * MINUTE, 35 * MINUTE)]
    return Wear(lost, off, dry)


def _inside(t: FloatArray, spans: Spans) -> BoolArray:
    inside = np.zeros(len(t), np.bool_)
    for start, stop in spans:
        inside[np.searchsorted(t, start) : np.searchsorted(t, stop)] = True
    return inside


def _premature(times: FloatArray, rate_per_h: float, draw: np.random.Generator) -> FloatArray:
    """Moves single beats forward by a third of their interval; the pause after each follows by itself."""
    count = min(int(draw.poisson(rate_per_h * len(times) / 4300)), len(times) // 50)
    if count == 0:
        return times
    picked = np.unique(draw.integers(4, len(times) - 4, count) // 4 * 4)
    moved = times.copy()
    moved[picked] -= draw.uniform(0.22, 0.4, len(picked)) * (times[picked] - times[picked - 1])
    return moved


def _detected(times: FloatArray, plan: DayPlan, worn: Wear, draw: np.random.Generator) -> FloatArray:
    """The beats as a detector sees them: some missed, some that never were."""
    dry = _inside(times, worn.dry)
    running = _inside(times, [(a.start, a.stop) for a in plan.acts if a.what == "run"])
    missed = np.where(dry, DRY_MISSED, np.where(running, RUNNING_MISSED, MISSED))
    seen = draw.random(len(times)) >= missed
    ghosts = np.flatnonzero(draw.random(len(times) - 1) < np.where(dry[1:], DRY_EXTRA, EXTRA))
    between = times[ghosts] + draw.uniform(0.3, 0.75, len(ghosts)) * (times[ghosts + 1] - times[ghosts])
    return np.asarray(np.sort(np.concatenate((times[seen], between))))


def _reason(t: float, worn: Wear) -> str:
    return "strap_off" if any(start <= t < stop for start, stop in worn.off) else "lost"


def beats(plan: DayPlan, body: Body, worn: Wear, draw: np.random.Generator) -> Signal:
    """Closing beats that arrived and their intervals in ticks, dated by chaining ticks from the first beat after every hole."""
    times = beat_times(plan, body, draw)
    times = _detected(_premature(times, body.ectopic_per_h, draw), plan, worn, draw)
    mark = np.unique(np.rint((times - plan.on) * TICKS).astype(np.int64))
    arrived = ~_inside(mark.astype(np.float64) / TICKS + plan.on, worn.lost + worn.off)
    arrived[0] = False
    at = np.flatnonzero(arrived)
    ticks = mark[at] - mark[at - 1]
    opens = np.concatenate(([True], np.diff(at) > 1))
    anchor = mark[at][opens][np.cumsum(opens) - 1]
    t_ns = plan.ns(plan.on) + anchor * TICK_NS_TIMES_2 // 2 + (mark[at] - anchor) * TICK_NS_TIMES_2 // 2
    gaps = []
    for k in np.flatnonzero(opens)[1:]:
        start, stop, own = int(t_ns[k - 1]), int(t_ns[k]), int(ticks[k]) * TICK_NS_TIMES_2 // 2
        reason = _reason(plan.on + float(mark[at[k] - 1]) / TICKS, worn)
        gaps.append(Gap(Stream.RR, start, stop, reason, max(0, stop - start - own)))
    return Signal(t_ns, ticks, tuple(gaps))


def _per_second(plan: DayPlan, stream: Stream, first: float, values: IntArray, holes: Spans, reason: str) -> Signal:
    """A stream of one value a second from `first` on, with holes cut into it."""
    seconds = np.arange(len(values), dtype=np.float64) + first
    kept = np.flatnonzero(~_inside(seconds, holes))
    t_ns = plan.ns(first) + kept * SECOND_NS
    breaks = np.flatnonzero(np.diff(kept) > 1)
    gaps = [_hole(stream, int(t_ns[k]) + SECOND_NS, int(t_ns[k + 1]), reason) for k in breaks]
    return Signal(t_ns, values[kept], tuple(gaps))


def _hole(stream: Stream, start_ns: int, stop_ns: int, reason: str) -> Gap:
    return Gap(stream, start_ns, stop_ns, reason, stop_ns - start_ns)


def steps(plan: DayPlan, worn: Wear, draw: np.random.Generator) -> Signal:
    """Steps of each second; the counter runs on while the radio fails, but not on the shelf."""
    return _per_second(plan, Stream.STEPS, plan.on, steps_each_second(plan, draw), worn.off, "strap_off")


def accelerations(plan: DayPlan, worn: Wear, rate_hz: int, draw: np.random.Generator) -> Signal:
    """Raw acceleration: lost with the same packets as the beats."""
    walked = steps_each_second(plan, draw)
    whole = acceleration(plan, walked, rate_hz, draw).reshape(len(walked), rate_hz, 3)
    cut = _per_second(plan, Stream.ACC, plan.on, whole, sorted(worn.lost + worn.off), "lost")
    tick = SECOND_NS // rate_hz
    t_ns = (cut.t_ns[:, None] + np.arange(rate_hz) * tick).ravel()
    return Signal(t_ns, cut.values.reshape(-1, 3), cut.gaps)


FIELD_S = 6


def heart_rate_field(plan: DayPlan, body: Body, worn: Wear, draw: np.random.Generator) -> Signal:
    """What a watch broadcasts: whole bpm once a second, an average over the last seconds, in milli-bpm."""
    times = beat_times(plan, body, draw)
    seconds = np.arange(np.ceil(times[0]) + FIELD_S, np.floor(times[-1]))
    number = np.arange(len(times), dtype=np.float64)
    seen = np.interp(seconds, times, number) - np.interp(seconds - FIELD_S, times, number)
    bpm = np.rint(seen * (60 / FIELD_S)).astype(np.int64)
    return _per_second(plan, Stream.HR, float(seconds[0]), bpm * 1000, sorted(worn.lost + worn.off), "lost")


def postures(plan: DayPlan, worn: Wear) -> Signal:
    """The posture once a minute and whenever it changes, while worn. It holds no watermark, so it has no gaps."""
    acts = [a for a in plan.acts if a.stop > plan.on and a.start < plan.off]
    at = np.unique(np.floor([*np.arange(plan.on, plan.off, MINUTE), *(max(a.start, plan.on) for a in acts)]))
    at = at[(at < plan.off) & ~_inside(at, worn.off)]
    starts = np.array([a.start for a in plan.acts])
    value = np.array([int(a.posture) for a in plan.acts])[np.searchsorted(starts, at + 1, side="right") - 1] if len(at) else np.zeros(0)
    return Signal(plan.ns(0.0) + at.astype(np.int64) * SECOND_NS, value.astype(np.int64), ())


@dataclass(frozen=True, slots=True)
class Setup:
    """Which streams the made-up device has."""

    tier: str
    motion: str
    rate_hz: int

    @property
    def streams(self) -> frozenset[Stream]:
        heart = Stream.HR if self.tier == "D" else Stream.RR
        move = {"acc": {Stream.ACC}, "steps": {Stream.STEPS}, "none": set[Stream]()}[self.motion]
        return frozenset({heart, Stream.POSTURE} | move) if self.motion != "none" else frozenset({heart})


def record(life: Life, body: Body, plan: DayPlan, setup: Setup) -> dict[Stream, Signal]:
    """Everything that arrived in one day."""
    worn = wear(plan, life.chance("wear", plan.number))
    make = {
        Stream.RR: lambda: beats(plan, body, worn, life.chance("beats", plan.number)),
        Stream.HR: lambda: heart_rate_field(plan, body, worn, life.chance("beats", plan.number)),
        Stream.STEPS: lambda: steps(plan, worn, life.chance("steps", plan.number)),
        Stream.ACC: lambda: accelerations(plan, worn, setup.rate_hz, life.chance("steps", plan.number)),
        Stream.POSTURE: lambda: postures(plan, worn),
    }
    return {stream: make[stream]() for stream in Stream if stream in setup.streams}
