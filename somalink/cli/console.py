"""What every command shares: results on stdout, everything else on stderr, errors with their next step, progress that stays quiet
when nobody looks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@dataclass(slots=True)
class Verbosity:
    """How much is said on stderr; set once by the main options."""

    quiet: bool = False


SAID = Verbosity()


def stderr() -> Console:
    """Where people are told what happens."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def stdout() -> Console:
    """Where results go that are meant to be read by people."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """A line for whoever watches; silent with --quiet."""
    if not SAID.quiet:
        stderr().print(text, markup=False)


def lines(rows: Iterable[tuple[str, ...]]) -> None:
    """Rows on stdout, columns aligned, as wide as they are: what is cut to a terminal cannot be searched."""
    known = [tuple(cell.replace("\n", " ") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*known, strict=True)]
    for row in known:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


def emit_json(value: Any) -> None:
    """One JSON object on stdout and nothing else (contracts, section 7)."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def progress(what: str) -> Iterator[Progress | None]:
    """A progress bar on stderr while a terminal looks; None otherwise."""
    if SAID.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr(), transient=True) as bar:
        bar.add_task(what, total=1.0)
        yield bar


def advance(bar: Progress | None, share: float) -> None:
    """Moves the only task of a bar to `share` of 1."""
    if bar is not None:
        bar.update(bar.tasks[0].id, completed=min(max(share, 0.0), 1.0))
