"""What a board is made of, as plain frozen values. Knows Grafana's words for them; how they are written as JSON is `build`'s.

Options and field defaults stay mappings in Grafana's own words: they are its language, and its own reader checks them in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.query import Query

Json = Mapping[str, Any]
COLUMNS = 24
"""How wide Grafana's grid is."""


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel. `ref`: its letter; `table`: rows and columns, else series; `alias`: the name of a series (`$col`: the column's)."""

    ref: str
    query: Query
    table: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Properties of some fields: `matcher` is `byName`, `byRegexp`, `byFrameRefID` or `byType`, `which` what it looks for."""

    matcher: str
    which: str
    properties: Json


def named(field_name: str, properties: Json) -> Override:
    return Override("byName", field_name, properties)


def matching(pattern: str, properties: Json) -> Override:
    """`pattern` as Grafana wants it: `/^win_/`."""
    return Override("byRegexp", pattern, properties)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `id` is fixed for ever, since links and annotations name it; `about`: markdown, what it may and may not be read as."""

    id: int
    kind: str
    title: str
    about: str
    targets: tuple[Target, ...] = ()
    options: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    transformations: tuple[Json, ...] = ()
    links: tuple[Json, ...] = ()
    interval: str = ""
    """No finer buckets than this, where the query leaves them to Grafana."""
    points: int = 0
    """No more buckets than this, where one a pixel would be too many to see; 0: one a pixel."""
    any_time: bool = False
    """Shows the same whatever time is chosen, and says so."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A line between panels, with words."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, each with how many of the 24 columns it takes; `height` in Grafana's units of about 38 pixels."""

    height: int
    panels: tuple[tuple[Panel, int], ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What the reader chooses, or what stands fixed. `kind`: `query`, `custom` or `constant`; `text`: its query, its values or its value."""

    name: str
    label: str
    kind: str
    text: str
    about: str = ""
    chosen: str = ""
    many: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """Marks on time panels from rows of a query. Grafana names their columns `measurement.field`, and title and end must be named exactly so."""

    name: str
    query: Query
    colour: str
    text: str
    on: tuple[int, ...]
    """Ids of the panels it is drawn on; on the others it would bury the line."""
    title: str = ""
    until: str = ""
    tags: tuple[str, ...] = ()
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Board:
    """A whole dashboard. `back`: how far the time begins before now; `links`: at its top, to the other boards."""

    uid: str
    title: str
    about: str
    rows: tuple[Row | Heading, ...]
    back: str
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    links: tuple[Json, ...] = ()
    refresh: str = ""

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows if isinstance(row, Row) for panel, _ in row.panels)
