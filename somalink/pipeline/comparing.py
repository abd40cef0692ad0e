"""A person's tagged moments and their matched moments, brought up to date: only those are looked for again whose surroundings have changed.

Reads FINAL rows and what was said; writes matched moments. What a moment's matched ones rest on (rows four weeks either side, everything said,
asked and done there, the rules) has a fingerprint; while that stands, they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from processing.findings.cases import Case, standing
from processing.findings.daily import overlay
from processing.findings.matching import Busy, Ground, Matcher, overlapping
from processing.findings.track import BLOCK_NS, Track
from processing.lead import TIERS
from processing.metrics import PRE_NS, RESPONSE_NS
from processing.usual import Offsets
from somalink.domain.catalogue import AROUSAL
from somalink.domain.constants import STATISTICS, Constants, Statistics
from somalink.domain.identity import digest
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS, local_day
from somalink.domain.types import Control, Event, Prompt, Session
from somalink.pipeline.tracks import Told, states, tracks
from somalink.storage.local import EVER, LocalStore

KEPT = "matched"
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
    mine = [event for event in life.events if from_ns <= event.t_ns < to_ns]
    stale = [event for event in mine if not life.stands(event)]
    reach_ns = (rules.lookback_d + 2) * DAY_NS
    first_ns = min([from_ns, *(event.t_ns - reach_ns for event in stale)])
    last_ns = max([to_ns, *(event.t_ns + reach_ns for event in stale)])
    found = _by_tier(store, person, tracks(store, person, first_ns - DAY_NS, last_ns + DAY_NS, constants, _part(told, 0.0, 0.5)))
    matcher = life.matcher(found)
    with_controls = _renewed(store, life, matcher, stale, _part(told, 0.5, 1.0))
    lost = overlapping(life.events)
    lead = overlay(found)
    cases = tuple(life.case(event, matcher, with_controls.get(event.id, ()), overlapping=event.id in lost, lead=lead) for event in mine)
    return Compared(cases, tuple(found), lead, offsets)


def _renewed(store: LocalStore, life: _Life, matcher: Matcher, stale: Sequence[Event], told: Told | None) -> dict[str, tuple[Control, ...]]:
    """All matched moments by event, those of `stale` drawn anew and kept."""
    drawn: dict[str, list[Control]] = {}
    for k, event in enumerate(stale):
        drawn[event.id] = matcher.controls(event)
        if told is not None:
            told((k + 1) / len(stale))
    known: dict[str, list[Control]] = {}
    for control in store.controls(life.person):
        known.setdefault(control.event_id, []).append(control)
    everybody = {event.id for event in life.events}
    if life.analysis and (any(drawn[id] != known.get(id, []) for id in drawn) or known.keys() - everybody):
        with store.transaction() as write:
            for id, controls in drawn.items():
                write.put_controls(life.person, life.analysis, id, controls)
            write.forget_controls(life.person, life.analysis, everybody)
    if stale:
        store.keep(life.person, [(f"{KEPT}/{event.id}", life.state(event), b"") for event in stale])
    return {id: tuple(controls) for id, controls in {**known, **drawn}.items()}


@dataclass(frozen=True, slots=True)
class _Life:
    """Everything a person said, was asked and did, and what the store's rows of each day rest on."""

    store: LocalStore
    person: str
    analysis: str
    events: list[Event]
    prompts: list[Prompt]
    sessions: list[Session]
    offsets: Offsets
    rows: dict[int, str]
    constants: Constants
    rules: Statistics
    secret: str

    @classmethod
    def of(cls, store: LocalStore, person: str, offsets: Offsets, constants: Constants, rules: Statistics) -> _Life:
        asked = [row for row in store.prompts(person) if row.eligible]
        return cls(
            store,
            person,
            store.current_analysis(person) or "",
            store.events(person),
            asked,
            store.sessions(person),
            offsets,
            states(store, person, *EVER),
            constants,
            rules,
            store.person_secret(person),
        )

    def spans(self) -> list[tuple[int, int]]:
        """When something was said, asked or done."""
        return [
            *((event.t_ns, max(event.t_end_ns or 0, event.t_ns)) for event in self.events),
            *((row.t_ns, row.t_ns) for row in self.prompts),
            *((session.start_ns, session.stop_ns) for session in self.sessions),
        ]

    def matcher(self, found: Sequence[Track]) -> Matcher:
        longest = max(((event.t_end_ns or event.t_ns) - event.t_ns for event in self.events), default=0)
        apart = Busy(self.spans(), self.rules.apart_min * MINUTE_NS)
        grounds = [Ground(track) for track in found]
        return Matcher(grounds, apart, self.events, longest + RESPONSE_NS, self.offsets, self.dice, self.constants, self.rules)

    def dice(self, event_id: str, day: int) -> np.random.Generator:
        return np.random.default_rng(int(digest(self.secret, "matched", event_id, day), 16))

    def stands(self, event: Event) -> bool:
        return self.store.keepsake(self.person, f"{KEPT}/{event.id}", self.state(event)) is not None

    def state(self, event: Event) -> str:
        """What the matched moments of an event rest on."""
        reach_ns = (self.rules.lookback_d + 1) * DAY_NS + 4 * HOUR_NS
        first, last = event.t_ns - reach_ns, event.t_ns + reach_ns
        said = sorted(span for span in self.spans() if first <= span[0] <= last)
        rows = [(day, self.rows[day]) for day in range(first // BLOCK_NS, last // BLOCK_NS + 1) if day in self.rows]
        return digest(self.analysis, asdict(self.rules), event.t_ns, event.certainty_s, said, rows, self.offsets)

    def case(self, event: Event, matcher: Matcher, controls: tuple[Control, ...], *, overlapping: bool, lead: Track) -> Case:
        metrics = matcher.measured(event)
        worn = bool(lead.between(event.t_ns + PRE_NS[0], event.t_ns + RESPONSE_NS).worn.any())
        late = event.made_at_ns - event.t_ns >= self.rules.late_h * HOUR_NS
        stands = standing(event, metrics, controls, worn=worn, overlapping=overlapping, asked=self._asked(event))
        return Case(event, local_day(event.t_ns, self.offsets.one(event.t_ns)), metrics, controls, stands, late)

    def _asked(self, event: Event) -> bool:
        """Whether a rise had made the page ask, and the tag is the answer: then the level chose the moment."""
        return any(
            row.trigger == AROUSAL and row.answer == "tag" and row.answered_ns is not None and 0 <= event.made_at_ns - row.answered_ns <= ASKED_NS
            for row in self.prompts
        )


def _by_tier(store: LocalStore, person: str, found: Sequence[Track]) -> list[Track]:
    tiers = {unit.device: unit.tier for unit in store.units(person)}
    return sorted(found, key=lambda track: (TIERS.find(tiers.get(track.device, "")) % (len(TIERS) + 1), track.device))


def _part(told: Told | None, begin: float, end: float) -> Callable[[float], None] | None:
    return None if told is None else lambda share: told(begin + share * (end - begin))
