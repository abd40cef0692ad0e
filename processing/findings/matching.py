"""Which moments a tagged one is to be compared with: other days at that hour, in the same state, with nothing going on (science, section 3.4).

Knows tracks, times and what was said when. Looks at no level: a matched moment is chosen by what could be read there, never by what was, and
then measured by the operator that measured the tag. That is what keeps the search honest (science, section 0, the first trap).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from operator import attrgetter

import numpy as np

from processing.exact import prefix
from processing.findings.track import Track
from processing.metrics import PRE_NS, RESPONSE_NS, metrics_of, reach
from processing.usual import Offsets
from somalink.domain.constants import Constants, Statistics
from somalink.domain.time import DAY_NS, GRID_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import UNKNOWN, BoolArray, Control, Event, EventMetrics, IntArray

MG_UNIT = 0.1
Dice = Callable[[str, int], np.random.Generator]
"""A generator for an event and a local day: what one day offers does not change when another day comes."""


@dataclass(frozen=True, slots=True)
class State:
    """In what state a body was from 15 min before a moment to 10 min after: `still` share of what is known, `motion_mg` mean or None; what of
    the calm before and of the response could be read, as shares."""

    still: float
    motion_mg: float | None
    before: float
    after: float

    def is_like(self, other: State, rules: Statistics) -> bool:
        if abs(self.still - other.still) > rules.gate_tol:
            return False
        if self.motion_mg is None or other.motion_mg is None:
            return True
        return abs(self.motion_mg - other.motion_mg) <= rules.motion_tol_mg

    @property
    def readable(self) -> bool:
        """The operator asks for half of both."""
        return self.before >= 0.5 and self.after >= 0.5


class Ground:
    """A device's track, ready to be asked about thousands of moments."""

    def __init__(self, track: Track) -> None:
        self.track = track
        rows = track.rows
        self._readable = prefix(rows.usable)
        self._led = prefix(rows.led)
        self._worn = prefix(rows.worn)
        self._still = prefix(rows.still)
        moved = rows.motion != UNKNOWN
        self._moved = prefix(moved)
        self._motion = prefix(np.where(moved, rows.motion, 0).astype(np.int64))

    def state(self, t_ns: int) -> State:
        before, after = (t_ns + PRE_NS[0], t_ns + PRE_NS[1]), (t_ns, t_ns + RESPONSE_NS)
        whole = (before[0], after[1])
        worn, moved = self._count(self._worn, *whole), self._count(self._moved, *whole)
        return State(
            still=self._count(self._still, *whole) / worn if worn else 0.0,
            motion_mg=self._count(self._motion, *whole) * MG_UNIT / moved if moved else None,
            before=self._count(self._readable, *before) * GRID_NS / (before[1] - before[0]),
            after=self._count(self._readable, *after) * GRID_NS / (after[1] - after[0]),
        )

    def readable_after(self, t_ns: int) -> int:
        """How many points of the response may be read."""
        return self._count(self._readable, t_ns, t_ns + RESPONSE_NS)

    def led_after(self, t_ns: int) -> int:
        """At how many points of the response the device speaks for the person."""
        return self._count(self._led, t_ns, t_ns + RESPONSE_NS)

    def _count(self, total: IntArray, from_ns: int, to_ns: int) -> int:
        first, behind = (min(max(self.track.index(t_ns), 0), len(total) - 1) for t_ns in (from_ns, to_ns))
        return int(total[behind] - total[first])


class Busy:
    """When something was said, done or asked: merged spans, each widened by the distance that a matched moment keeps."""

    def __init__(self, spans: Iterable[tuple[int, int]], apart_ns: int) -> None:
        ordered = sorted((start - apart_ns, stop + apart_ns) for start, stop in spans)
        self._starts = np.array([start for start, _ in ordered], np.int64)
        self._stops = np.maximum.accumulate(np.array([stop for _, stop in ordered], np.int64)) if ordered else np.zeros(0, np.int64)

    def free(self, t_ns: IntArray) -> BoolArray:
        """(n,) whether none of the spans holds the moment, ends included."""
        before = np.searchsorted(self._starts, t_ns, side="right")
        if not len(self._stops):
            return np.ones(len(t_ns), np.bool_)
        return np.asarray((before == 0) | (self._stops[np.maximum(before - 1, 0)] < t_ns))


@dataclass(slots=True)
class _Day:
    """What a day still offers one event, in the order of its lot, and what was taken of it."""

    number: int
    waiting: list[int]
    taken: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Matcher:
    """All that a person's matched moments are drawn from."""

    grounds: Sequence[Ground]
    busy: Busy
    events: Sequence[Event]
    """By time, none deleted."""
    longest_ns: int
    """No event lasted longer."""
    offsets: Offsets
    dice: Dice
    constants: Constants
    rules: Statistics
    barriers_ns: tuple[int, ...] = ()
    """Changes of medicine, rising: no moment is matched across one."""

    def ground(self, t_ns: int) -> Ground | None:
        """The device that leads for most of the response, of equals the one that knows most of it, then the first; a moment and its matched ones
        are measured on one device, since two have two scales. None where it knows nothing."""
        best = max(self.grounds, key=lambda ground: (ground.led_after(t_ns), ground.readable_after(t_ns)), default=None)
        return best if best is not None and best.readable_after(t_ns) else None

    def measured(self, event: Event) -> EventMetrics:
        """The moment itself, by the operator that measures its matched moments."""
        ground = self.ground(event.t_ns)
        return EventMetrics(event.id) if ground is None else self._measure(event, ground)

    def controls(self, event: Event) -> list[Control]:
        """Up to ten matched moments: one a day, in an order drawn by lot, and only when the days are too few, more of a day."""
        ground = self.ground(event.t_ns)
        if ground is None:
            return []
        own, waiting = ground.state(event.t_ns), self._days(event)
        taken: list[Control] = []
        while waiting and len(taken) < self.rules.controls:
            again = []
            for day in waiting[:]:
                if len(taken) == self.rules.controls:
                    break
                if (found := self._draw(event, ground, own, day)) is not None:
                    t_ns, state, metrics = found
                    taken.append(_control(metrics, len(taken), t_ns, ground.track.device, day.number, state))
                    again.append(day)
            waiting = again
        return taken

    def _days(self, event: Event) -> list[_Day]:
        """The other local days within reach that have a free moment at about that hour, in an order drawn by lot; a day's lot is its own."""
        today = local_day(event.t_ns, self.offsets.one(event.t_ns))
        days = []
        for number in (today + k for k in range(-self.rules.lookback_d, self.rules.lookback_d + 1) if k):
            free = self._free(event, number, today)
            if len(free):
                dice = self.dice(event.id, number)
                days.append((float(dice.random()), _Day(number, dice.permutation(free).tolist())))
        return [day for _, day in sorted(days, key=lambda each: each[0])]

    def _free(self, event: Event, number: int, today: int) -> IntArray:
        """Moments of a day at about that local hour with nothing nearby, a minute apart."""
        away_ns = (number - today) * DAY_NS
        shift_s = self.offsets.one(event.t_ns) - self.offsets.one(event.t_ns + away_ns)
        minutes = np.arange(-self.rules.hour_tol_min, self.rules.hour_tol_min + 1, dtype=np.int64)
        t_ns = event.t_ns + away_ns + shift_s * SECOND_NS + minutes * MINUTE_NS
        period = np.searchsorted(self.barriers_ns, t_ns) == bisect_left(self.barriers_ns, event.t_ns)
        free: IntArray = t_ns[self.busy.free(t_ns) & period]
        return free

    def _draw(self, event: Event, ground: Ground, own: State, day: _Day) -> tuple[int, State, EventMetrics] | None:
        """The day's next moment that is like the event's and can be measured; those passed over will not be met again."""
        while day.waiting:
            t_ns = day.waiting.pop(0)
            if any(abs(t_ns - other) < self.rules.spacing_min * MINUTE_NS for other in day.taken):
                continue
            state = ground.state(t_ns)
            if not state.readable or not state.is_like(own, self.rules):
                continue
            metrics = self._measure(Event(event.id, event.person, event.kind, t_ns, t_ns, t_ns, certainty_s=event.certainty_s), ground)
            if metrics.dz10 is not None:
                day.taken.append(t_ns)
                return t_ns, state, metrics
        return None

    def _measure(self, event: Event, ground: Ground) -> EventMetrics:
        return metrics_of(event, ground.track.readable, self._around(event), self.constants)

    def _around(self, event: Event) -> Sequence[Event]:
        """Other tags that a measurement here could meet."""
        first_ns, last_ns = reach(event.t_ns, event.certainty_s)
        first, behind = (bisect_left(self.events, t_ns, key=attrgetter("t_ns")) for t_ns in (first_ns - self.longest_ns, last_ns))
        return self.events[first:behind]


def _control(metrics: EventMetrics, n: int, t_ns: int, device: str, day: int, state: State) -> Control:
    moved = None if state.motion_mg is None else round(state.motion_mg, 2)
    return Control(**asdict(metrics), n=n, t_ns=t_ns, device=device, day=day, still=round(state.still, 4), motion_mg=moved)


def overlapping(events: Sequence[Event]) -> set[str]:
    """Ids of moments that cannot be told from another: within ten minutes of it, their responses are the same minutes.

    Of the same kind the first stands for all and counts; of different kinds none does: the rise cannot be given to one of them.
    """
    ordered = sorted(events, key=lambda event: (event.t_ns, event.id))
    lost: set[str] = set()
    for k, event in enumerate(ordered):
        for later in ordered[k + 1 :]:
            if later.t_ns - event.t_ns >= RESPONSE_NS:
                break
            lost |= {later.id} if later.kind == event.kind else {event.id, later.id}
    return lost
