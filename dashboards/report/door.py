"""The one door: a report as HTML, as PDF, or as a file of either."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from dashboards.report.layout import paper
from dashboards.report.model import Report
from dashboards.report.room import PDF_MM
from somalink.domain.errors import UsageError

PRIVATE = 0o600
"""Of whoever had it written: what is in it is health."""


def as_html(report: Report) -> str:
    from dashboards.report import html  # Jinja2, only when one is written

    return html.written(paper(report))


def as_pdf(report: Report) -> bytes:
    from dashboards.report import pdf  # typst, only when one is written

    return pdf.made(paper(report, PDF_MM), report.to_day)


WRITERS: Mapping[str, Callable[[Report], bytes]] = {".html": lambda report: as_html(report).encode("utf-8", "replace"), ".pdf": as_pdf}


def write_report(report: Report, path: Path) -> None:
    """Written beside and renamed, so that a reader never meets half a report; readable by its owner alone."""
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"A report cannot be written as {path.suffix or 'a file without an ending'}", next_step="end the name in .html or .pdf")
    content = write(report)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
