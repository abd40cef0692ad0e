"""Every query of every board on a real server, against the store's export reckoned apart; and what a changed value changes on the boards.

Two roads to each number: shipper, server and InfluxQL; and exported CSV, `reckoned_points` and `influxql`. They share the panel's query, so a
handful of headline figures is reckoned a third time without it, from what the panel's title says.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import lived
import morning
import numpy as np
import pytest
from asked import differences, tag_values, told
from influxql import NotInOurSubset, Series, Table
from lived import HOURS, PERSON, T0, UNIT, minute, spike
from reckoned_points import MADE, MINUTE, WORDED, Kept, unlike
from replicated import Question, Replica, Span, filled, held, questions, reads, replicate, said_by, ship, variables

from somalink.domain.time import HOUR_NS, MINUTE_NS
from somalink.domain.types import Answer, Beats, Flag, Plan, Rating
from somalink.storage.influx.server import Place, Server
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus
from somalink.storage.writer import Writer

pytestmark = [pytest.mark.influx, pytest.mark.slow]


@pytest.fixture(scope="session", params=["real_day", "simulated"])
def replica(request: pytest.FixtureRequest) -> Replica:
    found: Replica = request.getfixturevalue(request.param)
    return found


# ---------------------------------------------------------------- every query


def test_every_panel_shows_what_the_export_says(replica: Replica) -> None:
    wrong = []
    for question in questions():
        for span in replica.spans:
            query = filled(question, replica.person, span, **_zone(question, replica))
            try:
                found = replica.unlike(query)
            except NotInOurSubset as not_read:
                found = [f"not sure to be answered rightly: {not_read}"]
            wrong += [f"{question.name} {question.ref}: {found}\n    {query}"] if found else []
    assert not wrong, "\n".join(wrong)


def _zone(question: Question, replica: Replica) -> dict[str, str]:
    return {"tz": replica.tz} if "$tz" in question.text else {}


def test_variables_list_whoever_is_there(replica: Replica) -> None:
    for (board, name), query in variables().items():
        found = tag_values(told(replica.place.url, replica.place.token, replica.place.bucket, query))
        assert found == [replica.person], f"{board} {name}"


def test_somebody_who_is_not_there_has_empty_panels_and_no_errors(real_day: Replica) -> None:
    for question in questions():
        if "person_id" in question.text:
            assert not said_by(real_day.there(filled(question, "7up.c+d (x/y)", real_day.spans[0]))), question.name


# ---------------------------------------------------------------- what is empty on a real day

NOT_TAGGED = "nobody tagged a moment that day: there is none to list, to compare or to find anything about"
NOT_RATED = "nobody rated anything that day"
NOT_OFFERED = "nothing was drawn that day, and nothing breathed"
NOT_PLANNED = "nobody planned a step"
ONE_DAY = "no weekday was there twice, so none is usual"
NO_STATUS = "a recording folder says nothing of battery, contact or link"
NO_LEVEL_AT_THE_END = "the last five minutes have no heart rate that could be judged"
NO_SLOWING = "the level slowed in no moment that stood out that day"
REAL = "nothing of that day was made up"
EMPTY: Mapping[str, str] = {
    "somalink-clinic / What devices last said": NO_STATUS,
    "somalink-clinician / A breath, as found": NOT_TAGGED,
    "somalink-clinician / A breath, offered or not": NOT_OFFERED,
    "somalink-clinician / Begun alone": NOT_OFFERED,
    "somalink-clinician / Belonging, own ratings": NOT_RATED,
    "somalink-clinician / By whom with, what was done": NOT_TAGGED,
    "somalink-clinician / Half-way back": NOT_TAGGED,
    "somalink-clinician / Moments": NOT_TAGGED,
    "somalink-clinician / People": NOT_RATED,
    "somalink-clinician / Planned steps": NOT_PLANNED,
    "somalink-clinician / Reactions by kind": NOT_TAGGED,
    "somalink-clinician / Settling, as found": NOT_TAGGED,
    "somalink-clinician / Slow change, as found": NOT_TAGGED,
    "somalink-clinician / Steps not taken": NOT_PLANNED,
    "somalink-clinician / Steps, as found": NOT_PLANNED,
    "somalink-clinician / What cannot be said": NOT_TAGGED,
    "somalink-clinician / Whose figures": REAL,
    "somalink-live / Whose figures": REAL,
    "somalink-clinician / Usual week (violet: above it)": ONE_DAY,
    "somalink-clinician / What was done, listed": NOT_TAGGED,
    "somalink-health / Batteries": NO_STATUS,
    "somalink-live / At the end of this time": NO_LEVEL_AT_THE_END,
    "somalink-live / Straps": NO_STATUS,
    "somalink-live / Tagged moments": NOT_TAGGED,
    "somalink-live / annotation Slower moments": NO_SLOWING,
    "somalink-live / annotation Tagged moments": NOT_TAGGED,
}
"""Panels without a value on the real day, and why. Findings are made once somebody has tagged something."""


def _empty(replica: Replica) -> set[str]:
    spoken: dict[str, int] = {}
    for question in questions():
        query = filled(question, replica.person, replica.spans[0], **_zone(question, replica))
        spoken[question.name] = spoken.get(question.name, 0) + said_by(replica.there(query))
    return {name for name, values in spoken.items() if not values}


def test_a_panel_that_is_empty_on_a_real_day_is_so_for_a_reason(real_day: Replica, figures: Callable[[str], None]) -> None:
    empty = _empty(real_day)
    figures("\n".join(f"{name}: {EMPTY.get(name, 'NO REASON')}" for name in sorted(empty)))
    assert not empty - EMPTY.keys(), "empty without a reason"
    assert not EMPTY.keys() - empty, "no longer empty"


def test_the_reasons_are_true(real_day: Replica) -> None:
    kept = real_day.kept
    assert not any(kept.of(name) for name in ("events", "ratings", "sessions", "plans", "findings"))
    assert not any(row["arm"] for row in kept.of("prompts"))
    assert not len(real_day.reckoned["device_status"])
    assert not any(row["kind"] == "slowing" for row in kept.of("episodes"))
    (grid,) = kept.grid.values()
    assert not grid.usable[grid.t_ns > real_day.stop_ns - 5 * MINUTE].any()


# ---------------------------------------------------------------- headline figures, a third time and without a query


def _shown(replica: Replica, board: str, panel: str, column: str) -> list[float]:
    """The values of a column over everything, in order of time. The first hour stands at its beginning, before the first beat."""
    found = []
    whole = replace(replica.spans[0], start_ns=replica.start_ns - HOUR_NS)
    for question in questions():
        if (question.board, question.panel) == (board, panel):
            query = filled(question, replica.person, whole, **_zone(question, replica))
            for series in replica.there(query):
                if column in series.columns:
                    at = series.columns.index(column)
                    found += [row[at] for row in series.rows if row[at] is not None]
    return found


def _points(replica: Replica, which: str) -> int:
    return sum(int(getattr(grid, which).sum()) for grid in replica.kept.grid.values())


def _beats(replica: Replica, *flags: str) -> int:
    return sum(row["flag"] in flags if flags else True for row in replica.kept.of("beats"))


def _spikes(replica: Replica) -> int:
    return sum(row["kind"] == "spike" and row["lead"] == "1" for row in replica.kept.of("episodes"))


def _with_chance(day: Replica, name: str) -> float:
    """The sum of a figure of the hours, over those whose chance is known."""
    return math.fsum(fields[name] for _, _, fields in day.reckoned["hour_summary"].rows() if "chance_spikes" in fields)


HEADLINES: Mapping[tuple[str, str, str], Callable[[Replica], float]] = {
    ("somalink-clinician", "Coverage", "Usable share"): lambda day: _points(day, "usable") / _points(day, "worn"),
    ("somalink-clinician", "Worn", "Worn"): lambda day: _points(day, "worn") * 5 / 3600,
    ("somalink-clinician", "Worn", "Usable"): lambda day: _points(day, "usable") * 5 / 3600,
    ("somalink-clinician", "Worn", "Days"): lambda _: 2,
    ("somalink-clinician", "Beats", "Stored"): _beats,
    ("somalink-clinician", "Beats left out", "Flagged"): lambda day: 1 - _beats(day, "ok") / _beats(day),
    ("somalink-clinician", "Rises against chance", "In all"): _spikes,
    ("somalink-clinician", "Rises against chance", "Stood out"): lambda day: _spikes(day) / (_with_chance(day, "usable_s") / 3600),
    ("somalink-clinician", "Rises against chance", "By chance"): lambda day: _with_chance(day, "chance_spikes") / (_with_chance(day, "usable_s") / 3600),
    ("somalink-clinic", "People", "worn"): lambda day: _points(day, "worn") * 5 / 3600,
    ("somalink-clinic", "People", "usable"): lambda day: _points(day, "usable") / _points(day, "worn"),
    ("somalink-health", "Devices", "gaps"): lambda day: sum(row["stream"] == "rr" for row in day.kept.of("gaps")),
    ("somalink-health", "Devices", "flagged"): lambda day: 1 - _beats(day, "ok") / _beats(day),
}
"""Of a real day of one device: (board, panel, column) -> what its title promises."""


@pytest.mark.parametrize("place", HEADLINES, ids=" / ".join)
def test_a_headline_is_what_its_title_promises(real_day: Replica, place: tuple[str, str, str]) -> None:
    assert _shown(real_day, *place) == [pytest.approx(HEADLINES[place](real_day), rel=1e-9)]


def test_days_add_up_to_their_headline(real_day: Replica, simulated: Replica) -> None:
    for replica in (real_day, simulated):
        for day, panel in (("Worn", "Worn"), ("Usable", "Usable")):
            (total,) = _shown(replica, "somalink-clinician", panel.replace("Usable", "Worn"), day)
            assert math.fsum(_shown(replica, "somalink-clinician", "Wear time by day", day)) == pytest.approx(total, rel=1e-9)


# ---------------------------------------------------------------- one value changed


@dataclass(frozen=True)
class Change:
    """What a person or a recorder changed, and all that it changes on the server: by measurement, the fields."""

    write: Callable[[LocalStore, Writer], None]
    fields: Mapping[str, set[str]]


def _distress(store: LocalStore, write: Writer) -> None:
    (tag,) = [event for event in store.events(PERSON) if event.id == "t1"]
    write.put_event(replace(tag, revision=tag.revision + 1, distress=2))


def _flag(store: LocalStore, write: Writer) -> None:
    """Of a beat that was ok."""
    beats = store.recording_beats(UNIT)
    k = int(np.flatnonzero(beats.flag == Flag.OK)[100])
    one = {name: values[k : k + 1] for name, values in beats.arrays().items()}
    write.put_beats(UNIT, Beats(**{**one, "flag": np.array([Flag.ECTOPIC])}))


def _ended(store: LocalStore, write: Writer) -> None:
    """A moment that was over goes on after all, two minutes more."""
    (found,) = [each for each in store.device_episodes(PERSON) if each.episode.id == "s300"]
    write.put_episodes(UNIT, "a", [replace(found.episode, stop_ns=minute(306))])


CHANGES: Mapping[str, Change] = {
    "a tag's distress": Change(_distress, {"social_event": {"distress"}}),
    "a beat's flag": Change(_flag, {"beat": {"flag"}, "coverage": {"flagged_beats"}}),
    "an episode's end": Change(_ended, {"episode": {"stop_ms", "duration_s", "win_to_ms", "label"}}),
    "a rating of belonging": Change(
        lambda _, write: write.put_rating(Rating("r1", PERSON, minute(100), "belonging", 9, morning.MADE_NS)) and None, {"rating": {"value"}}
    ),
    "what came of a fear": Change(
        lambda _, write: write.put_rating(Rating("r3", PERSON, minute(110), "outcome", 8, morning.MADE_NS, "event/t3", True)) and None,
        {"rating": {"value"}, "social_event": {"outcome"}},
    ),
    "what a moment was": Change(lambda _, write: write.put_answer(Answer("episode/s300", PERSON, "nothing", minute(340))), {"episode": {"named", "said"}}),
    "a step that is dropped": Change(
        lambda _, write: write.put_plan(Plan("p1", PERSON, morning.STEP, "", minute(300), 2, planned_distress=6, expectancy=80, state="dropped")),
        {"plan": {"state"}},
    ),
}


@pytest.fixture
def morning_store(tmp_path: Path) -> Iterator[LocalStore]:
    """Six hours with everything in them, and a moment that is over but may yet change."""
    with lived.opened(tmp_path / "s.db") as store:
        morning.live(store)
        with store.transaction() as write:
            write.put_episodes(UNIT, "a", [spike(300, 304, state="closed")], lead=True)
            write.put_event(morning.tag("t3", "exposure_step", 100, planned_distress=6, distress=3))
            write.put_rating(Rating("r3", PERSON, minute(110), "outcome", 3, morning.MADE_NS, "event/t3", True))
            write.put_device_status(UNIT, DeviceStatus(minute(30), {"battery_pct": 81, "contact": True, "model": "H10"}))
        yield store


def _seen(replica: Replica, *, start_h: float = 60 * 24) -> dict[Question, list[Series]]:
    """What every panel shows, but for those of the shipping itself."""
    span = Span(T0 - round(start_h * HOUR_NS), T0 + 60 * 24 * HOUR_NS, 3600)
    return {question: replica.there(filled(question, PERSON, span)) for question in questions() if '"pipeline"' not in question.text}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_value_changes_the_panels_that_read_it_and_no_other(morning_store: LocalStore, place: Place, tmp_path: Path, what: str) -> None:
    change = CHANGES[what]
    now = T0 + 7 * HOUR_NS
    ship(morning_store, place, now, "UTC")
    replica = Replica(Kept(tmp_path, morning_store.path), place, PERSON, T0, now, "UTC")
    rows, panels = {name: held(place, name) for name in MADE}, _seen(replica)
    with morning_store.transaction() as write:
        change.write(morning_store, write)
    ship(morning_store, place, now + MINUTE_NS, "UTC")
    moved = {name: held(place, name) for name in MADE}
    assert {name: _changed(rows[name], moved[name]) for name in MADE if unlike(rows[name], moved[name])} == change.fields
    span = Span(T0, now, 60)
    expected = {
        question
        for question in panels
        for name, fields in change.fields.items()
        if any(reads(question, PERSON, span, name, fields, _only(rows[name], moved[name], which)) for which in (0, 1))
    }
    after = _seen(replica)
    assert {question.name for question in panels if differences(panels[question], after[question])} == {question.name for question in expected}
    assert expected


def _changed(before: Table, after: Table) -> set[str]:
    """Fields of rows that stand in both at one place."""
    old, new = ({(t, *sorted(tags.items())): fields for t, tags, fields in some.rows()} for some in (before, after))
    assert old.keys() == new.keys()
    return {name for key in old for name in old[key].keys() | new[key].keys() if old[key].get(name) != new[key].get(name)}


def _only(before: Table, after: Table, which: int) -> Table:
    """The rows that differ, as they were (0) or are (1)."""
    old, new = ({(t, *sorted(tags.items())): (t, tags, fields) for t, tags, fields in some.rows()} for some in (before, after))
    return Table.of((old, new)[which][key] for key in old if old[key] != new[key])


def test_a_tag_that_moves_is_gone_from_where_it_was(morning_store: LocalStore, place: Place) -> None:
    ship(morning_store, place, T0 + 7 * HOUR_NS, "UTC")
    (tag,) = [event for event in morning_store.events(PERSON) if event.id == "t1"]
    with morning_store.transaction() as write:
        write.put_event(replace(tag, revision=2, kind="criticism", t_ns=minute(75)))
    ship(morning_store, place, T0 + 7 * HOUR_NS + MINUTE_NS, "UTC")
    found = [(t, tags["kind"]) for t, tags, _ in held(place, "social_event").rows() if tags["id"] == "t1"]
    assert found == [(minute(75), "criticism")]


def test_the_morning_is_there_as_the_export_says(morning_store: LocalStore, place: Place, tmp_path: Path) -> None:
    replica = replicate(morning_store, place, tmp_path / "csv", start_ns=T0, stop_ns=T0 + 7 * HOUR_NS, tz="UTC")
    for name, table in replica.reckoned.items():
        assert not unlike(table, held(place, name), without=WORDED.get(name, ())), name
    assert len(replica.reckoned["device_status"]) == 1
    wrong = [(q.name, found) for q in questions() for span in replica.spans if (found := replica.unlike(filled(q, PERSON, span)))]
    assert not wrong


def test_a_wrong_number_on_the_server_is_seen_in_every_panel_that_reads_it(morning_store: LocalStore, place: Place, tmp_path: Path) -> None:
    replica = replicate(morning_store, place, tmp_path / "csv", start_ns=T0, stop_ns=T0 + 7 * HOUR_NS, tz="UTC")
    (span,) = replica.spans[:1]
    assert len(replica.tables["coverage"]) == HOURS
    with contextlib.closing(Server(place)) as server:
        server.write(place.bucket, [f"coverage,person_id={PERSON},device_id={UNIT.device},device_tier={UNIT.tier} worn_s=7 {T0 + 2 * HOUR_NS}"])
    row = replica.tables["coverage"].take(np.array([2]))
    wrong = {question.name for question in questions() if replica.unlike(filled(question, PERSON, span))}
    showing = {question.name for question in questions() if reads(question, PERSON, span, "coverage", {"worn_s"}, row)}
    assert showing - wrong == {"somalink-clinic / People with data"}, "it counts people who wore something, however long"
    assert not wrong - showing
