"""Movesense's own service (GATT SensorData Protocol, 34802252-...): acceleration, ECG and heart rate of a Movesense sensor. Notifications
34800002, commands 34800001.

Bytes in, values out, and back. From the protocol's public description (Movesense, GD-77 1.0), the API descriptions of `/Meas/Acc`,
`/Meas/ECG` and `/Meas/HR`, and the firmware's published example. A notification names neither what it carries nor how fast: it repeats a
number that the subscriber chose. So the numbers here stand for a resource and its rate, one each, and every notification can be read alone.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.streams import Decoder, Frame, Told, register
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import FloatArray, IntArray, Stream

CHARACTERISTIC, SENT = "34800002", "34800001>"
"""What the sensor notifies; and commands as the program wrote them, kept beside it."""
LATE_NS: Mapping[Stream, int] = {Stream.ACC: 6 * SECOND_NS, Stream.ECG: 6 * SECOND_NS, Stream.RR: 6 * SECOND_NS, Stream.HR: 6 * SECOND_NS}
"""Contracts, section 2; waves are as late as heartbeats (`ingest.straps.pmd.LATE_NS`)."""


class Op(IntEnum):
    """What a command asks for."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2


RESULT, DATA, DATA_PART_2 = 1, 2, 3
"""First byte of a notification: an answer to a command, data, or the rest of data that one notification could not hold."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What can be subscribed to. `rate_hz` 0: whenever there is a beat."""

    path: str
    stream: Stream
    rate_hz: int = 0


RESOURCES: Mapping[int, Resource] = {
    **{0x10 + k: Resource(f"/Meas/Acc/{rate}", Stream.ACC, rate) for k, rate in enumerate((13, 26, 52, 104, 208))},
    **{0x20 + k: Resource(f"/Meas/ECG/{rate}", Stream.ECG, rate) for k, rate in enumerate((125, 128, 200, 250, 256, 500, 512))},
    0x30: Resource("/Meas/HR", Stream.HR),
}
"""By the number that stands for it in commands and notifications."""

G_MS2 = 9.80665
MOST_MS2 = 400.0
"""The widest range is 16 g, 157 m/s2; what is far beyond is no acceleration."""
MOST_BPM = 1000.0
ECG_TENTHS_UV = (15_625, 4096)
"""A count is 1/20/2^17 V (Movesense), in 0.1 uV this fraction."""
HUNDREDTHS_MG, MILLI, MS_NS = 100_000, 1000, 1_000_000
OK_STATUS = range(200, 300)
MOST_STATUS = 599


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `path` only of a subscription."""

    op: Op
    reference: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a command, as HTTP would give it: 200 for done, 404 for a resource that is not there."""

    reference: int
    status: int

    @property
    def ok(self) -> bool:
        return self.status in OK_STATUS


@dataclass(frozen=True, slots=True, eq=False)
class AccPacket:
    """`ms2`: (n, 3) m/s2. `first_ms`: the sensor's clock at the first sample, in ms since it was switched on; it begins anew after 49.7 days."""

    reference: int
    first_ms: int
    ms2: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class EcgPacket:
    """`counts`: (n,) of the sensor. `first_ms`: as in `AccPacket`."""

    reference: int
    first_ms: int
    counts: IntArray


@dataclass(frozen=True, slots=True)
class BeatPacket:
    """Mean heart rate, and the intervals of the beats since the last packet, in ms. It carries no time."""

    reference: int
    bpm: float
    rr_ms: tuple[int, ...] = ()


Packet = AccPacket | EcgPacket | BeatPacket


# ---------------------------------------------------------------- commands


def subscribe(stream: Stream, rate_hz: int = 0) -> bytes:
    """Asks for a stream; ValueError for a rate that the sensor has not.

    >>> subscribe(Stream.ACC, 26)
    b'\\x01\\x11/Meas/Acc/26'
    """
    reference = reference_of(stream, rate_hz)
    return encode_command(Command(Op.SUBSCRIBE, reference, RESOURCES[reference].path))


def unsubscribe(stream: Stream, rate_hz: int = 0) -> bytes:
    """Ends a subscription."""
    return encode_command(Command(Op.UNSUBSCRIBE, reference_of(stream, rate_hz)))


def reference_of(stream: Stream, rate_hz: int = 0) -> int:
    """The number that stands for a stream at a rate."""
    for reference, resource in RESOURCES.items():
        if (resource.stream, resource.rate_hz) == (stream, rate_hz):
            return reference
    raise ValueError(f"a Movesense has no {stream} at {rate_hz} Hz")


def encode_command(command: Command) -> bytes:
    """The bytes that `decode_command` reads back."""
    return bytes((command.op, command.reference)) + command.path.encode("ascii")


def decode_command(payload: bytes) -> Command:
    """What was asked; BadFrame for bytes that are no command."""
    if len(payload) < 2 or payload[0] not in tuple(Op):
        raise BadFrame(f"movesense: {len(payload)} bytes are no command")
    try:
        return Command(Op(payload[0]), payload[1], payload[2:].decode("ascii"))
    except UnicodeDecodeError:
        raise BadFrame(f"movesense: a path of {len(payload) - 2} bytes is not ASCII") from None


# ---------------------------------------------------------------- notifications


def decode_notification(payload: bytes) -> Result | Packet | None:
    """One notification; None for the second part of one that was too long, which the rates here never need where 70 bytes go at once.

    BadFrame for data of a number that nobody subscribed with, and for data cut short.
    """
    if len(payload) < 2:
        raise BadFrame(f"movesense: {len(payload)} bytes are no notification")
    kind, reference, content = payload[0], payload[1], payload[2:]
    if kind == DATA_PART_2:
        return None
    if kind == RESULT:
        return _result(reference, content)
    resource = RESOURCES.get(reference)
    if kind != DATA or resource is None:
        raise BadFrame(f"movesense: notification {kind} for number {reference} is not known")
    return _READ[resource.stream](reference, content)


def _result(reference: int, content: bytes) -> Result:
    """Little-endian; the firmware's example writes one of its answers (507) the other way round."""
    if len(content) < 2:
        raise BadFrame(f"movesense: an answer of {len(content)} bytes has no status")
    little, big = int.from_bytes(content[:2], "little"), int.from_bytes(content[:2], "big")
    return Result(reference, big if little > MOST_STATUS >= big else little)


def _samples(content: bytes, kind: str, width: int) -> tuple[int, NDArray[Any]]:
    """Time of the first sample, and the samples behind it."""
    if len(content) < 4 + width or (len(content) - 4) % width:
        raise BadFrame(f"movesense: {len(content)} bytes are no time and whole number of samples of {width}")
    return int.from_bytes(content[:4], "little"), np.frombuffer(content, kind, offset=4)


def _acc(reference: int, content: bytes) -> AccPacket:
    first_ms, values = _samples(content, "<f4", 12)
    ms2 = values.astype(np.float64).reshape(-1, 3)
    if not np.all(np.abs(ms2) <= MOST_MS2):
        raise BadFrame("movesense: that is no acceleration of a body")
    return AccPacket(reference, first_ms, ms2)


def _ecg(reference: int, content: bytes) -> EcgPacket:
    first_ms, values = _samples(content, "<i4", 4)
    return EcgPacket(reference, first_ms, values.astype(np.int64))


def _beats(reference: int, content: bytes) -> BeatPacket:
    if len(content) < 4 or len(content) % 2:
        raise BadFrame(f"movesense: {len(content)} bytes are no rate and whole number of 16-bit intervals")
    bpm, *rr_ms = struct.unpack(f"<f{len(content) // 2 - 2}H", content)
    if not 0 <= bpm <= MOST_BPM:
        raise BadFrame("movesense: that is no heart rate")
    return BeatPacket(reference, bpm, tuple(rr_ms))


_READ: Mapping[Stream, Callable[[int, bytes], Packet]] = {Stream.ACC: _acc, Stream.ECG: _ecg, Stream.HR: _beats}


def encode_result(result: Result) -> bytes:
    """The bytes that `decode_notification` reads back; for sensors that are made rather than worn."""
    return struct.pack("<BBH", RESULT, result.reference, result.status)


def encode_packet(packet: Packet) -> bytes:
    """The same of data."""
    head = bytes((DATA, packet.reference))
    match packet:
        case AccPacket():
            return head + struct.pack("<I", packet.first_ms) + packet.ms2.astype("<f4").tobytes()
        case EcgPacket():
            return head + struct.pack("<I", packet.first_ms) + packet.counts.astype("<i4").tobytes()
        case BeatPacket():
            return head + struct.pack(f"<f{len(packet.rr_ms)}H", packet.bpm, *packet.rr_ms)


# ---------------------------------------------------------------- frames of samples


def decode(payload: bytes) -> tuple[Frame, ...]:
    """The same in the units of the streams; an answer gives no frame.

    The sensor's clock is a 32-bit one of milliseconds: where it begins anew it goes back, as one that was set does.
    """
    match said := decode_notification(payload):
        case AccPacket():
            values = np.rint(said.ms2 * (HUNDREDTHS_MG / G_MS2)).astype(np.int64)
            return (Frame(Stream.ACC, values, sensor_ns=_last_ns(said, len(values))),)
        case EcgPacket():
            by, part = ECG_TENTHS_UV
            return (Frame(Stream.ECG, (2 * by * said.counts + part) // (2 * part), sensor_ns=_last_ns(said, len(said.counts))),)
        case BeatPacket():
            ticks = np.array([(ms * 256 + 125) // 250 for ms in said.rr_ms], np.int64)
            rate = round(said.bpm * MILLI)
            return (Frame(Stream.RR, ticks), Frame(Stream.HR, np.array([rate] if rate else [], np.int64)))
        case _:
            return ()


def _last_ns(packet: AccPacket | EcgPacket, count: int) -> int:
    """The sensor's clock at the last of its samples, which the stamp of the first one tells by the nominal rate."""
    return packet.first_ms * MS_NS + (count - 1) * SECOND_NS // RESOURCES[packet.reference].rate_hz


def decode_sent(payload: bytes) -> tuple[Told, ...]:
    """What a subscription asks of its stream; other commands, and beats, which have no rate, ask nothing."""
    command = decode_command(payload)
    resource = RESOURCES.get(command.reference)
    if command.op is not Op.SUBSCRIBE or resource is None or not resource.rate_hz:
        return ()
    return (Told(resource.stream, float(resource.rate_hz)),)


MOVESENSE = register(Decoder(CHARACTERISTIC, LATE_NS, decode))
MOVESENSE_SENT = register(Decoder(SENT, {}, decode_sent))
