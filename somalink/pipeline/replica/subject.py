"""Whose points are made, and what a set of points is. Knows nothing of any measurement, and nothing of who ships them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from processing.usual import Offsets
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_NS
from somalink.pipeline.reporting import EPOCH, local_of
from somalink.storage.influx.points import Point
from somalink.storage.local import LocalStore

MS = 1_000_000
"""Nanoseconds of a millisecond: times that links and regions use."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One person, read at one state of the store: whoever asks holds `store.reading()` around it all. Nothing here writes."""

    store: LocalStore
    person: str
    offsets: Offsets
    """Local time, as the recordings say; else of `tz`."""
    constants: Constants
    tz: str
    lang: str = "en"

    @classmethod
    def of(cls, store: LocalStore, person: str, constants: Constants, tz: str, lang: str = "en") -> Subject:
        newest_ns = max((event.t_ns for event in store.events(person)), default=0)
        about = EPOCH + timedelta(days=newest_ns // DAY_NS)
        return cls(store, person, local_of(store, person, about, tz), constants, tz, lang)

    def named(self, id: str, kind: str) -> dict[str, str]:
        """Tags of what there are tens of a day of."""
        return {"person_id": self.person, "id": id, "kind": kind}


@dataclass(frozen=True, slots=True)
class SetOf:
    """All points of a measurement that a person's store calls for, always the same for the same store."""

    measurement: str
    points: Callable[[Subject], Iterable[Point]]
    rests_on: frozenset[str]
    """Kinds of deltas (`rows.Delta.kind`, and those that tombstones name) after which it may be another set."""


def number(value: float | None) -> float | None:
    """As a float field has it."""
    return None if value is None else float(value)
