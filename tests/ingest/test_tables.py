"""Columns of numbers: read at once or row by row, they are the same to the last bit, and an odd row keeps its place and its line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest import tables
from ingest.tables import plain_numbers, read_table, to_number

PATH = Path("rr.csv")

decimals = st.one_of(
    st.decimals(-(10**8), 10**8, places=3).map(str),
    st.floats(allow_nan=False).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["-0.0", "-0", ".5", "-.5", "5.", "007", "9007199254740993", "0." + "1" * 30, "3.141592653589793"]),
)
odd = st.sampled_from(["", "-", ".", "-.", "1-2", "--1", ".-5", "1.2.3", " 1", "1 2", "1e5", "nan", "inf", "x", "+1", "1_0", "1.-"])


def table_of(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


@given(st.lists(st.lists(decimals | odd, min_size=2, max_size=2), min_size=1, max_size=6))
@example([["5", "-"]])
@example([["1", "2"], ["3", ""]])
def test_what_is_read_at_once_is_what_a_careful_reader_reads(rows):
    fast = plain_numbers(table_of(rows).encode(), 2)
    slow = np.array([[to_number(text) for text in row] for row in rows])
    if fast is None:
        assert any(set(text) - set("0123456789.-") or len(text.strip("-.")) > 15 or to_number(text) != to_number(text) for row in rows for text in row)
    else:
        assert fast.tobytes() == slow.tobytes()


@given(st.lists(st.lists(st.decimals(-(10**5), 10**5, places=4).map(str), min_size=3, max_size=3), min_size=1, max_size=30))
def test_plain_decimals_are_always_read_at_once(rows):
    assert plain_numbers(table_of(rows).encode(), 3) is not None


def test_an_odd_row_far_down_a_file_keeps_its_line_and_costs_the_others_nothing(monkeypatch):
    monkeypatch.setattr(tables, "BLOCK", 64)
    rows = [f"{k}.5,{800 + k}" for k in range(100)]
    rows[57], rows[90] = "57.5,oops", ""
    table = read_table(PATH, ("t_s,rr_ms\n" + "\n".join(rows)).encode(), ("t_s", "rr_ms"))
    assert len(table) == 99
    assert np.flatnonzero(np.isnan(table.columns["rr_ms"])).tolist() == [57]
    assert table.line.tolist() == [line for line in range(2, 102) if line != 92]


def test_words_lie_at_their_rows_in_whatever_block(monkeypatch):
    body = "".join(f"{k},{800 + k},{'lost' if k % 40 == 7 else ''}\n" for k in range(200))
    whole = read_table(PATH, f"t_s,rr_ms,gap\n{body}".encode(), ("t_s", "rr_ms"), words="gap")
    monkeypatch.setattr(tables, "BLOCK", 50)
    cut = read_table(PATH, f"t_s,rr_ms,gap\n{body}".encode(), ("t_s", "rr_ms"), words="gap")
    assert whole.marks == cut.marks == dict.fromkeys((7, 47, 87, 127, 167), "lost")
    assert whole.unknown == ()
    assert cut.columns["rr_ms"].tolist() == [800 + k for k in range(200)]


@pytest.mark.parametrize("row", ["3,800,", "3,800", "3,800,lost", '3,800,"lost"', "3,800, lost "])
def test_a_row_may_say_a_word_or_none(row):
    table = read_table(PATH, f"t_s,rr_ms,gap\n1,800,\n{row}\n5,800,".encode(), ("t_s", "rr_ms"), words="gap")
    assert table.columns["t_s"].tolist() == [1, 3, 5]
    assert table.columns["rr_ms"].tolist() == [800] * 3
    assert set(table.marks.items()) == ({(1, "lost")} if "lost" in row else set())


def test_a_word_where_a_number_belongs_is_no_number_and_no_word():
    table = read_table(PATH, b"t_s,rr_ms,gap\n1,lost\n2,800,\n3,,\n", ("t_s", "rr_ms"), words="gap")
    assert np.isnan(table.columns["rr_ms"]).tolist() == [True, False, True]
    assert table.marks == {}
