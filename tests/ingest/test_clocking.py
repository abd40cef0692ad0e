"""Raw rows become items: dated, gapped where beats were lost, and the same live as read back."""

import json
from dataclasses import replace
from queue import SimpleQueue

import numpy as np
import pytest
from fake_strap import FakeStrap, heart
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clocking import LAGGING_NS, Clocker, RawRow
from ingest.straps.heart_rate import HeartRateMeasurement, encode_measurement
from ingest.straps.pmd import PpiFrame, PulseInterval, encode_ppi
from ingest.streams import DECODERS, RR, Decoder, Frame, Told, encode_rr
from somalink.domain.identity import Unit
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Chunk, ClockAnchor, Contact, Flag, Gap, Heartbeat, Item, Opened, Stream, StreamClock, Upright, UtcOffset

UNIT = Unit("ada", "fake-strap", "run-1")
ONLY_RR = frozenset((Stream.RR,))
BOTH = frozenset((Stream.RR, Stream.HR))


def clocked(rows, *, streams=ONLY_RR, decoders=None) -> list[Item]:
    clocker = Clocker(UNIT, streams, decoders=decoders)
    return [item for row in rows for item in clocker.push(row)]


def beats(items) -> tuple[np.ndarray, np.ndarray]:
    chunks = [item for item in items if isinstance(item, Chunk) and item.stream is Stream.RR]
    return np.concatenate([chunk.t_ns for chunk in chunks]), np.concatenate([chunk.values for chunk in chunks])


def gaps(items) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def plain(items) -> list[object]:
    """Items as values that compare."""
    return [
        (item.stream, item.t_ns.tolist(), item.values.tolist(), None if item.flags is None else item.flags.tolist()) if isinstance(item, Chunk) else item
        for item in items
    ]


straps = st.builds(
    FakeStrap,
    beats_ticks=st.builds(heart, st.just(4), bpm=st.sampled_from([40, 66, 110, 180]), seed=st.integers(0, 3)),
    seed=st.integers(0, 99),
    drop=st.sampled_from([0, 0.02, 0.2]),
    jitter_s=st.sampled_from([0, 0.4]),
    bunch=st.sampled_from([0, 0.05]),
    holes=st.sampled_from([(), ((30, 33),), ((60, 110),)]),
    reconnects=st.sampled_from([(), (100,)]),
)


@settings(deadline=None, max_examples=15)
@given(straps)
def test_the_same_rows_give_the_same_items_live_and_read_back(strap):
    live: SimpleQueue[RawRow] = SimpleQueue()
    strap.run(live.put).join()
    kept = [live.get() for _ in range(live.qsize())]
    read_back = [
        RawRow(row.person, row.device, row.connection, row.characteristic, row.t_mono_ns, row.boot_id, row.t_utc_ns, bytes(row.payload)) for row in kept
    ]
    assert plain(clocked(kept)) == plain(clocked(read_back))


@settings(deadline=None, max_examples=40)
@given(straps)
def test_whatever_the_radio_does_no_beat_goes_back_and_none_is_told_twice(strap):
    rows = list(strap.rows())
    items = clocked(rows)
    t_ns, ticks = beats(items)
    sent = [x for row in rows for x in RR.decode(row.payload)[0].values.tolist()]
    assert ticks.tolist() == sent[: len(ticks)], "a beat was lost, doubled or changed"
    assert len(sent) - len(ticks) <= 40, "only beats behind a hole not yet explained may still wait"
    assert bool(np.all(np.diff(t_ns) > 0))
    promised = told = 0
    for item in items:
        if isinstance(item, Heartbeat):
            assert item.t_ns > promised
            promised = item.t_ns
        elif isinstance(item, Chunk):
            late = (item.t_ns <= promised) & (item.flags != Flag.STALE)
            assert not late.any(), "a beat came after the promise and is not marked"
            told = int(item.t_ns[-1])
        elif isinstance(item, Gap):
            assert told <= item.start_ns <= item.stop_ns
            told = item.stop_ns


@pytest.mark.parametrize("bpm", [42, 66, 120, 175])
def test_a_jittery_radio_that_loses_nothing_makes_no_gap(bpm):
    strap = FakeStrap(heart(60, bpm=bpm), jitter_s=0.5, bunch=0.02)
    items = clocked(strap.rows())
    assert gaps(items) == []
    t_ns, _ = beats(items)
    error = (t_ns - strap.beat_ns[: len(t_ns)]) / SECOND_NS
    assert np.ptp(error) < 0.05, "chained beats keep their distances"
    assert abs(error[0]) < strap.stall_s, "no later than the first notification was"


@pytest.mark.parametrize("ppm", [-100, 100])
def test_a_strap_whose_clock_runs_fast_or_slow_makes_no_gap_and_stays_on_a_straight_line(ppm):
    strap = FakeStrap(heart(120, bpm=100), ppm=ppm, jitter_s=0.4)
    items = clocked(strap.rows())
    assert gaps(items) == []
    assert not any(item.flags.any() for item in items if isinstance(item, Chunk)), "nothing is stale"
    t_ns, _ = beats(items)
    error = (t_ns - strap.beat_ns[: len(t_ns)]) / SECOND_NS
    assert np.ptp(error) < 0.25, "left alone, this clock would be 0.72 s off by now"
    assert bool(np.all(np.abs(np.diff(error)) <= 0.01)), "slewed a little at a time"


@pytest.mark.parametrize("bpm", [66, 100, 150])
def test_a_hole_is_found_where_it_is_and_as_long_as_it_is(bpm):
    strap = FakeStrap(heart(20, bpm=bpm), jitter_s=0.3, holes=[(300, 303), (600, 640), (800, 900)])
    found = gaps(clocked(strap.rows()))
    assert [gap.reason for gap in found] == ["hole", "silence", "suspend"]
    for gap, (start, stop) in zip(found, strap.holes, strict=True):
        assert abs(gap.start_ns - strap.start_ns - start * SECOND_NS) < 2.5 * SECOND_NS
        assert abs(gap.stop_ns - strap.start_ns - stop * SECOND_NS) < 2.5 * SECOND_NS
        assert abs(gap.lost_ns / SECOND_NS - (stop - start)) < 2.5


def test_while_a_hole_is_unexplained_nothing_is_promised_beyond_it():
    strap = FakeStrap(heart(5, bpm=70), holes=[(100, 105)])
    items = clocked(row for row in strap.rows() if row.t_utc_ns < strap.start_ns + 107.5 * SECOND_NS)
    promise = max(item.t_ns for item in items if isinstance(item, Heartbeat))
    assert promise <= strap.start_ns + 101 * SECOND_NS


@pytest.mark.parametrize(
    "held_up", [{1: 3.4, 2: 2.4, 3: 3.7, 4: 2.7, 5: 1.7, 6: 0.7}, {10: 3.4, 11: 2.4, 12: 1.4, 13: 0.4}], ids=["at once, and again", "as it makes up its mind"]
)
def test_a_radio_that_stalls_as_a_connection_begins_dates_its_beats_all_the_same(held_up):
    """What arrives first may be late, and nothing says so but what comes later."""
    strap = FakeStrap(heart(3, bpm=66))
    rows = [
        replace(row, t_mono_ns=row.t_mono_ns + late, t_utc_ns=row.t_utc_ns + late)
        for k, row in enumerate(strap.rows(), 1)
        for late in [round(held_up.get(k, 0) * SECOND_NS) + k]
    ]
    items = clocked(rows)
    t_ns, _ = beats(items)
    assert gaps(items) == []
    assert np.abs(t_ns - strap.beat_ns[: len(t_ns)]).max() < 0.6 * SECOND_NS


def test_a_new_connection_begins_a_new_line_and_a_gap():
    strap = FakeStrap(heart(5, bpm=70), reconnects=[120], holes=[(110, 120)])
    items = clocked(strap.rows())
    assert [gap.reason for gap in gaps(items)] == ["disconnect"]
    assert sum(isinstance(item, ClockAnchor) for item in items) == 2


def test_a_step_of_utc_is_told_as_a_gap():
    strap = FakeStrap(heart(5, bpm=70))
    late = strap.start_ns + 100 * SECOND_NS
    rows = [replace(row, t_utc_ns=row.t_utc_ns + 30 * SECOND_NS) if row.t_utc_ns > late else row for row in strap.rows()]
    items = clocked(rows)
    (gap,) = gaps(items)
    assert gap.reason == "clock_step"
    assert 30 <= (gap.stop_ns - gap.start_ns) / SECOND_NS < 33


@pytest.mark.parametrize("back_s", [1.5, 6, 8, 40, 90_000])
def test_when_utc_is_set_back_no_beat_goes_back_and_those_without_room_are_not_trusted(back_s):
    strap = FakeStrap(heart(5, bpm=70))
    late = strap.start_ns + 100 * SECOND_NS
    rows = [replace(row, t_utc_ns=row.t_utc_ns - round(back_s * SECOND_NS)) if row.t_utc_ns > late else row for row in strap.rows()]
    items = clocked(rows)
    t_ns, ticks = beats(items)
    assert ticks.tolist() == list(strap.beats_ticks)[: len(ticks)] and len(ticks) > 300
    assert bool(np.all(np.diff(t_ns) > 0))
    crowded = sum(int(np.count_nonzero(item.flags == Flag.UNTRUSTED)) for item in items if isinstance(item, Chunk))
    assert abs(crowded - min(max(back_s - 2, 0), 195) * 70 / 60) < 16
    for item in items:
        if isinstance(item, Gap):
            assert item.start_ns < item.stop_ns


def test_a_bunch_older_than_the_promise_is_marked_stale():
    strap = FakeStrap(heart(3, bpm=60))
    rows = list(strap.rows())
    stalled = [
        replace(row, t_mono_ns=max(row.t_mono_ns, rows[69].t_mono_ns + k), t_utc_ns=max(row.t_utc_ns, rows[69].t_utc_ns + k)) if 60 <= k < 70 else row
        for k, row in enumerate(rows)
    ]
    items = clocked(stalled)
    flags = np.concatenate([item.flags for item in items if isinstance(item, Chunk)])
    assert gaps(items) == []
    assert 2 <= np.count_nonzero(flags == Flag.STALE) <= 5


def test_a_recording_opens_with_its_offsets_before_its_first_beat():
    offset, opened, anchor, *rest = clocked(FakeStrap(heart(1)).rows())
    assert isinstance(offset, UtcOffset)
    assert isinstance(opened, Opened)
    assert isinstance(anchor, ClockAnchor)
    assert opened.streams == ONLY_RR
    assert opened.t_ns < min(int(item.t_ns[0]) for item in rest if isinstance(item, Chunk))


def test_bytes_that_follow_no_format_are_counted_and_harm_nothing():
    rows = list(FakeStrap(heart(2)).rows())
    clocker = Clocker(UNIT, ONLY_RR)
    good = [item for row in rows for item in clocker.push(row)]
    spoilt = [row if k % 7 else replace(row, payload=b"\x01") for k, row in enumerate(rows)]
    noisy = Clocker(UNIT, ONLY_RR)
    for row in spoilt:
        noisy.push(replace(row, characteristic="unheard.of"))
        noisy.push(row)
    assert clocker.unreadable == 0
    assert noisy.unreadable == len(spoilt[::7])
    assert len(good) > 100


def test_an_interval_of_zero_is_received_and_refused():
    clocker = Clocker(UNIT, ONLY_RR)
    row = next(iter(FakeStrap([1024] * 5).rows()))
    clocker.push(replace(row, payload=encode_rr(np.array([0, 900]))))
    (account,) = clocker.counts.values()
    assert (account.received, account.refused) == (2, {"not_positive": 1})


# ---------------------------------------------------------------- an optical device

ARM = Unit("ada", "fake-arm", "run-1", tier="C")
BOOT_NS = 1_772_352_000 * SECOND_NS


def worn_on_the_arm(batches: int, *, lost: frozenset[int] = frozenset()) -> list[RawRow]:
    """A rate a second; six intervals of 833 ms in a batch every five seconds from the twenty-fifth on, every seventh batch spoilt by movement."""
    rows = []
    for second in range(1, 25 + 5 * batches):
        said = [("2a37", encode_measurement(HeartRateMeasurement(72)))]
        number, phase = divmod(second - 25, 5)
        if number >= 0 and not phase and number not in lost:
            beats_of = tuple(PulseInterval(72, 833, 40 if number % 7 == 6 else 3) for _ in range(6))
            said.append(("fb005c82", encode_ppi(PpiFrame(beats_of))))
        rows += [
            RawRow(ARM.person, ARM.device, 0, name, second * SECOND_NS + k, "boot-1", BOOT_NS + second * SECOND_NS + k, each)
            for k, (name, each) in enumerate(said)
        ]
    return rows


def clocked_on_the_arm(rows) -> list[Item]:
    clocker = Clocker(ARM, BOTH)
    return [item for row in rows for item in clocker.push(row)]


def test_the_beats_of_an_optical_device_are_dated_by_their_batches_and_its_rate_by_the_standard():
    items = clocked_on_the_arm(worn_on_the_arm(60))
    t_ns, ticks = beats(items)
    assert set(ticks.tolist()) == {853}
    assert len(ticks) == 6 * 60
    assert np.abs(np.diff(t_ns) - 833 * 10**6).max() < 60 * 10**6
    rates = [item for item in items if isinstance(item, Chunk) and item.stream is Stream.HR]
    assert [chunk.values.tolist() for chunk in rates] == [[72_000]] * (25 + 5 * 60 - 1)


def test_what_an_optical_device_does_not_trust_is_told_and_flagged():
    flags = np.concatenate([item.flags for item in clocked_on_the_arm(worn_on_the_arm(60)) if isinstance(item, Chunk) and item.stream is Stream.RR])
    assert np.count_nonzero(flags == Flag.UNTRUSTED) == 6 * 8
    assert np.count_nonzero(flags == Flag.OK) == 6 * 52


def test_a_batch_that_never_came_is_a_gap_of_its_length():
    holes = [gap for gap in gaps(clocked_on_the_arm(worn_on_the_arm(60, lost=frozenset({30})))) if gap.reason == "hole"]
    assert [round(gap.lost_ns / SECOND_NS) for gap in holes] == [5]


def test_nothing_older_than_what_an_optical_device_has_promised_comes():
    promised = {Stream.RR: 0, Stream.HR: 0}
    for item in clocked_on_the_arm(worn_on_the_arm(60, lost=frozenset({30, 31}))):
        if isinstance(item, Heartbeat):
            promised[item.stream] = item.t_ns
        elif isinstance(item, Chunk):
            assert item.t_ns[0] >= promised[item.stream]


def test_an_arm_band_that_does_not_begin_its_intervals_holds_nobody_up_and_what_comes_all_the_same_is_told():
    rows = [row for row in worn_on_the_arm(40) if row.characteristic == "2a37" or row.t_mono_ns > 150 * SECOND_NS]
    said = [replace(rows[0], characteristic="somalink.link", t_mono_ns=k, t_utc_ns=BOOT_NS + k, payload=note) for k, note in enumerate((b"up", b"streams"))]
    clocker, items = Clocker(ARM, BOTH), []
    for row in (*said, *rows):
        items += clocker.push(row)
        promised = max((item.t_ns for item in items if isinstance(item, Heartbeat) and item.stream is Stream.RR), default=None)
        if 50 * SECOND_NS < row.t_mono_ns < 150 * SECOND_NS:
            assert promised is not None and row.t_utc_ns - promised <= 12 * SECOND_NS
    assert {gap.reason for gap in of(items, Gap, Stream.RR)} == {"not_started"}
    assert len(beats(items)[0]) == sum(row.characteristic != "2a37" for row in rows) * 6


def test_an_optical_recording_goes_on_from_its_state_as_if_it_had_never_stopped():
    rows = worn_on_the_arm(20, lost=frozenset({9}))
    whole, parts, state = clocked_on_the_arm(rows), [], None
    for row in rows:
        clocker = Clocker(ARM, BOTH)
        if state is not None:
            clocker.restore(json.loads(json.dumps(state)))
        parts += clocker.push(row)
        state = clocker.state()
    assert plain(parts) == plain(whole)


def test_an_interval_that_no_beat_can_be_is_refused_as_too_long():
    clocker = Clocker(ARM, BOTH)
    for second in (1, 6):
        beats_of = (PulseInterval(72, 0xFFFF, 3), PulseInterval(72, 833, 40), PulseInterval(0, 0, 3))
        clocker.push(RawRow(ARM.person, ARM.device, 0, "fb005c82", second * SECOND_NS, "boot-1", BOOT_NS + second * SECOND_NS, encode_ppi(PpiFrame(beats_of))))
    (account,) = clocker.counts.values()
    assert (account.received, account.refused) == (6, {"too_long": 2, "not_positive": 2})


# ---------------------------------------------------------------- a second stream beside the beats

HR = Decoder("test.hr", {Stream.HR: SECOND_NS}, lambda payload: (Frame(Stream.HR, np.array([payload[0] * 1000], np.int64), contact=bool(payload[1])),))
WITH_HR = {**DECODERS, HR.characteristic: HR}


def with_hr(strap: FakeStrap, *, until_s: int, contact=lambda second: True) -> list[RawRow]:
    first = next(iter(strap.rows()))
    hr = [
        replace(
            first,
            characteristic=HR.characteristic,
            t_mono_ns=strap.mono_ns + s * SECOND_NS + 1,
            t_utc_ns=strap.start_ns + s * SECOND_NS + 1,
            payload=bytes((70, contact(s))),
        )
        for s in range(1, until_s)
    ]
    return sorted([*strap.rows(), *hr], key=lambda row: row.t_mono_ns)


def test_a_stream_that_falls_silent_does_not_hold_the_others_up():
    strap = FakeStrap(heart(6, bpm=70), holes=[(60, 240)])
    items = clocked(with_hr(strap, until_s=350), streams=BOTH, decoders=WITH_HR)
    promised = {Stream.RR: 0, Stream.HR: 0}
    for item in items:
        if isinstance(item, Heartbeat):
            promised[item.stream] = item.t_ns
        if min(promised.values()):
            assert promised[Stream.HR] - promised[Stream.RR] <= LAGGING_NS + RR.late_ns[Stream.RR] + SECOND_NS
    assert {gap.reason for gap in gaps(items)} == {"lagging"}
    t_ns, _ = beats(items)
    assert bool(np.all(np.diff(t_ns) > 0))


def test_contact_is_told_when_it_changes():
    items = clocked(with_hr(FakeStrap(heart(2)), until_s=100, contact=lambda second: second < 50), streams=BOTH, decoders=WITH_HR)
    assert [item.on for item in items if isinstance(item, Contact)] == [True, False]


# ---------------------------------------------------------------- streams that carry their device's own time

STAMPED = frozenset((Stream.RR, Stream.ACC))
UNSET_NS = 599_616_000 * SECOND_NS


def _stamped(payload: bytes) -> tuple[Frame | Told, ...]:
    """A made-up format: `R hz factor`, or the device's ns and how many samples."""
    words = payload.decode().split()
    if words[0] == "R":
        return (Told(Stream.ACC, float(words[1]), float(words[2])),)
    count = int(words[1])
    return (Frame(Stream.ACC, np.full((count, 3), 1000), sensor_ns=int(words[0]), lsb=len(words) > 2),)


SENSORS = {"somalink.rr": RR, "acc": Decoder("acc", {Stream.ACC: 3 * SECOND_NS}, _stamped)}


def two_streams(seconds, *, acc=lambda second: True, streams_note="streams acc", counts=False, notes=()):
    """A link that brings a beat and 25 samples each second, and notes of the program by second."""
    begun = 1_772_352_000 * SECOND_NS

    def row(t_ns, characteristic, payload):
        return RawRow("ada", "fake-strap", 1, characteristic, t_ns, "boot", begun + t_ns, payload)

    out = [row(0, "somalink.link", b"up"), row(1, "somalink.link", streams_note.encode()), row(2, "acc", b"R 25 0.000244")]
    for k in range(1, seconds + 1):
        t_ns = k * SECOND_NS
        out.append(row(t_ns, "somalink.rr", encode_rr(np.array([1024]))))
        if acc(k):
            out.append(row(t_ns + 5_000_000, "acc", f"{UNSET_NS + t_ns} 25{' lsb' if counts else ''}".encode()))
        out += [row(t_ns + 9_000_000, "somalink.link", said.encode()) for at, said in notes if at == k]
    return out


def of(items, kind, stream=Stream.ACC):
    return [item for item in items if isinstance(item, kind) and getattr(item, "stream", None) is stream]


def test_movement_beside_beats_is_dated_by_the_devices_clock_and_the_clocks_are_told():
    items = clocked(two_streams(90), streams=STAMPED, decoders=SENSORS)
    times = np.concatenate([chunk.t_ns for chunk in of(items, Chunk)])
    assert set(np.diff(times)) == {40_000_000}
    assert [clock.rate_mhz for clock in of(items, StreamClock)] == [25_000, 25_000]
    assert of(items, Gap) == []


def test_counts_of_the_sensor_become_hundredths_of_a_milli_g_by_the_factor_that_the_device_named():
    items = clocked(two_streams(9, counts=True), streams=STAMPED, decoders=SENSORS)
    assert set(np.concatenate([chunk.values for chunk in of(items, Chunk)]).ravel()) == {24_400}


def test_a_link_that_does_not_bring_movement_holds_nobody_up_and_its_gap_says_so():
    items = clocked(two_streams(60, acc=lambda _: False, streams_note="streams"), streams=STAMPED, decoders=SENSORS)
    grown = of(items, Gap)
    assert {gap.reason for gap in grown} == {"not_started"} and len({gap.start_ns for gap in grown}) == 1
    promised = max(item.t_ns for item in of(items, Heartbeat))
    assert promised - grown[0].start_ns > 50 * SECOND_NS


def test_movement_that_stops_while_beats_go_on_is_gapped_after_forty_seconds_and_joins_again():
    items = clocked(two_streams(120, acc=lambda second: not 20 <= second < 90), streams=STAMPED, decoders=SENSORS)
    assert {gap.reason for gap in of(items, Gap)} == {"lagging", "hole"}
    times = np.concatenate([chunk.t_ns for chunk in of(items, Chunk)])
    assert times[-1] - times[0] > 110 * SECOND_NS and np.all(np.diff(times) > 0)


def test_what_comes_later_than_was_promised_is_given_up_behind_a_gap_and_no_gap_overlaps_another():
    """Movement is held up for four seconds and for ten, then says nothing for seventy."""
    rows = two_streams(200, acc=lambda second: not 120 <= second < 190)
    held = [(40, 44), (70, 80)]

    def arrival(row):
        late = [until for since, until in held if since * SECOND_NS <= row.t_mono_ns < until * SECOND_NS and row.characteristic == "acc"]
        return row.t_mono_ns if not late else late[0] * SECOND_NS + row.t_mono_ns // SECOND_NS

    rows = sorted((replace(row, t_mono_ns=arrival(row), t_utc_ns=row.t_utc_ns - row.t_mono_ns + arrival(row)) for row in rows), key=lambda row: row.t_mono_ns)
    promised, told, end = 0, 0, 0
    for item in clocked(rows, streams=STAMPED, decoders=SENSORS):
        if getattr(item, "stream", None) is not Stream.ACC:
            continue
        if isinstance(item, Heartbeat):
            promised = max(promised, item.t_ns)
        elif isinstance(item, Chunk):
            assert item.t_ns[0] >= max(promised, end)
            told += len(item.t_ns)
        elif isinstance(item, Gap):
            assert item.start_ns >= end and item.stop_ns > item.start_ns
            end = item.stop_ns
    assert 130 * 25 - told == 8 * 25 - 2, "of four frames one and of ten seven, but for the sample of the promise itself"


def test_a_link_lost_a_second_time_while_movement_never_came_back_is_cut_a_second_time():
    rows = two_streams(
        200, acc=lambda second: second < 30, notes=((60, "down disconnect"), (70, "up"), (71, "streams"), (150, "down silence"), (160, "up"), (161, "streams"))
    )
    rows = [
        row
        for row in rows
        if not (60 * SECOND_NS < row.t_mono_ns < 71 * SECOND_NS or 150 * SECOND_NS < row.t_mono_ns < 161 * SECOND_NS) or row.characteristic == "somalink.link"
    ]
    items = clocked(rows, streams=STAMPED, decoders=SENSORS)
    beats_gone = {gap.reason for gap in of(items, Gap, Stream.RR)}
    assert {"disconnect", "silence"} <= beats_gone


def test_a_posture_calibration_is_a_note_that_becomes_an_item_and_one_that_nobody_can_read_says_nothing():
    rows = two_streams(9, notes=((4, "upright 12 -99870 3310"), (5, "upright twelve")))
    assert [item.xyz for item in clocked(rows, streams=STAMPED, decoders=SENSORS) if isinstance(item, Upright)] == [(12, -99870, 3310)]


@pytest.mark.parametrize("cut", [3, 40, 77, 141])
def test_streams_with_a_clock_of_their_own_go_on_after_a_restart_as_if_there_had_been_none(cut):
    rows = two_streams(90, acc=lambda second: not 30 <= second < 34, notes=((50, "down disconnect"), (55, "up"), (56, "streams acc")))
    first = Clocker(UNIT, STAMPED, decoders=SENSORS)
    begun = [item for row in rows[:cut] for item in first.push(row)]
    second = Clocker(UNIT, STAMPED, decoders=SENSORS)
    second.restore(first.state())
    gone_on = [item for row in rows[cut:] for item in second.push(row)]
    assert plain([*begun, *gone_on]) == plain(clocked(rows, streams=STAMPED, decoders=SENSORS))
