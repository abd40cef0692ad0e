"""A moment is kept as it was said, changed and taken back without losing what was said before, and never has to wait for an engine."""

import stat

import pytest

from somalink.cli.telling import _choices
from somalink.domain.catalogue import KINDS
from somalink.domain.time import MINUTE_NS
from somalink.storage.local import LocalStore

EVERYTHING = (
    *("conflict", "--at", "20 min ago", "--until", "10 min ago", "--certainty", "15", "--distress", "6", "--belonging", "2"),
    *("--sensations", "tight_jaw,heat", "--action", "stayed", "--with", "partner,family", "--theme", "blame", "--need", "respect", "--spoken"),
    *("--expectancy", "7", "--context", "talking,tired", "--not-blind", "--planned-distress", "8", "--note", "the door"),
)


def test_everything_that_can_be_said_of_a_moment_is_kept(typed):
    said = typed("tag", *EVERYTHING, "--json", "--notes").json
    wanted = {"kind": "conflict", "certainty_s": 900, "distress": 6, "belonging": 2, "action": "stayed", "theme": "blame", "need": "respect"}
    wanted |= {"sensations": ["tight_jaw", "heat"], "with_whom": ["partner", "family"], "context": ["talking", "tired"], "spoken": True, "blind": False}
    wanted |= {"expectancy": 7, "planned_distress": 8, "note": "the door", "revision": 1, "source": "cli", "person": "me"}
    assert {key: said[key] for key in wanted} == wanted
    assert 19 * MINUTE_NS < said["made_at_ns"] - said["t_ns"] < 21 * MINUTE_NS
    assert typed("tag", "--list", "--json", "--notes").json["events"] == [said]


def test_the_first_tag_makes_the_store_for_its_owner_alone(typed, tmp_path):
    assert typed("tag", "support").code == 0
    assert stat.S_IMODE((tmp_path / "somalink.db").stat().st_mode) == 0o600


def test_the_usual_store_gets_its_folder(typed, monkeypatch, tmp_path):
    monkeypatch.delenv("SOMALINK_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert typed("tag", "support").code == 0
    assert len(typed("tag", "--list", "--json").json["events"]) == 1


def test_what_was_said_changes_by_revision_and_can_be_taken_back(typed, tmp_path):
    id = typed("tag", "ignored", "--distress", "5", "--json").json["id"]
    assert typed("tag", "--edit", id[:8], "--distress", "3", "--json").json["revision"] == 2
    unsaid = typed("tag", "--edit", id, "exclusion", "--distress", "", "--json").json
    assert (unsaid["kind"], unsaid["distress"], unsaid["revision"]) == ("exclusion", None, 3)
    assert typed("tag", "--delete", id, "--json").json["deleted"] is True
    assert typed("tag", "--list", "--json").json["events"] == []
    assert typed("tag", "--delete", id).code == 0
    with LocalStore.open(tmp_path / "somalink.db") as store:
        assert [event.revision for event in store.event_history(id)] == [1, 2, 3, 4]


def test_an_edit_that_missed_another_one_is_refused_with_what_to_do(typed):
    id = typed("tag", "ignored", "--json").json["id"]
    typed("tag", "--edit", id, "--distress", "3")
    stale = typed("tag", "--edit", id, "--distress", "4", "--revision", "1")
    assert stale.code == 1
    assert "revision 2 is stored already" in stale.err and "next:" in stale.err


def test_a_note_is_not_shown_unless_asked_for(typed):
    first = typed("tag", "conflict", "--note", "between us")
    listed = typed("tag", "--list")
    told = typed("tag", "--list", "--json")
    assert not any("between us" in text for ended in (first, listed, told) for text in (ended.out, ended.err))
    assert told.json["events"][0]["has_note"] is True
    assert "between us" in typed("tag", "--list", "--notes").out


@pytest.mark.parametrize("words", [("tag", "slander"), ("tag",), ("tag", "conflict", "--with", "the boss"), ("rate", "joy", "3"), ("rate", "distress")])
def test_a_word_that_is_not_known_ends_with_the_words_there_are(typed, words):
    ended = typed(*words)
    assert ended.code == 2
    assert "next:" in ended.err and ("conflict" in ended.err or "partner" in ended.err or "distress" in ended.err)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("tag", "conflict", "--at", "tomorrow 12:00"), "not come yet"),
        (("tag", "conflict", "--at", "soonish"), "soonish"),
        (("tag", "conflict", "--distress", "11"), "0 to 10"),
        (("tag", "--edit", "f00", "--distress", "1"), "none has the id"),
        (("tag", "--edit", "a", "--delete", "b"), "do not go together"),
        (("plan", "coffee"), "a time"),
        (("plan", "--done", "f00"), "--edit"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_kept(typed, words, what):
    ended = typed(*words)
    assert ended.code == 2 and what in ended.err
    typed("rate", "distress", "1")
    assert typed("tag", "--list", "--json").json["events"] == [] and typed("plan", "--list", "--json").json["plans"] == []


def test_a_vague_time_says_how_vague_it_is(typed):
    said = typed("tag", "criticism", "--at", "yesterday evening", "--json").json
    assert said["certainty_s"] == 10800
    assert said["local"][11:16] == "21:00"


def test_a_time_of_day_is_meant_in_the_season_it_falls_into(typed):
    said = typed("tag", "criticism", "--at", "2026-07-01T12:00", "--json").json
    assert said["local"] == "2026-07-01T12:00:00+02:00"


def test_a_rating_and_a_plan_are_kept(typed):
    assert typed("rate", "belonging", "7", "--json").json["value"] == 7
    plan = typed("plan", "coffee with a colleague", "--at", "tomorrow 18:00", "--planned-distress", "6", "--json").json
    assert (plan["kind"], plan["state"], plan["local"][11:16]) == ("exposure_step", "planned", "18:00")
    assert typed("plan", "--edit", plan["id"][:8], "--at", "tomorrow 19:00", "--json").json["revision"] == 2
    event = typed("tag", "exposure_step", "--distress", "4", "--json").json
    done = typed("plan", "--edit", plan["id"], "--done", event["id"][:8], "--json").json
    assert (done["state"], done["event_id"], done["revision"]) == ("done", event["id"], 3)
    assert typed("plan", "--delete", plan["id"], "--json").json["state"] == "dropped"
    assert len(typed("rate", "--list", "--json").json["ratings"]) == len(typed("plan", "--list", "--json").json["plans"]) == 1


def test_several_people_share_a_store_and_are_asked_who(typed):
    typed("tag", "support", "--person", "ann")
    typed("tag", "support", "--person", "ben")
    asked = typed("tag", "support")
    assert asked.code == 2 and "ann, ben" in asked.err
    assert typed("tag", "--list", "--person", "ben", "--json").json["events"][0]["person"] == "ben"
    assert typed("tag", "support", "--person", "no body").code == 2


def test_a_tag_does_not_wait_for_an_engine_in_another_process(typed, tmp_path, engine):
    with engine(tmp_path / "somalink.db", "me", "strap"):
        assert typed("tag", "conflict").code == 0


def test_every_kind_is_offered_by_the_shell():
    assert _choices(KINDS)("con") == ["conflict", "connection"]
    assert _choices(("heat", "cold"))("heat,c") == ["heat,cold"]
