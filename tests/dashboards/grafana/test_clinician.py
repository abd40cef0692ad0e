"""The clinician's board, asked of a real server over points written by hand: each figure is what its description says."""

import pytest
from panels import DAY_NS, HOUR_NS, MINUTE_NS, T0_NS, point, put, told

from dashboards.grafana.boards.clinician import BOARD
from dashboards.grafana.panels.clinician import (
    alone,
    beats,
    belonging,
    breathing,
    cannot,
    coverage,
    drift,
    known,
    level,
    lost,
    moments,
    plans,
    rate,
    reactions,
    recovery,
    rest,
    rises,
    wear,
    week,
    worn,
)

pytestmark = pytest.mark.influx
VIEW = (T0_NS, T0_NS + 28 * DAY_NS)


def asked(place, panel, **more):
    return told(place, BOARD, panel.PANEL, *more.pop("view", VIEW), **more)


def hour(n: float, device: str = "d", **said: float):
    return point("coverage", T0_NS + round(n * HOUR_NS), device_id=device, **said)


def finding(id: str, scope: str, day: int, days: int = 28, kind: str = "dz10", **said: object):
    """Of a span that ends with the local day `day`, in the last hour of which it is stamped."""
    plain = {"n_blind": 9, "n_tagged": 9, "what": scope, "words": "higher", "cannot": "", "span": f"day {day}"}
    return point("finding", T0_NS + (day + 1) * DAY_NS - HOUR_NS, id=id, kind=kind, scope=scope, days=days, **{**plain, **said})


def test_an_hour_with_two_devices_on_is_one_hour(place):
    put(place, hour(8, worn_s=3600.0, usable_s=900.0), hour(8, "e", worn_s=1800.0, usable_s=1800.0), hour(9, worn_s=3600.0, usable_s=1800.0))
    (day, *others) = asked(place, wear)
    assert (day["Worn"], day["Usable"]) == (2.0, 1.0)
    assert all(each["Worn"] is None for each in others), "a day without data has no bar"
    assert asked(place, coverage)[0]["Usable share"] == 0.5


def test_days_are_counted_from_midnight_to_midnight_where_the_clinic_is(place):
    put(place, hour(21, worn_s=600.0), hour(23.5, worn_s=600.0), hour(30, worn_s=0.0))
    assert asked(place, worn, ref="B")[0]["Days"] == 1
    assert asked(place, worn, ref="B", tz="Europe/Berlin")[0]["Days"] == 2
    assert asked(place, worn, ref="B", view=(T0_NS + 21 * HOUR_NS, T0_NS + DAY_NS))[0]["Days"] == 1, "a day that begins before what is shown"


def test_flagged_is_of_what_was_stored(place):
    put(place, hour(1, received_beats=100.0, stored_beats=80.0, refused_beats=20.0, flagged_beats=8.0, gap_s=1800.0), hour(2, worn_s=5.0))
    (came,), (left_out,) = asked(place, beats), asked(place, lost)
    assert (came["Received"], came["Stored"], came["Refused"]) == (100, 80, 20)
    assert (left_out["Flagged"], left_out["In gaps, worn or not"]) == (0.1, 0.5)


def test_of_each_group_the_newest_answer_of_the_chosen_span_stands(place):
    put(
        place,
        finding("a", "kind:conflict", 10, effect=1.5, figure="+1.5 (+1.0 to +2.0) SD"),
        finding("b", "kind:conflict", 20, words="not told apart", cannot="about 20 more"),
        finding("c", "kind:conflict", 21, days=14, effect=9.0),
        finding("d", "kind:support", 12),
        finding("e", "with_whom:work", 20),
        finding("f", "kind:conflict", 20, kind="peak_z"),
    )
    found = {row["scope"]: row for row in asked(place, reactions)}
    assert found.keys() == {"kind:conflict", "kind:support"}
    newest = found["kind:conflict"]
    assert (newest["words"], newest["effect"], newest["figure"], newest["cannot"]) == ("not told apart", None, None, "about 20 more")
    assert asked(place, reactions, days="14")[0]["effect"] == 9.0


def test_a_finding_of_today_is_there_before_the_day_is_over(place):
    put(place, finding("a", "kind:conflict", 27))
    assert asked(place, reactions, view=(T0_NS, T0_NS + 27 * DAY_NS + HOUR_NS))
    assert not asked(place, reactions, view=(T0_NS, T0_NS + 20 * DAY_NS))


def test_a_question_that_was_answered_meanwhile_is_not_brought_back(place):
    put(
        place,
        finding("a", "all", 10, kind="belonging_trend", cannot="3 more needed"),
        finding("b", "all", 20, kind="belonging_trend", figure="+0.5 points/30 d"),
    )
    for panel in (cannot, drift):
        assert [row["figure"] for row in asked(place, panel)] == ["+0.5 points/30 d"], "its row is there; by its figure Grafana puts it into one of the two"
    assert {cannot.PANEL.transformations[0]["id"], drift.PANEL.transformations[0]["id"]} == {"filterByValue"}


def test_a_moment_brings_where_its_chart_begins_and_ends(place):
    when = T0_NS + 5 * HOUR_NS
    put(place, point("social_event", when, id="a", kind="conflict", distress=6.0, dz10=1.2, win_from_ms=10, win_to_ms=20, label="Conflict"))
    (row,) = asked(place, moments)
    assert (row["time"], row["kind"], row["distress"], row["dz10"], row["win_from_ms"], row["win_to_ms"]) == (when, "conflict", 6, 1.2, 10, 20)


def test_what_was_not_seen_to_its_end_is_told_apart(place):
    ends = {"seen": (120.0, False), "unseen": (900.0, True)}
    risen = {"dz10": 0.5, "n_controls": 3.0}
    put(place, *(point("social_event", T0_NS + n, id=id, t_half_s=s, t_half_censored=c, **risen) for n, (id, (s, c)) in enumerate(ends.items(), 1)))
    put(place, point("social_event", T0_NS + 8, id="flat", t_half_s=60.0, t_half_censored=False, dz10=0.4, n_controls=3.0))
    put(place, point("social_event", T0_NS + 9, id="alone", t_half_s=60.0, t_half_censored=False, dz10=2.0, n_controls=0.0))
    assert [row[recovery.SEEN] for row in asked(place, recovery, ref="A")] == [2.0]
    assert [row[recovery.LONGER] for row in asked(place, recovery, ref="B")] == [15.0]


def test_rises_are_held_against_the_chance_of_the_same_hours(place):
    def summary(n, device="d", **said):
        return point("hour_summary", T0_NS + n * HOUR_NS, device_id=device, hour="00", **said)

    put(
        place,
        summary(1, spikes=2.0, chance_spikes=0.5, usable_s=1800.0),
        summary(1, "e", spikes=0.0, chance_spikes=0.25, usable_s=900.0),
        summary(2, spikes=1.0, chance_spikes=0.1, usable_s=1800.0),
        summary(3, spikes=7.0, usable_s=3600.0),
    )
    day = asked(place, rises)[0]
    assert (day[rises.STOOD_OUT], day[rises.BY_CHANCE]) == (3, pytest.approx(0.6)), "an hour whose chance is not known is in neither"
    (row,) = asked(place, rate)
    assert (row["Hours"], row["In all"], row["Stood out"], row["By chance"]) == (1.0, 3, 3.0, pytest.approx(0.6))


def test_weeks_of_ratings_are_seven_days_from_a_thursday(place):
    thursday = T0_NS + -(T0_NS // DAY_NS) % 7 * DAY_NS  # as day 0 of 1970 was
    put(place, *(point("rating", thursday + n * DAY_NS + HOUR_NS, id=str(n), kind="belonging", value=v) for n, v in ((-1, 2.0), (0, 4.0), (6, 8.0))))
    weeks = {row["time"]: row["Belonging, mean of 7 days"] for row in asked(place, belonging, ref="C") if row["Belonging, mean of 7 days"] is not None}
    assert weeks == {thursday - 7 * DAY_NS: 2.0, thursday: 6.0}
    assert [row["Belonging"] for row in asked(place, belonging, ref="A")] == [2.0, 4.0, 8.0]


def test_decisions_are_counted_and_means_are_of_what_could_be_read(place):
    def offer(n, outcome, **said):
        return point("breathing", T0_NS + n * MINUTE_NS, id=str(n), kind="offer", outcome=outcome, chance=0.6, **said)

    put(
        place,
        offer(1, "taken", before_z=2.0, after_z=1.25, change_z=-0.75),
        offer(2, "taken", before_z=9.0),
        offer(3, "withheld", before_z=1.0, after_z=0.5, change_z=-0.5),
    )
    put(place, point("breathing", T0_NS + HOUR_NS, id="own", kind="breathing", outcome="own", duration_s=180.0))
    found = {row["outcome"]: tuple(row[name] for name in ("n", "readable", "before", "after", "change")) for row in asked(place, breathing)}
    assert found == {"taken": (2, 1, 2.0, 1.25, -0.75), "withheld": (1, 1, 1.0, 0.5, -0.5)}, "a level of which nothing came is in no mean"
    assert [(row["Times"], row["In all"]) for row in asked(place, alone)] == [(1, 180.0)]


def test_a_plan_that_lies_ahead_is_shown_and_one_that_is_done_is_not(place):
    ahead, done = VIEW[1] + 3 * DAY_NS, T0_NS + DAY_NS
    put(place, point("plan", ahead, id="a", state="planned", planned_distress=6.0), point("plan", done, id="b", state="done", planned_distress=5.0))
    assert [(row["time"], row["state"]) for row in asked(place, plans)] == [(ahead, "planned")]


def test_how_well_the_usual_is_known_is_that_of_the_newest_in_view(place):
    put(place, *(point("baseline", T0_NS + n * DAY_NS, still_h=h, still_days=2.0) for n, h in ((-3, 1.0), (2, 3.25), (40, 20.0))))
    assert [row["Quiet hours"] for row in asked(place, known)] == [3.25]


def test_a_day_without_hours_has_no_candle(place):
    put(place, *(point("hour_summary", T0_NS + n * HOUR_NS, hour="09", z_mean=z) for n, z in ((9, -0.5), (10, 1.5), (57, 2.0))))
    assert [(row["low"], row["high"]) for row in asked(place, level)] == [(-0.5, 1.5), (2.0, 2.0)]


def test_a_days_mean_is_of_its_still_hours(place):
    put(place, *(point("hour_summary", T0_NS + n * HOUR_NS, hour="09", still_hr_bpm=bpm) for n, bpm in ((9, 64.0), (10, 66.0))))
    assert [row["A day’s mean"] for row in asked(place, rest, ref="A") if row["A day’s mean"]] == [65.0]


def test_the_usual_week_is_there_whatever_time_is_chosen(place):
    put(place, point("week_profile", T0_NS - 99 * DAY_NS, weekday="1 Mon", h09=0.4, days=4.0))
    put(place, point("week_profile", T0_NS - 98 * DAY_NS, weekday="2 Tue", h09=3.0, days=1.0))
    (row,) = asked(place, week)
    assert (row["weekday"], row["09"], row["10"], row["n"]) == ("1 Mon", 0.4, None, 4)
