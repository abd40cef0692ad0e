"""How long a device's own bytes are kept: waves by the fortnight, everything else by the season (contracts, section 10).

What was made of them stays. Bytes of a recording that goes on are kept until nothing could begin anew before them. Knows which bytes are samples
of a wave, by their decoder alone; knows no clock and no settings.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.ble.leaving import first_of
from ingest.straps import DECODERS
from ingest.streams import Frame
from somalink.domain.errors import BadFrame, StoreError
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS
from somalink.domain.types import Stream
from somalink.storage.local import EVER, LocalStore
from somalink.storage.rows import RawRow, Recording

WAVES = frozenset({Stream.ACC, Stream.ECG})
"""A day of them is as much as half a year of everything else."""
FIRST_S, EVERY_S = 60.0, 3600.0
"""A program looks a minute after it began, so that nothing waits for it, and then every hour: there is one hour more to forget."""
LOOKED = "waves/"
"""Begins the name of what is remembered of a recording: the first hour whose waves were not forgotten yet. Lost, it is looked at anew."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Days; 0 is for ever."""

    waveforms_days: int = 14
    raw_days: int = 90


async def follow(store: LocalStore, keep: Keep, now_ns: Callable[[], int], over: asyncio.Event) -> None:
    """Forgets what is old, now and then, until `over`. A store that refuses is asked again next time: its recorder says what is wrong with it."""
    wait_s = FIRST_S
    while not over.is_set():
        await first_of(over, seconds=wait_s)
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(_until, store, keep, now_ns(), over)
        wait_s = EVERY_S


def _until(store: LocalStore, keep: Keep, now_ns: int, over: asyncio.Event) -> None:
    for _ in forgetting(store, keep, now_ns):
        if over.is_set():
            return


def forgetting(store: LocalStore, keep: Keep, now_ns: int) -> Iterator[int]:
    """Forgets an hour of a recording a step, in a transaction of its own; how many rows went with each."""
    for found in store.recordings():
        made_ns = made_until(store, found)
        if keep.raw_days:
            before_ns = min(now_ns - keep.raw_days * DAY_NS, made_ns)
            yield from (store.forget_raw(found.unit, hour, lambda row: True) for hour in store.raw_hours(found.unit, before_ns))
        if keep.waveforms_days:
            yield from _waves(store, found.unit, min(now_ns - keep.waveforms_days * DAY_NS, made_ns))


def _waves(store: LocalStore, unit: Unit, before_ns: int) -> Iterator[int]:
    """Each hour is looked at once: what is left in it is none."""
    name = f"{LOOKED}{unit.device}/{unit.recording}"
    looked = int(store.keepsake(unit.person, name, "") or 0)
    hours = [hour for hour in store.raw_hours(unit, before_ns) if hour >= looked]
    for hour in hours:
        yield store.forget_raw(unit, hour, is_wave)
    if hours:
        store.keep(unit.person, [(name, "", str(hours[-1] + 1).encode())])


def made_until(store: LocalStore, found: Recording) -> int:
    """Before this everything was made of a recording's bytes for good: of one that goes on, an hour before the older of its snapshots, which is
    where a program that cannot read the newer one begins."""
    if found.row.state == "done":
        return EVER[1]
    snapshots = store.snapshots(found.unit, found.row.analysis) if found.row.analysis else []
    return snapshots[0] - HOUR_NS if snapshots else EVER[0]


def is_wave(row: RawRow) -> bool:
    """Whether a notification is samples of a wave and nothing else. Optical intervals come by the same way as waves, and are beats."""
    decoder = DECODERS.get(row.characteristic)
    if decoder is None or not decoder.streams & WAVES:
        return False
    try:
        said = decoder.decode(row.payload)
    except BadFrame:
        return False
    return bool(said) and all(isinstance(each, Frame) and each.stream in WAVES for each in said)
