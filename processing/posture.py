"""Turns of the body: when standing, sitting and lying changed. Knows posture words and tilt; the gate decides what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from processing.motion import tilted
from somalink.domain.constants import Motion
from somalink.domain.time import SECOND_NS
from somalink.domain.types import BoolArray, FloatArray, IntArray, Posture

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
    """Turns of the trunk from gravity: more than 30 degrees within 15 s."""

    def __init__(self, rules: Motion) -> None:
        self._rules = rules
        self._before = np.full((TILT_LAG, 3), np.nan)

    def run(self, gravity: FloatArray) -> BoolArray:
        """(k, 3) mean acceleration of each grid point -> (k,) True where the trunk has turned."""
        both = np.concatenate([self._before, gravity])
        self._before = both[-TILT_LAG:]
        return tilted(both[TILT_LAG:], both[:-TILT_LAG], self._rules)

    def state(self) -> list[list[float]]:
        rows: list[list[float]] = self._before.tolist()
        return rows

    def restore(self, state: list[list[float]]) -> None:
        self._before = np.array(state, float)
