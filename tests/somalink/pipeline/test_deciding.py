"""When a rise is decided on, and which random times are: from FINAL rows, in the person stage and between two episodes alike."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lived import CONSTANTS, PERSON, T0, agree, keep, minute, opened, spike, still, until

from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import Gate, Prompt
from somalink.pipeline.person import settle_person
from somalink.pipeline.prompting import tick
from somalink.storage.local import LocalStore

HIGH = {"z": (60, 66, 24_000), "z__peak": (63, 63.5, 30_000)}
"""A rise from minute 60 to 66 that is sure at 61 and high enough to ask about at 63."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with opened(tmp_path / "s.db") as store:
        yield store


def of_rises(store: LocalStore) -> list[Prompt]:
    return [row for row in store.prompts(PERSON) if row.trigger == "arousal"]


def of_random(store: LocalStore) -> list[Prompt]:
    return [row for row in store.prompts(PERSON) if row.trigger == "random"]


def test_a_rise_is_decided_on_when_it_is_high_enough(store):
    agree(store)
    keep(store, still(**HIGH), spike(60, 66))
    settle_person(store, PERSON, CONSTANTS)
    assert [(row.t_ns, row.episode_id) for row in of_rises(store)] == [(minute(63), "s60")]


def test_one_that_never_is_has_a_row_at_its_onset_once_it_is_over(store):
    agree(store)
    low = still(z=(60, 66, 24_000))
    keep(store, low, spike(60, None, peak=2.4, state="open"))
    settle_person(store, PERSON, CONSTANTS)
    assert not of_rises(store)
    keep(store, low, spike(60, 66, peak=2.4))
    settle_person(store, PERSON, CONSTANTS)
    assert [(row.t_ns, row.reason) for row in of_rises(store)] == [(minute(61), "small_rise")]


def test_a_rise_that_may_yet_be_taken_back_is_not_decided_on(store):
    """Sure after a minute of which it was high from the start: it has to last a minute before anybody is asked."""
    agree(store)
    grid = still(z=(60, 66, 30_000))
    sure_early = replace(spike(60, None, state="open"), onset_ns=minute(60.75))
    keep(store, until(grid, minute(60.75)), sure_early)
    settle_person(store, PERSON, CONSTANTS)
    assert not of_rises(store)
    keep(store, until(grid, minute(61)))
    settle_person(store, PERSON, CONSTANTS)
    assert [row.t_ns for row in of_rises(store)] == [minute(61)]


@pytest.mark.parametrize("secret", ["39", "1", "16"])
def test_point_by_point_gives_the_rows_that_all_at_once_gives(secret, tmp_path):
    grid = still(**HIGH, gate=(150, 170, Gate.MOVING))
    with opened(tmp_path / "whole.db", secret=secret) as whole, opened(tmp_path / "live.db", secret=secret) as store:
        for each in (whole, store):
            agree(each)
        keep(whole, grid, spike(60, 66))
        settle_person(whole, PERSON, CONSTANTS)
        for k in range(0, 6 * 60, 5):
            keep(store, until(grid, minute(k)), *([spike(60, None, state="open")] if 61 <= k < 66 else [spike(60, 66)] if k >= 66 else []))
            if k in (65, 70):
                settle_person(store, PERSON, CONSTANTS)
            tick(store, PERSON, minute(k), CONSTANTS)
        keep(store, grid)
        tick(store, PERSON, T0 + 6 * HOUR_NS, CONSTANTS)
        live = [replace(row, answer="", answered_ns=None) for row in store.prompts(PERSON)]
        assert live == whole.prompts(PERSON) and len(live) == 3


def test_random_times_are_decided_where_something_was_worn_and_nowhere_else(store):
    agree(store)
    keep(store, still())
    settle_person(store, PERSON, CONSTANTS)
    rows = of_random(store)
    assert rows and all(T0 < row.t_ns <= T0 + 6 * HOUR_NS and row.t_ns % GRID_NS == 0 for row in rows)
    again = store.change
    settle_person(store, PERSON, CONSTANTS)
    assert store.change == again


def test_a_person_who_never_ended_the_first_days_has_rows_that_say_off_and_no_random_times(store):
    keep(store, still(**HIGH), spike(60, 66))
    settle_person(store, PERSON, CONSTANTS)
    assert [(row.t_ns, row.trigger, row.reason) for row in store.prompts(PERSON)] == [(minute(61), "arousal", "off")]
    agree(store, T0 + 5 * HOUR_NS)
    settle_person(store, PERSON, CONSTANTS)
    assert [row.reason for row in of_rises(store)] == ["off"]
    assert all(row.t_ns >= T0 + 5 * HOUR_NS for row in of_random(store))


def test_the_gate_that_counts_is_the_one_at_the_moment(store):
    agree(store)
    keep(store, still(**HIGH, gate=(62.5, 64, Gate.LIGHT)), spike(60, 66))
    settle_person(store, PERSON, CONSTANTS)
    assert [row.reason for row in of_rises(store)] == ["gate"]


def test_a_heart_alone_asks_first(store):
    agree(store)
    keep(store, still(**HIGH, gate=(0, 360, Gate.UNKNOWN), motion_conf=(0, 360, 50)), spike(60, 66))
    settle_person(store, PERSON, CONSTANTS)
    assert [(row.eligible, row.reason, row.arm) for row in of_rises(store)] == [(True, "no_motion", "")]


def test_a_tick_reads_little_and_writes_nothing_where_nothing_is_due(store):
    agree(store)
    keep(store, still())
    settle_person(store, PERSON, CONSTANTS)
    change = store.change
    assert tick(store, PERSON, T0 + 10, CONSTANTS) == 0 and store.change == change


def test_rises_that_an_earlier_analysis_decided_on_are_not_decided_on_again(store):
    """Read otherwise, the same hour has another rise: nobody could have been asked about it, and none of it is drawn now."""
    agree(store)
    keep(store, still(**HIGH), spike(60, 66))
    settle_person(store, PERSON, CONSTANTS)
    before = of_rises(store)
    (unit,) = store.units(PERSON)
    with store.transaction() as write:
        write.put_grid(unit, "read otherwise", still(z=(90, 96, 24_000), z__peak=(93, 93.5, 30_000)))
        write.put_episodes(unit, "read otherwise", [replace(spike(90, 96), id="other"), replace(spike(180, 186), id="later")])
        write.set_current_analysis(PERSON, "read otherwise", decided_ns=minute(120))
    settle_person(store, PERSON, CONSTANTS)
    assert len(before) == 1 and [row for row in of_rises(store) if row.episode_id != "later"] == before
    assert [row.episode_id for row in of_rises(store)].count("later") == 1
