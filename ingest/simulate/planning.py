"""What happens on one simulated day: what the body does, what people do to it, and what really moves the heart.

Times are seconds since 04:00 local, where a day breaks (clocks change before that hour, so an offset holds for the whole day).
Knows nothing of beats, and nothing of what the wearer later says about it (`diary`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import numpy as np

from ingest.simulate.wearer import Body, Life, Offering, Tendency, Ways
from somalink.domain.catalogue import KINDS
from somalink.domain.time import SECOND_NS, from_datetime
from somalink.domain.types import Posture

MINUTE = 60.0
HOUR = 3600.0
BREAK_H = 4
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Act:
    """A stretch of doing one thing. `effort` in brisk walks, `cadence` in steps a second."""

    what: str
    start: float
    stop: float
    effort: float
    cadence: float
    posture: Posture


@dataclass(frozen=True, slots=True)
class Surge:
    """Something lifts the heart by `bpm`: it rises within `rise` s, stays for `hold` s and settles with time constant `settle`."""

    cause: str
    start: float
    bpm: float
    rise: float
    hold: float
    settle: float

    @property
    def stop(self) -> float:
        """When a quarter of it is left."""
        return self.start + self.rise + self.hold + self.settle * float(np.log(4.0))


@dataclass(frozen=True, slots=True)
class Happening:
    """A social moment, whether or not it moved the heart."""

    kind: str
    start: float
    stop: float
    surge: Surge | None
    step: int | None = None
    """Number of the exposure step it was, if it was one."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A breathing, muscle or grounding exercise. `hz`: the paced breath, for breathing."""

    kind: str
    start: float
    stop: float
    hz: float
    offer: int | None = None
    """Number of the day's decision that offered it, if one did."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A moment at which chance offers a breath or withholds it, after a rise or at a random time; and what is said to an offer."""

    start: float
    risen: bool
    offered: bool
    answer: str


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day before any of it is measured."""

    number: int
    date: str
    t0_ns: int
    """04:00 local."""
    offset_s: int
    on: float
    off: float
    """Strap on and off; [on, off) is the day's recording."""
    acts: tuple[Act, ...]
    happenings: tuple[Happening, ...]
    surges: tuple[Surge, ...]
    """Everything that moved the heart without the legs: social moments, rises out of nowhere, coffee, practice."""
    practices: tuple[Practice, ...]
    decisions: tuple[Decision, ...] = ()

    def ns(self, at: float) -> int:
        """UTC nanoseconds of a second of this day, to the millisecond."""
        return self.t0_ns + round(at * 1000) * (SECOND_NS // 1000)

    @property
    def worn_s(self) -> float:
        return self.off - self.on


# ---------------------------------------------------------------- what a body does all day


class Doing(NamedTuple):
    """A kind of act: minutes from and to, effort, cadence, posture."""

    least: float
    most: float
    effort: float
    cadence: float
    posture: Posture


DOINGS = {
    "desk": Doing(22, 75, 0.0, 0.0, Posture.SITTING),
    "sofa": Doing(20, 60, 0.0, 0.0, Posture.SITTING),
    "ride": Doing(10, 25, 0.03, 0.0, Posture.SITTING),
    "meal": Doing(15, 35, 0.06, 0.01, Posture.SITTING),
    "nap": Doing(12, 35, 0.0, 0.0, Posture.LYING),
    "stand": Doing(2, 7, 0.08, 0.06, Posture.STANDING),
    "potter": Doing(4, 14, 0.35, 0.45, Posture.STANDING),
    "walk": Doing(4, 15, 1.0, 1.75, Posture.STANDING),
    "stairs": Doing(0.6, 1.6, 1.9, 1.4, Posture.STANDING),
    "run": Doing(24, 40, 2.6, 2.6, Posture.STANDING),
    "cycle": Doing(10, 40, 1.9, 0.0, Posture.SITTING),
    "cycle easily": Doing(10, 40, 1.0, 0.0, Posture.SITTING),
    "sleep": Doing(0, 0, 0.0, 0.0, Posture.LYING),
}
QUIET = ("desk", "sofa", "ride", "meal")

ROUND_OF = {
    "workday": ("desk", "potter", "desk", "stand", "desk", "walk", "desk", "stairs", "desk", "stand"),
    "free": ("sofa", "potter", "sofa", "walk", "desk", "stand", "sofa", "meal", "walk", "nap"),
    "evening": ("sofa", "potter", "sofa", "stand", "desk", "sofa", "nap"),
}
"""What follows what, begun anywhere: sitting is what most of a day is, and what breaks it is short."""


def _act(name: str, start: float, draw: np.random.Generator) -> Act:
    doing = DOINGS[name]
    effort = doing.effort * draw.uniform(0.8, 1.2)
    return Act(name, start, start + MINUTE * draw.uniform(doing.least, doing.most), effort, doing.cadence * draw.uniform(0.92, 1.08), doing.posture)


def _skeleton(workday: bool, sporty: bool) -> list[tuple[float, tuple[str, ...]]]:
    """From which local hour on which round is walked; the words before the round happen once."""
    day = "workday" if workday else "free"
    out = [(0.0, ("potter", "meal", "walk", "ride", "walk", "stairs")), (8.6, (day,)), (12.4, ("walk", "meal", "walk")), (13.2, (day,))]
    out.append((17.6, ("walk", "ride", "walk", "run", "stand", "sofa") if sporty else ("walk", "ride", "walk", "potter")))
    return [*out, (19.0, ("meal", "evening"))]


def _acts(draw: np.random.Generator, *, wake: float, bed: float, workday: bool, sporty: bool) -> tuple[Act, ...]:
    """The day's acts without a hole, from 04:00 to 04:00."""
    acts = [Act("sleep", 0.0, wake, 0.0, 0.0, Posture.LYING)]
    parts = _skeleton(workday, sporty)
    ends = [(hour - BREAK_H) * HOUR for hour, _ in parts[1:]] + [bed]
    for (_, words), end in zip(parts, ends, strict=True):
        acts += _part(draw, words, acts[-1].stop, min(end, bed))
    return (*acts, Act("sleep", acts[-1].stop, DAY, 0.0, 0.0, Posture.LYING))


def _part(draw: np.random.Generator, words: tuple[str, ...], start: float, end: float) -> list[Act]:
    """`words` once, and the round a word names again and again, until `end`."""
    acts: list[Act] = []
    for name in words:
        at = int(draw.integers(100))
        while start < end:
            acts.append(_act(ROUND_OF[name][at % len(ROUND_OF[name])] if name in ROUND_OF else name, start, draw))
            start, at = acts[-1].stop, at + 1
            if name not in ROUND_OF:
                break
    return acts


# ---------------------------------------------------------------- what people do to it


TENDENCIES = {
    "rejection": Tendency(0.09, 0.85, 16, 6),
    "exclusion": Tendency(0.08, 0.8, 14, 12),
    "ignored": Tendency(0.12, 0.5, 11, 8),
    "criticism": Tendency(0.12, 0.8, 14, 7),
    "conflict": Tendency(0.08, 0.9, 17, 12),
    "boundary": Tendency(0.08, 0.65, 12, 5),
    "connection": Tendency(0.15, 0.2, 9, 25),
    "support": Tendency(0.09, 0.1, 8, 20),
    "reaching_out": Tendency(0.08, 0.6, 11, 6),
    "group": Tendency(0.07, 0.55, 11, 35),
    "other": Tendency(0.04, 0.3, 10, 10),
}
STEP_SKIPPED = 0.12
LEARNING_DAYS = 12.0
"""Time constant of the month's story: a body that learns, by half in the end, and never evenly."""


def softening(day: int, ways: Ways) -> float:
    """How much of the first day's reaction is left: 1 at first, .55 after a month, unless it is another life."""
    if ways.left is not None:
        return 1 - (1 - ways.left) * min(day / max(ways.days - 1, 1), 1.0)
    return 0.5 + 0.5 * float(np.exp(-day / LEARNING_DAYS))


def _surge(draw: np.random.Generator, cause: str, start: float, bpm: float, body: Body, ways: Ways, *, soft: float) -> Surge:
    height = float(np.clip(bpm * body.reactivity * soft * draw.lognormal(0.0, 0.25), ways.least_bpm, 26.0))
    settle = body.settle_s * (ways.settling[0] + ways.settling[1] * soft) * draw.lognormal(0.0, 0.25)
    return Surge(cause, start, height, draw.uniform(12, 45), MINUTE * draw.uniform(1.5, 5.0), settle)


def _moments(draw: np.random.Generator, acts: tuple[Act, ...], *, sat_min: float, after: float, count: int, apart: float) -> list[float]:
    """Up to `count` times in quiet acts, a few minutes into them, at least `apart` from each other."""
    quiet = [a for a in acts if a.what in QUIET and a.start > after and a.stop - a.start > (sat_min + 8) * MINUTE]
    picked: list[float] = []
    for _ in range(count * 3):
        act = quiet[int(draw.integers(len(quiet)))]
        at = act.start + draw.uniform(sat_min * MINUTE, act.stop - act.start - 6 * MINUTE)
        if len(picked) < count and all(abs(at - other) >= apart for other in picked):
            picked.append(at)
    return sorted(picked)


def _happenings(draw: np.random.Generator, moments: list[float], body: Body, day: int, ways: Ways) -> list[Happening]:
    """The first moment of every third day is a step of the exposure plan, unless it is skipped; the others fall as they fall."""
    tendencies = ways.tendencies or TENDENCIES
    kinds = [kind for kind in KINDS if kind in tendencies]
    shares = np.array([tendencies[kind].share for kind in kinds])
    out = []
    for number, at in enumerate(moments):
        if number == 0 and day % ways.step_every == ways.step_every - 1 and draw.random() >= STEP_SKIPPED:
            out.append(_step(draw, at, body, day, ways))
            continue
        kind = kinds[int(draw.choice(len(kinds), p=shares / shares.sum()))]
        tends = tendencies[kind]
        surge = _surge(draw, kind, at, tends.bpm, body, ways, soft=softening(day, ways)) if draw.random() < tends.moves else None
        out.append(Happening(kind, at, at + MINUTE * tends.minutes * draw.uniform(0.6, 1.5), surge))
    return out


def _step(draw: np.random.Generator, at: float, body: Body, day: int, ways: Ways) -> Happening:
    surge = _surge(draw, "exposure_step", at, ways.step_bpm, body, ways, soft=softening(day, ways))
    return Happening("exposure_step", at, at + MINUTE * draw.uniform(10, 25), surge, step=day // ways.step_every)


# ---------------------------------------------------------------- a day


def _unprompted(draw: np.random.Generator, acts: tuple[Act, ...], taken: list[float], body: Body, after: float, ways: Ways) -> list[Surge]:
    """Rises that no moment explains: a thought, a phone, nothing at all. They do not soften."""
    times = _moments(draw, acts, sat_min=ways.sat_min, after=after, count=int(draw.integers(*ways.unprompted)), apart=40 * MINUTE)
    free = [at for at in times if all(abs(at - other) > 25 * MINUTE for other in taken)]
    return [_surge(draw, "unprompted", at, ways.unprompted_bpm, body, ways, soft=1.0) for at in free]


def _coffees(draw: np.random.Generator, wake: float) -> list[Surge]:
    hours = [wake / HOUR + draw.uniform(0.5, 1.2), *(draw.uniform(9.0, 12.0, int(draw.integers(0, 3))))]
    return [Surge("coffee", hour * HOUR, draw.uniform(2, 4.5), 900.0, 1500.0, draw.uniform(4500, 7500)) for hour in hours]


def _practices(draw: np.random.Generator, happenings: list[Happening], day: int, bed: float) -> list[Practice]:
    """Learned in the first week, done most evenings, and now and then right after a moment."""
    if draw.random() < 0.25 + 0.4 * (day < 2):
        return []
    kind = ("breathing", "breathing", "breathing", "muscle_release", "grounding")[int(draw.integers(5))]
    starts = [bed - MINUTE * draw.uniform(40, 90)]
    starts += [h.start + MINUTE * draw.uniform(8, 14) for h in happenings if h.surge and h.step is None and draw.random() < 0.15]
    return [Practice(kind, at, at + MINUTE * draw.uniform(3, 6), draw.uniform(0.085, 0.11)) for at in sorted(starts)]


def _calm(draw: np.random.Generator, practice: Practice) -> Surge:
    return Surge(practice.kind, practice.start, -draw.uniform(1.5, 4.0), 40.0, practice.stop - practice.start, draw.uniform(150, 500))


APART = ("unprompted", "coffee", "breathing", "muscle_release", "grounding")
"""Causes of a surge that no social moment is."""


def _seen(happenings: list[Happening], rises: list[Surge]) -> list[Happening]:
    """What somebody tags who tags when the chart is high: rises that nothing explains, under the names of moments that moved nothing."""
    rises = sorted(rises, key=lambda rise: rise.start)
    return [Happening(h.kind, rise.start, rise.start + h.stop - h.start, None, h.step) for h, rise in zip(happenings, rises, strict=False)]


SAID_TO_AN_OFFER = {"breathe": 0.55, "not_now": 0.2, "tag": 0.1, "": 0.15}
DECIDED_APART = 90 * MINUTE
STANDS = 150.0
"""When a rise has stood long enough to be asked about, from its beginning."""


def _decisions(
    draw: np.random.Generator, acts: tuple[Act, ...], rises: list[Surge], busy: list[float], offering: Offering, worn: tuple[float, float]
) -> list[Decision]:
    """The day's randomised decisions, far from each other and from what will be tagged; those after rises first."""
    moments = [(rise.start + STANDS, True) for rise in rises][: offering.risen]
    moments += [(at, False) for at in _moments(draw, acts, sat_min=20, after=worn[0] + HOUR, count=offering.random, apart=DECIDED_APART)]
    out: list[Decision] = []
    for at, risen in moments:
        offered = bool(draw.random() < offering.p)
        answer = str(draw.choice(list(SAID_TO_AN_OFFER), p=list(SAID_TO_AN_OFFER.values())))
        inside = worn[0] + HOUR <= at < worn[1] - HOUR / 2
        if inside and all(not -HOUR / 2 < at - other < HOUR for other in busy) and all(abs(at - other.start) >= DECIDED_APART for other in out):
            out.append(Decision(at, risen, offered, answer if offered else ""))
    return sorted(out, key=lambda decision: decision.start)


def _relieved(decision: Decision, bpm: float) -> Surge:
    """All of it from five to fifteen minutes after the offer."""
    return Surge("offer", decision.start + MINUTE, bpm, 2 * MINUTE, 12 * MINUTE, 3 * MINUTE)


def _offered(decision: Decision, number: int) -> Practice:
    return Practice("breathing", decision.start + 0.5 * MINUTE, decision.start + 3.5 * MINUTE, 0.1, number)


def plan_day(life: Life, body: Body, number: int) -> DayPlan:
    """Day `number` of a life, counted from the calendar day of its start; nothing of it is recorded before the start."""
    draw, ways = life.chance("plan", number), life.ways
    zone = life.zone
    date = datetime.fromtimestamp(life.start_ns / SECOND_NS, zone).date() + timedelta(days=number)
    dawn = datetime.combine(date, time(BREAK_H), zone)
    t0_ns = from_datetime(dawn.astimezone(UTC))
    workday = date.weekday() < 5
    wake = (body.wakes_h - BREAK_H + (0 if workday else 1) + draw.normal(0, 0.25)) * HOUR
    bed = (body.beds_h - BREAK_H + draw.normal(0, 0.3)) * HOUR
    acts = _acts(draw, wake=wake, bed=bed, workday=workday, sporty=draw.random() < 0.35)
    on, off = (0.0, DAY - 60) if life.nights else (wake + MINUTE * draw.uniform(10, 25), bed - MINUTE * draw.uniform(0, 20))
    on = float(np.ceil(max(on, (life.start_ns - t0_ns) / SECOND_NS)))
    moments = _moments(draw, acts, sat_min=ways.sat_min, after=wake + HOUR, count=int(draw.integers(*ways.moments)), apart=45 * MINUTE)
    happenings = _happenings(draw, [at for at in moments if at >= on], body, number, ways)
    practices = _practices(draw, happenings, number, bed)
    surges = [h.surge for h in happenings if h.surge] + _coffees(draw, wake) + [_calm(draw, p) for p in practices]
    unprompted = _unprompted(draw, acts, [h.start for h in happenings], body, wake + HOUR, ways)
    surges += unprompted
    if ways.watching:
        happenings, surges = _seen(happenings, [rise for rise in unprompted if on <= rise.start < off]), [surge for surge in surges if surge.cause in APART]
    if ways.is_unwell(number):
        surges.append(Surge("unwell", on, ways.unwell_bpm, HOUR, max(off - on, HOUR), HOUR))
    decisions: list[Decision] = []
    if ways.offering is not None:
        decisions = _decisions(life.chance("offers", number), acts, unprompted, [h.start for h in happenings], ways.offering, (on, off))
        surges += [_relieved(decision, ways.offering.bpm) for decision in decisions if decision.offered and ways.offering.bpm]
        practices += [_offered(decision, k) for k, decision in enumerate(decisions) if decision.answer == "breathe"]
    offset = dawn.utcoffset()
    return DayPlan(
        number=number,
        date=date.isoformat(),
        t0_ns=t0_ns,
        offset_s=int(offset.total_seconds()) if offset else 0,
        on=on,
        off=max(on, float(np.floor(off))),
        acts=acts,
        happenings=tuple(happenings),
        surges=tuple(sorted(surges, key=lambda s: s.start)),
        practices=tuple(practices),
        decisions=tuple(decisions),
    )
