"""What is asked of a Polar device and what it answers, as the specification lays it and as devices send it."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.straps.pmd import Measurement
from ingest.straps.pmd_control import (
    FIELDS,
    PMD_CONTROL,
    PMD_SENT,
    Command,
    Op,
    Reply,
    Setting,
    Status,
    choose,
    decode_command,
    decode_features,
    decode_reply,
    encode_command,
    encode_features,
    encode_reply,
    get_settings,
    start,
    stop,
)
from ingest.streams import Told
from somalink.domain.errors import BadFrame
from somalink.domain.types import Stream

WIDEST = {kind: 256 ** FIELDS[kind].size - 1 for kind in Setting}
H10_ACC = {Setting.SAMPLE_RATE: (25, 50, 100, 200), Setting.RESOLUTION: (16,), Setting.RANGE: (2, 4, 8)}
WANTED = {
    Measurement.ECG: {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)},
    Measurement.ACC: {Setting.SAMPLE_RATE: (25,), Setting.RESOLUTION: (16,), Setting.RANGE: (4,)},
    Measurement.PPI: {},
}
"""What the catalogue's families ask for."""
VERITY_ACC = {Setting.SAMPLE_RATE: (52,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,), Setting.CHANNELS: (3,)}


def values_of(kind: Setting):
    one = st.floats(width=32, allow_nan=False) if kind is Setting.FACTOR else st.integers(0, WIDEST[kind])
    return st.lists(one, max_size=3).map(tuple)


settings = st.lists(st.sampled_from(Setting), unique=True).flatmap(lambda kinds: st.fixed_dictionaries({kind: values_of(kind) for kind in kinds}))
commands = st.builds(Command, st.sampled_from(Op), st.sampled_from(Measurement), settings)


# ---------------------------------------------------------------- commands


def test_the_commands_of_an_h10_are_these_bytes():
    assert get_settings(Measurement.ECG) == bytes.fromhex("0100")
    assert start(Measurement.ECG, WANTED[Measurement.ECG]) == bytes.fromhex("0200 000182000101 0e00")
    assert start(Measurement.ACC, choose(H10_ACC, WANTED[Measurement.ACC])) == bytes.fromhex("0202 00011900 01011000 02010400")
    assert start(Measurement.PPI, WANTED[Measurement.PPI]) == bytes.fromhex("0203")
    assert stop(Measurement.ACC) == bytes.fromhex("0302")


def test_a_verity_sense_is_asked_for_its_channels_too():
    asked = start(Measurement.ACC, choose(VERITY_ACC, WANTED[Measurement.ACC]))
    assert asked == bytes.fromhex("0202 00013400 01011000 02010800 040103")


@given(commands)
def test_a_command_is_read_back_as_it_was_encoded(command):
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize("payload", ["", "02", "0002", "0902", "0208", "02020001", "0202000119", "02020d01"])
def test_bytes_that_are_no_command_are_a_bad_frame(payload):
    with pytest.raises(BadFrame):
        decode_command(bytes.fromhex(payload))


# ---------------------------------------------------------------- replies


@given(st.sampled_from([Op.GET_SETTINGS, Op.START]), st.sampled_from(Measurement), st.booleans(), settings)
def test_a_reply_that_grants_is_read_back_as_it_was_encoded(op, measurement, more, offered):
    reply = Reply(op, measurement, Status.SUCCESS, more, offered)
    assert decode_reply(encode_reply(reply)) == reply


@given(st.integers(0, 0xFF), st.integers(0, 0xFF), st.integers(1, 0xFF))
def test_a_reply_that_refuses_is_read_back_whatever_it_refuses(op, measurement, status):
    reply = Reply(op, measurement, status)
    assert decode_reply(encode_reply(reply)) == reply
    assert not reply.ok


@pytest.mark.parametrize("status", Status)
def test_a_status_has_a_word(status):
    said = decode_reply(bytes((0xF0, 2, 2, status)))
    assert (said.word, said.ok, said.more, said.settings) == (status.name.lower(), status is Status.SUCCESS, False, {})


def test_a_status_that_nobody_knows_is_kept_as_its_number():
    said = decode_reply(bytes.fromhex("f002024d00"))
    assert (said.word, said.status, said.ok) == ("status_77", 77, False)


def test_what_a_device_offers_is_read_with_each_setting_in_its_own_width():
    parameters = bytes.fromhex("0004 19003200 6400c800 01011000 0203 020004000800 0301 d0070000 040103 0501") + struct.pack("<f", 0.25)
    said = decode_reply(bytes.fromhex("f001020000") + parameters)
    assert said.settings == H10_ACC | {Setting.RANGE_MILLI: (2000,), Setting.CHANNELS: (3,), Setting.FACTOR: (0.25,)}


def test_settings_that_are_not_read_are_stepped_over():
    said = decode_reply(bytes.fromhex("f001020000 0601" + "ab" * 16 + "0701 05 00011900"))
    assert said.settings == {Setting.SAMPLE_RATE: (25,)}


def test_the_byte_that_ends_a_reply_to_a_start_stands_for_nothing():
    assert decode_reply(bytes.fromhex("f0020000 00 00")) == Reply(Op.START, Measurement.ECG, Status.SUCCESS)


@pytest.mark.parametrize("payload", ["", "f0", "f00102", "0f010200", "f001020000 0001", "f001020000 000119", "f001020000 0d0100", "f001020000 6301"])
def test_a_reply_that_is_cut_short_or_of_unknown_width_is_a_bad_frame(payload):
    with pytest.raises(BadFrame):
        decode_reply(bytes.fromhex(payload))


@given(st.sets(st.sampled_from(Measurement)))
def test_features_are_read_back_as_they_were_encoded(measurements):
    assert decode_features(encode_features(measurements)) == measurements


def test_features_that_nobody_knows_are_passed_over():
    assert decode_features(bytes.fromhex("0f05 01")) == {Measurement.ECG, Measurement.ACC}
    with pytest.raises(BadFrame):
        decode_features(bytes.fromhex("f005"))


# ---------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("offered", "wanted", "chosen"),
    [
        ((25, 50, 100, 200), 25, 25),
        ((26, 52, 104), 25, 26),
        ((200, 100, 52), 25, 52),
        ((10, 13), 25, 13),
        ((52,), 25, 52),
    ],
    ids=["as wanted", "nearest above", "in any order", "none is enough", "no choice"],
)
def test_of_the_rates_on_offer_the_wanted_one_is_taken_else_the_nearest_that_is_enough(offered, wanted, chosen):
    assert choose({Setting.SAMPLE_RATE: offered}, {Setting.SAMPLE_RATE: (wanted,)}) == {Setting.SAMPLE_RATE: (chosen,)}


def test_a_device_that_does_not_say_is_asked_for_what_is_wanted():
    assert choose({}, WANTED[Measurement.ACC]) == WANTED[Measurement.ACC]
    assert choose({}, {}) == {}


def test_every_setting_on_offer_is_named_and_none_that_is_not():
    assert choose(VERITY_ACC, WANTED[Measurement.ACC]) == VERITY_ACC
    assert choose({Setting.SAMPLE_RATE: (50,)}, WANTED[Measurement.ACC]) == {Setting.SAMPLE_RATE: (50,)}
    assert choose({Setting.SAMPLE_RATE: (), Setting.FACTOR: (0.1,), Setting.CHANNELS: (1, 3)}, {}) == {Setting.CHANNELS: (3,)}


@given(settings, settings)
def test_what_is_chosen_is_always_on_offer(offered, wanted):
    wanted = {kind: values for kind, values in wanted.items() if values}
    for kind, (value,) in choose(offered, wanted).items() if offered else ():
        assert value in offered[kind]


# ---------------------------------------------------------------- what a stream will be like


def test_the_command_that_was_sent_tells_rate_and_scale_of_its_stream():
    (told,) = PMD_SENT.decode(start(Measurement.ACC, choose(VERITY_ACC, WANTED[Measurement.ACC])))
    assert told == Told(Stream.ACC, 52.0, 16 / 65536)
    assert PMD_SENT.decode(start(Measurement.ECG, WANTED[Measurement.ECG])) == (Told(Stream.ECG, 130.0),)


@pytest.mark.parametrize("payload", [stop(Measurement.ACC), get_settings(Measurement.ACC), start(Measurement.PPI, {}), start(Measurement.ACC, {})])
def test_commands_that_name_no_rate_tell_nothing(payload):
    assert PMD_SENT.decode(payload) == ()


def test_a_reply_that_names_the_worth_of_a_count_tells_it_and_no_rate():
    reply = Reply(Op.START, Measurement.ACC, Status.SUCCESS, False, {Setting.FACTOR: (2**-12,)})
    assert PMD_CONTROL.decode(encode_reply(reply)) == (Told(Stream.ACC, 0.0, 2**-12),)


def test_most_replies_tell_nothing_of_a_stream():
    said = [bytes.fromhex("f0020200 00 00"), bytes.fromhex("f002020500"), encode_reply(Reply(Op.GET_SETTINGS, Measurement.ACC, Status.SUCCESS, False, H10_ACC))]
    assert [PMD_CONTROL.decode(each) for each in said] == [(), (), ()]
    assert PMD_CONTROL.decode(encode_features({Measurement.ACC})) == ()


@pytest.mark.parametrize("factor", [0.0, -1.0, math.inf, math.nan])
def test_a_factor_that_is_none_is_not_told(factor):
    reply = Reply(Op.START, Measurement.ACC, Status.SUCCESS, False, {Setting.FACTOR: (factor,)})
    assert PMD_CONTROL.decode(encode_reply(reply)) == ()


def test_a_range_in_thousandths_serves_where_there_is_no_other():
    (told,) = PMD_SENT.decode(start(Measurement.ACC, {Setting.SAMPLE_RATE: (26,), Setting.RESOLUTION: (16,), Setting.RANGE_MILLI: (4000,)}))
    assert told == Told(Stream.ACC, 26.0, 8 / 65536)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: bytes((0xF0,)) + rest))
def test_any_bytes_are_told_or_a_bad_frame(payload):
    for decoder in (PMD_CONTROL, PMD_SENT):
        try:
            told = decoder.decode(payload)
        except BadFrame:
            continue
        assert all(each.rate_hz > 0 or each.factor_g for each in told)
