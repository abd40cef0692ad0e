"""The one engine: items in, records out, for live, replay and re-analysis alike.

    clean > window > indices > gate > arousal > episodes

Time is event time: a beat's flag rests on what came within 5 s of it, a grid point is FINAL when the watermark has passed its stop by 5 s,
and beats are told as settled with the grid point that needs them. Every stage takes arrays and carries its own small state, so that a second
of a live strap and an hour of an archive go through the same lines, and FINAL records are equal for any cut, any heartbeat schedule and any
restart. No clock, no file, no thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from processing.arousal import Arousal, HeartRows
from processing.chance import cell_name
from processing.cleaning import Raw, classify
from processing.ecg import EcgBeats
from processing.episodes import Context, ElevatedMachine, Points, SpikeMachine
from processing.gates import GateInput, GateMachine, is_open
from processing.indices.hr import FIELD, FUSED, RR, FieldSeconds, Heart, heart_rate
from processing.indices.hrv import rmssd
from processing.motion import Averages, acceleration_bins, counted_steps, fixed, gravity_seconds, log_motion, magnitude, step_bins
from processing.posture import Bearing, Tilt, Turns, Words, upright_cosine
from processing.rhythm import Trailing, labelled, without_variability
from processing.snapshot import decode, encode
from processing.steps import Steps
from processing.usual import UTC_ONLY, Offsets, days_of
from processing.windows import BeatSums, Settled, settle
from somalink.domain.catalogue import REJECTIONS
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, SECOND_NS, ceil_to
from somalink.domain.types import (
    UNKNOWN,
    Baseline,
    Beats,
    BoolArray,
    Chunk,
    ClockAnchor,
    Contact,
    Flag,
    Gap,
    Grid,
    Heartbeat,
    IntArray,
    Item,
    Moved,
    Opened,
    Posture,
    Record,
    Stream,
    StreamClock,
    Upright,
    UtcOffset,
)

SETTLE_NS = 5 * SECOND_NS
"""A beat's flag may wait for the next two beats this long, and no longer (engine, section 1)."""
CONTEXT_BEATS = 128
"""Beats kept before the first unsettled one: 91 thresholds, each resting on a median of 11, and room."""
KEEP_NS = 65 * SECOND_NS
"""Settled beats kept behind the last grid point: the longest window and the interval that hangs over its start."""
HOLDING = frozenset({Stream.RR, Stream.HR, Stream.ACC, Stream.ECG, Stream.STEPS})
"""Streams that hold the watermark. Posture never does (contracts, section 2), so a posture may come late and is then passed over."""
BUFFERED = (Stream.HR, Stream.ACC, Stream.STEPS, Stream.POSTURE)
"""Streams whose samples wait for their grid point. Beats have their own way, and an ECG becomes beats at once, or is for others to look at."""
TAKES = {
    Opened: "_open",
    Chunk: "_add",
    Gap: "_break",
    Heartbeat: "_beat",
    UtcOffset: "_shift",
    ClockAnchor: "_anchor",
    StreamClock: "_anchor",
    Contact: "_touch",
    Upright: "_stand",
    Moved: "_remember",
    Baseline: "_adopt",
}
"""Which method takes which item."""
FAULT = {name: REJECTIONS.index(name) + 1 for name in ("artefact", "few_beats", "gap_step", "frozen", "contact")}


@dataclass(frozen=True, slots=True)
class Refit:
    """The engine has come to a new local day and waits for the usual of that day. `at_ns`: what was received by then counts."""

    day: int
    at_ns: int


@dataclass(slots=True)
class _Buffer:
    """Samples of one stream in time order, (n,) times and (n, ...) values. What is added is joined when somebody looks; trimmed behind the grid."""

    t_ns: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    values: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    added: list[tuple[IntArray, IntArray]] = field(default_factory=list)

    def add(self, t_ns: IntArray, values: IntArray) -> None:
        self.added.append((t_ns, values))

    def drop_before(self, t_ns: int) -> None:
        self._join()
        first = int(self.t_ns.searchsorted(t_ns))
        if first:
            self.t_ns, self.values = self.t_ns[first:], self.values[first:]

    def upto(self, t_ns: int) -> tuple[IntArray, IntArray]:
        self._join()
        last = int(self.t_ns.searchsorted(t_ns))
        return self.t_ns[:last], self.values[:last]

    def state(self) -> list[IntArray]:
        self._join()
        return [self.t_ns, self.values]

    def _join(self) -> None:
        if self.added:
            parts = [*([(self.t_ns, self.values)] if len(self.t_ns) else []), *self.added]
            self.t_ns, self.values = (np.concatenate(column) for column in zip(*parts, strict=True))
            self.added.clear()


@dataclass(frozen=True, slots=True)
class _Told:
    """Beats of one chunk, (n,) each, not yet joined with the others. `flags` and `fine`: None where nothing was said."""

    t_ns: IntArray
    ticks: IntArray
    flags: IntArray | None
    fine: IntArray | None
    segment: int
    run: int


def _joined(told: Sequence[_Told]) -> Raw:
    """Chunks as one: a day has thousands of them where a strap loses its skin."""
    t_ns, ticks = np.concatenate([each.t_ns for each in told]), np.concatenate([each.ticks for each in told])
    segment, run = (np.repeat(column, [len(each.t_ns) for each in told]) for column in ([each.segment for each in told], [each.run for each in told]))
    edge = np.concatenate([np.full(len(each.t_ns), Flag.OK, np.int64) if each.flags is None else each.flags for each in told])
    fine = np.concatenate([np.zeros(len(each.t_ns), np.int64) if each.fine is None else each.fine for each in told])
    return Raw(t_ns, ticks, segment, edge, run, fine)


@dataclass(frozen=True, slots=True)
class _Moves:
    """(k,) a grid point each: movement in 0.1 mg, turns of the body, posture codes, steps x 10, and where a chest's accelerometer told the movement."""

    motion: IntArray
    turned: BoolArray
    posture: IntArray
    steps: IntArray
    chest: BoolArray


class Engine:
    """One person, one device, one recording.

    `push` takes items in each stream's time order and returns what became FINAL (and episodes that opened or closed).
    When `waiting` is set, the engine has reached a new local day: store what was returned, fit the usual and call `refitted`.
    `flush` ends the recording; `snapshot` and `restore` carry everything over a restart.
    """

    def __init__(self, unit: Unit, constants: Constants, analysis: str, *, baseline: Baseline | None = None, asks: bool = True, traced: bool = False) -> None:
        self.unit = unit
        self.trace: list[GateInput] | None = [] if traced else None
        """What the gate was told, kept on request: a within-recording baseline gates the recording anew (`processing.within`)."""
        self._offsets = UTC_ONLY
        self._held: dict[int, bool] = {}
        self._told_ns: int | None = None
        self._promised: dict[Stream, int] = {}
        self._end_ns: int | None = None
        self.waiting: Refit | None = None
        self._constants, self._analysis, self._asks = constants, analysis, asks
        self._baseline = baseline
        self._opened: Opened | None = None

    # ---- items

    def push(self, item: Item) -> list[Record]:
        """Takes one item; returns the records it completed, in event time. Only a heartbeat moves time on."""
        self._take(item)
        return self._advance() if isinstance(item, Heartbeat) else []

    def _take(self, item: Item) -> None:
        take = TAKES.get(type(item))
        if take is None:
            raise TypeError(f"{type(item).__name__} is not an item of the engine")
        getattr(self, take)(item)

    def _open(self, item: Opened) -> None:
        streams = item.streams
        self._opened = item
        self._ecg = EcgBeats() if Stream.ECG in streams and Stream.RR not in streams else None
        """Finds the beats where a recording has an ECG and nobody's intervals. Beats then follow the ECG, and hold the watermark themselves."""
        holding = streams & HOLDING if self._ecg is None else streams & HOLDING | {Stream.RR}
        self._marks = dict.fromkeys(sorted(holding), item.t_ns)
        self._raw = Raw.empty()
        self._told: list[_Told] = []
        """Beats since time last moved on: joined once, when it does."""
        self._pending = 0
        self._settled = Settled.empty()
        self._late: list[Beats] = []
        self._buffers: dict[Stream, _Buffer] = {stream: _Buffer() for stream in BUFFERED}
        self._segment_open = False
        self._segment = self._run = 0
        self._last_beat_ns: int | None = None
        self._contacts: list[tuple[int, bool]] = []
        self._uprights: list[tuple[int, tuple[int, int, int]]] = []
        self._moved: list[Moved] = []
        """What was known of movement whose samples are gone: told before time comes to it."""
        self._field_value, self._field_since = UNKNOWN, 0
        self._next_stop = ceil_to(item.t_ns + 1, GRID_NS)
        self._day: int | None = None
        has_acc, has_steps = Stream.ACC in streams, Stream.STEPS in streams
        self._motion_conf = 100 if has_acc else 80 if has_steps else 50
        movement = has_acc or has_steps
        self.placement = "none" if not movement else "wrist" if has_acc and self.unit.tier in "CD" else "trunk_or_steps"
        rules = self._constants
        self._averages = Averages(rules.motion)
        self._turns, self._tilt, self._bearing, self._words = Turns(rules.motion), Tilt(rules.motion), Bearing(rules.motion), Words()
        self._steps = Steps()
        self._rhythm = Trailing(rules.rhythm)
        self._gates = GateMachine(rules.motion, rules.cardiac, has_movement=movement)
        self._arousal = Arousal(rules, placement=self.placement, has_movement=movement)
        slowing = SpikeMachine(rules.spike, kind="slowing", sign=-1, level_on=-rules.spike.slow_on)
        self._machines: tuple[SpikeMachine | ElevatedMachine, ...] = (SpikeMachine(rules.spike), slowing, ElevatedMachine(rules.spike))

    def _shift(self, item: UtcOffset) -> None:
        self._offsets = self._offsets.then(item.from_ns, item.offset_s)

    def _add(self, item: Chunk) -> None:
        if not len(item.t_ns):
            return
        if item.stream is Stream.RR:
            self._take_beats(item)
        elif item.stream is Stream.ECG:
            self._find_beats(item)
        else:
            self._buffers[item.stream].add(item.t_ns, item.values)
        self._mark(item.stream, int(item.t_ns[-1]))

    def _find_beats(self, item: Chunk) -> None:
        if self._ecg is None:
            return
        for made in self._ecg.run(item.t_ns, item.values):
            self._take(made)
        if (told_ns := self._ecg.told_ns) is not None:
            self._mark(Stream.RR, told_ns)

    def _break(self, item: Gap) -> None:
        if item.stream is Stream.RR:
            self._segment_open = False
        elif item.stream is Stream.ECG and self._ecg is not None:
            self._end_beats(item.stop_ns)
        self._mark(item.stream, item.stop_ns)

    def _end_beats(self, t_ns: int) -> None:
        """The ECG is broken: no beat that ends before `t_ns` will be found in it, and none reaches over it."""
        if self._ecg is not None:
            self._ecg.cut()
            self._segment_open = False
            self._mark(Stream.RR, t_ns)

    def _beat(self, item: Heartbeat) -> None:
        streams = self._promising(item.stream)
        for stream in streams:
            self._promised[stream] = item.t_ns
        if self._marks and self._marks.keys() <= self._promised.keys():
            self._told_ns = min(self._promised[stream] for stream in self._marks)
        for stream in streams:
            if stream is not Stream.RR or self._ecg is None:
                self._mark(stream, item.t_ns)
            elif self._ecg.broken(item.t_ns):
                self._end_beats(item.t_ns)

    def _promising(self, stream: Stream | None) -> list[Stream]:
        """Which streams a heartbeat speaks for; who promises an ECG promises the beats in it."""
        if stream is None:
            return list(self._marks)
        return [stream, Stream.RR] if stream is Stream.ECG and self._ecg is not None else [stream]

    def _touch(self, item: Contact) -> None:
        self._contacts.append((item.t_ns, item.on))

    def _stand(self, item: Upright) -> None:
        self._uprights.append((item.t_ns, item.xyz))

    def _remember(self, item: Moved) -> None:
        if len(item.stop_ns):
            self._moved.append(item)

    def _anchor(self, item: ClockAnchor | StreamClock) -> None:
        """Kept by the store; event time is already UTC here."""

    def _adopt(self, item: Baseline) -> None:
        self._baseline = item

    def _mark(self, stream: Stream, t_ns: int) -> None:
        if stream in self._marks:
            self._marks[stream] = max(self._marks[stream], t_ns)

    def _take_beats(self, item: Chunk) -> None:
        t, ticks, flags, fine = item.t_ns, item.values, item.flags, item.fine
        if flags is not None and (stale := flags == Flag.STALE).any():
            late, fine = t[stale], np.zeros(len(t), np.int64) if fine is None else fine
            self._late.append(Beats(late, ticks[stale], flags[stale], late, fine[stale]))
            t, ticks, flags, fine = t[~stale], ticks[~stale], flags[~stale], fine[~stale]
            if not len(t):
                return
        if not self._segment_open:
            hole = None if self._last_beat_ns is None else int(t[0]) - int(ticks[0]) * SECOND_NS // 1024 - self._last_beat_ns
            self._run += hole is None or hole >= self._constants.beat.history_gap_s * SECOND_NS
            self._segment, self._segment_open = int(t[0]), True
        self._last_beat_ns = int(t[-1])
        self._told.append(_Told(t, ticks, flags, fine, self._segment, self._run))

    # ---- time

    @property
    def watermark_ns(self) -> int | None:
        """The time up to which everything has been told; None before the recording is opened."""
        return min(self._marks.values()) if self._opened and self._marks else None

    @property
    def finds_beats(self) -> bool:
        """Whether beats are found here, in an ECG, instead of being told."""
        return self._opened is not None and self._ecg is not None

    @property
    def offsets(self) -> Offsets:
        """UTC offsets as told so far."""
        return self._offsets

    @property
    def baseline(self) -> Baseline | None:
        """The usual in force."""
        return self._baseline

    @property
    def told_ns(self) -> int | None:
        """Time of the last heartbeat for all streams: a source goes on after it."""
        return self._told_ns

    def refitted(self, baseline: Baseline | None) -> list[Record]:
        """Answers `waiting`: the usual of the new day (None: too little is known yet). Continues where the engine stood."""
        if self.waiting is None:
            raise ValueError("nobody asked for a baseline")
        self._day, self.waiting = self.waiting.day, None
        self._baseline = baseline
        return self._advance()

    def _advance(self) -> list[Record]:
        mark = self.watermark_ns
        if mark is None:
            return []
        out: list[Record] = [*self._late]
        self._late.clear()
        last_stop = (mark - SETTLE_NS) // GRID_NS * GRID_NS
        if self._next_stop > last_stop:
            return out
        out += self._settle_beats(mark)
        while self.waiting is None and self._next_stop <= last_stop:
            stops = np.arange(self._next_stop, min(last_stop, self._next_stop + DAY_NS) + 1, GRID_NS)
            days = days_of(stops, self._offsets)
            until = self._day_rises(days) if self._asks else len(stops)
            if until == 0:
                self.waiting = Refit(int(days[0]), self._next_stop)
                break
            out += self._grid(stops[:until])
        return out

    def _day_rises(self, days: IntArray) -> int:
        """How many grid points come before a new local day. A day that falls (westwards over 04:00) is no new one."""
        later = np.flatnonzero(days > self._day) if self._day is not None else np.zeros(1, np.int64)
        return int(later[0]) if len(later) else len(days)

    # ---- the path

    def _join(self) -> None:
        """Puts the beats told since the last heartbeat behind the others."""
        if self._told:
            self._raw = Raw.concat([self._raw, _joined(self._told)])
            self._told.clear()

    def _settle_beats(self, mark: int) -> list[Record]:
        self._join()
        raw, first = self._raw, self._pending
        last = int(np.searchsorted(raw.t_ns, mark - SETTLE_NS, side="left"))
        if last <= first:
            return []
        found = classify(raw, self._constants.beat, since=first)
        beats = settle(raw.take(slice(first, last)), found, slice(last - first))
        self._settled = Settled.concat([self._settled, beats])
        keep = max(last - CONTEXT_BEATS, 0)
        self._raw = raw.take(slice(keep, None))
        self._pending = last - keep
        return [Beats(beats.t_ns, beats.rr_ticks, beats.flag, beats.segment, beats.rr_fine_ns)]

    def _grid(self, stops: IntArray) -> list[Record]:
        until = int(stops[-1])
        moves = self._movement(stops, until)
        motion = moves.motion
        averages, reset = self._averages.run(log_motion(motion, self._constants.motion))
        a30, a180, a600 = fixed(averages)
        sums = BeatSums(self._settled)
        contact = self._contact(stops)
        fields, frozen = self._field(stops, until, motion)
        heart = heart_rate(stops, sums, fields, contact, rules=self._constants.hr, beat=self._constants.beat)
        rhythm = self._rhythm.run(stops, self._settled)
        variability = without_variability(rmssd(stops, sums, rules=self._constants.beat), rhythm)
        told = GateInput(stops, motion, a600, reset, moves.turned, heart.hr, heart.hr60, moves.chest)
        if self.trace is not None:
            self.trace.append(told)
        gate = self._gates.run(told, self._baseline)
        conf = np.full(len(stops), self._motion_conf)
        rows = HeartRows(stops, heart.hr, heart.q, heart.variance, a30, a180, a600, gate, conf)
        arousal = self._arousal.run(rows, self._baseline, self._offsets)
        number = np.full(len(stops), self._baseline.number if self._baseline else 0)
        grid = Grid(
            stops, heart.hr, heart.reason, heart.q, variability.ln_rmssd, variability.reason, variability.q, motion, a30, a180, a600, gate,
            arousal.z, arousal.z_phasic, arousal.se, labelled(arousal.z_reason, rhythm), arousal.phasic_reason, arousal.maturity, conf, heart.artefact, number,
            moves.posture, moves.steps,
        )  # fmt: skip
        points = Points(
            stops,
            arousal.z,
            arousal.z_phasic,
            ((arousal.z_phasic != UNKNOWN) & (a30 != UNKNOWN)).astype(np.int64),
            heart.q,
            heart.q * arousal.maturity * conf // 10_000,
            arousal.se,
            arousal.se_phasic,
            gate,
            is_open(gate).astype(np.int64),
            self._faults(stops, heart, frozen, contact),
        )
        context = self._context()
        found = [record for machine in self._machines for record in machine.run(points, context)]
        self._next_stop = until + GRID_NS
        self._trim(until)
        return [grid, *sorted(found, key=_when)]

    def _movement(self, stops: IntArray, until: int) -> _Moves:
        """What each grid point knows of the body: acceleration before steps for movement, what a recording says before what is derived for the rest."""
        # Posture does not hold the watermark: what comes after its grid point was FINAL is passed over.
        self._buffers[Stream.POSTURE].drop_before(int(stops[0]) - GRID_NS)
        said = self._buffers[Stream.POSTURE].upto(until)
        moves = _Moves(
            np.full(len(stops), UNKNOWN), self._turns.run(*said, stops), self._words.run(*said, stops), np.full(len(stops), UNKNOWN), np.zeros(len(stops), bool)
        )
        streams = self._opened.streams if self._opened else frozenset[Stream]()
        if Stream.ACC in streams:
            moves = self._by_acceleration(moves, stops, until)
        if Stream.STEPS in streams:
            t, steps = self._buffers[Stream.STEPS].upto(until)
            told, counted = step_bins(stops, t, steps, self._constants.motion), counted_steps(stops, t, steps)
            known = moves.motion == UNKNOWN
            moves = replace(moves, motion=np.where(known, told, moves.motion), steps=np.where(counted == UNKNOWN, moves.steps, counted))
        return self._remembered(moves, stops)

    def _remembered(self, moves: _Moves, stops: IntArray) -> _Moves:
        """Fills what no sample tells any more from what was known."""
        for past in self._moved:
            at = np.minimum(np.searchsorted(past.stop_ns, stops), len(past.stop_ns) - 1)
            gone = (past.stop_ns[at] == stops) & (moves.motion == UNKNOWN)
            moves = _Moves(
                np.where(gone, past.motion[at], moves.motion),
                np.where(gone, past.turned[at], moves.turned),
                np.where(gone, past.posture[at], moves.posture),
                np.where(gone, past.steps[at], moves.steps),
                np.where(gone, past.chest[at], moves.chest),
            )
        return moves

    def _by_acceleration(self, moves: _Moves, stops: IntArray, until: int) -> _Moves:
        t, xyz = self._buffers[Stream.ACC].upto(until)
        xyz = xyz.reshape(-1, 3)
        size = magnitude(xyz)
        bins = acceleration_bins(stops, t, xyz, size)
        moves = replace(moves, motion=bins.motion, steps=self._steps.run(stops, t, size))
        if self.placement == "wrist":
            # A wrist turns all day long; only a trunk that tilts has changed its posture.
            return moves
        seen, settled = self._bearing.run(upright_cosine(bins.gravity, stops, self._uprights), bins.motion, stops)
        turned = moves.turned | self._tilt.run(bins.gravity, gravity_seconds(stops, t, xyz)) | settled
        return replace(moves, turned=turned, posture=np.where(moves.posture == Posture.UNKNOWN, seen, moves.posture), chest=bins.motion != UNKNOWN)

    def _contact(self, at_ns: IntArray) -> BoolArray:
        """Contact at each time: on until something said otherwise before it."""
        on = np.ones(len(at_ns), bool)
        for t_ns, state in self._contacts:
            on[at_ns > t_ns] = state
        return on

    def _field(self, stops: IntArray, until: int, motion: IntArray) -> tuple[FieldSeconds, BoolArray]:
        """The device's own heart rate with its freshness, and the stops at which it is frozen."""
        t, mbpm = self._buffers[Stream.HR].upto(until)
        if not len(t):
            return FieldSeconds(t, mbpm, np.zeros(0, bool)), np.zeros(len(stops), bool)
        changed = np.diff(mbpm, prepend=self._field_value) != 0
        since = np.maximum.accumulate(np.where(changed, t, 0))
        since = np.where(since == 0, self._field_since or t[0], since)
        point = np.minimum(np.searchsorted(stops, t, side="right"), len(stops) - 1)
        earlier = int(t.searchsorted(stops[0] - GRID_NS))
        moving = np.concatenate([self._field_moved(t[:earlier]), motion[point[earlier:]] > 0])
        held = (t - since >= self._constants.hr.frozen_s * SECOND_NS) & moving
        first_of_second = np.diff(t // SECOND_NS, prepend=-1) != 0
        kept = slice(int(t.searchsorted(until + GRID_NS - KEEP_NS)), None)
        self._held = dict(zip(t[kept].tolist(), moving[kept].tolist(), strict=True))
        at = np.searchsorted(t, stops, side="left") - 1
        frozen = np.where(at >= 0, held[np.maximum(at, 0)], False)
        return FieldSeconds(t, mbpm, ~held & first_of_second & self._contact(t)), frozen

    def _field_moved(self, t: IntArray) -> BoolArray:
        """Whether the body moved at samples of earlier grid points, as it was found then."""
        return np.array([self._held.get(x, False) for x in t.tolist()], bool)

    def _faults(self, stops: IntArray, heart: Heart, frozen: BoolArray, contact: BoolArray) -> IntArray:
        """What forbids an onset at each stop, as a code of `FAULT`; 0 nothing."""
        rules = self._constants.spike
        few = (heart.reason == RR) & (heart.beats30 < rules.min_beats)
        by_field = (heart.reason == FIELD) | (heart.reason == FUSED)
        checks = {
            "contact": ~contact,
            "artefact": heart.artefact > rules.max_artefact * 10_000,
            "few_beats": few,
            "gap_step": self._gap_steps(stops),
            "frozen": frozen & by_field,
        }
        return np.select(list(checks.values()), [FAULT[name] for name in checks], 0).astype(np.int64)

    def _gap_steps(self, stops: IntArray) -> BoolArray:
        """Stops whose 30 s hold a Gap over which RR jumped by more than 20 %: two beats before against two after."""
        beats = self._settled
        out = np.zeros(len(stops), bool)
        if len(beats) < 4:
            return out
        used, segment = beats.used_ticks, beats.segment
        at = np.arange(2, len(beats) - 1)
        at = at[(segment[at] != segment[at - 1]) & (segment[at + 1] == segment[at])]
        before, after = used[at - 1] + used[at - 2], used[at] + used[at + 1]
        whole = (used[at - 1] > 0) & (used[at - 2] > 0) & (used[at] > 0) & (used[at + 1] > 0)
        jumped = beats.t_ns[at + 1][whole & (np.abs(after - before) > self._constants.beat.fallback * before)]
        window = self._constants.hr.win_s * SECOND_NS
        return np.searchsorted(jumped, stops, side="left") > np.searchsorted(jumped, stops - window, side="left")

    def _context(self) -> Context:
        spike = self._constants.spike
        z_on = {"level": spike.level_on, "phasic": spike.phasic_on}
        if self._baseline is not None:
            z_on.update(self._baseline.z_on)
        return Context(self.unit.person, self.unit.device, self._analysis, z_on, _Chance(self._baseline, self._offsets, self._constants))

    def _trim(self, until: int) -> None:
        first = int(np.searchsorted(self._settled.t_ns, until - KEEP_NS, side="left"))
        self._settled = self._settled.take(slice(max(first - 3, 0), None))
        field = self._buffers[Stream.HR]
        old, values = field.upto(until + GRID_NS - KEEP_NS)
        if len(old):
            changes = np.flatnonzero(np.diff(values, prepend=self._field_value))
            if len(changes):
                self._field_since = int(old[changes[-1]])
            elif not self._field_since:
                self._field_since = int(old[0])
            self._field_value = int(values[-1])
        field.drop_before(until + GRID_NS - KEEP_NS)
        for stream in (Stream.ACC, Stream.STEPS, Stream.POSTURE):
            self._buffers[stream].drop_before(until)
        while len(self._contacts) > 1 and self._contacts[1][0] < until - KEEP_NS:
            self._contacts.pop(0)
        self._moved = [past for past in self._moved if past.stop_ns[-1] > until]
        while len(self._uprights) > 1 and self._uprights[1][0] < until:
            self._uprights.pop(0)

    def provisional(self) -> Grid:
        """Grid points that lie behind the watermark but are not FINAL yet, as they look now; for the eye only, changes nothing."""
        if self.watermark_ns is None or self.waiting is not None:
            return Grid.empty()
        ahead = Engine(self.unit, self._constants, self._analysis, asks=False)
        ahead.restore(self.snapshot())
        return Grid.concat([record for record in ahead.push(Heartbeat(self.watermark_ns + SETTLE_NS)) if isinstance(record, Grid)])

    # ---- end and memory

    def flush(self) -> list[Record]:
        """The recording has ended: nothing more will come, everything becomes FINAL."""
        if not self._opened:
            return []
        if self._end_ns is None:
            self._end_ns = max(self._marks.values()) + SETTLE_NS + GRID_NS
        out = self.push(Heartbeat(self._end_ns))
        if self.waiting is not None:
            return out
        context = self._context()
        return out + [record for machine in self._machines for record in machine.flush(context)]

    def snapshot(self, beside: Mapping[str, Any] | None = None) -> bytes:
        """Everything needed to go on, as bytes; restored into an engine made with the same arguments.

        `beside` is what the caller wants remembered with it (a live source's clocking); `restore` gives it back.
        """
        kept = dict(beside or {})
        if not self._opened:
            return encode({"opened": None, "offsets": [self._offsets.from_ns, self._offsets.offset_s], "beside": kept})
        opened = self._opened
        self._join()
        return encode(
            {
                "opened": [opened.t_ns, sorted(opened.streams), opened.start_unknown],
                "offsets": [self._offsets.from_ns, self._offsets.offset_s],
                "marks": self._marks,
                "raw": [getattr(self._raw, name) for name in Raw.__slots__],
                "pending": self._pending,
                "late": [beats.arrays() for beats in self._late],
                "settled": self._settled.arrays(),
                "buffers": {stream: buffer.state() for stream, buffer in self._buffers.items()},
                "beat": [self._segment_open, self._segment, self._run, self._last_beat_ns],
                "ecg": None if self._ecg is None else self._ecg.state(),
                "contacts": self._contacts,
                "uprights": self._uprights,
                "moved": [[getattr(past, name) for name in Moved.__slots__] for past in self._moved],
                "field": [self._field_value, self._field_since, sorted(self._held.items())],
                "grid": [self._next_stop, self._day, self._told_ns, self._end_ns],
                "promised": self._promised,
                "baseline": _baseline_state(self._baseline),
                "waiting": None if self.waiting is None else [self.waiting.day, self.waiting.at_ns],
                "averages": self._averages.state(),
                "turns": self._turns.state(),
                "tilt": self._tilt.state(),
                "bearing": self._bearing.state(),
                "words": self._words.state(),
                "steps": self._steps.state(),
                "rhythm": self._rhythm.state(),
                "gates": self._gates.state(),
                "arousal": self._arousal.state(),
                "machines": [machine.state() for machine in self._machines],
                "beside": kept,
            }
        )

    def restore(self, blob: bytes) -> dict[str, Any]:
        """Takes over a snapshot and gives back what was remembered beside it. Raises UnreadableSnapshot when it is not one of this version."""
        state: dict[str, Any] = decode(blob)
        beside: dict[str, Any] = state.get("beside", {})
        self._offsets = Offsets(*(tuple(part) for part in state["offsets"]))
        if state["opened"] is None:
            return beside
        t_ns, streams, start_unknown = state["opened"]
        self._take(Opened(self.unit, t_ns, frozenset(Stream(s) for s in streams), start_unknown))
        self._marks = {Stream(name): mark for name, mark in state["marks"].items()}
        self._raw = Raw(*state["raw"])
        self._pending = state["pending"]
        self._late = [Beats(**columns) for columns in state["late"]]
        self._settled = Settled(**state["settled"])
        self._buffers = {Stream(name): _Buffer(*parts) for name, parts in state["buffers"].items()}
        self._segment_open, self._segment, self._run, self._last_beat_ns = state["beat"]
        if self._ecg is not None:
            self._ecg.restore(state["ecg"])
        self._contacts = [(t, on) for t, on in state["contacts"]]
        self._uprights = [(t, tuple(xyz)) for t, xyz in state["uprights"]]
        self._moved = [Moved(*columns) for columns in state.get("moved", [])]
        self._field_value, self._field_since, held = state["field"]
        self._held = dict(held)
        self._next_stop, self._day, self._told_ns, self._end_ns = state["grid"]
        self._promised = {Stream(name): t_ns for name, t_ns in state["promised"].items()}
        self._baseline = _baseline_of(state["baseline"])
        self.waiting = None if state["waiting"] is None else Refit(*state["waiting"])
        self._averages.restore(state["averages"])
        self._turns.restore(state["turns"])
        self._tilt.restore(state["tilt"])
        self._bearing.restore(state["bearing"])
        self._words.restore(state["words"])
        self._steps.restore(state["steps"])
        self._rhythm.restore(state["rhythm"])
        self._gates.restore(state["gates"])
        self._arousal.restore(state["arousal"])
        for machine, kept in zip(self._machines, state["machines"], strict=True):
            machine.restore(kept)
        return beside


@dataclass(frozen=True, slots=True)
class _Chance:
    """Chance per hour at a grid point: its cell, else the person's own rate, None while nobody could count."""

    baseline: Baseline | None
    offsets: Offsets
    constants: Constants

    def __call__(self, t_ns: int, gate: int) -> float | None:
        if self.baseline is None or self.baseline.chance_all is None:
            return None
        local = t_ns + self.offsets.one(t_ns) * SECOND_NS
        block = local % DAY_NS // (self.constants.chance.block_h * HOUR_NS)
        return self.baseline.chance.get(cell_name(gate, block), self.baseline.chance_all)


def _when(record: Any) -> tuple[int, str]:
    return record.start_ns, record.kind


def _baseline_state(baseline: Baseline | None) -> dict[str, Any] | None:
    return None if baseline is None else {name: getattr(baseline, name) for name in Baseline.__slots__}


def _baseline_of(state: dict[str, Any] | None) -> Baseline | None:
    if state is None:
        return None
    whole = dict(state)
    for name in ("coef_u", "excluded", "span_ns"):
        whole[name] = tuple(whole[name])
    whole["cov_u"] = tuple(tuple(row) for row in whole["cov_u"])
    return Baseline(**whole)
