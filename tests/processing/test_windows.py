"""Windows [stop - W, stop) over settled beats: who belongs where, and how much is covered."""

import numpy as np

from processing.cleaning import Classified, Raw
from processing.windows import BeatSums, Settled, settle, ticks_to_ns
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag


def beats(closing_s: list[float], ticks: list[int], used: list[int] | None = None) -> Settled:
    n = len(ticks)
    flag = np.where(np.array(used or ticks) > 0, Flag.OK, Flag.RANGE)
    t = np.rint(np.array(closing_s) * SECOND_NS).astype(np.int64)
    return Settled(t, np.array(ticks), flag, np.zeros(n, np.int64), np.array(used or ticks), np.zeros(n, np.int64))


def stops(*seconds: float) -> np.ndarray:
    return np.array([round(s * SECOND_NS) for s in seconds])


def test_a_beat_belongs_to_the_window_that_holds_its_closing_time():
    window = BeatSums(beats([10, 11, 40], [1024, 1024, 1024])).window(stops(40, 41, 41.1), 30)
    assert window.beats.tolist() == [2, 2, 1]


def test_an_interval_is_clipped_where_the_window_begins():
    window = BeatSums(beats([10.25, 11.25], [1024, 1024])).window(stops(40), 30)
    assert window.covered_ns.tolist() == [round(1.25 * SECOND_NS)]


def test_what_is_not_accepted_covers_nothing_and_an_isolated_artefact_covers_itself_but_counts_as_the_median():
    window = BeatSums(beats([11, 12, 13], [1024, 512, 1024], used=[1024, 900, 0])).window(stops(40), 30)
    assert (window.accepted.tolist(), window.used_ticks.tolist(), window.covered_ns.tolist()) == ([2], [1924], [round(1.5 * SECOND_NS)])
    assert window.flagged.tolist() == [1]


def test_more_intervals_than_time_cover_the_window_and_no_more():
    window = BeatSums(beats([31 + k / 10 for k in range(60)], [1024] * 60)).window(stops(40), 30)
    assert window.covered_ns.tolist() == [30 * SECOND_NS]


def test_no_beats_give_zeros_everywhere():
    window = BeatSums(Settled.empty()).window(stops(40, 45), 30)
    assert all(not np.any(getattr(window, name)) for name in window.__slots__)


def test_one_artefact_is_put_right_by_its_median_and_a_run_of_them_is_not():
    flag = np.array([Flag.OK, Flag.ECTOPIC, Flag.ECTOPIC, Flag.RANGE, Flag.UNTRUSTED])
    found = Classified(flag, np.full(5, 800), np.array([False, False, True, False, False]), np.zeros(5, bool))
    raw = Raw(np.arange(5), np.full(5, 500), np.zeros(5, np.int64), np.zeros(5, np.int64), np.zeros(5, np.int64))
    assert settle(raw, found, slice(0, 5)).used_ticks.tolist() == [500, 800, 0, 0, 0]


def test_a_tick_is_976562_and_a_half_nanoseconds():
    assert ticks_to_ns(np.array([1, 2, 1024])).tolist() == [976_562, 1_953_125, SECOND_NS]
