"""Samples that carry their device's own time -> our time: where each of them was, which are missing, how the two clocks run.

A device stamps the last sample of each frame with a clock of its own, which was never set and runs as fast as a cheap crystal does; frames
arrive late by what the radio pleases, and never early. So the promptest frames say how far the clocks are apart, and the stamps how far
apart samples are: a rate that is a hundredth off its name is followed by itself. Pure integers; knows nothing of bytes, streams or units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np

from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import IntArray

FIRST_NS = 4 * SECOND_NS
"""The first frames of a connection wait this long for a prompt one among them: what they are hung on holds for as long as the link does."""
LEAK = 5000
"""Between two prompt frames the distance of the clocks may grow by one part in this many: 200 ppm, two cheap crystals apart."""
SLEW = 1000
"""Samples follow a distance that has changed by at most one part in this many of the time that has passed (contracts, section 2)."""
AHEAD_NS = SECOND_NS // 10
"""No sample was taken after it came: where they are dated so by more than this, the distance was wrong, and nothing creeps back to the right one for hours."""
JUMP_NS = SECOND_NS
"""A frame this much earlier than any delay allows was not early: the device's clock was set. (One that was set back gives a stamp that was.)"""
LATE_NS = 10 * SECOND_NS
"""A frame later than this that does not follow on the one before did not wait in a radio: the device's clock was set back, and by less than it had run."""
LOST = 2
"""Half a frame missing (one part in this many of its samples) is a frame that never came; less is a rate that is not quite its name."""
FOLLOW = 16
"""The rate follows what frames say by one part in this many a frame: quick enough for a cold morning, slow enough for one odd stamp."""
PPB = 1_000_000_000
KEPT = 11
"""Distances of the clocks, one a minute, whose slope is the drift: ten minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class Dated:
    """Samples in our time. `t_ns` (n,); nothing is known of the stream in [`gap_ns`, first sample), for `why`; None: it goes on unbroken."""

    t_ns: IntArray
    values: IntArray
    gap_ns: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the two clocks stand; units as in `somalink.domain.types.StreamClock`."""

    t_ns: int
    sensor_ns: int
    offset_ns: int
    drift_ppb: int
    rate_mhz: int
    error_ns: int


@dataclass(slots=True)
class _Waiting:
    sensor_ns: int
    arrival_ns: int
    values: IntArray


@dataclass(slots=True)
class SensorClock:
    """One stream of one connection. `step_ns`: between two samples, as the device names its rate, then as it is.

    `told_ns`: our time of the last sample told, or what was given up: nothing is ever dated before it.
    """

    step_ns: int
    told_ns: int
    sensor_ns: int | None = None
    """The device's time of the last sample told."""
    offset_ns: int = 0
    """Our time less the device's, as samples are dated by; `floor_ns`: as the promptest frames say now."""
    floor_ns: int = 0
    prompt_ns: int = 0
    """When the last prompt frame arrived."""
    waiting: list[_Waiting] = field(default_factory=list)
    noted: list[tuple[int, int]] = field(default_factory=list)
    """(the device's time, distance of the clocks), one a minute."""
    counted: int = 0
    """Samples since `counted_ns` without a hole."""
    counted_ns: int = 0
    read_ns: int = 0

    # ---- what comes in

    def add(self, sensor_ns: int, values: IntArray, arrival_ns: int) -> Iterator[Dated | Reading]:
        """One frame, (n,) or (n, k) values, the last of them at `sensor_ns` of the device; none in a frame gives nothing, one that came
        twice nothing the second time."""
        if not len(values) or sensor_ns == (self.waiting[-1].sensor_ns if self.waiting else self.sensor_ns):
            return
        if self.sensor_ns is None:
            if self.waiting and not 0 < sensor_ns - self.waiting[-1].sensor_ns < FIRST_NS + LATE_NS:
                self.waiting.clear()  # its clock was set while we waited: what it said before is of no use
            self.waiting.append(_Waiting(sensor_ns, arrival_ns, values))
            if arrival_ns - self.waiting[0].arrival_ns >= FIRST_NS:
                yield from self.release()
            return
        yield from self._take(sensor_ns, values, arrival_ns)

    def release(self) -> Iterator[Dated | Reading]:
        """Dates what waits: the clocks are as far apart as the promptest of these frames says, and samples as their stamps say."""
        if not self.waiting:
            return
        steps = [(part.sensor_ns - before.sensor_ns) // len(part.values) for before, part in pairwise(self.waiting)]
        if steps:
            self.step_ns = max(1, sorted(steps)[len(steps) // 2])  # a device may name another rate than it sends
        self.offset_ns = self.floor_ns = min(part.arrival_ns - part.sensor_ns for part in self.waiting)
        self.prompt_ns = self.waiting[-1].arrival_ns
        waiting, self.waiting = self.waiting, []
        for part in waiting:
            yield from self._take(part.sensor_ns, part.values, part.arrival_ns)

    def _take(self, sensor_ns: int, values: IntArray, arrival_ns: int) -> Iterator[Dated | Reading]:
        before_ns = self.sensor_ns
        if before_ns is not None and self._was_set(sensor_ns, len(values), arrival_ns):
            yield self._set_anew(sensor_ns, values, arrival_ns)
        else:
            self._follow(sensor_ns, arrival_ns)
            yield self._first(sensor_ns, values) if before_ns is None else self._next(sensor_ns - before_ns, sensor_ns, values)
        self.sensor_ns = sensor_ns
        yield from self._read()

    # ---- the distance of the clocks

    def _was_set(self, sensor_ns: int, n: int, arrival_ns: int) -> bool:
        """A stamp that follows on the one before is of a clock that ran on, however long a busy computer or a radio kept it."""
        assert self.sensor_ns is not None
        span_ns, late_ns = sensor_ns - self.sensor_ns, arrival_ns - sensor_ns - self.floor_ns
        return span_ns <= 0 or late_ns < -JUMP_NS or (late_ns > LATE_NS and self._is_hole(span_ns, n))

    def _is_hole(self, span_ns: int, n: int) -> bool:
        """Whether samples are missing between two frames, the second of `n`."""
        return span_ns - n * self.step_ns > n * self.step_ns // LOST

    def _follow(self, sensor_ns: int, arrival_ns: int) -> None:
        """The floor goes down at once and up slowly; what samples are dated by comes after it."""
        passed_ns = max(0, sensor_ns - (sensor_ns if self.sensor_ns is None else self.sensor_ns))
        risen_ns = self.floor_ns + passed_ns // LEAK
        here_ns = arrival_ns - sensor_ns
        self.floor_ns = min(risen_ns, here_ns)
        if here_ns <= risen_ns:
            self.prompt_ns = arrival_ns
        most = passed_ns // SLEW
        self.offset_ns += min(max(self.floor_ns - self.offset_ns, -most), most)
        if self.offset_ns - here_ns > AHEAD_NS:
            self.offset_ns = here_ns

    def _set_anew(self, sensor_ns: int, values: IntArray, arrival_ns: int) -> Dated:
        """The device's clock was set. Frames may have been lost with it or not: their arrival tells, to within a frame; none is of later than that."""
        n = len(values)
        due_ns = self.told_ns + n * self.step_ns
        unbroken = arrival_ns - due_ns < n * self.step_ns
        self.offset_ns = self.floor_ns = (min(due_ns, arrival_ns) if unbroken else arrival_ns) - sensor_ns
        self.prompt_ns, self.noted = arrival_ns, []
        return self._dated(sensor_ns, values, self.step_ns, None if unbroken else self.told_ns, "clock_jump")

    # ---- where samples were

    def _first(self, sensor_ns: int, values: IntArray) -> Dated:
        return self._dated(sensor_ns, values, self.step_ns, None)

    def _next(self, span_ns: int, sensor_ns: int, values: IntArray) -> Dated:
        """Evenly since the last frame; where samples are missing between the two, at the rate of before."""
        n = len(values)
        if self._is_hole(span_ns, n):
            return self._dated(sensor_ns, values, self.step_ns, self.told_ns, "hole")
        self.step_ns = max(1, self.step_ns + (span_ns // n - self.step_ns) // FOLLOW)
        return self._dated(sensor_ns, values, 0, None)

    def _dated(self, sensor_ns: int, values: IntArray, step_ns: int, gap_ns: int | None, why: str = "") -> Dated:
        """`step_ns` 0: from the last sample told on, evenly. Nothing goes back in time, and no two samples are of one moment."""
        n = len(values)
        last_ns = max(sensor_ns + self.offset_ns, self.told_ns + n)
        since_ns = self.told_ns if not step_ns else max(last_ns - n * step_ns, self.told_ns)
        t_ns = since_ns + (last_ns - since_ns) * np.arange(1, n + 1, dtype=np.int64) // n
        if gap_ns is not None or not self.counted_ns:
            self.counted, self.counted_ns = 0, last_ns
        else:
            self.counted += n
        self.told_ns = last_ns
        return Dated(t_ns, values, gap_ns, why)

    # ---- how the clocks run

    def _read(self) -> Iterator[Reading]:
        """Once a minute, and at the beginning."""
        if self.read_ns and self.told_ns - self.read_ns < MINUTE_NS:
            return
        assert self.sensor_ns is not None
        self.read_ns = self.told_ns
        self.noted = [*self.noted, (self.sensor_ns, self.floor_ns)][-KEPT:]
        error_ns = abs(self.offset_ns - self.floor_ns) + max(0, self.told_ns - self.prompt_ns) // LEAK
        yield Reading(self.told_ns, self.sensor_ns, self.offset_ns, self._drift_ppb(), self._rate_mhz(), error_ns)

    def _drift_ppb(self) -> int:
        """Over the last ten minutes; 0 until there are two."""
        (then_ns, before), (now_ns, after) = self.noted[0], self.noted[-1]
        return (after - before) * PPB // (now_ns - then_ns) if now_ns > then_ns else 0

    def _rate_mhz(self) -> int:
        """Since the last hole; as the device names it until a sample has followed another."""
        span_ns = self.told_ns - self.counted_ns
        return self.counted * 1000 * SECOND_NS // span_ns if self.counted else 1000 * SECOND_NS // self.step_ns

    # ---- memory

    def state(self) -> dict[str, Any]:
        """Plain values."""
        waiting = [[part.sensor_ns, part.arrival_ns, part.values.tolist()] for part in self.waiting]
        names = ("step_ns", "told_ns", "sensor_ns", "offset_ns", "floor_ns", "prompt_ns", "counted", "counted_ns", "read_ns")
        return {name: getattr(self, name) for name in names} | {"waiting": waiting, "noted": [list(pair) for pair in self.noted]}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """The inverse."""
        waiting = [_Waiting(sensor_ns, arrival_ns, np.array(values, np.int64)) for sensor_ns, arrival_ns, values in state["waiting"]]
        return cls(**{**state, "waiting": waiting, "noted": [(at, distance) for at, distance in state["noted"]]})
