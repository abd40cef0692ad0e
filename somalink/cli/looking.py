"""Looking at what there is: status, why, show. All of them only read."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from somalink.cli import console
from somalink.cli.moments import LocalTime
from somalink.cli.opening import Desk, reading
from somalink.cli.options import JsonOption, PersonOption, StoreOption, person_of, settings, store_path
from somalink.cli.shipping import as_json, place_of, shipping_lines
from somalink.cli.telling import AtOption, tag_of
from somalink.cli.words import holding_json, holding_lines, together_json, together_lines, totals_table
from somalink.domain.errors import StoreError, UsageError

YEARS = (1900, 2200)
"""What fits into nanoseconds and into a life."""

if TYPE_CHECKING:
    from somalink.config import Config
    from somalink.storage.local import LocalStore

    Span = Literal["day", "week", "year"]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(status)
    app.command()(why)
    app.command()(show)


# ---------------------------------------------------------------- status


def status(store: StoreOption = None, person: PersonOption = None, json: JsonOption = False) -> None:
    """What the store holds, and how well it knows you.

    How long, how much of it can be used, how well your usual is known, and what stood out beside chance.
    """
    from somalink.domain.constants import Constants
    from somalink.pipeline.holdings import holdings, together
    from somalink.storage.local import LocalStore

    with LocalStore.open(store_path(store), create=False, read_only=True) as opened:
        people = opened.people() if person is None else [person_of(person, opened.people())]
        held = {name: holdings(opened, name, Constants()) for name in people}
        whole = {name: found for name in people if (found := together(opened, name, Constants())) is not None}
        totals = opened.totals(person)
        if json:
            said = {name: [holding_json(each) for each in devices] for name, devices in held.items()}
            size = {"store": str(opened.path), "bytes": _bytes(opened.path), "change": opened.change}
            lines = {name: together_json(found) for name, found in whole.items()}
            console.emit_json({**size, "people": said, "together": lines, "totals": totals, "replica": _replica(opened), "keep_days": _keep_days(settings())})
            return
        console.stdout().print(f"{opened.path}, {_bytes(opened.path) / (1 << 20):.1f} MiB", markup=False)
        console.stdout().print(f"what devices sent is kept: {_kept(settings())}; what was made of it stays", markup=False)
        for name, devices in held.items():
            local = LocalTime.of(settings().zone, opened, name)
            for line in holding_lines(name, devices, local, Constants()):
                console.stdout().print(line, markup=False)
            if name in whole:
                for line in together_lines(whole[name]):
                    console.stdout().print(line, markup=False)
        console.stdout().print("\nin all")
        console.stdout().print(totals_table(totals))
        if (place := place_of(settings())) is not None:
            from somalink.pipeline.replica.standing import standing

            console.stdout().print(f"\nreplica at {place.url}", markup=False)
            console.lines(shipping_lines(standing(opened, place, time.time_ns())))


def _keep_days(config: Config) -> dict[str, int]:
    return {"movement and ECG": config.keep_waveforms_days, "everything else": config.keep_raw_days}


def _kept(config: Config) -> str:
    """How long bytes of devices are kept, in words."""
    return ", ".join(f"{what} {f'{days} days' if days else 'for ever'}" for what, days in _keep_days(config).items())


def _replica(store: LocalStore) -> dict[str, Any] | None:
    """How far the replica of the settings is; None without one."""
    from somalink.pipeline.replica.standing import standing

    place = place_of(settings())
    return None if place is None else as_json(standing(store, place, time.time_ns()), place)


def _bytes(store: Path) -> int:
    """The file and what SQLite keeps beside it."""
    return sum(path.stat().st_size for path in (store, store.with_name(f"{store.name}-wal")) if path.exists())


# ---------------------------------------------------------------- why


def why(
    at: AtOption = None,
    event: Annotated[str | None, typer.Option("--event", metavar="ID", help="The moment of this tag.", show_default=False)] = None,
    store: StoreOption = None,
    person: PersonOption = None,
    json: JsonOption = False,
) -> None:
    """Why a moment stood out, or none, or nothing was asked."""
    from somalink.cli.because import answer, lines
    from somalink.domain.constants import Constants
    from somalink.pipeline.why import why_at, why_event

    if (at is None) == (event is None):
        raise UsageError("say which moment", next_step="give --at TIME, or --event ID (`somalink tag --list` shows ids)")
    with reading(store, person) as desk:
        if event is not None:
            found = why_event(desk.store, tag_of(desk, event), Constants())
        else:
            found = why_at(desk.store, desk.person, desk.local.been(at or ""), Constants())
        if json:
            console.emit_json({"sentence": answer(found), "local": desk.local.iso(found.at_ns), **_without_note(asdict(found))})
            return
        for line in lines(found, desk.local, Constants()):
            console.stdout().print(line, markup=False)


def _without_note(found: dict[str, Any]) -> dict[str, Any]:
    """A note is the person's own; it leaves by export alone, and only when asked for."""
    if found["tag"]:
        found["tag"]["event"].pop("note")
    return found


# ---------------------------------------------------------------- show


def show(
    store: StoreOption = None,
    person: PersonOption = None,
    day: Annotated[str | None, typer.Option("--day", metavar="DATE", help="One day, 04:00 to 04:00; the newest one unless said.", show_default=False)] = None,
    week: Annotated[str | None, typer.Option("--week", metavar="DATE", help="The seven days that end with this one.", show_default=False)] = None,
    year: Annotated[str | None, typer.Option("--year", metavar="YEAR", help="A calendar year.", show_default=False)] = None,
    ecg: Annotated[bool, typer.Option("--ecg", help="Half a minute of ECG: how well the strap sits.")] = False,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="The ECG around this time; the newest unless said.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.html|png", help="Where the picture goes; here unless said.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Draw one picture of a day, a week or a year; or of an ECG.

    Arousal against usual, what was not judged, what stood out, your tags.
    """
    from dashboards.picture import draw
    from somalink.pipeline.pictures import facts_of

    asked = {"day": day, "week": week, "year": year}
    given = [name for name, text in asked.items() if text is not None] + ["ecg"] * ecg
    if at is not None and not ecg:
        raise UsageError("--at goes with --ecg", next_step="give --ecg too, or --day DATE")
    if len(given) > 1:
        raise UsageError(f"{' and '.join(f'--{name}' for name in given)} do not go together", next_step="give one of them")
    if ecg:
        _show_ecg(store, person, at, out, json)
        return
    with reading(store, person) as desk:
        span: Span = given[0] if given else "day"  # type: ignore[assignment]  # the names above
        last = _year_end(year) if year is not None else _date(asked[span], span) if given else _newest_day(desk)
        file = out or Path(f"somalink-{desk.person}-{span}-{year if year is not None else last}.html")
        facts = facts_of(desk.store, desk.person)
        draw(desk.store, desk.person, span, last, file, facts)
    if json:
        console.emit_json({"file": str(file), "person": desk.person, "span": span, "last": last.isoformat(), "simulated": facts.simulated})
        return
    console.stdout().print(str(file), markup=False)


def _show_ecg(store: Path | None, person: str | None, at: str | None, out: Path | None, json: bool) -> None:
    from dashboards.picture.ecg import draw_ecg, title
    from somalink.pipeline.ecg_check import ecg_model

    with reading(store, person) as desk:
        model = ecg_model(desk.store, desk.person, None if at is None else desk.local.been(at))
        file = out or Path(f"somalink-{desk.person}-ecg.html")
        draw_ecg(model, file)
        local = desk.local
    if json:
        said = {"file": str(file), "person": model.person, "from": local.iso(model.start_ns), "to": local.iso(model.stop_ns), "beats": len(model.peaks_ns)}
        console.emit_json({**said, "trace": title(model), "lag_ms": None if model.lag_ns is None else model.lag_ns / 1e6, "simulated": model.simulated})
        return
    console.stdout().print(f"{file}\n{title(model)}", markup=False)


def _date(text: str | None, option: str) -> date:
    try:
        return _in_reach(date.fromisoformat(text or ""))
    except ValueError as error:
        raise UsageError(f"--{option} {text!r} is not a date", next_step="write it as 2026-03-02") from error


def _in_reach(day: date) -> date:
    """A day that nanoseconds and a life can hold; ValueError else."""
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(day.isoformat())
    return day


def _year_end(text: str) -> date:
    try:
        return _in_reach(date(int(text), 12, 31))
    except ValueError as error:
        raise UsageError(f"--year {text!r} is not a year", next_step="write it as 2026") from error


def _newest_day(desk: Desk) -> date:
    """The local day of the last grid point there is, else of the last thing that was said."""
    from dashboards.picture.model import LocalTime as Drawn

    last_ns = max([*_last_points(desk), *(event.t_ns for event in desk.store.events(desk.person))], default=None)
    if last_ns is None:
        raise StoreError(f"{desk.store.path}: nothing of {desk.person} is here yet", next_step="replay a recording, or tag a moment, first")
    return Drawn(tuple(desk.store.utc_offsets(desk.person))).day_of(last_ns - 1)


def _last_points(desk: Desk) -> list[int]:
    newest = [(unit.device, days[-1]) for unit in desk.store.units(desk.person) if (days := desk.store.days(unit))]
    grids = [desk.store.grid(desk.person, device, *day) for device, day in newest]
    return [int(grid.stop_ns[-1]) for grid in grids if len(grid)]
