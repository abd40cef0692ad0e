"""What may be asked of a device over a service of its own, and what it answers: the forms that all makers' services share.

Values and one protocol; `pmd` and `movesense` fill them. Knows nothing of radios, hearts or faults.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from somalink.domain.time import SECOND_NS
from somalink.domain.types import IntArray, Stream

UNSET_NS = 599_616_000 * SECOND_NS
"""2019-01-01 in nanoseconds since 2000: what the clock of an H10 shows at power-on when nobody ever set it."""

Encode = Callable[[int, IntArray], bytes]
"""The device's own clock at the last sample, and samples in the units of `domain.types.Chunk` -> the bytes of one notification."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A stream that was started: `size` samples a notification. `encode` None: intervals between beats, which come with the beats."""

    stream: Stream
    rate_hz: float = 0.0
    size: int = 0
    encode: Encode | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of one request: a reply, and a stream that begins or ends by it."""

    reply: bytes
    begins: Begun | None = None
    ends: Stream | None = None


class Talk(Protocol):
    """One device's side of one link: it remembers what runs."""

    def hear(self, payload: bytes, *, mtu: int, refuses: bool) -> Answer:
        """The answer to the bytes somebody wrote, whatever they are. `refuses`: no stream can be started now."""
        ...


@dataclass(frozen=True, slots=True)
class Own:
    """A maker's own service: where it is written to, where it notifies. `features`: what a read of `control` gives; empty: it cannot be read.

    `indicates`: replies come by indication of `control`; else they are notifications among the data.
    """

    service: str
    control: str
    data: str
    streams: tuple[Stream, ...]
    talk: Callable[[], Talk]
    features: bytes = b""
    indicates: bool = False


@dataclass(slots=True)
class SensorClock:
    """A device's own clock: never set, and a little fast or slow. `skew_ppm`: millionths it gains."""

    skew_ppm: float = 0.0
    ahead_ns: int = 0

    def at(self, strap_ns: int) -> int:
        """What it shows at a moment of strap time, in nanoseconds since 2000."""
        return UNSET_NS + strap_ns + round(strap_ns * self.skew_ppm / 1e6) + self.ahead_ns

    def jump(self, seconds: float) -> None:
        """Somebody set it."""
        self.ahead_ns += round(seconds * SECOND_NS)
