from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from processing.findings.recovery import Recovery, recovery, recovery_trend
from somalink.domain.constants import STATISTICS

QUICK = replace(STATISTICS, perms=499)
FREIREICH = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
"""Weeks in remission under 6-MP (Freireich et al. 1963), the example of most textbooks on survival; +: not seen to the end."""


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def read(text: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([float(word.strip("+")) for word in text.split()]), np.array([word.endswith("+") for word in text.split()], dtype=bool)


def settled(n: int, *, per_month_s: float = 0.0, seed: int = 3, spread: float = 300.0, limit_s: float = 1800.0) -> tuple[np.ndarray, ...]:
    """Moments over twelve weeks: days, half-recovery around 20 minutes, cut where it was not seen to the end within half an hour."""
    rng = dice(seed)
    days = np.sort(rng.uniform(0, 84, n))
    days[0], days[-1] = 0.0, 84.0
    times = np.maximum(1300 + per_month_s * days / 30 + rng.normal(0, spread, n), 5.0)
    return days, np.minimum(times, limit_s), times > limit_s


# ---------------------------------------------------------------- the curve


def test_the_curve_is_the_textbooks():
    found = recovery(*read(FREIREICH), dice())
    assert found.steps[0] == (0.0, 1.0)
    assert dict(found.steps[1:]) == pytest.approx({6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}, abs=0.0005)
    assert (found.n, found.censored, found.median_s) == (21, 12, 23.0)


def test_its_interval_is_the_textbooks_and_open_where_the_curve_never_says():
    """SAS, PROC LIFETEST on the same weeks (log-log): 23, from 13 to not known."""
    found = recovery(*read(FREIREICH), dice(), replace(STATISTICS, level=0.95))
    assert (found.low_s, found.high_s) == (13.0, None)


def test_where_a_moment_was_cut_stands_on_the_curve():
    found = recovery(*read(FREIREICH), dice())
    assert len(found.cuts) == 12
    assert found.cuts[0] == pytest.approx((6.0, 0.857), abs=0.0005) and found.cuts[-1] == pytest.approx((35.0, 0.448), abs=0.0005)


def test_what_would_not_end_is_not_left_out():
    times, cut = read("300 600 900 3600+ 3600+ 3600+ 3600+ 3600+ 3600+")
    found = recovery(times, cut, dice())
    assert (found.median_s, found.high_s) == (None, None) and found.steps[-1] == (900.0, pytest.approx(6 / 9))


def test_the_median_is_not_told_before_eight_moments_but_the_curve_is_drawn():
    found = recovery(*read("60 120 180 240 300 360 420+"), dice())
    assert (found.n, found.censored, found.median_s, found.low_s, found.high_s) == (7, 1, None, None, None)
    assert len(found.steps) == 7 and found.cuts == ((420.0, pytest.approx(1 / 7)),)


def test_no_moments_have_no_curve_and_no_rise_is_no_moment():
    empty = Recovery(0, 0, None, None, None, (), ())
    assert recovery(np.zeros(0), np.zeros(0, bool), dice()) == empty
    assert recovery(np.full(9, np.nan), np.zeros(9, bool), dice()) == empty


def test_moments_that_all_settle_or_none_of_which_does_are_no_error():
    all_of_them = recovery(np.arange(1.0, 11.0) * 60, np.zeros(10, bool), dice())
    assert all_of_them.median_s == 300.0 and all_of_them.low_s is not None and all_of_them.low_s < 300 < (all_of_them.high_s or 0)
    assert recovery(np.full(10, 900.0), np.zeros(10, bool), dice()).median_s == 900.0
    none_of_them = recovery(np.arange(1.0, 11.0) * 60, np.ones(10, bool), dice())
    assert (none_of_them.median_s, none_of_them.low_s, none_of_them.steps) == (None, None, ((0.0, 1.0),))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "seen_s"), [(8, (300, 3600)), (12, (300, 3600)), (30, (300, 3600)), (12, (100, 1800))])
def test_nine_in_ten_intervals_hold_the_median(record_property, n, seen_s):
    """A tenth of the moments, or three in ten, are not seen to the end."""
    rng, runs, held = dice(4), 2000, 0
    truth = 600 * np.log(2) ** (1 / 1.3)
    for _ in range(runs):
        times, seen_for = 600 * rng.weibull(1.3, n), rng.uniform(*seen_s, n)
        found = recovery(np.minimum(times, seen_for), times > seen_for, rng)
        held += (found.low_s or 0) <= truth <= (found.high_s if found.high_s is not None else np.inf)
    record_property("measured", f"{n} moments, seen for {seen_s}: held {held / runs}")
    assert 0.87 <= held / runs <= 0.95, held / runs


# ---------------------------------------------------------------- over months


def test_bodies_that_settle_faster_each_month_are_said_to():
    found = recovery_trend(*settled(40, per_month_s=-200), dice(), QUICK)
    assert found.verdict == "lower" and found.low is not None and found.low < -200 < (found.high or 0) < 0


def test_where_everything_was_seen_to_the_end_it_is_theil_sen():
    days, times, cut = settled(30, per_month_s=300, limit_s=1e9)
    found = recovery_trend(days, times, cut, dice(), QUICK)
    plain = stats.theilslopes(times, days, alpha=0.9)
    assert not cut.any() and found.effect == pytest.approx(30 * plain.slope, rel=0.02)
    assert (found.low, found.high) == pytest.approx((30 * plain.low_slope, 30 * plain.high_slope), rel=0.25)


def test_a_slope_is_not_flattened_by_what_was_not_seen_to_the_end():
    days, times, cut = settled(200, per_month_s=200)
    assert 0.2 < cut.mean() < 0.6
    assert recovery_trend(days, times, cut, dice(), QUICK).effect == pytest.approx(200, abs=40)
    assert 30 * stats.theilslopes(times[~cut], days[~cut]).slope < 150, "leaving them out makes late moments look as fast as early ones"


@pytest.mark.parametrize(
    ("days", "text", "reason"),
    [
        (range(0, 44, 4), " ".join(["60"] * 11), "few:1"),
        (range(12), " ".join(["60"] * 12), "short_span:10"),
        (range(0, 48, 4), "60 70 80 90 100" + " 3600+" * 7, "few:1"),
        ((), "", "few:12"),
        (range(0, 48, 4), " ".join(["60"] * 12), "no_spread"),
    ],
)
def test_faster_or_slower_is_not_said_before_there_are_enough_seen_to_the_end(days, text, reason):
    found = recovery_trend(np.array(days, dtype=float), *read(text), dice(), QUICK)
    assert (found.reason, found.effect, found.p) == (reason, None, None)


def test_moments_may_come_in_any_order_and_share_a_day():
    days, times, cut = settled(30, per_month_s=-200)
    days = np.floor(days)
    mixed = dice(9).permutation(30)
    first, again = (recovery_trend(days[order], times[order], cut[order], dice(), QUICK) for order in (np.arange(30), mixed))
    assert first.effect == pytest.approx(again.effect) and first.verdict == again.verdict


@pytest.mark.slow
@pytest.mark.parametrize("n", [12, 40])
def test_nine_in_ten_intervals_hold_the_slope_and_chance_is_called_as_it_should_be(record_property, n):
    rules, runs, held, found = replace(STATISTICS, perms=399), 500, 0, 0
    for run in range(runs):
        told = recovery_trend(*settled(n, per_month_s=-150, seed=500 + run), dice(run), rules)
        held += told.effect is None or (-np.inf if told.low is None else told.low) <= -150 <= (np.inf if told.high is None else told.high)
        null = recovery_trend(*settled(n, seed=500 + run), dice(run), rules)
        found += null.p is not None and null.p < 0.05
    record_property("measured", f"{n} moments: p < .05 {found / runs}, held {held / runs}")
    assert 0.025 <= found / runs <= 0.075, found / runs
    assert 0.86 <= held / runs <= 0.945, held / runs
