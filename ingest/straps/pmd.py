"""Polar Measurement Data: what an H10 sends beside the heart rate (ECG, accelerometer), and what an optical Polar sends in its place (pulse
intervals). Characteristic FB005C82.

Bytes in, values out, and back. A frame is a measurement type, the device's own clock at the last sample, a frame type and the samples; a
frame type from 0x80 on says that samples are differences, packed bit by bit. Polar Measurement Data Specification 1.0, and the compressed
form as Polar's SDK reads it. Knows nothing of rates, ranges or arrivals: what was started is `ingest.straps.pmd_control`'s to tell.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ingest.streams import Decoder, Frame, register
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, IntArray, Stream

CHARACTERISTIC = "fb005c82"
LATE_NS: Mapping[Stream, int] = {Stream.ECG: 6 * SECOND_NS, Stream.ACC: 6 * SECOND_NS, Stream.RR: 35 * SECOND_NS, Stream.HR: 6 * SECOND_NS}
"""Contracts, section 2, but for waves: at 25 Hz a frame holds 1.44 s, and a radio keeps it as long as it keeps heartbeats, so 3 s would give up what nobody has
to wait for. The intervals are optical ones: the first batch comes some 25 s after its beats. A rate is of the moment it comes."""


class Measurement(IntEnum):
    """What can be measured, by its number on the wire."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    BIOIMPEDANCE = 4
    GYRO = 5
    MAGNETOMETER = 6
    SKIN_TEMPERATURE = 7
    SDK_MODE = 9
    LOCATION = 10
    PRESSURE = 11
    TEMPERATURE = 12
    OFFLINE_RECORDING = 13
    OFFLINE_HEART_RATE = 14


TYPE_MASK = 0x3F
"""The two bits above tell where a frame comes from, online or a recording of the device's own; its layout is the same."""
COMPRESSED = 0x80
HEADER = struct.Struct("<BQB")
AXES = 3
COUNT_BITS = 16
"""Width of a count of the sensor in a compressed frame; the first sample has it, and no later one may leave it."""
MOST_SAMPLES = 1400
"""A value of at most 512 bytes (Bluetooth Core 5.4, volume 3, part F, 3.2.9) holds no more samples of three differences of a bit each. Differences
of no bits take no room at all: without a limit a few bytes could ask for any amount of memory."""
GOOD_PPI_MS = 10
"""An interval with an expected error below is good; Polar calls 30 ms and more bad, and in between nothing is claimed."""
BLOCKED, CONTACT_ON, CONTACT_KNOWN = (1 << bit for bit in range(3))
"""Flag bits of a pulse interval: movement spoilt it; skin contact, which means something only where the device says that it can tell."""
PPI = struct.Struct("<BHHB")
MILLI, TENTHS_UV, HUNDREDTHS_MG = 1000, 10, 100


@dataclass(frozen=True, slots=True, eq=False)
class EcgFrame:
    """`uv`: (n,) int, microvolts. `sensor_ns`: the device's clock at the last sample, ns since 2000-01-01; 0 where it keeps none."""

    sensor_ns: int
    uv: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class AccFrame:
    """`xyz`: (n, 3) int, in mg, or with `lsb` in counts of the sensor, whose worth the device tells when the stream begins."""

    sensor_ns: int
    xyz: IntArray
    lsb: bool = False


@dataclass(frozen=True, slots=True)
class PulseInterval:
    """One beat as a light saw it. `error_ms`: how far the interval may be off, by the device's own reckoning. `contact` None: it cannot tell."""

    bpm: int
    ms: int
    error_ms: int
    blocked: bool = False
    contact: bool | None = None

    @property
    def good(self) -> bool:
        return self.error_ms < GOOD_PPI_MS and not self.blocked


@dataclass(frozen=True, slots=True)
class PpiFrame:
    """A batch of pulse intervals, oldest first. The time stamp of such frames is 0, and nobody's."""

    beats: tuple[PulseInterval, ...]


DataFrame = EcgFrame | AccFrame | PpiFrame


# ---------------------------------------------------------------- bytes to values


def decode_data(payload: bytes) -> DataFrame | None:
    """One frame; None for a measurement that somalink does not read (light, gyroscope, magnetometer, temperature, ...).

    BadFrame for bytes that are cut short, for a type that nobody knows, and for a frame type in which we cannot read a measurement that is
    ours: that is something to be counted, not passed over.

    >>> decode_data(bytes.fromhex("00 0000000000000000 00 ffffff 640000")).uv.tolist()
    [-1, 100]
    """
    if len(payload) < HEADER.size:
        raise BadFrame(f"measurement data: {len(payload)} bytes are no header")
    kind, stamp, frame_type = HEADER.unpack_from(payload)
    measurement = _measurement(kind)
    if measurement not in OURS:
        return None
    read = FORMATS.get((measurement, frame_type))
    if read is None:
        raise BadFrame(f"measurement data: frame type 0x{frame_type:02x} of {measurement.name} is not known")
    if stamp >= 1 << 63:
        raise BadFrame("measurement data: the time stamp is no time")
    return read(stamp, payload[HEADER.size :])


def _measurement(kind: int) -> Measurement:
    try:
        return Measurement(kind & TYPE_MASK)
    except ValueError:
        raise BadFrame(f"measurement data: type {kind & TYPE_MASK} is not known") from None


def _signed(content: bytes, size: int, columns: int) -> IntArray:
    """(n, columns) of little-endian signed integers of `size` bytes."""
    width = size * columns
    if not content or len(content) % width:
        raise BadFrame(f"measurement data: {len(content)} bytes are no whole number of samples of {width}")
    octets = np.frombuffer(content, np.uint8).reshape(-1, columns, size).astype(np.int64)
    whole: IntArray = (octets << 8 * np.arange(size)).sum(axis=2)
    return whole - ((whole >> 8 * size - 1) << 8 * size)


def _ecg(stamp: int, content: bytes) -> EcgFrame:
    return EcgFrame(stamp, _signed(content, 3, 1)[:, 0])


def _acc(size: int) -> Callable[[int, bytes], AccFrame]:
    return lambda stamp, content: AccFrame(stamp, _signed(content, size, AXES))


def _acc_compressed(*, lsb: bool) -> Callable[[int, bytes], AccFrame]:
    return lambda stamp, content: AccFrame(stamp, _differences(content), lsb)


def _ppi(_stamp: int, content: bytes) -> PpiFrame:
    if len(content) % PPI.size:
        raise BadFrame(f"measurement data: {len(content)} bytes are no whole number of pulse intervals of {PPI.size}")
    return PpiFrame(tuple(_pulse(*fields) for fields in PPI.iter_unpack(content)))


def _pulse(bpm: int, ms: int, error_ms: int, flags: int) -> PulseInterval:
    return PulseInterval(bpm, ms, error_ms, bool(flags & BLOCKED), bool(flags & CONTACT_ON) if flags & CONTACT_KNOWN else None)


OURS = frozenset((Measurement.ECG, Measurement.ACC, Measurement.PPI))
FORMATS: Mapping[tuple[Measurement, int], Callable[[int, bytes], DataFrame]] = {
    (Measurement.ECG, 0): _ecg,
    (Measurement.ACC, 0): _acc(1),
    (Measurement.ACC, 1): _acc(2),
    (Measurement.ACC, 2): _acc(3),
    (Measurement.ACC, COMPRESSED | 0): _acc_compressed(lsb=True),
    (Measurement.ACC, COMPRESSED | 1): _acc_compressed(lsb=False),
    (Measurement.PPI, 0): _ppi,
}
"""By measurement and the whole byte of the frame type. An H10 sends ECG 0 and ACC 1, a Verity Sense ACC 0x81, which is in mg as
frames that its owners have published show: one g at rest."""


def _differences(content: bytes) -> IntArray:
    """(n, 3) samples of a compressed frame: the first one whole, then blocks of differences to the sample before."""
    first = COUNT_BITS // 8 * AXES
    parts = [_signed(content[:first], COUNT_BITS // 8, AXES)] if len(content) >= first else []
    if not parts:
        raise BadFrame(f"measurement data: {len(content)} bytes end before the first sample does")
    samples, at = 1, first
    while at < len(content):
        if at + 2 > len(content):
            raise BadFrame("measurement data: a block of differences ends before its header does")
        bits, count = content[at], content[at + 1]
        samples += count
        stop = at + 2 + (bits * count * AXES + 7) // 8
        if bits > COUNT_BITS + 1 or samples > MOST_SAMPLES or stop > len(content):
            raise BadFrame(f"measurement data: {len(content)} bytes hold no {samples} samples with differences of {bits} bits")
        parts.append(_unpacked(content[at + 2 : stop], bits, count))
        at = stop
    xyz = np.cumsum(np.concatenate(parts), axis=0)
    if np.abs(xyz * 2 + 1).max() > 1 << COUNT_BITS:
        raise BadFrame(f"measurement data: differences lead out of {COUNT_BITS} bits")
    return xyz


def _unpacked(block: bytes, bits: int, count: int) -> IntArray:
    """(count, 3) signed differences of `bits` bits each, one behind the other from the lowest bit on."""
    if not bits:
        return np.zeros((count, AXES), np.int64)
    ones = np.unpackbits(np.frombuffer(block, np.uint8), bitorder="little")[: bits * count * AXES].reshape(count, AXES, bits)
    worth = 1 << np.arange(bits, dtype=np.int64)
    worth[-1] = -worth[-1]
    steps: IntArray = (ones * worth).sum(axis=2)
    return steps


# ---------------------------------------------------------------- values to bytes


def encode_ecg(frame: EcgFrame) -> bytes:
    """The bytes that `decode_data` reads back; for straps that are made rather than worn."""
    return HEADER.pack(Measurement.ECG, frame.sensor_ns, 0) + _octets(frame.uv[:, np.newaxis], 3)


def encode_acc(frame: AccFrame, *, size: int = 2) -> bytes:
    """The same of mg, in 1, 2 (an H10) or 3 bytes an axis, which they have to fit."""
    return HEADER.pack(Measurement.ACC, frame.sensor_ns, size - 1) + _octets(frame.xyz, size)


def encode_acc_compressed(frame: AccFrame, *, block: int = 16) -> bytes:
    """The same of 16 bits as differences, in blocks of `block` samples, each as narrow as its widest difference allows."""
    steps = np.diff(frame.xyz, axis=0)
    blocks = b"".join(_packed(steps[at : at + block]) for at in range(0, len(steps), block))
    frame_type = COMPRESSED | (0 if frame.lsb else 1)
    return HEADER.pack(Measurement.ACC, frame.sensor_ns, frame_type) + _octets(frame.xyz[:1], COUNT_BITS // 8) + blocks


def encode_ppi(frame: PpiFrame) -> bytes:
    """The same of pulse intervals."""
    return HEADER.pack(Measurement.PPI, 0, 0) + b"".join(PPI.pack(beat.bpm, beat.ms, beat.error_ms, _ppi_flags(beat)) for beat in frame.beats)


def _ppi_flags(beat: PulseInterval) -> int:
    contact = 0 if beat.contact is None else CONTACT_KNOWN | (CONTACT_ON if beat.contact else 0)
    return contact | (BLOCKED if beat.blocked else 0)


def _octets(values: IntArray, size: int) -> bytes:
    if len(values) and np.abs(values * 2 + 1).max() > 1 << 8 * size:
        raise ValueError(f"a sample does not fit {size} bytes")
    return np.stack([values >> 8 * k & 0xFF for k in range(size)], axis=-1).astype(np.uint8).tobytes()


def _packed(steps: IntArray) -> bytes:
    bits = int(np.abs(steps * 2 + 1).max()).bit_length() if steps.any() else 0
    ones = steps[:, :, np.newaxis] >> np.arange(bits) & 1
    return bytes((bits, len(steps))) + np.packbits(ones.astype(np.uint8).ravel(), bitorder="little").tobytes()


# ---------------------------------------------------------------- frames of samples


def decode(payload: bytes) -> tuple[Frame, ...]:
    """The same in the units of the streams: ECG in 0.1 uV, ACC in 0.01 mg or counts, intervals in ticks with what the device thinks of them."""
    said = decode_data(payload)
    return () if said is None else tuple(_frames(said))


def _frames(said: DataFrame) -> Iterator[Frame]:
    match said:
        case EcgFrame():
            yield Frame(Stream.ECG, said.uv * TENTHS_UV, sensor_ns=said.sensor_ns or None)
        case AccFrame():
            yield Frame(Stream.ACC, said.xyz if said.lsb else said.xyz * HUNDREDTHS_MG, sensor_ns=said.sensor_ns or None, lsb=said.lsb)
        case PpiFrame():
            contact = said.beats[-1].contact if said.beats else None
            flags = [Flag.OK if beat.good else Flag.UNTRUSTED for beat in said.beats]
            yield Frame(Stream.RR, _column([_ticks(beat.ms) for beat in said.beats]), contact, flags=_column(flags))
            yield Frame(Stream.HR, _column([beat.bpm * MILLI for beat in said.beats if beat.bpm]), contact)


def _ticks(ms: int) -> int:
    """The nearest tick; none lies half-way between two."""
    return (ms * 256 + 125) // 250


def _column(values: list[int] | list[Flag]) -> IntArray:
    return np.array(values, np.int64)


PMD = register(Decoder(CHARACTERISTIC, LATE_NS, decode))
