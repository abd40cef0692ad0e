"""A store's recordings as sources again: from the bytes that were received while they are there, else from what was made of them.

Beats, gaps and contact are kept for good. Of movement the grid holds what the engine made of it, every five seconds, and that is what a later
reading goes by where samples are gone; of a watch's own heart rate nothing is kept that could be read again, and here that is said. Knows how far
a reading has come, so that an interrupted one goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ingest.clocking import Clocker
from ingest.recording import HourCount, Samples
from ingest.recording import Recording as Whole
from ingest.replay import ReplaySource
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit, digest
from somalink.domain.ports import Source
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, iso
from somalink.domain.types import UNKNOWN, BoolArray, Chunk, Contact, Flag, Gate, Grid, Heartbeat, Item, Moved, Opened, Stream
from somalink.pipeline.intake import Intake, from_clocker, from_recording
from somalink.pipeline.live import as_notified, last_promises
from somalink.pipeline.record import LIVE, opened_streams
from somalink.pipeline.run import Mode, Progress, Run, put_each
from somalink.storage.local import EVER, LocalStore
from somalink.storage.rows import Recording

MOVEMENT = frozenset({Stream.ACC, Stream.STEPS, Stream.POSTURE})
AHEAD_NS = HOUR_NS
"""Movement is told so long before time comes to it: a recording that ends has a few grid points behind its last promise."""
REACH_NS = 5 * MINUTE_NS
"""A turn shows in the gate for a minute and a half: so much beyond a day is looked at."""
HELD_POINTS = Constants().motion.posture_s * SECOND_NS // GRID_NS - 1
"""Grid points after the one of a turn at which the gate still says so."""


class Bytes:
    """The raw rows of a recording, folded again as they were when they came. Remembers, with the engine, how far it has folded."""

    def __init__(self, store: LocalStore, unit: Unit, streams: frozenset[Stream], tz: str) -> None:
        self._store, self.unit, self._streams, self._tz = store, unit, streams, tz
        self.clocker = Clocker(unit, streams, tz=tz)
        self._past = Past.of(store, unit, streams)
        self._folded = 0
        self._moved_ns = EVER[0]
        self.last_utc_ns = 0

    def items(self, *, after_ns: int | None = None, slice_s: int = 3600) -> Iterator[Item]:
        """All of it, from the beginning: a first look, as a usual within the recording needs."""
        for part in Bytes(self._store, self.unit, self._streams, self._tz).parts():
            yield from part

    def parts(self) -> Iterator[list[Item]]:
        """About an hour at a time, in order of arrival; after `restore` those that were not folded yet."""
        for number, rows in enumerate(self._store.raw_in_order(self.unit), 1):
            if number <= self._folded:
                continue
            items = [item for row in rows for item in self.clocker.push(as_notified(self.unit, row))]
            self._folded, self.last_utc_ns = number, rows[-1].t_utc_ns
            ahead_ns = max(self._moved_ns, self.last_utc_ns + AHEAD_NS)
            moved, self._moved_ns = self._past.moved(self._moved_ns, ahead_ns, known=True), ahead_ns
            yield last_promises(_once_opened(items, moved))

    def state(self) -> dict[str, Any]:
        return {"clocker": self.clocker.state(), "parts": self._folded, "moved_ns": self._moved_ns, "last_utc_ns": self.last_utc_ns}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clocker.restore(state["clocker"])
        self._folded, self._moved_ns, self.last_utc_ns = state["parts"], state["moved_ns"], state["last_utc_ns"]


@dataclass(frozen=True, slots=True)
class Again:
    """A stored recording, ready to be read again. `bytes` where what was received is still there."""

    intake: Intake
    bytes: Bytes | None = None


def again(store: LocalStore, found: Recording) -> Again | None:
    """The recording from what the store has of it; None where nothing was ever made of it, or an import of it was interrupted and never ended.

    BadInput where the heart itself cannot be read again: a heart rate alone was imported, or its bytes were forgotten.
    """
    streams = opened_streams(store, found.unit)
    if streams is None or not is_whole(store, found):
        return None
    if found.row.meta == LIVE and _has_all_bytes(store, found):
        source = Bytes(store, found.unit, streams, found.row.tz)
        intake = from_clocker(source.clocker, start_ns=found.row.start_ns, tz=found.row.tz, meta=LIVE)
        return Again(replace(intake, source=source), source)
    if not streams & {Stream.RR, Stream.ECG} or (Stream.HR in streams and _rests_on_its_heart_rate(store, found.unit)):
        raise BadInput(
            f"{store.path}: of {found.unit.device} on {iso(found.row.start_ns)} the device's own heart rate is not kept, only what was made of it",
            next_step="name its recording folder too: `somalink analyse STORE FOLDER...`",
        )
    beats = from_recording(ReplaySource(_from_beats(store, found)))
    notices = [f"{found.unit.device}: its own heart rate is not kept; where intervals were thin it says nothing now"] if Stream.HR in streams else []
    return Again(replace(beats, source=Kept(store, beats.source, streams), row=replace(beats.row, meta=found.row.meta), notices=notices))


def is_whole(store: LocalStore, found: Recording) -> bool:
    """Whether the store has all that was made of a recording: no import of it was cut short, and it says what it was made of."""
    return opened_streams(store, found.unit) is not None and (found.row.state == "done" or found.row.meta == LIVE)


def lived(store: LocalStore, person: str) -> list[str]:
    """What the store has of a person, a word a recording, in order of time: another word where more has come or bytes are gone."""
    rows = {found.unit: found.row for found in store.recordings(person)}
    words = []
    for unit in store.units(person):
        row, last = rows.get(unit), store.last_raw(unit)
        has_bytes = row is not None and _has_all_bytes(store, Recording(unit, row))
        arrived = None if last is None else (last.boot_id, last.t_mono_ns, last.t_utc_ns)
        word = digest(unit.device, unit.recording, repr(row), repr(arrived), has_bytes, *store.beats_state(unit, *EVER))
        words.append((0 if row is None else row.start_ns, word))
    return [word for _, word in sorted(words)]


def _has_all_bytes(store: LocalStore, found: Recording) -> bool:
    """Whether nothing is older than the hour of the first notification that is still there: no beat, nothing said of the heart, not the beginning."""
    hours = store.raw_hours(found.unit, EVER[1])
    if not hours:
        return False
    before = (EVER[0], hours[0] * HOUR_NS)
    if found.row.start_ns < before[1] or len(store.recording_beats(found.unit, *before)):
        return False
    return not (store.recording_grid(found.unit, *before).hr != UNKNOWN).any()


def _rests_on_its_heart_rate(store: LocalStore, unit: Unit) -> bool:
    """Whether a heart rate is known somewhere that no beat came near to for an hour: it was the device's own."""
    grid, beats = store.recording_grid(unit), store.recording_beats(unit)
    known = grid.stop_ns[grid.hr != UNKNOWN]
    near = np.searchsorted(beats.t_ns, known, "right") - np.searchsorted(beats.t_ns, known - HOUR_NS)
    return bool((near == 0).any())


@dataclass(frozen=True, slots=True)
class Past:
    """What the store's present analysis knows of a recording's movement."""

    store: LocalStore
    unit: Unit
    streams: frozenset[Stream]
    days: Sequence[tuple[int, int]]
    """Looked up once: a year is asked for an hour at a time."""

    @classmethod
    def of(cls, store: LocalStore, unit: Unit, streams: frozenset[Stream]) -> Past:
        return cls(store, unit, streams, store.days(unit) if streams & MOVEMENT else [])

    def moved(self, after_ns: int, until_ns: int, *, known: bool = False) -> list[Item]:
        """Of grid points in (after, until], a day an item; `known`: of those alone at which movement was known."""
        days = [day for day in self.days if day[0] <= until_ns + 1 and day[1] > after_ns]
        grids = [self.store.recording_grid(self.unit, start - REACH_NS, stop + REACH_NS) for start, stop in days]
        found = []
        for (start, stop), grid in zip(days, grids, strict=True):
            own = (grid.stop_ns > max(after_ns, start - 1)) & (grid.stop_ns <= min(until_ns, stop - 1))
            found.append(self._of(grid, own & (grid.motion != UNKNOWN) if known else own))
        return [item for item in found if len(item.stop_ns)]

    def _of(self, grid: Grid, own: BoolArray) -> Moved:
        chest = (grid.motion != UNKNOWN) & (Stream.ACC in self.streams) & (self.unit.tier not in "CD")
        return Moved(grid.stop_ns[own], grid.motion[own], grid.posture[own], grid.steps[own], turned(grid)[own], chest[own])


def turned(grid: Grid) -> BoolArray:
    """(k,) at which the body had turned, by what the gate said of it: `posture` for a minute and a half from each turn, unless it moves.

    A turn that no gate ever showed had no effect; of one that began while the body moved, the earliest time that fits is taken. Read again by
    the same rules, the gate says the same.
    """
    shown, open_ = grid.gate == Gate.POSTURE, np.isin(grid.gate, (Gate.STILL, Gate.LIGHT))
    begins = np.flatnonzero(shown & ~np.append(False, shown[:-1]))
    ends = np.flatnonzero(shown & ~np.append(shown[1:], False))
    place = np.arange(len(grid))
    since = np.maximum.accumulate(np.where(open_, place + 1, 0))
    """The grid point after the last open one: no turn that still shows is older."""
    out = np.zeros(len(grid), bool)
    for first, last in zip(begins.tolist(), ends.tolist(), strict=True):
        newest = last - HELD_POINTS
        out[first : newest + 1] = True
        if newest < first:
            out[max(newest, int(since[first - 1]) if first else 0)] = True
    return out


class Kept:
    """Beats and gaps of the store, with what is known of contact and movement beside them, in slices as an archive has them."""

    def __init__(self, store: LocalStore, beats: Source | None, streams: frozenset[Stream]) -> None:
        assert beats is not None
        self.unit = beats.unit
        self._store, self._beats = store, beats
        self._streams = streams - {Stream.HR, Stream.ECG} | {Stream.RR}
        self._past = Past.of(store, beats.unit, streams)
        edges = store.recording_beats(beats.unit)
        self._marked = edges.take(np.isin(edges.flag, (Flag.STALE, Flag.UNTRUSTED)))
        said = [status for status in store.device_status(beats.unit) if "contact" in status.fields]
        self._contacts = [Contact(status.t_ns, bool(status.fields["contact"])) for status in said]
        self._opened_ns = next((status.t_ns for status in store.device_status(beats.unit) if "streams" in status.fields), None)

    def items(self, *, after_ns: int | None = None, slice_s: int = 3600) -> Iterator[Item]:
        told_ns = EVER[0] if after_ns is None else after_ns
        for item in self._beats.items(after_ns=after_ns, slice_s=slice_s):
            if isinstance(item, Heartbeat):
                yield from (contact for contact in self._contacts if told_ns < contact.t_ns <= item.t_ns)
                yield from self._past.moved(told_ns + AHEAD_NS, item.t_ns + AHEAD_NS)
                told_ns = item.t_ns
            yield self._as_it_was(item)

    def _as_it_was(self, item: Item) -> Item:
        if isinstance(item, Opened):
            return replace(item, streams=self._streams, t_ns=item.t_ns if self._opened_ns is None else self._opened_ns)
        if isinstance(item, Chunk) and item.stream is Stream.RR and len(self._marked):
            flags = np.full(len(item.t_ns), int(Flag.OK))
            at = np.minimum(np.searchsorted(self._marked.t_ns, item.t_ns), len(self._marked) - 1)
            here = self._marked.t_ns[at] == item.t_ns
            flags[here] = self._marked.flag[at][here]
            return replace(item, flags=flags)
        return item


def _once_opened(items: Sequence[Item], moved: Sequence[Item]) -> list[Item]:
    """Movement behind the item that opens the recording: before it nobody listens."""
    at = next((k + 1 for k, item in enumerate(items) if isinstance(item, Opened)), 0)
    return [*items[:at], *moved, *items[at:]]


def _from_beats(store: LocalStore, found: Recording) -> Whole:
    beats = store.recording_beats(found.unit)
    fine = beats.rr_fine_ns if beats.rr_fine_ns.any() else None
    row = found.row
    return Whole(
        unit=found.unit,
        start_ns=row.start_ns,
        end_ns=row.stop_ns if row.stop_ns is not None else int(beats.t_ns[-1]) if len(beats) else row.start_ns,
        offsets=tuple(store.recording_utc_offsets(found.unit)),
        samples={Stream.RR: Samples(beats.t_ns, beats.rr_ticks, fine)},
        gaps=tuple(store.recording_gaps(found.unit)),
        counts={hour: HourCount(received, refused) for hour, (received, refused) in store.refusals(found.unit).items()},
        events_refused=row.events_refused,
        start_unknown=row.start_unknown,
        simulated=row.simulated,
    )


def read_bytes(store: LocalStore, intake: Intake, source: Bytes, mode: Mode, constants: Constants, progress: Progress | None = None) -> None:
    """What was received once through the engine, into `store`. Interrupted and called again, it goes on; finished, it changes nothing."""
    known = store.recording(intake.unit)
    if known is not None and known.state == "done":
        return
    run = Run(store, intake, mode, constants, source)
    run.begin()
    for items in source.parts():
        run.take(items)
        if progress is not None:
            progress(intake.row.start_ns, source.last_utc_ns, source.last_utc_ns)
    run.finish(source.last_utc_ns or None)


def copy_said(source: LocalStore, person: str, target: LocalStore) -> None:
    """Everything the person said and set, what they were asked, and what seeds their draws, as they stand: again changes nothing."""
    target.person_secret(person, given=source.person_secret(person))
    with source.reading(), target.transaction() as write:
        put_each(write.put_event, source.every_event(person))
        put_each(write.put_session, source.sessions(person))
        put_each(write.put_plan, source.plans(person))
        for rating in source.ratings(person):
            write.put_rating(rating)
        write.put_prompts(source.prompts(person))
        for answer in source.answers(person):
            write.put_answer(answer)
        for setting in source.settings(person):
            write.put_setting(setting)
        for profile in source.profile(person):
            write.put_profile(profile)
