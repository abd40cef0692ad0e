"""Bytes of a notification become beats, or are named as what they are not."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import streams
from ingest.streams import RR, Decoder, Frame, encode_rr, register
from somalink.domain.errors import BadFrame
from somalink.domain.types import Stream


@given(st.binary(max_size=40))
def test_no_bytes_do_worse_than_a_bad_frame(payload):
    try:
        (frame,) = RR.decode(payload)
    except BadFrame:
        assert len(payload) % 2
    else:
        assert frame.values.tolist() == list(struct.unpack(f"<{len(payload) // 2}H", payload))
        assert encode_rr(frame.values) == payload


def test_a_characteristic_has_one_decoder():
    with pytest.raises(ValueError, match="registered already"):
        register(RR)


def test_the_refused_bytes_are_named_and_shown():
    with pytest.raises(BadFrame, match=r"somalink\.rr: 3 bytes .* 000402"):
        RR.decode(bytes.fromhex("000402"))


def test_a_notification_without_a_beat_is_a_frame_without_values():
    (frame,) = RR.decode(b"")
    assert (frame.stream, frame.values.tolist(), frame.values.dtype, frame.contact) == (Stream.RR, [], np.int64, None)


def test_a_strap_joins_by_registering(monkeypatch):
    monkeypatch.setattr(streams, "DECODERS", {})
    made = Decoder("2a37", {Stream.HR: 0}, lambda payload: (Frame(Stream.HR, np.array([payload[1] * 1000])),))
    assert register(made) is made
    assert list(streams.DECODERS.values()) == [made]
    assert made.streams == {Stream.HR}
