"""`somalink run`: straps into the store, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from somalink.cli import console
from somalink.cli.air import VirtualRadioOption, VirtualSpeedOption, air
from somalink.cli.opening import make_room
from somalink.cli.options import JsonOption, StoreOption, settings, store_path
from somalink.cli.page import HttpsOption, LanOption, OpenOption, PageOption, PortOption, Wish, served
from somalink.cli.shipping import shipped
from somalink.domain.errors import DeviceNotFound, UsageError

if TYPE_CHECKING:
    from ingest.ble.finding import Sighting
    from ingest.ble.patience import Patience
    from ingest.ble.stamps import Stamps
    from somalink.config import Config
    from somalink.pipeline.hub import Hub
    from somalink.pipeline.running import Where
    from somalink.pipeline.wearing import Worn
    from somalink.storage.local import LocalStore

T = TypeVar("T")

CHECK_S = (10.0, 300.0)
"""The least that shows a few beats, and the most that a coin cell should give for a look."""
ONCE_S = 30.0
"""How long `--once` looks for a strap."""
CHOOSING_S = 6.0
"""Long enough to hear every strap in the room: they advertise several times a second."""


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(run)


def run(
    strap: Annotated[list[str] | None, typer.Option("--strap", metavar="NAME", help="Name or address, or PERSON=NAME; more than once for several.")] = None,
    store: StoreOption = None,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="Whose strap; default from settings.", show_default=False)] = None,
    once: Annotated[bool, typer.Option("--once", help="Connect once and end with that connection; do not wait for a strap or a radio.")] = False,
    json: JsonOption = False,
    page: PageOption = True,
    port: PortOption = None,
    lan: LanOption = False,
    https: HttpsOption = False,
    open: OpenOption = False,
    ecg: Annotated[bool, typer.Option("--ecg", help="The strap's ECG too, all the time: it costs its battery.")] = False,
    ecg_check: Annotated[
        str | None,
        typer.Option("--ecg-check", metavar="TIME", help="Its ECG for so long, as 30s, when beats are doubtful; hourly at most.", show_default=False),
    ] = None,
    movement: Annotated[bool, typer.Option("--movement/--no-movement", help="The strap's accelerometer, where it has one.")] = True,
    virtual_radio: VirtualRadioOption = None,
    speed: VirtualSpeedOption = 1.0,
) -> None:
    """Record a strap or a watch, for as long as it is worn.

    Looks for it, holds it, and finds it again after every loss; what is lost is in the record as a gap. End it with Ctrl-C.
    """
    from somalink.storage.local import LocalStore

    config = settings()
    file = store_path(store)
    if store is None:
        make_room(file.parent)
    with LocalStore.open(file) as opened:
        wish = Wish(port, lan, https, open) if page and not once else None
        beside = Beside(movement, ecg, None if ecg_check is None else lasting(ecg_check))
        asyncio.run(_run(opened, config, strap or [], person or config.person, once=once, virtual=virtual_radio, speed=speed, wish=wish, beside=beside))
        _report(opened, json=json)


@dataclass(frozen=True, slots=True)
class Pace:
    """How time passes, and how long is waited for what: as in life, or faster for a virtual strap."""

    stamps: Stamps
    patience: Patience


@dataclass(frozen=True, slots=True)
class Beside:
    """What a strap is asked for beside its heartbeats; `check_s`: how long its ECG is looked at when they are doubtful, None for never."""

    movement: bool = True
    ecg: bool = False
    check_s: float | None = None


def lasting(text: str) -> float:
    """
    >>> lasting("30s"), lasting("2 min")
    (30.0, 120.0)
    """
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*(s|min)", text.strip())
    seconds = float(found[1]) * (60 if found[2] == "min" else 1) if found else 0.0
    if not CHECK_S[0] <= seconds <= CHECK_S[1]:
        raise UsageError(f"{text!r} is no time to look at an ECG for", next_step="write it as 30s: ten seconds at least, five minutes at most")
    return seconds


async def _run(
    store: LocalStore, config: Config, asked: list[str], person: str, *, once: bool, virtual: Path | None, speed: float, wish: Wish | None, beside: Beside
) -> None:
    """The straps that were asked for, in the air that was, until a signal."""
    from ingest.ble.patience import Patience
    from ingest.ble.stamps import FasterStamps, SystemStamps

    stop = stopped_by_signals()
    pace = Pace(SystemStamps() if speed == 1.0 else FasterStamps(speed), Patience().faster(speed))

    async def worn(where: Where) -> Sequence[Worn]:
        return await _chosen(store, asked, person, stop, once=once, where=where)

    await recorded(store, config, pace, worn, stop, once=once, virtual=virtual, wish=wish, beside=beside)


async def recorded(
    store: LocalStore,
    config: Config,
    pace: Pace,
    choose: Callable[[Where], Awaitable[Sequence[Worn]]],
    stop: asyncio.Event,
    *,
    once: bool = False,
    virtual: Path | None = None,
    hub: Hub | None = None,
    wish: Wish | None = None,
    beside: Beside | None = None,
) -> None:
    """One loop for radio, record, page and display, until `stop`. `hub` is for whoever wants to hear it too."""
    import numpy as np

    from ingest.ble.radio import Radio
    from ingest.ble.supervisor import Ask
    from somalink.domain.constants import Constants
    from somalink.pipeline.hub import Hub
    from somalink.pipeline.retention import Keep, follow
    from somalink.pipeline.running import Air, Where
    from somalink.pipeline.running import run as record

    hub, dice, over = hub or Hub(), np.random.default_rng(), asyncio.Event()
    where = Where(store, hub, Constants(), pace.stamps, config.tz)
    beside = beside or Beside()
    ask = Ask(beside.movement, beside.ecg)
    async with air(virtual), Radio(pace.patience, dice) as radio:
        worn = await choose(where)
        if not worn:
            return
        forgetting = follow(store, Keep(config.keep_waveforms_days, config.keep_raw_days), lambda: pace.stamps.now().t_utc_ns, over)
        showing = asyncio.gather(_show(hub, config), _tell_elsewhere(hub, store, config, pace), forgetting)
        await asyncio.sleep(0)
        try:
            served_here = served(store, hub, lambda: pace.stamps.now().t_utc_ns, wish, sorted({each.person for each in worn}))
            with shipped(store, config):
                async with served_here:
                    await record(worn, where, Air(radio, pace.patience, dice, ask, beside.check_s), stop, once_s=ONCE_S if once else None)
        finally:
            hub.close()
            over.set()
            await showing


async def _tell_elsewhere(hub: Hub, store: LocalStore, config: Config, pace: Pace) -> None:
    """Notices that leave the page, where they were switched on."""
    from somalink.pipeline.notices import Ways, follow

    ways = Ways(config.desktop_notices, config.ntfy_url)
    if ways.any:
        await follow(hub, store, ways, lambda: pace.stamps.now().t_utc_ns)


def stopped_by_signals() -> asyncio.Event:
    """Set by Ctrl-C and by a service manager's word to end; what is in flight is then brought to its end. A second Ctrl-C does not wait."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()
        console.note("ending: what was received is brought to its end")

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C interrupts the loop itself, and the next run goes on
            loop.add_signal_handler(number, end, number)
    return stop


# ---------------------------------------------------------------- which straps


async def _chosen(store: LocalStore, asked: list[str], person: str, stop: asyncio.Event, *, once: bool, where: Where) -> list[Worn]:
    """The straps that were named, else the one that was worn last, else one that is heard; each is remembered."""
    from somalink.pipeline.wearing import distinct, remember, remembered

    if asked:
        worn = [_named(store, text, person) for text in asked]
    elif known := remembered(store, person):
        console.note(f"{known[0].name}, as before (another one: --strap NAME)")
        worn = known[:1]
    else:
        found = await _heard(stop, person, once=once)
        worn = [] if found is None else [found]
    for each in distinct(worn):
        with store.strap_lock(each.device):  # what another program records on somebody else is still hers
            await asyncio.to_thread(remember, store, each, where.stamps.now().t_utc_ns)
    return worn


def _named(store: LocalStore, text: str, person: str) -> Worn:
    from somalink.pipeline.wearing import asked_for, is_address, remembered, wear

    who, what = asked_for(text, person)
    for known in remembered(store, who):
        if what in (known.wanted.name, known.wanted.address, known.device):
            return known
    return wear(who, f"strap {what}", what) if is_address(what) else wear(who, what, None)


async def _heard(stop: asyncio.Event, person: str, *, once: bool) -> Worn | None:
    """Listens until there is something to choose from; calmly and for ever, unless `once`."""
    from ingest.ble.finding import scan
    from somalink.domain.errors import BluetoothUnavailable
    from somalink.pipeline.wearing import wear

    console.note("no strap is known yet: put it on, moistened; listening")
    while not stop.is_set():
        try:
            sightings = [seen for seen in await unless(stop, scan(CHOOSING_S)) or () if seen.is_strap]
        except BluetoothUnavailable as error:
            if once:
                raise
            console.note(f"{error.what}; waiting for it\n  next: {error.next_step}")
            sightings = []
        if sightings:
            chosen = await _choice(sightings, stop)
            return None if chosen is None else wear(person, chosen.name or chosen.address, chosen.address)
        if once and not stop.is_set():
            raise DeviceNotFound("no strap was heard", next_step="wear it, moistened, and end the app that may hold it; then `somalink scan`")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), CHOOSING_S)
    return None


async def unless(stop: asyncio.Event, call: Coroutine[Any, Any, T]) -> T | None:
    """What `call` gives; None, and it is taken back, when `stop` is set before."""
    calling, stopping = asyncio.ensure_future(call), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({calling, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (calling, stopping):
            task.cancel()
        await asyncio.gather(calling, stopping, return_exceptions=True)
    return None if calling.cancelled() else calling.result()


async def _choice(sightings: list[Sighting], stop: asyncio.Event) -> Sighting | None:
    """The only one, or the one a person picks; where nobody can be asked, it has to be named. None when the program is to end."""
    if len(sightings) == 1:
        console.note(f"{sightings[0].name or sightings[0].address} is heard and will be remembered")
        return sightings[0]
    if sys.stdin.isatty() and not console.SAID.quiet:
        for number, seen in enumerate(sightings, 1):
            console.note(f"  {number}  {seen.name or '(no name)'}  {seen.address}")
        while line := await _line("Which one is yours [1]: ", stop):
            picked = line.strip() or "1"
            if picked.isdecimal() and 1 <= int(picked) <= len(sightings):
                return sightings[int(picked) - 1]
            console.note(f"a number from 1 to {len(sightings)}")
        if stop.is_set():
            return None
    names = [seen.name or seen.address for seen in sightings]
    raise UsageError("several straps are heard", next_step=f"say which: --strap {' or --strap '.join(repr(name) for name in names)}")


async def _line(asked: str, stop: asyncio.Event) -> str:
    """What a person types, her Enter included; empty when she ends it with Ctrl-D or `stop` is set before. `input` would keep signals waiting."""
    from ingest.ble.leaving import first_of

    console.stderr().print(asked, end="", markup=False)
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # Windows: no loop hears its keyboard
        loop.add_reader(sys.stdin, typed.set)
        try:
            await first_of(typed, stop)
        finally:
            loop.remove_reader(sys.stdin)
    return "" if stop.is_set() else await asyncio.to_thread(sys.stdin.readline)


# ---------------------------------------------------------------- what is shown meanwhile


async def _show(hub: Hub, config: Config) -> None:
    """A line when a link changes; on a terminal also how the body is now, unless the wearer does not want to see it."""
    from somalink.cli.live import Display
    from somalink.pipeline.hub import Final, Link, Looked, Provisional, Setback

    with Display(hide_heart_rate=config.hide_heart_rate, zone=config.zone) as display:
        async for message in hub.subscribe(values=display.is_looked_at):
            if isinstance(message, Link):
                display.link(message)
            elif isinstance(message, Setback):
                display.setback(message)
            elif isinstance(message, Looked):
                display.looked(message)
            elif isinstance(message, Final | Provisional):
                display.values(message)


def _report(store: LocalStore, *, json: bool) -> None:
    totals = store.totals()
    if json:
        console.emit_json(totals)
        return
    from somalink.cli.words import totals_table

    console.stdout().print(totals_table(totals))
