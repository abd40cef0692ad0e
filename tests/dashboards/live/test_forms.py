"""What a page may send of a moment: every word a wearer can choose, and nothing that would not be understood later."""

from typing import Any

import pytest
from house import T0, tag, uuid
from pydantic import TypeAdapter, ValidationError

from dashboards.live.forms import LATEST_NS, Choices, EditedEvent, NewAnswer, NewEvent, NewPlan, NewRating, NewSession, Token
from somalink.domain import catalogue
from somalink.domain.choices import CHOICES

LISTS = {"sensations": catalogue.SENSATIONS, "with_whom": catalogue.WITH_WHOM, "context": catalogue.CONTEXTS}
WORDS = {"kind": catalogue.KINDS, "action": catalogue.ACTIONS, "theme": catalogue.THEMES, "need": catalogue.NEEDS}


def refused(form: Any, given: dict[str, Any]) -> str:
    """Which field is refused."""
    with pytest.raises(ValidationError) as error:
        form.model_validate(given)
    return ".".join(map(str, error.value.errors()[0]["loc"]))


@pytest.mark.parametrize(("field", "words"), WORDS.items())
def test_every_word_of_the_catalogue_can_be_chosen(field, words):
    for word in words:
        assert getattr(NewEvent.model_validate(tag(**{field: word})), field) == word
    assert refused(NewEvent, tag(**{field: "unheard of"})) == field


@pytest.mark.parametrize(("field", "words"), LISTS.items())
def test_several_words_can_be_chosen_each_once(field, words):
    assert getattr(NewEvent.model_validate(tag(**{field: [*words, words[0]]})), field) == list(words)
    assert refused(NewEvent, tag(**{field: [words[0], "unheard of"]})) == field


def test_one_tap_is_a_tag():
    form = NewEvent.model_validate(tag())
    assert (form.certainty_s, form.sensations, form.distress, form.blind, form.note) == (60, [], None, None, "")


@pytest.mark.parametrize("value", [0, 10])
def test_a_scale_goes_from_nought_to_ten(value):
    assert NewEvent.model_validate(tag(distress=value)).distress == value


@pytest.mark.parametrize("value", [-1, 11, 5.5, "5", True, [5], 1e400])
def test_nothing_else_is_on_a_scale(value):
    assert refused(NewEvent, tag(distress=value)) == "distress"


@pytest.mark.parametrize("value", ["0", str(T0), str(LATEST_NS)])
def test_times_are_text_to_the_last_digit(value):
    assert NewEvent.model_validate(tag(t_ns=value)).t_ns == int(value)


@pytest.mark.parametrize("value", [T0, float(T0), "", "-1", "1.0", "1e9", " 1", "²", "٣", str(LATEST_NS + 1), "9" * 400, None, True])
def test_a_number_that_a_browser_rounded_is_no_time(value):
    assert refused(NewEvent, tag(t_ns=value)) == "t_ns"


@pytest.mark.parametrize("value", ["", "1", "ABCDEF00-0000-4000-8000-000000000001", uuid(1) + "0", uuid(1) + "\n", "../" + uuid(1)[3:], 1])
def test_an_id_is_a_uuid_in_one_spelling(value):
    assert refused(NewEvent, tag(id=value)) == "id"


@pytest.mark.parametrize("value", catalogue.CERTAINTIES_S)
def test_how_sure_the_time_is_is_one_of_five(value):
    assert NewEvent.model_validate(tag(certainty_s=value)).certainty_s == value


def test_any_other_certainty_is_refused():
    assert refused(NewEvent, tag(certainty_s=61)) == "certainty_s"


def test_a_note_may_be_a_page_long_in_any_writing():
    note = "יום קשה, 今日は。 🙂\n" * 300
    assert NewEvent.model_validate(tag(note=note)).note == note
    assert refused(NewEvent, tag(note="x" * 8001)) == "note"


@pytest.mark.parametrize("field", ["person", "received_ns", "source", "deleted", "revision"])
def test_what_the_page_has_no_say_in_is_refused(field):
    assert refused(NewEvent, tag(**{field: "x"})) == field


def test_an_edit_holds_what_was_sent_and_nothing_that_was_not():
    def changed(**said: Any) -> dict[str, Any]:
        return EditedEvent.model_validate({"revision": 1, "made_at_ns": str(T0), **said}).changed()

    assert changed() == {}
    assert changed(distress=None, note="", sensations=[]) == {"distress": None, "note": "", "sensations": ()}
    assert changed(sensations=["heat"], t_ns=str(T0)) == {"sensations": ("heat",), "t_ns": T0}
    assert changed(kind=None, t_ns=None) == {}, "a moment has a kind and a time"
    assert refused(EditedEvent, {"made_at_ns": str(T0)}) == "revision"
    assert refused(EditedEvent, {"made_at_ns": str(T0), "revision": 0}) == "revision"


def test_numbers_exercises_plans_and_answers_have_their_words():
    for kind in catalogue.RATING_KINDS:
        NewRating.model_validate({"id": uuid(1), "t_ns": str(T0), "kind": kind, "value": 3})
    for kind in catalogue.SESSION_KINDS:
        NewSession.model_validate({"id": uuid(1), "start_ns": str(T0), "stop_ns": str(T0), "kind": kind, "rate": 5.5, "in_s": 4})
    for answer in catalogue.PROMPT_ANSWERS:
        NewAnswer.model_validate({"prompt_id": "p", "answer": answer})
    assert refused(NewRating, {"id": uuid(1), "t_ns": str(T0), "kind": "mood", "value": 3}) == "kind"
    assert refused(NewRating, {"id": uuid(1), "t_ns": str(T0), "kind": "belonging"}) == "value"
    assert refused(NewSession, {"id": uuid(1), "start_ns": str(T0), "stop_ns": str(T0), "kind": "breathing", "rate": 60}) == "rate"
    assert refused(NewPlan, {"id": uuid(1), "step": "x" * 201, "kind": "exposure_step", "t_ns": str(T0)}) == "step"
    assert refused(NewAnswer, {"prompt_id": "", "answer": "not_now"}) == ""
    assert refused(NewAnswer, {"prompt_id": "p", "episode_id": "e", "answer": "moving"}) == ""
    assert refused(NewAnswer, {"prompt_id": "p", "answer": "nothing"}) == ""
    assert refused(NewAnswer, {"episode_id": "e", "answer": "not_now"}) == ""
    assert refused(Token, {"token": ""}) == "token"


def test_every_choice_can_be_set_to_what_holds_unsaid_and_to_nothing_strange():
    choices = TypeAdapter[dict[str, str]](Choices)
    for key, choice in CHOICES.items():
        if choice.unsaid or key in ("language", "theme", "own_list"):
            assert choices.validate_python({key: choice.unsaid}) == {key: choice.unsaid}
    for strange in ({"nothing": "x"}, {"theme": "red"}, {"prompt_cap": 3}, {"invitation/x": "y"}, {"own_list": "x" * 2001}):
        with pytest.raises(ValidationError):
            choices.validate_python(strange)
