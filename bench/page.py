"""The page of benchmarks: the run writes what it measured into its places, everything else on the page is by hand.

<!-- bench: live -->
<!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.asking import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
PLACE = re.compile(r"(?P<begin><!-- bench: (?P<name>\w+) -->\n)(?P<held>.*?)(?P<end><!-- end -->)", re.DOTALL)


def filled(page: str, texts: Mapping[str, str]) -> str:
    """The page with each text in its place. KeyError for a place of which nothing was measured, ValueError for a text without a place."""
    places = [place["name"] for place in PLACE.finditer(page)]
    if lost := sorted(texts.keys() - set(places)):
        raise ValueError(f"no place on the page for {', '.join(lost)}")
    return PLACE.sub(lambda place: f"{place['begin']}\n{texts[place['name']]}\n\n{place['end']}", page)


def write(texts: Mapping[str, str], page: Path = PAGE) -> None:
    """Fills the page."""
    page.write_text(filled(page.read_text(encoding="utf-8"), texts), encoding="utf-8")
