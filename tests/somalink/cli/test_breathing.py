"""`somalink breathe`, on a clock that nobody waits for."""

import io
import json
from concurrent.futures import Future
from pathlib import Path

import pytest
from fake_strap import FakeStrap
from swings import START_NS, swinging

from processing.breathing import pacer
from somalink.cli import breathing
from somalink.cli.breathing import Plain, Run, bar, breath_words, disc, picture, swing_words
from somalink.domain.identity import Unit
from somalink.domain.time import MINUTE_NS, SECOND_NS
from somalink.domain.types import Setting
from somalink.pipeline.breath import Swing
from somalink.pipeline.live import to_keep
from somalink.pipeline.record import LIVE
from somalink.storage.local import LocalStore
from somalink.storage.rows import RecordingRow

SAY = breathing._words("")


class Quick:
    """A clock on which waiting takes no time; from `stop_s` on it is interrupted."""

    stop_s: float | None = None
    start_ns = START_NS

    def __init__(self) -> None:
        self.t_ns = self.start_ns

    def now_ns(self) -> int:
        return self.t_ns

    def wait(self, seconds: float) -> None:
        self.t_ns += round(seconds * SECOND_NS)
        if self.stop_s is not None and self.t_ns > self.start_ns + self.stop_s * SECOND_NS:
            raise KeyboardInterrupt


class AtOnce:
    """An executor whose work is done when it is asked for: nobody waits on the quick clock."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def submit(self, work, *args) -> Future:
        done: Future = Future()
        done.set_result(work(*args))
        return done

    def shutdown(self, **_: object) -> None: ...


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[Quick]:
    class Own(Quick):
        pass

    monkeypatch.setattr(breathing, "SystemClock", Own)
    monkeypatch.setattr(breathing, "ThreadPoolExecutor", AtOnce)
    return Own


def sessions(path: Path) -> list:
    with LocalStore.open(path / "somalink.db") as store:
        return store.sessions("me")


def test_three_minutes_are_eighteen_breaths_and_a_session(typed, quick, tmp_path: Path):
    done = typed("breathe")
    assert done.code == 0 and "18 breaths." in done.out and "That is all." in done.out
    [session] = sessions(tmp_path)
    assert (session.kind, session.rate, session.in_s, session.ex_s, session.outcome) == ("breathing", 6.0, 4.0, 6.0, "completed")
    assert session.stop_ns - session.start_ns == 3 * MINUTE_NS


def test_each_half_is_a_line_and_nothing_moves_where_nobody_watches(typed, quick):
    done = typed("breathe", "--minutes", 1)
    lines = [line.strip() for line in done.err.splitlines() if line.startswith("Breathe ")]
    assert lines == ["Breathe in  4 s", "Breathe out  6 s"] * 6
    assert "\x1b" not in done.err


def test_ctrl_c_ends_it_calmly_and_keeps_what_was_done(typed, quick, tmp_path: Path):
    quick.stop_s = 45
    done = typed("breathe", "--json")
    assert done.code == 0 and done.json["session"]["outcome"] == "stopped" and done.json["breaths"] == 4
    assert sessions(tmp_path)[0].id == done.json["session"]["id"]


def test_less_than_a_breath_is_no_session(typed, quick, tmp_path: Path):
    quick.stop_s = 5
    done = typed("breathe", "--json")
    assert done.json["session"] is None and sessions(tmp_path) == []


def test_pace_length_and_language_are_those_of_the_page_unless_said(typed, quick, tmp_path: Path):
    with LocalStore.open(tmp_path / "somalink.db") as store, store.transaction() as write:
        for key, value in {"breath_rate": "5", "breath_ratio": "50", "breath_min": "1", "language": "de"}.items():
            write.put_setting(Setting("me", key, value, 1))
    done = typed("breathe")
    assert "Einatmen  6 s" in done.err and "5 Atemzüge." in done.out
    said = typed("breathe", "--in", 4, "--out", 5, "--minutes", 2, "--json").json["session"]
    assert said["rate"] == pytest.approx(60 / 9) and (said["in_s"], said["ex_s"]) == (4.0, 5.0)
    assert typed("breathe", "--rate", 9, "--json").json["session"]["rate"] == 9.0


@pytest.mark.parametrize("words", [("--rate", 3), ("--rate", 7.5), ("--rate", 6, "--in", 9, "--out", 9), ("--in", 0, "--out", 0), ("--kind", "sleep")])
def test_a_pace_that_is_none_is_refused_with_the_next_step(typed, quick, words):
    done = typed("breathe", *words)
    assert done.code == 2 and "next:" in done.err


def test_what_to_know_is_said_before_the_first_breath_only_and_whenever_it_is_asked_for(typed, quick):
    first, second = typed("breathe", "--minutes", 1), typed("breathe", "--minutes", 1)
    assert "Ask a clinician first" in first.err and "Ask a clinician first" not in second.err
    safety = typed("breathe", "--safety").out
    for part in ("dizziness", "pregnancy", "COPD", "pacemaker", "epilepsy", "8 to 10", "5-4-3-2-1", "driving"):
        assert part in safety


def test_a_session_follows_a_prompt(typed, quick, tmp_path: Path):
    typed("breathe", "--minutes", 1, "--prompt", "p-1")
    assert sessions(tmp_path)[0].prompt_id == "p-1"


def test_a_strap_that_is_recorded_elsewhere_shows_its_swing(typed, quick, tmp_path: Path):
    strap = FakeStrap(swinging(10, seconds=250), person="me", device="polar-h10-1", start_ns=START_NS)
    unit = Unit("me", "polar-h10-1", "live-1")
    with LocalStore.open(tmp_path / "somalink.db") as store, store.transaction() as write:
        write.put_recording(unit, RecordingRow(start_ns=START_NS, tz="UTC", meta=LIVE))
        write.put_raw(unit, [to_keep(row) for row in strap.rows()])
    done = typed("breathe", "--minutes", 3, "--json")
    assert done.json["together"] == "closely" and done.json["swing_bpm"] == pytest.approx(10, abs=1.5) and done.json["signal_share"] > 0.7
    assert done.json["lf_ms2"] == pytest.approx(2370, rel=0.25)  # a sine of 5 bpm about 66 is one of 69 ms
    assert "Closely together" in done.err and "You breathe about 6 times a minute" in done.err
    hidden = typed("breathe", "--minutes", 3, "--hide-heart-rate")
    assert "Swing" not in hidden.err and "LF" not in hidden.out


def test_without_a_strap_that_is_said_once(typed, quick):
    assert typed("breathe", "--minutes", 2).err.count("No strap is heard.") == 1


@pytest.mark.parametrize(("kind", "steps"), [("muscle_release", 9), ("grounding", 7)])
def test_a_script_is_told_whole_where_nobody_presses_keys_and_nothing_counts_as_done(typed, kind, steps, tmp_path: Path):
    done = typed("breathe", "--kind", kind)
    assert done.out.count(f" of {steps} ") == steps and sessions(tmp_path) == []


def test_a_script_goes_at_the_persons_own_pace_and_is_a_session(typed, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(breathing, "_at_a_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" * 7))
    done = typed("breathe", "--kind", "grounding", "--json")
    assert json.loads(done.out)["steps"] == 7
    assert [(each.kind, each.outcome) for each in sessions(tmp_path)] == [("grounding", "completed")]


def test_the_own_list_is_shown_a_line_a_thing(typed, tmp_path: Path):
    assert "Nothing is on it yet." in typed("breathe", "--list").out
    with LocalStore.open(tmp_path / "somalink.db") as store, store.transaction() as write:
        write.put_setting(Setting("me", "own_list", "tea\n\n[b]window[/b]", 1))
    assert typed("breathe", "--list").out == "tea\n[b]window[/b]\n"


# ---------------------------------------------------------------- what is drawn


RUN = Run(pacer(6, started_ns=0), 18)


def test_the_disc_grows_and_shrinks_with_the_chest():
    size = [disc("in", full, 80).plain.count("░") for full in (0, 0.5, 1)]
    assert size[0] < size[1] < size[2]
    assert {line.count("\n") for line in (disc("in", 0, 80).plain, disc("in", 1, 80).plain)} == {15}


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (44, 30), (40, 24), (20, 6)])
def test_every_terminal_has_room_for_the_word(columns, rows):
    for second in range(10):
        frame = picture(RUN, second * SECOND_NS, SAY, columns=columns, rows=rows).plain
        assert ("Breathe in" if second < 4 else "Breathe out") in frame


def test_a_bar_is_full_when_the_chest_is():
    assert bar("out", 1.0).plain.count("█") == breathing.BAR and "█" not in bar("out", 0.0).plain


def test_the_signal_is_told_in_the_words_of_the_page_and_never_praised():
    assert swing_words(None, SAY) == swing_words(Swing(1, reason="begun"), SAY) == ""
    assert swing_words(Swing(1, 9.6, 0.93, "", "closely"), SAY) == "Swing with the breath: 10 beats a minute · Closely together (R² 0.93)"
    for reason in ("gap", "artefacts", "few_beats"):
        assert swing_words(Swing(1, reason=reason, device="x"), SAY) == "The signal is not good enough to show the swing."
    assert "chest strap" in SAY("optical_note") and swing_words(Swing(1, reason="optical", device="x"), SAY) == SAY("optical")


@pytest.mark.parametrize(("rate", "said"), [(4.5, "4.5"), (5.6, "5.5"), (5.8, "6"), (6.1, "6"), (7.9, "8"), (8.5, "9"), (13.6, "14")])
def test_a_breath_is_said_to_the_half_where_it_is_slow_and_whole_where_it_is_not(rate, said):
    assert breath_words(Swing(1, breaths_per_min=rate), SAY) == f"You breathe about {said} times a minute."


def test_of_a_breath_that_is_not_known_nothing_is_said():
    assert breath_words(None, SAY) == breath_words(Swing(1, breath_reason="moving"), SAY) == ""
    frame = picture(Run(RUN.pace, 18, newest=Swing(1, reason="gap", device="x", breaths_per_min=6.0)), SECOND_NS, SAY, columns=80, rows=24).plain
    assert "not good enough" in frame and "about 6 times" in frame


def test_what_the_signal_shows_is_said_when_its_words_change(capsys):
    run, screen = Run(pacer(6, started_ns=0), 18, newest=Swing(1, 9.6, 0.93, "", "closely")), Plain(SAY)
    for second in range(0, 40, 2):
        screen.show(run, second * SECOND_NS)
    assert capsys.readouterr().err.count("Closely together") == 1
