"""Where live values meet whoever watches: bounded queues, one a watcher. A slow watcher loses the oldest and is told how many.

Everything here is for eyes only: FINAL records are in the store before they are published, provisional ones are nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from somalink.domain.types import Grid, IntArray, Record, Stream

QUEUE = 256
"""About four minutes of a live strap: a page that sleeps longer reads the store when it wakes."""


@dataclass(frozen=True, slots=True)
class Final:
    """A record that is on disk."""

    person: str
    device: str
    record: Record


@dataclass(frozen=True, slots=True)
class Provisional:
    """What the newest grid points look like before their beats have settled: shown, never kept, replaced by FINAL ones."""

    person: str
    device: str
    grid: Grid
    heard_ns: int | None = None
    """UTC at which the newest notification behind it arrived; None where nothing arrives, as in a replay."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Something of a person is new beside values: a tag, an episode, a link. Read the store again from `change`."""

    change: int
    person: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """What a strap's link is doing since `since_ns`: a state of `ingest.ble.states`, its words and what helps."""

    person: str
    device: str
    state: str
    words: str
    help: str
    reason: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class Setback:
    """Something failed and is tried again: what, and what would help. Never a value."""

    person: str
    device: str
    what: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a watcher should know about the stream itself: `overflow` messages were dropped from its queue."""

    overflow: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Beats as they were heard, before anything is made of them: the last one closed at `t_ns`, `rr_ms` oldest first, unbroken.

    None in it: the device was heard, and sends no intervals. `sure` is False where their arrival says that they may be misdated.
    """

    person: str
    device: str
    tier: str
    t_ns: int
    rr_ticks: tuple[int, ...]
    sure: bool = True

    @property
    def rr_ms(self) -> tuple[float, ...]:
        return tuple(round(ticks * 1000 / 1024, 1) for ticks in self.rr_ticks)


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """Samples of `stream` (acc, ecg) as they were heard, oldest first, in the form of a `Chunk`: for who breathes along, and nobody keeps them."""

    person: str
    device: str
    tier: str
    stream: Stream
    t_ns: IntArray
    values: IntArray


@dataclass(frozen=True, slots=True)
class Looked:
    """A strap's ECG was asked for, for so many seconds, since its beats were doubtful; `why` it could not be had, empty when it was."""

    person: str
    device: str
    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Prompted:
    """What is open for a person is another than before: read it from `pipeline.prompting.open_prompt`."""

    person: str


Message = Final | Provisional | Changed | Link | Setback | Status | Looked | Prompted | Heard | Traced


class Subscription:
    """One watcher's queue."""

    def __init__(self, size: int, *, values: bool, beats: bool = False, final: bool = False) -> None:
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(size)
        self._dropped = 0
        self.values, self.beats, self.final = values, beats, final

    def offer(self, message: Message | None) -> None:
        """Puts a message; when the queue is full the oldest one goes, and the watcher is told before the next it reads."""
        wanted = {Final: self.values or self.final, Provisional: self.values, Heard: self.beats, Traced: self.beats}
        if not wanted.get(type(message), True):
            return
        if self._queue.full():
            self._queue.get_nowait()
            self._dropped += 1
        self._queue.put_nowait(message)

    async def __aiter__(self) -> AsyncIterator[Message]:
        while True:
            message = await self._queue.get()
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                yield Status(dropped)
            if message is None:
                return
            yield message


class Hub:
    """Publishes to every subscription; nobody watching costs nothing."""

    def __init__(self) -> None:
        self._watchers: list[Subscription] = []

    def subscribe(self, size: int = QUEUE, *, values: bool = True, beats: bool = False, final: bool = False) -> Subscription:
        """A queue of the messages from now on; at most `size` wait in it. Without `values` only what is said of links and setbacks: a service, which
        nobody looks at, spends nothing on values for the eye. With `beats` every beat, and every sample of chest and ECG, as it is
        heard, for who breathes along. With `final` the records that are on disk, and nothing reckoned ahead for an eye."""
        watcher = Subscription(size, values=values, beats=beats, final=final)
        self._watchers.append(watcher)
        return watcher

    def leave(self, watcher: Subscription) -> None:
        """Ends a subscription."""
        self._watchers.remove(watcher)

    @property
    def watched(self) -> bool:
        """Whether anybody looks at values."""
        return any(watcher.values for watcher in self._watchers)

    @property
    def overheard(self) -> bool:
        """Whether anybody listens to beats and samples."""
        return any(watcher.beats for watcher in self._watchers)

    def publish(self, message: Message) -> None:
        for watcher in self._watchers:
            watcher.offer(message)

    def close(self) -> None:
        """Tells every watcher that nothing more will come."""
        for watcher in self._watchers:
            watcher.offer(None)
