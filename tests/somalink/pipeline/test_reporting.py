"""Findings from a store: they follow what is said, stand while nothing changes, and are silent where they must be. On a client whose truth is known."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from clients import Client, client_store

from dashboards.report.model import Report
from somalink.domain.catalogue import AROUSAL, VERDICTS
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import DAY_NS, MINUTE_NS
from somalink.domain.types import Event, Prompt, Setting, UtcOffset
from somalink.pipeline.reporting import refresh, report_of
from somalink.storage import LocalStore

CONSTANTS = Constants()
DAYS = 35


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Client]:
    """Six weeks of somebody who reacts to conflict and criticism, and is sure of the minute; once reported."""
    file = tmp_path_factory.mktemp("lived") / "steady.db"
    with client_store("steady", file, days=DAYS, certainties={60: 1.0}) as (store, client):
        report_of(store, client.person, client.first_day, client.last_day, constants=CONSTANTS)
    return file, client


@pytest.fixture
def here(lived: tuple[Path, Client], tmp_path: Path) -> Iterator[tuple[LocalStore, Client]]:
    file, client = lived
    with LocalStore.open(file) as original:
        original.copy_to(tmp_path / "copy.db")
    with LocalStore.open(tmp_path / "copy.db") as store:
        yield store, client


def asked(store: LocalStore, client: Client, **said: object) -> Report:
    return report_of(store, client.person, client.first_day, client.last_day, constants=CONSTANTS, **said)  # type: ignore[arg-type]


def by_kind(report: Report) -> dict[str, str]:
    return {group.word: group.finding.verdict for group in report.kinds}


def test_what_really_moves_the_body_is_told_and_what_does_not_is_not(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    found = {group.word: group.finding for group in asked(store, client).kinds}
    assert found["conflict"].verdict == found["criticism"].verdict == "higher"
    assert found["connection"].verdict == "not_told_apart"
    for kind in ("conflict", "criticism"):
        low, high = found[kind].low, found[kind].high
        assert low is not None and high is not None
        assert low - 0.2 <= client.true_dz10(kind) <= high + 0.2
    assert all(finding.verdict in VERDICTS for finding in store.findings(client.person))


def test_asked_again_it_says_the_same_and_writes_nothing(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    first, change = asked(store, client), store.change
    assert asked(store, client) == first
    assert store.change == change


def test_a_fresh_store_says_the_same_as_one_that_remembers(here: tuple[LocalStore, Client], tmp_path: Path) -> None:
    store, client = here
    store._database.run("DELETE FROM keepsakes")
    store._database.run("DELETE FROM controls")
    before = store.findings(client.person)
    asked(store, client)
    assert store.findings(client.person) == before


def test_a_deleted_tag_takes_its_matched_moments_along_and_the_findings_follow(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    counted = next(moment for moment in asked(store, client).moments if moment.standing == "counted" and moment.kind == "conflict")
    before = next(group.counted for group in asked(store, client).kinds if group.word == "conflict")
    event = store.event(counted.event_id)
    assert event is not None
    with store.transaction() as write:
        write.put_event(replace(event, revision=event.revision + 1, deleted=True))
    after = asked(store, client)
    assert next(group.counted for group in after.kinds if group.word == "conflict") <= before - 1 + 2  # others' matched moments may be freed
    assert counted.event_id not in {moment.event_id for moment in after.moments}
    assert store.controls(client.person, counted.event_id) == []


def test_an_edited_tag_moves_to_its_other_kind(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    moment = next(moment for moment in asked(store, client).moments if moment.kind == "conflict")
    event = store.event(moment.event_id)
    assert event is not None
    with store.transaction() as write:
        write.put_event(replace(event, revision=event.revision + 1, kind="boundary"))
    assert {m.event_id: m.kind for m in asked(store, client).moments}[moment.event_id] == "boundary"


def test_a_tag_outside_any_recording_and_contradictory_ones_are_listed_and_not_counted(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    counted = next(moment for moment in asked(store, client).moments if moment.standing == "counted")
    at_ns = counted.t_ns + 2 * MINUTE_NS
    other = "support" if counted.kind != "support" else "conflict"
    nowhere = client.start_ns - DAY_NS // 2
    with store.transaction() as write:
        write.put_event(Event("against", client.person, other, at_ns, at_ns, at_ns, blind=True))
        write.put_event(Event("nowhere", client.person, "conflict", nowhere, nowhere, nowhere, blind=True))
    first = client.first_day - timedelta(days=1)
    report = report_of(store, client.person, first, client.last_day, constants=CONSTANTS)
    standing = {moment.event_id: moment.standing for moment in report.moments}
    assert standing["against"] == standing[counted.event_id] == "overlapping"
    assert standing["nowhere"] == "outside"
    assert report.coverage.outside >= 1


def test_every_moment_is_listed_once_and_the_counts_add_up(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    cover = (report := asked(store, client)).coverage
    assert cover.tagged == len(report.moments) == len({moment.event_id for moment in report.moments})
    assert cover.tagged == sum(getattr(cover, name) for name in ("counted", "not_blind", "asked", "no_signal", "overlapping", "outside", "unmatched"))
    assert cover.counted == sum(group.counted for group in report.kinds)
    assert cover.days == len(report.days) == DAYS


def test_matched_with_what_has_an_answer(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    moment = next(moment for moment in asked(store, client).moments if moment.standing == "counted")
    assert [match.t_ns for match in moment.matches] == [control.t_ns for control in store.controls(client.person, moment.event_id)]
    assert all(match.when[:10] != moment.when[:10] for match in moment.matches)


def test_notes_and_the_words_of_steps_stay_where_they_are_unless_asked_for(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    event = replace(store.events(client.person)[0], note="a private word")
    with store.transaction() as write:
        write.put_event(replace(event, revision=event.revision + 1))
    assert "a private word" not in json.dumps(asdict(asked(store, client)))
    assert all(step.text == "" for step in asked(store, client).steps)
    assert "a private word" in json.dumps(asdict(asked(store, client, notes=True)))


def test_nothing_is_compared_across_a_change_of_medicine(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    middle = (client.start_ns + client.stop_ns) // 2
    with store.transaction() as write:
        write.put_profile(Setting(client.person, "medication_change", "yes", middle))
    report = asked(store, client)
    assert report.level.finding.reason == "medication_change"
    assert all(trend.effect is None for trend in report.trends)


def test_a_person_with_nothing_has_a_report_that_says_so(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "empty.db") as store:
        with store.transaction() as write:
            write.put_setting(Setting("ann", "theme", "dark", 1))
        report = report_of(store, "ann", date(2026, 3, 1), date(2026, 3, 28), constants=CONSTANTS)
    assert report.coverage.worn_h == report.coverage.tagged == 0
    assert report.kinds == report.moments == report.trends == ()
    assert report.maturity == "begun"
    assert {report.level.finding.verdict, report.settling.finding.verdict, report.offers.finding.verdict} <= {"too_few", "listed_only"}


def test_refresh_brings_every_span_up_to_date_that_was_ever_asked_about(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    span = store.findings(client.person)[0].span
    moment = asked(store, client).moments[0]
    event = store.event(moment.event_id)
    assert event is not None
    with store.transaction() as write:
        write.put_event(replace(event, revision=event.revision + 1, deleted=True))
    tagged = {finding.scope: finding.n_tagged for finding in store.findings(client.person, span) if finding.metric == "dz10"}
    refresh(store, client.person, constants=CONSTANTS, tz="UTC", now_ns=client.stop_ns)
    again = {finding.scope: finding.n_tagged for finding in store.findings(client.person, span) if finding.metric == "dz10"}
    scope = f"kind:{moment.kind}"
    assert again.get(scope, 0) == tagged[scope] - 1


def test_progress_goes_to_the_end(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    told: list[float] = []
    asked(store, client, told=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_an_edit_does_not_make_an_asked_moment_a_free_one_nor_a_tag_late(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    moment = next(moment for moment in asked(store, client).moments if moment.standing == "counted")
    event = store.event(moment.event_id)
    assert event is not None
    made = min(row.made_at_ns for row in store.event_history(event.id))
    prompt = Prompt("p-asked", client.person, made - 2 * MINUTE_NS, AROUSAL, "", True, "", "offer", 0.6, "s", made - MINUTE_NS, "tag", made - MINUTE_NS)
    edited = replace(event, revision=event.revision + 1, distress=1, made_at_ns=made + 2 * DAY_NS)
    with store.transaction() as write:
        write.put_prompts([prompt])
        write.put_event(edited)
    late = asked(store, client).coverage.late
    assert {m.event_id: m.standing for m in asked(store, client).moments}[event.id] == "asked"
    with store.transaction() as write:
        write.put_event(replace(edited, revision=edited.revision + 1, made_at_ns=made))
    assert asked(store, client).coverage.late == late


def test_a_long_tag_that_was_wrong_leaves_no_trace_once_it_is_corrected(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    before = asked(store, client)
    start = client.start_ns + DAY_NS
    wrong = Event("wrong-end", client.person, "group", start, start, start, t_end_ns=client.stop_ns, blind=True)
    with store.transaction() as write:
        write.put_event(wrong)
    assert asked(store, client).coverage.counted < before.coverage.counted
    with store.transaction() as write:
        write.put_event(replace(wrong, revision=2, deleted=True))
    assert asked(store, client) == before
    assert not store._database.rows("SELECT name FROM keepsakes WHERE name = 'matched/wrong-end'")


def test_matched_moments_of_days_that_are_not_shared_count_and_are_not_shown(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    first, last = client.first_day + timedelta(days=14), client.last_day
    with store.transaction() as write:
        write.put_profile(Setting(client.person, "report_spans", f"{first}/{last}", 1))
    theirs = report_of(store, client.person, first, last, constants=CONSTANTS)
    mine = report_of(store, client.person, first, last, constants=CONSTANTS, own=True)
    assert all(match.when[:10] >= str(first) for moment in theirs.moments for match in moment.matches)
    assert sum(moment.matches_elsewhere for moment in theirs.moments) > 0
    for shown, whole in zip(theirs.moments, mine.moments, strict=True):
        assert len(shown.matches) + shown.matches_elsewhere == len(whole.matches)
    assert theirs.kinds == mine.kinds


def test_no_moment_is_matched_across_a_change_of_medicine(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    middle = (client.start_ns + client.stop_ns) // 2
    with store.transaction() as write:
        write.put_profile(Setting(client.person, "medication_change", "yes", middle))
    for moment in asked(store, client).moments:
        assert all((match.t_ns < middle) == (moment.t_ns < middle) for match in moment.matches)


def test_a_claim_stands_beside_an_interval_that_excludes_none(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    asked(store, client)
    for finding in store.findings(client.person):
        if finding.verdict in ("higher", "lower"):
            assert finding.low is not None and finding.high is not None
            assert finding.low > 0 or finding.high < 0


def test_weeks_that_roll_take_the_place_of_yesterdays(here: tuple[LocalStore, Client]) -> None:
    store, client = here
    spans = [(client.last_day - timedelta(days=28 + k), client.last_day - timedelta(days=1 + k)) for k in (1, 0)]
    for first, last in spans:
        report_of(store, client.person, first, last, constants=CONSTANTS, rolling=True)
    held = {finding.span for finding in store.findings(client.person)}
    assert held == {client.span, f"{spans[1][0]}/{spans[1][1]}"}


def test_who_flew_east_over_four_in_the_morning_has_a_report(tmp_path: Path) -> None:
    noon = 20_500 * DAY_NS + 18 * 3600 * 10**9
    unit = Unit("ann", "strap", "r")
    with LocalStore.open(tmp_path / "s.db") as store:
        with store.transaction() as write:
            write.put_utc_offsets(unit, [UtcOffset(noon - 5 * DAY_NS, -8 * 3600), UtcOffset(noon - 15 * 3600 * 10**9, 9 * 3600)])
            for k in range(-60, 60):
                t_ns = noon + k * 1800 * 10**9
                write.put_event(Event(f"e{k}", "ann", "group", t_ns, t_ns, t_ns))
        for last in range(-3, 4):
            report = report_of(store, "ann", date(2026, 2, 10), date(2026, 2, 17) + timedelta(days=last), constants=CONSTANTS)
            assert report.coverage.outside == len(report.moments)
