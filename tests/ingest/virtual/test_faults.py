"""Fault scripts: what they say, and what is said of mistakes in them."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.virtual.faults import DICE, KINDS, Fault, parse_faults, parse_words, random_faults, read_faults
from ingest.virtual.wearing import EFFECTS
from somalink.domain.errors import BadInput

SCRIPT = """
[[fault]]
at_s = 300
kind = "battery"
percent = 9

[[fault]]
at_s = 120
kind = "drop"
for_s = 3
"""


def test_a_script_is_read_in_order_of_time(tmp_path):
    (tmp_path / "faults.toml").write_text(SCRIPT)
    assert read_faults(tmp_path / "faults.toml") == (Fault("drop", 120, 3), Fault("battery", 300, percent=9))
    assert parse_faults("") == ()


@pytest.mark.parametrize(
    ("script", "line", "about"),
    [
        ('[[fault]]\nat_s = 1\nkind = "drop"\n\n[[fault]]\nat_s = 2\nkind = "explode"', "line 7", "explode"),
        ('[[fault]]\nkind = "drop"', "line 1", "at_s is missing"),
        ('[[fault]]\nat_s = -1\nkind = "drop"', "line 2", "at_s is -1"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\nfor_s = "long"', "line 4", "for_s is 'long'"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\nforever = 3', "line 4", "forever"),
        ('[[fault]]\nat_s = 1\nkind = "battery"', "line 1", "needs percent"),
        ('[[fault]]\nat_s = 1\nkind = "battery"\npercent = 101', "line 4", "percent is 101"),
        ('[[fault]]\nat_s = 1\nkind = "clock_jump"', "line 1", "needs by_s"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\nby_s = 3', "line 4", "takes no by_s"),
        ('[[fault]]\nat_s = 1\nkind = "clock_jump"\nby_s = nan', "line 4", "by_s is nan"),
        ('[[fault]]\nat_s = 1\nkind = "garbage"\nbytes = "xyz"', "line 4", "bytes is 'xyz'"),
        ('[[fault]]\nat_s = 1\nkind = "drop"\nstrap = 0', "line 4", "strap is 0"),
        ('speed = 3\n[[fault]]\nat_s = 1\nkind = "drop"', "line 1", "only [[fault]] tables"),
        ("[[fault]]\nat_s = = 1", "line 2", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write_instead(script, line, about):
    with pytest.raises(BadInput) as found:
        parse_faults(script, "faults.toml")
    assert line in found.value.what and about in found.value.what and found.value.next_step


def test_a_clock_can_be_set_back():
    assert parse_faults('[[fault]]\nat_s = 5\nkind = "clock_jump"\nby_s = -3600') == (Fault("clock_jump", 5, by_s=-3600),)


def test_every_kind_has_an_effect_and_a_line_in_the_manual():
    manual = (Path(__file__).resolve().parents[3] / "docs/virtual-strap.md").read_text(encoding="utf-8")
    assert set(EFFECTS) == set(KINDS)
    assert all(f"| `{kind}` |" in manual for kind in KINDS)


def test_a_script_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(BadInput):
        read_faults(tmp_path / "none.toml")


def test_faults_can_be_typed():
    assert parse_words("drop") == Fault("drop")
    assert parse_words("silence 5") == Fault("silence", for_s=5)
    assert parse_words("2 battery 9") == Fault("battery", percent=9, strap=2)
    assert parse_words("clock_jump -3600.5") == Fault("clock_jump", by_s=-3600.5)


@pytest.mark.parametrize(
    "words",
    ["", "explode", "drop -1", "drop nan", "drop inf", "drop 1 2", "battery", "battery 101", "0 drop", "2", "clock_jump", "clock_jump inf", "clock_jump x"],
)
def test_what_is_typed_wrongly_is_said_so(words):
    with pytest.raises(BadInput):
        parse_words(words)


def test_dice_throw_the_same_again_and_every_kind_equally_often_and_never_two_at_once():
    thrown = random_faults(7, 24, 5, DICE)
    assert thrown == random_faults(7, 24, 5, DICE) != random_faults(8, 24, 5, DICE)
    assert Counter(fault.kind for fault in thrown) == dict.fromkeys(DICE, 40)
    assert all(early.at_s + early.for_s < late.at_s for early, late in pairwise(thrown))
    assert thrown[0].at_s >= 0 and thrown[-1].at_s + thrown[-1].for_s <= 24 * 3600
    assert all(KINDS[fault.kind].lasts[0] <= fault.for_s <= KINDS[fault.kind].lasts[1] for fault in thrown)


def test_dice_can_be_thrown_never_and_not_for_what_has_no_length():
    assert random_faults(1, 24, 0) == ()
    with pytest.raises(BadInput):
        random_faults(1, 24, 5, ["battery"])
