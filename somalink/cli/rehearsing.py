"""`somalink demo --virtual-strap`: the live path without hardware. A strap that is a program of its own is worn, lost, found and taken off.

It is recorded by the very code of `somalink run`; what the strap says it sent is then held against what was received.
"""

from __future__ import annotations

import asyncio
import contextlib
import json as jsons
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from somalink.cli import console
from somalink.cli.options import settings
from somalink.cli.running import Beside, Pace, recorded, stopped_by_signals
from somalink.cli.virtual import bumble_is_here
from somalink.domain.errors import SomalinkError
from somalink.domain.time import SECOND_NS

if TYPE_CHECKING:
    from somalink.config import Config
    from somalink.domain.types import Gap
    from somalink.pipeline.hub import Hub, Link
    from somalink.pipeline.rehearsal import Rehearsal
    from somalink.pipeline.wearing import Worn
    from somalink.storage.local import LocalStore

DAYS = 7
"""Enough for a usual of one's own."""
CALM = 3.0
"""So many times longer than in life the program waits for a strap that lives fast: connecting takes what it takes."""
AS_BEFORE = Beside(movement=False)
"""The week before was lived with a plain strap: what a strap that tells of movement says could not be compared with it."""
LOADED_FIRST = ("ingest.ble.radio", "ingest.virtual.backend", "somalink.pipeline.running")
"""Before the strap is put on: a second of loading is a minute of its life."""
STARTS_S, ENDS_S = 30.0, 5.0
"""How long the strap's program may take to advertise and to end."""


def rehearse(out: Path, *, seed: int, days: int, speed: float, open_picture: bool, json: bool) -> None:
    """From nothing to a strap that was worn, with its gaps, its picture and its accounts."""
    from dashboards.picture.draw import draw
    from somalink.pipeline.demo import PERSON
    from somalink.pipeline.pictures import facts_of
    from somalink.pipeline.rehearsal import WORN_S, conclude, prepare
    from somalink.storage.local import LocalStore

    bumble_is_here()
    config = settings()
    console.note(f"a simulated wearer lives {days} days and a morning, beat by beat (seed {seed})")
    with console.progress("a week, from beats") as bar:
        today = datetime.now(config.zone).date()
        made = prepare(out, seed=seed, days=days, today=today, tz=config.tz, progress=lambda a, t, z: console.advance(bar, (t - a) / max(z - a, 1)))
    console.note(
        f"a virtual strap wears the next {WORN_S // 60} minutes, {speed:g} times as fast as in life; it is recorded as `somalink run` would (Ctrl-C ends it)"
    )
    picture = out / "virtual-strap.html"
    with LocalStore.open(made.store) as store:
        links = asyncio.run(_worn(store, made, out, config, speed))
        conclude(store, made)
        account = _account(store, out / "virtual-strap.jsonl", links)
        draw(store, PERSON, "day", made.day, picture, facts_of(store, PERSON))
        totals = store.totals()
    if json:
        console.emit_json(
            {"store": str(made.store), "day": str(made.day), "picture": str(picture), "recording": str(made.recording), "faults": str(made.faults),
             "beat_log": str(out / "virtual-strap.jsonl"), "seed": seed, "speed": speed, "simulated": True, **account.as_json(), "totals": totals}
        )  # fmt: skip
        return
    from somalink.cli.demo import show
    from somalink.cli.words import totals_table

    console.lines([*account.link_lines(config.zone), *account.gap_lines(config.zone)])
    console.stdout().print(f"\n{account.sentence}\n", markup=False)
    console.stdout().print(totals_table(totals))
    console.stdout().print(f"\nthe picture of {made.day}: {picture}", markup=False)
    console.stdout().print(_next(made), markup=False)
    if open_picture:
        show(picture)


# ---------------------------------------------------------------- the strap, and who hears it


async def _worn(store: LocalStore, made: Rehearsal, out: Path, config: Config, speed: float) -> list[Link]:
    """The strap is worn and recorded until it was taken off, or a signal; what its link did."""
    for module in LOADED_FIRST:
        import_module(module)
    from ingest.ble.patience import Patience
    from somalink.pipeline.hub import Hub
    from somalink.pipeline.rehearsal import ENDS_S as OFF_S
    from somalink.pipeline.rehearsal import STRAP, StrapStamps

    stop, hub = stopped_by_signals(), Hub()

    async def worn(_where: object) -> Sequence[Worn]:
        return [STRAP]

    socket = out / "virtual-strap.sock"
    async with _strap(made, socket, out / "virtual-strap.jsonl", speed) as begun_ns:
        pace = Pace(StrapStamps(speed, begun_ns, made.start_ns), Patience().faster(speed / CALM))
        hearing = asyncio.ensure_future(_links(hub))
        await asyncio.sleep(0)
        ending = asyncio.get_running_loop().call_later(OFF_S / speed, stop.set)
        try:
            await recorded(store, config, pace, worn, stop, virtual=socket, hub=hub, beside=AS_BEFORE)
        finally:
            ending.cancel()
            hub.close()
            links = await hearing
    return links


async def _links(hub: Hub) -> list[Link]:
    """Every change of a link until the hub is closed."""
    from somalink.pipeline.hub import Link

    return [message async for message in hub.subscribe() if isinstance(message, Link)]


@contextlib.asynccontextmanager
async def _strap(made: Rehearsal, socket: Path, log: Path, speed: float) -> AsyncIterator[int]:
    """The strap's own program, for as long as the block; when strap time began, on the clock that both programs share.

    Ctrl-C is for the listener, who then ends the strap. Even a listener that is killed leaves none behind: it ends with its recording.
    """
    from somalink.pipeline.rehearsal import STRAP

    log.unlink(missing_ok=True)
    words = ["virtual-strap", made.recording, "--name", STRAP.name, "--socket", socket, "--log", log, "--faults", made.faults, "--speed", speed]
    command = [sys.executable, "-P", "-c", "from somalink.cli import main; main()", *map(str, words)]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        yield await _begun(process, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(ENDS_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _begun(process: asyncio.subprocess.Process, log: Path) -> int:
    """Waits until the strap advertises and its heart beats."""
    assert process.stdout is not None
    failed = SomalinkError("the virtual strap does not start", next_step="see what it says above; try a shorter --out")
    try:
        async with asyncio.timeout(STARTS_S):
            if not await process.stdout.readline():
                raise failed
            while not (begun := [row for row in _rows(log) if row["what"] == "start"]):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise failed from None
    return int(begun[0]["t"])


def _rows(log: Path) -> list[dict[str, Any]]:
    """The beat log, whole lines only."""
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    return [jsons.loads(line) for line in text.rpartition("\n")[0].splitlines()]


# ---------------------------------------------------------------- what came of it


@dataclass(frozen=True, slots=True)
class Account:
    """What the strap says it did, what was received of it, and what is known of the rest."""

    beats: int
    lost: int
    received: int
    links: Sequence[Link]
    gaps: Sequence[Gap]

    @property
    def sentence(self) -> str:
        """The sum that has to come out."""
        sent = self.beats - self.lost
        said = f"by the strap's own log {self.beats} beats, of which nobody was told {self.lost}: {sent} sent"
        return f"{said}, {self.received} received" + (": every one" if sent == self.received else "")

    def link_lines(self, zone: ZoneInfo) -> list[tuple[str, str, str]]:
        """Time, and what the link did then."""
        return [(f"{_at(link.since_ns, zone)}", "link", link.words + (f" ({link.reason})" if link.reason else "")) for link in self.links]

    def gap_lines(self, zone: ZoneInfo) -> list[tuple[str, str, str]]:
        """Begin of a gap, its length, and why."""
        from dashboards.picture.look import gap_words

        return [
            (_at(gap.start_ns, zone), "gap", f"{(gap.stop_ns - gap.start_ns) / SECOND_NS:.0f} s: {gap_words(gap.reason)} ({gap.reason})") for gap in self.gaps
        ]

    def as_json(self) -> dict[str, Any]:
        from dashboards.picture.look import gap_words

        return {
            "strap": {"beats": self.beats, "sent": self.beats - self.lost, "lost": self.lost},
            "received": self.received,
            "links": [{"since_ns": link.since_ns, "state": link.state, "words": link.words, "reason": link.reason} for link in self.links],
            "gaps": [
                {"start_ns": gap.start_ns, "stop_ns": gap.stop_ns, "lost_s": gap.lost_ns / SECOND_NS, "reason": gap.reason, "words": gap_words(gap.reason)}
                for gap in self.gaps
            ],
        }


def _account(store: LocalStore, log: Path, links: Sequence[Link]) -> Account:
    from somalink.domain.types import Stream
    from somalink.pipeline.rehearsal import worn_live

    beats = [row for row in _rows(log) if row["what"] == "beat"]
    units = worn_live(store)
    received = sum(count for unit in units for count, _ in store.refusals(unit).values())
    gaps = [gap for unit in units for gap in store.recording_gaps(unit) if gap.stream is Stream.RR]
    return Account(len(beats), sum(row["sent"] is None for row in beats), received, links, gaps)


def _at(t_ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(t_ns / SECOND_NS, zone):%H:%M:%S}"


def _next(made: Rehearsal) -> str:
    return f"""
All of this is simulated; the road from the strap's bytes to the picture is the real one. Try next:
  somalink status --store {made.store}
  somalink show --store {made.store} --week {made.day} --out week.png
  somalink virtual-strap {made.recording} --socket strap.sock --faults {made.faults}
  somalink demo --virtual-strap --seed 2 --out another
With a strap of your own:
  somalink scan
  somalink run"""
