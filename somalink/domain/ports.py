"""The doors between the folders: small protocols that `somalink.pipeline` fills, so that siblings never meet."""

from collections.abc import Iterator
from typing import Protocol

from somalink.domain.identity import Unit
from somalink.domain.types import Baseline, Beats, Candidate, Episode, Event, Gap, Grid, Item


class Source(Protocol):
    """One recording, live or archived, as items in event time. An archive and a strap differ only here."""

    @property
    def unit(self) -> Unit: ...

    def items(self, *, after_ns: int | None = None, slice_s: int = 3600) -> Iterator[Item]:
        """Items with t > `after_ns`, cut so that every stream has been told up to each `Heartbeat`."""
        ...


class Clock(Protocol):
    """Wall and waiting time as the edges need it; the engine never has one."""

    def now_ns(self) -> int: ...

    async def sleep_until(self, t_ns: int) -> None: ...


class Reader(Protocol):
    """What the eyes (pictures, pages, exports) may ask of a store. Times are [start, stop)."""

    def people(self) -> list[str]: ...

    def units(self, person: str) -> list[Unit]: ...

    def grid(self, person: str, device: str, start_ns: int, stop_ns: int) -> Grid: ...

    def beats(self, person: str, device: str, start_ns: int, stop_ns: int) -> Beats: ...

    def gaps(self, person: str, device: str, start_ns: int, stop_ns: int) -> list[Gap]: ...

    def episodes(self, person: str, start_ns: int, stop_ns: int) -> list[Episode]: ...

    def candidates(self, person: str, start_ns: int, stop_ns: int) -> list[Candidate]: ...

    def events(self, person: str, start_ns: int, stop_ns: int) -> list[Event]: ...

    def baselines(self, person: str) -> list[Baseline]: ...
