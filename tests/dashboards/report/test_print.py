"""The page in a browser and on both papers: two pages stay two pages, nothing is clipped, axe finds nothing, a phone scrolls inside."""

import re

import pytest
from browser import chromium, needs_chromium
from reports import MADE
from strap_program import ROOT

from dashboards.report.door import write_report

pytestmark = [pytest.mark.e2e, pytest.mark.slow, needs_chromium]

AXE = ROOT / ".venv" / "axe.min.js"
ALL = [(name, lang) for name in MADE for lang in ("en", "de")]
LETTER_MM, A4_MM = 279.4 - 18, 297 - 18
"""What a sheet has between the margins of 9 mm."""
CLIPPED = """() => [
  ...[...document.querySelectorAll('td, th, p, h1, h2, li')].filter(e => !e.closest('.sr'))
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim()),
  ...[...document.querySelectorAll('svg text')].filter(t => { const s = t.ownerSVGElement.viewBox.baseVal, b = t.getBBox();
    return b.x < -1 || b.x + b.width > s.width + 1 || b.y + b.height > s.height + 3 }).map(t => 'drawn: ' + t.textContent)]"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def opened(browser, tmp_path):
    def open_(name: str, lang: str, *, width: int = 1280, height: int = 900):
        report = MADE[name](lang)
        write_report(report, tmp_path / "report.html")
        page = browser.new_context(viewport={"width": width, "height": height}, offline=True).new_page()
        page.faults = []
        page.on("console", lambda line: page.faults.append(line.text) if line.type == "error" else None)
        page.goto((tmp_path / "report.html").as_uri())
        return page

    return open_


@pytest.mark.parametrize(("name", "lang"), ALL)
def test_two_pages_stay_two_pages_on_a4_and_letter(opened, name, lang):
    page = opened(name, lang)
    page.emulate_media(media="print")
    heights = page.evaluate("() => [...document.querySelectorAll('.sheet:not(.appendix)')].map(e => e.getBoundingClientRect().height / 96 * 25.4)")
    assert len(heights) == 2
    assert max(heights) <= min(LETTER_MM, A4_MM), heights
    assert page.evaluate(CLIPPED) == []
    assert page.faults == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_a_report_of_nothing_prints_on_three_sheets(opened, paper):
    pdf = opened("nothing", "en").pdf(format=paper, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 3


@pytest.mark.skipif(not AXE.is_file(), reason="no axe: make builds it")
@pytest.mark.parametrize(("name", "lang"), ALL)
def test_axe_finds_nothing(opened, name, lang):
    page = opened(name, lang)
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    assert found == []


def test_a_phone_scrolls_inside_and_not_the_page(opened):
    page = opened("month", "de", width=390, height=844)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("() => [...document.querySelectorAll('.scroll')].every(e => e.scrollWidth > e.clientWidth && e.tabIndex === 0)")
