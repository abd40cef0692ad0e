"""The printed chance rate against a thousand days of the same body. Slow: some millions of grid points."""

from dataclasses import replace

import numpy as np
import pytest
from real import table
from scipy.signal import lfilter
from wearers import CONSTANTS, USUAL

from processing.chance import QuietDay, count, draw, spike_starts
from processing.exact import MICRO, mad_spread
from processing.usual import carry_last, phasic_centre
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import Gate

POINTS = 14 * 720
"""Fourteen quiet hours on the 5-s grid."""
DAYS = 14
DRAWS = 15
"""A day, 210 of the fortnight."""
BODIES = {"restless": ((60, 0.7), (600, 0.3)), "slow": ((60, 0.2), (600, 0.8))}
"""Two residuals of equal variance: what share of it is forgotten within one minute and within ten."""
THRESHOLDS = {"level": 2.0, "phasic": 2.5}
SD_BPM = 3.0
TOLERANCE = 0.2


def lived(body: str, days: int, seed: int) -> np.ndarray:
    """(days, points) residual in bpm: a sum of Ornstein-Uhlenbeck processes."""
    rng = np.random.default_rng(seed)
    total = np.zeros((days, POINTS))
    for forgets_s, share in BODIES[body]:
        kept = np.exp(-GRID_NS / SECOND_NS / forgets_s)
        shocks = rng.normal(size=(days, POINTS))
        shocks[:, 1:] *= np.sqrt(1 - kept * kept)
        total += np.sqrt(share) * SD_BPM * lfilter([1], [1, -kept], shocks, axis=1)
    return np.round(total, 3)


def driving(e: np.ndarray, driver: str) -> np.ndarray:
    """What the driver reads: the residual, or what is left of it after the trailing half hour."""
    e = e.astype(np.float32)
    return e - carry_last(phasic_centre(e, CONSTANTS), 0.0).astype(np.float32) if driver == "phasic" else e


@pytest.mark.truth
@pytest.mark.parametrize("driver", ["level", "phasic"])
def test_two_bodies_of_equal_variance_have_each_their_own_chance_rate_within_a_fifth_of_a_thousand_days(driver: str, figures):
    z_on, printed, true = THRESHOLDS[driver], {}, {}
    for body in BODIES:
        fortnight = lived(body, DAYS, seed=2026)
        spread = mad_spread(driving(fortnight, driver).ravel().astype(float))
        person = replace(USUAL, s_level_u=round(spread * MICRO), s_phasic_u=round(spread * MICRO))
        still, block = np.full(POINTS, int(Gate.STILL)), np.full(POINTS, 3)
        days = [QuietDay(k, e, still, block, np.ones(POINTS, bool)) for k, e in enumerate(fortnight)]
        draws = [draw(day, DRAWS, np.random.default_rng([2026, day.day]), CONSTANTS) for day in days]
        printed[body] = count(draws, driver, z_on, person, CONSTANTS).rate()
        found, simulated = 0, 0
        for block_of_days in range(10):
            z = np.rint(driving(lived(body, 100, seed=block_of_days), driver) * (10_000 / spread)).astype(np.int64)
            found += sum(len(starts) for starts in spike_starts(z, z_on, CONSTANTS.spike))
            simulated += len(z)
        true[body] = found / (simulated * POINTS * GRID_NS / SECOND_NS / 3600)
    rows = [[driver, f"{z_on:g}", body, printed[body], true[body], f"{printed[body] / true[body]:.2f}"] for body in BODIES]
    figures(table(["driver", "z_on", "body", "printed an hour", "1,000 days", "ratio"], rows))
    assert all(abs(printed[body] / true[body] - 1) <= TOLERANCE for body in BODIES)
    # Who forgets within a minute seldom stands high for a minute and a half: the two bodies are told apart by more than the tolerance.
    assert printed["slow"] > 1.2 * printed["restless"] and true["slow"] > true["restless"]
