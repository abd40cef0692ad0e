"""A simulated person's months as decision points and answers alone: no beats, no engine, a second for a season.

The person is restless on purpose: every rule of prompting has something to do. Times, gates and answers come from a seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from processing.coaching import Coach, Said
from processing.ledger import Moment, decide
from processing.usual import Offsets
from somalink.domain.constants import PROMPTING
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import Answer, Event, Plan, Prompt, Session, Setting

PERSON = "ada"
SECRET = "a made-up secret"
FIRST_DAY = 20_530
"""2026-03-18; the clocks of Berlin go forward on the 29th, and the day before has 23 hours."""
SPRING_NS = 1_774_746_000 * SECOND_NS
BERLIN = Offsets((0, SPRING_NS), (3600, 7200))


def at(day: int, hour: float, offsets: Offsets = BERLIN) -> int:
    """UTC nanoseconds of an hour of local time of day `day` of these months; up to 28 (04:00 the next morning)."""
    local_ns = (FIRST_DAY + day) * DAY_NS + round(hour * HOUR_NS)
    return local_ns - offsets.one(local_ns - HOUR_NS) * SECOND_NS


def setting(key: str, value: str, t_ns: int, revision: int = 1) -> Setting:
    return Setting(PERSON, key, value, t_ns, revision)


AGREED = (setting("introduced", "yes", at(0, 0)), setting("consent_measure", "yes", at(0, 0)), setting("randomised", "yes", at(0, 0)))


@dataclass(frozen=True)
class Months:
    """What happened: moments in order of time, and what the person said beside them. Answers are made while it is lived."""

    days: int
    moments: Sequence[Moment]
    said: Said
    mood: np.random.Generator = field(compare=False)


def rise(t_ns: int, **other: object) -> Moment:
    """A moment that would be asked about at once."""
    plain = Moment(f"r{t_ns}", t_ns, "arousal", f"s{t_ns}", gate="still", quality=0.95, maturity=1.0, motion_conf=1.0, z=4.5, needs=4.0)
    return replace(plain, **other)  # type: ignore[arg-type]


def months(seed: int = 1, days: int = 60) -> Months:
    """Sixty days: rises at all hours, a strap without a motion source in the last third, steps planned, tags, breaths, quiet afternoons."""
    dice = np.random.default_rng(seed)
    moments = [_some(dice, day, days) for day in range(days) for _ in range(int(dice.integers(4, 9)))]
    tags = [_tag(dice, day, k) for day in range(days) for k in range(int(dice.integers(1, 5)))]
    sessions = [_breath(dice, day, k) for day in range(days) for k in range(int(dice.integers(0, 4)))]
    plans = [Plan(f"p{day}", PERSON, "ask", "exposure_step", at(day, hour := float(dice.uniform(9, 20))), t_end_ns=at(day, hour + 0.5)) for day in range(days)]
    settings = [*AGREED, *_whims(dice, days)]
    said = Said(settings, tags, sessions, plans)
    coach = Coach(SECRET, said, BERLIN)
    random = [
        _seen(dice, Moment(f"c{key}", t_ns, "random", gate="still", quality=0.95, maturity=1.0, motion_conf=1.0))
        for key, t_ns in coach.control_moments(FIRST_DAY, FIRST_DAY + days - 1)
    ]
    return Months(days, sorted([*moments, *random], key=lambda m: (m.t_ns, m.id)), said, dice)


def _some(dice: np.random.Generator, day: int, days: int) -> Moment:
    """A rise at an hour of the day; the usual is learnt in the first days, and the last third has no motion source."""
    found = rise(at(day, float(dice.uniform(6, 26))) // MINUTE_NS * MINUTE_NS + int(dice.integers(0, 12)) * 5 * SECOND_NS)
    found = replace(found, z=float(dice.uniform(3.8, 7)), maturity=0.7 if day < 5 else 1.0)
    return _seen(dice, found, plain=day > 2 * days // 3)


def _seen(dice: np.random.Generator, moment: Moment, *, plain: bool = False) -> Moment:
    if plain:
        return replace(moment, gate=str(dice.choice(["unknown", "unknown", "unknown", "moving"])), motion_conf=0.5)
    gate = str(dice.choice(["still", "still", "still", "still", "light", "moving", "recovery", "posture"]))
    return replace(moment, gate=gate, quality=float(dice.choice([0.95, 0.95, 0.95, 0.5])))


def _tag(dice: np.random.Generator, day: int, k: int) -> Event:
    t_ns = at(day, float(dice.uniform(8, 22)))
    return Event(f"e{day}/{k}", PERSON, "conflict", t_ns, t_ns, t_ns + int(dice.integers(0, 4 * HOUR_NS)))


def _breath(dice: np.random.Generator, day: int, k: int) -> Session:
    t_ns = at(day, float(dice.uniform(8, 22)))
    return Session(f"b{day}/{k}", PERSON, t_ns, t_ns + 5 * MINUTE_NS, "breathing")


def _whims(dice: np.random.Generator, days: int) -> list[Setting]:
    """Not now, now and then; fewer, later, never and back again; quiet hours that move."""
    whims = [setting("not_now_until", str((t := at(day, float(dice.uniform(9, 19)))) + 3 * HOUR_NS), t, day + 1) for day in range(0, days, 2)]
    whims += [setting("prompt_cap", str(2 if day % 2 else 3), at(day * 8, 4), day + 1) for day in range(days // 8)]
    whims += [setting("prompt_mode", "never", at(20, 4), 1), setting("prompt_mode", "full", at(22, 4), 2)]
    return [*whims, setting("quiet_from", "23:30", at(30, 4)), setting("quiet_to", "07:00", at(30, 4)), setting("exposure_prompts", "yes", at(days - 6, 4))]


def live(lived: Months, *, portion: int = 1) -> tuple[list[Prompt], list[Answer]]:
    """The ledger and the answers as they grow, `portion` moments at a time."""
    ledger: list[Prompt] = []
    answers: list[Answer] = []
    coach = Coach(SECRET, lived.said, BERLIN)
    for first in range(0, len(lived.moments), portion):
        fresh = decide(lived.moments[first : first + portion], PERSON, policy=coach, known=ledger)
        for row in fresh:
            told = answered(row, coach)
            ledger.append(told)
            answers += [Answer(told.id, PERSON, told.answer, told.answered_ns)] if told.answered_ns else []
        if any(answer.answer == "wrong" for answer in answers[-len(fresh) :]):
            risen = [answer for answer in answers if answer.answer != "wrong" or by_id(ledger, answer.prompt_id).trigger == "arousal"]
            coach = Coach(SECRET, replace(lived.said, answers=risen), BERLIN)
    return ledger, answers


def by_id(ledger: Sequence[Prompt], row_id: str) -> Prompt:
    return next(row for row in reversed(ledger) if row.id == row_id)


def answered(row: Prompt, coach: Coach) -> Prompt:
    """What this person says, a minute on: a busy week is not answered, else chance decides by the row's own id."""
    if not row.eligible:
        return row
    day = local_day(row.t_ns, BERLIN.one(row.t_ns)) - FIRST_DAY
    whim = sum(map(ord, row.id)) % 10
    if (day // 7) % 3 == 1 or whim < 2:
        return row
    when = row.t_ns + MINUTE_NS
    if row.reason:
        drawn = coach.after_still(row) if whim < 8 else row
        return replace(drawn, answer="still" if whim < 8 else "moving", answered_ns=when)
    if row.arm == "withheld":
        return row
    return replace(row, answer="wrong" if whim == 2 else "breathe" if whim < 6 else "not_now", answered_ns=when)


def day_of(t_ns: int) -> int:
    return (t_ns + BERLIN.one(t_ns) * SECOND_NS - DAY_BREAK_NS) // DAY_NS


HOLD_NS = PROMPTING.hold_min * MINUTE_NS
