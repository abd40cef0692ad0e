"""The door: a value or a reason for every feature of every window, the same bits however the beats were cut."""

from dataclasses import replace

import numpy as np
import pytest
from hearts import START_NS, by_neurokit, day, held, settled
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.indices.features import FEATURES, REASONS, UNITS, Features, features, least, windows
from processing.indices.hrv import rmssd
from processing.indices.spectrum import CONTEXT_NS
from processing.windows import BeatSums, Settled
from somalink.domain.constants import Constants
from somalink.domain.time import HOUR_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, IntArray

RULES = Constants().beat
HEART = settled(day(1.5))
ALL = windows(int(HEART.t_ns[0]), int(HEART.t_ns[-1]), 300, 5)
STOP = int(ALL[40])


def of(beats: Settled, stops: IntArray | None = None, window_s: int = 300) -> Features:
    return features(beats, np.array([STOP]) if stops is None else stops, window_s, rules=RULES)


def said(found: Features, name: str) -> str:
    return found.reasons("HRV_" + name)[0]


def flagging(which: np.ndarray) -> Settled:
    return settled(HEART.rr_ticks, flagged=which)


def with_hole() -> Settled:
    """Half a minute missing in the middle of the window; a new segment behind it."""
    kept = HEART.take(np.abs(HEART.t_ns - STOP + 150 * SECOND_NS) > 15 * SECOND_NS)
    return replace(kept, segment=(kept.t_ns > STOP - 150 * SECOND_NS).astype(np.int64))


def test_every_feature_has_a_unit_and_a_value_or_a_reason_never_both() -> None:
    found = of(HEART, ALL)
    assert tuple(UNITS) == FEATURES
    assert found.values.shape == found.reason.shape == (len(ALL), 11)
    assert np.array_equal(np.isfinite(found.values), found.reason == 0)
    assert not found.reason.any()


def test_a_window_is_neurokits_by_name() -> None:
    found, (theirs, _) = of(HEART), by_neurokit(held(HEART, STOP, 300), rate_hz=4)
    for name in ("HRV_MeanNN", "HRV_SDNN", "HRV_RMSSD", "HRV_pNN50"):
        assert found.column(name)[0] == pytest.approx(theirs[name], rel=1e-12), name
    assert found.column("HRV_LnRMSSD")[0] == np.log(found.column("HRV_RMSSD")[0])
    assert found.column("HRV_LFHF")[0] == found.column("HRV_LF")[0] / found.column("HRV_HF")[0]


def test_the_live_rmssd_of_a_minute_is_the_same_number() -> None:
    stops = windows(int(HEART.t_ns[0]), int(HEART.t_ns[-1]), 60, 5)
    ours, live = features(HEART, stops, 60, rules=RULES), rmssd(stops, BeatSums(HEART), rules=RULES)
    assert np.array_equal(np.rint(ours.column("HRV_LnRMSSD") * 10_000), live.ln_rmssd)
    assert UNKNOWN not in live.ln_rmssd


@settings(max_examples=10, deadline=None)
@given(st.integers(0, len(ALL) - 2), st.integers(1, 200), st.floats(0, 0.08), st.integers(0, 2**32 - 1))
def test_pieces_of_a_recording_give_the_same_bits_as_the_whole(first: int, n: int, share: float, seed: int) -> None:
    beats = flagging(np.random.default_rng(seed).random(len(HEART)) < share)
    stops = ALL[first : first + n]
    whole = of(beats, ALL)
    begin_ns = (int(stops[0]) - 300 * SECOND_NS) // HOUR_NS * HOUR_NS - CONTEXT_NS
    low, high = np.searchsorted(beats.t_ns, [begin_ns, int(stops[-1]) + CONTEXT_NS])
    piece = of(beats.take(slice(int(low), int(high))), stops)
    for name in Features.__slots__:
        assert np.array_equal(getattr(piece, name), getattr(whole, name)[first : first + n], equal_nan=name == "values"), name


def test_stops_may_be_far_apart_and_cross_days() -> None:
    later = replace(HEART, t_ns=HEART.t_ns + 40 * 24 * HOUR_NS)
    both = Settled.concat([HEART, replace(later, segment=later.segment + 1)])
    stops = np.array([STOP, STOP + 40 * 24 * HOUR_NS])
    found = of(both, stops)
    assert found.values[0] == pytest.approx(found.values[1], rel=1e-9)


@pytest.mark.parametrize(
    ("beats", "reasons"),
    [
        (Settled.empty(), {"MeanNN": "no_data", "RMSSD": "no_data", "SI": "no_data", "LF": "no_data", "LFHF": "no_data"}),
        (HEART.take(HEART.t_ns > STOP - 100 * SECOND_NS), {"MeanNN": "too_few_beats", "RMSSD": "too_few_pairs", "HF": "too_few_beats"}),
        (flagging(np.arange(len(HEART)) % 15 == 0), dict.fromkeys(("MeanNN", "SD1", "SI", "LF"), "artefacts")),
        (replace(HEART, irregular=(np.arange(len(HEART)) % 15 == 0).astype(np.int64)), dict.fromkeys(("SDNN", "SD2", "HF"), "irregular")),
        (with_hole(), {"RMSSD": "", "SI": "", "LF": "gap", "HF": "gap"}),
        (
            settled(np.full(6000, 870)),
            {"MeanNN": "", "SDNN": "", "RMSSD": "", "LnRMSSD": "", "SI": "no_variation", "LF": "no_variation", "LFHF": "no_variation"},
        ),
    ],
    ids=["nothing", "a third of the window", "artefacts", "ectopy", "a hole in its middle", "paced"],
)
def test_what_cannot_be_said_has_its_reason(beats: Settled, reasons: dict[str, str]) -> None:
    found = of(beats)
    assert {name: said(found, name) for name in reasons} == reasons
    assert set(found.reasons("HRV_HF")) <= set(REASONS)


@pytest.mark.parametrize(("window_s", "lf", "hf"), [(30, "short", "short"), (59, "short", "short"), (60, "short", ""), (119, "short", ""), (120, "", "")])
def test_lf_wants_two_minutes_and_hf_one(window_s: int, lf: str, hf: str) -> None:
    found = of(settled(day(1.5, mean_ms=600)) if window_s < 60 else HEART, window_s=window_s)
    assert (said(found, "LF"), said(found, "LFHF"), said(found, "HF")) == (lf, lf, hf)


def test_as_many_pairs_a_minute_are_asked_of_every_window_as_of_the_live_one() -> None:
    assert [least(window_s, RULES) for window_s in (30, 60, 120, 300)] == [30, 30, 60, 150]


def test_windows_end_on_the_clock_and_lie_wholly_inside() -> None:
    first, last = START_NS + 7, START_NS + 400 * SECOND_NS
    stops = windows(first, last, 300, 7)
    assert (stops % (7 * SECOND_NS) == 0).all() and (np.diff(stops) == 7 * SECOND_NS).all()
    assert stops[0] - 300 * SECOND_NS >= first > stops[0] - 307 * SECOND_NS
    assert stops[-1] <= last < stops[-1] + 7 * SECOND_NS
    assert len(windows(first, first + 299 * SECOND_NS, 300, 5)) == 0
    assert of(HEART, stops[:0]).values.shape == (0, 11)
