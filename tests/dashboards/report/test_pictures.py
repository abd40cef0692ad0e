"""The drawings: nothing is joined over a gap, nothing leaves its frame, and what lies off the scale is seen to."""

import re
from xml.etree import ElementTree

from dashboards.report import pictures
from somalink.domain.catalogue import KINDS


def test_a_line_breaks_where_nothing_is_known():
    assert pictures.joined([(0, 1), (1, 2), None, (3, 4), (4, 5)]) == "M0.0 1.0L1.0 2.0M3.0 4.0L4.0 5.0"


def test_a_moment_off_the_scale_is_a_wedge_at_its_end():
    inside, outside = (pictures.moments("", (z,), None, None, claimed=False).svg for z in (1.0, 9.0))
    assert inside.count("<circle") == 1 and outside.count("<circle") == 0
    assert re.search(r'd="M9\d', outside)


def test_a_day_without_wearing_is_a_dash_and_no_bar():
    drawn = pictures.coverage("", [8.0, 0.0, 4.0], [6.0, 0.0, 4.0], [], "{n} h").svg
    assert drawn.count("<rect") == 4 and drawn.count(">–<") == 1


def test_every_kind_has_a_glyph_and_every_drawing_is_xml():
    assert set(pictures.GLYPHS) == set(KINDS)
    for kind in KINDS:
        ElementTree.fromstring(pictures.glyph(kind).svg)


def test_words_in_a_drawing_are_escaped():
    assert "<b>" not in pictures.gates("", [("still", 1.0, "<b>")]).svg


def test_gates_are_told_apart_in_grey():
    """By shape: no two textures are drawn of the same strokes."""
    drawn = {gate: pictures.hatched(0, 0, 60, 12, gate) for gate in ("still", "light", "moving", "recovery", "posture", "unknown")}
    assert len(set(drawn.values())) == len(drawn)


def test_parts_that_do_not_fit_keep_the_order_of_the_bar():
    drawn = pictures.gates("", [("still", 0.8, "still 80 %"), ("recovery", 0.1, "settling after moving 10 %"), ("moving", 0.1, "moving 10 %")]).svg
    assert re.findall(r">([^<>]+)</text>", drawn) == ["still 80 %", "settling after moving 10 % · moving 10 %"]


def test_the_key_has_every_sign_of_a_strip():
    drawn = pictures.key("band", "dot", "told", "open", "beyond").svg
    assert re.findall(r">([^<>]+)</text>", drawn) == ["band", "dot", "beyond", "told", "open"]


def test_dates_reach_the_end_of_the_span():
    drawn = pictures.coverage("", [8.0] * 28, [6.0] * 28, [(0, "1 Nov"), (27, "28 Nov")], "{n} h").svg
    assert re.search(r'<text x="504"[^>]*text-anchor="end"[^>]*>28 Nov<', drawn)


def test_in_a_taller_row_moments_are_set_apart():
    low, tall = (pictures.moments("", (0.1, 0.1, 0.1), None, None, claimed=False, tall=factor).svg for factor in (1.0, 1.9))
    assert [len(set(re.findall(r'cy="([^"]+)"', svg))) for svg in (low, tall)] == [1, 3]
