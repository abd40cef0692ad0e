"""What real Polar devices sent and answered, decoded to what is known of it. Read where it lies; none of it is in the repository."""

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.straps.pmd import PMD, AccFrame, EcgFrame, Measurement, decode_data, encode_acc, encode_acc_compressed, encode_ecg
from ingest.straps.pmd_control import PMD_SENT, Reply, Setting, Status, decode_command, decode_reply, encode_command, encode_reply, get_settings, start, stop
from ingest.streams import Told
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

pytestmark = pytest.mark.truth
MAGIC = b"H10 ECG v1.0 binary data"
FRAME_SAMPLES, FRAME_BYTES = 73, 229
ECG_SETTINGS = {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)}


@pytest.fixture(scope="module")
def ride(data: Path) -> list[bytes]:
    """Half an hour of ECG frames as an H10 sent them."""
    whole = lzma.decompress((data / "h10_pmd_raw" / "h10_ecg_ride_first_30min.bin.xz").read_bytes())
    assert whole.startswith(MAGIC)
    return list(_records(whole[len(MAGIC) :]))


def _records(rest: bytes) -> Iterator[bytes]:
    while rest:
        size = int.from_bytes(rest[:4], "little")
        yield rest[4 : 4 + size]
        rest = rest[4 + size :]


@pytest.fixture(scope="module")
def talk(data: Path) -> list[tuple[str, bytes]]:
    """(who, bytes) of a control point's conversation: `host`, `reply`, `frame`."""
    said = []
    for line in (data / "h10_pmd_raw" / "gatttool_session.txt").read_text().splitlines():
        if line.startswith("char-write-req 0x47"):
            said.append(("host", bytes.fromhex(line.split()[-1])))
        elif "value:" in line:
            said.append(("reply" if line.startswith("Indication") else "frame", bytes.fromhex(line.partition("value:")[2])))
    return said


def vector(data: Path, compressed: bool) -> tuple[bytes, dict]:
    vectors = json.loads((data / "polar_sdk_acc_vectors" / "acc_frames.json").read_text())
    (found,) = [each for each in vectors if ("compressed" in each["frame_type"]) == compressed]
    return bytes.fromhex(found["header_hex"] + found["payload_hex"]), found


# ---------------------------------------------------------------- acceleration


def test_the_sdk_s_plain_frame_has_the_expected_milli_g(data):
    payload, expected = vector(data, compressed=False)
    said = decode_data(payload)
    assert isinstance(said, AccFrame)
    assert (len(said.xyz), said.sensor_ns, said.lsb) == (expected["n_samples"], 2 * SECOND_NS, False)
    assert said.xyz[:2].tolist() == expected["expected_first"]
    assert np.linalg.norm(said.xyz, axis=1) == pytest.approx(1000, abs=10), "a device at rest feels one g"
    assert encode_acc(said) == payload


def test_the_sdk_s_compressed_frame_has_all_of_the_expected_counts(data):
    payload, expected = vector(data, compressed=True)
    said = decode_data(payload)
    assert isinstance(said, AccFrame)
    assert (len(said.xyz), said.sensor_ns, said.lsb) == (expected["n_samples"], 2 * SECOND_NS, True)
    assert said.xyz[:2].tolist() == expected["expected_first_lsb"]
    assert said.xyz.tolist() == expected["all_decoded_lsb"]
    again = decode_data(encode_acc_compressed(said))
    assert isinstance(again, AccFrame)
    assert again.xyz.tolist() == said.xyz.tolist()


def test_every_way_of_cutting_the_compressed_frame_short_is_seen(data):
    payload, _ = vector(data, compressed=True)
    kept = []
    for stop_at in range(len(payload)):
        try:
            kept.append(decode_data(payload[:stop_at]))
        except BadFrame:
            continue
    assert [len(each.xyz) for each in kept] == [1], "only the first sample, before its block of differences begins, is a whole frame"


# ---------------------------------------------------------------- ECG


def test_every_frame_of_half_an_hour_decodes_and_encodes_to_the_same_bytes(ride, figures):
    frames = [decode_data(each) for each in ride]
    uv = np.concatenate([frame.uv for frame in frames])
    assert {len(frame.uv) for frame in frames} == {FRAME_SAMPLES}
    assert [encode_ecg(frame) for frame in frames] == ride
    assert len(uv) == len(ride) * FRAME_SAMPLES == 233_600
    assert np.abs(uv).max() < 20_000, "an electrode sees millivolts"
    stamps = np.array([frame.sensor_ns for frame in frames])
    rate_hz = (len(frames) - 1) * FRAME_SAMPLES * SECOND_NS / (stamps[-1] - stamps[0])
    figures(f"H10 ECG, {len(frames)} frames, {len(uv)} samples, {(stamps[-1] - stamps[0]) / SECOND_NS / 60:.1f} min: {rate_hz:.3f} Hz by its own clock")
    assert rate_hz == pytest.approx(130.045, abs=0.02)
    assert np.diff(stamps).min() > 0
    assert np.diff(stamps).max() < 1.02 * FRAME_SAMPLES * SECOND_NS / 130, "no frame is missing"


def test_the_samples_are_those_of_a_plain_reading_of_three_bytes(ride):
    for payload in ride[::97]:
        expected = [int.from_bytes(payload[at : at + 3], "little", signed=True) * 10 for at in range(10, len(payload), 3)]
        (frame,) = PMD.decode(payload)
        assert (frame.stream, frame.values.tolist()) == (Stream.ECG, expected)
        assert frame.sensor_ns == int.from_bytes(payload[1:9], "little")


def test_a_frame_that_breaks_off_within_a_sample_is_a_bad_frame(ride):
    """As the whole ride's last one does; one that breaks off between two samples cannot be told from a short one."""
    for stop_at in range(FRAME_BYTES):
        cut = ride[0][:stop_at]
        if stop_at < 13 or (stop_at - 10) % 3:
            with pytest.raises(BadFrame):
                decode_data(cut)
        else:
            said = decode_data(cut)
            assert isinstance(said, EcgFrame)
            assert len(said.uv) == (stop_at - 10) // 3


# ---------------------------------------------------------------- control point


def test_half_a_minute_of_another_strap_decodes_between_its_two_replies(data):
    lines = [line.split() for line in (data / "h10_pmd_raw" / "pmd_30s_session.hex.txt").read_text().splitlines() if line.strip()]
    replies = [decode_reply(bytes.fromhex(payload)) for kind, payload in lines if kind == "CTRL"]
    frames = [decode_data(bytes.fromhex(payload)) for kind, payload in lines if kind == "DATA"]
    assert [(reply.op.name, reply.measurement, reply.ok) for reply in replies] == [("START", Measurement.ECG, True), ("STOP", Measurement.ECG, True)]
    assert {(type(frame), len(frame.uv)) for frame in frames} == {(EcgFrame, FRAME_SAMPLES)}
    span_s = (frames[-1].sensor_ns - frames[0].sensor_ns) / SECOND_NS
    assert (len(frames) - 1) * FRAME_SAMPLES / span_s == pytest.approx(130, rel=0.01)


def test_a_real_conversation_is_read_with_its_refusals(talk):
    replies = [decode_reply(said) for who, said in talk if who == "reply"]
    assert [reply.word for reply in replies] == ["invalid_mtu", "success", "invalid_parameter", "success"]
    assert replies[1] == Reply(1, Measurement.ECG, Status.SUCCESS, False, ECG_SETTINGS)
    assert replies[3].settings == {}
    frames = [PMD.decode(said)[0] for who, said in talk if who == "frame"]
    assert [(frame.stream, len(frame.values)) for frame in frames] == [(Stream.ECG, FRAME_SAMPLES)] * 6


def test_what_the_host_said_is_read_and_is_what_we_would_have_said(talk):
    hosts = [said for who, said in talk if who == "host"]
    assert [encode_command(decode_command(said)) for said in hosts] == hosts
    assert start(Measurement.ECG, ECG_SETTINGS) in hosts
    assert stop(Measurement.ECG) in hosts
    assert get_settings(Measurement.PPG) in hosts
    assert PMD_SENT.decode(start(Measurement.ECG, ECG_SETTINGS)) == (Told(Stream.ECG, 130.0),)


def test_a_reply_with_settings_is_encoded_as_the_strap_did(talk):
    granted = [said for who, said in talk if who == "reply" and len(said) > 6]
    assert [encode_reply(decode_reply(said)) for said in granted] == granted
