"""Beats that are doubtful for minutes -> a look at the strap's own ECG, for a moment, with a word to whoever watches. Decides nothing else.

An ECG costs a strap its battery, so it is asked for seldom: when two minutes in a row were doubtful while the skin was felt, and not again
within the hour. What comes is kept as raw rows like everything else; `somalink show --ecg` draws it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Grid
from somalink.pipeline.hub import Final, Hub, Looked

DOUBTFUL_NS = 2 * MINUTE_NS
AGAIN_NS = HOUR_NS
LEAST_Q = 6000
"""Quality, 1e-4, below which a heart rate is not usable (contracts, section 5)."""
MOST_ARTEFACT = 1000
"""Share of flagged beats, 1e-4, from which an episode is rejected (engine, section 3)."""

Look = Callable[[float], Awaitable[str]]
"""Asks the strap for so many seconds of its ECG; gives why it cannot, or nothing."""


@dataclass(slots=True)
class Doubt:
    """How long beats have been doubtful. A moment without a heart rate is no doubt: the strap is off, or out of reach."""

    since_ns: int | None = None
    asked_ns: int | None = None

    def add(self, grid: Grid) -> bool:
        """FINAL rows in time order; True when it is time to look."""
        columns = (grid.stop_ns, grid.hr, grid.hr_q, grid.artefact)
        due = [self._point(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
        return any(due)

    def _point(self, stop_ns: int, hr: int, quality: int, artefact: int) -> bool:
        if hr == UNKNOWN or not (quality < LEAST_Q or artefact > MOST_ARTEFACT):
            self.since_ns = None
            return False
        self.since_ns = stop_ns - GRID_NS if self.since_ns is None else self.since_ns
        rested = self.asked_ns is None or stop_ns - self.asked_ns >= AGAIN_NS
        if stop_ns - self.since_ns < DOUBTFUL_NS or not rested:
            return False
        self.asked_ns = stop_ns
        return True


async def look_when_in_doubt(hub: Hub, person: str, device: str, look: Look, seconds: float) -> None:
    """Until the hub closes. What came of a look is told there; one that could not be had is asked for again after the same rest."""
    watcher, doubt = hub.subscribe(values=False, final=True), Doubt()
    try:
        async for message in watcher:
            if (
                isinstance(message, Final)
                and (message.person, message.device) == (person, device)
                and isinstance(message.record, Grid)
                and doubt.add(message.record)
            ):
                hub.publish(Looked(person, device, seconds, await look(seconds)))
    finally:
        hub.leave(watcher)
