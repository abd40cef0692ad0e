"""A month on the spot, without hardware: a made-up wearer lives it beat by beat, and everything after the beats is the real thing.

Nothing derived is shipped: another seed is another life and another picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from ingest.simulate import SimulatedSource, write_day
from somalink.domain.catalogue import AROUSAL, WITHHELD
from somalink.domain.choices import CHOICES, SETTINGS
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput
from somalink.domain.time import HOUR_NS, SECOND_NS, from_datetime
from somalink.domain.types import Link, Setting
from somalink.pipeline.intake import Intake, from_simulation
from somalink.pipeline.person import settle_person
from somalink.pipeline.run import Mode, Progress, run_archive
from somalink.storage.local import LocalStore

PERSON = "demo"
RISES_AT = time(7)
NOT_BEFORE_NS = 4 * HOUR_NS
"""Into the last day, for the moment at which the page takes over: there is a day to look at by then."""
LEAD_NS = 75 * SECOND_NS
"""How long somebody has looked at the page when it asks for the first time."""
LIFE = "simulated/life"
"""Where it is remembered which life a store was begun with."""
WISHES = {
    "introduced": "yes",
    "consent_measure": "yes",
    "consent_notes": "yes",
    "randomised": "yes",
    "quiet_from": "23:00",
    "quiet_to": "06:00",
}
"""What the made-up wearer has chosen, from the morning of the last day on: the first days are behind them."""
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


@dataclass(frozen=True, slots=True)
class Life:
    """A month that is lived up to a moment of its last day, to go on from there."""

    intake: Intake
    until_ns: int
    asks: bool = False
    """Whether it was left just before it will ask."""


def begin(store: LocalStore, *, seed: int, days: int, today: date, tz: str) -> Intake:
    """A wearer who has lived `days` days by yesterday, and lives today; the same one again where the store has them already."""
    lived = {setting.key: setting.value for setting in store.settings(PERSON)}.get(LIFE)
    if lived is None:
        start = datetime.combine(today - timedelta(days=days), RISES_AT, ZoneInfo(tz))
        lived = json.dumps({"start_ns": from_datetime(start), "days": days + 1, "seed": seed, "tz": tz})
        store.person_secret(PERSON, given=f"demo/{seed}")
        with store.transaction() as write:
            write.put_setting(Setting(PERSON, LIFE, lived, from_datetime(start)))
    life = json.loads(lived)
    return from_simulation(SimulatedSource(PERSON, life["start_ns"], life["days"], life["seed"], tz=life["tz"]))


def fast_forward(store: LocalStore, intake: Intake, constants: Constants, progress: Progress | None = None) -> Life:
    """Lives the month up to a little before the first moment of today at which the page will ask.

    When that is, is not planned but found: on a copy of the store, which lives the day to its end. A store that was here before is left
    where it stopped.
    """
    source = intake.source
    assert isinstance(source, SimulatedSource)
    morning_ns = source.days[-1].start_ns
    if store.recording(intake.unit) is not None and (newest := newest_ns(store, intake)) > morning_ns:
        run_archive(store, said_by(intake, newest), Mode(), constants, until_ns=newest)
        return Life(said_by(intake, newest), newest)
    with store.transaction() as write:
        for key, value in WISHES.items():
            put = write.put_setting if CHOICES[key].table == SETTINGS else write.put_profile
            put(Setting(PERSON, key, value, morning_ns))
    until_ns = morning_ns + NOT_BEFORE_NS
    run_archive(store, said_by(intake, until_ns), Mode(), constants, progress, until_ns=until_ns)
    until_ns = first_question_ns(store, intake, constants, until_ns) - LEAD_NS
    run_archive(store, said_by(intake, until_ns), Mode(), constants, progress, until_ns=until_ns)
    settle_person(store, PERSON, constants)
    return Life(said_by(intake, until_ns), until_ns, asks=True)


def first_question_ns(store: LocalStore, intake: Intake, constants: Constants, after_ns: int) -> int:
    """When the page will first ask after `after_ns`, if nobody says anything meanwhile: after a rise if there will be one, else at a random time,
    and an hour later where it will not ask at all."""
    with TemporaryDirectory(dir=store.path.parent) as folder:
        other = Path(folder) / "ahead.db"
        store.copy_to(other)
        with LocalStore.open(other) as ahead:
            run_archive(ahead, said_by(intake, after_ns), Mode(), constants)
            settle_person(ahead, PERSON, constants)
            asked = [row for row in ahead.prompts(PERSON) if row.eligible and row.arm != WITHHELD and row.t_ns > after_ns + LEAD_NS]
    risen = [row.t_ns for row in asked if row.trigger == AROUSAL]
    return min(risen or [row.t_ns for row in asked], default=after_ns + HOUR_NS)


def said_by(intake: Intake, now_ns: int) -> Intake:
    """The same life with what was said by `now_ns` alone: the rest of the day is for whoever looks to say."""
    return replace(
        intake,
        events=[event for event in intake.events if event.received_ns <= now_ns],
        ratings=[rating for rating in intake.ratings if rating.received_ns <= now_ns],
        prompts=[prompt for prompt in intake.prompts if prompt.t_ns <= now_ns],
        answers=[answer for answer in intake.answers if answer.received_ns <= now_ns],
        sessions=[session for session in intake.sessions if session.stop_ns <= now_ns],
    )


def newest_ns(store: LocalStore, intake: Intake) -> int:
    """How far the recording is lived."""
    days = store.days(intake.unit)
    beats = store.recording_beats(intake.unit, *days[-1]) if days else None
    return int(beats.t_ns[-1]) if beats is not None and len(beats) else intake.row.start_ns


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
