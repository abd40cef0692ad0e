"""How long the strap program waits for what, and how it waits longer each time: figures with their story, and one rule.

Pure; the waiting itself is done by whoever holds the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. Scaled as one when a virtual strap is worn faster than life."""

    silence: float = 5.0
    """A strap notifies every second; five without one is a dead link that nobody reported (a killed bluetoothd says nothing)."""
    connect: float = 25.0
    """One attempt with its own retries. BlueZ gives up a connect after some 20 s."""
    disconnect: float = 2.0
    """bluetoothd keeps a link that long after it was told to drop it; one that takes longer is left behind, not waited for."""
    command: float = 5.0
    """Any other word with the radio: starting or ending a scan, reading a battery."""
    first: float = 1.0
    cap: float = 8.0
    """Longest wait between attempts while the adapter is powered (science, section 7)."""
    cap_off: float = 30.0
    """While it is not. A signal that it is back ends the wait at once."""
    away: float = 45.0
    """An H10 gives its link up 45 s after it was taken off: a strap not heard for as long is probably off."""
    still: float = 10.0
    still_cap: float = 60.0
    """While there is no link, time goes on by a note in the record: first every 10 s, later every minute."""
    rescan: float = 15.0
    """A scan that has heard nothing at all for so long is begun anew: one on a bluetoothd that died stays silent for ever."""
    renew: float = 720.0
    """And after so long whatever was heard: on Windows and macOS a scan remembers every device that passed by, and a strap may be away for weeks."""
    late: float = 120.0
    """A scan that is this late in beginning or ending is cut off. Not sooner: BlueZ would go on with it for us and refuse every later one."""
    doubt: float = 10.0
    """A strap that has sent no beat for so long, or nothing that can be read, is said to. One that was just put on needs a few seconds."""
    streams: float = 15.0
    """What a device is given to begin its own streams before its heartbeats are listened to without them; an H10 needs half a second."""
    quiet: float = 60.0
    """A stream that was begun and says nothing for so long is begun anew. Optical intervals take half a minute to come."""
    battery: float = 600.0
    """Straps lose a percent in hours."""

    def faster(self, speed: float) -> Self:
        """The same for a strap whose seconds pass `speed` times as fast."""
        return replace(self, **{each.name: getattr(self, each.name) / speed for each in fields(self)})


class Backoff:
    """1, 2, 4 ... up to a cap, each between half and the whole of it: straps that failed together do not knock together."""

    def __init__(self, first: float, dice: np.random.Generator) -> None:
        self._first, self._dice, self._failures = first, dice, 0

    def reset(self) -> None:
        """Something has changed for the better: begin again with the shortest wait."""
        self._failures = 0

    def next(self, cap: float) -> float:
        """Seconds to wait after one more failure."""
        whole = min(self._first * 2.0 ** min(self._failures, 30), cap)
        self._failures += 1
        return whole * float(self._dice.uniform(0.5, 1.0))
