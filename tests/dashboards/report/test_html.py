"""The page as a file: one file, offline, no script, escaped, with headings, tables and words for every picture; and its text, held."""

import re
from html.parser import HTMLParser

import pytest
from reports import GOLDEN, MADE, NOTE, TOLD, month, text_of

from dashboards.report.door import as_html

ALL = [(name, lang) for name in MADE for lang in ("en", "de")]


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", TOLD)
def test_a_report_says_what_it_said(name):
    """`python tests/support/reports.py` writes these anew; review the difference."""
    assert text_of(as_html(TOLD[name])) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == TOLD.keys()


@pytest.mark.parametrize(("name", "lang"), ALL)
def test_one_file_is_all_there_is(name, lang):
    html = as_html(MADE[name](lang))
    tags = Tags(html).found
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "form", "a", "base"}
    assert not [attrs for _, attrs in tags if any(key.startswith("on") or key in ("src", "href") for key in attrs)]
    assert set(re.findall(r"https?://[^\"' ]+", html)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in html and "@import" not in html


@pytest.mark.parametrize(("name", "lang"), ALL)
def test_it_can_be_heard(name, lang):
    tags = Tags(as_html(MADE[name](lang))).found
    assert dict(tags)["html"] == {"lang": lang}
    assert [tag for tag, _ in tags if tag == "h1"] == ["h1"] * 3
    for tag, attrs in tags:
        if tag == "svg":
            assert (attrs.get("role") == "img" and attrs["aria-label"]) or attrs.get("aria-hidden") == "true"
        if tag == "th":
            assert attrs.get("scope") in ("col", "row", "rowgroup")
    tables = sum(tag == "table" for tag, _ in tags)
    assert tables == sum(tag == "caption" for tag, _ in tags) == sum(tag == "thead" for tag, _ in tags)


def test_what_people_write_is_never_markup():
    html = as_html(month(notes=True))
    assert "<script" not in html and "&lt;script&gt;" in html
    assert NOTE in " ".join(text_of(html).split("\n"))


def test_a_name_is_never_markup_either():
    from dataclasses import replace

    html = as_html(replace(month(), person='<img src=x onerror=alert(1)>"'))
    assert "<img" not in html


def test_the_same_report_is_the_same_file():
    assert as_html(month()) == as_html(month())
