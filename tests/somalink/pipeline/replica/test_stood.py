"""Moments that stood out, tags and links: what a point of each says, and where it is after an edit."""

import morning
import pytest
from lived import CONSTANTS, PERSON, UNIT, minute, spike

from somalink.domain.time import MINUTE_NS
from somalink.domain.types import Answer, EventMetrics
from somalink.pipeline.replica.sets import SETS, Subject
from somalink.pipeline.replica.stood import STOOD_OUT

MS = 1_000_000


def test_a_moment_that_stood_out_has_its_words_its_stretch_and_a_window(points) -> None:
    point = points("episode")["s61"]
    assert (point.t_ns, point.tags["kind"], point.tags["device_id"], point.tags["device_tier"]) == (minute(61), "spike", "strap", "A")
    assert point.fields["label"] == "A moment that stood out, 5 min"
    assert (point.fields["start_ms"], point.fields["stop_ms"], point.fields["duration_s"]) == (minute(61) // MS, minute(66) // MS, 300.0)
    assert point.fields["win_from_ms"] == (minute(61) - 30 * MINUTE_NS) // MS
    assert point.fields["win_to_ms"] == (minute(66) + 60 * MINUTE_NS) // MS
    assert (point.fields["lead"], point.fields["state"], point.fields["chance_per_h"]) == (True, "final", 0.4)


def test_a_moment_is_told_once_it_is_over(points, write) -> None:
    write(lambda w: w.put_episodes(UNIT, "a", [spike(300, None, state="open"), spike(320, 324, state="closed")]))
    assert set(points("episode")) == {"s61", "s200", "s320"}
    assert points("episode")["s320"].fields["state"] == "closed"


def test_a_moment_is_named_by_a_link_or_by_an_answer(points, write) -> None:
    write(lambda w: w.put_episodes(UNIT, "a", [spike(320, 324)]))
    told = {id: (point.fields["named"], point.fields["said"]) for id, point in points("episode").items()}
    assert told == {"s61": (True, None), "s200": (True, "moving"), "s320": (False, None)}


def test_a_link_of_a_deleted_tag_names_nothing(points, write) -> None:
    write(lambda w: w.put_event(morning.tag(revision=2, deleted=True)))
    assert points("episode")["s61"].fields["named"] is False


def test_the_newest_answer_holds(points, write) -> None:
    write(lambda w: w.put_answer(Answer("episode/s200", PERSON, "nothing", minute(231))))
    assert points("episode")["s200"].fields["said"] == "nothing"


@pytest.mark.parametrize("lang", STOOD_OUT)
def test_every_kind_of_moment_has_its_words_in_every_language(lang: str) -> None:
    assert set(STOOD_OUT[lang]) == {"spike", "slowing", "elevated"}


def test_a_tag_has_everything_about_it_in_one_row(points) -> None:
    point = points("social_event")["t1"]
    assert (point.t_ns, point.tags) == (minute(60), {"person_id": PERSON, "id": "t1", "kind": "conflict"})
    said = {name: value for name, value in point.fields.items() if value is not None}
    assert said == {
        "label": "Conflict, friend, work",
        "certainty_s": 300.0,
        "late_s": 180 * 60.0,
        "source": "page",
        "blind": True,
        "distress": 7.0,
        "sensations": "racing heart, heat",
        "action": "stayed",
        "with_whom": "friend, work",
        "outcome": 3.0,
        "dz10": 1.25,
        "peak_z": 2.5,
        "t_half_s": 300.0,
        "t_half_censored": False,
        "n_controls": 3.0,
        "control_dz10": 0.375,
        "link_p": 0.82,
        "link_verdict": "linked",
        "link_chance": 0.04,
        "episode_id": "s61",
        "win_from_ms": minute(30) // MS,
        "win_to_ms": minute(150) // MS,
    }


def test_a_person_reads_their_own_language(store) -> None:
    subject = Subject.of(store, PERSON, CONSTANTS, "UTC", "de")
    told = {point.id: point.fields["label"] for each in SETS[:2] for point in each.points(subject)}
    assert (told["t1"], told["s61"]) == ("Konflikt, Freunde, Arbeit", "Ein Moment, der herausragte, 5 min")


def test_how_late_a_tag_was_told_is_of_its_first_telling(points, write) -> None:
    write(lambda w: w.put_event(morning.tag(revision=2, made_at_ns=minute(900))))
    assert points("social_event")["t1"].fields["late_s"] == 180 * 60.0


@pytest.mark.parametrize(
    ("links", "metrics", "verdict"),
    [
        ([morning.link("t1", "", 1.0, "none")], [EventMetrics("t1", dz10=0.1)], "none"),
        ([morning.link("t1", "", 1.0, "none")], [EventMetrics("t1")], "not_judged"),
        ([morning.link("t1", "", 1.0, "none", "too-vague-1")], [EventMetrics("t1", dz10=0.1)], "too_vague"),
        ([], [], None),
    ],
)
def test_why_a_tag_belongs_to_no_moment_is_told_as_it_is(points, write, links, metrics, verdict) -> None:
    write(lambda w: w.put_links(PERSON, "a", links, metrics))
    fields = points("social_event")["t1"].fields
    assert (fields.get("link_verdict"), fields.get("link_p"), fields.get("episode_id")) == (verdict, None, None)


def test_an_edit_moves_a_tag_and_its_links_under_the_same_id(points, write) -> None:
    write(lambda w: w.put_event(morning.tag(revision=2, at=80, kind="criticism")))
    for id, point in {**points("social_event"), **points("link")}.items():
        if id.startswith("t1"):
            assert (point.t_ns, point.tags["kind"]) == (minute(80), "criticism")


def test_a_deleted_tag_is_gone_with_its_links(points, write) -> None:
    write(lambda w: w.put_event(morning.tag(revision=2, deleted=True)))
    assert set(points("social_event")) == {"t2"}
    assert set(points("link")) == {"t2|"}


def test_a_link_says_by_which_rule_and_none_has_no_lag(points) -> None:
    told = points("link")
    assert set(told) == {"t1|s61", "t1|", "t2|"}
    assert told["t1|s61"].fields["lag_s"] == 30.0 and told["t1|"].fields["lag_s"] is None
    assert (told["t1|"].fields["verdict"], told["t1|"].fields["episode_id"], told["t1|"].fields["rule"]) == ("none", "", "normal-1")
