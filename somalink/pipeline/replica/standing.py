"""How far a replica is behind, from what the store remembers of it: for `status`, and for the board of the apparatus. Asks no server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from somalink.domain.identity import digest
from somalink.domain.time import SECOND_NS
from somalink.storage.influx.server import Place
from somalink.storage.local import LocalStore
from somalink.storage.outbox import Progress


def replica_id(place: Place) -> str:
    """Name of a replica in the store: another server, organisation or bucket is another replica, and begins from nothing. A new token is not, nor another
    bucket for beats."""
    return digest(place.url, place.org, place.bucket)[:16]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a replica is behind, for `status` and for the board of the apparatus."""

    progress: Progress
    changes: int
    """Changes not there yet, and pieces of due work."""
    lag_s: float
    """How long something has been waiting, at most; 0 when nothing is."""
    parked: int
    reasons: Mapping[str, int]
    """Why rows are parked, each with how many."""
    withheld: int


def standing(store: LocalStore, place: Place, now_ns: int) -> Standing:
    """Reads; asks no server."""
    outbox = store.outbox(replica_id(place))
    progress, reasons = outbox.progress, outbox.reasons()
    behind = store.change - progress.change + len(outbox.due())
    waited_ns = now_ns - progress.caught_up_ns if progress.caught_up_ns else 0
    return Standing(progress, behind, max(0, waited_ns) / SECOND_NS if behind else 0.0, sum(reasons.values()), reasons, len(outbox.withheld()))
