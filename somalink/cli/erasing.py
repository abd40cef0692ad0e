"""Taking a person out again: `erase`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption, StoreOption, settings, store_path
from somalink.cli.shipping import place_of
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from somalink.config import Config
    from somalink.storage.erase import Erased
    from somalink.storage.influx.server import Place

READ_TOKEN = "influx_read_token"
"""Where `influx setup` puts it, beside the settings."""
ELSEWHERE = (
    "exports, reports and recording folders that were written somewhere else",
    "backups of this computer and of the InfluxDB server",
    "InfluxDB's own files: the id (no value of theirs) stays in its index, deleted points until it compacts; docs/influxdb.md says how to clean them",
    "pictures and snapshots that somebody made of a dashboard",
)
"""What no program here can reach; said every time."""


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(erase)


def erase(
    person: Annotated[str, typer.Option("--person", metavar="ID", help="Whose; must be said.", show_default=False)],
    store: StoreOption = None,
    read_token_file: Annotated[
        Path | None,
        typer.Option("--influx-read-token-file", metavar="FILE", help="Token that reads, to count in the replica; as set up unless said.", show_default=False),
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="Leave the replica as it is, when its server is gone for good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    json: JsonOption = False,
) -> None:
    """Erase everything of one person, here and in the replica, and count what is left.

    It cannot be undone. What cannot be reached from here is said: backups, exports, pictures of dashboards.
    """
    from somalink.pipeline.replica.standing import replica_id
    from somalink.storage import locks
    from somalink.storage.erase import Records, beside
    from somalink.storage.influx import erase as replica

    config, path = settings(), store_path(store)
    place = None if local else place_of(config)
    reads = _read_token(config, read_token_file)
    with ExitStack() as held:
        records = held.enter_context(Records.of(path, person))
        for replica_of in sorted(records.replicas() | ({replica_id(place)} if place is not None else set())):
            held.enter_context(locks.shipping_lock(path, replica_of))  # whoever sends meanwhile would bring them back
        there = {} if place is None or not reads else replica.values_of(place, reads, person)
        _confirm(person, sum(records.count().values()), sum(there.values()), yes=yes)
        if place is not None:
            # First: whoever cannot reach the server may try again, or say --local, and has lost nothing yet.
            replica.forget(place, person)
        done = records.erase()
        left = {} if place is None or not reads else replica.values_of(place, reads, person)
        others = records.replicas() - ({replica_id(place)} if place is not None else set())
    unreached = [*_unreached(config, person, place, others, counted=bool(reads)), *(f"a file beside the store: {file}" for file in beside(path, person))]
    _tell(done, there, left, [*unreached, *ELSEWHERE], json=json)
    if done.after or any(left.values()):
        raise typer.Exit(1)


def _read_token(config: Config, file: Path | None) -> str:
    """As named, else where `influx setup` keeps it; empty where there is none."""
    from somalink.storage.influx.setup import secret_in

    if file is not None and not file.exists():
        raise UsageError(f"{file}: there is no such file", next_step="name the token that reads; `somalink influx setup` keeps it beside the settings")
    return secret_in(file or config.file.parent / READ_TOKEN)


def _confirm(person: str, rows: int, values: int, *, yes: bool) -> None:
    """The person's id has to be typed: a habit of saying yes is no answer."""
    if yes:
        return
    console.note(f"{rows} rows here and {values or 'an unknown number of'} values in the replica are of {person}; erasing cannot be undone")
    if typer.prompt("To erase them, type the person's id", default="", show_default=False, err=True) != person:
        raise UsageError("nothing was erased", next_step="type the id exactly as it is, or say --yes")


def _unreached(config: Config, person: str, place: Place | None, others: Collection[str], *, counted: bool) -> list[str]:
    """What a program could have reached but did not, and why."""
    told = []
    if others:
        told.append(f"{len(others)} replica this store was sent to, left as it is: run this again with its address in the settings and without --local")
    if place is not None and not counted:
        told.append("the count in the replica: deleted there, but only a token that reads can count (--influx-read-token-file FILE)")
    if config.person == person:
        told.append(f"the settings name {person}: {config.file if config.file.exists() else 'SOMALINK_PERSON'}")
    return told


def _tell(done: Erased, there: Mapping[str, int], left: Mapping[str, int], unreached: list[str], *, json: bool) -> None:
    """The counts before and after, and what was not reached; ids and names of nobody."""
    if json:
        replica = {bucket: {"before": there[bucket], "after": left[bucket]} for bucket in there}
        local = {table: {"before": rows, "after": done.after.get(table, 0)} for table, rows in done.before.items()}
        console.emit_json({"local": local, "replica": replica, "left_in_file": done.left, "not_reached": unreached})
        return
    rows = [(table, str(before), str(done.after.get(table, 0))) for table, before in done.before.items()]
    values = [(f"replica: {bucket} (values)", str(before), str(left[bucket])) for bucket, before in there.items()]
    console.lines([("of this person", "before", "now"), *rows, *values])
    if done.left:
        console.note(f"bytes of them may still lie in the store's file: {done.left}; run this again when nothing else uses it")
    console.stdout().print("\nNot reached:", markup=False)
    for what in unreached:
        console.stdout().print(f"  {what}", markup=False)
