"""What arrives at a container's own address comes to the page, and back, whole."""

import asyncio
import contextlib
import signal
import sys

import pytest

from deploy import relay

OUTSIDE = "127.0.0.2"
"""Another address of this computer, as a container has another than loopback. Linux answers on all of 127/8."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux")


@contextlib.asynccontextmanager
async def relayed(answer):
    """A page on loopback, and a relay to it on another address; the port."""
    async with await asyncio.start_server(answer, relay.PAGE, 0) as page:
        port = page.sockets[0].getsockname()[1]
        async with await asyncio.start_server(lambda r, w: relay.through(r, w, port), OUTSIDE, port):
            yield port
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others, timeout=10)


async def echoed(reader, writer):
    """Says back what it hears, once it has heard all of it."""
    writer.write(await reader.read(-1))
    await relay.end(writer)


def test_a_long_answer_comes_whole_and_the_end_of_a_question_is_passed_on():
    async def ask():
        async with relayed(echoed) as port:
            reader, writer = await asyncio.open_connection(OUTSIDE, port)
            writer.write(said := bytes(range(256)) * 4000)
            writer.write_eof()
            answered = await reader.read(-1)
            await relay.end(writer)
            return said == answered

    assert asyncio.run(ask())


def test_an_answer_that_never_ends_comes_as_it_is_said():
    """A page's stream of heartbeats."""

    async def beats(reader, writer):
        await reader.readline()
        writer.write(b"beat\n")
        await writer.drain()
        await reader.read(-1)
        await relay.end(writer)

    async def ask():
        async with relayed(beats) as port:
            reader, writer = await asyncio.open_connection(OUTSIDE, port)
            writer.write(b"listen\n")
            heard = await asyncio.wait_for(reader.readline(), 10)
            await relay.end(writer)
            return heard

    assert asyncio.run(ask()) == b"beat\n"


def test_where_no_page_is_the_door_is_closed():
    async def ask():
        async with relayed(echoed) as port:
            pass
        async with await asyncio.start_server(lambda r, w: relay.through(r, w, port), OUTSIDE, port):
            reader, writer = await asyncio.open_connection(OUTSIDE, port)
            answered = await asyncio.wait_for(reader.read(-1), 10)
            await relay.end(writer)
            return answered

    assert asyncio.run(ask()) == b""


def test_it_ends_as_its_program_ends(monkeypatch):
    monkeypatch.setattr(relay, "own_address", lambda: OUTSIDE)
    assert asyncio.run(relay.run(0, [sys.executable, "-c", "raise SystemExit(3)"])) == 3


def test_a_wish_to_end_is_the_programs_to_fulfil(monkeypatch):
    """It may have beats in its hands: nothing is ended under it."""
    monkeypatch.setattr(relay, "own_address", lambda: OUTSIDE)
    program = "import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(7))\nos.kill(os.getppid(), signal.SIGTERM)\nsignal.pause()"
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert asyncio.run(relay.run(0, [sys.executable, "-c", program])) == 7
    finally:
        signal.signal(signal.SIGTERM, before)
