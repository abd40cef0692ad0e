"""The bytes of Movesense's own service, as its protocol lays them."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.straps.movesense import (
    G_MS2,
    MOVESENSE,
    MOVESENSE_SENT,
    RESOURCES,
    AccPacket,
    BeatPacket,
    Command,
    EcgPacket,
    Op,
    Result,
    decode_command,
    decode_notification,
    encode_command,
    encode_packet,
    encode_result,
    reference_of,
    subscribe,
    unsubscribe,
)
from ingest.streams import Told
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

ACC_26, ECG_128, HR = reference_of(Stream.ACC, 26), reference_of(Stream.ECG, 128), reference_of(Stream.HR)
u32 = st.integers(0, (1 << 32) - 1)
ms2 = st.floats(-400, 400, width=32)


def of_stream(stream: Stream):
    return st.sampled_from([reference for reference, resource in RESOURCES.items() if resource.stream is stream])


# ---------------------------------------------------------------- commands


def test_a_subscription_names_its_resource_and_a_number_of_its_own():
    assert subscribe(Stream.ECG, 128) == bytes((1, ECG_128)) + b"/Meas/ECG/128"
    assert subscribe(Stream.HR) == bytes((1, HR)) + b"/Meas/HR"
    assert unsubscribe(Stream.ECG, 128) == bytes((2, ECG_128))
    with pytest.raises(ValueError, match="no ecg at 130 Hz"):
        subscribe(Stream.ECG, 130)


def test_every_resource_has_a_number_and_none_is_zero():
    assert len({resource.path for resource in RESOURCES.values()}) == len(RESOURCES)
    assert all(0 < reference <= 0xFF for reference in RESOURCES)
    assert all(str(resource.rate_hz) in resource.path or not resource.rate_hz for resource in RESOURCES.values())


@given(st.builds(Command, st.sampled_from(Op), st.integers(0, 0xFF), st.text(st.characters(max_codepoint=126), max_size=30)))
def test_a_command_is_read_back_as_it_was_encoded(command):
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize("payload", ["", "01", "0910", "0110ff"])
def test_bytes_that_are_no_command_are_a_bad_frame(payload):
    with pytest.raises(BadFrame):
        decode_command(bytes.fromhex(payload))


def test_a_subscription_tells_the_rate_of_its_stream_and_other_commands_tell_nothing():
    assert MOVESENSE_SENT.decode(subscribe(Stream.ACC, 52)) == (Told(Stream.ACC, 52.0),)
    assert MOVESENSE_SENT.decode(subscribe(Stream.HR)) == ()
    assert MOVESENSE_SENT.decode(unsubscribe(Stream.ACC, 52)) == ()
    assert MOVESENSE_SENT.decode(bytes((1, 99)) + b"/Info") == ()


# ---------------------------------------------------------------- both ways


@given(of_stream(Stream.ACC), u32, st.lists(st.tuples(ms2, ms2, ms2), min_size=1, max_size=5))
def test_acceleration_is_read_back_as_it_was_encoded(reference, first_ms, rows):
    said = decode_notification(encode_packet(AccPacket(reference, first_ms, np.array(rows))))
    assert isinstance(said, AccPacket)
    assert (said.reference, said.first_ms, said.ms2.tolist()) == (reference, first_ms, [list(row) for row in rows])


@given(of_stream(Stream.ECG), u32, st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1, max_size=5))
def test_an_ecg_is_read_back_as_it_was_encoded(reference, first_ms, counts):
    said = decode_notification(encode_packet(EcgPacket(reference, first_ms, np.array(counts))))
    assert isinstance(said, EcgPacket)
    assert (said.reference, said.first_ms, said.counts.tolist()) == (reference, first_ms, counts)


@given(st.floats(0, 400, width=32), st.lists(st.integers(0, 0xFFFF), max_size=8).map(tuple))
def test_beats_are_read_back_as_they_were_encoded(bpm, rr_ms):
    assert decode_notification(encode_packet(BeatPacket(HR, bpm, rr_ms))) == BeatPacket(HR, bpm, rr_ms)


@given(st.integers(0, 0xFF), st.integers(0, 599))
def test_an_answer_is_read_back_as_it_was_encoded(reference, status):
    said = decode_notification(encode_result(Result(reference, status)))
    assert said == Result(reference, status)
    assert said.ok == (200 <= status < 300)


# ---------------------------------------------------------------- the fields


def test_one_g_is_a_thousand_mg():
    payload = bytes((2, ACC_26)) + struct.pack("<I6f", 1000, 0, 0, G_MS2, -G_MS2 / 2, 0, 0)
    (said,) = MOVESENSE.decode(payload)
    assert (said.stream, said.values.tolist(), said.lsb) == (Stream.ACC, [[0, 0, 100_000], [-50_000, 0, 0]], False)


def test_a_count_of_the_ecg_is_a_twentieth_of_its_converter_s_step():
    """1/20/2^17 V: 2^17 counts are 50 mV. Rounded to the nearest tenth of a microvolt."""
    payload = bytes((2, ECG_128)) + struct.pack("<I4i", 1000, 1 << 17, -(1 << 17), 1, -1)
    assert MOVESENSE.decode(payload)[0].values.tolist() == [500_000, -500_000, 4, -4]


def test_the_stamp_is_of_the_first_sample_and_becomes_that_of_the_last_by_the_rate_of_the_number():
    sixteen = encode_packet(EcgPacket(ECG_128, 2000, np.zeros(16, np.int64)))
    assert MOVESENSE.decode(sixteen)[0].sensor_ns == 2 * SECOND_NS + 15 * SECOND_NS // 128
    other = encode_packet(EcgPacket(reference_of(Stream.ECG, 512), 2000, np.zeros(16, np.int64)))
    assert MOVESENSE.decode(other)[0].sensor_ns == 2 * SECOND_NS + 15 * SECOND_NS // 512
    assert MOVESENSE.decode(encode_packet(AccPacket(ACC_26, 2000, np.zeros((1, 3)))))[0].sensor_ns == 2 * SECOND_NS


def test_beats_become_ticks_and_their_rate_milli_bpm_and_a_rate_of_zero_is_none():
    rr, hr = MOVESENSE.decode(bytes((2, HR)) + struct.pack("<f2H", 61.25, 1000, 799))
    assert (rr.stream, rr.values.tolist(), rr.sensor_ns) == (Stream.RR, [1024, 818], None)
    assert (hr.stream, hr.values.tolist()) == (Stream.HR, [61_250])
    rr, hr = MOVESENSE.decode(bytes((2, HR)) + struct.pack("<f", 0))
    assert (rr.values.tolist(), hr.values.tolist()) == ([], [])


def test_an_answer_and_the_rest_of_a_long_notification_give_no_frame():
    assert MOVESENSE.decode(encode_result(Result(ACC_26, 200))) == ()
    assert MOVESENSE.decode(bytes((3, ACC_26, 1, 2, 3))) == ()


def test_the_one_answer_that_the_firmware_writes_the_other_way_round_is_read():
    assert decode_notification(bytes.fromhex("011001fb")) == Result(0x10, 507)


# ---------------------------------------------------------------- what is broken


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes((2,)),
        bytes((2, 99, 0, 0, 0, 0)),
        bytes((4, ACC_26, 0, 0, 0, 0)),
        bytes((1, ACC_26, 200)),
        bytes((2, ACC_26)) + bytes(4),
        bytes((2, ACC_26)) + bytes(4 + 11),
        bytes((2, ACC_26)) + struct.pack("<I3f", 0, float("nan"), 0, 0),
        bytes((2, ACC_26)) + struct.pack("<I3f", 0, 0, float("inf"), 0),
        bytes((2, ACC_26)) + struct.pack("<I3f", 0, 0, 0, 1e6),
        bytes((2, ECG_128)) + bytes(4 + 3),
        bytes((2, HR)) + bytes(3),
        bytes((2, HR)) + bytes(5),
        bytes((2, HR)) + struct.pack("<f", -1),
        bytes((2, HR)) + struct.pack("<f", float("nan")),
    ],
    ids=[
        "nothing", "no number", "nobody's number", "no such kind", "half a status", "no sample", "half a sample", "no number as m/s2", "no end", "no body",
        "half an ECG sample", "half a rate", "half an interval", "a rate below zero", "a rate that is none",
    ],
)  # fmt: skip
def test_what_does_not_follow_its_format_is_a_bad_frame(payload):
    with pytest.raises(BadFrame):
        decode_notification(payload)


@given(st.binary(max_size=64) | st.tuples(st.sampled_from(list(RESOURCES)), st.binary(max_size=64)).map(lambda it: bytes((2, it[0])) + it[1]))
def test_any_bytes_are_frames_or_a_bad_frame(payload):
    try:
        frames = MOVESENSE.decode(payload)
    except BadFrame:
        return
    for said in frames:
        assert said.values.dtype == np.int64
        assert said.values.shape[1:] == ((3,) if said.stream is Stream.ACC else ())
