"""A person's tagged moments and their matched moments, brought up to date: only those are looked for again whose surroundings have changed.

Reads FINAL rows and what was said; writes matched moments. What a moment's matched ones rest on (rows four weeks either side, everything said,
asked and done there, the rules) has a fingerprint; while that stands, they stand.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass

import numpy as np

from processing.findings.cases import Case, standing
from processing.findings.daily import overlay
from processing.findings.matching import Busy, Ground, Matcher, overlapping
from processing.findings.track import BLOCK_NS, Track
from processing.lead import ranking
from processing.metrics import PRE_NS, RESPONSE_NS
from processing.usual import Offsets
from somalink.domain.catalogue import AROUSAL
from somalink.domain.choices import YES
from somalink.domain.constants import STATISTICS, Constants, Statistics
from somalink.domain.identity import digest
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, local_day
from somalink.domain.types import Control, Event, EventMetrics, Prompt
from somalink.pipeline.timeline import tiers_of
from somalink.pipeline.tracks import Told, states, tracks
from somalink.storage.local import EVER, LocalStore

KEPT = "matched"
MEDICINE = "medication_change"
ASKED_NS = 15 * MINUTE_NS
"""A tag made so soon after "tag" was answered to a question is that answer."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a span's findings are made of: its moments, and the person's tracks of it."""

    cases: tuple[Case, ...]
    """By time."""
    tracks: tuple[Track, ...]
    """Better tier first; of the span and a day around it."""
    lead: Track
    """One timeline of them all."""
    offsets: Offsets


def compared(
    store: LocalStore, person: str, from_ns: int, to_ns: int, offsets: Offsets, constants: Constants, rules: Statistics = STATISTICS, told: Told | None = None
) -> Compared:
    """Moments of [from, to) with their matched ones. `told` hears how far it is. Matched moments are written where they are new."""
    life = _Life.of(store, person, offsets, constants, rules)
    lost = overlapping(life.events)
    mine = [event for event in life.events if from_ns <= event.t_ns < to_ns]
    measured = {event.id: known for event in mine if (known := life.known(event, lost)) is not None}
    stale = [event for event in mine if event.id not in measured]
    reach_ns = (rules.lookback_d + 2) * DAY_NS
    first_ns = min([from_ns, *(event.t_ns - reach_ns for event in stale)])
    last_ns = max([to_ns, *(event.t_ns + reach_ns for event in stale)])
    found = by_tier(store, person, tracks(store, person, first_ns - DAY_NS, last_ns + DAY_NS, constants, _part(told, 0.0, 0.5)))
    controls = _controls(life, _renewed(life, found, stale, lost, measured, _part(told, 0.5, 1.0)), lost, measured)
    lead = overlay(found)
    cases = tuple(life.case(event, measured[event.id], controls.get(event.id, ()), overlapping=event.id in lost, lead=lead) for event in mine)
    return Compared(cases, tuple(found), lead, offsets)


def _renewed(
    life: _Life, found: Sequence[Track], stale: Sequence[Event], lost: Set[str], measured: dict[str, EventMetrics], told: Told | None
) -> dict[str, list[Control]]:
    """Matched moments of the stale events, drawn anew; what was measured at those events is added to `measured`. None for what will not count."""
    drawn: dict[str, list[Control]] = {}
    if not stale:
        return drawn
    reach_ns = (life.rules.lookback_d + 2) * DAY_NS
    matcher = life.matcher([track.cut(stale[0].t_ns - reach_ns, stale[-1].t_ns + reach_ns) for track in found])
    for k, event in enumerate(stale):
        measured[event.id] = matcher.measured(event)
        drawn[event.id] = [] if event.id in lost or measured[event.id].dz10 is None else matcher.controls(event)
        if told is not None:
            told((k + 1) / len(stale))
    return drawn


def _controls(life: _Life, drawn: dict[str, list[Control]], lost: Set[str], measured: dict[str, EventMetrics]) -> dict[str, tuple[Control, ...]]:
    """All matched moments by event, with those that were drawn anew, which are kept together with what they rest on."""
    known: dict[str, list[Control]] = {}
    for control in life.store.controls(life.person):
        known.setdefault(control.event_id, []).append(control)
    everybody = {event.id: event for event in life.events}
    fresh = [(f"{KEPT}/{id}", life.state(everybody[id], lost), json.dumps(asdict(measured[id])).encode()) for id in drawn]
    if life.analysis and (any(drawn[id] != known.get(id, []) for id in drawn) or known.keys() - everybody.keys()):
        with life.store.transaction() as write:
            for id, controls in drawn.items():
                write.put_controls(life.person, life.analysis, id, controls)
            write.forget_controls(life.person, life.analysis, set(everybody))
            write.keep(life.person, fresh)
    elif fresh:
        life.store.keep(life.person, fresh)
    life.store.let_go(life.person, f"{KEPT}/", {f"{KEPT}/{id}" for id in everybody})
    return {id: tuple(controls) for id, controls in {**known, **drawn}.items()}


@dataclass(frozen=True, slots=True)
class _Life:
    """Everything a person said, was asked and did, and what the store's rows of each day rest on."""

    store: LocalStore
    person: str
    analysis: str
    events: list[Event]
    prompts: list[Prompt]
    offsets: Offsets
    rows: dict[int, str]
    constants: Constants
    rules: Statistics
    secret: str
    spans: list[tuple[int, int]]
    """When something was said, asked or done, by its beginning."""
    long_spans: list[tuple[int, int]]
    """Those of more than a day: they may reach in from afar."""
    first_made_ns: Mapping[str, int]
    """When each event was made, which its edits do not change."""
    barriers_ns: tuple[int, ...]
    """Changes of medicine: no moment is matched across one."""

    @classmethod
    def of(cls, store: LocalStore, person: str, offsets: Offsets, constants: Constants, rules: Statistics) -> _Life:
        asked = [row for row in store.prompts(person) if row.eligible]
        events, sessions = store.events(person), store.sessions(person)
        spans = [
            *((event.t_ns, max(event.t_end_ns or 0, event.t_ns)) for event in events),
            *((row.t_ns, row.t_ns) for row in asked),
            *((session.start_ns, session.stop_ns) for session in sessions),
        ]
        return cls(
            store,
            person,
            store.current_analysis(person) or "",
            events,
            asked,
            offsets,
            states(store, person, *EVER),
            constants,
            rules,
            store.person_secret(person),
            sorted(spans),
            [span for span in spans if span[1] - span[0] > DAY_NS],
            {event.id: event.made_at_ns for event in reversed(store.every_event(person))},
            _barriers(store, person, events),
        )

    def matcher(self, found: Sequence[Track]) -> Matcher:
        longest = max(((event.t_end_ns or event.t_ns) - event.t_ns for event in self.events), default=0)
        apart = Busy(self.spans, self.rules.apart_min * MINUTE_NS)
        grounds = [Ground(track) for track in found]
        return Matcher(grounds, apart, self.events, longest + RESPONSE_NS, self.offsets, self.dice, self.constants, self.rules, self.barriers_ns)

    def dice(self, event_id: str, day: int) -> np.random.Generator:
        # Keyed outright: seeding would cost more than what is drawn, fifty times an event.
        return np.random.Generator(np.random.Philox(key=int(digest(self.secret, "matched", event_id, day), 16)))

    def known(self, event: Event, lost: Set[str]) -> EventMetrics | None:
        """What was measured at an event, while its matched moments stand; None where they must be looked for."""
        kept = self.store.keepsake(self.person, f"{KEPT}/{event.id}", self.state(event, lost))
        return None if kept is None else EventMetrics(**json.loads(kept))

    def state(self, event: Event, lost: Set[str]) -> str:
        """What the matched moments of an event rest on. `lost`: those that cannot be told from another."""
        reach_ns = (self.rules.lookback_d + 1) * DAY_NS + 4 * HOUR_NS
        first, last = event.t_ns - reach_ns, event.t_ns + reach_ns
        near = self.spans[bisect_left(self.spans, (first - DAY_NS, first)) : bisect_left(self.spans, (last, last))]
        said = [*(span for span in self.long_spans if span[0] <= last and span[1] >= first), *near]
        rows = [self.rows.get(day, "") for day in range(first // BLOCK_NS, last // BLOCK_NS + 1)]
        return digest(self.analysis, asdict(self.rules), event.t_ns, event.certainty_s, event.id in lost, said, rows, self.offsets, self.barriers_ns)

    def case(self, event: Event, metrics: EventMetrics, controls: tuple[Control, ...], *, overlapping: bool, lead: Track) -> Case:
        worn = bool(lead.between(event.t_ns + PRE_NS[0], event.t_ns + RESPONSE_NS).worn.any())
        late = self.first_made_ns[event.id] - event.t_ns >= self.rules.late_h * HOUR_NS
        stands = standing(event, metrics, controls, worn=worn, overlapping=overlapping, asked=self._asked(event))
        return Case(event, local_day(event.t_ns, self.offsets.one(event.t_ns)), metrics, controls, stands, late)

    def _asked(self, event: Event) -> bool:
        """Whether a rise had made the page ask, and the tag is the answer: then the level chose the moment."""
        made_ns = self.first_made_ns[event.id]
        tagged = [row.answered_ns for row in self.prompts if row.trigger == AROUSAL and row.answer == "tag" and row.answered_ns is not None]
        return any(0 <= made_ns - answered_ns <= ASKED_NS for answered_ns in tagged)


def _barriers(store: LocalStore, person: str, events: Sequence[Event]) -> tuple[int, ...]:
    """When a medicine was changed, as a tag or the profile says."""
    said = [event.t_ns for event in events if MEDICINE in event.context]
    return tuple(sorted([*said, *(row.received_ns for row in store.profile(person) if row.key == MEDICINE and row.value == YES)]))


def by_tier(store: LocalStore, person: str, found: Sequence[Track]) -> list[Track]:
    """Better tier first."""
    ranked = ranking((track.device for track in found), tiers_of(store, person))
    return sorted(found, key=lambda track: ranked.index(track.device))


def _part(told: Told | None, begin: float, end: float) -> Callable[[float], None] | None:
    return None if told is None else lambda share: told(begin + share * (end - begin))
