"""The rules of prompting, one at a time: who is asked, who is not and why."""

from dataclasses import replace

import pytest
from months import AGREED, BERLIN, FIRST_DAY, PERSON, SECRET, at, rise, setting

from processing import coaching
from processing.coaching import RULES, Coach, Said, Wishes, control_times, draw, wrongs
from processing.ledger import Decision
from somalink.domain.catalogue import ASK_FIRST, PROMPT_REASONS
from somalink.domain.choices import CHOICES
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import Answer, Event, Plan, Prompt, Session

NOON = at(5, 12)


def coach(*settings: tuple[str, str], **said: object) -> Coach:
    mine = [setting(key, value, at(1, 0)) for key, value in settings]
    return Coach(SECRET, Said(settings=[*AGREED, *mine], **said), BERLIN)  # type: ignore[arg-type]


def row(t_ns: int, *, arm: str = "offer", answer: str = "", eligible: bool = True, reason: str = "", trigger: str = "arousal") -> Prompt:
    answered_ns = t_ns + MINUTE_NS if answer else None
    return Prompt(f"p{t_ns}", PERSON, t_ns, trigger, "", eligible, reason, arm, 0.6, "s", answer=answer, answered_ns=answered_ns)


def reason(decision: Decision) -> str:
    assert decision.eligible == (decision.reason in ("", *ASK_FIRST))
    return decision.reason


def test_every_reason_of_the_list_is_a_rule_or_a_way_of_asking_first():
    assert {*RULES, *ASK_FIRST} == set(PROMPT_REASONS)


def test_a_clear_rise_of_a_person_who_agreed_is_asked_about_and_chance_is_told():
    decision = coach()(rise(NOON), [])
    assert decision.eligible and decision.arm in ("offer", "withheld") and decision.probability == 0.6
    assert draw(SECRET, rise(NOON).id, randomised=True) == coaching.Draw(decision.arm, 0.6, decision.seed)
    assert coaching.uniform(decision.seed) < 0.6 or decision.arm == "withheld"


def test_without_chance_every_offer_is_made():
    decision = coach(("randomised", "no"))(rise(NOON), [])
    assert (decision.arm, decision.probability, decision.seed) == ("offer", 1.0, "")


@pytest.mark.parametrize("choice", [("prompt_mode", "never"), ("prompt_cap", "0"), ("introduced", "no"), ("consent_measure", "no")])
def test_prompts_are_off_where_nobody_wants_them(choice):
    assert reason(coach(choice)(rise(NOON), [])) == "off"


def test_nothing_is_asked_of_who_was_never_told_what_this_is():
    assert reason(Coach(SECRET, Said(), BERLIN)(rise(NOON), [])) == "off"
    assert Coach(SECRET, Said(), BERLIN).control_moments(FIRST_DAY, FIRST_DAY + 9) == []


@pytest.mark.parametrize(("change", "why"), [
    ({"z": 3.9}, "small_rise"), ({"gate": "moving"}, "gate"), ({"gate": "light"}, "gate"), ({"gate": "unknown"}, "gate"), ({"quality": 0.59}, "confidence"),
    ({"maturity": 0.7}, "maturity"), ({"motion_conf": 0.8, "quality": 0.74}, "confidence"), ({"motion_conf": 0.8, "quality": 0.76}, ""),
])  # fmt: skip
def test_what_was_measured_must_carry_a_prompt(change, why):
    assert reason(coach()(rise(NOON, **change), [])) == why


def test_a_random_time_needs_no_rise_but_all_the_rest():
    quiet = rise(NOON, trigger="random", z=0.0, needs=0.0)
    assert coach()(quiet, []).eligible
    assert reason(coach()(replace(quiet, gate="moving"), [])) == "gate"


def test_a_strap_that_cannot_see_movement_is_asked_first_and_drawn_after_no():
    blind = rise(NOON, gate="unknown", motion_conf=0.5)
    decision = coach()(blind, [])
    assert decision == Decision(True, "no_motion")
    asked = row(NOON, arm="", reason="no_motion")
    drawn = coach().after_still(asked)
    assert drawn.arm and drawn.seed and coach().after_still(drawn) == drawn
    assert coach().after_still(row(NOON, arm="", eligible=False, reason="gate")).arm == ""
    assert reason(coach()(replace(blind, gate="moving"), [])) == "gate"
    assert reason(coach()(replace(blind, quality=0.6), [])) == "no_motion", "a watch's heart rate is never better than this"
    assert reason(coach()(replace(blind, quality=0.59), [])) == "confidence"


def test_an_eager_person_is_asked_earlier_and_first():
    young = rise(NOON, maturity=0.4)
    assert reason(coach(("prompt_mode", "eager"))(young, [])) == "eager"
    assert reason(coach(("prompt_mode", "eager"))(replace(young, maturity=0.0), [])) == "maturity"
    assert reason(coach(("prompt_mode", "eager"))(rise(NOON), [])) == ""


def test_quiet_hours_run_over_midnight_or_within_a_day_or_not_at_all():
    night, siesta, none = coach(), coach(("quiet_from", "13:00"), ("quiet_to", "15:00")), coach(("quiet_from", "00:00"), ("quiet_to", "00:00"))
    hours = (3, 7.99, 8, 13, 14.99, 15, 21.99, 22)
    assert [reason(night(rise(at(5, h)), [])) for h in hours] == ["quiet_hours", "quiet_hours", "", "", "", "", "", "quiet_hours"]
    assert [reason(siesta(rise(at(5, h)), [])) for h in hours] == ["", "", "", "quiet_hours", "quiet_hours", "", "", ""]
    assert not any(reason(none(rise(at(5, h)), [])) for h in hours)


def test_not_now_holds_until_its_time_and_only_from_when_it_was_said():
    said = [*AGREED, setting("not_now_until", str(NOON + HOUR_NS), NOON)]
    policy = Coach(SECRET, Said(settings=said), BERLIN)
    assert [reason(policy(rise(NOON + minutes * MINUTE_NS), [])) for minutes in (-1, 0, 59, 60)] == ["", "not_now", "not_now", ""]


def test_a_planned_step_is_left_alone_unless_the_person_wants_otherwise():
    plans = [Plan("p", PERSON, "ask", "exposure_step", NOON, t_end_ns=NOON + 30 * MINUTE_NS)]
    around = (-11, -10, 0, 49, 50)
    assert [reason(coach(plans=plans)(rise(NOON + m * MINUTE_NS), [])) for m in around] == ["", "exposure", "exposure", "exposure", ""]
    assert reason(coach(("exposure_prompts", "yes"), plans=plans)(rise(NOON), [])) == ""
    assert reason(coach(plans=[replace(plans[0], state="dropped")])(rise(NOON), [])) == ""


def test_whoever_has_just_said_something_is_not_asked():
    told = [Event("e", PERSON, "conflict", NOON - 5 * HOUR_NS, NOON, NOON)]
    assert [reason(coach(tags=told)(rise(NOON + m * MINUTE_NS), [])) for m in (-1, 0, 19, 20)] == ["", "tagged", "tagged", ""]
    breath = [Session("b", PERSON, NOON, NOON + 5 * MINUTE_NS, "breathing")]
    assert [reason(coach(sessions=breath)(rise(NOON + m * MINUTE_NS), [])) for m in (-1, 0, 24, 25)] == ["", "session", "session", ""]


def test_questions_are_ninety_minutes_apart_withheld_ones_too_and_refused_ones_not():
    for arm in ("offer", "withheld"):
        before = [row(NOON, arm=arm)]
        assert [reason(coach()(rise(NOON + m * MINUTE_NS), before)) for m in (-90, -89, 89, 90)] == ["", "cooldown", "cooldown", ""]
    assert reason(coach()(rise(NOON + MINUTE_NS), [row(NOON, eligible=False, arm="", reason="gate")])) == ""


def test_a_day_holds_so_many_questions_and_begins_at_four():
    day = [row(at(5, hour), answer="tag", trigger=trigger) for hour, trigger in ((9, "random"), (11, "arousal"), (13, "arousal"))]
    assert reason(coach()(rise(at(5, 20)), day)) == "cap"
    assert reason(coach(("prompt_cap", "4"))(rise(at(5, 20)), day)) == ""
    assert reason(coach(("quiet_from", "00:00"), ("quiet_to", "00:00"))(rise(at(5, 27)), day)) == "cap"
    assert reason(coach(("quiet_from", "00:00"), ("quiet_to", "00:00"))(rise(at(5, 28.1)), day)) == ""


def test_three_questions_that_nobody_answered_halve_the_day_for_three_days():
    ignored = [row(at(day, 12)) for day in (2, 3, 4)]
    asked = row(at(5, 9), answer="tag")
    policy = coach()
    assert reason(policy(rise(at(5, 15)), [*ignored, asked])) == "halved"
    assert reason(policy(rise(at(5, 15)), [*ignored, row(at(5, 9), answer="tag", eligible=False, arm="", reason="gate")])) == ""
    assert reason(policy(rise(at(5, 15)), [ignored[0], replace(ignored[1], answer="tag", answered_ns=ignored[1].t_ns + 1), ignored[2], asked])) == ""
    late = replace(ignored[1], answer="tag", answered_ns=ignored[1].t_ns + HOUR_NS)
    assert reason(policy(rise(at(5, 15)), [ignored[0], late, ignored[2], asked])) == "halved"
    assert reason(policy(rise(at(5, 15)), [ignored[0], ignored[1], row(at(4, 12), arm="withheld"), asked])) == ""
    assert reason(policy(rise(at(8, 15)), [*ignored, row(at(8, 9), answer="tag")])) == ""
    assert reason(policy(rise(at(7, 11)), [*ignored, row(at(7, 8), answer="tag")])) == "halved"


def test_every_third_wrong_raises_the_threshold_from_then_on():
    said = [Answer(f"p{k}", PERSON, "wrong", NOON - k * HOUR_NS) for k in range(3)]
    policy = coach(answers=said)
    assert (policy.raised(NOON - 1), policy.raised(NOON)) == (0.0, 0.25)
    assert reason(policy(rise(NOON, z=4.2), [])) == "small_rise"
    assert reason(policy(rise(NOON, z=4.25), [])) == ""
    ledger = [row(NOON, trigger="random"), row(NOON + DAY_NS)]
    assert wrongs([Answer(each.id, PERSON, "wrong", 1) for each in ledger], ledger) == [Answer(ledger[1].id, PERSON, "wrong", 1)]


def test_choices_count_from_when_they_were_made():
    said = [*AGREED, setting("prompt_mode", "never", NOON), setting("prompt_mode", "full", NOON + HOUR_NS, 2)]
    policy = Coach(SECRET, Said(settings=said), BERLIN)
    assert [policy.asks(t) for t in (AGREED[0].received_ns - 1, NOON - 1, NOON, NOON + HOUR_NS)] == [False, True, False, True]
    assert policy.began_ns == AGREED[0].received_ns


def test_random_times_lie_in_what_quiet_hours_leave_of_a_day():
    choices = {key: choice.unsaid for key, choice in CHOICES.items()}
    one_minute = Wishes.read({**choices, "quiet_from": "12:01", "quiet_to": "12:00"})
    days = range(FIRST_DAY, FIRST_DAY + 20)
    assert {t_ns for day in days for t_ns in control_times(SECRET, day, BERLIN, one_minute)} == {at(k, 12) for k in range(20)}
    assert {len(control_times(SECRET, day, BERLIN, one_minute)) for day in days} == {1, 2}


def test_a_late_question_is_no_answer_yet():
    assert not coaching.was_answered(row(NOON, answer=""))
    assert not coaching.was_answered(replace(row(NOON), answer="expired", answered_ns=NOON + 1))
    assert coaching.was_answered(row(NOON, answer="not_now"))
