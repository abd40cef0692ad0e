"""What `somalink run` shows while it records: each strap's link in words, and on a terminal the body now against its usual.

Values are for the eye only: where nobody looks (a service, a log), only links are told, never a value.
"""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from rich.live import Live
from rich.table import Table
from rich.text import Text

from somalink.cli import console
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, Grid

if TYPE_CHECKING:
    from somalink.pipeline.hub import Final, Link, Looked, Provisional, Setback

OFFSET, SLOPE, TOP = 20, 20, 100
"""The index as shown: 20 is usual, 20 more for each spread above it (engine, section 6)."""
MILLI, Z_UNIT = 1000, 10_000
REDRAWS_PER_S = 2


class Display:
    """Use as a context manager; `link` and `values` take what the hub says."""

    def __init__(self, *, hide_heart_rate: bool, zone: ZoneInfo) -> None:
        self._hide, self._zone = hide_heart_rate, zone
        self._links: dict[str, Link] = {}
        self._body: dict[str, str] = {}
        self._setbacks: dict[str, str] = {}
        self._screen = Live(console=console.stderr(), refresh_per_second=REDRAWS_PER_S, transient=True) if console.is_watched() else None

    @property
    def is_looked_at(self) -> bool:
        """Whether there is a terminal to show values on."""
        return self._screen is not None

    def __enter__(self) -> Self:
        if self._screen is not None:
            self._screen.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._screen is not None:
            self._screen.stop()

    def link(self, link: Link) -> None:
        """A strap's link has changed."""
        self._links[link.device] = link
        if self._screen is None:
            at = datetime.fromtimestamp(link.since_ns / SECOND_NS, self._zone)
            console.note(f"{at:%Y-%m-%d %H:%M:%S} {link.person} {link.device}: {link.words}" + (f" ({link.reason})" if link.reason else ""))
        self._draw()

    def setback(self, setback: Setback) -> None:
        """Something failed and is tried again: said once, not at every try."""
        if self._setbacks.get(setback.device) != setback.what:
            self._setbacks[setback.device] = setback.what
            help_ = f"\n  next: {setback.next_step}" if setback.next_step else ""
            console.note(f"{setback.person} {setback.device}: {setback.what}; it is tried again{help_}")

    def looked(self, looked: Looked) -> None:
        """A strap's ECG was asked for."""
        came = "look at it with `somalink show --ecg`" if not looked.why else f"it could not be had ({looked.why})"
        console.note(f"{looked.person} {looked.device}: beats are doubtful, so its ECG was asked for, {looked.seconds:.0f} s; {came}")

    def values(self, message: Final | Provisional) -> None:
        """Newest grid point of a device."""
        grid = message.grid if hasattr(message, "grid") else message.record
        if isinstance(grid, Grid) and len(grid):
            self._body[message.device] = body_words(grid, hide_heart_rate=self._hide)
            self._draw()

    def _draw(self) -> None:
        if self._screen is None:
            return
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for device, link in sorted(self._links.items()):
            table.add_row(
                Text(device), Text(link.words), Text(self._body.get(device, "") if link.state in ("streaming", "no_contact") else link.help, style="dim")
            )
        self._screen.update(table)


def body_words(grid: Grid, *, hide_heart_rate: bool) -> str:
    """The last grid point in words: heart rate, and arousal against the usual where that is known.

    >>> body_words(Grid.empty(), hide_heart_rate=False)
    ''
    """
    if not len(grid):
        return ""
    hr, z = int(grid.hr[-1]), int(grid.z[-1])
    said = [] if hide_heart_rate or hr == UNKNOWN else [f"{hr / MILLI:.0f} bpm"]
    if z != UNKNOWN:
        said.append(f"arousal {min(max(OFFSET + SLOPE * z / Z_UNIT, 0), TOP):.0f}, usual is {OFFSET}")
    elif hr != UNKNOWN:
        said.append("your usual is still being learned")
    return " · ".join(said)
