"""What is stored one row at a time: the row values the domain does not have, and how each kind maps to its table.

A kind is a table as data: its dataclass, the columns that place a row (unit, analysis, ...) and its key. Reading, writing and
replication are one loop over these; SQL is written here and in `hours`, nowhere else by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Generic, TypeVar, get_type_hints

from somalink.domain.errors import StoreError
from somalink.domain.identity import Unit
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
    Stream,
    UtcOffset,
)

T = TypeVar("T")
Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """What is known of a recording as a whole. `state`: `running` until its last window is FINAL, then `done`."""

    start_ns: int
    stop_ns: int | None = None
    state: str = "running"
    analysis: str = ""
    simulated: bool = False
    start_unknown: bool = False
    tz: str = "UTC"
    events_refused: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What else its `meta.json` says, JSON values only."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One notification as it arrived: bytes, both clocks, and where it came in."""

    t_mono_ns: int
    boot_id: str
    connection: int
    characteristic: str
    t_utc_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class HrvRow:
    """One 5-minute panel under NeuroKit2's own column names; `reason` where a window has no values."""

    start_ns: int
    stop_ns: int
    n_beats: int
    artefact: float | None
    reason: str
    columns: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """What a device said of itself: model, firmware, battery, signal, the streams it has."""

    t_ns: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HourCount:
    """What the reader or decoder counted in an hour, before anything was stored."""

    hour_start_ns: int
    received: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Something that is no longer there: one thing by `id`, or a device's stretch of time."""

    change: int
    kind: str
    id: str = ""
    person: str = ""
    device: str = ""
    from_ns: int | None = None
    to_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording with its name."""

    unit: Unit
    row: RecordingRow


@dataclass(frozen=True, slots=True)
class DeviceEpisode:
    """An episode with where it was seen; `lead` is None until the person stage has said."""

    unit: Unit
    analysis: str
    lead: bool | None
    episode: Episode


@dataclass(frozen=True, slots=True)
class TierBaseline:
    tier: str
    analysis: str
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """An hour of a recording: what came, what was kept, what was missed, what could be used."""

    unit: Unit
    hour_start_ns: int
    received: int
    refused: int
    stored: int
    flagged: int
    gap_s: float
    usable_s: int
    suspect_s: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What one transaction left of one kind, still current: columns for beats and grid, else a tuple of rows."""

    change: int
    kind: str
    unit: Unit | None
    analysis: str
    rows: Beats | Grid | tuple[Any, ...]
    person: str = ""
    """Whose, where the rows do not say it themselves."""

    @property
    def values(self) -> tuple[Any, ...]:
        """The rows, where they are not columns."""
        return () if isinstance(self.rows, Beats | Grid) else self.rows

    @property
    def people(self) -> frozenset[str]:
        """Everybody it is about; nobody where it is about this computer."""
        return frozenset({self.person or getattr(row, "person", "") for row in self.values} or {self.person}) - {""}


# ---------------------------------------------------------------- values <-> columns


def _join(words: Iterable[str]) -> str:
    return ";".join(words)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def _maybe_bool(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


Convert = Callable[[Any], Any]
_TO_COLUMN: Mapping[Any, Convert] = {
    tuple[str, ...]: _join,
    Stream: str,
    Mapping[str, Any]: _dump,
    Mapping[str, int]: _dump,
}
_FROM_COLUMN: Mapping[Any, Convert] = {
    tuple[str, ...]: _split,
    Stream: Stream,
    bool: bool,
    bool | None: _maybe_bool,
    Mapping[str, Any]: json.loads,
    Mapping[str, int]: json.loads,
}


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A table as data. `place`: columns before the value's own; `key`: what makes a row the same row."""

    name: str
    of: type[T]
    key: tuple[str, ...]
    place: tuple[str, ...] = ()
    time: str = ""
    """The column that `between` reads by."""

    @property
    def own(self) -> tuple[str, ...]:
        return tuple(_hints(self.of))

    @property
    def columns(self) -> tuple[str, ...]:
        return self.place + self.own

    def values(self, row: T) -> Values:
        """The value's own columns as SQLite takes them."""
        return tuple(_column(getattr(row, name), convert) for name, convert in _converts(self.of))

    def value(self, columns: Sequence[Any]) -> T:
        """The value from its own columns; a damaged row is a StoreError."""
        hints = _hints(self.of).values()
        decoded = ((_FROM_COLUMN[hint](column) if hint in _FROM_COLUMN else column) for hint, column in zip(hints, columns, strict=True))
        try:
            return self.of(**dict(zip(self.own, decoded, strict=True)))
        except (ValueError, TypeError) as error:
            raise _damaged(self.name) from error

    def upsert(self, *, unless: str = "", keep: tuple[str, ...] = ()) -> str:
        """Inserts, or updates where something differs: an equal row keeps its change number. `keep`: columns never updated."""
        names = [_quoted(name) for name in self.columns]
        settable = [_quoted(name) for name in self.columns if name not in self.key and name not in keep]
        differs = f"({', '.join(f'{self.name}.{name}' for name in settable)}) IS NOT ({', '.join(f'excluded.{name}' for name in settable)})"
        return (
            f"INSERT INTO {self.name} ({', '.join(names)}, change) VALUES ({', '.join('?' * (len(names) + 1))}) "
            f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in settable)}, change = excluded.change "
            f"WHERE {differs}{f' AND NOT ({unless})' if unless else ''}"
        )

    def select(self, where: str, order: str = "") -> str:
        """Place, own columns and `change` of the rows that match."""
        names = ", ".join(f"{self.name}.{_quoted(name)}" for name in self.columns)
        return f"SELECT {names}, {self.name}.change FROM {self.name} {where} ORDER BY {order or ', '.join(f'{self.name}.{k}' for k in self.key)}"


def _damaged(table: str) -> StoreError:
    """SQLite keeps no checksums: that a disk has turned a bit may first show where a row is made sense of."""
    return StoreError(f"a row of {table} in the store is damaged", next_step="restore a backup, or replay the recordings into a new store")


def _column(value: Any, convert: Convert | None) -> Any:
    if value is None:
        return None
    if convert:
        return convert(value)
    if isinstance(value, bool):
        return int(value)
    return value.item() if hasattr(value, "item") else value  # numpy's scalars are strangers to sqlite3


_HINTS: dict[type, dict[str, Any]] = {}
_CONVERTS: dict[type, tuple[tuple[str, Convert | None], ...]] = {}


def _hints(of: type) -> dict[str, Any]:
    """The value's columns in their order, and their annotations, resolved once."""
    if of not in _HINTS:
        hints = get_type_hints(of)
        _HINTS[of] = {column.name: hints[column.name] for column in fields(of)}
    return _HINTS[of]


def _converts(of: type) -> tuple[tuple[str, Convert | None], ...]:
    """The value's columns, and what makes each into what SQLite takes: a day without good skin contact has thousands of gaps to write."""
    if of not in _CONVERTS:
        _CONVERTS[of] = tuple((name, _TO_COLUMN.get(hint)) for name, hint in _hints(of).items())
    return _CONVERTS[of]


def _quoted(name: str) -> str:
    return f'"{name}"' if name == "trigger" else name


RECORDINGS = Kind("recordings", RecordingRow, ("unit",), ("unit",))
RAW = Kind("raw", RawRow, ("unit", "boot_id", "t_mono_ns", "connection", "characteristic"), ("unit",), "t_utc_ns")
GAPS = Kind("gaps", Gap, ("unit", "stream", "start_ns"), ("unit",), "start_ns")
COUNTS = Kind("counts", HourCount, ("unit", "hour_start_ns"), ("unit",), "hour_start_ns")
UTC_OFFSETS = Kind("utc_offsets", UtcOffset, ("unit", "from_ns"), ("unit",), "from_ns")
CLOCKS = Kind("clocks", ClockAnchor, ("boot_id", "t_mono_ns"))
DEVICE_STATUS = Kind("device_status", DeviceStatus, ("unit", "t_ns"), ("unit",), "t_ns")
EPISODES = Kind("episodes", Episode, ("id",), ("unit", "analysis", "lead"), "start_ns")
CANDIDATES = Kind("candidates", Candidate, ("unit", "analysis", "start_ns", "kind", "driver", "stop_ns"), ("unit", "analysis"), "start_ns")
LINKS = Kind("links", Link, ("person", "analysis", "event_id", "episode_id"), ("person", "analysis"))
METRICS = Kind("event_metrics", EventMetrics, ("person", "analysis", "event_id"), ("person", "analysis"))
CONTROLS = Kind("controls", Control, ("person", "analysis", "event_id", "n"), ("person", "analysis"))
FINDINGS = Kind("findings", Finding, ("id",))
EVENTS = Kind("events", Event, ("id", "revision"), time="t_ns")
SESSIONS = Kind("sessions", Session, ("id", "revision"), time="start_ns")
PLANS = Kind("plans", Plan, ("id", "revision"), time="t_ns")
RATINGS = Kind("ratings", Rating, ("id",), time="t_ns")
PROMPTS = Kind("prompts", Prompt, ("id",), time="t_ns")
ANSWERS = Kind("answers", Answer, ("prompt_id", "received_ns"), time="received_ns")
SETTINGS = Kind("settings", Setting, ("person", "key", "revision"))
PROFILE = Kind("profile", Setting, ("person", "key", "revision"))
ROWS: tuple[Kind[Any], ...] = (
    RECORDINGS, GAPS, COUNTS, UTC_OFFSETS, CLOCKS, DEVICE_STATUS, EPISODES, CANDIDATES, LINKS, METRICS, CONTROLS, FINDINGS,
    EVENTS, SESSIONS, PLANS, RATINGS, PROMPTS, ANSWERS, SETTINGS, PROFILE,
)  # fmt: skip


# ---------------------------------------------------------------- baselines are one JSON column


def baseline_json(baseline: Baseline) -> str:
    return _dump(asdict(baseline))


def baseline_of(text: str) -> Baseline:
    """The inverse of `baseline_json`: tuples again where JSON has lists."""
    try:
        given = json.loads(text)
        return Baseline(
            **{
                **given,
                "coef_u": tuple(given["coef_u"]),
                "cov_u": tuple(tuple(row) for row in given["cov_u"]),
                "excluded": tuple(given["excluded"]),
                "span_ns": tuple(given["span_ns"]),
            }
        )
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged("baselines") from error
