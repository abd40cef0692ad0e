"""RMSSD: the field's own definition where it holds, a reason where it does not."""

import numpy as np
import pytest

from processing.indices.hrv import Variability, rmssd
from processing.windows import BeatSums, Settled
from somalink.domain.catalogue import HRV_REASONS
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import UNKNOWN, Flag

STOP = 600 * SECOND_NS


def minute(ticks: np.ndarray, *, flags: np.ndarray | None = None, irregular: np.ndarray | None = None, segment: np.ndarray | None = None) -> Settled:
    """Beats that end just before the stop."""
    t = STOP - 1 - (np.cumsum(ticks[::-1])[::-1] - ticks) * 1_953_125 // 2
    flag = np.full(len(ticks), Flag.OK) if flags is None else flags
    zeros = np.zeros(len(ticks), np.int64)
    return Settled(t, ticks, flag, zeros if segment is None else segment, np.where(flag == Flag.OK, ticks, 0), zeros if irregular is None else irregular)


def heart(n: int, seed: int = 4) -> np.ndarray:
    return 850 + np.random.default_rng(seed).integers(-60, 60, n)


def of(beats: Settled) -> Variability:
    return rmssd(np.array([STOP]), BeatSums(beats), rules=Constants().beat)


def reason(found: Variability) -> str:
    return HRV_REASONS[int(found.reason[0])]


@pytest.mark.parametrize("seed", range(5))
def test_rmssd_of_clean_beats_is_neurokits(seed: int):
    import neurokit2 as nk

    ticks = heart(90, seed)
    beats = minute(ticks)
    inside = ticks[(beats.t_ns >= STOP - 60 * SECOND_NS)]
    peaks = np.concatenate([[0], np.cumsum(inside)])
    reference = nk.hrv_time({"RRI": inside / 1.024, "RRI_Time": peaks[1:] / 1024}).HRV_RMSSD[0]
    assert of(beats).ln_rmssd[0] / 10_000 == pytest.approx(np.log(reference), abs=1e-4)


def test_thirty_pairs_are_needed():
    assert reason(of(minute(heart(31)))) == "" and reason(of(minute(heart(30)))) == "too_few_pairs"
    assert of(minute(heart(30))).ln_rmssd[0] == UNKNOWN and of(minute(heart(30))).q[0] == 0
    assert reason(of(Settled.empty())) == "no_data"


def test_a_pair_needs_two_ok_neighbours_of_one_segment():
    ticks, flags, segment = heart(60), np.full(60, Flag.OK), np.zeros(60, np.int64)
    flags[30], ticks[30] = Flag.ECTOPIC, 400
    segment[45:] = 1
    touched = {29, 30, 44}
    differences = [int(ticks[k + 1] - ticks[k]) for k in range(59) if k not in touched]
    by_hand = np.sqrt(sum(d * d for d in differences) / len(differences)) * 1000 / 1024
    assert of(minute(ticks, flags=flags, segment=segment)).ln_rmssd[0] == pytest.approx(np.log(by_hand) * 10_000, abs=1)


def test_more_than_a_twentieth_of_artefacts_or_of_irregular_beats_is_no_rmssd():
    few, many = np.zeros(60, np.int64), np.zeros(60, np.int64)
    few[::20], many[::15] = 1, 1
    assert reason(of(minute(heart(60), flags=few * Flag.ECTOPIC))) == "" and reason(of(minute(heart(60), flags=many * Flag.ECTOPIC))) == "artefacts"
    assert reason(of(minute(heart(60), irregular=few))) == "" and reason(of(minute(heart(60), irregular=many))) == "irregular"


def test_a_heart_that_does_not_vary_by_one_tick_has_half_a_tick_of_rmssd():
    assert of(minute(np.full(60, 900))).ln_rmssd[0] == round(np.log(500 / 1024) * 10_000)
