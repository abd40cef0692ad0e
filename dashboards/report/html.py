"""Paper as one HTML file: no script, no address, nothing outside itself. Jinja2 is met here alone, and escapes whatever people wrote."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

import jinja2
from markupsafe import Markup

from dashboards.report.paper import Paper, Picture, balanced
from dashboards.report.pictures import FONT


def written(paper: Paper) -> str:
    return template().render(paper=paper, css=Markup(source("report.css")))  # our own style sheet


def drawing(picture: Picture) -> Markup:
    """An image with its words, or an ornament that is passed over. Our own SVG: texts in it were escaped when it was drawn."""
    said = f'role="img" aria-label="{escape(picture.alt)}"' if picture.alt else 'aria-hidden="true"'
    return Markup(picture.svg.replace("<svg ", f"<svg {said} ", 1).replace(FONT, "inherit"))


def source(name: str) -> str:
    return (files("dashboards.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def template() -> jinja2.Template:
    made = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    made.filters |= {"drawing": drawing, "balanced": balanced}
    return made.from_string(source("report.html.j2"))
