"""Offers to breathe that chance made or withheld, and exercises nobody drew lots for, with the level before and after: points.

The levels are those that the report's comparison of arms rests on, by its own functions, read around each decision alone: what lies days away
says nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from processing.findings.track import Track, rows_of
from somalink.domain.catalogue import OFFER, WITHHELD
from somalink.domain.constants import PROMPTING, STATISTICS
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Prompt, Session
from somalink.pipeline.replica.subject import SetOf, Subject
from somalink.pipeline.reporting import BEFORE_NS, drawn_by_lot, level_after, level_before, taken_up
from somalink.pipeline.timeline import timeline
from somalink.storage.influx.points import FieldValue, Point

TAKEN, NOT_TAKEN, OWN = "taken", "not taken", "own"
REACH_NS = max(STATISTICS.outcome_min) * MINUTE_NS


def breathing(subject: Subject) -> Iterator[Point]:
    drawn = drawn_by_lot(subject.store.prompts(subject.person))
    lots = {row.id for row in drawn}
    exercises = subject.store.sessions(subject.person)
    by_prompt = {session.prompt_id: session for session in reversed(exercises) if session.prompt_id}
    for row in drawn:
        yield _decided(subject, row, by_prompt.get(row.id), _outcome(row, set(by_prompt)))
    for session in exercises:
        if session.prompt_id not in lots:
            yield _alone(subject, session)


def _outcome(row: Prompt, breathed: set[str]) -> str:
    return WITHHELD if row.arm == WITHHELD else TAKEN if taken_up(row, breathed) else NOT_TAKEN


def _decided(subject: Subject, row: Prompt, exercise: Session | None, outcome: str) -> Point:
    fields = {"chance": row.probability, **(_exercise(exercise) if exercise else {}), **_levels(subject, row.t_ns)}
    return Point("breathing", {**subject.named(row.id, OFFER), "outcome": outcome}, fields, row.t_ns, row.id)


def _alone(subject: Subject, session: Session) -> Point:
    tags = {**subject.named(session.id, session.kind), "outcome": OWN}
    return Point("breathing", tags, {**_exercise(session), **_levels(subject, session.start_ns)}, session.start_ns, session.id)


def _exercise(session: Session) -> dict[str, FieldValue]:
    return {"rate": session.rate, "duration_s": (session.stop_ns - session.start_ns) / SECOND_NS}


def _levels(subject: Subject, t_ns: int) -> dict[str, FieldValue]:
    lead = _lead(subject, t_ns - BEFORE_NS, t_ns + REACH_NS)
    before, after = level_before(t_ns, lead), level_after(t_ns, lead, STATISTICS)
    return {"before_z": before, "after_z": after, "change_z": None if before is None or after is None else after - before}


def _lead(subject: Subject, from_ns: int, to_ns: int) -> Track:
    """One timeline of all devices over a short while."""
    first_ns, points = from_ns // GRID_NS * GRID_NS, (to_ns - from_ns) // GRID_NS + 2
    rows = timeline(subject.store, subject.person, first_ns, first_ns + points * GRID_NS).rows
    return Track("", first_ns, rows_of(rows, first_ns, points, subject.constants, least_c=PROMPTING.grade_b))


SETS = (SetOf("breathing", breathing, frozenset({"prompts", "answers", "sessions", "grid"})),)
