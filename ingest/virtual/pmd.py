"""Polar Measurement Data from the device's side: what it offers, what it answers to a request, and the bytes of what it then sends.

A state machine over bytes. Answers follow recorded control sessions of an H10: a start without settings is an invalid parameter, on a link
too narrow for a frame every request is an invalid MTU (and that one reply has measurement and request the other way round). Knows nothing
of radios, hearts or faults.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ingest.straps.pmd import (
    HUNDREDTHS_MG,
    TENTHS_UV,
    AccFrame,
    EcgFrame,
    Measurement,
    PpiFrame,
    PulseInterval,
    encode_acc,
    encode_acc_compressed,
    encode_ecg,
    encode_ppi,
)
from ingest.straps.pmd_control import REPLY, Command, Op, Reply, Setting, Settings, Status, decode_command, encode_features, encode_reply
from ingest.virtual.asking import Answer, Begun, Encode, Own
from somalink.domain.errors import BadFrame
from somalink.domain.types import IntArray, Stream

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
WIDE_ENOUGH = 232
"""The longest frame, 229 bytes of ECG, and the three bytes of a notification around it."""
ECG_SAMPLES, ACC_SAMPLES, COMPRESSED_SAMPLES = 73, 36, 30
"""In a frame: of an H10 as recorded; compressed, so many that they fit whatever is felt (a real Verity at rest sends some 70)."""
MOST_UV = 2**23 - 1
MG = 1000
WRONG: Mapping[Setting, Status] = {
    Setting.SAMPLE_RATE: Status.INVALID_SAMPLE_RATE,
    Setting.RESOLUTION: Status.INVALID_RESOLUTION,
    Setting.RANGE: Status.INVALID_RANGE,
    Setting.CHANNELS: Status.INVALID_CHANNELS,
}
OPS, MEASUREMENTS = frozenset(map(int, Op)), frozenset(map(int, Measurement))
FIRST_BATCH_S, BATCH_S = 25, 5
"""When pulse intervals come after their start: science.md section 7, from Polar's documentation."""
MOST_INTERVALS = (WIDE_ENOUGH - 3 - 10) // 6
STEADY_MS, DISTURBED_MS = 3, 60
"""Least error of an interval at rest, and that of one while the wearer moves."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One measurement: its stream, every setting that may be chosen, how many samples go into a frame."""

    stream: Stream
    settings: Settings
    size: int = 0
    compressed: bool = False


Offers = Mapping[Measurement, Offer]
H10_OFFERS: Offers = {
    Measurement.ECG: Offer(Stream.ECG, {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)}, ECG_SAMPLES),
    Measurement.ACC: Offer(Stream.ACC, {Setting.SAMPLE_RATE: (25, 50, 100, 200), Setting.RESOLUTION: (16,), Setting.RANGE: (2, 4, 8)}, ACC_SAMPLES),
}
VERITY_OFFERS: Offers = {
    Measurement.ACC: Offer(
        Stream.ACC,
        {Setting.SAMPLE_RATE: (52,), Setting.RESOLUTION: (16,), Setting.RANGE: (8,), Setting.CHANNELS: (3,)},
        COMPRESSED_SAMPLES,
        compressed=True,
    ),
    Measurement.PPI: Offer(Stream.RR, {}),
}


def polar(offers: Offers) -> Own:
    """The service of a device that offers these."""
    return Own(SERVICE, CONTROL, DATA, tuple(offer.stream for offer in offers.values()), partial(Pmd, offers), encode_features(offers), indicates=True)


class Pmd:
    """One link's control point."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._running: set[Measurement] = set()

    def hear(self, payload: bytes, *, mtu: int, refuses: bool) -> Answer:
        """The reply to a request, and what begins or ends by it."""
        op, number = (*payload[:2], 0, 0)[:2]
        if mtu < WIDE_ENOUGH:
            return Answer(bytes((REPLY, number, op, Status.INVALID_MTU)))
        status, command = self._judged(payload, refuses)
        if command is None or status is not Status.SUCCESS:
            return Answer(encode_reply(Reply(op, number, status)))
        return self._granted(command, self._offers[command.measurement])

    def _judged(self, payload: bytes, refuses: bool) -> tuple[Status, Command | None]:
        """What is wrong with a request, the first thing that is."""
        if len(payload) < 2:
            return Status.INVALID_LENGTH, None
        if payload[0] not in OPS:
            return Status.INVALID_OP, None
        if payload[1] not in MEASUREMENTS:
            return Status.INVALID_MEASUREMENT, None
        if Measurement(payload[1]) not in self._offers:
            return Status.NOT_SUPPORTED, None
        try:
            command = decode_command(payload)
        except BadFrame:
            return Status.INVALID_LENGTH, None
        return self._state(command, refuses), command

    def _state(self, command: Command, refuses: bool) -> Status:
        runs = command.measurement in self._running
        match command.op:
            case Op.START if runs:
                return Status.ALREADY_IN_STATE
            case Op.START if refuses:
                return Status.INVALID_STATE
            case Op.START:
                return _chosen(command.settings, self._offers[command.measurement].settings)
            case Op.STOP if not runs:
                return Status.ALREADY_IN_STATE
            case _:
                return Status.SUCCESS

    def _granted(self, command: Command, offer: Offer) -> Answer:
        reply = Reply(command.op, command.measurement, Status.SUCCESS)
        match command.op:
            case Op.GET_SETTINGS:
                return Answer(encode_reply(Reply(command.op, command.measurement, Status.SUCCESS, settings=offer.settings)))
            case Op.START:
                self._running.add(command.measurement)
                granted = Reply(command.op, command.measurement, Status.SUCCESS)
                return Answer(encode_reply(granted), begins=_begun(offer, command.settings))
            case Op.STOP:
                self._running.discard(command.measurement)
                return Answer(encode_reply(reply), ends=offer.stream)


def _chosen(asked: Settings, offered: Settings) -> Status:
    """Whether a start names one offered value for each setting."""
    for kind, values in offered.items():
        if len(asked.get(kind, ())) != 1:
            return Status.INVALID_PARAMETER
        if asked[kind][0] not in values:
            return WRONG[kind]
    return Status.SUCCESS if asked.keys() <= offered.keys() else Status.INVALID_PARAMETER


def _begun(offer: Offer, asked: Settings) -> Begun:
    if offer.stream is Stream.RR:
        return Begun(offer.stream)
    encode: Encode = _ecg
    if offer.stream is Stream.ACC:
        encode = partial(_mg, most_mg=int(asked[Setting.RANGE][0]) * MG, packed=encode_acc_compressed if offer.compressed else encode_acc)
    return Begun(offer.stream, float(asked[Setting.SAMPLE_RATE][0]), offer.size, encode)


# ---------------------------------------------------------------- what it sends


def _ecg(sensor_ns: int, values: IntArray) -> bytes:
    return encode_ecg(EcgFrame(sensor_ns, _whole(values, TENTHS_UV, MOST_UV)))


def _mg(sensor_ns: int, values: IntArray, *, most_mg: int, packed: Callable[[AccFrame], bytes]) -> bytes:
    return packed(AccFrame(sensor_ns, _whole(values, HUNDREDTHS_MG, most_mg)))


def _whole(values: IntArray, parts: int, most: int) -> IntArray:
    """To the nearest whole unit, as far as the sensor reaches."""
    clipped: IntArray = np.clip(np.rint(values / parts).astype(np.int64), -most, most)
    return clipped


def intervals(beats: Sequence[PulseInterval]) -> bytes:
    """A batch of pulse intervals, the newest where they are too many."""
    return encode_ppi(PpiFrame(tuple(beats[-MOST_INTERVALS:])))


def pulse(number: int, ticks: int, bpm: int, *, disturbed: bool) -> PulseInterval:
    """A beat as an optical sensor tells it: its error is a few ms at rest, and large, with the mark of movement, while the wearer moves."""
    ms = min(round(ticks / 1.024), 0xFFFF)
    return PulseInterval(min(bpm, 0xFF), ms, DISTURBED_MS if disturbed else STEADY_MS + number % 5, blocked=disturbed, contact=True)
