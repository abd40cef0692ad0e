"""An hour of integers survives the disk exactly, whatever it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from somalink.domain.catalogue import GRID_COLUMNS
from somalink.domain.errors import StoreError
from somalink.domain.types import UNKNOWN
from somalink.storage.blobs import BEATS_1, GRID_1, decode, encode

ANY_NS = st.integers(-(2**61), 2**61)
ANY_SMALL = st.just(UNKNOWN) | st.integers(UNKNOWN, 2**31)


def column(rows: int, values: st.SearchStrategy[int]) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.int64, rows, elements=values)


@st.composite
def tables(draw: st.DrawFn, layout: object = BEATS_1) -> dict[str, np.ndarray]:
    rows = draw(st.integers(1, 12))
    names = [name for name in layout.columns if name not in ("new_segment", "missing")]  # type: ignore[attr-defined]
    return {name: draw(column(rows, ANY_NS if name in ("t_ns", "stop_ns", "segment", "change") else ANY_SMALL)) for name in names}


@given(tables(BEATS_1))
def test_any_beats_come_back_to_the_digit(table: dict[str, np.ndarray]) -> None:
    back = decode(encode(BEATS_1, table))
    assert all(np.array_equal(back[name], table[name]) for name in table)
    assert set(back) == set(table)


@given(tables(GRID_1))
def test_any_grid_comes_back_to_the_digit(table: dict[str, np.ndarray]) -> None:
    back = decode(encode(GRID_1, table))
    assert all(np.array_equal(back[name], table[name]) for name in table)


def test_the_stored_layout_holds_every_column_of_the_catalogue_in_its_order() -> None:
    assert GRID_1.columns == (*(c.name for c in GRID_COLUMNS), "missing", "change")


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_chained_beats_take_little_more_than_their_intervals(make, skipped: int) -> None:
    beats = make.beats(3600).take(slice(skipped, None))  # an hour that begins inside a segment may begin on a half nanosecond
    table = {**beats.arrays(), "n": np.zeros(len(beats), np.int64), "change": np.full(len(beats), 7)}
    spread = np.bincount(beats.rr_ticks - beats.rr_ticks.min())
    least = -sum(n / len(beats) * np.log2(n / len(beats)) for n in spread if n) * len(beats) / 8
    assert len(encode(BEATS_1, table)) < 1.2 * least + 200
    assert np.array_equal(decode(encode(BEATS_1, table))["t_ns"], beats.t_ns)


def test_bytes_that_are_no_hour_are_named_and_not_guessed() -> None:
    with pytest.raises(StoreError, match="restore a backup"):
        decode(b"\x01\x01garbage")
