"""What comes in, in one shape: a source of items and whatever lies beside it (tags, ratings, the reader's own counts)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ingest.clocking import Clocker
from ingest.replay import ReplaySource, open_source
from ingest.simulate import SimulatedSource
from somalink.domain.identity import Unit
from somalink.domain.ports import Source
from somalink.domain.types import Answer, Event, Plan, Prompt, Rating, Session, UtcOffset
from somalink.storage.rows import RecordingRow

T = TypeVar("T")
Counts = Mapping[int, tuple[int, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class Intake:
    """One recording ready to be run. `counts()`: {UTC hour: (RR rows received, {reason: refused})}, complete once `items` is told."""

    unit: Unit
    source: Source | None
    """None for a live one, whose items come as they come."""
    row: RecordingRow
    offsets: Sequence[UtcOffset]
    counts: Callable[[], Counts]
    events: Sequence[Event] = ()
    ratings: Sequence[Rating] = ()
    prompts: Sequence[Prompt] = ()
    answers: Sequence[Answer] = ()
    sessions: Sequence[Session] = ()
    plans: Sequence[Plan] = ()
    notices: Sequence[str] = field(default_factory=tuple)


def from_path(path: Path, *, person: str | None = None, start_ns: int | None = None, tz: str | None = None) -> Intake:
    """A recording folder or an RR text file. BadInput names the file, the line and the next step."""
    return from_recording(open_source(path, person=person, start_ns=start_ns, tz=tz))


def from_recording(source: ReplaySource) -> Intake:
    """A recording that has been read."""
    whole = source.recording
    row = RecordingRow(
        start_ns=whole.start_ns,
        stop_ns=whole.end_ns,
        simulated=whole.simulated,
        start_unknown=whole.start_unknown,
        tz=whole.offsets[0].tz if whole.offsets else "UTC",
        events_refused=whole.events_refused,
    )
    notices = [*whole.notices, *([str(source.detected)] if source.detected else [])]
    return Intake(
        source.unit,
        source,
        row,
        whole.offsets,
        lambda: {hour: (n.received, n.refused) for hour, n in whole.counts.items()},
        whole.events,
        ratings=_of(Rating, whole.said),
        prompts=_of(Prompt, whole.said),
        answers=_of(Answer, whole.said),
        sessions=_of(Session, whole.said),
        plans=_of(Plan, whole.said),
        notices=notices,
    )


def _of(kind: type[T], said: Sequence[object]) -> list[T]:
    return [row for row in said if isinstance(row, kind)]


def from_clocker(clocker: Clocker, *, start_ns: int, tz: str = "UTC", meta: Mapping[str, Any] | None = None) -> Intake:
    """A live source: its items come from notifications, its account of rows from whoever decodes them."""
    row = RecordingRow(start_ns=start_ns, tz=tz, meta=meta or {})
    return Intake(clocker.unit, None, row, (), lambda: {hour: (n.received, dict(n.refused)) for hour, n in clocker.counts.items()})


def from_simulation(source: SimulatedSource) -> Intake:
    """A made-up life; marked simulated wherever it goes."""
    row = RecordingRow(start_ns=source.start_ns, stop_ns=source.end_ns, simulated=True, tz=source.offsets[0].tz)
    return Intake(
        source.unit,
        source,
        row,
        source.offsets,
        lambda: {hour: (n.received, n.refused) for hour, n in source.counts.items()},
        source.events,
        source.ratings,
        source.prompts,
        source.answers,
        source.sessions,
        source.plans,
    )
