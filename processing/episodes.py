"""z on the grid -> episodes: spikes, slowings and elevated periods (engine, section 3).

A spike is a state machine written as a table (`TABLE`): a candidate at z 1.0, an onset once it stood above `z_on` for a minute and a
half and really rose, an offset after a minute below 1.0, merged with what follows within two minutes. Whatever does not become
an episode is kept with its reason. The same machine runs over the person's surrogates, where it tells the chance rate.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum, auto

import numpy as np

from processing.exact import int_sum, median2, running
from somalink.domain.catalogue import REJECTIONS
from somalink.domain.constants import Spike
from somalink.domain.identity import digest
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, Candidate, Columns, Episode, Gate, IntArray, word

Z = 10_000
"""Fixed point of z, quality and confidence."""
HISTORY = 108
"""Grid points kept before the new ones: 6 min for the reference of a rise, and up to 3 for its confirmation."""


@dataclass(frozen=True, slots=True, eq=False)
class Points(Columns):
    """What the machine is told of each grid point, (k,). z, quality, confidence and se in 1e-4; `fault` is 0 or a code of
    `REJECTIONS` + 1 that forbids an onset here; `phasic_drives`: a candidate that starts here is driven by the phasic z."""

    t_ns: IntArray
    level: IntArray
    phasic: IntArray
    phasic_drives: IntArray
    quality: IntArray
    confidence: IntArray
    se_level: IntArray
    se_phasic: IntArray
    gate: IntArray
    open: IntArray
    fault: IntArray


class State(Enum):
    IDLE = auto()
    CANDIDATE = auto()
    REFUSED = auto()
    """A candidate was turned down; nothing more until z has fallen below 1.0."""
    ACTIVE = auto()
    CLOSED = auto()
    """An episode has ended and may still be joined by what follows within two minutes."""


class Signal(Enum):
    RISE = auto()
    FALL = auto()
    LOST = auto()
    SHUT = auto()
    CONFIRMED = auto()
    TURNED_DOWN = auto()
    QUIET = auto()
    SETTLED = auto()


TABLE: Mapping[tuple[State, Signal], str] = {
    (State.IDLE, Signal.RISE): "propose",
    (State.CLOSED, Signal.RISE): "propose",
    (State.CANDIDATE, Signal.FALL): "lapse",
    (State.CANDIDATE, Signal.LOST): "lose",
    (State.CANDIDATE, Signal.SHUT): "shut",
    (State.CANDIDATE, Signal.CONFIRMED): "confirm",
    (State.CANDIDATE, Signal.TURNED_DOWN): "turn_down",
    (State.REFUSED, Signal.FALL): "forget",
    (State.ACTIVE, Signal.QUIET): "close",
    (State.ACTIVE, Signal.LOST): "truncate",
    (State.CLOSED, Signal.SETTLED): "finish",
}
"""(state, signal) -> what is done; the action says the next state. Pairs that are not here cannot happen."""


@dataclass(slots=True)
class _Stretch:
    """A candidate and the episode it may become. Lists run over its known points since `start_ns`."""

    driver: str
    start_ns: int
    reference: int | None
    onset_ns: int = 0
    last_high_ns: int = 0
    low: int = 0
    unknown: int = 0
    truncated: bool = False
    t: list[int] = field(default_factory=list)
    z: list[int] = field(default_factory=list)
    weight: list[int] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    gate: list[int] = field(default_factory=list)

    def trimmed(self) -> int:
        """How many points lie at or before the last one at 1.0 or above."""
        return bisect_left(self.t, self.last_high_ns + 1)


@dataclass(frozen=True, slots=True)
class Context:
    """What an episode needs to be named: whose, under which analysis, thresholds by driver, chance by `gate/block`."""

    person: str
    device: str
    analysis: str
    z_on: Mapping[str, float]
    chance: Callable[[int, int], float | None]
    """Chance per hour at (time, gate code); None where nobody could count it yet."""


class SpikeMachine:
    """Spikes (sign +1) or slowings (sign -1) over consecutive grid points. `run` may be cut anywhere; the result is the same.

    `level_on`: always driven by the level, at this threshold (slowings).
    """

    def __init__(self, rules: Spike, *, kind: str = "spike", sign: int = 1, level_on: float | None = None) -> None:
        self._rules, self._kind, self._sign, self._level_on = rules, kind, sign, level_on
        self._state = State.IDLE
        self._now: _Stretch | None = None
        self._closed: _Stretch | None = None
        self._last_stop_ns: int | None = None
        self._tape = Points.empty()
        self._out: list[Episode | Candidate] = []
        self._hits: dict[str, list[bool]] = {}
        self._good: list[bool] = []
        self._columns: dict[str, list[int]] = {}
        self._on: dict[str, float] = {}

    # ---- driving

    def run(self, points: Points, context: Context) -> list[Episode | Candidate]:
        """Episodes that opened, closed or became FINAL at these points, and candidates that were rejected, in time order."""
        if self._level_on is not None:
            points = replace(points, phasic_drives=np.zeros(len(points), np.int64))
            context = replace(context, z_on={"level": self._level_on, "phasic": self._level_on})
        kept = len(self._tape)
        tape = Points.concat([self._tape, points])
        rise = self._rising(tape)
        self._out = []
        i, n = kept, len(tape)
        if self._state is not State.IDLE or rise[kept:].any():
            self._prepare(tape, context)
        rising = np.flatnonzero(rise).tolist()
        while i < n:
            if self._state is State.IDLE:
                # Nearly every point of a quiet day ends here: jump to the next one at 1.0 or above.
                following = bisect_left(rising, i)
                if following == len(rising):
                    break
                i = rising[following]
            self._step(i, context)
            i += 1
        self._tape = tape.take(slice(max(n - HISTORY, 0), n))
        return self._out

    def flush(self, context: Context) -> list[Episode | Candidate]:
        """The recording has ended: what is open is truncated, what is closed is FINAL, what was only a candidate is let go."""
        self._out = []
        if self._state is State.CANDIDATE and self._now is not None:
            self._reject(self._now, "unknown")
        if self._state is State.ACTIVE and self._now is not None:
            self._now.truncated = True
            self._closed = self._now
        if self._closed is not None:
            self._finish(0, context)
        self._now, self._state = None, State.IDLE
        return self._out

    def _prepare(self, tape: Points, context: Context) -> None:
        """Counts over the points that confirm, for every point at once."""
        enough, of = self._rules.confirm
        sound, of_sound = self._rules.sound
        self._good = (running(tape.quality >= 6000, of_sound) >= sound).tolist()
        for driver, column in (("level", tape.level), ("phasic", tape.phasic)):
            z_on = round(context.z_on[driver] * Z)
            # A point while the gate was shut says nothing: without this, posture's 90 s would confirm what follows them.
            hit = (column != UNKNOWN) & (self._sign * column >= z_on) & (tape.open != 0)
            self._hits[driver] = (running(hit, of) >= enough).tolist()
        # Lists, since the machine goes from point to point: one of an array costs five times as much.
        self._columns = {name: column.tolist() for name, column in tape.arrays().items()}

    def _rising(self, tape: Points) -> BoolArray:
        """Points at which a candidate may start: the z that would drive it is at 1.0 or above and the gate is open."""
        driving = np.where(tape.phasic_drives != 0, tape.phasic, tape.level)
        return np.asarray((driving != UNKNOWN) & (self._sign * driving >= round(self._rules.cand * Z)) & (tape.open != 0))

    def _step(self, i: int, context: Context) -> None:
        self._expire(self._columns["t_ns"][i], context)
        signal = self._signal(i)
        if signal is not None:
            getattr(self, "_" + TABLE[self._state, signal])(i, context)

    # ---- what a point says in the present state

    def _z(self, i: int, driver: str) -> int | None:
        value = self._columns[driver][i]
        return None if value == UNKNOWN else self._sign * value

    def _signal(self, i: int) -> Signal | None:
        if self._state in (State.IDLE, State.CLOSED):
            z = self._z(i, "phasic" if self._columns["phasic_drives"][i] else "level")
            if z is not None and z >= self._rules.cand * Z and self._columns["open"][i]:
                return Signal.RISE
            if self._state is State.CLOSED and self._closed and self._columns["t_ns"][i] - self._closed.last_high_ns >= self._rules.merge_s * SECOND_NS:
                return Signal.SETTLED
            return None
        assert self._now is not None
        z = self._z(i, self._now.driver)
        if self._state is State.REFUSED:
            return Signal.FALL if z is None or z < self._rules.off * Z else None
        shut = not self._columns["open"][i]
        if z is None or (shut and self._state is State.ACTIVE):
            self._now.unknown += 1
            return Signal.LOST if self._now.unknown * GRID_NS > self._rules.unknown_s * SECOND_NS else None
        self._now.unknown = 0
        if self._state is State.CANDIDATE:
            return self._candidate_signal(i, z, shut)
        self._note(i, z)
        return Signal.QUIET if self._now.low * GRID_NS >= self._rules.off_s * SECOND_NS else None

    def _candidate_signal(self, i: int, z: int, shut: bool) -> Signal | None:
        assert self._now is not None
        if z < self._rules.off * Z:
            return Signal.FALL
        if shut:
            return Signal.SHUT
        self._note(i, z)
        if not (self._hits[self._now.driver][i] and self._good[i]):
            return None
        return Signal.TURNED_DOWN if self._objection(i) else Signal.CONFIRMED

    def _objection(self, i: int) -> str:
        """Why a candidate that is high enough is still no onset; empty when it is one."""
        assert self._now is not None
        fault = self._columns["fault"][i]
        if fault:
            return REJECTIONS[fault - 1]
        if self._joins():
            return ""
        if self._last_stop_ns is not None and self._now.start_ns - self._last_stop_ns < self._rules.refractory_s * SECOND_NS:
            return "refractory"
        if self._now.reference is None:
            return "no_reference"
        _, of = self._rules.confirm
        confirming = [z for j in range(max(i - of + 1, 0), i + 1) if (z := self._z(j, self._now.driver)) is not None]
        # Twice the medians, so that a mean of two middle values stays whole.
        return "" if median2(confirming) - self._now.reference >= 2 * self._rules.rise * Z else "no_rise"

    def _joins(self) -> bool:
        return self._closed is not None and self._now is not None and self._now.start_ns - self._closed.last_high_ns < self._rules.merge_s * SECOND_NS

    def _note(self, i: int, z: int) -> None:
        """Adds a known point to the stretch under way."""
        now, at = self._now, self._columns
        assert now is not None
        now.t.append(at["t_ns"][i])
        now.z.append(z)
        now.quality.append(at["quality"][i])
        now.gate.append(at["gate"][i])
        now.weight.append(self._weight(i, z, now.driver))
        if z >= self._rules.off * Z:
            now.last_high_ns, now.low = at["t_ns"][i], 0
        else:
            now.low += 1

    def _weight(self, i: int, z: int, driver: str) -> int:
        """C x Phi((z - z_on) / SE) of one point, 1e-4."""
        se = self._columns["se_" + driver][i]
        if se in (UNKNOWN, 0):
            return 0
        return round(self._columns["confidence"][i] * 0.5 * math.erfc((self._on[driver] * Z - z) / se / math.sqrt(2)))

    # ---- what is done about it (the names in TABLE)

    def _propose(self, i: int, context: Context) -> None:
        at = self._columns
        driver = "phasic" if at["phasic_drives"][i] else "level"
        self._on = dict(context.z_on)
        self._now = _Stretch(driver, at["t_ns"][i], self._reference(i, driver))
        self._state = State.CANDIDATE
        z = self._z(i, driver)
        assert z is not None
        self._note(i, z)

    def _reference(self, i: int, driver: str) -> int | None:
        """Twice the median of z over [-6, -2] min before the candidate; None with less than two minutes of it known."""
        first, last = (i + minutes * MINUTE_NS // GRID_NS for minutes in self._rules.rise_ref_min)
        known = [z for j in range(max(first, 0), max(last + 1, 0)) if (z := self._z(j, driver)) is not None]
        return median2(known) if len(known) * GRID_NS >= self._rules.rise_known_min * MINUTE_NS else None

    def _lapse(self, i: int, context: Context) -> None:
        self._let_go("lapsed")

    def _lose(self, i: int, context: Context) -> None:
        self._let_go("unknown")

    def _shut(self, i: int, context: Context) -> None:
        self._let_go("gate")

    def _let_go(self, reason: str) -> None:
        assert self._now is not None
        self._reject(self._now, reason)
        self._back()

    def _turn_down(self, i: int, context: Context) -> None:
        assert self._now is not None
        self._reject(self._now, self._objection(i))
        self._state = State.REFUSED

    def _forget(self, i: int, context: Context) -> None:
        self._back()

    def _back(self) -> None:
        self._now = None
        self._state = State.CLOSED if self._closed is not None else State.IDLE

    def _confirm(self, i: int, context: Context) -> None:
        assert self._now is not None
        self._now.onset_ns = self._columns["t_ns"][i]
        if self._joins():
            self._now = _joined(self._closed, self._now)
        self._closed = None
        self._state = State.ACTIVE
        self._out.append(self._episode(self._now, context, "open"))

    def _close(self, i: int, context: Context) -> None:
        assert self._now is not None
        self._closed, self._now, self._state = self._now, None, State.CLOSED
        self._last_stop_ns = self._closed.last_high_ns
        self._out.append(self._episode(self._closed, context, "closed"))

    def _truncate(self, i: int, context: Context) -> None:
        assert self._now is not None
        self._now.truncated = True
        self._close(i, context)

    def _expire(self, t_ns: int, context: Context) -> None:
        """A closed episode waits no longer than the merge time and the time a candidate has to be confirmed."""
        wait_s = self._rules.merge_s + self._rules.confirm[1] * GRID_NS // SECOND_NS
        if self._closed is not None and self._state is not State.CLOSED and t_ns - self._closed.last_high_ns > wait_s * SECOND_NS:
            self._settle(context)

    def _finish(self, i: int, context: Context) -> None:
        self._settle(context)
        self._state = State.IDLE

    def _settle(self, context: Context) -> None:
        assert self._closed is not None
        done, self._closed = self._closed, None
        self._last_stop_ns = done.last_high_ns
        if done.last_high_ns - done.start_ns < self._rules.min_s * SECOND_NS:
            self._out.append(self._episode(done, context, "dropped"))
            self._reject(done, "short")
        else:
            self._out.append(self._episode(done, context, "final"))

    def _reject(self, stretch: _Stretch, reason: str) -> None:
        peak = self._sign * max(stretch.z, default=0) / Z
        self._out.append(Candidate(self._kind, stretch.driver, stretch.start_ns, stretch.t[-1] if stretch.t else stretch.start_ns, reason, peak))

    def _episode(self, stretch: _Stretch, context: Context, state: str) -> Episode:
        n = stretch.trimmed()
        z, gates = stretch.z[:n], Counter(stretch.gate[:n])
        peak = max(range(n), key=lambda k: (z[k], -k))
        gate = max(sorted(gates), key=lambda g: gates[g])
        start_gate = stretch.gate[0]
        return Episode(
            id=digest(context.person, context.device, self._kind, stretch.start_ns, context.analysis),
            kind=self._kind,
            driver=stretch.driver,
            start_ns=stretch.start_ns,
            stop_ns=None if state == "open" else stretch.last_high_ns,
            onset_ns=stretch.onset_ns,
            peak_ns=stretch.t[peak],
            peak_z=self._sign * z[peak] / Z,
            mean_z=self._sign * round(_mean(z)) / Z,
            quality=_middle(stretch.quality[:n]) / Z,
            confidence=round(_mean(stretch.weight[:n])) / Z,
            gate=word(Gate(gate)),
            truncated=stretch.truncated,
            chance_per_h=context.chance(stretch.start_ns, start_gate) if self._kind == "spike" else None,
            state=state,
        )

    # ---- memory

    def state(self) -> dict[str, object]:
        return {
            "state": self._state.name,
            "now": None if self._now is None else asdict(self._now),
            "closed": None if self._closed is None else asdict(self._closed),
            "last_stop": self._last_stop_ns,
            "tape": self._tape.arrays(),
            "on": self._on,
        }

    def restore(self, state: Mapping[str, object]) -> None:
        self._state = State[state["state"]]  # type: ignore[misc]
        self._now = None if state["now"] is None else _Stretch(**state["now"])  # type: ignore[arg-type]
        self._closed = None if state["closed"] is None else _Stretch(**state["closed"])  # type: ignore[arg-type]
        self._last_stop_ns = state["last_stop"]  # type: ignore[assignment]
        self._tape = Points(**{name: np.array(column, np.int64) for name, column in state["tape"].items()})  # type: ignore[attr-defined]
        self._on = dict(state["on"])  # type: ignore[call-overload]


def _middle(values: list[int]) -> int:
    """The lower median: half of the episode's points were at least this good (docs/decisions/0013)."""
    return sorted(values)[(len(values) - 1) // 2]


def _mean(values: list[int]) -> float:
    return int_sum(np.array(values, np.int64)) / len(values)


def _joined(first: _Stretch | None, second: _Stretch) -> _Stretch:
    """One episode out of two that lie less than two minutes apart: the first one's beginning, the second one's course."""
    assert first is not None
    return _Stretch(
        driver=first.driver,
        start_ns=first.start_ns,
        reference=first.reference,
        onset_ns=first.onset_ns,
        last_high_ns=second.last_high_ns,
        low=second.low,
        unknown=second.unknown,
        truncated=second.truncated,
        t=first.t + second.t,
        z=first.z + second.z,
        weight=first.weight + second.weight,
        quality=first.quality + second.quality,
        gate=first.gate + second.gate,
    )


class ElevatedMachine:
    """Longer stretches above the usual: level z >= 1 for at least 15 of 20 min. Never the start of a prompt."""

    def __init__(self, rules: Spike) -> None:
        self._rules = rules
        self._of = rules.elevated_of_min[1] * MINUTE_NS // GRID_NS
        self._need = rules.elevated_of_min[0] * MINUTE_NS // GRID_NS
        self._tape = Points.empty()
        self._start_ns: int | None = None
        self._onset_ns = 0
        self._last_stop_ns = 0
        self._sums = _Sums()

    def run(self, points: Points, context: Context) -> list[Episode | Candidate]:
        """Elevated periods that opened or became FINAL at these points."""
        kept = len(self._tape)
        tape = Points.concat([self._tape, points])
        high = self._high(tape)
        on = running(high, self._of) >= self._need
        out: list[Episode | Candidate] = []
        i, on_at = kept, np.flatnonzero(on)
        while i < len(tape):
            if self._start_ns is None:
                following = int(on_at.searchsorted(i))
                if following == len(on_at):
                    break
                i = int(on_at[following])
            out += self._step(i, tape, high, bool(on[i]), context)
            i += 1
        self._tape = tape.take(slice(max(len(tape) - self._of, 0), len(tape)))
        return out

    def flush(self, context: Context) -> list[Episode | Candidate]:
        if self._start_ns is None:
            return []
        out: list[Episode | Candidate] = [self._episode(context, "final", truncated=True)]
        self._start_ns = None
        return out

    def _high(self, tape: Points) -> BoolArray:
        return np.asarray((tape.level != UNKNOWN) & (tape.level >= self._rules.elevated_z * Z) & (tape.open != 0) & (tape.quality >= 6000))

    def _step(self, i: int, tape: Points, high: BoolArray, on: bool, context: Context) -> list[Episode | Candidate]:
        if self._start_ns is None and on:
            window = np.flatnonzero(high[max(i - self._of + 1, 0) : i + 1]) + max(i - self._of + 1, 0)
            window = window[tape.t_ns[window] > self._last_stop_ns]
            if not len(window):
                return []
            self._sums = _Sums()
            for j in window.tolist():
                self._sums.add(tape, j)
            self._start_ns, self._onset_ns = int(tape.t_ns[window[0]]), int(tape.t_ns[i])
            return [self._episode(context, "open")]
        if self._start_ns is not None and high[i]:
            self._sums.add(tape, i)
        if self._start_ns is not None and not on:
            done = self._episode(context, "final")
            self._start_ns, self._last_stop_ns = None, self._sums.last_ns
            return [done]
        return []

    def _episode(self, context: Context, state: str, *, truncated: bool = False) -> Episode:
        assert self._start_ns is not None
        sums = self._sums
        gate = max(sorted(sums.gates), key=lambda g: sums.gates[g])
        return Episode(
            id=digest(context.person, context.device, "elevated", self._start_ns, context.analysis),
            kind="elevated",
            driver="level",
            start_ns=self._start_ns,
            stop_ns=None if state == "open" else sums.last_ns,
            onset_ns=self._onset_ns,
            peak_ns=sums.peak_ns,
            peak_z=sums.peak / Z,
            mean_z=round(sums.total / sums.n) / Z,
            quality=_middle(sums.quality) / Z,
            confidence=round(sums.confidence / sums.n) / Z,
            gate=word(Gate(int(gate))),
            truncated=truncated,
            chance_per_h=None,
            state=state,
        )

    def state(self) -> dict[str, object]:
        return {
            "tape": self._tape.arrays(),
            "start": self._start_ns,
            "onset": self._onset_ns,
            "last_stop": self._last_stop_ns,
            "sums": asdict(self._sums),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        self._tape = Points(**{name: np.array(column, np.int64) for name, column in state["tape"].items()})  # type: ignore[attr-defined]
        self._start_ns, self._onset_ns, self._last_stop_ns = state["start"], state["onset"], state["last_stop"]  # type: ignore[assignment]
        self._sums = _Sums(**state["sums"])  # type: ignore[arg-type]


@dataclass(slots=True)
class _Sums:
    """What is kept of an elevated period: whole numbers only, gates by their code as text (JSON keys are text)."""

    n: int = 0
    total: int = 0
    confidence: int = 0
    peak: int = 0
    peak_ns: int = 0
    quality: list[int] = field(default_factory=list)
    last_ns: int = 0
    gates: dict[str, int] = field(default_factory=dict)

    def add(self, tape: Points, i: int) -> None:
        z, gate = int(tape.level[i]), str(int(tape.gate[i]))
        self.n, self.total, self.confidence = self.n + 1, self.total + z, self.confidence + int(tape.confidence[i])
        if z > self.peak:
            self.peak, self.peak_ns = z, int(tape.t_ns[i])
        self.quality.append(int(tape.quality[i]))
        self.last_ns = int(tape.t_ns[i])
        self.gates[gate] = self.gates.get(gate, 0) + 1
