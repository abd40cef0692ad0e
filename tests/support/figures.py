"""What tests measured, told at the end of a run and, with `--write-truth`, written into the page that shows it.

A test tells a text through the fixture `figures`. The page has a place for it, named by the test's own id:

    <!-- figures: tests/truth/test_rhythm.py::test_the_verdict_follows_the_ectopic_share -->
    <!-- end -->

What stands between the two lines belongs to the command and is written anew; everything else on the page belongs to whoever wrote it.
It knows nothing of what is measured, nor whether that is good.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "truth.md"
PLACE = re.compile(r"(?P<begin><!-- figures: (?P<test>\S.*?) -->\n)(?P<held>.*?)(?P<end><!-- end -->)", re.DOTALL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-truth", action="store_true", help="write what tests measured into its places on the page (docs/truth.md)")
    parser.addoption("--truth-page", type=Path, default=PAGE, metavar="PAGE", help="another page than docs/truth.md")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`figures(text)`: a table that stands at the end of the run and on the page, whichever worker made it and whether or not the test passed."""

    def tell(text: str) -> None:
        request.node.user_properties.append(("figures", text))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what the tests measured, and writes it where that was asked for."""
    reports = [r for outcome in ("passed", "failed") for r in terminalreporter.getreports(outcome) if getattr(r, "when", "") == "call"]
    told: dict[str, list[str]] = {}
    for report in sorted(reports, key=lambda r: r.nodeid):
        for name, text in report.user_properties:
            if name == "figures":
                told.setdefault(report.nodeid, []).append(text)
                terminalreporter.section(report.nodeid.rpartition("::")[2].replace("_", " "), sep="-")
                terminalreporter.write_line(text)
    for text in sorted({text for r in reports for name, text in r.user_properties if name == "server"}):
        terminalreporter.write_line(text)
    if terminalreporter.config.getoption("--write-truth"):
        page = terminalreporter.config.getoption("--truth-page")
        terminalreporter.section(f"written to {page.name}", sep="-")
        terminalreporter.write_line(write(page, told))


def write(page: Path, told: Mapping[str, Sequence[str]]) -> str:
    """Fills the places of a page and says in words which stayed as they were, and which figures have none."""
    before = page.read_text(encoding="utf-8")
    page.write_text(filled(before, told), encoding="utf-8")
    asked = places(before)
    lines = [f"{sum(test in told for test in asked)} of {len(asked)} places"]
    lines += [f"not filled, its test told nothing in this run: {test}" for test in asked if test not in told]
    lines += [f"told, and no place for it: {test}" for test in told if test not in asked]
    return "\n".join(lines)


def places(page: str) -> list[str]:
    """Ids of the tests whose figures a page has a place for, in its order."""
    return [place["test"] for place in PLACE.finditer(page)]


def filled(page: str, told: Mapping[str, Sequence[str]]) -> str:
    """The page with what was told in its places; a place of which nothing was told keeps what it held."""

    def fill(place: re.Match[str]) -> str:
        return f"{place['begin']}\n{markdown(told[place['test']])}\n\n{place['end']}" if place["test"] in told else place[0]

    return PLACE.sub(fill, page)


def markdown(texts: Sequence[str]) -> str:
    """Tables as they are, the lines between them as they were typed: a star or an underscore of theirs means nothing."""
    lines = [line.rstrip() for line in "\n\n".join(texts).splitlines()]
    parts = ((is_table, "\n".join(part).strip("\n")) for is_table, part in groupby(lines, key=lambda line: line.startswith("|")))
    return "\n\n".join(part if is_table else f"```text\n{part}\n```" for is_table, part in parts if part)
