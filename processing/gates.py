"""Movement, posture and effort -> one word a grid point: may this heart rate be read against the usual? (engine, section 2)

With a movement stream the word comes from movement. Without one it comes from the heart itself: effort that no feeling
reaches is called moving, and everything else stays `unknown`, which then counts as still: a label, never a lock. Where a chest moves a
little, the same is asked of the heart: a bicycle hardly moves a chest, and who wears an accelerometer shall not be judged more
loosely than who wears none (docs/decisions/0031).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from processing.exact import prefix
from somalink.domain.constants import CardiacGate, Motion
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, Gate, IntArray

POINTS_60S = 12
KNOWN_OF_60S = 6
"""Half of the last minute must be known for its mean to say how it was."""
SLOPE_POINTS = 36
OPEN = frozenset({Gate.STILL, Gate.LIGHT, Gate.UNKNOWN})


def is_open(gate: IntArray) -> BoolArray:
    """Where episodes may be detected: still, light, unknown."""
    return np.asarray(np.isin(gate, [int(g) for g in OPEN]), bool)


def is_still(gate: IntArray, motion_conf: IntArray) -> BoolArray:
    """Where a heart rate counts as the usual: still; and `unknown` where the recording has no movement stream at all."""
    return np.asarray((gate == Gate.STILL) | ((gate == Gate.UNKNOWN) & (motion_conf == CARDIAC_ONLY)))


CARDIAC_ONLY = 50
"""`motion_conf` in hundredths when nothing but the heart tells of movement (contracts, section 5)."""


@dataclass(frozen=True, slots=True)
class GateInput:
    """(k,) a grid point each: movement and A600 in their fixed point, resets, posture turns, heart rates in milli-bpm, and whether it was an
    accelerometer at the chest that told the movement."""

    stop_ns: IntArray
    motion: IntArray
    a600: IntArray
    reset: BoolArray
    turned: BoolArray
    hr: IntArray
    hr60: IntArray
    chest: BoolArray


@dataclass(slots=True)
class _Effort:
    """How long the body has been moving, and what it still owes: shared by the movement and the cardiac gate."""

    points: int = 0
    broken: int = 0
    since_ns: int | None = None
    """Start of the recovery, None when there is none."""


class GateMachine:
    """Words for consecutive grid points; everything it remembers is in `state()`."""

    def __init__(self, rules: Motion, cardiac: CardiacGate, *, has_movement: bool) -> None:
        self._rules, self._cardiac, self._has_movement = rules, cardiac, has_movement
        self._effort = _Effort()
        self._turned_ns: int | None = None
        self._reset_ns: int | None = None
        self._missing = 0
        self._motion = np.zeros(0, np.int64)
        self._hr: deque[int] = deque(maxlen=cardiac.jump_s * SECOND_NS // GRID_NS - 1)
        self._hr60: deque[int] = deque(maxlen=SLOPE_POINTS + 1)

    def run(self, given: GateInput, baseline: Baseline | None) -> IntArray:
        """(k,) gate codes. A hole in a movement stream that the recording has is `unknown`, and never counts as still."""
        columns = [self._mean_motion(given.motion), *(getattr(given, f.name).tolist() for f in fields(GateInput))]
        decide: Callable[..., int] = self._by_movement if self._has_movement else self._by_heart
        return np.array([decide(*point, baseline) for point in zip(*columns, strict=True)], np.int64)

    def _by_movement(
        self, m60: float | None, t: int, motion: int, a600: int, reset: bool, turned: bool, hr: int, hr60: int, chest: bool, baseline: Baseline | None
    ) -> int:
        self._hr60.append(hr60)
        laboured = self._laboured(hr, baseline) and chest
        self._missing = self._missing + 1 if motion == UNKNOWN else 0
        if turned:
            self._turned_ns = t
        if reset:
            self._reset_ns = t
            self._effort.points = 0
        # At or below: who sits and sleeps for most of the day has a percentile of 0, and nothing lies below that.
        a600_low = None if baseline is None or baseline.p60_a600 is None or a600 == UNKNOWN else a600 <= baseline.p60_a600
        moving = m60 is not None and m60 >= (self._rules.still_mg if laboured else self._rules.moving_mg)
        recovering = self._recovering(t, moving, a600_low is not False)
        if m60 is None or self._missing * GRID_NS > self._rules.hold_s * SECOND_NS or self._young(t):
            return Gate.RECOVERY if recovering and self._within_floor(t) else Gate.UNKNOWN
        if moving:
            return Gate.MOVING
        if recovering:
            return Gate.RECOVERY
        if self._turned_ns is not None and t - self._turned_ns < self._rules.posture_s * SECOND_NS:
            return Gate.POSTURE
        return Gate.STILL if m60 < self._rules.still_mg and a600_low is not False else Gate.LIGHT

    def _by_heart(
        self, m60: float | None, t: int, motion: int, a600: int, reset: bool, turned: bool, hr: int, hr60: int, chest: bool, baseline: Baseline | None
    ) -> int:
        self._hr60.append(hr60)
        if self._laboured(hr, baseline):
            self._recovering(t, True, True)
            return Gate.MOVING
        return Gate.RECOVERY if self._recovering(t, False, True) else Gate.UNKNOWN

    def _laboured(self, hr: int, baseline: Baseline | None) -> bool:
        """Whether the heart works as feelings do not make it work: a jump of 25 bpm in half a minute, or a quarter of its reserve up to 190."""
        known = [h for h in self._hr if h != UNKNOWN]
        self._hr.append(hr)
        if hr == UNKNOWN:
            return False
        if known and hr - min(known) > self._cardiac.jump_bpm * 1000:
            return True
        rest = None if baseline is None else baseline.rest_hr
        return rest is not None and hr > rest + self._cardiac.reserve * (self._cardiac.hr_max * 1000 - rest)

    def _mean_motion(self, motion: IntArray) -> list[float | None]:
        """M60 in mg at each point, over the known points of the last minute; None where fewer than half are known."""
        tape = np.concatenate([self._motion, motion])
        known = tape != UNKNOWN
        ends = np.arange(len(self._motion), len(tape)) + 1
        begins = np.maximum(ends - POINTS_60S, 0)
        counted, total = prefix(known), prefix(np.where(known, tape, 0))
        n = counted[ends] - counted[begins]
        mean = (total[ends] - total[begins]) / np.maximum(n, 1) / 10
        self._motion = tape[-(POINTS_60S - 1) :]
        return [m if enough else None for m, enough in zip(mean.tolist(), (n >= KNOWN_OF_60S).tolist(), strict=True)]

    def _young(self, t: int) -> bool:
        return self._reset_ns is not None and t - self._reset_ns < self._rules.reset_unknown_s * SECOND_NS

    def _within_floor(self, t: int) -> bool:
        since = self._effort.since_ns
        return since is not None and t - since < self._rules.recovery_min[0] * MINUTE_NS

    def _recovering(self, t: int, moving: bool, a600_low: bool) -> bool:
        """Keeps count of moving time and says whether the body still settles after it."""
        effort, rules = self._effort, self._rules
        if moving:
            effort.points, effort.broken = effort.points + 1, 0
            if effort.points >= rules.moving_points:
                effort.since_ns = t
            return False
        effort.broken += 1
        if effort.broken * GRID_NS > rules.moving_break_s * SECOND_NS:
            effort.points = 0
        if effort.since_ns is None:
            return False
        minutes = (t - effort.since_ns) / MINUTE_NS
        done = minutes >= rules.recovery_min[1] or (minutes >= rules.recovery_min[0] and a600_low and self._settled())
        if done:
            effort.since_ns = None
        return not done

    def _settled(self) -> bool:
        """The rate no longer falls by 1 bpm a minute or more; not settled while that cannot be known."""
        if len(self._hr60) <= SLOPE_POINTS or UNKNOWN in (self._hr60[0], self._hr60[-1]):
            return False
        return (self._hr60[-1] - self._hr60[0]) / 3 > self._rules.recovery_slope * 1000

    def state(self) -> dict[str, object]:
        return {
            "effort": asdict(self._effort),
            "turned": self._turned_ns,
            "reset": self._reset_ns,
            "missing": self._missing,
            "motion": self._motion,
            "hr": list(self._hr),
            "hr60": list(self._hr60),
        }

    def restore(self, state: dict[str, object]) -> None:
        self._effort = _Effort(**state["effort"])  # type: ignore[arg-type]
        self._turned_ns, self._reset_ns, self._missing = state["turned"], state["reset"], state["missing"]  # type: ignore[assignment]
        self._motion = np.array(state["motion"], np.int64)
        for name, kept in (("hr", self._hr), ("hr60", self._hr60)):
            kept.clear()
            kept.extend(_ints(state[name]))


def _ints(values: object) -> Sequence[int]:
    assert isinstance(values, list)
    return values
