"""Waves go after a fortnight, everything else after a season, beats never; and nothing goes that could still be needed."""

import asyncio
from collections import Counter

import numpy as np
import pytest
from fast_loop import run_fast

from ingest.ble import notes
from ingest.straps import heart_rate, movesense, pmd
from ingest.straps.movesense import AccPacket, BeatPacket
from ingest.straps.pmd import AccFrame, EcgFrame, PpiFrame, PulseInterval
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Beats, Stream
from somalink.pipeline.retention import Keep, follow, forgetting, is_wave
from somalink.storage.local import LocalStore
from somalink.storage.rows import RawRow, RecordingRow

DAY_0 = 20_454 * DAY_NS
NOW_NS = DAY_0 + 100 * DAY_NS + 1800 * SECOND_NS
UNIT = Unit("ann", "h10", "rec1", "A")
MS2 = np.array([[0.0, 0.0, 9.8]])

BEAT = (heart_rate.CHARACTERISTIC, bytes((16, 72)) + (853).to_bytes(2, "little"))
PPI = (pmd.CHARACTERISTIC, pmd.encode_ppi(PpiFrame((PulseInterval(72, 833, 10, blocked=False, contact=True),))))
ACC = (pmd.CHARACTERISTIC, pmd.encode_acc(AccFrame(9 * SECOND_NS, np.full((30, 3), 100))))
ECG = (pmd.CHARACTERISTIC, pmd.encode_ecg(EcgFrame(9 * SECOND_NS, np.arange(70))))
MOVESENSE_ACC = (movesense.CHARACTERISTIC, movesense.encode_packet(AccPacket(movesense.reference_of(Stream.ACC, 26), 7, MS2)))
MOVESENSE_BEAT = (movesense.CHARACTERISTIC, movesense.encode_packet(BeatPacket(movesense.reference_of(Stream.HR), 72.0, (833,))))
UP = (notes.CHARACTERISTIC, notes.note(notes.UP))
BROKEN = (pmd.CHARACTERISTIC, b"\x02\x01")
ALL = {"beat": BEAT, "ppi": PPI, "acc": ACC, "ecg": ECG, "movesense acc": MOVESENSE_ACC, "movesense beat": MOVESENSE_BEAT, "up": UP, "broken": BROKEN}
WAVES = {"acc", "ecg", "movesense acc"}


def row(t_ns: int, k: int, kind: str) -> RawRow:
    characteristic, payload = ALL[kind]
    return RawRow(t_ns - DAY_0 + k, "boot", 1, characteristic, t_ns + k, payload)


@pytest.fixture
def store(tmp_path):
    """One of everything at the beginning of each of 100 days, a recording that is over."""
    with LocalStore.open(tmp_path / "store.db") as opened:
        with opened.transaction() as write:
            write.put_recording(UNIT, RecordingRow(DAY_0, DAY_0 + 100 * DAY_NS, "done", "A"))
            write.put_raw(UNIT, [row(DAY_0 + day * DAY_NS, k, kind) for day in range(100) for k, kind in enumerate(ALL)])
            write.put_beats(UNIT, Beats(*(np.array([x]) for x in (DAY_0, 853, 0, DAY_0))))
        opened.compact(NOW_NS)
        yield opened


def left(store: LocalStore) -> Counter[str]:
    """How many days of each kind are kept."""
    kinds = {said: kind for kind, said in ALL.items()}
    return Counter(kinds[each.characteristic, each.payload] for each in store.raw(UNIT))


@pytest.mark.parametrize("kind", ALL)
def test_samples_of_a_wave_are_told_from_everything_else_that_comes_by_the_same_way(kind: str) -> None:
    assert is_wave(row(DAY_0, 0, kind)) == (kind in WAVES)


def test_waves_are_kept_a_fortnight_and_the_rest_a_season(store) -> None:
    gone = sum(forgetting(store, Keep(), NOW_NS))
    # of the hour in which a limit falls nothing goes yet
    assert left(store) == {kind: 14 if kind in WAVES else 90 for kind in ALL}
    assert gone == 100 * len(ALL) - 3 * 14 - 5 * 90
    assert len(store.recording_beats(UNIT)) == 1


def test_an_hour_is_looked_at_once(store) -> None:
    looked = [len(list(forgetting(store, Keep(), NOW_NS + later))) for later in (0, 0, DAY_NS)]
    assert looked[1:] == [0, 2]  # a day later: one hour of waves, one hour of everything
    assert left(store)["acc"] == 13


def test_nought_is_for_ever(store) -> None:
    assert sum(forgetting(store, Keep(0, 0), NOW_NS)) == 0
    assert left(store) == dict.fromkeys(ALL, 100)


def test_of_a_recording_that_goes_on_nothing_is_forgotten_that_could_be_read_again(store) -> None:
    with store.transaction() as write:
        write.put_recording(UNIT, RecordingRow(DAY_0, None, "running", "A"))
    assert sum(forgetting(store, Keep(), NOW_NS)) == 0  # nobody remembers how far it was read
    for day in (20, 21):
        with store.transaction() as write:
            write.put_snapshot(UNIT, "A", DAY_0 + day * DAY_NS + HOUR_NS, b"state")
    list(forgetting(store, Keep(), NOW_NS))
    assert left(store) == {kind: 80 if kind in WAVES else 90 for kind in ALL}


def test_a_program_looks_soon_after_it_began_and_every_hour_until_it_ends(store) -> None:
    async def scene() -> list[int]:
        over, kept, loop = asyncio.Event(), [], asyncio.get_running_loop()
        task = asyncio.ensure_future(follow(store, Keep(), lambda: NOW_NS + int(loop.time()) * SECOND_NS, over))
        for seconds in (120, 24 * 3600, 0):
            kept.append(left(store)["acc"])
            await asyncio.sleep(seconds)
        over.set()
        await task
        return kept

    assert run_fast(scene()) == [100, 14, 13]
