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
