"""How long a living heart stays on one whole number, by people's wrists and by a day and night of somebody: why 20 s need movement, and 5 min do not."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.pipeline.hints import LOOK_NS

pytestmark = pytest.mark.truth


def stretches(rate: np.ndarray) -> np.ndarray:
    """Lengths of the runs in which a rate a second stands on one number."""
    starts = np.flatnonzero(np.diff(rate, prepend=-1))
    return np.diff(np.append(starts, len(rate)))


def wrists(data: Path) -> list[np.ndarray]:
    """What 17 watches on wrists said, a second each, in whole beats a minute as a broadcast sends them (smoothed over 10 s by the watch)."""
    return [np.rint(np.load(path)["hr_bpm"]).astype(int) for path in sorted((data / "stress_predict" / "subjects").glob("*.npz"))]


def day_and_night(data: Path, over_s: int) -> np.ndarray:
    """One heart of 22 hours as a watch might say it: whole beats a minute, averaged over so many seconds."""
    packed = (data / "ref_hrv_pcst" / "nsr001_full_annotations.csv.gz").read_bytes()
    at_s = np.array([int(line.split(",")[0]) for line in gzip.decompress(packed).decode().splitlines()[1:]]) / 128
    seconds = np.arange(at_s[0] + over_s, at_s[-1])
    last, first = np.searchsorted(at_s, seconds) - 1, np.searchsorted(at_s, seconds - over_s) - 1
    return np.rint(60 * (last - first) / np.maximum(at_s[last] - at_s[np.maximum(first, 0)], 1e-9)).astype(int)


def test_no_living_wrist_stands_on_one_number_for_half_of_five_minutes(data, figures):
    longest = [int(stretches(rate).max()) for rate in wrists(data)]
    hours = sum(map(len, wrists(data))) / 3600
    figures(f"17 wrists, {hours:.1f} h: longest {max(longest)} s")
    assert len(longest) == 17 and hours == pytest.approx(15.8, abs=0.05)
    assert max(longest) == 142 and 2 * max(longest) < LOOK_NS / SECOND_NS


@pytest.mark.parametrize(("over_s", "longest"), [(10, 35), (30, 92)])
def test_nor_does_a_heart_that_sleeps(data, over_s, longest):
    assert int(stretches(day_and_night(data, over_s)).max()) == pytest.approx(longest, abs=2)


def test_twenty_seconds_without_movement_would_throw_away_a_fifteenth(data, figures):
    """The rule that needs movement, used where there is none: what people's pages would lose of a heart that simply was calm."""
    limit = Constants().hr.frozen_s
    lengths = np.concatenate([stretches(rate) for rate in wrists(data)])
    share = np.maximum(lengths - limit, 0).sum() / lengths.sum()
    figures(f"{np.count_nonzero(lengths >= limit)} stretches of {limit} s, {share:.1%} of the time")
    assert np.count_nonzero(lengths >= limit) == 456 and share == pytest.approx(1 / 15, abs=0.003)
