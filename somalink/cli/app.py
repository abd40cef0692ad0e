"""The commands in one place, and how a run of the program ends: exit codes of design section 6."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from somalink.cli import (
    analysing,
    breathing,
    calibrating,
    console,
    demo,
    devices,
    erasing,
    grafana,
    influx,
    looking,
    machine,
    page,
    replaying,
    reporting,
    running,
    scanning,
    shipping,
    telling,
    virtual,
)
from somalink.domain.errors import SomalinkError

FAILED = 1
INTERRUPTED = 130

app = typer.Typer(
    name="somalink",
    help="Arousal against your own usual, from a chest strap or a watch, beside the moments you tag. A wellness instrument: it never says why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(version("somalink"))
        except PackageNotFoundError:
            typer.echo("somalink runs from its source here: it was not installed, so it has no version")
        raise typer.Exit


@app.callback()
def common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")] = False,
) -> None:
    console.SAID.quiet = quiet


GROUPS = (
    demo, scanning, devices, running, calibrating, replaying, analysing, page, telling, breathing, looking, reporting, shipping, influx, grafana, erasing,
    machine, virtual,
)  # fmt: skip
for group in GROUPS:
    group.register(app)


def main() -> None:
    """Entry point. Errors a person can act on are two lines on stderr: what failed, and what to do next."""
    if sys.__stdout__ is None:  # started with stdout closed: results go nowhere, as was asked
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (as long as the program runs)
    try:
        code = _run()
        sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:
            raise
        code = _unheard(error)
    if code == FAILED:
        _let_go_of_stdout()
    sys.exit(code)


def _unheard(error: OSError) -> int:
    """Results could not be written: whoever read them has gone, as `head` does, or the disk behind a `>` is full."""
    if not isinstance(error, BrokenPipeError):
        console.stderr().print(f"somalink: the results cannot be written ({error.strerror})\n  next: send them somewhere with room", markup=False)
    return FAILED


def _let_go_of_stdout() -> None:
    """What is left unsaid goes nowhere, instead of into a traceback at the very end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> int:
    """The command line library reads what was typed, prints its own complaints about it and ends in SystemExit; ours pass through it."""
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
        return _interrupted() if code == INTERRUPTED else code
    except KeyboardInterrupt:
        return _interrupted()
    except SomalinkError as error:
        console.stderr().print(f"somalink: {error.what}", markup=False)
        if error.next_step:
            console.stderr().print(f"  next: {error.next_step}", markup=False)
        return error.exit_code
    return 0


def _interrupted() -> int:
    console.stderr().print("somalink: interrupted; what was acknowledged is kept, the same command goes on from there", markup=False)
    return INTERRUPTED
