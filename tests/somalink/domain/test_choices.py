"""What a person chooses: what may be chosen, and what holds when."""

import pytest

from somalink.domain.choices import CHOICES, chosen
from somalink.domain.errors import UsageError
from somalink.domain.types import Setting


@pytest.mark.parametrize("choice", CHOICES.values(), ids=list(CHOICES))
def test_what_holds_unsaid_could_have_been_chosen(choice):
    assert choice.read(choice.unsaid) == choice.unsaid


@pytest.mark.parametrize(
    ("key", "value"), [("prompt_cap", "5"), ("quiet_from", "25:00"), ("consent_notes", "perhaps"), ("breath_rate", "3"), ("breath_min", "0")]
)
def test_what_cannot_be_chosen_is_refused_with_what_could(key, value):
    with pytest.raises(UsageError, match=key) as refused:
        CHOICES[key].read(value)
    assert refused.value.next_step == CHOICES[key].hint


def test_the_newest_choice_holds_and_one_that_was_made_later_did_not_hold_then():
    said = [Setting("ada", "prompt_cap", "1", 20, 2), Setting("ada", "prompt_cap", "2", 10), Setting("ada", "elsewhere", "x", 5)]
    assert chosen(said)["prompt_cap"] == "1"
    assert chosen(said, 15)["prompt_cap"] == "2"
    assert chosen(said, 9)["prompt_cap"] == "3"


def test_every_consent_is_off_until_it_is_given():
    assert {value for key, value in chosen([]).items() if key.startswith("consent_")} == {"no"}
