"""Movement, posture and effort -> one word a grid point: may this heart rate be read against the usual? (engine, section 2)

With a movement stream the word comes from movement. Without one it comes from the heart itself: effort that no feeling
reaches is called moving, and everything else stays `unknown`, which then counts as still: a label, never a lock. Where a chest moves a
little, the same is asked of the heart: a bicycle hardly moves a chest, and who wears an accelerometer shall not be judged more
loosely than who wears none (docs/decisions/0031).
"""

from dataclasses import asdict, dataclass

import numpy as np

from processing.exact import prefix
from somalink.domain.constants import CardiacGate, Motion
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Baseline, BoolArray, FloatArray, Gate, IntArray

POINTS_60S = 12
KNOWN_OF_60S = 6
"""Half of the last minute must be known for its mean to say how it was."""
SLOPE_POINTS = 36
NO_RATE = 1 << 40
"""Above any heart rate, in milli-bpm."""


def is_open(gate: IntArray) -> BoolArray:
    """Where episodes may be detected: still, light, unknown."""
    return np.asarray((gate == Gate.STILL) | (gate == Gate.LIGHT) | (gate == Gate.UNKNOWN))


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


@dataclass(frozen=True, slots=True)
class _Effort:
    """How long the body has been moving, and what it still owes: shared by the movement and the cardiac gate."""

    points: int = 0
    broken: int = 0
    since_ns: int | None = None
    """Start of the recovery, None when there is none."""


NEVER = -(1 << 62)
"""A time, in ns, before anything: what has not happened yet lies so far back that no rule asks about it."""


class GateMachine:
    """Words for consecutive grid points; everything it remembers is in `state()`.

    Every rule asks how long ago something was, or how often it was of late: each is a column over all points at once, and a day costs what a few
    seconds would cost point by point.
    """

    def __init__(self, rules: Motion, cardiac: CardiacGate, *, has_movement: bool) -> None:
        self._rules, self._cardiac, self._has_movement = rules, cardiac, has_movement
        self._effort = _Effort()
        self._turned_ns: int | None = None
        self._reset_ns: int | None = None
        self._missing = 0
        self._motion = np.zeros(0, np.int64)
        self._hr = np.zeros(0, np.int64)
        self._hr60 = np.zeros(0, np.int64)

    def run(self, given: GateInput, baseline: Baseline | None) -> IntArray:
        """(k,) gate codes. A hole in a movement stream that the recording has is `unknown`, and never counts as still."""
        if not len(given.stop_ns):
            return np.zeros(0, np.int64)
        m60 = self._mean_motion(given.motion)
        laboured, settled = self._laboured(given.hr, baseline), self._settled(given.hr60)
        decide = self._by_movement if self._has_movement else self._by_heart
        return decide(given, m60, laboured, settled, baseline)

    def _by_movement(self, given: GateInput, m60: FloatArray, laboured: BoolArray, settled: BoolArray, baseline: Baseline | None) -> IntArray:
        t, known = given.stop_ns, np.isfinite(m60)
        missing = _in_a_row(given.motion == UNKNOWN, self._missing)
        turned_ns, reset_ns = (_newest(t, when, before) for when, before in ((given.turned, self._turned_ns), (given.reset, self._reset_ns)))
        # At or below: who sits and sleeps for most of the day has a percentile of 0, and nothing lies below that.
        low = np.full(len(t), True) if baseline is None or baseline.p60_a600 is None else (given.a600 == UNKNOWN) | (given.a600 <= baseline.p60_a600)
        moving = known & (m60 >= np.where(laboured & given.chest, self._rules.still_mg, self._rules.moving_mg))
        recovering, since_ns = self._recovering(t, moving, given.reset, low & settled)
        young = t - reset_ns < self._rules.reset_unknown_s * SECOND_NS
        unsaid = ~known | (missing * GRID_NS > self._rules.hold_s * SECOND_NS) | young
        in_floor = recovering & (t - since_ns < self._rules.recovery_min[0] * MINUTE_NS)
        risen = t - turned_ns < self._rules.posture_s * SECOND_NS
        still = (m60 < self._rules.still_mg) & low
        self._missing, self._turned_ns, self._reset_ns = int(missing[-1]), _or_none(turned_ns), _or_none(reset_ns)
        return _first_of((unsaid & in_floor, Gate.RECOVERY), (unsaid, Gate.UNKNOWN), (moving, Gate.MOVING), (recovering, Gate.RECOVERY),
                         (risen, Gate.POSTURE), (still, Gate.STILL), otherwise=Gate.LIGHT)  # fmt: skip

    def _by_heart(self, given: GateInput, m60: FloatArray, laboured: BoolArray, settled: BoolArray, baseline: Baseline | None) -> IntArray:
        recovering, _ = self._recovering(given.stop_ns, laboured, np.zeros(len(laboured), bool), settled)
        return _first_of((laboured, Gate.MOVING), (recovering, Gate.RECOVERY), otherwise=Gate.UNKNOWN)

    def _laboured(self, hr: IntArray, baseline: Baseline | None) -> BoolArray:
        """Whether the heart works as feelings do not make it work: a jump of 25 bpm in half a minute, or a quarter of its reserve up to 190."""
        before = self._cardiac.jump_s * SECOND_NS // GRID_NS - 1
        tape, self._hr = _behind(self._hr, hr, before)
        # An unknown rate is no low one: it lies above all others here.
        lowest = np.lib.stride_tricks.sliding_window_view(np.where(tape == UNKNOWN, NO_RATE, tape)[:-1], before).min(axis=-1)
        laboured = hr - lowest > self._cardiac.jump_bpm * 1000
        rest = None if baseline is None else baseline.rest_hr
        if rest is not None:
            laboured |= hr > rest + self._cardiac.reserve * (self._cardiac.hr_max * 1000 - rest)
        return np.asarray(laboured & (hr != UNKNOWN))

    def _settled(self, hr60: IntArray) -> BoolArray:
        """Where the rate no longer falls by 1 bpm a minute or more over three minutes; not settled while that cannot be known."""
        tape, self._hr60 = _behind(self._hr60, hr60, SLOPE_POINTS)
        then = tape[:-SLOPE_POINTS]
        return np.asarray((then != UNKNOWN) & (hr60 != UNKNOWN) & ((hr60 - then) / 3 > self._rules.recovery_slope * 1000))

    def _mean_motion(self, motion: IntArray) -> FloatArray:
        """M60 in mg at each point, over the known points of the last minute; NaN where fewer than half are known."""
        tape, self._motion = _behind(self._motion, motion, POINTS_60S - 1)
        known = tape != UNKNOWN
        ends = np.arange(POINTS_60S, len(tape) + 1)
        counted, total = prefix(known), prefix(np.where(known, tape, 0))
        n = counted[ends] - counted[ends - POINTS_60S]
        return np.where(n >= KNOWN_OF_60S, (total[ends] - total[ends - POINTS_60S]) / np.maximum(n, 1) / 10, np.nan)

    def _recovering(self, t: IntArray, moving: BoolArray, reset: BoolArray, settled: BoolArray) -> tuple[BoolArray, IntArray]:
        """Where the body still settles after moving, and since when it owes that.

        Enough moving, with short breaks and no reset between, begins a recovery; it ends at the first point at rest that is late enough, or
        settled and not too early. Moving that is not enough for one leaves it as it is.
        """
        effort, rules = self._effort, self._rules
        broken = _in_a_row(~moving, effort.broken)
        counted = prefix(moving)
        anew = reset | (~moving & (broken * GRID_NS > rules.moving_break_s * SECOND_NS))
        points = counted[1:] - np.maximum(np.maximum.accumulate(np.where(anew, counted[:-1], NEVER)), -effort.points)
        since_ns = _newest(t, moving & (points >= rules.moving_points), effort.since_ns)
        minutes = (t - since_ns) / MINUTE_NS
        over = ~moving & ((minutes >= rules.recovery_min[1]) | ((minutes >= rules.recovery_min[0]) & settled))
        owing = since_ns > _newest(t, over, None)
        self._effort = _Effort(int(points[-1]), int(broken[-1]), int(since_ns[-1]) if owing[-1] else None)
        return ~moving & owing, since_ns

    def state(self) -> dict[str, object]:
        return {
            "effort": asdict(self._effort),
            "turned": self._turned_ns,
            "reset": self._reset_ns,
            "missing": self._missing,
            "motion": self._motion,
            "hr": self._hr,
            "hr60": self._hr60,
        }

    def restore(self, state: dict[str, object]) -> None:
        self._effort = _Effort(**state["effort"])  # type: ignore[arg-type]
        self._turned_ns, self._reset_ns, self._missing = state["turned"], state["reset"], state["missing"]  # type: ignore[assignment]
        self._motion, self._hr, self._hr60 = (np.array(state[name], np.int64) for name in ("motion", "hr", "hr60"))


def _behind(before: IntArray, fresh: IntArray, length: int) -> tuple[IntArray, IntArray]:
    """`length` values before the first of `fresh` and then those, UNKNOWN where there were none; and what to remember for the next ones."""
    short = np.full(max(length - len(before), 0), UNKNOWN)
    tape = np.concatenate([short, before[max(len(before) - length, 0) :], fresh])
    return tape, tape[len(tape) - length :]


def _newest(t: IntArray, when: BoolArray, before: int | None) -> IntArray:
    """(k,) the last of the rising times `t`, up to each, at which `when` was true; `before` where none was yet, NEVER without that."""
    return np.maximum(np.maximum.accumulate(np.where(when, t, NEVER)), NEVER if before is None else before)


def _in_a_row(flags: BoolArray, before: int) -> IntArray:
    """(k,) how many flags in a row end at each point; `before` of them had gone before the first."""
    at = np.arange(1, len(flags) + 1)
    return at - np.maximum.accumulate(np.where(flags, -before, at))


def _or_none(t_ns: IntArray) -> int | None:
    """The last of the newest times, None where it has not come yet."""
    return None if t_ns[-1] == NEVER else int(t_ns[-1])


def _first_of(*cases: tuple[BoolArray, Gate], otherwise: Gate) -> IntArray:
    """(k,) the word of the first case that holds."""
    return np.select([where for where, _ in cases], [np.int64(word) for _, word in cases], np.int64(otherwise))
