"""The boards as a page of the manual has them: a table a board, a row a panel, in the words that the panel itself shows. Meets no server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dashboards.grafana.build import boards
from dashboards.grafana.model import Board, Heading, Panel

STRESSED = re.compile(r"^\*(?!\*)(.*[^*])\*$", re.DOTALL)


def panels_table() -> str:
    """Every board under a heading of its own, in markdown; ends with a line break."""
    return "\n".join(line for board in boards().values() for line in _board(board))


def _board(board: Board) -> Iterator[str]:
    yield f"### {board.title}\n"
    yield f"{board.about}\n"
    yield "| panel | what it shows, and what it may and may not be read as |"
    yield "|---|---|"
    for row in board.rows:
        yield from () if isinstance(row, Heading) else (_panel(panel) for panel, _ in row.panels)
    yield ""


def _panel(panel: Panel) -> str:
    return f"| {panel.title} | {in_one_line(panel.about)} |"


def in_one_line(about: str) -> str:
    r"""Its paragraphs one after the other, for a cell; a paragraph that is stressed as a whole is not, since it would be half the table.

    >>> in_one_line("What it *is*.\n\n*What it is not | nor this.*")
    'What it *is*. What it is not \\| nor this.'
    """
    return " ".join(STRESSED.sub(r"\1", part) for part in about.split("\n\n")).replace("\n", " ").replace("|", r"\|")


PAGE = Path(__file__).parents[2] / "docs" / "grafana.md"
PLACE = re.compile(r"(<!-- panels: written by make dashboards -->\n).*?(<!-- panels: end -->)", re.DOTALL)


def with_panels(text: str) -> str:
    """The page with its tables written anew; the rest of it is left as it is."""
    return PLACE.sub(lambda found: f"{found[1]}\n{panels_table()}\n{found[2]}", text)


def page() -> dict[Path, str]:
    """The page as it would be written; nothing where there are no pages, as in a wheel."""
    return {PAGE: with_panels(PAGE.read_text(encoding="utf-8"))} if PAGE.is_file() else {}
