"""A strap that is not there: one notification a second from given beats, with everything a radio does to them.

`rows()` gives the notifications in order of arrival; `run(put)` delivers them from another thread, as a real source would.
Seeded: the same strap gives the same rows. `lost` are the beats that never arrived, `beat_ns` when each beat truly closed.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ingest.clocking import RawRow
from ingest.streams import RR, encode_rr

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class FakeStrap:
    """`beats_ticks` from `start_ns` on. Seconds in `holes` are counted from the start; nothing sent in one arrives.

    `drop`: share of notifications lost; `jitter_s`: most a notification comes late; `bunch`: share of seconds in which the radio stalls for
    up to `stall_s` and then delivers everything at once; `ppm`: how much faster the strap's clock runs than ours; `reconnects`: seconds at
    which the connection is a new one.
    """

    beats_ticks: Sequence[int] | np.ndarray
    seed: int = 0
    drop: float = 0.0
    jitter_s: float = 0.0
    bunch: float = 0.0
    stall_s: float = 4.0
    ppm: float = 0.0
    holes: Sequence[tuple[float, float]] = ()
    reconnects: Sequence[float] = ()
    start_ns: int = 1_772_352_000 * SECOND_NS
    mono_ns: int = 5_000 * SECOND_NS
    person: str = "ada"
    device: str = "fake-strap"
    boot_id: str = "boot-1"
    lost: list[int] = field(default_factory=list, compare=False)

    @cached_property
    def beat_ns(self) -> np.ndarray:
        """UTC at which each beat closed, by our clock."""
        seconds = np.cumsum(np.asarray(self.beats_ticks, np.int64)) / 1024 * (1 - self.ppm * 1e-6)
        return self.start_ns + np.rint(seconds * SECOND_NS).astype(np.int64)

    def rows(self) -> Iterator[RawRow]:
        """Notifications in order of arrival. Fills `lost`."""
        rng = np.random.default_rng(self.seed)
        self.lost.clear()
        arrived, stalled_until, sent = 0, 0, 0
        seconds = int((self.beat_ns[-1] - self.start_ns) // SECOND_NS) + 2 if len(self.beat_ns) else 0
        for second in range(1, seconds):
            now = second * SECOND_NS
            until = int(np.searchsorted(self.beat_ns, self.start_ns + now, side="right"))
            beats, sent = range(sent, until), until
            if rng.random() < self.bunch:
                stalled_until = max(stalled_until, now + int(rng.uniform(1, self.stall_s) * SECOND_NS))
            late, dropped = int(rng.uniform(0, self.jitter_s) * SECOND_NS), rng.random() < self.drop
            if dropped or any(start <= second < stop for start, stop in self.holes):
                self.lost.extend(beats)
                continue
            arrived = max(now + late, stalled_until, arrived + 1_000_000)
            yield self._row(arrived, np.asarray(self.beats_ticks, np.int64)[beats.start : beats.stop], sum(second >= at for at in self.reconnects))

    def _row(self, at_ns: int, ticks: np.ndarray, connection: int) -> RawRow:
        return RawRow(
            person=self.person,
            device=self.device,
            connection=connection,
            characteristic=RR.characteristic,
            t_mono_ns=self.mono_ns + at_ns,
            boot_id=self.boot_id,
            t_utc_ns=self.start_ns + at_ns,
            payload=encode_rr(ticks),
        )

    def run(self, put: Callable[[RawRow], None], *, wait_until: Callable[[int], None] = lambda t_utc_ns: None) -> threading.Thread:
        """Deliver every row from a thread of its own, which is returned started. `wait_until` is the fake clock: it returns when that UTC has come."""

        def deliver() -> None:
            for row in self.rows():
                wait_until(row.t_utc_ns)
                put(row)

        thread = threading.Thread(target=deliver, name="fake-strap", daemon=True)
        thread.start()
        return thread


def heart(minutes: float, *, bpm: float = 66.0, seed: int = 0) -> np.ndarray:
    """A made-up heart: ticks that wander about a rate and breathe, (n,) ints."""
    rng = np.random.default_rng(seed)
    count = int(minutes * bpm)
    wander = np.cumsum(rng.normal(0, 2.0, count))
    breath = 25 * np.sin(np.arange(count) * 60 / bpm * 2 * np.pi * 0.25)
    return np.rint(60 / bpm * 1024 + breath + wander - wander.mean() + rng.normal(0, 8, count)).clip(300, 2000).astype(np.int64)
