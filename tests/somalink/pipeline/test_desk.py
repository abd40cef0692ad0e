"""What a wearer's page is told, from the store alone: points and their holes, days as they were, who leads, what happens now."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from house import ADA, ANALYSIS, T0, House, house_in, rows, uuid, wore

from dashboards.live.ports import Conflict, Missing, Taken
from ingest.ble.states import State
from somalink.domain.catalogue import HRV_REASONS
from somalink.domain.errors import UsageError
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Answer, Baseline, Episode, Event, Gap, Gate, Rating, Stream, UtcOffset
from somalink.domain.types import Link as LinkedTo
from somalink.pipeline import desk as desk_of
from somalink.pipeline.desk import day_start, last_of_each, mean_of_each, numbers, overview, signal_of, told_of
from somalink.pipeline.hub import Changed, Final, Heard, Link, Prompted, Provisional, Setback, Status
from somalink.storage.local import LocalStore
from somalink.storage.rows import DeviceStatus, RecordingRow

MS = 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_in(tmp_path)
    with made.store:
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[House]:
    with LocalStore.open(tmp_path / "store.db") as store:
        yield House(store)


def event(number: int = 1, **said: object) -> Event:
    return Event(**{"id": uuid(number), "person": "ada", "kind": "conflict", "t_ns": T0, "made_at_ns": T0, "received_ns": T0, "source": "page", **said})  # type: ignore[arg-type]


def episode(id: str, start_ns: int, *, kind: str = "spike", chance_per_h: float | None = 0.5) -> Episode:
    stop_ns = start_ns + 5 * MINUTE_NS
    return Episode(id, kind, "level", start_ns, stop_ns, start_ns, start_ns + MINUTE_NS, 3.0, 2.5, 0.9, 0.8, "still", False, chance_per_h)


def noticed(house: House, *episodes: Episode, lead: bool | None = True, unit: Unit = ADA) -> None:
    with house.store.transaction() as write:
        write.put_episodes(unit, ANALYSIS, episodes, lead=lead)


# ---------------------------------------------------------------- points


def test_a_minute_is_shown_by_its_newest_point(house):
    told = house.desk.indices("ada", T0, T0 + 10 * MINUTE_NS, 60)
    assert told.t_ms == [(T0 + k * MINUTE_NS) // MS for k in range(1, 10)] + [(T0 + 10 * MINUTE_NS - GRID_NS) // MS]
    assert set(told.z) == {0.2} and set(told.se) == {0.4} and set(told.hr) == {72.0} and set(told.gate) == {"still"} and all(told.ok)
    assert told.gaps == []


def test_a_step_as_fine_as_the_record_gives_every_point(house):
    told = house.desk.indices("ada", T0, T0 + 10 * MINUTE_NS, 5)
    assert np.all(np.diff(told.t_ms) == 5000) and len(told.t_ms) == 119


def test_a_step_in_which_nothing_was_recorded_has_no_point_and_a_gap_says_why(house):
    with house.store.transaction() as write:
        write.put_gaps(
            ADA, [Gap(Stream.RR, T0 + HOUR_NS, T0 + 69 * MINUTE_NS, "disconnect"), Gap(Stream.RR, T0 + 69 * MINUTE_NS, T0 + 70 * MINUTE_NS, "silence")]
        )
    told = house.desk.indices("ada", T0, T0 + 2 * HOUR_NS, 60)
    assert not [t for t in told.t_ms if (T0 + HOUR_NS) // MS < t <= (T0 + 70 * MINUTE_NS) // MS]
    assert told.gaps == [((T0 + HOUR_NS) // MS, (T0 + 70 * MINUTE_NS + GRID_NS) // MS, "disconnect")]


def test_a_hole_of_which_nobody_knows_why_is_told_too(house):
    [(_, _, reason)] = house.desk.indices("ada", T0, T0 + 2 * HOUR_NS, 60).gaps
    assert reason == ""


def test_a_hole_that_reaches_to_now_is_told_once_it_is_more_than_a_late_point(house):
    house.now_ns = T0 + 2 * HOUR_NS + MINUTE_NS
    assert len(house.desk.indices("ada", T0, house.now_ns, 60).gaps) == 1
    house.now_ns = T0 + 2 * HOUR_NS + 5 * MINUTE_NS
    assert house.desk.indices("ada", T0, house.now_ns, 60).gaps[-1] == ((T0 + 2 * HOUR_NS) // MS, house.now_ns // MS, "")


def test_a_hole_that_lies_ahead_is_none(house):
    assert len(house.desk.indices("ada", T0, T0 + DAY_NS, 60).gaps) == 1


def test_a_night_without_a_strap_is_a_gap_and_not_worn_though_the_grid_goes_on_through_it(empty):
    worn = rows(3 * 720)
    off = (worn.stop_ns > T0 + HOUR_NS) & (worn.stop_ns <= T0 + 2 * HOUR_NS)
    unknown = {name: np.where(off, UNKNOWN, getattr(worn, name)) for name in ("hr", "hr_q", "z", "se")}
    wore(empty.store, ADA, replace(worn, **unknown))
    empty.now_ns = T0 + 3 * HOUR_NS
    told = empty.desk.indices("ada", T0, T0 + 3 * HOUR_NS, 60)
    assert [(from_ms, to_ms) for from_ms, to_ms, _ in told.gaps] == [((T0 + HOUR_NS) // MS, (T0 + 2 * HOUR_NS + GRID_NS) // MS)]
    assert round(empty.desk.days("ada", 1)[0].worn_h) == 2


def test_what_is_not_known_is_left_out_and_is_not_nought(empty):
    wore(empty.store, ADA, rows(12, z=UNKNOWN, se=UNKNOWN, hr=UNKNOWN, hr_q=0, gate=Gate.MOVING))
    told = empty.desk.indices("ada", T0, T0 + 2 * MINUTE_NS, 60)
    assert (told.z, told.se, told.hr, told.ok, told.gate) == ([None], [None], [None], [False], ["moving"])


def test_nothing_recorded_is_nothing_told(empty):
    assert empty.desk.indices("ada", T0, T0 + DAY_NS, 60).t_ms == [] and empty.desk.indices("ada", T0, T0, 60).gaps == []
    assert empty.desk.episodes("ada", T0, T0 + DAY_NS).usable_h == 0
    told = empty.desk.status("ada")
    assert (told.device, told.today.worn_s, told.stage.maturity, told.simulated) == (None, 0, "none", False)
    assert [day.worn_h for day in empty.desk.days("ada", 3)] == [0, 0, 0]


def test_of_two_devices_at_once_the_better_signal_is_shown_then_the_better_kind_of_device(house):
    watch = Unit("ada", "watch", "rec9", "D")
    wore(house.store, watch, rows(720, hr=90_000, hr_q=np.where(np.arange(720) < 360, 9_900, 9_500)))
    told = house.desk.indices("ada", T0, T0 + HOUR_NS, 5)
    assert len(told.t_ms) == len(set(told.t_ms)) == 719
    assert told.hr[0] == 90.0 and told.hr[-1] == 72.0


def test_two_devices_one_after_the_other_are_one_line(house):
    wore(house.store, Unit("ada", "watch", "rec9", "D"), rows(120, start_ns=T0 + HOUR_NS))
    assert house.desk.indices("ada", T0, T0 + 2 * HOUR_NS, 60).gaps == []


# ---------------------------------------------------------------- moments


def test_moments_come_with_what_chance_alone_would_show(house):
    baseline = Baseline(1, "personal", T0, (70_000_000,) + (0,) * 7, ((0,) * 8,) * 8, 1, 1, **_usual())
    with house.store.transaction() as write:
        write.put_baseline("ada", "B", ANALYSIS, baseline)
    wore(house.store, Unit("ada", "strap", "rec0", "B"), rows(720, start_ns=T0 - HOUR_NS, baseline=1))
    noticed(house, episode("e1", T0 + 10 * MINUTE_NS), episode("e2", T0 + 20 * MINUTE_NS, kind="slowing", chance_per_h=None))
    told = house.desk.episodes("ada", T0 - HOUR_NS, T0 + HOUR_NS)
    assert [(each.id, each.kind, each.chance_per_h) for each in told.episodes] == [("e1", "spike", 0.5), ("e2", "slowing", None)]
    assert told.usable_h == pytest.approx(2.0, abs=0.01)
    assert told.chance_expected == pytest.approx(2.0 * 0.4, abs=0.05)


def _usual() -> dict[str, object]:
    from dataclasses import MISSING, fields

    plain: dict[str, object] = {"chance": {}, "chance_all": 0.4, "still_h": 21.0, "still_days": 8}
    needed = [f.name for f in fields(Baseline) if f.default is MISSING and f.default_factory is MISSING][7:]
    return {name: plain.get(name, 0) for name in {*needed, *plain}}


def test_moments_of_a_device_that_did_not_lead_are_not_shown_twice(house):
    noticed(house, episode("e1", T0 + 10 * MINUTE_NS))
    noticed(house, episode("e2", T0 + 10 * MINUTE_NS), lead=False)
    assert [each.id for each in house.desk.episodes("ada", T0, T0 + HOUR_NS).episodes] == ["e1"]
    assert house.desk.episodes("ben", T0, T0 + HOUR_NS).episodes == []


def test_what_a_moment_may_belong_to_stands_beside_it(house):
    noticed(house, episode("e1", T0 + 10 * MINUTE_NS))
    with house.store.transaction() as write:
        write.put_links("ada", ANALYSIS, [_link(uuid(1), "e1")], [])
    [moment] = house.desk.episodes("ada", T0, T0 + HOUR_NS).episodes
    assert [(link.event_id, link.probability) for link in moment.links] == [(uuid(1), 0.7)]


def _link(event_id: str, episode_id: str) -> LinkedTo:
    from dataclasses import MISSING, fields

    said = {"event_id": event_id, "episode_id": episode_id, "probability": 0.7, "verdict": "likely"}
    return LinkedTo(**{f.name: said.get(f.name, 0) for f in fields(LinkedTo) if f.name in said or f.default is MISSING})  # type: ignore[arg-type]


# ---------------------------------------------------------------- days


SPRING_NS = 1_774_746_000 * SECOND_NS
"""2026-03-29, one in the morning of UTC: two becomes three in Berlin."""
AUTUMN_NS = 1_792_890_000 * SECOND_NS
"""2026-10-25, one in the morning of UTC: three becomes two."""


@pytest.mark.parametrize(("change_ns", "before_s", "after_s", "hours"), [(SPRING_NS, 3600, 7200, 23), (AUTUMN_NS, 7200, 3600, 25)])
def test_a_day_on_which_clocks_change_is_as_long_as_it_was(empty, change_ns, before_s, after_s, hours):
    """The change is in the small hours, so it is the day before that it makes shorter or longer. It was worn for all of three days."""
    begin_ns = change_ns - 2 * DAY_NS
    with empty.store.transaction() as write:
        write.put_recording(ADA, RecordingRow(begin_ns, tz="Europe/Berlin"))
        write.put_utc_offsets(ADA, [UtcOffset(begin_ns, before_s, "Europe/Berlin"), UtcOffset(change_ns, after_s, "Europe/Berlin")])
        write.put_grid(ADA, ANALYSIS, rows(4 * DAY_NS // GRID_NS, start_ns=begin_ns))
    empty.now_ns = change_ns + DAY_NS + 12 * HOUR_NS
    with empty.store.transaction() as write:
        write.put_event(event(1, t_ns=change_ns + MINUTE_NS))
    days = empty.desk.days("ada", 4)
    lengths = [(day.to_ms - day.from_ms) / 3_600_000 for day in days]
    assert lengths == [24, hours, 24, 24] and [day.worn_h for day in days][1:3] == [hours, 24]
    assert all(one.to_ms == other.from_ms for one, other in itertools.pairwise(days)), "no hour belongs to two days or to none"
    assert [len(day.tags) for day in days] == [0, 1, 0, 0]
    assert len(days[1].z) == hours * 15 and None not in days[1].z


def test_a_tag_in_the_last_hour_of_a_day_of_25_is_of_today(empty):
    empty.now_ns = AUTUMN_NS + HOUR_NS
    with empty.store.transaction() as write:
        write.put_event(event(1, t_ns=AUTUMN_NS + 110 * MINUTE_NS))
    assert [len(day.tags) for day in empty.desk.days("ada", 1)] == [1]


def test_the_small_hours_belong_to_the_day_before():
    assert day_start(T0, 0) == T0 - 5 * HOUR_NS and day_start(T0 - 5 * HOUR_NS - 1, 0) == T0 - 29 * HOUR_NS


def test_a_wearer_without_a_recording_has_the_days_of_the_settings(empty):
    assert empty.desk.status("ada").offset_s == 3600
    assert replace(empty.desk, tz="Asia/Tokyo").status("ada").offset_s == 9 * 3600


def test_a_wearer_on_a_journey_has_the_hours_of_where_the_recording_was(empty):
    wore(empty.store, ADA, rows(720), offset_s=-5 * 3600)
    empty.now_ns = T0 + HOUR_NS
    assert empty.desk.status("ada").offset_s == -5 * 3600
    empty.now_ns = T0 + 10 * DAY_NS
    with empty.store.transaction() as write:
        write.put_recording(ADA, RecordingRow(T0, T0 + HOUR_NS))
    assert empty.desk.status("ada").offset_s == 3600


def test_a_day_at_a_glance(house):
    noticed(house, episode("e1", T0 + 10 * MINUTE_NS), episode("e2", T0 + 30 * MINUTE_NS), episode("e3", T0 + 40 * MINUTE_NS, kind="slowing"))
    with house.store.transaction() as write:
        write.put_event(event(1))
        write.put_event(event(2, person="ben"))
        write.put_rating(Rating(uuid(3), "ada", T0, "belonging", 4, T0))
        write.put_rating(Rating(uuid(4), "ada", T0 + HOUR_NS, "belonging", 6, T0))
        write.put_rating(Rating(uuid(5), "ada", T0 + HOUR_NS, "belonging", 9, T0, prompt_id="p1"))
    yesterday, today = house.desk.days("ada", 2)
    assert (today.day, today.worn_h, today.usable_h, today.moments, today.belonging, today.tags) == ("2026-03-02", 1.83, 1.83, 2, 6, [(T0 // MS, "conflict")])
    assert (yesterday.day, yesterday.worn_h, yesterday.belonging, yesterday.tags) == ("2026-03-01", 0, None, [])
    assert set(today.z) == {None, 0.2} and set(yesterday.z) == {None}


def test_a_day_that_was_read_before_is_read_again_when_something_came_to_it(house, monkeypatch):
    first = house.desk.days("ada", 2)
    reads: list[int] = []
    unread = house.desk._rows
    monkeypatch.setattr(type(house.desk), "_rows", lambda self, person, a, b: (reads.append(a), unread(person, a, b))[1])
    assert house.desk.days("ada", 2) == first and reads == []
    house.store.compact(T0 + HOUR_NS)
    assert house.desk.days("ada", 2) == first and reads == [], "closed hours say the same"
    wore(house.store, Unit("ada", "strap", "rec7", "B"), rows(720, start_ns=T0 - DAY_NS))
    later = house.desk.days("ada", 2)
    assert [day.worn_h for day in later] == [1.0, 1.83] and len(reads) == 1
    with house.store.transaction() as write:
        write.set_current_analysis("ada", "a2")
    assert [day.worn_h for day in house.desk.days("ada", 2)] == [0, 0]


def test_no_more_days_are_remembered_than_fit(house, monkeypatch):
    monkeypatch.setattr(desk_of, "MOST_READ", 3)
    house.desk.days("ada", 10)
    assert len(house.desk._read) <= 3


def test_a_life_that_is_being_made_up_for_says_how_far_it_is(house):
    assert house.desk.status("ada").lived is None
    assert replace(house.desk, lived=lambda: 0.42).status("ada").lived == 0.42


def test_what_was_chosen_last_holds_though_the_clock_stands_before_what_it_replaces(house):
    house.desk.choose("ada", {"consent_notes": "yes"})
    house.now_ns = T0 - 30 * DAY_NS
    assert house.desk.choose("ada", {"consent_notes": "no"})["consent_notes"] == "no"
    house.now_ns = T0 + DAY_NS
    assert house.desk.choices("ada")["consent_notes"] == "no"


def test_a_page_knows_when_clocks_were_changed(empty):
    empty.now_ns = 1_775_000_000 * SECOND_NS  # 31 March 2026, two days after summer time began in Berlin
    first, second = empty.desk.status("ada").offsets
    assert (first[1], second) == (3600, (1_774_746_000_000, 7200))


def test_a_small_days_line_leaves_out_what_was_not_heard_well():
    grid = rows(96, hr_q=np.where(np.arange(96) < 48, 9_500, 100))
    assert overview(grid, T0, T0 + 12 * MINUTE_NS).z == [0.2, None, None]


def test_a_small_days_line_says_what_of_it_was_judged():
    grid = rows(96, gate=np.where(np.arange(96) < 48, Gate.STILL, Gate.MOVING))
    line = overview(grid, T0, T0 + 8 * MINUTE_NS)
    assert line.z == [0.2, 0.2] and line.judged == [True, False]


def test_a_minute_is_the_mean_of_what_is_known_of_it():
    z = np.tile([1000, 3000, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN], 2)
    z[12:] = UNKNOWN
    assert mean_of_each(rows(24, z=z), MINUTE_NS) == [0.2, None]
    assert mean_of_each(rows(0), MINUTE_NS) == []


def test_what_was_said_of_a_moment_stays_beside_it_and_may_be_said_otherwise(house):
    noticed(house, episode("e1", T0 + 20 * MINUTE_NS))
    for k, word in enumerate(("moving", "moving", "nothing")):
        house.desk.answer(Answer("episode/e1", "ada", word, T0 + HOUR_NS + k))
    (moment,) = house.desk.episodes("ada", T0, T0 + 2 * HOUR_NS).episodes
    assert moment.said == "nothing"
    assert len(house.store.answers_to("episode/e1")) == 2
    with pytest.raises(Missing):
        house.desk.answer(Answer("episode/e1", "ben", "moving", T0 + HOUR_NS))


# ---------------------------------------------------------------- how things are


def test_the_page_says_what_the_strap_does_and_what_today_has_been(house):
    with house.store.transaction() as write:
        write.put_device_status(ADA, DeviceStatus(T0, {"state": "streaming", "reason": ""}))
        write.put_device_status(ADA, DeviceStatus(T0 + 1, {"battery_pct": 86, "model": "H10"}))
        write.put_counts(ADA, {T0: (3605, {"not_a_number": 5})})
    with house.store.engine_lock("ada", "strap"):
        told = house.desk.status("ada")
    assert told.device is not None
    assert (told.device.id, told.device.name, told.device.tier, told.device.state, told.device.battery, told.device.signal) == (
        ("strap", "H10", "B", State.STREAMING.value, 86, "good")
    )  # fmt: skip
    assert told.today.worn_s == 6600 and told.today.gap_s == 605 and told.today.beats_received == 6600 + 5 and told.today.beats_flagged == 0
    assert (told.person, told.day_from_ms, told.now_ms) == ("ada", (T0 - 6 * HOUR_NS) // MS, house.now_ns // MS)


def test_a_recording_that_is_lived_again_counts_as_heard_while_values_come(house):
    told = house.desk.status("ada").device
    assert told is not None and (told.id, told.state, told.since_ms, told.battery) == ("strap", State.STREAMING.value, None, None)
    house.now_ns += HOUR_NS
    told = house.desk.status("ada").device
    assert told is not None and (told.state, told.signal) == (State.STOPPED.value, "none")


@pytest.mark.parametrize(("hr_q", "signal"), [(9_500, "good"), (3_000, "weak")])
def test_the_signal_is_that_of_the_last_two_minutes(hr_q, signal):
    grid = rows(24, hr_q=hr_q)
    now_ns = int(grid.stop_ns[-1])
    assert signal_of(grid, now_ns) == signal and signal_of(grid, now_ns + 3 * MINUTE_NS) == "none"


@pytest.mark.parametrize(("maturity", "baseline", "word"), [(0, 0, "none"), (40, 0, "session"), (75, 0, "learning"), (100, 0, "full")])
def test_how_well_the_usual_is_known_is_said(empty, maturity, baseline, word):
    wore(empty.store, ADA, rows(720, maturity=maturity, baseline=baseline))
    assert empty.desk.status("ada").stage.maturity == word


def test_before_anything_is_recorded_today_the_usual_is_as_known_as_it_was_last(house):
    house.now_ns = T0 + 3 * DAY_NS
    told = house.desk.status("ada")
    assert (told.today.worn_s, told.stage.maturity) == (0, "full")


# ---------------------------------------------------------------- what is said


def test_two_devices_that_send_one_tag_at_once_make_one(house, monkeypatch):
    """The second looked before the first had written."""
    assert house.desk.tag(event(1)) is True
    there = house.store.event_history(uuid(1))
    looked = [[]]
    monkeypatch.setattr(house.store, "event_history", lambda id: looked.pop(0) if looked else there)
    house.desk.tag(event(1))
    assert len(house.store.every_event("ada")) == 1
    looked.append([])
    with pytest.raises(Conflict):
        house.desk.tag(event(1, kind="support"))
    looked.append([])
    with pytest.raises(Taken):
        house.desk.tag(event(1, person="ben"))


def test_of_two_edits_at_once_the_second_is_shown_the_first(house, monkeypatch):
    house.desk.tag(event(1))
    before = house.store.event_history(uuid(1))
    house.desk.edit("ada", uuid(1), 1, T0, {"distress": 7})
    monkeypatch.setattr(house.store, "event_history", lambda id: before)
    with pytest.raises(Conflict) as conflict:
        house.desk.edit("ada", uuid(1), 1, T0, {"distress": 3})
    assert conflict.value.current.distress == 7


def test_who_edits_what_is_not_theirs_finds_nothing(house):
    house.desk.tag(event(1))
    for person, id in (("ben", uuid(1)), ("ada", uuid(2))):
        with pytest.raises(Missing):
            house.desk.edit(person, id, 1, T0, {"distress": 3})
        assert house.desk.event(person, id) is None
    with pytest.raises(Missing):
        house.desk.answer(Answer("p1", "ada", "not_now", T0))


def test_a_tag_ends_after_it_began_whatever_was_edited(house):
    house.desk.tag(event(1, t_end_ns=T0 + MINUTE_NS))
    with pytest.raises(UsageError):
        house.desk.edit("ada", uuid(1), 1, T0, {"t_ns": T0 + HOUR_NS})


def test_a_number_under_another_persons_id_is_refused_and_theirs_stays(house):
    house.desk.rate(Rating(uuid(1), "ada", T0, "belonging", 4, T0))
    with pytest.raises(Taken):
        house.desk.rate(Rating(uuid(1), "ben", T0, "belonging", 9, T0))
    assert [(each.person, each.value) for each in house.store.ratings("ada")] == [("ada", 4)] and house.store.ratings("ben") == []


def test_a_tag_is_linked_at_once_where_nobody_records(house):
    noticed(house, episode("e1", T0 + 10 * MINUTE_NS))
    house.desk.tag(event(1, t_ns=T0 + 11 * MINUTE_NS))
    assert {link.event_id for link in house.store.links("ada")} == {uuid(1)}


def test_where_somebody_records_the_recorder_links(house):
    noticed(house, episode("e1", T0 + 10 * MINUTE_NS))
    with house.store.engine_lock("ada", "strap"):
        house.desk.tag(event(1, t_ns=T0 + 11 * MINUTE_NS))
    assert house.store.links("ada") == []


def test_a_choice_that_is_made_twice_is_written_once(house):
    house.desk.choose("ada", {"theme": "dark"})
    change = house.store.change
    assert house.desk.choose("ada", {"theme": "dark"})["theme"] == "dark" and house.store.change == change
    assert house.desk.choose("ada", {"theme": "light"})["theme"] == house.desk.choices("ada")["theme"] == "light"


# ---------------------------------------------------------------- what happens


POINT = rows(3, z=12_000)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (Final("ada", "strap", POINT), "now"),
        (Provisional("ada", "strap", POINT, T0), "now"),
        (Provisional("ada", "strap", rows(0), T0), None),
        (Final("ada", "strap", episode("e1", T0)), "changed"),
        (Final("ada", "strap", Gap(Stream.RR, T0, T0 + 1, "silence")), None),
        (Changed(7, "ada"), "changed"),
        (Changed(7), "changed"),
        (Prompted("ada"), "prompt"),
        (Link("ada", "strap", "streaming", "connected", "", "", T0), "link"),
        (Setback("ada", "strap", "what", "next"), None),
        (Heard("ada", "strap", "B", T0, (1024,)), None),
        (Status(12), "overflow"),
    ],
)
def test_each_message_reaches_its_own_person_alone(message, name):
    assert [told.name for told in told_of(message, "ada", T0)] == ([name] if name else [])
    shared = isinstance(message, Status) or (isinstance(message, Changed) and not message.person)
    assert bool(list(told_of(message, "ben", T0))) == shared


def test_the_newest_point_is_told_with_when_it_was_heard():
    [told] = told_of(Provisional("ada", "strap", POINT, T0 + 1_500 * MS), "ada", T0)
    assert told.data == {
        "t_ms": (T0 + 15 * SECOND_NS) // MS, "z": 1.2, "se": 0.4, "gate": "still", "ok": True, "hr": 72.0, "quality": 0.95,
        "device": "strap", "final": False, "sent_ms": T0 // MS + 1500,
    }  # fmt: skip


def test_a_prompt_is_told_without_a_word_of_why_or_what(house):
    [told] = told_of(Prompted("ada"), "ada", T0)
    assert told.data == {}


def test_who_reads_too_slowly_is_told_how_much_was_lost_and_hears_the_newest(house):
    async def told() -> list[str]:
        stream = house.desk.stream("ada", after=None)
        house.hub.publish(Changed(1, "ada"))
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        for change in range(2, 402):
            house.hub.publish(Changed(change, "ada"))
        heard = [await first] + [await anext(stream) for _ in range(200)]
        await stream.aclose()
        lost = [each.data["n"] for each in heard if each.name == "overflow"]
        assert len(lost) == 1 and 400 - 258 <= lost[0] <= 400 - 254
        return [each.name for each in heard]

    assert set(asyncio.run(told())) == {"changed", "overflow"}


def test_a_page_on_which_nothing_happens_hears_that_it_is_not_forgotten_even_while_others_are_told_of(house, monkeypatch):
    monkeypatch.setattr(desk_of, "ALIVE_S", 0.1)

    async def told() -> None:
        async def bens() -> None:
            while True:
                house.hub.publish(Changed(1, "ben"))
                await asyncio.sleep(0.01)

        busy = asyncio.ensure_future(bens())
        stream = house.desk.stream("ada", after=None)
        async with asyncio.timeout(3):
            assert [(await anext(stream)).name for _ in range(3)] == ["alive"] * 3
        busy.cancel()
        await stream.aclose()
        await asyncio.sleep(0)

    asyncio.run(told())


def test_a_stream_that_is_left_is_forgotten(house):
    async def told() -> None:
        stream = house.desk.stream("ada", after=0)
        assert (await anext(stream)).change == house.store.change and house.hub.watched
        await stream.aclose()
        await asyncio.sleep(0)
        assert not house.hub.watched and len(asyncio.all_tasks()) == 1

    asyncio.run(told())


def test_a_pace_can_be_breathed_along_with_beats_as_they_are_heard(house):
    async def told() -> None:
        stream = house.desk.breath("ada", 6.0, None, None, house.now_ns)
        beat = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.1)
        house.hub.publish(Heard("ben", "watch", "D", house.now_ns, (900,)))
        house.hub.publish(Heard("ada", "strap", "B", house.now_ns, (1024,)))
        async with asyncio.timeout(3):
            told = await beat
        assert told.name == "beat" and "900" not in str(told.data)
        await stream.aclose()

    asyncio.run(told())


# ---------------------------------------------------------------- arithmetic


def test_fixed_point_becomes_numbers():
    assert numbers(rows(3, z=[12_345, UNKNOWN, 0]), "z") == [1.2345, None, 0.0]


def test_the_last_row_of_each_step_is_picked():
    stops = np.array([5, 10, 15, 20, 60, 65]) * SECOND_NS
    assert last_of_each(stops, 20 * SECOND_NS).tolist() == [3, 4, 5]
    assert last_of_each(np.zeros(0, np.int64), SECOND_NS).tolist() == []


def test_the_page_says_for_how_long_the_rhythm_was_limited_and_whether_it_is_now(empty):
    wore(empty.store, ADA, rows(200, hrv_reason=HRV_REASONS.code("irregular")))
    empty.now_ns = T0 + 200 * GRID_NS
    assert empty.desk.status("ada").today.rhythm_now
    with empty.store.transaction() as write:
        write.put_grid(ADA, ANALYSIS, rows(40, start_ns=T0 + 200 * GRID_NS))
    empty.now_ns = T0 + 240 * GRID_NS
    today = empty.desk.status("ada").today
    assert today.rhythm_s == 1000 and not today.rhythm_now
