"""What is known of the devices people wear: what each family sends, how late, how it may mislead, how to switch it on, and what was tried.

Facts as values, one family a file beside this one. Knows names and words; knows no radio, no bytes and no files. Nothing here decides what a recording
is: a device's tier is what it has shown to send. The catalogue says what to ask it for, and what to expect.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from typing import TYPE_CHECKING

from somalink.domain.types import Stream

if TYPE_CHECKING:
    from types import ModuleType

SERVICES: Mapping[str, str] = {
    "hrs": "the standard Heart Rate service",
    "pmd": "the standard Heart Rate service, and Polar Measurement Data",
    "movesense": "the standard Heart Rate service, and Movesense's own",
}
"""How a family speaks, by id."""
MOVESENSE = "34802252"
"""How the number of Movesense's own service begins: a device that has it is one, whatever it was named. Polar's service says less: many families share it."""

LOCATIONS = ("chest", "arm", "wrist")
TRIED: Mapping[str, str] = {
    "metal": "a real device on a body",
    "recorded bytes": "bytes that a real device sent, recorded by others",
    "virtual on BlueZ": "a device that is a program, through Linux's own Bluetooth",
    "virtual device": "a device that is a program, without a radio",
    "never": "nothing; what stands here was read",
}
"""By what a family was run on, the strongest first."""

TIER_GIVES: Mapping[str, str] = {
    "A": "every heartbeat to a thousandth of a second, and movement: arousal with movement told apart, variability, breathing that follows the heart",
    "B": "every heartbeat to a thousandth of a second: arousal, variability, breathing that follows the heart; movement is guessed from the heart alone",
    "C": "arousal; intervals between beats while you sit or lie still, and then only; no breathing exercise that follows the heart",
    "D": "slower, coarser arousal from the heart rate; no variability, no breathing exercise that follows the heart; an offer asks first whether you moved",
}
"""What a wearer gets of each tier (`ingest.recording.TIER_HELP`)."""

QUIRKS: Mapping[str, str] = {
    "late": "Its intervals come seconds after the beats they tell of; a breathing exercise allows for that.",
    "two_links_off": "It serves one connection until a second one is switched on in Polar's own app; whoever comes first has it, and others do not hear it.",
    "drops_after_45_s": "Taken off, it drops its link after 45 seconds; worn again, it is found again.",
    "do_not_pair": "Do not pair it in the system's settings: the system may then keep it from every program.",
    "ecg_costs_battery": "Its ECG is sent on request alone: it empties the battery sooner, and beats come from the strap's own, finer clock anyway.",
    "rate_off": "Its 130 samples a second are off by up to one in a hundred; the rate is measured as it runs.",
    "streams_apart": "Its heart rate and its other streams have clocks of their own; they are put beside each other by their arrival, and the error is stated.",
    "ppi_at_rest": "Its intervals hold at complete rest alone; a minute of which more than one in twenty was doubtful has no variability.",
    "ppi_slow": "Its first intervals come after some 25 seconds, then in batches; its heart rate is renewed every 5 seconds meanwhile.",
    "ppi_error": "It says how far off each interval may be: less than 10 ms is taken; more, or one marked as disturbed, is kept and not used.",
    "frozen_when_moving": "While you move, its heart rate stays at the last good value; 20 equal seconds of movement count as no heart rate.",
    "worn_unsure": "It may send a heart rate when it is not worn, and what it says of skin contact is not relied on.",
    "no_sdk_mode": "In Polar's SDK mode it sends no intervals and no heart rate; that mode is never switched on here.",
    "no_movement": "It does not send movement; a rise while nobody can tell whether you moved is trusted half as much, and an offer asks first.",
    "rate_only": "It sends a heart rate and no intervals between beats.",
    "freezes_unseen": "Its heart rate may stand still while it has lost the pulse, and without movement that cannot be told from a calm heart; nothing is "
    "left out for it, its confidence is lower throughout.",
    "optical_intervals": "Some of these send intervals that come from light, not from the heart's own current; they are coarse, and worse the more you move.",
    "smooths": "It averages its heart rate over seconds: a short rise comes late and lower.",
    "while_broadcasting": "It sends only while its broadcast or its activity is on, and may end it by itself.",
    "asks_on_the_watch": "It asks on its own screen whether to share, each time; say yes there.",
    "one_link": "It mostly serves one connection: end the app or the bike computer that holds it.",
    "changes_address": "It may change its Bluetooth address from time to time, and is then found by its name.",
    "movement_stays_inside": "It measures movement and does not send it in a form that is open.",
    "encrypted": "It may send over an encrypted link alone, which wants pairing; whether it does without is not known.",
    "own_firmware": "Its ECG and movement come with the maker's own default firmware; another firmware may send heart rate alone.",
    "unknown_device": "Nobody has described it here: what it sends is seen once it is worn, and decides how it is read.",
}
"""What to know of a device before trusting it, by id; each one sentence."""


@dataclass(frozen=True, slots=True)
class Want:
    """A stream that a family has to be asked for. `rate_hz` samples a second, 0 for one a beat; range in g and resolution in bits, where it has such."""

    stream: Stream
    rate_hz: int
    range_g: int | None = None
    resolution: int | None = None
    on_request: bool = False
    """Asked for when somebody wants it, and not by default."""


@dataclass(frozen=True, slots=True)
class Switching:
    """How to make a device send, step by step. `source`: the page that says so; empty where none was found, and the steps are what to look for."""

    models: str
    steps: tuple[str, ...]
    source: str = ""

    @property
    def verified(self) -> bool:
        """Whether the maker's own words were read."""
        return bool(self.source)


@dataclass(frozen=True, slots=True)
class Tried:
    """On what a family was run (`TRIED`), and with what."""

    on: str
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Devices that behave alike. What is None or empty is not known, and never guessed.

    `names`: how they call themselves, `*` for anything, letters of either size. `sends`: what the heart rate notifications carry by themselves;
    `wants`: what has to be asked for. `tier` is what they come to when all of that arrives. `latency_s`: how much later than the heart their intervals come.
    `silence_s`: after so long without a word a link is dead, where that is not the usual time.
    """

    id: str
    maker: str
    models: tuple[str, ...]
    names: tuple[str, ...]
    examples: tuple[str, ...]
    """Names as they are advertised: `names` matches these, and no other family's does."""
    tier: str
    location: str
    service: str
    sends: frozenset[Stream]
    wants: tuple[Want, ...] = ()
    latency_s: float | None = None
    silence_s: float | None = None
    quirks: tuple[str, ...] = ()
    broadcasting: tuple[Switching, ...] = ()
    notes: tuple[str, ...] = ()
    """Battery, waveforms, anything else worth a sentence."""
    tried: tuple[Tried, ...] = (Tried("never"),)

    @property
    def streams(self) -> frozenset[Stream]:
        """What it sends once everything that is asked for by default runs."""
        return self.sends | {want.stream for want in self.wants if not want.on_request}

    @property
    def title(self) -> str:
        """As a person would call it."""
        return f"{self.maker} {', '.join(self.models)}".strip()


def family_of(name: str | None, services: Iterable[str] = (), manufacturer: str = "", model: str = "") -> Family:
    """The family of a device: by what it says of itself once connected, else by its name, else by a service of its own, else `other_strap`.

    The name in its advertisement may be changed by its owner, so maker and model go first, where the model is known here. `services`: numbers in any
    form. Never fails: a device of which nothing is known is a strap that sends what it sends.

    >>> family_of("Polar H10 A1B2C3D4").id, family_of(None).id
    ('polar_h10', 'other_strap')
    """
    return _by_model(manufacturer, model) or named(name) or _by_service(services) or families()["other_strap"]


def named(name: str | None) -> Family | None:
    """The family whose pattern says most of a name; None where none fits: a name is a hint, and no proof."""
    low = (name or "").strip().casefold()
    fitting = [(len(pattern), family) for pattern, matches, family in _patterns() if matches.match(low)]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def latency_s(name: str | None) -> float | None:
    """Seconds by which a device of this name tells of a beat late; None where nobody has measured it.

    >>> latency_s("Polar H10 A1B2C3D4"), latency_s("a watch")
    (2.6, None)
    """
    found = named(name)
    return found.latency_s if found else None


@cache
def families() -> Mapping[str, Family]:
    """Every family by its id, in the order of ids with the ones that stand for all others last."""
    found = [module.FAMILY for module in _modules()]
    return {family.id: family for family in sorted(found, key=lambda each: (each.id.startswith("other"), each.id))}


def _modules() -> list[ModuleType]:
    """The files beside this one."""
    from ingest import devices

    names = [found.name for found in pkgutil.iter_modules(devices.__path__, devices.__name__ + ".")]
    return [importlib.import_module(name) for name in names if name != __name__]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], Family], ...]:
    return tuple((pattern, re.compile(translate(pattern.casefold())), family) for family in families().values() for pattern in family.names)


def _by_model(manufacturer: str, model: str) -> Family | None:
    """Maker and model as the device tells them, which is often `Polar Electro Oy` and `H10`."""
    maker, said = manufacturer.casefold(), model.strip().casefold()
    if not said:
        return None
    fitting = (each for each in families().values() if each.maker and each.maker.casefold() in maker)
    return next((each for each in fitting if said in {known.casefold() for known in each.models}), None)


def _by_service(services: Iterable[str]) -> Family | None:
    own = any(service.lower().removeprefix("0x").startswith(MOVESENSE) for service in services)
    return families()["movesense"] if own else None
