"""Parquet as other programs read it: types, units, versions, and the same bytes for the same rows."""

import json

import numpy as np
import pytest

from somalink.storage.export import TABLES
from somalink.storage.parquet import unit_of, write_parquet

parquet = pytest.importorskip("pyarrow.parquet")
HEADER = {"person": "s", "stop_ns": "i", "peak_z": "f", "lead": "b"}


def rows():
    yield 2, ("ann", np.array([5, 10]), np.array([1.5, np.nan]), [True, None])
    yield 1, ("ann", np.array([15]), np.array([2.0]), [False])


def test_not_known_is_null_and_a_column_says_its_unit(tmp_path):
    write_parquet(tmp_path / "t.parquet", "t", HEADER, rows(), {"peak_z": "bpm"})
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.to_pylist()[1] == {"person": "ann", "stop_ns": 10, "peak_z": None, "lead": None}
    assert [table.schema.field(name).metadata[b"unit"] for name in HEADER] == [b"", b"ns", b"bpm", b""]
    assert json.loads(table.schema.metadata[b"somalink"])["algorithm"]


def test_the_same_rows_are_the_same_bytes(tmp_path):
    for name in "ab":
        write_parquet(tmp_path / f"{name}.parquet", "t", HEADER, rows())
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_every_number_of_every_table_has_a_unit_or_is_known_to_have_none():
    without = {"still", "rate", "effect", "low", "high", "p", "q"}
    for name, table in TABLES.items():
        for column, kind in (each.rsplit(":", 1) for each in table.columns.split()):
            assert kind != "f" or unit_of(column) or column in without, f"{name}.{column}"
