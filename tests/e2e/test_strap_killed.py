"""`somalink run` killed at any write while a strap, another process, goes on sending: what was acknowledged is there, and the next life goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import crash
import numpy as np
import pytest
from again import again
from fake_strap import heart
from strap_program import StrapProgram

from ingest.ble.stamps import SystemStamps
from somalink.storage.local import LocalStore

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SPEED = 8
CALLS = 1200
"""Moments are drawn over so many write calls of a life: opening, raw rows, beats, snapshots, checkpoints."""
KILLS = 100 if os.environ.get("SOMALINK_ENDURANCE") == "full" else 10
DRIVER = Path(crash.HERE) / "live_driver.py"
NAME = "Polar H10 51C0FFEE"


@dataclass
class Lives:
    """One recording, lived in several lives."""

    folder: Path
    shim: Path
    strap: StrapProgram
    store: Path = field(init=False)
    acknowledged: set[tuple[str, str, int, str]] = field(default_factory=set)
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.store = self.folder / crash.STORE
        begun = SystemStamps().now()
        self._begun = (str(begun.t_mono_ns), str(begun.t_utc_ns))

    def live(self, *, at: int = 0, how: int = 0, seconds: float | None = None) -> int:
        """One life: until it dies at write call `at`, or is asked to end so many real seconds after its first rows. Its exit code."""
        said = self.folder / "said.jsonl"
        command = [sys.executable, str(DRIVER), *self._begun, "run", "--strap", NAME, "--person", "ada", "--store", str(self.store)]
        command += ["--virtual-radio", str(self.strap.socket), "--speed", str(SPEED)]
        with said.open("wb") as out, (self.folder / "errors.txt").open("ab") as errors:
            process = subprocess.Popen(command, cwd=crash.ROOT, stdout=out, stderr=errors, env=crash.preloaded(self.shim, at=at, how=how))
            try:
                if seconds is not None:
                    _until_it_records(said)
                process.wait(timeout=seconds or 60)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=60)
        for line in said.read_bytes().decode().split("\n")[:-1]:
            if line.startswith("[["):
                self.acknowledged.update((what, recording, t, str(value)) for what, recording, t, value in json.loads(line))
        return process.returncode

    def lost(self) -> list[tuple[str, str, int, str]]:
        """What was acknowledged and is not in the store."""
        kept = set()
        with LocalStore.open(crash.copied(self.store, self.folder / "look")) as store:
            for unit in store.units("ada"):
                kept |= {("raw", unit.recording, row.t_mono_ns, row.payload.hex()) for row in store.raw(unit)}
                beats = store.recording_beats(unit)
                kept |= {("beat", unit.recording, t, str(ticks)) for t, ticks in zip(beats.t_ns.tolist(), beats.rr_ticks.tolist(), strict=True)}
        return sorted(self.acknowledged - kept)


def _until_it_records(said: Path) -> None:
    """A program that is asked to end while it is still being loaded has no word in how it does."""
    end = time.monotonic() + 60
    while not said.stat().st_size and time.monotonic() < end:
        time.sleep(0.05)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crash.build_shim(tmp_path_factory.mktemp("shim"))


def kill_again_and_again(folder: Path, shim: Path, kills: int, rng: np.random.Generator) -> Lives:
    """So many lives of one recording end by SIGKILL at a drawn write call, one more by being asked to end."""
    folder.mkdir()
    recording = folder / "rr.txt"
    recording.write_text("".join(f"{tick / 1.024:.0f}\n" for tick in heart(60, bpm=72, seed=int(rng.integers(1000)))))
    with StrapProgram(folder, recording, "--speed", str(SPEED), "--loop") as strap:
        lives = Lives(folder, shim, strap)
        for _ in range(kills):
            code = lives.live(at=int(rng.integers(1, CALLS)), how=int(rng.integers(0, 3)))
            lives.killed[str(code)] += 1
            assert lives.lost() == []
        assert lives.live(seconds=6) == 0
        assert lives.lost() == []
    return lives


def replays_equal(lives: Lives) -> None:
    with LocalStore.open(lives.store) as store:
        found = store.recordings("ada")
        assert {each.row.state for each in found} == {"done"}
        for number, each in enumerate(found):
            with LocalStore.open(lives.folder / f"again{number}.db") as other:
                assert again(store, each.unit, other) == []


def test_a_recording_killed_at_any_write_goes_on_and_has_lost_nothing_it_acknowledged(shim: Path, tmp_path: Path) -> None:
    lives = kill_again_and_again(tmp_path / "lives", shim, 4, np.random.default_rng(3))
    assert lives.killed == {"-9": 4}
    assert len(lives.acknowledged) > 20
    replays_equal(lives)


def test_a_hundred_kills_while_the_strap_streams(shim: Path, tmp_path: Path, figures) -> None:
    rng, beats, begun = np.random.default_rng(4), 0, time.monotonic()
    for batch in range(KILLS // 10):
        lives = kill_again_and_again(tmp_path / str(batch), shim, 10, rng)
        assert lives.killed == {"-9": 10}
        replays_equal(lives)
        beats += sum(what == "beat" for what, *_ in lives.acknowledged)
    figures(f"killed {KILLS} times while the strap streamed: {beats} beats acknowledged, 0 lost; FINAL == replay of raw rows; {time.monotonic() - begun:.0f} s")
