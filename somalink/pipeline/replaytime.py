"""What time it is where a recording is lived again: its own, moved on between two heartbeats as fast as it is replayed."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class ReplayClock:
    """Event time. Stands still until the first heartbeat."""

    pace: float
    event_ns: int
    _at_ns: int | None = None

    def now_ns(self) -> int:
        """Event time."""
        since = 0 if self._at_ns is None else time.monotonic_ns() - self._at_ns
        return self.event_ns + int(since * self.pace)

    def stand(self, event_ns: int) -> None:
        """It is as late as this, and time does not go on by itself: a month is being made up for."""
        self.event_ns, self._at_ns = event_ns, None

    def reached(self, event_ns: int) -> None:
        """The recording has been told up to here."""
        self.event_ns, self._at_ns = max(event_ns, self.now_ns() if self._at_ns is not None else event_ns), time.monotonic_ns()
