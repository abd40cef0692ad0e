"""Recordings in, recordings out: replay, import, simulate, export."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.opening import make_room
from somalink.cli.options import JsonOption, PersonOption, StoreOption, moment_ns, person_of, settings, store_path
from somalink.cli.page import HttpsOption, LanOption, OpenOption, PageOption, PortOption, Wish, served
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from somalink.domain.constants import Constants
    from somalink.pipeline.intake import Intake
    from somalink.pipeline.run import Mode, Progress
    from somalink.storage.local import LocalStore

PathsArgument = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recording folders or RR text files.")]
StartOption = Annotated[str | None, typer.Option("--start", metavar="ISO", help="When a recording without a date began.", show_default=False)]
BaselineOption = Annotated[
    str, typer.Option("--baseline", metavar="personal|recording|FILE", help="What is usual: the person's history, the recording itself, or a baseline file.")
]
HrvOption = Annotated[bool, typer.Option("--hrv/--no-hrv", help="Also compute the 5-minute NeuroKit2 panel.")]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(replay)
    app.command("import")(import_)
    app.command()(simulate)
    app.command()(export)


def replay(
    paths: PathsArgument,
    store: StoreOption = None,
    person: PersonOption = None,
    speed: Annotated[str, typer.Option("--speed", metavar="N|max", help="How many times as fast as it was lived; max without waiting.")] = "max",
    baseline: BaselineOption = "personal",
    start: StartOption = None,
    hrv: HrvOption = True,
    hrv_nonlinear: Annotated[bool, typer.Option("--hrv-nonlinear", help="All nonlinear columns too: 0.8 s a window.")] = False,
    page: PageOption = True,
    port: PortOption = None,
    lan: LanOption = False,
    https: HttpsOption = False,
    open: OpenOption = False,
    json: JsonOption = False,
) -> None:
    """Turn recordings into arousal, spikes and links.

    Again on the same store it changes nothing; interrupted, it goes on where it stopped. Slower than `max`, the page is served meanwhile, in the
    recording's own time.
    """
    wish = Wish(port, lan, https, open) if page else None
    _take(paths, _kept_in(store), person=person, speed=speed, baseline=baseline, start=start, hrv=hrv, nonlinear=hrv_nonlinear, json=json, wish=wish)


def import_(
    paths: PathsArgument,
    store: StoreOption = None,
    person: PersonOption = None,
    start: StartOption = None,
    hrv: HrvOption = False,
    json: JsonOption = False,
) -> None:
    """Make earlier recordings a person's history.

    They are taken in the order they were lived, so that each day meets the usual of the days before it.
    """
    _take(paths, _kept_in(store), person=person, speed="max", baseline="personal", start=start, hrv=hrv, nonlinear=False, json=json, by_time=True)


def _take(
    paths: list[Path],
    store_file: Path,
    *,
    person: str | None,
    speed: str,
    baseline: str,
    start: str | None,
    hrv: bool,
    nonlinear: bool,
    json: bool,
    by_time: bool = False,
    wish: Wish | None = None,
) -> None:
    from somalink.domain.constants import Constants
    from somalink.pipeline.panels import fill_panels
    from somalink.pipeline.person import settle_person
    from somalink.pipeline.run import run_archive
    from somalink.storage.local import LocalStore

    pace = _pace(speed)
    start_ns = moment_ns(start, option="--start")
    intakes = [_intake(path, store_file, person=person, start_ns=start_ns) for path in paths]
    for path, intake in zip(paths, intakes, strict=True):
        for notice in intake.notices:
            console.note(f"{path.name}: {notice}")
    if by_time:
        intakes.sort(key=lambda intake: intake.row.start_ns)
    constants = Constants()
    with LocalStore.open(store_file) as opened:
        mode = mode_of(baseline)
        _say_what_is_older(opened, intakes)
        for number, intake in enumerate(intakes, 1):
            unit = intake.unit
            what = f"{unit.person} {unit.device} ({number} of {len(intakes)})"
            with console.progress(what) as bar:
                if pace is None:
                    run_archive(opened, intake, mode, constants, progress=lambda a, t, z: console.advance(bar, (t - a) / max(z - a, 1)))
                else:
                    asyncio.run(_lived(opened, intake, mode, constants, pace, wish, lambda a, t, z: console.advance(bar, (t - a) / max(z - a, 1))))
            if hrv:
                with console.progress(f"{what}: 5-minute HRV panel") as bar:
                    fill_panels(opened, unit, nonlinear=nonlinear, progress=lambda done, of: console.advance(bar, done / of))
        for name in sorted({intake.unit.person for intake in intakes}):
            settle_person(opened, name, constants)
        _report(opened, json=json)


async def _lived(store: LocalStore, intake: Intake, mode: Mode, constants: Constants, pace: float, wish: Wish | None, progress: Progress) -> None:
    """A recording at its pace through the live pipeline, with the page in the recording's own time."""
    from somalink.pipeline.hub import Hub
    from somalink.pipeline.live import SystemClock, replay_live
    from somalink.pipeline.replaytime import ReplayClock

    hub, clock = Hub(), ReplayClock(pace, intake.row.start_ns)
    async with served(store, hub, clock.now_ns, wish, [intake.unit.person]):
        await replay_live(store, intake, mode, constants, pace, clock=SystemClock(), hub=hub, progress=progress, reached=clock.reached)
        hub.close()


def _intake(path: Path, store_file: Path, *, person: str | None, start_ns: int | None) -> Intake:
    """What is at `path`. A folder says whose it is and where it was lived; a text file does not, so it is of whoever uses this program, here."""
    from somalink.pipeline.intake import from_path

    if not path.is_file():
        return from_path(path, person=person, start_ns=start_ns)
    return from_path(path, person=person or _user_of(store_file), start_ns=start_ns, tz=settings().tz)


def _user_of(store_file: Path) -> str:
    """The only person of the store, else the one of the settings; there need not be a store yet."""
    from somalink.storage.local import LocalStore

    if not store_file.exists():
        return settings().person
    with LocalStore.open(store_file) as opened:
        return person_of(None, opened.people())


def _say_what_is_older(store: LocalStore, intakes: list[Intake]) -> None:
    """FINAL rows never change: a day that is older than what is there comes too late to be the usual of it."""
    here = {found.unit.recording for found in store.recordings()}
    for intake in intakes:
        newest = max((found.row.start_ns for found in store.recordings(intake.unit.person)), default=None)
        if newest is not None and intake.unit.recording not in here and intake.row.start_ns < newest and not intake.row.start_unknown:
            console.note(f"{intake.unit.person}: older than what is here; newer days stay read against what was known then (a fresh store takes all in order)")
            return


def _kept_in(store: Path | None) -> Path:
    """The store to fill; the usual one's folder is made when it is not there yet."""
    if store is None:
        make_room(store_path(None).parent)
    return store_path(store)


def _pace(speed: str) -> float | None:
    """Times real time, or None for as fast as it goes."""
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0 < pace <= 1e5:
        raise UsageError(f"--speed {speed!r} is no speed", next_step="give a number of times real time, such as 1 or 60, or max")
    return pace


def mode_of(baseline: str) -> Mode:
    """What `--baseline` means."""
    from somalink.pipeline.run import PERSONAL, RECORDING, Mode

    if baseline in (PERSONAL, RECORDING):
        return Mode(baseline)
    from somalink.pipeline.baselines import read_baseline

    return read_baseline(Path(baseline))


def _report(store: LocalStore, *, json: bool) -> None:
    totals = store.totals()
    if json:
        console.emit_json(totals)
        return
    from somalink.cli.words import totals_table

    console.stdout().print(totals_table(totals))


def simulate(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the recording folders go, one a day.")],
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How many days are lived.")] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed is another life.")] = 1,
    person: Annotated[str, typer.Option("--person", metavar="ID", help="What the wearer is called.")] = "simulated",
    start: Annotated[str, typer.Option("--start", metavar="ISO", help="When the first day begins.")] = "2026-03-02T07:00:00+01:00",
    tier: Annotated[str, typer.Option("--tier", metavar="A|B|D", help="Strap that sees movement, plain strap, or watch.")] = "B",
    tz: Annotated[str, typer.Option("--tz", metavar="ZONE", help="Time zone of the wearer.")] = "Europe/Berlin",
    client: Annotated[str | None, typer.Option("--client", metavar="NAME", help="A client whose truth is known; their story is told in 90 days.")] = None,
    json: JsonOption = False,
) -> None:
    """Write a made-up wearer's days as recordings.

    One folder a day, marked simulated; no figure from them is evidence for the index.
    Clients: settling, steady, watcher, breath_helps, breath_idle.
    """
    from ingest.simulate import client_named, write_recordings

    start_ns = moment_ns(start, option="--start")
    assert start_ns is not None
    folders = write_recordings(out, person, start_ns, days, seed, tier=tier, tz=tz, ways=client_named(client or ""))
    if json:
        console.emit_json({"recordings": [str(folder) for folder in folders], "simulated": True, "seed": seed})
        return
    console.stdout().print(f"{len(folders)} simulated days in {out}", markup=False)
    console.note(f"next: somalink import {out}/* --store FILE")


ASKED_FOR = {"findings", "controls"}
"""Tables that are made when somebody asks, and follow what was said since."""


def _ask_again(path: Path, person: str | None) -> None:
    """Findings as of now, where the store may be written."""
    from somalink.cli.moments import now_ns
    from somalink.domain.constants import Constants
    from somalink.pipeline.reporting import refresh
    from somalink.storage.local import LocalStore

    if not (path.exists() and os.access(path, os.W_OK)):
        return
    with LocalStore.open(path, create=False) as opened, console.progress("comparing moments") as bar:
        people = opened.people() if person is None else [person_of(person, opened.people())]
        for k, who in enumerate(people):
            refresh(opened, who, constants=Constants(), tz=settings().tz, now_ns=now_ns())
            console.advance(bar, (k + 1) / len(people))


def export(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    store: StoreOption = None,
    what: Annotated[str, typer.Option("--what", metavar="LIST", help="Comma-separated tables, or all.")] = "all",
    format: Annotated[str, typer.Option("--format", metavar="csv|parquet|recording", help="Tables, or recording folders that can be replayed.")] = "csv",
    person: PersonOption = None,
    notes: Annotated[bool, typer.Option("--notes", help="Free text too; it is left out otherwise.")] = False,
    json: JsonOption = False,
) -> None:
    """Write FINAL rows for other programs.

    Empty = not known.
    """
    from somalink.storage.export import TABLES
    from somalink.storage.export import export as write
    from somalink.storage.local import LocalStore

    wanted = list(TABLES) if what == "all" else [name.strip() for name in what.split(",") if name.strip()]
    if format != "recording" and ASKED_FOR & set(wanted):
        _ask_again(store_path(store), person)
    with LocalStore.open(store_path(store), create=False, read_only=True) as opened:
        whose = None if person is None else person_of(person, opened.people())
        files = write(opened, wanted, format, out, notes=notes, person=whose)
    if format == "recording":
        console.note("beats, gaps and tags are in these folders, movement is not: replayed, they are judged as those of a plain strap")
    if json:
        console.emit_json({"files": [str(file) for file in files]})
        return
    for file in files:
        console.stdout().print(str(file), markup=False)
