"""The embedded store: one SQLite file that is the truth of what a person's devices and the person said.

Knows who may read what; knows nothing of devices, engines or pages. Readers see the person's current analysis and nothing of
another. What can be computed from what is stored (index, RMSSD, confidence) is not stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from somalink.domain.errors import StoreError
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS
from somalink.domain.types import (
    Answer,
    Baseline,
    Beats,
    Candidate,
    ClockAnchor,
    Control,
    Episode,
    Event,
    EventMetrics,
    Finding,
    Gap,
    Grid,
    Link,
    Plan,
    Prompt,
    Rating,
    Session,
    Setting,
    StreamClock,
    UtcOffset,
)
from somalink.storage import coverage, hours, locks, migrations, panels, raw, replication, rows, schema
from somalink.storage.db import Database, make_private
from somalink.storage.outbox import Outbox, replicas
from somalink.storage.rows import CoverageRow, Delta, DeviceEpisode, DeviceStatus, HrvRow, Kind, RawRow, Recording, RecordingRow, TierBaseline
from somalink.storage.writer import Writer

EVER = (-(1 << 62), 1 << 62)
"""[start, stop) of all time that nanoseconds of int64 can hold with room to add."""

OWN_ID = "own id"

T = TypeVar("T")


class LocalStore:
    """A store file, open. Safe to share between threads of one process; other processes open their own.

    >>> with LocalStore.open(path) as store, store.transaction() as write:  # doctest: +SKIP
    ...     write.put_beats(unit, beats)
    """

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database

    @classmethod
    def open(cls, path: Path, *, create: bool = True, read_only: bool = False) -> Self:
        """Opens, makes (0600) or migrates the store; StoreError says what to do when none of these is possible."""
        path = Path(path)
        if not path.exists():
            if read_only or not create:
                raise StoreError(f"{path}: there is no store here", next_step="name another with --store, or fill one with `somalink replay`")
            make_private(path)
        if path.is_dir():
            raise StoreError(f"{path}: this is a folder, not a store", next_step="name a file in it, for example somalink.db")
        database = Database(path, read_only=read_only)
        try:
            (migrations.check if read_only else migrations.migrate)(database, schema.STEPS)
        except StoreError:
            database.close()
            raise
        return cls(path, database)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------ writing

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """All of the block or nothing of it. On disk when the block has ended; a block that changed nothing takes no change number."""
        with self._database.writing():
            change = 1 + int(self._database.value("SELECT value FROM counters WHERE name = 'change'"))
            before = self._database.touched
            write = Writer(self._database, change, {})
            yield write
            if self._database.touched != before:
                self._database.run("UPDATE counters SET value = ? WHERE name = 'change'", (change,))
                write.taken = True

    def reading(self) -> AbstractContextManager[None]:
        """Several reads of one state of the store: what is written meanwhile, here or elsewhere, shows in none of them."""
        return self._database.reading()

    def compact(self, before_ns: int) -> None:
        """Closed hours, those that ended by `before_ns`, become blobs, in one transaction; nothing a reader sees changes."""
        with self._database.writing():
            hours.compact(self._database, before_ns)
            raw.compact(self._database, before_ns)

    def forget_raw(self, unit: Unit, hour: int, goes: Callable[[RawRow], bool]) -> int:
        """Drops those notifications of an hour (of UTC, by its number) that `goes` names; what was made of them stays. How many went. News to nobody."""
        return sum(raw.forget(self._database, id, hour, goes) for id in self._ids(unit))

    def copy_to(self, path: Path) -> None:
        """A second store with all that is in this one now; what is written meanwhile is in it whole or not at all."""
        make_private(path)
        self._database.run("VACUUM INTO ?", (str(path),))

    def engine_lock(self, person: str, device: str) -> AbstractContextManager[None]:
        """One engine per person and device; EngineLocked when there is one already. A killed process holds nothing."""
        return locks.engine_lock(self.path, person, device)

    def shipping_lock(self, replica: str) -> AbstractContextManager[None]:
        """One shipper per replica; EngineLocked when there is one already."""
        return locks.shipping_lock(self.path, replica)

    def strap_lock(self, device: str) -> AbstractContextManager[None]:
        """One recorder per strap, whoever wears it; EngineLocked says on whom, when there is one already. Taken after its engine lock."""
        return locks.strap_lock(self.path, device, self.people())

    def person_secret(self, person: str, *, given: str | None = None) -> str:
        """What seeds the person's draws: made once, kept here, exported nowhere. `given` is used instead of chance the first time
        (simulated people, tests)."""
        sql = "SELECT secret FROM secrets WHERE person = ?"
        if self._database.row(sql, (person,)) is None:
            with self._database.writing():
                self._database.run("INSERT OR IGNORE INTO secrets (person, secret) VALUES (?, ?)", (person, given or secrets.token_hex(16)))
        return str(self._database.value(sql, (person,)))

    def keep(self, person: str, keepsakes: Iterable[tuple[str, str, bytes]]) -> None:
        """(name, state, payload) of what took long to compute; the newest under a name stands. News to nobody: it takes no change number."""
        with self._database.writing():
            Writer(self._database, 0, {}).keep(person, keepsakes)

    def let_go(self, person: str, prefix: str, but: set[str]) -> None:
        """Drops keepsakes whose name begins with `prefix`, all `but` these: they are of what is no longer there."""
        held = self._rows("SELECT name FROM keepsakes WHERE person = ? AND substr(name, 1, ?) = ?", (person, len(prefix), prefix))
        if gone := [(person, name) for (name,) in held if name not in but]:
            with self._database.writing():
                self._database.run_many("DELETE FROM keepsakes WHERE person = ? AND name = ?", gone)

    # ------------------------------------------------------------ who and what

    @property
    def change(self) -> int:
        """The newest change number."""
        return int(self._value("SELECT value FROM counters WHERE name = 'change'") or 0)

    def people(self) -> list[str]:
        """Everybody who wore a device or said something, by name."""
        tables = ("units", "events", "ratings", "sessions", "plans", "settings")
        return [person for (person,) in self._rows(" UNION ".join(f"SELECT person FROM {table}" for table in tables) + " ORDER BY 1")]

    def units(self, person: str | None = None) -> list[Unit]:
        return list(self._units(person).values())

    def recordings(self, person: str | None = None) -> list[Recording]:
        units = self._units(person)
        found = self._rows(rows.RECORDINGS.select("", "start_ns, unit"))
        return [Recording(units[row[0]], rows.RECORDINGS.value(row[1:-1])) for row in found if row[0] in units]

    def recording(self, unit: Unit) -> RecordingRow | None:
        return next((found.row for found in self.recordings(unit.person) if _names(found.unit) == _names(unit)), None)

    def current_analysis(self, person: str) -> str | None:
        found: str | None = self._value("SELECT analysis FROM current_analysis WHERE person = ?", (person,))
        return found

    def decided_ns(self, person: str) -> int | None:
        """Up to when an earlier analysis decided what to ask; None where there was none."""
        found: int | None = self._value("SELECT decided_ns FROM current_analysis WHERE person = ?", (person,))
        return found

    def days(self, unit: Unit) -> list[tuple[int, int]]:
        """[start, stop) of every UTC day in which the recording has beats or grid points: a year is read a day at a time."""
        found = {hour * HOUR_NS // DAY_NS for id in self._ids(unit) for table in (hours.BEATS, hours.GRID) for hour in table.hours(self._database, id)}
        return [(day * DAY_NS, (day + 1) * DAY_NS) for day in sorted(found)]

    # ------------------------------------------------------------ beats, grid, gaps

    def beats(self, person: str, device: str, start_ns: int, stop_ns: int) -> Beats:
        """Beats with start <= t < stop of all recordings of a device, in order of time."""
        return self._beats(self._units(person, device), start_ns, stop_ns)

    def recording_beats(self, unit: Unit, start_ns: int = EVER[0], stop_ns: int = EVER[1]) -> Beats:
        return self._beats(self._units(unit.person, unit.device, unit.recording), start_ns, stop_ns)

    def grid(self, person: str, device: str, start_ns: int, stop_ns: int) -> Grid:
        """Grid points with start <= stop_ns < stop of the current analysis, one a time: where recordings overlap, that of the least id."""
        return self._grid(self._units(person, device), self.current_analysis(person), start_ns, stop_ns)

    def grid_state(self, person: str, start_ns: int, stop_ns: int) -> tuple[int, int, str]:
        """Another one whenever `grid` would be, of all devices: what was read once need not be read again. Whole hours are looked at; no blob is opened."""
        of, mine = self.current_analysis(person) or "", "unit IN (SELECT unit FROM units WHERE person = ?) AND analysis = ?"
        hour, last = start_ns // HOUR_NS, (stop_ns - 1) // HOUR_NS
        sql = (
            f"SELECT max(last_change, floor_change) AS change, count AS n FROM hours WHERE kind = 'grid' AND {mine} AND hour >= ? AND hour <= ? "
            f"UNION ALL SELECT max(change), count(*) FROM grid WHERE {mine} AND stop_ns >= ? AND stop_ns < ?"
        )
        span = (hour * HOUR_NS, (last + 1) * HOUR_NS)
        [(change, count)] = self._rows(f"SELECT coalesce(max(change), 0), coalesce(sum(n), 0) FROM ({sql})", (person, of, hour, last, person, of, *span))
        return int(change), int(count), of

    def beats_state(self, unit: Unit, start_ns: int, stop_ns: int) -> tuple[int, int]:
        """Another one whenever `recording_beats` would be; whole hours are looked at, no blob is opened."""
        hour, last = start_ns // HOUR_NS, (stop_ns - 1) // HOUR_NS
        sql = (
            "SELECT max(last_change, floor_change) AS change, count AS n FROM hours WHERE kind = 'beats' AND unit = ? AND hour >= ? AND hour <= ? "
            "UNION ALL SELECT max(change), count(*) FROM beats WHERE unit = ? AND t_ns >= ? AND t_ns < ?"
        )
        change = count = 0
        for id in self._ids(unit):
            [(newest, n)] = self._rows(
                f"SELECT coalesce(max(change), 0), coalesce(sum(n), 0) FROM ({sql})", (id, hour, last, id, hour * HOUR_NS, (last + 1) * HOUR_NS)
            )
            change, count = max(change, int(newest)), count + int(n)
        return change, count

    def recording_grid(self, unit: Unit, start_ns: int = EVER[0], stop_ns: int = EVER[1], *, analysis: str | None = None) -> Grid:
        """Of one recording; `analysis` None is the current one."""
        of = analysis or self.current_analysis(unit.person)
        return self._grid(self._units(unit.person, unit.device, unit.recording), of, start_ns, stop_ns)

    def grid_points(self, unit: Unit, analysis: str) -> int:
        """How many of one recording; no blob is opened."""
        return sum(hours.GRID.count(self._database, id, analysis) for id in self._ids(unit))

    def gaps(self, person: str, device: str, start_ns: int, stop_ns: int) -> list[Gap]:
        """Gaps that touch [start, stop)."""
        return [gap for id in self._units(person, device) for gap in self._gaps(id, start_ns, stop_ns)]

    def recording_gaps(self, unit: Unit) -> list[Gap]:
        return [gap for id in self._units(unit.person, unit.device, unit.recording) for gap in self._gaps(id, *EVER)]

    def raw(self, unit: Unit, start_ns: int = EVER[0], stop_ns: int = EVER[1]) -> list[RawRow]:
        """Notifications in order of arrival."""
        return [row for id in self._ids(unit) for row in raw.read(self._database, id, start_ns, stop_ns)]

    def raw_since(self, unit: Unit, change: int) -> list[RawRow]:
        """Notifications that were written after `change`, in order of arrival."""
        return [row for id in self._ids(unit) for row in raw.since(self._database, id, change)]

    def raw_in_order(self, unit: Unit) -> Iterator[list[RawRow]]:
        """All notifications in order of arrival, about an hour at a time."""
        for id in self._ids(unit):
            yield from raw.in_order(self._database, id)

    def raw_hours(self, unit: Unit, before_ns: int) -> list[int]:
        """Numbers of the UTC hours that ended by `before_ns` and of which notifications are kept."""
        return [hour for id in self._ids(unit) for hour in raw.hours(self._database, id, before_ns)]

    def last_raw(self, unit: Unit) -> RawRow | None:
        """The notification that arrived last."""
        found = [row for id in self._ids(unit) if (row := raw.last(self._database, id)) is not None]
        return found[-1] if found else None

    def utc_offsets(self, person: str) -> list[UtcOffset]:
        """Of all the person's recordings, by time, each change of offset once."""
        found = self._rows(
            "SELECT from_ns, offset_s, tz FROM utc_offsets WHERE unit IN (SELECT unit FROM units WHERE person = ?) GROUP BY from_ns ORDER BY from_ns", (person,)
        )
        return [UtcOffset(*row) for row in found]

    def recording_utc_offsets(self, unit: Unit) -> list[UtcOffset]:
        return [row for id in self._ids(unit) for row in self._select(rows.UTC_OFFSETS, "WHERE unit = ?", (id,))]

    def clocks(self) -> list[ClockAnchor]:
        return self._select(rows.CLOCKS, "", ())

    def stream_clocks(self, unit: Unit) -> list[StreamClock]:
        """How the device's own clock ran against ours, by time, once a minute and stream."""
        with self._database.reading():
            tables = [hours.STREAM_CLOCKS.read(self._database, id, "", *EVER) for id in self._ids(unit)]
        return [clock for table in tables for clock in hours.stream_clocks_of(table)]

    def device_status(self, unit: Unit) -> list[DeviceStatus]:
        return [row for id in self._ids(unit) for row in self._select(rows.DEVICE_STATUS, "WHERE unit = ?", (id,))]

    def newest_status(self, person: str, device: str) -> list[DeviceStatus]:
        """The rows in which a device said each thing last, oldest first. Last is what was written last: UTC may be set back, that order never."""
        units = ", ".join(map(str, self._units(person, device))) or "NULL"
        newest = f"SELECT max(change) FROM device_status, json_each(fields) WHERE unit IN ({units}) GROUP BY key"
        return self._select(rows.DEVICE_STATUS, f"WHERE unit IN ({units}) AND change IN ({newest})", (), order="change, t_ns")

    # ------------------------------------------------------------ what the engine said

    def episodes(self, person: str, start_ns: int, stop_ns: int) -> list[Episode]:
        """Episodes that touch [start, stop), by start; an open one reaches to the end."""
        return [found.episode for found in self.device_episodes(person, start_ns, stop_ns)]

    def device_episodes(self, person: str, start_ns: int = EVER[0], stop_ns: int = EVER[1]) -> list[DeviceEpisode]:
        """The same with unit, analysis and lead."""
        units = self._units(person)
        where = "WHERE unit IN (SELECT unit FROM units WHERE person = ?) AND analysis = ? AND start_ns < ? AND (stop_ns IS NULL OR stop_ns >= ?)"
        found = self._rows(rows.EPISODES.select(where, "start_ns, id"), (person, self.current_analysis(person), stop_ns, start_ns))
        return [
            DeviceEpisode(units[unit], analysis, None if lead is None else bool(lead), rows.EPISODES.value(own))
            for unit, analysis, lead, *own in (row[:-1] for row in found)
        ]

    def candidates(self, person: str, start_ns: int, stop_ns: int, *, device: str | None = None) -> list[Candidate]:
        """Rises that did not count and touch [start, stop), of every device or of one."""
        where = "WHERE unit IN (SELECT unit FROM units WHERE person = ? AND device = coalesce(?, device)) AND analysis = ? AND start_ns < ? AND stop_ns >= ?"
        given = (person, device, self.current_analysis(person), stop_ns, start_ns)
        return self._select(rows.CANDIDATES, where, given, order="start_ns, kind, driver")

    def recording_candidates(self, unit: Unit) -> list[Candidate]:
        """Of one recording, by time."""
        where, of = "WHERE unit = ? AND analysis = ?", self.current_analysis(unit.person)
        return [row for id in self._ids(unit) for row in self._select(rows.CANDIDATES, where, (id, of), order="start_ns, kind, driver")]

    def hrv(self, unit: Unit) -> list[HrvRow]:
        """5-minute panels in order of time."""
        return [row for id in self._ids(unit) for row in panels.read(self._database, id)]

    def baselines(self, person: str, *, tier: str | None = None, analysis: str | None = None) -> list[Baseline]:
        """By time; of the current analysis unless another is named."""
        return [found.baseline for found in self.tier_baselines(person, analysis=analysis) if tier in (None, found.tier)]

    def tier_baselines(self, person: str, *, analysis: str | None = None) -> list[TierBaseline]:
        of = analysis or self.current_analysis(person)
        found = self._rows("SELECT tier, analysis, json FROM baselines WHERE person = ? AND analysis = ? ORDER BY from_ns, tier", (person, of))
        return [TierBaseline(tier, named, rows.baseline_of(text)) for tier, named, text in found]

    def latest_snapshot(self, unit: Unit, analysis: str, *, before_ns: int | None = None) -> tuple[int, bytes] | None:
        """Event time and bytes of the newest, or of the newest before `before_ns` (when that one cannot be read)."""
        for id in self._ids(unit):
            sql = "SELECT t_ns, payload FROM snapshots WHERE unit = ? AND analysis = ? AND t_ns < ? ORDER BY t_ns DESC LIMIT 1"
            for t_ns, payload in self._rows(sql, (id, analysis, EVER[1] if before_ns is None else before_ns)):
                return t_ns, payload
        return None

    def snapshots(self, unit: Unit, analysis: str) -> list[int]:
        """Event times of those that are kept, oldest first."""
        sql = "SELECT t_ns FROM snapshots WHERE unit = ? AND analysis = ? ORDER BY t_ns"
        return [t_ns for id in self._ids(unit) for (t_ns,) in self._rows(sql, (id, analysis))]

    def links(self, person: str) -> list[Link]:
        """By event, the likeliest episode first, its `none` row last."""
        where = "WHERE person = ? AND analysis = ?"
        return self._select(rows.LINKS, where, (person, self.current_analysis(person)), order="event_id, episode_id = '', probability DESC, episode_id")

    def event_metrics(self, person: str) -> list[EventMetrics]:
        return self._select(rows.METRICS, "WHERE person = ? AND analysis = ?", (person, self.current_analysis(person)))

    def controls(self, person: str, event_id: str | None = None) -> list[Control]:
        """Matched moments, of one event or of all, in the order they were drawn."""
        where, values = "WHERE person = ? AND analysis = ?", (person, self.current_analysis(person))
        return self._select(rows.CONTROLS, where if event_id is None else f"{where} AND event_id = ?", values if event_id is None else (*values, event_id))

    def findings(self, person: str, span: str | None = None) -> list[Finding]:
        """What is said of the person, of one span or of all that were asked for, by span, metric and scope."""
        where, values = "WHERE person = ?", (person,)
        order = "span, metric, scope"
        return self._select(rows.FINDINGS, where if span is None else f"{where} AND span = ?", values if span is None else (*values, span), order=order)

    def keepsake(self, person: str, name: str, state: str) -> bytes | None:
        """What was kept under a name, while what it rests on is still so."""
        found: bytes | None = self._value("SELECT payload FROM keepsakes WHERE person = ? AND name = ? AND state = ?", (person, name, state))
        return found

    def prompts(self, person: str, start_ns: int = EVER[0], stop_ns: int = EVER[1]) -> list[Prompt]:
        """Rows of the ledger with start <= t < stop, by time."""
        return self._select(rows.PROMPTS, "WHERE person = ? AND t_ns >= ? AND t_ns < ?", (person, start_ns, stop_ns), order="t_ns, id")

    def prompt(self, id: str) -> Prompt | None:
        return next(iter(self._select(rows.PROMPTS, "WHERE id = ?", (id,))), None)

    # ------------------------------------------------------------ what people said

    def events(self, person: str, start_ns: int = EVER[0], stop_ns: int = EVER[1]) -> list[Event]:
        """Newest revisions of what is not deleted, with start <= t < stop."""
        found = self._newest(rows.EVENTS, "person = ? AND t_ns >= ? AND t_ns < ? AND NOT deleted", (person, start_ns, stop_ns))
        return sorted(found, key=lambda event: (event.t_ns, event.id))

    def every_event(self, person: str) -> list[Event]:
        """All revisions of all tags, deleted ones too."""
        return self._select(rows.EVENTS, "WHERE person = ?", (person,), order="id, revision")

    def event(self, id: str) -> Event | None:
        """The newest revision, deleted or not."""
        return next(iter(self.event_history(id)[-1:]), None)

    def event_history(self, id: str) -> list[Event]:
        return self._select(rows.EVENTS, "WHERE id = ?", (id,))

    def sessions(self, person: str) -> list[Session]:
        return sorted(self._newest(rows.SESSIONS, "person = ?", (person,)), key=lambda session: (session.start_ns, session.id))

    def plans(self, person: str) -> list[Plan]:
        return sorted(self._newest(rows.PLANS, "person = ?", (person,)), key=lambda plan: (plan.t_ns, plan.id))

    def ratings(self, person: str) -> list[Rating]:
        return self._select(rows.RATINGS, "WHERE person = ?", (person,), order="t_ns, id")

    def answers(self, person: str) -> list[Answer]:
        return self._select(rows.ANSWERS, "WHERE person = ?", (person,), order="received_ns, prompt_id")

    def answers_to(self, prompt_id: str) -> list[Answer]:
        """Everything that was said to one prompt, in order."""
        return self._select(rows.ANSWERS, "WHERE prompt_id = ?", (prompt_id,), order="received_ns")

    def first_act(self, person: str, after_ns: int, until_ns: int) -> tuple[int, str] | None:
        """When the person first told a moment (`events`) or began an exercise (`sessions`) in (after, until], and which; None: neither."""
        sql = (
            "SELECT min(received_ns) AS t_ns, 'events' FROM events WHERE person = ?1 AND received_ns > ?2 AND received_ns <= ?3 "
            "UNION ALL SELECT min(start_ns), 'sessions' FROM sessions WHERE person = ?1 AND start_ns > ?2 AND start_ns <= ?3 ORDER BY t_ns"
        )
        return next(((int(t_ns), table) for t_ns, table in self._rows(sql, (person, after_ns, until_ns)) if t_ns is not None), None)

    def is_rated(self, prompt_id: str) -> bool:
        """Whether a number was given that belongs to this prompt."""
        return bool(self._value("SELECT EXISTS (SELECT 1 FROM ratings WHERE prompt_id = ?)", (prompt_id,)))

    def said(self, person: str) -> int:
        """The change number of the newest thing this person said or set: cheap enough to be asked every second."""
        tables = ("events", "ratings", "sessions", "plans", "answers", "settings", "profile")
        newest = " UNION ALL ".join(f"SELECT max(change) FROM {table} WHERE person = ?" for table in tables)
        return max((int(change) for (change,) in self._rows(newest, (person,) * len(tables)) if change is not None), default=0)

    def settings(self, person: str) -> list[Setting]:
        return self._select(rows.SETTINGS, "WHERE person = ?", (person,))

    def profile(self, person: str) -> list[Setting]:
        return self._select(rows.PROFILE, "WHERE person = ?", (person,))

    # ------------------------------------------------------------ sums and replication

    def coverage(self, person: str | None = None) -> list[CoverageRow]:
        """Every hour of every recording, computed from what is stored and from what the readers counted."""
        return [row for unit in self.units(person) for row in coverage.by_hour(self, unit)]

    def refusals(self, unit: Unit) -> dict[int, tuple[int, dict[str, int]]]:
        """What the reader counted: {hour: (received, {reason: n})}, as `put_counts` was given it."""
        found = [row for id in self._ids(unit) for row in self._select(rows.COUNTS, "WHERE unit = ?", (id,))]
        return {row.hour_start_ns: (row.received, dict(row.refused)) for row in found}

    def totals(self, person: str | None = None) -> dict[str, Any]:
        """What `replay --json` prints of the store (contracts, section 7)."""
        return coverage.totals(self, person)

    def since(self, change: int, limit: int = 10_000) -> Generator[Delta]:
        """What was written after `change` and still stands, in order of change number, never cut inside one.

        Ends at the first whole change after `limit` rows. The last delta's `change` is the next cursor.
        """
        return replication.since(self._database, lambda: self._units(None), change, limit)

    def outbox(self, replica: str) -> Outbox:
        """How far a replica has come. What it keeps is news to nobody."""
        return Outbox(self._database, replica)

    def own_id(self) -> str:
        """Eight hex digits by chance, kept: they tell this store from others and say nothing else."""
        if self.keepsake("", OWN_ID, "") is None:
            self.keep("", [(OWN_ID, "", secrets.token_hex(4).encode())])
        return (self.keepsake("", OWN_ID, "") or b"").decode()

    def replicas(self) -> list[str]:
        """Every replica this store was ever sent to."""
        return replicas(self._database)

    # ------------------------------------------------------------ inside

    def _beats(self, units: dict[int, Unit], start_ns: int, stop_ns: int) -> Beats:
        with self._database.reading():
            tables = [hours.BEATS.read(self._database, id, "", start_ns, stop_ns) for id in units]
        found = Beats.concat(hours.beats_of(t) for t in tables)
        return found if np.all(found.t_ns[1:] >= found.t_ns[:-1]) else found.take(np.argsort(found.t_ns, kind="stable"))

    def _grid(self, units: dict[int, Unit], analysis: str | None, start_ns: int, stop_ns: int) -> Grid:
        if analysis is None:
            return Grid.empty()
        with self._database.reading():
            tables = [hours.GRID.read(self._database, id, analysis, start_ns, stop_ns) for id in units]
        found = Grid.concat(hours.grid_of(t) for t in tables)
        if np.all(found.stop_ns[1:] > found.stop_ns[:-1]):
            return found
        return found.take(np.unique(found.stop_ns, return_index=True)[1])

    def _gaps(self, unit: int, start_ns: int, stop_ns: int) -> list[Gap]:
        return self._select(rows.GAPS, "WHERE unit = ? AND start_ns < ? AND stop_ns >= ?", (unit, stop_ns, start_ns), order="start_ns, stream")

    def _units(self, person: str | None, device: str | None = None, recording: str | None = None) -> dict[int, Unit]:
        found = self._rows("SELECT unit, person, device, recording, tier FROM units ORDER BY person, device, recording")
        wanted = (person, device, recording)
        return {row[0]: Unit(*row[1:]) for row in found if all(ask in (None, has) for ask, has in zip(wanted, row[1:4], strict=True))}

    def _ids(self, unit: Unit) -> list[int]:
        return list(self._units(unit.person, unit.device, unit.recording))

    def _newest(self, kind: Kind[T], where: str, values: tuple[Any, ...]) -> list[T]:
        newest = f"WHERE revision = (SELECT max(revision) FROM {kind.name} AS other WHERE other.id = {kind.name}.id) AND {where}"
        return self._select(kind, newest, values)

    def _select(self, kind: Kind[T], where: str, values: tuple[Any, ...], *, order: str = "") -> list[T]:
        skip = len(kind.place)
        return [kind.value(row[skip:-1]) for row in self._rows(kind.select(where, order), values)]

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._database.rows(sql, values)

    def _value(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self._database.value(sql, values)


def _names(unit: Unit) -> tuple[str, str, str]:
    return unit.person, unit.device, unit.recording
