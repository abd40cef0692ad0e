"""What is open for a person just now: the question, the offer after "no", the thanks, the rating ten minutes on; and what becomes of answers.

Knows ledger rows, answers and times; every screen follows from what is stored, so that a page that reloads, or a second one, shows the same.
Does not know why a row asks: a screen for a rise and one for a random time are the same. All writes are short, and again change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from processing.coaching import Coach, Wishes, could_be_answered
from somalink.domain.catalogue import ASK_FIRST, EXPIRED, OFFER, PROMPT_ANSWERS, STILL
from somalink.domain.choices import chosen
from somalink.domain.constants import PROMPTING, Constants
from somalink.domain.errors import UsageError
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import Answer, Prompt, Setting
from somalink.pipeline.deciding import BACK_NS, coach_of, due_now, is_due
from somalink.storage.local import EVER, LocalStore
from somalink.storage.writer import Writer

HOLD_NS = PROMPTING.hold_min * MINUTE_NS
RATING_NS = PROMPTING.rating_min * MINUTE_NS
RATING_HOLD_NS = PROMPTING.rating_hold_min * MINUTE_NS
LASTS_NS = HOLD_NS + RATING_NS + RATING_HOLD_NS
"""Nothing of a row is open longer after its decision: a question, an answer at the last moment, and the rating after it."""
LOOK_NS = 2 * SECOND_NS
AGAIN_NS = HOUR_NS
"""Rows younger than this are looked at again: their questions may still be open, or have been when news came late."""
SCREENS = ("prompt", "asked", "offer", "thanks", "rating")
SHOWN, MOVING, NOT_NOW_HOUR, NOT_NOW_TODAY = "shown", "moving", "not_now_hour", "not_now_today"
OF_RATING = ("rated", "skipped")
OF_QUESTION = (MOVING, STILL)


@dataclass(frozen=True, slots=True)
class OpenPrompt:
    """What a page shows now. `t_ns`: when it was decided; the screen stands in [from_ns, until_ns). `early`: asked before the usual is known,
    which the page has to say. Nothing here tells a rise from a random time."""

    id: str
    person: str
    t_ns: int
    screen: str
    from_ns: int
    until_ns: int
    early: bool = False


# ---------------------------------------------------------------- what is open


def open_prompt(store: LocalStore, person: str, now_ns: int) -> OpenPrompt | None:
    """The newest prompt that has a screen now; None where there is nothing to show. Reads, writes nothing."""
    rows = [row for row in store.prompts(person, now_ns - LASTS_NS, now_ns + 1) if row.eligible]
    for row in reversed(rows):
        said = [answer for answer in store.answers_to(row.id) if answer.received_ns <= now_ns]
        shown = screen_of(row, said, now_ns)
        if shown is None or (shown.screen == "rating" and _left_alone(store, person, row, now_ns)):
            continue
        if shown.screen in ("prompt", "asked") and _acted(store, person, row.t_ns, now_ns) is not None:
            continue
        return shown
    return None


def screen_of(row: Prompt, said: Sequence[Answer], now_ns: int) -> OpenPrompt | None:
    """The screen of one eligible row, given the answers to it so far, in order of time."""
    words = {answer.answer: answer.received_ns for answer in reversed(said)}
    first = row.reason in ASK_FIRST
    anchor_ns = words.get(STILL) if first else row.t_ns
    if first and not words:
        return _screen(row, "asked", row.t_ns, row.t_ns + HOLD_NS, now_ns)
    if MOVING in words:
        return _screen(row, "thanks", words[MOVING], words[MOVING] + PROMPTING.thanks_s * SECOND_NS, now_ns)
    if anchor_ns is None or not row.arm:
        return None
    settled = words.keys() - {STILL, EXPIRED, *OF_RATING}
    if first and row.arm == OFFER and not settled:
        during = _screen(row, "offer", anchor_ns, anchor_ns + HOLD_NS, now_ns)
    elif first:
        during = _screen(row, "thanks", anchor_ns, anchor_ns + PROMPTING.thanks_s * SECOND_NS, now_ns) if not settled else None
    else:
        during = _screen(row, "prompt", row.t_ns, row.t_ns + HOLD_NS, now_ns) if row.arm == OFFER and not settled else None
    if during is not None or words.keys() & set(OF_RATING):
        return during
    return _screen(row, "rating", anchor_ns + RATING_NS, anchor_ns + RATING_NS + RATING_HOLD_NS, now_ns)


def _screen(row: Prompt, screen: str, from_ns: int, until_ns: int, now_ns: int) -> OpenPrompt | None:
    if not from_ns <= now_ns < until_ns:
        return None
    return OpenPrompt(row.id, row.person, row.t_ns, screen, from_ns, until_ns, early=row.reason == "eager")


def _left_alone(store: LocalStore, person: str, row: Prompt, now_ns: int) -> bool:
    """Whether no rating is to be asked: one was given, or it is quiet now, in either arm alike."""
    wishes = Wishes.read(chosen([*store.settings(person), *store.profile(person)], now_ns))
    minute = (now_ns + _offset_s(store, now_ns, person) * SECOND_NS) % DAY_NS // MINUTE_NS
    quiet = bool(wishes.is_quiet(np.array([minute]))[0])
    return quiet or now_ns < wishes.not_now_until_ns or not wishes.asks or store.is_rated(row.id)


def _offset_s(store: LocalStore, t_ns: int, person: str) -> int:
    known = [offset.offset_s for offset in store.utc_offsets(person) if offset.from_ns <= t_ns]
    return known[-1] if known else 0


def _acted(store: LocalStore, person: str, since_ns: int, now_ns: int) -> Answer | None:
    """What the person did of their own accord since: a tag or an exercise answers the question as well as a tap on it."""
    found = store.first_act(person, since_ns, now_ns)
    return None if found is None else Answer("", person, {"events": "tag", "sessions": "breathe"}[found[1]], found[0])


# ---------------------------------------------------------------- what is said to it


def shown(store: LocalStore, person: str, prompt_id: str, now_ns: int) -> None:
    """A page shows the question: noted once, while it is open."""
    row = _own(store, person, prompt_id)
    if row.shown_ns is None and could_be_answered(row) and row.t_ns <= now_ns < row.t_ns + HOLD_NS:
        with store.transaction() as write:
            write.put_prompts([replace(row, shown_ns=now_ns)])


def answer(store: LocalStore, person: str, prompt_id: str, word: str, now_ns: int) -> OpenPrompt | None:
    """Keeps what was said to a prompt and gives what is open after it. Again changes nothing; UsageError for a prompt that is not this person's,
    or a word that does not fit. An answer that comes too late is kept; no arm is drawn for it."""
    row = _own(store, person, prompt_id)
    if word not in PROMPT_ANSWERS:
        raise UsageError(f"{word[:40]!r} is no answer to a prompt", next_step="choose from: " + " ".join(PROMPT_ANSWERS))
    if word in OF_QUESTION and row.reason not in ASK_FIRST:
        raise UsageError(f"nobody asked about movement, so {word!r} is no answer", next_step="answer what the page shows")
    if word == SHOWN:
        shown(store, person, prompt_id, now_ns)
        return open_prompt(store, person, now_ns)
    coach = coach_of(store, person, known=())
    with store.transaction() as write:
        _keep(store, write, coach, row, word, now_ns)
    return open_prompt(store, person, now_ns)


def _own(store: LocalStore, person: str, prompt_id: str) -> Prompt:
    row = store.prompt(prompt_id)
    if row is None or row.person != person or not row.eligible:
        raise UsageError("there is no such prompt", next_step="read again what is open")
    return row


def _keep(store: LocalStore, write: Writer, coach: Coach, row: Prompt, word: str, now_ns: int) -> None:
    known = store.answers_to(row.id)
    words = {answer.answer for answer in known}
    if word in words or (word in OF_QUESTION and words & set(OF_QUESTION)):
        return
    # What was said in time and came late was said before the question expired.
    at_ns = max([now_ns, *(answer.received_ns + 1 for answer in known if answer.received_ns >= now_ns and answer.answer != EXPIRED)])
    write.put_answer(Answer(row.id, row.person, word, at_ns))
    if word == STILL and at_ns < row.t_ns + HOLD_NS and EXPIRED not in words:
        write.draw_prompt(coach.after_still(row))
    if word in (NOT_NOW_HOUR, NOT_NOW_TODAY):
        _quieten(store, write, row.person, at_ns, _until(store, row.person, word, at_ns))


def _until(store: LocalStore, person: str, word: str, now_ns: int) -> int:
    """An hour, or to the end of the local day."""
    if word == NOT_NOW_HOUR:
        return now_ns + HOUR_NS
    offset_s = _offset_s(store, now_ns, person)
    return (local_day(now_ns, offset_s) + 1) * DAY_NS + DAY_BREAK_NS - offset_s * SECOND_NS


def _quieten(store: LocalStore, write: Writer, person: str, now_ns: int, until_ns: int) -> None:
    said = [setting for setting in store.settings(person) if setting.key == "not_now_until"]
    if int(chosen(said, now_ns)["not_now_until"]) >= until_ns:
        return
    write.put_setting(Setting(person, "not_now_until", str(until_ns), now_ns, 1 + max((setting.revision for setting in said), default=0)))


# ---------------------------------------------------------------- what time does to it


class Watch:
    """One person's prompts during a live run. `look` may be called as often as one likes: it does something every few seconds."""

    def __init__(self, store: LocalStore, person: str, constants: Constants) -> None:
        self._store, self._person, self._constants = store, person, constants
        self._looked_ns: int | None = None
        self._open: OpenPrompt | None = None

    def is_due(self, now_ns: int) -> bool:
        """Whether enough time has passed since the last look; a clock that was set back is no reason to wait."""
        return self._looked_ns is None or abs(now_ns - self._looked_ns) >= LOOK_NS

    def look(self, now_ns: int) -> bool:
        """Lets time do what it does to prompts; True when what is open is another than at the last look."""
        since_ns = EVER[0] if self._looked_ns is None else min(self._looked_ns, now_ns) - AGAIN_NS
        self._looked_ns = now_ns
        tick(self._store, self._person, now_ns, self._constants, since_ns=since_ns)
        before, self._open = self._open, open_prompt(self._store, self._person, now_ns)
        return before != self._open


def tick(store: LocalStore, person: str, now_ns: int, constants: Constants, *, since_ns: int = EVER[0]) -> int:
    """Decides what came due without an episode and lets questions expire; gives how many rows were written. For a live run, every few seconds.

    `since_ns`: rows older than this were looked at before. Nothing due is a few small reads; a person who was never asked is one.
    """
    if not any(setting.key == "introduced" for setting in store.settings(person)):
        return 0
    recent = store.prompts(person, min(since_ns, now_ns - 2 * BACK_NS), now_ns + 1)
    if not (_ended(store, recent, now_ns, since_ns) or is_due(store, person, now_ns, constants, recent)):
        return 0
    coach = coach_of(store, person)
    with store.transaction() as write:
        known = store.prompts(person)
        fresh = due_now(store, person, now_ns, constants, coach=coach, known=known)
        write.put_prompts(fresh)
        ended = _ended(store, [*known, *fresh], now_ns, since_ns)
        for each in ended:
            write.put_answer(each)
    return len(fresh) + len(ended)


def _ended(store: LocalStore, rows: Sequence[Prompt], now_ns: int, since_ns: int) -> list[Answer]:
    """What is to be stored as the answer of questions that are no longer open: what the person did instead, or that nobody answered."""
    ended = []
    for row in rows:
        if row.answer or not could_be_answered(row) or not since_ns <= row.t_ns <= now_ns:
            continue
        until_ns = row.t_ns + HOLD_NS
        acted = _acted(store, row.person, row.t_ns, min(now_ns, until_ns - 1)) if now_ns - row.t_ns <= 2 * HOLD_NS else None
        if acted is not None:
            ended.append(replace(acted, prompt_id=row.id))
        elif now_ns >= until_ns:
            ended.append(Answer(row.id, row.person, EXPIRED, until_ns))
    return ended
