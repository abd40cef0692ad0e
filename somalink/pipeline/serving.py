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
from urllib.parse import urlsplit

from somalink.domain.constants import Constants
from somalink.domain.errors import UsageError
from somalink.domain.identity import digest
from somalink.pipeline.desk import StoreDesk, done
from somalink.pipeline.guests import Guests
from somalink.pipeline.hub import Hub, Message
from somalink.storage.files import PRIVATE
from somalink.storage.local import LocalStore

PORT = 8765
LOOK_S = 1.0
END_S = 2
"""How long open streams are waited for at the end: they are told first, and a browser that is gone will never answer."""
MOST_AT_ONCE = 1000
MOST_FROM_ONE = 64
"""Connections of one address in the network: a household behind one router, not somebody who takes all there are."""
HEAD_S = 10.0
"""In which a connection has to say what it wants: one that does not costs a handle that the radio or the store may need."""


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
    store: LocalStore,
    hub: Hub,
    constants: Constants,
    now_ns: Callable[[], int],
    tz: str,
    address: Address,
    *,
    wall_ns: Callable[[], int],
    lived: Callable[[], float | None] = done,
) -> AsyncIterator[Page]:
    """Serves the page while the block runs, and then tells the hub's watchers that nothing more comes. UsageError when the address cannot be had."""
    from dashboards.live.app import Place, application

    loop = asyncio.get_running_loop()

    def publish(message: Message) -> None:
        loop.call_soon_threadsafe(hub.publish, message)

    with listen(address) as listening:
        port, secure = int(listening.getsockname()[1]), address.certificate is not None
        scheme = "https" if secure else "http"
        here, abroad = f"{scheme}://127.0.0.1:{port}", f"{scheme}://{lan_address()}:{port}" if address.lan else ""
        guests = Guests(store, wall_ns)
        desk = StoreDesk(store, hub, constants, now_ns, tz, publish, lived)
        place = Place(frozenset(hosts(port, lan=address.lan)), secure, address.lan, abroad or here, cookie_name(store.path, secure=secure))
        server = _server(application(desk, guests, place), address)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        try:
            while not server.started and not serving.done():
                await asyncio.sleep(0.01)
            if not serving.done():
                with told_to_others(store.path, here):
                    yield Page(here, abroad, guests)
        finally:
            hub.close()  # open streams end by themselves, before the server looks for any
            server.should_exit = True
            await serving


def cookie_name(store: Path, *, secure: bool) -> str:
    """Another for each store, since a browser sends one port's cookies to all others; with TLS also one that plain http can neither read nor set."""
    return f"{'__Host-' if secure else ''}somalink-{digest('page', str(store.resolve()))[:8]}"


def most_at_once() -> int:
    """Connections at once: at most half of the handles that this process may have, which the store and the radio need as well."""
    try:
        import resource
    except ImportError:  # Windows counts no handles
        return MOST_AT_ONCE
    return min(MOST_AT_ONCE, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2, 64))


def _server(app: Any, address: Address) -> Any:
    """uvicorn without its own signals, logs and words: whoever runs the loop ends it. What fails inside a request is told by the door."""
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        """Closes a connection that does not say in time what it wants, and one of too many."""

        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            host = self.client[0] if self.client else ""
            mine = sum((getattr(each, "client", None) or ("",))[0] == host for each in self.connections)
            if len(self.connections) > most or (mine > MOST_FROM_ONE and not host.startswith("127.")):
                transport.abort()
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
            super().connection_lost(exc)

        def _wait(self) -> None:
            """A request that is being answered has no hurry; anything before it has."""
            cycle: Any = self.cycle
            answering = cycle is not None and not cycle.response_complete
            if answering and self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
            elif not answering and self._waiting is None:
                self._waiting = self.loop.call_later(HEAD_S, self.transport.abort)

    most = most_at_once()

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
            limit_concurrency=most,
            log_level="critical",
            proxy_headers=False,
            http=Impatient,
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


def names(*, lan: bool) -> list[str]:
    """What this computer is called by whoever may open the page."""
    name = socket.gethostname().lower().split(".")[0]
    known = ["localhost", "127.0.0.1", *((lan_address(), f"{name}.local", name) if lan else ())]
    return list(dict.fromkeys(each for each in known if each.isascii()))


def hosts(port: int, *, lan: bool) -> set[str]:
    """What a browser may write into Host: nothing that somebody else's name server could point here."""
    known = names(lan=lan)
    return {f"{name}:{port}" for name in known} | (set(known) if port in (80, 443) else set())


@contextlib.contextmanager
def told_to_others(store: Path, url: str) -> Iterator[None]:
    """Where the page of this store is, for other programs of the same owner, beside the store and for them alone."""
    beside, said = page_file(store), json.dumps({"url": url, "pid": os.getpid()})
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "w") as file:
        file.write(said)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if beside.read_text("utf-8") == said:  # a page that began later has put its own there
                beside.unlink()


def page_file(store: Path) -> Path:
    return store.with_name(f"{store.name}-page")


def running_page(store: Path) -> str:
    """Where the page of this store is served by another program; '' where none is, or one that was killed left its word behind."""
    try:
        url = str(json.loads(page_file(store).read_text("utf-8"))["url"])
        there = urlsplit(url)
        with socket.create_connection((str(there.hostname), there.port or 0), timeout=LOOK_S):
            return url
    except (OSError, ValueError, KeyError, TypeError):
        return ""
