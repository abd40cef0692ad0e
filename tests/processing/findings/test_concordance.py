import numpy as np
import pytest
from scipy import stats

from processing.findings.concordance import concordance, rmcorr

BLAND_ALTMAN = {
    "1": "6.68 3.97 6.53 4.12 6.43 4.09 6.33 3.97",
    "2": "6.85 5.27 7.06 5.37 7.13 5.41 7.17 5.44",
    "3": "7.40 5.67 7.42 3.64 7.41 4.32 7.37 4.73 7.34 4.96 7.35 5.04 7.28 5.22 7.30 4.82 7.34 5.07",
    "4": "7.36 5.67 7.33 5.10 7.29 5.53 7.30 4.75 7.35 5.51",
    "5": "7.35 4.28 7.30 4.44 7.30 4.32 7.37 3.23 7.27 4.46 7.28 4.72 7.32 4.75 7.32 4.99",
    "6": "7.38 4.78 7.30 4.73 7.29 5.12 7.33 4.93 7.31 5.03 7.33 4.93",
    "7": "6.86 6.85 6.94 6.44 6.92 6.52",
    "8": "7.19 5.28 7.29 4.56 7.21 4.34 7.25 4.32 7.20 4.41 7.19 3.69 6.77 6.09 6.82 5.58",
}
"""pH and PaCO2 of eight people (Bland & Altman 1995, BMJ 310:446), the example of Bakdash & Marusich 2017."""


def bland_altman() -> tuple[list[str], np.ndarray, np.ndarray]:
    rows = [(person, float(ph), float(pa)) for person, text in BLAND_ALTMAN.items() for ph, pa in zip(text.split()[::2], text.split()[1::2], strict=True)]
    return [row[0] for row in rows], np.array([row[1] for row in rows]), np.array([row[2] for row in rows])


def moments(n: int, agreement: float, seed: int = 1) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Hard kinds that react more, and within a kind as much agreement as said."""
    rng = np.random.default_rng(seed)
    kinds = [["conflict", "rejection", "support"][k % 3] for k in range(n)]
    level = np.array([{"conflict": 8.0, "rejection": 6.0, "support": 2.0}[kind] for kind in kinds])
    own = rng.normal(size=n)
    return kinds, level + own, 0.4 * level + agreement * own + np.sqrt(1 - agreement**2) * rng.normal(size=n)


def test_the_published_example_gives_the_published_values():
    r, low, high, p, dof = rmcorr(*bland_altman(), 0.95)
    assert (r, low, high, dof) == (pytest.approx(-0.507, abs=0.0005), pytest.approx(-0.71, abs=0.005), pytest.approx(-0.23, abs=0.005), 38)
    assert p == pytest.approx(0.0008, abs=0.00005)


def test_it_is_the_correlation_of_what_is_left_within_each_group():
    groups, x, y = bland_altman()
    own = [np.array([group == each for each in groups]) for group in set(groups)]
    left = [sum(np.where(mask, column - column[mask].mean(), 0.0) for mask in own) for column in (x, y)]
    assert rmcorr(groups, x, y, 0.9)[0] == pytest.approx(stats.pearsonr(*left).statistic)


def test_hard_kinds_that_react_more_are_not_agreement_within_a_kind():
    kinds, felt, dz10 = moments(60, 0.0)
    assert stats.pearsonr(felt, dz10).statistic > 0.5
    assert concordance(kinds, felt, dz10).verdict == "not_told_apart"


def test_a_body_that_rises_more_when_it_feels_harder_is_told():
    found = concordance(*moments(60, 0.6))
    assert found.verdict == "higher" and found.low is not None and found.low < 0.6 < (found.high or 0)


def test_it_is_not_told_before_twelve_moments_that_have_another_of_their_kind():
    kinds, felt, dz10 = moments(12, 0.6)
    assert concordance(kinds, felt, dz10).n == 12
    felt[3] = np.nan
    assert (concordance(kinds, felt, dz10).reason, concordance(kinds, felt, dz10).effect) == ("few:1", None)
    assert concordance(["boundary", *kinds[1:]], *moments(12, 0.6)[1:]).reason == "few:1"
    assert concordance([], np.zeros(0), np.zeros(0)).reason == "few:12"


def test_ratings_that_never_vary_within_a_kind_say_nothing():
    kinds, _, dz10 = moments(30, 0.5)
    assert concordance(kinds, np.array([{"conflict": 8.0}.get(kind, 5.0) for kind in kinds]), dz10).reason == "no_spread"
    assert rmcorr(["a", "a", "b", "b"], np.arange(4.0), np.arange(4.0) ** 2, 0.9) is None


def test_a_perfect_agreement_is_no_error():
    kinds, felt, _ = moments(15, 0.5)
    found = concordance(kinds, felt, 2 * felt)
    assert found.effect == pytest.approx(1.0) and found.verdict == "higher"


@pytest.mark.slow
def test_nine_in_ten_intervals_hold_the_agreement(record_property):
    runs = 1500
    told = [concordance(*moments(15, 0.3, seed=100 + run)) for run in range(runs)]
    held = sum(each.low <= 0.3 <= each.high for each in told) / runs
    false = sum(concordance(*moments(15, 0.0, seed=100 + run)).p < 0.05 for run in range(runs)) / runs
    record_property("measured", f"held {held}, p < .05 {false}")
    assert 0.87 <= held <= 0.93
    assert 0.035 <= false <= 0.065
