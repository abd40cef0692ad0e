"""`somalink scan`: which straps and watches are in reach, and whose they are."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somalink.cli import console
from somalink.cli.air import VirtualRadioOption, air, remembered_here
from somalink.cli.options import JsonOption, settings
from somalink.cli.words import TIER_WORDS
from somalink.domain.errors import DeviceNotFound

if TYPE_CHECKING:
    from rich.progress import Progress

    from ingest.ble.finding import Sighting
    from somalink.pipeline.wearing import Worn

SIGNALS = ((-60, "strong"), (-75, "good"), (-85, "weak"))
"""From so many dBm on. A strap on a chest in the same room has some -60; below -85 packets get lost, and a body in between takes 10 to 20."""
FAINT = "very weak"
REDRAW_S = 0.1

WHAT_HELPS = (
    "wear it, moistened, near this computer: a strap answers only on skin; end the phone app that may hold it (a Polar H10 takes a second"
    " connection only once that is switched on in Polar's own app); a watch has to be told to broadcast its heart rate"
)


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(scan)


def scan(
    seconds: Annotated[float, typer.Option("--seconds", metavar="N", min=0.1, max=600, help="How long to listen.")] = 10,
    everything: Annotated[bool, typer.Option("--all", help="Every device that is heard, not straps and watches alone.")] = False,
    json: JsonOption = False,
    virtual_radio: VirtualRadioOption = None,
) -> None:
    """Look which straps and watches are in reach.

    Connects to none of them. The nearest comes first; what this computer holds already comes before all.
    """
    me = settings().person
    heard = asyncio.run(_heard(seconds, virtual_radio))
    shown = [seen for seen in heard if everything or seen.is_strap]
    if not shown:
        raise DeviceNotFound(f"no strap or watch was heard in {seconds:g} s{_besides(len(heard))}", next_step=WHAT_HELPS)
    known = remembered_here()
    if json:
        console.emit_json({"devices": [_plain(seen, whose(seen, known)) for seen in shown]})
        return
    console.lines((readable(seen.name) or "(no name)", seen.address, signal(seen), "; ".join(_remarks(seen, whose(seen, known)))) for seen in shown)
    for family in dict.fromkeys(seen.family for seen in shown if not seen.heart_rate and seen.family is not None and seen.family.broadcasting):
        console.note(f"a watch sends its heart rate once it is told to; how: somalink devices {family.id}")
    if straps := [seen for seen in shown if seen.is_strap]:
        console.note(f"next: somalink run --strap {typed(straps[0], whose(straps[0], known), me)}")


# ---------------------------------------------------------------- listening


async def _heard(seconds: float, virtual: Path | None) -> list[Sighting]:
    from ingest.ble.finding import scan as listen

    async with air(virtual), _counted(seconds):
        return await listen(seconds)


@contextlib.asynccontextmanager
async def _counted(seconds: float) -> AsyncIterator[None]:
    """The seconds, as a bar on a terminal."""
    with console.progress("listening") as bar:
        counting = asyncio.ensure_future(_count(bar, seconds))
        try:
            yield
        finally:
            counting.cancel()


async def _count(bar: Progress | None, seconds: float) -> None:
    begun = asyncio.get_running_loop().time()
    while bar is not None:
        console.advance(bar, (asyncio.get_running_loop().time() - begun) / seconds)
        await asyncio.sleep(REDRAW_S)


# ---------------------------------------------------------------- what is said of a device


def signal(seen: Sighting) -> str:
    """How well it is heard, in words and dBm; nothing for one that is held and silent."""
    if seen.rssi is None:
        return "" if seen.held else "signal not told"
    return f"{strength(seen.rssi)} ({seen.rssi} dBm)"


def strength(rssi: int) -> str:
    """
    >>> strength(-55), strength(-80), strength(-95)
    ('strong', 'weak', 'very weak')
    """
    return next((word for least, word in SIGNALS if rssi >= least), FAINT)


def _remarks(seen: Sighting, person: str | None) -> list[str]:
    family = seen.family
    said = (
        (family is not None, "" if family is None else TIER_WORDS[family.tier]),
        (person is not None, f"worn by {person}"),
        (seen.held, "held by this computer already"),
        (seen.known_by_name and not seen.heart_rate, "by its name only: it does not say that it offers heart rate"),
    )
    return [words for holds, words in said if holds]


def whose(seen: Sighting, known: Sequence[Worn]) -> str | None:
    """The person who has worn this strap here before; by address, else by a name that is one unit's as far as is known here."""
    by_address = (worn.person for worn in known if (worn.wanted.address or "").casefold() == seen.address.casefold())
    by_name = (worn.person for worn in known if seen.name and worn.name == seen.name)
    return next(by_address, next(by_name, None))


def _plain(seen: Sighting, person: str | None) -> dict[str, Any]:
    family = seen.family
    return {
        "name": seen.name,
        "address": seen.address,
        "rssi_dbm": seen.rssi,
        "signal": None if seen.rssi is None else strength(seen.rssi),
        "heart_rate": seen.heart_rate,
        "by_name_only": seen.known_by_name and not seen.heart_rate,
        "held": seen.held,
        "person": person,
        "family": None if family is None else family.id,
        "tier": None if family is None else family.tier,
        "how_to_switch_on": [] if family is None else [step for each in family.broadcasting for step in each.steps],
    }


def readable(name: str) -> str:
    """A name as it may be shown: anybody in reach chooses it, and a terminal obeys some characters.

    >>> readable("Polar\\x1b[2J H10")
    'Polar?[2J H10'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def typed(seen: Sighting, person: str | None, me: str) -> str:
    """What `--strap` takes for it, so that any shell passes it on as it is: a plain name in quotes, else the address; whose, if not mine."""
    named = f'"{seen.name}"' if re.fullmatch(r"\w[\w .:+-]*", seen.name) else seen.address
    return named if person in (None, me) else f"{person}={named}"


def _besides(others: int) -> str:
    if not others:
        return ""
    return "; 1 other device was (--all lists it)" if others == 1 else f"; {others} other devices were (--all lists them)"
