"""Every reason of the ledger, and every answer, has its words."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from somalink.cli import because
from somalink.cli.moments import LocalTime
from somalink.domain.catalogue import EXPIRED, PROMPT_ANSWERS, PROMPT_REASONS, WITHHELD
from somalink.domain.types import Prompt

ROW = Prompt("p", "ann", 1_772_366_400 * 10**9, "arousal", "s", True, "", "offer", 0.6, "seed")
FORBIDDEN = ("stress", "anxious", "abnormal", "alert", "trigger", "failed", "good job")


@pytest.fixture
def said():
    local = LocalTime(ZoneInfo("UTC"))
    return lambda **other: because._prompt(replace(ROW, **other), "", local)


def test_every_reason_has_words_and_none_that_nobody_should_read():
    assert {*PROMPT_REASONS, WITHHELD, EXPIRED} <= set(because.PROMPTS)
    assert set(PROMPT_ANSWERS) - {"shown"} == set(because.ANSWERED)
    assert not [word for word in FORBIDDEN for text in (*because.PROMPTS.values(), *because.ANSWERED.values()) if word in text.lower()]


def test_a_suppressed_prompt_says_why(said):
    assert said(eligible=False, arm="", reason="gate") == "You were moving."


def test_one_that_nobody_saw_says_so_and_one_that_asked_first_says_that(said):
    assert said() == said(answer=EXPIRED) == "The page was not open."
    assert said(arm="", reason="no_motion") == "It would have asked first."
    assert said(arm="", reason="eager").startswith("It would have asked first")


def test_what_chance_left_out_is_said(said):
    assert said(arm="withheld") == "Chance said not to, as you agreed."
    assert said(arm="withheld", reason="no_motion", answer="still").endswith("answered no, not moving; chance said not to, as you agreed")


def test_what_was_asked_says_when_and_what_came_of_it(said):
    assert said(shown_ns=ROW.t_ns) == said(shown_ns=ROW.t_ns, answer=EXPIRED) == "asked at 12:00, not answered"
    assert said(shown_ns=ROW.t_ns, answer="breathe") == "asked at 12:00, answered with a breath"
