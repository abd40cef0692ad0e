"""The page's own logic, where there is Node to run it: queue, merging, blindness, words, days. And its texts: whole in every language."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STATIC = Path(__file__).parents[3] / "dashboards" / "live" / "static"
OURS = ("now.json", "tags.json", "findings.json")
NEVER = re.compile(r"stress|anxious|abnormal|alert|trigger|failed|good job|alarm|gescheitert|Fehler", re.IGNORECASE)
NAMED = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("name", sorted(path.name for path in (HERE / "js").glob("*.test.mjs")))
def test_the_pages_logic(name):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here: the page's own logic was not tested")
    done = subprocess.run([node, "--test", str(HERE / "js" / name)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def texts(language: str, name: str) -> dict[str, str]:
    return json.loads((STATIC / "texts" / language / name).read_text("utf-8"))


@pytest.mark.parametrize("name", OURS)
def test_both_languages_say_the_same_with_the_same_in_braces(name):
    english, german = texts("en", name), texts("de", name)
    assert english.keys() == german.keys()
    assert not [key for key in english if set(NAMED.findall(english[key])) != set(NAMED.findall(german[key]))]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", OURS)
def test_no_word_judges(name, language):
    assert not [key for key, text in texts(language, name).items() if NEVER.search(text)]


def test_no_text_is_asked_for_that_is_not_there():
    known = {
        key.removesuffix(".one").removesuffix(".other") for path in (STATIC / "texts" / "en").glob("*.json") for key in json.loads(path.read_text("utf-8"))
    }
    mine = [
        "day.js",
        "week.js",
        "tags.js",
        "line.js",
        "moments.js",
        "look.js",
        "views/now.js",
        "views/weeks.js",
        "findings.js",
        "plots.js",
        "said.js",
        "paper.js",
        "spans.js",
        "outcome.js",
    ]
    asked = {key for name in mine for key in re.findall(r"\bt\('([\w.]+)'", (STATIC / "js" / name).read_text("utf-8"))}
    assert not asked - known


def test_nothing_of_ours_writes_a_style_or_a_handler_into_markup():
    """The page's policy forbids them: a browser would drop them without a word."""
    for path in [*(STATIC / "js").rglob("*.js"), STATIC / "index.html"]:
        assert not re.search(r"\sstyle=|\son\w+=\"", path.read_text("utf-8")), path.name
