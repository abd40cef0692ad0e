"""A recording through engine and store in one line, and what a store holds as something that can be compared."""

import csv
import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.recording import Recording
from ingest.replay import ReplaySource
from somalink.domain.constants import Constants
from somalink.pipeline.intake import Intake, from_path, from_recording
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import RECORDING, Mode, run_archive
from somalink.storage import LocalStore
from somalink.storage.export import TABLES, export

CONSTANTS = Constants()
SECRET = "the same draws on every run"


def replay_into(store: LocalStore, what: Intake | Path | Recording, *, baseline: str = RECORDING) -> Intake:
    """What `somalink replay --speed max` does, short of the command line."""
    intake = what if isinstance(what, Intake) else from_path(what) if isinstance(what, Path) else from_recording(ReplaySource(what))
    person = intake.source.unit.person
    store.person_secret(person, given=SECRET)
    run_archive(store, intake, Mode(baseline), CONSTANTS)
    settle_person(store, person, CONSTANTS)
    return intake


@contextmanager
def archived(what: Intake | Path | Recording, file: Path, *, baseline: str = RECORDING) -> Iterator[LocalStore]:
    """A store with one recording in it."""
    with LocalStore.open(file) as store:
        replay_into(store, what, baseline=baseline)
        yield store


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, packed or not."""
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        return list(csv.DictReader(file))


def exported(store: LocalStore, out: Path, *what: str) -> dict[str, list[dict[str, str]]]:
    """The tables of an export, by name."""
    return {path.stem: table(path) for path in export(store, list(what), "csv", out)}


def export_bytes(store: LocalStore, out: Path) -> dict[str, bytes]:
    """Every table of an export, byte for byte."""
    return {path.name: path.read_bytes() for path in export(store, list(TABLES), "csv", out, notes=True)}


def dump(file: Path, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a store, change numbers and all."""
    with closing(sqlite3.connect(file)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") if name not in without]
        return {name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}
