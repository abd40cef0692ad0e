"""How far a replica has come, as the store itself remembers it: a crash between sending and remembering only means sending again.

Points with an id are remembered by key, *before* they are sent: whatever may be on the server is known here, so that what was edited or deleted
meanwhile can be taken back, however often the sender was killed. Knows keys and cursors; knows no server and nothing of what points mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from somalink.storage.db import Database

PENDING = ""
"""Digest of a point that may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a replica is. `change`: everything up to it was acknowledged, or is due. Times are UTC ns, 0 for never."""

    change: int = 0
    shipped: int = 0
    expired: int = 0
    retries: int = 0
    last_error: str = ""
    next_step: str = ""
    caught_up_ns: int = 0
    """When nothing was left to send, last."""
    acknowledged_ns: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """Where a point with an id is on the server."""

    t_ns: int
    tags: str
    """JSON, sorted, so that equal tags are equal texts."""

    @classmethod
    def of(cls, t_ns: int, tags: Mapping[str, str]) -> Key:
        return cls(t_ns, json.dumps({name: value for name, value in tags.items() if value}, sort_keys=True, ensure_ascii=False))

    @property
    def by_name(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.tags)
        return found


@dataclass(frozen=True, slots=True)
class Held:
    """A point that may be on the server: its key, the names of its fields, and what it says (`PENDING`: nobody knows)."""

    key: Key
    fields: frozenset[str]
    digest: str


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A part of a person's points that is to be compared with what is held. `part` is empty for all of it."""

    person: str
    what: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Parked:
    """A row that the server refuses, with its reason: kept, so that nothing is lost, and not sent again until somebody asks."""

    person: str
    series: str
    t_ns: int
    bucket: str
    reason: str
    line: str


class Outbox:
    """One replica's place in a store. Every method is a transaction of its own unless it is called inside `writing`."""

    def __init__(self, database: Database, replica: str) -> None:
        self._database, self._replica = database, replica

    # ------------------------------------------------------------ how far

    @property
    def progress(self) -> Progress:
        sql = "SELECT change, shipped, expired, retries, last_error, next_step, caught_up_ns, acknowledged_ns FROM replica_state WHERE replica = ?"
        found = self._database.row(sql, (self._replica,))
        return Progress(*found) if found else Progress()

    def keep(self, progress: Progress, *, due: Iterable[Due] = (), done: Iterable[Due] = ()) -> None:
        """Where it is now, together with what became due by what was read, and what has been done."""
        with self._database.writing():
            self._database.run(
                "INSERT OR REPLACE INTO replica_state (replica, change, shipped, expired, retries, last_error, next_step, caught_up_ns, acknowledged_ns) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._replica, progress.change, progress.shipped, progress.expired, progress.retries, progress.last_error, progress.next_step,
                    progress.caught_up_ns, progress.acknowledged_ns,
                ),
            )  # fmt: skip
            self._database.run_many("INSERT OR IGNORE INTO replica_due VALUES (?, ?, ?, ?)", [(self._replica, d.person, d.what, d.part) for d in due])
            sql = "DELETE FROM replica_due WHERE replica = ? AND person = ? AND what = ? AND part = ?"
            self._database.run_many(sql, [(self._replica, d.person, d.what, d.part) for d in done])

    def begin_anew(self) -> None:
        """Everything is to be sent again, and what may be there is still known, so that it can be taken back."""
        with self._database.writing():
            self._database.run("UPDATE replica_state SET change = 0 WHERE replica = ?", (self._replica,))
            # What is in brackets is no point: what the replica was made with (`shipping`) stays true.
            self._database.run("UPDATE replica_points SET digest = ? WHERE replica = ? AND substr(measurement, 1, 1) <> '('", (PENDING, self._replica))

    def due(self) -> list[Due]:
        sql = "SELECT person, what, part FROM replica_due WHERE replica = ? ORDER BY person, what, part"
        return [Due(*row) for row in self._database.rows(sql, (self._replica,))]

    # ------------------------------------------------------------ points with an id

    def held(self, person: str, measurement: str, ids: Sequence[str] | None = None) -> dict[str, list[Held]]:
        """What may be on the server, by id; of some ids or of all."""
        sql = "SELECT id, t_ns, tags, fields, digest FROM replica_points WHERE replica = ? AND person = ? AND measurement = ?"
        place = (self._replica, person, measurement)
        rows = self._database.rows(sql, place) if ids is None else [row for id in ids for row in self._database.rows(f"{sql} AND id = ?", (*place, id))]
        found: dict[str, list[Held]] = {}
        for id, t_ns, tags, fields, digest in rows:
            found.setdefault(id, []).append(Held(Key(t_ns, tags), frozenset(fields.split()), digest))
        return found

    def hold(self, person: str, measurement: str, held: Iterable[tuple[str, Held]]) -> None:
        """Says of points by id what is known of them: before they are sent, and again when they have arrived."""
        place = (self._replica, person, measurement)
        rows = [(*place, id, one.key.t_ns, one.key.tags, " ".join(sorted(one.fields)), one.digest) for id, one in held]
        with self._database.writing():
            self._database.run_many("INSERT OR REPLACE INTO replica_points (replica, person, measurement, id, t_ns, tags, fields, digest) VALUES "
                                    "(?, ?, ?, ?, ?, ?, ?, ?)", rows)  # fmt: skip

    def let_go(self, person: str, measurement: str, gone: Iterable[tuple[str, Key]]) -> None:
        """These are on the server no more."""
        sql = "DELETE FROM replica_points WHERE replica = ? AND person = ? AND measurement = ? AND id = ? AND t_ns = ? AND tags = ?"
        rows = [(self._replica, person, measurement, id, key.t_ns, key.tags) for id, key in gone]
        with self._database.writing():
            self._database.run_many(sql, rows)

    # ------------------------------------------------------------ what a server refused

    def park(self, parked: Iterable[Parked]) -> None:
        rows = [(self._replica, p.person, p.series, p.t_ns, p.bucket, p.reason, p.line) for p in parked]
        with self._database.writing():
            self._database.run_many(
                "INSERT OR REPLACE INTO replica_parked (replica, person, series, t_ns, bucket, reason, line) VALUES (?, ?, ?, ?, ?, ?, ?)", rows
            )

    def parked(self) -> list[Parked]:
        sql = "SELECT person, series, t_ns, bucket, reason, line FROM replica_parked WHERE replica = ? ORDER BY series, t_ns"
        return [Parked(*row) for row in self._database.rows(sql, (self._replica,))]

    def refused(self) -> set[tuple[str, int]]:
        """(series, t_ns) of what is parked."""
        return {(series, t_ns) for series, t_ns in self._database.rows("SELECT series, t_ns FROM replica_parked WHERE replica = ?", (self._replica,))}

    def reasons(self) -> dict[str, int]:
        """Why rows are parked, each with how many."""
        return dict(self._database.rows("SELECT reason, count(*) FROM replica_parked WHERE replica = ? GROUP BY reason ORDER BY reason", (self._replica,)))

    def unpark(self, places: Iterable[tuple[str, int]]) -> None:
        """(series, t_ns) of rows that are refused no more, or are not to be there any more."""
        with self._database.writing():
            self._database.run_many(
                "DELETE FROM replica_parked WHERE replica = ? AND series = ? AND t_ns = ?", [(self._replica, series, t_ns) for series, t_ns in places]
            )

    # ------------------------------------------------------------ who is not in it

    def withheld(self) -> frozenset[str]:
        return frozenset(person for (person,) in self._database.rows("SELECT person FROM replica_withheld WHERE replica = ?", (self._replica,)))

    def forget(self, person: str) -> None:
        """Nothing of this person is on the server any more, nor is to be."""
        with self._database.writing():
            for table in ("replica_points", "replica_due", "replica_parked", "replica_withheld"):
                self._database.run(f"DELETE FROM {table} WHERE replica = ? AND person = ?", (self._replica, person))
            self._database.run("INSERT INTO replica_withheld (replica, person) VALUES (?, ?)", (self._replica, person))

    def admit(self, person: str) -> None:
        """This person is in it again."""
        self._database.run("DELETE FROM replica_withheld WHERE replica = ? AND person = ?", (self._replica, person))


def replicas(database: Database) -> list[str]:
    """Every replica the store has ever been sent to."""
    return [replica for (replica,) in database.rows("SELECT replica FROM replica_state ORDER BY replica")]
