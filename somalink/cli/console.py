"""What every command shares: results on stdout, everything else on stderr, errors with their next step, progress that stays quiet
when nobody looks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


@dataclass(slots=True)
class Verbosity:
    """How much is said on stderr; set once by the main options."""

    quiet: bool = False


SAID = Verbosity()


class Aside:
    """A stream that nothing depends on. When whoever read it has gone (`| head`, a closed terminal), nothing more is said, and the work goes on."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except OSError:
            SAID.quiet = True
            return len(text)

    def flush(self) -> None:
        try:
            self._file.flush()
        except OSError:
            SAID.quiet = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def stderr() -> Console:
    """Where people are told what happens; what befalls it never ends a command."""
    from rich.console import Console

    file = getattr(sys.stderr, "rich_proxied_file", sys.stderr)  # while a display stands, rich puts itself before it
    return Console(file=None if file is None else Aside(file), stderr=True, highlight=False, soft_wrap=True)  # type: ignore[arg-type]


def is_watched() -> bool:
    """Whether a person may be looking at stderr right now."""
    return not SAID.quiet and sys.stderr is not None and sys.stderr.isatty()


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
    if not is_watched():
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
