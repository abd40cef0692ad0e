"""Paper as a tagged PDF (PDF/UA-1): a language, a title, headings, tables, and words for every picture. typst is met here alone.

The same paper gives the same bytes: the time in the file is the end of the span, and the type comes from wheels, never from the machine.
People's own words enter as JSON data and never as markup. Where they use letters that no wheel has, the machine's type is asked as well,
and letters that nobody has are drawn as a box that names their script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import typst

from dashboards.report.paper import Paper, balanced
from dashboards.report.pictures import FONT

STANDARD: Final = "ua-1"
TYPE = "DejaVu Sans"
"""Comes with matplotlib's wheel; typst's own has no sans. It is wide, so it is set smaller than the page's."""
SMALLER = 0.87
UNPRINTABLE = re.compile(r"\\u00[01][0-9a-f]|\\u007f|[\ud800-\udfff\x7f-\x9f\ufffe\uffff]")
"""In JSON: control characters, and halves of characters."""
LAST = "Last Resort High-Efficiency"


def made(paper: Paper, to_day: str) -> bytes:
    data = UNPRINTABLE.sub("\ufffd", json.dumps(for_typst(asdict(paper)), ensure_ascii=False))
    stamp = int(datetime.combine(date.fromisoformat(to_day), datetime.min.time(), UTC).timestamp())
    source = (files("dashboards.report") / "templates" / "report.typ").read_bytes()
    try:
        return compiled(source, {"data": data, "type": TYPE, "last": TYPE}, stamp, ours_alone=True)
    except typst.TypstError:
        return compiled(source, {"data": data, "type": TYPE, "last": LAST}, stamp, ours_alone=False)


def compiled(source: bytes, inputs: Mapping[str, str], stamp: int, *, ours_alone: bool) -> bytes:
    type_ = typst.Fonts(include_system_fonts=not ours_alone, font_paths=[type_folder()])
    return typst.compile(source, format="pdf", sys_inputs=dict(inputs), pdf_standards=[STANDARD], timestamp=stamp, font_paths=type_)


def type_folder() -> Path:
    """Where matplotlib keeps its type; found without importing it."""
    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def for_typst(node: Any) -> Any:
    """The same with bullets in their columns, since typst breaks columns only at the end of a page, and drawings in the PDF's type."""
    if isinstance(node, dict):
        told = {key: lettered(value) if key == "svg" else for_typst(value) for key, value in node.items()}
        return told | {"items": balanced(node["items"], node["columns"])} if node.get("form") == "bullets" else told
    return [for_typst(each) for each in node] if isinstance(node, list | tuple) else node


def lettered(svg: str) -> str:
    return svg.replace(FONT, TYPE).replace('font-size="10"', f'font-size="{10 * SMALLER:g}"')
