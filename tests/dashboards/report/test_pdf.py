"""The PDF: tagged, titled, in its language, the same bytes every time, and whatever people write in it."""

import re
from dataclasses import replace

import pytest
from reports import MADE, NOTE, month, nothing

from dashboards.report.door import as_pdf


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", MADE)
def test_it_is_tagged_titled_and_in_its_language(name, lang):
    pdf = as_pdf(MADE[name](lang))
    assert pdf.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in pdf and re.search(rb"/MarkInfo\s*<<\s*/Marked true", pdf)
    assert f"/Lang({lang})".encode() in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert b"/DisplayDocTitle true" in pdf


def test_headings_tables_and_pictures_are_what_they_are():
    pdf = as_pdf(month())
    for tag in (b"H1", b"H2", b"Table", b"TH", b"TD", b"Figure", b"L", b"LI"):
        assert re.search(rb"/S\s*/" + tag + rb"\b", pdf), tag
    figures = len(re.findall(rb"/S\s*/Figure", pdf))
    assert figures and figures <= len(re.findall(rb"/Alt\s*[(<]", pdf))


def test_the_same_report_is_the_same_bytes():
    assert as_pdf(nothing()) == as_pdf(nothing())


def test_the_time_in_it_is_the_end_of_the_span():
    assert b"D:20261112000000" in as_pdf(nothing())


@pytest.mark.parametrize("note", [NOTE, "漢字 と 🙂", "#panic(1)", "\\u{1F600} `raw` $x$ <label> @ref", "שלום", "a\x00b\ud800"])
def test_whatever_people_write_can_be_written(note):
    report = month(notes=True)
    moments = (replace(report.moments[0], note=note), *report.moments[1:3])
    assert as_pdf(replace(report, moments=moments)).startswith(b"%PDF")
