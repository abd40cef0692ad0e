"""Loss is accounted for: what came is counted where it came in, what is kept is counted where it lies."""

from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Gap, Gate, Stream
from somalink.storage import RecordingRow
from somalink.storage.coverage import device_hours, usable


def test_a_write_that_was_dropped_shows(store, make) -> None:
    beats = make.beats(1800)
    with store.transaction() as write:
        write.put_counts(make.unit, {make.t0: (len(beats) + 2, {"too_long": 1, "not_positive": 1})})
        write.put_beats(make.unit, beats.take(slice(0, -60)))
    totals = store.totals()
    assert totals["beats_refused"] == {"not_positive": 1, "too_long": 1}
    assert totals["beats_received"] - sum(totals["beats_refused"].values()) - totals["beats_stored"] == 60


def test_counts_are_set_and_never_added(store, make) -> None:
    for received in (10, 20, 20):
        with store.transaction() as write:
            write.put_counts(make.unit, {make.t0: (received, {})})
    assert store.totals()["beats_received"] == 20


def test_each_hour_says_what_was_stored_missed_and_usable(store, make) -> None:
    beats, gates = make.beats(5400), [Gate.STILL] * 720 + [Gate.MOVING] * 180 + [Gate.LIGHT] * 180
    points = make.grid(1080, gate=gates, z=[UNKNOWN] * 100 + [0] * 980, hr_q=[9500] * 1000 + [5999] * 80)
    hole = Gap(Stream.RR, make.t0 + HOUR_NS - 20 * SECOND_NS, make.t0 + HOUR_NS + 10 * SECOND_NS, "hole")
    with store.transaction() as write:
        write.put_beats(make.unit, beats)
        write.put_grid(make.unit, "A", points)
        write.put_gaps(make.unit, [hole, Gap(Stream.ACC, make.t0, make.t0 + HOUR_NS, "end")])
    first, second = store.coverage("ann")
    assert (first.hour_start_ns, second.hour_start_ns) == (make.t0, make.t0 + HOUR_NS)
    assert first.stored + second.stored == len(beats)
    assert (first.gap_s, second.gap_s) == (20.0, 10.0)
    assert (first.usable_s, second.usable_s) == (620 * 5, 100 * 5)
    totals = store.totals()
    assert (totals["gaps"], totals["gap_s"], totals["usable_s"], totals["windows_final"]) == (2, 30.0, 720 * 5, 1080)


def test_totals_have_every_word_that_replay_prints(store, make) -> None:
    with store.transaction() as write:
        write.put_recording(make.unit, RecordingRow(make.t0, events_refused=2))
        write.put_beats(make.unit, make.beats(600))
        write.put_grid(make.unit, "A", make.grid(10))
        write.put_episodes(make.unit, "A", [make.episode(), make.episode("e2", 1200, kind="slowing")])
        write.put_event(make.event())
    totals = store.totals("ann")
    assert totals["recordings"] == ["rec1"]
    assert (totals["episodes"], totals["events"], totals["events_refused"], totals["links"], totals["prompts"]) == (1, 1, 2, 0, 0)
    assert list(totals["beats_flagged"]) == ["ectopic"]
    assert store.totals("nobody")["beats_stored"] == 0


def test_hours_of_a_device_add_up_to_those_of_its_recordings(store, make) -> None:
    beats, points = make.beats(9000), make.grid(1800, gate=[Gate.STILL] * 720 + [Gate.MOVING] * 1080)
    hole = Gap(Stream.RR, make.t0 + HOUR_NS - 20 * SECOND_NS, make.t0 + HOUR_NS + 10 * SECOND_NS, "hole")
    with store.transaction() as write:
        write.put_recording(make.unit, RecordingRow(make.t0))
        write.put_counts(make.unit, {make.t0: (len(beats), {"too_long": 3})})
        write.put_beats(make.unit, beats)
        write.put_grid(make.unit, "A", points)
        write.put_gaps(make.unit, [hole])
    by_recording = [(row.hour_start_ns, row.received, row.refused, row.stored, row.flagged, row.gap_s, row.usable_s) for row in store.coverage("ann")]
    hours = list(device_hours(store, "ann", make.unit.device, [row[0] for row in by_recording]))
    told = [(h.hour_start_ns, h.received, h.refused, h.stored, h.flagged, h.lost_ns / SECOND_NS, 5 * int(usable(h.rows).sum())) for h in hours]
    assert told == by_recording and len(told) == 3
    assert [len(hour.rows) for hour in hours] == [720, 720, 360]
    assert [hour.began for hour in hours] == [(hole,), (), ()]


def test_an_hour_that_is_asked_for_alone_is_read_alone(store, make) -> None:
    with store.transaction() as write:
        write.put_beats(make.unit, make.beats(9000))
        write.put_grid(make.unit, "A", make.grid(1800))
        write.put_gaps(make.unit, [Gap(Stream.RR, make.t0 - 900 * HOUR_NS, make.t0 + HOUR_NS + 30 * SECOND_NS, "strap_off")])
    every = {
        hour.hour_start_ns: (hour.stored, hour.lost_ns, len(hour.rows))
        for hour in device_hours(store, "ann", "strap", range(make.t0, make.t0 + 5 * HOUR_NS, HOUR_NS))
    }
    alone = {start: (hour.stored, hour.lost_ns, len(hour.rows)) for start in every for hour in device_hours(store, "ann", "strap", [start])}
    assert alone == every
    assert [hour.empty for hour in device_hours(store, "ann", "strap", sorted(every))] == [False, False, False, True, True]
    assert [(hour.lost_ns, hour.began) for hour in device_hours(store, "ann", "strap", [make.t0 - 50 * HOUR_NS])] == [(HOUR_NS, ())]


def test_hours_are_told_once_and_in_order_however_they_are_asked_for(store, make) -> None:
    asked = [make.t0 + k * HOUR_NS for k in (30, 2, 2, 50, 3, 0)]
    assert [hour.hour_start_ns for hour in device_hours(store, "ann", "strap", asked)] == sorted(set(asked))
    assert list(device_hours(store, "ann", "strap", [])) == []
