"""A report as it is asked for: by anybody, of anybody, with no more in it than the wearer chose."""

import stat
import webbrowser

import pytest

SPAN = ("--from", "2026-03-02", "--to", "2026-03-29")


def test_a_report_is_one_file_for_its_reader_alone(typed, lived, tmp_path):
    file = tmp_path / "r.html"
    assert typed("report", *SPAN, "--out", file).out.strip() == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert typed("report", *SPAN, "--out", tmp_path / "r.pdf").code == 0
    assert (tmp_path / "r.pdf").read_bytes()[:5] == b"%PDF-"


def test_json_is_the_same_report_and_writes_no_file_unless_asked(typed, lived, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed("report", *SPAN, "--json").json
    assert said["file"] is None
    assert (said["person"], said["span"]) == ("ada", "2026-03-02/2026-03-29")
    assert said["coverage"]["tagged"] == len(said["moments"])
    assert not list(tmp_path.glob("*.html"))


def test_unless_said_it_is_of_the_last_four_weeks_and_lies_here(typed, lived, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed("report", "--json", "--out", "mine.html").json
    assert len(said["days"]) == 28
    assert typed("report").out.strip() == f"somalink-ada-report-{said['to_day']}.html"


def test_it_speaks_the_language_that_was_asked_for(typed, lived, tmp_path):
    typed("report", *SPAN, "--lang", "de", "--out", tmp_path / "r.html")
    assert 'lang="de"' in (tmp_path / "r.html").read_text()
    refused = typed("report", *SPAN, "--lang", "fr")
    assert (refused.code, "en de" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2026-3-2"), "write it as 2026-03-02"),
        (("--to", "9999-12-31"), "write it as 2026-03-02"),
        (("--from", "0001-01-01"), "write it as 2026-03-02"),
        (("--from", "2026-03-09", "--to", "2026-03-02"), "the earlier day"),
        ((*SPAN, "--out", "r.docx"), ".html or .pdf"),
        ((*SPAN, "--notes"), "somalink share --notes"),
        ((*SPAN, "--out", "nowhere/r.html"), "--out"),
        (("--person", "nobody"), "known here: ada"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_says_the_next_step(typed, lived, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    ended = typed("report", *words)
    assert ended.code == 2
    assert said in ended.err


def test_what_the_wearer_does_not_share_is_in_no_report(typed, lived, tmp_path):
    typed("tag", "conflict", "--at", "2026-03-02T12:00+01:00", "--note", "a private word")
    assert typed("share", "--days", "2026-03-02/2026-03-03").code == 0
    cut = typed("report", *SPAN, "--json")
    assert cut.json["span"] == "2026-03-02/2026-03-03"
    assert "only these days may be in a report" in cut.err
    assert "a private word" not in cut.out
    typed("share", "--notes")
    assert "a private word" in typed("report", *SPAN, "--notes", "--json").out
    typed("share", "--days", "none")
    assert typed("report", *SPAN).code == 2


def test_share_without_a_choice_says_what_was_chosen(typed, lived):
    assert typed("share", "--json").json == {"person": "ada", "notes": False, "days": "all"}
    assert "without notes" in typed("share").out
    assert typed("share", "--days", "soon").code == 2


def test_preview_opens_what_was_written(typed, lived, tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: bool(opened.append(url)) or True)
    typed("report", *SPAN, "--out", tmp_path / "r.html", "--preview")
    assert opened == [(tmp_path / "r.html").as_uri()]


def test_where_nothing_can_be_opened_the_report_is_written_all_the_same(typed, lived, tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    ended = typed("report", *SPAN, "--out", tmp_path / "r.html", "--preview")
    assert (ended.code, "no browser could be opened" in ended.err) == (0, True)


def test_somebody_who_only_tagged_has_a_report_too(typed, tmp_path):
    typed("tag", "support", "--person", "ben")
    said = typed("report", "--json").json
    assert (said["coverage"]["worn_h"], said["coverage"]["outside"]) == (0, 1)


def test_below_ten_people_nothing_is_said_of_everybody(typed, lived):
    said = typed("report", "--everybody", *SPAN).out
    assert "0 of 1 people agreed" in said
    assert "ten with counted moments are needed" in said
    assert typed("report", "--everybody", *SPAN, "--json").json["pooled"]["people"] == []


def test_an_export_brings_findings_up_to_date_first(typed, lived, tmp_path):
    typed("export", "--what", "findings,controls", "--out", tmp_path)
    rows = (tmp_path / "findings.csv").read_text().splitlines()
    assert len(rows) > 10
    kinds = sum(",dz10," in row for row in rows)
    typed("tag", "exclusion", "--at", "2026-03-03T12:00+01:00")
    typed("export", "--what", "findings", "--out", tmp_path)
    assert sum(",dz10," in row for row in (tmp_path / "findings.csv").read_text().splitlines()) >= kinds
