"""A watch by day, a strap in the evening, an hour of both: one person, one line."""

import json

import numpy as np
import pytest
from archived import CONSTANTS
from two_devices import PERSON, STRAP, TIERS, WATCH, kept, told

from dashboards.picture.model import LocalTime, day_model
from processing.findings.daily import overlay
from processing.findings.track import rows_of
from somalink.cli.words import together_json, together_lines
from somalink.domain.constants import PROMPTING
from somalink.domain.time import DAY_NS, GRID_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Grid
from somalink.pipeline.comparing import by_tier
from somalink.pipeline.holdings import holdings, together
from somalink.pipeline.pictures import facts_of
from somalink.pipeline.reporting import report_of
from somalink.pipeline.timeline import Speaking, days_of, stretches, tiers_of, timeline
from somalink.pipeline.tracks import tracks
from somalink.pipeline.why import why_at
from somalink.storage.coverage import usable
from somalink.storage.local import EVER


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return told(tmp_path_factory.mktemp("life"))


@pytest.fixture(scope="module")
def store(tmp_path_factory, recordings):
    with kept(tmp_path_factory.mktemp("store") / "both.db", recordings, (WATCH, STRAP)) as opened:
        yield opened


@pytest.fixture(scope="module")
def line(store):
    first, last = days_of(store, PERSON)[0][0], days_of(store, PERSON)[-1][1]
    return timeline(store, PERSON, first, last)


@pytest.fixture(scope="module")
def both_ns(recordings):
    """The hour in which both are worn."""
    return recordings[STRAP].start_ns, recordings[WATCH].end_ns


def test_every_moment_is_there_once_and_is_one_of_the_devices_own(store, line):
    assert (np.diff(line.rows.stop_ns) >= GRID_NS).all()
    own = {device: store.grid(PERSON, device, *EVER) for device in TIERS}
    assert set(line.rows.stop_ns.tolist()) == {stop for grid in own.values() for stop in grid.stop_ns.tolist()}
    for k, device in enumerate(line.devices):
        mine = line.rows.take(line.of == k)
        there = own[device].take(np.isin(own[device].stop_ns, mine.stop_ns))
        assert all(np.array_equal(mine.arrays()[name], column) for name, column in there.arrays().items())


def test_the_watch_speaks_by_day_and_the_strap_from_its_first_minutes_on(store, line, both_ns, recordings):
    parts = stretches(store, PERSON)
    assert parts == line.stretches()
    assert (parts[0].device, parts[-1].device) == (WATCH, STRAP)
    first = next(each for each in parts if each.device == STRAP)
    assert 0 < first.start_ns - both_ns[0] <= 2 * MINUTE_NS
    spoke = {device: sum(each.stop_ns - each.start_ns for each in parts if each.device == device and each.stop_ns > both_ns[0] and each.start_ns < both_ns[1])
             for device in TIERS}  # fmt: skip
    assert spoke[STRAP] > 0.9 * HOUR_NS
    assert {each.device for each in parts if each.start_ns < both_ns[0]} == {WATCH}


def test_nothing_is_counted_twice(store, line):
    whole, apart = together(store, PERSON, CONSTANTS), holdings(store, PERSON, CONSTANTS)
    assert whole.usable_s == int(np.count_nonzero(usable(line.rows))) * GRID_NS // SECOND_NS == sum(whole.led_s.values())
    assert sum(each.usable_s for each in apart) - whole.usable_s > 0.3 * 3600
    spikes = [found for found in store.device_episodes(PERSON) if found.episode.kind == "spike"]
    assert sum(each.spikes for each in apart) == len(spikes)
    assert whole.spikes == sum(found.lead is True for found in spikes)
    assert whole.chance_s == pytest.approx(whole.usable_s, rel=0.02)
    assert whole.speaks == STRAP


def test_an_episode_counts_where_its_device_speaks_and_links_know_no_other(store, line):
    found = store.device_episodes(PERSON)
    assert found and {each.unit.device for each in found} == set(TIERS)
    assert all(line.speaker(each.episode.start_ns) == each.unit.device for each in found if each.lead)
    led = {each.episode.id for each in found if each.lead}
    silent = [each for each in found if each.episode.kind == "spike" and not each.lead]
    assert silent and any(abs(each.episode.start_ns - event.t_ns) < 10 * MINUTE_NS for each in silent for event in store.events(PERSON))
    assert {link.episode_id for link in store.links(PERSON)} - {""} <= led
    assert store.links(PERSON), "somebody tagged something that day"


def test_a_row_is_read_against_the_usual_of_its_own_kind_of_device(store, line):
    numbers = {tier: {each.baseline.number for each in store.tier_baselines(PERSON) if each.tier == tier} for tier in TIERS.values()}
    assert all(numbers.values()) and not numbers["B"] & numbers["D"]
    for k, device in enumerate(line.devices):
        used = set(line.rows.baseline[(line.of == k) & (line.rows.z != UNKNOWN)].tolist())
        assert used and used <= numbers[TIERS[device]]
    assert (line.rows.ln_rmssd[line.of == line.devices.index(WATCH)] == UNKNOWN).all(), "a watch knows no beats, so there is nothing to pool"


def test_weeks_are_made_of_the_same_line(store, line):
    first, last = line.rows.stop_ns[[0, -1]].tolist()
    lead = overlay(by_tier(store, PERSON, tracks(store, PERSON, first, last, CONSTANTS)))
    alone = rows_of(line.rows, lead.first_ns, len(lead.rows), CONSTANTS, least_c=PROMPTING.grade_b)
    assert all(np.array_equal(getattr(lead.rows, name), getattr(alone, name)) for name in ("z", "gate", "still", "motion", "hr", "graded", "usual"))


def test_a_picture_draws_the_line_and_says_whose_it_is(store, line, both_ns):
    day = LocalTime(tuple(store.utc_offsets(PERSON))).day_of(both_ns[0])
    model = day_model(store, PERSON, day, facts_of(store, PERSON))
    assert set(model.device_s) == set(TIERS)
    assert sum(model.device_s.values()) == int(np.count_nonzero(line.rows.hr != UNKNOWN)) * 5
    silent = {each.episode.id for each in store.device_episodes(PERSON) if not each.lead}
    assert not silent & {each.episode.id for moment in model.moments for each in moment.whole}


def test_why_answers_for_the_device_that_speaks_and_names_the_other(store, both_ns):
    asked = why_at(store, PERSON, both_ns[0] + 30 * MINUTE_NS, CONSTANTS)
    assert (asked.device, asked.beside) == (STRAP, (WATCH,))
    before = why_at(store, PERSON, both_ns[0] - 30 * MINUTE_NS, CONSTANTS)
    assert (before.device, before.beside) == (WATCH, ())


def test_status_says_who_speaks_and_how_long_each_did(store):
    whole = together(store, PERSON, CONSTANTS)
    said = "\n".join(together_lines(whole))
    assert "strap speaks at its end" in said and "counted once: " in said and "watch" in said
    assert json.loads(json.dumps(together_json(whole)))["led_s"] == dict(whole.led_s)


def test_whoever_was_imported_first_the_line_the_links_and_who_leads_are_the_same(tmp_path, recordings, store, line):
    with kept(tmp_path / "other.db", recordings, (STRAP, WATCH), at_once=True) as other:
        again = timeline(other, PERSON, int(line.rows.stop_ns[0]), int(line.rows.stop_ns[-1]) + 1)
        assert again.stretches() == line.stretches()
        assert all(np.array_equal(again.rows.arrays()[name], column) for name, column in line.rows.arrays().items())
        assert [(e.episode, e.lead) for e in other.device_episodes(PERSON)] == [(e.episode, e.lead) for e in store.device_episodes(PERSON)]
        assert other.links(PERSON) == store.links(PERSON)
        assert other.event_metrics(PERSON) == store.event_metrics(PERSON)
        assert tiers_of(other, PERSON) == tiers_of(store, PERSON) == TIERS
        led = {each.episode.id for each in other.device_episodes(PERSON) if each.lead}
        assert {row.episode_id for row in other.prompts(PERSON)} - {""} <= led, "what both knew when it was decided is decided for the one that leads"


def test_a_person_with_one_device_has_no_one_else_to_speak(tmp_path, recordings):
    with kept(tmp_path / "one.db", recordings, (WATCH,)) as alone:
        assert together(alone, PERSON, CONSTANTS) is None
        assert {each.device for each in stretches(alone, PERSON)} == {WATCH}
        assert timeline(alone, PERSON, *EVER).devices == (WATCH,)
        assert timeline(alone, "nobody", *EVER).stretches() == []


@pytest.mark.slow
def test_a_report_counts_the_hours_of_the_line_and_names_who_spoke_in_them(store, line, both_ns):
    day = LocalTime(tuple(store.utc_offsets(PERSON))).day_of(both_ns[0])
    made = report_of(store, PERSON, day, day, constants=CONSTANTS, lang="en", notes=False, tz="Europe/Berlin")
    assert set(made.coverage.devices) == set(TIERS.items())
    assert made.coverage.usable_h == pytest.approx(np.count_nonzero(usable(line.rows)) * GRID_NS / HOUR_NS, abs=0.01)
    led = [each for each in store.device_episodes(PERSON) if each.lead and each.episode.kind == "spike" and each.episode.state == "final"]
    assert made.coverage.worn_h < 6.5 and len(led) < sum(each.episode.kind == "spike" for each in store.device_episodes(PERSON))


# ---------------------------------------------------------------- just now


def points(count, quality, *, until_ns):
    table = {name: np.zeros(count, np.int64) for name in Grid.empty().arrays()}
    return Grid(**{**table, "stop_ns": until_ns - GRID_NS * np.arange(count - 1, -1, -1), "hr_q": np.full(count, quality), "hr": np.full(count, 60_000)})


def test_while_both_are_heard_the_better_minute_is_shown_though_the_other_told_last():
    speaking = Speaking(lambda: TIERS)
    now_ns = DAY_NS
    assert speaking.speaks(WATCH, points(12, 6000, until_ns=now_ns - 2 * GRID_NS)), "nobody else was heard"
    assert speaking.speaks(STRAP, points(12, 9500, until_ns=now_ns))
    assert not speaking.speaks(WATCH, points(1, 6000, until_ns=now_ns - GRID_NS))
    assert not speaking.speaks(WATCH, points(1, 6000, until_ns=now_ns + GRID_NS)), "the strap has only not told of that moment yet"
    assert speaking.speaks(STRAP, points(2, 9500, until_ns=now_ns + GRID_NS))


def test_who_has_not_been_heard_for_a_minute_speaks_no_more():
    speaking = Speaking(lambda: TIERS)
    speaking.speaks(STRAP, points(12, 9500, until_ns=DAY_NS))
    assert not speaking.speaks(WATCH, points(12, 6000, until_ns=DAY_NS))
    assert speaking.speaks(WATCH, points(12, 6000, until_ns=DAY_NS + MINUTE_NS))
