"""The page from the command line: its options, how it is announced, and `somalink page`, which serves it where nothing is recorded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.opening import reading
from somalink.cli.options import PersonOption, StoreOption, settings, store_path

if TYPE_CHECKING:
    from somalink.pipeline.hub import Hub
    from somalink.pipeline.serving import Address, Page
    from somalink.storage.local import LocalStore

PageOption = Annotated[bool, typer.Option("--page/--no-page", help="Serve the page meanwhile.")]
PortOption = Annotated[int | None, typer.Option("--port", metavar="N", help="The page's port; 8765, or a free one.", show_default=False, min=1, max=65535)]
LanOption = Annotated[bool, typer.Option("--lan", help="Open the page to your own network, so that a phone can join it.")]
HttpsOption = Annotated[bool, typer.Option("--https", help="Serve it over TLS, with a certificate of your own house.")]
OpenOption = Annotated[bool, typer.Option("--open", help="Open it in this computer's browser.")]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked of the page."""

    port: int | None = None
    lan: bool = False
    https: bool = False
    open: bool = False

    def address(self) -> Address:
        from somalink.pipeline.serving import Address, names

        if not self.https:
            return Address(self.port, self.lan)
        from somalink.pipeline.certificate import certificate_for

        made = certificate_for(settings().file.parent / "tls", names(lan=self.lan))
        if made.fresh:
            console.note(f"page: a certificate was made; on each device that joins, trust this one once: {made.authority}")
        return Address(self.port, self.lan, made.certificate, made.key)


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(page)


def page(
    store: StoreOption = None,
    person: PersonOption = None,
    port: PortOption = None,
    lan: LanOption = False,
    https: HttpsOption = False,
    open: OpenOption = False,
    json: Annotated[bool, typer.Option("--json", help="The link as one JSON object on stdout.")] = False,
) -> None:
    """Give a link to the page; serve it, if nothing does.

    Each link lets one browser in, once, within 15 minutes. Where a page of this store is served already, by `run` or `replay`, the link is to that.
    """
    from somalink.pipeline.serving import running_page
    from somalink.storage.local import LocalStore

    file = store_path(store)
    with reading(store, person) as desk:
        who = desk.person
    if url := running_page(file):
        with LocalStore.open(file) as opened:
            _tell_link(_invited(opened, who, url), who, json=json, open=open)
        return
    with LocalStore.open(file) as opened:
        asyncio.run(_serve(opened, who, Wish(port, lan, https, open), json=json))


def _invited(store: LocalStore, person: str, url: str) -> str:
    from somalink.pipeline.guests import Guests

    return f"{url}/join#{Guests(store, time.time_ns).invite(person, here=True).token}"


async def _serve(store: LocalStore, person: str, wish: Wish, *, json: bool) -> None:
    from somalink.cli.running import stopped_by_signals
    from somalink.pipeline.hub import Hub

    stop, hub = stopped_by_signals(), Hub()
    async with served(store, hub, time.time_ns, wish, [person], json=json):
        await stop.wait()


@contextlib.asynccontextmanager
async def served(
    store: LocalStore,
    hub: Hub,
    now_ns: Callable[[], int],
    wish: Wish | None,
    people: Iterable[str],
    *,
    json: bool = False,
    lived: Callable[[], float | None] = lambda: None,
) -> AsyncIterator[Page | None]:
    """The page while the block runs, announced with a link for each person; nothing where none is wished for."""
    if wish is None:
        yield None
        return
    from somalink.domain.constants import Constants
    from somalink.pipeline.serving import page_of

    async with page_of(store, hub, Constants(), now_ns, settings().tz, wish.address(), wall_ns=time.time_ns, lived=lived) as page:
        if page.lan_url:
            console.note("page: open to your network. Whoever is in it sees that a page is here; what is on it, only with a link, which lets one device in.")
            if not wish.https:
                console.note("page: without --https, a phone cannot keep its screen awake, show notices or reload the page while away from home.")
        for person in people:
            _tell_link(await asyncio.to_thread(page.link, person), person, json=json, open=wish.open)
            if page.lan_url:
                _tell_code(await asyncio.to_thread(partial(page.link, person, here=False)), person)
        yield page


def _tell_link(link: str, person: str, *, json: bool, open: bool) -> None:
    if json:
        console.emit_json({"person": person, "link": link})
    console.note(f"page of {person}: {link}\n  (lets one browser in, within 15 minutes; another link: somalink page)")
    if open:
        import webbrowser

        webbrowser.open(link)


def _tell_code(link: str, person: str) -> None:
    """The link as a QR code in the terminal, where somebody looks at one."""
    console.note(f"phone of {person}: {link}")
    if console.is_watched():
        import io

        import segno

        drawn = io.StringIO()
        segno.make(link, error="l", micro=False).terminal(drawn, compact=True)
        console.note(drawn.getvalue())
