"""The engine's memory as bytes: exact there and back, and refused when it is not ours."""

import json
import zlib

import numpy as np
import pytest

from processing.engine import Engine
from processing.snapshot import VERSION, UnreadableSnapshot, decode, encode
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit

NEWER = zlib.compress(json.dumps({"version": VERSION + 1, "state": {}}).encode())


def test_numbers_text_and_arrays_come_back_as_they_went():
    state = {"a": np.array([[1, 2, 3]], np.int64), "e": np.zeros((0, 3)), "f": [0.1 + 0.2, float("nan"), 5e-324], "n": {"x": None, "y": "ü", "z": [True, 7]}}
    back = decode(encode(state))
    assert back["a"].dtype == np.int64 and back["a"].tolist() == [[1, 2, 3]] and back["e"].shape == (0, 3)
    assert back["f"][0] == 0.1 + 0.2 and np.isnan(back["f"][1]) and back["f"][2] == 5e-324
    assert back["n"] == state["n"]


def test_a_snapshot_of_the_same_state_is_the_same_bytes():
    assert encode({"a": np.arange(5), "b": 1}) == encode({"a": np.arange(5), "b": 1})


@pytest.mark.parametrize(
    "blob",
    [b"", b"nonsense", zlib.compress(b"[1"), zlib.compress(b"[]"), NEWER, encode({"a": 1})[:-3]],
)
def test_what_is_not_a_snapshot_of_this_version_is_refused(blob: bytes):
    with pytest.raises(UnreadableSnapshot):
        decode(blob)
    with pytest.raises(UnreadableSnapshot):
        Engine(Unit("p", "d", "r"), Constants(), "a").restore(blob)


def test_a_value_that_cannot_be_kept_is_an_error_where_it_is_made():
    with pytest.raises(TypeError, match="cannot hold"):
        encode({"x": object()})
