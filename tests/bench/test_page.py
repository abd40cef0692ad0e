"""The page of benchmarks has a place for each chapter, and keeps what is written by hand."""

import re

import pytest

from bench import page
from bench.chapters import CHAPTERS


def test_a_text_goes_into_its_place_and_prose_stays():
    held = "# Speed\n<!-- bench: live -->\nold\n<!-- end -->\nprose\n"
    new = page.filled(held, {"live": "| a |"})
    assert new == "# Speed\n<!-- bench: live -->\n\n| a |\n\n<!-- end -->\nprose\n"
    assert page.filled(new, {"live": "| a |"}) == new


def test_a_text_without_a_place_and_a_place_without_a_text_are_errors():
    with pytest.raises(ValueError, match="live"):
        page.filled("# Speed\n", {"live": "x"})
    with pytest.raises(KeyError):
        page.filled("<!-- bench: live -->\n<!-- end -->\n", {})


def test_the_page_has_a_place_for_every_chapter_and_no_other():
    source = page.PAGE.read_text(encoding="utf-8")
    places = re.findall(r"<!-- bench: (\w+) -->", source)
    named = {of.__name__.removesuffix("_of_windows") for of in CHAPTERS} | {"agreement", "goals", "machine"}
    assert len(places) == len(set(places))
    assert set(places) == named
