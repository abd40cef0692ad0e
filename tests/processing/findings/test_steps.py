import numpy as np
import pytest

from processing.findings.steps import step_findings

NOTHING = np.full(6, np.nan)


def rated(*points: float) -> np.ndarray:
    return np.array(points, dtype=float)


def test_steps_that_were_met_milder_than_expected_are_told():
    expected, met = rated(8, 7, 9, 6, 8, 7, 9, 8), rated(4, 5, 4, 3, 6, 3, 4, 5)
    distress, outcome = step_findings(expected, met, expected, met)
    assert distress.verdict == outcome.verdict == "lower"
    assert distress.effect == pytest.approx(-3.5) and distress.low is not None and distress.high is not None and distress.high < 0
    assert step_findings(met, expected, met, expected)[0].verdict == "higher"


def test_steps_are_not_spoken_of_before_five_and_a_pair_must_be_whole():
    expected, met = rated(8, 7, 9, 6, 8, 7), rated(4, 5, 4, 3, 6, np.nan)
    assert step_findings(expected, met, NOTHING, met)[0].n == 5
    expected[0] = np.nan
    distress, outcome = step_findings(expected, met, NOTHING, met)
    assert (distress.n, distress.reason, distress.needed, distress.effect, distress.p) == (4, "few:1", 1, None, None)
    assert (outcome.n, outcome.reason, outcome.verdict) == (0, "few:5", "too_few")


def test_five_pairs_have_a_size_and_no_verdict():
    """Five signs that agree come by chance once in sixteen times."""
    distress, _ = step_findings(rated(8, 7, 9, 6, 8), rated(4, 4, 4, 3, 6), NOTHING[:5], NOTHING[:5])
    assert (distress.verdict, distress.reason) == ("not_told_apart", "within_chance") and distress.p == pytest.approx(1 / 16)


def test_steps_that_were_met_as_expected_differ_by_nothing():
    same = rated(8, 7, 9, 6, 8, 7)
    distress, _ = step_findings(same, same, NOTHING, NOTHING)
    assert (distress.effect, distress.p, distress.verdict) == (0.0, 1.0, "not_told_apart")
