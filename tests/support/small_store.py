"""Builders: a wearer's beats and grid points in one line."""

from dataclasses import fields

import numpy as np

from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import Beats, Episode, Event, Gate, Grid

T0 = 472_222 * HOUR_NS
"""A full UTC hour in November 2023."""


def beats(seconds: int, *, start_ns: int = T0, rate: int = 75, seed: int = 1) -> Beats:
    """Beats of one segment about `rate` a minute, with a wobble of some 40 ms, chained from the first."""
    count = seconds * rate // 60
    rng = np.random.default_rng(seed)
    ticks = np.rint(61440 / rate + rng.normal(0, 40, count)).astype(np.int64)
    t_ns = start_ns + SECOND_NS + (np.cumsum(ticks) - ticks[:1]) * 1_953_125 // 2
    return Beats(t_ns, ticks, (rng.random(count) < 0.02) * 2, np.full(count, t_ns[0] if count else 0))


def grid(points: int, *, start_ns: int = T0, seed: int = 1, **columns: object) -> Grid:
    """Grid points of a wearer who sits: good quality, z about 0. Any column may be given as a number or an array."""
    rng = np.random.default_rng(seed)

    def about(middle: float, spread: float) -> np.ndarray:
        return np.rint(middle + spread * np.sin(np.arange(points) / 30) + rng.normal(0, spread / 10, points)).astype(np.int64)

    table = {f.name: np.zeros(points, np.int64) for f in fields(Grid)}
    table |= {"stop_ns": start_ns + GRID_NS * np.arange(1, points + 1), "hr": about(72_000, 6_000), "hr_q": np.full(points, 9_500)}
    table |= {"ln_rmssd": about(37_000, 2_000), "hrv_q": np.full(points, 9_000), "motion": np.abs(about(50, 40)), "a30": about(3_000, 500)}
    table |= {"gate": np.full(points, Gate.STILL), "z": about(2_000, 9_000), "z_phasic": about(0, 9_000), "se": about(4_000, 300)}
    table |= {"maturity": np.full(points, 100), "motion_conf": np.full(points, 80), "baseline": np.full(points, 3)}
    table |= {name: np.broadcast_to(np.asarray(value, np.int64), points).copy() for name, value in columns.items()}
    return Grid(**table)


def episode(name: str = "e1", start_s: int = 600, *, state: str = "final", kind: str = "spike") -> Episode:
    start = T0 + start_s * 10**9
    stop = None if state == "open" else start + 120 * 10**9
    return Episode(name, kind, "level", start, stop, start + 60 * 10**9, start + 80 * 10**9, 2.75, 2.1, 0.93, 0.71, "still", False, 0.4, state)


def event(name: str = "t1", *, revision: int = 1, **said: object) -> Event:
    return Event(
        **{"id": name, "person": "ann", "kind": "criticism", "t_ns": T0 + 540 * 10**9, "made_at_ns": T0, "received_ns": T0, "revision": revision, **said}
    )  # type: ignore[arg-type]


def unit() -> Unit:
    return Unit("ann", "strap", "rec1", "B")
