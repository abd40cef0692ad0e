"""The one door: which picture, from which days, into which file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from dashboards.picture import sentences
from dashboards.picture.canvas import render
from dashboards.picture.day import day_page, day_table
from dashboards.picture.model import DayModel, Facts, day_model
from dashboards.picture.week import span_table, week_page
from dashboards.picture.year import year_page
from somalink.domain.ports import Reader

Span = Literal["day", "week", "year"]


def draw(reader: Reader, person: str, span: Span, last: date, out: Path, facts: Facts | None = None) -> None:
    """Draws the day `last`, or the seven or 365 days that end with it, of `person` into `out` (.png or .html)."""
    if span == "day":
        draw_day(day_model(reader, person, last, facts), out)
        return
    count, to_file = {"week": (7, draw_week), "year": (365, draw_year)}[span]
    to_file([day_model(reader, person, last - timedelta(days=back), facts) for back in reversed(range(count))], out)


def draw_day(model: DayModel, out: Path) -> None:
    render(out, lambda: day_page(model), title=f"{sentences.heading(model)}: {sentences.title(model)}", table=day_table(model))


def draw_week(models: Sequence[DayModel], out: Path) -> None:
    """One day a row. `models`: consecutive days, the last one last."""
    render(out, lambda: week_page(models), title=f"{sentences.span_heading(models)}: {sentences.span_title(models)}", table=span_table(models))


def draw_year(models: Sequence[DayModel], out: Path) -> None:
    """A day is a hair's breadth. `models`: consecutive days, the last one last."""
    render(out, lambda: year_page(models), title=f"{sentences.span_heading(models)}: {sentences.span_title(models)}", table=span_table(models))
