"""Whether somebody may be asked how it is, and whether chance lets a breath be offered: the rules of prompting, one function each (science,
sections 2.9, 2.10 and 4.4).

Knows decision points, the ledger so far and what the person said and set, each from when it was received on. Knows no clock, no screen and no
dice: what chance decides follows from the person's secret and the row's id, so that a replay draws the same arms and a restart draws nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from processing.ledger import Decision, Moment
from processing.usual import Offsets
from somalink.domain.catalogue import AROUSAL, ASK_FIRST, EXPIRED, OFFER, WITHHELD
from somalink.domain.choices import EAGER, NEVER, YES, chosen
from somalink.domain.constants import PROMPTING, Prompting
from somalink.domain.identity import digest
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import Answer, BoolArray, Event, IntArray, Plan, Prompt, Session, Setting

FULL = 1.0
CARDIAC_ONLY = 0.5
"""Motion confidence where nothing but the heart tells of movement."""
FAR_NS = 14 * HOUR_NS
"""No UTC offset is larger."""
NOT_TAKEN = ("dropped", "skipped", "cancelled")
"""States of a plan that is no more."""


# ---------------------------------------------------------------- what a person wants


@dataclass(frozen=True, slots=True)
class Wishes:
    """What of a person's choices prompting reads, at one moment. Quiet hours in minutes of the local day."""

    introduced: bool
    mode: str
    cap: int
    quiet_from: int
    quiet_to: int
    randomised: bool
    not_now_until_ns: int
    exposure_prompts: bool

    @classmethod
    def read(cls, choices: Mapping[str, str]) -> Wishes:
        """From the table that `domain.choices.chosen` gives."""
        return cls(
            introduced=choices["introduced"] == YES and choices["consent_measure"] == YES,
            mode=choices["prompt_mode"],
            cap=int(choices["prompt_cap"]),
            quiet_from=_minutes(choices["quiet_from"]),
            quiet_to=_minutes(choices["quiet_to"]),
            randomised=choices["randomised"] == YES,
            not_now_until_ns=int(choices["not_now_until"]),
            exposure_prompts=choices["exposure_prompts"] == YES,
        )

    @property
    def asks(self) -> bool:
        """Whether prompts are on at all: the one place that says so. Nobody is asked who was not told what it is, did not agree to be measured,
        or chose never, or none a day."""
        return self.introduced and self.mode != NEVER and self.cap > 0

    def is_quiet(self, minute: IntArray) -> BoolArray:
        """Which minutes of the local day lie in quiet hours. From 22:00 to 08:00 runs over midnight; from equal to until is none."""
        after, before = minute >= self.quiet_from, minute < self.quiet_to
        return np.asarray(after & before if self.quiet_from <= self.quiet_to else after | before, bool)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said and set, all of it; `tags` with every revision, since each is a time at which the person was there."""

    settings: Sequence[Setting] = ()
    tags: Sequence[Event] = ()
    sessions: Sequence[Session] = ()
    plans: Sequence[Plan] = ()
    answers: Sequence[Answer] = ()


# ---------------------------------------------------------------- what chance says


@dataclass(frozen=True, slots=True)
class Draw:
    """An arm, with what probability it could have been an offer, and the seed that gave it; no seed where chance had no part."""

    arm: str
    probability: float
    seed: str


def draw(secret: str, row_id: str, *, randomised: bool, rules: Prompting = PROMPTING) -> Draw:
    """The arm of a row: the same however often it is asked for. The seed tells the draw again without telling the secret."""
    if not randomised:
        return Draw(OFFER, 1.0, "")
    seed = digest("arm", secret, row_id)[:16]
    return Draw(OFFER if uniform(seed) < rules.p_offer else WITHHELD, rules.p_offer, seed)


def uniform(seed: str) -> float:
    """Sixteen hex digits as a number in [0, 1).

    >>> uniform("8000000000000000")
    0.5
    """
    return int(seed, 16) / 2**64


def control_times(secret: str, day: int, offsets: Offsets, wishes: Wishes, rules: Prompting = PROMPTING) -> list[int]:
    """The random times of a local day, one or two whole minutes of UTC outside quiet hours; none where all hours are quiet.

    Drawn over the minutes the day has: 23 or 25 hours of them where the clocks are changed.
    """
    base_ns = day * DAY_NS + DAY_BREAK_NS
    near = [offsets.one(base_ns + shift) for shift in (-FAR_NS, 0, DAY_NS, DAY_NS + FAR_NS)]
    minutes = np.arange(base_ns - max(near) * SECOND_NS, base_ns + DAY_NS - min(near) * SECOND_NS, MINUTE_NS, dtype=np.int64)
    local_ns = minutes + offsets.at(minutes) * SECOND_NS
    waking = minutes[((local_ns - DAY_BREAK_NS) // DAY_NS == day) & ~wishes.is_quiet(local_ns % DAY_NS // MINUTE_NS)]
    if not len(waking):
        return []
    many = 2 if _chance(secret, day, "many") < rules.two_controls else 1
    return [int(waking[int(_chance(secret, day, str(k)) * len(waking))]) for k in range(many)]


def _chance(secret: str, day: int, name: str) -> float:
    return uniform(digest("check-in", secret, day, name)[:16])


# ---------------------------------------------------------------- the rules


@dataclass(frozen=True, slots=True)
class View:
    """A moment, what held then, and the ledger so far in time order."""

    moment: Moment
    wishes: Wishes
    known: Sequence[Prompt]
    coach: Coach

    def eligible_around(self, reach_ns: int) -> list[Prompt]:
        """Rows less than `reach_ns` away that asked something of the person. Withheld ones did too: their rating comes all the same. Later ones
        count where a moment is decided after them: news that comes late makes no second question."""
        first = bisect_right(self.known, self.moment.t_ns - reach_ns, key=_time)
        behind = bisect_left(self.known, self.moment.t_ns + reach_ns, key=_time)
        return [row for row in self.known[first:behind] if row.eligible]


def _time(row: Prompt) -> int:
    return row.t_ns


def asks_first(moment: Moment, wishes: Wishes) -> str:
    """Why a moment begins with the question whether the body was moving; empty where nothing needs to be asked."""
    if moment.maturity < FULL:
        return "eager"
    return "no_motion" if moment.motion_conf <= CARDIAC_ONLY else ""


def _off(view: View) -> bool:
    return not view.wishes.asks


def _quiet_hours(view: View) -> bool:
    minute = (view.moment.t_ns + view.coach.offsets.one(view.moment.t_ns) * SECOND_NS) % DAY_NS // MINUTE_NS
    return bool(view.wishes.is_quiet(np.array([minute]))[0])


def _not_now(view: View) -> bool:
    return view.moment.t_ns < view.wishes.not_now_until_ns


def _exposure(view: View) -> bool:
    before, after = (minutes * MINUTE_NS for minutes in view.coach.rules.exposure_min)
    near = any(plan.t_ns - before <= view.moment.t_ns < (plan.t_end_ns or plan.t_ns) + after for plan in view.coach.plans)
    return near and not view.wishes.exposure_prompts


def _maturity(view: View) -> bool:
    least = view.coach.rules.eager_from if view.wishes.mode == EAGER else FULL
    return view.moment.maturity < least


def _gate(view: View) -> bool:
    """Still, or, where nothing measures movement, not known to move: then the person is asked."""
    moment = view.moment
    return not (moment.gate == "still" or (moment.gate == "unknown" and moment.motion_conf <= CARDIAC_ONLY))


def _confidence(view: View) -> bool:
    """Below grade B. Maturity has its own rule; an answer counts as a motion source of middling worth."""
    moment, rules = view.moment, view.coach.rules
    motion = max(moment.motion_conf, rules.asked_motion) if asks_first(moment, view.wishes) else moment.motion_conf
    return round(moment.quality * motion, 4) < rules.grade_b


def _small_rise(view: View) -> bool:
    """Not as high above what makes a spike as a prompt asks for, or as the person has told us it should be."""
    moment = view.moment
    return moment.trigger == AROUSAL and moment.z < round(moment.needs + view.coach.raised(moment.t_ns), 4)


def _tagged(view: View) -> bool:
    """Whether the person said something of a moment in the last minutes, whichever moment it was."""
    return _within(view.coach.told_ns, view.moment.t_ns, view.coach.rules.said_min * MINUTE_NS)


def _session(view: View) -> bool:
    after = view.coach.rules.said_min * MINUTE_NS
    return any(session.start_ns <= view.moment.t_ns < session.stop_ns + after for session in view.coach.sessions)


def _cooldown(view: View) -> bool:
    return bool(view.eligible_around(view.coach.rules.cooldown_min * MINUTE_NS))


def _cap(view: View) -> bool:
    return _that_day(view) >= view.wishes.cap


def _halved(view: View) -> bool:
    return _that_day(view) >= max(view.wishes.cap // 2, 1) and _ignored_lately(view)


RULES: Mapping[str, Callable[[View], bool]] = {
    "off": _off,
    "quiet_hours": _quiet_hours,
    "not_now": _not_now,
    "exposure": _exposure,
    "maturity": _maturity,
    "gate": _gate,
    "confidence": _confidence,
    "small_rise": _small_rise,
    "tagged": _tagged,
    "session": _session,
    "cooldown": _cooldown,
    "cap": _cap,
    "halved": _halved,
}
"""Reason -> whether it forbids a prompt. The first that does is the reason of the row: what the person chose, then what is known, then what was."""


def _within(times_ns: Sequence[int], t_ns: int, reach_ns: int) -> bool:
    """Whether one of the rising times lies in (t - reach, t]."""
    at = bisect_right(times_ns, t_ns)
    return at > 0 and times_ns[at - 1] > t_ns - reach_ns


def _that_day(view: View) -> int:
    """Questions of the local day so far, random ones and withheld ones too."""
    offsets = view.coach.offsets
    day = local_day(view.moment.t_ns, offsets.one(view.moment.t_ns))
    return len([row for row in view.eligible_around(DAY_NS + 2 * HOUR_NS) if local_day(row.t_ns, offsets.one(row.t_ns)) == day])


def _ignored_lately(view: View) -> bool:
    """Whether three questions in a row went unanswered, the last of them in the last three days."""
    rules = view.coach.rules
    hold_ns, since_ns = rules.hold_min * MINUTE_NS, view.moment.t_ns - rules.halved_days * DAY_NS
    run = 0
    for row in reversed(view.known):
        if row.t_ns + hold_ns > view.moment.t_ns or not could_be_answered(row):
            continue
        ended_lately = row.t_ns + hold_ns > since_ns
        if was_answered(row, rules):
            if not ended_lately:
                return False
            run = 0
            continue
        if run == 0 and not ended_lately:
            return False
        run += 1
        if run == rules.ignored:
            return True
    return False


def could_be_answered(row: Prompt) -> bool:
    """Whether a row showed something to answer: an offer, or the question that comes first."""
    return row.eligible and (row.arm == OFFER or row.reason in ASK_FIRST)


def was_answered(row: Prompt, rules: Prompting = PROMPTING) -> bool:
    """Whether somebody answered while it was open."""
    return row.answer not in ("", EXPIRED) and row.answered_ns is not None and row.answered_ns < row.t_ns + rules.hold_min * MINUTE_NS


# ---------------------------------------------------------------- the policy


@dataclass(frozen=True)
class Coach:
    """The policy of prompts, as `ledger.decide` asks for it. Everything it is told is dated, so that each moment sees what was known at it."""

    secret: str
    said: Said
    offsets: Offsets
    rules: Prompting = PROMPTING
    plans: tuple[Plan, ...] = field(init=False)
    sessions: tuple[Session, ...] = field(init=False)
    told_ns: tuple[int, ...] = field(init=False)
    _changes_ns: tuple[int, ...] = field(init=False)
    _wishes: dict[int, Wishes] = field(init=False, default_factory=dict)
    _wrongs_ns: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        said = self.said
        for name, value in (
            ("plans", tuple(plan for plan in said.plans if plan.state not in NOT_TAKEN)),
            ("sessions", tuple(said.sessions)),
            ("told_ns", tuple(sorted(tag.received_ns for tag in said.tags))),
            ("_changes_ns", tuple(sorted({setting.received_ns for setting in said.settings}))),
            ("_wrongs_ns", tuple(sorted(answer.received_ns for answer in said.answers if answer.answer == "wrong"))),
        ):
            object.__setattr__(self, name, value)

    def __call__(self, moment: Moment, known: Sequence[Prompt]) -> Decision:
        wishes = self.wishes(moment.t_ns)
        view = View(moment, wishes, known, self)
        against = next((reason for reason, forbids in RULES.items() if forbids(view)), None)
        if against is not None:
            return Decision(eligible=False, reason=against)
        first = asks_first(moment, wishes)
        if first:
            return Decision(eligible=True, reason=first)
        drawn = draw(self.secret, moment.id, randomised=wishes.randomised, rules=self.rules)
        return Decision(True, "", drawn.arm, drawn.probability, drawn.seed)

    def wishes(self, t_ns: int) -> Wishes:
        """What was in force at a moment."""
        number = bisect_right(self._changes_ns, t_ns)
        if number not in self._wishes:
            self._wishes[number] = Wishes.read(chosen(self.said.settings, t_ns))
        return self._wishes[number]

    def asks(self, t_ns: int) -> bool:
        """Whether prompts are on at a moment."""
        return self.wishes(t_ns).asks

    @property
    def began_ns(self) -> int | None:
        """From when on prompts may be on; None: never yet."""
        return next((t_ns for t_ns in self._changes_ns if self.asks(t_ns)), None)

    def raised(self, t_ns: int) -> float:
        """How much higher than the baseline's threshold a rise must be at a moment: a step for every third that did not fit."""
        return bisect_right(self._wrongs_ns, t_ns) // self.rules.wrongs * self.rules.wrong_add

    def after_still(self, row: Prompt) -> Prompt:
        """A row that asked first and was told "no": now chance decides, once."""
        if row.arm or row.reason not in ASK_FIRST:
            return row
        drawn = draw(self.secret, row.id, randomised=self.wishes(row.t_ns).randomised, rules=self.rules)
        return replace(row, arm=drawn.arm, probability=drawn.probability, seed=drawn.seed)

    def control_moments(self, first_day: int, last_day: int) -> list[tuple[str, int]]:
        """(key, time) of every random time of these local days at which prompts were on, in order of time."""
        found = []
        for day in range(first_day, last_day + 1):
            wishes = self.wishes(day_start_ns(day, self.offsets))
            for number, t_ns in enumerate(control_times(self.secret, day, self.offsets, wishes, self.rules)):
                if self.asks(t_ns):
                    found.append((f"{day}/{number}", t_ns))
        return sorted(found, key=lambda each: each[1])


def wrongs(answers: Iterable[Answer], ledger: Iterable[Prompt]) -> list[Answer]:
    """Answers without a "wrong" to a random time: that says nothing of how high a rise should be."""
    risen = {row.id for row in ledger if row.trigger == AROUSAL}
    return [answer for answer in answers if answer.answer != "wrong" or answer.prompt_id in risen]


def day_start_ns(day: int, offsets: Offsets) -> int:
    """When a local day begins: 04:00."""
    local_ns = day * DAY_NS + DAY_BREAK_NS
    return local_ns - offsets.one(local_ns - offsets.one(local_ns) * SECOND_NS) * SECOND_NS
