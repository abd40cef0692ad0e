"""Holds one strap for as long as somebody wants it: finds it, connects, hears it, notices when it falls silent, and begins again, for ever.

Knows states, waits and reasons; hands every notification on as bytes with a stamp and decodes nothing but the contact bit. What it says of
its own link goes the same way, so that the record alone tells where beats were lost and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ingest.ble import notes
from ingest.ble.asking import NO_ANSWER, Begun, Own, begin, own_streams
from ingest.ble.leaving import first_of, within
from ingest.ble.link import Link
from ingest.ble.patience import Backoff, Patience
from ingest.ble.radio import VANISHED_S, Radio, Wanted
from ingest.ble.stamps import Stamp, Stamps
from ingest.ble.states import LinkState, State
from ingest.ble.trouble import RADIO_ERRORS, Trouble, done_without, trouble_of
from ingest.devices.catalogue import Family, Want, families, family_of, named
from ingest.straps.heart_rate import CHARACTERISTIC, HeartRateMeasurement, decode_measurement
from somalink.domain.errors import BadFrame, DeviceNotFound
from somalink.domain.types import Stream

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice

POWER_NEWS_S = 0.3
"""The system's word that the adapter went may come a little after the link was lost by it."""

USUAL_SILENCE_S = Patience().silence
"""Against which a family's own `silence_s` is measured, so that both are scaled alike."""

MOMENT_S = 0.001
"""Less is no wait: a clock with a coarse tick would not move in it."""


class Sink(Protocol):
    """Where a strap's bytes and news go. Called from the loop; must not wait."""

    def row(self, connection: int, characteristic: str, payload: bytes, stamp: Stamp) -> None: ...

    def state(self, state: LinkState) -> None: ...

    def about(self, fields: Mapping[str, Any], stamp: Stamp) -> None:
        """What the strap says of itself, as far as it does, and `address`: under which one it was found, unless that was known."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a device is asked for beside its heartbeats. `movement`: what its family begins by default; `ecg`: that too, for as long as it is worn."""

    movement: bool = True
    ecg: bool = False

    def wants(self, family: Family) -> tuple[Want, ...]:
        """The streams to begin, beats of a device that has no others first."""
        chosen = [want for want in family.wants if (self.ecg and want.stream is Stream.ECG) or (not want.on_request and self._is_wanted(want))]
        return tuple(sorted(chosen, key=lambda want: want.stream is not Stream.RR))

    def _is_wanted(self, want: Want) -> bool:
        return self.movement or want.stream is Stream.RR


class Supervisor:
    """One strap. `connection` is the number of its last connection in this recording; the next one counts on from it."""

    def __init__(
        self,
        wanted: Wanted,
        radio: Radio,
        sink: Sink,
        stamps: Stamps,
        patience: Patience,
        dice: np.random.Generator,
        *,
        connection: int = 0,
        ask: Ask | None = None,
    ) -> None:
        self._wanted, self._radio, self._sink, self._stamps, self._patience = wanted, radio, sink, stamps, patience
        self._backoff = Backoff(patience.first, dice)
        self._connection = connection
        self._ask_for = ask or Ask()
        self._family = families()["other_strap"]
        self._own: Own | None = None
        self._now = LinkState(State.STOPPED, 0)
        self._linked = False
        self._sought_at = 0.0
        """Since when the radio has listened for it in vain."""
        self._heard_at = 0.0
        self._read_at = 0.0
        """When something came that could be read, and `_beat_at` a beat."""
        self._beat_at = 0.0
        self._anything = False
        """Whether the link of now has brought a notification."""
        self._lost_why = notes.RESTART

    async def run(self) -> None:
        """Until cancelled. Whatever happens to the radio is waited out; only a mistake of ours is raised."""
        ticking = asyncio.create_task(self._time_goes_on(), name="time without a link")
        self._radio.watch(self._on_trouble)
        try:
            while True:
                await self._round()
        finally:
            self._radio.unwatch(self._on_trouble)
            ticking.cancel()
            self._say(State.STOPPED)

    async def run_once(self, seconds: float) -> None:
        """One connection, until it ends. DeviceNotFound when the strap is not heard or held within `seconds`, BluetoothUnavailable when
        there is no radio to hear it with."""
        self._radio.watch(self._on_trouble)
        try:
            await self._hold(await self._connected_within(seconds))
        finally:
            self._radio.unwatch(self._on_trouble)
            self._say(State.STOPPED)

    async def _connected_within(self, seconds: float) -> Link:
        try:
            async with asyncio.timeout(seconds):
                while not (link := await self._connected(await self._found())):
                    await self._wait_to_try_again()
                return link
        except TimeoutError as error:
            if self._radio.trouble is not None:
                raise self._radio.trouble.error() from error
            raise DeviceNotFound(f"{self._wanted.name}: not heard within {seconds:g} s", next_step="wear it, moistened; then `somalink scan`") from error

    # ---- one round: find, connect, hold

    async def _round(self) -> None:
        link = await self._connected(await self._found())
        if link is None or not await self._hold(link):
            await self._wait_to_try_again()

    async def _found(self) -> BLEDevice:
        """Waits for the strap; when it has been away for long, says that it is probably off."""
        looking, began = asyncio.ensure_future(self._radio.find(self._wanted)), self._time()
        self._sought_at = began
        try:
            while True:
                self._say_why_not_found()
                done, _ = await asyncio.wait({looking}, timeout=self._patience.away)
                if done:
                    if self._time() - began >= VANISHED_S:
                        self._backoff.reset()
                    return looking.result()
        finally:
            looking.cancel()

    async def _connected(self, device: BLEDevice) -> Link | None:
        async with self._radio.alone():
            self._say(State.CONNECTING)
            try:
                link = await Link.make(device, self._wanted.name, self._patience)
            except RADIO_ERRORS as error:
                if trouble_of(error) is None:
                    raise
                self._say(State.LOST, "connect_failed")
                return None
        self._is_known_by(device.address)
        return link

    def _is_known_by(self, address: str) -> None:
        """From now on it is this unit that is meant, whichever others of its name are worn near it."""
        if address.upper() != (self._wanted.address or "").upper():
            self._wanted = replace(self._wanted, address=address)
            self._sink.about({"address": address}, self._stamps.now())

    async def _wait_to_try_again(self) -> None:
        """Longer each time; at once when the radio comes back, or the strap after it could not be heard."""
        back = asyncio.ensure_future(self._radio.find(self._wanted, come_back=True))
        changed = asyncio.ensure_future(self._radio.changed(self._backoff.next(self._patience.cap)))
        try:
            done, _ = await asyncio.wait({back, changed}, return_when=asyncio.FIRST_COMPLETED)
            if any(task.result() for task in done):
                self._backoff.reset()
        finally:
            back.cancel()
            changed.cancel()

    async def _hold(self, link: Link) -> bool:
        """Hears a link until it is lost, and says why it was. Whether anything was heard: a link that never brings anything is no better than
        none, and asked for as seldom."""
        self._connection += 1
        why = notes.DISCONNECT
        asking: list[asyncio.Task[None]] = []
        try:
            self._linked, self._anything = True, False
            self._read_at = self._beat_at = self._time()
            self._note(notes.UP)
            running = await self._begin_streams(link)
            self._read_at = self._beat_at = self._time()
            await link.subscribe(partial(self._heard, self._connection))
            self._heard_at = self._time()
            asking = [
                asyncio.create_task(self._ask(link), name="what the strap says of itself"),
                asyncio.create_task(self._mind_streams(running), name="its own streams"),
            ]
            why = await self._until_lost(link)
        except RADIO_ERRORS as error:
            if trouble_of(error) is None:
                raise
        except asyncio.CancelledError:
            why = notes.STOP
            raise
        finally:
            self._linked, self._lost_why = False, why
            self._note(notes.DOWN, why)
            if why != notes.STOP:
                self._say(State.SILENT if why == notes.SILENCE else State.LOST, why)
            self._own = None
            for task in asking:
                task.cancel()
            await link.close()
        return self._anything

    # ---- a device's own streams

    async def _begin_streams(self, link: Link) -> Sequence[Want]:
        """Before the first heartbeat, so that the record knows from its beginning what it is of. Gives those that run; whatever fails here, the
        heartbeats are listened to."""
        self._family = await self._family_of(link)
        self._own = own = own_streams(self._family, link, partial(self._row, self._connection), self._patience)
        wants = self._ask_for.wants(self._family)
        if own is None or not wants:
            return ()
        begun = Begun(refused={want.stream.value: NO_ANSWER for want in wants})
        with done_without():
            begun = await within(self._patience.streams, begin(own, wants))
        self._note(notes.STREAMS, " ".join(stream.value for stream in begun.running))
        self._sink.about({"family": self._family.id, "begun": [stream.value for stream in begun.running], "refused": begun.refused}, self._stamps.now())
        return [want for want in wants if want.stream in begun.running]

    async def _family_of(self, link: Link) -> Family:
        """By its name; one whose name says nothing is asked for its maker and model."""
        if (family := named(self._wanted.name)) is not None:
            return family
        services: Sequence[str] = ()
        said: Mapping[str, str] = {}
        with done_without():
            services, said = link.services, await link.model()
        return family_of(self._wanted.name, services, **said)

    async def _mind_streams(self, running: Sequence[Want]) -> None:
        """A stream that has fallen silent, while heartbeats come, is begun anew."""
        begun_at = {want.stream: self._time() for want in running}
        while running and self._own is not None:
            await asyncio.sleep(self._patience.quiet / 4)
            for want in running:
                last = max(begun_at[want.stream], self._own.came_at.get(want.stream, 0.0))
                if self._time() - last >= self._patience.quiet and self._own is not None:
                    await self._own.stop(want.stream)
                    await self._own.start(want)
                    begun_at[want.stream] = self._time()

    async def ecg_for(self, seconds: float) -> str:
        """The device's ECG for so long, beside everything else; why it cannot be had, in a word, or nothing."""
        want = next((want for want in self._family.wants if want.stream is Stream.ECG), None)
        own = self._own
        if want is None or own is None or not self._linked:
            return "not_offered" if self._linked else "no_link"
        if self._ask_for.ecg:
            return ""
        why = NO_ANSWER
        with done_without():
            await own.listen()
            why = await own.start(want)
        try:
            await asyncio.sleep(0 if why else seconds)
        finally:
            if why in ("", NO_ANSWER):  # one that did not answer may have begun all the same
                await own.stop(Stream.ECG)
        return why

    def _row(self, connection: int, characteristic: str, payload: bytes) -> None:
        """What came, or was sent, beside heartbeats. A link that was given up has nothing more to say."""
        stamp = self._stamps.now()
        if self._linked and connection == self._connection:
            self._sink.row(connection, characteristic, payload, stamp)

    async def _until_lost(self, link: Link) -> str:
        """Waits until the link is lost or silent; gives the reason."""
        silence = self._patience.silence * (self._family.silence_s or USUAL_SILENCE_S) / USUAL_SILENCE_S
        while True:
            left = self._heard_at + silence - self._time()
            if left <= MOMENT_S:
                return notes.SILENCE
            if await first_of(link.lost, seconds=left):
                return await self._why_lost()

    async def _why_lost(self) -> str:
        if self._radio.powered is not False:
            await self._radio.changed(min(POWER_NEWS_S, self._patience.first))
        return notes.ADAPTER_OFF if self._radio.powered is False else notes.DISCONNECT

    # ---- what is heard

    def _heard(self, connection: int, payload: bytes) -> None:
        """A notification: stamped first, then everything else."""
        stamp = self._stamps.now()
        if not self._linked or connection != self._connection:
            return  # a link that was given up may go on for a moment; its beats lie in the gap that was told, or come by the next link too
        self._heard_at, self._anything = self._time(), True
        self._sink.row(self._connection, CHARACTERISTIC, payload, stamp)
        self._backoff.reset()
        self._feel(payload)

    def _feel(self, payload: bytes) -> None:
        """The state follows the contact bit, where the strap has one, and whether there are beats, which a dry strap without one does not send."""
        now = self._time()
        try:
            said = decode_measurement(payload)
        except BadFrame:
            if now - self._read_at >= self._patience.doubt:
                self._say(State.UNREADABLE)
            return
        self._read_at = now
        if _beats(said):
            self._beat_at = now
        if said.contact is False or now - self._beat_at >= self._patience.doubt:
            self._say(State.NO_CONTACT)
        elif said.contact or _beats(said):
            self._say(State.STREAMING)

    async def _ask(self, link: Link) -> None:
        """What the strap says of itself, once, and its battery now and then."""
        self._sink.about(await link.about(), self._stamps.now())
        while True:
            await asyncio.sleep(self._patience.battery)
            if level := await link.battery():
                self._sink.about(level, self._stamps.now())

    # ---- what is said

    async def _time_goes_on(self) -> None:
        """While there is no link, a note now and then lets the record's time pass: windows close, episodes end."""
        pause = self._patience.still
        while True:
            await asyncio.sleep(pause)
            if self._linked or not self._connection:
                pause = self._patience.still
                continue
            self._note(notes.STILL, self._lost_why)
            pause = min(pause * 2, self._patience.still_cap)

    def _on_trouble(self, _trouble: Trouble | None) -> None:
        """The radio fails, or works again: what was not heard meanwhile may have been there."""
        if not self._linked and self._now.state not in (State.STOPPED, State.CONNECTING):
            self._sought_at = self._time()
            self._say_why_not_found()

    def _say_why_not_found(self) -> None:
        """Because of the radio, or because the strap is probably off; before that it is just looked for, as was said already."""
        trouble = self._radio.trouble
        if trouble is not None:
            self._say(State.RADIO_OFF if trouble.off else State.RADIO_TROUBLE, trouble.id)
        elif self._time() - self._sought_at >= self._patience.away - MOMENT_S:
            self._say(State.AWAY)
        elif self._now.state in (State.STOPPED, State.RADIO_OFF, State.RADIO_TROUBLE):
            self._say(State.LOOKING)

    def _say(self, state: State, reason: str = "") -> None:
        if (state, reason) != (self._now.state, self._now.reason):
            self._now = LinkState(state, self._stamps.now().t_utc_ns, reason)
            self._sink.state(self._now)

    def _note(self, state: str, reason: str = "") -> None:
        self._sink.row(self._connection, notes.CHARACTERISTIC, notes.note(state, reason), self._stamps.now())

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def _beats(said: HeartRateMeasurement) -> bool:
    return bool(said.bpm or said.rr_ticks)
