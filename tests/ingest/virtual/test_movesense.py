"""A virtual Movesense answers what is asked of it, and sends what can be read back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.straps.movesense import Command, Op, Result, decode, decode_notification, encode_command, subscribe, unsubscribe
from ingest.virtual.asking import UNSET_NS
from ingest.virtual.movesense import Movesense
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

MTU = 161


def asked(payload: bytes, talk: Movesense | None = None, *, refuses: bool = False):
    return (talk or Movesense()).hear(payload, mtu=MTU, refuses=refuses)


def status(payload: bytes, talk: Movesense | None = None, *, refuses: bool = False) -> int:
    said = decode_notification(asked(payload, talk, refuses=refuses).reply)
    assert isinstance(said, Result)
    return said.status


def test_a_stream_is_subscribed_to_once_and_ends_when_it_is_asked_to():
    talk = Movesense()
    begun = asked(subscribe(Stream.ACC, 52), talk).begins
    assert (begun.stream, begun.rate_hz) == (Stream.ACC, 52.0)
    assert status(subscribe(Stream.ACC, 52), talk) == 409
    assert status(subscribe(Stream.ACC, 26), talk) == 409
    assert status(subscribe(Stream.ECG, 125), talk) == 200
    assert asked(unsubscribe(Stream.ACC, 52), talk).ends is Stream.ACC
    assert status(unsubscribe(Stream.ACC, 52), talk) == 404
    assert status(subscribe(Stream.ACC, 26), talk) == 200


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", 400),
        (b"\x09\x01", 400),
        (b"\x01\x01/Meas/\xff", 400),
        (encode_command(Command(Op.SUBSCRIBE, 3, "/Meas/Gyro/26")), 404),
        (encode_command(Command(Op.SUBSCRIBE, 3, "/Meas/Acc/27")), 404),
        (encode_command(Command(Op.HELLO, 3)), 200),
    ],
)
def test_what_is_not_there_is_not_found_and_what_is_no_command_is_malformed(payload, expected):
    answer = asked(payload)
    assert decode_notification(answer.reply).status == expected
    assert answer.begins is None


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_are_answered(payload, refuses):
    assert isinstance(decode_notification(asked(payload, refuses=refuses).reply), Result)


def test_one_that_refuses_says_so():
    assert status(subscribe(Stream.ACC, 26), refuses=True) == 503


@pytest.mark.parametrize("since_s", [1, 3600, 50 * 86_400], ids=["soon", "an hour", "after its clock began anew"])
def test_samples_fit_the_link_and_read_back_with_the_sensors_time_of_the_last_one(since_s):
    for stream, rate_hz, values, off in (
        (Stream.ACC, 26, np.tile([[-4000, -98_500, 16_000]], (8, 1)), 0),
        (Stream.ECG, 125, np.arange(-8000, 8000, 1000), 2),
    ):
        begun = asked(subscribe(stream, rate_hz)).begins
        payload = begun.encode(UNSET_NS + since_s * SECOND_NS, values)
        (frame,) = decode(payload)
        assert len(payload) <= MTU - 3 and len(values) == begun.size
        assert np.abs(frame.values - values).max() <= off
        wraps = since_s * SECOND_NS % (2**32 * 1_000_000)
        assert frame.sensor_ns == pytest.approx(wraps, abs=1_000_000)
