"""Breathing along: what is heard and a pacer -> how far the heart rate swings and how often somebody breathes, every 5 s. For the eye only:
nothing of it is kept. The rate knows nothing of the pacer: it is what beats and chest show.

The page listens through `breathe_along`; a program that has no strap of its own looks into the store with `looked_up`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ingest.clocking import Clocker
from ingest.devices.catalogue import family_of, named
from processing import respiration
from processing.breathing import Cycle, Lately, Pacer, Summary, cycle, lf_power, pacer, summary
from processing.ecg import EcgPeaks
from processing.respiration import Chest, Respiration, Seen
from somalink.domain.constants import BREATH, Constants
from somalink.domain.identity import Unit
from somalink.domain.ports import Clock
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Chunk, Flag, IntArray, Stream
from somalink.pipeline.hub import Heard, Hub, Traced
from somalink.pipeline.links import link_of
from somalink.pipeline.live import WAVES, SystemClock, as_notified, heard_in, overheard_in
from somalink.pipeline.record import TIERS
from somalink.storage.local import LocalStore
from somalink.storage.rows import Recording

__all__ = ["Breath", "Pacer", "Summary", "Swing", "breathe_along", "latency_in", "looked_up", "pacer", "power_of", "summary"]

KEPT_NS = 2 * MINUTE_NS
"""What is remembered: a minute to fit, and one before it for the classifier's thresholds."""
SETTLED_NS = 20 * SECOND_NS
"""So late a beat may be final and on disk: six seconds that a strap may take, five until its flag is settled, and the grid's own five."""
FIRST_NS = 15 * SECOND_NS
"""The first beats of a connection are dated within ten seconds: until then nobody says that there are none."""
OPTICAL, NO_INTERVALS = "C", "D"
AT_THE_CHEST = ("A", "B")
"""Tiers whose accelerometer moves with the ribs; a band's or a watch's moves with the arm."""
MS_NS = 1_000_000
UPDATE_NS = BREATH.update_s * SECOND_NS


@dataclass(frozen=True, slots=True)
class Swing:
    """What the last minute up to `t_ns` (of the beats) showed. Numbers are None for a `reason`; `together` is `closely`, `partly` or `not_yet`.

    `latency_s` None: nobody knows how late this device tells of a beat, so nothing is shown that depends on it, and `steady` is None.
    `breaths_per_min` is what was seen of the breath itself, by which sources (`rsa`, `chest`, `ecg`, joined by +) and with which quality (0..1);
    None for a `breath_reason`. It stands on its own: either may be known without the other.
    """

    t_ns: int
    amplitude_bpm: float | None = None
    r2: float | None = None
    reason: str = ""
    together: str = ""
    steady: float | None = None
    latency_s: float | None = None
    device: str = ""
    breaths_per_min: float | None = None
    breath_quality: float = 0.0
    breath_source: str = ""
    breath_reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"t_ms": self.t_ns / MS_NS} | {name: value for name, value in asdict(self).items() if name != "t_ns"}


def beat_json(heard: Heard) -> dict[str, Any]:
    """Beats as a page draws them: when the last one closed, and the intervals, oldest first."""
    return {"t_ms": heard.t_ns / MS_NS, "rr_ms": list(heard.rr_ms), "device": heard.device}


@dataclass(slots=True)
class _Device:
    """What was heard of one device. `offset_ns`: beats' own time less the clock's, 0 for a live one; a replay lives in another year."""

    tier: str
    offset_ns: int
    from_ns: int
    t_ns: list[int] = field(default_factory=list)
    rr_ticks: list[int] = field(default_factory=list)
    edge: list[int] = field(default_factory=list)
    last_ns: int = 0
    at_ns: int = 0
    waves: dict[Stream, deque[Traced]] = field(default_factory=dict)
    """What else was heard, by stream, for as long."""
    kept_ns: int = KEPT_NS

    def add(self, heard: Heard, at_ns: int) -> None:
        back = 0
        times: list[int] = []
        for ticks in reversed(heard.rr_ticks):
            times.append(heard.t_ns - back * SECOND_NS // 1024)
            back += ticks
        for t_ns, ticks in zip(reversed(times), heard.rr_ticks, strict=True):
            if t_ns > (self.t_ns[-1] if self.t_ns else 0):
                self.t_ns.append(t_ns)
                self.rr_ticks.append(ticks)
                self.edge.append(int(Flag.OK if heard.sure else Flag.UNTRUSTED))
        self.last_ns, self.at_ns, self.tier = heard.t_ns, at_ns, heard.tier
        old = int(np.searchsorted(self.t_ns, self.last_ns - self.kept_ns))
        del self.t_ns[:old], self.rr_ticks[:old], self.edge[:old]

    def trace(self, traced: Traced) -> None:
        known = self.waves.setdefault(traced.stream, deque())
        if known and traced.t_ns[0] <= known[-1].t_ns[-1]:
            return
        known.append(traced)
        while known[0].t_ns[-1] < traced.t_ns[-1] - KEPT_NS:
            known.popleft()

    def lately(self) -> Lately:
        columns: tuple[IntArray, ...] = tuple(np.array(column, np.int64) for column in (self.t_ns, self.rr_ticks, self.edge))
        return Lately(*columns)

    def breath(self, stop_ns: int, constants: Constants) -> Respiration:
        """How often its wearer breathes, by all that it sends."""
        shown: list[Seen] = []
        if self.t_ns:
            shown.append(respiration.rsa(self.lately(), stop_ns, known_from_ns=self.from_ns, rules=constants.beat))
        if Stream.ACC in self.waves:
            shown.append(respiration.chest(Chest(*self._lately(Stream.ACC)), stop_ns, motion=constants.motion))
        if Stream.ECG in self.waves:
            t_ns, uv10 = self._lately(Stream.ECG)
            shown.append(respiration.ecg_derived(respiration.heights(t_ns, uv10, EcgPeaks().run(t_ns, uv10).t_ns), stop_ns))
        return respiration.told(shown)

    def _lately(self, stream: Stream) -> tuple[IntArray, IntArray]:
        t_ns, values = (np.concatenate(column) for column in zip(*((each.t_ns, each.values) for each in self.waves[stream]), strict=True))
        return t_ns, values


def latency_of(device: str, maker: str = "", model: str = "") -> float | None:
    """Seconds by which a device tells of a beat late: by its name in the record, whose words are joined by hyphens, or by what it has said of itself.

    >>> latency_of("polar-h10-a1b2c3d4"), latency_of("my-strap", model="HRM-Dual"), latency_of("a watch")
    (2.6, 0.7, None)
    """
    families = (family_of(None, (), maker, model), named(model), named(device), named(device.replace("-", " ")))
    return next((family.latency_s for family in families if family is not None and family.latency_s is not None), None)


class Breath:
    """Takes what was heard, and says every now and then how heart and pacer go together. Of several devices it follows the one with most beats.

    `latency`: seconds by which a device, by its name in the record, tells of a beat late; None where that is not known.
    """

    def __init__(self, pace: Pacer, *, latency: Callable[[str], float | None] = latency_of, constants: Constants | None = None, kept_ns: int = KEPT_NS) -> None:
        self.pace = pace
        self._kept_ns = kept_ns
        self.seen: list[Cycle] = []
        self._latency = latency
        self._late: dict[str, float | None] = {}
        self._constants = constants or Constants()
        self._devices: dict[str, _Device] = {}

    def take(self, heard: Heard | Traced, at_ns: int) -> None:
        """Beats, or what else shows a breath, as heard at `at_ns` of the clock that the pacer started by; a device begins with its first beat."""
        if isinstance(heard, Traced):
            device = self._devices.get(heard.device)
            if device is not None and heard.tier in AT_THE_CHEST:
                device.trace(heard)
            return
        away = heard.t_ns - at_ns
        offset_ns = 0 if abs(away) < MINUTE_NS else away
        device = self._devices.get(heard.device)
        if device is None or abs(device.offset_ns - offset_ns) > MINUTE_NS:
            from_ns = heard.t_ns - sum(heard.rr_ticks) * SECOND_NS // 1024
            device = self._devices[heard.device] = _Device(heard.tier, offset_ns, from_ns, kept_ns=self._kept_ns)
        device.add(heard, at_ns)

    def swing(self, at_ns: int) -> Swing:
        """The last minute, as seen at `at_ns`."""
        name = self._followed(at_ns)
        if not name:
            return self._told(Swing(at_ns, reason="begun" if at_ns - self.pace.started_ns <= FIRST_NS else "no_beats"))
        device = self._devices[name]
        t_ns = device.last_ns + at_ns - device.at_ns
        if device.tier == NO_INTERVALS or device.tier == OPTICAL:
            return self._told(Swing(t_ns, reason="optical" if device.tier == OPTICAL else "no_intervals", device=name))
        pace = replace(self.pace, started_ns=self.pace.started_ns + device.offset_ns)
        found = cycle(device.lately(), pace, t_ns, known_from_ns=device.from_ns, rules=self._constants.beat)
        late, seen = self._latency_of(name), device.breath(t_ns, self._constants)
        steady = found.steady if late is not None else None
        swing = Swing(t_ns, found.amplitude_bpm, found.r2, found.reason, found.together, steady, late, name)
        return self._told(replace(swing, breaths_per_min=seen.rate_bpm, breath_quality=seen.quality, breath_source=seen.source, breath_reason=seen.reason))

    def lf_ms2(self, at_ns: int) -> float | None:
        """LF power from the pacer's start to `at_ns`, as far back as is remembered; None under two minutes, where beats are missing, and of a device whose
        intervals come in batches."""
        name = self._followed(at_ns)
        if not name or self._devices[name].tier in (OPTICAL, NO_INTERVALS):
            return None
        device = self._devices[name]
        pace = replace(self.pace, started_ns=self.pace.started_ns + device.offset_ns)
        return lf_power(device.lately(), pace, at_ns + device.offset_ns, rules=self._constants.beat)

    def _followed(self, at_ns: int) -> str:
        """Of the devices heard within the minute the one with most beats; of none, the one with most."""
        return max(self._devices, key=lambda each: (self._devices[each].at_ns > at_ns - MINUTE_NS, len(self._devices[each].t_ns), each), default="")

    def _latency_of(self, device: str) -> float | None:
        if device not in self._late:
            self._late[device] = self._latency(device)
        return self._late[device]

    def _told(self, swing: Swing) -> Swing:
        self.seen.append(Cycle(swing.amplitude_bpm, swing.r2, swing.steady, swing.reason))
        return swing


async def breathe_along(
    hub: Hub, person: str, pace: Pacer, *, latency: Callable[[str], float | None] = latency_of, clock: Clock | None = None
) -> AsyncGenerator[Heard | Swing, None]:
    """Every beat of the person as it is heard, and a `Swing` every 5 s, until the hub closes or nobody iterates any more.

    `pace.started_ns` is UTC of this computer, as the page's own clock is set by it. Close it (`aclosing`) when the page has gone.
    """
    time = clock or SystemClock()
    watcher = hub.subscribe(values=False, beats=True)
    messages, breath = aiter(watcher), Breath(pace, latency=latency)
    due_ns = max(pace.started_ns, time.now_ns()) + UPDATE_NS
    hearing, waiting = asyncio.ensure_future(anext(messages, None)), asyncio.ensure_future(time.sleep_until(due_ns))
    try:
        while True:
            await asyncio.wait({hearing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                if (message := hearing.result()) is None:
                    return
                hearing = asyncio.ensure_future(anext(messages, None))
                if isinstance(message, Heard | Traced) and message.person == person:
                    breath.take(message, time.now_ns())
                    if isinstance(message, Heard) and message.rr_ticks:
                        yield message
            if waiting.done():
                yield breath.swing(time.now_ns())
                due_ns = max(due_ns + UPDATE_NS, time.now_ns())
                waiting = asyncio.ensure_future(time.sleep_until(due_ns))
    finally:
        hearing.cancel()
        waiting.cancel()
        hub.leave(watcher)


# ---------------------------------------------------------------- what another process records


def latency_in(store: LocalStore, person: str, device: str) -> float | None:
    """How late this device tells of a beat, by its name in the record and the model it has said."""
    link = link_of(store, person, device)
    about = {} if link is None else link.about
    return latency_of(device, str(about.get("manufacturer") or ""), str(about.get("model") or ""))


def looked_up(store: LocalStore, person: str, pace: Pacer, now_ns: int) -> Swing:
    """The last minute of what is being recorded by another process, from what of it is on disk."""
    breath = Breath(pace, latency=lambda device: latency_in(store, person, device))
    for heard, at_ns in _on_disk(store, person, now_ns):
        breath.take(heard, at_ns)
    return breath.swing(now_ns)


def power_of(store: LocalStore, person: str, pace: Pacer, stop_ns: int) -> float | None:
    """LF power of a session that has just ended, from what is on disk of it; None as `Breath.lf_ms2`."""
    kept_ns = stop_ns - pace.started_ns + MINUTE_NS
    breath = Breath(pace, kept_ns=kept_ns)
    for heard, at_ns in _on_disk(store, person, stop_ns, kept_ns):
        breath.take(heard, at_ns)
    return breath.lf_ms2(stop_ns)


def _on_disk(store: LocalStore, person: str, now_ns: int, kept_ns: int = KEPT_NS) -> Iterator[tuple[Heard | Traced, int]]:
    """What the person's running recordings have of the last two minutes (or `kept_ns`), with its arrival: notifications where there are any, else
    beats that have settled."""
    start_ns = now_ns - kept_ns
    for found in store.recordings(person):
        if found.row.state == "running" and found.row.start_ns <= now_ns:
            yield from list(_notified(store, found, start_ns, now_ns)) or _settled(store, found.unit, start_ns, now_ns)


def _notified(store: LocalStore, found: Recording, start_ns: int, stop_ns: int) -> Iterator[tuple[Heard | Traced, int]]:
    clocker = Clocker(found.unit, TIERS.get(found.unit.tier, TIERS["B"]) | frozenset(WAVES), tz=found.row.tz)
    for row in store.raw(found.unit, start_ns, stop_ns):
        for heard in overheard_in(found.unit, clocker.push(as_notified(found.unit, row))):
            yield heard, row.t_utc_ns


def _settled(store: LocalStore, unit: Unit, start_ns: int, stop_ns: int) -> Iterator[tuple[Heard, int]]:
    """Beats that are final came some ten seconds ago at the least."""
    beats = store.recording_beats(unit, start_ns, stop_ns)
    for heard in heard_in(unit, [Chunk(Stream.RR, beats.t_ns, beats.rr_ticks)]):
        yield heard, min(stop_ns, heard.t_ns + SETTLED_NS)
