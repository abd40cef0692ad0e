"""`somalink virtual-strap`: recordings worn by straps that are programs, for whoever has no strap at hand, and for tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somalink.domain.errors import SomalinkError, UsageError

if TYPE_CHECKING:
    from ingest.virtual.faults import Fault
    from ingest.virtual.program import Worn

FAULTS_PER_HOUR = 12.0


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command("virtual-strap")(virtual_strap)


def virtual_strap(
    recordings: Annotated[list[Path], typer.Argument(metavar="RECORDING...", help="Recording folders or RR text files; one strap each.")],
    socket: Annotated[Path | None, typer.Option("--socket", metavar="PATH", help="Where listeners connect: a local socket.", show_default=False)] = None,
    name: Annotated[list[str] | None, typer.Option("--name", help="What a strap advertises; once for each.", show_default=False)] = None,
    speed: Annotated[float, typer.Option("--speed", metavar="N", min=0.001, max=1e5, help="How many times as fast as it was lived.")] = 1.0,
    faults: Annotated[Path | None, typer.Option("--faults", metavar="FILE", help="A script of what goes wrong (TOML).", show_default=False)] = None,
    random_faults: Annotated[int | None, typer.Option("--random-faults", metavar="SEED", min=0, help="Dice instead of a script.", show_default=False)] = None,
    faults_per_hour: Annotated[float, typer.Option("--faults-per-hour", min=0, help="How often the dice are thrown, in strap time.")] = FAULTS_PER_HOUR,
    fault_kinds: Annotated[str, typer.Option("--fault-kinds", metavar="LIST", help="What the dice choose from.")] = "drop,silence,refuse",
    log: Annotated[Path | None, typer.Option("--log", metavar="FILE", help="The beat log: what the heart really did.", show_default=False)] = None,
    control: Annotated[Path | None, typer.Option("--control", metavar="PATH", help="A local socket to steer it by.", show_default=False)] = None,
    vhci: Annotated[bool, typer.Option("--vhci", help="Show a Bluetooth adapter to the Linux kernel too.")] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again when a recording ends.")] = False,
    hr_only: Annotated[bool, typer.Option("--hr-only", help="Watches instead of straps: heart rate without intervals.")] = False,
    watch: Annotated[
        list[Path] | None, typer.Option("--watch", metavar="RECORDING", help="One more, worn by a watch; may be given again.", show_default=False)
    ] = None,
    device: Annotated[str, typer.Option("--device", metavar="KIND", help="What they are worn by: h10, h9, verity, watch or movesense.")] = "h10",
    battery: Annotated[int, typer.Option("--battery", min=0, max=100, help="Battery level in percent.")] = 87,
) -> None:
    """Wear recordings on virtual straps.

    Real Bluetooth from HCI upwards, without a radio. One line of JSON when it advertises; then it runs until the recordings end, or Ctrl-C.
    """
    import asyncio

    bumble_is_here()
    if socket is None and not vhci:
        raise UsageError("nobody could hear this strap", next_step="give --socket PATH, or --vhci for the Linux kernel")
    from ingest.virtual.program import Plan, run

    kind = "watch" if hr_only else device
    worn = _worn([*((path, kind) for path in recordings), *((path, "watch") for path in watch or [])], name or [], battery)
    wrong = _faults(worn, faults, random_faults, faults_per_hour, fault_kinds)
    plan = Plan(socket=socket, control=control, log=log, vhci=vhci, speed=speed, again=loop, faults=wrong)
    asyncio.run(run(worn, plan, _say))


def bumble_is_here() -> None:
    """The straps need a library that recording does not."""
    if find_spec("bumble") is None:
        raise SomalinkError("virtual straps need bumble, which is not installed", next_step="pip install 'somalink[virtual]'")


def _worn(recordings: Sequence[tuple[Path, str]], names: Sequence[str], battery: int) -> list[Worn]:
    """One device for each recording; without names, each is called by a number that stays its own."""
    from ingest.virtual.kinds import KINDS

    if names and len(set(names)) != len(recordings):
        raise UsageError(f"{len(recordings)} recordings and {len(set(names))} names", next_step="give --name once for each recording, or not at all")
    unknown = [kind for _, kind in recordings if kind not in KINDS]
    if unknown:
        raise UsageError(f"no device is called {unknown[0]!r} here", next_step=f"give --device one of {', '.join(KINDS)}")
    called = names or [""] * len(recordings)
    return [_one(path, kind, number, name, battery) for number, ((path, kind), name) in enumerate(zip(recordings, called, strict=True), 1)]


def _one(path: Path, kind: str, number: int, name: str, battery: int) -> Worn:
    from ingest.virtual.feed import from_path
    from ingest.virtual.kinds import KINDS
    from ingest.virtual.profile import about_of
    from ingest.virtual.program import Worn
    from ingest.virtual.waves import waves_of

    heart = from_path(path)
    return Worn(heart, about_of(KINDS[kind], number, name, battery), waves_of(path, heart))


def _faults(worn: Sequence[Worn], script: Path | None, seed: int | None, per_hour: float, kinds: str) -> tuple[Fault, ...]:
    """The faults of a script, of dice, or none."""
    from ingest.virtual.faults import HOUR_S, random_faults, read_faults
    from somalink.domain.time import SECOND_NS

    if script is not None and seed is not None:
        raise UsageError("--faults and --random-faults exclude each other", next_step="give one of them")
    if script is not None:
        return read_faults(script)
    if seed is None:
        return ()
    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    thrown = (
        random_faults(seed + number, each.heart.length_ns / SECOND_NS / HOUR_S, per_hour, chosen, strap=number) for number, each in enumerate(worn, start=1)
    )
    return tuple(fault for strap in thrown for fault in strap)


def _say(line: Mapping[str, Any]) -> None:
    """One line of JSON, at once: whoever started this program waits for it."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
