"""The page on an address: a server in the same loop as the radio, on this computer alone unless somebody opens it to their network."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somalink.domain.constants import Constants
from somalink.domain.errors import UsageError
from somalink.pipeline.desk import StoreDesk
from somalink.pipeline.guests import Guests
from somalink.pipeline.hub import Hub, Message
from somalink.storage.files import PRIVATE
from somalink.storage.local import LocalStore

PORT = 8765
END_S = 2
"""How long open streams are waited for at the end: they are told first, and a browser that is gone will never answer."""
MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is to be. `port` None: the usual one, or a free one where that is taken. `certificate`, `key`: over TLS."""

    port: int | None = None
    lan: bool = False
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is being served. `url` is for this computer, `lan_url` for others in the network, '' where it is closed to them."""

    url: str
    lan_url: str
    guests: Guests

    def link(self, person: str, *, here: bool = True) -> str:
        """An address that lets one browser in, once."""
        invitation = self.guests.invite(person, here=here)
        return f"{self.url if here or not self.lan_url else self.lan_url}/join#{invitation.token}"


@contextlib.asynccontextmanager
async def page_of(
    store: LocalStore, hub: Hub, constants: Constants, now_ns: Callable[[], int], tz: str, address: Address, *, wall_ns: Callable[[], int]
) -> AsyncIterator[Page]:
    """Serves the page while the block runs. UsageError when the address cannot be had."""
    from dashboards.live.app import Place, application

    loop = asyncio.get_running_loop()
    listening = listen(address)
    port = int(listening.getsockname()[1])
    secure = address.certificate is not None
    scheme = "https" if secure else "http"
    here, abroad = f"{scheme}://127.0.0.1:{port}", f"{scheme}://{lan_address()}:{port}" if address.lan else ""

    def publish(message: Message) -> None:
        loop.call_soon_threadsafe(hub.publish, message)

    guests = Guests(store, wall_ns)
    desk = StoreDesk(store, hub, constants, now_ns, tz, publish)
    app = application(desk, guests, Place(frozenset(hosts(port, lan=address.lan)), secure, address.lan, abroad or here))
    server = _server(app, address)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        with told_to_others(store.path, here):
            yield Page(here, abroad, guests)
    finally:
        server.should_exit = True
        await serving


def _server(app: Any, address: Address) -> Any:
    """uvicorn without its own signals, logs and words: whoever runs the loop ends it."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=END_S,
            limit_concurrency=MOST_AT_ONCE,
            ssl_certfile=address.certificate,
            ssl_keyfile=address.key,
        )
    )


def listen(address: Address) -> socket.socket:
    """A socket on the port that was asked for; on a free one where none was and the usual one is taken."""
    host = "0.0.0.0" if address.lan else "127.0.0.1"
    for port in (PORT, 0) if address.port is None else (address.port,):
        try:
            return socket.create_server((host, port), backlog=128)
        except OSError as error:
            taken = error
    raise UsageError(f"port {address.port} cannot be had ({taken.strerror})", next_step="name another with --port, or leave it out")


def lan_address() -> str:
    """This computer's address in its network; no packet is sent to find out. 127.0.0.1 where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of the block for documentation: routed like any other, and nobody's
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def hosts(port: int, *, lan: bool) -> set[str]:
    """What a browser may write into Host: nothing that somebody else's name server could point here."""
    names = {"localhost", "127.0.0.1", "[::1]"}
    if lan:
        name = socket.gethostname().lower().split(".")[0]
        names |= {lan_address(), name, f"{name}.local"}
    return {f"{name}:{port}" for name in names} | (set(names) if port in (80, 443) else set())


@contextlib.contextmanager
def told_to_others(store: Path, url: str) -> Iterator[None]:
    """Where the page of this store is, for other programs of the same owner, beside the store and for them alone."""
    beside = page_file(store)
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "w") as file:
        json.dump({"url": url, "pid": os.getpid()}, file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def page_file(store: Path) -> Path:
    return store.with_name(f"{store.name}-page")


def running_page(store: Path) -> str:
    """Where the page of this store is served by another program; '' where none is."""
    try:
        said = json.loads(page_file(store).read_text("utf-8"))
        os.kill(int(said["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return ""
    return str(said["url"])
