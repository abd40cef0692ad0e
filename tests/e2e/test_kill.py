"""kill -9 at any write call: what was acknowledged is there, and going on ends where an uninterrupted replay ends.

Moments are drawn over the calls that change the store's files, not over time: most of a replay's time is arithmetic, in which nothing can
break. What was acknowledged is logged by this process, not by the one that dies.
"""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import crash
import numpy as np
import pytest

from ingest.simulate import SimulatedSource, write_recordings
from somalink.domain.constants import Constants
from somalink.pipeline.intake import from_simulation
from somalink.pipeline.run import Mode, run_archive
from somalink.storage.local import LocalStore
from somalink.storage.migrations import backup_path

pytestmark = pytest.mark.e2e

PERSON = "ada"
DIARY = 200
PLAN = (("commit", 55, 1), ("commit", 55, 2), ("compaction", 45, 3), ("migration", 20, 4), ("anywhere", 25, 5))
"""Kills by the phase they are drawn from, with the seed of the draw: 200 in all."""


@dataclass(frozen=True)
class Scene:
    """A recording that is to be replayed into a copy of `template`, and how that ends when nobody interrupts it."""

    recording: Path
    template: Path
    opening: str
    before: crash.Ledger
    story: crash.Story
    end: dict[str, Any]

    def moments(self, phase: str, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
        """Distinct (write call, how to die there), drawn over the calls of a phase; `anywhere` over all."""
        calls = [at for at, named in enumerate(self.story.phase_of_calls(), 1) if phase in (named, "anywhere")]
        drawn = rng.choice(len(calls) * 3, count, replace=False)
        return [(calls[k // 3], k % 3) for k in sorted(drawn.tolist())]


@dataclass(frozen=True)
class Lab:
    shim: Path
    killer: crash.Killer
    usual: Scene
    """A person with a history; the replay crosses dawn, so that a baseline is fitted in the middle of it."""
    old: Scene
    """A store of version 0, which is brought up to date first."""

    def scene(self, phase: str) -> Scene:
        return self.old if phase == "migration" else self.usual


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    shim = crash.build_shim(folder)
    one, other = write_recordings(folder / "days", PERSON, datetime.fromisoformat("2026-03-02T07:00:00+01:00"), 2, seed=1)
    history = crash.cut(other, folder / "history", 0, 3 * 3600, "2026-03-03T08:00:00+01:00")
    recording = crash.cut(one, folder / "recording", 4200, 4200 + 4800, "2026-03-05T03:00:00+01:00")
    with crash.killer(shim) as killer:
        lived, new = folder / "lived" / crash.STORE, folder / "old" / crash.STORE
        for path in (lived, new):
            path.parent.mkdir()
        assert killer.run(history, lived).code == 0
        crash.old_store(new, DIARY)
        yield Lab(shim, killer, _scene(killer, recording, lived, "opening"), _scene(killer, recording, new, "migration"))


def _scene(killer: crash.Killer, recording: Path, template: Path, opening: str) -> Scene:
    before = crash.Ledger()
    if opening == "opening":
        with LocalStore.open(template) as store:
            before = crash.held(store, PERSON)
    path = crash.copied(template, template.parent / "uninterrupted")
    story = killer.run(recording, path, opening=opening)
    assert story.code == 0
    return Scene(recording, template, opening, before, story, crash.whole(path, PERSON))


def die_and_go_on(killer: crash.Killer, scene: Scene, at: int, how: int, folder: Path) -> str:
    """Kills one replay, holds the store to what was acknowledged, and goes on with the same command; the phase it died in."""
    path = crash.copied(scene.template, folder)
    story = killer.run(scene.recording, path, at=at, how=how, opening=scene.opening)
    assert story.code == crash.KILLED
    assert broken_promises(scene, story, crash.copied(path, folder / "look")) == []
    assert killer.run(scene.recording, path, opening=scene.opening).code == 0
    assert crash.whole(path, PERSON) == scene.end
    if scene.opening == "migration":
        assert len(_diary(backup_path(path, 0))) == DIARY
    return story.last_phase


def broken_promises(scene: Scene, story: crash.Story, path: Path) -> list[str]:
    """Row by row against what was acknowledged. A transaction that was being committed may be there: all of it, or nothing."""
    with LocalStore.open(path) as store:
        found = crash.held(store, PERSON)
    promised = scene.before.after(story.acknowledged)
    possible = [promised] if story.offered is None else [promised, promised.after([story.offered])]
    broken = min((crash.differences(ledger, found) for ledger in possible), key=len)
    return broken + _damage(path)


def _damage(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    told = [word for (word,) in connection.execute("PRAGMA integrity_check") if word != "ok"]
    connection.close()
    return told


def _diary(path: Path) -> list[Any]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM diary").fetchall()
    connection.close()
    return rows


# ---------------------------------------------------------------- the tests


def test_a_few_kills_of_each_kind_lose_nothing(lab, tmp_path) -> None:
    rng = np.random.default_rng(11)
    for phase, kills in (("commit", 5), ("compaction", 3), ("migration", 2)):
        for number, (at, how) in enumerate(lab.scene(phase).moments(phase, kills, rng)):
            assert die_and_go_on(lab.killer, lab.scene(phase), at, how, tmp_path / f"{phase}{number}") == phase


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "kills", "seed"), PLAN)
def test_kills_at_drawn_write_calls_lose_nothing_and_leave_no_trace(lab, tmp_path, capsys, record_property, phase: str, kills: int, seed: int) -> None:
    scene = lab.scene(phase)
    moments = scene.moments(phase, kills, np.random.default_rng(seed))
    died: Counter[str] = Counter()
    for at, how in moments:
        died[die_and_go_on(lab.killer, scene, at, how, tmp_path / "killed")] += 1
        shutil.rmtree(tmp_path / "killed")
    record_property("killed", dict(died))
    with capsys.disabled():
        sys.stdout.write("".join(f"\n  killed in {name:<12}{count:4d}" for name, count in sorted(died.items())))
    assert died.total() == kills
    assert died[phase] >= (kills if phase != "anywhere" else 0), "what a write call belongs to is the same in every run"


@pytest.mark.slow
def test_a_replay_killed_again_and_again_still_comes_to_its_end(lab, tmp_path) -> None:
    path = crash.copied(lab.usual.template, tmp_path / "again")
    lives = 0
    enough = lab.usual.story.phase_of_calls().count("compaction")
    while lab.killer.run(lab.usual.recording, path, at=enough, how=lives % 3).code == crash.KILLED:
        lives += 1
        assert lives < 100, "each life must get further than the one before"
    assert lives > 5
    assert crash.whole(path, PERSON) == lab.usual.end


@pytest.mark.slow
def test_days_that_were_interrupted_get_the_same_chance_rates_as_days_that_were_not(tmp_path) -> None:
    # Few draws, so that their share a day falls on the third day already, as it does on the fifth with the true number.
    constants = replace(Constants(), chance=replace(Constants().chance, draws=60))
    ends = []
    for name, stop_at in (("whole", 9.0), ("cut", 0.55)):
        intake = from_simulation(SimulatedSource(PERSON, datetime.fromisoformat("2026-03-02T07:00:00+01:00"), 4, seed=3))

        def progress(start: int, now: int, end: int, stop_at: float = stop_at) -> None:
            if (now - start) / (end - start) > stop_at:
                raise KeyboardInterrupt

        with LocalStore.open(tmp_path / name) as store:
            store.person_secret(PERSON, given="test")
            with contextlib.suppress(KeyboardInterrupt):
                run_archive(store, intake, Mode(), constants, progress)
            run_archive(store, intake, Mode(), constants)
            ends.append(crash.held(store, PERSON))
    assert crash.differences(*ends) == []


@pytest.mark.slow
def test_the_program_itself_killed_at_any_write_call_goes_on_to_the_same_end(lab, tmp_path) -> None:
    whole = crash.copied(lab.usual.template, tmp_path / "whole")
    said = _program(lab, whole, at=0)
    assert said.returncode == 0
    at, kills = 1, 0
    while (path := crash.copied(lab.usual.template, tmp_path / str(at))) and _program(lab, path, at=at).returncode == crash.KILLED:
        again = _program(lab, path, at=0)
        assert (again.returncode, json.loads(again.stdout)) == (0, json.loads(said.stdout))
        assert crash.whole(path, PERSON) == crash.whole(whole, PERSON)
        at, kills = at * 2, kills + 1
    assert kills > 6


def _program(lab: Lab, path: Path, *, at: int) -> "subprocess.CompletedProcess[bytes]":
    words = ["replay", lab.usual.recording, "--store", path, "--no-hrv", "--json"]
    program = [sys.executable, "-c", "from somalink.cli import main; main()", *map(str, words)]
    return subprocess.run(program, env=crash.preloaded(lab.shim, at=at), capture_output=True, check=False)


@pytest.mark.parametrize(("phase", "share"), [("commit", 0.3), ("compaction", 0.1), ("migration", 0.2), ("migration", 0.7)])
def test_a_disk_that_fills_up_is_named_and_costs_nothing_that_was_acknowledged(lab, tmp_path, phase: str, share: float) -> None:
    scene = lab.scene(phase)
    calls = [at for at, named in enumerate(scene.story.phase_of_calls(), 1) if named == phase]
    path = crash.copied(scene.template, tmp_path)
    story = lab.killer.run(scene.recording, path, at=calls[int(len(calls) * share)], how=crash.FULL, opening=scene.opening)
    assert story.code == 1
    assert str(path) in story.error and "space" in story.error and "next:" in story.error
    assert broken_promises(scene, story, crash.copied(path, tmp_path / "look")) == []
    assert lab.killer.run(scene.recording, path, opening=scene.opening).code == 0
    assert crash.whole(path, PERSON) == scene.end


def test_the_uninterrupted_replay_has_something_to_lose(lab) -> None:
    tables = lab.usual.before.after(lab.usual.story.acknowledged).tables
    new = {name: len(table) - len(lab.usual.before.tables.get(name, {})) for name, table in tables.items()}
    assert new["beats"] > 5000 and new["grid"] > 900 and len(lab.usual.story.acknowledged) > 20
    assert sum(kills for _, kills, _ in PLAN) == 200
    assert all(new[name] for name in ("episodes", "candidates", "gaps", "baselines", "events", "links", "metrics", "prompts", "counts"))
    assert len({baseline.from_ns for baseline in tables["baselines"].values()}) == 2, "one usual as the recording begins, one at dawn"
    assert {"opening", "commit", "compaction", "closing"} == set(lab.usual.story.phase_of_calls())


def test_a_row_that_was_acknowledged_and_is_gone_is_named(lab, tmp_path) -> None:
    path = crash.copied(lab.usual.template, tmp_path)
    story = lab.killer.run(lab.usual.recording, path, at=lab.usual.story.phase_of_calls().index("compaction") - 3)
    assert broken_promises(lab.usual, story, crash.copied(path, tmp_path / "before")) == []
    with sqlite3.connect(path) as connection:
        unit, t_ns = connection.execute("SELECT unit, max(t_ns) FROM beats").fetchone()
        assert connection.execute("DELETE FROM beats WHERE unit = ? AND t_ns = ?", (unit, t_ns)).rowcount == 1
    connection.close()
    (told,) = broken_promises(lab.usual, story, path)
    assert f"{t_ns}" in told and told.startswith("beats") and told.endswith("lost")


def test_a_store_that_says_yes_and_forgets_is_found_out(lab, tmp_path) -> None:
    path = crash.copied(lab.usual.template, tmp_path)
    story = lab.killer.run(lab.usual.recording, path, at=len(lab.usual.story.phase_of_calls()) // 2, forget=6)
    told = broken_promises(lab.usual, story, path)
    assert {"beats", "grid"} <= {line.split()[0] for line in told}
    assert all(line.endswith("lost") for line in told if line.startswith(("beats", "grid")))
