"""A heart under a strap: a notification every second of strap time, the streams that were asked for, and whatever goes wrong meanwhile.

Knows the feed, the waves, the faults and one strap; knows nothing of sockets or programs. The heart goes on whether or not anybody listens:
what closes while nobody does is lost, as in life. It waits by the loop's own clock alone, so it runs as well on a loop whose time jumps.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ingest.straps.heart_rate import HeartRateMeasurement, encode_measurement
from ingest.straps.pmd import PulseInterval
from ingest.virtual import pmd
from ingest.virtual.asking import Begun, SensorClock
from ingest.virtual.beatlog import BeatLog, boot_ns
from ingest.virtual.faults import Fault
from ingest.virtual.feed import Beat, Heart, Second
from ingest.virtual.profile import OUT_OF_REACH, TERMINATED, LinkEvent, VirtualStrap
from ingest.virtual.waves import Wave, bursts, made_waves
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Stream

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
    refuses_streams: bool = False
    no_streams: bool = False
    frozen: bool = False
    deaf: bool = False


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
    "no_stream": Effect(refuses_streams=True),
    "stream_stops": Effect(no_streams=True),
    "frozen": Effect(frozen=True),
    "no_reply": Effect(deaf=True),
    "clock_jump": Effect(),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notification that may be held back, and the beats in it. `frame`: of the maker's own service, what the log says of it."""

    payload: bytes
    beats: tuple[Beat, ...]
    link: int
    frame: Mapping[str, object] | None = None


@dataclass(slots=True)
class Batch:
    """Pulse intervals that wait for the next batch, and since when they are found."""

    since_ns: int
    beats: list[Beat]
    told: list[PulseInterval]


class Wearing:
    """One strap worn by one heart. `speed`: seconds of strap time in one of the loop's. `clock` stamps the log. Without `waves` made ones are
    felt. `intervals` False: a heart rate without them, whatever the kind of device."""

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
        waves: Mapping[Stream, Wave] | None = None,
        log: BeatLog | None = None,
        clock: Callable[[], int] = boot_ns,
    ) -> None:
        self.strap = strap
        self.number = number
        self.sent = 0
        self.frames = 0
        self.beats = 0
        self.beats_sent = 0
        self._heart = heart
        self._faults = tuple(faults)
        self._speed = speed
        self._again = again
        self._intervals = intervals and strap.about.kind.intervals
        self._waves = made_waves(heart) if waves is None else waves
        self._sensor = SensorClock(strap.about.skew_ppm)
        self._log = log or BeatLog()
        self._clock = clock
        self._began_s = 0.0
        self._began_ns = 0
        self._active: dict[int, Effect] = {}
        self._held: list[Waiting] = []
        self._suffered = 0
        self._shown = 0
        self._batch: Batch | None = None
        self._group: asyncio.TaskGroup | None = None
        self._talk = None if strap.about.kind.own is None else strap.about.kind.own.talk()
        self._answering = asyncio.Lock()
        self._of_link: set[asyncio.Task[None]] = set()
        """What is said and sent over the maker's own service on the link of now."""
        self._streams: dict[Stream, asyncio.Task[None]] = {}
        strap.told, strap.asked = self._on_link, self._on_asked

    async def run(self) -> None:
        """Until the recording ends, and its faults with it."""
        self._began_s, self._began_ns = asyncio.get_running_loop().time(), self._clock()
        about = self.strap.about
        self._say("start", self._began_ns, name=about.name, address=about.where, speed=self._speed, length_s=self._heart.length_ns // SECOND_NS)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                troubles = [group.create_task(self._suffer_at(fault)) for fault in self._faults]
                for second in self._heart.seconds(again=self._again):
                    await self._sleep_until(second.at_ns)
                    await self._tell(second)
                self._group = None
                for task in (*troubles, *self._of_link):
                    task.cancel()
            await self._settle()
        finally:
            self._group = None
            self._end_streams()
            for held in self._held:
                self._account(held.beats, None)
            self._say("end", self._clock(), beats=self.beats, sent=self.beats_sent)

    @property
    def made(self) -> list[str]:
        """Streams it can be asked for that nobody measured."""
        own = self.strap.about.kind.own
        return [] if own is None else [str(stream) for stream in own.streams if (wave := self._waves.get(stream)) is not None and wave.made]

    # ------------------------------------------------------------ strap time

    async def _sleep_until(self, at_ns: int) -> None:
        due_s = self._began_s + at_ns / SECOND_NS / self._speed
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))

    async def _sleep(self, strap_s: float) -> None:
        await asyncio.sleep(strap_s / self._speed)

    def _now_ns(self) -> int:
        """Strap time."""
        return round((asyncio.get_running_loop().time() - self._began_s) * self._speed * SECOND_NS)

    def _on_clock(self, at_ns: int) -> int:
        """A moment of strap time on the log's clock."""
        return self._began_ns + round(at_ns / self._speed)

    # ------------------------------------------------------------ a second

    def _is(self, name: str) -> bool:
        return any(getattr(effect, name) for effect in self._active.values())

    async def _tell(self, second: Second) -> None:
        """What the strap does with this second: send it, hold it, or lose it."""
        off = self._is("off")
        if not self._is("frozen"):
            self._shown = second.bpm
        said = NO_CONTACT if off else replace(second, bpm=self._shown).measurement(intervals=self._intervals)
        beats = second.beats
        if off or not self._intervals:
            self._pass_on(beats, second.at_ns, off=off)
            beats = ()
        # Once an optical Polar finds intervals, its rate is renewed as seldom as it tells them.
        if self._batch is None or second.at_ns <= self._batch.since_ns or second.at_ns % (pmd.BATCH_S * SECOND_NS) == 0:
            await self._give(Waiting(encode_measurement(said), beats, self.strap.link))
        for effect in list(self._active.values()):
            await self._garble(effect.garbage)

    async def _give(self, shown: Waiting) -> None:
        """Send it, hold it, or lose it."""
        if self._is("mute"):
            self._account(shown.beats, None)
        elif self._is("late") or self._held:
            self._held.append(shown)
        else:
            await self._send(shown)

    async def _send(self, notification: Waiting) -> None:
        """Hand it to the radio; what was meant for a link that is gone is lost."""
        asked_for = self.strap.is_subscribed if notification.frame is None else self.strap.is_asked_for_data
        if not asked_for or notification.link != self.strap.link:
            self._account(notification.beats, None)
        elif notification.frame is None:
            self.sent += 1
            self._say("notification", self._clock(), n=self.sent, link=notification.link, payload=notification.payload.hex())
            self._account(notification.beats, self.sent)
            await self.strap.notify(notification.payload)
        else:
            self.frames += 1
            self._say("frame", self._clock(), n=self.frames, link=notification.link, **notification.frame)
            self._account(notification.beats, self.frames)
            await self.strap.send(notification.payload)

    def _account(self, beats: Iterable[Beat], sent: int | None) -> None:
        for beat in beats:
            self.beats += 1
            self.beats_sent += sent is not None
            self._say("beat", self._on_clock(beat.closes_ns), n=beat.number, ticks=beat.ticks, sent=sent)

    # ------------------------------------------------------------ the maker's own service

    def _on_asked(self, payload: bytes) -> None:
        """Something was written; a strap that is not worn yet, or no more, does not answer."""
        if self._group is not None:
            self._keep(self._group.create_task(self._obey(payload)))

    def _keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        self._of_link.add(task)
        task.add_done_callback(self._of_link.discard)
        return task

    async def _obey(self, payload: bytes) -> None:
        """One request after another: the next one is heard when this one was answered, and what it begins has begun."""
        async with self._answering:
            if self._talk is None or self._is("deaf"):
                return
            answer = self._talk.hear(payload, mtu=self.strap.mtu, refuses=self._is("refuses_streams"))
            if answer.ends is not None:
                self._end_stream(answer.ends)
            await self.strap.reply(answer.reply)
            if answer.begins is not None and self._group is not None:
                flow = self._pulses(answer.begins) if answer.begins.encode is None else self._flow(answer.begins)
                self._streams[answer.begins.stream] = self._keep(self._group.create_task(flow))

    async def _flow(self, begun: Begun) -> None:
        """One wave, from now on."""
        assert begun.encode is not None
        loop_ns = self._heart.length_ns if self._again else None
        rate_hz = begun.rate_hz * (1 + self.strap.about.rate_error)
        for burst in bursts(self._waves[begun.stream], rate_hz, self._now_ns(), begun.size, loop_ns=loop_ns):
            await self._sleep_until(burst.at_ns)
            sensor_ns = self._sensor.at(burst.at_ns)
            await self._give_frame(begun.encode(sensor_ns, burst.values), begun.stream, len(burst.values), burst.at_ns, sensor_ns)

    async def _pulses(self, begun: Begun) -> None:
        """Pulse intervals, batch after batch. It takes long until the first, and only its last seconds are told."""
        due_ns = self._now_ns() + pmd.FIRST_BATCH_S * SECOND_NS
        self._batch = batch = Batch(due_ns - pmd.BATCH_S * SECOND_NS, [], [])
        while True:
            await self._sleep_until(due_ns)
            beats, told = tuple(batch.beats), tuple(batch.told)
            batch.beats.clear()
            batch.told.clear()
            await self._give_frame(pmd.intervals(told), begun.stream, len(told), due_ns, 0, beats)
            due_ns += pmd.BATCH_S * SECOND_NS

    async def _give_frame(self, payload: bytes, stream: Stream, count: int, at_ns: int, sensor_ns: int, beats: tuple[Beat, ...] = ()) -> None:
        if self._is("no_streams"):
            self._account(beats, None)
            return
        frame = {"stream": str(stream), "count": count, "at": self._on_clock(at_ns), "sensor_ns": sensor_ns}
        await self._give(Waiting(payload, beats, self.strap.link, frame))

    def _pass_on(self, beats: tuple[Beat, ...], at_ns: int, *, off: bool) -> None:
        """Beats that the heart rate does not tell: into the next batch of intervals where there are such, else lost."""
        if self._batch is None or at_ns <= self._batch.since_ns or off:
            self._account(beats, None)
            return
        self._batch.beats.extend(beats)
        self._batch.told.extend(pmd.pulse(beat.number, beat.ticks, self._shown, disturbed=self._is("frozen")) for beat in beats)

    def _end_stream(self, stream: Stream) -> None:
        running = self._streams.pop(stream, None)
        if running is not None:
            running.cancel()
        if stream is Stream.RR and self._batch is not None:
            self._account(self._batch.beats, None)
            self._batch = None

    def _end_streams(self) -> None:
        """Streams live as long as the link on which they were asked for."""
        for stream in tuple(self._streams):
            self._end_stream(stream)
        for task in tuple(self._of_link):
            task.cancel()
        own = self.strap.about.kind.own
        self._talk = None if own is None else own.talk()

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
            if fault.by_s is not None:
                self._sensor.jump(fault.by_s)
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
        if event.what == "disconnected":
            self._end_streams()
        more = {"reason": event.reason} if event.what == "disconnected" else {}
        self._say(event.what, self._clock(), link=event.number, **more)

    def _say(self, what: str, t_ns: int, **said: object) -> None:
        self._log.write(what, t_ns, self.number, **said)
