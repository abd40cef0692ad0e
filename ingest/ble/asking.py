"""A device's own streams on one connection: asked for, begun, begun anew when they fall silent, ended.

Knows what commands and answers mean, and nothing of samples: what comes goes on as bytes, and so does every command that was sent, since
without it nobody could tell later at which rate a stream ran. A device that refuses, or does not answer, keeps its heartbeats all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ingest.ble.leaving import within
from ingest.ble.link import Link
from ingest.ble.patience import Patience
from ingest.ble.trouble import done_without
from ingest.devices.catalogue import Family, Want
from ingest.straps import movesense, pmd, pmd_control
from ingest.straps.movesense import Result
from ingest.straps.pmd import Measurement
from ingest.straps.pmd_control import Op, Reply, Setting, Settings, Status
from somalink.domain.errors import BadFrame
from somalink.domain.types import Stream

Keep = Callable[[str, bytes], None]
"""Takes a row: which characteristic, and its bytes."""

NO_ANSWER = "no_answer"
"""The word for a device that was asked and said nothing; the others are its own (`pmd_control.Status`)."""
ALREADY = Status.ALREADY_IN_STATE.name.lower()
POLAR = "02e7-f387-1cad-8acd2d8df0c8"
MOVESENSE = "7185-4d5d-b431-630e7050e8f0"
"""The rest of the number of whatever is Polar's own, and Movesense's."""
MOVESENSE_COMMANDS = "34800001"
MEASUREMENTS: Mapping[Stream, Measurement] = {Stream.ACC: Measurement.ACC, Stream.ECG: Measurement.ECG, Stream.RR: Measurement.PPI}
"""By what Polar calls them; optical intervals are the beats of a device that has no other."""
OF_MEASUREMENT: Mapping[int, Stream] = {int(measurement): stream for stream, measurement in MEASUREMENTS.items()}


class Own(Protocol):
    """The streams of one device on one link. `came_at`: when each brought something last, by the loop's clock."""

    came_at: dict[Stream, float]

    async def listen(self) -> None:
        """Hear answers and samples from now on; a second time it does nothing."""

    async def start(self, want: Want) -> str:
        """Begin a stream; empty when it runs, else why it does not, in a word."""

    async def stop(self, stream: Stream) -> str:
        """End one."""


@dataclass(slots=True)
class Begun:
    """What became of asking: streams that run, and why others do not."""

    running: list[Stream] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


async def begin(own: Own, wants: Iterable[Want]) -> Begun:
    """Asks for each in turn. Raises RADIO_ERRORS only where the link itself does not hear."""
    begun = Begun()
    await own.listen()
    for want in wants:
        why = await own.start(want)
        if why:
            begun.refused[want.stream.value] = why
        else:
            begun.running.append(want.stream)
    return begun


class PolarStreams:
    """Polar Measurement Data: commands to a control point, answers as indications, samples as notifications."""

    def __init__(self, link: Link, keep: Keep, patience: Patience) -> None:
        self._link, self._keep, self._patience = link, keep, patience
        self.came_at: dict[Stream, float] = {}
        self._answers: asyncio.Queue[Reply] = asyncio.Queue()
        self._asking = asyncio.Lock()

    @staticmethod
    def offered(link: Link) -> bool:
        """Whether the device has them at all."""
        return link.has(pmd_uuid(pmd_control.CHARACTERISTIC)) and link.has(pmd_uuid(pmd.CHARACTERISTIC))

    async def listen(self) -> None:
        await self._link.listen(pmd_uuid(pmd_control.CHARACTERISTIC), self._answered)
        await self._link.listen(pmd_uuid(pmd.CHARACTERISTIC), self._came)

    async def start(self, want: Want) -> str:
        measurement, why = MEASUREMENTS[want.stream], NO_ANSWER
        with done_without():
            async with self._asking:
                chosen = await self._negotiated(measurement, want)
                why = await self._ask(pmd_control.start(measurement, chosen), Op.START, measurement)
                if why == ALREADY:  # by a link that ended without a word, at a rate nobody here knows
                    await self._ask(pmd_control.stop(measurement), Op.STOP, measurement)
                    why = await self._ask(pmd_control.start(measurement, chosen), Op.START, measurement)
        return why

    async def stop(self, stream: Stream) -> str:
        measurement, why = MEASUREMENTS[stream], NO_ANSWER
        with done_without():
            async with self._asking:
                why = await self._ask(pmd_control.stop(measurement), Op.STOP, measurement)
        return why

    async def _negotiated(self, measurement: Measurement, want: Want) -> Settings:
        """What the device offers that is nearest to what is wanted; of one that refuses to say, what is wanted."""
        wanted = _settings(want)
        if not wanted:
            return {}
        offer = await self._answer(pmd_control.get_settings(measurement), Op.GET_SETTINGS, measurement)
        return pmd_control.choose(offer.settings, wanted)

    async def _ask(self, command: bytes, op: Op, measurement: Measurement) -> str:
        """Empty when it was granted, else the device's word."""
        answer = await self._answer(command, op, measurement)
        return "" if answer.ok else answer.word

    async def _answer(self, command: bytes, op: Op, measurement: Measurement) -> Reply:
        """Sends a command and waits for its own answer; one that came late to an earlier question is nobody's."""
        while not self._answers.empty():
            self._answers.get_nowait()
        self._keep(pmd_control.SENT, command)
        await self._link.write(pmd_uuid(pmd_control.CHARACTERISTIC), command)
        return await within(self._patience.command, self._answer_to(op, measurement))

    async def _answer_to(self, op: Op, measurement: Measurement) -> Reply:
        while True:
            answer = await self._answers.get()
            # A link that is too narrow for a stream is refused with operation and measurement the other way round (recorded).
            if (answer.op, answer.measurement) == (op, measurement) or answer.status == Status.INVALID_MTU:
                return answer

    def _came(self, payload: bytes) -> None:
        self._keep(pmd.CHARACTERISTIC, payload)
        stream = OF_MEASUREMENT.get(payload[0] & pmd.TYPE_MASK) if payload else None
        if stream is not None:
            self.came_at[stream] = asyncio.get_running_loop().time()

    def _answered(self, payload: bytes) -> None:
        self._keep(pmd_control.CHARACTERISTIC, payload)
        try:
            self._answers.put_nowait(pmd_control.decode_reply(payload))
        except BadFrame:
            return  # it is kept; whoever waits goes on waiting for one that can be read


class MovesenseStreams:
    """Movesense's own service: subscriptions by number, answered and served by one characteristic."""

    def __init__(self, link: Link, keep: Keep, patience: Patience) -> None:
        self._link, self._keep, self._patience = link, keep, patience
        self.came_at: dict[Stream, float] = {}
        self._running: dict[Stream, int] = {}
        self._answers: asyncio.Queue[Result] = asyncio.Queue()
        self._asking = asyncio.Lock()

    @staticmethod
    def offered(link: Link) -> bool:
        """Whether its firmware has the service."""
        return link.has(movesense_uuid(movesense.CHARACTERISTIC)) and link.has(movesense_uuid(MOVESENSE_COMMANDS))

    async def listen(self) -> None:
        await self._link.listen(movesense_uuid(movesense.CHARACTERISTIC), self._heard)

    async def start(self, want: Want) -> str:
        why = NO_ANSWER
        with done_without():
            async with self._asking:
                why = await self._ask(movesense.subscribe(want.stream, want.rate_hz))
        if not why:
            self._running[want.stream] = want.rate_hz
        return why

    async def stop(self, stream: Stream) -> str:
        why = NO_ANSWER
        with done_without():
            async with self._asking:
                why = await self._ask(movesense.unsubscribe(stream, self._running.pop(stream, 0)))
        return why

    async def _ask(self, command: bytes) -> str:
        while not self._answers.empty():
            self._answers.get_nowait()
        self._keep(movesense.SENT, command)
        await self._link.write(movesense_uuid(MOVESENSE_COMMANDS), command)
        answer = await within(self._patience.command, self._answer_to(command[1]))
        return "" if answer.ok else f"status_{answer.status}"

    async def _answer_to(self, reference: int) -> Result:
        while True:
            answer = await self._answers.get()
            if answer.reference == reference:
                return answer

    def _heard(self, payload: bytes) -> None:
        self._keep(movesense.CHARACTERISTIC, payload)
        try:
            said = movesense.decode_notification(payload)
        except BadFrame:
            return  # it is kept
        if isinstance(said, Result):
            self._answers.put_nowait(said)
        elif said is not None:
            self.came_at[movesense.RESOURCES[said.reference].stream] = asyncio.get_running_loop().time()


def own_streams(family: Family, link: Link, keep: Keep, patience: Patience) -> Own | None:
    """Of a device that has some, and speaks as its family does; None of all others."""
    kind = KINDS.get(family.service)
    return kind(link, keep, patience) if kind is not None and kind.offered(link) else None


def pmd_uuid(short: str) -> str:
    """The whole number of one of Polar's characteristics: `fb005c81`."""
    return f"{short}-{POLAR}"


def movesense_uuid(short: str) -> str:
    """The same of Movesense's: `34800002`."""
    return f"{short}-{MOVESENSE}"


def _settings(want: Want) -> Settings:
    named = {Setting.SAMPLE_RATE: want.rate_hz, Setting.RESOLUTION: want.resolution, Setting.RANGE: want.range_g}
    return {setting: (value,) for setting, value in named.items() if value}


KINDS: Mapping[str, type[PolarStreams] | type[MovesenseStreams]] = {"pmd": PolarStreams, "movesense": MovesenseStreams}
"""By the service of a family (`ingest.devices.catalogue.SERVICES`)."""
