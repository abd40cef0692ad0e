"""The breath at known rates, beside NeuroKit2's ECG-derived one: how far off, and what share is answered.

People are made (`breaths`): an ECG of 130 Hz whose R waves grow and whose rate swings with a breath of a known rate, pressure waves, noise and drift
beside it. Peaks are found by each program's own detector. NeuroKit2's rate is the mean of `rsp_rate` over the last minute, as its documentation uses
it; it answers always, and its default (`vangent2019`) passes 0.1 to 0.4 Hz: slower than six a minute is not meant for it.
"""

import warnings

import numpy as np
import pytest
from breaths import START_NS, Breather
from real import table

from processing.breathing import Lately
from processing.ecg import EcgPeaks
from processing.respiration import chest, ecg_derived, heights, rsa, told
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS

pytestmark = pytest.mark.truth
RULES, MOTION = Constants().beat, Constants().motion
HZ, SECOND, SEEDS = 130, 140, 8
SLOW, ORDINARY = (4.5, 5, 5.5, 6, 6.5, 7), (8, 9, 10, 12, 15, 18, 20, 25)
METHODS = ("vangent2019", "sarkar2015")


def made(rate: float, seed: int) -> Breather:
    """A paced breath is steady and swings the heart by 10 bpm; an ordinary one varies by 8 % and swings it by 4."""
    return Breather(rate, rsa_bpm=10, scatter=0.03, seed=seed) if rate <= 7 else Breather(rate, rsa_bpm=4, scatter=0.08, seed=seed)


def ours(who: Breather, ecg: np.ndarray) -> list[float]:
    """By heart rate, R peaks, chest, and all of them; NaN where nothing is told."""
    stop = START_NS + SECOND * SECOND_NS
    t_ns, uv10 = START_NS + np.arange(len(ecg)) * SECOND_NS // HZ, np.rint(ecg * 10).astype(np.int64)
    peaks = EcgPeaks().run(t_ns, uv10)
    ticks = np.rint(np.diff(peaks.t_ns) * 1024 / SECOND_NS).astype(np.int64)
    seen = [
        rsa(Lately(peaks.t_ns[1:], ticks, np.zeros(len(ticks), np.int64)), stop, rules=RULES),
        ecg_derived(heights(t_ns, uv10, peaks.t_ns), stop),
        chest(who.chest(), stop, motion=MOTION),
    ]
    rates = [told(some).rate_bpm for some in ([seen[0]], [seen[1]], [seen[2]], seen)]
    return [float("nan") if rate is None else rate for rate in rates]


def neurokit(ecg: np.ndarray) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2 as nk

        peaks = nk.ecg_peaks(nk.ecg_clean(ecg, sampling_rate=HZ), sampling_rate=HZ)[1]["ECG_R_Peaks"]
        rate = nk.ecg_rate(peaks, sampling_rate=HZ, desired_length=len(ecg))
        breath = [nk.rsp_rate(nk.ecg_rsp(rate, sampling_rate=HZ, method=method), sampling_rate=HZ) for method in METHODS]
    return [float(np.nanmean(each[-60 * HZ :])) for each in breath]


def test_a_known_breath_is_told_at_least_as_well_as_by_neurokit2_and_a_paced_one_far_better(figures):
    rows, off, theirs, paced, answered = [], [], [], [], []
    for rate in (*SLOW, *ORDINARY):
        errors, others = [], []
        for seed in range(SEEDS):
            who = made(rate, seed)
            ecg = who.ecg()[: SECOND * HZ]
            truth = who.rate_before(SECOND)
            errors.append(np.abs(np.array(ours(who, ecg)) - truth))
            others.append(np.abs(np.array(neurokit(ecg)) - truth))
        mine, share = np.array(errors), np.isfinite(errors).mean(axis=0)
        median = [float(np.nanmedian(column)) if np.isfinite(column).any() else float("nan") for column in mine.T]
        rows.append((rate, *(word for pair in zip(median, share.tolist(), strict=True) for word in pair), *np.median(others, axis=0).tolist()))
        off, theirs = [*off, *mine[:, -1].tolist()], [*theirs, *np.min(others, axis=1).tolist()]
        answered += np.isfinite(mine[:, -1]).tolist()
        paced += mine.tolist() if rate <= 7 else []
    head = "breaths rsa told ecg told chest told all told vangent2019 sarkar2015"
    figures(table(head, rows) + f"\nmedian error over {SEEDS} people a rate, in breaths a minute, and the share that is told; NeuroKit2 always tells")
    assert np.isfinite(paced).all() and np.max(paced) < 0.5
    assert np.mean(answered) > 0.95 and np.nanmax(off) < 1.5
    assert np.nanmedian(off) <= np.median(theirs)
