"""What a person's usual is fitted from: the same rows however they came, and no more of them in memory than it has to be."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from lived import USUAL

from processing.usual import Rows
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS
from somalink.domain.types import Grid, Setting
from somalink.pipeline.usuals import PARTS, Usuals, _of_another_kind, next_number
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow, TierBaseline

UNIT = Unit("ada", "h10", "r1")
DAWN_NS = 1_772_438_400_000_000_000
DAY_OF_POINTS = 24 * HOUR_NS // GRID_NS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "store.db") as opened:
        yield opened


def a_day() -> Grid:
    """Points with whatever numbers."""
    dice = np.random.default_rng(1)
    table = {
        field.name: dice.integers(0, 1000, DAY_OF_POINTS).astype(array.dtype) for field, array in zip(fields(Grid), Grid.empty().arrays().values(), strict=True)
    }
    return Grid(**{**table, "stop_ns": DAWN_NS + GRID_NS * np.arange(1, DAY_OF_POINTS + 1)})


def usuals(store: LocalStore, from_ns: int = DAWN_NS) -> Usuals:
    return Usuals(store, UNIT, "a1", Constants(), from_ns=from_ns)


def points(day: Grid, each: int) -> list[Grid]:
    return [day.take(slice(k, k + each)) for k in range(0, len(day), each)]


def same(rows: Rows, expected: Grid) -> bool:
    return all(np.array_equal(column, getattr(expected, name)) for name, column in rows.arrays().items())


@pytest.mark.parametrize("each", [1, 7, PARTS, DAY_OF_POINTS])
def test_a_usual_rests_on_the_same_rows_however_they_came(store, each):
    day, dusk_ns, asked = a_day(), DAWN_NS + 20 * HOUR_NS, usuals(store)
    for part in points(day, each):
        asked.feed(part)
    assert same(asked._window(dusk_ns), day.take(day.stop_ns < dusk_ns))


def test_a_day_of_a_live_strap_lies_in_few_pieces_and_takes_less_than_a_megabyte(store):
    asked = usuals(store)
    for part in points(a_day(), 1):
        asked.feed(part)
    assert len(asked._rows) + len(asked._new) < DAY_OF_POINTS // PARTS + PARTS
    held = [column for rows in (asked._rows, asked._new) for part in rows for column in part.arrays().values()]
    assert all(column.base is None for column in held), "a view holds what it was cut from"
    assert sum(column.nbytes for column in held) < 10**6


def test_of_a_season_no_more_is_held_than_the_usual_of_the_next_dawn_rests_on(store):
    day, asked, held = a_day(), usuals(store), Constants().usual.days + 1
    for number in range(3 * held):
        asked.feed(replace(day, stop_ns=day.stop_ns + number * DAY_NS))
        window = asked._window(DAWN_NS + (number + 1) * DAY_NS)
        assert len(window) == min(number + 1, held - 1) * DAY_OF_POINTS + (number >= held - 1) - 1
        assert sum(len(rows) for rows in asked._rows) <= held * DAY_OF_POINTS + 1


def test_a_point_that_is_told_twice_counts_once_whether_or_not_it_was_put_together_with_others(store):
    parts, asked = points(a_day().take(slice(0, PARTS + 2)), 1), usuals(store)
    for part in [*parts, *parts[-3:]]:
        asked.feed(part)
    assert len(asked._window(DAWN_NS + HOUR_NS)) == PARTS + 2


def test_a_heart_on_another_medicine_is_not_compared_with_what_it_was_before(store):
    day, changed_ns, dusk_ns, asked = a_day(), DAWN_NS + 12 * HOUR_NS, DAWN_NS + 20 * HOUR_NS, usuals(store)
    asked.feed(day)
    with store.transaction() as write:
        write.put_profile(Setting("ada", "medication_change", "yes", changed_ns))
    assert same(asked._window(dusk_ns), day.take((day.stop_ns >= changed_ns) & (day.stop_ns < dusk_ns)))
    assert same(asked._window(changed_ns - HOUR_NS), day.take(day.stop_ns < changed_ns - HOUR_NS)), "what was not said yet does not count"
    with store.transaction() as write:
        write.put_profile(Setting("ada", "medication_change", "no", changed_ns + HOUR_NS, 2))
    assert same(asked._window(dusk_ns), day.take(day.stop_ns < dusk_ns)), "it was taken back"


def test_what_another_strap_of_the_kind_said_before_counts_and_what_it_says_beside_this_one_does_not(store):
    day, begun_ns = a_day(), DAWN_NS + 10 * HOUR_NS
    with store.transaction() as write:
        write.put_recording(Unit("ada", "h9", "r0"), RecordingRow(DAWN_NS, analysis="a1"))
        write.put_grid(Unit("ada", "h9", "r0"), "a1", day)
    assert same(usuals(store, from_ns=begun_ns)._window(DAWN_NS + 24 * HOUR_NS), day.take(day.stop_ns <= begun_ns))


def fitted(number: int, from_ns: int, tier: str) -> TierBaseline:
    return TierBaseline(tier, "a1", replace(USUAL, number=number, from_ns=from_ns))


def test_no_two_kinds_of_device_ever_name_two_usuals_by_one_number():
    """Engines of two devices fit at the same dawn, each before the other has said what it took; and in whatever order they are imported."""
    straps, watches = [fitted(2, 0, "B")], [fitted(4, 0, "D")]
    for known in (straps, straps + watches):
        assert (next_number(known, "B"), next_number(known[:1], "D")) == (6, 4)
    assert next_number([], "A") == 1
    assert next_number([fitted(1, 0, "A"), fitted(2, 0, "A"), fitted(5, 0, "D")], "A") == 9, "as older versions counted: 5 is taken"


def test_a_new_kind_of_device_starts_from_what_was_known_by_then():
    known = [fitted(4, DAWN_NS, "D"), fitted(8, DAWN_NS + 2 * HOUR_NS, "D"), fitted(1, DAWN_NS, "A")]
    assert _of_another_kind(known[:2], "A", DAWN_NS + HOUR_NS).number == 4
    assert _of_another_kind(known[:2], "D", DAWN_NS + HOUR_NS) is None
    assert _of_another_kind(known, "B", DAWN_NS - 1) is None
    assert _of_another_kind(known[:1] + known[2:], "B", DAWN_NS) == _of_another_kind(known[2:] + known[:1], "B", DAWN_NS)
