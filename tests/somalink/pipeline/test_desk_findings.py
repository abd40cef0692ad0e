"""Findings at the desk: which days they are of, how long they are remembered, and what of them may leave on paper."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from house import ADA, T0, House, house_in, rows, uuid, wore
from reported import month

from dashboards.live.ports import Withheld
from dashboards.report.model import Report
from somalink.domain.time import DAY_NS, HOUR_NS, MINUTE_NS
from somalink.domain.types import Event, Rating

TODAY = date(2026, 3, 2)


@dataclass
class Making:
    """In place of what makes reports: what it was asked for."""

    asked: list[tuple[str, date, date, bool, str, str]] = field(default_factory=list)
    far: list[float | None] = field(default_factory=list)
    desk: Any = None

    def report_of(
        self, store: Any, person: str, first: date, last: date, *, constants: Any, lang: str, notes: bool, tz: str, own: bool, rolling: bool, told: Any
    ) -> Report:
        assert own == rolling
        self.asked.append((person, first, last, notes, lang, tz))
        told(0.5)
        self.far.append(self.desk.far(person) if self.desk else None)
        return month(person)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_in(tmp_path)
    with made.store:
        yield made


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    making = Making()
    for name, given in (
        ("somalink.pipeline.reporting", {"report_of": making.report_of}),
        ("dashboards.report", {"as_html": lambda report: f"<p>{report.person}</p>", "as_pdf": lambda report: b"%PDF"}),
    ):
        module = ModuleType(name)
        module.__dict__.update(given)
        monkeypatch.setitem(sys.modules, name, module)
        above, _, last = name.rpartition(".")
        monkeypatch.setattr(sys.modules[above], last, module, raising=False)
    return making


def test_weeks_end_with_the_wearers_today(house, making):
    house.desk.findings("ada", 4)
    house.desk.findings("ada", 52)
    assert making.asked == [("ada", date(2026, 2, 3), TODAY, True, "en", "Europe/Berlin"), ("ada", date(2025, 3, 4), TODAY, True, "en", "Europe/Berlin")]


def test_the_small_hours_belong_to_the_day_before(house, making):
    house.now_ns = T0 + DAY_NS - 7 * HOUR_NS
    house.desk.findings("ada", 4)
    assert making.asked[0][2] == TODAY


def test_what_was_made_once_is_remembered_while_nothing_changes(house, making):
    assert house.desk.findings("ada", 4) is house.desk.findings("ada", 4)
    house.desk.findings("ben", 4)
    house.desk.findings("ada", 12)
    assert [(each[0], each[1]) for each in making.asked] == [("ada", date(2026, 2, 3)), ("ben", date(2026, 2, 3)), ("ada", date(2025, 12, 9))]


def test_what_is_said_is_in_the_findings_at_once(house, making):
    house.desk.findings("ada", 4)
    house.desk.tag(Event(uuid(1), "ada", "conflict", T0, T0, T0, source="page"))
    house.desk.findings("ada", 4)
    house.desk.rate(Rating(uuid(2), "ada", T0, "outcome", 3, T0, f"event/{uuid(1)}"))
    house.desk.findings("ada", 4)
    assert len(making.asked) == 3


def test_while_they_are_made_one_can_ask_how_far_they_are(house, making):
    making.desk = house.desk
    assert house.desk.far("ada") is None
    house.desk.findings("ada", 4)
    assert making.far == [0.5] and house.desk.far("ada") is None


def test_a_phone_that_joins_makes_nothing_anew_and_a_medicine_that_changes_does(house, making):
    house.desk.findings("ada", 4)
    house.browser("ada", here=False, name="phone")
    house.desk.choose("ada", {"theme": "dark"})
    house.desk.findings("ada", 4)
    assert len(making.asked) == 1
    house.desk.choose("ada", {"medication_change": "yes"})
    house.desk.findings("ada", 4)
    assert len(making.asked) == 2


def test_what_another_person_says_makes_nothing_anew(house, making):
    house.desk.findings("ada", 4)
    house.desk.tag(Event(uuid(1), "ben", "conflict", T0, T0, T0, source="page"))
    house.desk.findings("ada", 4)
    assert len(making.asked) == 1


def test_a_strap_that_is_worn_has_them_made_anew_every_ten_minutes_and_no_oftener(house, making):
    for minute in range(0, 25, 2):
        house.now_ns = T0 + 2 * HOUR_NS + minute * MINUTE_NS
        wore(house.store, ADA, rows(12, start_ns=house.now_ns))
        house.desk.findings("ada", 4)
    assert len(making.asked) == 3


def test_an_earlier_day_that_is_read_in_late_counts_at_once(house, making):
    house.desk.findings("ada", 4)
    wore(house.store, ADA, rows(12, start_ns=T0 - DAY_NS))
    house.desk.findings("ada", 4)
    assert len(making.asked) == 2


def test_a_report_has_no_notes_unless_that_was_chosen(house, making):
    assert house.desk.report("ada", 4, "html") == b"<p>ada</p>"
    house.desk.choose("ada", {"report_notes": "yes"})
    assert house.desk.report("ada", 4, "pdf") == b"%PDF"
    assert [each[3] for each in making.asked] == [False, True]


def test_a_report_is_of_the_newest_days_that_may_be_in_one(house, making):
    house.desk.choose("ada", {"report_spans": "2026-01-01/2026-02-10;2026-02-15/2026-02-20"})
    house.desk.report("ada", 4, "html")
    house.desk.choose("ada", {"report_spans": "2026-02-25/2026-12-31"})
    house.desk.report("ada", 4, "html")
    assert [each[1:3] for each in making.asked] == [(date(2026, 2, 15), date(2026, 2, 20)), (date(2026, 2, 25), TODAY)]


@pytest.mark.parametrize("spans", ["none", "2025-01-01/2025-02-01"])
def test_no_report_is_made_of_days_that_may_not_be_in_one(house, making, spans):
    house.desk.choose("ada", {"report_spans": spans})
    with pytest.raises(Withheld):
        house.desk.report("ada", 4, "html")
    assert making.asked == [] and house.desk.findings("ada", 4), "the wearer's own page is no report"


def test_findings_are_in_the_language_that_was_chosen(house, making):
    house.desk.choose("ada", {"language": "de"})
    house.desk.findings("ada", 4)
    assert making.asked[0][4] == "de"
