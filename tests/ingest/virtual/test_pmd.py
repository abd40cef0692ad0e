"""A virtual Polar's control point answers as a recorded H10 did, and every mistake with the status that names it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.straps import pmd as wire
from ingest.straps.pmd import Measurement
from ingest.straps.pmd_control import Op, Setting, Status, decode_features, decode_reply, decode_sent, get_settings, start, stop
from ingest.virtual.pmd import H10_OFFERS, MOST_INTERVALS, VERITY_OFFERS, WIDE_ENOUGH, Pmd, intervals, polar, pulse
from somalink.domain.types import Flag, Stream

ECG, ACC, PPI = Measurement.ECG, Measurement.ACC, Measurement.PPI
ECG_130 = {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)}
ACC_25 = {Setting.SAMPLE_RATE: (25,), Setting.RESOLUTION: (16,), Setting.RANGE: (4,)}
VERITY_ACC = {Setting.SAMPLE_RATE: (52,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,), Setting.CHANNELS: (3,)}


def asked(payload: bytes, talk: Pmd | None = None, *, mtu: int = WIDE_ENOUGH, refuses: bool = False):
    return (talk or Pmd(H10_OFFERS)).hear(payload, mtu=mtu, refuses=refuses)


def status(payload: bytes, talk: Pmd | None = None, *, refuses: bool = False) -> int:
    return decode_reply(asked(payload, talk, refuses=refuses).reply).status


# ---------------------------------------------------------------- as recorded


@pytest.mark.parametrize(
    ("request_", "mtu", "reply"),
    [
        ("0100", 23, "f000010a"),
        ("0100", 232, "f001000000 00018200 01010e00"),
        ("0200", 232, "f002000500"),
        ("02000001820001010e00", 232, "f002000000"),
    ],
    ids=["narrow link", "settings of ECG", "start without settings", "start"],
)
def test_it_answers_a_recorded_control_session_as_the_h10_did(request_, mtu, reply):
    assert asked(bytes.fromhex(request_), mtu=mtu).reply == bytes.fromhex(reply)


def test_it_says_which_measurements_it_has():
    assert decode_features(polar(H10_OFFERS).features) == {ECG, ACC}
    assert decode_features(polar(VERITY_OFFERS).features) == {ACC, PPI}


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", Status.INVALID_LENGTH),
        (b"\x02", Status.INVALID_LENGTH),
        (b"\x63\x00", Status.INVALID_OP),
        (b"\x01\x3f", Status.INVALID_MEASUREMENT),
        (get_settings(PPI), Status.NOT_SUPPORTED),
        (start(ACC, ACC_25)[:-1], Status.INVALID_LENGTH),
        (start(ACC, {**ACC_25, Setting.SAMPLE_RATE: (26,)}), Status.INVALID_SAMPLE_RATE),
        (start(ACC, {**ACC_25, Setting.RANGE: (16,)}), Status.INVALID_RANGE),
        (start(ACC, {**ACC_25, Setting.RESOLUTION: (14,)}), Status.INVALID_RESOLUTION),
        (start(ACC, {**ACC_25, Setting.RANGE: (2, 4)}), Status.INVALID_PARAMETER),
        (start(ACC, {**ACC_25, Setting.CHANNELS: (3,)}), Status.INVALID_PARAMETER),
        (stop(ACC), Status.ALREADY_IN_STATE),
    ],
)
def test_a_request_that_cannot_be_granted_is_answered_with_what_is_wrong(payload, expected):
    assert status(payload) == expected


@given(st.binary(max_size=40), st.integers(0, 517), st.booleans())
def test_any_bytes_are_answered_and_begin_a_stream_only_when_success_is_said(payload, mtu, refuses):
    answer = asked(payload, mtu=mtu, refuses=refuses)
    assert answer.reply[0] == 0xF0 and len(answer.reply) >= 4
    if mtu >= WIDE_ENOUGH:
        assert decode_reply(answer.reply).ok or (answer.begins is None and answer.ends is None)


def test_a_stream_that_runs_is_not_started_twice_and_can_be_started_again_once_it_is_stopped():
    talk = Pmd(H10_OFFERS)
    assert asked(start(ACC, ACC_25), talk).begins is not None
    twice = asked(start(ACC, ACC_25), talk)
    assert (decode_reply(twice.reply).status, twice.begins) == (Status.ALREADY_IN_STATE, None)
    assert status(start(ECG, ECG_130), talk) == Status.SUCCESS
    assert asked(stop(ACC), talk).ends is Stream.ACC
    assert status(start(ACC, ACC_25), talk) == Status.SUCCESS


def test_one_that_refuses_says_so_and_tells_its_settings_all_the_same():
    assert status(start(ACC, ACC_25), refuses=True) == Status.INVALID_STATE
    assert status(get_settings(ACC), refuses=True) == Status.SUCCESS


# ---------------------------------------------------------------- what it then sends


def test_an_ecg_frame_is_as_long_as_a_recorded_one_and_reads_back_to_the_microvolt():
    begun = asked(start(ECG, ECG_130)).begins
    values = np.arange(-360, 370, 10)
    payload = begun.encode(599_622_173_760_485_300, values)
    assert (begun.size, begun.rate_hz, len(payload)) == (73, 130.0, 229)
    (frame,) = wire.decode(payload)
    assert (frame.stream, frame.sensor_ns) == (Stream.ECG, 599_622_173_760_485_300)
    assert np.array_equal(frame.values, values)


@pytest.mark.parametrize("range_g", [2, 4, 8])
def test_an_accelerometer_frame_fits_the_link_and_ends_at_its_range(range_g):
    begun = asked(start(ACC, {**ACC_25, Setting.RANGE: (range_g,)})).begins
    values = np.tile([[-100, 98_500, 5_000_000]], (begun.size, 1))
    payload = begun.encode(5, values)
    (frame,) = wire.decode(payload)
    assert len(payload) == 226 <= WIDE_ENOUGH - 3
    assert frame.values[0].tolist() == [-100, 98_500, range_g * 100_000] and not frame.lsb


def test_a_compressed_frame_fits_the_link_whatever_is_felt_and_is_in_whole_mg():
    answer = asked(start(PPI, {}), Pmd(VERITY_OFFERS))
    assert answer.begins.encode is None
    talk = Pmd(VERITY_OFFERS)
    answer = asked(start(ACC, VERITY_ACC), talk)
    wild = np.random.default_rng(1).choice([-900_000, 900_000], (answer.begins.size, 3))
    for values in (np.full((answer.begins.size, 3), 98_500), wild):
        payload = answer.begins.encode(7, values)
        (frame,) = wire.decode(payload)
        assert len(payload) <= WIDE_ENOUGH - 3 and not frame.lsb
        assert np.abs(frame.values - np.clip(values, -800_000, 800_000)).max() <= 50
    assert decode_sent(start(ACC, VERITY_ACC))[0].rate_hz == 52


def test_pulse_intervals_are_good_at_rest_and_disturbed_ones_are_marked():
    rr, hr = wire.decode(intervals([pulse(0, 1024, 60, disturbed=False), pulse(1, 512, 120, disturbed=True)]))
    assert rr.values.tolist() == [1024, 512] and rr.flags.tolist() == [Flag.OK, Flag.UNTRUSTED]
    assert hr.values.tolist() == [60_000, 120_000] and rr.contact is True


def test_more_intervals_than_fit_are_the_newest():
    payload = intervals([pulse(number, 200 + number, 60, disturbed=False) for number in range(100)])
    assert len(payload) <= WIDE_ENOUGH - 3
    rr, _ = wire.decode(payload)
    assert len(rr.values) == MOST_INTERVALS and abs(rr.values[-1] - 299) <= 1


def test_every_request_of_ours_is_one_that_it_knows():
    assert {Op(get_settings(ACC)[0]), Op(start(ACC, ACC_25)[0]), Op(stop(ACC)[0])} == set(Op)
