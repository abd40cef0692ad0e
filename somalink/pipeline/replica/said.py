"""What a person planned and rated, and when they were asked, as points. Knows closed words and numbers; a step's own words stay in the store."""

from __future__ import annotations

from collections.abc import Iterator

from somalink.domain.catalogue import OF_EVENT
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Prompt
from somalink.pipeline.replica.subject import SetOf, Subject, number
from somalink.storage.influx.points import FieldValue, Point

STEP = "exposure_step"
"""The kind of a plan that names none."""


def plans(subject: Subject) -> Iterator[Point]:
    for plan in subject.store.plans(subject.person):
        fields: dict[str, FieldValue] = {
            "state": plan.state,
            "planned_distress": number(plan.planned_distress),
            "expectancy": number(plan.expectancy),
            "event_id": plan.event_id or None,
        }
        yield Point("plan", subject.named(plan.id, plan.kind or STEP), fields, plan.t_ns, plan.id)


def prompts(subject: Subject) -> Iterator[Point]:
    for row in subject.store.prompts(subject.person):
        fields: dict[str, FieldValue] = {
            "eligible": row.eligible,
            "reason": row.reason or None,
            "arm": row.arm or None,
            "probability": row.probability,
            "answer": row.answer or None,
            "answered_s": _answered_s(row),
            "episode_id": row.episode_id or None,
        }
        yield Point("prompt", subject.named(row.id, row.trigger), fields, row.t_ns, row.id)


def _answered_s(row: Prompt) -> float | None:
    return None if row.shown_ns is None or row.answered_ns is None else (row.answered_ns - row.shown_ns) / SECOND_NS


def ratings(subject: Subject) -> Iterator[Point]:
    for rating in subject.store.ratings(subject.person):
        fields: dict[str, FieldValue] = {"value": float(rating.value), "blind": rating.blind, "about": about(rating.prompt_id)}
        yield Point("rating", subject.named(rating.id, rating.kind), fields, rating.t_ns, rating.id)


def about(prompt_id: str) -> str:
    """
    >>> about("event/1"), about("a prompt's id"), about("")
    ('tag', 'prompt', '')
    """
    return "tag" if prompt_id.startswith(OF_EVENT) else "prompt" if prompt_id else ""


SETS = (
    SetOf("plan", plans, frozenset({"plans"})),
    SetOf("prompt", prompts, frozenset({"prompts", "answers"})),
    SetOf("rating", ratings, frozenset({"ratings"})),
)
