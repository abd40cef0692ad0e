"""The usual week of a person as points: mean level by weekday and hour of the clock. Knows rows and local time; compares nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from processing.findings.daily import day_start, overlay
from processing.findings.track import Rows, Track
from somalink.domain.measurements import HOURS
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day
from somalink.domain.types import IntArray
from somalink.pipeline.comparing import by_tier
from somalink.pipeline.replica.subject import SetOf, Subject
from somalink.pipeline.reporting import USUAL_DAYS
from somalink.pipeline.tracks import tracks
from somalink.storage.influx.points import FieldValue, Point

WEEKDAYS = ("1 Mon", "2 Tue", "3 Wed", "4 Thu", "5 Fri", "6 Sat", "7 Sun")
"""As tags, in their order wherever they are sorted."""
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""
LEAST = 10 * MINUTE_NS // GRID_NS
"""Usable points from which an hour of a weekday has a mean."""
Z_PER_UNIT = 10_000


def week_profile(subject: Subject) -> Iterator[Point]:
    """One a weekday that has a usable point; they all stand at the newest local day, so that the newest week is the only one."""
    lead = _lead(subject)
    worn = np.flatnonzero(lead.rows.worn)
    if not len(worn):
        return
    newest_ns = lead.first_ns + int(worn[-1]) * GRID_NS - 1
    newest = local_day(newest_ns, subject.offsets.one(newest_ns))
    first_ns, day_ns, last_ns = (day_start(day, subject.offsets) for day in (newest + 1 - USUAL_DAYS, newest, newest + 1))
    part = lead.cut(first_ns, last_ns)
    yield from _points(subject, _stops(part), part.rows, day_ns)


def _lead(subject: Subject) -> Track:
    """One timeline of all devices over the newest days that have rows, and a little more."""
    store, person = subject.store, subject.person
    newest_ns = max((stop_ns for unit in store.units(person) for _, stop_ns in store.days(unit)[-1:]), default=0)
    found = tracks(store, person, newest_ns - (USUAL_DAYS + 2) * DAY_NS, newest_ns, subject.constants, keep=False)
    return overlay(by_tier(store, person, found))


def _stops(track: Track) -> IntArray:
    return np.asarray(track.first_ns + GRID_NS * np.arange(len(track.rows), dtype=np.int64))


def _points(subject: Subject, stops: IntArray, rows: Rows, day_ns: int) -> Iterator[Point]:
    within = stops[rows.usable] - 1  # a point speaks of the time before it
    z = rows.z[rows.usable].astype(np.int64)
    local = within + subject.offsets.at(within) * SECOND_NS
    dates, hours = local // DAY_NS, local % DAY_NS // HOUR_NS
    weekdays = (dates + EPOCH_WEEKDAY) % 7
    for number, name in enumerate(WEEKDAYS):
        mine = weekdays == number
        if mine.any():
            fields: dict[str, FieldValue] = {**_means(hours[mine], z[mine]), "days": float(len(np.unique(dates[mine])))}
            yield Point("week_profile", {"person_id": subject.person, "weekday": name}, fields, day_ns, name)


def _means(hours: IntArray, z: IntArray) -> dict[str, FieldValue]:
    """Of every hour that has enough; sums of whole numbers are exact in float64."""
    counts, sums = np.bincount(hours, minlength=24).tolist(), np.bincount(hours, weights=z, minlength=24).tolist()
    return {name: total / n / Z_PER_UNIT if n >= LEAST else None for name, n, total in zip(HOURS, counts, sums, strict=True)}


SETS = (SetOf("week_profile", week_profile, frozenset({"grid", "utc_offsets"})),)
