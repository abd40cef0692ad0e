"""The window that follows the newest beat says what the archive says: the same bits, powers to a millionth, for any heart and any holes."""

from dataclasses import replace

import numpy as np
import pytest
from hearts import START_NS, day, settled
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.indices.features import FEATURES, Features, features, windows
from processing.indices.rolling import Arrived, Rolling
from processing.windows import Settled
from somalink.domain.constants import Constants
from somalink.domain.time import SECOND_NS
from somalink.domain.types import Flag, IntArray

RULES = Constants().beat
COUNTED = slice(0, FEATURES.index("HRV_LF"))
LATE_NS = 20 * SECOND_NS
"""So much of beats is there when a stop is asked for: more than eight beats."""


def followed(beats: Settled, stops: IntArray, window_s: int) -> Features:
    """The rows of a `Rolling` that is handed every beat in its turn."""
    rolling, given_so_far = Rolling(window_s, rules=RULES), 0
    rows = [beats.t_ns, beats.rr_ticks, beats.flag, beats.segment, beats.used_ticks, beats.irregular]
    every = [Arrived(*row) for row in zip(*(column.tolist() for column in rows), strict=True)]
    found = []
    for stop in stops.tolist():
        until = int(np.searchsorted(beats.t_ns, stop + LATE_NS))
        for beat in every[given_so_far:until]:
            rolling.push(beat)
        given_so_far = until
        found.append(rolling.features(stop))
    return Features(*(np.concatenate([getattr(row, name) for row in found]) for name in Features.__slots__))


def hurt(hours: float, seed: int, *, share: float, holes: int) -> Settled:
    """A heart of which some beats are flagged, some irregular, and some stretches missing."""
    rng = np.random.default_rng(seed)
    whole = settled(day(hours, seed))
    flagged = rng.random(len(whole)) < share
    flag = np.where(flagged, rng.choice([Flag.ECTOPIC, Flag.RANGE], len(whole)), Flag.OK)
    used = np.where(flag == Flag.OK, whole.rr_ticks, np.where(flag == Flag.ECTOPIC, 870, 0))
    kept, segment = np.ones(len(whole), bool), np.zeros(len(whole), np.int64)
    for start in rng.integers(0, len(whole), holes):
        n = int(rng.integers(1, 60))
        kept[start : start + n] = False
        segment[start + n :] += 1
    return replace(whole, flag=flag, used_ticks=used, segment=segment, irregular=(rng.random(len(whole)) < share / 2).astype(np.int64)).take(kept)


def same(live: Features, archive: Features) -> None:
    for name in ("stops", "reason", "beats", "flagged", "covered_ns"):
        assert np.array_equal(getattr(live, name), getattr(archive, name)), name
    assert np.array_equal(live.values[:, COUNTED], archive.values[:, COUNTED], equal_nan=True)
    powers = [np.nan_to_num(each.values[:, COUNTED.stop :], nan=-1) for each in (live, archive)]
    assert powers[0] == pytest.approx(powers[1], rel=1e-6)


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 1000), st.sampled_from([300, 120, 60, 30]), st.sampled_from([0.0, 0.02, 0.06]), st.integers(0, 4), st.sampled_from([5, 20]))
def test_it_says_what_the_archive_says(seed: int, window_s: int, share: float, holes: int, step_s: int) -> None:
    beats = hurt(0.25, seed, share=share, holes=holes)
    stops = windows(int(beats.t_ns[0]), int(beats.t_ns[-1]), window_s, step_s)
    same(followed(beats, stops, window_s), features(beats, stops, window_s, rules=RULES))


def test_over_hours_it_holds_no_more_than_its_window_and_still_says_the_same() -> None:
    beats = hurt(2.5, 7, share=0.01, holes=3)
    stops = windows(int(beats.t_ns[0]), int(beats.t_ns[-1]), 120, 60)
    same(followed(beats, stops, 120), features(beats, stops, 120, rules=RULES))


def test_before_its_first_window_is_full_and_after_the_last_beat_it_has_reasons() -> None:
    beats = settled(day(0.12))
    stops = START_NS // SECOND_NS * SECOND_NS + np.arange(5, 1600, 45) * SECOND_NS
    live, archive = followed(beats, stops, 120), features(beats, stops, 120, rules=RULES)
    same(live, archive)
    assert {"no_data", "too_few_beats", ""} <= set(live.reasons("HRV_SDNN"))


def test_no_beat_yet_is_no_data() -> None:
    found = Rolling(300, rules=RULES).features(START_NS)
    assert set(found.reasons("HRV_LF")) == {"no_data"} == set(found.reasons("HRV_RMSSD"))
