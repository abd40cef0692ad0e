"""The beat log: what the heart and the strap really did, a line of JSON each, to be held against what somebody received.

Every line has `t`, nanoseconds of the boot clock (one line through time whatever the wall clock does, shared by all processes of a
machine), `what` and `strap`. It is flushed line by line, so that others read it while it grows. Tests and their figures rest on it.

| what | fields |
|---|---|
| start | name, address, speed, length_s |
| beat | n, ticks, sent: the number of its notification or null; `t` is when the beat closed, so these lines may run behind |
| notification | n, link, payload (hex): heart rate; `t` is just before it was handed to the radio |
| frame | n, link, stream, count, at, sensor_ns: another stream; `at` is when its last sample was taken, on the same clock as `t` |
| connected, subscribed, unsubscribed | link |
| disconnected | link, reason (HCI) |
| fault | n, kind, state (begin or end), for_s |
| end | beats, sent |
"""

import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

OWNER_ONLY = 0o600


def boot_ns() -> int:
    """Nanoseconds since the machine started, sleep included where the system tells."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class BeatLog:
    """Where the lines go; without a path, nowhere."""

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = None
        if path is not None:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY), "a", encoding="utf-8")

    def write(self, what: str, t_ns: int, strap: int, **said: Any) -> None:
        """One line."""
        if self._file is not None:
            self._file.write(json.dumps({"t": t_ns, "what": what, "strap": strap, **said}, separators=(",", ":")) + "\n")
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            # Faults that are cut short by the end have nowhere to say so.
            self._file = None
