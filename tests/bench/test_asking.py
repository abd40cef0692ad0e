"""A process a library: what it is asked, what it answers, and what is said when it breaks. With the row done by hand, so that no peer is needed."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bench.asking import Asked, Crew, LibraryFailed
from bench.day import SECOND_NS, START_NS, Recording
from bench.work import FEATURES, Answer, Outcome, Request, answer, request
from bench.worker import few, timed


@pytest.fixture(scope="module")
def crew():
    with Crew({"plain": Path(sys.executable)}) as working:
        yield working


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    file = tmp_path_factory.mktemp("bench") / "beats.npy"
    np.save(file, np.random.default_rng(3).integers(800, 900, 900))
    return file


def windows(file: Path, *stops_s: int) -> Asked:
    return Asked("plain", Request("windows", str(file), {"window_s": 300, "stops": [START_NS + stop * SECOND_NS for stop in stops_s]}))


def test_a_library_gives_the_eleven_of_each_window_and_the_time_it_took(crew, recording):
    got = crew.ask(windows(recording, 400, 500))
    assert got.units == 2 and np.shape(got.values) == (2, len(FEATURES))
    assert 0 < got.each_s < got.cpu_s < 60
    inside = Recording(np.load(recording)).windows(300, np.array([START_NS + 400 * SECOND_NS]))[0]
    assert got.values is not None
    assert got.values[0][0] == pytest.approx(inside.mean() / 1.024, rel=1e-12)


def test_rounds_ask_each_in_turn(crew, recording):
    got = crew.rounds({"one": windows(recording, 400), "two": windows(recording, 400, 500)}, 2)
    assert {name: [each.units for each in answers] for name, answers in got.items()} == {"one": [1, 1], "two": [2, 2]}


def test_a_library_that_raises_is_told_by_its_name_and_goes_on(crew, recording):
    with pytest.raises(LibraryFailed, match=r"plain failed at nothing_like_it(.|\n)*KeyError"):
        crew.ask(Asked("plain", Request("nothing_like_it")))
    assert crew.ask(windows(recording, 400)).units == 1


def test_a_process_that_ends_is_told_with_its_last_words(tmp_path):
    with Crew({"nobody": Path(sys.executable)}) as working:
        working._running["nobody"].kill()
        working._running["nobody"].wait()
        with pytest.raises(LibraryFailed, match="nobody ended"):
            working.ask(Asked("nobody", Request("windows")))


def test_what_is_said_survives_the_line():
    asked = Request("windows", "beats.npy", {"window_s": 60, "stops": [1, 2]}, warm=False)
    assert request(asked.line()) == asked
    told = Answer(1.0, 2.0, 3.0, 4.0, [[1.5, float("inf")]], {"rate": 2.0})
    assert answer(told.line()) == told


def test_only_the_work_is_timed():
    got = timed(lambda: Outcome(10, told={"segments": float(sum(range(1_000_000)) > 0)}))
    assert got.cpu_s > 0.001 and got.units == 10 and got.told == {"segments": 1.0}


def test_a_warm_up_is_three_windows_or_three_beats():
    assert few({"window_s": 300, "stops": [1, 2, 3, 4, 5]}) == {"window_s": 300, "stops": [1, 2, 3]}
    assert few({"begin": 50_000, "count": 300}) == {"begin": 50_000, "count": 3}
