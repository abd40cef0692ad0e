"""The board of the apparatus: its sentences are true, its shares are of what they say, and it says nothing of bodies."""

import time

import pytest
from influx import rows
from mapped import said

from dashboards.grafana import delays, provisioning
from dashboards.grafana.asking import queries, substitute
from dashboards.grafana.boards.health import BOARD
from dashboards.grafana.build import as_json
from dashboards.grafana.look import MINUTES, NOTE, TEXT
from dashboards.grafana.panels.health import computers, devices, doubt, expired, lag, parked, refused, sent, shipping
from somalink.domain.measurements import MEASUREMENTS
from somalink.storage.influx.server import Place, Server

JSON = as_json(BOARD)
SECOND_NS, HOUR_NS = 10**9, 3600 * 10**9
START_NS = 489_600 * HOUR_NS
UNITS = {"min": 60, "h": 3600, "day": 86_400, "days": 86_400}


def length_s(sentence: str) -> int:
    """What a sentence claims, in seconds."""
    if sentence == "Up to date":
        return 0
    number, unit = sentence.removeprefix("Shipping is ").removeprefix("over ").removesuffix(" behind").split()
    return int(number) * UNITS[unit]


@pytest.mark.parametrize("lag_s", [0, 5, 119, 121, 179, 181, 725, 899, 901, 3599, 3601, 7300, 86_399, 86_401, 600_000, 2_419_201, 9e7])
def test_a_sentence_never_says_more_than_is_true_and_at_least_half_of_it(lag_s):
    told = length_s(said(delays.in_words(), lag_s))
    assert told <= lag_s
    assert told > lag_s / 2 or lag_s < delays.CURRENT_S or lag_s > 2 * delays.TOLD[-1][0]


def test_a_longer_lag_is_a_longer_sentence():
    told = [length_s(said(delays.in_words(), lag_s)) for lag_s in range(0, 3_000_000, 977)]
    assert told == sorted(told) and None not in told


def test_twelve_minutes_are_said():
    assert said(delays.in_words(), 12.5 * 60) == "Shipping is 12 min behind"


def test_the_notice_and_the_rule_begin_at_the_same_lag():
    rule = next(rule for rule in provisioning.RULES if rule.uid == "somalink-shipping-behind")
    assert rule.above == delays.BEHIND_S
    assert delays.noticed()["steps"] == [{"color": TEXT, "value": None}, {"color": NOTE, "value": delays.BEHIND_S}]
    assert said(delays.in_words(), delays.BEHIND_S + 1) == "Shipping is 15 min behind"


def test_the_line_of_being_behind_is_in_sight_where_nothing_is():
    (line,) = [each.properties for each in lag.PANEL.overrides if each.which == "Lag"]
    assert line["thresholds"]["steps"][1] == {"color": NOTE, "value": delays.BEHIND_S / 60}
    assert line["custom.axisSoftMax"] > delays.BEHIND_S / 60 and line["unit"] == MINUTES


def test_a_breach_is_a_sentence_beside_its_colour():
    for which, counts in ((parked, {0: "No row is set aside", 1: "1 row is set aside"}), (expired, {0: "None", 1: "1 row was too old"})):
        defaults = which.PANEL.defaults
        assert {count: said(defaults["mappings"], count) for count in counts} == counts
        assert said(defaults["mappings"], 7) is None and defaults["unit"].startswith("suffix: rows ")


def test_nothing_here_is_about_a_body():
    asked = " ".join(each.query for each in queries(JSON))
    assert not any(f'"{name}"' in asked for name in ("arousal", "hour_summary", "episode", "social_event", "finding", "rating", "breathing"))


# ---------------------------------------------------------------- against a server


@pytest.fixture
def server(place: Place):
    opened = Server(place)
    yield opened
    opened.close()


def found(place: Place, which, start_ns: int, stop_ns: int) -> list[dict]:
    asked = [each.query for each in queries(JSON) if each.panel_id == which.PANEL.id]
    return [row for query in asked for row in rows(place, substitute(query, ["p1", "p2"], start_ns, stop_ns, 3600))]


def pipeline(t_ns: int, store: str = "s1", **fields: float | str) -> str:
    forms = MEASUREMENTS["pipeline"].fields
    written = ",".join(f'{name}="{value}"' if forms[name].form == "text" else f"{name}={value}" for name, value in fields.items())
    return f"pipeline,store={store} {written} {t_ns}"


COUNTED = ("received_beats", "refused_beats", "stored_beats", "flagged_beats", "gaps", "gap_s", "reconnects", "worn_s", "usable_s")


def coverage(person: str, device: str, hour: int, counted: tuple[int, ...]) -> str:
    assert set(COUNTED) < set(MEASUREMENTS["coverage"].fields)
    written = ",".join(f"{name}={value}" for name, value in zip(COUNTED, counted, strict=True))
    return f"coverage,person_id={person},device_id={device},device_tier=B {written} {START_NS + hour * HOUR_NS}"


@pytest.mark.influx
def test_shares_are_of_all_hours_together_and_not_means_of_hours(place, server):
    hours = [
        ("p1", "d1", 0, (1000, 0, 1000, 100, 1, 90, 1, 3600, 1800)),
        ("p1", "d1", 1, (3000, 40, 2960, 0, 2, 30, 0, 1800, 900)),
        ("p2", "d2", 0, (10, 10, 0, 0, 0, 0, 0, 0, 0)),
        ("p3", "d3", 0, (10, 10, 0, 0, 0, 0, 0, 0, 0)),  # not chosen
    ]
    server.write(place.bucket, [coverage(person, device, hour, counted) for person, device, hour, counted in hours])
    first, second = found(place, devices, START_NS, START_NS + 2 * HOUR_NS)
    assert (first["person_id"], first["device_id"], first["device_tier"]) == ("p1", "d1", "B")
    assert (first["worn"], first["usable"], first["received"], first["gaps"], first["gap_h"], first["reconnects"]) == (1.5, 0.75, 4000, 3, 120 / 3600, 1)
    assert first["refused"] == 40 / 4000 and first["flagged"] == 100 / 3960
    assert second["person_id"] == "p2" and second["refused"] == 1
    hourly = found(place, doubt, START_NS, START_NS + 2 * HOUR_NS)
    assert [(row["device_id"], row["doubt"]) for row in hourly] == [("d1", 0.1), ("d1", 0)], "an hour without beats has no share"
    assert [row["refused"] for row in found(place, refused, START_NS, START_NS + 2 * HOUR_NS) if row["device_id"] == "d2"] == [1]


@pytest.mark.influx
def test_what_was_tried_in_an_outage_is_told_once_it_is_over(place, server):
    """While the server is away nothing can be told, so the tries stand between two words of the shipper."""
    at = (0, 50, 300, 310)
    sent_rows, tries = (100, 700, 900, 1000), (0, 0, 40, 40)
    server.write(place.bucket, [pipeline(START_NS + m * 60 * SECOND_NS, shipped_rows=s, retries=t) for m, s, t in zip(at, sent_rows, tries, strict=True)])
    told = found(place, sent, START_NS, START_NS + 6 * HOUR_NS)
    assert [(row["time"], row[sent.ROWS], row[sent.TRIES]) for row in told] == [(START_NS + 5 * HOUR_NS, 300, 40)]


@pytest.mark.influx
def test_what_two_computers_sent_is_added_and_neither_taken_for_the_other(place, server):
    words = [pipeline(START_NS + h * HOUR_NS, store, shipped_rows=n, retries=0) for store, at in (("s1", 1000), ("s2", 5)) for h, n in enumerate((at, at + 10))]
    server.write(place.bucket, words)
    told = found(place, sent, START_NS, START_NS + 2 * HOUR_NS)
    assert [(row["time"], row[sent.ROWS]) for row in told] == [(START_NS + HOUR_NS, 20)]


@pytest.mark.influx
def test_of_several_computers_the_one_furthest_behind_is_said_as_it_told_lately(place, server):
    stop_ns, minute_ns = time.time_ns(), 60 * SECOND_NS
    start_ns = stop_ns - 2 * HOUR_NS
    server.write(
        place.bucket,
        [
            pipeline(stop_ns - 60 * minute_ns, "silent", lag_s=90_000, parked_rows=3, expired_rows=1, last_error="no answer"),
            pipeline(stop_ns - 9 * minute_ns, "late", lag_s=5000, parked_rows=0, expired_rows=0, last_error="no answer"),
            pipeline(stop_ns - minute_ns, "late", lag_s=750, parked_rows=2, expired_rows=0, last_error=""),
            pipeline(stop_ns - minute_ns, "well", lag_s=4, parked_rows=0, expired_rows=0, last_error=""),
        ],
    )
    (row,) = found(place, shipping, start_ns, stop_ns)
    assert said(shipping.PANEL.defaults["mappings"], row["lag"]) == "Shipping is 12 min behind"
    assert [row["parked"] for row in found(place, parked, start_ns, stop_ns)] == [5]
    assert [row["expired"] for row in found(place, expired, start_ns, stop_ns)] == [1]
    told = {row["store"]: (row["time"], row["lag"], row["parked_rows"], row["last_error"]) for row in found(place, computers, start_ns, stop_ns)}
    assert told == {
        "silent": (stop_ns - 60 * minute_ns, 90_000, 3, "no answer"),
        "late": (stop_ns - minute_ns, 750, 2, ""),
        "well": (stop_ns - minute_ns, 4, 0, ""),
    }


@pytest.mark.influx
def test_a_shipper_that_fell_silent_is_not_called_up_to_date(place, server):
    now_ns = time.time_ns()
    server.write(place.bucket, [pipeline(now_ns - HOUR_NS, lag_s=0)])
    assert found(place, shipping, now_ns - 2 * HOUR_NS, now_ns) == []
