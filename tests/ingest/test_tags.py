"""What people type becomes what they meant, or a sentence that says what could be typed."""

from datetime import UTC, datetime

import pytest

from ingest import tags
from somalink.domain.catalogue import CERTAINTIES_S, KINDS
from somalink.domain.errors import UsageError
from somalink.domain.time import from_datetime, to_datetime

NOW_NS = from_datetime(datetime(2026, 3, 1, 14, 40, tzinfo=UTC))
HERE = {"now_ns": NOW_NS, "offset_s": 3600}
"""A Sunday, 15:40 local."""


def local(t_ns: int) -> str:
    return to_datetime(t_ns + 3600 * 10**9).strftime("%d %H:%M")


def test_a_tag_keeps_every_word_that_was_said():
    said = {"kind": "Criticism", "when": "14:30", "until": "14:45", "certainty": "15", "distress": "6", "belonging": "2", "sensations": "tight jaw; heat,heat"}
    said |= {
        "with_whom": "work",
        "action": "stayed",
        "theme": "failure",
        "need": "respect",
        "spoken": "no",
        "context": "talking,caffeine",
        "blind": "yes",
        "note": " x ",
    }
    event = tags.tag(said, id="u", person="ada", **HERE)
    assert (event.kind, event.distress, event.belonging, event.certainty_s) == ("criticism", 6, 2, 900)
    assert (local(event.t_ns), local(event.t_end_ns or 0), event.made_at_ns, event.received_ns) == ("01 14:30", "01 14:45", NOW_NS, NOW_NS)
    assert (event.sensations, event.context, event.with_whom) == (("tight_jaw", "heat"), ("talking", "caffeine"), ("work",))
    assert (event.action, event.theme, event.need, event.spoken, event.blind, event.note) == ("stayed", "failure", "respect", False, True, "x")


def test_a_part_of_the_day_is_only_as_sure_as_that_unless_said_otherwise():
    morning = {"kind": "other", "when": "this morning"}
    assert tags.tag(morning, id="u", person="ada", **HERE).certainty_s == 10800
    assert tags.tag({**morning, "certainty": "45"}, id="u", person="ada", **HERE).certainty_s == 2700


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({}, "needs a kind"),
        ({"kind": "party"}, "'party' is not known"),
        ({"kind": "other", "distress": "11"}, "distress is not a whole number from 0 to 10"),
        ({"kind": "other", "distress": "nan"}, "distress"),
        ({"kind": "other", "sensations": "heat;wings"}, "'wings' is not known"),
        ({"kind": "other", "certainty": "2"}, "certainty '2' is not known"),
        ({"kind": "other", "spoken": "perhaps"}, "neither yes nor no"),
        ({"kind": "other", "mood": "x"}, "no field 'mood'"),
        ({"kind": "other", "when": "14:30", "until": "14:00"}, "would end before it begins"),
    ],
)
def test_a_word_that_is_not_known_is_answered_with_those_that_are(said, what):
    with pytest.raises(UsageError) as raised:
        tags.tag(said, id="u", person="ada", **HERE)
    assert what in raised.value.what
    assert raised.value.next_step
    if "party" in what:
        assert all(kind in raised.value.next_step for kind in KINDS)


def test_an_edit_is_a_revision_of_the_same_tag_and_can_unsay_what_was_said():
    first = tags.tag({"kind": "conflict", "distress": "6", "note": "x"}, id="u", person="ada", **HERE)
    later = {"now_ns": NOW_NS + 10**9, "offset_s": 3600}
    second = tags.edit(first, {"distress": "", "kind": "boundary", "when": "14:00"}, **later)
    assert (second.id, second.revision, second.kind, second.distress, second.note, second.received_ns) == ("u", 2, "boundary", None, "x", NOW_NS + 10**9)
    gone = tags.delete(second, now_ns=NOW_NS + 2 * 10**9)
    assert (gone.revision, gone.deleted) == (3, True)
    with pytest.raises(UsageError):
        tags.edit(first, {"kind": ""}, **later)


def test_certainty_words_are_those_of_the_catalogue():
    assert tuple(tags.CERTAINTY_WORDS.values()) == CERTAINTIES_S
    assert [tags.certainty(text) for text in ("5 min", "part of day", "Part-of-Day")] == [300, 10800, 10800]


def test_ratings_plans_and_sessions_are_checked_too():
    assert tags.rating("belonging", "7", id="r", person="ada", now_ns=NOW_NS).value == 7
    plan = tags.plan("ask a question", {"when": "tomorrow 18:00", "planned_distress": "5"}, id="p", person="ada", **HERE)
    assert (plan.kind, local(plan.t_ns), plan.planned_distress) == ("exposure_step", "02 18:00", 5)
    assert tags.session("breathing", id="s", person="ada", start_ns=0, stop_ns=300 * 10**9, rate=6.0).rate == 6.0
    for wrong in (
        lambda: tags.rating("mood", "7", id="r", person="ada", now_ns=NOW_NS),
        lambda: tags.plan("", {"when": "18:00"}, id="p", person="ada", **HERE),
        lambda: tags.plan("x", {"when": "18:00", "until": "17:00"}, id="p", person="ada", **HERE),
        lambda: tags.session("running", id="s", person="ada", start_ns=0, stop_ns=1),
        lambda: tags.session("breathing", id="s", person="ada", start_ns=5, stop_ns=5),
        lambda: tags.session("breathing", id="s", person="ada", start_ns=0, stop_ns=5, rate=60.0),
    ):
        with pytest.raises(UsageError):
            wrong()
