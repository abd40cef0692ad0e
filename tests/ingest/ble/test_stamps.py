"""When a notification arrived, on two clocks: one that never steps back, and UTC."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.ble import stamps
from ingest.ble.stamps import FasterStamps, SystemStamps


@pytest.fixture
def clocks(monkeypatch):
    """`clocks(mono, utc)`: what the machine's clocks say from now on."""

    def say(mono_ns: int, utc_ns: int) -> None:
        monkeypatch.setattr(time, "clock_gettime_ns", lambda _clock: mono_ns)
        monkeypatch.setattr(time, "monotonic_ns", lambda: mono_ns)
        monkeypatch.setattr(time, "time_ns", lambda: utc_ns)

    return say


def test_two_notifications_in_one_tick_of_a_coarse_clock_are_still_two_and_in_order(clocks):
    machine = SystemStamps()
    clocks(10_000, 77)
    seen = [machine.now().t_mono_ns for _ in range(4)]
    assert seen == [10_000, 10_001, 10_002, 10_003]
    clocks(20_000, 78)
    assert machine.now().t_mono_ns == 20_000


def test_utc_that_is_set_back_is_told_as_it_is_and_the_other_clock_goes_on(clocks):
    machine = SystemStamps()
    clocks(1_000, 9_000)
    before = machine.now()
    clocks(2_000, 4_000)
    after = machine.now()
    assert (after.t_mono_ns - before.t_mono_ns, after.t_utc_ns - before.t_utc_ns) == (1_000, -5_000)


def test_time_that_the_computer_slept_is_counted_where_the_system_counts_it(monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: asked.append(clock) or 5)
    assert (SystemStamps().now().t_mono_ns, asked) == (5, [7])


def test_on_a_mac_the_clock_is_one_that_counts_sleep_which_pythons_own_is_not(monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(time, "CLOCK_MONOTONIC", 6, raising=False)
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: asked.append(clock) or 5)
    assert (SystemStamps().now().t_mono_ns, asked) == (5, [6])


def test_a_system_without_such_a_clock_has_a_monotonic_one(monkeypatch):
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    monkeypatch.setattr(time, "monotonic_ns", lambda: 42)
    assert SystemStamps().now().t_mono_ns == 42


def test_two_programs_of_one_boot_share_its_name_and_where_nobody_knows_it_each_has_its_own(monkeypatch, tmp_path: Path):
    known = tmp_path / "boot_id"
    known.write_text("0a1b\n")
    monkeypatch.setattr(stamps, "BOOT_ID", known)
    assert (SystemStamps().boot_id, SystemStamps().boot_id) == ("0a1b", "0a1b")
    monkeypatch.setattr(stamps, "BOOT_ID", tmp_path / "none")
    assert SystemStamps().boot_id != SystemStamps().boot_id


def test_a_strap_worn_faster_than_life_is_stamped_faster_on_both_clocks(clocks):
    clocks(1_000, 50_000)
    fast = FasterStamps(20.0)
    clocks(1_100, 50_100)
    stamp = fast.now()
    assert (stamp.t_mono_ns, stamp.t_utc_ns) == (3_000, 52_000)


@pytest.mark.parametrize("clock", [SystemStamps(), FasterStamps(50.0)], ids=["the machine's", "faster"])
def test_no_two_stamps_of_a_real_clock_are_equal_or_out_of_order(clock):
    seen = [clock.now().t_mono_ns for _ in range(2000)]
    assert all(late > early for early, late in pairwise(seen))
