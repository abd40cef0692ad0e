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
    with store.transaction() as write:
        write.forget_raw(make.t0 + HOUR_NS)
    assert min(row.t_utc_ns for row in store.raw(make.unit)) >= make.t0 + HOUR_NS
    assert len(store.recording_beats(make.unit)) == len(make.beats(7200))
