"""Writes the pages that are made from the program: `make docs`. A test fails when one of them is not what this would write.

docs/command-line.md is all of it: every command with its arguments and options, in the words of `--help`. In docs/bluetooth.md, docs/devices.md and
docs/influxdb.md it is what stands between `<!-- name: written by make docs -->` and `<!-- name: end -->`; the rest of the page is left as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from ingest.ble.patience import Patience
from ingest.ble.states import MEANINGS
from ingest.ble.trouble import TROUBLES, Steps
from ingest.devices.catalogue import QUIRKS, SERVICES, TIER_GIVES, TRIED, Family, families
from somalink.cli.app import app
from somalink.cli.devices import late, sends
from somalink.cli.words import TIER_WORDS
from somalink.domain.measurements import MEASUREMENTS, Measurement

PAGE = Path(__file__).with_name("command-line.md")
BLUETOOTH = Path(__file__).with_name("bluetooth.md")
DEVICES = Path(__file__).with_name("devices.md")
INFLUXDB = Path(__file__).with_name("influxdb.md")
HEAD = """# The command line

Made from the program by `make docs`; `somalink COMMAND --help` says the same. Results go to stdout, everything else to stderr, so that
a pipe sees results alone; `--json` makes them one JSON object. Exit codes: 0 done, 1 failed, 2 typed wrongly, 3 no Bluetooth,
4 no such strap is heard, 130 interrupted. A failure is two lines: what failed, and what to do next. `somalink --install-completion`
teaches your shell the words.
"""
ASIDE = {"help", "install_completion", "show_completion"}
"""What every program of this kind has, and what the head of the page says."""


def page() -> str:
    """The whole page."""
    main: Any = typer.main.get_command(app)
    return "\n".join([HEAD, *_before(main), *(line for name, command in main.commands.items() for line in _command(name, command))])


def _before(main: Any) -> Iterator[str]:
    yield "## Before the command\n"
    yield from _table(main)


def _command(name: str, command: Any, depth: str = "##") -> Iterator[str]:
    """A heading, what it does, its parameters, and its own commands if it is a group."""
    yield f"{depth} {name}\n"
    yield f"{_text(command.help)}\n"
    yield from _table(command)
    for inner, each in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {inner}", each, depth + "#")


def _table(command: Any) -> Iterator[str]:
    shown = [each for each in command.params if each.name not in ASIDE and not getattr(each, "hidden", False)]
    if shown:
        yield "| | | without it |"
        yield "|---|---|---|"
        yield from (f"| `{_written(each)}` | {_text(each.help)} | {_without(each)} |" for each in shown)
        yield ""


def _written(param: Any) -> str:
    """`--day DATE`, `--hrv / --no-hrv`, `PATH...`; a bar would end the cell."""
    value = "" if getattr(param, "is_flag", False) else param.metavar or param.name.upper()
    if param.param_type_name == "argument":
        return value
    names = " / ".join([", ".join(param.opts), *param.secondary_opts])
    return f"{names} {value}".strip().replace("|", "\\|")


def _without(param: Any) -> str:
    """What holds when it is not given: a default, nothing, or that it must be."""
    if param.required:
        return "needed"
    if param.default is None or not getattr(param, "show_default", True):
        return ""
    if not getattr(param, "is_flag", False):
        return f"`{param.default}`"
    return f"`{param.opts[0] if param.default else param.secondary_opts[0]}`" if param.secondary_opts else ""


def _text(said: str | None) -> str:
    return " ".join((said or "").split()).replace("|", "\\|")


# ---------------------------------------------------------------- parts of docs/bluetooth.md


def _links() -> Iterator[str]:
    """What a strap's link can be doing, in the order of the program."""
    yield "| it says | what helps |"
    yield "|---|---|"
    yield from (f"| {meaning.words} | {meaning.help} |" for meaning in MEANINGS.values())


def _waits() -> Iterator[str]:
    waits = Patience()
    yield "| | |"
    yield "|---|---|"
    yield f"| nothing comes on a link that seems to hold | {waits.silence:g} s, then it is given up and made anew |"
    yield f"| an attempt to connect | {waits.connect:g} s |"
    yield f"| between attempts | {waits.first:g} s, then twice as long each time, at most {waits.cap:g} s; each wait is shortened by chance, by half at most |"
    yield f"| while Bluetooth is switched off | at most {waits.cap_off:g} s; at once when the system says that it is back (Linux) |"
    yield f"| until it says that the strap is probably off | {waits.away:g} s; it goes on looking |"


def _troubles() -> Iterator[str]:
    """What can be wrong, each with its step: one where it is the same everywhere, else one a system."""
    for trouble in TROUBLES.values():
        yield f"* **{trouble.words}** (`{trouble.id}`)"
        yield from (f"  * {system}: {step}" if system else f"  * {step}" for system, step in _steps(trouble.steps))


def _steps(steps: Steps) -> Iterator[tuple[str, str]]:
    if steps.linux == steps.darwin == steps.win32:
        yield "", steps.linux
        return
    yield from (("Linux", steps.linux), ("macOS", steps.darwin), ("Windows", steps.win32))


# ---------------------------------------------------------------- parts of docs/devices.md


def _tiers() -> Iterator[str]:
    yield "| tier | in words | what you get |"
    yield "|---|---|---|"
    yield from (f"| {tier} | {TIER_WORDS[tier]} | {gives} |" for tier, gives in TIER_GIVES.items())


def _devices() -> Iterator[str]:
    """Every family in a line."""
    yield "| device | tier | sends | latency | run on |"
    yield "|---|---|---|---|---|"
    for family in families().values():
        yield f"| [{family.title}](#{_anchor(family.title)}) | {family.tier} | {sends(family)} | {late(family)} | {family.tried[0].on} |"


def _anchor(title: str) -> str:
    """As a page's headings are linked to."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _tried() -> Iterator[str]:
    """Families by what they were run on, and what that was."""
    yield f"| device | {' | '.join(TRIED)} |"
    yield f"|---|{'---|' * len(TRIED)}"
    for family in families().values():
        ran = {tried.on: tried.what or "yes" for tried in family.tried}
        yield f"| {family.title} | {' | '.join(ran.get(on, '') for on in TRIED)} |"
    yield ""
    yield from (f"* **{on}**: {words}" for on, words in TRIED.items())


def _families() -> Iterator[str]:
    """Each family with everything that is known of it."""
    for family in families().values():
        yield f"### {family.title}\n"
        yield f"`{family.id}`. Tier {family.tier}, {TIER_WORDS[family.tier]}, worn on the {family.location}; speaks {SERVICES[family.service]}."
        yield f"A scan shows it as {_listed([f'`{name}`' for name in family.examples])}, or much like that.\n"
        yield from _switched_on(family)
        yield from (f"* {words}" for words in (*(QUIRKS[quirk] for quirk in family.quirks), *family.notes))
        yield ""


def _switched_on(family: Family) -> Iterator[str]:
    for switching in family.broadcasting:
        yield f"To switch it on ({switching.models}){'' if switching.verified else ', **unverified**'}:\n"
        yield from (f"{k}. {step}" for k, step in enumerate(switching.steps, 1))
        yield f"\nAfter: {switching.source}.\n" if switching.source else ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


# ---------------------------------------------------------------- a part of docs/influxdb.md


def _measurements() -> Iterator[str]:
    """Every measurement with its tags and fields, in the order of the table."""
    for about in MEASUREMENTS.values():
        yield f"### {about.name}\n"
        yield f"{about.meaning}. Its time: {about.at}. {_tags(about)}{' In the raw bucket, where there is one.' if about.raw else ''}\n"
        yield "| field | form | unit | meaning |"
        yield "|---|---|---|---|"
        yield from (f"| `{name}` | {field.form} | {field.unit} | {field.meaning} |" for name, field in about.fields.items())
        if about.others:
            yield f"| `{about.others}...` | float | | NeuroKit2's own, under its names and in its units |"
        yield ""


def _tags(about: Measurement) -> str:
    return f"Tags: {', '.join(f'`{tag}`' for tag in about.tags)}." if about.tags else "No tags."


Parts = Mapping[str, Callable[[], Iterator[str]]]
PARTS: Parts = {"links": _links, "waits": _waits, "troubles": _troubles}
DEVICES_PARTS: Parts = {"tiers": _tiers, "devices": _devices, "tried": _tried, "families": _families}
INFLUXDB_PARTS: Parts = {"measurements": _measurements}


def with_parts(text: str, parts: Parts = PARTS) -> str:
    """The page with each of its parts written anew; KeyError for a part that nobody writes."""
    part = re.compile(r"(<!-- (\w+): written by make docs -->\n).*?(<!-- \2: end -->)", re.DOTALL)
    return part.sub(lambda found: found[1] + "\n" + "\n".join(parts[found[2]]()) + "\n\n" + found[3], text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    BLUETOOTH.write_text(with_parts(BLUETOOTH.read_text(encoding="utf-8")), encoding="utf-8")
    DEVICES.write_text(with_parts(DEVICES.read_text(encoding="utf-8"), DEVICES_PARTS), encoding="utf-8")
    INFLUXDB.write_text(with_parts(INFLUXDB.read_text(encoding="utf-8"), INFLUXDB_PARTS), encoding="utf-8")
