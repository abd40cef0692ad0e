"""One recording through engine and store, slice by slice: 1 keep raw, 2 push, 3 keep and publish.

A slice is everything up to a heartbeat, kept in one transaction with the snapshot that follows it: after a crash the next run
takes the newest snapshot and goes on, and what was acknowledged is what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from processing.engine import Engine
from processing.snapshot import UnreadableSnapshot
from processing.within import baseline_within
from somalink.domain.constants import Constants
from somalink.domain.errors import UsageError
from somalink.domain.ports import Source
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Baseline, Beats, Candidate, ClockAnchor, Contact, Episode, Gap, Grid, Heartbeat, Item, Opened, Record, StreamClock, UtcOffset
from somalink.pipeline.intake import Counts, Intake
from somalink.pipeline.usuals import Usuals, excluded_spans, generator, next_number
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus
from somalink.storage.writer import StaleRevision, Writer

T = TypeVar("T")
PERSONAL, RECORDING = "personal", "recording"
SNAPSHOT_NS = 5 * MINUTE_NS
SLICE_S = 6 * 3600
"""An archive is taken six hours at a time: one transaction, one snapshot, a fifth of a second of work that an interruption may cost. By the
hour, every hour's blob would be written twice, since its last five seconds become FINAL with the next one: a quarter slower (measured)."""

Progress = Callable[[int, int, int], None]
"""(start, now, end) of the recording in event time."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Which usual the results are read against: the person's own history, the recording itself, or a given baseline."""

    name: str = PERSONAL
    given: Baseline | None = None

    def analysis(self, constants: Constants) -> str:
        """Name of the analysis this mode makes."""
        return constants.analysis(self.name)


@dataclass(slots=True)
class Told:
    """Records of one slice, sorted by kind."""

    beats: list[Beats]
    grids: list[Grid]
    episodes: list[Episode]
    candidates: list[Candidate]

    @classmethod
    def of(cls, records: Iterable[Record]) -> Told:
        told = cls([], [], [], [])
        shelf = {Beats: told.beats, Grid: told.grids, Episode: told.episodes, Candidate: told.candidates}
        for record in records:
            shelf[type(record)].append(record)  # type: ignore[attr-defined]
        return told


class Companion(Protocol):
    """What stands before the engine and has to be remembered with it: for a live source, how far its raw rows are dated."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


class Run:
    """One engine over one recording of one store. The caller holds the engine lock."""

    def __init__(self, store: LocalStore, intake: Intake, mode: Mode, constants: Constants, companion: Companion | None = None) -> None:
        self._store, self._intake, self._constants, self._companion = store, intake, constants, companion
        self.unit = intake.unit
        self.analysis = mode.analysis(constants)
        self._usuals: Usuals | None = None
        asks = mode.name == PERSONAL and not intake.row.start_unknown
        self.engine = Engine(self.unit, constants, self.analysis, baseline=self._frozen(mode), asks=asks)
        if asks:
            self._usuals = Usuals(store, self.unit, self.analysis, constants, from_ns=intake.row.start_ns)
        self._snapshot_ns = 0
        self._counted: Counts = {}
        self._found: Counter[int] = Counter()
        """Beats that the engine found in an ECG, by hour: no reader has counted them."""
        self.after_ns = self._resume()

    def _resume(self) -> int | None:
        """Takes the newest snapshot that can be read; None starts at the beginning."""
        found = self._store.latest_snapshot(self.unit, self.analysis)
        while found is not None:
            t_ns, blob = found
            try:
                beside = self.engine.restore(blob)
            except UnreadableSnapshot:
                found = self._store.latest_snapshot(self.unit, self.analysis, before_ns=t_ns)
                continue
            if self._companion is not None:
                self._companion.restore(beside)
            if self._usuals is not None:
                for grid in [self._store.recording_grid(self.unit, self._intake.row.start_ns, t_ns + 1, analysis=self.analysis)]:
                    self._usuals.feed(grid)
            self._snapshot_ns = t_ns
            self._find([self._store.recording_beats(self.unit, self._intake.row.start_ns, t_ns + 1)])
            return t_ns
        return None

    def _frozen(self, mode: Mode) -> Baseline | None:
        """The baseline of a mode that never refits: given, read from the store, or made from the recording itself."""
        if mode.given is not None:
            return mode.given
        if mode.name != RECORDING:
            return None
        known = [b.baseline for b in self._store.tier_baselines(self.unit.person, analysis=self.analysis) if b.tier == self.unit.tier]
        own = [b for b in known if b.recording == self.unit.recording]
        return own[0] if own else self._within(known)

    def _within(self, others: Sequence[Baseline]) -> Baseline | None:
        """Reads the recording once, without the store, to learn its usual."""
        engine = Engine(self.unit, self._constants, self.analysis, asks=False, traced=True)
        records: list[Record] = []
        for item in self._intake.source.items(slice_s=SLICE_S) if self._intake.source else ():
            records += engine.push(item)
        records += engine.flush()
        baseline = baseline_within(
            Grid.concat(Told.of(records).grids),
            engine.trace or [],
            placement=engine.placement,
            offsets=engine.offsets,
            hours_known=not self._intake.row.start_unknown,
            excluded_spans=excluded_spans(self._intake.events, self._intake.sessions, self._constants),
            excluded=[f"{event.id}@{event.revision}" for event in self._intake.events],
            generator=lambda name: generator(self._store.person_secret(self.unit.person), name),
            constants=self._constants,
        )
        if baseline is None:
            return None
        # Undated recordings all begin at one placeholder: a nanosecond tells their baselines apart.
        from_ns = baseline.from_ns
        while from_ns in {b.from_ns for b in others}:
            from_ns += 1
        known = self._store.tier_baselines(self.unit.person, analysis=self.analysis)
        return replace(baseline, number=next_number(known, self.unit.tier), from_ns=from_ns, recording=self.unit.recording)

    # ---- the three steps

    def take(self, items: Iterable[Item]) -> list[Record]:
        """One slice: items up to and with a heartbeat. Returns what became FINAL, already on disk."""
        items = list(items)
        records = [record for item in items for record in self._push(item)]
        self._keep(items, records)
        return records

    def finish(self, stop_ns: int | None = None) -> list[Record]:
        """The recording has ended; `stop_ns` where that was not known before."""
        records = self._answered(self.engine.flush())
        if self.engine.waiting is None:
            records += self.engine.flush()
        if stop_ns is not None:
            self._intake = replace(self._intake, row=replace(self._intake.row, stop_ns=stop_ns))
        self._keep([], records, done=True)
        return records

    def remember(self) -> None:
        """A snapshot out of turn: whoever goes on from here goes on from just here."""
        with self._store.transaction() as write:
            self._snapshot(write)

    def _push(self, item: Item) -> list[Record]:
        return self._answered(self.engine.push(item))

    def _answered(self, records: list[Record]) -> list[Record]:
        """Hands the engine the usual of each new day it comes to."""
        self._learn(records)
        while self.engine.waiting is not None and self._usuals is not None:
            baseline = self._usuals.answer(self.engine.waiting, placement=self.engine.placement, offsets=self.engine.offsets)
            more = self.engine.refitted(baseline)
            self._learn(more)
            records = records + more
        return records

    def _learn(self, records: Iterable[Record]) -> None:
        if self._usuals is not None:
            for record in records:
                if isinstance(record, Grid):
                    self._usuals.feed(record)

    def _keep(self, items: Iterable[Item], records: Iterable[Record], *, done: bool = False) -> None:
        told = Told.of(records)
        self._find(told.beats)
        with self._store.transaction() as write:
            self._keep_items(write, items)
            write.put_beats(self.unit, Beats.concat(told.beats))
            write.put_grid(self.unit, self.analysis, Grid.concat(told.grids))
            dropped = {episode.id for episode in told.episodes if episode.state == "dropped"}
            write.put_episodes(self.unit, self.analysis, [episode for episode in told.episodes if episode.id not in dropped])
            write.drop_episodes(self.unit.person, sorted(dropped))
            write.put_candidates(self.unit, self.analysis, told.candidates)
            if self._usuals is not None:
                self._usuals.save(write)
            remember = done or self._snapshot_due()
            if remember:
                self._snapshot(write)
            if remember or self._companion is not None:
                self._count(write)
            if done:
                write.put_recording(self.unit, replace(self._intake.row, state="done", analysis=self.analysis))
                if self._intake.row.stop_ns is not None:
                    write.compact(self._intake.row.stop_ns // HOUR_NS * HOUR_NS + 2 * HOUR_NS)

    def _find(self, beats: Iterable[Beats]) -> None:
        if self.engine.finds_beats:
            for part in beats:
                self._found.update((part.t_ns // HOUR_NS * HOUR_NS).tolist())

    def _count(self, write: Writer) -> None:
        """The hours whose account has changed: somebody who looks while a strap is worn sees an account that adds up."""
        counts = {**self._intake.counts(), **{hour: (n, {}) for hour, n in self._found.items()}}
        write.put_counts(self.unit, {hour: n for hour, n in counts.items() if self._counted.get(hour) != n})
        self._counted = dict(counts)

    def _keep_items(self, write: Writer, items: Iterable[Item]) -> None:
        """What a source says beside its samples: gaps, clocks, local time, what the device has and whether it touches the skin."""
        write.put_gaps(self.unit, [item for item in items if isinstance(item, Gap)])
        write.put_utc_offsets(self.unit, [item for item in items if isinstance(item, UtcOffset)])
        for item in items:
            if isinstance(item, ClockAnchor):
                write.put_clock(item)
            elif isinstance(item, StreamClock):
                write.put_stream_clocks(self.unit, [item])
            elif isinstance(item, Opened):
                write.put_device_status(self.unit, DeviceStatus(item.t_ns, {"tier": item.unit.tier, "streams": sorted(item.streams)}))
            elif isinstance(item, Contact):
                write.put_device_status(self.unit, DeviceStatus(item.t_ns, {"contact": item.on}))

    def _snapshot_due(self) -> bool:
        """Every five minutes of event time and at the end of every hour (contracts, section 10)."""
        told = self.engine.told_ns or 0
        return told - self._snapshot_ns >= SNAPSHOT_NS or told // HOUR_NS != self._snapshot_ns // HOUR_NS

    def _snapshot(self, write: Writer) -> None:
        """In the transaction of the rows it stands after."""
        if self.engine.told_ns is not None:
            beside = None if self._companion is None else self._companion.state()
            write.put_snapshot(self.unit, self.analysis, self.engine.told_ns, self.engine.snapshot(beside))
            closed = self.engine.told_ns // HOUR_NS * HOUR_NS - HOUR_NS
            if self._companion is not None and self._snapshot_ns < closed + HOUR_NS:
                write.compact(closed)
            self._snapshot_ns = self.engine.told_ns

    def begin(self) -> None:
        """Puts down whose recording this is and what came with it; again changes nothing."""
        intake = self._intake
        with self._store.transaction() as write:
            # Asked before too, but `analyse --keep` may have ended since, and of a device it had not met it holds no lock.
            refuse_other_analysis(self._store, self.unit.person, self.analysis)
            write.put_recording(self.unit, replace(intake.row, analysis=self.analysis))
            write.put_utc_offsets(self.unit, intake.offsets)
            write.put_counts(self.unit, intake.counts())
            for rating in intake.ratings:
                write.put_rating(rating)
            put_each(write.put_event, intake.events)
            put_each(write.put_session, intake.sessions)
            put_each(write.put_plan, intake.plans)
            write.put_prompts(intake.prompts)
            for answer in intake.answers:
                write.put_answer(answer)
            baseline = self.engine.baseline
            if baseline is not None and self._usuals is None:
                write.put_baseline(self.unit.person, self.unit.tier, self.analysis, baseline)


def put_each(put: Callable[[T], None], said: Iterable[T]) -> None:
    """What was changed here since it was exported, or is here already under the same UUID, stands as it is."""
    for each in said:
        with suppress(StaleRevision):
            put(each)


def slices(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items cut after each heartbeat."""
    part: list[Item] = []
    for item in items:
        part.append(item)
        if isinstance(item, Heartbeat):
            yield part
            part = []
    if part:
        yield part


def run_archive(store: LocalStore, intake: Intake, mode: Mode, constants: Constants, progress: Progress | None = None, *, until_ns: int | None = None) -> None:
    """A whole recording as fast as it goes. Interrupted and called again, it goes on; finished and called again, it changes nothing.

    With `until_ns` it stops there, to within a step of the grid, as if it had been interrupted.
    """
    unit = intake.unit
    with store.engine_lock(unit.person, unit.device):
        analysis = mode.analysis(constants)
        refuse_other_analysis(store, unit.person, analysis)
        if is_done(store, intake, mode, constants):
            return
        run = Run(store, intake, mode, constants)
        run.begin()
        for part in _parts(archived(intake), run.after_ns, until_ns):
            run.take(part)
            if progress is not None and isinstance(part[-1], Heartbeat):
                progress(intake.row.start_ns, part[-1].t_ns, intake.row.stop_ns or part[-1].t_ns)
        if until_ns is None:
            run.finish()
        else:
            run.remember()


def _parts(source: Source, after_ns: int | None, until_ns: int | None) -> Iterator[list[Item]]:
    """Slices of an archive; those before `until_ns` as long as ever, and the last ones as short as the grid."""
    for part in slices(source.items(after_ns=after_ns, slice_s=SLICE_S)):
        if until_ns is not None and isinstance(part[-1], Heartbeat) and part[-1].t_ns > until_ns:
            break
        yield part
        after_ns = part[-1].t_ns if isinstance(part[-1], Heartbeat) else after_ns
    else:
        return
    for part in slices(source.items(after_ns=after_ns, slice_s=GRID_NS // SECOND_NS)):
        if isinstance(part[-1], Heartbeat) and part[-1].t_ns > until_ns:
            return
        yield part


def is_done(store: LocalStore, intake: Intake, mode: Mode, constants: Constants) -> bool:
    """Whether this recording has been run to its end under this analysis."""
    known = store.recording(intake.unit)
    return known is not None and known.state == "done" and known.analysis == mode.analysis(constants)


def archived(intake: Intake) -> Source:
    """The source of an intake that can be told from any time on."""
    if intake.source is None:
        raise UsageError("a live source cannot be replayed", next_step="replay the store it was recorded into")
    return intake.source


def refuse_other_analysis(store: LocalStore, person: str, analysis: str) -> None:
    """One store shows one analysis of a person: mixing two baselines, or two versions, would make numbers that look alike and are not."""
    current = store.current_analysis(person)
    if current is None or current == analysis:
        return
    if current in {Mode(name).analysis(Constants()) for name in (PERSONAL, RECORDING)}:
        raise UsageError(
            f"{store.path}: what is here of {person} was read against another baseline",
            next_step="use the same --baseline as before, or another --store",
        )
    raise UsageError(
        f"{store.path}: what is here of {person} was read by another version of somalink, with other constants or against a baseline file",
        next_step=f"somalink analyse --keep {store.path} reads it again and goes on from there (with --baseline recording where it was filled so); "
        "or use the same --baseline as before",
    )
