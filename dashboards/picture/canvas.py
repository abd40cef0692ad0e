"""Paper, pen and ink: a page in inches, text that is measured, textures, glyphs, and the two files it can become.

The one importer of matplotlib in this folder, inside functions; no pyplot, no global state. Knows nothing of days or hearts.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dashboards.picture import look
from somalink.domain.errors import StoreError, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT = "DejaVu Sans"
"""Comes with matplotlib, so a page is laid out alike everywhere; a browser takes the reader's own face, which is narrower."""
SMALL, BODY, LEAD, HEAD, TITLE = 8.5, 9.0, 10.0, 11.0, 19.0
"""Points on paper. A page fits A4 across at its own size, so these are the sizes in print."""
DPI = 160
COLOURS = 256
"""Of a palette."""
STYLE: Any = {"font.family": FONT, "svg.fonttype": "none", "svg.hashsalt": "somalink", "path.simplify": True}
T = TypeVar("T")
Row = Sequence[str]


class Page:
    """A sheet `width` by `height` inches. Places are in inches from the left and from the *bottom*."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width, height), dpi=DPI, facecolor=look.SURFACE)
        self._renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]

    # ------------------------------------------------------------ text

    def text(
        self, x: float, y: float, text: str, *, size: float = BODY, colour: str = look.INK, bold: bool = False, ha: str = "left", va: str = "baseline"
    ) -> None:
        self.figure.text(x / self.width, y / self.height, text, fontsize=size, color=colour, fontweight="bold" if bold else "normal", ha=ha, va=va)

    def upright(self, x: float, y: float, text: str, *, size: float = SMALL, colour: str = look.INK_3) -> None:
        """Text that reads upwards, centred on a place too narrow for it."""
        self.figure.text(x / self.width, y / self.height, text, fontsize=size, color=colour, rotation=90, ha="center", va="center")

    def measure(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line, in inches."""
        from matplotlib.font_manager import FontProperties

        face = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
        return float(self._renderer.get_text_width_height_descent(text, face, False)[0]) / DPI

    def wrap(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.measure(longer, size, bold=bold) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def paragraph(self, x: float, y: float, text: str, width: float, *, size: float = BODY, colour: str = look.INK_2, bold: bool = False) -> float:
        """Lines from baseline `y` down; gives the baseline of the line after the last."""
        for line in self.wrap(text, width, size, bold=bold) if text else []:
            self.text(x, y, line, size=size, colour=colour, bold=bold)
            y -= 1.42 * size / 72
        return y

    # ------------------------------------------------------------ places to draw

    def axes(self, x: float, y: float, width: float, height: float, *, xlim: tuple[float, float], ylim: tuple[float, float]) -> Axes:
        """A bare plot: no frame, ticks or labels."""
        axes = self.figure.add_axes((x / self.width, y / self.height, width / self.width, height / self.height))
        axes.set_axis_off()
        axes.set_xlim(*xlim)
        axes.set_ylim(*ylim)
        return axes

    def line(
        self, xs: Sequence[float], ys: Sequence[float], *, colour: str = look.INK_3, width: float = 0.8, dash: tuple[float, float] | None = None, z: float = 3
    ) -> None:
        from matplotlib.lines import Line2D

        style: Any = (0, dash) if dash else "-"
        self.figure.add_artist(Line2D(xs, ys, color=colour, lw=width, ls=style, zorder=z, transform=self.figure.dpi_scale_trans, solid_capstyle="round"))

    def box(self, x: float, y: float, width: float, height: float, *, fill: str = "none", edge: str = "none", alpha: float = 1.0, line: float = 0.8) -> None:
        from matplotlib.patches import Rectangle

        patch = Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, alpha=alpha, lw=line, transform=self.figure.dpi_scale_trans)
        self.figure.add_artist(patch)

    def numbered(self, x: float, y: float, label: str, *, colour: str = look.INK, r: float = 0.085) -> None:
        """A small marker with a number or letter."""
        from matplotlib.patches import Circle

        self.figure.add_artist(Circle((x, y), r, facecolor=look.SURFACE, edgecolor=colour, lw=1.1, zorder=6, transform=self.figure.dpi_scale_trans))
        text = self.figure.text(x / self.width, y / self.height - 0.003 / self.height, label, fontsize=8.0, fontweight="bold", color=colour, ha="center")
        text.set_verticalalignment("center_baseline")
        text.set_zorder(7)

    def dot(self, x: float, y: float, *, colour: str, filled: bool, r: float = 0.045) -> None:
        from matplotlib.patches import Circle

        fill = colour if filled else look.SURFACE
        self.figure.add_artist(Circle((x, y), r, facecolor=fill, edgecolor=colour, lw=1.1, zorder=6, transform=self.figure.dpi_scale_trans))

    def glyph(self, kind: str, x: float, y: float, *, size: float = 0.24, colour: str = look.INK) -> None:
        """The glyph of a kind, centred."""
        from matplotlib.patches import Arc, Circle

        scale = size / look.GLYPH_UNITS
        pen = max(0.8, 1.7 * scale * 72)

        def place(point: look.Point) -> look.Point:
            return x + (point[0] - look.GLYPH_UNITS / 2) * scale, y - (point[1] - look.GLYPH_UNITS / 2) * scale

        for mark in look.GLYPHS.get(kind, look.GLYPHS["other"]):
            if isinstance(mark, look.Disc):
                self.figure.add_artist(
                    Circle(place(mark.at), mark.r * scale, facecolor=colour, edgecolor="none", zorder=6, transform=self.figure.dpi_scale_trans)
                )
            elif isinstance(mark, look.Ring):
                d = 2 * mark.r * scale
                style: Any = (0, tuple(part * scale * 72 / pen for part in mark.dash)) if mark.dash else "-"
                arc = Arc(place(mark.at), d, d, theta1=-mark.arc[1], theta2=-mark.arc[0], edgecolor=colour, lw=pen, ls=style, zorder=6)
                arc.set_transform(self.figure.dpi_scale_trans)
                arc.set_capstyle("round")
                self.figure.add_artist(arc)
            else:
                points = [place(point) for point in mark.points]
                self.line([p[0] for p in points], [p[1] for p in points], colour=colour, width=pen, z=6)

    def texture(self, axes: Axes, spans: Iterable[tuple[float, float]], bottom: float, top: float, texture: look.Texture, *, alpha: float = 1.0) -> None:
        """Strokes over the spans (in data units of `axes`), cut at their edges: one set of strokes, so that neighbours agree."""
        from matplotlib.collections import LineCollection
        from matplotlib.path import Path as Outline

        boxes = [np.array([(a, bottom), (b, bottom), (b, top), (a, top), (a, bottom)]) for a, b in spans if b > a]
        if not boxes:
            return
        outline = Outline(np.concatenate(boxes), np.tile([1, 2, 2, 2, 79], len(boxes)).astype(np.uint8))
        frame = axes.get_position()
        left, low = frame.x0 * self.width, frame.y0 * self.height
        width, tall = frame.width * self.width, frame.height * self.height
        reach = tall * texture.lean
        starts = np.arange(left - reach, left + width, texture.spacing)
        strokes = [[(start, low), (start + reach, low + tall)] for start in starts.tolist()]
        style: Any = (0, tuple(part / texture.width for part in texture.dash)) if texture.dash else "-"
        lines = LineCollection(
            strokes,
            colors=look.HATCH,
            alpha=alpha,
            linewidths=texture.width,
            linestyles=[style],
            capstyle="round",
            transform=self.figure.dpi_scale_trans,
            zorder=1.5,
        )
        lines.set_transform(self.figure.dpi_scale_trans)
        axes.add_collection(lines, autolim=False)
        lines.set_clip_path(outline, axes.transData)


# ---------------------------------------------------------------- files


def render(out: Path, draw: Callable[[], Page], *, title: str, table: Sequence[Row]) -> None:
    """Draws under our own style and writes `out`: .png, or .html with the drawing inside and `table` in words below it."""
    writers: dict[str, Callable[[Page, str, Sequence[Row]], bytes]] = {".png": _png, ".html": _html}
    writer = writers.get(out.suffix.lower())
    if writer is None:
        raise UsageError(f"{out.name}: a picture can be .html or .png", next_step=f"name it {out.with_suffix('.html').name} or {out.with_suffix('.png').name}")
    import matplotlib

    with matplotlib.rc_context(STYLE):
        _write(out, writer(draw(), title, table))


def _png(page: Page, title: str, table: Sequence[Row]) -> bytes:
    """In a palette: a picture of a few inks needs a third of the bytes, and it is meant to be sent."""
    from PIL import Image, PngImagePlugin

    drawn, held = io.BytesIO(), io.BytesIO()
    page.figure.savefig(drawn, format="png", dpi=DPI)
    inks, which = _palette(np.asarray(Image.open(drawn).convert("RGB")))
    about = PngImagePlugin.PngInfo()
    for name, text in (("Title", title), ("Software", "somalink")):
        about.add_itxt(name, text)
    picture = Image.fromarray(which)
    picture.putpalette(inks.tobytes())
    picture.save(held, format="png", optimize=True, dpi=(DPI, DPI), pnginfo=about)
    return held.getvalue()


def _palette(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(height, width, 3) to inks (n, 3) and (height, width): the commonest colours stay exactly what they are, the others take the nearest of them."""
    packed = pixels.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    found, place, counts = np.unique(packed, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    inks = colours[np.argsort(-counts, kind="stable")[:COLOURS]]
    nearest = np.square(colours[:, None] - inks[None]).sum(axis=2).argmin(axis=1)
    return inks.astype(np.uint8), nearest.astype(np.uint8)[place].reshape(packed.shape)


def _html(page: Page, title: str, table: Sequence[Row]) -> bytes:
    held = io.StringIO()
    page.figure.savefig(held, format="svg", metadata={"Title": title, "Date": None, "Creator": "somalink"})
    drawing = held.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
    drawing = drawing.replace(f"'{FONT}'", f"-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, '{FONT}', sans-serif")
    head, *rows = table
    cells = "\n".join(f"<tr><th scope=row>{escape(row[0])}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>" for row in rows)
    heads = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in head)
    return _HTML.format(title=escape(title), drawing=drawing, heads=heads, cells=cells, look=look).encode()


_HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ margin: 0; background: {look.PAPER}; color: {look.INK}; font: 400 17px/1.45 -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }}
  main {{ max-width: 1216px; margin: 24px auto; padding: 0 12px; }}
  section {{ background: {look.SURFACE}; border-radius: 20px; box-shadow: 0 0 0 1px {look.RULE}; padding: 8px; margin-bottom: 16px; overflow-x: auto; }}
  section + section {{ padding: 24px; }}
  svg {{ display: block; width: 100%; height: auto; min-width: 900px; }}
  h1 {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
  h2 {{ font-size: 20px; font-weight: 600; margin: 0 0 8px; }}
  table {{ border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }}
  th, td {{ text-align: start; vertical-align: top; padding: 4px 24px 4px 0; border-bottom: 1px solid {look.RULE}; }}
  thead th {{ color: {look.INK_3}; font-weight: 400; }}
  @media print {{ body {{ background: none; }} section {{ box-shadow: none; }} svg {{ min-width: 0; }} @page {{ size: A4 landscape; margin: 8mm; }} }}
</style>
<main>
<h1>{title}</h1>
<section>
{drawing}</section>
<section><h2>In words</h2>
<table><thead><tr>{heads}</tr></thead><tbody>
{cells}
</tbody></table></section>
</main>
</html>
"""


def _write(out: Path, content: bytes) -> None:
    """For the owner's eyes only: it is somebody's heart."""
    try:
        with open(out, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
        out.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", next_step="choose a folder you may write to, with --out") from error
