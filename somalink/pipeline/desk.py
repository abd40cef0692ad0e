"""What the page asks, answered from the store and the hub (`dashboards.live.ports.Desk`). Blocking but for the stream.

Reads FINAL rows; what is provisional goes through the stream alone. Writes short transactions, each the same when told twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from dashboards.live import shapes
from dashboards.live.ports import Conflict, Missing, Taken, Withheld
from dashboards.report.model import Report
from ingest.ble.states import MEANINGS, State
from processing import metrics
from processing.rhythm import limited
from processing.usual import Offsets
from somalink.domain.catalogue import OF_MOMENT
from somalink.domain.choices import CHOICES, PROFILE, YES, shared
from somalink.domain.constants import Constants
from somalink.domain.errors import UsageError
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS, local_day, to_datetime
from somalink.domain.types import UNKNOWN, Answer, Baseline, Episode, Event, Flag, Gap, Gate, Grid, Plan, Rating, Session, Stream, word
from somalink.pipeline import prompting
from somalink.pipeline.breath import Pacer, beat_json, breathe_along, latency_in, pacer
from somalink.pipeline.choosing import choices_of, choose
from somalink.pipeline.holdings import Stage, local_offsets, minute_chances, quiet, stage_at
from somalink.pipeline.hub import Changed, Final, Heard, Hub, Link, Message, Prompted, Provisional
from somalink.pipeline.hub import Status as Dropped
from somalink.pipeline.links import LinkNow, link_of
from somalink.pipeline.person import settle_person
from somalink.pipeline.timeline import Speaking, tiers_of, timeline
from somalink.pipeline.upright import calibrate, recorded_now, tells_of_trunk, told_last
from somalink.storage import derived, locks
from somalink.storage.coverage import USABLE_Q, usable
from somalink.storage.local import LocalStore
from somalink.storage.writer import StaleRevision, Writer

MS = 1_000_000
Q = 10_000
"""Quality, z and standard error are kept in 1e-4."""
OK_Q = round(USABLE_Q * Q)
HOLE_NS = MINUTE_NS
"""A hole in the rows from which on it is a gap to be told of: shorter ones are a strap's daily life."""
RECENT_NS = 2 * MINUTE_NS
"""A point older than this says nothing of now."""
MOST_READ = 2000
"""Days that are remembered, 5 kB each."""
REPORTS = 32
"""Reports that are remembered, up to 2 MB each."""
TODAY_NS = 10 * MINUTE_NS
"""How long a report that has today in it stands while more is worn, where nothing else has changed."""
SHOWN_DAYS = 40
"""How far back a page shows times of day: its weeks."""
OVERVIEW_NS = 4 * MINUTE_NS
"""One value of a small day's line."""
ALIVE_S = 15.0
LOOK_S = 0.25
STAGES = {"begun": "none", "learning": "session", "nearly": "learning", "own": "full", "recording": "within_recording"}


@dataclass(frozen=True, slots=True)
class _Diary:
    """What was said and seen in the days that are shown."""

    events: Sequence[Event]
    belonging: Sequence[Rating]
    episodes: Sequence[Episode]


@dataclass(frozen=True, slots=True)
class _Local:
    """The wearer's own offset from UTC: as the recording near a time says, else as the settings say."""

    offsets: Offsets
    newest_ns: int
    zone: ZoneInfo

    def offset_s(self, t_ns: int) -> int:
        told = len(self.offsets.from_ns) > 1 or self.offsets.from_ns[0] > 0
        if told and t_ns <= self.newest_ns + DAY_NS // 2:
            return self.offsets.one(t_ns)
        away = to_datetime(t_ns).astimezone(self.zone).utcoffset()
        return int(away.total_seconds()) if away else 0

    def changes(self, start_ns: int, stop_ns: int) -> list[tuple[int, int]]:
        """(from_ns, seconds) of every offset in the span, to the second; the first holds from its start."""
        found = [(start_ns, self.offset_s(start_ns))]
        for day_ns in range(start_ns + DAY_NS, stop_ns + DAY_NS, DAY_NS):
            low, high = day_ns - DAY_NS, min(day_ns, stop_ns)
            if (after := self.offset_s(high)) == found[-1][1]:
                continue
            while high - low > SECOND_NS:
                middle = (low + high) // 2
                low, high = (low, middle) if self.offset_s(middle) == after else (middle, high)
            found.append((high // SECOND_NS * SECOND_NS, after))
        return found

    def day_start(self, t_ns: int) -> int:
        return day_start(t_ns, self.offset_s(t_ns))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which report, of whom and of which days."""

    person: str
    first: date
    last: date
    lang: str
    notes: bool
    own: bool
    """For the wearer\'s own eyes."""


@dataclass(frozen=True, slots=True)
class _Stood:
    """What a report rested on: what was said, asked and worn on days that are over, and what was worn today up to when."""

    before: tuple[object, ...]
    today: tuple[object, ...]
    at_ns: int

    def stands(self, now: _Stood) -> bool:
        return self.before == now.before and (self.today == now.today or 0 <= now.at_ns - self.at_ns < TODAY_NS)


def done() -> float | None:
    """Nothing is being made up for."""
    return None


@dataclass(slots=True)
class StoreDesk:
    """One store and its hub."""

    store: LocalStore
    hub: Hub
    constants: Constants
    now_ns: Callable[[], int]
    """The time of day of who wears the device: the wall's, or that of a recording that is lived again."""
    tz: str
    publish: Callable[[Message], None]
    """The hub's own, for any thread."""
    lived: Callable[[], float | None] = done
    """How much of a life that is being made up for is lived, as a share of 1; None once it is, or where none is."""
    _read: dict[tuple[str, int, int], tuple[tuple[int, int, str], tuple[float, float, Line]]] = field(default_factory=dict)

    _reports: dict[_Asked, tuple[_Stood, Report]] = field(default_factory=dict)
    _far: dict[str, float] = field(default_factory=dict)
    """How far a report is that is being made just now, by person."""

    # ---- how things are

    def status(self, person: str) -> shapes.Status:
        now_ns, here = self.now_ns(), self._local(person)
        offset_s = here.offset_s(now_ns)
        day_ns = day_start(now_ns, offset_s)
        rows = self._rows(person, day_ns, now_ns + MINUTE_NS)
        units = self.store.units(person)
        return shapes.Status(
            person=person,
            display_name=person,
            now_ms=now_ns // MS,
            tz=self.tz,
            offset_s=offset_s,
            offsets=[(from_ns // MS, seconds) for from_ns, seconds in here.changes(now_ns - SHOWN_DAYS * DAY_NS, now_ns + DAY_NS)],
            device=self._device(person, units, rows, now_ns),
            today=self._today(person, units, rows, day_ns, now_ns),
            stage=self._knows(person, rows),
            day_from_ms=day_ns // MS,
            lan=False,
            secure=False,
            here=False,
            lived=self.lived(),
            simulated=any(found.row.simulated for found in self.store.recordings(person)),
        )

    def _device(self, person: str, units: Sequence[Unit], rows: Grid, now_ns: int) -> shapes.Wears | None:
        """The one that speaks just now; where none does, the one that is heard, else the one heard last."""
        known = [(link_of(self.store, person, device), device) for device in sorted({unit.device for unit in units})]
        if not known:
            return None
        line = timeline(self.store, person, now_ns - RECENT_NS, now_ns + MINUTE_NS)
        speaks = line.devices[int(line.of[-1])] if len(line) else ""
        link, device = max(known, key=lambda each: (each[1] == speaks, each[0] is not None, each[0].link.since_ns if each[0] else 0))
        tier = next(unit.tier for unit in reversed(units) if unit.device == device)
        return wears(link, device, tier, signal_of(rows, now_ns))

    def _today(self, person: str, units: Sequence[Unit], rows: Grid, day_ns: int, now_ns: int) -> shapes.Today:
        gaps = self._gaps(person, rows, day_ns, now_ns)
        counts = [refused for unit in units for hour, (_, refused) in self.store.refusals(unit).items() if day_ns <= hour < now_ns - HOUR_NS]
        flags = [self.store.beats(person, device, day_ns, now_ns).flag for device in {unit.device for unit in units}]
        return shapes.Today(
            worn_s=len(heard(rows)) * GRID_NS // SECOND_NS,
            gap_s=sum(stop - start for start, stop, _ in gaps) / 1000,
            gaps=gaps,
            beats_received=sum(map(len, flags)) + sum(sum(refused.values()) for refused in counts),
            beats_flagged=sum(int(np.count_nonzero(flag != Flag.OK)) for flag in flags),
            rhythm_s=int(np.count_nonzero(limited(rows))) * GRID_NS // SECOND_NS,
            rhythm_now=bool(limited(rows.take(rows.stop_ns > now_ns - RECENT_NS))[-1:].any()),
        )

    def _knows(self, person: str, rows: Grid) -> shapes.Knows:
        baselines = {baseline.number: baseline for baseline in self.store.baselines(person)}
        newest = max(baselines.values(), key=lambda each: each.from_ns, default=None)
        last = rows if len(rows) else self._last_rows(person)
        still_h = float(np.count_nonzero(quiet(last))) * GRID_NS / HOUR_NS
        stage = stage_at(last, len(last) - 1, baselines, still_h=still_h, constants=self.constants)
        maturity = self.constants.maturity
        return shapes.Knows(_stage(stage, newest), round(stage.still_h, 1), maturity.full_h, newest.still_days if newest else 0, maturity.full_days)

    def _last_rows(self, person: str) -> Grid:
        """Rows of the last day that has any."""
        days = sorted({day for unit in self.store.units(person) for day in self.store.days(unit)})
        return self._rows(person, *days[-1]) if days else Grid.empty()

    # ---- what was

    def indices(self, person: str, start_ns: int, stop_ns: int, step_s: int) -> shapes.Indices:
        rows = self._rows(person, start_ns, stop_ns)
        picked = rows.take(last_of_each(rows.stop_ns, step_s * SECOND_NS))
        return shapes.Indices(
            step_s=step_s,
            t_ms=(picked.stop_ns // MS).tolist(),
            z=mean_of_each(rows, step_s * SECOND_NS),
            se=numbers(picked, "se"),
            gate=[word(Gate(gate)) for gate in picked.gate.tolist()],
            ok=(picked.hr_q >= OK_Q).tolist(),
            hr=numbers(picked, "hr"),
            gaps=self._gaps(person, rows, start_ns, min(stop_ns, self.now_ns())),
        )

    def episodes(self, person: str, start_ns: int, stop_ns: int) -> shapes.Episodes:
        rows = self._rows(person, start_ns - 2 * HOUR_NS, stop_ns + 2 * HOUR_NS)
        found = [each.episode for each in self.store.device_episodes(person, start_ns, stop_ns) if each.lead is not False]
        links: dict[str, list[shapes.LinkedTo]] = {}
        for link in self.store.links(person):
            links.setdefault(link.episode_id, []).append(shapes.LinkedTo(link.event_id, link.probability, link.verdict))
        said = {answer.prompt_id.removeprefix(OF_MOMENT): answer.answer for answer in self.store.answers(person) if answer.prompt_id.startswith(OF_MOMENT)}
        inside = rows.take(slice(*np.searchsorted(rows.stop_ns, (start_ns, stop_ns)).tolist()))
        fit = inside.take(usable(inside))
        return shapes.Episodes(
            [self._moment(episode, rows, links.get(episode.id, []), said.get(episode.id, "")) for episode in found],
            usable_h=round(len(fit) * GRID_NS / HOUR_NS, 2),
            chance_expected=self._expected(person, fit),
        )

    def _moment(self, episode: Episode, rows: Grid, links: list[shapes.LinkedTo], said: str) -> shapes.Moment:
        half_s = metrics.half_back(episode, rows, self.constants)
        return shapes.Moment(
            id=episode.id,
            kind=episode.kind,
            driver=episode.driver,
            start_ms=episode.start_ns // MS,
            stop_ms=None if episode.stop_ns is None else episode.stop_ns // MS,
            peak_ms=episode.peak_ns // MS,
            peak_z=round(episode.peak_z, 2),
            gate=episode.gate,
            state=episode.state,
            truncated=episode.truncated,
            quality=round(episode.quality, 2),
            confidence=round(episode.confidence, 2),
            chance_per_h=episode.chance_per_h,
            half_min=None if half_s is None else round(half_s / 60, 1),
            links=links,
            said=said,
        )

    def _expected(self, person: str, fit: Grid) -> float | None:
        """How many spikes chance would show in these usable points; None while no chance is known."""
        baselines = {baseline.number: baseline for baseline in self.store.baselines(person)}
        minutes = fit.take(fit.stop_ns % MINUTE_NS == 0)
        rates = minute_chances(minutes, baselines, local_offsets(self.store, person), self.constants)
        told = rates[~np.isnan(rates)]
        return round(float(np.mean(told)) * len(fit) * GRID_NS / HOUR_NS, 2) if len(told) else None

    def days(self, person: str, n: int) -> list[shapes.Day]:
        here = self._local(person)
        today_ns = day_start(self.now_ns(), here.offset_s(self.now_ns()))
        said = _Diary(
            self.store.events(person, today_ns - n * DAY_NS, today_ns + 2 * DAY_NS),  # today may have 25 hours
            [rating for rating in self.store.ratings(person) if rating.kind == "belonging" and not rating.prompt_id],
            [each.episode for each in self.store.device_episodes(person, today_ns - n * DAY_NS, today_ns + 2 * DAY_NS) if each.lead is not False],
        )
        return [self._day(person, today_ns - k * DAY_NS, said, here) for k in reversed(range(n))]

    def _day(self, person: str, about_ns: int, said: _Diary, here: _Local) -> shapes.Day:
        """The local day that holds noon of `about_ns`'s day; one of 23 or 25 hours as it was."""
        start_ns = here.day_start(about_ns + DAY_NS // 2)
        stop_ns = here.day_start(start_ns + DAY_NS + DAY_NS // 2)
        belonging = [rating for rating in said.belonging if start_ns <= rating.t_ns < stop_ns]
        date = to_datetime(start_ns + here.offset_s(start_ns) * SECOND_NS).date()
        worn_h, usable_h, line = self._worn(person, start_ns, stop_ns)
        return shapes.Day(
            day=date.isoformat(),
            from_ms=start_ns // MS,
            to_ms=stop_ns // MS,
            worn_h=worn_h,
            usable_h=usable_h,
            moments=sum(episode.kind == "spike" and start_ns <= episode.start_ns < stop_ns for episode in said.episodes),
            belonging=max(belonging, key=lambda each: each.t_ns).value if belonging else None,
            tags=[(event.t_ns // MS, event.kind) for event in said.events if start_ns <= event.t_ns < stop_ns],
            z_from_ms=start_ns // MS,
            z=line.z,
            judged=line.judged,
        )

    # ---- findings

    def findings(self, person: str, weeks: int) -> Report:
        return self._report(person, *self._weeks(person, weeks), notes=True, own=True)

    def far(self, person: str) -> float | None:
        return self._far.get(person)

    def report(self, person: str, weeks: int, format: str) -> bytes:
        from dashboards import report as paper

        choices = self.choices(person)
        stretches = shared(choices["report_spans"], *self._weeks(person, weeks))
        if not stretches:
            raise Withheld("none of these days may be in a report, as was chosen", next_step="choose other days in the settings, or other weeks")
        made = self._report(person, *stretches[-1], notes=choices["report_notes"] == YES, own=False)
        return paper.as_pdf(made) if format == "pdf" else paper.as_html(made).encode()

    def _weeks(self, person: str, weeks: int) -> tuple[date, date]:
        """The first and the last of so many weeks' local days, which end with today."""
        here, now_ns = self._local(person), self.now_ns()
        today = to_datetime(here.day_start(now_ns) + here.offset_s(now_ns) * SECOND_NS).date()
        return today - timedelta(days=7 * weeks - 1), today

    def _report(self, person: str, first: date, last: date, *, notes: bool, own: bool) -> Report:
        """Remembered while what it rests on stands: moments of a year take a while to compare."""
        from somalink.pipeline.reporting import report_of

        asked = _Asked(person, first, last, self.choices(person)["language"] or "en", notes, own)
        stood = self._stood(person)
        known = self._reports.get(asked)
        if known is not None and known[0].stands(stood):
            return known[1]
        try:
            told = partial(self._far.__setitem__, person)
            made = report_of(
                self.store,
                person,
                first,
                last,
                constants=self.constants,
                lang=asked.lang,
                notes=notes,
                tz=self.tz,
                own=own,
                rolling=own,  # "the last weeks" are other days tomorrow; what was handed over stays
                told=told,
            )
        finally:
            self._far.pop(person, None)
        if len(self._reports) >= REPORTS:
            self._reports.clear()
        self._reports[asked] = (stood, made)
        return made

    def _stood(self, person: str) -> _Stood:
        """What was said is looked at itself: a device that joins is something said to the store as well. Of what was worn the store has numbers; a
        strap that is worn moves today's every few seconds, and seldom a moment that was said with them."""
        store, now_ns = self.store, self.now_ns()
        today_ns = self._local(person).day_start(now_ns)
        asked = [row for row in store.prompts(person) if row.eligible]
        told: list[Sequence[object]] = [
            store.every_event(person),
            store.ratings(person),
            store.sessions(person),
            store.plans(person),
            store.answers(person),
            asked,
        ]
        holds = [(key, value) for key, value in self.choices(person).items() if CHOICES[key].table == PROFILE]
        before = (hash((*(tuple(each) for each in told), *holds)), store.grid_state(person, 0, today_ns))
        return _Stood(before, store.grid_state(person, today_ns, now_ns + DAY_NS), now_ns)

    def _worn(self, person: str, start_ns: int, stop_ns: int) -> tuple[float, float, Line]:
        """Hours worn, hours of use, and the line of a day: remembered, since a month of rows takes a second to read and seldom changes."""
        state, key = self.store.grid_state(person, start_ns, stop_ns), (person, start_ns, stop_ns)
        known = self._read.get(key)
        if known is not None and known[0] == state:
            return known[1]
        rows = self._rows(person, start_ns, stop_ns)
        worn, fit = len(heard(rows)) * GRID_NS / HOUR_NS, int(np.count_nonzero(usable(rows))) * GRID_NS / HOUR_NS
        found = round(worn, 2), round(fit, 2), overview(rows, start_ns, stop_ns)
        if len(self._read) >= MOST_READ:
            self._read.clear()
        self._read[key] = (state, found)
        return found

    def _rows(self, person: str, start_ns: int, stop_ns: int) -> Grid:
        """One row a grid point, of the device that leads there."""
        return timeline(self.store, person, start_ns, stop_ns).rows

    def _gaps(self, person: str, rows: Grid, start_ns: int, stop_ns: int) -> list[tuple[int, int, str]]:
        """Holes of a minute or more inside what was worn, and one that reaches to now; (from_ms, to_ms, reason)."""
        rows = heard(rows)
        if not len(rows):
            return []
        until_ns = int(rows.stop_ns[-1])  # the newest point is always a little old; a hole that reaches to now is one only after a while
        edges = np.append(rows.stop_ns, stop_ns if stop_ns - until_ns > RECENT_NS else until_ns)
        wide = np.flatnonzero(np.diff(edges) > HOLE_NS)
        told = [gap for device in {u.device for u in self.store.units(person)} for gap in self.store.gaps(person, device, start_ns, stop_ns)]
        heart = [gap for gap in told if gap.stream in (Stream.RR, Stream.HR)]
        holes = [(int(edges[k]), int(edges[k + 1])) for k in wide.tolist()]
        return [(begin // MS, end // MS, _reason(heart, begin, end)) for begin, end in holes]

    def _local(self, person: str) -> _Local:
        newest_ns = max((found.row.stop_ns or self.now_ns() for found in self.store.recordings(person)), default=0)
        return _Local(local_offsets(self.store, person), newest_ns, ZoneInfo(self.tz))

    # ---- what people say

    def events(self, person: str, start_ns: int, stop_ns: int) -> list[Event]:
        return self.store.events(person, start_ns, stop_ns)

    def event(self, person: str, id: str) -> Event | None:
        found = self.store.event(id)
        return found if found is not None and found.person == person and not found.deleted else None

    def tag(self, event: Event) -> bool:
        known = self.store.event_history(event.id)
        if known:
            return self._again(known, event)
        try:
            self._put(event)
        except StaleRevision:  # the same, or another's, came in by another door meanwhile
            return self._again(self.store.event_history(event.id), event)
        return True

    def _again(self, known: Sequence[Event], event: Event) -> bool:
        """What is to be said of a tag whose id is known: that it is, if it is the same."""
        first = known[0]
        if first.person != event.person:
            raise _taken()
        if replace(first, received_ns=0) != replace(event, received_ns=0):
            raise Conflict(known[-1])
        return False

    def edit(self, person: str, id: str, revision: int, made_at_ns: int, changed: Mapping[str, Any]) -> Event:
        """The next revision. Made on an older one, it is merged where the two touched different fields; else Conflict."""
        history = self.store.event_history(id)
        if not history or history[0].person != person:
            raise Missing("there is no such tag", next_step="read the list again")
        current = history[-1]
        read = next((each for each in history if each.revision == revision), None)
        if read is None:
            raise UsageError(f"there is no revision {revision} of this tag", next_step="read it again")
        if all(getattr(current, name) == value for name, value in changed.items()):
            return current
        if current.deleted or any(getattr(read, name) != getattr(current, name) for name in changed):
            raise Conflict(current)
        made = replace(current, **changed, revision=current.revision + 1, made_at_ns=made_at_ns, received_ns=self.now_ns())
        if made.t_end_ns is not None and made.t_end_ns < made.t_ns:
            raise UsageError("the tag would end before it begins", next_step="give the later time as its end")
        try:
            self._put(made)
        except StaleRevision as stale:
            raise Conflict(stale.current) from stale
        return made

    def _put(self, event: Event) -> None:
        with self.store.transaction() as write:
            write.put_event(event)
        self._told(event.person, links=True)

    def ratings(self, person: str, start_ns: int, stop_ns: int) -> list[Rating]:
        return [rating for rating in self.store.ratings(person) if start_ns <= rating.t_ns < stop_ns]

    def rate(self, rating: Rating) -> bool:
        known = next((each for each in self.store.ratings(rating.person) if each.id == rating.id), None)
        if known is not None and replace(known, received_ns=0) == replace(rating, received_ns=0):
            return False
        with self.store.transaction() as write:
            if not write.put_rating(rating):
                raise _taken()
        self._told(rating.person)
        return known is None

    def sessions(self, person: str, start_ns: int, stop_ns: int) -> list[Session]:
        return [session for session in self.store.sessions(person) if start_ns <= session.start_ns < stop_ns]

    def did(self, session: Session) -> bool:
        if any(each.id == session.id for each in self.store.sessions(session.person)):
            return False
        return self._new(session.person, lambda write: write.put_session(session))

    def plans(self, person: str) -> list[Plan]:
        return self.store.plans(person)

    def plan(self, plan: Plan) -> bool:
        if any(each.id == plan.id for each in self.store.plans(plan.person)):
            return False
        return self._new(plan.person, lambda write: write.put_plan(plan))

    def _new(self, person: str, put: Callable[[Writer], None]) -> bool:
        try:
            with self.store.transaction() as write:
                put(write)
        except StaleRevision as stale:
            if stale.current.person != person:
                raise _taken() from stale
            return False
        self._told(person)
        return True

    def choices(self, person: str) -> dict[str, str]:
        return choices_of(self.store, person)

    def choose(self, person: str, choices: Mapping[str, str]) -> dict[str, str]:
        held = choose(self.store, person, choices, self.now_ns())
        self._told(person)
        return held

    # ---- which way is up

    def upright(self, person: str) -> shapes.Upright:
        units = [unit for unit in recorded_now(self.store, person, self.now_ns()) if tells_of_trunk(self.store, unit)]
        if not units:
            return shapes.Upright("", None)
        told = told_last(self.store, person, units[0].device)
        return shapes.Upright(units[0].device, told.received_ns // MS if told else None)

    def stand(self, person: str) -> shapes.Stood:
        stood = calibrate(self.store, person, self.now_ns(), self.constants.motion)
        if stood.xyz is not None:
            self._told(person)
        return shapes.Stood(stood.device, stood.reason)

    def _told(self, person: str, *, links: bool = False) -> None:
        """Whoever looks hears of it at once. `links`: they rest on what was said; a running engine makes them anew by itself."""
        if links and not any(locks.held(self.store.path, person, device) for device in {unit.device for unit in self.store.units(person)}):
            settle_person(self.store, person, self.constants)
        self.publish(Changed(self.store.change, person))

    # ---- prompts

    def prompts(self, person: str, start_ns: int, stop_ns: int) -> list[shapes.Asked]:
        rows = [row for row in self.store.prompts(person) if start_ns <= row.t_ns < stop_ns]
        return [
            shapes.Asked(
                row.id,
                row.t_ns // MS,
                row.trigger,
                row.eligible,
                row.reason,
                row.arm,
                row.probability,
                None if row.shown_ns is None else row.shown_ns // MS,
                row.answer,
                None if row.answered_ns is None else row.answered_ns // MS,
            )
            for row in sorted(rows, key=lambda each: -each.t_ns)
        ]

    def open_prompt(self, person: str) -> shapes.Open | None:
        return as_open(prompting.open_prompt(self.store, person, self.now_ns()))

    def answer(self, answer: Answer) -> shapes.Open | None:
        if answer.prompt_id.startswith(OF_MOMENT):
            self._said_of_moment(answer)
            return None
        asked = self.store.prompt(answer.prompt_id)
        if asked is None or asked.person != answer.person:
            raise Missing("there is no such prompt", next_step="reload the page")
        prompting.answer(self.store, answer.person, answer.prompt_id, answer.answer, max(answer.received_ns, asked.t_ns))
        follows = prompting.open_prompt(self.store, answer.person, self.now_ns())
        self.publish(Prompted(answer.person))
        return as_open(follows)

    def _said_of_moment(self, answer: Answer) -> None:
        """Kept once; said otherwise later, the newest holds."""
        id = answer.prompt_id.removeprefix(OF_MOMENT)
        if id not in {found.episode.id for found in self.store.device_episodes(answer.person)}:
            raise Missing("there is no such moment", next_step="reload the page")
        if any(known.answer == answer.answer for known in self.store.answers_to(answer.prompt_id)[-1:]):
            return
        with self.store.transaction() as write:
            write.put_answer(answer)
        self.publish(Changed(self.store.change, answer.person))

    # ---- what happens

    def breath(self, person: str, rate: float, in_s: float | None, ex_s: float | None, start_ns: int) -> AsyncGenerator[shapes.Told]:
        return self._breath(person, pacer(rate, in_s, ex_s, started_ns=start_ns))

    async def _breath(self, person: str, pace: Pacer) -> AsyncGenerator[shapes.Told]:
        told = breathe_along(self.hub, person, pace, latency=partial(latency_in, self.store, person), clock=_Told(self.now_ns))
        async with contextlib.aclosing(told) as along:
            async for each in along:
                yield shapes.Told("beat", beat_json(each)) if isinstance(each, Heard) else shapes.Told("swing", each.as_json())

    async def stream(self, person: str, *, after: int | None) -> AsyncGenerator[shapes.Told]:
        watcher, loop = self.hub.subscribe(), asyncio.get_running_loop()
        messages = aiter(watcher)
        following = asyncio.ensure_future(anext(messages))
        speaking = Speaking(partial(tiers_of, self.store, person))
        try:
            change = await asyncio.to_thread(lambda: self.store.change)
            if after is not None and after != change:  # less than it knew: another store is served here now
                yield shapes.Told("changed", {}, change)
            spoken_s = loop.time()
            while True:
                done, _ = await asyncio.wait({following}, timeout=max(spoken_s + ALIVE_S - loop.time(), 0))
                if not done or loop.time() - spoken_s >= ALIVE_S:  # others may be told of all the while
                    yield shapes.Told("alive", {})
                    spoken_s = loop.time()
                if not done:
                    continue
                try:
                    message = following.result()
                except StopAsyncIteration:
                    return
                following = asyncio.ensure_future(anext(messages))
                for told in told_of(message, person, self.now_ns()) if _is_spoken(message, person, speaking) else ():
                    yield told
                    spoken_s = loop.time()
        finally:
            following.cancel()
            self.hub.leave(watcher)


@dataclass(frozen=True, slots=True)
class _Told:
    """The desk's time as a clock that can be waited for: looked at often, since a recording may be lived faster than the wall's hours pass."""

    now_ns: Callable[[], int]

    async def sleep_until(self, t_ns: int) -> None:
        while (left_s := (t_ns - self.now_ns()) / SECOND_NS) > 0:
            await asyncio.sleep(min(left_s, LOOK_S))


def _taken() -> Taken:
    return Taken("this id cannot be used", next_step="draw a new one")


def as_open(found: prompting.OpenPrompt | None) -> shapes.Open | None:
    """What a page is told of an open prompt: nothing that tells a rise from a random time."""
    return None if found is None else shapes.Open(found.id, found.t_ns // MS, found.screen, found.from_ns // MS, found.until_ns // MS, found.early)


def _is_spoken(message: Message, person: str, speaking: Speaking) -> bool:
    """False of values of this person's from a device that another one speaks for."""
    match message:
        case Provisional(who, device, grid) if who == person and len(grid):
            return speaking.speaks(device, grid)
        case Final(who, device, Grid() as grid) if who == person and len(grid):
            return speaking.speaks(device, grid)
        case _:
            return True


def told_of(message: Message, person: str, now_ns: int) -> Iterable[shapes.Told]:
    """What a message of the hub is to this person's page: nothing, if it is of somebody else."""
    match message:
        case Dropped(overflow):
            yield shapes.Told("overflow", {"n": overflow})
        case Changed(change, who) if who in ("", person):
            yield shapes.Told("changed", {}, change)
        case Provisional(who, device, grid, heard_ns) if who == person and len(grid):
            yield shapes.Told("now", {**point(grid), "device": device, "final": False, "sent_ms": (heard_ns or now_ns) // MS})
        case Final(who, device, Grid() as grid) if who == person and len(grid):
            yield shapes.Told("now", {**point(grid), "device": device, "final": True, "sent_ms": now_ns // MS})
        case Final(who, _, Episode()) if who == person:
            yield shapes.Told("changed", {})
        case Prompted(who) if who == person:
            yield shapes.Told("prompt", {})
        case Link() if message.person == person:
            yield shapes.Told("link", {"state": message.state, "words": message.words, "help": message.help, "since_ms": message.since_ns // MS})
        case _:
            return


def point(grid: Grid) -> dict[str, Any]:
    """The newest grid point as the page draws it."""
    last = grid.take(slice(-1, None))
    return {
        "t_ms": int(last.stop_ns[0]) // MS,
        "z": numbers(last, "z")[0],
        "se": numbers(last, "se")[0],
        "gate": word(Gate(int(last.gate[0]))),
        "ok": bool(last.hr_q[0] >= OK_Q),
        "hr": numbers(last, "hr")[0],
        "quality": numbers(last, "hr_q")[0],
    }


def wears(link: LinkNow | None, device: str, tier: str, signal: str) -> shapes.Wears:
    """A device as the page tells of it; a recording that is lived again has no link, and counts as heard while values come."""
    if link is None:
        state = State.STOPPED if signal == "none" else State.STREAMING
        return shapes.Wears(device, device, tier, state.value, MEANINGS[state].words, "", None, None, signal)
    name = str(link.about.get("model") or device)
    return shapes.Wears(device, name, tier, link.link.state.value, link.link.words, link.link.help, link.link.since_ns // MS, link.battery_pct, signal)


def heard(rows: Grid) -> Grid:
    """Rows with a heart rate: the grid goes on through a night without a strap, with nothing in it."""
    return rows.take(rows.hr != UNKNOWN)


def signal_of(rows: Grid, now_ns: int) -> str:
    """`good`, `weak` or `none`, by the last minute's points."""
    recent = heard(rows.take(rows.stop_ns > now_ns - RECENT_NS))
    if not len(recent):
        return "none"
    return "good" if np.count_nonzero(recent.hr_q >= OK_Q) * 2 >= len(recent) else "weak"


def numbers(rows: Grid, name: str) -> list[float | None]:
    """A column in its unit, as JSON has it; None where not known."""
    return [None if value != value else value for value in derived.known(rows, name).tolist()]


def last_of_each(stop_ns: np.ndarray[Any, Any], step_ns: int) -> np.ndarray[Any, Any]:
    """Index of the newest row of every step that has one; (k,)."""
    if not len(stop_ns):
        return np.zeros(0, np.int64)
    step = (stop_ns - 1) // step_ns
    return np.flatnonzero(np.append(step[1:] != step[:-1], True))


def mean_of_each(rows: Grid, step_ns: int) -> list[float | None]:
    """Mean level of every step that has a row: a half minute's heart rate looked at once a minute would show more ragged than it is. None
    where none of the step's points is known."""
    last = last_of_each(rows.stop_ns, step_ns)
    told = rows.z != UNKNOWN
    n, total = (np.add.reduceat(column, np.append(0, last[:-1] + 1)) if len(last) else np.zeros(0) for column in (told * 1, np.where(told, rows.z, 0)))
    return [round(sum_ / count / Q, 4) if count else None for sum_, count in zip(total.tolist(), n.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class Line:
    """A day's small line: the level in steps of four minutes, None where there is none or the signal was weak, and whether it was judged."""

    z: list[float | None]
    judged: list[bool]


def overview(rows: Grid, start_ns: int, stop_ns: int) -> Line:
    """The line from `start_ns`, in steps of four minutes."""
    steps = (stop_ns - start_ns) // OVERVIEW_NS
    values: list[float | None] = [None] * steps
    judged = [False] * steps
    good = rows.take((rows.z != UNKNOWN) & (rows.hr_q >= OK_Q))
    picked = good.take(last_of_each(good.stop_ns - start_ns, OVERVIEW_NS))
    for t_ns, z, judge in zip(picked.stop_ns.tolist(), picked.z.tolist(), usable(picked).tolist(), strict=True):
        k = min((t_ns - start_ns - 1) // OVERVIEW_NS, steps - 1)
        values[k], judged[k] = round(z / Q, 2), judge
    return Line(values, judged)


def day_start(t_ns: int, offset_s: int) -> int:
    """When the local day that holds `t_ns` began: at four in the morning."""
    return local_day(t_ns, offset_s) * DAY_NS + DAY_BREAK_NS - offset_s * SECOND_NS


def _reason(gaps: Sequence[Gap], begin_ns: int, end_ns: int) -> str:
    """What was said of a hole: the reason of the gap that covers most of it, '' where nothing was recorded at all."""
    overlap = {gap: min(gap.stop_ns, end_ns) - max(gap.start_ns, begin_ns) for gap in gaps}
    most = max(overlap, key=lambda gap: overlap[gap], default=None)
    return most.reason if most is not None and overlap[most] > 0 else ""


def _stage(stage: Stage, newest: Baseline | None) -> str:
    return STAGES[stage.name] if stage.name != "begun" or newest is None else "session"
