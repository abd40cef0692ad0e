"""Lives in which moments can be drawn by the thousand: a track with its matched moments and metrics looked up in advance.

Everything that decides is the program's own: `Matcher` chooses, `standing` counts, `reactions` tests and speaks. Known in advance are only the
state of each minute and its dz10, which `rises` computes for all of them at once; a test holds both equal to the operator.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from archived import CONSTANTS, archived

from ingest.replay import open_source
from processing.findings.cases import Case, standing
from processing.findings.matching import MG_UNIT, Busy, Ground, Matcher, State, _Day, overlapping
from processing.findings.track import BLOCK, BLOCK_NS, Rows, Track, unworn
from processing.metrics import KERNEL, PRE_NS, RESPONSE_NS, Z_PER_UNIT
from processing.usual import Offsets
from somalink.domain.constants import STATISTICS, Statistics
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, GRID_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import UNKNOWN, BoolArray, Control, Event, EventMetrics, FloatArray, IntArray
from somalink.pipeline.tracks import tracks
from somalink.storage import LocalStore
from somalink.storage.local import EVER

PEOPLE = "12345"
SURE_S = 60
"""Certainty of every tag here."""
NEAR_NS = 15 * MINUTE_NS
STEP = 15 * SECOND_NS // GRID_NS
"""Grid points between two shifts of the kernel at that certainty."""
A_MINUTE = MINUTE_NS // GRID_NS
SEAM = 30 * A_MINUTE
KINDS = ("conflict", "criticism", "exclusion", "connection")


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """One real day: its rows on the unbroken grid from the stop `first_ns` on, when its spikes began, and one SD of its level in bpm."""

    person: str
    track: Track
    spikes: tuple[int, ...]
    spread_bpm: float
    offset_s: int


def lived_day(folder: Path, file: Path) -> Lived:
    """A recording through engine and store with `--baseline recording`, and what `comparing` would read of it."""
    whole = open_source(folder).recording
    person = whole.unit.person
    with archived(whole, file) as store:
        (track,) = tracks(store, person, whole.start_ns, whole.end_ns, CONSTANTS)
        return Lived(person, track, spikes_of(store, person), store.baselines(person)[-1].s_level_u / 1e6, store.utc_offsets(person)[0].offset_s)


def spikes_of(store: LocalStore, person: str) -> tuple[int, ...]:
    return tuple(sorted(episode.start_ns for episode in store.episodes(person, *EVER) if episode.kind == "spike"))


# ---------------------------------------------------------------- lives made of days


@dataclass(frozen=True, eq=False)
class Life:
    """A track, its spikes, and what can be known of it before any tag is drawn."""

    track: Track
    spikes: tuple[int, ...]
    offsets: Offsets
    spreads_bpm: Mapping[int, float]
    """One SD of the level in bpm, by local day; empty where nobody asks."""

    @cached_property
    def ground(self) -> Remembering:
        return Remembering(self.track)

    @cached_property
    def minutes(self) -> IntArray:
        """Whole minutes at which a tag would have a dz10."""
        at = np.flatnonzero(np.isfinite(self.ground.dz10))
        return np.asarray(self.ground.minute0_ns + at * MINUTE_NS)

    @cached_property
    def still_minutes(self) -> IntArray:
        """Those of them with a response in which the body was still throughout, and mostly before."""
        keep = [t for t in self.minutes.tolist() if self._still(t)]
        return np.array(keep, np.int64)

    def _still(self, t_ns: int) -> bool:
        state = self.ground.state(t_ns)
        return bool(self.track.between(t_ns, t_ns + RESPONSE_NS).still.all()) and state.still >= 0.75

    def day(self, t_ns: int) -> int:
        return local_day(t_ns, self.offsets.one(t_ns))

    def spike_near(self, t_ns: int) -> bool:
        """Whether one began within a quarter of an hour of it."""
        return bisect_right(self.spikes, t_ns + NEAR_NS) > bisect_left(self.spikes, t_ns - NEAR_NS)

    def lifted(self, lifts: Sequence[tuple[int, float]]) -> Life:
        """Another level: so much higher (SD) for ten minutes from each of these moments on. Where it cannot be read it still cannot."""
        z = self.track.rows.z.copy()
        for t_ns, height in lifts:
            part = slice(self.track.index(t_ns), self.track.index(t_ns + RESPONSE_NS))
            z[part] = np.where(z[part] == UNKNOWN, UNKNOWN, z[part] + round(height * Z_PER_UNIT))
        return replace(self, track=replace(self.track, rows=replace(self.track.rows, z=z)))


def side_by_side(days: Sequence[Lived]) -> Life:
    """One wearer who lived these days one after the other, at the hours at which they were lived; where two would meet, the later begins."""
    first = min(local_day(day.track.first_ns, day.offset_s) for day in days)
    spans = [_worn(day) for day in days]
    shifts = [(first + k - local_day(start, day.offset_s)) * DAY_NS for k, (day, (start, _)) in enumerate(zip(days, spans, strict=True))]
    rows = unworn((len(days) + 3) * BLOCK)
    first_ns = (first - 1) * BLOCK_NS
    spikes: list[int] = []
    for day, (start, stop), shift in zip(days, spans, shifts, strict=True):
        spikes = [t for t in spikes if t < start + shift] + [t + shift for t in day.spikes]
        _lay(rows, (start + shift - first_ns) // GRID_NS, day.track.between(start - GRID_NS, stop))
    offsets = Offsets((0,), (days[0].offset_s,))
    return Life(Track("side by side", first_ns, rows), tuple(spikes), offsets, {})


def turned(days: Sequence[Lived], count: int, dice: np.random.Generator) -> Life:
    """One wearer of many days: each is one of these, drawn by lot, turned by an hour drawn by lot. Where its end meets its beginning, half an hour
    is not worn. Hours mean nothing any more; how a level moves from minute to minute is real."""
    rows = unworn((count + 1) * BLOCK)
    spikes: list[int] = []
    spreads: dict[int, float] = {}
    for k in range(count):
        day = days[int(dice.integers(len(days)))]
        by = int(dice.integers(24 * 60)) * A_MINUTE
        start, _ = _worn(day)
        part = unworn(BLOCK)
        _lay(part, 0, day.track.between(start - GRID_NS, start - GRID_NS + DAY_NS - SEAM * GRID_NS))
        part = Rows(*(np.roll(getattr(part, f.name), by) for f in fields(Rows)))
        _lay(rows, k * BLOCK + DAY_BREAK_NS // GRID_NS, part)
        morning = k * DAY_NS + DAY_BREAK_NS
        spikes += [morning + (t - start + by * GRID_NS) % DAY_NS for t in day.spikes]
        spreads[k] = day.spread_bpm
    return Life(Track("turned", 0, rows), tuple(sorted(spikes)), Offsets((0,), (0,)), spreads)


def _worn(day: Lived) -> tuple[int, int]:
    """First and last grid stop with a row."""
    at = np.flatnonzero(day.track.rows.worn)
    return day.track.first_ns + int(at[0]) * GRID_NS, day.track.first_ns + int(at[-1]) * GRID_NS


def _lay(into: Rows, at: int, part: Rows) -> None:
    for f in fields(Rows):
        getattr(into, f.name)[at : at + len(part)] = getattr(part, f.name)


# ---------------------------------------------------------------- what is known in advance


class Remembering(Ground):
    """A ground that knows of every whole minute its state and its dz10."""

    def __init__(self, track: Track) -> None:
        super().__init__(track)
        self.minute0_ns = -(-track.first_ns // MINUTE_NS) * MINUTE_NS
        self.dz10, self.pre_z, self.highest = rises(track)
        self.still, self.motion, self.readable = self._states()

    def _states(self) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Of every whole minute `State.still`, `State.motion_mg` (NaN for None) and `State.readable`."""
        t_ns = self.minute0_ns + np.arange(len(self.dz10)) * MINUTE_NS

        def count(total: IntArray, from_ns: int, to_ns: int) -> IntArray:
            first, behind = (np.clip((t_ns + at_ns - self.track.first_ns) // GRID_NS + 1, 0, len(total) - 1) for at_ns in (from_ns, to_ns))
            return np.asarray(total[behind] - total[first])

        worn, moved = count(self._worn, PRE_NS[0], RESPONSE_NS), count(self._moved, PRE_NS[0], RESPONSE_NS)
        half = [count(self._readable, *span) * 2 * GRID_NS >= span[1] - span[0] for span in (PRE_NS, (0, RESPONSE_NS))]
        with np.errstate(invalid="ignore", divide="ignore"):
            still = np.where(worn > 0, count(self._still, PRE_NS[0], RESPONSE_NS) / worn, 0.0)
            motion = np.where(moved > 0, count(self._motion, PRE_NS[0], RESPONSE_NS) * MG_UNIT / moved, np.nan)
        return still, motion, half[0] & half[1]

    def place(self, t_ns: int) -> int:
        """Of a whole minute in the columns; -1 outside."""
        at, rest = divmod(t_ns - self.minute0_ns, MINUTE_NS)
        return int(at) if not rest and 0 <= at < len(self.dz10) else -1

    def worth(self, t_ns: IntArray, own: State, rules: Statistics) -> IntArray:
        """Those of the moments, in their order, that are like a state and can be measured."""
        at = (t_ns - self.minute0_ns) // MINUTE_NS
        inside = (at >= 0) & (at < len(self.dz10))
        t_ns, at = t_ns[inside], at[inside]
        like = self.readable[at] & np.isfinite(self.dz10[at]) & ~(np.abs(self.still[at] - own.still) > rules.gate_tol)
        if own.motion_mg is not None:
            like &= ~(np.abs(self.motion[at] - own.motion_mg) > rules.motion_tol_mg)
        return t_ns[like]


def rises(track: Track) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of every whole minute, NaN where too little may be read: dz10 and pre_z at `SURE_S`, nothing else going on; and the highest level within a
    quarter of an hour, over pre_z."""
    reach = -PRE_NS[0] // GRID_NS + KERNEL[-1][0] * STEP
    minute0_ns = -(-track.first_ns // MINUTE_NS) * MINUTE_NS
    z = np.concatenate([np.full(reach, UNKNOWN, np.int64), track.rows.z, np.full(reach, UNKNOWN, np.int64)])
    count = len(track.rows) // A_MINUTE
    zero = track.index(minute0_ns) + reach
    weights = np.zeros(count)
    after, before = np.zeros(count), np.zeros(count)
    for first in range(0, count, 2000):
        at = zero + np.arange(first, min(first + 2000, count)) * A_MINUTE
        part = slice(first, first + len(at))
        for step, weight in KERNEL:
            now = at + step * STEP
            mean, some = _mean(z, now, RESPONSE_NS // GRID_NS)
            middle, calm = _median(z, now + PRE_NS[0] // GRID_NS, (PRE_NS[1] - PRE_NS[0]) // GRID_NS)
            told = np.where(some & calm, weight, 0)
            weights[part] += told
            after[part] += np.where(told, told * mean, 0)
            before[part] += np.where(told, told * middle, 0)
    known = 2 * weights >= sum(weight for _, weight in KERNEL)
    with np.errstate(invalid="ignore", divide="ignore"):
        dz10 = np.where(known, np.rint((after - before) / weights) / Z_PER_UNIT, np.nan)
        pre_z = np.where(known, np.rint(before / weights) / Z_PER_UNIT, np.nan)
    at = zero + np.arange(count) * A_MINUTE
    around = np.lib.stride_tricks.sliding_window_view(z, 2 * NEAR_NS // GRID_NS)
    highest = np.concatenate([around[some - NEAR_NS // GRID_NS].max(axis=1) for some in np.array_split(at, max(1, count // 2000))])
    return dz10, pre_z, np.where(highest == UNKNOWN, np.nan, highest / Z_PER_UNIT) - pre_z


def _windows(z: IntArray, first: IntArray, length: int) -> IntArray:
    return np.lib.stride_tricks.sliding_window_view(z, length)[first]


def _mean(z: IntArray, first: IntArray, length: int) -> tuple[FloatArray, BoolArray]:
    part = _windows(z, first, length)
    known = part != UNKNOWN
    count = known.sum(axis=1)
    return np.rint(np.where(known, part, 0).sum(axis=1) / np.maximum(count, 1)), 2 * count >= length


def _median(z: IntArray, first: IntArray, length: int) -> tuple[FloatArray, BoolArray]:
    part = np.sort(_windows(z, first, length), axis=1)  # UNKNOWN is the least of all
    count = (part != UNKNOWN).sum(axis=1)
    low, high = length - count + np.maximum(count - 1, 0) // 2, length - count + count // 2
    rows = np.arange(len(part))
    middle = (part[rows, np.minimum(low, length - 1)] + part[rows, np.minimum(high, length - 1)]) / 2
    return np.rint(middle), 2 * count >= length


class Quick(Matcher):
    """The matcher, with dz10 looked up wherever no other tag reaches into it, and moments that it would pass over left out before they are tried."""

    def _days(self, event: Event) -> list[_Day]:
        (ground,) = self.grounds
        assert isinstance(ground, Remembering)
        own = ground.state(event.t_ns)
        today = local_day(event.t_ns, self.offsets.one(event.t_ns))
        days = []
        for number in (today + k for k in range(-self.rules.lookback_d, self.rules.lookback_d + 1) if k):
            free = self._free(event, number, today)
            if len(ground.worth(free, own, self.rules)):
                dice = self.dice(event.id, number)
                days.append((float(dice.random()), _Day(number, ground.worth(dice.permutation(free), own, self.rules).tolist())))
        return [day for _, day in sorted(days, key=lambda each: each[0])]

    def _measure(self, event: Event, ground: Ground) -> EventMetrics:
        assert isinstance(ground, Remembering)
        place = ground.place(event.t_ns)
        near = any(other.id != event.id and other.t_ns < event.t_ns for other in self._around(event))
        if near or place < 0 or event.certainty_s != SURE_S:
            return super()._measure(event, ground)
        dz10, pre_z = float(ground.dz10[place]), float(ground.pre_z[place])
        return EventMetrics(event.id) if np.isnan(dz10) else EventMetrics(event.id, dz10=dz10, pre_z=pre_z)


# ---------------------------------------------------------------- moments


def tag(name: str, kind: str, t_ns: int, t_end_ns: int | None = None) -> Event:
    return Event(name, "drawn", kind, t_ns, made_at_ns=t_ns, received_ns=t_ns, t_end_ns=t_end_ns, certainty_s=SURE_S, source="test", blind=True)


def matcher(life: Life, events: Sequence[Event], seed: int, *, quick: bool = True, lookback_d: int | None = None) -> Matcher:
    """As `comparing` makes one. `lookback_d`: less than the rules say gives the same where there are no further days."""
    rules = STATISTICS if lookback_d is None else replace(STATISTICS, lookback_d=lookback_d)

    def dice(event_id: str, day: int) -> np.random.Generator:
        return np.random.default_rng([seed, int(event_id), abs(day)])

    busy = Busy([(event.t_ns, event.t_ns) for event in events], rules.apart_min * MINUTE_NS)
    ordered = sorted(events, key=lambda event: event.t_ns)
    made = Quick if quick else Matcher
    ground = life.ground if quick else Ground(life.track)
    return made([ground], busy, ordered, RESPONSE_NS, life.offsets, dice, CONSTANTS, rules)


def cases_of(life: Life, events: Sequence[Event], by: Matcher, controls: Callable[[Event], Sequence[Control]] | None = None) -> list[Case]:
    """What `comparing` would make of tags that are worn and blind. `controls`: where they do not come of the matcher."""
    lost = overlapping(events)
    found = []
    for event in events:
        metrics = by.measured(event)
        matched = by.controls(event) if controls is None else controls(event)
        stands = standing(event, metrics, matched, worn=True, overlapping=event.id in lost, asked=False)
        found.append(Case(event, life.day(event.t_ns), metrics, tuple(matched), stands, late=False))
    return found


def random_tags(life: Life, dice: np.random.Generator, kinds: Sequence[str], least: int, most: int) -> list[Event]:
    """`least` to `most` tags of each kind at usable minutes drawn by lot."""
    each = [int(n) for n in dice.integers(least, most + 1, len(kinds))]
    times = dice.choice(life.minutes, sum(each), replace=False).tolist()
    names = [kind for kind, n in zip(kinds, each, strict=True) for _ in range(n)]
    return [tag(str(k), kind, t) for k, (kind, t) in enumerate(zip(names, times, strict=True))]


def bounds_of(hits: int, tried: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson)."""
    from scipy import stats

    low, high = stats.binomtest(hits, tried).proportion_ci(method="wilson")
    return float(low), float(high)


def interval_of(hits: int, tried: int) -> str:
    """A share with that interval, in words."""
    low, high = bounds_of(hits, tried)
    return f"{hits / tried:.1%} [{low:.1%}, {high:.1%}]"
