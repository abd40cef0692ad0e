"""A board as the plain JSON that Grafana 12 reads (classic, schema 42): sorted, without the parts Grafana counts up itself, the same bytes every time."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from dashboards.grafana.model import COLUMNS, Annotation, Board, Heading, Json, Override, Panel, Row, Target, Variable
from dashboards.grafana.variables import UTC, ZONE

NAMES = ("live", "clinician", "clinic", "health")
"""The boards, in the order they are listed."""
FOLDER = Path(__file__).with_name("json")
SCHEMA = 42
PANELS_OF = "12.2.0"
"""Written on every panel: without it Grafana runs old migrations over some of them."""
ONCE = 1
"""A list is asked for when a board is opened. Asked again at every refresh (2), Grafana puts the first person of the list in the place of one who is not
in it, without a word (watched): a link to one would show another."""
SOURCE: Json = {"type": "influxdb", "uid": "somalink-influx"}


def board(name: str) -> Board:
    found: Board = import_module(f"dashboards.grafana.boards.{name}").BOARD
    return found


def boards() -> dict[str, Board]:
    """Every board, by its name."""
    return {name: board(name) for name in NAMES}


def written(of: Board, tz: str = UTC) -> str:
    """The text of its file."""
    return json.dumps(as_json(of, tz), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_json(of: Board, tz: str = UTC) -> dict[str, Any]:
    """`tz`: the zone whose days are days. With one, the board's own times are in it too; without, they are in the reader's."""
    return {
        "annotations": {"list": [_annotation(each) for each in of.annotations]},
        "description": of.about,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "links": [dict(link) for link in of.links],
        "panels": _laid_out(of),
        "preload": False,
        "refresh": of.refresh,
        "schemaVersion": SCHEMA,
        "tags": ["somalink"],
        "templating": {"list": [_variable(_in_zone(each, tz)) for each in of.variables]},
        "time": {"from": of.back, "to": "now"},
        "timepicker": {},
        "timezone": "browser" if tz == UTC else tz,
        "title": of.title,
        "uid": of.uid,
        "weekStart": "",
    }


def _in_zone(variable: Variable, tz: str) -> Variable:
    return replace(variable, text=tz) if variable.name == ZONE.name else variable


# ---------------------------------------------------------------- panels


def _laid_out(of: Board) -> list[dict[str, Any]]:
    """Panels where they are, row under row."""
    found: list[dict[str, Any]] = []
    top = 0
    for row in of.rows:
        if isinstance(row, Heading):
            found.append(_heading(row, top))
            top += 1
            continue
        found += _side_by_side(row, top)
        top += row.height
    return found


def _side_by_side(row: Row, top: int) -> list[dict[str, Any]]:
    placed, left = [], 0
    for panel, width in row.panels:
        placed.append(_panel(panel, {"x": left, "y": top, "w": width, "h": row.height}))
        left += width
    if left != COLUMNS:
        raise ValueError(f"a row is {COLUMNS} wide, and {', '.join(panel.title for panel, _ in row.panels)} are {left}")
    return placed


def _heading(heading: Heading, top: int) -> dict[str, Any]:
    return {"collapsed": False, "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}, "id": heading.id, "panels": [], "title": heading.title, "type": "row"}


def _panel(panel: Panel, at: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": panel.about,
        "gridPos": at,
        "id": panel.id,
        "options": dict(panel.options),
        "pluginVersion": PANELS_OF,
        "title": panel.title,
        "type": panel.kind,
    }
    if panel.targets:
        found |= {
            "datasource": dict(SOURCE),
            "fieldConfig": {"defaults": dict(panel.defaults), "overrides": [_override(each) for each in panel.overrides]},
            "targets": [_target(each) for each in panel.targets],
        }
    if panel.transformations:
        found["transformations"] = [dict(each) for each in panel.transformations]
    if panel.links:
        found["links"] = [dict(each) for each in panel.links]
    if panel.interval:
        found["interval"] = panel.interval
    if panel.points:
        found["maxDataPoints"] = panel.points
    return found


def _override(override: Override) -> dict[str, Any]:
    return {
        "matcher": {"id": override.matcher, "options": override.which},
        "properties": [{"id": name, "value": value} for name, value in override.properties.items()],
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "alias": target.alias,
        "datasource": dict(SOURCE),
        "query": target.query.text,
        "rawQuery": True,
        "refId": target.ref,
        "resultFormat": "table" if target.table else "time_series",
    }


# ---------------------------------------------------------------- variables and annotations


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "description": variable.about,
        "hide": 2 if variable.hidden else 0,
        "label": variable.label,
        "name": variable.name,
        "skipUrlSync": variable.kind == "constant",
        "type": variable.kind,
        **_VARIABLES[variable.kind](variable),
    }


def _asked(variable: Variable) -> dict[str, Any]:
    return {
        "datasource": dict(SOURCE),
        "definition": variable.text,
        "includeAll": variable.many,
        "multi": variable.many,
        "options": [],
        "query": {"query": variable.text, "refId": "v"},
        "refresh": ONCE,
        "regex": "",
        "sort": 1,
        **({"current": {"text": ["All"], "value": ["$__all"]}} if variable.many else {}),
    }


def _listed(variable: Variable) -> dict[str, Any]:
    choices = variable.text.split(",")
    chosen = variable.chosen or choices[0]
    return {
        "current": {"text": chosen, "value": chosen},
        "includeAll": False,
        "multi": False,
        "options": [{"selected": choice == chosen, "text": choice, "value": choice} for choice in choices],
        "query": variable.text,
    }


def _standing(variable: Variable) -> dict[str, Any]:
    return {"current": {"text": variable.text, "value": variable.text}, "query": variable.text}


_VARIABLES = {"query": _asked, "custom": _listed, "constant": _standing}


def _annotation(annotation: Annotation) -> dict[str, Any]:
    source = str(annotation.query.source)
    target = {
        "fromAnnotations": True,
        "query": annotation.query.text,
        "rawQuery": True,
        "refId": "Anno",
        "textColumn": annotation.text,
        "textEditor": True,
        **({"titleColumn": f"{source}.{annotation.title}"} if annotation.title else {}),
        **({"timeEndColumn": f"{source}.{annotation.until}"} if annotation.until else {}),
        **({"tagsColumn": ",".join(annotation.tags)} if annotation.tags else {}),
    }
    return {
        "datasource": dict(SOURCE),
        "enable": annotation.shown,
        "filter": {"exclude": False, "ids": list(annotation.on)},
        "hide": False,
        "iconColor": annotation.colour,
        "name": annotation.name,
        "target": target,
    }
