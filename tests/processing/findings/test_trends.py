from dataclasses import replace

import numpy as np
import pytest
from scipy import signal, stats

from processing.findings import trends
from processing.findings.trends import Shift, Trend, cusum, level_trend, pairs, rating_trend, reaction_trend, reliable_change, running_mean
from somalink.domain.constants import STATISTICS

QUICK = replace(STATISTICS, perms=499)


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def alike(n: int, likeness: float, seed: int, *, series: int | None = None) -> np.ndarray:
    """Days of which each resembles the one before, SD 1."""
    noise = dice(seed).standard_normal((series or 1, n + 80))
    drawn = signal.lfilter([1.0], [1.0, -likeness], noise, axis=-1)[:, 80:] * np.sqrt(1 - likeness**2)
    return drawn if series else drawn[0]


def moments(n: int, *, per_month: float, seed: int = 2, days: float = 84.0) -> tuple[np.ndarray, ...]:
    """Moments of one kind: reactions that change, settle with the level before and rise with difficulty, and difficulty that falls."""
    rng = dice(seed)
    day = np.sort(rng.uniform(0, days, n))
    day[0], day[-1] = 0.0, days
    felt = np.clip(np.round(8 - 4 * day / days + rng.normal(0, 1, n)), 0, 10)
    pre = rng.normal(0, 0.5, n)
    return day, 1.0 + per_month * day / 30 + 0.3 * (felt - 6) - 0.4 * pre + rng.normal(0, 0.4, n), pre, felt


def none_left_out(values: np.ndarray) -> np.ndarray:
    return np.zeros(len(values), dtype=bool)


# ---------------------------------------------------------------- moments of one kind


def test_reactions_that_fade_are_said_to_fade_at_equal_difficulty():
    found = reaction_trend(*moments(40, per_month=-0.8), dice(), QUICK)
    assert found.verdict == "lower" and found.reason == "" and found.needed == 0
    assert found.low is not None and found.high is not None and found.low < -0.8 < found.high < 0
    assert found.effect == pytest.approx(-0.8, abs=0.3)


def test_reactions_that_only_fade_because_moments_grew_easier_are_not_told():
    day, dz10, pre, felt = moments(40, per_month=0.0)
    unadjusted = stats.theilslopes(dz10, day, alpha=0.9)
    assert unadjusted.high_slope < 0, "difficulty falls, and the plain slope takes it for a change of the person"
    assert reaction_trend(day, dz10, pre, felt, dice(), QUICK).verdict == "not_told_apart"


def test_a_moment_that_nobody_rated_is_still_counted():
    day, dz10, pre, felt = moments(40, per_month=-0.8)
    felt[[3, 11, 20]] = np.nan
    assert reaction_trend(day, dz10, pre, felt, dice(), QUICK).n == 40
    assert reaction_trend(day, dz10, pre, np.full(40, np.nan), dice(), QUICK).verdict == "lower"


def test_a_moment_without_a_reaction_or_a_level_before_is_not_counted():
    day, dz10, pre, felt = moments(14, per_month=0.0)
    dz10[0], pre[1], pre[2] = np.nan, np.nan, np.nan
    assert reaction_trend(day, dz10, pre, felt, dice(), QUICK) == Trend(11, None, None, None, None, "too_few", "few:1")


@pytest.mark.parametrize(("n", "days", "reason", "needed"), [(0, 84.0, "few:12", 12), (8, 84.0, "few:4", 4), (12, 12.5, "short_span:9", 9)])
def test_reactions_are_not_spoken_of_before_there_are_enough_over_three_weeks(n, days, reason, needed):
    day, dz10, pre, felt = moments(max(n, 2), per_month=-2.0, days=days)
    found = reaction_trend(day[:n], dz10[:n], pre[:n], felt[:n], dice(), QUICK)
    assert (found.verdict, found.reason, found.needed, found.effect, found.low, found.p) == ("too_few", reason, needed, None, None, None)


def test_reactions_that_are_all_the_same_have_no_slope():
    day, _, pre, felt = moments(15, per_month=0.0)
    assert reaction_trend(day, np.ones(15), pre, felt, dice(), QUICK).reason == "no_spread"


def test_the_same_moments_and_dice_give_the_same_answer_and_their_order_as_given_does_not_matter():
    columns = moments(30, per_month=-0.3)
    turned = tuple(column[::-1] for column in columns)
    first, again, backwards = (reaction_trend(*each, dice(), QUICK) for each in (columns, columns, turned))
    assert first == again
    assert backwards.effect == pytest.approx(first.effect) and backwards.low == pytest.approx(first.low)


@pytest.mark.slow
@pytest.mark.parametrize("n", [12, 30])
def test_without_a_change_chance_is_called_as_often_as_it_should_be_and_intervals_hold_the_truth(record_property, n):
    rules, runs, found, held = replace(STATISTICS, perms=399), 500, 0, 0
    for run in range(runs):
        told = reaction_trend(*moments(n, per_month=-0.5, seed=1000 + run), dice(run), rules)
        held += told.low <= -0.5 <= told.high
        null = reaction_trend(*moments(n, per_month=0.0, seed=1000 + run), dice(run), rules)
        found += null.p < 0.05
    record_property("measured", f"{n} moments: p < .05 {found / runs}, held {held / runs}")
    assert 0.025 <= found / runs <= 0.075, found / runs
    assert 0.86 <= held / runs <= 0.94, held / runs


# ---------------------------------------------------------------- days


def test_a_heart_rate_at_rest_that_drifts_is_told_in_beats_a_month():
    days = np.arange(84)
    found = level_trend(days, 2 * alike(84, 0.3, 5) + 3 * days / 30, none_left_out(days), dice())
    assert found.verdict == "higher" and found.effect == pytest.approx(3, abs=1.2) and found.p is not None and found.p < 0.05


def test_days_marked_unwell_do_not_make_a_drift():
    days = np.arange(42)
    ill = days >= 36
    values = alike(42, 0.3, 6) + 12 * ill
    assert level_trend(days, values, none_left_out(days), dice()).effect > 0.5
    assert level_trend(days, values, ill, dice()).verdict == "not_told_apart"


@pytest.mark.parametrize(("days", "reason"), [(np.arange(27), "short_span:1"), (np.arange(0, 39, 3), "few:1"), (np.arange(0), "few:14")])
def test_a_drift_needs_four_weeks_of_which_half_are_known(days, reason):
    found = level_trend(days, np.linspace(0, 9, len(days)), none_left_out(days), dice())
    assert (found.verdict, found.reason, found.effect) == ("too_few", reason, None)


def test_days_without_a_value_are_not_days():
    values = alike(28, 0.3, 7)
    values[5:20] = np.nan
    assert level_trend(np.arange(28), values, none_left_out(values), dice()).reason == "few:1"


def test_days_that_never_vary_have_no_slope():
    assert level_trend(np.arange(30), np.zeros(30), none_left_out(np.zeros(30)), dice()).reason == "no_spread"


def test_ratings_of_one_day_count_as_their_mean():
    days = np.arange(20.0)
    values = np.round(5 + alike(20, 0.2, 8))
    twice = rating_trend(np.concatenate([days + 0.3, days + 0.8]), np.concatenate([values - 1, values + 1]), dice())
    once = rating_trend(days, values, dice())
    assert (twice.n, once.n) == (40, 20)
    assert replace(twice, n=20) == once


@pytest.mark.parametrize(("n", "every", "reason"), [(13, 2, "few:1"), (14, 0.5, "short_span:7"), (14, 1, "interval_includes_none")])
def test_belonging_is_not_spoken_of_before_a_fortnight_of_ratings(n, every, reason):
    found = rating_trend(np.arange(n) * every, np.round(5 + 2 * alike(n, 0.0, 9)), dice())
    assert found.reason == reason


def test_belonging_that_grows_is_told():
    days = np.arange(60.0)
    found = rating_trend(days, np.clip(np.round(3 + 2 * days / 30 + alike(60, 0.3, 10)), 0, 10), dice())
    assert found.verdict == "higher" and found.effect == pytest.approx(2, abs=0.7)


def test_a_year_is_measured_over_a_part_of_its_pairs_and_says_what_all_of_them_would():
    values = alike(365, 0.3, 11) + np.arange(365) / 200
    measured = trends._Measure.of(np.arange(365.0)).of_series(values)[0]
    assert float(measured) == pytest.approx(stats.theilslopes(values).slope, rel=0.02)
    early, late = pairs(365)
    assert 9_000 <= len(early) <= 11_000 and (early < late).all()
    assert len(pairs(100)[0]) == 4_950 and len(pairs(0)[0]) == len(pairs(1)[0]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("days", "kept", "likeness"), [(28, 28, 0.3), (28, 28, 0.5), (28, 20, 0.3), (60, 60, 0.3), (60, 60, 0.5)])
def test_nine_in_ten_intervals_hold_the_drift_however_alike_days_are(monkeypatch, record_property, days, kept, likeness):
    monkeypatch.setattr(trends, "DRAWS", 299)
    runs, held, naive, false = 300, 0, 0, 0
    for run, series in enumerate(alike(days, likeness, 12, series=runs)):
        known = np.sort(dice(run).choice(days, kept, replace=False))
        known[0], known[-1] = 0, days - 1
        known = np.unique(known)
        told = level_trend(known, series[known] + 0.02 * known, none_left_out(known), dice(run))
        held += told.low <= 0.6 <= told.high
        false += told.p is not None and level_trend(known, series[known], none_left_out(known), dice(run)).p < 0.05
        plain = stats.theilslopes(series[known], known, alpha=0.9)
        naive += plain.low_slope <= 0 <= plain.high_slope
    record_property("measured", f"likeness {likeness}, {kept} of {days} days: held {held / runs}, p < .05 {false / runs}, plain interval held {naive / runs}")
    assert 0.86 <= held / runs <= 0.945, held / runs
    assert false / runs <= 0.09
    assert likeness < 0.5 or naive / runs < 0.8, "days that resemble their neighbours make the plain interval too sure"


# ---------------------------------------------------------------- shifts


def test_a_lasting_shift_is_found_at_about_its_day():
    values = alike(90, 0.3, 20)
    values[45:] += 2.5
    found = cusum(values, none_left_out(values))
    assert found.up and found.at is not None and 42 <= found.at <= 48
    assert cusum(-values, none_left_out(values)) == Shift(found.at, up=False)


def test_a_week_of_illness_is_no_lasting_shift_and_neither_is_one_that_is_left_out():
    values = alike(90, 0.3, 21)
    values[50:56] += 6
    assert cusum(values, none_left_out(values)).at is None
    values[50:] += 3
    marked = np.arange(90) >= 50
    assert cusum(values, marked).at is None


def test_the_day_of_a_shift_is_counted_over_all_days_known_or_not():
    values = alike(90, 0.2, 22)
    values[45:] += 3
    values[::4] = np.nan
    found = cusum(values, none_left_out(values))
    assert found.at is not None and 42 <= found.at <= 48


def test_nothing_is_known_of_a_shift_under_a_fortnight_nor_where_nothing_varies():
    assert cusum(np.r_[np.zeros(6), np.ones(7) * 9], np.zeros(13, bool)) == Shift(None, False)
    assert cusum(np.zeros(90), np.zeros(90, bool)) == cusum(np.zeros(0), np.zeros(0, bool)) == Shift(None, False)


def textbook_alarm(values: np.ndarray) -> bool:
    """k = .5 and h = 5 SD of the first 28 days, as if days were independent and their mean known."""
    z = (values - values[:28].mean()) / values[:28].std(ddof=1)
    for side in (z, -z):
        total = 0.0
        for value in side:
            total = max(0.0, total + value - 0.5)
            if total > 5:
                return True
    return False


def alarms(likeness: float, *, shift: float = 0.0, runs: int = 500) -> float:
    series = alike(90, likeness, 23, series=runs)
    series[:, 45:] += shift
    return sum(cusum(each, none_left_out(each)).at is not None for each in series) / runs


def test_a_quarter_without_a_shift_raises_an_alarm_in_fewer_than_one_of_ten():
    assert alarms(0.3) < 0.10
    assert sum(textbook_alarm(each) for each in alike(90, 0.3, 23, series=500)) / 500 > 0.4, "the textbook's limit is not for days such as these"


@pytest.mark.slow
def test_alarms_and_finds_are_those_the_docstring_names(record_property):
    told = {"independent": alarms(0.0, runs=2000), "0.3": alarms(0.3, runs=2000), "0.5": alarms(0.5, runs=2000)}
    told |= {"1 SD": alarms(0.3, shift=1.0, runs=2000), "1.5 SD": alarms(0.3, shift=1.5, runs=2000)}
    textbook = sum(textbook_alarm(each) for each in alike(90, 0.3, 23, series=2000)) / 2000
    record_property("measured", f"{told}, textbook {textbook}")
    assert told == pytest.approx({"independent": 0.005, "0.3": 0.044, "0.5": 0.13, "1 SD": 0.65, "1.5 SD": 0.95}, abs=0.025)


# ---------------------------------------------------------------- means and questionnaires


def test_a_running_mean_bridges_a_gap_of_days_but_not_of_a_week():
    nan = np.nan
    told = running_mean([nan, 4.0, 8.0, nan, 6.0, *[nan] * 7, 2.0])
    assert told[:3] == [None, 4.0, pytest.approx((4 * 0.75 + 8) / 1.75)]
    assert told[3] == told[2], "a missing day changes nothing"
    assert told[10] is not None and told[11] is None
    assert told[12] is not None and 2.0 < told[12] < 3.0
    assert running_mean([]) == [] and running_mean([nan, nan]) == [None, None]


def test_a_running_mean_is_that_of_pandas():
    pd = pytest.importorskip("pandas")
    values = alike(60, 0.3, 30)
    values[[4, 5, 17, 30, 31, 32]] = np.nan
    assert running_mean(values) == pytest.approx(pd.Series(values).ewm(span=7).mean().tolist())


def test_a_change_is_reliable_beyond_the_error_of_its_questionnaire():
    assert reliable_change(47.5, 32.5, 7.5, 0.80) == pytest.approx(-3.162, abs=0.001)
    for sd, reliability in ((0.0, 0.8), (1.0, 1.0), (1.0, -0.1)):
        with pytest.raises(ValueError, match="reliable change"):
            reliable_change(1, 2, sd, reliability)
