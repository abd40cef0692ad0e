"""Queries over the hours of a person, whatever was worn: where two devices were, the hour is the one's that had most of it, and is counted once."""

from __future__ import annotations

from dashboards.grafana.query import DAY, HOUR, Column, Query, above, at_least, most, total

SECONDS_AN_HOUR = 3600


def worn_hours() -> Query:
    """An hour a row: seconds `worn` and `usable`."""
    return Query("coverage", (most("worn_s").named("worn"), most("usable_s").named("usable")), every=HOUR)


def judged_hours() -> Query:
    """An hour a row, of those whose chance is known: `spikes`, how many `chance` alone shows, and `usable` seconds."""
    columns = (total("spikes").named("spikes"), most("chance_spikes").named("chance"), most("usable_s").named("usable"))
    return Query("hour_summary", columns, (at_least("chance_spikes", 0), above("usable_s", 0)), every=HOUR)


def hours(name: str) -> Column:
    """Seconds of a query within, as hours."""
    return total(name) / SECONDS_AN_HOUR


def a_day(source: str | Query, *columns: Column) -> Query:
    """Figures a local day, empty where there is nothing."""
    return Query(source, columns, every=DAY, fill="null", local=True)
