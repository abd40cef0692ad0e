"""Carries connections from a container's own address to the page, which listens to 127.0.0.1 alone.

A container's published port arrives at an address of its own, where nobody listens; the page would rather not, since there it would have to take
itself for open to a network. So this runs it, and listens there on the same port; which addresses of the computer lead here, `ports:` alone
says. Knows nothing of the page, reads nothing of what it carries, and ends as the program ends.

    python relay.py PORT PROGRAM WORDS...
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

PAGE = "127.0.0.1"
PIECE = 64 * 1024


def own_address() -> str:
    """This container's address in its network; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # of the block for documentation: routed like any other, and nobody's
        return str(probe.getsockname()[0])


async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """One direction, until its sender is done or either side is gone."""
    with suppress(ConnectionError):
        while piece := await source.read(PIECE):
            sink.write(piece)
            await sink.drain()
        sink.write_eof()


async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """One connection, both ways. Where no page is there yet, it is closed, and a browser says so."""
    try:
        page_reader, page_writer = await asyncio.open_connection(PAGE, port)
    except OSError:
        await end(writer)
        return
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(carry(reader, page_writer))
            both.create_task(carry(page_reader, writer))
    finally:
        await end(page_writer)
        await end(writer)


async def end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def run(port: int, words: Sequence[str]) -> int:
    """The program, with its page carried to the outside, until it ends; its exit code. A wish to end goes to the program."""
    program = await asyncio.create_subprocess_exec(*words)
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, program.send_signal, wish)
    server = await asyncio.start_server(lambda reader, writer: through(reader, writer, port), own_address(), port)
    try:
        return await program.wait()
    finally:
        server.close()  # and no waiting for browsers, which may stay for ever: the page has told them already


if __name__ == "__main__":
    sys.exit(asyncio.run(run(int(sys.argv[1]), sys.argv[2:])))
