"""Which beats are to be believed: injected faults with known truth, the floor, slow breathing, gaps, and flags that stay."""

import numpy as np
import pytest

from processing.cleaning import Classified, Raw, classify
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, IntArray

RULES = Constants().beat


def raw(ticks: IntArray, *, hole_after: dict[int, float] | None = None, edge: IntArray | None = None) -> Raw:
    """Beats end to end; `hole_after[k]`: seconds of silence after beat k, where a new segment begins."""
    holes = hole_after or {}
    silence = np.zeros(len(ticks), np.int64)
    for k, seconds in holes.items():
        silence[k + 1 :] += round(seconds * SECOND_NS)
    t = np.cumsum(ticks) * 1_953_125 // 2 + silence
    firsts = [0, *sorted(k + 1 for k in holes)]
    segment = t[np.array(firsts)[np.searchsorted(firsts, np.arange(len(ticks)), side="right") - 1]]
    long_holes = sorted(k for k, seconds in holes.items() if seconds >= RULES.history_gap_s)
    run = np.searchsorted(long_holes, np.arange(len(ticks)), side="left")
    return Raw(t, ticks, segment, np.full(len(ticks), Flag.OK) if edge is None else edge, run)


def heart(n: int, *, seed: int = 1, bpm: float = 68, breath_ms: float = 40, breath_s: float = 4, noise_ms: float = 12) -> IntArray:
    rng = np.random.default_rng(seed)
    at, out = 0.0, []
    for _ in range(n):
        rr = 60 / bpm + breath_ms / 1000 * np.sin(2 * np.pi * at / breath_s) + rng.normal() * noise_ms / 1000
        at += rr
        out.append(round(rr * 1024))
    return np.array(out, np.int64)


def flagged(found: Classified) -> set[int]:
    return set(np.flatnonzero(found.flag != Flag.OK).tolist())


PLACES = range(60, 580, 37)


def test_premature_beats_and_their_pauses_are_flagged():
    ticks = heart(600)
    for k in PLACES:
        early = ticks[k] * 35 // 100
        ticks[k], ticks[k + 1] = ticks[k] - early, ticks[k + 1] + early
    found = flagged(classify(raw(ticks), RULES))
    touched = set(PLACES) | {k + 1 for k in PLACES}
    assert len(found & touched) >= 0.95 * len(touched)
    assert len(found - touched - {k + 2 for k in PLACES}) <= 0.01 * len(ticks)


def test_a_missed_beat_is_called_missed_and_an_extra_one_extra():
    ticks = heart(600).tolist()
    for k in reversed(PLACES):
        ticks[k : k + 2] = [ticks[k] + ticks[k + 1]]
    found = classify(raw(np.array(ticks)), RULES)
    missed = [k - i for i, k in enumerate(PLACES)]
    assert sum(found.flag[missed] == Flag.MISSED) >= 0.9 * len(missed)
    assert len(flagged(found) - set(missed) - {k + 1 for k in missed}) <= 6

    ticks = heart(600).tolist()
    for k in reversed(PLACES):
        ticks[k : k + 1] = [ticks[k] * 45 // 100, ticks[k] - ticks[k] * 45 // 100]
    found = classify(raw(np.array(ticks)), RULES)
    extra = [k + i for i, k in enumerate(PLACES)]
    halves = set(extra) | {k + 1 for k in extra}
    assert sum(found.flag[extra] == Flag.EXTRA) >= 0.9 * len(extra)
    assert len(flagged(found) - halves - {k + 2 for k in extra}) <= 6


def test_a_metronome_with_one_tick_of_jitter_has_no_artefact():
    # Its quartile spread is zero; without the floor of 20 ms a single millisecond would stand out.
    ticks = 870 + np.random.default_rng(3).integers(0, 2, 400)
    assert flagged(classify(raw(ticks), RULES)) == set()
    ticks[200] += 15
    assert flagged(classify(raw(ticks), RULES)) == set()


@pytest.mark.parametrize("breath_ms", [60, 120])
def test_breathing_six_times_a_minute_is_no_artefact(breath_ms: float):
    found = classify(raw(heart(600, breath_ms=breath_ms, breath_s=10)), RULES)
    assert len(flagged(found)) <= 0.01 * 600 and not found.irregular.any()


def test_a_steady_heart_that_moves_by_chance_has_no_artefact():
    # Of bell-shaped steps 3 % pass 5.2 quartile deviations; none of them is a tenth of an interval.
    assert flagged(classify(raw(heart(3000, breath_ms=0, noise_ms=15)), RULES)) == set()


@pytest.mark.parametrize("swing_bpm", [20, -20])
def test_the_hardest_paced_breathing_is_no_irregular_rhythm(swing_bpm: float):
    at, ticks = 0.0, []
    for _ in range(1200):
        ticks.append(round(61440 / (65 + swing_bpm * np.sin(2 * np.pi * at / 10))))
        at += ticks[-1] / 1024
    found = classify(raw(np.array(ticks)), RULES)
    assert np.count_nonzero((found.flag != Flag.OK) | found.irregular) <= 0.03 * 1200


def test_who_stands_up_has_no_artefact():
    beat = np.arange(600) % 150
    bpm = 60 + 30 * np.minimum(np.clip((beat - 60) / 9, 0, 1), np.clip((140 - beat) / 40, 0, 1))
    assert flagged(classify(raw(np.rint(61440 / bpm).astype(np.int64)), RULES)) == set()


def test_absurd_intervals_are_out_of_range_and_nothing_else():
    ticks = heart(100)
    ticks[[50, 70]] = [290 * 1024 // 1000, 6500 * 1024 // 1000]
    assert classify(raw(ticks), RULES).flag[[50, 70]].tolist() == [Flag.RANGE, Flag.RANGE]


def test_what_the_edge_knew_of_a_beat_stands_over_the_classifier():
    edge = np.full(100, Flag.OK)
    edge[40] = Flag.UNTRUSTED
    assert classify(raw(heart(100), edge=edge), RULES).flag[40] == Flag.UNTRUSTED


def test_thresholds_remember_over_a_short_hole_and_start_anew_after_a_long_one():
    ticks = heart(260, breath_ms=8, noise_ms=3)
    # 12 % off: far outside this quiet heart's thresholds, well inside the 20 % a newcomer is judged by.
    ticks[206] = ticks[206] * 112 // 100
    short = classify(raw(ticks, hole_after={200: 40.0}), RULES)
    long = classify(raw(ticks, hole_after={200: 60.0}), RULES)
    assert 206 in flagged(short) and 206 not in flagged(long)


def test_nothing_is_differenced_over_a_gap():
    ticks = heart(400, breath_ms=2, noise_ms=2)
    ticks[199:201] += (60, -60)
    within, across = classify(raw(ticks), RULES), classify(raw(ticks, hole_after={199: 7.0}), RULES)
    assert flagged(within) & {199, 200} and not flagged(across) & {199, 200}


def test_three_flagged_beats_in_a_row_are_missing_data_and_one_is_not():
    ticks = heart(200)
    ticks[100] = 250
    ticks[150:154] = 250
    found = classify(raw(ticks), RULES)
    assert not found.in_run[100] and found.in_run[150:154].all()


def test_a_heart_that_alternates_all_day_is_irregular_even_where_no_beat_stands_out():
    ticks = heart(400, noise_ms=10)
    ticks[0:400:2] = ticks[0:400:2] * 60 // 100
    found = classify(raw(ticks), RULES)
    assert np.count_nonzero(found.irregular[100:]) > 0.4 * 300


def test_a_flag_is_settled_by_what_came_within_five_seconds_and_never_again():
    ticks = heart(500, noise_ms=25)
    ticks[np.arange(40, 480, 23)] //= 2
    ticks[[130, 131, 260]] = [3000, 2900, 250]
    beats = raw(ticks, hole_after={90: 7.0, 170: 3.0, 300: 90.0, 301: 12.0})
    full = classify(beats, RULES)
    for k in range(0, 500, 7):
        known = beats.t_ns <= beats.t_ns[k] + 5 * SECOND_NS
        part = classify(Raw(*(getattr(beats, name)[known] for name in Raw.__slots__)), RULES)
        for name in ("flag", "median_ticks", "in_run", "irregular"):
            assert getattr(part, name)[k] == getattr(full, name)[k], (name, k)


def test_no_beats_no_flags():
    assert len(classify(Raw(*(np.zeros(0, np.int64) for _ in range(5))), RULES).flag) == 0
