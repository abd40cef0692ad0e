"""A made-up heart to time libraries on: days of beats, known to the tick, and the same days with beats lost, added and displaced.

Knows intervals in ticks of 1/1024 s, the unit of a Bluetooth strap; knows nothing of windows or libraries. It is synthetic: what matters is that
every library meets the same beats, in number, spread and rhythm such as a person's. No figure of accuracy may come from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

TICKS_PER_S = 1024
SECOND_NS = 1_000_000_000
DAY_S = 86_400
START_NS = 1_772_409_600 * SECOND_NS
"""2026-03-02 00:00 UTC: on every grid of whole seconds."""
SEED = 20_260_302
RATE_HZ = 8
"""How finely the heart's period is laid out: twenty times the highest rhythm in it."""
ARTEFACTS = 0.005
"""Share of beats that something happens to, where beats are to be put right: what the probe of this benchmark took, and a quiet chest strap shows."""
_APART = 12
"""Beats between two artefacts: each stands among good ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """(n,) intervals in ticks, end to end from `START_NS` on; each belongs to the beat that closes it."""

    rr_ticks: IntArray

    @property
    def t_ns(self) -> IntArray:
        """(n,) closing times, whole half ticks of a nanosecond rounded down."""
        return np.asarray(START_NS + np.cumsum(self.rr_ticks) * 1_953_125 // 2)

    def within(self, stop_ns: int, window_s: int, t_ns: IntArray) -> IntArray:
        """The intervals whose closing time lies in [stop - window, stop)."""
        first, last = np.searchsorted(t_ns, [stop_ns - window_s * SECOND_NS, stop_ns])
        return self.rr_ticks[first:last]

    def windows(self, window_s: int, stops: IntArray) -> list[IntArray]:
        """The intervals of each window [stop - window, stop)."""
        t_ns = self.t_ns
        return [self.within(int(stop), window_s, t_ns) for stop in stops]


def days(count: int, *, seed: int = SEED) -> Recording:
    """`count` days end to end, no two alike: about 100,000 beats each, slower at night, with a breath, a 10-s wave and slow wandering."""
    return Recording(np.concatenate([_day(np.random.default_rng([seed, number])) for number in range(count)]))


def _day(rng: np.random.Generator) -> IntArray:
    t = np.arange(DAY_S * RATE_HZ) / RATE_HZ
    night = 110 * np.cos(2 * np.pi * (t / DAY_S - 3 / 24))
    breath_hz = 0.24 + 0.04 * np.sin(2 * np.pi * t / 1_900) + _wander(rng, len(t), 60, 0.01)
    wave_hz = 0.095 + _wander(rng, len(t), 60, 0.006)
    rhythms = _rhythm(rng, breath_hz, 24) + _rhythm(rng, wave_hz, 26)
    slow = _wander(rng, len(t), 30, 8) + _wander(rng, len(t), 300, 14) + _wander(rng, len(t), 1_800, 18)
    period_ms = np.clip(860 + night + rhythms + slow, 400, 1_500)
    return _beats(rng, t, period_ms)


def _wander(rng: np.random.Generator, n: int, tau_s: float, spread: float) -> FloatArray:
    """(n,) noise that forgets itself within `tau_s`, of this standard deviation."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / (tau_s * RATE_HZ))
    return np.asarray(lfilter([spread * np.sqrt(1 - keep * keep)], [1, -keep], rng.standard_normal(n)))


def _rhythm(rng: np.random.Generator, hz: FloatArray, ms: float) -> FloatArray:
    """A wave of this many ms whose frequency is given and whose height comes and goes over a minute."""
    return np.asarray(ms * np.exp(_wander(rng, len(hz), 60, 0.4)) * np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ))


def _beats(rng: np.random.Generator, t_s: FloatArray, period_ms: FloatArray) -> IntArray:
    """A beat whenever the integrated rate passes a whole number, give or take 4 ms; intervals in ticks."""
    passed = np.cumsum(1_000 / period_ms / RATE_HZ)
    at_s = np.interp(np.arange(1, int(passed[-1])), passed, t_s) + rng.normal(0, 0.004, int(passed[-1]) - 1)
    return np.asarray(np.diff(np.rint(at_s * TICKS_PER_S).astype(np.int64)), np.int64)


def spoilt(clean: Recording, *, share: float = ARTEFACTS, seed: int = SEED) -> Recording:
    """The same heart with artefacts at `share` of its beats, in turn a beat too early, a beat not seen and a beat that is none."""
    rng = np.random.default_rng([seed, 1])
    n = len(clean.rr_ticks)
    places = np.arange(_APART, n - _APART, _APART)
    wanted = rng.choice(places, min(len(places), round(share * n)), replace=False)
    wanted.sort()
    pieces, done = [], 0
    for number, at in enumerate(wanted.tolist()):
        two = clean.rr_ticks[at : at + 2]
        pieces += [clean.rr_ticks[done:at], _ARTEFACTS[number % len(_ARTEFACTS)](two, rng)]
        done = at + 2
    return Recording(np.concatenate([*pieces, clean.rr_ticks[done:]]))


def _early(two: IntArray, rng: np.random.Generator) -> IntArray:
    """The first of two beats comes too early by a quarter to 40 %; the pause after it makes up for it."""
    by = int(two[0] * rng.uniform(0.25, 0.4))
    return np.array([two[0] - by, two[1] + by])


def _missed(two: IntArray, _rng: np.random.Generator) -> IntArray:
    return np.array([two[0] + two[1]])


def _extra(two: IntArray, rng: np.random.Generator) -> IntArray:
    first = int(two[0] * rng.uniform(0.3, 0.7))
    return np.array([first, two[0] - first, two[1]])


_ARTEFACTS: tuple[Callable[[IntArray, Any], IntArray], ...] = (_early, _missed, _extra)
