"""Moments that stood out, tagged moments and how likely they belong together, as points. Reads what was said and found; measures nothing.

Free text (notes, a source's own name) is in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboards.picture.sentences import duration
from dashboards.report.words import Words
from somalink.domain.catalogue import OF_EVENT, OF_MOMENT, TOO_VAGUE
from somalink.domain.measurements import REACTION
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Control, Event, EventMetrics, Link
from somalink.pipeline.replica.subject import MS, SetOf, Subject, number
from somalink.pipeline.reporting import best_links
from somalink.storage.influx.points import FieldValue, Point
from somalink.storage.rows import DeviceEpisode
from somalink.storage.writer import link_id

BEFORE_NS, AFTER_MOMENT_NS, AFTER_TAG_NS = 30 * MINUTE_NS, 60 * MINUTE_NS, 90 * MINUTE_NS
"""What a chart of a moment shows around it: the calm before, the hour in which it settles, and of a tag, whose time is less sure, half an hour more."""
OVER = ("closed", "final")
TOLD_BY = ("page", "cli", "recording", "simulated")
"""How a tag came, where that is one of our own words; a folder may say anything, and is `recording`."""
VAGUE, NOT_JUDGED = "too_vague", "not_judged"
"""Why it cannot be said whether a tag belongs to a moment: its time is too vague, or no level could be read around it."""
STOOD_OUT: Mapping[str, Mapping[str, str]] = {
    "en": {"spike": "A moment that stood out", "slowing": "A slower moment", "elevated": "A longer stretch above"},
    "de": {"spike": "Ein Moment, der herausragte", "slowing": "Ein ruhigerer Moment", "elevated": "Eine längere Strecke darüber"},
}
"""The page's words for each kind of episode."""

# ---------------------------------------------------------------- moments that stood out


def told(subject: Subject, start_ns: int | None = None, stop_ns: int | None = None) -> list[DeviceEpisode]:
    """Those that are over, of [start, stop) or of all time: an open one may yet be taken back."""
    found = (
        subject.store.device_episodes(subject.person)
        if start_ns is None or stop_ns is None
        else subject.store.device_episodes(subject.person, start_ns, stop_ns)
    )
    return [each for each in found if each.episode.state in OVER and each.episode.stop_ns is not None]


def episodes(subject: Subject) -> Iterator[Point]:
    store, person = subject.store, subject.person
    tagged = {event.id for event in store.events(person)}
    linked = {link.episode_id for link in store.links(person) if link.event_id in tagged and link.verdict != "none"}
    said = {answer.prompt_id.removeprefix(OF_MOMENT): answer.answer for answer in store.answers(person) if answer.prompt_id.startswith(OF_MOMENT)}
    for found in told(subject):
        yield _episode(subject, found, linked, said)


def _episode(subject: Subject, found: DeviceEpisode, linked: set[str], said: Mapping[str, str]) -> Point:
    each = found.episode
    stop_ns = each.start_ns if each.stop_ns is None else each.stop_ns
    words = STOOD_OUT[Words(subject.lang).lang]
    fields: dict[str, FieldValue] = {
        "label": f"{words[each.kind]}, {duration(stop_ns - each.start_ns)}",
        "start_ms": each.start_ns // MS,
        "stop_ms": stop_ns // MS,
        "duration_s": (stop_ns - each.start_ns) / SECOND_NS,
        "peak_z": each.peak_z,
        "mean_z": each.mean_z,
        "quality": each.quality,
        "confidence": each.confidence,
        "gate": each.gate,
        "driver": each.driver,
        "truncated": each.truncated,
        "lead": found.lead,
        "chance_per_h": each.chance_per_h,
        "named": each.id in linked or each.id in said,
        "said": said.get(each.id),
        "state": each.state,
        "win_from_ms": (each.start_ns - BEFORE_NS) // MS,
        "win_to_ms": (stop_ns + AFTER_MOMENT_NS) // MS,
    }
    tags = {**subject.named(each.id, each.kind), "device_id": found.unit.device, "device_tier": found.unit.tier}
    return Point("episode", tags, fields, each.start_ns, each.id)


# ---------------------------------------------------------------- tagged moments


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a person's tags, by the tag's id."""

    first_made_ns: Mapping[str, int]
    """When each was told, which its edits do not change."""
    metrics: Mapping[str, EventMetrics]
    links: Mapping[str, Link]
    controls: Mapping[str, Sequence[Control]]
    outcome: Mapping[str, int]

    @classmethod
    def of(cls, subject: Subject) -> _Known:
        store, person = subject.store, subject.person
        controls: dict[str, list[Control]] = {}
        for control in store.controls(person):
            controls.setdefault(control.event_id, []).append(control)
        return cls(
            first_made_ns={event.id: event.made_at_ns for event in reversed(store.every_event(person))},
            metrics={each.event_id: each for each in store.event_metrics(person)},
            links=best_links(store.links(person)),
            controls=controls,
            outcome={
                rating.prompt_id.removeprefix(OF_EVENT): rating.value
                for rating in store.ratings(person)
                if rating.kind == "outcome" and rating.prompt_id.startswith(OF_EVENT)
            },
        )


def social_events(subject: Subject) -> Iterator[Point]:
    known, say = _Known.of(subject), Words(subject.lang)
    for event in subject.store.events(subject.person):
        fields = {**_said(event, known, say), **_reaction(event, known), **_belongs(event, known), **_window(event)}
        yield Point("social_event", subject.named(event.id, event.kind), fields, event.t_ns, event.id)


def _said(event: Event, known: _Known, say: Words) -> dict[str, FieldValue]:
    return {
        "label": ", ".join([say.kind(event.kind), *(say.word("with_whom", who) for who in event.with_whom)]),
        "certainty_s": float(event.certainty_s),
        "late_s": (known.first_made_ns[event.id] - event.t_ns) / SECOND_NS,
        "source": event.source if event.source in TOLD_BY else "recording",
        "blind": event.blind,
        "distress": number(event.distress),
        "belonging": number(event.belonging),
        "sensations": _listed("sensations", event.sensations, say),
        "action": event.action or None,
        "with_whom": _listed("with_whom", event.with_whom, say),
        "theme": event.theme or None,
        "need": event.need or None,
        "context": _listed("context", event.context, say),
        "spoken": event.spoken,
        "planned_distress": number(event.planned_distress),
        "expectancy": number(event.expectancy),
        "outcome": number(known.outcome.get(event.id)),
    }


def _listed(scope: str, words: Sequence[str], say: Words) -> str | None:
    """As the page says them: a list is read, never looked up."""
    return ", ".join(say.word(scope, word) for word in words) or None


def _reaction(event: Event, known: _Known) -> dict[str, FieldValue]:
    metrics, matched = known.metrics.get(event.id), known.controls.get(event.id, ())
    risen = [control.dz10 for control in matched if control.dz10 is not None]
    return {
        **({} if metrics is None else {name: getattr(metrics, name) for name in REACTION}),
        "n_controls": float(len(matched)),
        "control_dz10": sum(risen) / len(risen) if risen else None,
    }


def _belongs(event: Event, known: _Known) -> dict[str, FieldValue]:
    """To which moment, or why that cannot be said; before anybody has looked, nothing."""
    link = known.links.get(event.id)
    if link is None:
        return {}
    if link.episode_id:
        return {"link_p": link.probability, "link_verdict": link.verdict, "link_chance": link.chance, "episode_id": link.episode_id}
    metrics = known.metrics.get(event.id)
    judged = metrics is not None and metrics.dz10 is not None
    return {"link_verdict": VAGUE if link.rule.startswith(TOO_VAGUE) else link.verdict if judged else NOT_JUDGED, "link_chance": link.chance}


def _window(event: Event) -> dict[str, FieldValue]:
    return {"win_from_ms": (event.t_ns - BEFORE_NS) // MS, "win_to_ms": (event.t_ns + AFTER_TAG_NS) // MS}


# ---------------------------------------------------------------- which belong together


def links(subject: Subject) -> Iterator[Point]:
    """Of tags that are still there."""
    tags = {event.id: event for event in subject.store.events(subject.person)}
    for link in subject.store.links(subject.person):
        if (event := tags.get(link.event_id)) is not None:
            yield _link(subject, event, link)


def _link(subject: Subject, event: Event, link: Link) -> Point:
    id = link_id(link.event_id, link.episode_id)
    fields: dict[str, FieldValue] = {
        "event_id": link.event_id,
        "episode_id": link.episode_id,
        "probability": link.probability,
        "verdict": link.verdict,
        "lag_s": link.lag_s,
        "chance": link.chance,
        "rule": link.rule,
    }
    return Point("link", subject.named(id, event.kind), fields, event.t_ns, id)


SETS: Iterable[SetOf] = (
    SetOf("episode", episodes, frozenset({"episodes", "events", "links", "answers"})),
    SetOf("social_event", social_events, frozenset({"events", "event_metrics", "links", "controls", "ratings"})),
    SetOf("link", links, frozenset({"links", "events"})),
)
