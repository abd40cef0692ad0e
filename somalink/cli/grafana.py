"""`somalink grafana apply`: data source, boards and rules for a Grafana that already runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption, settings
from somalink.domain.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from somalink.config import Config
    from somalink.pipeline.grafana import Influx, Reading, Step

URL, TOKEN, READ_TOKEN = "SOMALINK_GRAFANA_URL", "SOMALINK_GRAFANA_TOKEN", "SOMALINK_INFLUX_READ_TOKEN"
"""Variables; the tokens also as `..._FILE`, which names a file with it. No flag takes a token: flags are seen by everybody on the computer."""
MADE = {"missing": "made", "different": "changed", "same": "the same"}
WOULD = {"missing": "would be made", "different": "would be changed", "same": "the same"}


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="Bring the dashboards to a Grafana that already runs.", no_args_is_help=True, rich_markup_mode=None)
    group.command("apply")(apply)
    app.add_typer(group, name="grafana")


def apply(
    url: Annotated[str, typer.Option("--url", metavar="ADDRESS", envvar=URL, help="Grafana's start page, such as https://example.org/grafana.")],
    token_file: Annotated[Path | None, typer.Option("--token-file", metavar="FILE", help=f"Holds the service account's token; else {TOKEN}.")] = None,
    influx_url: Annotated[str | None, typer.Option("--influx-url", metavar="ADDRESS", help="InfluxDB as Grafana reaches it; default from settings.")] = None,
    influx_bucket: Annotated[str | None, typer.Option("--influx-bucket", metavar="NAME", help="Its bucket; default from settings.")] = None,
    read_token_file: Annotated[
        Path | None, typer.Option("--influx-read-token-file", metavar="FILE", help=f"Holds a token that only reads; else {READ_TOKEN}.")
    ] = None,
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Whose midnight ends a day on the boards, such as Europe/Rome.")] = "UTC",
    no_datasource: Annotated[bool, typer.Option("--no-datasource", help="Leave the data source alone: somebody else makes it.")] = False,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Leave the rules about silent devices and shipping out.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be, with the differences.")] = False,
    json: JsonOption = False,
) -> None:
    """Make or bring up to date the data source, the folder, the dashboards and the rules in a Grafana that already runs.

    What is there as it is here is left alone, so this can be done as often as one likes. Needs a token of a service account with the role
    Admin (Editor with --no-datasource), and the extra `grafana`. What the rules find goes where that Grafana sends its messages.
    """
    from somalink.pipeline.grafana import opened, wanted

    influx = None if no_datasource else _influx(settings(), influx_url, influx_bucket, read_token_file)
    things = wanted(influx, tz=_zone(tz), rules=not no_alerts)
    token = _grafana_token(token_file)
    _warn(url)
    with opened(url, token) as grafana:
        steps = grafana.plan(things)
        if dry_run:
            _tell(url, steps, None, json=json, words=WOULD, differences=True)
            return
        grafana.carry_out(steps, done=(lambda _: None) if json else _say_done)
        reading = None if influx is None else grafana.reads()
    if json:
        _tell(url, steps, reading, json=True, words=MADE, differences=False)
    _end(reading, influx)


# ---------------------------------------------------------------- what is asked with


def _influx(config: Config, url: str | None, bucket: str | None, read_token_file: Path | None) -> Influx:
    from somalink.pipeline.grafana import Influx

    address, name = url or config.influx_url, bucket or config.influx_bucket
    if not address:
        raise UsageError("where InfluxDB is was not said", next_step="add --influx-url, or set influx_url; --no-datasource leaves the data source alone")
    token = _secret(READ_TOKEN, read_token_file)
    if token and token == config.influx_token:
        raise UsageError("the token for Grafana is the one that writes", next_step="`somalink influx setup` makes another, which only reads")
    return Influx(address.rstrip("/"), name, token)


def _grafana_token(file: Path | None) -> str:
    from somalink.pipeline.grafana import MAKE_TOKEN

    token = _secret(TOKEN, file)
    if not token:
        raise UsageError("no token for Grafana", next_step=MAKE_TOKEN)
    return token


def _secret(variable: str, file: Path | None) -> str:
    """The one word in the file that was named, else of the variable's file, else the variable; empty where nothing is given."""
    named = file or (Path(os.environ[f"{variable}_FILE"]) if os.environ.get(f"{variable}_FILE") else None)
    if named is None:
        return os.environ.get(variable, "").strip()
    try:
        word = named.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{named}: the token cannot be read from it", next_step="check that the file is there and that you may read it") from error
    if not word or word.split() != [word]:
        raise ConfigError(f"{named}: not one word, so not a token", next_step="put the token into it, and nothing else")
    return word


def _zone(name: str) -> str:
    from somalink.config import BY_KEY

    try:
        return str(BY_KEY["tz"].parse(name))
    except ValueError as error:
        raise UsageError(f"--tz {name!r} cannot be used", next_step=f"it is {error}") from error


# ---------------------------------------------------------------- what is said


def _warn(url: str) -> None:
    """A token on a wire that others may read."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        console.note("the address is not https: whoever listens on the way sees the token")


def _say_done(step: Step) -> None:
    console.stdout().print(f"{MADE[step.state]}: {step.thing.kind} {step.thing.title} ({step.thing.uid})", markup=False)


def _tell(url: str, steps: tuple[Step, ...], reading: Reading | None, *, json: bool, words: dict[str, str], differences: bool) -> None:
    if json:
        console.emit_json(
            {
                "url": url,
                "dry_run": differences,
                "steps": [_step_json(step, words, differences=differences) for step in steps],
                "reads": None if reading is None else {"works": reading.works, "words": reading.words},
            }
        )
        return
    for step in steps:
        console.stdout().print(f"{words[step.state]}: {step.thing.kind} {step.thing.title} ({step.thing.uid})", markup=False)
        for line in step.difference() if differences and step.state == "different" else ():
            console.stdout().print(f"  {line}", markup=False)


def _step_json(step: Step, words: dict[str, str], *, differences: bool) -> dict[str, object]:
    told: dict[str, object] = {"kind": str(step.thing.kind), "uid": step.thing.uid, "title": step.thing.title, "was": str(step.state), "is": words[step.state]}
    return {**told, "difference": step.difference()} if differences else told


def _end(reading: Reading | None, influx: Influx | None) -> None:
    """All is there; what is left to say is whether Grafana can read what it is about."""
    from somalink.pipeline.grafana import GrafanaError

    if reading is None or influx is None or reading.works:
        return
    raise GrafanaError(
        f"all is in Grafana, but it cannot read InfluxDB: {reading.words}",
        next_step=f"{influx.url} must be its address as Grafana reaches it, {influx.bucket} its bucket, and the token one that reads it",
    )
