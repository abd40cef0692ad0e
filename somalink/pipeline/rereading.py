"""A store's recordings as sources again: what was received from its bytes, what was imported from its beats.

A store keeps of an imported recording its beats and gaps, and of everything else only what the engine made of it: such a recording is
read again from its folder, and here it is said when that is needed. Knows how far a reading has come, so that an interrupted one goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingest.clocking import Clocker
from ingest.recording import HourCount, Samples
from ingest.recording import Recording as Whole
from ingest.replay import ReplaySource
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, iso
from somalink.domain.types import Item, Stream
from somalink.pipeline.intake import Intake, from_clocker, from_recording
from somalink.pipeline.live import as_notified, last_promises
from somalink.pipeline.record import LIVE, opened_streams
from somalink.pipeline.retention import is_wave
from somalink.pipeline.run import Mode, Progress, Run, put_each
from somalink.storage.local import LocalStore
from somalink.storage.rows import Recording


class Bytes:
    """The raw rows of a recording, folded again as they were when they came. Remembers, with the engine, how far it has folded."""

    def __init__(self, store: LocalStore, unit: Unit, streams: frozenset[Stream], tz: str) -> None:
        self._store, self.unit, self._streams, self._tz = store, unit, streams, tz
        self.clocker = Clocker(unit, streams, tz=tz)
        self._folded = 0
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
            yield last_promises(items)

    def state(self) -> dict[str, Any]:
        return {"clocker": self.clocker.state(), "parts": self._folded, "last_utc_ns": self.last_utc_ns}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clocker.restore(state["clocker"])
        self._folded, self.last_utc_ns = state["parts"], state["last_utc_ns"]


@dataclass(frozen=True, slots=True)
class Again:
    """A stored recording, ready to be read again. `bytes` where what was received is still there."""

    intake: Intake
    bytes: Bytes | None = None


def again(store: LocalStore, found: Recording) -> Again | None:
    """The recording from what the store has of it; None where nothing was ever made of it.

    BadInput where the store does not have enough: of an imported one more than beats, of a received one bytes that were forgotten.
    """
    streams = opened_streams(store, found.unit)
    if streams is None:
        return None
    if found.row.meta == LIVE and store.last_raw(found.unit) is not None:
        return _from_bytes(store, found, streams)
    if streams != {Stream.RR}:
        others = ", ".join(sorted(streams - {Stream.RR}))
        raise BadInput(
            f"{store.path}: of {found.unit.device} on {iso(found.row.start_ns)} the samples ({others}) are not kept, only what was made of them",
            next_step="name its recording folder too: `somalink analyse STORE FOLDER...`",
        )
    return Again(from_recording(ReplaySource(_from_beats(store, found))))


def _from_bytes(store: LocalStore, found: Recording, streams: frozenset[Stream]) -> Again:
    if gone := _forgotten(store, found, streams):
        raise BadInput(
            f"{store.path}: of {found.unit.device} on {iso(found.row.start_ns)} {gone} were forgotten by now, only what was made of them is kept",
            next_step="a store that is to be read again keeps them: set keep_waveforms_days and keep_raw_days to 0 (docs/settings.md)",
        )
    source = Bytes(store, found.unit, streams, found.row.tz)
    intake = from_clocker(source.clocker, start_ns=found.row.start_ns, tz=found.row.tz, meta=LIVE)
    return Again(Intake(intake.unit, source, intake.row, intake.offsets, intake.counts), source)


def _forgotten(store: LocalStore, found: Recording, streams: frozenset[Stream]) -> str:
    """Which bytes of its first hours are no longer there; nothing where all are."""
    hours = store.raw_hours(found.unit, 1 << 62)
    beats = store.recording_beats(found.unit, found.row.start_ns, hours[0] * HOUR_NS)
    if len(beats):
        return "its first notifications"
    grid = store.recording_grid(found.unit)
    if not streams & {Stream.ACC} or not (moved := grid.stop_ns[grid.motion >= 0]).size:
        return ""
    first = int(moved[0]) // HOUR_NS
    waves = any(is_wave(row) for hour in hours if hour <= first + 1 for row in store.raw(found.unit, hour * HOUR_NS, (hour + 1) * HOUR_NS))
    return "" if waves else "the first samples of its accelerometer"


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
