"""A recording without history is its own usual, and says so."""

import numpy as np
from wearers import CONSTANTS, Told, wearer, whole

from processing.engine import Engine
from processing.within import baseline_within
from somalink.domain.types import Baseline, Gate, Grid


def within(told: Told, *, seed: int = 1, spans: tuple[tuple[int, int], ...] = ()) -> tuple[Baseline | None, Grid]:
    engine = Engine(told.unit, CONSTANTS, "analysis", asks=False, traced=True)
    records = [record for item in whole(told) for record in engine.push(item)] + engine.flush()
    rows = Grid.concat([r for r in records if isinstance(r, Grid)])
    assert engine.trace is not None
    found = baseline_within(
        rows, engine.trace, placement=engine.placement, offsets=engine.offsets, hours_known=True, excluded_spans=spans, excluded=["tag 1"],
        generator=lambda name: np.random.default_rng([seed, len(name)]), constants=CONSTANTS,
    )  # fmt: skip
    return found, rows


def test_the_recording_is_its_own_usual_and_is_marked():
    found, rows = within(wearer("wrist"))
    assert found is not None and found.mode == "within_recording" and found.excluded == ("tag 1",)
    assert found.span_ns == (int(rows.stop_ns[0]), int(rows.stop_ns[-1]))
    assert 60 < found.coef_u[0] / 1e6 < 68 and found.chance_all is not None and found.p60_a600 is not None


def test_the_same_seed_gives_the_same_usual():
    assert within(wearer("strap"))[0] == within(wearer("strap"))[0]


def test_a_plain_strap_learns_its_rest_and_gates_effort_by_it_before_the_fit():
    found, rows = within(wearer("plain"))
    assert found is not None and found.rest_hr is not None
    effort = found.rest_hr + 0.25 * (190_000 - found.rest_hr)
    assert (rows.hr > effort).any()
    # What lies beyond a quarter of the reserve is not in the usual: it is gated first, then fitted.
    assert found.still_h < np.count_nonzero(rows.gate == Gate.UNKNOWN) * 5 / 3600


def test_a_short_recording_that_is_all_tags_learns_from_them_and_says_that_none_was_left_out():
    told = wearer("wrist")
    found, _ = within(told, spans=((told.start_ns, told.end_ns + 10**11),))
    assert found is not None and found.excluded == ()
    assert found.coef_u == within(told)[0].coef_u


def test_a_recording_without_two_still_minutes_has_no_usual():
    told = wearer("wrist")
    engine = Engine(told.unit, CONSTANTS, "analysis", asks=False, traced=True)
    assert baseline_within(
        Grid.empty(), engine.trace or [], placement="wrist", offsets=engine.offsets, hours_known=True, excluded_spans=(), excluded=(),
        generator=lambda name: np.random.default_rng(1), constants=CONSTANTS,
    ) is None  # fmt: skip
