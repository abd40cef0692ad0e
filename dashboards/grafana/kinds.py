"""Panels by kind, each with what it needs to be drawn as we mean it: gaps stay empty, nothing is green or red, numbers are calm.

What a panel adds or changes goes in `defaults`, `options` and `overrides`, in Grafana's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.look import EMPTY, NOTHING, TEXT, UNSURE, WHEN
from dashboards.grafana.model import Json, Override, Panel, Target, matching, named
from dashboards.grafana.query import ANY_TIME

FIXED_TEXT = {"mode": "fixed", "fixedColor": TEXT}
COUNTS = ["count"]
"""`calcs` of a legend that says how many points a series has."""
LEGEND = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
TOOLTIP = {"mode": "multi", "sort": "none"}


def fixed(colour: str) -> Json:
    """A property or default that gives one colour."""
    return {"mode": "fixed", "fixedColor": colour}


def shades(colour: str) -> Json:
    """Several series in tints of one colour; their names tell them apart."""
    return {"mode": "shades", "fixedColor": colour}


def steps(*from_and_colour: tuple[float | None, str]) -> Json:
    """Thresholds; the first begins at None, which is "from below"."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for value, colour in from_and_colour]}


def values(words: Mapping[str, str | tuple[str, str]]) -> list[Json]:
    """A value mapping from code to word, or to word and colour."""
    options: dict[str, dict[str, Any]] = {}
    for index, (value, said) in enumerate(words.items()):
        word, colour = (said, "") if isinstance(said, str) else said
        options[value] = {"index": index, "text": word, **({"color": colour} if colour else {})}
    return [{"type": "value", "options": options}]


def ranges(*low_high_word: tuple[float | None, float | None, str]) -> list[Json]:
    """A number said in words: from low up to high; None is without end. Each may be followed by a colour of its own through `values`."""
    return [
        {"type": "range", "options": {"from": low, "to": high, "result": {"index": index, "text": word}}}
        for index, (low, high, word) in enumerate(low_high_word)
    ]


def text(panel_id: int, title: str, content: str, about: str) -> Panel:
    """Words alone. On a phone it is cut at its height, so it is short."""
    options = {"mode": "markdown", "content": content, "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False}}
    return Panel(panel_id, "text", title, about, options=options)


def lines(
    panel_id: int,
    title: str,
    about: str,
    targets: tuple[Target, ...],
    *,
    unit: str = "",
    custom: Json | None = None,
    defaults: Json | None = None,
    options: Json | None = None,
    overrides: tuple[Override, ...] = (),
    interval: str = "",
    points: int = 0,
) -> Panel:
    """Series over time. Gaps stay gaps: the query says fill(null), and nothing is spanned."""
    drawn = {
        "axisBorderShow": False,
        "axisPlacement": "auto",
        "drawStyle": "line",
        "fillOpacity": 0,
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "pointSize": 5,
        "showPoints": "auto",
        "spanNulls": False,
        **(custom or {}),
    }
    base = {"noValue": EMPTY, **({"unit": unit} if unit else {}), "custom": drawn, **(defaults or {})}
    return Panel(
        panel_id,
        "timeseries",
        title,
        about,
        targets,
        {"legend": LEGEND, "tooltip": TOOLTIP, **(options or {})},
        base,
        overrides,
        interval=interval,
        points=points,
    )


BARS: Json = {"drawStyle": "bars", "barAlignment": 1, "barWidthFactor": 0.8, "fillOpacity": 70, "lineWidth": 0, "showPoints": "never"}
"""`custom` of lines that are bars: each begins where its day begins."""
OUTLINED: Json = {"fillOpacity": 0, "lineWidth": 1}
"""What of `BARS` is other for a second figure of the same day, drawn over the first."""
POINTS: Json = {"drawStyle": "points", "pointSize": 6, "showPoints": "always"}
"""`custom` of lines that are dots."""
STEPS: Json = {"lineInterpolation": "stepAfter", "spanNulls": True, "lineWidth": 2, "showPoints": "never"}
"""`custom` of lines that hold until the next value: what was fitted, never what was measured."""
STACKED: Json = {"stacking": {"group": "A", "mode": "normal"}}


def stat(
    panel_id: int,
    title: str,
    about: str,
    targets: tuple[Target, ...],
    *,
    shows: str = "",
    unit: str = "",
    decimals: int | None = None,
    size: int = 28,
    defaults: Json | None = None,
    options: Json | None = None,
    overrides: tuple[Override, ...] = (),
    transformations: tuple[Json, ...] = (),
) -> Panel:
    """One value or a few, as words in the theme's colour. `shows`: the column by its name; a text is shown only if it is named."""
    base = {
        "noValue": EMPTY,
        "color": FIXED_TEXT,
        **({"unit": unit} if unit else {}),
        **({"decimals": decimals} if decimals is not None else {}),
        **(defaults or {}),
    }
    drawn = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": f"/^{shows}$/" if shows else "", "values": False},
        "showPercentChange": False,
        "text": {"valueSize": size},
        "textMode": "auto",
        "wideLayout": True,
        **(options or {}),
    }
    return Panel(panel_id, "stat", title, about, targets, drawn, base, overrides, transformations)


NO_STATE = [{"type": "special", "options": {"match": "null", "result": {"color": "transparent", "index": 99, "text": EMPTY}}}]
"""A mapping: the legend lists what is empty too, and with a colour it would look like a state."""


def states(
    panel_id: int, title: str, about: str, targets: tuple[Target, ...], words: Mapping[str, str | tuple[str, str]], *, overrides: tuple[Override, ...] = ()
) -> Panel:
    """A lane of states; the legend has their words, since on short ones Grafana cuts them off. Ask with `last` and fill(null): any other fill
    paints over a gap."""
    drawn = {"fillOpacity": 100, "lineWidth": 0, "spanNulls": False}
    base = {"noValue": EMPTY, "color": fixed(UNSURE), "custom": drawn, "mappings": [*values(words), *NO_STATE]}
    options = {
        "alignValue": "left",
        "legend": LEGEND,
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Panel(panel_id, "state-timeline", title, about, targets, options, base, overrides)


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a table, by the name that the query gives it, under the title it is read by. Columns stand in the order they are given."""

    name: str
    title: str
    unit: str = ""
    decimals: int | None = None
    width: int | None = None
    words: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    more: Json = field(default_factory=dict)
    empty: str = NOTHING


def when(title: str = "When", unit: str = WHEN, more: Json | None = None, width: int | None = 150, name: str = "Time") -> Shown:
    return Shown(name, title, unit, width=width, more=more or {})


NOT_KNOWN = [{"type": "special", "options": {"match": "null", "result": {"color": "transparent", "index": 0, "text": NOTHING}}}]
"""A mapping: what is not there has a dash and no colour. Without it an empty cell takes the lowest step's, and an empty gauge a stroke that reads as 0."""
UNSEEN: Json = {"custom.hideFrom.viz": True}
"""A column that feeds links. (`custom.hidden` is the old name; on a panel that says it is of 12.2, nothing translates it.)"""


def gauge(low: float, high: float, colour: str) -> Json:
    """A bar in the cell beside its number. It fills from `low`: a signed value begins at 0, and below it the number alone speaks."""
    drawn = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    return {"min": low, "max": high, "color": fixed(colour), "custom.cellOptions": drawn, "mappings": NOT_KNOWN}


SHADED: Json = {"custom.cellOptions": {"type": "color-background", "mode": "basic"}, "mappings": NOT_KNOWN}
"""A cell in the colour of its value, with the number on it; an empty one is of no colour."""
WRAPPED: Json = {"custom.wrapText": True}
"""A cell of a sentence."""


def table(
    panel_id: int,
    title: str,
    about: str,
    targets: tuple[Target, ...],
    columns: Sequence[Shown],
    *,
    hidden: Sequence[str] = (),
    sort: tuple[str, bool] | None = None,
    before: tuple[Json, ...] = (),
    leaves: Sequence[str] = (),
    overrides: tuple[Override, ...] = (),
    empty: str = EMPTY,
    paged: bool = False,
) -> Panel:
    """Rows with named columns. `hidden`: not shown, and there for links; whatever else the query gives is left out. `sort`: (title, newest or largest first);
    `before`: transformations ahead of the last one, which puts the columns in order; `leaves`: names that they make and nobody needs;
    `paged`: says "1 - 9 of 20 rows" below, where a cut row would not tell that there are more.

    Joined tables have a `Time arousal`, a `Time coverage`: leaving out `Time` would take these too.
    """
    shown = tuple(named(column.name, _of_column(column)) for column in columns)
    unseen = tuple(named(name, UNSEEN) for name in hidden)
    order = {name: index for index, name in enumerate((*(column.name for column in columns), *hidden))}
    kept = {*order, *(["Time"] if any(name.startswith("Time ") for name in order) else [])}
    left_out = {name: True for name in (*(each for target in targets for each in target.query.names()), *leaves) if name not in kept}
    organised = {"id": "organize", "options": {"excludeByName": left_out, "indexByName": order, "renameByName": {}}}
    options = {"cellHeight": "sm", "showHeader": True, **({"sortBy": [{"displayName": sort[0], "desc": sort[1]}]} if sort else {})}
    options |= {"enablePagination": True} if paged else {}
    base = {"noValue": empty, "color": FIXED_TEXT, "custom": {"align": "auto", "filterable": False, "inspect": False}}
    any_time = all(target.query.when == ANY_TIME for target in targets)
    overrides = (matching("/.*/", {"custom.wrapHeaderText": True}), *shown, *unseen, *overrides)
    return Panel(panel_id, "table", title, about, targets, options, base, overrides, (*before, organised), any_time=any_time)


def _of_column(column: Shown) -> Json:
    return {
        "displayName": column.title,
        "noValue": column.empty,
        **({"unit": column.unit} if column.unit else {}),
        **({"decimals": column.decimals} if column.decimals is not None else {}),
        **({"custom.width": column.width} if column.width else {}),
        **({"mappings": values(column.words)} if column.words else {}),
        **column.more,
    }
