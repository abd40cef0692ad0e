"""The two clocks a notification is stamped with when it arrives: one that never steps and runs on through suspend, and UTC.

Reads the machine's clocks and nothing else.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
COUNTS_SLEEP: Mapping[str, str] = {"darwin": "CLOCK_MONOTONIC"}
"""The clock that goes on while the computer sleeps, where it is not CLOCK_BOOTTIME. clock_gettime(3) of macOS: CLOCK_MONOTONIC "will continue
to increment while the system is asleep", as only CLOCK_UPTIME_RAW does not; Python's own `time.monotonic` stands still there."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment on both clocks, in ns."""

    t_mono_ns: int
    t_utc_ns: int


class Stamps(Protocol):
    """Where stamps come from. `boot_id` names the run of the monotonic clock: another boot, another line to UTC."""

    @property
    def boot_id(self) -> str: ...

    def now(self) -> Stamp: ...


class SystemStamps:
    """The machine's clocks: the one that counts sleep where there is one, else the monotonic clock, which on some systems stands still in it."""

    def __init__(self) -> None:
        self._clock = getattr(time, COUNTS_SLEEP.get(sys.platform, "CLOCK_BOOTTIME"), None)
        # Without the kernel's word every program is its own boot: its monotonic line is then never joined with another's.
        self._boot_id = BOOT_ID.read_text().strip() if BOOT_ID.exists() else uuid.uuid4().hex
        self._last_ns = 0

    @property
    def boot_id(self) -> str:
        return self._boot_id

    def now(self) -> Stamp:
        """No two stamps are equal: two notifications in one tick of a coarse clock are still two."""
        mono = time.monotonic_ns() if self._clock is None else time.clock_gettime_ns(self._clock)
        self._last_ns = max(mono, self._last_ns + 1)
        return Stamp(self._last_ns, time.time_ns())


class FasterStamps(SystemStamps):
    """The same clocks from now on at `speed` times their pace: for a virtual strap that is worn faster than life."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed
        self._from = super().now()

    def now(self) -> Stamp:
        real, begun = super().now(), self._from
        passed = int((real.t_mono_ns - begun.t_mono_ns) * self._speed)
        return Stamp(begun.t_mono_ns + passed, begun.t_utc_ns + passed)
