"""A replica's server from the command line: `influx setup`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption, settings
from somalink.config import BY_KEY
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from somalink.storage.influx.setup import Done, First, Purpose, Wish


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    group = typer.Typer(help="The InfluxDB server that has a replica, for dashboards.", no_args_is_help=True, rich_markup_mode=None)
    group.command("setup")(setup)
    app.add_typer(group, name="influx")


def setup(
    url: Annotated[str | None, typer.Option("--url", help="The server's address; from settings unless said.", show_default=False)] = None,
    org: Annotated[str | None, typer.Option("--org", help="Its organisation; from settings unless said.", show_default=False)] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help="Its bucket; from settings unless said.", show_default=False)] = None,
    raw_bucket: Annotated[str | None, typer.Option("--raw-bucket", help="Another one for single beats; from settings unless said.", show_default=False)] = None,
    keep: Annotated[str, typer.Option("--retention", metavar="TIME", help="How long a new bucket keeps points: 90d, 12h, 8w or ever.")] = "ever",
    keep_raw: Annotated[str, typer.Option("--raw-retention", metavar="TIME", help="How long a new bucket of beats keeps them.")] = "ever",
    username: Annotated[str, typer.Option("--username", metavar="NAME", help="Operator of a server that was never set up.")] = "somalink",
    password_file: Annotated[
        Path | None, typer.Option("--password-file", metavar="FILE", help="Their password; asked for unless said.", show_default=False)
    ] = None,
    operator_token_file: Annotated[
        Path | None,
        typer.Option(
            "--operator-token-file", metavar="FILE", help="The operator's token, made with the server; SOMALINK_INFLUX_TOKEN unless said.", show_default=False
        ),
    ] = None,
    write_token_file: Annotated[
        Path | None,
        typer.Option(
            "--write-token-file", metavar="FILE", help="Where the token that only writes is kept; beside the settings unless said.", show_default=False
        ),
    ] = None,
    read_token_file: Annotated[
        Path | None, typer.Option("--read-token-file", metavar="FILE", help="The same for the one that only reads.", show_default=False)
    ] = None,
    show_tokens: Annotated[bool, typer.Option("--show-tokens", help="Print both tokens instead of keeping them in files.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")] = False,
    json: JsonOption = False,
) -> None:
    """Make bucket and tokens on an InfluxDB 2 server, or see that they are there.

    May run as often as you like: it makes what is missing and changes nothing else. A server that nobody has set up yet gets its operator, too.
    The shipper gets a token that only writes, Grafana one that only reads.
    """
    from somalink.storage.influx.server import Place, Server
    from somalink.storage.influx.setup import Purpose, keep_secret, new_secret, secret_in, set_up

    config = settings()
    address = _chosen("influx_url", url)
    if not address:
        raise UsageError("no server was named", next_step="name it with --url http://127.0.0.1:8086, or by SOMALINK_INFLUX_URL")
    wish = _wish(_chosen("influx_org", org), _chosen("influx_bucket", bucket), _chosen("influx_bucket_raw", raw_bucket), keep, keep_raw)
    here = config.file.parent
    files = {Purpose.WRITES: write_token_file or here / "influx_write_token", Purpose.READS: read_token_file or here / "influx_read_token"}
    held = {} if show_tokens else {purpose: secret_in(file) for purpose, file in files.items()}
    operators = operator_token_file or here / "influx_operator_token"
    token = secret_in(operators) or config.influx_token or new_secret()

    def first() -> First:
        """Kept before it is sent: what is lost then could never be asked for again."""
        made = _first(username, password_file, token)
        if token != config.influx_token:
            keep_secret(operators, token)
        return made

    server = Server(Place(address, wish.org, wish.buckets[0].name, token))
    try:
        done = set_up(server, wish, first=first, held=held, dry=dry_run)
    finally:
        server.close()
    if not (dry_run or show_tokens):
        for purpose, made in done.tokens.items():
            keep_secret(files[purpose], made)
    _tell(done, {} if show_tokens else files, shown=done.tokens if show_tokens else {}, dry=dry_run, json=json)


def _chosen(key: str, given: str | None) -> str:
    """As named, else as the settings have it; one form for both."""
    if given is None:
        return str(getattr(settings(), key))
    try:
        return str(BY_KEY[key].parse(given))
    except ValueError as error:
        raise UsageError(f"{given!r} cannot be used", next_step=f"{key} is {error}") from error


def _wish(org: str, bucket: str, raw_bucket: str, keep: str, keep_raw: str) -> Wish:
    from somalink.storage.influx.setup import Bucket, Wish, retention

    raw = [Bucket(raw_bucket, retention(keep_raw))] if raw_bucket and raw_bucket != bucket else []
    return Wish(org, (Bucket(bucket, retention(keep)), *raw))


def _first(username: str, password_file: Path | None, token: str) -> First:
    """The operator of a server that nobody has set up yet; asked for a password where somebody can answer."""
    from somalink.storage.influx.setup import First, secret_in

    if password_file is not None:
        if not (password := secret_in(password_file)):
            raise UsageError(f"{password_file}: there is no password in it", next_step="write one of 8 to 72 letters into it")
        return First(username, password, token)
    if not sys.stdin.isatty():
        raise UsageError("this server was never set up, and its operator needs a password", next_step="name a file that holds one: --password-file FILE")
    return First(username, typer.prompt(f"A password for {username}, operator of this server", hide_input=True, confirmation_prompt=True, err=True), token)


def _tell(done: Done, files: Mapping[Purpose, Path], *, shown: Mapping[Purpose, str], dry: bool, json: bool) -> None:
    """What came of it; tokens only where they were asked for."""
    if json:
        paths = {purpose.value: str(file) for purpose, file in files.items()}
        console.emit_json({"complete": done.complete, "dry_run": dry, "steps": [asdict(step) for step in done.steps], "files": paths, "tokens": dict(shown)})
        return
    console.lines((step.what, step.name, step.state.value, step.remark) for step in done.steps)
    for purpose, file in files.items():
        if purpose in done.tokens:
            console.note(f"the token that {purpose.value}s is in {file}")
    for purpose, token in shown.items():
        console.stdout().print(f"{purpose.value}  {token}", markup=False)
