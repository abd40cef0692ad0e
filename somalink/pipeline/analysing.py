"""Whole stores and folders of recordings read anew: one job a person (or a recording), one pure function a job, one folder of Parquet a job.

`analyse` is the same in this process, in a pool of processes and on a cluster: what it needs is in its job, what it makes is a folder that
appears whole or not at all. So jobs that are done are done, whatever becomes of the others, and the same command goes on with the rest.
Knows jobs and results; `planning` makes jobs of what was named, `working` has them done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.recording import read_meta
from processing import hrv_panel
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput, SomalinkError
from somalink.domain.identity import Unit, digest
from somalink.domain.time import HOUR_NS
from somalink.pipeline.features import features_table
from somalink.pipeline.intake import from_path
from somalink.pipeline.person import settle_person
from somalink.pipeline.rereading import Again, again, copy_said, read_bytes
from somalink.pipeline.run import RECORDING, Mode, Progress, run_archive
from somalink.storage.export import TABLES, Ask, write_table
from somalink.storage.files import private_file
from somalink.storage.local import LocalStore
from somalink.storage.rows import HrvRow, Recording

RESULT = ("indices", "episodes", "links", "baselines", "gaps", "coverage")
"""Tables of a result, beside `windows` and, when asked for, `hrv`; columns as everywhere else (`storage.export`)."""
SAID = "job.json"
"""What a result says of itself; it is there when the result is whole."""
FILES = frozenset((SAID, *(f"{name}.parquet" for name in (*RESULT, "windows", "hrv"))))
"""All that may lie in the folder of a result: it is made anew only where there is nothing else."""
UNDONE = ".part"
WORK = "work.db"
"""A draft holds this store or what the result says of itself: by them it is known."""
DRAWN = "analyse"
"""Chance is drawn from the person's secret, as their store keeps it; of who is in no store from their name, so that it comes out the same everywhere."""
FORM = 1
"""Of a result's files. Another form is another key, so that results of an older program are made anew."""


@dataclass(frozen=True, slots=True)
class Given:
    """One input of a job: a recording folder, an RR text file, or a store; of a store the person's recordings, or the one that is named."""

    path: Path
    is_store: bool = False
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with every job. `window_s`, `step_s`: of the HRV features."""

    constants: Constants
    mode: Mode
    window_s: int = 300
    step_s: int = 5
    hrv: bool = False
    tz: str = "UTC"
    """Where RR text files were lived, which do not say."""
    corrected: bool = False
    """HRV features of beats put right after the fact; all else rests on flags alone."""

    @property
    def analysis(self) -> str:
        return self.mode.analysis(self.constants)


@dataclass(frozen=True, slots=True)
class Job:
    """One unit of work: a person with everything that was given of them, or one recording. `out`: the folder that gets a folder called `name`."""

    name: str
    person: str
    given: tuple[Given, ...]
    wish: Wish
    out: Path
    unread: tuple[str, ...] = ()
    """Names of what was named beside it and does not even say whose it is."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job: `done`, `skipped` (it was done before) or `failed`, then with what happened and what to do."""

    name: str
    state: str
    hours: float = 0.0
    """Of recordings, read."""
    notices: tuple[str, ...] = ()
    what: str = ""
    next_step: str = ""


def analyse(job: Job) -> Done:
    """Does one job. What a person can mend comes back as `failed`; a result that was made of the same inputs in the same way is left as it is."""
    try:
        return _analysed(job)
    except SomalinkError as error:
        return Done(job.name, "failed", what=error.what, next_step=error.next_step)


def failed(name: str, error: BaseException) -> Done:
    """A job that ended in what nobody foresaw. Of the error its kind alone is told: a message might hold values."""
    return Done(name, "failed", what=f"ended by {type(error).__name__}", next_step="run the same command again; with --jobs 1 if it ends so again")


def _analysed(job: Job) -> Done:
    place = job.out / job.name
    require_ours(place)
    inputs = [told_apart(given, job.person, job.wish.tz) for given in job.given]
    key = digest(FORM, job.wish.analysis, job.wish.window_s, job.wish.step_s, job.wish.corrected, job.wish.hrv, json.dumps(inputs, sort_keys=True))
    before = said_of(place)
    if before.get("key") == key and not before.get("unread"):
        return Done(job.name, "skipped")
    if lost := {given.get("store") or given["recording"] for given in before.get("inputs", ())} & set(job.unread) - set(before.get("unread", ())):
        raise BadInput(f"the result that is there stays, since it holds {', '.join(sorted(lost))}", next_step="mend what cannot be read, or name another --out")
    draft = Path(tempfile.mkdtemp(prefix=f".{job.name}.", suffix=UNDONE, dir=job.out))
    try:
        with LocalStore.open(draft / WORK) as store:
            read = fill(store, job, whole=False)
            if lost := set(before.get("read", ())) & set(read.unread):
                return _partly(job, read, f"the result that is there stays, since it holds {', '.join(sorted(lost))}")
            _write(store, job, draft)
        about = {"key": key, "analysis": job.wish.analysis, "inputs": inputs, "hours": read.hours, "read": read.names, "unread": sorted(read.unread)}
        _say(draft, {"job": job.name, "person": job.person, **about})
        for file in draft.glob(f"{WORK}*"):
            file.unlink()
        _put_in_place(draft, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _partly(job, read, "the result is made of the others") if read.unread else Done(job.name, "done", read.hours, read.notices)


def _partly(job: Job, read: Read, then: str) -> Done:
    """A job of which some recordings could not be read."""
    what = "; ".join(error.what for error in read.unread.values())
    return Done(job.name, "failed", read.hours, read.notices, f"{what} ({then})", next(iter(read.unread.values())).next_step)


def require_ours(place: Path) -> None:
    """BadInput where a result would take the place of anything else than an older one."""
    if not os.path.lexists(place):
        return
    if "key" not in said_of(place):
        raise BadInput(f"{place} is in the way of the result, and none of ours", next_step="name another --out")
    if others := sorted({each.name for each in place.iterdir()} - FILES):
        raise BadInput(f"{place} holds {others[0]}, which is none of ours", next_step="move it away, or name another --out")


def said_of(place: Path) -> dict[str, Any]:
    """What a result says of itself; nothing where there is none."""
    with suppress(OSError, ValueError):
        said = json.loads((place / SAID).read_text(encoding="utf-8"))
        return said if isinstance(said, dict) else {}
    return {}


def _say(place: Path, said: Mapping[str, Any]) -> None:
    with private_file(place / SAID) as file:
        file.write((json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def _put_in_place(draft: Path, place: Path) -> None:
    """The draft under its name; an older result is gone when this is there."""
    require_ours(place)
    if place.exists():
        old = draft.with_name(f"{draft.name}.old{UNDONE}")
        place.rename(old)
        draft.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        draft.rename(place)


# ---------------------------------------------------------------- what tells one input from another


def told_apart(given: Given, person: str, tz: str) -> dict[str, Any]:
    """An input by what is in it, never by where it lies: of files a hash of their bytes, of a store its change number and what it holds of the person.

    Of a text file, which does not say where it was lived, also where that is taken to be: `tz`.
    """
    if given.is_store:
        with LocalStore.open(given.path, create=False, read_only=True) as store:
            return {"store": given.path.name, "person": person, "recording": given.recording, "change": store.change, "holds": _holds(store, person)}
    files = [given.path] if given.path.is_file() else sorted(each for each in given.path.iterdir() if each.is_file())
    whole = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as bytes_:
                whole.update(f"{file.name}\0{hashlib.file_digest(bytes_, 'sha256').hexdigest()}\n".encode())
        except OSError as error:
            raise BadInput(f"{file}: cannot be read ({error.strerror})", next_step="check who owns the file") from error
    return {"recording": given.path.name, "sha256": whole.hexdigest(), **({} if given.path.is_dir() else {"tz": tz})}


def _holds(store: LocalStore, person: str) -> str:
    """What tells two stores apart whose change numbers happen to be equal: the person's recordings, what they said, and what seeds their draws."""
    said = (store.every_event, store.sessions, store.plans, store.ratings, store.prompts, store.answers, store.settings, store.profile)
    recorded = [(found.unit, found.row.start_ns, found.row.stop_ns, found.row.state) for found in store.recordings(person)]
    return digest(store.person_secret(person), recorded, *(rows(person) for rows in said))


# ---------------------------------------------------------------- the reading


@dataclass(frozen=True, slots=True)
class Read:
    """What a job has read."""

    hours: float
    notices: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Of the recordings: a folder's or file's own, in a store the recording's."""
    unread: Mapping[str, BadInput] = field(default_factory=dict)
    """Those that could not be read, and why."""


@dataclass(frozen=True, slots=True)
class _Take:
    """One recording, not read yet."""

    start_ns: int
    order: int
    given: Given
    unit: Unit | None = None
    """Of a recording in a store."""


def fill(store: LocalStore, job: Job, progress: Progress | None = None, *, whole: bool = True) -> Read:
    """Reads a job's recordings into `store`, in the order they were lived, then settles the person. Again it goes on, or changes nothing.

    BadInput for a recording that cannot be read; where the reading need not be `whole`, only if there is no other.
    """
    notices: list[str] = []
    names: list[str] = []
    missing: dict[str, BadInput] = {}
    with ExitStack() as stack:
        opened = {g.path: stack.enter_context(LocalStore.open(g.path, create=False, read_only=True)) for g in job.given if g.is_store}
        for source in opened.values():
            copy_said(source, job.person, store)
        store.person_secret(job.person, given=digest(DRAWN, job.person))
        for take in _takes(job, opened):
            name = take.given.path.name if take.unit is None else take.unit.recording
            try:
                found = _found(take, job, opened)
            except BadInput as error:
                if whole and (take.unit is None or len(job.given) == len(opened)):
                    raise
                missing[name] = error
                continue
            if found is not None:
                notices += [f"{take.given.path.name}: {notice}" for notice in found.intake.notices]
                missing.pop(found.intake.unit.recording, None)
                read(store, found, job.wish, progress)
                names.append(name)
        if missing and (whole or not names):
            raise next(iter(missing.values()))
        if not store.recordings(job.person):
            raise BadInput(f"nothing of {job.person} could be read", next_step="name a store or folders with recordings")
        settle_person(store, job.person, job.wish.constants)
    return Read(
        sum(_hours(found.row.start_ns, found.row.stop_ns) for found in store.recordings(job.person)), tuple(notices), tuple(sorted(set(names))), missing
    )


def read(store: LocalStore, found: Again, wish: Wish, progress: Progress | None = None) -> None:
    """One recording into the store, under the wish's analysis."""
    if found.bytes is not None:
        read_bytes(store, found.intake, found.bytes, wish.mode, wish.constants, progress)
    else:
        run_archive(store, found.intake, wish.mode, wish.constants, progress)


def _takes(job: Job, opened: Mapping[Path, LocalStore]) -> list[_Take]:
    """All recordings of a job in the order they began. Of one that is both in a store and a folder, the folder knows more and comes last."""
    takes: list[_Take] = []
    for order, given in enumerate(job.given):
        if not given.is_store:
            takes.append(_Take(_began(given.path), order, given))
            continue
        known = opened[given.path].recordings(job.person)
        takes += [_Take(each.row.start_ns, -1, given, each.unit) for each in known if given.recording in ("", each.unit.recording)]
    return sorted(takes, key=lambda take: (take.start_ns, take.order))


def _began(path: Path) -> int:
    """When a folder says that it began; text files, which do not say, come first."""
    return read_meta(path / "meta.json", person="anybody").start_ns if path.is_dir() else 0


def _found(take: _Take, job: Job, opened: Mapping[Path, LocalStore]) -> Again | None:
    if take.unit is None:
        return Again(from_path(take.given.path, person=job.person, tz=None if take.given.path.is_dir() else job.wish.tz))
    source = opened[take.given.path]
    row = source.recording(take.unit)
    assert row is not None
    return again(source, Recording(take.unit, row))


def _hours(start_ns: int, stop_ns: int | None) -> float:
    return 0.0 if stop_ns is None else round((stop_ns - start_ns) / HOUR_NS, 3)


# ---------------------------------------------------------------- the result


def _write(store: LocalStore, job: Job, place: Path) -> None:
    ask = Ask(store, (job.person,), notes=False)
    for name in RESULT:
        write_table(ask, TABLES[name], place / name)
    wish = job.wish
    write_table(ask, features_table(wish.window_s, wish.step_s, wish.constants.beat, corrected=wish.corrected), place / "windows")
    if job.wish.hrv:
        for unit in ask.units():
            _panels(store, unit)
        write_table(ask, TABLES["hrv"], place / "hrv")


def _panels(store: LocalStore, unit: Unit) -> None:
    """The 5-minute panel, here: the job is one of many already."""
    made = (hrv_panel.panel(window) for window in hrv_panel.windows(store.recording_beats(unit)))
    with store.transaction() as write:
        write.put_hrv(unit, [HrvRow(r.start_ns, r.stop_ns, r.n_beats, r.artefact, r.reason, r.columns) for r in made])


def results(out: Path) -> Iterator[dict[str, Any]]:
    """What the results in a folder say of themselves, by name."""
    for place in sorted(out.iterdir()):
        if place.is_dir() and not place.name.startswith(".") and (said := said_of(place)):
            yield said


def is_one_recording(mode: Mode) -> bool:
    """Whether a job is one recording: its usual is its own, so no other bears on it."""
    return mode.name == RECORDING
