"""Variables are filled in as Grafana does it: watched on a real one, held here."""

import json

import pytest

from dashboards.grafana.asking import fixed_values, marks, queries, substitute, substituted, variables
from dashboards.grafana.build import FOLDER

SECOND_NS = 10**9


def test_the_time_is_written_as_the_data_source_writes_it():
    filled = substitute("WHERE $timeFilter GROUP BY time($__interval)", "p", 1_500 * SECOND_NS, 2_000 * SECOND_NS, 1800)
    assert filled == "WHERE time >= 1500000ms and time <= 2000000ms GROUP BY time(1800s)"


def test_ends_of_the_view_are_numbers_by_themselves():
    assert substitute("time >= ${__from}ms AND time <= ${__to}ms + 1d", "p", 0, SECOND_NS, 1) == "time >= 0ms AND time <= 1000ms + 1d"


@pytest.mark.parametrize(("person", "pattern"), [("p02 b/c (test)", r"p02 b\/c \(test\)"), ("7up.c+d", r"7up\.c\+d"), ("o'neil", "o'neil"), ("zoë", "zoë")])
def test_a_name_with_signs_is_a_name_and_no_pattern(person, pattern):
    assert substitute("/^${person:regex}$/", person, 0, 1, 1) == f"/^{pattern}$/"


def test_several_people_are_a_choice():
    assert substitute("/^${people:regex}$/", ["a", "b(c)"], 0, 1, 1) == r"/^(a|b\(c\))$/"


def test_a_variable_nobody_gave_is_an_error_and_no_silence():
    with pytest.raises(KeyError, match="days"):
        substitute("\"days\" = '$days'", "p", 0, 1, 1)


def test_every_query_of_a_board_can_be_filled_in():
    for path in sorted(FOLDER.glob("*.json")):
        board = json.loads(path.read_text())
        filled = dict(substituted(board, "p", 0, SECOND_NS, 60))
        assert list(filled) == queries(board) and not any("$" in text.replace("$/", "") for text in filled.values())


def test_variables_and_marks_are_found_by_name():
    clinician, live = (json.loads((FOLDER / f"{name}.json").read_text()) for name in ("clinician", "live"))
    assert variables(clinician) == {"person": 'SHOW TAG VALUES FROM "coverage" WITH KEY = "person_id" WHERE "person_id" =~ /./'}
    assert fixed_values(clinician) == {"days": "28", "tz": "UTC"}
    assert all(query.startswith("SELECT") for query in marks(live).values())
