"""Arms and what followed: the very levels that the report compares, and an exercise nobody drew lots for apart from them."""

from dataclasses import replace

import lived
import morning
import numpy as np
import pytest
from lived import CONSTANTS, PERSON, T0, UNIT, minute

from processing.findings.daily import overlay
from processing.usual import UTC_ONLY
from somalink.domain.constants import STATISTICS
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS
from somalink.domain.types import UNKNOWN, Answer, Grid
from somalink.pipeline.comparing import Compared, by_tier
from somalink.pipeline.reporting import decisions_of, drawn_by_lot
from somalink.pipeline.tracks import tracks
from somalink.storage import RecordingRow


def test_each_arm_and_what_nobody_offered(points) -> None:
    told = {id: (point.tags["kind"], point.tags["outcome"], point.t_ns) for id, point in points("breathing").items()}
    assert told == {"q1": ("offer", "taken", minute(20)), "q2": ("offer", "withheld", minute(62)), "x2": ("breathing", "own", minute(250))}


def test_an_offer_is_taken_once_it_is_said_or_done(points, write) -> None:
    write(lambda w: w.put_prompts([morning.prompt("q4", 100, "offer"), morning.prompt("q5", 290, "offer")]))
    assert points("breathing")["q4"].tags["outcome"] == "not taken"
    write(lambda w: w.put_answer(Answer("q4", PERSON, "breathe", minute(101))))
    write(lambda w: w.put_session(morning.session("x3", 291, "q5")))
    assert {id: points("breathing")[id].tags["outcome"] for id in ("q4", "q5")} == {"q4": "taken", "q5": "taken"}
    assert "x3" not in points("breathing")


def test_what_chance_had_no_part_in_is_no_arm(points, write) -> None:
    write(lambda w: w.put_prompts([morning.prompt("q4", 100, "offer", probability=1.0)]))
    write(lambda w: w.put_session(morning.session("x3", 101, "q4")))
    assert "q4" not in points("breathing")
    assert (points("breathing")["x3"].tags["outcome"], points("breathing")["x3"].fields.get("chance")) == ("own", None)


def test_levels_are_of_two_minutes_before_and_of_five_to_fifteen_after(points, write) -> None:
    write(lambda w: w.put_grid(UNIT, "a", lived.still(z=(18, 20, 20_000), z__2=(25, 35, 5_000))))
    fields = points("breathing")["q1"].fields
    assert fields["before_z"] == pytest.approx(2.0) and fields["after_z"] == pytest.approx(0.5, abs=0.01)
    assert fields["change_z"] == pytest.approx(fields["after_z"] - fields["before_z"])
    assert (fields["rate"], fields["duration_s"], fields["chance"]) == (6.0, 180.0, 0.6)


def test_a_level_that_could_not_be_read_is_not_known(points, write) -> None:
    write(lambda w: w.put_grid(UNIT, "a", lived.still(z=(66, 80, UNKNOWN))))
    fields = points("breathing")["q2"].fields
    assert fields["before_z"] is not None
    assert (fields["after_z"], fields["change_z"]) == (None, None)


def test_the_levels_are_those_the_report_compares_also_with_two_devices(points, store, write) -> None:
    watch, draw = Unit(PERSON, "watch", "r2", "D"), np.random.default_rng(3)

    def noisy(z: float) -> Grid:
        rows = lived.still()
        return replace(rows, z=np.rint(z + 8000 * draw.normal(size=len(rows))).astype(np.int64), hr_q=np.where(draw.random(len(rows)) < 0.3, 5_000, 9_500))

    write(lambda w: w.put_recording(watch, RecordingRow(T0, T0 + 6 * HOUR_NS, analysis="a")))
    write(lambda w: w.put_grid(UNIT, "a", noisy(0)))
    write(lambda w: w.put_grid(watch, "a", noisy(9000)))
    some = [morning.prompt(f"n{k}", 3.37 + 17.21 * k, "offer" if k % 2 else "withheld", t_ns=minute(3.37 + 17.21 * k) + k) for k in range(19)]
    write(lambda w: w.put_prompts(some))
    found = by_tier(store, PERSON, tracks(store, PERSON, T0 - HOUR_NS, T0 + 9 * HOUR_NS, CONSTANTS))
    drawn = drawn_by_lot(store.prompts(PERSON))
    compared = decisions_of(drawn, Compared((), tuple(found), overlay(found), UTC_ONLY), STATISTICS)
    told = points("breathing")
    for row, each in zip(drawn, compared, strict=True):
        fields = told[row.id].fields
        assert (fields["after_z"], fields["before_z"]) == (each.outcome, None if np.isnan(each.before) else each.before)
    assert sum(each.outcome is not None for each in compared) > 15


def test_a_row_is_read_by_when_it_ends(points, write) -> None:
    rows = lived.still(z=(20, 20, 90_000))
    assert int((rows.z == 90_000).sum()) == 1 and minute(20) % GRID_NS == 0
    write(lambda w: w.put_grid(UNIT, "a", rows))
    assert points("breathing")["q1"].fields["before_z"] == pytest.approx(9.0 / 24)
