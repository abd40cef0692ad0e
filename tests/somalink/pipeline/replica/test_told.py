"""Findings are told as the report tells them, or not; a usual in the units of a heart."""

from dataclasses import replace

import morning
import pytest
from lived import CONSTANTS, PERSON, UNIT, USUAL, minute

from somalink.domain.time import HOUR_NS, from_datetime, to_datetime
from somalink.domain.types import UtcOffset
from somalink.pipeline.replica.sets import SETS, Subject


def put(write, *findings) -> None:
    write(lambda w: w.put_findings(PERSON, morning.SPAN, list(findings)))


def one(points):
    [point] = points("finding").values()
    return point


def test_what_is_claimed_has_its_figure_in_words_and_in_numbers(points, write) -> None:
    put(write, morning.finding())
    point = one(points)
    assert point.tags == {"person_id": PERSON, "id": "f-dz10-kind:conflict", "kind": "dz10", "scope": "kind:conflict", "days": "28"}
    assert point.fields["what"] == "Conflict: change over ten minutes, SD"
    assert (point.fields["figure"], point.fields["words"], point.fields["cannot"]) == ("+0.8 (+0.5 to +1.2) SD", "higher", "")
    assert (point.fields["effect"], point.fields["low"], point.fields["high"]) == (0.84, 0.52, 1.16)
    assert [point.fields[name] for name in ("n_tagged", "n_usable", "n_blind", "n_controls")] == [11.0, 10.0, 9.0, 90.0]


@pytest.mark.parametrize(
    ("said", "figure", "words", "cannot"),
    [
        ({"verdict": "too_few", "n": 5, "reason": "few:3"}, None, "too few: 5 counted, 8 needed", "3 more needed"),
        ({"verdict": "listed_only", "n": 2, "reason": "few:6"}, None, "listed only: 2 counted", "6 more needed"),
        (
            {"verdict": "not_told_apart", "reason": "interval_includes_none:12"},
            "+0.8 (+0.5 to +1.2) SD",
            "not told apart",
            "chance does as much too often; about 12 more moments",
        ),
        ({"verdict": "not_told_apart", "reason": "small"}, "+0.8 (+0.5 to +1.2) SD", "under ½ SD", "sure, under half an SD"),
        ({"verdict": "higher", "n": 7, "reason": ""}, None, "too few: 7 counted, 8 needed", "higher"),
    ],
)
def test_what_is_not_claimed_has_no_bare_number_and_says_what_it_would_take(points, write, said, figure, words, cannot) -> None:
    put(write, morning.finding(**said))
    fields = one(points).fields
    assert (fields["effect"], fields["low"], fields["high"]) == (None, None, None)
    assert (fields["figure"], fields["words"], fields["cannot"]) == (figure, words, cannot)


@pytest.mark.parametrize(
    ("reason", "cannot"),
    [
        ("interval_includes_none:1", "it may as well be none; about 1 more moment"),
        ("interval_includes_none", "it may as well be none"),
        ("within_chance", "chance does as much too often"),
        ("no_spread", "the same throughout"),
    ],
)
def test_an_interval_on_both_sides_of_none_is_told_as_one(points, write, reason, cannot) -> None:
    put(write, replace(morning.finding(verdict="not_told_apart", reason=reason), low=-0.1))
    assert one(points).fields["cannot"] == cannot


@pytest.mark.parametrize(
    ("metric", "scope", "said", "what", "figure", "words"),
    [
        ("dz10", "with_whom:work", {}, "with: work: change over ten minutes, SD", "+0.8 (+0.5 to +1.2) SD", "higher"),
        (
            "dz10_trend",
            "kind:conflict",
            {"verdict": "lower", "n": 14},
            "Conflict: change over ten minutes, SD per 30 days",
            "+0.8 (+0.5 to +1.2) SD/30 d",
            "fading",
        ),
        ("t_half_trend", "all", {"verdict": "lower", "n": 14}, "half-way back, s per 30 days", "+1 (+1 to +1) s/30 d", "faster"),
        ("step_distress", "all", {"verdict": "lower"}, "planned steps: met less expected, points", "+0.8 (+0.5 to +1.2) points", "less than expected"),
        ("belonging_trend", "all", {"n": 20}, "belonging, points per 30 days", "+0.8 (+0.5 to +1.2) points/30 d", "higher"),
        ("t_half_s", "all", {"verdict": "not_told_apart", "n": 12, "reason": "secondary"}, "half-way back, s", "1 (1 to 1) s", "described only"),
        (
            "dz10_trend",
            "kind:conflict",
            {"verdict": "too_few", "n": 9, "reason": "few:3"},
            "Conflict: change over ten minutes, SD per 30 days",
            None,
            "too few",
        ),
    ],
)
def test_each_metric_in_its_unit_and_its_own_words(points, write, metric, scope, said, what, figure, words) -> None:
    put(write, morning.finding(metric, scope, **said))
    fields = one(points).fields
    assert (fields["what"], fields["figure"], fields["words"]) == (what, figure, words)


def test_a_finding_stands_in_the_last_hour_of_its_span_in_the_persons_own_time(store, write) -> None:
    write(lambda w: w.put_utc_offsets(UNIT, [UtcOffset(minute(0) - HOUR_NS, 3600, "Europe/Berlin")]))
    put(write, morning.finding())
    subject = Subject.of(store, PERSON, CONSTANTS, "UTC")
    [point] = [point for each in SETS if each.measurement == "finding" for point in each.points(subject)]
    assert to_datetime(point.t_ns).isoformat() == "2026-03-02T02:00:00+00:00"  # 03:00 in Berlin, an hour before the day ends
    assert (point.fields["from_ms"], point.fields["to_ms"]) == tuple(
        from_datetime(to_datetime(0).replace(year=2026, month=month, day=2, hour=3)) // 1_000_000 for month in (2, 3)
    )


def test_a_finding_that_gave_way_is_gone(points, write) -> None:
    put(write)
    assert points("finding") == {}


def test_a_usual_is_told_in_units_of_a_heart(points, write) -> None:
    fitted = replace(
        USUAL, number=2, from_ns=minute(180), coef_u=(64_500_000, *USUAL.coef_u[1:]), rest_hr=57_250, z_on={"level": 2.0, "phasic": 3.0}, chance_all=0.35
    )
    write(lambda w: w.put_baseline(PERSON, "A", "a", fitted))
    point = points("baseline")[f"A/{minute(180)}"]
    assert (point.t_ns, point.tags) == (minute(180), {"person_id": PERSON, "device_tier": "A"})
    assert point.fields == {
        "number": 2.0,
        "mode": "personal",
        "still_h": 30.0,
        "still_days": 9.0,
        "still_hr_bpm": 64.5,
        "rest_hr_bpm": 57.25,
        "level_spread_bpm": 5.0,
        "phasic_spread_bpm": 3.0,
        "spike_z": 3.0,
        "chance_per_h": 0.35,
    }
    assert points("baseline")[f"A/{USUAL.from_ns}"].fields["spike_z"] == 2.0
