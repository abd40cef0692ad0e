"""What a picture of a day shows, as plain values: minutes, moments, tags, holes, coverage. Reads a `Reader`; draws nothing.

A day runs from 04:00 to 04:00 local time. A minute is the median of its 5-s rows, known from a quarter of them on, so that a
hole of seconds does not break a line of a pixel; everything that is counted is counted on the 5-s rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from itertools import count, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboards.picture.look import GATE_WORDS, JUDGED
from somalink.domain.constants import Constants
from somalink.domain.ports import Reader
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_hour, to_datetime
from somalink.domain.timeline import Timeline
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, Episode, Event, FloatArray, Gap, Gate, Grid, IntArray, Link, Stream, UtcOffset, word

ROWS_A_MINUTE = MINUTE_NS // GRID_NS
LEAST_SHARE = 4
NO_ROWS = -1
"""In `Minutes.gate`: nothing was received in this minute."""
LEAST_Q = Constants().usual.min_quality
SHOWN_HOLE_NS = 5 * MINUTE_NS
Z_UNIT = Q_UNIT = 1e-4
HR_UNIT = 1e-3


class Part(IntEnum):
    """What could be done with a row of worn time. Each row is one part: no signal, or the first of these that holds."""

    USABLE = 0
    MOVING = 1
    SETTLING = 2
    POSTURE = 3
    WEAK = 4
    UNCOMPARED = 5
    NOTHING = 6


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture needs beside a `Reader`: links, local time, who speaks where several devices were worn, and whether any of it is simulated."""

    links: Sequence[Link] = ()
    offsets: Sequence[UtcOffset] = ()
    simulated: bool = False
    undated: bool = False
    """The recording did not say when it began; the date is a placeholder."""
    timeline: Callable[[int, int], Timeline] | None = None
    """One line of all devices in [start, stop]; None: one device was ever worn."""
    beside: Set[str] = frozenset()
    """Episodes, by id, of a device that did not speak when they began: they do not count."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """UTC offsets in time order. Before the first one it holds already; without any, local time is UTC."""

    offsets: tuple[UtcOffset, ...] = ()

    def offset_s(self, t_ns: int) -> int:
        known = [each.offset_s for each in self.offsets if each.from_ns <= t_ns] or [each.offset_s for each in self.offsets[:1]]
        return known[-1] if known else 0

    def clock(self, t_ns: int) -> str:
        """`09:53`"""
        return to_datetime(t_ns + self.offset_s(t_ns) * SECOND_NS).strftime("%H:%M")

    def hour(self, t_ns: int) -> float:
        return local_hour(t_ns, self.offset_s(t_ns))

    def day_start_ns(self, day: date) -> int:
        """UTC of 04:00 local time on `day`; days of 23 and 25 hours come out as they are."""
        wall = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND_NS + DAY_BREAK_NS
        guess = wall - self.offset_s(wall) * SECOND_NS
        return wall - self.offset_s(guess) * SECOND_NS

    def day_of(self, t_ns: int) -> date:
        return to_datetime(t_ns + self.offset_s(t_ns) * SECOND_NS - DAY_BREAK_NS).date()


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """(n,) each, one a minute (or a few) from `start_ns` on; NaN = not known. `gate`: the most frequent `Gate`, or `NO_ROWS`.

    `judged`: a quarter of it or more was usable, and then `z`, `se` and `gate` are those of the usable part alone. `weak`: it was
    measured, but most of it not well enough.
    """

    start_ns: IntArray
    z: FloatArray
    se: FloatArray
    hr: FloatArray
    gate: IntArray
    judged: BoolArray
    weak: BoolArray

    @property
    def known(self) -> BoolArray:
        return np.isfinite(self.hr)

    def every(self, count: int) -> Minutes:
        """The same in steps of `count` minutes, for a smaller scale."""
        whole = len(self.start_ns) // count * count
        cut = {name: getattr(self, name)[:whole].reshape(-1, count) for name in ("z", "se", "hr", "gate", "judged", "weak")}
        return _condense(self.start_ns[:whole:count], **cut)

    def take(self, chosen: BoolArray | IntArray) -> Minutes:
        return Minutes(**{name: getattr(self, name)[chosen] for name in self.__slots__})

    def finer_within(self, fine: Minutes, spans: Sequence[tuple[int, int]]) -> Minutes:
        """These points, but those of `fine` within the spans [start, stop): what matters is not smoothed away."""
        if not spans:
            return self
        inside_self, inside_fine = (np.logical_or.reduce([(each.start_ns >= a) & (each.start_ns < b) for a, b in spans]) for each in (self, fine))
        coarse, kept = self.take(~inside_self), fine.take(inside_fine)
        both = {name: np.concatenate([getattr(coarse, name), getattr(kept, name)]) for name in self.__slots__}
        return Minutes(**both).take(np.argsort(both["start_ns"], kind="stable"))

    def middle_min(self, since_ns: int, step_min: int) -> FloatArray:
        """Middle of every point in minutes since `since_ns`; points are at most `step_min` long."""
        step_ns = np.minimum(np.append(np.diff(self.start_ns), MINUTE_NS), step_min * MINUTE_NS)
        return np.asarray((self.start_ns + step_ns / 2 - since_ns) / MINUTE_NS)

    def at(self, t_ns: int) -> int:
        """Number of the minute that holds `t_ns`, within the day."""
        return int(np.clip((t_ns - self.start_ns[0]) // MINUTE_NS, 0, len(self.start_ns) - 1))


@dataclass(frozen=True, slots=True)
class Hour:
    """Seconds of one local hour by what could be done with them; the rest of 3600 had no signal."""

    start_ns: int
    usable_s: int
    unjudged_s: int
    weak_s: int


@dataclass(frozen=True, slots=True)
class Moment:
    """An episode as shown, and the quick rises that are told as part of it.

    `label`: a number in time order; a letter for a slower heart. `z`, `se`, `top_ns`: the level where it was furthest from the
    usual, its standard error, and when. `then`: what came after an end that was not seen, else empty.
    """

    label: str
    episode: Episode
    z: float
    se: float
    top_ns: int
    then: str = ""
    rises: tuple[Moment, ...] = ()

    @property
    def whole(self) -> tuple[Moment, ...]:
        return (self, *self.rises)

    @property
    def start_ns(self) -> int:
        return min(each.episode.start_ns for each in self.whole)

    @property
    def stop_ns(self) -> int | None:
        """None: not over yet."""
        stops = [each.episode.stop_ns for each in self.whole]
        return None if None in stops else max(stop for stop in stops if stop is not None)

    @property
    def highest(self) -> Moment:
        return max(self.whole, key=lambda each: each.z if np.isfinite(each.z) else -np.inf)

    @property
    def around_ns(self) -> tuple[int, int]:
        """The moment with two minutes to either side."""
        stop_ns = self.stop_ns if self.stop_ns is not None else self.highest.episode.peak_ns
        return self.start_ns - 2 * MINUTE_NS, stop_ns + 2 * MINUTE_NS


@dataclass(frozen=True, slots=True)
class Match:
    """What a tag may belong to: a moment of this day by its label, with the verdict and probability."""

    label: str
    verdict: str
    probability: float


@dataclass(frozen=True, slots=True)
class Tag:
    event: Event
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of at least five minutes of which nothing is known, between the first and last thing that is."""

    start_ns: int
    stop_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class ShortGaps:
    """Gaps too short to be seen as such: how many, the typical one and all of them in seconds, why, and in what share of the worn hours."""

    count: int = 0
    typical_s: float = 0.0
    total_s: int = 0
    reason: str = ""
    share: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DayModel:
    """One local day of one person. `shown`: the part with anything in it, to the full hour."""

    person: str
    day: date
    local: LocalTime
    shown: tuple[int, int]
    minutes: Minutes
    hours: tuple[Hour, ...]
    moments: tuple[Moment, ...]
    tags: tuple[Tag, ...]
    holes: tuple[Hole, ...]
    short: ShortGaps
    by_chance: float | None
    """Spikes that would show up by chance alone in the usable hours of this day; None while that is not known."""
    basis: str
    """`own`, `learning`, `session`, `recording` or `none`: what the usual rests on."""
    motion_known: bool
    undated: bool
    simulated: bool
    worn_ns: tuple[int, int] | None = None
    """From the first to the last row with a heart rate; None: never worn."""
    part_s: dict[Part, int] = field(default_factory=dict)
    """The seconds of `worn_ns` by what could be done with them; they add up to it."""
    device_s: dict[str, int] = field(default_factory=dict)
    """Seconds with a heart rate by the device that spoke, the longest first."""

    @property
    def worn_s(self) -> int:
        return sum(self.part_s.values())

    @property
    def usable_s(self) -> int:
        return sum(hour.usable_s for hour in self.hours)

    @property
    def weak_s(self) -> int:
        return sum(hour.weak_s for hour in self.hours)

    @property
    def measured_s(self) -> int:
        return sum(hour.usable_s + hour.unjudged_s + hour.weak_s for hour in self.hours)

    @property
    def spikes(self) -> tuple[Moment, ...]:
        """All quick rises, those told within a longer stretch too."""
        return tuple(each for moment in self.moments for each in moment.whole if each.episode.kind == "spike")

    @property
    def risen(self) -> tuple[Moment, ...]:
        return tuple(moment for moment in self.moments if moment.episode.kind != "slowing")

    @property
    def slower(self) -> tuple[Moment, ...]:
        return tuple(moment for moment in self.moments if moment.episode.kind == "slowing")

    @property
    def worn(self) -> bool:
        return bool(self.minutes.known.any())


def day_model(reader: Reader, person: str, day: date, facts: Facts | None = None) -> DayModel:
    """The local day `day` of `person`, at each moment as the device that leads there knows it."""
    facts = facts or Facts()
    local = LocalTime(tuple(sorted(facts.offsets, key=lambda each: each.from_ns)))
    start_ns, stop_ns = local.day_start_ns(day), local.day_start_ns(day + timedelta(days=1))
    line = facts.timeline(start_ns, stop_ns) if facts.timeline is not None else _alone(reader, person, start_ns, stop_ns)
    grid = line.rows
    minutes = _minutes(grid, start_ns, stop_ns)
    moments = _moments([each for each in reader.episodes(person, start_ns, stop_ns) if each.id not in facts.beside], minutes)
    events = [event for event in reader.events(person, start_ns, stop_ns) if not event.deleted]
    gaps = _gaps(reader, person, line, start_ns, stop_ns)
    worn_ns, part_s = _parts(grid)
    baselines = reader.baselines(person)
    return DayModel(
        person=person,
        day=day,
        local=local,
        shown=_shown(minutes, events),
        minutes=minutes,
        hours=_hours(grid, start_ns, stop_ns),
        moments=moments,
        tags=_tags(events, facts.links, moments),
        holes=_holes(minutes, gaps),
        short=_short(gaps, worn_ns),
        by_chance=_by_chance(grid, baselines, local),
        basis=_basis(grid, baselines),
        motion_known=bool((grid.motion != UNKNOWN).any()),
        simulated=facts.simulated,
        undated=facts.undated,
        worn_ns=worn_ns,
        part_s=part_s,
        device_s=_by_device(line),
    )


# ---------------------------------------------------------------- rows to minutes and hours


def _alone(reader: Reader, person: str, start_ns: int, stop_ns: int) -> Timeline:
    """The line of somebody with one device. ValueError if there are several: who speaks is not a picture's to say."""
    devices = tuple(dict.fromkeys(unit.device for unit in reader.units(person)))
    if len(devices) > 1:
        raise ValueError(f"{person} has {len(devices)} devices: their facts must say who speaks")
    grid = reader.grid(person, devices[0], start_ns, stop_ns) if devices else Grid.empty()
    return Timeline(grid, devices, np.zeros(len(grid), np.int64))


def _by_device(line: Timeline) -> dict[str, int]:
    points = np.bincount(line.of[line.rows.hr != UNKNOWN], minlength=len(line.devices)).tolist()
    told = sorted(zip(line.devices, points, strict=True), key=lambda each: -each[1])
    return {device: n * GRID_NS // SECOND_NS for device, n in told if n}


def _gaps(reader: Reader, person: str, line: Timeline, start_ns: int, stop_ns: int) -> list[Gap]:
    """Where the heart of the device that spoke was not heard: of several devices, what of a gap lies in that one's own stretches."""
    of = {device: [gap for gap in reader.gaps(person, device, start_ns, stop_ns) if gap.stream in (Stream.RR, Stream.HR)] for device in line.devices}
    if len(of) < 2:
        return [gap for gaps in of.values() for gap in gaps]
    parts = [(gap, max(gap.start_ns, own.start_ns), min(gap.stop_ns, own.stop_ns)) for own in line.stretches() for gap in of[own.device]]
    return [replace(gap, start_ns=start, stop_ns=stop) for gap, start, stop in parts if start < stop]


def _minutes(grid: Grid, start_ns: int, stop_ns: int) -> Minutes:
    total = (stop_ns - start_ns) // MINUTE_NS
    slot = (grid.stop_ns - start_ns) // GRID_NS - 1
    inside = (slot >= 0) & (slot < total * ROWS_A_MINUTE)

    def rows(column: NDArray[Any], unit: float = 1.0) -> FloatArray:
        """(minutes, 12); NaN where there is no row or no value."""
        dense = np.full(total * ROWS_A_MINUTE, np.nan)
        dense[slot[inside]] = np.where(column[inside] == UNKNOWN, np.nan, column[inside] * unit)
        return dense.reshape(total, ROWS_A_MINUTE)

    gate = np.nan_to_num(rows(grid.gate), nan=NO_ROWS).astype(np.int64)
    weak = (rows(grid.hr_q, Q_UNIT) < LEAST_Q) & (gate != NO_ROWS)
    judged = rows(_usable(grid).astype(np.int64)) == 1
    start = start_ns + np.arange(total) * MINUTE_NS
    return _condense(start, z=rows(grid.z, Z_UNIT), se=rows(grid.se, Z_UNIT), hr=rows(grid.hr, HR_UNIT), gate=gate, judged=judged, weak=weak)


def _condense(start_ns: IntArray, *, z: FloatArray, se: FloatArray, hr: FloatArray, gate: IntArray, judged: BoolArray, weak: BoolArray) -> Minutes:
    """(n, k) finer points to (n,): a value is known, and a point judged, from a quarter of its k on."""
    least = -(-z.shape[1] // LEAST_SHARE)
    enough = np.count_nonzero(judged, axis=1) >= least
    chosen = judged | ~enough[:, None]
    return Minutes(
        start_ns=start_ns,
        z=_median(np.where(chosen, z, np.nan), least),
        se=_median(np.where(chosen, se, np.nan), least),
        hr=_median(hr, least),
        gate=_most_frequent(np.where(chosen, gate, NO_ROWS)),
        judged=enough,
        weak=~enough & (np.count_nonzero(np.isfinite(hr), axis=1) >= least) & (np.count_nonzero(weak, axis=1) * 2 > np.count_nonzero(np.isfinite(hr), axis=1)),
    )


def _median(values: FloatArray, least: int) -> FloatArray:
    """Median of what is known in each row; NaN where fewer than `least` are."""
    ordered = np.sort(values, axis=1)
    known = np.count_nonzero(np.isfinite(values), axis=1)
    line = np.arange(len(values))
    middle = (ordered[line, np.maximum(known - 1, 0) // 2] + ordered[line, np.minimum(known // 2, values.shape[1] - 1)]) / 2
    return np.where(known >= least, middle, np.nan)


def _most_frequent(gates: IntArray) -> IntArray:
    counts = np.stack([np.count_nonzero(gates == gate, axis=1) for gate in Gate])
    return np.where(counts.max(axis=0) > 0, counts.argmax(axis=0), NO_ROWS)


def _usable(grid: Grid) -> BoolArray:
    usable: BoolArray = (grid.z != UNKNOWN) & (grid.hr_q >= LEAST_Q / Q_UNIT) & np.isin(grid.gate, JUDGED)
    return usable


def _part_of(grid: Grid) -> IntArray:
    """(rows,) `Part` of each."""
    order = (
        (grid.hr == UNKNOWN, Part.NOTHING),
        (_usable(grid), Part.USABLE),
        (grid.gate == Gate.MOVING, Part.MOVING),
        (grid.gate == Gate.RECOVERY, Part.SETTLING),
        (grid.gate == Gate.POSTURE, Part.POSTURE),
        (grid.hr_q < LEAST_Q / Q_UNIT, Part.WEAK),
    )
    return np.select([mask for mask, _ in order], [int(part) for _, part in order], int(Part.UNCOMPARED)).astype(np.int64)


def _parts(grid: Grid) -> tuple[tuple[int, int] | None, dict[Part, int]]:
    """From when to when it was worn, and what became of that time; what has no row had no signal."""
    known = np.flatnonzero(grid.hr != UNKNOWN)
    if not len(known):
        return None, {}
    start_ns, stop_ns = int(grid.stop_ns[known[0]]) - GRID_NS, int(grid.stop_ns[known[-1]])
    part = _part_of(grid)
    seconds: dict[Part, int] = {each: int(np.count_nonzero(part == each)) * GRID_NS // SECOND_NS for each in Part if each != Part.NOTHING}
    return (start_ns, stop_ns), {**seconds, Part.NOTHING: (stop_ns - start_ns) // SECOND_NS - sum(seconds.values())}


def _hours(grid: Grid, start_ns: int, stop_ns: int) -> tuple[Hour, ...]:
    number = (grid.stop_ns - 1 - start_ns) // HOUR_NS
    total = int(-(-(stop_ns - start_ns) // HOUR_NS))
    part = _part_of(grid)

    def seconds(*parts: Part) -> list[int]:
        mask = np.isin(part, parts) & (number >= 0) & (number < total)
        return [int(n) * 5 for n in np.bincount(number[mask], minlength=total)]

    columns = zip(seconds(Part.USABLE), seconds(Part.MOVING, Part.SETTLING, Part.POSTURE, Part.UNCOMPARED), seconds(Part.WEAK), strict=True)
    return tuple(Hour(start_ns + k * HOUR_NS, *each) for k, each in enumerate(columns))


def _shown(minutes: Minutes, events: Sequence[Event]) -> tuple[int, int]:
    """From the hour of the first known thing to the hour after the last; 08:00 to 20:00 of an empty day."""
    known = minutes.start_ns[minutes.known].tolist() + [event.t_ns for event in events]
    day_start, day_stop = int(minutes.start_ns[0]), int(minutes.start_ns[-1]) + MINUTE_NS
    if not known:
        return day_start + 4 * HOUR_NS, day_start + 16 * HOUR_NS
    start = day_start + (min(known) - day_start) // HOUR_NS * HOUR_NS
    stop = day_start - (day_start - max(known) - MINUTE_NS) // HOUR_NS * HOUR_NS
    return start, min(stop, day_stop)


# ---------------------------------------------------------------- moments, tags, holes


def _moments(episodes: Sequence[Episode], minutes: Minutes) -> tuple[Moment, ...]:
    """In time order: rises and longer stretches numbered through, a slower heart lettered. A rise that overlaps a longer stretch is part of it."""
    ordered = sorted(episodes, key=lambda each: (each.start_ns, each.kind))
    stretches = [each for each in ordered if each.kind == "elevated"]
    told = [each for each in ordered if each.kind != "spike" or not _holder(each, stretches)]
    moments = []
    for stretch in told:
        within = [each for each in ordered if each.kind == "spike" and stretch.kind == "elevated" and _holder(each, stretches) is stretch]
        rises = tuple(_moment(each, minutes) for each in within)
        moments.append(replace(_moment(stretch, minutes), rises=rises))
    return _labelled(sorted(moments, key=lambda each: each.start_ns))


def _holder(spike: Episode, stretches: Sequence[Episode]) -> Episode | None:
    """The longer stretch a quick rise overlaps."""
    stop_ns = spike.stop_ns if spike.stop_ns is not None else spike.peak_ns
    return next((each for each in stretches if each.start_ns < stop_ns and (each.stop_ns is None or spike.start_ns < each.stop_ns)), None)


def _labelled(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    numbers, letters = (str(k) for k in count(1)), (chr(ord("a") + k % 26) for k in count())
    labelled = []
    for moment in moments:
        label = next(letters) if moment.episode.kind == "slowing" else next(numbers)
        labelled.append(replace(moment, label=label, rises=tuple(replace(each, label=label) for each in moment.rises)))
    return tuple(labelled)


def _moment(episode: Episode, minutes: Minutes) -> Moment:
    """With the level z furthest from the usual within it: the driver's peak may be on another scale.

    From its judged minutes where there are any; a body that gets up in the middle of it is not what stood out.
    """
    stop_ns = episode.stop_ns if episode.stop_ns is not None else episode.peak_ns + MINUTE_NS
    own = slice(minutes.at(episode.start_ns), minutes.at(stop_ns) + 1)
    judged = minutes.judged[own]
    z = np.where(judged | ~judged.any(), minutes.z[own], np.nan)
    then = _then(minutes, minutes.at(stop_ns)) if episode.truncated and episode.stop_ns is not None else ""
    if not np.isfinite(z).any():
        return Moment("", episode, float("nan"), float("nan"), episode.peak_ns, then)
    furthest = int(np.nanargmin(z) if episode.kind == "slowing" else np.nanargmax(z))
    return Moment("", episode, float(z[furthest]), float(minutes.se[own][furthest]), int(minutes.start_ns[own][furthest]) + MINUTE_NS // 2, then)


def _then(minutes: Minutes, at: int) -> str:
    """What kept an end from being seen: the first thing after it that cannot be judged."""
    for k in range(at, min(at + 3, len(minutes.start_ns))):
        if not minutes.known[k]:
            return "no signal"
        if not minutes.judged[k]:
            return "weak signal" if minutes.weak[k] else GATE_WORDS[Gate(int(minutes.gate[k]))].removeprefix("just ")
    return "end not seen"


def _tags(events: Sequence[Event], links: Sequence[Link], moments: Sequence[Moment]) -> tuple[Tag, ...]:
    labels = {each.episode.id: moment.label for moment in moments for each in moment.whole}
    found: dict[str, list[Match]] = {}
    for link in sorted(links, key=lambda each: -each.probability):
        label = labels.get(link.episode_id, "")
        if label and label not in {match.label for match in found.get(link.event_id, [])}:
            found.setdefault(link.event_id, []).append(Match(label, link.verdict, link.probability))
    return tuple(Tag(event, tuple(found.get(event.id, ()))) for event in sorted(events, key=lambda each: each.t_ns))


def _holes(minutes: Minutes, gaps: Sequence[Gap]) -> tuple[Hole, ...]:
    known = np.flatnonzero(minutes.known)
    holes = []
    for before, after in pairwise(known.tolist()):
        start_ns, stop_ns = int(minutes.start_ns[before]) + MINUTE_NS, int(minutes.start_ns[after])
        if stop_ns - start_ns >= SHOWN_HOLE_NS:
            holes.append(Hole(start_ns, stop_ns, _reason(start_ns, stop_ns, gaps)))
    return tuple(holes)


def _short(gaps: Sequence[Gap], worn_ns: tuple[int, int] | None) -> ShortGaps:
    short = [gap for gap in gaps if gap.stop_ns - gap.start_ns < SHOWN_HOLE_NS]
    if not short or worn_ns is None:
        return ShortGaps()
    lengths = sorted(gap.stop_ns - gap.start_ns for gap in short)
    reasons = [gap.reason for gap in short]
    first, last = (t_ns // HOUR_NS for t_ns in worn_ns)
    share = len({gap.start_ns // HOUR_NS for gap in short}) / (last - first + 1)
    return ShortGaps(len(short), lengths[len(lengths) // 2] / SECOND_NS, sum(lengths) // SECOND_NS, max(sorted(set(reasons)), key=reasons.count), share)


def _reason(start_ns: int, stop_ns: int, gaps: Sequence[Gap]) -> str:
    """The reason of the gaps that cover most of a hole; empty where no gap says anything."""
    covered: dict[str, int] = {}
    for gap in gaps:
        shared = min(stop_ns, gap.stop_ns) - max(start_ns, gap.start_ns)
        if shared > 0:
            covered[gap.reason] = covered.get(gap.reason, 0) + shared
    return max(covered, key=lambda reason: covered[reason]) if covered else ""


# ---------------------------------------------------------------- chance and basis


def _by_chance(grid: Grid, baselines: Sequence[Baseline], local: LocalTime) -> float | None:
    """Usable hours in each cell (gate, local block) times that cell's rate, by the baseline each row was read against."""
    usable = _usable(grid)
    if not usable.any():
        return None
    total = 0.0
    block_h = Constants().chance.block_h
    offset_ns = local.offset_s(int(grid.stop_ns[0])) * SECOND_NS
    block = (grid.stop_ns + offset_ns) % DAY_NS // (block_h * HOUR_NS)
    for number in np.unique(grid.baseline[usable]).tolist():
        baseline = next((each for each in baselines if each.number == number), None)
        if baseline is None or baseline.chance_all is None:
            return None
        for gate in JUDGED:
            for each in range(24 // block_h):
                rows = np.count_nonzero(usable & (grid.baseline == number) & (grid.gate == gate) & (block == each))
                total += rows * GRID_NS / HOUR_NS * baseline.chance.get(f"{word(gate)}/{each}", baseline.chance_all)
    return total


def _basis(grid: Grid, baselines: Sequence[Baseline]) -> str:
    """What the person's usual rested on at the end of the day."""
    known = grid.z != UNKNOWN
    if not known.any():
        return "none"
    used = next((each for each in baselines if each.number == int(grid.baseline[known][-1])), None)
    if used is not None and "recording" in used.mode:
        return "recording"
    maturity = int(grid.maturity[known][-1])
    if maturity >= 100:
        return "own"
    return "learning" if maturity > Constants().maturity.session * 100 else "session"
