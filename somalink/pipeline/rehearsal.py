"""A strap to try on: a made-up week in the store, and some of the day after it, kept back for a virtual strap to wear live.

Simulated like all of `pipeline.demo`, and marked so. Knows days, tags and what will go wrong; starts no program and hears none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.ble.radio import Wanted
from ingest.ble.stamps import Stamp, SystemStamps
from ingest.simulate import DEVICE, SimulatedDay, SimulatedSource, write_day
from ingest.simulate.strap import Signal, Wear, beats
from somalink.domain.constants import Constants
from somalink.domain.errors import BadInput
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS, MINUTE_NS, SECOND_NS, from_datetime
from somalink.domain.types import Event, Stream
from somalink.pipeline.demo import PERSON, RISES_AT
from somalink.pipeline.intake import from_path, from_simulation
from somalink.pipeline.person import settle_person
from somalink.pipeline.record import LIVE
from somalink.pipeline.run import Mode, Progress, run_archive
from somalink.pipeline.wearing import Worn
from somalink.storage.files import private_file
from somalink.storage.local import LocalStore

STRAP = Worn(PERSON, DEVICE, Wanted(DEVICE, None))
"""The made-up strap that recorded the week, now with a radio: one device, and its name says what it is."""
WORN_S = 80 * 60
"""Worn live for so long: room for three troubles, and for a moment with what led up to it and what came after."""
MOMENT_S = 55 * 60
"""The day's strongest tagged moment comes so long after the strap was put on, when the last trouble is over."""
SURE_S = 300
"""A tag this sure of its time can be matched with what the heart did."""
ENDS_S = WORN_S + 150
"""It is taken off at the end, falls silent and sleeps; a listener that leaves then leaves no beat on the way."""
MINUTE_S = 60
"""The heart goes on a little longer than anybody listens, so that the strap's program does not end first."""
FAULTS = f"""# What goes wrong with the strap of the demo, in seconds of its own time (docs/virtual-strap.md).
[[fault]]  # the wearer walks out of reach and comes back
at_s = 600
kind = "drop"
for_s = 40

[[fault]]  # connected, and not a word
at_s = 1320
kind = "silence"
for_s = 60

[[fault]]  # taken off for a moment, and put on again
at_s = 2100
kind = "strap_off"
for_s = 240

[[fault]]  # taken off for good
at_s = {WORN_S}
kind = "strap_off"
for_s = 3600
"""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was made: the store with the days before, and the part of `day` that is to be worn, from `start_ns` on, with its tags."""

    store: Path
    recording: Path
    faults: Path
    day: date
    start_ns: int
    events: tuple[Event, ...]


class Heart(SimulatedDay):
    """The day as the heart lived it: nothing that befalls a strap, for the strap that will wear it has troubles of its own."""

    def signals(self) -> dict[Stream, Signal]:
        return {Stream.RR: beats(self.plan, self.body, Wear([], [], []), self.life.chance("beats", self.plan.number))}


class StrapStamps(SystemStamps):
    """The clock of a computer that lives as fast as the strap: second by second of strap time, the first one at `lived_ns`.

    `begun_ns`: when that was on the clock all programs of this computer share. Only whole seconds pass faster: a hesitation of this
    computer keeps its length, where a clock that is simply fast would make it as long as no strap ever is late.
    """

    def __init__(self, speed: float, begun_ns: int, lived_ns: int) -> None:
        super().__init__()
        self._speed, self._begun_ns, self._lived_ns, self._newest_ns = speed, begun_ns, lived_ns, -1

    def now(self) -> Stamp:
        passed = round((super().now().t_mono_ns - self._begun_ns) * self._speed)
        seconds, within = divmod(max(passed, 0), SECOND_NS)
        self._newest_ns = max(seconds * SECOND_NS + round(within / self._speed), self._newest_ns + 1)
        return Stamp(self._begun_ns + self._newest_ns, self._lived_ns + self._newest_ns)


def prepare(out: Path, *, seed: int, days: int, today: date, tz: str, progress: Progress | None = None) -> Rehearsal:
    """Lives `days` days and the morning of yesterday through engine and store, and writes down what a strap is to wear of the rest of it."""
    store_file = out / "virtual-strap.db"
    if store_file.exists():
        raise BadInput(f"{store_file}: a demo is here already", next_step=f"look at it with `somalink status --store {store_file}`, or name another --out")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    start_ns = from_datetime(datetime.combine(today - timedelta(days=days + 1), RISES_AT, ZoneInfo(tz)))
    before = SimulatedSource(PERSON, start_ns, days, seed, tz=tz, motion="none")
    yesterday = SimulatedSource(PERSON, start_ns, days + 1, seed, tz=tz, motion="none").days[-1]
    put_on_ns = _worth_wearing(yesterday)
    heart = Heart(yesterday.life, yesterday.body, yesterday.setup, yesterday.plan, yesterday.diary)
    recording = write_day(out / f"worn-{yesterday.plan.date}", _part(heart, put_on_ns, put_on_ns + (ENDS_S + MINUTE_S) * SECOND_NS))
    morning = write_day(out / f"morning-{yesterday.plan.date}", _part(yesterday, yesterday.start_ns, put_on_ns - MINUTE_NS))
    faults = out / "faults.toml"
    with private_file(faults) as file:
        file.write(FAULTS.encode())
    constants = Constants()
    with LocalStore.open(store_file) as store:
        store.person_secret(PERSON, given=f"demo/{seed}")
        for intake in (from_simulation(before), from_path(morning)):
            run_archive(store, intake, Mode(), constants, progress)
        settle_person(store, PERSON, constants)
    events = tuple(event for event in yesterday.diary.events if put_on_ns <= event.t_ns < put_on_ns + WORN_S * SECOND_NS)
    return Rehearsal(store_file, recording, faults, date.fromisoformat(str(yesterday.plan.date)), put_on_ns, events)


def worn_live(store: LocalStore) -> list[Unit]:
    """What was recorded of the strap, first to last."""
    return [found.unit for found in store.recordings(PERSON) if found.row.meta == LIVE]


def conclude(store: LocalStore, rehearsal: Rehearsal) -> None:
    """Marks what was received as what it is, and adds what the wearer said of it."""
    with store.transaction() as write:
        for unit in worn_live(store):
            row = store.recording(unit)
            assert row is not None
            write.put_recording(unit, replace(row, simulated=True))
        for event in rehearsal.events:
            write.put_event(event)
    settle_person(store, PERSON, Constants())


def _worth_wearing(day: SimulatedDay) -> int:
    """When to put the strap on: so that it is worn for the day's worst tagged moment whose time is known well, else in the middle of the day."""
    early, late = day.start_ns + HOUR_NS, day.stop_ns - ENDS_S * SECOND_NS
    starts = [(event.certainty_s <= SURE_S, event.distress or 0, event.t_ns - MOMENT_S * SECOND_NS) for event in day.diary.events]
    middle = (False, 0, (early + late) // 2)
    return max((start for start in starts if early <= start[-1] <= late), default=middle)[-1] // SECOND_NS * SECOND_NS


def _part(day: SimulatedDay, start_ns: int, stop_ns: int) -> SimulatedDay:
    """The day as a strap sees it that is worn for this part of it, and what was said meanwhile."""
    on, off = ((at_ns - day.plan.t0_ns) / SECOND_NS for at_ns in (start_ns, stop_ns))
    said = tuple(event for event in day.diary.events if start_ns <= event.t_ns < stop_ns)
    return replace(
        day, plan=replace(day.plan, on=on, off=off), diary=replace(day.diary, events=said, ratings=(), prompts=(), answers=(), sessions=(), plans=())
    )
