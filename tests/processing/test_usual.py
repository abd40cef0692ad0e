"""A person's usual from what became FINAL: it finds what is there, keeps to its prior where little is, and does not care for order."""

import math
from dataclasses import replace

import numpy as np
import pytest

from processing.exact import MICRO
from processing.usual import UTC_ONLY, Offsets, carry_last, days_of, fit, outside, phasic_centre, predict, quadratic, residuals, terms
from somalink.domain.constants import Constants
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Baseline, Gate, Grid

CONSTANTS = Constants()
NOON = 1_772_366_400 * SECOND_NS


def rows(hours: float, *, seed: int = 1, coef: tuple[float, ...] = (60, 6, 3, 2), hour_bpm: float = 0, noise: float = 3, still_share: float = 0.7) -> Grid:
    """FINAL rows of a person whose heart follows movement by `coef` and the hour by `hour_bpm`."""
    rng = np.random.default_rng(seed)
    n = round(hours * 720)
    stop = NOON + np.arange(1, n + 1) * GRID_NS
    active = np.repeat(rng.random(n // 60 + 1) > still_share, 60)[:n]
    a30 = np.where(active, 1.5, 0.05) + rng.random(n) * 0.1
    a180, a600 = (np.convolve(a30, np.ones(k) / k)[:n] for k in (36, 120))
    angle = 2 * math.pi * ((stop % DAY_NS) / DAY_NS)
    hr = coef[0] + coef[1] * a30 + coef[2] * a180 + coef[3] * a600 + hour_bpm * np.cos(angle) + rng.normal(size=n) * noise
    columns = {name: np.zeros(n, np.int64) for name in Grid.__slots__}
    columns |= {"stop_ns": stop, "hr": np.rint(hr * 1000).astype(np.int64), "hr_q": np.full(n, 9000), "motion_conf": np.full(n, 80)}
    columns |= {name: np.rint(a * 10_000).astype(np.int64) for name, a in (("a30", a30), ("a180", a180), ("a600", a600))}
    columns["gate"] = np.where(active, Gate.LIGHT, Gate.STILL).astype(np.int64)
    return Grid(**columns)


def usual(given: Grid, **options: object) -> Baseline:
    settings = {"number": 1, "mode": "personal", "from_ns": NOON, "placement": "trunk_or_steps", "offsets": UTC_ONLY, "constants": CONSTANTS} | options
    found = fit(given, **settings)  # type: ignore[arg-type]
    assert found is not None
    return found


def bpm(found: Baseline) -> list[float]:
    return [c / MICRO for c in found.coef_u]


def test_the_coefficients_of_a_body_are_found_and_its_spread():
    found = usual(rows(16))
    assert bpm(found)[:4] == pytest.approx([60, 6, 3, 2], abs=0.8)
    assert found.s_level_u / MICRO == pytest.approx(3, rel=0.05) and found.still_h == pytest.approx(16 * 0.7, rel=0.15)


def test_with_little_data_the_prior_speaks():
    quiet = rows(0.5, still_share=1.0)
    assert bpm(usual(quiet))[1:4] == pytest.approx([7, 3, 2], abs=0.5)
    assert bpm(usual(quiet, placement="wrist"))[1:4] == pytest.approx([2, 1, 0], abs=0.5)
    assert bpm(usual(quiet, placement="none"))[1:] == [0] * 7
    inherited = replace(usual(rows(16)), coef_u=(60 * MICRO, 9 * MICRO, MICRO, 4 * MICRO, 0, 0, 0, 0))
    assert bpm(usual(quiet, centre=inherited))[1:4] == pytest.approx([9, 1, 4], abs=0.5)


def test_the_hour_enters_from_twenty_still_hours_on_and_only_where_the_hour_is_known():
    assert bpm(usual(rows(48, hour_bpm=6)))[4] == pytest.approx(6, abs=0.4)
    assert bpm(usual(rows(48, hour_bpm=6), hours_known=False))[4:] == [0] * 4
    assert bpm(usual(rows(20, hour_bpm=6)))[4:] == [0] * 4


def test_still_time_has_at_least_half_the_say():
    # The same body reads 5 bpm lower when still than its movement terms would say, and is still for a tenth of the time.
    given = rows(24, still_share=0.1, coef=(60, 0, 0, 0), noise=1)
    lower = replace(given, hr=np.where(given.gate == Gate.STILL, given.hr - 5000, given.hr), a30=given.a30 * 0, a180=given.a180 * 0, a600=given.a600 * 0)
    assert 55 < bpm(usual(lower))[0] < 57.8


def test_a_surge_within_the_fit_hardly_moves_the_usual():
    given = rows(10)
    surged = given.hr.copy()
    surged[2000:2300] += 40_000
    assert bpm(usual(replace(given, hr=surged)))[0] == pytest.approx(bpm(usual(given))[0], abs=0.4)


def test_the_order_of_rows_does_not_matter_to_the_coefficients():
    given = rows(12)
    mixed = given.take(np.random.default_rng(2).permutation(len(given)))
    assert usual(mixed).coef_u == usual(given).coef_u and usual(mixed).cov_u == usual(given).cov_u


def test_tagged_and_poor_time_is_left_out():
    given = rows(10)
    strange = given.hr.copy()
    strange[1000:3000] += 25_000
    poor = given.hr_q.copy()
    poor[1000:2000] = 5999
    span = (int(given.stop_ns[2000]), int(given.stop_ns[2999]))
    found = usual(replace(given, hr=strange, hr_q=poor), excluded_spans=[span], excluded=["tag 1"])
    assert bpm(found)[0] == pytest.approx(60, abs=0.8) and found.excluded == ("tag 1",)
    assert found.still_h < usual(given).still_h
    assert outside(given.stop_ns, [span]).sum() == len(given) - 1000


def test_a_spread_has_a_floor_and_no_still_time_has_no_usual():
    assert usual(rows(10, noise=0.5)).s_level_u == 2_500_000
    given = rows(2)
    assert fit(
        replace(given, gate=np.full(len(given), Gate.LIGHT)), number=1, mode="personal", from_ns=0, placement="wrist", offsets=UTC_ONLY, constants=CONSTANTS
    ) is None  # fmt: skip


def test_the_gate_learns_its_percentiles():
    given = rows(10)
    found = usual(given)
    assert found.p60_a600 == int(np.percentile(given.a600, 60)) and found.rest_hr == int(np.percentile(given.hr, 5))


def test_days_with_half_an_hour_of_still_time_count():
    assert usual(rows(72, still_share=1)).still_days == 4
    assert usual(rows(16.2, still_share=1)).still_days == 1
    assert usual(rows(16.6, still_share=1)).still_days == 2


def test_offsets_hold_from_their_time_on_and_the_first_holds_before():
    offsets = UTC_ONLY.then(NOON, 3600).then(NOON + HOUR_NS, 7200)
    assert offsets.at(np.array([0, NOON, NOON + HOUR_NS - 1, NOON + HOUR_NS])).tolist() == [3600, 3600, 3600, 7200]
    assert [offsets.one(t) for t in (0, NOON + HOUR_NS)] == [3600, 7200]
    assert offsets.then(NOON, 0).offset_s == (0,)
    before_four = NOON + 14 * HOUR_NS
    assert days_of(np.array([before_four, before_four + HOUR_NS, before_four + 2 * HOUR_NS]), Offsets((0,), (3600,))).tolist() == [20513, 20514, 20514]


def test_the_model_is_the_sum_of_its_terms_and_its_variance_a_quadratic_form():
    columns = terms(np.array([10_000, UNKNOWN]), np.array([20_000, 0]), np.array([0, 0]), np.array([NOON, NOON]), UTC_ONLY)
    assert predict(columns, [60 * MICRO, 2 * MICRO, MICRO, 0, MICRO, 0, 0, 0]).tolist() == pytest.approx([60 + 2 + 2 - 1, 60 - 1])
    covariance = [[0] * 8 for _ in range(8)]
    covariance[0][0], covariance[0][1], covariance[1][0], covariance[1][1] = 40_000, 10_000, 10_000, 90_000
    assert quadratic(columns, covariance).tolist() == pytest.approx([0.04 + 2 * 0.01 + 0.09, 0.04])


def test_the_phasic_centre_needs_five_still_minutes_and_looks_back_thirty():
    e = np.concatenate([np.full(360, 1.0), np.full(360, 9.0)])
    centre = phasic_centre(e, CONSTANTS)
    assert np.isnan(centre[:59]).all() and centre[59] == 1.0
    assert centre[360 + 179] == 5.0 and centre[360 + 180] == 9.0 and centre[360 + 178] == 1.0
    assert carry_last(np.array([np.nan, 2.0, np.nan]), 7.0).tolist() == [7.0, 2.0, 2.0]


def test_the_phasic_centre_begins_anew_after_a_hole_in_the_rows():
    given = rows(2, still_share=1, coef=(70, 0, 0, 0), noise=0)
    later = np.arange(len(given)) >= 720
    holed = replace(given, stop_ns=given.stop_ns + later * HOUR_NS)
    left = residuals(holed, [60 * MICRO] + [0] * 7, UTC_ONLY, CONSTANTS)
    assert left.e_phasic[719] == 0 and left.e_phasic[720] == 10 and left.e_phasic[720 + 59] == 0
