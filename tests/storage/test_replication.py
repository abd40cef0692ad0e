"""A replica that follows the change numbers has everything, once, however often it stops."""

from somalink.domain.types import Gap, Stream, StreamClock
from somalink.storage import LocalStore, RawRow, RecordingRow


def fill(store: LocalStore, make) -> None:
    beats, points = make.beats(5400), make.grid(1080)
    for k in range(0, 1080, 12):
        with store.transaction() as write:
            write.put_recording(make.unit, RecordingRow(make.t0))
            inside = (beats.t_ns > points.stop_ns[k] - 5 * 10**9) & (beats.t_ns <= points.stop_ns[k + 11])
            write.put_beats(make.unit, beats.take(inside))
            write.put_grid(make.unit, "A", points.take(slice(k, k + 12)))
        if k == 300:
            with store.transaction() as write:
                write.put_event(make.event())
                write.put_gaps(make.unit, [Gap(Stream.RR, make.t0, make.t0 + 9, "hole")])
    store.compact(make.t0 + 3600 * 10**9)


def test_small_steps_and_one_big_step_tell_the_same(store, make) -> None:
    fill(store, make)
    whole = [(delta.change, delta.kind, len(delta.rows)) for delta in store.since(0, 10**9)]
    cursor, steps = 0, []
    while told := list(store.since(cursor, 40)):
        steps += [(delta.change, delta.kind, len(delta.rows)) for delta in told]
        cursor = told[-1].change
    assert steps == whole
    assert cursor == store.change
    assert sum(n for _, kind, n in whole if kind == "beats") == len(make.beats(5400).take(make.beats(5400).t_ns <= make.grid(1080).stop_ns[-1]))
    assert sum(n for _, kind, n in whole if kind == "grid") == 1080
    assert [change for change, _, _ in whole] == sorted(change for change, _, _ in whole)


def test_nothing_is_told_after_the_newest_change(store, make) -> None:
    fill(store, make)
    assert list(store.since(store.change)) == []


def test_an_hour_that_spans_the_asked_changes_and_has_none_of_them_tells_nothing(store, make) -> None:
    """An hour was written in the first change and corrected in the last; what came between was about something else."""
    points = make.grid(720)
    with store.transaction() as write:
        write.put_recording(make.unit, RecordingRow(make.t0))
        write.put_grid(make.unit, "A", points)
    for k in range(3):
        with store.transaction() as write:
            write.put_event(make.event(f"e{k}"))
    with store.transaction() as write:
        write.put_grid(make.unit, "A", make.grid(1, z=9_999))
    store.compact(make.t0 + 3600 * 10**9)
    told = list(store.since(1, 1))
    assert [(delta.change, delta.kind) for delta in told] == [(2, "events")]
    assert [delta.change for delta in store.since(1, 10**9)] == [2, 3, 4, 5]


def test_bytes_and_clocks_of_a_closed_hour_are_told_to_nobody_and_hinder_nobody(store, make) -> None:
    with store.transaction() as write:
        write.put_raw(make.unit, [RawRow(1, "boot", 1, "2a37", make.t0 + 5, b"\x00\x48")])
        write.put_stream_clocks(make.unit, [StreamClock(Stream.ACC, make.t0 + 5, 5, make.t0, 0, 25_000, 0)])
        write.put_beats(make.unit, make.beats(60))
    store.compact(make.t0 + 3600 * 10**9)
    assert [(delta.kind, len(delta.rows)) for delta in store.since(0)] == [("beats", 75)]
