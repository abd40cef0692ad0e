"""An hour of integers survives the disk exactly, whatever it holds."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from somalink.domain.catalogue import GRID_COLUMNS
from somalink.domain.errors import StoreError
from somalink.domain.types import UNKNOWN, Posture
from somalink.storage.blobs import BEATS_2, CLOCKS_1, GRID_2, decode, encode

ANY_NS = st.integers(-(2**61), 2**61)
ANY_SMALL = st.just(UNKNOWN) | st.integers(UNKNOWN, 2**31)


def column(rows: int, values: st.SearchStrategy[int]) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.int64, rows, elements=values)


@st.composite
def tables(draw: st.DrawFn, layout: object = BEATS_2) -> dict[str, np.ndarray]:
    rows = draw(st.integers(1, 12))
    names = [name for name in layout.columns if name not in ("new_segment", "missing")]  # type: ignore[attr-defined]
    return {name: draw(column(rows, ANY_NS if name in ("t_ns", "stop_ns", "segment", "sensor_ns", "offset_ns", "change") else ANY_SMALL)) for name in names}


@given(tables(BEATS_2))
def test_any_beats_come_back_to_the_digit(table: dict[str, np.ndarray]) -> None:
    back = decode(encode(BEATS_2, table))
    assert all(np.array_equal(back[name], table[name]) for name in table)
    assert set(back) == set(table)


@given(tables(GRID_2))
def test_any_grid_comes_back_to_the_digit(table: dict[str, np.ndarray]) -> None:
    back = decode(encode(GRID_2, table))
    assert all(np.array_equal(back[name], table[name]) for name in table)


@given(tables(CLOCKS_1))
def test_what_a_device_s_clock_showed_comes_back_to_the_digit(table: dict[str, np.ndarray]) -> None:
    back = decode(encode(CLOCKS_1, table))
    assert all(np.array_equal(back[name], table[name]) for name in table)


def test_the_stored_layout_holds_every_column_of_the_catalogue_in_its_order() -> None:
    assert GRID_2.columns == (*(c.name for c in GRID_COLUMNS), "missing", "change")


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_chained_beats_take_little_more_than_their_intervals(make, skipped: int) -> None:
    beats = make.beats(3600).take(slice(skipped, None))  # an hour that begins inside a segment may begin on a half nanosecond
    table = {**beats.arrays(), "n": np.zeros(len(beats), np.int64), "change": np.full(len(beats), 7)}
    spread = np.bincount(beats.rr_ticks - beats.rr_ticks.min())
    least = -sum(n / len(beats) * np.log2(n / len(beats)) for n in spread if n) * len(beats) / 8
    assert len(encode(BEATS_2, table)) < 1.2 * least + 200
    assert np.array_equal(decode(encode(BEATS_2, table))["t_ns"], beats.t_ns)


def test_beats_of_an_ecg_fall_where_their_finer_intervals_say_and_take_no_more_than_those(make) -> None:
    beats = make.beats(3600)
    rr_ns = beats.rr_ticks * 1_953_125 // 2 + np.random.default_rng(4).integers(-480, 480, len(beats)) * 1000
    fine = rr_ns - beats.rr_ticks * 1_953_125 // 2
    own = {"t_ns": beats.t_ns[0] + np.cumsum(rr_ns) - rr_ns[0], "rr_fine_ns": fine, "n": np.zeros(len(beats), np.int64), "change": np.full(len(beats), 7)}
    table = {**beats.arrays(), **own}
    blob = encode(BEATS_2, table)
    assert all(np.array_equal(decode(blob)[name], table[name]) for name in table)
    plain = encode(BEATS_2, {**beats.arrays(), "n": own["n"], "change": own["change"]})
    assert len(blob) - len(plain) < 3 * len(beats)  # 20 bits of each, and nothing for the times


OLD_BEATS = (
    "AQEKAAAAAAAAAAAAAAADAAAAAAAAAAAAAAAAAAAAAAAAQgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABwAAAAAAAAB4nGNggA"
    "EROEsazoqBszrgLAs4Sx8LCwEYVZhbtdjcBRhYsUgyMGERAwDbwgLl+yBOpA=="
)
OLD_GRID = (
    "AQIGAAAA+2IAAAAAAABElaUCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAALALJ4HEWclxcJDxoBAAAAAAAAAAAAAAAAAAAAHCUAAAAAAAAJHZAAAAAAAAAAAAAAAA"
    "AAAAAAKCMAAAAAAAAAAAAAAAAAAAAIkQsAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAJSP7///////8B8/////////8AuQ8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZAAAAAAAAAAA"
    "UAAAAAAAAAAAAAAAAAAAAAAAAwAAAAAAAAABEAAAAAAAAAAIAQAAAAAAAAB4nGNgAIMnIMDADQIMISDAwAQCDJjgzF7JF7MZmBnYuFHFXfQyZIIYQDoYsegKs2HZx4JFXGH9ujMRDBwswmxMHJXfp7"
    "UzcPOwcDAy+NczCGhzYFGPE4CdCnYzAP6bEtSkgeLe"
)
"""Hours as the first version of the store wrote them."""


def test_an_hour_of_beats_from_before_finer_intervals_is_read_as_it_was() -> None:
    back = decode(base64.b64decode(OLD_BEATS))
    assert back["rr_ticks"].tolist() == [833, 852, 832, 767, 855, 837, 798, 842, 834, 831]
    assert back["t_ns"].tolist()[:3] == [1699999201000000000, 1699999201832031250, 1699999202644531250]
    assert set(back["segment"].tolist()) == {1699999201000000000}
    assert back["rr_fine_ns"].tolist() == [0] * 10


def test_an_hour_of_the_grid_from_before_posture_and_steps_is_read_with_none_known() -> None:
    back = decode(base64.b64decode(OLD_GRID))
    assert set(back) == {*(column.name for column in GRID_COLUMNS), "change"}
    assert back["hr"].tolist() == [72207, 72693, 72598, 71817, 73341, 73263]
    assert back["z"].tolist() == [-440, 600, UNKNOWN, 2519, 3389, 3689]
    assert back["motion"].tolist() == back["steps"].tolist() == [UNKNOWN] * 6
    assert back["posture"].tolist() == [Posture.UNKNOWN] * 6


def test_bytes_that_are_no_hour_are_named_and_not_guessed() -> None:
    with pytest.raises(StoreError, match="restore a backup"):
        decode(b"\x01\x01garbage")
