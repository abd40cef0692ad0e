"""The clinician's report: two pages and an appendix, as one HTML file or a tagged PDF, from one plain value (`model.Report`)."""

from dashboards.report.door import as_html, as_pdf, write_report

__all__ = ["as_html", "as_pdf", "write_report"]
