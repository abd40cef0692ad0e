"""What is open now, what answers do to it, and what time does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lived import CONSTANTS, PERSON, T0, TEN_NS, agree, opened

from somalink.domain.catalogue import PROMPT_ANSWERS
from somalink.domain.errors import UsageError
from somalink.domain.time import DAY_BREAK_NS, DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import Event, Prompt, Rating, Session, Setting
from somalink.pipeline.prompting import SCREENS, Watch, answer, open_prompt, shown, tick
from somalink.storage.local import LocalStore

ASKED = T0 + HOUR_NS
ROW = Prompt("p1", PERSON, ASKED, "arousal", "s1", True, "", "offer", 0.6, "seed")
WITHHELD = replace(ROW, arm="withheld")
FIRST = replace(ROW, reason="no_motion", arm="", probability=None, seed="")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with opened(tmp_path / "s.db") as store:
        agree(store)
        yield store


def put(store: LocalStore, *rows: Prompt) -> LocalStore:
    with store.transaction() as write:
        write.put_prompts(rows)
    return store


def screen(store: LocalStore, seconds: float) -> str:
    """What a page shows so long after the decision; nothing: empty."""
    found = open_prompt(store, PERSON, ASKED + round(seconds * SECOND_NS))
    assert found is None or (found.screen in SCREENS and found.from_ns <= ASKED + seconds * SECOND_NS < found.until_ns)
    return found.screen if found else ""


def say(store: LocalStore, word: str, seconds: float) -> str:
    found = answer(store, PERSON, "p1", word, ASKED + round(seconds * SECOND_NS))
    return found.screen if found else ""


def row_of(store: LocalStore) -> Prompt:
    found = store.prompt("p1")
    assert found is not None
    return found


def test_an_offer_is_a_question_for_ten_minutes_and_a_rating_for_ten_more(store):
    put(store, ROW)
    assert [screen(store, s) for s in (-1, 0, 599, 600, 1199, 1200)] == ["", "prompt", "prompt", "rating", "rating", ""]


def test_a_withheld_one_shows_nothing_and_asks_the_rating_all_the_same(store):
    put(store, WITHHELD)
    assert [screen(store, s) for s in (0, 599, 600, 1199, 1200)] == ["", "", "rating", "rating", ""]


@pytest.mark.parametrize("word", ["tag", "breathe", "not_now", "wrong"])
def test_an_answer_closes_the_question_and_not_the_rating(store, word):
    put(store, ROW)
    assert say(store, word, 20) == ""
    assert (row_of(store).answer, row_of(store).answered_ns) == (word, ASKED + 20 * SECOND_NS)
    assert [screen(store, s) for s in (21, 600)] == ["", "rating"]


def test_who_was_moving_is_thanked_and_asked_nothing_more(store):
    put(store, FIRST)
    assert [screen(store, 0), say(store, "moving", 30)] == ["asked", "thanks"]
    assert [screen(store, s) for s in (49, 51, 700)] == ["thanks", "", ""]
    assert (row_of(store).answer, row_of(store).arm) == ("moving", "")


def test_chance_decides_after_no_once_and_the_rating_comes_ten_minutes_after_that(store, tmp_path):
    arms = set()
    for secret in map(str, range(12)):
        with opened(tmp_path / f"{secret}.db", secret=secret) as other:
            agree(other)
            put(other, FIRST)
            next_screen = say(other, "still", 60)
            drawn = row_of(other)
            arms.add(drawn.arm)
            assert next_screen == {"offer": "offer", "withheld": "thanks"}[drawn.arm]
            assert (drawn.probability, len(drawn.seed)) == (0.6, 16)
            say(other, "still", 90)
            say(other, "moving", 95)
            assert row_of(other) == drawn, "said again, or otherwise, changes nothing"
            assert [screen(other, s) for s in (81, 659, 660, 1259, 1260)][1:] == [drawn.arm.replace("withheld", ""), "rating", "rating", ""]
    assert arms == {"offer", "withheld"}


def test_the_row_of_one_that_asked_first_carries_what_was_said_to_the_offer(store):
    agree(store, T0 + 1, randomised="no")
    put(store, FIRST)
    assert say(store, "still", 60) == "offer"
    say(store, "no_thanks", 80)
    assert (row_of(store).answer, row_of(store).arm, row_of(store).probability) == ("no_thanks", "offer", 1.0)
    assert screen(store, 100) == ""


def test_an_answer_that_comes_too_late_is_kept_and_draws_nothing(store):
    put(store, FIRST)
    tick(store, PERSON, ASKED + TEN_NS, CONSTANTS)
    assert say(store, "still", 700) == ""
    assert (row_of(store).arm, row_of(store).answer) == ("", "expired")
    assert [each.answer for each in store.answers_to("p1")] == ["expired", "still"]


def test_a_question_that_nobody_answers_expires_once_and_silently(store):
    put(store, ROW)
    assert [tick(store, PERSON, ASKED + s * SECOND_NS, CONSTANTS) for s in (1, 599, 600, 605)] == [0, 0, 1, 0]
    assert (row_of(store).answer, row_of(store).answered_ns, row_of(store).shown_ns) == ("expired", ASKED + TEN_NS, None)
    assert screen(store, 600) == "rating"


def test_what_was_withheld_does_not_expire(store):
    put(store, WITHHELD)
    assert tick(store, PERSON, ASKED + 2 * TEN_NS, CONSTANTS) == 0
    assert row_of(store).answer == ""


def test_shown_is_noted_once_and_only_while_there_was_something_to_see(store):
    put(store, ROW, replace(WITHHELD, id="p2"))
    for seconds in (5, 9):
        shown(store, PERSON, "p1", ASKED + seconds * SECOND_NS)
    say(store, "shown", 12)
    shown(store, PERSON, "p2", ASKED + SECOND_NS)
    assert (row_of(store).shown_ns, store.prompt("p2").shown_ns) == (ASKED + 5 * SECOND_NS, None)
    assert row_of(store).answer == ""


@pytest.mark.parametrize("word", PROMPT_ANSWERS)
def test_every_answer_may_be_told_twice(store, word):
    put(store, FIRST if word in ("moving", "still") else ROW)
    say(store, word, 20)
    change = store.change
    say(store, word, 40)
    assert store.change == change


def test_a_tag_or_a_breath_of_ones_own_accord_answers_too(store):
    put(store, ROW)
    with store.transaction() as write:
        write.put_event(Event("e", PERSON, "conflict", ASKED, ASKED + 9, ASKED + MINUTE_NS))
    assert screen(store, 61) == ""
    assert tick(store, PERSON, ASKED + 2 * MINUTE_NS, CONSTANTS) == 1
    assert (row_of(store).answer, row_of(store).answered_ns) == ("tag", ASKED + MINUTE_NS)
    other = replace(ROW, id="p2", t_ns=ASKED + 3 * HOUR_NS)
    put(store, other)
    with store.transaction() as write:
        write.put_session(Session("b", PERSON, other.t_ns + 5, other.t_ns + HOUR_NS, "breathing"))
    tick(store, PERSON, other.t_ns + MINUTE_NS, CONSTANTS)
    assert store.prompt("p2").answer == "breathe"


@pytest.mark.parametrize("how", ["rated", "skipped", "by number"])
def test_a_rating_is_asked_until_it_is_answered(store, how):
    put(store, WITHHELD)
    if how == "by number":
        with store.transaction() as write:
            write.put_rating(Rating("r", PERSON, ASKED + TEN_NS, "distress", 3, ASKED + TEN_NS, "p1"))
    else:
        say(store, how, 610)
    assert screen(store, 620) == ""


def test_no_rating_in_quiet_hours_or_after_not_now_in_either_arm(store):
    for k, row in enumerate((ROW, WITHHELD)):
        put(store, replace(row, id=f"q{k}"))
    with store.transaction() as write:
        write.put_setting(Setting(PERSON, "quiet_from", "10:10", T0, 1))
    assert [screen(store, s) for s in (590, 610)] == ["prompt", ""]


def test_not_now_for_an_hour_and_for_the_rest_of_the_day(store):
    put(store, ROW)
    assert [say(store, "not_now", 10), say(store, "not_now_hour", 12)] == ["", ""]

    def until() -> int:
        return max(int(said.value) for said in store.settings(PERSON) if said.key == "not_now_until")

    assert until() == ASKED + 12 * SECOND_NS + HOUR_NS
    assert screen(store, 610) == "", "the rating waits too"
    say(store, "not_now_today", 15)
    assert until() == ASKED // DAY_NS * DAY_NS + DAY_NS + DAY_BREAK_NS
    assert row_of(store).answer == "not_now"


def test_who_ended_a_quiet_time_and_asks_for_quiet_again_has_it(store):
    put(store, ROW)
    say(store, "not_now_today", 10)
    with store.transaction() as write:
        write.put_setting(Setting(PERSON, "not_now_until", "0", ASKED + 20 * SECOND_NS, 2))
    with store.transaction() as write:
        write.put_prompts([replace(ROW, id="p2", t_ns=ASKED + 2 * HOUR_NS)])
    answer(store, PERSON, "p2", "not_now_hour", ASKED + 2 * HOUR_NS + MINUTE_NS)
    newest = max((said for said in store.settings(PERSON) if said.key == "not_now_until"), key=lambda said: said.revision)
    assert int(newest.value) == ASKED + 3 * HOUR_NS + MINUTE_NS


def test_what_was_said_in_time_and_came_late_was_no_silence(store):
    put(store, ROW)
    tick(store, PERSON, ASKED + 11 * MINUTE_NS, CONSTANTS)
    assert row_of(store).answer == "expired"
    say(store, "tag", 120)
    assert row_of(store).answer == "tag" and row_of(store).answered_ns == ASKED + 120 * SECOND_NS


def test_answers_that_do_not_fit_are_refused(store):
    put(store, ROW)
    for person, prompt, word in (("bob", "p1", "tag"), (PERSON, "nowhere", "tag"), (PERSON, "p1", "hello"), (PERSON, "p1", "still")):
        with pytest.raises(UsageError):
            answer(store, person, prompt, word, ASKED)
    assert row_of(store).answer == ""


def test_an_eager_one_says_that_it_is_early(store):
    put(store, replace(FIRST, reason="eager"))
    found = open_prompt(store, PERSON, ASKED)
    assert found is not None and found.early and found.screen == "asked"


def test_a_watch_says_when_what_is_open_has_changed(store):
    watch = Watch(store, PERSON, CONSTANTS)
    assert not watch.look(ASKED - SECOND_NS)
    put(store, ROW)
    assert not watch.is_due(ASKED) and watch.is_due(ASKED + SECOND_NS)
    seen = [watch.look(ASKED + s * SECOND_NS) for s in (1, 3, 598, 600, 602, 1200, 1202)]
    assert seen == [True, False, False, True, False, True, False]


def test_nobody_who_was_never_asked_is_touched(tmp_path):
    with opened(tmp_path / "plain.db") as plain:
        put(plain, ROW)
        assert tick(plain, PERSON, ASKED + HOUR_NS, CONSTANTS) == 0
        assert plain.prompt("p1").answer == ""
