"""`somalink demo`: from nothing to a month and its page in one command."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console, rehearsing
from somalink.cli.opening import make_room
from somalink.cli.options import JsonOption, settings
from somalink.cli.page import HttpsOption, LanOption, PortOption, Wish, served
from somalink.cli.running import unless
from somalink.cli.shipping import shipped

if TYPE_CHECKING:
    from somalink.storage.local import LocalStore

DAYS = 30


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the demo goes.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed is another life.")] = 1,
    days: Annotated[
        int | None,
        typer.Option("--days", min=2, max=366, help="How many days are lived: 30 unless said, 7 before a virtual strap is worn.", show_default=False),
    ] = None,
    virtual_strap: Annotated[bool, typer.Option("--virtual-strap", help="Wear a strap that is a program: over Bluetooth without a radio, and live.")] = False,
    speed: Annotated[float, typer.Option("--speed", metavar="N", min=1, max=120, help="How many times as fast as in life the virtual strap is worn.")] = 60.0,
    live: Annotated[
        bool | None,
        typer.Option("--live/--no-live", help="Open the page on the month and live on from there; default where a terminal looks.", show_default=False),
    ] = None,
    open_picture: Annotated[bool, typer.Option("--open/--no-open", help="Open the page, or the picture when it is done.")] = True,
    port: PortOption = None,
    lan: LanOption = False,
    https: HttpsOption = False,
    json: JsonOption = False,
) -> None:
    """Live a simulated month, and go on living it on the page.

    From its beats on everything is the real thing. No hardware, no network, no real data. Where no terminal looks, or with --no-live, it ends with
    pictures of a day and of its week instead.
    """
    if virtual_strap:
        rehearsing.rehearse(out, seed=seed, days=days or rehearsing.DAYS, speed=speed, open_picture=open_picture, json=json)
    elif live if live is not None else sys.stdout.isatty() and not json:
        wish = Wish(port, lan, https, open_picture and sys.stdout.isatty() and not os.environ.get("CI"))
        _live_on(out, seed=seed, days=days or DAYS, wish=wish)
    else:
        _live_a_month(out, seed=seed, days=days or DAYS, open_picture=open_picture, json=json)


def _live_on(out: Path, *, seed: int, days: int, wish: Wish) -> None:
    """The month, and then on at the pace of life until somebody ends it."""
    from somalink.storage.local import LocalStore

    make_room(out)
    with LocalStore.open(out / "live.db") as store:
        asyncio.run(_lived_on(store, seed=seed, days=days, wish=wish))
    console.stdout().print(f"\nIt goes on from here with the same command. Look at it meanwhile:\n  somalink status --store {out / 'live.db'}", markup=False)


class Ended(Exception):
    """Somebody has ended it: the thread that lives the month need not go on."""


async def _lived_on(store: LocalStore, *, seed: int, days: int, wish: Wish) -> None:
    from somalink.cli.running import stopped_by_signals
    from somalink.domain.constants import Constants
    from somalink.pipeline.demo import PERSON, begin, fast_forward
    from somalink.pipeline.hub import Changed, Hub
    from somalink.pipeline.live import SystemClock, replay_live
    from somalink.pipeline.replaytime import ReplayClock
    from somalink.pipeline.run import Mode

    config, constants, stop = settings(), Constants(), stopped_by_signals()
    intake = begin(store, seed=seed, days=days, today=datetime.now(config.zone).date(), tz=config.tz)
    hub, clock, loop = Hub(), ReplayClock(1.0, intake.row.start_ns), asyncio.get_running_loop()
    share: list[float] = [0.0]
    async with AsyncExitStack() as beside:
        await beside.enter_async_context(served(store, hub, clock.now_ns, wish, [PERSON], lived=lambda: next(iter(share), None)))
        beside.enter_context(shipped(store, config))
        console.note(f"a simulated wearer lives {days} days, beat by beat (seed {seed}); the page shows them as they come")
        with console.progress("a month, from beats") as bar:

            def reached(start_ns: int, now_ns: int, end_ns: int) -> None:
                if stop.is_set():
                    raise Ended
                share[0] = (now_ns - start_ns) / max(end_ns - start_ns, 1)
                console.advance(bar, share[0])
                clock.stand(now_ns)
                loop.call_soon_threadsafe(hub.publish, Changed(store.change, PERSON))

            life = await unless(stop, asyncio.to_thread(fast_forward, store, intake, constants, reached))
        share.clear()
        if life is not None:
            clock.reached(life.until_ns)
            hub.publish(Changed(store.change, PERSON))
            console.note(f"now: it goes on beat by beat{', and will ask within two minutes' if life.asks else ''}. End it with Ctrl-C.")
            living = replay_live(store, life.intake, Mode(), constants, 1.0, clock=SystemClock(), hub=hub, reached=clock.reached)
            await unless(stop, living)
        if not stop.is_set():
            console.note("the made-up day is over. The page stays as it is until you end it with Ctrl-C; another life: --seed 2 --out another")
            await stop.wait()


def _live_a_month(out: Path, *, seed: int, days: int, open_picture: bool, json: bool) -> None:
    from dashboards.picture.draw import draw
    from somalink.pipeline.demo import PERSON, make_demo
    from somalink.pipeline.pictures import facts_of
    from somalink.storage.local import LocalStore

    config = settings()
    console.note(f"a simulated wearer lives {days} days, beat by beat (seed {seed})")
    with console.progress("a month, from beats") as bar:
        made = make_demo(
            out,
            seed=seed,
            days=days,
            today=datetime.now(config.zone).date(),
            tz=config.tz,
            progress=lambda a, t, z: console.advance(bar, (t - a) / max(z - a, 1)),
        )
    console.note(f"one day of it as a recording of its own: {made.recording}")
    pictures = {span: out / f"{span}.html" for span in ("day", "week")}
    with LocalStore.open(made.store, read_only=True) as store:
        for span, file in pictures.items():
            draw(store, PERSON, span, made.day, file, facts_of(store, PERSON))  # type: ignore[arg-type]
    replayed = _replay_the_day(made.recording, out / "one-day.db")
    if json:
        console.emit_json(
            {"store": str(made.store), "day": str(made.day), "pictures": {k: str(v) for k, v in pictures.items()}, "recording": str(made.recording),
             "seed": seed, "simulated": True, "totals": made.totals, "one_day": replayed}
        )  # fmt: skip
        return
    from somalink.cli.words import totals_table

    console.stdout().print(totals_table(made.totals))
    console.stdout().print(f"\nthe picture of {made.day}: {pictures['day']}\nits week:              {pictures['week']}", markup=False)
    console.stdout().print(_next(made.store, made.recording, made.day.isoformat()), markup=False)
    if open_picture:
        show(pictures["day"])


def show(picture: Path) -> None:
    """Opens it for a person, and for nobody else."""
    if sys.stdout.isatty() and not os.environ.get("CI"):
        webbrowser.open(picture.resolve().as_uri())


def _replay_the_day(recording: Path, store_file: Path) -> dict[str, object]:
    """Takes the day the way a stranger's recording is taken: alone, against itself."""
    from somalink.domain.constants import Constants
    from somalink.pipeline.intake import from_path
    from somalink.pipeline.person import settle_person
    from somalink.pipeline.run import RECORDING, Mode, run_archive
    from somalink.storage.local import LocalStore

    intake = from_path(recording)
    with LocalStore.open(store_file) as store:
        with console.progress("replaying the day") as bar:
            run_archive(store, intake, Mode(RECORDING), Constants(), lambda a, t, z: console.advance(bar, (t - a) / max(z - a, 1)))
        settle_person(store, intake.unit.person, Constants())
        return store.totals()


def _next(store: Path, recording: Path, day: str) -> str:
    return f"""
All of this is simulated; the road from beats to picture is the real one. Try next:
  somalink status --store {store}
  somalink why --store {store} --at {day}T14:00
  somalink tag conflict --store {store} --at "{day} 14:00" --distress 6
  somalink show --store {store} --week {day} --out week.png
  somalink replay {recording} --store mine.db --baseline recording
  somalink demo --seed 2 --out another"""
