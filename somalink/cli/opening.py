"""Opening a store for a command: reading never makes one, telling always finds room for what is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from somalink.cli.moments import LocalTime
from somalink.cli.options import person_of, settings, store_path
from somalink.config import BY_KEY
from somalink.domain.errors import StoreError, UsageError

if TYPE_CHECKING:
    from somalink.storage.local import LocalStore


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command about one person works on: the open store, who is meant, and their local time."""

    store: LocalStore
    person: str
    local: LocalTime


@contextmanager
def reading(store: Path | None, person: str | None) -> Iterator[Desk]:
    """The store that is there, read only; StoreError when there is none."""
    from somalink.storage.local import LocalStore

    with LocalStore.open(store_path(store), create=False, read_only=True) as opened:
        who = person_of(person, opened.people())
        yield Desk(opened, who, LocalTime.of(settings().zone, opened, who))


@contextmanager
def telling(store: Path | None, person: str | None) -> Iterator[Desk]:
    """The store, made when it is not there yet: a tag may be the first thing that is ever kept, and anybody may say it."""
    from somalink.storage.local import LocalStore

    path = store_path(store)
    if store is None:
        make_room(path.parent)
    with LocalStore.open(path) as opened:
        who = person_of(None, opened.people()) if person is None else _named(person)
        yield Desk(opened, who, LocalTime.of(settings().zone, opened, who))


def _named(person: str) -> str:
    """A name that is typed need not be known yet, but must be one."""
    try:
        return str(BY_KEY["person"].parse(person))
    except ValueError as error:
        raise UsageError(f"--person {person!r} cannot be used", next_step=f"a person is {error}") from error


def make_room(folder: Path) -> None:
    """The folder of the usual store, for its owner alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: the folder cannot be made ({error.strerror})", next_step="name a store with --store, or in the settings") from error
