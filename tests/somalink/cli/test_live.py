"""What is shown while a strap is worn: links always, the body only to somebody who looks, and only what she wants to see."""

import io
from collections.abc import Callable, Iterator
from dataclasses import fields
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from somalink.cli import console
from somalink.cli.live import Display, body_words
from somalink.domain.time import GRID_NS, SECOND_NS
from somalink.domain.types import UNKNOWN, Episode, Grid
from somalink.pipeline.hub import Final, Link, Provisional, Setback

T_NS = 1_772_438_400 * SECOND_NS
"""2026-03-02 08:00 UTC."""
ROME = ZoneInfo("Europe/Rome")
SPIKE = Episode("e1", "spike", "level", T_NS, None, T_NS, T_NS, 3.0, 2.0, 1.0, 1.0, "still", False, None, "open")


def grid(*points: tuple[int, int]) -> Grid:
    """Points of (milli-bpm, 1e-4 z)."""
    table = {field.name: np.zeros(len(points), np.int64) for field in fields(Grid)}
    table |= {"stop_ns": T_NS + GRID_NS * np.arange(len(points)), "hr": np.array([hr for hr, _ in points]), "z": np.array([z for _, z in points])}
    return Grid(**table)


def link(state: str = "streaming", words: str = "connected, heartbeats arrive", *, reason: str = "", person: str = "ada", device: str = "h10") -> Link:
    return Link(person, device, state, words, "come back into reach", reason, T_NS)


@pytest.fixture
def watched(monkeypatch) -> Iterator[Callable[..., str]]:
    """`watched(message, ...)` -> what stands on a terminal after these messages."""
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, _environ={"TERM": "xterm"}, highlight=False)
    monkeypatch.setattr(console, "stderr", lambda: terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(console.SAID, "quiet", False)

    def show(*messages: Link | Final | Provisional, hide: bool = False) -> str:
        with Display(hide_heart_rate=hide, zone=ROME) as display:
            for message in messages:
                display.link(message) if isinstance(message, Link) else display.values(message)
            screen.seek(0)
            screen.truncate()
            display._screen.refresh()
            return screen.getvalue()

    return show


@pytest.fixture
def logged(monkeypatch, capsys) -> Callable[..., str]:
    """The same where nobody looks: a service, a log."""
    monkeypatch.setattr(console.SAID, "quiet", False)

    def show(*messages: Link | Final | Provisional, hide: bool = False) -> str:
        with Display(hide_heart_rate=hide, zone=ROME) as display:
            for message in messages:
                display.link(message) if isinstance(message, Link) else display.values(message)
        said = capsys.readouterr()
        assert said.out == "", "results are for stdout, and these are none"
        return said.err

    return show


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("hr", "z", "words"),
    [
        (72_400, 0, "72 bpm · arousal 20, usual is 20"),
        (72_400, 20_000, "72 bpm · arousal 60, usual is 20"),
        (60_000, -5_000, "60 bpm · arousal 10, usual is 20"),
        (72_400, UNKNOWN, "72 bpm · your usual is still being learned"),
        (UNKNOWN, 10_000, "arousal 40, usual is 20"),
        (UNKNOWN, UNKNOWN, ""),
    ],
)
def test_the_body_now_is_its_heart_rate_and_how_far_it_is_from_the_usual(hr, z, words):
    assert body_words(grid((hr, z)), hide_heart_rate=False) == words


def test_the_newest_point_counts():
    assert body_words(grid((60_000, 0), (90_000, 10_000)), hide_heart_rate=False) == "90 bpm · arousal 40, usual is 20"


def test_before_the_first_point_nothing_is_said():
    assert body_words(Grid.empty(), hide_heart_rate=False) == ""


@given(st.integers(20_000, 240_000) | st.just(UNKNOWN), st.integers(-100_000, 100_000) | st.just(UNKNOWN))
def test_a_heart_rate_that_the_wearer_does_not_want_to_see_is_in_no_word(hr, z):
    said = body_words(grid((hr, z)), hide_heart_rate=True)
    assert "bpm" not in said
    assert said == body_words(grid((hr, z)), hide_heart_rate=False).partition("bpm · ")[2] or hr == UNKNOWN


@given(st.integers(-100_000, 100_000))
def test_arousal_is_shown_between_0_and_100_whatever_the_body_does(z):
    number = int(body_words(grid((UNKNOWN, z)), hide_heart_rate=False).split()[1].rstrip(","))
    assert 0 <= number <= 100


@given(st.integers(20_000, 240_000), st.integers(-100_000, 100_000), st.booleans())
def test_a_value_is_no_verdict(hr, z, hide):
    said = body_words(grid((hr, z)), hide_heart_rate=hide).lower()
    assert not {"stress", "calm", "high", "low", "too", "good", "normal", "abnormal", "!"} & set(said.split())


# ---------------------------------------------------------------- somebody looks


@pytest.mark.parametrize("kind", ["final", "provisional"])
def test_somebody_who_looks_sees_the_link_and_the_body_now(watched, kind):
    seen = grid((72_400, 0))
    message = Final("ada", "h10", seen) if kind == "final" else Provisional("ada", "h10", seen)
    screen = watched(link(), message)
    assert "h10" in screen and "connected, heartbeats arrive" in screen
    assert "72 bpm · arousal 20, usual is 20" in screen


def test_a_wearer_who_is_calmer_without_it_does_not_see_the_heart_rate(watched):
    screen = watched(link(), Final("ada", "h10", grid((72_400, 0))), hide=True)
    assert "arousal 20" in screen and "bpm" not in screen and "72" not in screen


def test_a_strap_that_sends_nothing_shows_what_helps_and_no_old_value(watched):
    screen = watched(link(), Final("ada", "h10", grid((72_400, 0))), link("lost", "the link is lost; looking for it again", reason="disconnect"))
    assert "the link is lost" in screen and "come back into reach" in screen
    assert "bpm" not in screen


def test_two_straps_have_a_line_each_with_their_own_values(watched):
    screen = watched(link(device="b"), link(device="a"), Final("ada", "a", grid((60_000, 0))), Final("ben", "b", grid((99_000, 0))))
    (of_a,) = [line for line in screen.splitlines() if "60 bpm" in line]
    (of_b,) = [line for line in screen.splitlines() if "99 bpm" in line]
    assert screen.index(of_a) < screen.index(of_b)


def test_records_that_are_no_grid_change_nothing_on_the_screen(watched):
    before = watched(link(), Final("ada", "h10", grid((72_400, 0))))
    assert watched(link(), Final("ada", "h10", grid((72_400, 0))), Final("ada", "h10", SPIKE), Final("ada", "h10", Grid.empty())) == before


# ---------------------------------------------------------------- nobody looks


@given(st.integers(20_000, 240_000), st.integers(-100_000, 100_000))
def test_where_nobody_looks_no_value_is_ever_told(hr, z):
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", err)
        patch.setattr(console.SAID, "quiet", False)
        with Display(hide_heart_rate=False, zone=ROME) as display:
            display.values(Final("ada", "h10", grid((hr, z))))
            display.values(Provisional("ada", "h10", grid((hr, z))))
    assert err.getvalue() == ""


def test_where_nobody_looks_a_link_is_a_line_with_the_wearers_own_time(logged):
    lines = logged(link(), link("lost", "the link is lost; looking for it again", reason="disconnect")).splitlines()
    assert lines == [
        "2026-03-02 09:00:00 ada h10: connected, heartbeats arrive",
        "2026-03-02 09:00:00 ada h10: the link is lost; looking for it again (disconnect)",
    ]


def test_quiet_says_nothing_to_anybody(logged, monkeypatch):
    monkeypatch.setattr(console.SAID, "quiet", True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with Display(hide_heart_rate=False, zone=ROME) as display:
        assert display._screen is None
        display.link(link())
        display.values(Final("ada", "h10", grid((72_400, 0))))
    assert logged() == ""


def test_what_is_tried_again_is_said_once_with_what_would_help(monkeypatch, capsys):
    monkeypatch.setattr(console.SAID, "quiet", False)
    with Display(hide_heart_rate=True, zone=ROME) as display:
        for _ in range(5):
            display.setback(Setback("ada", "h10", "the disk is full", "make room"))
        display.setback(Setback("ben", "watch", "the store is busy", ""))
    said = capsys.readouterr().err.splitlines()
    assert said == ["ada h10: the disk is full; it is tried again", "  next: make room", "ben watch: the store is busy; it is tried again"]
