"""Whoever asks why gets the rule that decided, with the numbers it decided on."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from somalink.domain.catalogue import HR_REASONS, PHASIC_REASONS, Z_REASONS
from somalink.domain.constants import Constants
from somalink.domain.identity import Unit
from somalink.domain.time import GRID_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import UNKNOWN, Baseline, Candidate, Episode, Event, Gap, Gate, Grid, Link, Prompt, Stream
from somalink.pipeline.why import why_at, why_event
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow

T0 = 492_000 * HOUR_NS
UNIT = Unit("ann", "strap", "r1", "A")
USUAL = Baseline(
    1, "personal", T0 - HOUR_NS, (0,) * 8, ((0,) * 8,) * 8, 5_000_000, 3_000_000, 12.0, 2, None, None, {"level": 2.25, "phasic": 3.0}, {"level": 2.75}, {}, 0.4
)


def minute(n: float) -> int:
    return T0 + round(n * MINUTE_NS)


def rows(**stretches: tuple[float, float, int]) -> Grid:
    """An hour of sitting still at 70 bpm, z 0.2; `name=(from min, to min, value)` sets a column there."""
    n = HOUR_NS // GRID_NS
    table = {f.name: np.zeros(n, np.int64) for f in fields(Grid)}
    table |= {"stop_ns": T0 + GRID_NS * np.arange(1, n + 1), "hr": np.full(n, 70_000), "hr_q": np.full(n, 9_000), "gate": np.full(n, Gate.STILL)}
    table |= {"z": np.full(n, 2_000), "z_phasic": np.full(n, 3_000), "se": np.full(n, 2_000), "baseline": np.ones(n, np.int64)}
    table |= {"maturity": np.full(n, 70), "motion_conf": np.full(n, 100), "ln_rmssd": np.full(n, 36_889), "motion": np.full(n, 42)}
    for name, (start, stop, value) in stretches.items():
        table[name][(table["stop_ns"] > minute(start)) & (table["stop_ns"] <= minute(stop))] = value
    return Grid(**table)


def spike(start: float, stop: float | None, state: str = "final") -> Episode:
    end = None if stop is None else minute(stop)
    return Episode("e1", "spike", "phasic", minute(start), end, minute(start + 1), minute(start + 2), 4.2, 3.1, 0.9, 0.7, "still", False, 0.4, state)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with LocalStore.open(tmp_path / "s.db") as opened:
        yield opened


def lived(store: LocalStore, grid: Grid, *records: Episode | Candidate | Gap | Prompt, lead: bool = True) -> LocalStore:
    with store.transaction() as write:
        write.put_recording(UNIT, RecordingRow(T0, T0 + HOUR_NS, analysis="a"))
        write.put_baseline("ann", "A", "a", USUAL)
        write.put_grid(UNIT, "a", grid)
        write.put_episodes(UNIT, "a", [r for r in records if isinstance(r, Episode)], lead=lead)
        write.put_candidates(UNIT, "a", [r for r in records if isinstance(r, Candidate)])
        write.put_gaps(UNIT, [r for r in records if isinstance(r, Gap)])
        write.put_prompts([r for r in records if isinstance(r, Prompt)])
    return store


def asked(store: LocalStore, at: float):
    return why_at(store, "ann", minute(at), Constants())


def test_a_quiet_moment_shows_what_it_would_have_taken(store):
    why = asked(lived(store, rows()), 20)
    assert (why.answer, why.driver, why.z_on, why.no_prompt) == ("usual", "phasic", 3.0, "nothing_stood_out")
    assert why.reading is not None
    assert (why.reading.hr_bpm, why.reading.z, why.reading.gate, why.reading.motion_mg) == (70.0, 0.2, "still", 4.2)
    assert (why.reading.index, why.reading.index_from, why.reading.index_to) == (24.0, 17.4, 30.6)
    assert why.reading.rmssd_ms == pytest.approx(40.0, abs=0.01)
    assert why.reading.chance_per_h == 0.4
    assert why.stage is not None and (why.stage.name, why.stage.still_h) == ("nearly", 12.0)


def test_a_gate_is_told_with_since_when(store):
    why = asked(lived(store, rows(gate=(10, 25, Gate.MOVING))), 20)
    assert why.answer == "not_judged" and why.reading is not None
    assert (why.reading.gate, why.reading.gate_since_ns) == ("moving", minute(10))


def test_a_moment_that_stood_out_comes_with_its_ledger_row(store):
    row = Prompt("p1", "ann", minute(11), "arousal", "e1", False, "off")
    why = asked(lived(store, rows(z_phasic=(10, 15, 42_000)), spike(10, 15), row), 12)
    assert (why.answer, why.lead, why.no_prompt) == ("spike", True, "")
    assert why.episode is not None and why.prompt == row


@pytest.mark.parametrize(
    ("episode", "lead", "reason"),
    [
        (spike(10, 15), True, "not_decided"),
        (spike(10, 15), False, "other_device"),
        (spike(10, None, "open"), True, "not_settled"),
        (replace(spike(10, 15), kind="elevated", driver="level"), True, "not_a_spike"),
    ],
)
def test_a_missing_ledger_row_has_its_reason(store, episode, lead, reason):
    assert asked(lived(store, rows(), episode, lead=lead), 12).no_prompt == reason


def test_a_rise_that_did_not_count_names_its_reason_as_long_as_it_stays_up(store):
    refused = Candidate("spike", "phasic", minute(10), minute(11), "no_rise", 3.4)
    lived(store, rows(z_phasic=(10, 15, 34_000)), refused)
    assert [asked(store, at).answer for at in (9, 10.5, 14, 16)] == ["usual", "turned_down", "turned_down", "usual"]
    assert asked(store, 14).turned_down == refused


def test_a_slower_moment_that_did_not_count_is_no_rise(store):
    assert asked(lived(store, rows(), Candidate("slowing", "level", minute(10), minute(11), "lapsed", -1.4)), 10.5).answer == "usual"


@pytest.mark.parametrize(
    ("stretches", "answer"),
    [
        ({"hr": (10, 20, UNKNOWN), "hr_reason": (10, 20, HR_REASONS.code("rr_thin"))}, "no_heart_rate"),
        ({"z": (10, 20, UNKNOWN), "z_phasic": (10, 20, UNKNOWN), "phasic_reason": (10, 20, PHASIC_REASONS.code("learning")),
          "z_reason": (10, 20, Z_REASONS.code("learning"))}, "not_compared"),
        ({"hr_q": (10, 20, 4_000)}, "weak"),
        ({"z_phasic": (10, 20, 15_000)}, "high"),
    ],
)  # fmt: skip
def test_what_could_not_be_judged_says_so(store, stretches, answer):
    assert asked(lived(store, rows(**stretches)), 15).answer == answer


def test_a_hole_is_no_answer_but_says_how_long_it_was(store):
    grid = rows()
    grid = grid.take((grid.stop_ns <= minute(30)) | (grid.stop_ns > minute(40)))
    why = asked(lived(store, grid, Gap(Stream.RR, minute(30), minute(40), "silence")), 35)
    assert (why.answer, why.reading, why.no_prompt) == ("not_recorded", None, "not_recorded")
    assert why.gap is not None and why.gap.reason == "silence"
    assert why.nearest_point_ns == minute(30)


def test_a_moment_nearby_is_named(store):
    assert asked(lived(store, rows(), spike(10, 15)), 25).near == spike(10, 15)
    assert asked(store, 50).near is None


def test_a_tag_is_asked_about_with_its_links(store):
    tag = Event("t1", "ann", "criticism", minute(9), minute(30), minute(30))
    links = [Link("t1", "e1", 0.8, "linked", 60.0, 0.1, "r"), Link("t1", "", 0.2, "none", None, 0.1, "r")]
    with lived(store, rows(), spike(10, 15)).transaction() as write:
        write.put_event(tag)
        write.put_event(replace(tag, id="t2", t_ns=minute(8)))
        write.put_links("ann", "a", links, [])
    why = why_event(store, tag, Constants())
    assert why.at_ns == minute(9) and why.tag is not None
    assert (why.tag.event, list(why.tag.links)) == (tag, links)
    assert asked(store, 12).tag == why.tag


def test_somebody_without_a_recording_gets_an_answer_too(store):
    with store.transaction() as write:
        write.put_event(Event("t1", "ben", "support", minute(9), minute(9), minute(9)))
    why = why_at(store, "ben", minute(10), Constants())
    assert (why.answer, why.device, why.stage) == ("not_recorded", "", None)
    assert why.tag is not None
