"""The clinician's report: two pages and an appendix, as one HTML file or a tagged PDF, from one plain value (`model.Report`)."""
