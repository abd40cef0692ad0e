"""The page of figures is written by the run that measured them, and has a place for each."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from figures import PAGE, PLACE, filled, markdown, places

ROOT = PAGE.parents[1]
PAGE_BEFORE = """# Truth

Said by a person.

<!-- figures: test_told.py::test_one -->
what is out of date
<!-- end -->
<!-- figures: test_told.py::test_each[still] -->
<!-- end -->
<!-- figures: test_told.py::test_not_run -->
what an earlier run measured
<!-- end -->
More prose.
"""
TOLD = """
import pytest

def test_one(figures):
    figures("| a | b |\\n| --- | --- |\\n| 1 | 2 |")
    figures("* of one_ day")

@pytest.mark.parametrize("how", ["still", "moving"])
def test_each(how, figures):
    figures(how)
    assert how == "still"
"""


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n", "2"]], ids=["one process", "two workers"])
def test_a_run_writes_what_it_measured_into_its_places_and_says_what_it_left(workers: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_told.py").write_text(TOLD)
    (tmp_path / "page.md").write_text(PAGE_BEFORE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "figures", "-p", "no:cacheprovider", *workers, "--write-truth", "--truth-page=page.md", "test_told.py"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT / "tests" / "support")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    page = (tmp_path / "page.md").read_text()
    assert "| 1 | 2 |\n\n```text\n* of one_ day\n```\n\n<!-- end -->" in page
    assert "test_each[still] -->\n\n```text\nstill\n```\n\n<!-- end -->" in page
    assert "what an earlier run measured\n<!-- end -->\nMore prose." in page and "out of date" not in page and page.startswith("# Truth\n\nSaid by a person.\n")
    assert "2 of 3 places" in run.stdout
    assert "not filled, its test told nothing in this run: test_told.py::test_not_run" in run.stdout
    assert "told, and no place for it: test_told.py::test_each[moving]" in run.stdout, "a test that fails has measured something all the same"
    assert run.returncode == 1


def test_writing_twice_changes_nothing() -> None:
    told = {"test_told.py::test_one": ["| a |\n| --- |\n| 1 |", "said\n\nand said"]}
    once = filled(PAGE_BEFORE, told)
    assert filled(once, told) == once != PAGE_BEFORE


def test_a_caption_right_above_a_table_does_not_become_part_of_it() -> None:
    assert markdown(["still\n| a |\n| --- |\n| 1 |\n"]) == "```text\nstill\n```\n\n| a |\n| --- |\n| 1 |"


def tells(path: Path) -> list[str]:
    """Names of the tests of a file that ask for `figures`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return [each.name for each in functions if any(argument.arg == "figures" for argument in each.args.args)]


def test_every_place_on_the_page_is_of_a_test_that_tells() -> None:
    named = [place.partition("[")[0].split("::") for place in places(PAGE.read_text(encoding="utf-8"))]
    assert named
    for path, name in named:
        assert name in tells(ROOT / path), f"{path} has no {name} that asks for `figures`"


def test_no_two_places_are_of_one_test() -> None:
    held = places(PAGE.read_text(encoding="utf-8"))
    assert len(held) == len(set(held))


def test_whatever_a_truth_test_tells_has_its_place() -> None:
    held = {place.partition("[")[0] for place in places(PAGE.read_text(encoding="utf-8"))}
    told = {f"tests/truth/{path.name}::{name}" for path in (ROOT / "tests" / "truth").glob("test_*.py") for name in tells(path)}
    assert told and not told - held


def test_no_place_is_left_empty() -> None:
    empty = [place["test"] for place in PLACE.finditer(PAGE.read_text(encoding="utf-8")) if not place["held"].strip()]
    assert not empty, f"make truth has not told: {empty}"
