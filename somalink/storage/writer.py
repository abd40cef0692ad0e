"""Everything that may be written, inside one transaction with one change number.

Knows what makes a row the same row and which rows may never change again; knows nothing of when to write.
Writing the same again changes nothing, not even a change number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from somalink.domain.catalogue import STILL
from somalink.domain.errors import StoreError
from somalink.domain.identity import Unit
from somalink.domain.time import HOUR_NS
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
from somalink.storage import hours, raw, rows
from somalink.storage import panels as hrv
from somalink.storage.db import Database
from somalink.storage.rows import DeviceStatus, HourCount, HrvRow, Kind, RawRow, RecordingRow

SNAPSHOTS_KEPT = 2
"""The newest, and the one before it in case the newest cannot be read."""

T = TypeVar("T")
Revised = TypeVar("Revised", Event, Session, Plan)


class StaleRevision(StoreError):
    """An edit that did not know the newest revision. `current` is what is stored."""

    def __init__(self, kind: str, current: Any) -> None:
        next_step = f"read it again and send the change as revision {current.revision + 1}"
        super().__init__(f"{kind} {current.id}: revision {current.revision} is stored already", next_step=next_step)
        self.current = current


class Writer:
    """One transaction's hand: made by `LocalStore.transaction`, good until its block ends."""

    def __init__(self, database: Database, change: int, unit_ids: dict[Unit, int]) -> None:
        self.change = change
        self.taken = False
        """Whether the block changed anything, and so took its number; known when it has ended."""
        self._database = database
        self._unit_ids = unit_ids

    # ------------------------------------------------------------ what devices bring

    def put_recording(self, unit: Unit, row: RecordingRow) -> None:
        self._put(rows.RECORDINGS, [row], self._unit(unit))

    def put_raw(self, unit: Unit, notifications: Iterable[RawRow]) -> None:
        """Bytes as they came; the same notification again is the same row."""
        raw.put(self._database, self._unit(unit), notifications, self.change)

    def put_beats(self, unit: Unit, beats: Beats) -> None:
        """Keyed by time; two beats of one time in one call are told apart by their order."""
        table = {name: np.asarray(column, np.int64) for name, column in beats.arrays().items()}
        hours.BEATS.put(self._database, self._unit(unit), "", {**table, "n": rank_among_equals(table["t_ns"])}, self.change)

    def put_gaps(self, unit: Unit, gaps: Iterable[Gap]) -> None:
        self._put(rows.GAPS, gaps, self._unit(unit))

    def put_counts(self, unit: Unit, counts: Mapping[int, tuple[int, Mapping[str, int]]]) -> None:
        """Received and refused by hour as the reader counted them: set, never added."""
        self._put(rows.COUNTS, [HourCount(hour, received, refused) for hour, (received, refused) in counts.items()], self._unit(unit))

    def put_utc_offsets(self, unit: Unit, offsets: Iterable[UtcOffset]) -> None:
        self._put(rows.UTC_OFFSETS, offsets, self._unit(unit))

    def put_clock(self, anchor: ClockAnchor) -> None:
        self._put(rows.CLOCKS, [anchor])

    def put_stream_clocks(self, unit: Unit, clocks: Iterable[StreamClock]) -> None:
        """One a time and stream; the same again is the same row. News to no replica."""
        hours.STREAM_CLOCKS.put(self._database, self._unit(unit), "", hours.table_of_stream_clocks(clocks), self.change)

    def put_device_status(self, unit: Unit, status: DeviceStatus) -> None:
        """What is said in one tick of a coarse clock is dated a nanosecond apart; the same again is the same row."""
        id, said = self._unit(unit), rows.DEVICE_STATUS.values(status)[-1]
        at_ns = status.t_ns
        while self._database.value("SELECT fields FROM device_status WHERE unit = ? AND t_ns = ?", (id, at_ns)) not in (None, said):
            at_ns += 1
        self._put(rows.DEVICE_STATUS, [DeviceStatus(at_ns, status.fields)], id)

    # ------------------------------------------------------------ what the engine says

    def put_grid(self, unit: Unit, analysis: str, grid: Grid) -> None:
        """FINAL rows only."""
        self._adopt(unit.person, analysis)
        table = {name: np.asarray(column, np.int64) for name, column in grid.arrays().items()}
        hours.GRID.put(self._database, self._unit(unit), analysis, table, self.change)

    def put_episodes(self, unit: Unit, analysis: str, episodes: Iterable[Episode], *, lead: bool | None = None) -> None:
        """A final episode never changes again, and is not reopened by a run that starts over. `lead` None leaves what the person stage said."""
        self._adopt(unit.person, analysis)
        given = list(episodes)
        sql = rows.EPISODES.upsert(unless="episodes.state = 'final'", keep=("lead",))
        self._put(rows.EPISODES, given, self._unit(unit), analysis, None, sql=sql)
        if lead is not None:
            self.set_lead({episode.id: lead for episode in given})

    def drop_episodes(self, person: str, ids: Iterable[str]) -> None:
        """Takes back episodes that opened but did not last; each leaves a tombstone. A FINAL one stays."""
        for id in ids:
            if self._database.run("DELETE FROM episodes WHERE id = ? AND state <> 'final'", (id,)):
                self.put_tombstone("episodes", id=id, person=person)

    def set_lead(self, leads: Mapping[str, bool]) -> None:
        """Whether an episode was seen by the device that leads; by episode id."""
        sql = "UPDATE episodes SET lead = ?, change = ? WHERE id = ? AND lead IS NOT ?"
        self._database.run_many(sql, [(int(lead), self.change, id, int(lead)) for id, lead in leads.items()])

    def put_candidates(self, unit: Unit, analysis: str, candidates: Iterable[Candidate]) -> None:
        self._put(rows.CANDIDATES, candidates, self._unit(unit), analysis)

    def put_hrv(self, unit: Unit, panels: Iterable[HrvRow]) -> None:
        """5-minute panels; figures to seven significant digits."""
        hrv.put(self._database, self._unit(unit), panels, self.change)

    def put_baseline(self, person: str, tier: str, analysis: str, baseline: Baseline) -> None:
        """Fitted once and frozen: the first one of a (person, tier, analysis, from) stands."""
        self._database.run(
            "INSERT OR IGNORE INTO baselines (person, tier, analysis, from_ns, number, mode, json, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (person, tier, analysis, baseline.from_ns, baseline.number, baseline.mode, rows.baseline_json(baseline), self.change),
        )

    def put_snapshot(self, unit: Unit, analysis: str, t_ns: int, payload: bytes) -> None:
        """Keeps the newest two of a unit and analysis."""
        place = (self._unit(unit), analysis)
        self._database.run(
            "INSERT INTO snapshots (unit, analysis, t_ns, payload, change) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET payload = excluded.payload, change = excluded.change WHERE payload <> excluded.payload",
            (*place, t_ns, payload, self.change),
        )
        self._database.run(
            "DELETE FROM snapshots WHERE unit = ?1 AND analysis = ?2 AND t_ns NOT IN "
            "(SELECT t_ns FROM snapshots WHERE unit = ?1 AND analysis = ?2 ORDER BY t_ns DESC LIMIT ?3)",
            (*place, SNAPSHOTS_KEPT),
        )

    def put_links(self, person: str, analysis: str, links: Sequence[Link], metrics: Sequence[EventMetrics]) -> None:
        """The person's links and event metrics, all of them: those that are no longer said leave a tombstone."""
        self._forget_links(person, analysis, {(link.event_id, link.episode_id) for link in links})
        self._forget_metrics(person, analysis, {metric.event_id for metric in metrics})
        self._put(rows.LINKS, links, person, analysis)
        self._put(rows.METRICS, metrics, person, analysis)

    def put_controls(self, person: str, analysis: str, event_id: str, controls: Sequence[Control]) -> None:
        """The matched moments of an event, all of them: those beyond the last leave a tombstone."""
        where = "person = ? AND analysis = ? AND event_id = ? AND n >= ?"
        place = (person, analysis, event_id, len(controls))
        for (n,) in self._database.rows(f"SELECT n FROM controls WHERE {where}", place):
            self.put_tombstone("controls", id=control_id(event_id, n), person=person)
        self._database.run(f"DELETE FROM controls WHERE {where}", place)
        self._put(rows.CONTROLS, controls, person, analysis)

    def forget_controls(self, person: str, analysis: str, but: set[str]) -> None:
        """Drops the matched moments of events that are not in `but`: they are deleted, or in no recording any more."""
        for (event_id,) in self._database.rows("SELECT DISTINCT event_id FROM controls WHERE person = ? AND analysis = ?", (person, analysis)):
            if event_id not in but:
                self.put_controls(person, analysis, event_id, [])

    def put_findings(self, person: str, span: str, findings: Sequence[Finding], *, instead_of: Iterable[str] = ()) -> None:
        """What is said of a span, all of it, and nothing any more of the spans it takes the place of: what is no longer said leaves a tombstone."""
        said = {finding.id for finding in findings}
        spans = {span, *instead_of}
        for id, of in self._database.rows("SELECT id, span FROM findings WHERE person = ?", (person,)):
            if of in spans and id not in said:
                self._database.run("DELETE FROM findings WHERE id = ?", (id,))
                self.put_tombstone("findings", id=id, person=person)
        self._put(rows.FINDINGS, findings)

    def keep(self, person: str, keepsakes: Iterable[tuple[str, str, bytes]]) -> None:
        """(name, state, payload) together with what they were computed beside (`LocalStore.keep` where there is nothing beside them)."""
        sql = "INSERT OR REPLACE INTO keepsakes (person, name, state, payload) VALUES (?, ?, ?, ?)"
        self._database.run_many(sql, [(person, *keepsake) for keepsake in keepsakes])

    def put_prompts(self, prompts: Iterable[Prompt]) -> None:
        """Decided once: of a prompt that is stored already only what happened to it later (shown, answered) is added."""
        given = list(prompts)
        self._put(rows.PROMPTS, given, sql=rows.PROMPTS.upsert(unless="1"))
        self._database.run_many(
            "UPDATE prompts SET shown_ns = ?, change = ? WHERE id = ? AND shown_ns IS NULL",
            [(prompt.shown_ns, self.change, prompt.id) for prompt in given if prompt.shown_ns is not None],
        )
        for prompt in given:
            if prompt.answer and prompt.answered_ns is not None:
                self._answer(prompt.id, prompt.answer, prompt.answered_ns)

    def draw_prompt(self, prompt: Prompt) -> None:
        """The arm of a prompt that asked first, once it was told "no"; one that has an arm keeps it."""
        self._database.run(
            "UPDATE prompts SET arm = ?, probability = ?, seed = ?, change = ? WHERE id = ? AND arm = ''",
            (prompt.arm, prompt.probability, prompt.seed, self.change, prompt.id),
        )

    def set_current_analysis(self, person: str, analysis: str, *, decided_ns: int | None = None) -> None:
        """What readers see from now on. The superseded analysis leaves tombstones; the new one's rows count as written now.

        `decided_ns`: rises up to then stay as the superseded analysis decided on them.
        """
        old = self._current(person)
        if old == analysis:
            return
        if old is not None:
            self._bury(person, old)
        sql = "INSERT OR REPLACE INTO current_analysis (person, analysis, change, decided_ns) VALUES (?, ?, ?, ?)"
        self._database.run(sql, (person, analysis, self.change, decided_ns))
        self._restamp(person, analysis)

    def forget_superseded(self, person: str) -> None:
        """Takes away what other analyses than the current one made of the person: no reader sees it any more."""
        others = (self._current(person), person)
        for name in ("grid", "hours", "episodes", "candidates", "snapshots"):
            of = " AND kind = 'grid'" if name == "hours" else ""
            self._database.run(f"DELETE FROM {name} WHERE analysis <> ? AND unit IN (SELECT unit FROM units WHERE person = ?){of}", others)
        for name in ("links", "event_metrics", "controls", "baselines"):
            self._database.run(f"DELETE FROM {name} WHERE analysis <> ? AND person = ?", others)

    # ------------------------------------------------------------ what people say

    def put_event(self, event: Event) -> None:
        """A tag, an edit of it (next revision) or its deletion (next revision, `deleted`); an outdated edit raises StaleRevision."""
        if self._put_revised(rows.EVENTS, event) and event.deleted:
            self.put_tombstone("events", id=event.id, person=event.person)

    def put_session(self, session: Session) -> None:
        self._put_revised(rows.SESSIONS, session)

    def put_plan(self, plan: Plan) -> None:
        self._put_revised(rows.PLANS, plan)

    def put_rating(self, rating: Rating) -> bool:
        """The newest number under an id stands; False, and nothing is written, where the id is another person's."""
        if self._database.value("SELECT person FROM ratings WHERE id = ?", (rating.id,)) not in (None, rating.person):
            return False
        self._put(rows.RATINGS, [rating], sql=rows.RATINGS.upsert(keep=("received_ns",)))
        return True

    def put_answer(self, answer: Answer) -> None:
        """Kept as said; the prompt's row carries the first answer, and of one that asked first what was said to the offer, once something was."""
        self._put(rows.ANSWERS, [answer])
        self._answer(answer.prompt_id, answer.answer, answer.received_ns)

    def put_setting(self, setting: Setting) -> None:
        self._put(rows.SETTINGS, [setting])

    def put_profile(self, setting: Setting) -> None:
        self._put(rows.PROFILE, [setting])

    def put_tombstone(self, kind: str, *, id: str = "", person: str = "", device: str = "", from_ns: int | None = None, to_ns: int | None = None) -> None:
        """Tells a replica that something is no longer there."""
        self._database.run(
            "INSERT OR IGNORE INTO tombstones (change, kind, id, person, device, from_ns, to_ns) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.change, kind, id, person, device, from_ns, to_ns),
        )

    # ------------------------------------------------------------ hours

    def compact(self, before_ns: int) -> None:
        """Closed hours, those that ended by `before_ns`, become blobs, together with whatever else this transaction writes."""
        hours.compact(self._database, before_ns)
        raw.compact(self._database, before_ns)

    # ------------------------------------------------------------ inside

    def _put(self, kind: Kind[T], values: Iterable[T], *place: Any, sql: str = "") -> None:
        self._database.run_many(sql or kind.upsert(), [(*place, *kind.values(value), self.change) for value in values])

    def _put_revised(self, kind: Kind[Revised], value: Revised) -> bool:
        """True when it is news. The same revision told again is no news; another text under a known revision is stale."""
        history = {row.revision: row for row in self._history(kind, value.id)}
        known = history.get(value.revision)
        if known is not None and _says_the_same(kind, known, value):
            return False
        if history and value.revision <= max(history):
            raise StaleRevision(kind.name.rstrip("s"), history[max(history)])
        self._put(kind, [value])
        return True

    def _history(self, kind: Kind[Revised], id: str) -> list[Revised]:
        return [kind.value(row[:-1]) for row in self._database.rows(kind.select("WHERE id = ?"), (id,))]

    def _answer(self, prompt_id: str, answer: str, answered_ns: int) -> None:
        self._database.run(
            "UPDATE prompts SET answer = ?1, answered_ns = ?2, change = ?3 WHERE id = ?4 AND (answered_ns IS NULL OR (answer = ?5) > (?1 = ?5) "
            "OR (answered_ns > ?2 AND (answer = ?5) = (?1 = ?5)))",
            (answer, answered_ns, self.change, prompt_id, STILL),
        )

    def _forget_links(self, person: str, analysis: str, said: set[tuple[str, str]]) -> None:
        where = "WHERE person = ? AND analysis = ?"
        for event_id, episode_id in self._database.rows(f"SELECT event_id, episode_id FROM links {where}", (person, analysis)):
            if (event_id, episode_id) not in said:
                self._database.run(f"DELETE FROM links {where} AND event_id = ? AND episode_id = ?", (person, analysis, event_id, episode_id))
                self.put_tombstone("links", id=link_id(event_id, episode_id), person=person)

    def _forget_metrics(self, person: str, analysis: str, said: set[str]) -> None:
        for (event_id,) in self._database.rows("SELECT event_id FROM event_metrics WHERE person = ? AND analysis = ?", (person, analysis)):
            if event_id not in said:
                self._database.run("DELETE FROM event_metrics WHERE person = ? AND analysis = ? AND event_id = ?", (person, analysis, event_id))
                self.put_tombstone("event_metrics", id=event_id, person=person)

    def _current(self, person: str) -> str | None:
        found: str | None = self._database.value("SELECT analysis FROM current_analysis WHERE person = ?", (person,))
        return found

    def _adopt(self, person: str, analysis: str) -> None:
        """A person's first analysis is the current one from its first row."""
        if self._current(person) is None:
            self.set_current_analysis(person, analysis)

    def _bury(self, person: str, analysis: str) -> None:
        sql = (
            "SELECT device, min(low), max(high) FROM units JOIN ("
            "SELECT unit, min(stop_ns) AS low, max(stop_ns) AS high FROM grid WHERE analysis = ?1 GROUP BY unit "
            "UNION ALL SELECT unit, min(hour) * ?2, (max(hour) + 1) * ?2 FROM hours WHERE kind = 'grid' AND analysis = ?1 GROUP BY unit) USING (unit) "
            "WHERE person = ?3 GROUP BY device"
        )
        for device, low, high in self._database.rows(sql, (analysis, HOUR_NS, person)):
            self.put_tombstone("grid", person=person, device=device, from_ns=low, to_ns=high + 1)
        for id, device in self._database.rows("SELECT id, device FROM episodes JOIN units USING (unit) WHERE person = ? AND analysis = ?", (person, analysis)):
            self.put_tombstone("episodes", id=id, person=person, device=device)
        for event_id, episode_id in self._database.rows("SELECT event_id, episode_id FROM links WHERE person = ? AND analysis = ?", (person, analysis)):
            self.put_tombstone("links", id=link_id(event_id, episode_id), person=person)
        self.forget_controls(person, analysis, set())
        for (id,) in self._database.rows("SELECT id FROM findings WHERE person = ?", (person,)):
            self.put_tombstone("findings", id=id, person=person)
        self._database.run("DELETE FROM findings WHERE person = ?", (person,))
        self._database.run("DELETE FROM keepsakes WHERE person = ?", (person,))

    def _restamp(self, person: str, analysis: str) -> None:
        for (unit,) in self._database.rows("SELECT unit FROM units WHERE person = ?", (person,)):
            hours.GRID.restamp(self._database, unit, analysis, self.change)
            for name in ("episodes", "candidates"):
                self._database.run(f"UPDATE {name} SET change = ? WHERE unit = ? AND analysis = ?", (self.change, unit, analysis))
        for name in ("links", "event_metrics", "controls", "baselines"):
            self._database.run(f"UPDATE {name} SET change = ? WHERE person = ? AND analysis = ?", (self.change, person, analysis))

    def _unit(self, unit: Unit) -> int:
        if unit not in self._unit_ids:
            self._database.run(
                "INSERT INTO units (person, device, recording, tier) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (person, device, recording) DO UPDATE SET tier = excluded.tier WHERE tier <> excluded.tier",
                (unit.person, unit.device, unit.recording, unit.tier),
            )
            found = self._database.value("SELECT unit FROM units WHERE person = ? AND device = ? AND recording = ?", (unit.person, unit.device, unit.recording))
            self._unit_ids[unit] = int(found)
        return self._unit_ids[unit]


def link_id(event_id: str, episode_id: str) -> str:
    """Name of a link in tombstones and replicas."""
    return f"{event_id}|{episode_id}"


def control_id(event_id: str, n: int) -> str:
    """Name of a matched moment in tombstones and replicas."""
    return f"{event_id}|{n}"


def _says_the_same(kind: Kind[Revised], known: Revised, value: Revised) -> bool:
    """Equal but for when it was received: the same tag sent twice is one tag."""
    later = {name for name in kind.own if name == "received_ns"}
    return all(getattr(known, name) == getattr(value, name) for name in kind.own if name not in later)


def rank_among_equals(t: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """How many earlier entries of a sorted array are equal to this one."""
    place = np.arange(len(t))
    first = np.ones(len(t), bool)
    first[1:] = t[1:] != t[:-1]
    return place - np.maximum.accumulate(np.where(first, place, 0)) if len(t) else place
