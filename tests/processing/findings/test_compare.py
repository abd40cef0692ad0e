"""Tagged moments against matched moments: figures that scipy agrees with, and nothing said that chance would say."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from processing.findings.compare import (
    EXACT_UP_TO,
    Comparison,
    Stratum,
    compare,
    contrast,
    difference,
    hodges_lehmann,
    more_needed,
    q_values,
    shift,
    verdict,
)
from somalink.domain.catalogue import VERDICTS
from somalink.domain.constants import STATISTICS

FEWER = replace(STATISTICS, perms=499)


def seeded(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def moments(n: int, *, shift: float = 0.0, controls: int = 10, seed: int = 1) -> list[Stratum]:
    """Moments of unit spread, one a day, with control days of their own."""
    dice = seeded(seed)
    return [Stratum(shift + dice.normal(), tuple(dice.normal(size=controls)), tuple(range(controls)), at) for at in range(n)]


def lived(n: int, dice: np.random.Generator, *, a_day: int, alike: float, ragged: bool, same_days: bool) -> list[Stratum]:
    """Moments of 84 days, `a_day` on one, of unit spread in all, of which `alike` is the day's; matched from 28 days before to 28 after."""
    of_day = dice.normal(size=84) * math.sqrt(alike)
    strata = []
    for day in np.repeat(dice.choice(84, -(-n // a_day), replace=False), a_day)[:n]:
        near = [other for other in range(84) if 0 < abs(other - day) <= 28]
        many = int(dice.integers(1, 11)) if ragged else 10
        again = same_days and strata and strata[-1].block == day
        days = np.array(strata[-1].days) if again else dice.choice(near, many, replace=ragged)
        windows = np.concatenate([of_day[[day]], of_day[days]]) + dice.normal(size=len(days) + 1) * math.sqrt(1 - alike)
        strata.append(Stratum(float(windows[0]), tuple(map(float, windows[1:])), tuple(map(int, days)), int(day)))
    return strata


def moved(strata: list[Stratum], *, by: float = 0.0, times: float = 1.0, moments_alone: float = 0.0) -> list[Stratum]:
    return [replace(s, value=s.value * times + by + moments_alone, controls=tuple(x * times + by for x in s.controls)) for s in strata]


values = st.integers(-40_000, 40_000).map(lambda x: x / 10_000)


@st.composite
def groups(draw, *, least: int = 1):
    """One to ten controls a moment, several of one day, several moments of one day, ties."""
    found = []
    for _ in range(draw(st.integers(least, 12))):
        controls = draw(st.lists(values, min_size=1, max_size=10))
        days = draw(st.lists(st.integers(0, 6), min_size=len(controls), max_size=len(controls)))
        found.append(Stratum(draw(values), tuple(controls), tuple(days), draw(st.integers(0, 5))))
    return found


# ---------------------------------------------------------------- a moment and its controls


def test_controls_of_one_day_are_one_witness():
    assert difference(Stratum(5.0, (1.0, 3.0, 4.0), (7, 7, 8), 0)) == pytest.approx(5 - (2 + 4) / 2)


def test_a_moment_without_matched_moments_is_no_stratum():
    with pytest.raises(ValueError, match="matched moment"):
        Stratum(1.0, (), (), 0)


def test_a_control_without_its_day_is_no_stratum():
    with pytest.raises(ValueError, match="its day"):
        Stratum(1.0, (1.0, 2.0), (7,), 0)


def test_no_moments_say_nothing():
    assert compare([], seeded()) == Comparison(0, 0)
    assert contrast([], moments(4)) == Comparison(0, 40)


def test_one_moment_has_an_effect_and_neither_interval_nor_spread():
    found = compare([Stratum(1.0, (0.25,), (3,), 0)], seeded())
    assert (found.n, found.n_controls, found.effect, found.low, found.high, found.spread) == (1, 1, 0.75, None, None, None)
    assert found.p > 0.9


# ---------------------------------------------------------------- the permutation


@pytest.mark.parametrize(("n", "shift"), [(5, 1.0), (8, 0.6), (12, 0.4), (30, 0.3), (30, 0.0)])
def test_whole_strata_of_single_days_are_drawn_as_scipy_draws_paired_samples(n, shift):
    strata = moments(n, shift=shift, seed=n)
    windows = np.array([[s.value, *s.controls] for s in strata])

    def first_against_the_rest(*samples, axis):
        return samples[0].mean(axis=axis) - np.mean([sample.mean(axis=axis) for sample in samples[1:]], axis=0)

    theirs = stats.permutation_test(tuple(windows.T), first_against_the_rest, permutation_type="samples", vectorized=True, rng=seeded(2)).pvalue
    ours = compare(strata, seeded(3)).p
    assert ours == pytest.approx(theirs, abs=4 * 2 * math.sqrt(max(theirs / 2, 1e-4) * 2 / STATISTICS.perms))


def test_one_control_a_moment_is_the_exact_sign_flip():
    strata = moments(9, shift=1.5, controls=1, seed=6)
    exact = stats.permutation_test(
        ([s.value for s in strata], [s.controls[0] for s in strata]), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples", vectorized=True
    ).pvalue
    assert compare(strata, seeded()).p == pytest.approx(exact, abs=0.01)


def test_moments_of_one_day_are_drawn_together():
    """Ten copies of one moment and its controls are one witness: the event is the highest of eleven, and no more than that can be known."""
    one = Stratum(5.0, tuple(map(float, range(-5, 5))), tuple(range(10)), 40)
    assert compare([one] * 10, seeded()).p == pytest.approx(2 / 11, abs=0.02)
    assert compare([replace(one, block=at) for at in range(10)], seeded()).p == pytest.approx(2 / 10_000)


def test_moments_all_of_one_day_are_one_witness_whatever_their_control_days():
    strata = [replace(s, block=0, days=tuple(range(at, at + 10))) for at, s in enumerate(moments(12, shift=3.0))]
    assert compare(strata, seeded()).p > 0.15


def test_two_windows_of_one_control_day_are_no_more_likely_than_one():
    """A day of nine windows and one of one: each day is drawn a third of the time, so the highest window of the ten one in 27."""
    stratum = Stratum(10.0, (*map(float, range(9)), 0.0), (1,) * 9 + (2,), 0)
    assert compare([stratum], seeded()).p == pytest.approx(2 / 3, abs=0.03)


def test_the_same_seed_draws_the_same():
    strata = lived(12, seeded(4), a_day=2, alike=0.5, ragged=True, same_days=False)
    assert compare(strata, seeded(9)) == compare(strata, seeded(9))
    assert compare(strata, seeded(9), FEWER) != compare(strata, seeded(10), FEWER)


def test_more_strata_than_a_batch_holds_are_drawn_in_pieces(monkeypatch):
    strata = lived(20, seeded(4), a_day=2, alike=0.5, ragged=True, same_days=False)
    whole = compare(strata, seeded())
    monkeypatch.setattr("processing.findings.compare.BATCH_CELLS", 700)
    pieces = compare(strata, seeded())
    assert replace(pieces, p=None) == replace(whole, p=None)
    assert pieces.p == pytest.approx(whole.p, abs=0.03)


@given(groups())
@settings(max_examples=60, deadline=None)
def test_whatever_the_strata_there_is_an_answer(strata):
    found = compare(strata, seeded(), FEWER)
    assert found.n == len(strata) and found.n_controls == sum(len(s.controls) for s in strata)
    assert 0 < found.p <= 1 and math.isfinite(found.effect)
    assert found.low is None or found.low <= found.effect <= found.high


@given(groups(), values)
@settings(max_examples=40, deadline=None)
def test_what_is_added_to_every_window_changes_nothing(strata, by):
    first, second = compare(strata, seeded(), FEWER), compare(moved(strata, by=by), seeded(), FEWER)
    assert second.effect == pytest.approx(first.effect, abs=1e-8) and second.spread == pytest.approx(first.spread, abs=1e-8)
    assert second.low == pytest.approx(first.low, abs=1e-8)


@given(groups(), values)
@settings(max_examples=40, deadline=None)
def test_what_is_added_to_the_moments_alone_is_added_to_the_effect(strata, more):
    first, second = compare(strata, seeded(), FEWER), compare(moved(strata, moments_alone=more), seeded(), FEWER)
    assert second.effect == pytest.approx(first.effect + more, abs=1e-8)
    assert (first.high is None and second.high is None) or second.high == pytest.approx(first.high + more, abs=1e-8)


@given(groups())
@settings(max_examples=40, deadline=None)
def test_turned_upside_down_it_is_as_much_lower_and_as_sure(strata):
    first, second = compare(strata, seeded(), FEWER), compare(moved(strata, times=-1.0), seeded(), FEWER)
    assert second.effect == pytest.approx(-first.effect, abs=1e-8)
    assert second.p == pytest.approx(first.p, abs=1e-9)
    assert first.low is None or second.high == pytest.approx(-first.low, abs=1e-8)


@pytest.mark.parametrize("value", [0.0, 0.3, -1.7, 1e3 / 7])
def test_values_that_are_all_equal_are_told_apart_from_nothing(value):
    strata = [Stratum(value, (value,) * (1 + at % 10), tuple(k // 3 for k in range(1 + at % 10)), at // 2) for at in range(14)]
    found = compare(strata, seeded())
    assert (found.effect, found.low, found.high, found.p, found.spread) == (0.0, 0.0, 0.0, 1.0, 0.0)
    assert contrast(strata, strata).p == 1.0


# ---------------------------------------------------------------- Hodges-Lehmann


def test_five_differences_have_the_bounds_of_the_printed_table():
    assert hodges_lehmann(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.9) == (3.0, 1.0, 5.0)


def test_four_differences_are_too_few_for_bounds_at_ninety_per_cent():
    assert hodges_lehmann(np.array([1.0, 2.0, 3.0, 4.0]), 0.9) == (2.5, None, None)
    assert math.isnan(hodges_lehmann(np.array([]), 0.9)[0])


@pytest.mark.parametrize("n", [5, 6, 8, 12, 30, EXACT_UP_TO, EXACT_UP_TO + 1, 60])
def test_bounds_are_where_the_signed_rank_test_begins_to_refuse(n):
    differences = seeded(n).normal(0.4, 1, n)
    _, low, high = hodges_lehmann(differences, 0.9)
    method = "exact" if n <= EXACT_UP_TO else "asymptotic"
    for bound, outward in ((low, -1e-6), (high, 1e-6)):
        assert stats.wilcoxon(differences - (bound + outward), method=method).pvalue <= 0.1
        assert stats.wilcoxon(differences - (bound - outward), method=method).pvalue > 0.1


def test_a_spike_of_one_moment_hardly_moves_the_effect():
    calm = np.linspace(-1, 1, 11)
    wild = np.append(calm[:-1], 1000.0)
    assert hodges_lehmann(wild, 0.9)[0] == pytest.approx(hodges_lehmann(calm, 0.9)[0], abs=0.2)


def test_no_interval_is_given_before_a_sentence_could_be():
    assert compare(moments(7), seeded()).low is None
    assert compare(moments(8), seeded()).low is not None


def test_moments_of_fewer_days_than_five_have_no_interval():
    assert compare([replace(s, block=s.block // 2) for s in moments(8)], seeded()).low is None


# ---------------------------------------------------------------- one group against another


def test_a_contrast_is_the_difference_of_the_differences():
    found = contrast(moments(15, shift=2.0, seed=1), moments(12, shift=0.5, seed=2))
    assert (found.n, found.n_controls) == (12, 270)
    assert found.low < 1.5 < found.high and found.p < 0.05
    turned = contrast(moments(12, shift=0.5, seed=2), moments(15, shift=2.0, seed=1))
    assert (turned.effect, turned.low, turned.high) == (-found.effect, -found.high, -found.low)


def test_a_contrast_has_bounds_where_the_rank_sum_test_begins_to_refuse():
    first, second = moments(11, shift=0.7, seed=3), moments(14, seed=4)
    ours, theirs = (np.array([shift(s) for s in group]) for group in (first, second))
    found = contrast(first, second)
    for bound, outward in ((found.low, -1e-6), (found.high, 1e-6)):
        assert stats.mannwhitneyu(ours - (bound + outward), theirs, method="exact").pvalue <= 0.1
        assert stats.mannwhitneyu(ours - (bound - outward), theirs, method="exact").pvalue > 0.1


def test_fewer_than_ten_of_either_have_no_interval():
    assert contrast(moments(9), moments(30, seed=2)).low is None


def test_the_same_moments_twice_do_not_differ():
    assert contrast(moments(12), moments(12)).p > 0.9


# ---------------------------------------------------------------- what may be said


def test_the_false_discovery_rate_of_a_worked_example():
    """Benjamini & Hochberg 1995, their fifteen p of myocardial infarction: the first four are told at .05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    q = q_values(p)
    assert sum(each <= 0.05 for each in q) == 4
    assert q[:4] == pytest.approx([0.0001 * 15, 0.0004 * 15 / 2, 0.0019 * 15 / 3, 0.0095 * 15 / 4])
    assert q_values(p[::-1]) == q[::-1]


def test_a_family_of_one_and_of_none():
    assert q_values([0.03]) == [0.03]
    assert q_values([]) == []


@pytest.mark.parametrize(
    ("n", "effect", "q", "said"),
    [
        (0, None, None, "listed_only"),
        (4, 3.0, 0.001, "listed_only"),
        (5, 3.0, 0.001, "too_few"),
        (7, 3.0, 0.001, "too_few"),
        (8, 0.5, 0.099, "higher"),
        (8, -0.5, 0.099, "lower"),
        (8, 0.5, 0.1, "not_told_apart"),
        (8, 0.499, 0.001, "not_told_apart"),
        (200, -0.499, 0.001, "not_told_apart"),
        (8, None, 0.001, "not_told_apart"),
        (8, 3.0, None, "not_told_apart"),
        (8, math.nan, 0.001, "not_told_apart"),
        (8, 3.0, math.nan, "not_told_apart"),
    ],
)
def test_a_verdict_by_its_rule(n, effect, q, said):
    assert verdict(n, effect, q, STATISTICS) == said
    assert said in VERDICTS


@pytest.mark.parametrize(("effect", "spread", "needed"), [(0.5, 1.0, 35), (0.8, 1.0, 15), (1.2, 1.0, 8), (50.0, 1.0, 8), (0.5, 2.0, 134)])
def test_so_many_moments_are_needed_in_all(effect, spread, needed):
    """33.4 and 14.3 for a paired t test at d = .5 and .8, and 4.7 % more for ranks."""
    assert more_needed(3, effect, spread, STATISTICS) == needed - 3
    assert more_needed(needed, effect, spread, STATISTICS) is None


@given(st.integers(0, 200), st.floats(0.01, 5), st.floats(0.1, 5))
@settings(max_examples=40, deadline=None)
def test_fewer_are_needed_the_more_there_are_and_the_larger_the_effect(n, effect, spread):
    def needed(n, effect, spread):
        return more_needed(n, effect, spread, STATISTICS) or 0

    assert needed(n + 1, effect, spread) == max(needed(n, effect, spread) - 1, 0)
    assert needed(n, effect * 1.5, spread) <= needed(n, effect, spread)
    assert needed(n, effect, spread * 1.5) >= needed(n, effect, spread)
    assert needed(n, -effect, spread) == needed(n, effect, spread)


def test_an_effect_too_small_for_a_sentence_is_not_waited_for():
    assert more_needed(10, 0.01, 1.0, STATISTICS) == more_needed(10, 0.5, 1.0, STATISTICS) == 25


def test_nothing_is_needed_where_it_is_enough_or_nothing_is_known():
    assert more_needed(36, 0.5, 1.0, STATISTICS) is None
    assert more_needed(0, None, None, STATISTICS) is None
    assert more_needed(1, 2.0, None, STATISTICS) is None
    assert more_needed(3, 0.0, 0.0, STATISTICS) is None


# ---------------------------------------------------------------- how often chance says something

SIZES = [8, 12, 30] if os.environ.get("SOMALINK_ENDURANCE") == "full" else [12]
"""Moments of one kind. A change is held to the middle of them; all three take ten minutes of a core."""
LIVES = [
    pytest.param({"a_day": 1, "alike": 0.0, "ragged": False, "same_days": False}, id="one a day"),
    pytest.param({"a_day": 1, "alike": 0.0, "ragged": True, "same_days": False}, id="ragged"),
    pytest.param({"a_day": 2, "alike": 0.5, "ragged": False, "same_days": True}, id="two a day, same control days"),
    pytest.param({"a_day": 2, "alike": 0.5, "ragged": False, "same_days": False}, id="two a day, other control days"),
    pytest.param({"a_day": 3, "alike": 0.5, "ragged": True, "same_days": False}, id="three a day, ragged"),
]


def apart(n: int, dice: np.random.Generator, **life) -> list[Stratum]:
    """The same, and no day of one day's moments is a day of another's, neither as control nor as event."""
    groups = [lived(min(life["a_day"], n - at), dice, **life) for at in range(0, n, life["a_day"])]
    return [replace(s, block=s.block + 1000 * k, days=tuple(day + 1000 * k for day in s.days)) for k, group in enumerate(groups) for s in group]


def told(life, n: int, dice_of, runs: int = 2000) -> float:
    return float(np.mean([compare(dice_of(n, seeded(seed), **life), seeded(seed + 1), FEWER).p < 0.05 for seed in range(runs)]))


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("life", LIVES)
def test_moments_like_any_other_are_told_apart_one_time_in_twenty(life, n):
    assert 0.035 <= told(life, n, apart) <= 0.065


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("life", LIVES[2:])
def test_days_that_are_one_moments_control_and_anothers_own_are_told_no_more_often(life, n):
    """What a day adds then stands on both sides and partly cancels in the mean, not in the draw: the test is careful, down to 3 in 100."""
    assert told(life, n, lived) <= 0.065


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 8, 12, 30])
@pytest.mark.parametrize("effect", [0.0, 1.2])
def test_a_ninety_per_cent_interval_holds_the_effect_nine_times_in_ten(n, effect):
    found = [compare(moments(n, shift=effect, seed=seed), seeded(), replace(STATISTICS, perms=9)) for seed in range(2000)]
    held = [each.low <= effect <= each.high for each in found if each.low is not None]
    assert not held if n == 5 else 0.87 <= np.mean(held) <= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("n", [12, 30])
def test_moments_that_share_days_do_not_narrow_the_interval(n):
    found = [compare(lived(n, seeded(seed), **LIVES[3].values[0]), seeded(), replace(STATISTICS, perms=9)) for seed in range(2000)]
    assert np.mean([each.low <= 0 <= each.high for each in found]) >= 0.87


@pytest.mark.slow
@pytest.mark.parametrize(("n", "effect", "least"), [(5, 1.2, 0.55), (8, 1.2, 0.8), (12, 0.8, 0.65), (30, 0.5, 0.7)])
def test_an_effect_that_is_there_is_found(n, effect, least):
    """Science, section 3.5: d = 1.2, .8, .5 at 5, 12, 30 moments, there one-sided at 80 %; two-sided is less."""
    assert np.mean([compare(moments(n, shift=effect, seed=seed), seeded(), FEWER).p < 0.05 for seed in range(600)]) >= least
