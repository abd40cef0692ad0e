"""The machine and its settings: config, doctor."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.air import VirtualRadioOption, air, remembered_here
from somalink.cli.options import JsonOption, settings
from somalink.config import BY_KEY, SETTINGS, change, default_file

if TYPE_CHECKING:
    from ingest.ble.checking import Finding
    from somalink.config import Config, Setting


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="Show or change the settings.", no_args_is_help=True, rich_markup_mode=None)
    group.command("show")(show)
    group.command("path")(path)
    group.command("set")(set_)
    app.add_typer(group, name="config")
    app.command()(doctor)


# ---------------------------------------------------------------- config


def show(json: JsonOption = False) -> None:
    """Every setting in force, and where it comes from."""
    config = settings()
    rows = [(setting, _text(config, setting), _origin(config, setting)) for setting in SETTINGS]
    if json:
        console.emit_json({"file": str(config.file), "settings": {each.key: {"value": text, "from": origin} for each, text, origin in rows}})
        return
    console.lines((each.key, text or '""', origin, each.meaning) for each, text, origin in rows)


def path() -> None:
    """Where the settings are kept, or would be."""
    console.stdout().print(str(default_file(os.environ)), markup=False)


def _keys(incomplete: str) -> list[str]:
    return [key for key in BY_KEY if key.startswith(incomplete)]


def set_(
    key: Annotated[str, typer.Argument(metavar="KEY", help=", ".join(BY_KEY), autocompletion=_keys)],
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    json: JsonOption = False,
) -> None:
    """Set one; every other line of the file stays as it is."""
    file = default_file(os.environ)
    change(file, key, value)
    config, setting = settings(), BY_KEY[key]
    if _origin(config, setting) == setting.variable:
        console.note(f"{setting.variable} is set and stands above the file")
    if json:
        console.emit_json({"file": str(file), "key": key, "value": _text(config, setting)})
        return
    console.stdout().print(f"{key} = {_text(config, setting)}   {file}", markup=False)


def _text(config: Config, setting: Setting) -> str:
    value = getattr(config, setting.key)
    if value is None:
        return ""
    if setting.secret:
        return "(set)" if value else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _origin(config: Config, setting: Setting) -> str:
    """What sets it: a variable, the file, or nothing but the default."""
    import tomllib

    for variable in (setting.variable, f"{setting.variable}_FILE"):
        if variable in os.environ:
            return variable
    return "file" if config.file.exists() and setting.key in tomllib.loads(config.file.read_text(encoding="utf-8")) else "default"


# ---------------------------------------------------------------- doctor


MARKS = {"ok": "ok ", "note": "-- ", "failed": "NO "}


def doctor(
    store: Annotated[Path | None, typer.Option("--store", metavar="FILE", help="This store instead of the usual one.", show_default=False)] = None,
    json: JsonOption = False,
    virtual_radio: VirtualRadioOption = None,
) -> None:
    """Look whether everything is there and works.

    Python, settings, time zone, disk, store, clocks, Bluetooth. Changes nothing. Bluetooth has to work where a strap is worn; ends with 3
    where it alone does not, with 1 where anything else is wrong.
    """
    from somalink.doctor import Surroundings, examine, exit_code

    named = {} if store is None else {"SOMALINK_STORE": str(store)}
    env = {**{k: v for k, v in os.environ.items() if not (named and k == "SOMALINK_STORE_FILE")}, **named}
    strap = next((worn.name for worn in remembered_here(store)), "")
    checks = examine(Surroundings(env=env, strap=strap, bluetooth=lambda: asyncio.run(_bluetooth(virtual_radio))))
    if json:
        said = [{"name": each.name, "ok": each.ok, "level": str(each.level), "words": each.words, "next_step": each.next_step} for each in checks]
        console.emit_json({"ok": exit_code(checks) == 0, "checks": said})
    else:
        for check in checks:
            console.stdout().print(f"{MARKS[check.level]} {check.name}: {check.words}", markup=False)
            if check.next_step:
                console.stdout().print(f"      next: {check.next_step}", markup=False)
    if code := exit_code(checks):
        raise typer.Exit(code)


async def _bluetooth(virtual: Path | None) -> Finding:
    from ingest.ble.checking import look

    async with air(virtual):
        return await look()
