"""Canaries: what we lean on of statsmodels, and that none of its warnings leaves."""

import subprocess
import sys

import numpy as np
import pytest

from processing.findings.models import clustered, exchangeable, flat, mixed, ordinary, residuals


def of_people(spread: float, *, people: int = 12, each: int = 15, seed: int = 1) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    own = rng.normal(1.0, spread, people) if spread else np.ones(people)
    return np.repeat(own, each) + rng.normal(size=people * each), np.ones((people * each, 1)), [f"p{k:02}" for k in range(people) for _ in range(each)]


def test_importing_the_answers_does_not_import_statsmodels_or_scipy():
    code = "import sys, processing.findings.people, processing.findings.offers, processing.findings.steps; print({'statsmodels', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"


def test_what_a_covariate_explains_is_gone_and_one_that_says_nothing_new_costs_nothing():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 1))
    left, spent = residuals(3 + 2 * x[:, 0], np.column_stack([x, x, np.full(40, 5.0)]))
    assert spent == 2 and flat(left, x[:, 0])


def test_weights_count_rows():
    """A row of weight two has the coefficient of two rows, in both kinds of least squares."""
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.normal(size=40), np.ones(40)])
    y = x[:, 0] + rng.normal(size=40)
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    people = [f"p{k % 8}" for k in range(40)]
    twice = np.r_[np.arange(10), np.arange(40)]
    again = ordinary(y[twice], x[twice], np.ones(50), column=0, level=0.9).value
    assert ordinary(y, x, weights, column=0, level=0.9).value == pytest.approx(again)
    assert clustered(y, x, weights, people, column=0, level=0.9).value == pytest.approx(again)


def test_the_sandwich_of_clusters_is_mancl_and_derouens():
    rng = np.random.default_rng(4)
    people = np.repeat(np.arange(6), 8)
    x = np.column_stack([rng.normal(size=48), np.ones(48)])
    y = x[:, 0] + rng.normal(size=6)[people] + rng.normal(size=48)
    bread = np.linalg.inv(x.T @ x)
    left = y - x @ bread @ x.T @ y
    meat = np.zeros((2, 2))
    for k in range(6):
        here = x[people == k]
        score = here.T @ np.linalg.solve(np.eye(8) - here @ bread @ here.T, left[people == k])
        meat += np.outer(score, score)
    found = clustered(y, x, np.ones(48), [str(k) for k in people], column=0, level=0.9)
    assert found.se == pytest.approx(np.sqrt((bread @ meat @ bread)[0, 0])) and found.dof == 5


def test_a_mixed_model_shrinks_by_what_a_group_does_not_know():
    y, x, people = of_people(0.8)
    found = mixed(y, x, people, None)
    means = y.reshape(12, 15).mean(axis=1)
    pull = (found.shrunk - found.overall) / (means - found.overall)
    assert np.ptp(pull) < 1e-6 and 0.7 < pull[0] < 1, "all had as many moments, so all are pulled alike"


def test_a_mixed_model_on_its_edge_is_no_answer_and_lets_no_warning_out():
    y, x, people = of_people(0.0, seed=8)
    y = y - np.repeat(y.reshape(12, 15).mean(axis=1), 15)
    assert mixed(y, x, people, None) is None
    levels = exchangeable(y, x, people)
    assert np.ptp(levels.shrunk) == pytest.approx(0.0, abs=1e-9)


def test_the_marginal_model_pools_as_the_mixed_one_does():
    y, x, people = of_people(0.8)
    assert exchangeable(y, x, people).shrunk == pytest.approx(mixed(y, x, people, None).shrunk, abs=0.05)
