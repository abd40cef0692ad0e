"""The air between straps and whoever listens: one local link, with straps on it and chips handed out to other programs.

A listener in another process gets a fresh chip for every connection to a local socket, and speaks plain HCI over it; when that process dies
its chip leaves the air and the strap loses its link, as it would in life. The Linux kernel can be given a chip too (/dev/vhci).
Knows nothing of hearts or faults.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSink, StreamPacketSource, Transport
from bumble.transport.vhci import open_vhci_transport

from ingest.virtual.chip import Chip
from ingest.virtual.profile import About, VirtualStrap
from somalink.domain.errors import SomalinkError, UsageError

# bumble warns of every packet that crosses a disconnection, which is daily bread here.
logging.getLogger("bumble").setLevel(logging.ERROR)

OWNER_ONLY = 0o600
PRIVATE = 0o700


class Room:
    """One link and what is on it. Close it, and everything on it is gone at once, as when the power fails."""

    def __init__(self) -> None:
        self.link = LocalLink()  # type: ignore[no-untyped-call]
        self.straps: list[VirtualStrap] = []
        self._given = 0
        self._listeners: set[Listener] = set()
        self._open = contextlib.AsyncExitStack()

    def chip(self, name: str = "") -> Chip:
        """A fresh chip on the link, for a program in this process."""
        self._given += 1
        return Chip(name or f"chip {self._given}", self.link)

    async def wear(self, about: About) -> VirtualStrap:
        """Bring a strap into the room; it advertises when this returns."""
        strap = VirtualStrap(Chip(about.name, self.link), about)
        self.straps.append(strap)
        await strap.start()
        return strap

    async def listen(self, path: Path) -> None:
        """Hand out chips over a local socket that only its owner may open."""
        server = await asyncio.get_running_loop().create_unix_server(lambda: Listener(self), sock=private_socket(path))
        self._open.callback(path.unlink, missing_ok=True)
        self._open.callback(server.close)

    async def give_to_kernel(self, device: str | None = None) -> None:
        """Hand a chip to the Linux kernel, which shows it as hciN. It has no public address: bluetoothd then sets a static random one, which
        the link needs (bumble's data goes by random addresses)."""
        try:
            transport: Transport = await open_vhci_transport(device)
        except OSError as error:
            raise SomalinkError(
                f"{device or '/dev/vhci'} cannot be opened ({error.strerror})",
                next_step="load the kernel's module as root (modprobe hci_vhci), and run this as root or as a member of the device's group",
            ) from error
        self._open.push_async_callback(transport.close)
        Chip("kernel", self.link, source=transport.source, sink=transport.sink)

    def admit(self, listener: "Listener") -> None:
        self._listeners.add(listener)

    def dismiss(self, listener: "Listener") -> None:
        self._listeners.discard(listener)

    async def close(self) -> None:
        """End everything that was opened."""
        for strap in self.straps:
            await strap.stop()
        for listener in list(self._listeners):
            listener.abort()
        for chip in list(self.link.controllers):
            if isinstance(chip, Chip):
                chip.leave()
        await self._open.aclose()
        # What was on its way arrives, or finds nobody, before the loop may be closed.
        await asyncio.sleep(0)


class Listener(StreamPacketSource):
    """One accepted connection: HCI packets in, a chip of its own behind them."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room
        self._chip: Chip | None = None
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._chip = self._room.chip()
        self.set_packet_sink(self._chip)
        self._chip.set_packet_sink(StreamPacketSink(transport))
        self._room.admit(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._room.dismiss(self)
        if self._chip is not None:
            self._chip.leave()

    def abort(self) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()


@contextlib.asynccontextmanager
async def room_in_process(straps: Sequence[About] = (About(),)) -> AsyncIterator[Room]:
    """A room in this process, without a socket; on a loop whose time jumps, too."""
    room = Room()
    try:
        for about in straps:
            await room.wear(about)
        yield room
    finally:
        await room.close()


def private_socket(path: Path) -> socket.socket:
    """A bound local socket, mode 0600 before anybody can connect. What a killed program left there is cleared away."""
    if not hasattr(socket, "AF_UNIX"):
        raise SomalinkError("this system has no local sockets for the virtual strap", next_step="run it on Linux or macOS")
    path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    _clear(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(OWNER_ONLY)
    except OSError as error:
        made.close()
        raise SomalinkError(
            f"{path}: no socket can be made there ({error.strerror or error})", next_step="give a shorter path in a folder of your own"
        ) from error
    return made


def _clear(path: Path) -> None:
    """Remove a socket nobody answers on; anything else that stands there is not ours."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise UsageError(f"{path} is a file, no socket", next_step="give another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        answer = probe.connect_ex(str(path))
    if answer not in (errno.ECONNREFUSED, errno.ENOENT):
        raise UsageError(f"{path}: another virtual strap answers there", next_step="stop it, or give another path")
    path.unlink(missing_ok=True)
