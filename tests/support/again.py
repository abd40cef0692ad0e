"""A recording made again from the store's own raw rows, as one reads a tape twice: everything FINAL has to come out equal."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from ingest.clocking import Clocker, RawRow
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.pipeline.hub import Hub
from somalink.pipeline.intake import from_clocker
from somalink.pipeline.live import record_live
from somalink.pipeline.record import LIVE, opened_streams
from somalink.pipeline.run import Mode
from somalink.storage.local import EVER, LocalStore


def again(store: LocalStore, unit: Unit, other: LocalStore) -> list[str]:
    """Reads the raw rows of `unit` into an empty store; gives the names of what differs."""
    row = store.recording(unit)
    assert row is not None
    other.person_secret(unit.person, given=store.person_secret(unit.person))
    streams = opened_streams(store, unit)
    assert streams is not None
    clocker = Clocker(unit, streams, tz=row.tz)
    intake = from_clocker(clocker, start_ns=row.start_ns, tz=row.tz, meta=LIVE)

    async def rows() -> AsyncIterator[RawRow]:
        for each in store.raw(unit):
            yield RawRow(unit.person, unit.device, each.connection, each.characteristic, each.t_mono_ns, each.boot_id, each.t_utc_ns, each.payload)

    asyncio.run(record_live(other, rows(), intake, clocker, Mode(), Constants(), Hub()))
    return [name for name, same in compared(store, other, unit).items() if not same]


def compared(one: LocalStore, two: LocalStore, unit: Unit) -> dict[str, bool]:
    columns = {
        **{f"beats.{name}": (column, two.recording_beats(unit).arrays()[name]) for name, column in one.recording_beats(unit).arrays().items()},
        **{f"grid.{name}": (column, two.recording_grid(unit).arrays()[name]) for name, column in one.recording_grid(unit).arrays().items()},
    }
    return {
        **{name: np.array_equal(a, b) for name, (a, b) in columns.items()},
        "gaps": one.recording_gaps(unit) == two.recording_gaps(unit),
        "episodes": one.episodes(unit.person, *EVER) == two.episodes(unit.person, *EVER),
        "candidates": one.candidates(unit.person, *EVER) == two.candidates(unit.person, *EVER),
        "counts": one.refusals(unit) == two.refusals(unit),
    }
