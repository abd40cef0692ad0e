"""The live pipeline, driven by a strap in another thread and by recordings on a clock that nobody waits for."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from fake_strap import FakeStrap, heart

from ingest.clocking import Clocker, RawRow
from ingest.simulate import SimulatedSource
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Event, Grid, Rating, Stream
from somalink.pipeline.hub import Changed, Final, Hub, Link, Provisional, Status
from somalink.pipeline.intake import from_clocker, from_simulation
from somalink.pipeline.live import Live, paced, record_live, replay_live
from somalink.pipeline.run import Mode, Run, run_archive
from somalink.storage.local import EVER, LocalStore

UNIT = Unit("ada", "fake-strap", "live-1")
CONSTANTS = Constants()


class NoWait:
    """A clock that is always where it was asked to be."""

    def __init__(self) -> None:
        self.t_ns = 0

    def now_ns(self) -> int:
        return self.t_ns

    async def sleep_until(self, t_ns: int) -> None:
        self.t_ns = max(self.t_ns, t_ns)
        await asyncio.sleep(0)


async def from_thread(strap: FakeStrap) -> AsyncIterator[RawRow]:
    """Notifications as a radio gives them: put from another thread, taken in the loop."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[RawRow | None]()

    def deliver() -> None:
        strap.run(lambda row: loop.call_soon_threadsafe(queue.put_nowait, row)).join()
        loop.call_soon_threadsafe(queue.put_nowait, None)

    thread = threading.Thread(target=deliver)
    thread.start()
    while (row := await queue.get()) is not None:
        yield row
    thread.join()


def record(store: LocalStore, strap: FakeStrap, hub: Hub) -> None:
    clocker = Clocker(UNIT, frozenset({Stream.RR}))
    intake = from_clocker(clocker, start_ns=strap.start_ns)
    asyncio.run(record_live(store, from_thread(strap), intake, clocker, Mode(), CONSTANTS, hub))


def stored(store: LocalStore, unit: Unit) -> dict[str, np.ndarray]:
    return {**store.recording_beats(unit).arrays(), **store.recording_grid(unit).arrays()}


def same(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def hectic() -> FakeStrap:
    """A quarter of an hour with jitter, bunched arrivals, drops, two holes and a reconnection."""
    return FakeStrap(heart(minutes=15, bpm=72, seed=5), seed=5, drop=0.01, jitter_s=0.2, bunch=0.02, holes=[(200, 240), (500, 590)], reconnects=[700])


@pytest.fixture(scope="module")
def recorded(hectic: FakeStrap, tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    store = LocalStore.open(tmp_path_factory.mktemp("live") / "store.db")
    record(store, hectic, Hub())
    return store


def test_a_strap_in_another_thread_drives_the_whole_spine(recorded: LocalStore, hectic: FakeStrap):
    beats, grid = recorded.recording_beats(UNIT), recorded.recording_grid(UNIT)
    sent = len(hectic.beats_ticks)
    assert sent - len(hectic.lost) - 12 <= len(beats) <= sent - len(hectic.lost)
    assert len(grid) >= 14 * 12
    assert {gap.reason for gap in recorded.recording_gaps(UNIT)} & {"silence", "hole"}


def test_every_notification_is_on_disk_and_replaying_them_gives_the_same_final_records(recorded: LocalStore, hectic: FakeStrap, tmp_path: Path):
    kept = recorded.raw(UNIT)
    assert len(kept) == len(list(hectic.rows()))

    async def again() -> AsyncIterator[RawRow]:
        for row in kept:
            yield RawRow(UNIT.person, UNIT.device, row.connection, row.characteristic, row.t_mono_ns, row.boot_id, row.t_utc_ns, row.payload)

    clocker = Clocker(UNIT, frozenset({Stream.RR}))
    with LocalStore.open(tmp_path / "again.db") as other:
        intake = from_clocker(clocker, start_ns=hectic.start_ns)
        asyncio.run(record_live(other, again(), intake, clocker, Mode(), CONSTANTS, Hub()))
        assert same(stored(recorded, UNIT), stored(other, UNIT))


def test_a_watcher_sees_provisional_values_before_final_ones_and_the_store_never_holds_them(tmp_path: Path):
    source = SimulatedSource("ada", 1_772_352_000 * SECOND_NS + 8 * 60 * MINUTE_NS, 1, 3)
    items = list(source.items(slice_s=5))[:1500]
    hub = Hub()
    watcher = hub.subscribe(100_000)
    seen: list[object] = []

    async def watch() -> None:
        async for message in watcher:
            seen.append(message)  # noqa: PERF401

    async def both(store: LocalStore) -> None:
        intake = from_simulation(source)
        run = Run(store, intake, Mode(), CONSTANTS)
        run.begin()
        watching = asyncio.ensure_future(watch())
        await Live(store, run, hub, CONSTANTS).follow(paced(items, clock=NoWait(), pace=1))
        hub.close()
        await watching

    with LocalStore.open(tmp_path / "store.db") as store:
        asyncio.run(both(store))
        ahead = {int(t) for m in seen if isinstance(m, Provisional) for t in m.grid.stop_ns}
        final = {int(t) for m in seen if isinstance(m, Final) and isinstance(m.record, Grid) for t in m.record.stop_ns}
        first_ahead = next(k for k, m in enumerate(seen) if isinstance(m, Provisional))
        first_final = next(k for k, m in enumerate(seen) if isinstance(m, Final) and isinstance(m.record, Grid) and int(m.record.stop_ns[0]) in ahead)
        assert first_ahead < first_final
        assert set(store.recording_grid(source.unit).stop_ns.tolist()) == final


def test_a_paced_replay_ends_in_the_same_store_as_one_at_full_speed(tmp_path: Path):
    source = SimulatedSource("ada", 1_772_352_000 * SECOND_NS, 1, 4)
    with LocalStore.open(tmp_path / "fast.db") as fast, LocalStore.open(tmp_path / "slow.db") as slow:
        for store in (fast, slow):
            store.person_secret("ada", given="same")
        run_archive(fast, from_simulation(source), Mode(), CONSTANTS)
        asyncio.run(replay_live(slow, from_simulation(source), Mode(), CONSTANTS, 600.0, clock=NoWait(), hub=Hub()))
        assert same(stored(fast, source.unit), stored(slow, source.unit))
        assert fast.episodes("ada", *EVER) == slow.episodes("ada", *EVER)


def test_a_rating_written_elsewhere_reaches_the_watchers_of_a_running_engine(tmp_path: Path):
    source = SimulatedSource("ada", 1_772_352_000 * SECOND_NS, 1, 3)
    hub = Hub()
    watcher = hub.subscribe(100_000)
    path = tmp_path / "store.db"

    def parts() -> list[object]:
        return list(source.items(slice_s=60))[:500]

    class Interrupting(NoWait):
        async def sleep_until(self, t_ns: int) -> None:
            await super().sleep_until(t_ns)
            if self.t_ns > 60 * MINUTE_NS and not told:
                told.append(1)
                with LocalStore.open(path) as other, other.transaction() as write:
                    write.put_rating(Rating("r1", "ada", 1, "belonging", 7, 1))
                    write.put_event(Event("e1", "ada", "conflict", 1, 1, 1))

    told: list[int] = []
    seen: list[object] = []

    async def watch() -> None:
        async for message in watcher:
            seen.append(message)  # noqa: PERF401

    async def both(store: LocalStore) -> None:
        run = Run(store, from_simulation(source), Mode(), CONSTANTS)
        run.begin()
        watching = asyncio.ensure_future(watch())
        await Live(store, run, hub, CONSTANTS).follow(paced(parts(), clock=Interrupting(), pace=1))
        hub.close()
        await watching

    with LocalStore.open(path) as store:
        asyncio.run(both(store))
        assert any(isinstance(message, Changed) for message in seen)
        assert [rating.value for rating in store.ratings("ada") if rating.id == "r1"] == [7]


def test_a_slow_watcher_loses_the_oldest_and_is_told_how_many():
    hub = Hub()
    watcher = hub.subscribe(4)
    for change in range(10):
        hub.publish(Changed(change))
    hub.close()

    async def read() -> list[object]:
        return [message async for message in watcher]

    seen = asyncio.run(read())
    assert isinstance(seen[0], Status) and seen[0].overflow == 7
    assert [m.change for m in seen if isinstance(m, Changed)] == [7, 8, 9]


def test_a_service_that_nobody_looks_at_is_told_of_links_and_spends_nothing_on_values():
    async def scene() -> list[object]:
        hub = Hub()
        log = hub.subscribe(values=False)
        assert not hub.watched
        hub.publish(Provisional("ada", "h10", Grid.empty()))
        hub.publish(Link("ada", "h10", "streaming", "connected", "", "", 0))
        hub.close()
        return [message async for message in log]

    assert [type(message) for message in asyncio.run(scene())] == [Link]
