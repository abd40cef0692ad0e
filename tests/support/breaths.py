"""People who breathe at a known rate: beats that swing, R peaks that grow, a chest that tilts, and all that is in the way. Seeded.

Shares no formula with `processing`. What was laid on it: pressure waves near six a minute whose rate wanders, drift, noise of each beat; the
beats' own jolt of the strap, sway, the sensor's noise and its steps of 1 mg.
"""

from dataclasses import dataclass

import numpy as np

from processing.breathing import Lately
from processing.respiration import Chest, Heights
from somalink.domain.time import SECOND_NS

START_NS = 1_772_352_000 * SECOND_NS
FINE = 50


@dataclass(frozen=True)
class Breather:
    """`rate` a minute, varying by `scatter` from breath to breath; swings are from low to high."""

    rate: float
    seconds: float = 150
    bpm: float = 66
    scatter: float = 0.0
    rsa_bpm: float = 5.0
    pressure_bpm: float = 2.0
    noise_bpm: float = 0.8
    peak_share: float = 0.08
    peak_noise: float = 0.02
    tilt_mg: float = 10.0
    sensor_mg: float = 3.0
    acc_hz: float = 25.0
    seed: int = 0

    def breaths(self) -> np.ndarray:
        """When each breath began, in seconds."""
        dice = np.random.default_rng([self.seed, 1])
        edges = [0.0]
        while edges[-1] < self.seconds:
            edges.append(edges[-1] + 60 / self.rate * max(0.4, 1 + self.scatter * dice.normal()))
        return np.array(edges)

    def rate_before(self, second: float, window_s: float = 60) -> float:
        """Breaths a minute as they were."""
        count = np.interp([second - window_s, second], self.breaths(), np.arange(len(self.breaths())))
        return float(np.diff(count)[0] * 60 / window_s)

    def lung(self) -> tuple[np.ndarray, np.ndarray]:
        """Seconds on a fine grid, and how full the chest is (-1 to 1): four parts in, six out, as people breathe."""
        t, edges = np.arange(0, self.seconds, 1 / FINE), self.breaths()
        phase = np.interp(t, edges, np.arange(len(edges))) % 1
        return t, np.where(phase < 0.4, -np.cos(np.pi * phase / 0.4), np.cos(np.pi * (phase - 0.4) / 0.6))

    def beats(self) -> tuple[np.ndarray, np.ndarray]:
        """Times of the beats in seconds, and their intervals in ticks."""
        dice = np.random.default_rng([self.seed, 2])
        t, lung = self.lung()
        pressure = np.cumsum(2 * np.pi / FINE * (0.1 + 0.012 * np.cumsum(dice.normal(size=len(t))) / np.sqrt(FINE * 30)))
        depth = 1 + 0.4 * np.sin(2 * np.pi * t / 47 + dice.uniform(0, 6))
        drift = np.cumsum(dice.normal(size=len(t))) * 1.2 / np.sqrt(FINE * 10)
        rate = self.bpm + drift + self.rsa_bpm / 2 * lung + self.pressure_bpm / 2 * depth * np.sin(pressure + dice.uniform(0, 6))
        count = np.concatenate([[0.0], np.cumsum(rate / 60 / FINE)])
        times = np.interp(np.arange(1, int(count[-1])), count, np.arange(len(count)) / FINE)
        ticks = np.diff(times, prepend=0.0) * (1 + self.noise_bpm / self.bpm * dice.normal(size=len(times)))
        ticks = np.rint(ticks * 1024).astype(np.int64)
        return np.cumsum(ticks) / 1024, ticks

    def lately(self) -> Lately:
        ticks = self.beats()[1]
        return Lately(START_NS + np.cumsum(ticks) * SECOND_NS // 1024, ticks, np.zeros(len(ticks), np.int64))

    def peaks(self) -> Heights:
        dice = np.random.default_rng([self.seed, 3])
        times, (t, lung) = self.beats()[0], self.lung()
        size = 10_000 * (1 + self.peak_share / 2 * np.interp(times - 0.1, t, lung) + self.peak_noise * dice.normal(size=len(times)))
        return Heights(START_NS + np.rint(times * SECOND_NS).astype(np.int64), np.rint(size).astype(np.int64))

    def ecg(self, hz: int = 130, noise_uv: float = 15.0) -> np.ndarray:
        """(n,) uV from 0 on: P, QRS and T as bells, taller with a full chest, on a baseline that the breath moves."""
        dice = np.random.default_rng([self.seed, 5])
        at, (times, ticks), (t, lung) = np.arange(0, self.seconds, 1 / hz), self.beats(), self.lung()
        full = np.interp(at, t, lung)
        volts = 40 * full + noise_uv * dice.normal(size=len(at))
        gain = 1 + self.peak_share / 2 * full
        for time, rr in zip(times, ticks / 1024, strict=True):
            first, last = np.searchsorted(at, [time - 0.35, time + 0.6])
            for centre, width, uv in ((-0.16, 0.025, 110), (-0.022, 0.008, -120), (0, 0.011, 1000), (0.026, 0.009, -220), (0.26 * rr**0.5 + 0.04, 0.05, 260)):
                volts[first:last] += uv * gain[first:last] * np.exp(-(((at[first:last] - time - centre) / width) ** 2) / 2)
        return volts

    def chest(self) -> Chest:
        dice = np.random.default_rng([self.seed, 4])
        at = np.arange(0, self.seconds, 1 / self.acc_hz)
        t, lung = self.lung()
        last = np.concatenate([[0.0], self.beats()[0]])
        since = at - last[np.searchsorted(last, at, side="right") - 1]
        jolt = 12 * np.exp(-since / 0.12) * np.sin(2 * np.pi * 7 * since)
        sway = np.cumsum(dice.normal(size=(len(at), 3)), axis=0) * 2.0 / np.sqrt(self.acc_hz * 10)
        axes = np.array([0.8, -0.35, 0.5])
        mg = np.array([120.0, -960.0, 240.0]) + np.outer(np.interp(at, t, lung) * self.tilt_mg / 2, axes) + np.outer(jolt, [0.3, 0.5, 1.0])
        mg = np.rint(mg + sway + self.sensor_mg * dice.normal(size=(len(at), 3)))
        return Chest(START_NS + np.rint(at * SECOND_NS).astype(np.int64), (mg * 100).astype(np.int64))
