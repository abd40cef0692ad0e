"""Beats of a file: what is refused, where a segment ends, when each beat was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dating import KEPT, contradicted, date_beats, refuse, span_ns
from somalink.domain.catalogue import REFUSALS

S = 1_000_000_000


def by_the_letter(t_ns, ticks, resolution_s):
    """Contracts section 4, beat by beat: the plain reading that the fast one must equal."""
    times, gaps = [], []
    anchor, since = t_ns[0], 0
    times.append(anchor)
    for k in range(1, len(t_ns)):
        chain = anchor + span_ns(since + ticks[k])
        before = [x for x in ticks[:k] if 300 * 1024 <= x * 1000 <= 2000 * 1024][-11:]
        usual = 0.6 * float(np.median(before)) * 976562.5 if before else 0
        hole = t_ns[k] - t_ns[k - 1] - span_ns(ticks[k]) > max(usual, 0.4 * S, 1.5 * resolution_s * S)
        drift = abs(chain - t_ns[k]) > max(1.0, 1.5 * resolution_s) * S
        if hole or drift:
            anchor, since = max(t_ns[k], times[-1] + 1), 0
            gaps.append((times[-1], anchor, "hole" if hole else "drift", max(0, anchor - times[-1] - span_ns(ticks[k]))))
            times.append(anchor)
        else:
            since += ticks[k]
            times.append(chain)
    return times, gaps


steps = st.tuples(st.one_of(st.integers(300, 1400), st.integers(1, 5000)), st.sampled_from([0, 0, 0, 0, 0, 0, 0, 0, 20, -20, 300, 450, 700, 3000, -900]))


@given(st.lists(steps, min_size=1, max_size=120), st.sampled_from([0.0, 0.2, 1.0]))
def test_a_day_is_dated_as_the_contract_says_beat_by_beat(beats, resolution_s):
    ticks = np.array([length for length, _ in beats], np.int64)
    t_ms = np.cumsum([max(0, round(length / 1.024) + extra) for length, extra in beats])
    if resolution_s:
        t_ms = t_ms // round(resolution_s * 1000) * round(resolution_s * 1000)
    t_ns = 1_700_000_000 * S + t_ms * 1_000_000
    dated = date_beats(t_ns, ticks, resolution_s=resolution_s)
    times, gaps = by_the_letter(t_ns.tolist(), ticks.tolist(), resolution_s)
    assert dated.t_ns.tolist() == times
    assert [(gap.start_ns, gap.stop_ns, gap.reason, gap.lost_ns) for gap in dated.gaps] == gaps
    assert bool(np.all(np.diff(dated.t_ns) > 0))


def test_a_file_without_beats_has_no_gaps():
    dated = date_beats(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert len(dated.t_ns) == 0
    assert dated.gaps == ()


@pytest.mark.parametrize(
    ("t_s", "rr_ms", "reason"),
    [
        (1.0, np.nan, "not_a_number"),
        (np.nan, 800, "not_a_number"),
        (1.0, np.inf, "not_a_number"),
        (1.7e9, 800, "not_a_number"),
        (1.0, -800, "not_positive"),
        (1.0, 0.2, "not_positive"),
        (1.0, 64_000, "too_long"),
        (1.0, 1e300, "too_long"),
        (-50.0, 800, "back_in_time"),
    ],
)
def test_a_row_that_is_no_beat_is_refused_for_its_own_reason(t_s, rr_ms, reason):
    verdict = refuse(np.array([0.0, t_s, 2.0]), np.array([800.0, rr_ms, 800.0]))
    assert [REFUSALS[code] if code != KEPT else "" for code in verdict] == ["", reason, ""]


def test_absurd_but_possible_intervals_are_kept():
    assert refuse(np.array([0.0, 10.0, 70.0]), np.array([21698.0, 5.0, 61688.0])).tolist() == [KEPT] * 3


@pytest.mark.parametrize(
    ("times", "odd"),
    [
        ([10, 11, 50, 12, 13], [2]),  # one row leapt ahead
        ([10, 11, 5, 12, 13], [2]),  # one row fell back
        ([50, 1, 2, 3], [0]),  # the first row is wrong
        ([1, 2, 3, 1], [3]),  # the last row is wrong
        ([1, 2, 3, 1, 2, 3, 4], [3, 4]),  # a stretch came twice
        ([1, 1, 2, 2], []),
    ],
)
def test_the_row_both_neighbours_contradict_is_the_one_refused(times, odd):
    assert np.flatnonzero(contradicted(np.array(times, float))).tolist() == odd


def test_a_clock_of_whole_seconds_may_seem_to_step_back():
    times = np.array([10.0, 11.0, 10.0, 12.0])
    assert not contradicted(times, slack_s=1.0).any()
    assert contradicted(times).any()


@given(st.lists(st.tuples(st.floats(-10, 400) | st.just(float("nan")), st.floats(allow_nan=True, allow_infinity=True)), max_size=60))
def test_every_row_is_a_beat_or_refused_and_kept_times_never_go_back(rows):
    t_s, rr_ms = np.array([t for t, _ in rows], float), np.array([rr for _, rr in rows], float)
    verdict = refuse(t_s, rr_ms)
    kept = verdict == KEPT
    assert bool(np.all(np.diff(t_s[kept]) >= 0))
    assert int(kept.sum()) + sum(int((verdict == code).sum()) for code in range(len(REFUSALS))) == len(rows)
