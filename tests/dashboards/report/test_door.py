"""The one door: by the ending of the name, for its owner alone, whole or not at all."""

import stat
import subprocess
import sys

import pytest
from reports import nothing

from dashboards.report import door
from dashboards.report.door import write_report
from somalink.domain.errors import UsageError


@pytest.mark.parametrize(("name", "begins"), [("r.html", b"<!doctype html>"), ("R.PDF", b"%PDF")])
def test_the_ending_of_the_name_decides(tmp_path, name, begins):
    write_report(nothing(), tmp_path / name)
    assert (tmp_path / name).read_bytes().lstrip().startswith(begins)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_older_report_is_replaced_and_its_openness_with_it(tmp_path):
    old = tmp_path / "r.html"
    old.write_text("old")
    old.chmod(0o644)
    write_report(nothing(), old)
    assert old.read_text() != "old" and stat.S_IMODE(old.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["r.docx", "r"])
def test_another_ending_is_refused_with_a_next_step(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be written") as refused:
        write_report(nothing(), tmp_path / name)
    assert refused.value.next_step == "end the name in .html or .pdf"
    assert not list(tmp_path.iterdir())


def test_what_fails_leaves_nothing_half(tmp_path, monkeypatch):
    def break_(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(door.os, "fsync", break_)
    with pytest.raises(OSError, match="disk full"):
        write_report(nothing(), tmp_path / "r.html")
    assert not list(tmp_path.iterdir())


def test_the_door_is_light_until_it_is_opened():
    """A command line that writes no report pays for none."""
    told = "import sys, dashboards.report.door; print(sorted({'typst', 'jinja2', 'matplotlib', 'fastapi'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "[]\n"
