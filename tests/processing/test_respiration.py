"""How often somebody breathes: found at the rate that was breathed, from each source and from all, and a reason where nothing shows a breath."""

from dataclasses import replace

import numpy as np
import pytest
from breaths import START_NS, Breather
from hypothesis import given
from hypothesis import strategies as st

from processing.breathing import Lately
from processing.respiration import CHEST, ECG, HZ, REASONS, RSA, Chest, Heights, Respiration, Seen, Wave, chest, ecg_derived, heights, rsa, told, waves
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag

RULES, MOTION = Constants().beat, Constants().motion
SLOW = Breather(6, rsa_bpm=10, scatter=0.03)
CALM = Breather(14, rsa_bpm=4, scatter=0.06)


def at(second: float) -> int:
    return START_NS + round(second * SECOND_NS)


def shown(who: Breather, second: float = 140) -> dict[str, Seen]:
    return {
        RSA: rsa(who.lately(), at(second), rules=RULES),
        ECG: ecg_derived(who.peaks(), at(second)),
        CHEST: chest(who.chest(), at(second), motion=MOTION),
    }


def said(who: Breather, *sources: str, second: float = 140) -> Respiration:
    seen = shown(who, second)
    return told([seen[source] for source in sources or seen])


def since(moved: Chest, t_ns: int) -> Chest:
    return Chest(moved.t_ns[moved.t_ns >= t_ns], moved.xyz[moved.t_ns >= t_ns])


# ---------------------------------------------------------------- a breath that is there


@pytest.mark.parametrize("source", [RSA, ECG, CHEST])
@pytest.mark.parametrize("rate", [4.5, 5, 5.5, 6, 6.5, 7])
def test_a_paced_breath_is_counted_within_half_a_breath_by_each_source_alone(rate, source):
    seen = [(who, said(who, source)) for seed in range(6) for who in [replace(SLOW, rate=rate, seed=seed)]]
    assert all(each.rate_bpm is not None and abs(each.rate_bpm - who.rate_before(139)) < 0.5 for who, each in seen)
    assert {each.source for _, each in seen} == {source}


@pytest.mark.parametrize("rate", [9, 12, 15, 20, 25, 30])
def test_an_ordinary_breath_is_counted_within_one_by_all_together(rate):
    seen = [(who, said(who)) for seed in range(6) for who in [replace(CALM, rate=rate, seed=seed)]]
    assert all(each.rate_bpm is not None and abs(each.rate_bpm - who.rate_before(139)) < 1 for who, each in seen)


def test_sources_that_agree_are_surer_than_each_alone():
    for seed in range(6):
        who = replace(CALM, seed=seed)
        alone = [said(who, source).quality for source in (RSA, ECG, CHEST)]
        together = said(who)
        assert together.quality >= max(alone)
        assert set(together.source.split("+")) >= {CHEST}


def test_four_breaths_are_needed_so_half_a_minute_counts_an_ordinary_breath_and_not_a_slow_one():
    quick, slow = (since(replace(who, sensor_mg=1).chest(), at(108)) for who in (CALM, SLOW))
    assert told([chest(quick, at(140), motion=MOTION)]).rate_bpm == pytest.approx(CALM.rate_before(140, 32), abs=1)
    assert told([chest(slow, at(140), motion=MOTION)]).reason == "no_breath_seen"


@pytest.mark.parametrize("hz", [25, 52, 104, 200])
def test_a_chest_is_read_at_every_rate_that_straps_sample_at(hz):
    who = replace(SLOW, acc_hz=hz)
    assert said(who, CHEST).rate_bpm == pytest.approx(who.rate_before(140), abs=0.3)


def test_the_second_harmonic_of_a_slow_breath_is_not_taken_for_the_breath():
    """A wave as the breath makes it, sharper up than down, with a harmonic as large as two thirds of it."""
    t = np.arange(240) / HZ
    for rate in (4.5, 5, 6, 7):
        turn = 2 * np.pi * rate / 60 * t
        for lead in np.linspace(0, 6, 7):
            assert waves(np.cos(turn) + 0.66 * np.cos(2 * turn + lead), (3, 30))[0].rate == pytest.approx(rate, abs=0.3)


def test_peaks_of_an_ecg_at_130_hz_are_tall_enough_to_count_by():
    """Their height is over the lowest point beside them, so that a baseline that wanders is nothing to it."""
    who = replace(SLOW, peak_noise=0)
    ecg = np.rint(who.ecg() * 10).astype(np.int64)
    t_ns = at(0) + np.arange(len(ecg)) * SECOND_NS // 130
    peaks = heights(t_ns, ecg, who.peaks().t_ns)
    assert told([ecg_derived(peaks, at(140))]).rate_bpm == pytest.approx(6, abs=0.3)
    drifting = heights(t_ns, ecg + (3000 * np.sin(t_ns / 2e9)).astype(np.int64), who.peaks().t_ns)
    assert np.median(np.abs(drifting.height - peaks.height)) < 0.02 * np.median(peaks.height)


def test_a_peak_whose_surroundings_are_not_known_has_no_height():
    t_ns = at(0) + np.arange(130) * SECOND_NS // 130
    assert len(heights(t_ns, np.zeros(130, np.int64), np.array([at(-1), at(0), at(0.999), at(5)])).t_ns) == 0
    assert len(heights(t_ns[:0], t_ns[:0], np.array([at(1)])).t_ns) == 0


# ---------------------------------------------------------------- what is no breath


def test_a_wave_of_blood_pressure_is_not_told_as_a_slow_breath():
    """Somebody who breathes too fast for their beats to show it, with a wave of 2 bpm near six a minute: of forty at most one is misread.
    A large and steady one is a breath to the heart rate; the chest knows better."""
    alone = [said(Breather(32, rsa_bpm=1.5, pressure_bpm=2, seed=seed), RSA).rate_bpm for seed in range(40)]
    assert sum(rate is not None and rate < 9 for rate in alone) <= 1
    together = [said(Breather(32, rsa_bpm=1.5, pressure_bpm=8, seed=seed)).rate_bpm for seed in range(20)]
    known = [rate for rate in together if rate is not None]
    assert len(known) >= 15 and known == pytest.approx([32] * len(known), abs=1.5)


def test_a_chest_that_shows_another_breath_is_believed_over_a_slow_wave_of_the_heart():
    slow, other = Seen(RSA, (Wave(6.1, 0.95),)), Seen(CHEST, (Wave(15.2, 0.6),))
    assert told([slow]).rate_bpm == 6.1
    assert told([slow, other]) == Respiration(15.2, 0.6, CHEST, "")


def test_two_that_show_different_breaths_as_surely_disagree_and_neither_is_told():
    assert told([Seen(CHEST, (Wave(12, 0.7),)), Seen(ECG, (Wave(18, 0.6),))]).reason == "disagree"
    assert told([Seen(CHEST, (Wave(12, 0.9),)), Seen(ECG, (Wave(18, 0.5),))]).rate_bpm == 12


def test_noise_has_no_breath_in_it():
    """Of sixty minutes of each without any breath, at most three are told as one (by all sources: the heart rate's noise is the reddest)."""
    still = [Breather(15, rsa_bpm=0, peak_share=0, tilt_mg=0, seed=seed) for seed in range(60)]
    seen = [shown(who) for who in still]
    for sources in ((RSA,), (ECG,), (CHEST,), (RSA, ECG, CHEST)):
        assert sum(told([each[source] for source in sources]).rate_bpm is not None for each in seen) <= 3, sources


def test_a_strap_that_lies_on_a_table_does_not_breathe():
    flat = Chest(at(0) + np.arange(3000) * (SECOND_NS // 25), np.tile([0, 0, 100_000], (3000, 1)))
    assert told([chest(flat, at(119), motion=MOTION)]) == Respiration(None, 0.0, "", "no_breath_seen")


def test_a_breath_too_fast_for_the_beats_is_counted_by_the_chest_or_not_at_all():
    """At 50 beats a minute 30 breaths look like 20 in all that has a value a beat; heart rate and R peaks agree in it."""
    seen = [said(Breather(30, bpm=50, rsa_bpm=4, pressure_bpm=1, seed=seed)) for seed in range(12)]
    assert {each.reason for each in seen if each.rate_bpm is None} <= {"disagree"}
    assert all(each.rate_bpm == pytest.approx(30, abs=1.5) for each in seen if each.rate_bpm is not None)


# ---------------------------------------------------------------- reasons


def test_each_source_says_why_it_cannot_look():
    who = SLOW
    beats, peaks, moved = who.lately(), who.peaks(), who.chest()
    none = Lately(*([np.zeros(0, np.int64)] * 3))
    assert rsa(none, at(100), rules=RULES).reason == "no_beats"
    assert rsa(beats, at(170), rules=RULES).reason == "no_beats"
    assert rsa(beats, at(100), known_from_ns=at(80), rules=RULES).reason == "begun"
    assert ecg_derived(Heights(beats.t_ns[:0], beats.t_ns[:0]), at(100)).reason == "no_beats"
    assert ecg_derived(peaks, at(100), known_from_ns=at(85)).reason == "begun"
    assert chest(Chest(moved.t_ns[:0], moved.xyz[:0]), at(100), motion=MOTION).reason == "no_beats"
    assert chest(moved, at(100), known_from_ns=at(85), motion=MOTION).reason == "begun"


def test_a_gap_ends_what_is_looked_at_and_half_a_minute_later_it_goes_on():
    who = replace(CALM, seed=2)
    hole = (at(95), at(101))
    beats, peaks, moved = who.lately(), who.peaks(), who.chest()
    kept = [(t <= hole[0]) | (t > hole[1]) for t in (beats.t_ns, peaks.t_ns, moved.t_ns)]
    holed = Lately(beats.t_ns[kept[0]], beats.rr_ticks[kept[0]], beats.edge[kept[0]])
    thin, still = Heights(peaks.t_ns[kept[1]], peaks.height[kept[1]]), Chest(moved.t_ns[kept[2]], moved.xyz[kept[2]])
    for second, reasons in ((120, {"gap"}), (140, {""})):
        seen = rsa(holed, at(second), rules=RULES), ecg_derived(thin, at(second)), chest(still, at(second), motion=MOTION)
        assert {each.reason for each in seen} == reasons


def test_somebody_who_moves_has_no_breath_at_the_chest_until_half_a_minute_after():
    moved = CALM.chest()
    walking = (moved.t_ns > at(90)) & (moved.t_ns < at(100))
    t = (moved.t_ns - START_NS) / SECOND_NS
    step = np.where(walking, 20_000 * np.sin(2 * np.pi * 1.8 * t), 0).astype(np.int64)
    restless = Chest(moved.t_ns, moved.xyz + step[:, None] * np.array([0, 1, 0]))
    assert told([chest(restless, at(112), motion=MOTION)]).reason == "moving"
    assert told([chest(restless, at(140), motion=MOTION)]).rate_bpm is not None


def test_doubtful_beats_are_artefacts_and_a_few_of_them_are_left_out():
    whole = SLOW.lately()
    third, few = (Lately(whole.t_ns, whole.rr_ticks, np.where(np.arange(len(whole.t_ns)) % n, Flag.OK, Flag.UNTRUSTED)) for n in (3, 12))
    assert rsa(third, at(140), rules=RULES).reason == "artefacts"
    assert told([rsa(few, at(140), rules=RULES)]).rate_bpm == pytest.approx(6, abs=0.4)


def test_an_ectopic_peak_is_no_breath():
    peaks = SLOW.peaks()
    wild = peaks.height.copy()
    wild[::9] = 25_000
    assert told([ecg_derived(Heights(peaks.t_ns, wild), at(140))]).rate_bpm == pytest.approx(6, abs=0.4)


def test_of_several_sources_that_cannot_look_one_reason_is_told():
    assert told([]).reason == "no_beats"
    assert told([Seen(RSA, reason="begun"), Seen(CHEST, reason="moving")]).reason == "moving"


# ---------------------------------------------------------------- whatever comes


@given(st.integers(0, 2**32 - 1), st.integers(0, 200), st.booleans())
def test_whatever_beats_and_samples_come_there_is_a_rate_in_bounds_or_a_reason(seed, n, wild):
    dice = np.random.default_rng(seed)
    ticks = dice.integers(0, 70_000 if wild else 1500, n)
    beats = Lately(at(0) + np.cumsum(ticks) * SECOND_NS // 1024, ticks, dice.integers(0, 7, n))
    moved = Chest(np.sort(at(0) + dice.integers(0, 70 * SECOND_NS, n)), dice.integers(-(2**23), 2**23, (n, 3)) // (1 if wild else 10_000))
    stop = int(beats.t_ns[-1]) if n else at(60)
    found = told([rsa(beats, stop, rules=RULES), ecg_derived(Heights(beats.t_ns, ticks), stop), chest(moved, at(70), motion=MOTION)])
    assert (found.rate_bpm is None) == (found.reason in REASONS)
    assert 0 <= found.quality <= 1
    assert found.rate_bpm is None or 4 <= found.rate_bpm <= 40


@given(st.integers(0, 50), st.integers(1, 10**18))
def test_when_it_happened_is_nothing_to_it(seed, later_ns):
    who = replace(CALM, seed=seed % 3)
    beats, moved = who.lately(), who.chest()
    now = [rsa(beats, at(140), rules=RULES), chest(moved, at(140), motion=MOTION)]
    then = [
        rsa(Lately(beats.t_ns + later_ns, beats.rr_ticks, beats.edge), at(140) + later_ns, rules=RULES),
        chest(Chest(moved.t_ns + later_ns, moved.xyz), at(140) + later_ns, motion=MOTION),
    ]
    assert now == then
