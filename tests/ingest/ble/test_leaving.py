"""Waiting for a radio that may never answer."""

import asyncio

import pytest
from bleak.exc import BleakError
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


def test_a_call_that_the_system_cancelled_is_an_error_and_ends_no_wait_of_ours():
    async def cancelled_below() -> None:
        raise asyncio.CancelledError

    async def ask() -> None:
        with pytest.raises(BleakError, match=r"^cancelled$"):
            await within(2, cancelled_below())
        await asyncio.sleep(1)

    run_fast(ask())


def test_who_is_told_to_end_ends_though_the_call_is_cancelled_too():
    async def cancelled_below(told: asyncio.Event) -> None:
        await told.wait()
        raise asyncio.CancelledError

    async def ask() -> None:
        told = asyncio.Event()
        asking = asyncio.ensure_future(within(2, cancelled_below(told)))
        await asyncio.sleep(1)
        told.set()
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()

    run_fast(ask())


def test_letting_go_while_told_to_end_is_cancelled_like_everything_else():
    async def cancelled_below() -> None:
        raise asyncio.CancelledError

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await within(2, cancelled_below())

    async def ask() -> None:
        working = asyncio.ensure_future(work())
        await asyncio.sleep(1)
        working.cancel()
        await asyncio.wait({working})
        assert working.cancelled()

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
