"""The bytes of a heart-rate notification, as the specification lays them and as devices send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.straps.heart_rate import HEART_RATE, HeartRateMeasurement, decode_measurement, encode_measurement
from somalink.domain.errors import BadFrame
from somalink.domain.types import Stream

measurements = st.builds(
    HeartRateMeasurement,
    bpm=st.integers(0, 0xFFFF),
    rr_ticks=st.lists(st.integers(0, 0xFFFF), max_size=9).map(tuple),
    contact=st.sampled_from([None, True, False]),
    energy_kj=st.none() | st.integers(0, 0xFFFF),
)


@given(measurements)
def test_what_was_encoded_is_read_back(measurement):
    assert decode_measurement(encode_measurement(measurement)) == measurement


@given(st.binary(max_size=40))
def test_any_bytes_are_a_measurement_or_a_bad_frame(payload):
    try:
        frames = HEART_RATE.decode(payload)
    except BadFrame:
        return
    rr, hr = frames
    assert (rr.stream, hr.stream) == (Stream.RR, Stream.HR)
    assert all(0 <= ticks <= 0xFFFF for ticks in rr.values.tolist())
    assert len(hr.values) <= 1


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("0048", HeartRateMeasurement(72)),
        ("01 2c01", HeartRateMeasurement(300)),
        ("10 48 0004", HeartRateMeasurement(72, (1024,))),
        ("10 48", HeartRateMeasurement(72)),
        ("18 48 0a00 0004 0204", HeartRateMeasurement(72, (1024, 1026), None, 10)),
        ("02 48", HeartRateMeasurement(72, (), None)),
        ("04 48", HeartRateMeasurement(72, (), False)),
        ("06 48", HeartRateMeasurement(72, (), True)),
        ("e0 48 0000", HeartRateMeasurement(72)),
        ("19 2c01 0a00 0004", HeartRateMeasurement(300, (1024,), None, 10)),
    ],
    ids=[
        "one byte", "two bytes", "an interval", "no beat in this second", "energy stands before the intervals", "contact bit alone means nothing",
        "contact lost", "contact held", "reserved bits and padding", "all of it",
    ],
)  # fmt: skip
def test_the_fields_are_where_the_specification_puts_them(payload, expected):
    assert decode_measurement(bytes.fromhex(payload)) == expected


@pytest.mark.parametrize("payload", ["", "00", "0148", "0848", "084801", "1048 00", "10480004 02"])
def test_a_field_that_is_cut_short_is_a_bad_frame_that_does_not_show_the_values(payload):
    with pytest.raises(BadFrame) as caught:
        decode_measurement(bytes.fromhex(payload))
    assert "48" not in caught.value.what


def test_intervals_are_kept_in_ticks_and_the_rate_in_milli_bpm_and_a_rate_of_zero_is_none():
    rr, hr = HEART_RATE.decode(bytes.fromhex("16480004"))
    assert (rr.values.tolist(), hr.values.tolist(), rr.contact, hr.contact) == ([1024], [72_000], True, True)
    assert HEART_RATE.decode(bytes.fromhex("0000"))[1].values.tolist() == []
