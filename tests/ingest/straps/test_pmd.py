"""The bytes of Polar's measurement data, as the specification lays them and as devices send them."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.straps.pmd import (
    BLOCKED,
    CONTACT_KNOWN,
    CONTACT_ON,
    MOST_SAMPLES,
    PMD,
    AccFrame,
    EcgFrame,
    Measurement,
    PpiFrame,
    PulseInterval,
    decode_data,
    encode_acc,
    encode_acc_compressed,
    encode_ecg,
    encode_ppi,
)
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, Stream

stamps = st.integers(0, (1 << 63) - 1)
pulses = st.builds(
    PulseInterval,
    bpm=st.integers(0, 0xFF),
    ms=st.integers(0, 0xFFFF),
    error_ms=st.integers(0, 0xFFFF),
    blocked=st.booleans(),
    contact=st.sampled_from([None, True, False]),
)


def axes(bits: int):
    """Some samples of three axes that fit so many bits."""
    count = st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
    return st.lists(st.tuples(count, count, count), min_size=1, max_size=15).map(lambda rows: np.array(rows, np.int64))


def frame(kind: int, frame_type: int, content: str, stamp: int = 7) -> bytes:
    return struct.pack("<BQB", kind, stamp, frame_type) + bytes.fromhex(content)


# ---------------------------------------------------------------- both ways


@given(stamps, st.lists(st.integers(-(1 << 23), (1 << 23) - 1), min_size=1, max_size=20))
def test_an_ecg_is_read_back_as_it_was_encoded(stamp, uv):
    said = decode_data(encode_ecg(EcgFrame(stamp, np.array(uv))))
    assert isinstance(said, EcgFrame)
    assert (said.sensor_ns, said.uv.tolist(), said.uv.dtype) == (stamp, uv, np.int64)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_acceleration_is_read_back_as_it_was_encoded(size):
    @given(stamps, axes(8 * size))
    def read_back(stamp, xyz):
        said = decode_data(encode_acc(AccFrame(stamp, xyz), size=size))
        assert isinstance(said, AccFrame)
        assert (said.sensor_ns, said.xyz.tolist(), said.lsb) == (stamp, xyz.tolist(), False)

    read_back()


@given(stamps, axes(16), st.booleans(), st.integers(1, 50))
def test_compressed_acceleration_is_read_back_as_it_was_encoded(stamp, xyz, lsb, block):
    said = decode_data(encode_acc_compressed(AccFrame(stamp, xyz, lsb), block=block))
    assert isinstance(said, AccFrame)
    assert (said.sensor_ns, said.xyz.tolist(), said.lsb) == (stamp, xyz.tolist(), lsb)


@given(st.lists(pulses, max_size=8).map(tuple))
def test_pulse_intervals_are_read_back_as_they_were_encoded(beats):
    assert decode_data(encode_ppi(PpiFrame(beats))) == PpiFrame(beats)


def test_a_sample_that_does_not_fit_its_bytes_is_not_encoded():
    assert encode_acc(AccFrame(0, np.array([[-128, 127, 0]])), size=1)[-3:] == bytes.fromhex("807f00")
    with pytest.raises(ValueError, match="does not fit 1 bytes"):
        encode_acc(AccFrame(0, np.array([[0, 128, 0]])), size=1)


def test_a_block_of_differences_is_as_narrow_as_its_widest_one():
    still = np.zeros((4, 3), np.int64)
    assert encode_acc_compressed(AccFrame(0, still, lsb=True))[16:] == bytes((0, 3))
    ones = np.cumsum([[0, 0, 0], [-1, 0, 0], [0, -1, 0]], axis=0)
    assert encode_acc_compressed(AccFrame(0, ones, lsb=True))[16:] == bytes((1, 2, 0b010001))


# ---------------------------------------------------------------- the fields


def test_an_ecg_frame_tells_microvolts_and_when_the_last_of_them_was():
    (said,) = PMD.decode(frame(0, 0, "640000 ffffff 000080", stamp=599_616_000_000_000_123))
    assert (said.stream, said.values.tolist(), said.sensor_ns) == (Stream.ECG, [1000, -10, -83886080], 599_616_000_000_000_123)


def test_the_two_bits_above_the_type_say_where_a_frame_comes_from_and_change_nothing_else():
    assert PMD.decode(frame(0xC0, 0, "640000"))[0].values.tolist() == [1000]


@pytest.mark.parametrize(("frame_type", "content"), [(0, "01ff00"), (1, "0100ffff0000"), (2, "010000ffffff000000")])
def test_acceleration_comes_in_one_two_or_three_bytes_an_axis(frame_type, content):
    (said,) = PMD.decode(frame(2, frame_type, content))
    assert (said.stream, said.values.tolist(), said.lsb) == (Stream.ACC, [[100, -100, 0]], False)


def test_differences_are_packed_from_the_lowest_bit_on_and_carry_their_sign():
    """First sample 1, 2, 3; then a block of two samples with differences of 3 bits: (1, -1, 2), (-4, 0, 3)."""
    packed = sum((d & 7) << 3 * k for k, d in enumerate((1, -1, 2, -4, 0, 3)))
    (said,) = PMD.decode(frame(2, 0x80, "010002000300 03 02" + packed.to_bytes(3, "little").hex()))
    assert said.values.tolist() == [[1, 2, 3], [2, 1, 5], [-2, 1, 8]]
    assert said.lsb


def test_compressed_acceleration_is_in_counts_or_in_mg_as_its_frame_type_says():
    content = "010002000300 03 01 0000"
    (counts,), (mg,) = PMD.decode(frame(2, 0x80, content)), PMD.decode(frame(2, 0x81, content))
    assert (counts.values.tolist(), counts.lsb) == ([[1, 2, 3], [1, 2, 3]], True)
    assert (mg.values.tolist(), mg.lsb) == ([[100, 200, 300], [100, 200, 300]], False)


def test_a_device_whose_clock_is_nowhere_tells_no_time():
    assert PMD.decode(frame(0, 0, "640000", stamp=0))[0].sensor_ns is None
    assert PMD.decode(frame(2, 1, "010000000000", stamp=0))[0].sensor_ns is None


def test_a_time_stamp_that_no_clock_reaches_is_a_bad_frame():
    with pytest.raises(BadFrame, match="time stamp"):
        decode_data(frame(0, 0, "640000", stamp=1 << 63))


def test_an_interval_is_trusted_when_its_device_thinks_well_of_it_and_nobody_moved():
    said = [PulseInterval(70, 850, error_ms, blocked) for error_ms, blocked in ((0, False), (9, False), (10, False), (29, False), (40, False), (3, True))]
    rr, _ = PMD.decode(encode_ppi(PpiFrame(tuple(said))))
    assert rr.flags.tolist() == [Flag.OK, Flag.OK, *[Flag.UNTRUSTED] * 4]


def test_intervals_become_ticks_and_rates_milli_bpm_and_a_rate_of_zero_is_none():
    rr, hr = PMD.decode(encode_ppi(PpiFrame((PulseInterval(61, 1000, 3), PulseInterval(0, 0, 3), PulseInterval(75, 799, 3)))))
    assert (rr.stream, rr.values.tolist(), rr.sensor_ns) == (Stream.RR, [1024, 0, 818], None)
    assert (hr.stream, hr.values.tolist()) == (Stream.HR, [61_000, 75_000])


def test_every_interval_becomes_the_nearest_tick():
    ms = tuple(range(0, 0x10000, 7))
    rr, _ = PMD.decode(encode_ppi(PpiFrame(tuple(PulseInterval(0, each, 0) for each in ms))))
    assert rr.values.tolist() == np.rint(np.array(ms) * 1.024).astype(int).tolist()


def test_contact_is_that_of_the_last_beat_where_the_device_can_tell():
    told = [(0, None), (CONTACT_ON, None), (CONTACT_KNOWN, False), (CONTACT_KNOWN | CONTACT_ON, True), (CONTACT_KNOWN | CONTACT_ON | BLOCKED, True)]
    for flags, contact in told:
        rr, hr = PMD.decode(frame(3, 0, f"46 5203 0500 00 46 5203 0500 {flags:02x}", stamp=0))
        assert (rr.contact, hr.contact) == (contact, contact)


def test_a_batch_without_a_beat_is_a_frame_without_values():
    rr, hr = PMD.decode(frame(3, 0, "", stamp=0))
    assert (len(rr.values), len(rr.flags), rr.contact, len(hr.values)) == (0, 0, None, 0)


def test_each_stream_may_be_as_late_as_its_kind():
    assert {stream: late // SECOND_NS for stream, late in PMD.late_ns.items()} == {Stream.ECG: 6, Stream.ACC: 6, Stream.RR: 35, Stream.HR: 6}


# ---------------------------------------------------------------- what is not ours, and what is broken


@pytest.mark.parametrize("kind", [each for each in Measurement if each not in (Measurement.ECG, Measurement.ACC, Measurement.PPI)])
def test_measurements_that_are_not_read_give_no_frames(kind):
    assert PMD.decode(frame(kind, 0x8A, "00")) == ()


@pytest.mark.parametrize(
    "payload",
    [
        frame(0, 0, "")[:9],
        frame(0, 0, ""),
        frame(0, 0, "6400"),
        frame(0, 0x80, "640000"),
        frame(0, 1, "640000"),
        frame(8, 0, "640000"),
        frame(0x3F, 0, "640000"),
        frame(2, 1, "0100ffff00"),
        frame(2, 3, "0100ffff0000"),
        frame(2, 0x82, "0100ffff0000"),
        frame(2, 0x80, "0100ffff00"),
        frame(2, 0x80, "0100ffff0000 03"),
        frame(2, 0x80, "0100ffff0000 03 02 0000"),
        frame(2, 0x80, "0100ffff0000 12 01 00000000000000"),
        frame(2, 0x80, "ff7f00000000 02 01 01"),
        frame(3, 0, "46 5203 0500"),
    ],
    ids=[
        "no header", "no samples", "half a sample", "compressed ECG", "another ECG", "no such type", "nor that one",
        "half an axis", "no such width", "nor such", "half a first sample", "half a block header", "half a block",
        "wider than a sample", "out of 16 bits", "half a beat",
    ],
)  # fmt: skip
def test_what_does_not_follow_its_format_is_a_bad_frame_that_does_not_show_the_values(payload):
    with pytest.raises(BadFrame) as caught:
        decode_data(payload)
    assert "0100ff" not in caught.value.what


def test_differences_of_no_bits_cannot_ask_for_more_memory_than_a_notification_holds():
    """Two bytes for 255 samples: 500 of them would be 64,000."""
    decoded = decode_data(frame(2, 0x80, "000000000000" + "00ff" * 5))
    assert isinstance(decoded, AccFrame)
    assert len(decoded.xyz) == 1 + 5 * 255 < MOST_SAMPLES
    with pytest.raises(BadFrame):
        decode_data(frame(2, 0x80, "000000000000" + "00ff" * 6))


@given(
    st.binary(max_size=64)
    | st.tuples(st.sampled_from([(0, 0), (2, 0), (2, 1), (2, 2), (2, 0x80), (2, 0x81), (3, 0)]), st.binary(max_size=300)).map(
        lambda it: frame(*it[0], it[1].hex())
    )
)
def test_any_bytes_are_frames_or_a_bad_frame(payload):
    try:
        frames = PMD.decode(payload)
    except BadFrame:
        return
    for said in frames:
        assert said.values.dtype == np.int64
        assert said.values.shape[1:] == ((3,) if said.stream is Stream.ACC else ())
        assert said.flags is None or len(said.flags) == len(said.values)
