"""Plans, questions and numbers: closed words and figures."""

import morning
from lived import PERSON, minute

from somalink.domain.types import Plan, Rating


def test_a_plan_without_a_kind_is_a_step_and_its_newest_revision_holds(points, write) -> None:
    assert points("plan")["p1"].tags["kind"] == "exposure_step"
    write(lambda w: w.put_plan(Plan("p1", PERSON, morning.STEP, "reaching_out", minute(310), 2, planned_distress=5, event_id="t1", state="done")))
    [point] = points("plan").values()
    assert (point.t_ns, point.tags["kind"]) == (minute(310), "reaching_out")
    assert point.fields == {"state": "done", "planned_distress": 5.0, "expectancy": None, "event_id": "t1"}


def test_a_number_says_whether_it_stands_alone_or_is_about_something(points, write) -> None:
    write(lambda w: w.put_rating(Rating("r3", PERSON, minute(130), "distress", 6, minute(130), "q1")))
    assert {id: point.fields["about"] for id, point in points("rating").items()} == {"r1": "", "r2": "tag", "r3": "prompt"}
    assert (points("rating")["r2"].tags["kind"], points("rating")["r2"].fields["value"], points("rating")["r2"].fields["blind"]) == ("outcome", 3.0, True)


def test_a_question_that_was_not_asked_says_why(points) -> None:
    point = points("prompt")["q3"]
    assert (point.t_ns, point.tags["kind"]) == (minute(150), "arousal")
    assert {name: value for name, value in point.fields.items() if value is not None} == {"eligible": False, "reason": "cooldown"}


def test_a_question_says_what_was_answered_and_how_soon(points, write) -> None:
    write(lambda w: w.put_prompts([morning.prompt("q4", 200, "offer", shown_ns=minute(200), answer="tag", answered_ns=minute(201), episode_id="s200")]))
    fields = points("prompt")["q4"].fields
    assert (fields["arm"], fields["probability"], fields["answer"], fields["answered_s"], fields["episode_id"]) == ("offer", 0.6, "tag", 60.0, "s200")
