"""Movesense's own service from the sensor's side: which paths can be subscribed to, what is answered, and the bytes of what it then sends.

A state machine over bytes. A subscriber chooses the number that its notifications carry; here each stream runs once at most, which is more
than a wearer needs. How many samples a notification holds is made up. Knows nothing of radios, hearts or faults.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from ingest.straps.movesense import (
    ECG_TENTHS_UV,
    G_MS2,
    HUNDREDTHS_MG,
    MS_NS,
    RESOURCES,
    AccPacket,
    Command,
    EcgPacket,
    Op,
    Resource,
    Result,
    decode_command,
    encode_packet,
    encode_result,
)
from ingest.virtual.asking import UNSET_NS, Answer, Begun, Own
from somalink.domain.errors import BadFrame
from somalink.domain.time import SECOND_NS
from somalink.domain.types import IntArray, Stream

SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
CONTROL = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA = "34800002-7185-4d5d-b431-630e7050e8f0"
DONE, MALFORMED, NOT_FOUND, ALREADY, NOT_NOW = 200, 400, 404, 409, 503
SAMPLES: Mapping[Stream, int] = {Stream.ACC: 8, Stream.ECG: 16}
"""In a notification. Its beats come by the heart rate service."""
PATHS: Mapping[str, Resource] = {resource.path: resource for resource in RESOURCES.values() if resource.stream in SAMPLES}
MOST_MG = 8000
CLOCK_MS = 2**32


def movesense() -> Own:
    """The service of a sensor that was just switched on."""
    return Own(SERVICE, CONTROL, DATA, tuple(SAMPLES), Movesense)


class Movesense:
    """One link's subscriptions."""

    def __init__(self) -> None:
        self._running: dict[int, Resource] = {}

    def hear(self, payload: bytes, *, mtu: int, refuses: bool) -> Answer:
        """The answer to a command, and what begins or ends by it."""
        reference = payload[1] if len(payload) > 1 else 0
        try:
            command = decode_command(payload)
        except BadFrame:
            return _said(reference, MALFORMED)
        match command.op:
            case Op.HELLO:
                return _said(reference, DONE)
            case Op.SUBSCRIBE:
                return self._subscribed(command, refuses)
            case Op.UNSUBSCRIBE:
                ended = self._running.pop(reference, None)
                return _said(reference, NOT_FOUND) if ended is None else Answer(encode_result(Result(reference, DONE)), ends=ended.stream)

    def _subscribed(self, command: Command, refuses: bool) -> Answer:
        resource = PATHS.get(command.path)
        if resource is None:
            return _said(command.reference, NOT_FOUND)
        if command.reference in self._running or resource.stream in {each.stream for each in self._running.values()}:
            return _said(command.reference, ALREADY)
        if refuses:
            return _said(command.reference, NOT_NOW)
        self._running[command.reference] = resource
        encode = partial(_acc if resource.stream is Stream.ACC else _ecg, command.reference, resource.rate_hz)
        begun = Begun(resource.stream, float(resource.rate_hz), SAMPLES[resource.stream], encode)
        return Answer(encode_result(Result(command.reference, DONE)), begins=begun)


def _said(reference: int, status: int) -> Answer:
    return Answer(encode_result(Result(reference, status)))


def _acc(reference: int, rate_hz: int, sensor_ns: int, values: IntArray) -> bytes:
    most = MOST_MG * HUNDREDTHS_MG // 1000
    ms2 = np.clip(values, -most, most).astype(np.float64) * (G_MS2 / HUNDREDTHS_MG)
    return encode_packet(AccPacket(reference, _first_ms(rate_hz, sensor_ns, len(values)), ms2))


def _ecg(reference: int, rate_hz: int, sensor_ns: int, values: IntArray) -> bytes:
    by, part = ECG_TENTHS_UV
    counts: IntArray = np.rint(values * (part / by)).astype(np.int64)
    return encode_packet(EcgPacket(reference, _first_ms(rate_hz, sensor_ns, len(values)), np.clip(counts, -(2**31), 2**31 - 1)))


def _first_ms(rate_hz: int, sensor_ns: int, count: int) -> int:
    """Its clock counts milliseconds since it was switched on, in 32 bits, and tells them of the first sample."""
    return round((sensor_ns - UNSET_NS - (count - 1) * SECOND_NS / rate_hz) / MS_NS) % CLOCK_MS
