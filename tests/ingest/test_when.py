"""Times as people say them: what has been, what is to come, and what is neither."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.when import FARTHEST_NS, HELP, HELP_AHEAD, parse_ahead, parse_when
from somalink.domain.errors import UsageError
from somalink.domain.time import MINUTE_NS, from_datetime, to_datetime

NOW_NS = from_datetime(datetime(2026, 3, 1, 14, 40, tzinfo=UTC))
HERE = {"now_ns": NOW_NS, "offset_s": 3600}
"""A Sunday, 15:40 local."""


def local(t_ns: int) -> str:
    return to_datetime(t_ns + 3600 * 10**9).strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("said", "moment", "sure"),
    [
        ("now", "01 15:40", None),
        ("", "01 15:40", None),
        ("20 min ago", "01 15:20", None),
        ("About 2 hours ago", "01 13:40", None),
        ("half an hour ago", "01 15:10", None),
        ("1,5 h ago", "01 14:10", None),
        ("14:30", "01 14:30", None),
        ("at 2.30 pm", "01 14:30", None),
        ("16:00", "28 16:00", None),
        ("23:50", "28 23:50", None),
        ("today 9:15", "01 09:15", None),
        ("yesterday 18:05", "28 18:05", None),
        ("this morning", "01 09:00", 10800),
        ("this afternoon", "01 13:50", 10800),
        ("yesterday evening", "28 21:00", 10800),
        ("2026-02-27T10:00", "27 10:00", None),
        ("2026-02-27T10:00Z", "27 11:00", None),
    ],
)
def test_a_moment_is_read_as_people_say_it(said, moment, sure):
    t_ns, certainty = parse_when(said, **HERE)
    assert (local(t_ns), certainty) == (moment, sure)


@pytest.mark.parametrize(
    "said", ["lunch", "25:00", "14:75", "13 pm", "tomorrow 9:00", "this evening", "2026-02-27", "9" * 400 + " h ago", "1900-01-01T00:00", "7"]
)
def test_what_is_no_moment_that_has_been_says_what_would_be(said):
    with pytest.raises(UsageError) as raised:
        parse_when(said, **HERE)
    assert "20 min ago" in raised.value.next_step


@pytest.mark.parametrize(
    ("said", "moment"), [("in 2 h", "01 17:40"), ("18:00", "01 18:00"), ("9:00", "02 09:00"), ("tomorrow morning", "02 09:00"), ("tonight", "01 21:00")]
)
def test_a_plan_looks_ahead(said, moment):
    assert local(parse_ahead(said, **HERE)) == moment
    with pytest.raises(UsageError):
        parse_ahead("yesterday 9:00", **HERE)


@pytest.mark.parametrize(("said", "moment"), [("23:50", "28 23:50"), ("0:05", "01 00:05"), ("last night", "28 21:00"), ("this night", "01 00:05")])
def test_ten_past_midnight_the_evening_was_yesterday(said, moment):
    just_after = from_datetime(datetime(2026, 2, 28, 23, 10, tzinfo=UTC))
    assert local(parse_when(said, now_ns=just_after, offset_s=3600)[0]) == moment


@pytest.mark.parametrize(("offset_s", "utc"), [(0, "14:30"), (19_800, "09:00"), (-12_600, "18:00")])
def test_a_time_of_day_is_that_of_the_place(offset_s, utc):
    t_ns, _ = parse_when("14:30", now_ns=from_datetime(datetime(2026, 3, 1, 23, 0, tzinfo=UTC)), offset_s=offset_s)
    assert to_datetime(t_ns).strftime("%H:%M") == utc


def asked(parse: Callable[[], int]) -> int | str:
    """The moment, or the help that came instead."""
    try:
        return parse()
    except UsageError as error:
        return error.next_step


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,4}[:.h ]?[0-9]{0,3} ?(am|pm|min ago|h ago|)", fullmatch=True), st.integers(-50_400, 50_400))
def test_whatever_is_typed_is_a_moment_that_has_been_or_a_question_back(said, offset_s):
    answer = asked(lambda: parse_when(said, now_ns=NOW_NS, offset_s=offset_s)[0])
    assert answer == HELP if isinstance(answer, str) else NOW_NS - FARTHEST_NS <= answer <= NOW_NS


@given(st.text(max_size=30) | st.from_regex(r"(in )?[0-9]{1,4}[:.h ]?[0-9]{0,3} ?(am|pm|min|h|days|)", fullmatch=True))
def test_whatever_is_planned_is_still_to_come_or_a_question_back(said):
    answer = asked(lambda: parse_ahead(said, **HERE))
    assert answer == HELP_AHEAD if isinstance(answer, str) else NOW_NS - MINUTE_NS <= answer <= NOW_NS + FARTHEST_NS
