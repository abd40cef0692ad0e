"""The registry of decoders: bytes of one characteristic -> frames of samples. A strap joins by registering here, and nowhere else.

Knows formats; knows nothing of time, connections or files. Bytes that do not follow their format raise BadFrame; no bytes at all do more.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import IntArray, Stream


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What one notification says of one stream: `values` (n,) or (n, 3), oldest first; `contact` where the device tells it.

    `sensor_ns`: the device's own clock at the last sample, None where the format carries no time. `flags` (n,): what the device itself says
    of its intervals (`Flag`). `lsb`: the values are counts of the sensor, and want the factor that the device named when the stream began.
    """

    stream: Stream
    values: IntArray
    contact: bool | None = None
    sensor_ns: int | None = None
    flags: IntArray | None = None
    lsb: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a device says of a stream that it has begun: samples a second, 0 where it does not say; and for counts of the sensor how many g
    one is."""

    stream: Stream
    rate_hz: float
    factor_g: float | None = None


Decode = Callable[[bytes], tuple[Frame | Told, ...]]


@dataclass(frozen=True, slots=True)
class Decoder:
    """A characteristic as the clocking needs it: how to read it, the streams it tells of, and how late samples of each may come (contracts,
    section 2)."""

    characteristic: str
    late_ns: Mapping[Stream, int]
    decode: Decode

    @property
    def streams(self) -> frozenset[Stream]:
        return frozenset(self.late_ns)


RR_LATENESS_NS = 6 * SECOND_NS
"""A heart-rate notification tells of beats up to this much older than its arrival."""


def decode_rr(payload: bytes) -> tuple[Frame, ...]:
    """Intervals as unsigned 16-bit little-endian ticks of 1/1024 s, oldest first; none is a notification without a beat.

    An interval of 0 is passed on: the clocking counts it as refused.

    >>> [frame.values.tolist() for frame in decode_rr(bytes.fromhex("00040204"))]
    [[1024, 1026]]
    """
    if len(payload) % 2:
        raise BadFrame(f"somalink.rr: {len(payload)} bytes are no whole number of 16-bit intervals: {payload.hex()}")
    ticks = struct.unpack(f"<{len(payload) // 2}H", payload)
    return (Frame(Stream.RR, np.array(ticks, np.int64)),)


def encode_rr(ticks: IntArray) -> bytes:
    """The bytes that `decode_rr` reads back; for sources that make beats rather than receive them."""
    return struct.pack(f"<{len(ticks)}H", *ticks.tolist())


DECODERS: dict[str, Decoder] = {}
"""By characteristic."""


def register(decoder: Decoder) -> Decoder:
    """Add a decoder; a characteristic has one."""
    if decoder.characteristic in DECODERS:
        raise ValueError(f"{decoder.characteristic} is registered already")
    DECODERS[decoder.characteristic] = decoder
    return decoder


RR = register(Decoder("somalink.rr", {Stream.RR: RR_LATENESS_NS}, decode_rr))
