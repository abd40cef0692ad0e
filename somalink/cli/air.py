"""What commands share that meet straps: the air they hear, real or virtual, and the straps that are remembered here."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli.options import store_path
from somalink.domain.errors import SomalinkError

if TYPE_CHECKING:
    from somalink.pipeline.wearing import Worn

VirtualRadioOption = Annotated[
    Path | None,
    typer.Option("--virtual-radio", metavar="SOCKET", envvar="SOMALINK_VIRTUAL_RADIO", hidden=True, help="Hear a virtual strap instead of the air."),
]
VirtualSpeedOption = Annotated[
    float,
    typer.Option("--speed", min=0.1, max=1000, envvar="SOMALINK_VIRTUAL_SPEED", hidden=True, help="How fast the virtual strap is worn."),
]
"""Hidden, and no settings: nobody who wears a strap has a use for them. Their variables let a whole page of commands hear one virtual strap."""


@contextlib.asynccontextmanager
async def air(virtual: Path | None) -> AsyncIterator[None]:
    """Within it bleak hears the real air, or a virtual strap on a socket."""
    if virtual is None:
        yield
        return
    if find_spec("bumble") is None:
        raise SomalinkError("a virtual radio needs bumble, which is not installed", next_step="pip install 'somalink[virtual]'")
    from ingest.virtual.backend import installed

    async with installed(virtual):
        yield


def remembered_here(store: Path | None = None) -> list[Worn]:
    """Everybody's straps, those of the store that was named or of the usual one; none where it is not there or cannot be read."""
    from somalink.pipeline.wearing import remembered
    from somalink.storage.local import LocalStore

    with contextlib.suppress(SomalinkError), LocalStore.open(store_path(store), create=False, read_only=True) as opened:
        return [worn for person in opened.people() for worn in remembered(opened, person)]
    return []
