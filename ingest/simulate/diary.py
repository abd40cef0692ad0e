"""What the wearer says: tags, ratings, answers, practice and plans, made from what happened, with all the ways people say it late.

A tag tells what the person noticed, not what the heart did: felt distress follows the body only loosely, moments that left the
heart alone are tagged too, and some that did not are never mentioned. Knows no beats.
"""

from dataclasses import dataclass

import numpy as np

from ingest.simulate.planning import HOUR, LEARNING_DAYS, MINUTE, DayPlan, Happening, Practice
from ingest.simulate.wearer import Life, Ways
from somalink.domain.catalogue import ACTIONS, CERTAINTIES_S, NEEDS, OF_EVENT, SENSATIONS, THEMES, WITH_WHOM
from somalink.domain.types import Answer, Event, Plan, Prompt, Rating, Session

PLEASANT = ("connection", "support", "group")
SOURCE = "simulated"
LADDER = (
    "Say good morning to a neighbour first",
    "Ask a colleague how the weekend was",
    "Eat lunch at the shared table",
    "Ring a friend who has not called",
    "Say in a meeting what I think",
    "Ask someone to come for a walk",
    "Join the Thursday choir, stay one song",
    "Tell a friend that something hurt",
    "Invite two people for supper",
    "Go to a party alone, stay an hour",
)
NOTES = {
    "rejection": "asked, and was told no",
    "exclusion": "they had all been there without me",
    "ignored": "said hello and nothing came back",
    "criticism": "remarks on my draft in front of others",
    "conflict": "it got loud over something small",
    "boundary": "said that I could not take this on as well",
    "connection": "a long talk over tea",
    "support": "someone asked how I was and waited",
    "reaching_out": "wrote first",
    "group": "the whole table",
    "exposure_step": "the step as planned",
    "other": "hard to name",
}
MANNERS = {"at_once": 0.46, "late": 0.22, "part_of_day": 0.1, "never": 0.22}


@dataclass(frozen=True, slots=True)
class Diary:
    """Everything the wearer said about one day."""

    events: tuple[Event, ...]
    ratings: tuple[Rating, ...]
    prompts: tuple[Prompt, ...]
    answers: tuple[Answer, ...]
    sessions: tuple[Session, ...]
    plans: tuple[Plan, ...]


def keep_diary(life: Life, plan: DayPlan) -> Diary:
    """The diary of a day; the same plan always gives the same one."""
    draw = life.chance("diary", plan.number)
    told = [(h, _tag(draw, life, plan, number, h)) for number, h in enumerate(plan.happenings)]
    events = [event for _, event in told if event]
    prompts, answers = _check_ins(draw, life, plan) if life.ways.offering is None else _offers(life, plan)
    ratings = _ratings(draw, life, plan, events, prompts)
    ratings += _outcomes(life, plan, told) if life.ways.outcomes else []
    offers = [p.id for p in prompts if p.answer == "breathing"]
    sessions = [_session(draw, life, plan, number, practice, offers) for number, practice in enumerate(plan.practices)]
    return Diary(tuple(events), tuple(ratings), tuple(prompts), tuple(answers), tuple(sessions), tuple(_plans(draw, life, plan, told)))


# ---------------------------------------------------------------- tags


def _when(draw: np.random.Generator, happening: Happening, plan: DayPlan, ways: Ways) -> tuple[float, float, int] | None:
    """(moment as told, when it was told, certainty in s), or nothing for what is never told."""
    manner = "at_once" if happening.step is not None or ways.watching else str(draw.choice(list(MANNERS), p=list(MANNERS.values())))
    if manner == "never":
        return None
    if manner == "at_once":
        certainty = int(draw.choice(CERTAINTIES_S[:2]))
        return happening.start + draw.normal(0, min(certainty, 150) / 2), happening.start + MINUTE * draw.uniform(3, 9), certainty
    if manner == "late":
        certainty = int(draw.choice(CERTAINTIES_S[2:4]))
        return happening.start + draw.normal(0, certainty / 2), happening.stop + HOUR * draw.uniform(0.7, 4), certainty
    middle = (happening.start // (4 * HOUR) + 0.5) * 4 * HOUR
    return middle, max(happening.stop, plan.off) + MINUTE * draw.uniform(2, 20), CERTAINTIES_S[-1]


def _felt(draw: np.random.Generator, happening: Happening) -> int:
    """Distress, 0-10: from the body by about a third of its variance, from the moment's kind, and from the mood of the hour."""
    body = happening.surge.bpm / 4 if happening.surge else 0.0
    return int(np.clip(np.rint((0.8 if happening.kind in PLEASANT else 2.8) + 0.7 * body + draw.normal(0, 1.4)), 0, 10))


def _tag(draw: np.random.Generator, life: Life, plan: DayPlan, number: int, happening: Happening) -> Event | None:
    when = _when(draw, happening, plan, life.ways)
    if when is None:
        return None
    at, made, certainty = when
    pleasant, distress = happening.kind in PLEASANT, _felt(draw, happening)
    made_ns = plan.ns(max(made, at + 1))
    return Event(
        id=life.id("event", plan.number, number),
        person=life.person,
        kind=happening.kind,
        t_ns=plan.ns(at),
        made_at_ns=made_ns,
        received_ns=made_ns,
        t_end_ns=plan.ns(max(happening.stop, at + MINUTE)) if draw.random() < 0.4 else None,
        certainty_s=certainty,
        source=SOURCE,
        distress=distress,
        belonging=int(np.clip(np.rint((6.5 if pleasant else 4.0) - 0.2 * distress + draw.normal(0, 1.3)), 0, 10)),
        sensations=_sensations(draw, happening, pleasant),
        action=str(draw.choice(ACTIONS[:2] if pleasant or happening.step is not None else ACTIONS)),
        with_whom=tuple(sorted(map(str, draw.choice(WITH_WHOM, int(draw.integers(1, 3)), replace=False)))),
        theme="" if pleasant else str(draw.choice(THEMES)),
        need=str(draw.choice(NEEDS)) if draw.random() < 0.7 else "",
        spoken=bool(draw.random() < 0.35) if draw.random() < 0.6 else None,
        expectancy=_feared(life, happening.step) if happening.step is not None else None,
        context=(*_context(draw, happening), *(["unwell"] if life.ways.is_unwell(plan.number) else [])),
        blind=False if life.ways.watching else _blind(draw, certainty, *life.ways.blind),
        planned_distress=_planned_distress(life, happening.step) if happening.step is not None else None,
        note=f"{NOTES[happening.kind]} (simulated)" if draw.random() < 0.5 else "",
    )


def _blind(draw: np.random.Generator, certainty: int, unknown: float, at_once: float, later: float) -> bool | None:
    return None if draw.random() < unknown else bool(draw.random() < (at_once if certainty <= CERTAINTIES_S[1] else later))


def _sensations(draw: np.random.Generator, happening: Happening, pleasant: bool) -> tuple[str, ...]:
    if pleasant:
        return ("warmth",) if draw.random() < 0.6 else ()
    felt = set(map(str, draw.choice(SENSATIONS, int(draw.integers(0, 3)), replace=False)))
    if happening.surge and draw.random() < happening.surge.bpm / 22:
        felt.add("racing_heart")
    return tuple(word for word in SENSATIONS if word in felt)


def _context(draw: np.random.Generator, happening: Happening) -> tuple[str, ...]:
    words = (("talking", 0.9 if happening.kind in (*PLEASANT, "conflict") else 0.4), ("caffeine", 0.2), ("tired", 0.15), ("alcohol", 0.03), ("unwell", 0.03))
    return tuple(word for word, share in words if draw.random() < share)


# ---------------------------------------------------------------- plans of graded steps


def _planned_distress(life: Life, step: int) -> int:
    """What the person expects of a step: the ladder climbs, and courage with it."""
    return int(np.clip(np.rint(4.5 + 0.3 * step + life.chance("expects", step).normal(0, 0.9)), 0, 10))


def _feared(life: Life, step: int) -> int:
    """How likely, 0-10, the person holds it that what is feared will happen."""
    return int(np.clip(_planned_distress(life, step) + life.chance("fears", step).integers(-2, 3), 0, 10))


def _plans(draw: np.random.Generator, life: Life, plan: DayPlan, told: list[tuple[Happening, Event | None]]) -> list[Plan]:
    """The step of this day, taken as tagged or not taken; made the evening before, to the quarter of an hour."""
    every = life.ways.step_every
    if plan.number % every != every - 1:
        return []
    step = plan.number // every
    taken = next(((h, e) for h, e in told if h.step is not None), None)
    at = round(taken[0].start / (15 * MINUTE)) * 15 * MINUTE if taken else 9 * HOUR
    return [
        Plan(
            id=life.id("plan", step),
            person=life.person,
            step=LADDER[min(step, len(LADDER) - 1)],
            kind="exposure_step",
            t_ns=plan.ns(at),
            t_end_ns=plan.ns(at + 30 * MINUTE),
            planned_distress=_planned_distress(life, step),
            expectancy=_feared(life, step),
            event_id=taken[1].id if taken and taken[1] else "",
            state="done" if taken else "skipped",
        )
    ]


# ---------------------------------------------------------------- ratings, check-ins and practice


def _number(draw: np.random.Generator, mean: float, spread: float) -> int:
    return int(np.clip(np.rint(mean + draw.normal(0, spread)), 0, 10))


def _ratings(draw: np.random.Generator, life: Life, plan: DayPlan, events: list[Event], prompts: list[Prompt]) -> list[Rating]:
    """Belonging every evening that is not forgotten, the other scales more rarely, distress when asked."""
    evening = plan.ns(max(plan.off - MINUTE * draw.uniform(5, 50), plan.on))
    learned = life.ways.learned * (1 - float(np.exp(-plan.number / LEARNING_DAYS)))
    good = sum(e.kind in PLEASANT for e in events)
    hurt = sum(e.kind in ("rejection", "exclusion", "ignored") for e in events)
    wanted = [
        ("belonging", 0.88, 4.0 + 1.6 * learned + 0.5 * good - 0.5 * hurt),
        ("engagement", 0.4, 4.5 + 1.0 * learned),
        ("contacts", 0.4, 2.0 + good + 1.0 * learned),
        ("reached_out", 0.3, 1.0 + 1.0 * learned),
        ("comfort", 1.0 if plan.number % 7 == 6 else 0.0, 4.5 + 1.2 * learned),
    ]
    blind = bool(draw.random() < 0.7)
    rows = [_rating(life, plan, kind, evening, _number(draw, mean, 1.1), blind=blind) for kind, share, mean in wanted if draw.random() < share]
    asked = [p for p in prompts if p.answer == "tag" and p.answered_ns is not None]
    return rows + [_rating(life, plan, "distress", p.answered_ns or p.t_ns, _number(draw, 3.0, 1.8), blind=True, prompt_id=p.id) for p in asked]


def _outcomes(life: Life, plan: DayPlan, told: list[tuple[Happening, Event | None]]) -> list[Rating]:
    """How much of what was feared came, said an hour after a step: less than half of it as a rule."""
    rows = []
    for happening, event in told:
        if happening.step is not None and event is not None:
            came = _number(life.chance("came of it", happening.step), 0.4 * _feared(life, happening.step), 1.0)
            said_ns = event.made_at_ns + round(HOUR) * 1_000_000_000
            rows.append(_rating(life, plan, "outcome", said_ns, came, blind=True, prompt_id=OF_EVENT + event.id))
    return rows


def _rating(life: Life, plan: DayPlan, kind: str, t_ns: int, value: int, *, blind: bool, prompt_id: str = "") -> Rating:
    return Rating(life.id("rating", plan.number, kind, prompt_id), life.person, t_ns, kind, value, t_ns, prompt_id, blind)


ANSWERS = {"tag": 0.3, "breathe": 0.2, "not_now": 0.25, "wrong": 0.05, "": 0.2}
OFFERED = 0.6


def _check_ins(draw: np.random.Generator, life: Life, plan: DayPlan) -> tuple[list[Prompt], list[Answer]]:
    """One or two random-time prompts a day, as asked of this wearer, and what was answered; some are not. Of one that chance withheld nothing is
    seen, so nothing is answered."""
    prompts, answers = [], []
    for number in range(int(draw.integers(1, 3))):
        at = plan.ns(plan.on + (plan.off - plan.on) * (0.25 + 0.4 * number + 0.2 * draw.random()))
        offered = draw.random() < OFFERED
        answer = str(draw.choice(list(ANSWERS), p=list(ANSWERS.values()))) if offered else ""
        answered = at + int(draw.integers(5, 240)) * 1_000_000_000 if answer else None
        name = life.id("prompt", plan.number, number)
        arm = "offer" if offered else "withheld"
        prompts.append(Prompt(name, life.person, at, "random", "", True, "", arm, OFFERED, SOURCE, at if offered else None, answer, answered))
        if answered is not None:
            answers.append(Answer(name, life.person, answer, answered))
    return prompts, answers


def _offers(life: Life, plan: DayPlan) -> tuple[list[Prompt], list[Answer]]:
    """The day's randomised decisions as rows of the ledger; what was withheld is not seen, so nothing is said to it."""
    assert life.ways.offering is not None
    draw, prompts, answers = life.chance("said to offers", plan.number), [], []
    for number, decision in enumerate(plan.decisions):
        at, name = plan.ns(decision.start), life.id("prompt", plan.number, number)
        said_ns = at + int(draw.integers(5, 30)) * 1_000_000_000 if decision.answer else None
        trigger, arm = "arousal" if decision.risen else "random", "offer" if decision.offered else "withheld"
        shown_ns = at if decision.offered else None
        prompts.append(Prompt(name, life.person, at, trigger, "", True, "", arm, life.ways.offering.p, SOURCE, shown_ns, decision.answer, said_ns))
        if said_ns is not None:
            answers.append(Answer(name, life.person, decision.answer, said_ns))
    return prompts, answers


def _session(draw: np.random.Generator, life: Life, plan: DayPlan, number: int, practice: Practice, offers: list[str]) -> Session:
    paced = practice.kind == "breathing"
    whole = 1 / practice.hz
    return Session(
        id=life.id("session", plan.number, number),
        person=life.person,
        start_ns=plan.ns(practice.start),
        stop_ns=plan.ns(practice.stop),
        kind=practice.kind,
        rate=round(60 * practice.hz, 1) if paced else None,
        in_s=round(0.4 * whole, 1) if paced else None,
        ex_s=round(0.6 * whole, 1) if paced else None,
        prompt_id=life.id("prompt", plan.number, practice.offer) if practice.offer is not None else offers[0] if offers and number == 0 else "",
        outcome=str(draw.choice(("completed", "completed", "completed", "stopped"))),
    )
