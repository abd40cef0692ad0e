"""A heart under a strap: a notification every second of strap time, and whatever goes wrong meanwhile.

Knows the feed, the faults and one strap; knows nothing of sockets or programs. The heart goes on whether or not anybody listens: what
closes while nobody does is lost, as in life. It waits by the loop's own clock alone, so it runs as well on a loop whose time jumps.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ingest.straps.heart_rate import HeartRateMeasurement, encode_measurement
from ingest.virtual.beatlog import BeatLog, boot_ns
from ingest.virtual.faults import Fault
from ingest.virtual.feed import Beat, Heart, Second
from ingest.virtual.profile import OUT_OF_REACH, TERMINATED, LinkEvent, VirtualStrap
from somalink.domain.time import SECOND_NS

FALLS_ASLEEP_S = 45.0
"""An H10 without contact keeps its link this long."""
BUNCH_S = 0.01
"""Between the notifications of a bunch: one a connection event is what a radio carries."""
NO_CONTACT = HeartRateMeasurement(0, (), contact=False)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fault does while it lasts. `drops`: the link is ended at its begin, for this HCI reason."""

    drops: int | None = None
    absent: bool = False
    mute: bool = False
    refusing: bool = False
    off: bool = False
    late: bool = False
    garbage: bytes = b""


ASLEEP = Effect(drops=TERMINATED, absent=True, off=True)

EFFECTS = {
    "drop": Effect(drops=TERMINATED, absent=True),
    "away": Effect(drops=OUT_OF_REACH, absent=True),
    "silence": Effect(mute=True),
    "refuse": Effect(drops=TERMINATED, refusing=True),
    "strap_off": Effect(off=True),
    "late": Effect(late=True),
    "garbage": Effect(),
    "battery": Effect(),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notification that is held back, and the beats in it."""

    payload: bytes
    beats: tuple[Beat, ...]
    link: int


class Wearing:
    """One strap worn by one heart. `speed`: seconds of strap time in one of the loop's. `clock` stamps the log."""

    def __init__(
        self,
        strap: VirtualStrap,
        heart: Heart,
        *,
        number: int = 1,
        faults: Iterable[Fault] = (),
        speed: float = 1.0,
        again: bool = False,
        intervals: bool = True,
        log: BeatLog | None = None,
        clock: Callable[[], int] = boot_ns,
    ) -> None:
        self.strap = strap
        self.number = number
        self.sent = 0
        self.beats = 0
        self.beats_sent = 0
        self._heart = heart
        self._faults = tuple(faults)
        self._speed = speed
        self._again = again
        self._intervals = intervals
        self._log = log or BeatLog()
        self._clock = clock
        self._began_s = 0.0
        self._began_ns = 0
        self._active: dict[int, Effect] = {}
        self._held: list[Waiting] = []
        self._suffered = 0
        strap.told = self._on_link

    async def run(self) -> None:
        """Until the recording ends, and its faults with it."""
        self._began_s, self._began_ns = asyncio.get_running_loop().time(), self._clock()
        about = self.strap.about
        self._say("start", self._began_ns, name=about.name, address=about.where, speed=self._speed, length_s=self._heart.length_ns // SECOND_NS)
        try:
            async with asyncio.TaskGroup() as group:
                troubles = [group.create_task(self._suffer_at(fault)) for fault in self._faults]
                for second in self._heart.seconds(again=self._again):
                    await self._sleep_until(second.at_ns)
                    await self._tell(second)
                for trouble in troubles:
                    trouble.cancel()
            await self._settle()
        finally:
            for held in self._held:
                self._account(held.beats, None)
            self._say("end", self._clock(), beats=self.beats, sent=self.beats_sent)

    # ------------------------------------------------------------ strap time

    async def _sleep_until(self, at_ns: int) -> None:
        due_s = self._began_s + at_ns / SECOND_NS / self._speed
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))

    async def _sleep(self, strap_s: float) -> None:
        await asyncio.sleep(strap_s / self._speed)

    def _on_clock(self, at_ns: int) -> int:
        """A moment of strap time on the log's clock."""
        return self._began_ns + round(at_ns / self._speed)

    # ------------------------------------------------------------ a second

    def _is(self, name: str) -> bool:
        return any(getattr(effect, name) for effect in self._active.values())

    async def _tell(self, second: Second) -> None:
        """What the strap does with this second: send it, hold it, or lose it."""
        off = self._is("off")
        said = NO_CONTACT if off else second.measurement(intervals=self._intervals)
        shown = Waiting(encode_measurement(said), second.beats, self.strap.link)
        if off or not self._intervals:
            self._account(second.beats, None)
            shown = Waiting(shown.payload, (), shown.link)
        if self._is("mute"):
            self._account(shown.beats, None)
        elif self._is("late") or self._held:
            self._held.append(shown)
        else:
            await self._send(shown)
        for effect in list(self._active.values()):
            await self._garble(effect.garbage)

    async def _send(self, notification: Waiting) -> None:
        """Hand it to the radio; what was meant for a link that is gone is lost."""
        if not self.strap.is_subscribed or notification.link != self.strap.link:
            self._account(notification.beats, None)
            return
        self.sent += 1
        number = self.sent
        self._say("notification", self._clock(), n=number, link=notification.link, payload=notification.payload.hex())
        self._account(notification.beats, number)
        await self.strap.notify(notification.payload)

    def _account(self, beats: Iterable[Beat], sent: int | None) -> None:
        for beat in beats:
            self.beats += 1
            self.beats_sent += sent is not None
            self._say("beat", self._on_clock(beat.closes_ns), n=beat.number, ticks=beat.ticks, sent=sent)

    # ------------------------------------------------------------ what goes wrong

    async def _suffer_at(self, fault: Fault) -> None:
        await self._sleep_until(round(fault.at_s * SECOND_NS))
        await self.suffer(fault)

    async def suffer(self, fault: Fault) -> None:
        """One fault, from begin to end."""
        self._suffered += 1
        number = self._suffered
        self._say("fault", self._clock(), n=number, kind=fault.kind, state="begin", for_s=fault.for_s)
        try:
            if fault.percent is not None:
                await self.strap.set_battery(fault.percent)
            await self._stages(number, fault)
        finally:
            self._active.pop(number, None)
            self._say("fault", self._clock(), n=number, kind=fault.kind, state="end", for_s=fault.for_s)
        await self._settle()

    async def _stages(self, number: int, fault: Fault) -> None:
        effect = EFFECTS[fault.kind]
        if fault.kind == "garbage":
            await self._garble(fault.payload)
            effect = replace(effect, garbage=fault.payload if fault.for_s else b"")
        await self._take(number, effect)
        if fault.kind == "strap_off" and fault.for_s > FALLS_ASLEEP_S:
            await self._sleep(FALLS_ASLEEP_S)
            await self._take(number, ASLEEP)
            await self._sleep(fault.for_s - FALLS_ASLEEP_S)
        else:
            await self._sleep(fault.for_s)

    async def _take(self, number: int, effect: Effect) -> None:
        self._active[number] = effect
        await self._settle()
        if effect.drops is not None:
            await self.strap.drop_link(effect.drops)

    async def _settle(self) -> None:
        """The strap as the faults that are active now leave it."""
        self.strap.refuse(self._is("refusing"))
        await self.strap.set_present(not self._is("absent"))
        while self._held and not self._is("late"):
            await self._send(self._held.pop(0))
            await asyncio.sleep(BUNCH_S)

    async def _garble(self, payload: bytes) -> None:
        if payload:
            await self._send(Waiting(payload, (), self.strap.link))

    # ------------------------------------------------------------ the log

    def _on_link(self, event: LinkEvent) -> None:
        more = {"reason": event.reason} if event.what == "disconnected" else {}
        self._say(event.what, self._clock(), link=event.number, **more)

    def _say(self, what: str, t_ns: int, **said: object) -> None:
        self._log.write(what, t_ns, self.number, **said)
