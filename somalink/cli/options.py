"""Options that many commands have, once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from somalink.config import Config, load
from somalink.domain.errors import UsageError
from somalink.domain.time import from_datetime

StoreOption = Annotated[Path | None, typer.Option("--store", metavar="FILE", help="Store file; default from settings.", show_default=False)]
PersonOption = Annotated[
    str | None, typer.Option("--person", metavar="ID", help="Whose; default: the only person there is, else from settings.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def settings() -> Config:
    """The settings in force; ConfigError says what is wrong with them."""
    return load(env=os.environ)


def store_path(given: Path | None) -> Path:
    """The store that was named, else the one of the settings."""
    return given if given is not None else settings().store


def person_of(given: str | None, people: list[str]) -> str:
    """Who is meant: as named, else the only one there is, else the one of the settings."""
    if given is not None:
        if people and given not in people:
            raise UsageError(f"nobody called {given} is in this store", next_step=f"known here: {', '.join(people)}")
        return given
    if len(people) == 1:
        return people[0]
    configured = settings().person
    if not people or configured in people:
        return configured
    raise UsageError("several people are in this store", next_step=f"say whose with --person: {', '.join(people)}")


def moment_ns(text: str | None, *, option: str) -> int | None:
    """An ISO 8601 time with offset as UTC ns; None stays None."""
    from datetime import datetime

    if text is None:
        return None
    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}", next_step="write it as 2026-03-01T09:00:00+01:00") from error
