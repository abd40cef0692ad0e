"""Whole sets: everything in the table's words and forms, the same for the same store, and never a word that somebody wrote."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lived
import morning
import pytest
from lived import CONSTANTS, PERSON, T0, UNIT, USUAL, minute, spike

from somalink.domain.identity import Unit
from somalink.domain.measurements import MEASUREMENTS, Form
from somalink.domain.time import HOUR_NS
from somalink.domain.types import Answer, Gate, Plan, Rating, UtcOffset
from somalink.pipeline.replica.sets import SETS, Subject, hours_of
from somalink.storage import LocalStore, RecordingRow
from somalink.storage.influx.points import Point
from somalink.storage.rows import ROWS, Delta, Tombstone
from somalink.storage.writer import Writer

HOURS = range(T0, T0 + lived.HOURS * HOUR_NS, HOUR_NS)
FORMS = {Form.FLOAT: float, Form.INT: int, Form.TEXT: str, Form.BOOL: bool}


def everything(subject: Subject) -> list[Point]:
    return [*(point for each in SETS for point in each.points(subject)), *hours_of(subject, UNIT.device, HOURS)]


def test_the_sets_are_all_that_have_an_identity_and_the_hours_the_rest() -> None:
    assert {each.measurement for each in SETS} == {
        "episode", "social_event", "link", "plan", "breathing", "prompt", "rating", "baseline", "finding", "week_profile",
    }  # fmt: skip
    assert {kind for each in SETS for kind in each.rests_on} <= {kind.name for kind in ROWS} | {"grid", "beats", "baselines"}


def test_a_morning_gives_points_of_every_set(subject) -> None:
    assert {point.measurement for point in everything(subject())} == {each.measurement for each in SETS} | {"coverage", "hour_summary"}


def test_every_field_is_in_the_table_in_its_form_and_every_tag_is_named(subject) -> None:
    for point in everything(subject()):
        about = MEASUREMENTS[point.measurement]
        assert set(point.tags) == set(about.tags)
        for name, value in point.fields.items():
            assert value is None or type(value) is FORMS[about.fields[name].form], (point.measurement, name)
        assert point.line().endswith(f" {point.t_ns}")


def test_an_id_is_unique_in_its_measurement_and_says_where_a_point_is_found(subject) -> None:
    of: dict[str, list[str]] = {}
    for point in everything(subject()):
        of.setdefault(point.measurement, []).append(point.id)
    assert all(len(ids) == len(set(ids)) and all(ids) for ids in of.values())


def test_no_two_points_of_a_measurement_would_be_one_row_on_a_server(subject) -> None:
    places = [(point.measurement, tuple(point.tags.items()), point.t_ns) for point in everything(subject())]
    assert len(places) == len(set(places))


def test_the_same_store_gives_the_same_points_also_to_who_may_only_read(subject, store: LocalStore) -> None:
    told = [point.line() for point in everything(subject())]
    with LocalStore.open(store.path, read_only=True) as reader, reader.reading():
        assert [point.line() for point in everything(Subject.of(reader, PERSON, CONSTANTS, "UTC"))] == told


def test_no_word_that_somebody_wrote_is_in_any_line(subject) -> None:
    lines = "\n".join(point.line() for point in everything(subject())).replace("\\ ", " ")
    for text in (morning.NOTE, morning.STEP, "Carla", "window", "Beate", "choir"):
        assert text not in lines


def test_a_folder_that_puts_a_sentence_where_a_source_belongs_tells_nobody(write, points) -> None:
    write(lambda w: w.put_event(morning.tag("t3", at=200, source="Carla's diary")))
    assert points("social_event")["t3"].fields["source"] == "recording"
    assert points("social_event")["t1"].fields["source"] == "page"


def test_what_another_person_has_is_not_in_it(subject, store: LocalStore, write) -> None:
    told = [point.line() for point in everything(subject())]
    bob = Unit("bob", UNIT.device, "r1", "A")

    def live(w: Writer) -> None:
        w.put_recording(bob, RecordingRow(T0, T0 + HOUR_NS, analysis="a"))
        w.put_grid(bob, "a", lived.still(hr=(0, 360, 99_000)))
        w.put_beats(bob, morning.beats(20))
        w.put_event(replace(morning.tag("b1"), person="bob"))
        w.put_rating(Rating("b2", "bob", minute(10), "belonging", 1, minute(10)))

    write(live)
    assert [point.line() for point in everything(subject())] == told
    assert {point.tags["person_id"] for point in everything(Subject.of(store, "bob", CONSTANTS, "UTC"))} == {"bob"}


def test_somebody_with_nothing_has_no_points(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "empty.db") as empty:
        assert everything(Subject.of(empty, "nobody", CONSTANTS, "Europe/Berlin")) == []


def moved_grid() -> Callable[[Writer], None]:
    return lambda w: w.put_grid(UNIT, "a", lived.still(z=(19, 70, 30_000), gate__1=(200, 260, Gate.LIGHT)))


CHANGES: dict[str, Callable[[Writer], object]] = {
    "a tag moves": lambda w: w.put_event(morning.tag(revision=2, at=75)),
    "a tag becomes another kind": lambda w: w.put_event(morning.tag(revision=2, kind="criticism")),
    "a tag is deleted": lambda w: w.put_event(morning.tag(revision=2, deleted=True)),
    "a tag is made": lambda w: w.put_event(morning.tag("t9", at=300)),
    "links are made anew": lambda w: w.put_links(PERSON, "a", [morning.link("t1", "s200", 0.5, "possible")], [morning.METRICS[0]]),
    "a moment is measured anew": lambda w: w.put_links(PERSON, "a", morning.LINKS, [replace(morning.METRICS[0], dz10=2.0), morning.METRICS[1]]),
    "links are gone": lambda w: w.put_links(PERSON, "a", [], []),
    "matched moments are drawn": lambda w: w.put_controls(PERSON, "a", "t2", [morning.control("t2", 0, 0.1)]),
    "matched moments are gone": lambda w: w.put_controls(PERSON, "a", "t1", []),
    "a moment ends": lambda w: w.put_episodes(UNIT, "a", [spike(300, 305, state="closed")], lead=True),
    "another device leads": lambda w: w.set_lead({"s200": False}),
    "a moment is answered": lambda w: w.put_answer(Answer("episode/s61", PERSON, "nothing", minute(240))),
    "a plan is put off": lambda w: w.put_plan(Plan("p1", PERSON, "later", "", minute(340), revision=2)),
    "a number is given": lambda w: w.put_rating(Rating("r9", PERSON, minute(120), "outcome", 1, minute(120), "event/t2")),
    "somebody is asked": lambda w: w.put_prompts([morning.prompt("q9", 240, "withheld")]),
    "an offer is taken": lambda w: w.put_answer(Answer("q1", PERSON, "breathe", minute(21))),
    "somebody breathes": lambda w: w.put_session(morning.session("x9", 300)),
    "rows are written": moved_grid(),
    "a usual is fitted": lambda w: w.put_baseline(PERSON, "A", "a", replace(USUAL, number=2, from_ns=minute(180))),
    "findings are asked for": lambda w: w.put_findings(PERSON, "2026-02-09/2026-03-08", [morning.finding("offer", "all", span="2026-02-09/2026-03-08")]),
    "findings give way": lambda w: w.put_findings(PERSON, morning.SPAN, []),
    "somebody flies": lambda w: w.put_utc_offsets(UNIT, [UtcOffset(minute(120), 7200, "Europe/Athens")]),
}


def kinds_of(delta: Delta) -> set[str]:
    return {row.kind for row in delta.rows if isinstance(row, Tombstone)} if delta.kind == "tombstones" else {delta.kind}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_a_set_is_told_under_a_kind_it_rests_on(name: str, subject, store: LocalStore, write) -> None:
    before, change = {each.measurement: [point.line() for point in each.points(subject())] for each in SETS}, store.change
    write(CHANGES[name])
    told = {kind for delta in store.since(change) for kind in kinds_of(delta)}
    changed = {each.measurement for each in SETS if [point.line() for point in each.points(subject())] != before[each.measurement]}
    assert changed
    assert changed <= {each.measurement for each in SETS if each.rests_on & told}
