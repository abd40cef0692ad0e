"""`somalink ship`: what is in the store, to the server that dashboards read."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption, StoreOption, settings, store_path
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from somalink.config import Config
    from somalink.pipeline.replica.shipping import Shipper
    from somalink.pipeline.replica.standing import Standing
    from somalink.storage.influx.server import Place, Server
    from somalink.storage.local import LocalStore


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(ship)


def place_of(config: Config) -> Place | None:
    """Where the replica is, as the settings have it; None without an address."""
    from somalink.storage.influx.server import Place

    if not config.influx_url:
        return None
    return Place(config.influx_url, config.influx_org, config.influx_bucket, config.influx_token, config.influx_bucket_raw)


def ship(
    store: StoreOption = None,
    once: Annotated[bool, typer.Option("--once", help="Send what there is and end; do not wait for a server that is away.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Send everything from the beginning, as to a server that was emptied.")] = False,
    parked: Annotated[bool, typer.Option("--parked", help="Also send what the server refused before, since it has been mended.")] = False,
    json: JsonOption = False,
) -> None:
    """Send the store to InfluxDB, for dashboards.

    Sends what is new and goes on for as long as it runs; where the server is away it waits, and loses nothing. `run` does it too. Notes and other free
    text stay here. Ends with 0 when nothing is left to send, with 1 and the reason otherwise.
    """
    from somalink.pipeline.replica.shipping import Manner, Shipper
    from somalink.pipeline.replica.standing import replica_id
    from somalink.storage.influx.server import Server
    from somalink.storage.local import LocalStore

    config = settings()
    place = place_of(config)
    if place is None:
        raise UsageError("no InfluxDB server is set", next_step="set one: `somalink config set influx_url http://127.0.0.1:8086`, or SOMALINK_INFLUX_URL")
    manner = Manner(tz=config.tz, lang=config.language)
    with LocalStore.open(store_path(store), create=False) as opened, opened.shipping_lock(replica_id(place)), contextlib.closing(Server(place)) as server:
        if again:
            opened.outbox(replica_id(place)).begin_anew()
        over = threading.Event()
        shipper = Shipper(opened, server, place, manner, time.time_ns, over)
        if parked:
            shipper.again()
        if once:
            _once(shipper, server)
        else:
            _for_ever(shipper, over)
        _say(shipper, place, json=json)


def _once(shipper: Shipper, server: Server) -> None:
    """A server that is not there is not waited for; one that is slow in between is."""
    from somalink.storage.influx.server import ServerError

    try:
        server.ready()
        with console.progress("sending") as bar:
            shipper.drain(lambda share: console.advance(bar, share), patient=False)
    except ServerError as error:
        shipper.failed(error)
        raise


def _for_ever(shipper: Shipper, over: threading.Event) -> None:
    """Until Ctrl-C."""
    from somalink.pipeline.replica.keeping import keep_shipping

    console.note(f"sending to {shipper.place.url}; end with Ctrl-C, nothing is lost by it")
    with contextlib.suppress(KeyboardInterrupt):
        keep_shipping(shipper, over.wait, say)


def shipped(store: LocalStore, config: Config) -> AbstractContextManager[None]:
    """Sends beside the body, where a server is set."""
    if (place := place_of(config)) is None:
        return contextlib.nullcontext()
    from somalink.pipeline.replica.keeping import shipping
    from somalink.pipeline.replica.shipping import Manner

    return shipping(store.path, place, Manner(tz=config.tz, lang=config.language), time.time_ns, say)


def say(what: str, next_step: str) -> None:
    """Once when shipping begins to fail, and once when it works again."""
    console.note(f"not sent: {what}\n  next: {next_step}" if what else "sending again")


def _say(shipper: Shipper, place: Place, *, json: bool) -> None:
    from somalink.pipeline.replica.standing import standing

    now = standing(shipper.store, place, time.time_ns())
    if json:
        console.emit_json(as_json(now, place))
        return
    console.lines([("to", place.url), *shipping_lines(now)])


def as_json(now: Standing, place: Place) -> dict[str, Any]:
    """How a replica stands, for programs."""
    return {
        "url": place.url,
        "bucket": place.bucket,
        "lag_s": round(now.lag_s, 1),
        "lag_changes": now.changes,
        "shipped_rows": now.progress.shipped,
        "parked_rows": now.parked,
        "parked_reasons": dict(now.reasons),
        "expired_rows": now.progress.expired,
        "withheld_people": now.withheld,
        "retries": now.progress.retries,
        "acknowledged_ns": now.progress.acknowledged_ns or None,
        "last_error": now.progress.last_error,
        "next_step": now.progress.next_step,
    }


def shipping_lines(now: Standing) -> Iterator[tuple[str, str]]:
    """The same as lines for `status` and `ship`."""
    from somalink.cli.words import hours

    waited = f", the oldest for {hours(now.lag_s)}" if now.lag_s >= 60 else ""
    behind = f"{now.changes} changes to go{waited}" if now.changes else "nothing left to send"
    yield "sent", f"{now.progress.shipped} rows, {behind}"
    for reason, rows in now.reasons.items():
        yield "parked", f"{rows} rows that the server refuses: {reason}; once that is mended, `somalink ship --parked`"
    if now.progress.expired:
        yield "expired", f"{now.progress.expired} rows older than the server keeps; they are in the store"
    if now.withheld:
        yield "withheld", f"{now.withheld} who said that nothing of theirs is for a clinician"
    if now.progress.last_error:
        yield "trouble", now.progress.last_error
        yield "next", now.progress.next_step
