"""Hearts that follow a pacer, more or less: intervals from a rate that swings, drifts and is noisy. Seeded."""

import numpy as np

from processing.breathing import Lately
from somalink.domain.time import SECOND_NS

START_NS = 1_772_352_000 * SECOND_NS


def swinging(
    swing_bpm: float, *, noise_bpm: float = 1.0, rate: float = 6.0, seconds: float = 180, bpm: float = 66, drift: float = 0.3, seed: int = 0, own: float = 0.0
) -> np.ndarray:
    """(n,) ticks. From low to high `swing_bpm` at `rate` a minute; `own` bpm at fifteen a minute, as in somebody who breathes as ever."""
    dice = np.random.default_rng(seed)
    t, wander, ticks = 0.0, 0.0, []
    while t < seconds:
        wander += -0.05 * wander + drift * dice.normal()
        now = bpm + wander + swing_bpm / 2 * np.cos(2 * np.pi * rate / 60 * t - 1.1) + own / 2 * np.cos(2 * np.pi * 0.25 * t) + noise_bpm * dice.normal()
        ticks.append(round(60 / now * 1024))
        t += ticks[-1] / 1024
    return np.array(ticks, np.int64)


def lately(ticks: np.ndarray, start_ns: int = START_NS) -> Lately:
    """These intervals, end to end from `start_ns` on."""
    return Lately(start_ns + np.cumsum(ticks) * SECOND_NS // 1024, ticks, np.zeros(len(ticks), np.int64))
