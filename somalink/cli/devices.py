"""`somalink devices`: which straps and watches are known, what each gives, how to switch a watch's broadcast on, and what was ever tried.

Reads the catalogue alone; hears nothing and opens no store.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from ingest.devices.catalogue import Family, Switching, Want

WIDTH = 100


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(devices)


def devices(
    which: Annotated[str | None, typer.Argument(metavar="[DEVICE]", help="A maker, a model, or the name that a scan shows; all where none is given.")] = None,
    json: JsonOption = False,
) -> None:
    """What is known of straps and watches, and how to switch a watch's heart rate on.

    Any other device with the standard heart rate service works as well; this is what is known beforehand.
    """
    found = _asked_for(which)
    if json:
        console.emit_json({"devices": [plain(family) for family in found]})
    elif len(found) == 1:
        sys.stdout.write("\n".join(_page(found[0])) + "\n")
    else:
        console.lines((family.id, family.title, _tier(family), _strongest(family)) for family in found)
        example = next((family.id for family in found if family.broadcasting), found[0].id)
        console.note(f"next: somalink devices {example}")


def _asked_for(which: str | None) -> Sequence[Family]:
    """All of them; the one of that id; those whose maker or model says the word; else the one that goes by such a name."""
    from ingest.devices.catalogue import families, named

    known = families()
    word = " ".join((which or "").split()).casefold()
    if word in known:
        return [known[word]]
    if said := [family for family in known.values() if word in f"{family.id} {family.title}".casefold()]:
        return said
    if by_name := named(which):
        return [by_name]
    raise UsageError(
        f"no device like {which!r} is described here",
        next_step="`somalink devices` lists those that are; any other with the standard heart rate service works too, and `somalink scan` hears it",
    )


# ---------------------------------------------------------------- in words


def _page(family: Family) -> Iterator[str]:
    """Everything of one family, the most useful first."""
    from ingest.devices.catalogue import QUIRKS, SERVICES, TIER_GIVES, TRIED

    yield f"{family.title}: {_tier(family)}"
    yield from _wrapped(f"gives {TIER_GIVES[family.tier]}")
    for switching in family.broadcasting:
        yield ""
        yield f"to switch it on ({switching.models}){'' if switching.verified else '; unverified, nobody has read its manual here'}"
        yield from (line for k, step in enumerate(switching.steps, 1) for line in _wrapped(step, f"  {k}. "))
        if switching.source:
            yield from _wrapped(f"after: {switching.source}")
    yield ""
    yield "to know"
    yield from (line for quirk in family.quirks for line in _wrapped(QUIRKS[quirk], "  - "))
    yield from (line for words in family.notes for line in _wrapped(words, "  - "))
    yield ""
    yield from _wrapped(f"speaks {SERVICES[family.service]}; worn on the {family.location}; sends {sends(family)}", "")
    yield from _wrapped(f"latency: {late(family)}", "")
    yield from _wrapped("tried: " + "; ".join(f"{tried.on} ({tried.what or TRIED[tried.on]})" for tried in family.tried), "")


def _wrapped(words: str, first: str = "  ") -> Iterator[str]:
    yield from textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False, break_on_hyphens=False)


def _tier(family: Family) -> str:
    from somalink.cli.words import TIER_WORDS

    return TIER_WORDS[family.tier]


def _strongest(family: Family) -> str:
    """On what it was run that says most."""
    return f"tried: {family.tried[0].on}"


def sends(family: Family) -> str:
    """What comes by itself, and what is asked for, in words."""
    own = "heart rate and intervals" if len(family.sends) > 1 else "a heart rate"
    return "; ".join([own, *(want_words(want) for want in family.wants)])


def want_words(want: Want) -> str:
    """A stream as it is asked for."""
    rate = f" {want.rate_hz} times a second" if want.rate_hz else " one a beat"
    reach = f", up to {want.range_g} g" if want.range_g else ""
    return f"{STREAM_WORDS[want.stream]}{rate}{reach}{', on request' if want.on_request else ''}"


STREAM_WORDS = {"rr": "intervals", "acc": "movement", "ecg": "ECG"}


def late(family: Family) -> str:
    """How long after the beat it tells of it, in words."""
    if family.latency_s is not None:
        return f"{family.latency_s:g} s after the beat"
    return "a smoothed rate; how late, nobody measured" if family.tier == "D" else "nobody measured"


# ---------------------------------------------------------------- for programs


def plain(family: Family) -> dict[str, Any]:
    """A family as plain values; null is not known."""
    from ingest.devices.catalogue import QUIRKS, TIER_GIVES

    return {
        "id": family.id,
        "maker": family.maker,
        "models": list(family.models),
        "names": list(family.names),
        "tier": family.tier,
        "tier_words": _tier(family),
        "gives": TIER_GIVES[family.tier],
        "location": family.location,
        "service": family.service,
        "sends": sorted(family.sends),
        "wants": [
            {"stream": str(want.stream), "rate_hz": want.rate_hz, "range_g": want.range_g, "resolution": want.resolution, "on_request": want.on_request}
            for want in family.wants
        ],
        "latency_s": family.latency_s,
        "silence_s": family.silence_s,
        "quirks": {quirk: QUIRKS[quirk] for quirk in family.quirks},
        "broadcasting": [_switching(each) for each in family.broadcasting],
        "notes": list(family.notes),
        "tried": [{"on": tried.on, "what": tried.what} for tried in family.tried],
    }


def _switching(switching: Switching) -> dict[str, Any]:
    return {"models": switching.models, "steps": list(switching.steps), "source": switching.source or None, "verified": switching.verified}
