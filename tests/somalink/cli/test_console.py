"""What is said aside: to whoever listens, as long as somebody does."""

import errno
import io
import sys

import pytest

from somalink.cli import console


class Broken(io.StringIO):
    """Whoever read it has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


@pytest.fixture(autouse=True)
def _aloud(monkeypatch):
    monkeypatch.setattr(console.SAID, "quiet", False)


def test_a_note_is_a_line_on_stderr(capsys):
    console.note("[bold] is no markup")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "[bold] is no markup\n")


def test_a_note_that_nobody_can_hear_ends_nothing_and_is_the_last_one(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Broken())
    console.note("once")
    assert console.SAID.quiet
    console.note("twice")


def test_what_nobody_hears_does_not_take_the_results_with_it(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", Broken())
    console.note("aside")
    sys.stdout.write("the results\n")
    sys.stdout.flush()
    assert capfd.readouterr().out == "the results\n"


def test_a_program_that_was_started_without_stderr_says_nothing_to_nobody(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    console.note("to whom")
    assert not console.is_watched()
    with console.progress("slowly") as bar:
        console.advance(bar, 0.5)
