"""What a person's usual is fitted from, as it lies in memory: the same however it came, and no more than it has to be."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import Grid
from somalink.pipeline.usuals import PARTS, Usuals
from somalink.storage.local import LocalStore

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


def fed(store: LocalStore, parts: Sequence[Grid]) -> Usuals:
    usuals = Usuals(store, Unit("ada", "h10", "r1"), "a1", Constants(), from_ns=DAWN_NS)
    for part in parts:
        usuals.feed(part)
    return usuals


def points(day: Grid, each: int) -> list[Grid]:
    return [day.take(slice(k, k + each)) for k in range(0, len(day), each)]


@pytest.mark.parametrize("each", [1, 7, PARTS, DAY_OF_POINTS])
def test_a_usual_rests_on_the_same_rows_however_they_came(store, each):
    day, dusk_ns = a_day(), DAWN_NS + 20 * HOUR_NS
    rows = fed(store, points(day, each))._window(dusk_ns)
    for name, column in day.take(day.stop_ns < dusk_ns).arrays().items():
        assert rows.arrays()[name].dtype == column.dtype
        assert np.array_equal(rows.arrays()[name], column), name


def test_a_day_of_a_live_strap_lies_in_few_pieces(store):
    usuals = fed(store, points(a_day(), 1))
    assert len(usuals._rows) + len(usuals._new) < DAY_OF_POINTS // PARTS + PARTS


def test_a_point_that_is_told_twice_counts_once_whether_or_not_it_was_put_together_with_others(store):
    parts = points(a_day().take(slice(0, PARTS + 2)), 1)
    rows = fed(store, [*parts, *parts[-3:]])._window(DAWN_NS + HOUR_NS)
    assert len(rows) == PARTS + 2
