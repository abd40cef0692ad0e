"""How a run of the program ends: with the right code, readable words, and never a traceback for what a person typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from somalink.cli import console

FULL = Path("/dev/full")
ENTRY = "import sys; sys.argv = ['somalink', *sys.argv[1:]]; from somalink.cli import main; main()"


def ran(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    more.setdefault("env", {**os.environ})
    more["env"] = {**more["env"], "PYTHONPATH": os.pathsep.join(sys.path)}  # type: ignore[dict-item]
    return subprocess.run([sys.executable, "-c", ENTRY, *words], capture_output="stdout" not in more, text=True, timeout=60, check=False, **more)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--no-such-option",), "--no-such-option"),
        (("tag", "conflict", "--anger", "3"), "--anger"),
        (("dance",), "dance"),
        (("replay",), "PATH"),
        (("simulate", "--out", "x", "--days", "many"), "--days"),
    ],
)
def test_what_cannot_be_parsed_ends_with_2_and_says_what(typed, words, what):
    ended = typed(*words)
    assert ended.code == 2 and what in ended.err and ended.out == ""


def test_a_problem_a_person_can_act_on_is_two_lines(typed, tmp_path):
    ended = typed("tag", "--list", "--store", tmp_path / "nowhere.db")
    assert ended.code == 1
    assert [line.split(":")[0].strip() for line in ended.err.splitlines()] == ["somalink", "next"]


def test_quiet_says_nothing_aside(typed):
    typed("config", "set", "tz", "Asia/Tokyo")
    assert typed("--quiet", "config", "set", "tz", "Asia/Tokyo").err == ""
    assert typed("config", "set", "tz", "Asia/Tokyo").err != "" and console.SAID.quiet is False


def test_an_interrupted_run_says_what_is_kept(typed, monkeypatch):
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("somalink.doctor.examine", lambda _: interrupted())
    ended = typed("doctor")
    assert ended.code == 130 and "is kept" in ended.err


@pytest.mark.parametrize("words", [("config", "show", "--json"), ("--help",), ("doctor",)])
def test_a_reader_that_hangs_up_causes_no_traceback(words):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = ran(*words, stdout=pipe, stderr=subprocess.PIPE)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    assert done.returncode == 1


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_results_that_find_no_room_are_an_error_in_words():
    with FULL.open("w") as full:
        done = ran("config", "show", "--json", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "cannot be written" in done.stderr


@pytest.mark.parametrize(("shell", "sign"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete --")])
def test_shells_can_be_taught_to_complete(shell, sign):
    assert sign in ran("--show-completion", shell, env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}).stdout


def test_the_shell_offers_commands_and_kinds():
    def offered(line: str) -> list[str]:
        words = line.split(" ")
        asked = {"_SOMALINK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        return ran(env={**os.environ, **asked}).stdout.split()

    assert offered("somalink ta") == ["tag"]
    assert offered("somalink tag conn") == ["connection"]
