"""A store's people read again under newer rules, into the same store, in place of the old reading.

The reading is made in a store of its own beside it, so that an interrupted one goes on and nobody sees half of it. Rows of the new analysis are then
laid beside the old ones, where no reader looks, and one transaction makes them the current ones: beats get the flags they have now, the old
analysis leaves tombstones, links are made anew. What people said stays, and so does what was decided to ask them (docs/decisions/0037).
Where less would be left than there was, nothing is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingest.ble import notes
from processing import hrv_panel
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput, EngineLocked, SomalinkError, StoreError, UsageError
from somalink.domain.identity import Unit, digest
from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import Beats, Stream
from somalink.pipeline.analysing import Given, Job, Wish, fill
from somalink.pipeline.intake import from_path
from somalink.pipeline.jobs import is_store, plan
from somalink.pipeline.live import as_notified, to_keep
from somalink.pipeline.panels import fill_panels
from somalink.pipeline.person import settle_within
from somalink.pipeline.record import closing, cut_off, opened_streams
from somalink.pipeline.rereading import is_whole, lived
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus, HrvRow, Recording
from somalink.storage.writer import Writer

Progress = Callable[[str, int, int, int], None]
"""(person, start, now, end) of the recording that is being read."""
LIVED = "read again from"
"""Keepsake of a store that is made beside another: what there was to read when it was begun or gone on with."""
STANDS = "without it this store stays as it is: go on in another one (--store)"
"""What nobody can read again is best kept where it can be seen."""
SPARE = HOUR_NS // GRID_NS
"""Grid points that a recording may lose at its ends: movement runs an hour ahead of a heart that is silent."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a person's records: the analysis before and now; `changed` False where they were read so already.

    `what` and `next_step` say why they could not be read again: then the old reading stands.
    """

    person: str
    before: str | None
    analysis: str | None
    changed: bool
    notices: tuple[str, ...] = ()
    what: str = ""
    next_step: str = ""


def supersede(
    paths: Sequence[Path], mode: Mode, constants: Constants, *, person: str | None = None, user: str = "me", progress: Progress | None = None
) -> list[Kept]:
    """Reads everybody in the stores among `paths` again; recording folders beside them give what a store does not keep.

    `user`: whose a text file is. One person who cannot be read again, being recorded for example, stops no other. Interrupted, the old analysis
    stands, and the same again goes on.
    """
    stores = [path for path in paths if path.is_file() and is_store(path)]
    if not stores:
        raise UsageError("--keep needs a store", next_step="name the store whose records are to be read again")
    wish = Wish(constants, mode)
    folders = [path for path in paths if path not in stores]
    beside = {job.person: job.given for job in plan(folders, replace(wish, mode=Mode()), Path(), person=person, user=user)} if folders else {}
    return [
        _tried(store, who, beside.get(who, ()), wish, progress)
        for path in stores
        for store in _opened(path)
        for who in store.people()
        if store.recordings(who) and person in (None, who)
    ]


def _opened(path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(path, create=False) as store:
        yield store


def _tried(store: LocalStore, person: str, folders: Sequence[Given], wish: Wish, progress: Progress | None) -> Kept:
    try:
        with _nobody_records(store, person):
            return _superseded(store, person, folders, wish, progress)
    except SomalinkError as error:
        current = store.current_analysis(person)
        if isinstance(error, EngineLocked) and current == wish.analysis:
            return Kept(person, current, current, changed=False)
        next_step = f"{error.next_step}; {STANDS}" if isinstance(error, BadInput) else error.next_step
        return Kept(person, current, current, changed=False, what=error.what, next_step=next_step)


def _superseded(store: LocalStore, person: str, folders: Sequence[Given], wish: Wish, progress: Progress | None) -> Kept:
    analysis, before = wish.analysis, store.current_analysis(person)
    again = store.path.with_name(f"{store.path.name}.{digest(person, analysis)[:12]}.again")
    notices: tuple[str, ...] = ()
    if before is None:
        raise StoreError(f"{store.path}: nothing of {person} was read yet", next_step="read it with `somalink run` or `somalink replay` first")
    if before != analysis:
        _end_cut_off(store, person)
        known, left_out = _known(store, person, folders, wish)
        job = Job(person, person, (Given(store.path, is_store=True), *known), wish, store.path.parent)
        with _begun(again, store, person) as made:
            notices = (*left_out, *fill(made, job, None if progress is None else lambda a, t, z: progress(person, a, t, z)).notices)
            _refuse_loss(made, store, person, before, analysis)
            _lay_beside(made, store, person, analysis)
            _switch(made, store, person, wish)
    _take_away(again)
    with store.transaction() as write:
        write.forget_superseded(person)
    return Kept(person, before, analysis, before != analysis, notices)


def _known(store: LocalStore, person: str, folders: Sequence[Given], wish: Wish) -> tuple[list[Given], list[str]]:
    """Those folders whose recordings the store has, and what is said of the others: taking in is more than reading, and `replay` does it."""
    recordings = {unit.recording for unit in store.units(person)}
    known = [each for each in folders if from_path(each.path, person=person, tz=None if each.path.is_dir() else wish.tz).unit.recording in recordings]
    said = [f"{each.path.name} is not in the store and was left out: `somalink replay` takes it in afterwards" for each in folders if each not in known]
    return known, said


def _begun(again: Path, store: LocalStore, person: str) -> LocalStore:
    """The store of the new reading. One that was begun goes on, unless more has come since of what it may have read."""
    now = lived(store, person)
    made = LocalStore.open(again)
    before = json.loads(made.keepsake(person, LIVED, "") or b"[]")
    if before != now[: len(before)] or len(made.recordings(person)) > len(before):
        made.close()
        _take_away(again)
        made = LocalStore.open(again)
    made.keep(person, [(LIVED, "", json.dumps(now).encode())])
    return made


@contextmanager
def _nobody_records(store: LocalStore, person: str) -> Iterator[None]:
    with ExitStack() as held:
        for device in sorted({unit.device for unit in store.units(person)}):
            held.enter_context(store.engine_lock(person, device))
        yield


def _end_cut_off(store: LocalStore, person: str) -> None:
    """Says of recordings that no program has ended that they ended: nobody records now, and the reading is to be whole."""
    closed = notes.note(notes.DOWN, notes.RESTART)
    for left in cut_off(store, person):
        if left.last.payload != closed:
            with store.transaction() as write:
                write.put_raw(left.unit, [to_keep(closing(as_notified(left.unit, left.last), notes.RESTART))])


def _take_away(again: Path) -> None:
    for end in ("", "-wal", "-shm"):
        again.with_name(again.name + end).unlink(missing_ok=True)
    for lock in again.parent.glob(f"{again.name}.*.lock"):
        lock.unlink(missing_ok=True)


# ---------------------------------------------------------------- into the store


def _refuse_loss(made: LocalStore, store: LocalStore, person: str, before: str, analysis: str) -> None:
    """StoreError where a recording would have less of a grid than it has: what the store shows now is the only place where that is."""
    for unit in store.units(person):
        was, now = store.grid_points(unit, before), made.grid_points(unit, analysis)
        if was - now > min(SPARE, was // 2):
            raise StoreError(
                f"{store.path}: of {unit.device}, recording {unit.recording}, the store shows more than can be read again from it",
                next_step=f"name its recording folder too: `somalink analyse --keep STORE FOLDER...`; {STANDS}",
            )


def _lay_beside(made: LocalStore, store: LocalStore, person: str, analysis: str) -> None:
    """Rows of the new analysis, a day a transaction, so that whoever tags waits for a day at the most.

    Those that an interrupted reading left there go first: it may have read less.
    """
    with store.transaction() as write:
        write.forget_superseded(person)
    for unit in made.units(person):
        for start, stop in made.days(unit):
            with store.transaction() as write:
                write.put_grid(unit, analysis, made.recording_grid(unit, start, stop))
        with store.transaction() as write:
            episodes = [found.episode for found in made.device_episodes(person) if found.unit == unit]
            write.put_episodes(unit, analysis, episodes)
            write.put_candidates(unit, analysis, made.recording_candidates(unit))
    with store.transaction() as write:
        for found in made.tier_baselines(person):
            write.put_baseline(person, found.tier, analysis, found.baseline)


def _switch(made: LocalStore, store: LocalStore, person: str, wish: Wish) -> None:
    """The one transaction in which the new reading takes the place of the old one."""
    rest = [_Rest.of(made, store, unit) for unit in made.units(person)]
    decided_ns = max((int(grid.stop_ns[-1]) for unit in made.units(person) if len(grid := made.recording_grid(unit))), default=None)
    with store.transaction() as write:
        if json.dumps(lived(store, person)).encode() != made.keepsake(person, LIVED, ""):
            made.keep(person, [(LIVED, "", b"[]")])
            raise EngineLocked(f"{store.path}: {person} was recorded meanwhile", next_step="run the same command again")
        _refuse_unlaid(made, store, person, wish.analysis)
        for each in rest:
            each.keep(made, write)
        write.set_current_analysis(person, wish.analysis, decided_ns=decided_ns)
        settle_within(store, write, person, wish.constants)


def _refuse_unlaid(made: LocalStore, store: LocalStore, person: str, analysis: str) -> None:
    """StoreError unless all that was read lies in the store: the last look before the old reading goes."""
    if any(store.grid_points(unit, analysis) != made.grid_points(unit, analysis) for unit in made.units(person)):
        raise StoreError(f"{store.path}: another program wrote there meanwhile", next_step="end it, then run the same command again")


@dataclass(frozen=True, slots=True)
class _Rest:
    """What of a recording belongs to no analysis, where the new reading says it otherwise: flags of beats, panels, what an import left undone."""

    unit: Unit
    beats: Beats
    panels: list[HrvRow]
    status: list[DeviceStatus]

    @classmethod
    def of(cls, made: LocalStore, store: LocalStore, unit: Unit) -> _Rest:
        days = sorted({*made.days(unit), *store.days(unit)})
        beats = Beats.concat(_differing(store.recording_beats(unit, *day), made.recording_beats(unit, *day), store, unit) for day in days)
        row = store.recording(unit)
        undone = row is None or not is_whole(store, Recording(unit, row))
        return cls(unit, beats, _panels(made, store, unit), made.device_status(unit) if undone else [])

    def keep(self, made: LocalStore, write: Writer) -> None:
        write.put_beats(self.unit, self.beats)
        write.put_hrv(self.unit, self.panels)
        for status in self.status:
            write.put_device_status(self.unit, status)
        row = made.recording(self.unit)
        if row is not None:
            write.put_recording(self.unit, row)
        write.put_gaps(self.unit, made.recording_gaps(self.unit))
        write.put_counts(self.unit, made.refusals(self.unit))
        write.put_utc_offsets(self.unit, made.recording_utc_offsets(self.unit))


def _differing(old: Beats, new: Beats, store: LocalStore, unit: Unit) -> Beats:
    """Beats of a day that are new or read otherwise, with all that share their time."""
    if len(np.setdiff1d(old.t_ns, new.t_ns)):
        found = "found in its ECG" if Stream.ECG in (opened_streams(store, unit) or ()) else "read"
        raise StoreError(
            f"{store.path}: beats of {unit.device} were {found} otherwise than now, and a beat that is kept is never taken away",
            next_step="analyse the recordings into files, or replay them into another store",
        )
    if len(old) == len(new):
        same = np.ones(len(new), bool)
        for name, column in new.arrays().items():
            same &= column == old.arrays()[name]
        return new.take(np.isin(new.t_ns, new.t_ns[~same]))
    return new


def _panels(made: LocalStore, store: LocalStore, unit: Unit) -> list[HrvRow]:
    """The panels that the store has, made anew: flags may be others now, and so may be what a panel says of the same beats."""
    have = store.hrv(unit)
    deep = {row.start_ns for row in have if not row.columns.keys().isdisjoint(hrv_panel.NONLINEAR_COLUMNS)}
    plain = {row.start_ns for row in have} - deep
    fill_panels(made, unit, nonlinear=True, only=deep)
    fill_panels(made, unit, only=plain)
    return [row for row in made.hrv(unit) if row.start_ns in plain | deep]
