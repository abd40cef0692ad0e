"""A month on the spot, without hardware: a made-up wearer lives it beat by beat, and everything after the beats is the real thing.

Nothing derived is shipped: another seed is another life and another picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.simulate import SimulatedSource, write_day
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput
from somalink.domain.time import from_datetime
from somalink.domain.types import Link
from somalink.pipeline.intake import from_simulation
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, Progress, run_archive
from somalink.storage.local import LocalStore

PERSON = "demo"
RISES_AT = time(7)
SHOWN_OF_LAST = 7
"""The day that is drawn is one of the last week, so that the usual behind it is well known."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration made: the store, the day worth looking at, and that day as a recording of its own."""

    store: Path
    day: date
    recording: Path
    totals: dict[str, object]


def make_demo(out: Path, *, seed: int, days: int, today: date, tz: str, progress: Progress | None = None) -> Demo:
    """Simulates `days` days that end yesterday and takes them through engine and store. `out` is made; BadInput if a demo is there."""
    store_file = out / "demo.db"
    if store_file.exists():
        raise BadInput(f"{store_file}: a demo is here already", next_step=f"look at it with `somalink status --store {store_file}`, or name another --out")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    start = datetime.combine(today - timedelta(days=days), RISES_AT, ZoneInfo(tz))
    source = SimulatedSource(PERSON, from_datetime(start), days, seed, tz=tz)
    constants = Constants()
    with LocalStore.open(store_file) as store:
        # A made-up person has a made-up secret, so that the same seed gives the same chance rates.
        store.person_secret(PERSON, given=f"demo/{seed}")
        run_archive(store, from_simulation(source), Mode(), constants, progress)
        settle_person(store, PERSON, constants)
        shown = _worth_looking(store, source)
        recording = write_day(out / f"recording-{source.days[shown].plan.date}", source.days[shown])
        return Demo(store_file, date.fromisoformat(str(source.days[shown].plan.date)), recording, store.totals(PERSON))


def _worth_looking(store: LocalStore, source: SimulatedSource) -> int:
    """Of the last week, the day with most tags that have a likely match; the newest of equals."""
    starts = [day.start_ns for day in source.days]
    linked = [0] * len(starts)
    events = {event.id: event.t_ns for event in store.events(PERSON)}
    for link in store.links(PERSON):
        if _likely(link) and link.event_id in events:
            linked[max(sum(start <= events[link.event_id] for start in starts) - 1, 0)] += 1
    week = range(max(len(starts) - SHOWN_OF_LAST, 0), len(starts))
    return max(week, key=lambda day: (linked[day], day))


def _likely(link: Link) -> bool:
    return link.verdict == "linked"
