"""z against the usual in the three stages of knowing a person, and how sure it is."""

from dataclasses import replace

import numpy as np
import pytest
from wearers import USUAL

from processing.arousal import Arousal, ArousalRows, HeartRows, maturity_of
from processing.usual import UTC_ONLY
from somalink.domain.catalogue import PHASIC_REASONS, Z_REASONS
from somalink.domain.constants import Constants
from somalink.domain.time import GRID_NS
from somalink.domain.types import UNKNOWN, Baseline, Gate

CONSTANTS = Constants()
PLAIN = replace(USUAL, coef_u=(60_000_000, 2_000_000, 1_000_000, 0, 0, 0, 0, 0), s_level_u=4_000_000, s_phasic_u=2_500_000)


def hearts(bpm: np.ndarray, *, a: float = 0.0, gate: Gate = Gate.STILL, conf: int = 100, variance: float = 0.04) -> HeartRows:
    n = len(bpm)
    fixed = np.where(np.isnan(bpm), UNKNOWN, np.rint(np.nan_to_num(bpm) * 1000)).astype(np.int64)
    lag = np.full(n, round(a * 10_000))
    return HeartRows(np.arange(1, n + 1) * GRID_NS, fixed, np.full(n, 9000), np.full(n, variance), lag, lag, lag, np.full(n, int(gate)), np.full(n, conf))


def arousal(rows: HeartRows, baseline: Baseline | None = None, *, placement: str = "wrist", has_movement: bool = True) -> ArousalRows:
    return Arousal(CONSTANTS, placement=placement, has_movement=has_movement).run(rows, baseline, UTC_ONLY)


def test_below_half_an_hour_of_still_time_nothing_is_said():
    found = arousal(hearts(np.full(400, 70.0)))
    assert (found.z[:359] == UNKNOWN).all() and found.z[359] == 0
    assert [Z_REASONS[int(found.z_reason[k])] for k in (0, 358, 359)] == ["learning", "learning", "session_relative"]
    assert found.maturity[[358, 359]].tolist() == [0, 40]


def test_session_relative_is_against_the_median_so_far_with_at_least_five_bpm_of_spread():
    bpm = np.concatenate([np.full(400, 70.0), [80.0]])
    assert arousal(hearts(bpm)).z[-1] == 20_000
    assert arousal(hearts(bpm), replace(PLAIN, still_h=2.0)).z[-1] == 20_000
    assert arousal(hearts(bpm), replace(PLAIN, still_h=2.0, s_level_u=8_000_000)).z[-1] == 12_500


def test_session_relative_takes_the_prior_movement_terms_off():
    still = hearts(np.full(400, 70.0))
    walking = hearts(np.full(1, 76.0), a=2.0, gate=Gate.LIGHT)
    both = HeartRows(*(np.concatenate([getattr(still, name), getattr(walking, name)]) for name in HeartRows.__slots__))
    both = replace(both, stop_ns=np.arange(1, 402) * GRID_NS)
    # wrist: 2 bpm a unit of A30 and 1 of A180, so 6 of the 6 bpm are explained.
    assert arousal(both).z[-1] == 0
    assert arousal(both, placement="trunk_or_steps").z[-1] == round((6 - 24) / 5 * 10_000)


def test_only_still_time_makes_a_session_known():
    assert (arousal(hearts(np.full(800, 70.0), gate=Gate.LIGHT)).z == UNKNOWN).all()
    assert (arousal(hearts(np.full(800, 70.0), gate=Gate.UNKNOWN, conf=50), has_movement=False).z[359:] == 0).all()
    assert (arousal(hearts(np.full(800, 70.0), gate=Gate.UNKNOWN)).z == UNKNOWN).all()


def test_from_eight_hours_on_z_is_against_the_fitted_usual():
    found = arousal(hearts(np.array([60.0, 64.0, 76.0, 52.0]), a=1.0), PLAIN)
    assert found.z.tolist() == [round((h - 63) / 4 * 10_000) for h in (60, 64, 76, 52)]
    assert found.maturity.tolist() == [100] * 4 and set(found.z_reason.tolist()) == {0}


@pytest.mark.parametrize(
    ("still_h", "days", "mode", "session_h", "maturity"),
    [
        (0, 0, "personal", 0.49, 0.0), (0, 0, "personal", 0.5, 0.4), (7.9, 5, "personal", 9, 0.4), (8, 1, "personal", 0, 0.7),
        (20, 4, "personal", 0, 0.7), (20, 5, "personal", 0, 1.0), (0.1, 1, "within_recording", 0, 1.0),
    ],
)  # fmt: skip
def test_how_well_a_person_is_known(still_h: float, days: int, mode: str, session_h: float, maturity: float):
    assert maturity_of(replace(PLAIN, still_h=still_h, still_days=days, mode=mode), session_h, CONSTANTS) == maturity


def test_the_uncertainty_of_the_level_is_sampling_and_model_and_how_long_the_person_is_known():
    sigma = ((250_000, 20_000) + (0,) * 6, (20_000, 90_000) + (0,) * 6) + ((0,) * 8,) * 6
    known = replace(PLAIN, cov_u=sigma, still_h=32.0)
    found = arousal(hearts(np.array([75.0]), a=1.0, variance=0.3), known)
    z = (75 - 63) / 4
    model = 0.25 + 2 * 0.02 + 0.09
    assert found.se[0] / 10_000 == pytest.approx(np.sqrt((0.3 + model) / 16 + (1 + z * z / 2) / 32), abs=1e-4)
    assert found.se_phasic[0] / 10_000 == pytest.approx(np.sqrt(0.3 / 6.25 + (1 + (12 / 2.5) ** 2 / 2) / 32), abs=1e-4)


def test_a_person_known_for_a_moment_is_counted_as_known_for_half_an_hour():
    found = arousal(hearts(np.array([60.0])), replace(PLAIN, mode="within_recording", still_h=0.1, cov_u=((0,) * 8,) * 8))
    assert found.se[0] / 10_000 == pytest.approx(np.sqrt(0.04 / 16 + 1 / 0.5), abs=1e-4)


def test_the_phasic_z_is_against_the_last_half_hour_of_still():
    bpm = np.concatenate([np.full(59, 66.0), np.full(300, 66.0), np.full(240, 76.0)])
    found = arousal(hearts(bpm), PLAIN)
    # Five minutes are needed; until then the centre is 0, that is the usual itself.
    assert found.z_phasic[58] == round(6 / 2.5 * 10_000) and found.z_phasic[59] == 0
    assert found.z_phasic[359] == 40_000 and found.z_phasic[359 + 181] == 0


def test_what_moves_does_not_enter_the_centre_and_the_last_known_one_holds():
    still, moving = hearts(np.full(100, 66.0)), hearts(np.full(500, 90.0), gate=Gate.MOVING)
    both = HeartRows(*(np.concatenate([getattr(still, name), getattr(moving, name)]) for name in HeartRows.__slots__))
    assert arousal(replace(both, stop_ns=np.arange(1, 601) * GRID_NS), PLAIN).z_phasic[-1] == round(24 / 2.5 * 10_000)


@pytest.mark.parametrize(
    ("change", "has_movement", "reason"),
    [({}, True, ""), ({"mode": "within_recording", "still_h": 2.9}, True, "learning"), ({}, False, "no_movement_stream")],
)
def test_why_there_is_no_phasic_z(change: dict[str, object], has_movement: bool, reason: str):
    found = arousal(hearts(np.full(5, 60.0)), replace(PLAIN, **change), has_movement=has_movement)  # type: ignore[arg-type]
    assert {PHASIC_REASONS[int(code)] for code in found.phasic_reason} == {reason}
    assert (found.z_phasic == UNKNOWN).all() == bool(reason)


def test_no_heart_rate_is_no_z_in_every_stage():
    for baseline in (None, PLAIN):
        bpm = np.concatenate([np.full(400, 60.0), [np.nan]])
        found = arousal(hearts(bpm), baseline)
        assert found.z[-1] == UNKNOWN and found.z_phasic[-1] == UNKNOWN and Z_REASONS[int(found.z_reason[-1])] == "no_heart_rate"


@pytest.mark.parametrize("baseline", [None, PLAIN])
def test_a_restart_anywhere_changes_no_z(baseline: Baseline | None):
    rng = np.random.default_rng(6)
    rows = hearts(np.where(rng.random(900) < 0.05, np.nan, 62 + rng.normal(size=900) * 4))
    rows = replace(rows, gate=np.repeat(rng.choice([Gate.STILL, Gate.LIGHT, Gate.MOVING], 30), 30).astype(np.int64))
    whole = arousal(rows, baseline)
    for cut in (1, 59, 360, 500, 777):
        first, second = (Arousal(CONSTANTS, placement="wrist", has_movement=True) for _ in range(2))
        early, late = (HeartRows(*(getattr(rows, name)[part] for name in HeartRows.__slots__)) for part in (slice(None, cut), slice(cut, None)))
        begun = first.run(early, baseline, UTC_ONLY)
        second.restore(first.state())
        rest = second.run(late, baseline, UTC_ONLY)
        for name in ArousalRows.__slots__:
            assert np.array_equal(np.concatenate([getattr(begun, name), getattr(rest, name)]), getattr(whole, name)), name
