"""What stands on paper: pages, sections and blocks as plain values, one form for HTML and PDF. Knows no report, no words, no markup."""

from __future__ import annotations

from dataclasses import dataclass

LINE = 44
"""Letters in a line of a bullet, about."""
Run = tuple[str, str]
"""A piece of a sentence and how it is set: `` (plain), `b` (bold), `m` (quiet)."""


def plain(text: str) -> tuple[Run, ...]:
    return ((text, ""),) if text else ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of ours. Its size is in units of 1/96 inch; `alt` says in words what it shows. Without `alt` it is an ornament."""

    svg: str
    alt: str
    width: float
    height: float
    form: str = "picture"


@dataclass(frozen=True, slots=True)
class Text:
    runs: tuple[Run, ...]
    form: str = "text"


@dataclass(frozen=True, slots=True)
class Bullets:
    """Short items in columns, read down."""

    items: tuple[str, ...]
    columns: int = 2
    form: str = "bullets"


@dataclass(frozen=True, slots=True)
class Cell:
    runs: tuple[Run, ...] = ()
    picture: Picture | None = None
    glyph: Picture | None = None
    """Before the words."""
    span: int = 1
    rows: int = 1
    """How many rows it stands beside; they stay on one page."""


@dataclass(frozen=True, slots=True)
class Column:
    head: str
    width: float
    """In millimetres; 0: what is left."""
    right: bool = False
    picture: Picture | None = None
    """An axis, under the head."""
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`title` is for those who do not see where it stands. The first cell of a row is its head."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    form: str = "table"


@dataclass(frozen=True, slots=True)
class Beside:
    """Two columns of blocks."""

    left: tuple[Text | Picture, ...]
    right: tuple[Text | Picture, ...]
    left_mm: float = 0
    """How wide the left one is; 0: half."""
    form: str = "beside"


Block = Text | Picture | Bullets | Table | Beside


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what it is, in the narrow column; what it shows, in the wide one. `wide`: heading above, all of the width."""

    title: str
    side: tuple[str, ...]
    blocks: tuple[Block, ...]
    key: Picture | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    about: tuple[tuple[Run, ...], ...]
    """Whose, of when, and what it is not: lines opposite the title."""
    lead: str
    sections: tuple[Section, ...]
    box: Section | None
    foot: str
    number: str
    """`page 1 of 2`; empty where pages follow as they come."""


@dataclass(frozen=True, slots=True)
class Paper:
    lang: str
    title: str
    region: str
    """What a wide table is called where it scrolls sideways."""
    page_of: str
    """`page {n} of {all}` of pages that follow as they come."""
    pages: tuple[Page, ...]
    appendix: Page


def balanced(items: tuple[str, ...], columns: int) -> list[list[str]]:
    """Items in order, in columns of which the longest is as short as can be.

    >>> balanced(("aaaa", "b", "cc"), 2)
    [['aaaa'], ['b', 'cc']]
    """
    if columns <= 1 or len(items) <= 1:
        return [list(items)] if items else []
    splits = [[list(items[:at]), *balanced(items[at:], columns - 1)] for at in range(1, len(items) + 1)]
    return min(splits, key=lambda split: max(length(column) for column in split))


def length(items: list[str]) -> int:
    return sum(-(-len(item) // LINE) for item in items)
