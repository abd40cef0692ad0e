"""Waiting for the radio without being held by it: some calls of some Bluetooth stacks never come back, and some come back cancelled.

Knows asyncio, and of Bluetooth only what a call of it is to raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bleak.exc import BleakError

T = TypeVar("T")

_LEFT_BEHIND: set[asyncio.Future[Any]] = set()
"""Calls that were given up. Kept until they end, so that the loop neither loses nor complains about them."""


async def within(seconds: float, call: Coroutine[Any, Any, T] | asyncio.Future[T]) -> T:
    """What `call` gives; TimeoutError after `seconds`, whether or not it then lets itself be cancelled.

    `asyncio.wait_for` would wait for a cancelled call to finish, and a disconnect on a killed bluetoothd takes ten seconds to. A call that
    was cancelled though we were not is a BleakError: Windows cancels its own when a radio or a link goes, and that must end nobody's wait.
    """
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            leave(task)
    if not task.done():
        raise TimeoutError(f"no answer within {seconds:g} s")
    try:
        return task.result()
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
        raise BleakError("cancelled") from None


def _is_cancelled() -> bool:
    """Whether somebody wants the task that runs now to end."""
    now = asyncio.current_task()
    return now is not None and now.cancelling() > 0


def leave(task: asyncio.Future[Any]) -> None:
    """Goes on without it, and without ever being told how it ended."""
    _LEFT_BEHIND.add(task)
    task.add_done_callback(_gone)


def _gone(task: asyncio.Future[Any]) -> None:
    _LEFT_BEHIND.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody is told of it: the call was given up already


async def first_of(*events: asyncio.Event, seconds: float | None = None) -> bool:
    """True as soon as one of the events is set, False when the time is over before."""
    if any(event.is_set() for event in events):
        return True
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
