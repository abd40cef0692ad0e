"""A query names only what the table of measurements has; whatever else it is, it is refused before a panel can be empty for it."""

import pytest

from dashboards.grafana.query import (
    ANY_TIME,
    DAY,
    ENDS_IN_VIEW,
    HOUR,
    STEP,
    Query,
    UnknownName,
    above,
    as_is,
    at_least,
    count,
    differs,
    equals,
    last,
    matches,
    mean,
    most,
    one_of,
    percentile,
    total,
)

W = '"person_id" =~ /^${person:regex}$/ AND $timeFilter'


def test_a_mean_in_buckets_leaves_gaps_empty():
    asked = Query("arousal", (mean("hr_bpm").named("HR"),), every=STEP, fill="null")
    assert asked.text == f'SELECT mean("hr_bpm") AS "HR" FROM "arousal" WHERE {W} GROUP BY time($__interval) fill(null)'


def test_days_are_cut_where_the_clinic_s_midnight_is():
    asked = Query("rating", (mean("value"),), (equals("kind", "belonging"),), every=DAY, fill="none", local=True)
    assert asked.text.endswith("GROUP BY time(1d) fill(none) tz('$tz')")


def test_a_query_over_a_query_says_whose_and_when_only_within():
    hourly = Query("coverage", (most("worn_s").named("worn"),), every=HOUR)
    daily = Query(hourly, ((total("worn") / 3600).named("h"),), every=DAY, fill="null", local=True)
    within = f'SELECT max("worn_s") AS "worn" FROM "coverage" WHERE {W} GROUP BY time(1h)'
    assert daily.text == f'SELECT sum("worn") / 3600 AS "h" FROM ({within}) GROUP BY time(1d) fill(null) tz(\'$tz\')'


def test_rows_newest_first_with_a_limit():
    asked = Query("plan", (as_is("kind"), as_is("state")), (differs("state", "done"),), when=ANY_TIME, newest_first=True, limit=9)
    whose = '"person_id" =~ /^${person:regex}$/'
    assert asked.text == f'SELECT "kind", "state" FROM "plan" WHERE {whose} AND "state" != \'done\' ORDER BY time DESC LIMIT 9'


def test_findings_of_today_are_found_today():
    assert "${__to}ms + 1d" in Query("finding", (last("n_blind"),), when=ENDS_IN_VIEW, by=("scope",)).text


def test_conditions_are_written_as_influxql_has_them():
    conditions = (
        equals("named", False),
        at_least("peak_z", 2.5),
        above("duration_s", 0),
        one_of("kind", ("spike", "slowing")),
        matches("device_tier", "^[AB]$"),
    )
    text = Query("episode", (count("peak_z"),), conditions).text
    assert '"named" = false AND "peak_z" >= 2.5 AND "duration_s" > 0 AND "kind" =~ /^(spike|slowing)$/ AND "device_tier" =~ /^[AB]$/' in text


def test_a_quote_in_a_value_ends_nothing():
    assert "\"state\" = 'it\\'s'" in Query("plan", (as_is("kind"),), (equals("state", "it's"),)).text


def test_a_rate_is_of_hours_and_not_of_seconds_an_hour_apart():
    assert (total("spikes") / (total("usable_s") / 3600)).text == 'sum("spikes") / (sum("usable_s") / 3600)'


def test_columns_are_named_as_the_server_names_them():
    share = (total("flagged_beats") / total("stored_beats")).named("flagged")
    assert Query("coverage", (share, mean("gap_s")), by=("device_id",)).names() == ["Time", "device_id", "flagged", "mean"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Query("arousel", (mean("hr_bpm"),)),
        lambda: Query("arousal", (mean("hr"),)),
        lambda: Query("arousal", (mean("hr_bpm"),), (equals("kind", "spike"),)),
        lambda: Query("arousal", (mean("hr_bpm"),), by=("kind",)),
        lambda: Query("social_event", (count("distress"),), by=("action",)),
        lambda: Query("arousal", (mean("gate"),)),
        lambda: Query("episode", (percentile("named", 50),)),
        lambda: Query("episode", (mean("kind"),)),
        lambda: Query("pipeline", (last("lag_s"),)),
        lambda: Query(Query("coverage", (most("worn_s").named("worn"),), every=HOUR), (total("worn_s"),)),
        lambda: Query("beat", (mean("HRV_RMSSD"),)),
    ],
)
def test_a_name_nobody_writes_is_refused(wrong):
    with pytest.raises(UnknownName):
        wrong()


def test_names_that_another_s_list_gives_are_known_by_their_beginning():
    assert "HRV_RMSSD" in Query("hrv_window", (mean("HRV_RMSSD"),)).text


def test_nobody_s_measurement_is_asked_for_nobody():
    assert Query("pipeline", (last("lag_s"),), person="").text == 'SELECT last("lag_s") FROM "pipeline" WHERE $timeFilter'
