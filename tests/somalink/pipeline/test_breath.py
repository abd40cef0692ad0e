"""Breathing along: beats reach who listens, at once and nobody else; every 5 s it is said how heart and pacer go together."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from breaths import Breather
from fake_strap import FakeStrap
from swings import START_NS, swinging

from ingest.clocking import Clocker, RawRow
from ingest.simulate import SimulatedSource
from ingest.straps.pmd import CHARACTERISTIC, AccFrame, encode_acc
from processing.breathing import pacer
from processing.respiration import Chest
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, Stream
from somalink.pipeline.breath import Breath, Swing, beat_json, breathe_along, latency_in, latency_of, looked_up
from somalink.pipeline.hub import Heard, Hub, Link, Message, Traced
from somalink.pipeline.intake import from_clocker, from_simulation
from somalink.pipeline.live import Live, heard_in, open_live, paced, record_live, to_keep, traced_in
from somalink.pipeline.record import LIVE
from somalink.pipeline.run import Mode, Run
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus, RecordingRow

UNIT = Unit("ada", "polar-h10-1", "live-1")
CONSTANTS = Constants()


def heard(ticks: np.ndarray, start_ns: int = START_NS, device: str = "polar-h10-1", person: str = "ada") -> list[Heard]:
    """One message a beat."""
    t_ns = start_ns + np.cumsum(ticks) * SECOND_NS // 1024
    return [Heard(person, device, "B", int(t), (int(each),)) for t, each in zip(t_ns, ticks, strict=True)]


def breathed(messages: list[Heard], pace_ns: int = START_NS, late_ns: int = SECOND_NS) -> list[Swing]:
    """Swings every 5 s of a clock on which each message comes `late_ns` after its beat, until the last one."""
    breath, swings = Breath(pacer(6, started_ns=pace_ns)), []
    due = pace_ns + 5 * SECOND_NS
    for message in messages:
        at = message.t_ns + late_ns
        while due <= at:
            swings.append(breath.swing(due))
            due += 5 * SECOND_NS
        breath.take(message, at)
    return swings


def test_a_swing_is_told_every_five_seconds_once_three_breaths_have_been_heard():
    swings = breathed(heard(swinging(10)))
    assert [each.reason for each in swings[:6]] == ["begun"] * 6
    assert all(each.r2 is not None for each in swings[7:])
    assert swings[-1].together == "closely" and swings[-1].amplitude_bpm == pytest.approx(10, abs=1)
    assert swings[-1].latency_s == 2.6 and swings[-1].steady is not None


def test_of_a_device_that_nobody_measured_nothing_is_said_of_phase():
    last = breathed(heard(swinging(10), device="strap"))[-1]
    assert last.r2 is not None and last.latency_s is None and last.steady is None


def test_a_recording_of_another_year_is_breathed_along_with_too():
    """A replay at speed 1: its beats are of then, the pacer is of now."""
    now = START_NS + 200_000_000 * SECOND_NS
    breath = Breath(pacer(6, started_ns=now))
    for message in heard(swinging(10, seconds=90)):
        breath.take(message, message.t_ns - START_NS + now)
    assert breath.swing(now + 90 * SECOND_NS).together == "closely"


def test_silence_a_watch_and_an_optical_band_are_reasons():
    pace = pacer(6, started_ns=START_NS)
    assert Breath(pace).swing(START_NS + 20 * SECOND_NS).reason == "no_beats"
    for tier, reason in (("D", "no_intervals"), ("C", "optical")):
        breath = Breath(pace)
        breath.take(Heard("ada", "watch", tier, START_NS + SECOND_NS, () if tier == "D" else (900,)), START_NS + SECOND_NS)
        assert breath.swing(START_NS + 60 * SECOND_NS).reason == reason
    breath = Breath(pace)
    for message in heard(swinging(10, seconds=60)):
        breath.take(message, message.t_ns)
    assert breath.swing(START_NS + 61 * SECOND_NS).r2 is not None
    assert breath.swing(START_NS + 80 * SECOND_NS).reason == "no_beats"


def test_of_two_straps_the_one_that_is_heard_is_followed():
    breath = Breath(pacer(6, started_ns=START_NS))
    for message in sorted([*heard(swinging(10, seconds=90)), *heard(swinging(4, seconds=40), device="b")], key=lambda each: each.t_ns):
        breath.take(message, message.t_ns)
    assert breath.swing(START_NS + 90 * SECOND_NS).device == "polar-h10-1"


def test_a_swing_and_a_beat_are_plain_json():
    assert beat_json(Heard("ada", "x", "B", 1_500_000_000, (1024, 512))) == {"t_ms": 1500.0, "rr_ms": [1000.0, 500.0], "device": "x"}
    assert Swing(2_000_000, reason="gap").as_json() == {
        "t_ms": 2.0, "amplitude_bpm": None, "r2": None, "reason": "gap", "together": "", "steady": None, "latency_s": None, "device": "",
        "breaths_per_min": None, "breath_quality": 0.0, "breath_source": "", "breath_reason": "",
    }  # fmt: skip


# ---------------------------------------------------------------- the breath itself


def lived(who: Breather, tier: str = "A", device: str = "polar-h10-1", ecg: bool = False, cut: int = 25) -> list[Heard | Traced]:
    """Beats and chest (and ECG) of somebody, in the order in which they are heard: the chest `cut` samples at a time."""
    beats = [replace(each, tier=tier) for each in heard(who.beats()[1], device=device)]
    chest, volts = who.chest(), np.rint(who.ecg() * 10).astype(np.int64) if ecg else np.zeros(0, np.int64)
    streams = [(Stream.ACC, chest.t_ns, chest.xyz, cut), (Stream.ECG, START_NS + np.arange(len(volts)) * SECOND_NS // 130, volts, 130)]
    waves = [Traced("ada", device, tier, stream, t_ns[k : k + n], values[k : k + n]) for stream, t_ns, values, n in streams for k in range(0, len(t_ns), n)]
    return sorted([*beats, *waves], key=lambda each: each.t_ns if isinstance(each, Heard) else int(each.t_ns[-1]))


def seen_at(second: float, messages: list[Heard | Traced], pace: float = 6) -> Swing:
    breath = Breath(pacer(pace, started_ns=START_NS))
    for message in messages:
        newest = message.t_ns if isinstance(message, Heard) else int(message.t_ns[-1])
        if newest <= START_NS + second * SECOND_NS:
            breath.take(message, newest)
    return breath.swing(START_NS + round(second * SECOND_NS))


def test_how_often_somebody_breathes_is_told_by_heart_and_chest_together():
    swing = seen_at(140, lived(Breather(6, rsa_bpm=10, scatter=0.03)))
    assert swing.breaths_per_min == pytest.approx(6, abs=0.3)
    assert swing.breath_quality > 0.9 and set(swing.breath_source.split("+")) == {"chest", "rsa"}


def test_the_breath_is_what_is_seen_and_not_what_the_pacer_asks_for():
    swing = seen_at(140, lived(Breather(14, scatter=0.05)), pace=6)
    assert swing.breaths_per_min == pytest.approx(14, abs=1)
    assert swing.together == "not_yet"


def test_an_ecg_that_was_asked_for_shows_the_breath_too():
    swing = seen_at(140, lived(Breather(5.5, rsa_bpm=8, scatter=0.03), ecg=True))
    assert swing.breaths_per_min == pytest.approx(5.5, abs=0.3)
    assert set(swing.breath_source.split("+")) == {"chest", "ecg", "rsa"}


def test_a_chest_that_breathes_is_seen_though_the_heart_beats_out_of_rhythm():
    who = Breather(7, scatter=0.03)
    messages = lived(who)
    wild = [replace(each, sure=False) if isinstance(each, Heard) else each for each in messages]
    swing = seen_at(140, wild)
    assert swing.reason == "artefacts" and swing.breaths_per_min == pytest.approx(7, abs=0.3) and swing.breath_source == "chest"


@pytest.mark.parametrize("size", [1, 7, 40])
def test_how_samples_were_cut_is_nothing_to_the_breath(size):
    who = Breather(13, seconds=100, scatter=0.05)
    assert seen_at(100, lived(who, cut=size)) == seen_at(100, lived(who))


def test_an_arm_does_not_breathe():
    """The accelerometer of a band is worn elsewhere: nothing of it is read, and its beats come in batches."""
    swing = seen_at(140, lived(Breather(6), tier="C"))
    assert swing.breaths_per_min is None and swing.reason == "optical"


def test_too_little_is_a_reason_and_no_rate():
    assert seen_at(20, lived(Breather(6))).breath_reason == "begun"
    assert seen_at(35, lived(Breather(6, rsa_bpm=10))).breaths_per_min is None


# ---------------------------------------------------------------- from the live path to who listens


def test_beats_are_told_in_unbroken_runs():
    t_ns = START_NS + np.array([1000, 2000, 5000, 6000]) * 1_000_000
    told = list(heard_in(UNIT, [Chunk(Stream.RR, t_ns, np.full(4, 1024)), Chunk(Stream.HR, t_ns, np.full(4, 60_000))]))
    assert [(each.t_ns, len(each.rr_ticks)) for each in told] == [(int(t_ns[1]), 2), (int(t_ns[3]), 2)]
    assert told[0].rr_ms == (1000.0, 1000.0)


def test_samples_of_chest_and_ecg_are_told_a_message_a_stream_and_only_the_newest():
    t_ns = START_NS + np.arange(200) * SECOND_NS
    acc, ecg = Chunk(Stream.ACC, t_ns[:100], np.zeros((100, 3), np.int64)), Chunk(Stream.ECG, t_ns, np.arange(200))
    told = list(
        traced_in(UNIT, [acc, ecg, Chunk(Stream.ACC, t_ns[100:], np.ones((100, 3), np.int64)), Chunk(Stream.ACC, t_ns[:0], np.zeros((0, 3), np.int64))])
    )
    assert [(each.stream, len(each.t_ns), each.values.shape) for each in told] == [(Stream.ACC, 121, (121, 3)), (Stream.ECG, 121, (121,))]
    assert all(each.t_ns[-1] == t_ns[-1] for each in told)


def test_beats_reach_only_who_asked_for_them_and_cost_nobody_else():
    hub = Hub()
    values, beats = hub.subscribe(), None
    assert not hub.overheard
    beats = hub.subscribe(values=False, beats=True)
    assert hub.overheard
    hub.publish(Heard("ada", "x", "B", 1, (1024,)))
    hub.publish(Traced("ada", "x", "A", Stream.ECG, np.array([1]), np.array([0])))
    hub.publish(Link("ada", "x", "streaming", "", "", "", 1))
    hub.close()
    hub.leave(beats)
    assert not hub.overheard

    async def read(watcher) -> list[Message]:
        return [message async for message in watcher]

    assert [type(each) for each in asyncio.run(read(values))] == [Link]
    assert [type(each) for each in asyncio.run(read(beats))] == [Heard, Traced, Link]


def test_a_strap_that_is_recorded_is_heard_beat_by_beat(tmp_path: Path):
    """Every dated beat, in the pass that dates it: before the engine has seen it."""
    strap = FakeStrap(swinging(10, seconds=120), person="ada", device="polar-h10-1", start_ns=START_NS)
    hub = Hub()
    watcher = hub.subscribe(100_000, values=False, beats=True)

    async def rows():
        for row in strap.rows():
            yield row

    async def both(store: LocalStore) -> list[Message]:
        clocker = Clocker(UNIT, frozenset({Stream.RR}))
        await record_live(store, rows(), from_clocker(clocker, start_ns=START_NS), clocker, Mode(), CONSTANTS, hub)
        return [message async for message in watcher]

    with LocalStore.open(tmp_path / "store.db") as store:
        told = [each for each in asyncio.run(both(store)) if isinstance(each, Heard)]
        kept = store.recording_beats(UNIT)
    assert sum(len(each.rr_ticks) for each in told) == len(kept)
    assert len(told) > 80


class Quick:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.t_ns = START_NS

    def now_ns(self) -> int:
        return self.t_ns

    async def sleep_until(self, t_ns: int) -> None:
        while self.t_ns < t_ns:
            await asyncio.sleep(0)


def test_a_page_that_breathes_along_gets_beats_and_swings_until_it_goes():
    hub, clock = Hub(), Quick()

    async def listen() -> tuple[list[Heard], list[Swing]]:
        beats, swings = [], []
        async with aclosing(breathe_along(hub, "ada", pacer(6, started_ns=START_NS), clock=clock)) as along:
            async for message in along:
                (swings if isinstance(message, Swing) else beats).append(message)
                if len(swings) == 18:
                    break
        return beats, swings

    async def speak() -> None:
        for message in heard(swinging(10)):
            while clock.t_ns < message.t_ns:
                clock.t_ns += SECOND_NS // 4
                for _ in range(6):
                    await asyncio.sleep(0)
            hub.publish(message)
            hub.publish(Heard("somebody else", "y", "B", message.t_ns, (1024,)))

    async def both() -> tuple[list[Heard], list[Swing]]:
        speaking = asyncio.ensure_future(speak())
        try:
            return await listen()
        finally:
            speaking.cancel()

    beats, swings = asyncio.run(both())
    assert {each.person for each in beats} == {"ada"} and len(beats) > 60
    assert swings[0].reason == "begun" and swings[-1].together == "closely"
    assert not hub.overheard


def test_a_replay_at_life_pace_is_heard(tmp_path: Path):
    source = SimulatedSource("ada", START_NS, 1, 3)
    items = list(source.items(slice_s=1))[:900]
    hub = Hub()
    watcher = hub.subscribe(100_000, values=False, beats=True)

    async def follow(store: LocalStore) -> list[Message]:
        run = Run(store, from_simulation(source), Mode(), CONSTANTS)
        run.begin()
        clock = Quick()
        clock.sleep_until = _at_once  # type: ignore[method-assign]
        await Live(store, run, hub, CONSTANTS).follow(paced(items, clock=clock, pace=1))
        hub.close()
        return [message async for message in watcher]

    with LocalStore.open(tmp_path / "store.db") as store:
        told = [each for each in asyncio.run(follow(store)) if isinstance(each, Heard)]
    assert len(told) > 250 and max(len(each.rr_ticks) for each in told) <= 3


async def _at_once(t_ns: int) -> None:
    await asyncio.sleep(0)


# ---------------------------------------------------------------- what another process records


def test_what_another_program_records_is_looked_up_in_the_store(tmp_path: Path):
    strap = FakeStrap(swinging(10, seconds=150), person="ada", device="polar-h10-1", start_ns=START_NS)
    with LocalStore.open(tmp_path / "store.db") as store:
        with store.transaction() as write:
            write.put_recording(UNIT, RecordingRow(start_ns=START_NS, tz="UTC", meta=LIVE))
            write.put_raw(UNIT, [to_keep(row) for row in strap.rows()])
        pace = pacer(6, started_ns=START_NS + 20 * SECOND_NS)
        swing = looked_up(store, "ada", pace, START_NS + 148 * SECOND_NS)
        assert swing.together == "closely" and swing.amplitude_bpm == pytest.approx(10, abs=1.2) and swing.latency_s == 2.6
        assert looked_up(store, "ada", pace, START_NS + 200 * SECOND_NS).reason == "no_beats"
        assert looked_up(store, "eve", pace, START_NS + 148 * SECOND_NS).reason == "no_beats"


def sent(who: Breather) -> list[RawRow]:
    """What an H10 that is asked for its accelerometer sends of somebody: intervals once a second, 25 samples beside them on its own clock."""
    strap = FakeStrap(who.beats()[1], person="ada", device="polar-h10-1", start_ns=START_NS)
    moved = who.chest()
    frames = [
        replace(row, characteristic=CHARACTERISTIC, payload=encode_acc(AccFrame(int(t_ns[-1]) - START_NS + 10**18, xyz // 100)))
        for row in strap.rows()
        for t_ns, xyz in [lately(moved, row.t_utc_ns)]
    ]
    return sorted([*strap.rows(), *frames], key=lambda row: (row.t_utc_ns, row.characteristic))


def lately(moved: Chest, t_ns: int) -> tuple[np.ndarray, np.ndarray]:
    inside = (moved.t_ns > t_ns - SECOND_NS) & (moved.t_ns <= t_ns)
    return moved.t_ns[inside], moved.xyz[inside]


def test_a_chest_that_another_program_records_is_looked_up_too(tmp_path: Path):
    unit = replace(UNIT, tier="A")
    with LocalStore.open(tmp_path / "store.db") as store:
        with store.transaction() as write:
            write.put_recording(unit, RecordingRow(start_ns=START_NS, tz="UTC", meta=LIVE))
            write.put_raw(unit, [to_keep(row) for row in sent(Breather(15, scatter=0.05))])
        swing = looked_up(store, "ada", pacer(6, started_ns=START_NS + 20 * SECOND_NS), START_NS + 140 * SECOND_NS)
    assert swing.breaths_per_min == pytest.approx(15, abs=1)
    assert "chest" in swing.breath_source


@pytest.mark.parametrize(
    ("name", "late"), [("polar-h10-a1b2c3d4", 2.6), ("Movesense 1234", 0.4), ("HRM-Dual:123", 0.7), ("TICKR X", 2.1), ("Wahoo", 2.1), ("strap", None)]
)
def test_a_devices_latency_is_known_by_its_name_or_not_at_all(name, late):
    assert latency_of(name) == late


def test_a_straps_model_tells_its_latency_where_its_name_does_not(tmp_path: Path):
    unit = Unit("ada", "my-strap", "r")
    with LocalStore.open(tmp_path / "store.db") as store:
        assert latency_in(store, "ada", "my-strap") is None
        with store.transaction() as write:
            write.put_recording(unit, RecordingRow(start_ns=START_NS, tz="UTC", meta=LIVE))
            write.put_device_status(unit, DeviceStatus(START_NS, {"state": "streaming", "reason": "", "model": "HRM-Dual"}))
        assert latency_in(store, "ada", "my-strap") == 0.7


def test_open_live_is_what_a_recorder_opens(tmp_path: Path):
    """A restart finds hours on disk: who listens gets the last two minutes of them."""
    strap = FakeStrap(swinging(3, seconds=600), person="ada", device="polar-h10-1", start_ns=START_NS)
    hub = Hub()
    watcher = hub.subscribe(100_000, values=False, beats=True)

    async def again(store: LocalStore) -> list[Message]:
        clocker = Clocker(UNIT, frozenset({Stream.RR}))
        live = open_live(store, from_clocker(clocker, start_ns=START_NS), clocker, Mode(), CONSTANTS, hub)
        assert live.tape is not None
        await live.take(live.tape.fold(strap.rows()))
        hub.close()
        return [message async for message in watcher]

    with LocalStore.open(tmp_path / "store.db") as store:
        told = [each for each in asyncio.run(again(store)) if isinstance(each, Heard)]
    assert told[-1].t_ns - told[0].t_ns > MINUTE_NS
