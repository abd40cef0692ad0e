"""Waiting for a radio that may never answer."""

import asyncio

import pytest
from fast_loop import run_fast

from ingest.ble.leaving import first_of, within


def test_a_call_that_answers_in_time_gives_its_answer():
    async def answer() -> int:
        await asyncio.sleep(1)
        return 7

    assert run_fast(within(2, answer())) == 7


def test_a_call_that_neither_answers_nor_lets_itself_be_cancelled_is_left_behind():
    async def stubborn() -> None:
        for _ in range(10):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    async def ask() -> float:
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await within(2, stubborn())
        return asyncio.get_running_loop().time() - began

    assert run_fast(ask()) == pytest.approx(2)


def test_what_a_call_left_behind_raises_later_disturbs_nobody():
    async def fails_late() -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
            raise OSError("the bus has gone") from None

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            await within(2, fails_late())
        await asyncio.sleep(5)

    run_fast(ask())


def test_the_first_of_several_events_ends_a_wait_and_none_of_them_is_said_so():
    async def ask() -> tuple[bool, bool, float]:
        loop = asyncio.get_running_loop()
        one, two = asyncio.Event(), asyncio.Event()
        loop.call_later(3, two.set)
        began = loop.time()
        early = await first_of(one, two, seconds=1)
        late = await first_of(one, two, seconds=10)
        return early, late, loop.time() - began

    early, late, took = run_fast(ask())
    assert (early, late) == (False, True)
    assert took == pytest.approx(3)
