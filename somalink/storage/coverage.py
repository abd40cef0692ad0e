"""Loss accounting: what came, what was kept, what was missed, by hour and in all.

`received` and `refused` are the reader's own counts; `stored` is counted from the stored beats, so that a dropped write shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from somalink.domain.catalogue import GRID_COLUMNS
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, Flag, Gap, Gate, Grid, IntArray, Stream, word
from somalink.storage.rows import CoverageRow

if TYPE_CHECKING:
    from somalink.storage.local import LocalStore

USABLE_Q = 0.6
"""Least quality of a figure that rates and statistics may rest on (contracts, section 5)."""
OPEN_GATES = (Gate.STILL, Gate.LIGHT, Gate.UNKNOWN)
"""Gates in which episodes are detected (engine, section 2)."""

_Q_UNIT = next(column.unit for column in GRID_COLUMNS if column.name == "hr_q")


def usable(grid: Grid) -> BoolArray:
    """Grid points at which an episode could have been seen: z known, HR good enough, the body quiet."""
    good = (grid.z != UNKNOWN) & (grid.hr_q >= round(USABLE_Q / _Q_UNIT)) & np.isin(grid.gate, OPEN_GATES)
    return np.asarray(good, np.bool_)


def by_hour(store: LocalStore, unit: Unit) -> list[CoverageRow]:
    """Every hour in which the recording has anything, in order."""
    counts = store.refusals(unit)
    stored: Counter[int] = Counter()
    flagged: Counter[int] = Counter()
    points: Counter[int] = Counter()
    for start, stop in store.days(unit):
        beats, grid = store.recording_beats(unit, start, stop), store.recording_grid(unit, start, stop)
        stored.update(_per_hour(beats.t_ns))
        flagged.update(_per_hour(beats.t_ns[beats.flag != Flag.OK]))
        points.update(_per_hour(grid.stop_ns[usable(grid)] - 1))
    lost = _lost_per_hour(store.recording_gaps(unit))
    return [
        CoverageRow(
            unit=unit,
            hour_start_ns=hour,
            received=counts.get(hour, (0, {}))[0],
            refused=sum(counts.get(hour, (0, {}))[1].values()),
            stored=stored[hour],
            flagged=flagged[hour],
            gap_s=lost[hour] / SECOND_NS,
            usable_s=points[hour] * GRID_NS // SECOND_NS,
        )
        for hour in sorted({*stored, *points, *lost, *counts})
    ]


@dataclass(frozen=True, slots=True)
class DeviceHour:
    """An hour of a device over all its recordings. Beats are counted in each of them; `rows`, with stop in (start, start + 1 h], are what readers see."""

    hour_start_ns: int
    received: int
    refused: int
    stored: int
    flagged: int
    lost_ns: int
    began: tuple[Gap, ...]
    """Gaps in rr that begin in it."""
    rows: Grid

    @property
    def empty(self) -> bool:
        """Whether nothing came, nothing was lost and nothing is known of it: rows go on through a night without a strap."""
        return not (self.received or self.stored or self.lost_ns or self.began or (self.rows.hr != UNKNOWN).any())


def device_hours(store: LocalStore, person: str, device: str, hours: Iterable[int]) -> Iterator[DeviceHour]:
    """Each of these hours (their starts) once, in order; neighbours are read together, up to a day of them. Gaps of several recordings add up."""
    wanted = sorted(set(hours))
    received, refused = _counts(store, person, device, wanted)
    for first_ns, stop_ns in _stretches(wanted):
        beats, rows = store.beats(person, device, first_ns, stop_ns), store.grid(person, device, first_ns + 1, stop_ns + 1)
        stored, flagged = _per_hour(beats.t_ns), _per_hour(beats.t_ns[beats.flag != Flag.OK])
        gaps = [gap for gap in store.gaps(person, device, first_ns, stop_ns) if gap.stream is Stream.RR]
        lost = _lost_per_hour(_clipped(gap, first_ns, stop_ns) for gap in gaps)
        for hour in range(first_ns, stop_ns, HOUR_NS):
            low, high = np.searchsorted(rows.stop_ns, (hour, hour + HOUR_NS), side="right").tolist()
            yield DeviceHour(
                hour_start_ns=hour,
                received=received[hour],
                refused=refused[hour],
                stored=stored[hour],
                flagged=flagged[hour],
                lost_ns=lost[hour],
                began=tuple(gap for gap in gaps if hour <= gap.start_ns < hour + HOUR_NS),
                rows=rows.take(slice(low, high)),
            )


def _counts(store: LocalStore, person: str, device: str, wanted: Sequence[int]) -> tuple[Counter[int], Counter[int]]:
    """What the readers received and refused by hour, of the recordings that may reach into any of these."""
    received: Counter[int] = Counter()
    refused: Counter[int] = Counter()
    for recording in store.recordings(person) if wanted else ():
        row = recording.row
        ended = row.state == "done" and row.stop_ns is not None and row.stop_ns < wanted[0] - HOUR_NS
        if recording.unit.device != device or ended or row.start_ns > wanted[-1] + 2 * HOUR_NS:
            continue
        for hour, (came, why) in store.refusals(recording.unit).items():
            received[hour] += came
            refused[hour] += sum(why.values())
    return received, refused


def _stretches(hours: Sequence[int]) -> Iterator[tuple[int, int]]:
    """[start, stop) of neighbouring hours of a UTC day: what is read at once."""
    cuts = [k for k, hour in enumerate(hours) if k and (hour != hours[k - 1] + HOUR_NS or hour % DAY_NS == 0)]
    for first, last in zip([0, *cuts], [*cuts, len(hours)], strict=True):
        if first < last:
            yield hours[first], hours[last - 1] + HOUR_NS


def _clipped(gap: Gap, start_ns: int, stop_ns: int) -> Gap:
    """What of a gap lies in a stretch: one of months is not walked through hour by hour for the sake of a day."""
    return replace(gap, start_ns=max(gap.start_ns, start_ns), stop_ns=min(gap.stop_ns, stop_ns))


def totals(store: LocalStore, person: str | None) -> dict[str, Any]:
    """Sums over a person or over the whole store. `episodes` counts spikes; `gap_s` adds up the gaps in rr."""
    people = store.people() if person is None else [person]
    units = store.units(person)
    flags, points = _beats_and_points(store, units)
    gaps = [gap for unit in units for gap in store.recording_gaps(unit)]
    counts = [count for unit in units for count in store.refusals(unit).values()]
    refused: Counter[str] = Counter()
    for _, reasons in counts:
        refused.update(reasons)
    recordings = store.recordings(person)
    return {
        "recordings": [recording.unit.recording for recording in recordings],
        "beats_received": sum(received for received, _ in counts),
        "beats_stored": flags.total(),
        "beats_refused": {reason: n for reason, n in sorted(refused.items()) if n},
        "beats_flagged": {word(flag): flags[flag] for flag in Flag if flag is not Flag.OK and flags[flag]},
        "gaps": len(gaps),
        "gap_s": sum(gap.stop_ns - gap.start_ns for gap in gaps if gap.stream is Stream.RR) / SECOND_NS,
        "usable_s": points["usable"] * GRID_NS // SECOND_NS,
        "windows_final": points["final"],
        "episodes": sum(found.episode.kind == "spike" for who in people for found in store.device_episodes(who)),
        "events": sum(len(store.events(who)) for who in people),
        "events_refused": sum(recording.row.events_refused for recording in recordings),
        "links": sum(len(store.links(who)) for who in people),
        "prompts": sum(len(store.prompts(who)) for who in people),
    }


def _beats_and_points(store: LocalStore, units: list[Unit]) -> tuple[Counter[int], Counter[str]]:
    """Stored beats by flag, and grid points as readers see them, counted a day at a time."""
    flags: Counter[int] = Counter()
    points: Counter[str] = Counter()
    for unit in units:
        for start, stop in store.days(unit):
            flags.update(_tally(store.recording_beats(unit, start, stop).flag))
    for person, device in sorted({(unit.person, unit.device) for unit in units}):
        days = {day for unit in units if (unit.person, unit.device) == (person, device) for day in store.days(unit)}
        for start, stop in sorted(days):
            grid = store.grid(person, device, start, stop)
            points.update(final=len(grid), usable=int(np.count_nonzero(usable(grid))))
    return flags, points


def _tally(column: IntArray) -> Counter[int]:
    values, n = np.unique(column, return_counts=True)
    return Counter(dict(zip(values.tolist(), n.tolist(), strict=True)))


def _per_hour(t_ns: IntArray) -> Counter[int]:
    return _tally(t_ns // HOUR_NS * HOUR_NS)


def _lost_per_hour(gaps: Iterable[Gap]) -> Counter[int]:
    """Nanoseconds of rr gaps in each hour they touch."""
    lost: Counter[int] = Counter()
    for gap in gaps:
        if gap.stream is not Stream.RR:
            continue
        for hour in range(gap.start_ns // HOUR_NS * HOUR_NS, gap.stop_ns, HOUR_NS):
            lost[hour] += min(gap.stop_ns, hour + HOUR_NS) - max(gap.start_ns, hour)
    return lost
