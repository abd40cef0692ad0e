"""An event loop whose clock jumps: where a real one would wait, this one is already there. A day of a strap takes as long as its work.

What threads would do is done on the spot, so that time cannot run away from a disk. Clocks that a program reads beside the loop's come
from `LoopStamps`.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from ingest.ble.stamps import Stamp

T = TypeVar("T")
START_NS = 1_772_438_400 * 1_000_000_000
BOOT_NS = 5_000 * 1_000_000_000


class _Jumping(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waits for nothing: hands the wait to the loop as time that has passed."""

    loop: "FastLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(0.05)  # nothing is due: only another thread or a socket can wake this loop
        self.loop.now += timeout
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """See above."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (whatever a thread would have raised)
            done.set_exception(error)
        return done


class LoopStamps:
    """Both clocks of a program, told by its loop."""

    boot_id = "boot-of-the-fast-loop"

    def __init__(self, loop: asyncio.AbstractEventLoop, after_s: float = 0.0) -> None:
        """`after_s`: how much later than usual this program begins, on the same boot."""
        self._loop, self._begun = loop, loop.time() - after_s
        self._last = 0

    def now(self) -> Stamp:
        passed = round((self._loop.time() - self._begun) * 1e9)
        self._last = max(passed, self._last + 1)
        return Stamp(BOOT_NS + self._last, START_NS + self._last)


def run_fast(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on a loop that jumps."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(main)
