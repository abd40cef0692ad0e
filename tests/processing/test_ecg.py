"""R peaks from ECG: found where they are, to a part of a sample, the same for any cut; a flat line has no heart."""

import numpy as np
import pytest
from ecg_traces import made, match
from hypothesis import given
from hypothesis import strategies as st

from processing.ecg import (
    HOLE_NS,
    LOOK_AHEAD_NS,
    TRUSTED,
    EcgBeats,
    EcgPeaks,
    Peaks,
    band_pass,
    lag,
    parabola,
    shape_of,
    to_ticks,
)
from processing.snapshot import decode, encode
from somalink.domain.time import MINUTE_NS, SECOND_NS, TICK_NS_X2
from somalink.domain.types import Chunk, Flag, Gap, Stream

RATES = (100.0, 130.0, 130.045, 250.0, 360.0, 512.0)


def peaks_of(t_ns, uv10) -> Peaks:
    return EcgPeaks().run(t_ns, uv10)


@pytest.mark.parametrize("rate_hz", RATES)
def test_every_beat_is_found_within_a_fraction_of_a_sample(rate_hz):
    trace = made(60, rate_hz=rate_hz)
    found = match(peaks_of(trace.t_ns, trace.uv10).t_ns, trace.peaks_ns)
    assert (found.missed, found.extra) == (0, 0) and found.found >= len(trace.peaks_ns) - 2
    assert found.rms_ms < 0.035 * 1000 / rate_hz


@pytest.mark.parametrize("bpm", [35, 50, 120, 180, 205])
def test_slow_and_fast_hearts_are_followed(bpm):
    trace = made(60, bpm=bpm, noise_uv=15, waves=tuple((centre * min(1, 75 / bpm), spread, height) for centre, spread, height in BRIEF))
    found = match(peaks_of(trace.t_ns, trace.uv10).t_ns, trace.peaks_ns)
    assert (found.missed, found.extra) == (0, 0)


BRIEF = ((-0.16, 0.02, 0.1), (0.0, 0.011, 1.2), (0.032, 0.012, -0.25), (0.22, 0.03, 0.25))
"""A beat that leaves room for the next at 205 a minute."""


def test_an_electrode_the_other_way_round_shows_the_same_beats():
    trace = made(60, noise_uv=10)
    up, down = peaks_of(trace.t_ns, trace.uv10), peaks_of(trace.t_ns, -trace.uv10)
    assert match(down.t_ns, trace.peaks_ns).missed == match(down.t_ns, trace.peaks_ns).extra == 0
    assert np.abs(up.t_ns - down.t_ns).max() <= 1


def test_a_strap_that_is_turned_round_in_the_middle_is_followed():
    trace = made(90, noise_uv=10)
    turned = np.where(trace.t_ns < 45 * SECOND_NS, trace.uv10, -trace.uv10)
    found = peaks_of(trace.t_ns, turned).t_ns
    late = match(found[found > 56 * SECOND_NS], trace.peaks_ns)
    assert (late.missed, late.extra) == (0, 0) and late.rms_ms < 0.5


def test_beats_that_shrink_to_a_fourth_or_grow_fourfold_are_followed():
    trace = made(90, noise_uv=5)
    for first, then in ((1.0, 0.25), (0.25, 1.0)):
        scaled = np.rint(trace.uv10 * np.where(trace.t_ns < 45 * SECOND_NS, first, then)).astype(np.int64)
        found = match(peaks_of(trace.t_ns, scaled).t_ns, trace.peaks_ns)
        assert found.missed <= 2 and found.extra <= 1


def test_one_small_beat_among_large_ones_is_searched_for_and_found():
    trace = made(60, noise_uv=5)
    small = trace.peaks_ns[30]
    near = np.abs(trace.t_ns - small) < 80_000_000
    uv10 = np.where(near, trace.uv10 * 3 // 10, trace.uv10)
    found = match(peaks_of(trace.t_ns, uv10).t_ns, trace.peaks_ns)
    assert (found.missed, found.extra) == (0, 0)


# ---------------------------------------------------------------- exactness


TRACE = made(40, noise_uv=40, seed=11)
HOLED = np.delete(np.arange(len(TRACE.t_ns)), np.r_[1400:1440, 3000:3007])
T_NS, UV10 = TRACE.t_ns[HOLED], np.where((TRACE.t_ns > 30 * SECOND_NS) & (TRACE.t_ns < 34 * SECOND_NS), 0, TRACE.uv10)[HOLED]
"""A noisy trace with two holes and four flat seconds."""


@given(cuts=st.lists(st.integers(0, len(T_NS)), max_size=40), restarts=st.sets(st.integers(0, 40), max_size=3))
def test_any_cut_and_any_restart_give_the_same_beats(cuts, restarts):
    finder, made_of = EcgBeats(), []
    for k, (start, stop) in enumerate(zip([0, *sorted(cuts)], [*sorted(cuts), len(T_NS)], strict=True)):
        if k in restarts:
            blob = encode(finder.state())
            finder = EcgBeats()
            finder.restore(decode(blob))
        made_of += finder.run(T_NS[start:stop], UV10[start:stop])
    assert told(made_of) == told(EcgBeats().run(T_NS, UV10))


def told(items):
    """Beats, and where a run of them ends."""
    return [
        row
        for item in items
        for row in (
            [(item.start_ns, item.stop_ns, item.reason)]
            if isinstance(item, Gap)
            else zip(item.t_ns.tolist(), item.values.tolist(), item.flags.tolist(), item.fine.tolist(), strict=True)
        )
    ]


def test_what_happened_is_told_soon_and_never_out_of_order():
    finder, last = EcgPeaks(), 0
    for at in range(2000):
        for t_ns in finder.run(T_NS[at : at + 1], UV10[at : at + 1]).t_ns.tolist():
            assert last < t_ns and T_NS[at] - t_ns <= LOOK_AHEAD_NS
            last = t_ns
    assert last > T_NS[2000] - LOOK_AHEAD_NS


def test_the_same_trace_at_another_time_gives_the_same_beats_at_that_time():
    one, other = peaks_of(T_NS, UV10), peaks_of(T_NS + 1_772_000_000 * SECOND_NS, UV10)
    assert np.array_equal(one.t_ns + 1_772_000_000 * SECOND_NS, other.t_ns) and np.array_equal(one.quality, other.quality)


@given(st.lists(st.integers(-(1 << 23), 1 << 23).map(lambda uv: uv * 10), min_size=1, max_size=400))
def test_no_samples_whatever_break_it(values):
    t_ns = np.arange(len(values)) * 7_690_000
    peaks = peaks_of(t_ns, np.array(values, np.int64))
    assert (np.diff(peaks.t_ns) > 0).all() and ((peaks.quality >= 0) & (peaks.quality <= 1000)).all()


# ---------------------------------------------------------------- what is no heart


def test_a_flat_line_has_no_beats():
    t_ns = np.arange(60 * 130) * 7_692_308
    rng = np.random.default_rng(1)
    hum = 30 * np.sin(t_ns / 1e9 * 2 * np.pi * 50)
    for uv in (np.zeros(len(t_ns)), np.full(len(t_ns), 1500.0), rng.normal(0, 8, len(t_ns)), hum, 400 * np.sin(t_ns / 1e9 * 2 * np.pi * 0.25)):
        assert len(peaks_of(t_ns, np.rint(uv * 10).astype(np.int64))) == 0


def test_an_electrode_that_lies_at_the_end_of_its_range_has_no_beats_and_the_heart_comes_back():
    trace = made(60, noise_uv=5)
    off = (trace.t_ns > 20 * SECOND_NS) & (trace.t_ns < 35 * SECOND_NS)
    peaks = peaks_of(trace.t_ns, np.where(off, 20_000 * 10, trace.uv10)).t_ns
    inside = peaks[(peaks > 20.2 * SECOND_NS) & (peaks < 34.8 * SECOND_NS)]
    assert len(inside) == 0
    assert match(peaks[peaks > 38 * SECOND_NS], trace.peaks_ns).missed == 0


def test_steps_of_the_baseline_are_no_beats():
    trace = made(120, noise_uv=5)
    rng = np.random.default_rng(4)
    drift = np.cumsum(np.where(rng.random(len(trace.t_ns)) < 0.001, rng.choice([-1, 1], len(trace.t_ns)) * 8000, 0))
    found = match(peaks_of(trace.t_ns, trace.uv10 + 10 * drift).t_ns, trace.peaks_ns)
    assert found.missed <= 6 and found.extra <= 2


def test_beats_in_a_burst_of_muscle_noise_are_not_to_be_trusted_and_those_outside_are():
    trace = made(60, noise_uv=5)
    burst = (trace.t_ns > 20 * SECOND_NS) & (trace.t_ns < 30 * SECOND_NS)
    noise = np.random.default_rng(2).normal(0, 600, len(burst))
    items = EcgBeats().run(trace.t_ns, trace.uv10 + np.where(burst, np.rint(10 * noise), 0).astype(np.int64))
    beats = [item for item in items if isinstance(item, Chunk)]
    at, flags = np.concatenate([item.t_ns for item in beats]), np.concatenate([item.flags for item in beats])
    inside = (at > 21 * SECOND_NS) & (at < 30 * SECOND_NS)
    outside = (at < 20 * SECOND_NS) | (at > 32 * SECOND_NS)
    assert (flags[inside] == Flag.UNTRUSTED).mean() > 0.8
    assert (flags[outside] == Flag.OK).all()


def test_a_clean_trace_is_clean_and_a_rough_one_says_so():
    def quality(noise_uv):
        trace = made(60, noise_uv=noise_uv)
        return float(np.median(peaks_of(trace.t_ns, trace.uv10).quality))

    assert quality(10) == 1000 > quality(250) > quality(320) > TRUSTED > quality(500)


# ---------------------------------------------------------------- beats


def test_the_second_peak_closes_the_first_interval_and_ticks_with_their_rest_are_the_interval():
    trace = made(30)
    peaks = peaks_of(trace.t_ns, trace.uv10).t_ns
    (beats,) = EcgBeats().run(trace.t_ns, trace.uv10)
    assert isinstance(beats, Chunk) and beats.stream is Stream.RR
    assert np.array_equal(beats.t_ns, peaks[1:])
    assert np.array_equal(beats.values * TICK_NS_X2 // 2 + beats.fine, np.diff(peaks))
    assert np.abs(beats.fine).max() <= 1 + TICK_NS_X2 // 4


def test_intervals_are_rounded_to_the_nearest_tick():
    assert to_ticks(np.array([0, SECOND_NS, SECOND_NS + 488_281, SECOND_NS + 488_282])).tolist() == [0, 1024, 1024, 1025]


def test_nothing_reaches_over_a_hole_a_flat_stretch_or_a_cut():
    items = EcgBeats().run(T_NS, UV10)
    edges = [(TRACE.t_ns[1399], TRACE.t_ns[1440]), (TRACE.t_ns[2999], TRACE.t_ns[3007]), (30 * SECOND_NS, 34 * SECOND_NS)]
    gaps = [item for item in items if isinstance(item, Gap)]
    assert [any(gap.start_ns <= start and stop <= gap.stop_ns for gap in gaps) for start, stop in edges] == [True] * 3
    for item in items:
        if isinstance(item, Chunk):
            begins = item.t_ns - item.values * TICK_NS_X2 // 2
            assert not any(((begins < start) & (item.t_ns > stop)).any() for start, stop in edges)

    finder = EcgBeats()
    before = finder.run(TRACE.t_ns[:2000], TRACE.uv10[:2000])
    finder.cut()
    after = finder.run(TRACE.t_ns[2000:], TRACE.uv10[2000:])
    assert after[0].t_ns[0] - after[0].values[0] * TICK_NS_X2 // 2 > TRACE.t_ns[2000] > before[-1].t_ns[-1]


def test_who_asks_whether_a_sample_would_begin_a_new_run_is_told():
    finder = EcgBeats()
    assert finder.broken(0) and finder.told_ns is None
    finder.run(TRACE.t_ns[:500], TRACE.uv10[:500])
    last = int(TRACE.t_ns[499])
    assert not finder.broken(last + HOLE_NS) and finder.broken(last + HOLE_NS + 1)
    assert finder.told_ns == last - LOOK_AHEAD_NS


def test_nothing_in_nothing_out():
    assert len(EcgPeaks().run(np.zeros(0, np.int64), np.zeros(0, np.int64))) == 0 and EcgBeats().run(np.zeros(0, np.int64), np.zeros(0, np.int64)) == []


def test_times_that_are_no_ecgs_give_nothing():
    trace = made(20)
    assert len(peaks_of(np.arange(len(trace.t_ns)) * 40_000_000, trace.uv10)) == 0


# ---------------------------------------------------------------- the filter and the parabola


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_band_pass_lets_no_constant_through_and_delays_nothing(rate_hz):
    taps = shape_of(rate_hz).taps
    assert taps[0] + 2 * sum(taps[1:]) == 0
    pulse = np.zeros(4 * len(taps), np.int64)
    pulse[2 * len(taps)] = 1000
    out = band_pass(pulse, taps)
    middle = 2 * len(taps) - (len(taps) - 1)
    assert int(np.argmax(out)) == middle and np.array_equal(out[: middle + 1][::-1][: len(taps)], out[middle:][: len(taps)])
    assert len(band_pass(pulse[: 2 * len(taps) - 2], taps)) == 0


@pytest.mark.parametrize("top", [-0.5, -0.3, 0.0, 0.123, 0.4999])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_parabola_finds_its_own_top(top, sign):
    values = [round(sign * 1e9 * (1 - (k - top) ** 2)) for k in (-1, 0, 1)]
    assert parabola(*values, 2_000_000) == pytest.approx(top * 1_000_000, abs=2)
    assert parabola(5, 5, 5, 2_000_000) == 0


# ---------------------------------------------------------------- how late a strap's own beats are


def test_by_how_much_a_strap_dates_its_beats_later_is_found_to_a_tick():
    trace = made(120)
    peaks = peaks_of(trace.t_ns, trace.uv10).t_ns
    rng = np.random.default_rng(8)
    beats = peaks[1:] + 1_270_000_000 + rng.integers(-20_000_000, 20_000_000, len(peaks) - 1)
    found = lag(beats, to_ticks(np.diff(peaks)), peaks)
    assert found is not None and found.n > 100
    assert abs(found.lag_ns - 1_270_000_000) < 5_000_000 and found.spread_ns < 25_000_000


def test_beats_of_somebody_else_have_no_lag():
    mine, yours = made(120), made(120, seed=77, bpm=71)
    other = peaks_of(yours.t_ns, yours.uv10).t_ns
    assert lag(other[1:], to_ticks(np.diff(other)), peaks_of(mine.t_ns, mine.uv10).t_ns) is None
    assert lag(other[1:4], to_ticks(np.diff(other[:4])), other) is None


def test_a_lost_beat_leaves_the_others_recognised():
    trace = made(MINUTE_NS // SECOND_NS * 2)
    peaks = peaks_of(trace.t_ns, trace.uv10).t_ns
    keep = np.delete(np.arange(1, len(peaks)), 50)
    found = lag(peaks[keep] + 400_000_000, to_ticks(np.diff(peaks))[keep - 1], peaks)
    assert found is not None and abs(found.lag_ns - 400_000_000) < 2_000_000 and found.n >= len(keep) - 8
