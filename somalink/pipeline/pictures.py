"""What a picture needs from a store beside its `Reader`."""

from __future__ import annotations

from functools import partial

from dashboards.picture.model import Facts
from somalink.pipeline.timeline import timeline
from somalink.storage.local import LocalStore


def facts_of(store: LocalStore, person: str) -> Facts:
    """Links, local time, who speaks where several devices were worn, and whether any of it is simulated."""
    rows = [recording.row for recording in store.recordings(person)]
    return Facts(
        links=store.links(person),
        offsets=store.utc_offsets(person),
        simulated=any(row.simulated for row in rows),
        undated=bool(rows) and all(row.start_unknown for row in rows),
        timeline=partial(timeline, store, person),
        beside={found.episode.id for found in store.device_episodes(person) if found.lead is False},
    )
