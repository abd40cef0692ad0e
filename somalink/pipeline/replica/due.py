"""What has to be made anew because of what the store tells: sets by the kinds they rest on, hours by the rows that lie in them.

Knows deltas; makes nothing, and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from somalink.domain.time import HOUR_NS
from somalink.domain.types import Beats, Episode, Gap, Grid, UtcOffset
from somalink.pipeline.replica.sets import SETS
from somalink.storage.local import EVER, LocalStore
from somalink.storage.outbox import Due
from somalink.storage.rows import Delta, HourCount, RecordingRow, Tombstone

HOURS = "hours"
"""The due work that makes `coverage` and `hour_summary`; its part is `device/hour`."""
EVERY_DEVICE = "*"
"""In a part: every device, all its hours from the time that follows, or all of them where none does."""
FINDINGS = "make findings"
"""The due work that asks anew what moments come to: what the report would say of the last weeks is what dashboards say."""
SAID = frozenset({"events", "event_metrics", "ratings", "sessions", "plans", "answers", "prompts"})
"""Kinds of rows that findings rest on; of the body's rows they follow once a day."""


def due_of(delta: Delta, person: str) -> set[Due]:
    """What has to be made anew because of what was told."""
    kinds = {each.kind for each in delta.values if isinstance(each, Tombstone)} if delta.kind == "tombstones" else {delta.kind}
    found = {Due(person, each.measurement) for each in SETS if each.rests_on & kinds}
    if delta.kind == "tombstones" and "grid" in kinds:
        found |= everything_of(person)  # another analysis: what it does not say again has no row that would tell of it
    if kinds & SAID:
        found.add(Due(person, FINDINGS))
    return found | {Due(person, HOURS, part) for part in _hour_parts(delta)}


def _hour_parts(delta: Delta) -> Iterator[str]:
    """`device/hour` of every hour whose figures rest on what was told."""
    if delta.kind == "tombstones":
        yield from {f"{each.device}/" for each in delta.values if isinstance(each, Tombstone) and each.device}
        return
    if delta.unit is None or not delta.unit.device:
        return
    if isinstance(delta.rows, Beats):
        hours = (np.unique(delta.rows.t_ns // HOUR_NS) * HOUR_NS).tolist()
    elif isinstance(delta.rows, Grid):
        hours = (np.unique((delta.rows.stop_ns - 1) // HOUR_NS) * HOUR_NS).tolist()
    else:
        hours = [hour for row in delta.values for hour in _hours_of_row(row)]
        yield from (f"{EVERY_DEVICE}/{row.from_ns}" for row in delta.values if isinstance(row, UtcOffset))
    yield from (f"{delta.unit.device}/{hour}" for hour in hours)


def _hours_of_row(row: object) -> Iterable[int]:
    match row:
        case Gap(start_ns=start_ns, stop_ns=stop_ns):
            return range(start_ns // HOUR_NS * HOUR_NS, max(stop_ns, start_ns + 1), HOUR_NS)
        case HourCount(hour_start_ns=hour_ns):
            return (hour_ns,)
        case RecordingRow(start_ns=start_ns, stop_ns=stop_ns):
            return range(start_ns // HOUR_NS * HOUR_NS, max(stop_ns or 0, start_ns + 1), HOUR_NS)
        case Episode(start_ns=start_ns):
            return (start_ns // HOUR_NS * HOUR_NS,)
        case _:
            return ()


def everything_of(person: str) -> set[Due]:
    """Everything that is compared."""
    return {*(Due(person, each.measurement) for each in SETS), Due(person, HOURS, f"{EVERY_DEVICE}/"), Due(person, FINDINGS)}


def hours_named(store: LocalStore, person: str, parts: Iterable[str]) -> dict[str, set[int]]:
    """By device the hours that parts name: `device/hour`, `device/` (all of it), or of every device all from a time on."""
    found: dict[str, set[int]] = {}
    devices = sorted({unit.device for unit in store.units(person)})
    for part in parts:
        named, _, hour = part.rpartition("/")
        for device in devices if named == EVERY_DEVICE else [named]:
            mine = found.setdefault(device, set())
            if hour and named != EVERY_DEVICE:
                mine.add(int(hour))
            else:
                from_ns = int(hour) if hour else EVER[0]
                mine.update(each for each in _all_hours(store, person, device) if each + HOUR_NS > from_ns)
    return found


def _all_hours(store: LocalStore, person: str, device: str) -> set[int]:
    """Every hour in which a device has anything, and some around them."""
    units = [unit for unit in store.units(person) if unit.device == device]
    found = {hour for unit in units for day in store.days(unit) for hour in range(*day, HOUR_NS)}
    found |= {hour for unit in units for gap in store.recording_gaps(unit) for hour in _hours_of_row(gap)}
    return found | {hour for unit in units for hour in store.refusals(unit)}
