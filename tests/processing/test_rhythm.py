"""Usable for heart rate variability, or not and why."""

import numpy as np
import pytest

from processing.cleaning import Raw, classify
from processing.rhythm import Verdict, verdict
from somalink.domain.constants import Constants
from somalink.domain.types import IntArray

RULES = Constants().beat
N = 1500


def judged(ticks: IntArray) -> Verdict:
    t = np.cumsum(ticks) * 1_953_125 // 2
    none = np.zeros(len(ticks), np.int64)
    return verdict(t, classify(Raw(t, ticks, none, none, none), RULES), RULES)


def heart(n: int = N) -> IntArray:
    at = np.arange(n)
    return np.rint(850 + 40 * np.sin(at / 1.6) + np.random.default_rng(3).normal(size=n) * 12).astype(np.int64)


def with_ectopics(every: int) -> IntArray:
    ticks = heart()
    for k in range(5, N - 2, every):
        early = ticks[k] * 35 // 100
        ticks[k], ticks[k + 1] = ticks[k] - early, ticks[k + 1] + early
    return ticks


def test_a_clean_heart_is_usable_and_so_is_one_with_an_ectopic_beat_a_minute():
    assert judged(heart()).usable and judged(heart()).reason == ""
    assert judged(with_ectopics(70)).usable


@pytest.mark.parametrize("every", [2, 3, 4, 8, 20])
def test_frequent_ectopy_is_not_usable_down_to_strict_bigeminy(every: int):
    found = judged(with_ectopics(every))
    assert not found.usable and found.reason == "irregular" and found.good == 0


def test_deep_slow_breathing_is_usable():
    at = np.arange(N)
    assert judged(np.rint(1000 + 180 * np.sin(2 * np.pi * at / 10)).astype(np.int64)).usable


def test_scattered_misdetections_are_the_recordings_fault_not_the_rhythms():
    ticks = heart()
    ticks[::13] = 250
    assert judged(ticks).reason in ("artefacts", "irregular") and not judged(ticks).usable


def test_a_bad_five_minutes_in_half_an_hour_do_not_spoil_it():
    ticks = heart(2400)
    ticks[300:600:2] = ticks[300:600:2] * 6 // 10
    found = judged(ticks)
    assert found.usable and found.good < found.judged


def test_a_handful_of_beats_is_too_few():
    assert judged(heart(100)).reason == "too_few_beats"
    assert judged(np.zeros(0, np.int64)) == Verdict(False, "too_few_beats", 0, 0, 0.0, 0.0)
