"""The clinic's board, asked of a real server: who has data, of which device, what is open."""

import time

import pytest
from panels import DAY_NS, HOUR_NS, MINUTE_NS, point, put, told

from dashboards.grafana.boards.clinic import BOARD
from dashboards.grafana.panels.clinic import devices, people, seen

pytestmark = pytest.mark.influx
BOTH = ["p", "q"]


@pytest.fixture
def now_ns():
    """The server's own clock says what 90 days ago was."""
    return time.time_ns()


def test_whoever_fell_silent_is_still_in_the_list_with_the_time_of_the_last_beat(place, now_ns):
    put(
        place,
        point("arousal", now_ns - MINUTE_NS, hr_quality=0.9),
        point("arousal", now_ns - 30 * DAY_NS, person_id="q", hr_quality=0.9),
        point("arousal", now_ns - 29 * DAY_NS, person_id="q", hr_quality=0.0),
        point("arousal", now_ns - 30 * DAY_NS, person_id="r", hr_quality=0.9),
    )
    view = (now_ns - 7 * DAY_NS, now_ns)
    assert {row["person_id"]: row["time"] for row in told(place, BOARD, people.PANEL, *view, person=BOTH, ref="A")} == {
        "p": now_ns - MINUTE_NS,
        "q": now_ns - 30 * DAY_NS,
    }
    assert {row["person_id"] for row in told(place, BOARD, devices.PANEL, *view, person=BOTH)} == {"p", "q"}


def test_a_moment_that_somebody_named_is_not_open(place, now_ns):
    def moment(n, **said):
        return point("episode", now_ns - n * HOUR_NS, id=str(n), **{"kind": "spike", "peak_z": 3.0, "named": False, "lead": True, **said})

    put(place, moment(1), moment(2, named=True), moment(3, kind="slowing"), moment(4, lead=False), moment(5, person_id="q"), moment(200))
    found = told(place, BOARD, people.PANEL, now_ns - 7 * DAY_NS, now_ns, person=BOTH, ref="D")
    assert {row["person_id"]: row["open"] for row in found} == {"p": 1, "q": 1}


def test_people_are_counted_by_when_they_last_wore_something(place, now_ns):
    days = {"p": 0.5, "q": 3, "r": 0.1}
    put(place, *(point("coverage", now_ns - round(n * DAY_NS), person_id=who, worn_s=60.0) for who, n in days.items()))
    put(place, point("coverage", now_ns - HOUR_NS, person_id="q", worn_s=0.0))
    row = {name: value for each in told(place, BOARD, seen.PANEL, 0, 1, person=BOTH) for name, value in each.items()}
    assert (row["Last day"], row["Last 7 days"], row["Last 90 days"]) == (1, 2, 2)


def test_a_made_up_wearer_is_marked(place, now_ns):
    put(
        place,
        point("coverage", now_ns - HOUR_NS, worn_s=60.0, simulated=True),
        point("coverage", now_ns - HOUR_NS, person_id="q", worn_s=60.0, simulated=False),
    )
    found = told(place, BOARD, people.PANEL, now_ns - DAY_NS, now_ns, person=BOTH, ref="E")
    assert {row["person_id"]: row["simulated"] for row in found} == {"p": True, "q": False}
