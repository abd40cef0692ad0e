"""May variability be read from this heart, and if not, why."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wearers import START, USUAL, Told, beat_by_beat, drive, whole

from processing.cleaning import Raw, classify
from processing.indices.hrv import Variability
from processing.rhythm import Trailing, Verdict, labelled, limited, stretches, verdict, without_variability
from processing.windows import Settled, settle
from somalink.domain.catalogue import HRV_REASONS, RHYTHMS, Z_REASONS
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Flag, IntArray, Stream

RULES = Constants()
N = 1500


def settled(ticks: IntArray, *, edge: int = Flag.OK) -> Settled:
    t = np.cumsum(ticks) * 1_953_125 // 2
    none = np.zeros(len(ticks), np.int64)
    raw = Raw(t, ticks, none, none + edge, none)
    return settle(raw, classify(raw, RULES.beat), slice(None))


def judged(ticks: IntArray) -> Verdict:
    return verdict(stretches(settled(ticks), RULES.rhythm))


def words(ticks: IntArray) -> list[str]:
    beats = settled(ticks)
    stops = np.arange(GRID_NS, int(beats.t_ns[-1]) + 1, GRID_NS)
    return [RHYTHMS[code] for code in Trailing(RULES.rhythm).run(stops, beats).tolist()]


def heart(n: int = N) -> IntArray:
    at = np.arange(n)
    return np.rint(850 + 40 * np.sin(at / 1.6) + np.random.default_rng(3).normal(size=n) * 12).astype(np.int64)


def with_ectopics(every: int) -> IntArray:
    ticks = heart()
    for k in range(5, N - 2, every):
        early = ticks[k] * 35 // 100
        ticks[k], ticks[k + 1] = ticks[k] - early, ticks[k + 1] + early
    return ticks


def fibrillating() -> IntArray:
    return np.clip(np.random.default_rng(5).normal(760, 150, N), 380, 1500).astype(np.int64)


def paced(jitter: float, n: int = N) -> IntArray:
    return np.rint(877.7 + jitter * np.random.default_rng(7).normal(size=n)).astype(np.int64)


def test_a_clean_heart_is_usable_and_so_is_one_with_an_ectopic_beat_a_minute():
    assert judged(heart()).usable and judged(heart()).reason == ""
    assert judged(with_ectopics(70)).usable


@pytest.mark.parametrize("every", [2, 3, 4, 8, 20])
def test_frequent_ectopy_is_not_usable_down_to_strict_bigeminy(every: int):
    found = judged(with_ectopics(every))
    assert not found.usable and found.reason == "irregular" and found.good == 0


def test_a_heart_without_any_order_is_irregular_at_every_point_of_the_grid():
    said = words(fibrillating())
    assert set(said[60:]) == {"irregular"} and judged(fibrillating()).reason == "irregular"


def test_deep_slow_breathing_is_usable():
    at = np.arange(N)
    assert judged(np.rint(1000 + 180 * np.sin(2 * np.pi * at / 10)).astype(np.int64)).usable


@pytest.mark.parametrize("jitter", [0.0, 1.0, 2.0])
def test_a_heart_that_keeps_to_a_clock_for_five_minutes_has_no_variation(jitter: float):
    assert judged(paced(jitter)).reason == "no_variation"


def test_a_runner_at_the_top_of_effort_is_not_taken_for_a_clock():
    at = np.arange(N)
    drifting = np.rint(370 + 6 * np.sin(at / 90) + np.random.default_rng(7).normal(size=N) * 2.5).astype(np.int64)
    assert set(words(drifting)[60:]) == {""}


def test_a_device_that_rounds_to_a_sixty_fourth_of_a_second_does_not_make_a_clock_of_a_calm_heart():
    at = np.arange(N)
    assert "no_variation" not in words(np.rint((900 + 14 * np.sin(at / 2)) / 16).astype(np.int64) * 16)


def test_beats_split_and_swallowed_by_a_loose_strap_are_the_recordings_fault_not_the_rhythms():
    ticks = heart()
    ticks[::13] = 250
    assert judged(ticks).reason == "artefacts"
    assert "irregular" not in words(ticks)


def test_a_bad_five_minutes_in_half_an_hour_do_not_spoil_it():
    ticks = heart(2400)
    ticks[300:600:2] = ticks[300:600:2] * 6 // 10
    found = judged(ticks)
    assert found.usable and found.good < found.judged


def test_a_handful_of_beats_is_too_few():
    assert judged(heart(100)).reason == "too_few_beats"
    assert judged(np.zeros(0, np.int64)) == Verdict(False, "too_few_beats", 0, 0)


def test_a_rhythm_is_known_two_minutes_after_the_first_beat_and_forgotten_five_minutes_after_the_last():
    beats = settled(with_ectopics(3)[:400])
    stops = np.arange(GRID_NS, 20 * MINUTE_NS, GRID_NS)
    said = [RHYTHMS[code] for code in Trailing(RULES.rhythm).run(stops, beats).tolist()]
    first, last = said.index("irregular"), len(said) - said[::-1].index("irregular")
    assert 100 <= first * GRID_NS / SECOND_NS <= 150
    assert int(beats.t_ns[-1]) < stops[last] < int(beats.t_ns[-1]) + 5 * MINUTE_NS and set(said[last:]) == {"too_few_beats"}


@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_state_for_any_cut_and_any_restart(seed: int):
    rng = np.random.default_rng(seed)
    beats = settled(np.concatenate([heart(300), with_ectopics(4)[:300], paced(1.0, 500)]))
    stops = np.arange(GRID_NS, int(beats.t_ns[-1]) + 2 * MINUTE_NS, GRID_NS)
    whole = Trailing(RULES.rhythm).run(stops, beats)
    machine, parts = Trailing(RULES.rhythm), []
    for part in np.split(stops, np.sort(rng.integers(0, len(stops), 6))):
        kept = beats.take((beats.t_ns >= part[0] - 13 * GRID_NS) & (beats.t_ns < part[-1])) if len(part) else Settled.empty()
        parts.append(machine.run(part, kept))
        again = Trailing(RULES.rhythm)
        again.restore(machine.state())
        machine = again
    assert np.array_equal(np.concatenate(parts), whole) and {1, 2} <= set(whole.tolist())


def test_a_value_is_withheld_and_its_reason_given_unless_there_was_no_beat_anyway():
    codes = np.array([HRV_REASONS.code(word) for word in ("", "", "artefacts", "no_data", "too_few_pairs", "irregular", "")])
    rhythm = np.array([RHYTHMS.code(word) for word in ("irregular", "no_variation", "irregular", "irregular", "irregular", "", "artefacts")])
    found = without_variability(Variability(np.full(7, 35_000), codes, np.full(7, 9_000)), rhythm)
    assert [HRV_REASONS[code] for code in found.reason.tolist()] == ["irregular", "no_variation", "irregular", "no_data", "irregular", "artefacts", ""]
    assert found.ln_rmssd.tolist() == [UNKNOWN] * 6 + [35_000] and found.q.tolist() == [0] * 6 + [9_000]


def test_arousal_is_labelled_where_it_is_known_and_keeps_every_other_reason():
    reasons = np.array([Z_REASONS.code(word) for word in ("", "session_relative", "no_heart_rate", "", "")])
    rhythm = np.array([RHYTHMS.code(word) for word in ("irregular", "irregular", "irregular", "no_variation", "artefacts")])
    assert [Z_REASONS[code] for code in labelled(reasons, rhythm).tolist()] == ["rhythm", "session_relative", "no_heart_rate", "rhythm", ""]


def test_words_stored_before_there_was_a_rhythm_are_read_as_they_were():
    assert Z_REASONS.words[:5] == ("", "session_relative", "learning", "no_heart_rate", "no_baseline")
    assert HRV_REASONS.words[:5] == ("", "too_few_pairs", "artefacts", "no_data", "irregular")


def test_who_wears_a_strap_with_a_bout_of_early_beats_has_a_labelled_arousal_without_variability_and_both_again_later():
    ticks = heart(1800)
    for k in range(700, 1000, 2):
        ticks[k], ticks[k + 1] = ticks[k] * 6 // 10, ticks[k + 1] * 14 // 10
    t = START + np.cumsum(ticks) * 1_953_125 // 2
    told = Told(Unit("ada", "strap", "rec", "B"), START, int(t[-1]) + SECOND_NS, {Stream.RR: (t, ticks)})
    grid = drive(told, whole(told), baseline=USUAL).grid
    bout = (grid.stop_ns > t[760]) & (grid.stop_ns <= t[1000])
    later = grid.stop_ns > t[1000] + 5 * MINUTE_NS
    before = (grid.stop_ns > START + 3 * MINUTE_NS) & (grid.stop_ns <= t[700])
    assert set(grid.hrv_reason[bout].tolist()) == {HRV_REASONS.code("irregular")} and (grid.ln_rmssd[bout] == UNKNOWN).all()
    known = bout & (grid.z != UNKNOWN)
    assert set(grid.z_reason[known].tolist()) == {Z_REASONS.code("rhythm")} and known.any() and limited(grid)[bout].all()
    for calm in (before, later):
        assert set(grid.z_reason[calm].tolist()) == {0} and (grid.ln_rmssd[calm] != UNKNOWN).any() and not limited(grid)[calm].any()
    assert drive(told, beat_by_beat(told), baseline=USUAL, restart_at=[5_000, 9_000]).difference(drive(told, whole(told), baseline=USUAL)) == ""
