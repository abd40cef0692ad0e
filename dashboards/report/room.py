"""How much a page holds: its height as it will about be printed, and what grows or gives way so that two pages stay two pages.

Knows paper and its type; neither report nor words. The estimate is on the safe side; a test holds it against printed pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards.report.paper import Beside, Block, Bullets, Page, Picture, Section, Table, Text, balanced, length

PAGE_MM = 262.0
"""What one page holds, as estimated here; it is held to a Letter sheet."""
SCREEN_MM, PDF_MM = (PAGE_MM, PAGE_MM), (275.0, 286.0)
"""Of page one and page two: the PDF's type is smaller, most of all in the narrow column, and its sheet is A4."""
MM = 25.4 / 96
GAP, HEAD, FOOT = 2.6, 9.3, 5.2


@dataclass(frozen=True, slots=True)
class Room:
    """`tall`: pictures' height, 1 is as drawn. `rows`: rows of the table that gives way first: latest moments, planned steps."""

    tall: float = 1.0
    rows: int = 10


def fitted(made: Callable[[Room], Page], ladder: Sequence[Room], page_mm: float = PAGE_MM) -> Page:
    """The roomiest that stays one page; the last of the ladder where none does."""
    for room in ladder:
        page = made(room)
        if height(page) <= page_mm:
            return page
    return made(ladder[-1])


def lines(text: str, letters: float) -> int:
    """Lines a text takes where about so many letters fit in one."""
    return max(1, -(-len(text) // int(letters)))


def height(page: Page) -> float:
    """In millimetres."""
    head = HEAD + 4.0 * (len(page.about) > 2)
    lead = GAP + 4.7 * lines(page.lead, 104) if page.lead else 0.0
    box = GAP + 8.0 + 0.8 * sum(block(each, 168.0) for each in page.box.blocks) if page.box else 0.0
    return head + lead + sum(GAP + section(each) for each in page.sections) + box + GAP + FOOT


def section(it: Section) -> float:
    body = sum(block(each, 142.0) for each in it.blocks)
    title = 3.9 * lines(it.title, 21) + 0.6
    if it.wide:
        return max(title, 3.5 * lines(" ".join(it.side), 104)) + 1.0 + body
    side = title + sum(3.5 * lines(text, 26) + 0.9 for text in it.side) + (it.key.height * MM + 1.2 if it.key else 0.0)
    return max(side, body)


def block(it: Block, width: float) -> float:
    if isinstance(it, Picture):
        return it.height * MM
    if isinstance(it, Text):
        return 3.6 * lines("".join(text for text, _ in it.runs), width * 0.76) + 0.6
    if isinstance(it, Bullets):
        return bullets(it)
    if isinstance(it, Beside):
        left = it.left_mm or (width - 6) / 2
        return max(sum(block(each, left) + 0.6 for each in it.left), sum(block(each, width - 6 - left) + 0.6 for each in it.right))
    return table(it)


def bullets(it: Bullets) -> float:
    return max((3.55 * length(column) + 0.7 * len(column) for column in balanced(it.items, it.columns)), default=0.0)


def table(it: Table) -> float:
    """Rows are as tall as their picture, or as their longest wrapped words."""
    wrapped = max(lines(column.head, column.width * 0.62) if column.wraps and column.width else 1 for column in it.columns)
    head = 3.3 * wrapped + 0.7 + max((column.picture.height * MM for column in it.columns if column.picture), default=0.0)
    rows = 0.0
    for row in it.rows:
        tall = max((cell.picture.height * MM for cell in row if cell.picture), default=3.4)
        broken = max(
            lines("".join(text for text, _ in cell.runs), column.width * 0.62 if column.width else 60)
            for cell, column in zip(row, it.columns, strict=False)
            if column.wraps or not column.width
        )
        rows += max(tall, 3.4 * broken) + 0.75
    return head + rows
