"""What people say is kept in every revision; what was decided is never decided again."""

from dataclasses import replace

import pytest

from somalink.domain.types import Answer, EventMetrics, Link, Plan, Prompt, Rating, Session, Setting
from somalink.storage import StaleRevision
from somalink.storage.rows import DeviceStatus

PROMPT = Prompt("p1", "ann", 50, "arousal", "e1", True, "", "offer", 0.5, "seed")


def put(store, **said: object) -> None:
    with store.transaction() as write:
        for name, value in said.items():
            getattr(write, name)(value)


def test_a_tag_keeps_every_field_and_every_revision(store, make) -> None:
    first = make.event(sensations=("tight_jaw", "heat"), with_whom=("work",), context=("caffeine",), spoken=False, blind=True, distress=6, note="why, again?")
    second = replace(first, revision=2, distress=4)
    put(store, put_event=first)
    put(store, put_event=second)
    assert store.events("ann") == [second]
    assert store.event_history("t1") == [first, second]


def test_the_same_tag_sent_twice_is_one_tag(store, make) -> None:
    put(store, put_event=make.event())
    put(store, put_event=replace(make.event(), received_ns=make.t0 + 999))
    assert store.change == 1


def test_an_outdated_edit_is_refused_and_told_what_is_stored(store, make) -> None:
    put(store, put_event=make.event())
    put(store, put_event=make.event(revision=2, distress=3))
    for stale in (make.event(revision=2, distress=9), make.event(distress=9)):
        with pytest.raises(StaleRevision, match="revision 3") as refused:
            put(store, put_event=stale)
        assert refused.value.current.distress == 3


def test_a_deleted_tag_is_gone_for_readers_and_told_to_replicas(store, make) -> None:
    put(store, put_event=make.event())
    put(store, put_event=make.event(revision=2, deleted=True))
    assert store.events("ann") == []
    assert store.event("t1").deleted
    stones = [stone for delta in store.since(1) if delta.kind == "tombstones" for stone in delta.rows]
    assert [(stone.kind, stone.id) for stone in stones] == [("events", "t1")]


def test_a_prompt_is_decided_once_and_what_happened_to_it_is_added(store) -> None:
    put(store, put_prompts=[PROMPT])
    put(store, put_prompts=[replace(PROMPT, arm="withheld", seed="another", probability=0.9)])
    assert store.prompts("ann") == [PROMPT]
    put(store, put_prompts=[replace(PROMPT, shown_ns=60)], put_answer=Answer("p1", "ann", "no", 70))
    put(store, put_answer=Answer("p1", "ann", "yes", 80))
    assert store.prompts("ann") == [replace(PROMPT, shown_ns=60, answer="no", answered_ns=70)]
    assert [answer.answer for answer in store.answers("ann")] == ["no", "yes"]


def test_links_are_recomputed_whole_and_those_no_longer_said_leave_a_tombstone(store, make) -> None:
    near = Link("t1", "e1", 0.7, "linked", 60.0, 0.1, "r")
    none = Link("t1", "", 0.3, "none", None, 0.1, "r")
    with store.transaction() as write:
        write.put_grid(make.unit, "A", make.grid(1))
        write.put_links("ann", "A", [near, none], [EventMetrics("t1", 1.5, 2.0, 40.0, None, True)])
    with store.transaction() as write:
        write.put_links("ann", "A", [none], [EventMetrics("t1", 1.5, 2.0, 40.0, None, True)])
    assert store.links("ann") == [none]
    assert store.event_metrics("ann") == [EventMetrics("t1", 1.5, 2.0, 40.0, None, True)]
    (delta,) = store.since(1)
    assert [(stone.kind, stone.id) for stone in delta.rows] == [("links", "t1|e1")]


def test_what_people_say_comes_back_whole(store) -> None:
    session, plan = Session("s1", "ann", 10, 300, "breathing", rate=6.0, outcome="done"), Plan("x1", "ann", "say hello", "exposure_step", 99, expectancy=7)
    rating, setting = Rating("r1", "ann", 40, "belonging", 6, 41, blind=False), Setting("ann", "prompts", "eager", 12)
    put(store, put_session=session, put_plan=plan, put_rating=rating, put_setting=setting, put_profile=Setting("ann", "age", "34", 12))
    assert (store.sessions("ann"), store.plans("ann"), store.ratings("ann"), store.settings("ann")) == ([session], [plan], [rating], [setting])
    assert [row.value for row in store.profile("ann")] == ["34"]
    assert store.people() == ["ann"]


def test_two_things_a_device_says_in_one_tick_of_a_coarse_clock_are_two_rows_however_often_they_are_told(store, make) -> None:
    said = [DeviceStatus(100, {"state": "looking"}), DeviceStatus(100, {"battery_pct": 90}), DeviceStatus(101, {"state": "connecting"})]
    for _ in range(2):
        for status in said:
            with store.transaction() as write:
                write.put_device_status(make.unit, status)
    assert store.device_status(make.unit) == [DeviceStatus(100 + k, status.fields) for k, status in enumerate(said)]
    assert store.change == 3
