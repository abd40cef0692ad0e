"""A store's people read again under newer rules, into the same store, in place of the old reading.

The reading is made in a store of its own beside it, so that an interrupted one goes on and nobody sees half of it. Rows of the new analysis are then
laid beside the old ones, where no reader looks, and one transaction makes them the current ones: beats get the flags they have now, the old
analysis leaves tombstones, links are made anew. What people said stays, and so does what was decided to ask them (docs/decisions/0037).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingest.ble import notes
from processing import hrv_panel
from somalink.domain.constants import Constants
from somalink.domain.errors import StoreError, UsageError
from somalink.domain.identity import Unit, digest
from somalink.domain.types import Beats, IntArray
from somalink.pipeline.analysing import Given, Job, Wish, fill
from somalink.pipeline.jobs import is_store, plan
from somalink.pipeline.live import as_notified, to_keep
from somalink.pipeline.person import settle_within
from somalink.pipeline.record import closing, cut_off
from somalink.pipeline.run import Mode
from somalink.storage.local import LocalStore
from somalink.storage.rows import HrvRow
from somalink.storage.writer import Writer

Progress = Callable[[str, int, int, int], None]
"""(person, start, now, end) of the recording that is being read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a person's records: the analysis before and now; `changed` False where they were read so already."""

    person: str
    before: str | None
    analysis: str
    changed: bool
    notices: tuple[str, ...] = ()


def supersede(
    paths: Sequence[Path], mode: Mode, constants: Constants, *, person: str | None = None, user: str = "me", progress: Progress | None = None
) -> list[Kept]:
    """Reads everybody in the stores among `paths` again; recording folders beside them give what a store does not keep.

    `user`: whose a text file is. EngineLocked while somebody is being recorded. Interrupted, the old analysis stands, and the same again goes on.
    """
    stores = [path for path in paths if path.is_file() and is_store(path)]
    if not stores:
        raise UsageError("--keep needs a store", next_step="name the store whose records are to be read again")
    wish = Wish(constants, mode)
    folders = [path for path in paths if path not in stores]
    beside = {job.person: job.given for job in plan(folders, replace(wish, mode=Mode()), Path(), person=person, user=user)} if folders else {}
    return [
        _superseded(store, who, beside.get(who, ()), wish, progress)
        for path in stores
        for store in _opened(path)
        for who in store.people()
        if store.recordings(who) and person in (None, who)
    ]


def _opened(path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(path, create=False) as store:
        yield store


def _superseded(store: LocalStore, person: str, folders: Sequence[Given], wish: Wish, progress: Progress | None) -> Kept:
    analysis, before = wish.analysis, store.current_analysis(person)
    again = store.path.with_name(f"{store.path.name}.{digest(person, analysis)[:12]}.again")
    notices: tuple[str, ...] = ()
    if before != analysis:
        with _nobody_records(store, person):
            _end_cut_off(store, person)
            job = Job(person, person, (Given(store.path, is_store=True), *folders), wish, store.path.parent)
            with LocalStore.open(again) as made:
                notices = fill(made, job, None if progress is None else lambda a, t, z: progress(person, a, t, z)).notices
                _lay_beside(made, store, person, analysis)
                _switch(made, store, person, wish)
    _take_away(again)
    with store.transaction() as write:
        write.forget_superseded(person)
    return Kept(person, before, analysis, before != analysis, notices)


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


def _lay_beside(made: LocalStore, store: LocalStore, person: str, analysis: str) -> None:
    """Rows of the new analysis, a day a transaction, so that whoever tags waits for a day at the most. Again changes nothing."""
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
        for each in rest:
            each.keep(made, write)
        write.set_current_analysis(person, wish.analysis, decided_ns=decided_ns)
        settle_within(store, write, person, wish.constants)


@dataclass(frozen=True, slots=True)
class _Rest:
    """What of a recording belongs to no analysis, where the new reading says it otherwise: flags of beats, and panels that rest on them."""

    unit: Unit
    beats: Beats
    panels: list[HrvRow]

    @classmethod
    def of(cls, made: LocalStore, store: LocalStore, unit: Unit) -> _Rest:
        parts = [_differing(store.recording_beats(unit, *day), made.recording_beats(unit, *day), store, unit) for day in made.days(unit)]
        beats = Beats.concat(parts)
        return cls(unit, beats, _panels(made, store, unit, beats.t_ns))

    def keep(self, made: LocalStore, write: Writer) -> None:
        write.put_beats(self.unit, self.beats)
        write.put_hrv(self.unit, self.panels)
        row = made.recording(self.unit)
        if row is not None:
            write.put_recording(self.unit, row)
        write.put_gaps(self.unit, made.recording_gaps(self.unit))
        write.put_counts(self.unit, made.refusals(self.unit))
        write.put_utc_offsets(self.unit, made.recording_utc_offsets(self.unit))


def _differing(old: Beats, new: Beats, store: LocalStore, unit: Unit) -> Beats:
    """Beats of a day that are new or read otherwise, with all that share their time."""
    if len(np.setdiff1d(old.t_ns, new.t_ns)):
        raise StoreError(
            f"{store.path}: beats of {unit.device} were found in its ECG otherwise than now, and a beat that is kept is never taken away",
            next_step="analyse the recordings into files, or replay them into another store",
        )
    if len(old) == len(new):
        same = np.ones(len(new), bool)
        for name, column in new.arrays().items():
            same &= column == old.arrays()[name]
        return new.take(np.isin(new.t_ns, new.t_ns[~same]))
    return new


def _panels(made: LocalStore, store: LocalStore, unit: Unit, changed_ns: IntArray) -> list[HrvRow]:
    """Those panels that the store has and that hold beats which are read otherwise now."""
    have = store.hrv(unit) if len(changed_ns) else []
    held = np.searchsorted(changed_ns, [[row.start_ns, row.stop_ns] for row in have]) if have else np.zeros((0, 2), np.int64)
    stale = {row.start_ns for row, (first, last) in zip(have, held.tolist(), strict=True) if first < last}
    windows = (window for window in hrv_panel.windows(made.recording_beats(unit)) if window.start_ns in stale) if stale else ()
    return [HrvRow(r.start_ns, r.stop_ns, r.n_beats, r.artefact, r.reason, r.columns) for r in map(hrv_panel.panel, windows)]
