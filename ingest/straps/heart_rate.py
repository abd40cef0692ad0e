"""Heart Rate Measurement, characteristic 0x2A37: what every chest strap sends, and every watch that broadcasts.

Bluetooth SIG, Heart Rate Service 1.0, section 3.1, and GATT Specification Supplement, section 3.113. Bytes in, values out; knows nothing of
time, since the format carries none.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.streams import Decoder, Frame, register
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

CHARACTERISTIC = "2a37"
LATENESS_NS = 6 * SECOND_NS
"""A notification may tell of beats this much older than its arrival (contracts, section 2): straps batch, radios stall."""

WIDE, CONTACT_ON, CONTACT_KNOWN, ENERGY, INTERVALS = (1 << bit for bit in range(5))
"""The flag bits. Contact-on means something only where contact-known is set; bits 5-7 are reserved and passed over."""
MILLI = 1000


@dataclass(frozen=True, slots=True)
class HeartRateMeasurement:
    """One notification. `contact` None: the device cannot tell. `rr_ticks` oldest first, in 1/1024 s; none is normal below 60 bpm."""

    bpm: int
    rr_ticks: tuple[int, ...] = ()
    contact: bool | None = None
    energy_kj: int | None = None


def decode_measurement(payload: bytes) -> HeartRateMeasurement:
    """The fields of one notification; BadFrame when they are cut short.

    Bytes after the last announced field are passed over: devices pad.

    >>> decode_measurement(bytes.fromhex("1648 0004 0204"))
    HeartRateMeasurement(bpm=72, rr_ticks=(1024, 1026), contact=True, energy_kj=None)
    """
    if not payload:
        raise BadFrame("heart rate measurement: no bytes at all")
    flags, at = payload[0], 1
    bpm, at = _unsigned(payload, at, 2 if flags & WIDE else 1, "heart rate")
    energy = None
    if flags & ENERGY:
        energy, at = _unsigned(payload, at, 2, "energy")
    contact = bool(flags & CONTACT_ON) if flags & CONTACT_KNOWN else None
    return HeartRateMeasurement(bpm, _intervals(payload[at:]) if flags & INTERVALS else (), contact, energy)


def _unsigned(payload: bytes, at: int, size: int, what: str) -> tuple[int, int]:
    if at + size > len(payload):
        raise BadFrame(f"heart rate measurement: {len(payload)} bytes end before the {what} does")
    return int.from_bytes(payload[at : at + size], "little"), at + size


def _intervals(rest: bytes) -> tuple[int, ...]:
    if len(rest) % 2:
        raise BadFrame(f"heart rate measurement: {len(rest)} bytes are no whole number of 16-bit intervals")
    return struct.unpack(f"<{len(rest) // 2}H", rest)


def encode_measurement(measurement: HeartRateMeasurement) -> bytes:
    """The bytes that `decode_measurement` reads back; for straps that are made rather than worn. The rate takes two bytes from 256 bpm on."""
    flags = WIDE if measurement.bpm > 0xFF else 0
    flags |= INTERVALS if measurement.rr_ticks else 0
    flags |= 0 if measurement.contact is None else CONTACT_KNOWN | (CONTACT_ON if measurement.contact else 0)
    fields: list[int] = []
    if measurement.energy_kj is not None:
        flags |= ENERGY
        fields.append(measurement.energy_kj)
    rate = measurement.bpm.to_bytes(2 if flags & WIDE else 1, "little")
    return bytes([flags]) + rate + struct.pack(f"<{len(fields) + len(measurement.rr_ticks)}H", *fields, *measurement.rr_ticks)


def decode(payload: bytes) -> tuple[Frame, ...]:
    """The same as frames of samples: intervals in ticks, and the device's own rate in milli-bpm. A rate of 0 is no rate."""
    said = decode_measurement(payload)
    return (
        Frame(Stream.RR, _column(said.rr_ticks), said.contact),
        Frame(Stream.HR, _column((said.bpm * MILLI,) if said.bpm else ()), said.contact),
    )


def _column(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


HEART_RATE = register(Decoder(CHARACTERISTIC, dict.fromkeys((Stream.RR, Stream.HR), LATENESS_NS), decode))
