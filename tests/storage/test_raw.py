"""The bytes of a strap are kept as they came, small once the hour is over."""

import numpy as np

from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.storage import RawRow
from somalink.storage.raw import pack, unpack

BOOT, HEART_RATE = "0b3c1d1e-8a64-4c57-8d1e-6f0e0e1f7a11", "00002a37-0000-1000-8000-00805f9b34fb"


def notifications(make, seconds: int) -> list[RawRow]:
    """One heart-rate notification a second: flags, rate, one interval; arrivals jitter by some 10 ms."""
    rng = np.random.default_rng(3)
    arrivals = (SECOND_NS * np.arange(1, seconds + 1) + rng.normal(0, 1e7, seconds)).astype(int).tolist()
    intervals = make.beats(seconds + 60).rr_ticks.tolist()
    return [RawRow(t, BOOT, 1, HEART_RATE, make.t0 + t, bytes((16, 75)) + rr.to_bytes(2, "little")) for t, rr in zip(arrivals, intervals, strict=False)]


def test_bytes_come_back_as_they_came_before_and_after_the_hour_is_closed(store, make) -> None:
    rows = notifications(make, 2 * 3600)
    for part in (rows[:3600], rows[3600:], rows[:10]):
        with store.transaction() as write:
            write.put_raw(make.unit, part)
    assert store.raw(make.unit) == rows
    store.compact(make.t0 + HOUR_NS)
    assert store.raw(make.unit) == rows
    with store.transaction() as write:
        write.put_raw(make.unit, rows[50:60])
    assert store.raw(make.unit, make.t0 + 50 * SECOND_NS, make.t0 + 70 * SECOND_NS) == [
        row for row in rows if 50 * SECOND_NS <= row.t_utc_ns - make.t0 < 70 * SECOND_NS
    ]
    assert store.raw(make.unit) == rows


def test_a_closed_hour_takes_less_than_nine_bytes_a_notification(make) -> None:
    rows = [(row, 1 + k) for k, row in enumerate(notifications(make, 3600))]
    assert len(pack(rows)) < 9 * len(rows)
    assert unpack(pack(rows)) == rows


def test_forgetting_old_bytes_leaves_the_beats(store, make) -> None:
    with store.transaction() as write:
        write.put_raw(make.unit, notifications(make, 7200))
        write.put_beats(make.unit, make.beats(7200))
    for _ in range(2):
        for hour in store.raw_hours(make.unit, make.t0 + HOUR_NS + 1):
            assert store.forget_raw(make.unit, hour, lambda row: True) > 0
        store.compact(make.t0 + HOUR_NS)
    assert min(row.t_utc_ns for row in store.raw(make.unit)) >= make.t0 + HOUR_NS
    assert len(store.recording_beats(make.unit)) == len(make.beats(7200))


def test_what_is_forgotten_of_an_hour_leaves_the_rest_of_it_as_it_was(store, make) -> None:
    rows = notifications(make, 7200)
    odd = [row for row in rows if row.payload[2] % 2]
    with store.transaction() as write:
        write.put_raw(make.unit, rows)
    store.compact(make.t0 + HOUR_NS)
    for hour in store.raw_hours(make.unit, make.t0 + 2 * HOUR_NS):
        store.forget_raw(make.unit, hour, lambda row: row.payload[2] % 2 == 0)
    assert store.raw(make.unit) == odd
    assert store.last_raw(make.unit) == odd[-1]
    assert store.forget_raw(make.unit, make.t0 // HOUR_NS, lambda row: row.payload[2] % 2 == 0) == 0


def test_what_is_written_into_an_hour_while_it_is_looked_at_is_not_lost(store, make) -> None:
    rows = notifications(make, 100)
    with store.transaction() as write:
        write.put_raw(make.unit, rows[:50])
    store.compact(make.t0 + HOUR_NS)
    late = iter([rows[50:]])

    def goes(row: RawRow) -> bool:
        for more in late:
            with store.transaction() as write:
                write.put_raw(make.unit, more)
        return row in rows[:10]

    assert store.forget_raw(make.unit, make.t0 // HOUR_NS, goes) == 10
    assert store.raw(make.unit) == rows[10:]


def test_rows_are_read_in_the_order_they_arrived_even_when_utc_was_set_back_meanwhile(store, make) -> None:
    before, after = make.t0 + 5000 * SECOND_NS, make.t0 + 100 * SECOND_NS
    rows = [RawRow(k, BOOT, 1, HEART_RATE, (before if k < 5 else after) + k, b"\x00\x48") for k in range(10)]
    for row in rows:
        with store.transaction() as write:
            write.put_raw(make.unit, [row])
    assert store.raw(make.unit) == rows
    store.compact(make.t0 + 3 * HOUR_NS)
    assert store.raw(make.unit) == rows


def test_what_was_written_after_a_change_is_given_from_rows_and_from_closed_hours_alike(store, make) -> None:
    rows, changes = notifications(make, 2 * 3600), []
    for first in range(0, len(rows), 600):
        with store.transaction() as write:
            write.put_raw(make.unit, rows[first : first + 600])
        changes.append(write.change)
    for _ in range(2):
        assert store.raw_since(make.unit, changes[2]) == rows[1800:]
        assert store.raw_since(make.unit, changes[-1]) == []
        assert store.last_raw(make.unit) == rows[-1]
        store.compact(make.t0 + HOUR_NS)
    store.compact(make.t0 + 3 * HOUR_NS)
    assert store.last_raw(make.unit) == rows[-1]


def test_a_device_that_never_said_anything_has_no_last_row(store, make) -> None:
    assert store.last_raw(make.unit) is None
    assert store.raw_since(make.unit, 0) == []


def test_in_order_of_arrival_rows_come_an_hour_at_a_time_though_utc_stepped_back(store, make) -> None:
    arrivals = [(100 + k, make.t0 + k * 600 * SECOND_NS - (2 * HOUR_NS if 9 <= k < 14 else 0)) for k in range(24)]
    for mono, utc in arrivals:
        with store.transaction() as write:
            write.put_raw(make.unit, [RawRow(mono, BOOT, 1, HEART_RATE, utc, b"x")])
    told = [[row.t_mono_ns for row in part] for part in store.raw_in_order(make.unit)]
    assert [mono for part in told for mono in part] == [mono for mono, _ in arrivals] and len(told) > 2
    store.compact(make.t0 + 2 * HOUR_NS)
    assert [row.t_mono_ns for part in store.raw_in_order(make.unit) for row in part] == [mono for mono, _ in arrivals]
