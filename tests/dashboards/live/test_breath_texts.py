"""What the terminal says of the breath is what the page says, in its words and in as many of them; and none of it praises."""

import re
from pathlib import Path

import pytest

from dashboards.live.texts import catalogue, languages, text
from somalink.cli.breathing import SAFETY, SCRIPTS

JS = Path(__file__).resolve().parents[3] / "dashboards" / "live" / "static" / "js"
PRAISE = re.compile(r"\b(well done|great|good job|excellent|congratulations|bravo|super|toll|prima|gut gemacht|glückwunsch)\b", re.IGNORECASE)


@pytest.mark.parametrize("language", languages())
def test_a_breath_is_never_praised(language):
    assert not [key for key, words in catalogue(language).items() if key.startswith("breathe.") and PRAISE.search(words)]


def test_every_text_that_the_breath_asks_for_is_there():
    asked = set()
    for name in ("views/breathe.js", "exercises.js", "breath_wave.js", "breath_cues.js"):
        asked |= set(re.findall(r"'breathe\.(\w+)'", (JS / name).read_text(encoding="utf-8")))
    known = {key.removeprefix("breathe.").split(".")[0] for key in catalogue("en") if key.startswith("breathe.")}
    assert len(asked) > 40 and asked <= known, asked - known


def test_scripts_and_safety_are_as_long_in_the_terminal_as_on_the_page():
    script = (JS / "exercises.js").read_text(encoding="utf-8")
    assert {kind: int(steps) for kind, steps in re.findall(r"(\w+): \{ steps: (\d+)", script)} == SCRIPTS
    for part, count in {**SAFETY, **SCRIPTS}.items():
        told = [key for key in catalogue("en") if re.fullmatch(rf"breathe\.{part}_\d+", key)]
        assert len(told) == count


def test_a_language_that_is_not_there_is_english_and_a_text_that_is_not_is_its_id():
    assert text("breathe.begin", "xx") == text("breathe.begin") == "Begin"
    assert text("breathe.begin", "../en") == "Begin"
    assert text("breathe.nothing") == "breathe.nothing"
    assert text("breathe.breaths", "de", n=1) == "1 Atemzug."
