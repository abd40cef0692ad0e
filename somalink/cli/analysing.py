"""Many people's recordings read anew, into files for research or into their own store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.options import JsonOption, settings
from somalink.cli.replaying import BaselineOption, mode_of
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

    from somalink.domain.constants import Constants
    from somalink.pipeline.analysing import Done, Wish
    from somalink.pipeline.jobs import Told

WINDOWS = re.compile(r"(\d+)/(\d+)")
AS_USUAL = "300/5"
LEAST_S, MOST_S, DAY_S = 10, 24 * 3600, 86_400
FAILED = 1


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(analyse)


def analyse(
    inputs: Annotated[
        list[Path] | None, typer.Argument(metavar="INPUT...", help="Stores, recording folders, folders of recording folders, RR text files.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where results go; default analysis-ID here.", show_default=False)] = None,
    constants: Annotated[
        Path | None,
        typer.Option("--constants", metavar="FILE", help="The algorithm's constants, as TOML; what it leaves out is as published.", show_default=False),
    ] = None,
    baseline: BaselineOption = "personal",
    windows: Annotated[str, typer.Option("--windows", metavar="LENGTH/STEP", help="Of the HRV features, in seconds.")] = AS_USUAL,
    corrected: Annotated[bool, typer.Option("--corrected", help="HRV features of beats put right after the fact, not of those that are not flagged.")] = False,
    hrv: Annotated[bool, typer.Option("--hrv/--no-hrv", help="Also the 5-minute NeuroKit2 panel.")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes; default one a core.", show_default=False)] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster, as tcp://HOST:8786, that does it instead.", show_default=False)
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="ID", help="Of stores only this person; of the rest whose they are.", show_default=False)
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Put the new reading into the store itself, in place of the old one.")] = False,
    print_constants: Annotated[bool, typer.Option("--print-constants", help="Write the constants as they are now, and leave.")] = False,
    json: JsonOption = False,
) -> None:
    """Read whole stores and folders of recordings anew, on all cores.

    Results are Parquet, a folder a person. Again it goes on with what is not done yet. With --keep the store itself goes on with the new reading.
    """
    from somalink.domain.constants import Constants
    from somalink.pipeline.frozen import constants_text, read_constants

    block = Constants() if constants is None else read_constants(constants)
    if print_constants:
        typer.echo(constants_text(block), nl=False)
        return
    if not inputs:
        raise UsageError("nothing to analyse was named", next_step="name stores, recording folders or RR text files: somalink analyse INPUT...")
    if keep:
        if (out, scheduler, jobs, windows, corrected, hrv) != (None, None, None, AS_USUAL, False, False):
            raise UsageError(
                "--keep writes into the store, here", next_step="leave out --out, --scheduler, --jobs, --windows, --corrected and --hrv, or --keep"
            )
        _keep(inputs, block, baseline, person=person, json=json)
        return
    wish = _wish(block, baseline, windows, corrected=corrected, hrv=hrv)
    _into_files(inputs, wish, out or Path(f"analysis-{wish.analysis}"), person=person, jobs=jobs, scheduler=scheduler, json=json)


def _wish(constants: Constants, baseline: str, windows: str, *, corrected: bool, hrv: bool) -> Wish:
    from somalink.pipeline.analysing import Wish

    length, step = _windows(windows)
    return Wish(constants, mode_of(baseline), length, step, hrv, settings().tz, corrected)


def _windows(text: str) -> tuple[int, int]:
    """Length and step in seconds. Steps divide a day, so that the grid is the same every day."""
    found = WINDOWS.fullmatch(text)
    length, step = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (LEAST_S <= length <= MOST_S and 0 < step <= MOST_S and DAY_S % step == 0):
        raise UsageError(
            f"--windows {text!r} cannot be used",
            next_step="write length/step in seconds, as in 300/5: a length from 10 s to a day, a step that divides a day",
        )
    return length, step


def _into_files(inputs: Sequence[Path], wish: Wish, out: Path, *, person: str | None, jobs: int | None, scheduler: str | None, json: bool) -> None:
    from somalink.pipeline.jobs import carry_out, conclude, plan, prepare
    from somalink.storage.parquet import require_pyarrow

    require_pyarrow()
    unread: list[Done] = []
    planned = plan(inputs, wish, out, person=person, user=settings().person, unread=unread)
    prepare(out, wish)
    with _watched(len(planned) + len(unread)) as told:
        for each in unread:
            told(each)
        done = [*unread, *carry_out(planned, workers=jobs, scheduler=scheduler, told=told)]
    conclude(out, wish)
    _report(out, wish, done, json=json)


def _report(out: Path, wish: Wish, done: Sequence[Done], *, json: bool) -> None:
    """What came of it; exit 1 where something did not."""
    failed = [each for each in done if each.state == "failed"]
    if json:
        by_state = {state: sorted(each.name for each in done if each.state == state) for state in ("done", "skipped")}
        told = [{"job": each.name, "what": each.what, "next_step": each.next_step} for each in sorted(failed, key=lambda each: each.name)]
        console.emit_json({"out": str(out), "analysis": wish.analysis, **by_state, "failed": told})
    else:
        counted = ", ".join(f"{sum(each.state == state for each in done)} {state}" for state in ("done", "skipped", "failed"))
        console.stdout().print(f"{out}: {counted}", markup=False)
    if failed:
        console.note("  next: mend what is listed, then run the same command again: it goes on with what is left")
        raise typer.Exit(FAILED)


@contextmanager
def _watched(jobs: int) -> Iterator[Told]:
    """Hears of each job: a bar while somebody looks, a line for what was skipped, noticed or failed."""
    hours, ended = 0.0, 0
    with console.progress(f"0 of {jobs} jobs") as bar:

        def told(done: Done) -> None:
            nonlocal hours, ended
            hours, ended = hours + done.hours, ended + 1
            for line in _lines(done):
                console.note(line)
            console.advance(bar, ended / jobs)
            _say(bar, f"{ended} of {jobs} jobs, {hours:.0f} h of recordings{_rate(bar, hours)}")

        yield told


def _lines(done: Done) -> Iterator[str]:
    yield from (f"{done.name}: {notice}" for notice in done.notices)
    if done.state == "skipped":
        yield f"{done.name}: done before"
    if done.state == "failed":
        yield f"{done.name}: {done.what}"
        yield f"  next: {done.next_step}"


def _rate(bar: Progress | None, hours: float) -> str:
    elapsed = None if bar is None else bar.tasks[0].elapsed
    return f", {hours / elapsed:.0f} h/s" if elapsed else ""


def _say(bar: Progress | None, text: str) -> None:
    if bar is not None:
        bar.update(bar.tasks[0].id, description=text)


def _keep(inputs: Sequence[Path], constants: Constants, baseline: str, *, person: str | None, json: bool) -> None:
    from somalink.pipeline.superseding import supersede

    mode = mode_of(baseline)
    with console.progress("reading again") as bar:
        kept = supersede(
            inputs, mode, constants, person=person, user=settings().person, progress=lambda who, a, t, z: _moved(bar, who, (t - a) / max(z - a, 1))
        )
    for each in kept:
        for notice in each.notices:
            console.note(f"{each.person}: {notice}")
    failed = [each for each in kept if each.what]
    if json:
        done = [each for each in kept if not each.what]
        people = [{"person": each.person, "before": each.before, "analysis": each.analysis, "changed": each.changed} for each in done]
        console.emit_json({"people": people, "failed": [{"person": each.person, "what": each.what, "next_step": each.next_step} for each in failed]})
    else:
        for each in kept:
            said = f"read again: {each.before or 'nothing'} -> {each.analysis}" if each.changed else f"is read so already: {each.analysis}"
            console.stdout().print(f"{each.person} {'stays as it was' if each.what else said}", markup=False)
    for each in failed:
        console.note(f"{each.person}: {each.what}\n  next: {each.next_step}")
    if failed:
        raise typer.Exit(FAILED)


def _moved(bar: Progress | None, who: str, share: float) -> None:
    _say(bar, f"reading {who} again")
    console.advance(bar, share)
