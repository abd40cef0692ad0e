"""The commands in one place, and how a run of the program ends: exit codes of design section 6."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from somalink.cli import console, demo, looking, machine, replaying, telling
from somalink.domain.errors import SomalinkError

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
        from importlib.metadata import version

        typer.echo(version("somalink"))
        raise typer.Exit


@app.callback()
def common(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")] = False,
) -> None:
    console.SAID.quiet = quiet


for group in (demo, replaying, telling, looking, machine):
    group.register(app)


def main() -> None:
    """Entry point. Errors a person can act on are two lines on stderr: what failed, and what to do next."""
    try:
        app(standalone_mode=False)
    except SomalinkError as error:
        console.stderr().print(f"somalink: {error.what}", markup=False)
        if error.next_step:
            console.stderr().print(f"  next: {error.next_step}", markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        console.stderr().print("somalink: interrupted; what was acknowledged is kept, the same command goes on from there", markup=False)
        sys.exit(INTERRUPTED)
