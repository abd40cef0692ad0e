"""Beats of an optical device, that come in batches of some seconds: when each was, and whether a batch is missing (science.md, section 7).

The intervals of such a device are good for the heart's rhythm and no clock: summed up they drift. So each batch is dated by its arrival, its
last beat a constant while before, those before it by subtraction. A batch leaves at any moment between two beats, which blurs that by a whole
interval, and radios hold batches up. So batches that follow one another closely enough are joined, and the seam is drawn towards the
arrivals little by little. Takes the place of `ingest.chain` where notifications come a batch at a time. Pure integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any, Self

import numpy as np

from ingest.chain import OVERLAP_NS, SUSPEND_NS, Dating
from ingest.dating import span_ns, tick_ns
from somalink.domain.types import Chunk, Flag, Gap, IntArray, Stream

LATENCY_NS = 400_000_000
"""From the last beat of a batch to its arrival: half an interval at 75 bpm. What a device's own reckoning takes besides nobody has measured."""
PULL = 4
"""A batch is moved towards its arrival by one part in this many of what it is off: drift is followed, the blur of an interval is not."""
HALVES = 3
"""A batch joins the last one if it lies less than so many half intervals behind it: two that leaving between beats explains, and one more. One
lost interval can hide in that, two cannot."""
FIRST, MOST = 2, 3
"""So many batches may tell where a first one lies, and whether one is missing: ten seconds after it was seen, the answer is due (engine.md, section 6)."""


@dataclass(slots=True)
class Batch:
    """Beats that are not dated yet."""

    ticks: list[int]
    flags: list[int]
    arrival_ns: int


@dataclass(slots=True)
class PpiDating(Dating):
    """`told_ns`: time of the last beat told, or what was given up; nothing older is ever told. `late_ns`: how old a beat may be when it
    arrives. `anchor_ns`: where the last batch ends; None where the next one does not join it. `waiting`: batches that are not dated yet: a first
    one, or one that leaves a hole, waits for others, since it may have been held up."""

    told_ns: int
    late_ns: int
    anchor_ns: int | None = None
    arrival_ns: int = 0
    """When the last batch arrived that was told."""
    gap_from_ns: int = 0
    why: str = ""
    waiting: list[Batch] = field(default_factory=list)

    # ---- what comes in

    def add(self, ticks: IntArray, flags: IntArray, arrival_ns: int) -> Iterator[Chunk | Gap]:
        """One batch, (n,) ticks oldest first and what the device says of each; an empty one is passed over."""
        if not len(ticks):
            return
        self.waiting.append(Batch(ticks.tolist(), flags.tolist(), arrival_ns))
        if len(self.waiting) >= (FIRST if self.anchor_ns is None else MOST) or self._joins():
            yield from self._tell()

    def cut(self, reason: str) -> Iterator[Chunk | Gap]:
        """The connection ends: what waits is dated as well as it can be, and the next batch begins after a Gap for `reason`."""
        yield from self.release()
        self.anchor_ns, self.why, self.gap_from_ns = None, reason, self.told_ns

    def release(self) -> Iterator[Chunk | Gap]:
        """Tells what waits."""
        if self.waiting:
            yield from self._tell()

    # ---- where batches belong

    def _begun_ns(self) -> int:
        """When the first waiting interval began, by the promptest of the arrivals: being held up makes a batch later, never earlier."""
        spans = accumulate(span_ns(sum(batch.ticks)) for batch in self.waiting)
        return min(batch.arrival_ns - LATENCY_NS - span for batch, span in zip(self.waiting, spans, strict=True))

    def _off_ns(self) -> int:
        """How much later than the end of the last batch that is."""
        assert self.anchor_ns is not None
        return self._begun_ns() - self.anchor_ns

    def _joins(self) -> bool:
        return self.anchor_ns is not None and self._off_ns() * 2 < self._usual_ns() * HALVES

    def _usual_ns(self) -> int:
        """A middling interval of these."""
        ticks = sorted(x for batch in self.waiting for x in batch.ticks)
        return span_ns(ticks[len(ticks) // 2])

    def _tell(self) -> Iterator[Chunk | Gap]:
        if self.anchor_ns is None:
            yield from self._begin(self._begun_ns(), self.why)
        elif self._joins():
            yield from self._join(self._off_ns())
        else:
            yield from self._begin(self._begun_ns(), self._reason())

    def _reason(self) -> str:
        return "suspend" if self.waiting[0].arrival_ns - self.arrival_ns > SUSPEND_NS else "hole"

    # ---- dating them

    def _join(self, off_ns: int) -> Iterator[Chunk | Gap]:
        """On from the last batch. One that lies far before it was not lived, or UTC was set back: there is no time left for it."""
        assert self.anchor_ns is not None
        if off_ns < -OVERLAP_NS:
            yield self._crowded()
        else:
            yield self._dated(self.anchor_ns + max(off_ns // PULL, 1 - span_ns(self.waiting[0].ticks[0])))

    def _begin(self, begun_ns: int, reason: str) -> Iterator[Chunk | Gap]:
        """Anew, behind a Gap where there is a reason for one; but never before what was told."""
        first = span_ns(self.waiting[0].ticks[0])
        if self.told_ns + 1 - (begun_ns + first) > OVERLAP_NS:
            yield self._crowded()
            return
        first_ns = max(begun_ns + first, self.told_ns + 1)
        if reason:
            since_ns = self.gap_from_ns if self.anchor_ns is None else self.told_ns
            yield Gap(Stream.RR, since_ns, first_ns, reason, max(0, first_ns - since_ns - first))
        yield self._dated(first_ns - first)

    def _dated(self, begun_ns: int) -> Chunk:
        """The waiting beats end to end from `begun_ns` on; each is stale by its own arrival."""
        ticks, flags, arrival_ns = self._columns()
        t_ns = begun_ns + tick_ns(np.cumsum(ticks))
        flags = np.where(t_ns < arrival_ns - self.late_ns, int(Flag.STALE), flags)
        self.anchor_ns = int(t_ns[-1])
        return self._told(t_ns, ticks, flags)

    def _crowded(self) -> Chunk:
        """Told all the same, one behind the other and not to be trusted; what comes next begins anew."""
        ticks, flags, _ = self._columns()
        t_ns = self.told_ns + np.arange(1, len(ticks) + 1)
        self.anchor_ns, self.why, self.gap_from_ns = None, "drift", int(t_ns[-1])
        return self._told(t_ns, ticks, np.full_like(flags, int(Flag.UNTRUSTED)))

    def _columns(self) -> tuple[IntArray, IntArray, IntArray]:
        """Ticks, flags and arrival of each waiting beat."""
        ticks = np.array([x for batch in self.waiting for x in batch.ticks], np.int64)
        flags = np.array([x for batch in self.waiting for x in batch.flags], np.int64)
        arrival_ns = np.array([batch.arrival_ns for batch in self.waiting for _ in batch.ticks], np.int64)
        return ticks, flags, arrival_ns

    def _told(self, t_ns: IntArray, ticks: IntArray, flags: IntArray) -> Chunk:
        self.told_ns, self.arrival_ns = int(t_ns[-1]), self.waiting[-1].arrival_ns
        self.waiting.clear()
        return Chunk(Stream.RR, t_ns, ticks, flags)

    # ---- memory

    def state(self) -> dict[str, Any]:
        """Everything needed to go on."""
        return asdict(self)

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """A dating as it was."""
        return cls(**{**state, "waiting": [Batch(**batch) for batch in state["waiting"]]})
