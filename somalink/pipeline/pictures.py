"""What a picture needs from a store beside its `Reader`."""

from __future__ import annotations

from dashboards.picture.model import Facts
from somalink.storage.local import LocalStore


def facts_of(store: LocalStore, person: str) -> Facts:
    """Links, local time and whether any of it is simulated."""
    rows = [recording.row for recording in store.recordings(person)]
    return Facts(
        links=store.links(person),
        offsets=store.utc_offsets(person),
        simulated=any(row.simulated for row in rows),
        undated=bool(rows) and all(row.start_unknown for row in rows),
    )
