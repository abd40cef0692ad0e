"""The swing with the breath: found as large as it was made, not found where there is none, and a reason where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from swings import START_NS, lately, swinging

from processing.breathing import Cycle, Lately, cycle, left_words, lf_power, lung, pacer, summary
from somalink.domain.constants import Constants
from somalink.domain.errors import UsageError
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Flag

RULES = Constants().beat
PACE = pacer(6, started_ns=START_NS)


def found(ticks: np.ndarray, second: int = 120, pace=PACE) -> Cycle:
    return cycle(lately(ticks), pace, START_NS + second * SECOND_NS, rules=RULES)


@pytest.mark.parametrize("swing", [3, 6, 12, 25])
@pytest.mark.parametrize("rate", [4.5, 6, 7])
def test_the_swing_is_found_as_large_as_it_was_made(swing, rate):
    """Within 1 bpm or a tenth: a beat's rate is a mean over its interval, which takes a percent or two off."""
    pace = pacer(rate, started_ns=START_NS)
    seen = [found(swinging(swing, rate=rate, seed=seed), pace=pace) for seed in range(20)]
    sizes = np.array([each.amplitude_bpm for each in seen if each.amplitude_bpm is not None])
    assert len(sizes) >= 19
    assert abs(np.median(sizes) - swing) < max(0.4, 0.03 * swing)
    assert np.quantile(np.abs(sizes - swing), 0.9) < max(1.0, 0.1 * swing)


def test_a_swing_that_follows_the_pacer_is_close_and_steady():
    seen = found(swinging(10))
    assert seen.r2 is not None and seen.r2 > 0.8 and seen.together == "closely"
    assert seen.steady is not None and seen.steady > 0.95


def test_noise_does_not_follow_a_pacer():
    seen = [found(swinging(0, noise_bpm=2, seed=seed)) for seed in range(40)]
    assert max(each.r2 for each in seen) < 0.2
    assert {each.together for each in seen} == {"not_yet"}


def test_somebody_who_breathes_as_ever_is_not_together_with_the_pacer():
    seen = [found(swinging(0, own=10, seed=seed)) for seed in range(20)]
    assert {each.together for each in seen} == {"not_yet"}


def test_half_of_it_is_partly_together():
    seen = [found(swinging(6, noise_bpm=2.2, seed=seed)).together for seed in range(20)]
    assert seen.count("partly") > 14


def test_a_late_strap_changes_neither_swing_nor_synchrony():
    ticks = swinging(10)
    on_time, late = (cycle(lately(ticks, START_NS + by), PACE, START_NS + 120 * SECOND_NS, rules=RULES) for by in (0, 2_600_000_000))
    assert late.amplitude_bpm == pytest.approx(on_time.amplitude_bpm, abs=0.7)
    assert late.r2 == pytest.approx(on_time.r2, abs=0.06)


def test_nothing_is_said_of_a_pacer_that_has_only_begun():
    assert found(swinging(10), 29) == Cycle(reason="begun")
    assert found(swinging(10), 30).r2 is not None
    slow = pacer(4.5, started_ns=START_NS)
    assert found(swinging(10, rate=4.5), 39, slow) == Cycle(reason="begun")


def test_beats_of_before_the_pacer_are_not_read_as_following_it():
    still, paced = swinging(0, noise_bpm=2, seconds=60), swinging(12, seconds=60)
    begun = pacer(6, started_ns=START_NS + 60 * SECOND_NS)
    seen = found(np.concatenate([still, paced]), 95, begun)
    assert seen.r2 is not None and seen.r2 > 0.7


def test_artefacts_are_a_reason_and_no_number():
    ticks = swinging(8, seed=3)
    ticks[80:160:3] //= 2
    assert found(ticks) == Cycle(reason="artefacts")


def test_a_stray_beat_is_left_out_and_the_rest_is_read():
    ticks = swinging(10, seed=4)
    clean = found(ticks)
    ticks[100] += 300
    ticks[101] -= 300
    seen = found(ticks)
    assert seen.amplitude_bpm == pytest.approx(clean.amplitude_bpm, abs=0.6)


def test_a_gap_in_the_minute_is_a_reason_and_before_it_is_none():
    whole = lately(swinging(10, seconds=200))
    gap = (whole.t_ns > START_NS + 100 * SECOND_NS) & (whole.t_ns <= START_NS + 106 * SECOND_NS)
    holed = Lately(*(column[~gap] for column in (whole.t_ns, whole.rr_ticks, whole.edge)))
    assert cycle(holed, PACE, START_NS + 120 * SECOND_NS, rules=RULES).reason == "gap"
    assert cycle(holed, PACE, START_NS + 180 * SECOND_NS, rules=RULES).r2 is not None
    assert cycle(whole, PACE, START_NS + 180 * SECOND_NS, rules=RULES).r2 is not None


def test_silence_is_no_beats():
    assert found(swinging(10, seconds=60), 90).reason == "no_beats"
    assert cycle(Lately(*([np.zeros(0, np.int64)] * 3)), PACE, START_NS + 90 * SECOND_NS, rules=RULES).reason == "no_beats"


def test_beats_whose_arrival_makes_them_doubtful_are_artefacts():
    whole = lately(swinging(10))
    doubtful = Lately(whole.t_ns, whole.rr_ticks, np.where(np.arange(len(whole.t_ns)) % 3, Flag.OK, Flag.UNTRUSTED))
    assert cycle(doubtful, PACE, START_NS + 120 * SECOND_NS, rules=RULES).reason == "artefacts"


def test_who_began_to_listen_late_has_no_gap_before_it():
    whole = lately(swinging(10))
    begun = START_NS + 80 * SECOND_NS
    heard = whole.since(begun)
    assert cycle(heard, PACE, START_NS + 100 * SECOND_NS, rules=RULES).reason == "gap"
    assert cycle(heard, PACE, START_NS + 100 * SECOND_NS, known_from_ns=begun, rules=RULES).reason == "begun"
    assert cycle(heard, PACE, START_NS + 115 * SECOND_NS, known_from_ns=begun, rules=RULES).r2 is not None


@given(st.integers(0, 10_000), st.floats(0, 20), st.integers(30, 170))
def test_a_fit_never_fails_and_stays_in_its_bounds(seed, swing, second):
    seen = found(swinging(swing, seed=seed, noise_bpm=3), second)
    assert (seen.r2 is None) == bool(seen.reason)
    if seen.r2 is not None:
        assert 0 <= seen.r2 <= 1 and seen.amplitude_bpm >= 0


@given(st.lists(st.integers(0, 70_000), max_size=200))
def test_absurd_intervals_are_a_reason(ticks):
    seen = found(np.array(ticks, np.int64))
    assert seen.reason or seen.r2 is not None


# ---------------------------------------------------------------- pacers


@pytest.mark.parametrize("asked", [(3.0,), (7.5,), (11.0,), (float("nan"),), (6, 4, 4), (6, 0.5, 9.5), (6, -4, 14), (6, float("nan"), 6)])
def test_a_pace_that_nobody_should_breathe_is_refused_with_one_that_one_may(asked):
    with pytest.raises(UsageError) as refused:
        pacer(*asked, started_ns=0)
    assert refused.value.next_step


@pytest.mark.parametrize("rate", [4.5, 5, 5.5, 6, 6.5, 7, 8, 9, 10])
def test_every_offered_pace_is_four_parts_in_and_six_out(rate):
    pace = pacer(rate, started_ns=0)
    assert pace.in_s / (pace.in_s + pace.ex_s) == pytest.approx(0.4, abs=1e-3)
    assert pace.cycle_ns == pytest.approx(60 * SECOND_NS / rate, abs=2_000_000)


def test_the_chest_is_empty_full_and_empty_again():
    halves = [lung(PACE, START_NS + round(s * SECOND_NS)) for s in (0, 4, 9.999, 10, 1204)]
    assert [half[0] for half in halves] == ["in", "out", "out", "in", "out"]
    assert [half[2] for half in halves] == pytest.approx([0, 1, 0, 0, 1], abs=1e-3)


def test_what_is_left_is_never_counted_down_by_the_second():
    assert [left_words(s * SECOND_NS)[0] for s in (180, 61, 60, 16, 15, 0)] == ["left", "left", "last_minute", "last_minute", "last_breaths", "last_breaths"]
    assert left_words(61 * SECOND_NS)[1] == 2


# ---------------------------------------------------------------- a session


def test_a_session_is_told_in_breaths_a_median_and_a_share_of_time():
    seen = [Cycle(reason="begun"), Cycle(8.0, 0.7, 0.9), Cycle(10.0, 0.5, 0.9), Cycle(9.0, 0.65, 0.9), Cycle(reason="artefacts")]
    told = summary(seen, PACE, START_NS + 3 * MINUTE_NS)
    assert (told.breaths, told.amplitude_bpm, told.good, told.together) == (18, 9.0, 0.75, "closely")


def test_a_session_without_a_signal_has_breaths_and_nothing_else():
    told = summary([Cycle(reason="no_beats")] * 5, PACE, START_NS + 65 * SECOND_NS)
    assert (told.breaths, told.amplitude_bpm, told.good, told.together) == (6, None, 0.0, "")


# ---------------------------------------------------------------- the power of a session


def test_a_breath_of_known_depth_has_its_power_in_the_slow_band_and_two_minutes_are_needed() -> None:
    """RR swings by 40 ms about 850 at six a minute: 800 ms^2."""
    ticks, elapsed = [], 0
    while elapsed < 200 * 1024:
        ticks.append(round((850 + 40 * np.sin(2 * np.pi * 0.1 * elapsed / 1024)) * 1.024))
        elapsed += ticks[-1]
    heard = lately(np.array(ticks))
    begun = pacer(6, started_ns=START_NS + 10 * SECOND_NS)
    assert lf_power(heard, begun, START_NS + 190 * SECOND_NS, rules=RULES) == pytest.approx(800, rel=0.03)
    assert lf_power(heard, begun, START_NS + 129 * SECOND_NS, rules=RULES) is None
    assert lf_power(heard.since(START_NS + 300 * SECOND_NS), begun, START_NS + 190 * SECOND_NS, rules=RULES) is None


def test_a_session_with_lost_beats_in_its_middle_has_no_power() -> None:
    whole = lately(swinging(10, seconds=200))
    kept = np.abs(whole.t_ns - START_NS - 90 * SECOND_NS) > 10 * SECOND_NS
    heard = Lately(whole.t_ns[kept], whole.rr_ticks[kept], whole.edge[kept])
    assert lf_power(heard, pacer(6, started_ns=START_NS), START_NS + 180 * SECOND_NS, rules=RULES) is None
