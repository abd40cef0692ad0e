"""How the body is held, and when it turned. Knows posture words and where gravity points; the gate decides what a turn means.

The chest's accelerometer tells upright from lying once it knows how gravity lay while the wearer stood (`Upright`), and no more: somebody who
sits straight and somebody who stands look the same from the breastbone. Standing and sitting are said by recordings that name them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from processing.motion import tilted
from somalink.domain.constants import ACTIVITY, Motion
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, BoolArray, FloatArray, IntArray, Posture

TILT_LAG = 3
"""Grid points between the two directions compared: 15 s, time enough to stand up."""


@dataclass(slots=True)
class Turns:
    """Posture words as they come; a word counts once it has held for 20 s, since a classifier flickers all day."""

    rules: Motion
    held: int = Posture.UNKNOWN
    seen: int = Posture.UNKNOWN
    since_ns: int = 0

    def run(self, t_ns: IntArray, posture: IntArray, stops: IntArray) -> BoolArray:
        """(k,) True at the grid points [stop - 5 s, stop) in which a new posture was settled. Unknown words are passed over."""
        out = np.zeros(len(stops), bool)
        known = posture != Posture.UNKNOWN
        t_ns, posture = t_ns[known], posture[known]
        if not len(t_ns):
            return out
        edges = np.flatnonzero(np.diff(posture, prepend=self.seen)).tolist()
        bounds = sorted({0, *edges, len(t_ns)})
        for start, stop in pairwise(bounds):
            word = int(posture[start])
            if word != self.seen:
                self.seen, self.since_ns = word, int(t_ns[start])
            if word == self.held:
                continue
            settled = self.since_ns + self.rules.posture_hold_s * SECOND_NS
            if int(t_ns[stop - 1]) >= settled:
                first = self.held == Posture.UNKNOWN
                self.held = word
                at = int(t_ns[start + int(np.searchsorted(t_ns[start:stop], settled))])
                if not first:
                    out[min(int(np.searchsorted(stops, at, side="right")), len(stops) - 1)] = True
        return out

    def state(self) -> dict[str, int]:
        return {"held": int(self.held), "seen": int(self.seen), "since": self.since_ns}

    def restore(self, state: Mapping[str, int]) -> None:
        self.held, self.seen, self.since_ns = state["held"], state["seen"], state["since"]


class Tilt:
    """Turns of the trunk from gravity: more than 30 degrees from where it was 15 s before, for the whole of a grid point or for one second of it.

    Who rises from a chair bends forward by some 40 degrees for a second or two (Nuzik 1986, Phys Ther 66:1708) and then stands nearly as upright
    as before: means of five seconds see nothing of it, and the heart does.
    """

    def __init__(self, rules: Motion) -> None:
        self._rules = rules
        self._before = np.full((TILT_LAG, 3), np.nan)

    def run(self, gravity: FloatArray, seconds: FloatArray) -> BoolArray:
        """Mean acceleration of each grid point (k, 3) and of each of its seconds (k, 5, 3) -> (k,) True where the trunk has turned."""
        both = np.concatenate([self._before, gravity])
        self._before = both[-TILT_LAG:]
        turned = tilted(both[TILT_LAG:], both[:-TILT_LAG], self._rules)
        for second in range(seconds.shape[1]):
            turned |= tilted(seconds[:, second], both[:-TILT_LAG], self._rules)
        return turned

    def state(self) -> list[list[float]]:
        rows: list[list[float]] = self._before.tolist()
        return rows

    def restore(self, state: list[list[float]]) -> None:
        self._before = np.array(state, float)


def upright_cosine(gravity: FloatArray, stops: IntArray, uprights: Sequence[tuple[int, tuple[int, int, int]]]) -> FloatArray:
    """(k, 3) mean acceleration -> (k,) cosine of its angle to upright as it was told last before each stop; NaN before the first, and in free fall.

    `uprights`: times in ns and gravity in 0.01 mg, in the order in which they were told.
    """
    out = np.full(len(stops), np.nan)
    for t_ns, (x, y, z) in uprights:
        since = stops > t_ns
        g = gravity[since]
        size = np.sqrt(g[:, 0] ** 2 + g[:, 1] ** 2 + g[:, 2] ** 2) * math.sqrt(x * x + y * y + z * z)
        with np.errstate(invalid="ignore", divide="ignore"):
            out[since] = (g[:, 0] * x + g[:, 1] * y + g[:, 2] * z) / size
    return out


class Bearing:
    """Upright or lying at the chest, with a word that stays between the two angles, and when one became the other.

    Lying is a trunk more than 60 degrees from upright, whichever way: who bends over a shoe for a moment lies by this word, for that moment. A turn
    is counted as words of a recording are, once it has held.
    """

    def __init__(self, rules: Motion) -> None:
        self._moving = rules.moving_mg * 10
        self._last = int(Posture.UNKNOWN)
        self._turns = Turns(rules)

    def run(self, cosine: FloatArray, motion: IntArray, stops: IntArray) -> tuple[IntArray, BoolArray]:
        """(k,) posture codes and (k,) True where a change was settled. Unknown without a direction, and while the body moves (`motion`, 0.1 mg)."""
        upright = cosine >= math.cos(math.radians(ACTIVITY.upright_deg))
        lying = cosine < math.cos(math.radians(ACTIVITY.lying_deg))
        moving = motion > self._moving
        hidden = np.isnan(cosine) | (motion == UNKNOWN)
        said = np.select([hidden, moving, upright, lying], [int(Posture.UNKNOWN), -1, int(Posture.UPRIGHT), int(Posture.LYING)], -1)
        tape = np.concatenate([[self._last], said])
        last = np.maximum.accumulate(np.where(tape >= 0, np.arange(len(tape)), 0))
        held = tape[last]
        self._last = int(held[-1])
        word = np.where(moving, int(Posture.UNKNOWN), held[1:])
        return word, self._turns.run(stops - 1, word, stops)

    def state(self) -> dict[str, object]:
        return {"last": self._last, "turns": self._turns.state()}

    def restore(self, state: Mapping[str, object]) -> None:
        self._last = state["last"]  # type: ignore[assignment]
        self._turns.restore(state["turns"])  # type: ignore[arg-type]


class Words:
    """The posture that a recording names, as a column: the last known word for two minutes, then unknown."""

    def __init__(self) -> None:
        self._last = (0, int(Posture.UNKNOWN))

    def run(self, t_ns: IntArray, posture: IntArray, stops: IntArray) -> IntArray:
        """Words (n,) at `t_ns`, all before the last stop -> (k,) posture code of each [stop - 5 s, stop)."""
        known = posture != Posture.UNKNOWN
        at, word = np.append(self._last[0], t_ns[known]), np.append(self._last[1], posture[known])
        self._last = (int(at[-1]), int(word[-1]))
        which = np.maximum(np.searchsorted(at, stops, side="left") - 1, 0)
        return np.where(stops - at[which] <= ACTIVITY.word_holds_s * SECOND_NS, word[which], int(Posture.UNKNOWN))

    def state(self) -> tuple[int, int]:
        return self._last

    def restore(self, state: Sequence[int]) -> None:
        self._last = (state[0], state[1])
