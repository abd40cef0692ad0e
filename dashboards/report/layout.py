"""A report as paper: the two pages and the appendix, in its own language, before anything is drawn as HTML or PDF."""

from __future__ import annotations

from dashboards.report import after, appendix, front, gist
from dashboards.report.model import Report
from dashboards.report.paper import Paper
from dashboards.report.words import Words


def paper(report: Report) -> Paper:
    say = Words(report.lang)
    title = f"{gist.title(report, say)}: {say('about.person', name=report.person)}"
    pages = (front.page(report, say), after.page(report, say))
    return Paper(say.lang, title, say("region.table"), say("page.number", n="{n}"), pages, appendix.page(report, say))
