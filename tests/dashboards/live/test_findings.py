"""What moments come to, as the page is told it: the report's own figures, asked once at a time, and nobody else's."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import Browser, House, house_in
from reported import Reported, month, nothing

from dashboards.live.app import STATIC, application
from dashboards.live.forms import WEEKS
from dashboards.live.ports import Withheld
from somalink.domain.constants import STATISTICS


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = house_in(tmp_path)
    with made.store:
        yield made


def told_by(house: House, reported: Reported) -> Browser:
    """Ada's browser, at a page with these findings."""
    house.app = application(reported, house.guests, house.place)
    return house.browser("ada")


def test_findings_are_the_reports_own_figures_with_times_as_text(house):
    reported = Reported(house.desk, month())
    told = told_by(house, reported).get("/api/v1/findings?weeks=12")
    assert told.status == 200 and reported.asked == [("ada", 12)]
    assert [(group["word"], group["finding"]["verdict"]) for group in told.json["kinds"][:3]] == [
        ("conflict", "higher"),
        ("criticism", "higher"),
        ("ignored", "too_few"),
    ]
    first = told.json["moments"][0]
    assert first["t_ns"] == str(month().moments[0].t_ns) and first["matches"] == []


def test_a_month_is_shown_unless_another_span_is_asked_for_and_only_those_there_are(house):
    reported = Reported(house.desk, nothing())
    ada = told_by(house, reported)
    assert ada.get("/api/v1/findings").json["moments"] == []
    assert [ada.get(f"/api/v1/findings?weeks={weeks}").status for weeks in (*WEEKS, 5, "four")] == [200, 200, 200, 422, 422]
    assert reported.asked == [("ada", weeks) for weeks in (4, *WEEKS)]


def test_a_moment_says_what_it_is_matched_with(house):
    ada, moment = told_by(house, Reported(house.desk, month())), month().moments[0]
    told = ada.get(f"/api/v1/findings/moments/{moment.event_id}").json
    assert (told["event_id"], told["kind"], told["when"]) == (moment.event_id, moment.kind, moment.when)
    assert [(each["when"], each["dz10"]) for each in told["matches"]] == [(each.when, each.dz10) for each in moment.matches]
    assert all(each["t_ns"].isdigit() for each in told["matches"])


def test_a_moment_that_is_not_of_these_weeks_is_not_found(house):
    assert told_by(house, Reported(house.desk, month())).get("/api/v1/findings/moments/elsewhere").status == 404


def test_findings_are_made_one_at_a_time_and_nobody_else_waits_for_them(house):
    reported = Reported(house.desk, month(), takes_s=0.2)
    ada = told_by(house, reported)

    async def all_at_once() -> float:
        asking = [asyncio.ensure_future(ada.asked("GET", "/api/v1/findings")) for _ in range(4)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        assert (await ada.asked("GET", "/api/v1/profile")).status == 200
        waited_s = time.monotonic() - began
        assert [told.status for told in await asyncio.gather(*asking)] == [200] * 4
        return waited_s

    assert asyncio.run(all_at_once()) < 0.2
    assert reported.most_at_once == 1


def test_how_far_they_are_is_told_meanwhile(house):
    assert told_by(house, Reported(house.desk, month())).get("/api/v1/findings/progress").json == {"share": None}
    house.desk._far["ada"] = 0.25
    assert house.browser("ada").get("/api/v1/findings/progress").json == {"share": 0.25}
    assert house.browser("ben").get("/api/v1/findings/progress").json == {"share": None}


def test_a_report_is_a_file_to_keep(house):
    reported = Reported(house.desk, month())
    ada = told_by(house, reported)
    page, paper = ada.get("/api/v1/report?weeks=52"), ada.get("/api/v1/report?format=pdf")
    assert page.header("content-disposition") == 'attachment; filename="somalink-52-weeks.html"' and page.header("content-type").startswith("text/html")
    assert paper.header("content-type") == "application/pdf" and paper.body.startswith(b"%PDF")
    assert reported.papers == [("ada", 52, "html"), ("ada", 4, "pdf")]
    assert ada.get("/api/v1/report?format=doc").status == 422


def test_what_is_not_to_be_shared_is_not_made_into_a_report(house):
    class Closed(Reported):
        def report(self, person: str, weeks: int, format: str) -> bytes:
            raise Withheld("none of these days may be in a report", next_step="choose other days")

    told = told_by(house, Closed(house.desk, month())).get("/api/v1/report")
    assert told.status == 403 and told.json["next_step"] == "choose other days"


def test_the_page_shows_a_figure_from_as_many_moments_on_as_the_program_does():
    """Its own list of numbers, which a browser needs before anything is said."""
    page = (STATIC / "js" / "findings.js").read_text("utf-8")
    least = dict(re.findall(r"(\w+): (\d+)", page.partition("export const LEAST = {")[2].partition("}")[0]))
    rules = STATISTICS
    assert {name: int(n) for name, n in least.items()} == {
        "dz10": rules.sentence_from,
        "dz10_trend": rules.slope_n,
        "dz10_contrast": rules.contrast_n,
        "t_half_s": rules.recovery_n,
        "t_half_trend": rules.recovery_n,
        "concordance": rules.concord_n,
        "belonging_trend": rules.belong_n,
        "engagement_trend": rules.belong_n,
        "offer": rules.offers_n,
    }
    assert f"LISTED_BELOW = {rules.list_below};" in page
    assert re.search(r"export const WEEKS = \[(.*)\]", page)[1] == ", ".join(map(str, WEEKS))  # type: ignore[index]


def test_a_stranger_is_told_nothing(house):
    told_by(house, Reported(house.desk, month()))
    for path in ("findings", "findings/moments/x", "report"):
        assert house.stranger().get(f"/api/v1/{path}").status == 401


def test_the_published_interface_says_that_times_are_text(house):
    told = house.stranger().get("/openapi.json").json
    assert {"/api/v1/findings", "/api/v1/findings/moments/{event_id}", "/api/v1/report"} <= told["paths"].keys()
    times = [given for schema in told["components"]["schemas"].values() for name, given in schema.get("properties", {}).items() if name.endswith("_ns")]
    assert times and not [given for given in times if given.get("type") == "integer"]
