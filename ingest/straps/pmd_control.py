"""The control point of Polar Measurement Data: which measurements a device offers and with which settings, and starting and stopping them.
Characteristic FB005C81.

Commands to bytes, replies from bytes, and both ways round for devices that are made rather than worn. Polar Measurement Data Specification
1.0; field widths as Polar's SDK has them. A reply to a start often says nothing of what was started, so the program keeps the command that
it sent as a row of its own (`SENT`), and the two together tell rate and scale of a stream.
"""

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ingest.straps.pmd import Measurement
from ingest.streams import Decoder, Told, register
from somalink.domain.errors import BadFrame
from somalink.domain.types import Stream

CHARACTERISTIC = "fb005c81"
SENT = "fb005c81>"
"""Commands as the program wrote them, kept beside the replies."""
REPLY, FEATURES = 0xF0, 0x0F
"""First bytes of a reply to a command, and of what reading the control point gives."""
FEATURE_BYTES = 8


class Op(IntEnum):
    """What a command asks for."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3


class Status(IntEnum):
    """What a device answers."""

    SUCCESS = 0
    INVALID_OP = 1
    INVALID_MEASUREMENT = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY_IN_STATE = 6
    INVALID_RESOLUTION = 7
    INVALID_SAMPLE_RATE = 8
    INVALID_RANGE = 9
    INVALID_MTU = 10
    INVALID_CHANNELS = 11
    INVALID_STATE = 12
    CHARGER = 13


class Setting(IntEnum):
    """What can be set of a measurement, by its number on the wire."""

    SAMPLE_RATE = 0
    RESOLUTION = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4
    FACTOR = 5


FIELDS: Mapping[int, struct.Struct] = {
    Setting.SAMPLE_RATE: struct.Struct("<H"),
    Setting.RESOLUTION: struct.Struct("<H"),
    Setting.RANGE: struct.Struct("<H"),
    Setting.RANGE_MILLI: struct.Struct("<I"),
    Setting.CHANNELS: struct.Struct("<B"),
    Setting.FACTOR: struct.Struct("<f"),
    6: struct.Struct("<16s"),
    7: struct.Struct("<B"),
    8: struct.Struct("<B"),
    9: struct.Struct("<H"),
    10: struct.Struct("<I"),
    11: struct.Struct("<I"),
    12: struct.Struct("<B"),
}
"""How wide a value of each setting is. Those from 6 on (encryption and measurements derived from others) are stepped over: without their
width nothing behind them could be read."""

Settings = Mapping[Setting, tuple[float, ...]]
"""Values of each setting: all that a device offers, or the one that a command chooses. Hz, bits, g (ECG: mV), channels, g a count."""

STREAMS: Mapping[Measurement, Stream] = {Measurement.ECG: Stream.ECG, Measurement.ACC: Stream.ACC}
"""Measurements whose samples come at a rate."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `settings` only of a start."""

    op: Op
    measurement: Measurement
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `op`, `measurement`, `status`: a member where it is known, else the bare number. `more`: another part follows."""

    op: int
    measurement: int
    status: int
    more: bool = False
    settings: Settings = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status == Status.SUCCESS

    @property
    def word(self) -> str:
        """The status in a word, as `invalid_mtu`; `status_77` for one that nobody knows."""
        return self.status.name.lower() if isinstance(self.status, Status) else f"status_{self.status}"


# ---------------------------------------------------------------- commands


def get_settings(measurement: Measurement) -> bytes:
    """Asks what a device offers for a measurement."""
    return encode_command(Command(Op.GET_SETTINGS, measurement))


def start(measurement: Measurement, settings: Settings) -> bytes:
    """Starts a measurement.

    >>> start(Measurement.ACC, {Setting.SAMPLE_RATE: (200,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,)}).hex(" ")
    '02 02 00 01 c8 00 01 01 10 00 02 01 08 00'
    """
    return encode_command(Command(Op.START, measurement, settings))


def stop(measurement: Measurement) -> bytes:
    """Stops a measurement."""
    return encode_command(Command(Op.STOP, measurement))


def encode_command(command: Command) -> bytes:
    """The bytes that `decode_command` reads back."""
    return bytes((command.op, command.measurement)) + _encode_settings(command.settings)


def decode_command(payload: bytes) -> Command:
    """What was asked; BadFrame for bytes that are no command of ours."""
    if len(payload) < 2:
        raise BadFrame(f"measurement control: {len(payload)} bytes are no command")
    try:
        op, measurement = Op(payload[0]), Measurement(payload[1])
    except ValueError:
        raise BadFrame(f"measurement control: command {payload[0]} for measurement {payload[1]} is not known") from None
    return Command(op, measurement, _decode_settings(payload[2:]))


# ---------------------------------------------------------------- replies


def decode_reply(payload: bytes) -> Reply:
    """The fields of an answer; a status or measurement that nobody knows is kept as its number. BadFrame when it is cut short.

    An answer that refuses may end with its status. Settings are read from answers that grant, of settings and starts only.

    >>> decode_reply(bytes.fromhex("f001000a")).word
    'invalid_mtu'
    """
    if len(payload) < 4 or payload[0] != REPLY:
        raise BadFrame(f"measurement control: {len(payload)} bytes are no reply")
    op, measurement, status = _known(Op, payload[1]), _known(Measurement, payload[2]), _known(Status, payload[3])
    settings = _decode_settings(payload[5:]) if status == Status.SUCCESS and op in (Op.GET_SETTINGS, Op.START) else {}
    return Reply(op, measurement, status, bool(payload[4]) if len(payload) > 4 else False, settings)


def encode_reply(reply: Reply) -> bytes:
    """The bytes that `decode_reply` reads back."""
    return bytes((REPLY, reply.op, reply.measurement, reply.status, reply.more)) + _encode_settings(reply.settings)


def _known(kind: type[IntEnum], number: int) -> int:
    try:
        return kind(number)
    except ValueError:
        return number


def decode_features(payload: bytes) -> frozenset[Measurement]:
    """Which measurements a device offers, of those we know: one bit each behind the first byte. What reading the control point gives.

    >>> sorted(decode_features(bytes.fromhex("0f05")))
    [<Measurement.ECG: 0>, <Measurement.ACC: 2>]
    """
    if len(payload) < 2 or payload[0] != FEATURES:
        raise BadFrame(f"measurement control: {len(payload)} bytes are no features")
    bits = int.from_bytes(payload[1:], "little")
    return frozenset(each for each in Measurement if bits >> each & 1)


def encode_features(measurements: Iterable[Measurement]) -> bytes:
    """The bytes that `decode_features` reads back."""
    return bytes((FEATURES,)) + sum(1 << each for each in set(measurements)).to_bytes(FEATURE_BYTES, "little")


# ---------------------------------------------------------------- settings


def _decode_settings(parameters: bytes) -> Settings:
    """Type, count and so many values, over and over; BadFrame when they are cut short or of a width that nobody knows.

    One byte alone is none: an H10 ends its answer to a start with a 0 that stands for nothing.
    """
    settings: dict[Setting, tuple[float, ...]] = {}
    if len(parameters) == 1:
        return settings
    at = 0
    while at < len(parameters):
        width = FIELDS.get(parameters[at])
        count = parameters[at + 1] if at + 1 < len(parameters) else -1
        stop = at + 2 + (width.size * count if width else 0)
        if width is None or count < 0 or stop > len(parameters):
            raise BadFrame(f"measurement control: {len(parameters)} bytes of settings cannot be read behind byte {at}")
        if isinstance(kind := _known(Setting, parameters[at]), Setting):
            settings[kind] = tuple(value for (value,) in width.iter_unpack(parameters[at + 2 : stop]))
        at = stop
    return settings


def _encode_settings(settings: Settings) -> bytes:
    return b"".join(bytes((kind, len(values))) + b"".join(map(FIELDS[kind].pack, values)) for kind, values in sorted(settings.items()))


def choose(offered: Settings, wanted: Settings) -> Settings:
    """One value for each setting that is to be sent: the wanted one where it is offered, else the nearest above, else the greatest.

    A setting that is wanted and not offered is left to the device; one that is offered and not wanted takes its greatest value, since a
    start has to name them all. Where nothing is offered (a device that does not say) everything that is wanted is asked for.
    """
    if not offered:
        return dict(wanted)
    return {kind: (_nearest(values, wanted.get(kind)),) for kind, values in offered.items() if values and kind is not Setting.FACTOR}


def _nearest(values: tuple[float, ...], wanted: tuple[float, ...] | None) -> float:
    least = wanted[0] if wanted else math.inf
    return min((value for value in values if value >= least), default=max(values))


# ---------------------------------------------------------------- what a stream will be like


def decode(payload: bytes) -> tuple[Told, ...]:
    """What a granted start says of its stream. Most say nothing: what the command asked for stands.

    Other answers, and what reading the control point gives, tell of no stream.
    """
    if payload[:1] == bytes((FEATURES,)):
        decode_features(payload)
        return ()
    reply = decode_reply(payload)
    return _told(reply.measurement, reply.settings) if reply.op == Op.START else ()


def decode_sent(payload: bytes) -> tuple[Told, ...]:
    """What a start asks of its stream; other commands ask nothing.

    >>> decode_sent(bytes.fromhex("02020001190001011000020104 00"))
    (Told(stream=<Stream.ACC: 'acc'>, rate_hz=25.0, factor_g=0.0001220703125),)
    """
    command = decode_command(payload)
    return _told(command.measurement, command.settings) if command.op is Op.START else ()


def _told(measurement: int, settings: Settings) -> tuple[Told, ...]:
    stream = next((stream for known, stream in STREAMS.items() if known == measurement), None)
    rate_hz = _first(settings, Setting.SAMPLE_RATE)
    factor_g = _factor_g(settings) if stream is Stream.ACC else None
    return () if stream is None or not (rate_hz or factor_g) else (Told(stream, rate_hz, factor_g),)


def _factor_g(settings: Settings) -> float | None:
    """How many g a count is: as the device says, else as its range, to either side, and its resolution make it."""
    factor = _first(settings, Setting.FACTOR)
    if math.isfinite(factor) and factor > 0:
        return factor
    range_g = _first(settings, Setting.RANGE) or _first(settings, Setting.RANGE_MILLI) / 1000
    bits = _first(settings, Setting.RESOLUTION)
    return 2 * range_g / 2**bits if range_g and 0 < bits <= 32 else None


def _first(settings: Settings, kind: Setting) -> float:
    return float(next(iter(settings.get(kind, ())), 0))


PMD_CONTROL = register(Decoder(CHARACTERISTIC, {}, decode))
PMD_SENT = register(Decoder(SENT, {}, decode_sent))
