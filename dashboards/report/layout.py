"""A report as paper: the two pages and the appendix, in its own language, before anything is drawn as HTML or PDF."""

from __future__ import annotations

from dataclasses import replace

from dashboards.report import after, appendix, front, gist
from dashboards.report.model import Report
from dashboards.report.paper import Paper
from dashboards.report.room import SCREEN_MM
from dashboards.report.words import Words


def paper(report: Report, pages_mm: tuple[float, float] = SCREEN_MM) -> Paper:
    """`pages_mm`: what each of the two holds in its type."""
    report = report if report.notes else without_words(report)
    say = Words(report.lang)
    title = f"{gist.title(report, say)}: {say('about.person', name=report.person)}"
    pages = (front.page(report, say, pages_mm[0]), after.page(report, say, pages_mm[1]))
    return Paper(say.lang, title, say("region.table"), say("page.number", n="{n}"), pages, appendix.page(report, say))


def without_words(report: Report) -> Report:
    """Without the person's own words: what was not chosen to be shared is not on paper, even where it came along."""
    moments = tuple(replace(each, note="") for each in report.moments)
    return replace(report, moments=moments, steps=tuple(replace(each, text="") for each in report.steps))
