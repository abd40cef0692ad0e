"""When a notification must have been sent, told from when it and its neighbours arrived, and how many before it are missing.

A strap sends on a beat of its own, once a second; the radio delays, bunches and loses. A late notification is followed by prompt ones, a lost
one leaves every later one a second late for ever. Pure integers; knows nothing of what is inside a notification.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from somalink.domain.time import SECOND_NS

PERIOD_NS = SECOND_NS
"""Heart Rate Service: straps notify once a second."""
MISSING_NS = 6 * PERIOD_NS // 10
"""Later than the promptest ones by this much: jitter seldom is, a missing notification always."""
LEAK = 5000
"""Between two prompt arrivals the schedule may move by one part in this many: 200 ppm, two cheap crystals apart."""
VOID_MOST, VOID_NS = 3, 60 * SECOND_NS
"""So many suspicions that came to nothing, this near to one another, and a device is taken for one that keeps no beat: it notifies with each
heartbeat, or at whim."""
REGULAR = 60
"""Notifications in a row, none of them late, after which such a device is believed again: a radio that stalls looks like whim as well."""


@dataclass(slots=True)
class Cadence:
    """The schedule of one connection. `keeps` is False for a device that has none."""

    keeps: bool = True
    count: int = -1
    floor_ns: int = 0
    """Arrival of notification 0, had it been as prompt as the promptest."""
    last_ns: int = 0
    void_ns: list[int] = field(default_factory=list)
    regular: int = 0
    """How many came in a row, since it was not believed any more, that none was late."""

    def add(self, arrival_ns: int) -> int:
        """One more notification; returns by how much it is later than the schedule."""
        self.count += 1
        due = arrival_ns - self.count * PERIOD_NS
        if self.count == 0:
            self.floor_ns = due
        else:
            self.floor_ns = min(self.floor_ns + max(0, arrival_ns - self.last_ns) // LEAK, due)
        self.last_ns = arrival_ns
        if not self.keeps:
            self._believe_again(due - self.floor_ns)
        return max(0, arrival_ns - self.count * PERIOD_NS - self.floor_ns)

    def _believe_again(self, late_ns: int) -> None:
        """A schedule that is tried from here on, as long as nothing comes late on it."""
        self.regular += 1
        if late_ns >= MISSING_NS:
            self.count, self.floor_ns, self.regular = 0, self.last_ns, 0
        elif self.regular >= REGULAR:
            self.keeps, self.void_ns = True, []

    def sent_ns(self, arrival_ns: int, number: int) -> int:
        """When notification `number`, which arrived then, was sent, as far as all of them tell by now: never after it arrived."""
        return min(arrival_ns, self.floor_ns + number * PERIOD_NS) if self.keeps else arrival_ns

    def skip(self, count: int) -> None:
        """So many were lost: the schedule goes on without them."""
        self.count += count
        self.floor_ns = min(self.floor_ns, self.last_ns - self.count * PERIOD_NS)

    def was_void(self) -> None:
        """Something seemed missing, and no beat was: a notification without one, or a schedule that is none."""
        self.void_ns = [*self.void_ns, self.last_ns][-VOID_MOST:]
        if len(self.void_ns) == VOID_MOST and self.last_ns - self.void_ns[0] <= VOID_NS:
            self.keeps, self.regular = False, 0

    def state(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        return cls(**state)
