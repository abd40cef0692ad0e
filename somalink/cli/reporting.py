"""A report for a conversation: what was covered, what stood out against matched moments, what cannot be said yet."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from somalink.cli import console
from somalink.cli.moments import LocalTime
from somalink.cli.opening import telling
from somalink.cli.options import JsonOption, PersonOption, StoreOption, person_of, settings, store_path
from somalink.domain.errors import UsageError

if TYPE_CHECKING:
    from dashboards.report.model import Report
    from somalink.pipeline.pooling import Together
    from somalink.storage.local import LocalStore

LANGUAGES = ("en", "de")
UNSAID = r"[^\w.-]"
"""What a file's name had better not hold."""
YEARS = (1970, 2200)
"""What nanoseconds and a strap's life hold."""
FromOption = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day; four weeks before the last unless said.", show_default=False)]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day; the newest there is unless said.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(report)
    app.command()(share)


# ---------------------------------------------------------------- report


def report(
    store: StoreOption = None,
    person: PersonOption = None,
    first: FromOption = None,
    last: ToOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.html|pdf", help="Where it goes; here, as HTML, unless said.", show_default=False)] = None,
    notes: Annotated[bool, typer.Option("--notes", help="With notes and the words of planned steps, where the wearer shares them.")] = False,
    lang: Annotated[str | None, typer.Option("--lang", metavar="en|de", help="Language; the wearer's unless said.", show_default=False)] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Open it when it is written.")] = False,
    everybody: Annotated[bool, typer.Option("--everybody", help="All who agreed to research, together; from ten people on.")] = False,
    json: JsonOption = False,
) -> None:
    """Write two pages for a conversation, and an appendix.

    Which moments were followed by more than matched moments of the same person, how fast it settles, whether that changes, and what
    cannot be said yet. For discussion; it says nothing of why.
    """
    if everybody:
        _together(store, first, last, json=json)
        return
    from somalink.domain.constants import Constants
    from somalink.pipeline.reporting import report_of
    from somalink.storage.local import LocalStore

    with LocalStore.open(store_path(store), create=False) as opened:
        who = person_of(person, opened.people())
        span = _shared(opened, who, *_span(opened, who, first, last))
        language = _language(opened, who, lang)
        _may_tell(opened, who, notes=notes)
        with console.progress("comparing moments") as bar:
            made = report_of(
                opened, who, *span, constants=Constants(), lang=language, notes=notes, tz=settings().tz, told=lambda share: console.advance(bar, share)
            )
    file = out if out is not None or (json and not preview) else _here(who, made.to_day)
    if file is not None:
        _write(made, file)
    if preview and file is not None:
        _open(file)
    if json:
        console.emit_json({"file": None if file is None else str(file), **asdict(made)})
        return
    console.stdout().print(str(file), markup=False)


def _here(person: str, day: str) -> Path:
    """A name in this folder, whatever signs a person's name has."""
    return Path(f"somalink-{re.sub(UNSAID, '-', person)}-report-{day}.html")


def _write(made: Report, file: Path) -> None:
    from dashboards.report import write_report

    try:
        write_report(made, file)
    except OSError as error:
        raise UsageError(f"{file}: the report cannot be written ({error.strerror})", next_step="name another file with --out") from error


def _open(file: Path) -> None:
    import webbrowser

    if not webbrowser.open(file.resolve().as_uri()):
        console.note(f"no browser could be opened here; the report is in {file}")


def _span(store: LocalStore, person: str, first: str | None, last: str | None) -> tuple[date, date]:
    """First and last local day, both included."""
    from somalink.pipeline.reporting import USUAL_DAYS

    to_day = _day(last, "--to") if last is not None else _newest_day(store, person)
    from_day = _day(first, "--from") if first is not None else to_day - timedelta(days=USUAL_DAYS - 1)
    if from_day > to_day:
        raise UsageError(f"--from {from_day} is after --to {to_day}", next_step="give the earlier day with --from")
    return from_day, to_day


def _day(text: str, option: str) -> date:
    try:
        day = date.fromisoformat(text)
        if not YEARS[0] <= day.year <= YEARS[1]:
            raise ValueError(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a date", next_step="write it as 2026-03-02") from error
    return day


def _newest_day(store: LocalStore, person: str) -> date:
    """The newest there is; today for a person with nothing."""
    from somalink.pipeline.reporting import newest_day

    found = newest_day(store, person, settings().tz, time.time_ns())
    return found or (LocalTime.of(settings().zone, store, person).at(time.time_ns()) - timedelta(hours=4)).date()


def _shared(store: LocalStore, person: str, first: date, last: date) -> tuple[date, date]:
    """The newest stretch of these days that the wearer lets into a report."""
    from somalink.domain.choices import shared
    from somalink.pipeline.choosing import choices_of

    stretches = shared(choices_of(store, person)["report_spans"], first, last)
    if not stretches:
        raise UsageError(
            "none of these days may be in a report, as the wearer chose", next_step="ask for other days, or choose anew with `somalink share --days`"
        )
    if stretches[-1] != (first, last):
        console.note(f"cut to {stretches[-1][0]} to {stretches[-1][1]}: only these days may be in a report, as the wearer chose")
    return stretches[-1]


def _may_tell(store: LocalStore, person: str, *, notes: bool) -> None:
    from somalink.domain.choices import YES
    from somalink.pipeline.choosing import choices_of

    if notes and choices_of(store, person)["report_notes"] != YES:
        raise UsageError("notes are not shared: that is the wearer's to choose", next_step="leave --notes away, or let the wearer say `somalink share --notes`")


def _language(store: LocalStore, person: str, lang: str | None) -> str:
    from somalink.pipeline.choosing import choices_of

    if lang is not None and lang not in LANGUAGES:
        raise UsageError(f"there is no report in {lang!r}", next_step=f"choose from: {' '.join(LANGUAGES)}")
    wanted = lang or choices_of(store, person)["language"][:2] or LANGUAGES[0]
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


# ---------------------------------------------------------------- everybody


def _together(store: Path | None, first: str | None, last: str | None, *, json: bool) -> None:
    from somalink.domain.constants import Constants
    from somalink.pipeline.pooling import together
    from somalink.pipeline.reporting import USUAL_DAYS
    from somalink.storage.local import LocalStore

    with LocalStore.open(store_path(store), create=False) as opened:
        people = opened.people()
        to_day = _day(last, "--to") if last is not None else max((_newest_day(opened, who) for who in people), default=date(1970, 1, 1))
        from_day = _day(first, "--from") if first is not None else to_day - timedelta(days=USUAL_DAYS - 1)
        with console.progress("comparing moments") as bar:
            found = together(opened, from_day, to_day, constants=Constants(), tz=settings().tz, told=lambda share: console.advance(bar, share))
    if json:
        console.emit_json({"from": from_day.isoformat(), "to": to_day.isoformat(), **asdict(found)})
        return
    for line in _said_together(found):
        console.stdout().print(line, markup=False)


def _said_together(found: Together) -> list[str]:
    said = found.pooled
    lines = [f"{len(found.agreed)} of {found.asked} people agreed to research; {said.n} counted moments of {said.n_people} people."]
    if said.effect is None or said.low is None or said.high is None:
        return [*lines, "Too few people to say anything together: ten with counted moments are needed."]
    lines.append(f"Change beyond matched moments, an average person: {said.effect:+.2f} SD (90 % interval {said.low:+.2f} to {said.high:+.2f}).")
    if found.offers is not None and found.offers.effect is not None and found.offers.low is not None and found.offers.high is not None:
        told = f"{found.offers.effect:+.2f} SD (90 % interval {found.offers.low:+.2f} to {found.offers.high:+.2f}), {found.offers.n} decisions"
        lines.append(f"A breath offered less withheld, as chance decided, taken or not: {told}.")
    lines.append("Each one's estimate, drawn towards all, in the order of their names. Their scales are their own: nothing here ranks anybody.")
    return [*lines, *(f"  {each.person}  {each.effect:+.2f} ({each.low:+.2f} to {each.high:+.2f}), {each.n} moments" for each in said.people)]


# ---------------------------------------------------------------- share


def share(
    store: StoreOption = None,
    person: PersonOption = None,
    notes: Annotated[bool | None, typer.Option("--notes/--no-notes", help="Whether notes may be in a report.", show_default=False)] = None,
    days: Annotated[
        str | None, typer.Option("--days", metavar="all|none|FROM/TO", help="Which days may be in one; several joined by `;`.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Choose what a report may contain; without options, see what was chosen."""
    from somalink.domain.choices import CHOICES, NO, YES
    from somalink.pipeline.choosing import choices_of, choose

    wanted = {}
    if notes is not None:
        wanted["report_notes"] = YES if notes else NO
    if days is not None:
        wanted["report_spans"] = CHOICES["report_spans"].read(days)
    with telling(store, person) as desk:
        held = choose(desk.store, desk.person, wanted, time.time_ns()) if wanted else choices_of(desk.store, desk.person)
    said = {"person": desk.person, "notes": held["report_notes"] == YES, "days": held["report_spans"]}
    if json:
        console.emit_json(said)
        return
    console.stdout().print(f"A report of {desk.person} may contain: days {said['days']}, {'with' if said['notes'] else 'without'} notes.", markup=False)
