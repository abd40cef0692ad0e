"""How long the program waits before it tries again."""

from dataclasses import astuple

import numpy as np
import pytest

from ingest.ble.patience import Backoff, Patience


def waits(cap: float, count: int) -> list[float]:
    backoff = Backoff(1.0, np.random.default_rng(1))
    return [backoff.next(cap) for _ in range(count)]


def test_each_wait_is_up_to_twice_the_last_until_the_cap():
    for wait, most in zip(waits(8.0, 100), [1, 2, 4, *[8] * 97], strict=True):
        assert most / 2 <= wait <= most


def test_two_straps_that_failed_together_do_not_knock_together():
    assert len(set(waits(8.0, 20))) == 20


def test_news_begins_with_the_shortest_wait_again():
    backoff = Backoff(1.0, np.random.default_rng(1))
    for _ in range(5):
        backoff.next(8.0)
    backoff.reset()
    assert backoff.next(8.0) <= 1.0


def test_a_strap_worn_faster_than_life_is_waited_for_as_much_less():
    assert astuple(Patience().faster(10)) == pytest.approx([each / 10 for each in astuple(Patience())])
