"""Writes the pages that are made from the program: `make docs`. A test fails when one of them is not what this would write.

Today that is one page, docs/command-line.md: every command with its arguments and options, in the words of `--help`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from somalink.cli.app import app

PAGE = Path(__file__).with_name("command-line.md")
HEAD = """# The command line

Made from the program by `make docs`; `somalink COMMAND --help` says the same. Results go to stdout, everything else to stderr, so that
a pipe sees results alone; `--json` makes them one JSON object. Exit codes: 0 done, 1 failed, 2 typed wrongly, 130 interrupted. A
failure is two lines: what failed, and what to do next. `somalink --install-completion` teaches your shell the words.
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
    shown = [each for each in command.params if each.name not in ASIDE]
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


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
