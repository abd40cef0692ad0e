"""Medians, ratios by round, goals and tables."""

import pytest

from bench.figures import Goal, Spread, number, of_goals, table


def test_a_ratio_is_taken_within_each_round_so_that_a_slow_minute_falls_out():
    theirs, ours = Spread((10.0, 40.0, 10.0)), Spread((1.0, 4.0, 1.0))
    assert theirs.over(ours).rounds == (10.0, 10.0, 10.0)


def test_rounds_that_are_not_as_many_are_no_ratio():
    with pytest.raises(ValueError):
        Spread((1.0, 2.0)).over(Spread((1.0,)))


def test_a_spread_is_said_with_its_least_and_greatest_and_one_round_without():
    assert Spread((3.0, 1.0, 2.0)).said("ms") == "2.00 (1.00-3.00) ms"
    assert Spread((3.0,)).said() == "3.00"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (4563.2, "4,563"), (187.4, "187"), (12.34, "12.3"), (1.0, "1.00"), (0.00123, "0.00123"), (3e-13, "3e-13"), (float("nan"), "-")],
)
def test_a_number_is_said_with_what_means_something(value, said):
    assert number(value) == said


@pytest.mark.parametrize(("at_most", "got", "met"), [(False, 699.0, False), (False, 700.0, True), (True, 1.2, True), (True, 1.21, False)])
def test_a_goal_is_met_by_the_median_and_on_the_right_side(at_most, got, met):
    sought = 1.2 if at_most else 700
    goal = Goal("windows", sought, Spread((0.1, got, 1_000_000.0)), at_most=at_most)
    assert goal.met is met
    assert ("**not met**" in of_goals([goal])) is not met


def test_a_table_is_markdown_and_takes_no_row_of_another_width():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    with pytest.raises(ValueError):
        table(["a", "b"], [["1"]])
